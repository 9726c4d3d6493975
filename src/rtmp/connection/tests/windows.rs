// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Acknowledgements and windows in both directions.

use super::*;

#[test]
fn half_of_the_default_window_is_acknowledged_before_any_is_announced() {
    let mut fixture = Fixture::new();
    fixture.receive(&endless_video());
    fixture.receive(&vec![0; 1_250_000 - 28 - 1]);
    assert_eq!(fixture.sent(), [""; 0]);

    fixture.receive(&[0]);
    assert_eq!(fixture.sent(), ["Acknowledgement(1250000)"]);
    assert_eq!(fixture.connection.counters().in_bytes_acked, 1_250_000);
}

#[test]
fn half_of_an_announced_window_is_acknowledged_again_and_again() {
    let mut fixture = Fixture::new();
    // 16 + 28 bytes.
    fixture.receive(&control(ProtocolControl::WindowAckSize(10_000)));
    fixture.receive(&endless_video());
    fixture.receive(&[0; 4955]);
    assert_eq!(fixture.sent(), [""; 0]);
    fixture.receive(&[0]);
    assert_eq!(fixture.sent(), ["Acknowledgement(5000)"]);
    fixture.receive(&[0; 4999]);
    assert_eq!(fixture.sent(), [""; 0]);
    // A batch may go past the mark; the next one counts from there.
    fixture.receive(&[0; 101]);
    assert_eq!(fixture.sent(), ["Acknowledgement(10100)"]);
    fixture.receive(&[0; 5000]);
    assert_eq!(fixture.sent(), ["Acknowledgement(15100)"]);
}

#[test]
fn one_batch_brings_one_acknowledgement_at_most() {
    let mut fixture = Fixture::new();
    fixture.receive(&control(ProtocolControl::WindowAckSize(4096)));
    let batch = [endless_video(), vec![0; 1_000_000]].concat();
    fixture.receive(&batch);
    assert_eq!(fixture.sent(), ["Acknowledgement(1000044)"]);
}

#[test]
fn a_peer_that_does_not_read_is_acknowledged_later() {
    let mut fixture = Fixture::new();
    fixture.receive(&control(ProtocolControl::WindowAckSize(1)));
    let ping = user_control(UserControl::PingRequest(1));
    fixture.receive(&ping.repeat(10_000));
    let waiting = fixture.connection.waiting_output();
    assert!(waiting > MAX_WAITING_ANSWERS, "{waiting}");
    fixture.receive(&endless_video());
    for _ in 0..100 {
        fixture.receive(&[0; 4096]);
    }
    assert_eq!(fixture.connection.waiting_output(), waiting);
    assert_eq!(fixture.connection.counters().in_bytes_acked, 0);

    fixture.sent();
    fixture.receive(&[]);
    let total = fixture.connection.counters().in_bytes_total;
    assert_eq!(fixture.sent(), [format!("Acknowledgement({total})")]);
}

#[test]
fn tiny_and_huge_windows_are_clamped() {
    for (announced, half) in [
        (1, 2048),
        (4095, 2048),
        (4096, 2048),
        (4098, 2049),
        (0x8000_0000, 0x4000_0000),
        (0xFFFF_FFFF, 0x4000_0000),
        // No window at all.
        (0, 1_250_000),
    ] {
        let mut fixture = Fixture::new();
        fixture.receive(&control(ProtocolControl::WindowAckSize(announced)));
        fixture.receive(&endless_video());
        fixture.sent();
        fixture.connection.counters.in_bytes_acked = 1000;
        fixture.connection.counters.in_bytes_total = 1000 + half - 1 - 10;
        fixture.receive(&[0; 10]);
        assert_eq!(fixture.sent(), [""; 0], "window {announced}");
        fixture.receive(&[0]);
        let expected = format!("Acknowledgement({})", 1000 + half);
        assert_eq!(fixture.sent(), [expected], "window {announced}");
    }
}

#[test]
fn the_acknowledged_count_wraps_at_32_bits() {
    let mut fixture = Fixture::new();
    fixture.receive(&control(ProtocolControl::WindowAckSize(10_000)));
    fixture.receive(&endless_video());
    fixture.connection.counters.in_bytes_acked = (1 << 32) - 3000;
    fixture.connection.counters.in_bytes_total = (1 << 32) - 3000;
    fixture.receive(&[0; 5000]);
    assert_eq!(fixture.sent(), ["Acknowledgement(2000)"]);
    fixture.receive(&[0; 5000]);
    assert_eq!(fixture.sent(), ["Acknowledgement(7000)"]);
    assert_eq!(
        fixture.connection.counters().in_bytes_total,
        (1 << 32) + 7000
    );
}

#[test]
fn bytes_count_from_the_first_chunk_on_in_both_directions() {
    let mut connection = Connection::new(Role::Client, HandshakeForm::Simple, 1, Limits::default());
    let ping = user_control(UserControl::PingRequest(5));
    let bytes = [handshake(), ping.clone()].concat();
    let mut input = &bytes[..];
    while connection.next(&mut input).expect("no error").is_some() {}

    assert_eq!(connection.counters().in_bytes_total, ping.len() as u64);
    assert_eq!(connection.counters().in_messages, 1);
    let sent = connection.poll_transmit().expect("handshake and answer");
    assert_eq!(sent.len(), 1 + 2 * 1536 + ping.len());
    assert_eq!(connection.counters().out_bytes_total, ping.len() as u64);
    assert_eq!(connection.poll_transmit(), None);
}

