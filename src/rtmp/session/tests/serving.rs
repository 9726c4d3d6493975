// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The server against clients that pipeline, leave things out or ask for too
//! much.

use super::server::MAX_STREAMS;
use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::message::{MessageType, ProtocolControl};
use crate::rtmp::user_control::UserControl;
use crate::rtmp::vectors::hex;

/// `connect` with Enhanced RTMP fields, 342 bytes in three chunks of 128.
const ENHANCED_CONNECT: &str = "03 00 00 00 00 01 56 14 00 00 00 00 02 00 07 63 6F 6E 6E 65 63 74 00 3F F0 00 00 00 00 00 00 03 00 03 61 70 70 02 00 04 6C 69 76 65 00 04 74 79 70 65 02 00 0A 6E 6F 6E 70 72 69 76 61 74 65 00
    08 66 6C 61 73 68 56 65 72 02 00 18 46 4D 4C 45 2F 33 2E 30 20 28 63 6F 6D 70 61 74 69 62 6C 65 3B 20 78 29 00 05 74 63 55 72 6C 02 00 12 72 74 6D 70 3A 2F 2F 68 3A 31 39 33 35 2F 6C 69 76 65
    00 04 66 70 61 64 01 00 00 0C 63 61 C3 70 61 62 69 6C 69 74 69 65 73 00 40 2E 00 00 00 00 00 00 00 0B 61 75 64 69 6F 43 6F 64 65 63 73 00 40 AF CE 00 00 00 00 00 00 0B 76 69 64 65 6F 43 6F 64
    65 63 73 00 40 6F 80 00 00 00 00 00 00 0D 76 69 64 65 6F 46 75 6E 63 74 69 6F 6E 00 3F F0 00 00 00 00 00 00 00 0E 6F 62 6A 65 63 74 45 6E 63 6F 64 69 6E 67 00 00 00 00 00 00 00 00 00 00 0A 66
    6F 75 72 43 63 4C 69 73 74 0A 00 00 00 C3 02 02 00 04 68 76 63 31 02 00 04 61 76 30 31 00 12 76 69 64 65 6F 46 6F 75 72 43 63 49 6E 66 6F 4D 61 70 03 00 01 2A 00 40 10 00 00 00 00 00 00 00 04
    68 76 63 31 00 3F F0 00 00 00 00 00 00 00 00 09 00 06 63 61 70 73 45 78 00 40 10 00 00 00 00 00 00 00 00 09";

fn create_stream(transaction: f64) -> Command {
    Command::new("createStream", transaction)
}

fn play(name: &str) -> Command {
    Command::new("play", 3.0).argument(name).argument(-2000.0)
}

/// What a server that only received this has seen, `connect` unanswered.
fn seen(bytes: &[u8]) -> (ServerSession, Vec<server::Event>) {
    let mut session = ServerSession::new(2, Limits::default());
    let bytes = [&handshake(), bytes].concat();
    session.receive(&bytes).expect("no protocol error");
    let events = all_events(&mut session).split_off(3);
    (session, events)
}

fn connect_request(command: &Command) -> server::ConnectRequest {
    let bytes = Wire::new().command(StreamId(0), command).bytes();
    match seen(&bytes).1.pop() {
        Some(server::Event::Connect(request)) => request,
        event => panic!("connect, not {event:?}"),
    }
}

fn unknown(name: &str) -> server::Event {
    server::Event::Ignored(Ignored::UnknownCommand(name.to_owned()))
}

