// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Protocol control: acknowledgements, windows, pings, and what is overlooked.

use super::*;
use crate::rtmp::vectors::hex;
use crate::rtmp::wire::{Sent, Wire, handshake};

/// A connection behind its handshake, and a reader of what it sends.
struct Fixture {
    connection: Connection,
    sent: Sent,
}

impl Fixture {
    /// Before the handshake.
    fn opened() -> Self {
        Self {
            connection: Connection::new(Role::Client, 1, Limits::default()),
            sent: Sent::default(),
        }
    }

    fn new() -> Self {
        let mut fixture = Self::opened();
        fixture.receive(&handshake());
        assert!(fixture.connection.is_established());
        assert!(fixture.connection.poll_transmit().is_some());
        fixture
    }

    /// One batch of bytes, as a session does it.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.try_receive(bytes).expect("no protocol error")
    }

    fn try_receive(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, (Vec<Event>, Error)> {
        let mut events = Vec::new();
        loop {
            match self.connection.next(&mut bytes) {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return Err((events, error)),
            }
        }
        assert!(bytes.is_empty(), "nothing is left behind");
        if self.connection.is_established() {
            self.connection.acknowledge();
        }
        Ok(events)
    }

    /// What was sent since the last call, without chunk stream and time.
    fn sent(&mut self) -> Vec<String> {
        let bytes = self.connection.poll_transmit().unwrap_or_default();
        self.sent
            .lines(&bytes)
            .iter()
            .map(|line| {
                let what = line.strip_prefix("2/0 @0 ");
                what.expect("control messages have a fixed place")
                    .to_owned()
            })
            .collect()
    }
}