#[test]
fn set_peer_bandwidth_is_answered_when_it_changes_something() {
    use PeerBandwidthLimit::{Dynamic, Hard, Soft};
    for (received, answers) in [
        (&[(2_500_000, Dynamic)][..], &[2_500_000][..]),
        // Repeated by some servers; a repeated answer has made one hang up.
        (&[(5000, Dynamic), (5000, Dynamic)], &[5000]),
        (&[(5000, Hard), (5000, Hard), (5000, Soft)], &[5000]),
        (&[(5000, Hard), (7000, Hard)], &[5000, 7000]),
        // The smaller of this and the present limit.
        (&[(5000, Soft), (8000, Soft), (3000, Soft)], &[5000, 3000]),
        // As hard if the one before was hard, else nothing. Servers send
        // nothing but dynamic, so dynamic ones follow each other.
        (
            &[(5000, Hard), (6000, Dynamic), (7000, Dynamic)],
            &[5000, 6000, 7000],
        ),
        (&[(5000, Soft), (6000, Dynamic)], &[5000]),
        (&[(5000, Dynamic), (6000, Dynamic)], &[5000, 6000]),
        (&[(0, Dynamic)], &[]),
        (&[(5000, Hard), (0, Hard), (0, Soft)], &[5000]),
        (&[(u32::MAX, Hard)], &[u32::MAX]),
    ] {
        let mut fixture = Fixture::new();
        let mut sent = Vec::new();
        for (size, limit) in received {
            let request = ProtocolControl::SetPeerBandwidth(*size, *limit);
            let events = fixture.receive(&control(request));
            assert_eq!(events, [Event::Control(request)]);
            sent.extend(fixture.sent());
        }
        let answers: Vec<String> = answers
            .iter()
            .map(|size| format!("WindowAckSize({size})"))
            .collect();
        assert_eq!(sent, answers, "{received:?}");
    }
}

#[test]
fn a_window_that_was_announced_already_is_not_announced_again() {
    let mut fixture = Fixture::new();
    fixture
        .connection
        .send_control(&ProtocolControl::WindowAckSize(DEFAULT_WINDOW));
    fixture.receive(&control(ProtocolControl::SetPeerBandwidth(
        DEFAULT_WINDOW,
        PeerBandwidthLimit::Dynamic,
    )));
    assert_eq!(fixture.sent(), ["WindowAckSize(2500000)"]);
    let counters = fixture.connection.counters();
    assert_eq!(counters.out_window_ack_size, DEFAULT_WINDOW);
}

#[test]
fn set_peer_bandwidth_of_four_bytes_is_dynamic() {
    let mut fixture = Fixture::new();
    let events = fixture.receive(&hex("02 00 00 00 00 00 04 06 00 00 00 00 00 00 13 88"));
    let request = ProtocolControl::SetPeerBandwidth(5000, PeerBandwidthLimit::Dynamic);
    assert_eq!(events, [Event::Control(request)]);
    assert_eq!(fixture.sent(), ["WindowAckSize(5000)"]);
}

#[test]
fn a_flood_of_changing_bandwidths_does_not_fill_the_output() {
    let mut fixture = Fixture::new();
    let mut wire = Wire::new();
    for size in 1..20_000 {
        wire = wire.control(&ProtocolControl::SetPeerBandwidth(
            size,
            PeerBandwidthLimit::Hard,
        ));
    }
    fixture.receive(&wire.bytes());
    assert!(fixture.connection.waiting_output() < (64 << 10) + 100);
}

#[test]
fn acknowledgements_of_the_peer_are_statistics_that_survive_nonsense() {
    let mut fixture = Fixture::new();
    let body = vec![0; 10_000];
    fixture
        .connection
        .send(Csid(6), StreamId(1), MessageType::Video, 0, &body);
    assert!(fixture.connection.poll_transmit().is_some());
    let sent = fixture.connection.counters().out_bytes_total;
    assert!(sent > 10_000);
    for (acknowledged, counted) in [
        (1000, 1000),
        (1000, 1000),
        (3000, 3000),
        // A count that went down has been restarted.
        (500, 3500),
        // More than was sent is not believed.
        (u32::MAX, sent),
        (0, sent),
    ] {
        fixture.receive(&control(ProtocolControl::Acknowledgement(acknowledged)));
        let counters = fixture.connection.counters();
        assert_eq!(counters.out_bytes_acked, counted);
    }
    assert_eq!(fixture.connection.waiting_output(), 0);
}

#[test]
fn our_own_chunk_size_takes_effect_behind_its_announcement() {
    let mut fixture = Fixture::new();
    let connection = &mut fixture.connection;
    connection.send_control(&ProtocolControl::SetChunkSize(4096));
    connection.send(Csid(6), StreamId(1), MessageType::Video, 0, &[7; 4096]);
    assert_eq!(connection.counters().out_chunk_size, 4096);
    let out = connection.poll_transmit().expect("output");
    assert_eq!(out.len(), 16 + 12 + 4096, "one chunk");
}