#[test]
fn connect_with_enhanced_fields_is_read_whole() {
    let (_, events) = seen(&hex(ENHANCED_CONNECT));
    let [server::Event::Connect(request)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(request.application, "live");
    assert_eq!(request.tc_url, "rtmp://h:1935/live");
    let codecs = vec![Value::from("hvc1"), Value::from("av01")];
    assert_eq!(
        request.properties.get("fourCcList"),
        Some(&Value::StrictArray(codecs))
    );
    assert_eq!(request.properties.get("capsEx"), Some(&Value::Number(4.0)));
    assert_eq!(request.properties.len(), 13);
}

#[test]
fn what_connect_leaves_out_is_empty() {
    for command in [
        Command::new("connect", 1.0),
        Command::new("connect", 1.0).object(Object::new()),
        Command::new("connect", 1.0).object(
            Object::new()
                .with("app", 5.0)
                .with("tcUrl", Value::Undefined),
        ),
    ] {
        let request = connect_request(&command);
        assert_eq!(
            (request.application.as_str(), request.tc_url.as_str()),
            ("", "")
        );
    }
}

#[test]
fn decoration_of_the_application_and_another_spelling_are_understood() {
    for (application, expected) in [
        ("live", "live"),
        ("live/", "live"),
        ("live//", "live"),
        ("live/_definst_", "live"),
        ("live/_definst_/", "live"),
        ("a/b", "a/b"),
        ("", ""),
        ("live/_definst_/?x=y/", "live?x=y/"),
        ("live?x=/_definst_", "live?x=/_definst_"),
        ("?x", "?x"),
    ] {
        let object = Object::new().with("app", application).with("tcurl", "x");
        let request = connect_request(&Command::new("connect", 1.0).object(object));
        assert_eq!(request.application, expected, "{application}");
        assert_eq!(request.app(), application);
        assert_eq!(request.tc_url, "x");
    }
}

#[test]
fn commands_before_connect_are_ignored_and_not_answered() {
    let bytes = Wire::new()
        .command(StreamId(0), &create_stream(1.0))
        .command(StreamId(0), &play("s"))
        .command(StreamId(0), &Command::new("releaseStream", 2.0))
        .command(FIRST, &Command::new("publish", 3.0).argument("s"))
        .bytes();
    let (mut session, events) = seen(&bytes);
    let names = ["createStream", "play", "releaseStream", "publish"];
    assert_eq!(events, names.map(unknown));
    let out = all_output(&mut session);
    assert_eq!(out.len(), SERVER_HELLO, "the handshake and nothing else");
}

#[test]
fn commands_behind_a_refused_connect_are_ignored() {
    let mut session = ServerSession::new(2, Limits::default());
    let bytes = Wire::new()
        .command(StreamId(0), &connect_command())
        .command(StreamId(0), &create_stream(2.0))
        .bytes();
    session
        .receive(&[handshake(), bytes].concat())
        .expect("legal");
    let mut last = None;
    while let Some(event) = session.poll_event() {
        if let server::Event::Connect(request) = &event {
            let status = error_status(StatusCode::ConnectRejected, "no");
            session.reject_connect(request, &status);
        }
        last = Some(event);
    }
    assert_eq!(last, Some(unknown("createStream")));
}

#[test]
fn everything_in_one_read_behind_the_handshake_is_answered_in_order() {
    // C0 to C2, connect, createStream and play without waiting for anything.
    let bytes = Wire::new()
        .command(StreamId(0), &connect_command())
        .command(StreamId(0), &create_stream(2.0))
        .command(FIRST, &play("s?x=1"))
        .bytes();
    let mut host = Host::new();
    host.receive(&[handshake(), bytes].concat()).expect("legal");

    assert!(matches!(
        &host.events[3..],
        [
            server::Event::Connect(_),
            server::Event::StreamCreated(FIRST),
            server::Event::Play(request)
        ] if request.stream == FIRST && request.path() == "s"
    ));
    let out = all_output(&mut host.session);
    let lines = Sent::default().lines(&out[SERVER_HELLO..]);
    let heads: Vec<&str> = lines
        .iter()
        .map(|line| line.split(" {").next().unwrap_or_default())
        .collect();
    assert_eq!(
        heads,
        [
            "2/0 @0 WindowAckSize(2500000)",
            "2/0 @0 SetPeerBandwidth(2500000, Dynamic)",
            "2/0 @0 StreamBegin(StreamId(0))",
            "2/0 @0 SetChunkSize(4096)",
            "3/0 @0 _result 1",
            "3/0 @0 _result 2 null 1",
            "2/0 @0 StreamBegin(StreamId(1))",
            "5/1 @0 onStatus 0 null",
            "5/1 @0 onStatus 0 null",
            "5/1 @0 |RtmpSampleAccess true true",
            "4/1 @40 Audio [af, 01, 02, 03]",
        ]
    );
}

#[test]
fn a_chunk_size_announced_before_connect_is_followed() {
    // OBS does so.
    let mut wire = Wire::new()
        .control(&ProtocolControl::SetChunkSize(4096))
        .command(StreamId(0), &connect_command());
    let (_, events) = seen(&wire.take());
    assert!(matches!(
        events[..],
        [
            server::Event::Control(ProtocolControl::SetChunkSize(4096)),
            server::Event::Connect(_)
        ]
    ));
}

#[test]
fn play_and_publish_on_a_wrong_stream_mean_the_one_created_last() {
    let (mut host, wire, _) = Host::connected();
    let mut wire = wire
        .command(StreamId(0), &create_stream(2.0))
        .command(StreamId(0), &create_stream(3.0))
        .command(StreamId(0), &play("a"))
        .command(StreamId(9), &play("b"))
        .command(FIRST, &play("c"))
        .command(StreamId(0), &Command::new("publish", 0.0).argument("d"));
    host.receive(&wire.take()).expect("legal");
    let requests: Vec<(u32, &str)> = host.events[2..]
        .iter()
        .map(|event| match event {
            server::Event::Play(request) | server::Event::Publish(request) => {
                (request.stream.0, request.name.as_str())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(requests, [(2, "a"), (2, "b"), (1, "c"), (2, "d")]);
}

#[test]
fn play_publish_and_closes_without_a_stream_are_ignored() {
    let (mut host, wire, _) = Host::connected();
    let mut wire = wire
        .command(FIRST, &play("a"))
        .command(FIRST, &Command::new("publish", 0.0).argument("d"))
        .command(FIRST, &Command::new("closeStream", 0.0));
    for value in [
        Value::Number(1.0),
        Value::Number(0.0),
        Value::Number(-1.0),
        Value::Number(f64::NAN),
        Value::Number(1e300),
        Value::from("1"),
        Value::Null,
    ] {
        let delete = Command::new("deleteStream", 0.0).argument(value);
        wire = wire.command(StreamId(0), &delete);
    }
    wire = wire.command(StreamId(0), &Command::new("deleteStream", 0.0));
    host.receive(&wire.take()).expect("legal");
    let names = ["play", "publish", "closeStream"]
        .into_iter()
        .chain(["deleteStream"; 8]);
    let expected: Vec<_> = names.map(unknown).collect();
    assert_eq!(host.events, expected);
}

#[test]
fn stream_names_are_passed_on_as_sent() {
    let (mut host, wire, _) = Host::connected();
    let mut wire = wire.command(StreamId(0), &create_stream(2.0));
    let long = "n".repeat(70_000);
    for argument in [
        Value::from("a?b?c"),
        Value::from(""),
        Value::from("?"),
        Value::from(5.0),
        Value::Null,
        Value::from(long.as_str()),
    ] {
        let command = Command::new("play", 0.0).argument(argument);
        wire = wire.command(FIRST, &command);
    }
    wire = wire.command(FIRST, &Command::new("play", 0.0));
    host.receive(&wire.take()).expect("legal");
    let names: Vec<(&str, &str)> = host.events[1..]
        .iter()
        .map(|event| match event {
            server::Event::Play(request) => (request.name.as_str(), request.path()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        names,
        [
            ("a?b?c", "a"),
            ("", ""),
            ("?", ""),
            ("", ""),
            ("", ""),
            (&long, &long),
            ("", "")
        ]
    );
}

#[test]
fn a_flood_of_create_stream_gets_sixteen_streams_and_bounded_answers() {
    let (mut host, wire, mut sent) = Host::connected();
    let mut wire = (0..10_000).fold(wire, |wire, n| {
        wire.command(StreamId(0), &create_stream(f64::from(n + 2)))
    });
    host.receive(&wire.take()).expect("legal");
    let created = host
        .events
        .iter()
        .filter(|event| matches!(event, server::Event::StreamCreated(_)))
        .count();
    assert_eq!(created, MAX_STREAMS);
    assert_eq!(host.events.len(), 10_000);
    assert_eq!(
        host.events.last(),
        Some(&server::Event::Ignored(Ignored::Call(
            "createStream".to_owned()
        )))
    );
    let out = all_output(&mut host.session);
    assert!(out.len() < (1 << 20) + 1000, "{}", out.len());
    let lines = sent.lines(&out);
    assert_eq!(lines[15], "3/0 @0 _result 17 null 16");
    assert!(lines[16].starts_with("3/0 @0 _error 18 null {level: error"));

    // A deleted one makes room, and ids are not used again.
    let mut wire = wire
        .command(
            StreamId(0),
            &Command::new("deleteStream", 0.0).argument(3.0),
        )
        .command(StreamId(0), &create_stream(5.0));
    host.receive(&wire.take()).expect("legal");
    let out = all_output(&mut host.session);
    assert_eq!(sent.lines(&out), ["3/0 @0 _result 5 null 17"]);
}

#[test]
fn a_flood_of_any_request_is_bounded_and_answered_again_when_the_client_reads() {
    for request in [
        connect_command(),
        Command::new("play", 0.0).argument("s"),
        Command::new("publish", 0.0).argument("s"),
        Command::new("releaseStream", 3.0),
        create_stream(3.0),
    ] {
        let (mut host, wire, mut sent) = Host::connected();
        let wire = wire.command(StreamId(0), &create_stream(2.0));
        let mut wire = (0..50_000).fold(wire, |wire, _| wire.command(FIRST, &request));
        host.receive(&wire.take()).expect("legal");
        let name = request.name.as_str();
        let ignored = server::Event::Ignored(Ignored::Call(name.to_owned()));
        assert!(host.events.contains(&ignored), "{name}");
        let out = all_output(&mut host.session);
        assert!(out.len() < (1 << 20) + 1000, "{name}: {}", out.len());

        sent.messages(&out);
        host.receive(&wire.command(FIRST, &request).take())
            .expect("legal");
        let out = all_output(&mut host.session);
        assert!(!sent.messages(&out).is_empty(), "{name}");
    }
}

#[test]
fn stream_ids_end_and_do_not_begin_again() {
    let (mut host, wire, mut sent) = Host::connected();
    host.session.last_stream = u32::MAX - 1;
    let mut wire = wire
        .command(StreamId(0), &create_stream(2.0))
        .command(StreamId(0), &create_stream(3.0));
    host.receive(&wire.take()).expect("legal");
    let lines = sent.lines(&all_output(&mut host.session));
    assert_eq!(lines[0], "3/0 @0 _result 2 null 4294967295");
    assert!(lines[1].starts_with("3/0 @0 _error 3 null"), "{}", lines[1]);
}

#[test]
fn commands_in_amf3_are_commands() {
    let (mut host, wire, mut sent) = Host::connected();
    let body = [&[0][..], create_stream(2.0).encode().as_slice()].concat();
    let mut wire = wire.typed(MessageType::CommandAmf3, StreamId(0), &body);
    host.receive(&wire.take()).expect("legal");
    assert_eq!(host.events, [server::Event::StreamCreated(FIRST)]);
    let out = all_output(&mut host.session);
    assert_eq!(sent.lines(&out), ["3/0 @0 _result 2 null 1"]);
}

#[test]
fn a_clients_ping_is_answered() {
    let (mut host, wire, mut sent) = Host::connected();
    let mut wire = wire.user_control(&UserControl::PingRequest(77));
    host.receive(&wire.take()).expect("legal");
    let out = all_output(&mut host.session);
    assert_eq!(sent.lines(&out), ["2/0 @0 PingResponse(77)"]);
}

#[test]
fn a_first_byte_of_another_protocol_ends_the_session() {
    for first in [0, 2, 6, 0x16, b'G'] {
        let mut session = ServerSession::new(2, Limits::default());
        assert_eq!(session.receive(&[first]), Err(Error::NotRtmp(first)));
        assert_eq!(session.poll_transmit(), None);
    }
}

#[test]
fn output_that_waits_is_known() {
    let (mut host, _, _) = Host::connected();
    assert_eq!(host.session.waiting_output(), 0);
    host.session.media(FIRST, MediaKind::Video, 0, &[0; 1000]);
    assert_eq!(host.session.waiting_output(), 12 + 1000);
    let counters = host.session.counters();
    assert_eq!(counters.out_chunk_size, 4096);
    assert_eq!(counters.out_window_ack_size, 2_500_000);
}
