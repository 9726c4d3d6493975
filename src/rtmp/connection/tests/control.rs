// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Pings, chunk sizes, and everything that is overlooked and reported.

use super::*;

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
        Ignored::HandshakeAnswer,
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