/// 28 bytes behind which up to 16 MiB of anything are the body of one message.
fn endless_video() -> Vec<u8> {
    hex("02 00 00 00 00 00 04 01 00 00 00 00 00 FF FF FF
         06 00 00 00 FF FF FF 09 01 00 00 00")
}

fn control(control: ProtocolControl) -> Vec<u8> {
    Wire::new().control(&control).bytes()
}

fn user_control(event: UserControl) -> Vec<u8> {
    Wire::new().user_control(&event).bytes()
}

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
    let mut connection = Connection::new(Role::Client, 1, Limits::default());
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
fn a_ping_is_answered_with_its_four_bytes() {
    for time in [0, 0x1234_5678, u32::MAX] {
        let mut fixture = Fixture::new();
        let events = fixture.receive(&user_control(UserControl::PingRequest(time)));
        assert_eq!(events, [Event::UserControl(UserControl::PingRequest(time))]);
        assert_eq!(fixture.sent(), [format!("PingResponse({time})")]);
    }
}

#[test]
fn bytes_behind_the_event_data_are_ignored() {
    let mut fixture = Fixture::new();
    fixture.receive(&hex(
        "02 00 00 00 00 00 09 04 00 00 00 00 00 06 00 00 00 07 AA BB CC",
    ));
    assert_eq!(fixture.sent(), ["PingResponse(7)"]);
}

#[test]
fn a_ping_flood_is_answered_up_to_a_bound_and_again_when_the_peer_reads() {
    let mut fixture = Fixture::new();
    let mut wire = Wire::new();
    for time in 0..50_000 {
        wire = wire.user_control(&UserControl::PingRequest(time));
    }
    let flood = wire.bytes();

    let events = fixture.receive(&flood);

    assert!(fixture.connection.waiting_output() < (64 << 10) + 100);
    let ignored = Event::Ignored(Ignored::Ping);
    let unanswered = events.iter().filter(|event| **event == ignored).count();
    let answered = fixture.sent().len();
    assert!(answered > 1000);
    // An acknowledgement may be among the output.
    assert!((50_000..=50_001).contains(&(answered + unanswered)));

    fixture.receive(&user_control(UserControl::PingRequest(9)));
    assert_eq!(fixture.sent(), ["PingResponse(9)"]);
}

#[test]
fn a_flood_of_stream_events_sends_nothing() {
    let mut fixture = Fixture::new();
    let mut wire = Wire::new();
    for _ in 0..1000 {
        wire = wire
            .user_control(&UserControl::StreamBegin(StreamId(1)))
            .user_control(&UserControl::StreamEof(StreamId(1)));
    }
    assert_eq!(fixture.receive(&wire.bytes()).len(), 2000);
    assert_eq!(fixture.connection.waiting_output(), 0);
}

#[test]
fn short_control_messages_are_ignored_but_for_set_chunk_size() {
    for kind in 1..=6u8 {
        for length in 0..4u8 {
            let mut fixture = Fixture::new();
            let mut bytes = vec![2, 0, 0, 0, 0, 0, length, kind, 0, 0, 0, 0];
            bytes.extend(std::iter::repeat_n(0, length.into()));
            let result = fixture.try_receive(&bytes);
            if kind == 1 {
                let error = result.map_err(|(_, error)| error);
                assert!(matches!(error, Err(Error::PeerMisbehaved(_))));
            } else {
                let expected = Event::Ignored(Ignored::ShortControl(kind.into()));
                assert_eq!(result, Ok(vec![expected]), "type {kind}, {length} bytes");
            }
        }
    }
}

#[test]
fn user_control_shorter_than_its_data_is_ignored() {
    for body in [
        "00",
        "00 00",
        "00 01 00 00 00",
        "00 03 00 00 00 01",
        "00 03 00 00 00 01 00 00 00",
        "00 06 00 00 01",
        "00 07",
        "00 1F 00",
        "00 20",
    ] {
        let mut fixture = Fixture::new();
        let bytes = Wire::new().typed(MessageType::UserControl, StreamId(0), &hex(body));
        let expected = Event::Ignored(Ignored::ShortControl(MessageType::UserControl));
        assert_eq!(fixture.receive(&bytes.bytes()), [expected], "{body}");
        assert_eq!(fixture.connection.waiting_output(), 0);
    }
}

#[test]
fn unknown_user_control_events_are_reported_and_sent_no_answer() {
    for event in [5, 8, 25, 27, 33, 41, u16::MAX] {
        let mut fixture = Fixture::new();
        let body = event.to_be_bytes();
        let bytes = Wire::new().typed(MessageType::UserControl, StreamId(0), &body);
        let expected = Event::UserControl(UserControl::Other(event));
        assert_eq!(fixture.receive(&bytes.bytes()), [expected]);
        assert_eq!(fixture.connection.waiting_output(), 0);
    }
}

#[test]
fn chunk_sizes_that_cannot_be_followed_are_errors_and_others_are_clamped() {
    for (body, outcome) in [
        ("00 00 00 00", None),
        ("80 00 00 00", None),
        ("FF FF FF FF", None),
        ("00 00 01", None),
        ("00 00 00 01", Some(1)),
        ("7F FF FF FF", Some(0x00FF_FFFF)),
        ("00 00 10 00 99", Some(4096)),
    ] {
        let mut fixture = Fixture::new();
        let bytes = Wire::new().typed(MessageType::SetChunkSize, StreamId(0), &hex(body));
        let result = fixture.try_receive(&bytes.bytes());
        let size = fixture.connection.counters().in_chunk_size;
        assert_eq!(result.is_ok(), outcome.is_some(), "{body}");
        assert_eq!(size, outcome.unwrap_or(128), "{body}");
    }
}

#[test]
fn messages_of_unknown_types_are_ignored() {
    for kind in 0..=u8::MAX {
        if matches!(kind, 1..=6 | 8 | 9 | 15..=20 | 22) {
            continue;
        }
        let mut fixture = Fixture::new();
        let bytes = Wire::new().typed(kind.into(), StreamId(1), &[1, 2, 3]);
        let expected = Event::Ignored(Ignored::UnknownMessage(kind));
        assert_eq!(fixture.receive(&bytes.bytes()), [expected]);
    }
}

#[test]
fn control_messages_on_any_chunk_and_message_stream_are_obeyed() {
    for (csid, stream) in [(2, 0), (2, 1), (5, 0), (65_599, u32::MAX)] {
        let mut fixture = Fixture::new();
        let mut wire = Wire::new();
        for (kind, body) in [
            (MessageType::SetChunkSize, "00 00 10 00"),
            (MessageType::WindowAckSize, "00 00 27 10"),
            (MessageType::SetPeerBandwidth, "00 00 13 88 00"),
            (MessageType::UserControl, "00 06 00 00 00 07"),
            (MessageType::Acknowledgement, "00 00 00 00"),
            (MessageType::Abort, "00 00 00 06"),
        ] {
            wire = wire.message(Csid(csid), StreamId(stream), kind, 99, &hex(body));
        }
        let events = fixture.receive(&wire.bytes());
        assert_eq!(events.len(), 6);
        let counters = fixture.connection.counters();
        assert_eq!(counters.in_chunk_size, 4096);
        assert_eq!(counters.in_window_ack_size, 10_000);
        assert_eq!(fixture.sent(), ["WindowAckSize(5000)", "PingResponse(7)"]);
    }
}

#[test]
fn abort_takes_the_open_message_away() {
    let mut fixture = Fixture::new();
    let open = hex("06 00 00 00 00 01 00 09 01 00 00 00");
    fixture.receive(&[&open[..], &[0; 128]].concat());
    assert!(!fixture.connection.is_at_message_boundary());
    fixture.receive(&control(ProtocolControl::Abort(Csid(6))));
    assert!(fixture.connection.is_at_message_boundary());
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

#[test]
fn an_oddity_is_reported_in_front_of_the_message_behind_it_however_bytes_are_cut() {
    // A message that is given up, two that follow, and a protocol error.
    let bytes = [
        handshake(),
        hex("06 00 00 00 00 00 FF 09 01 00 00 00"),
        vec![0; 128],
        hex("06 00 00 01 00 00 01 09 01 00 00 00 AA"),
        hex("86 00 00 01 BB"),
        hex("02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 00"),
    ]
    .concat();
    let at_once = Fixture::opened().try_receive(&bytes);
    let (events, error) = at_once.clone().expect_err("chunk size 0");
    assert_eq!(error, Error::PeerMisbehaved("Set Chunk Size of 0"));
    let oddity = Event::Ignored(Ignored::Chunk(Oddity::UnfinishedMessage));
    assert_eq!(events.len(), 3 + 1 + 2);
    assert_eq!(events[3], oddity);

    for size in [1, 2, 3, 7, 100, 1536, 3073, 3074] {
        let mut fixture = Fixture::opened();
        let mut seen = Vec::new();
        let mut result = None;
        for piece in bytes.chunks(size) {
            match fixture.try_receive(piece) {
                Ok(events) => seen.extend(events),
                Err((events, error)) => {
                    seen.extend(events);
                    result = Some(error);
                    break;
                }
            }
        }
        assert_eq!(Err((seen, result.expect("an error"))), at_once, "{size}");
    }
}

#[test]
fn an_oddity_in_front_of_an_error_in_the_same_read_is_reported() {
    let bytes = [
        hex("06 00 00 00 00 00 FF 09 01 00 00 00"),
        vec![0; 128],
        hex("06 00 00 01 00 00 FF 09 01 00 00 00"),
        vec![0; 128],
        hex("C7"),
    ]
    .concat();
    let (events, _) = Fixture::new().try_receive(&bytes).expect_err("fmt 3 first");
    let oddity = Event::Ignored(Ignored::Chunk(Oddity::UnfinishedMessage));
    assert_eq!(events, [oddity]);
}

#[test]
fn a_peer_that_speaks_something_else_is_an_error_and_an_odd_version_is_not() {
    for (first, error) in [
        (b'H', Some(Error::NotRtmp(b'H'))),
        (0x15, None),
        (0, None),
        (6, None),
    ] {
        let mut bytes = handshake();
        bytes[0] = first;
        let result = Fixture::opened().try_receive(&bytes);
        match (result, error) {
            (Err((events, error)), Some(expected)) => {
                assert_eq!((events, error), (vec![], expected));
            }
            (Ok(events), None) => {
                assert_eq!(events[0], Event::Handshake(Progress::Version(first)));
                assert_eq!(events.len(), 3);
            }
            (result, _) => panic!("{first}: {result:?}"),
        }
    }
}

#[test]
fn every_overlooked_oddity_is_described_in_one_bounded_line() {
    let long = "a\r\n\u{1b}".repeat(1 << 18);
    for ignored in [
        Ignored::Chunk(Oddity::PartialFirstHeader),
        Ignored::Chunk(Oddity::UnfinishedMessage),
        Ignored::Chunk(Oddity::ExtendedTimestampNotRepeated),
        Ignored::Chunk(Oddity::AbsoluteTimestampDelta),
        Ignored::ShortControl(MessageType::Abort),
        Ignored::UnknownMessage(99),
        Ignored::HandshakeVersion(6),
        Ignored::HandshakeEcho,
        Ignored::Ping,
        Ignored::Call(long.clone()),
        Ignored::BadAmf(long.clone()),
        Ignored::UnexpectedAnswer(long.clone()),
        Ignored::UnknownCommand(long.clone()),
        Ignored::ForeignStream(StreamId(7)),
    ] {
        let text = ignored.to_string();
        assert!((10..400).contains(&text.chars().count()), "{text}");
        assert!(!text.contains(char::is_control), "{text:?}");
    }
}
