// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Calls and statuses of the server to the client.

use super::client::MAX_UNANSWERED_CALLS;
use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::amf0;
use crate::rtmp::message::MessageType;
use crate::rtmp::user_control::UserControl;
use crate::rtmp::vectors::hex;

/// `onPlayStatus`, then {code Play.Complete, level status, duration 12.5, bytes 4096}.
const PLAY_COMPLETE: &str = "02 00 0C 6F 6E 50 6C 61 79 53 74 61 74 75 73 03 00 04 63 6F 64 65 02 00 17 4E 65 74 53 74 72 65 61 6D 2E 50 6C 61 79 2E 43 6F 6D 70 6C 65 74 65 00 05 6C 65 76 65 6C 02 00 06 73 74 61 74 75 73 00 08 64 75 72 61 74 69 6F 6E 00 40 29 00 00 00 00 00 00 00 05 62 79 74 65 73 00 40 B0 00 00 00 00 00 00 00 00 09";
/// onStatus, 0, null, and the AMF3 object {code:"ok", n:5}.
const AMF3_STATUS: &str = "00 02 00 08 6F 6E 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05 11 0A 0B 01 09 63 6F 64 65 06 05 6F 6B 03 6E 04 05 01";

fn called(name: &str) -> client::Event {
    client::Event::Called(name.to_owned())
}

fn amf0(values: &[Value]) -> Vec<u8> {
    amf0::encode_all(values).to_vec()
}

/// The single status among events.
fn status_of(events: &[client::Event]) -> (StreamId, &Status) {
    match events {
        [client::Event::Status(stream, status)] => (*stream, status),
        other => panic!("one status, not {other:?}"),
    }
}

#[test]
fn bandwidth_checks_are_answered_with_a_rising_count() {
    let mut player = Player::connected();
    let payload = "x".repeat(10_000);
    for (name, transaction, count) in [("onBWCheck", 5.0, 1), ("_onbwcheck", 6.0, 2)] {
        let check = Command::new(name, transaction).argument(payload.as_str());
        assert_eq!(player.command(StreamId(0), &check), [called(name)]);
        assert_eq!(
            player.sent(),
            [format!("3/0 @0 _result {transaction} null {count}")]
        );
    }
}

#[test]
fn the_ping_command_is_answered_with_pong() {
    let mut player = Player::connected();
    let events = player.command(StreamId(0), &Command::new("ping", 9.0));
    assert_eq!(events, [called("ping")]);
    assert_eq!(player.sent(), ["3/0 @0 pong 9 null"]);
}

#[test]
fn a_ping_of_ours_comes_back_with_its_number() {
    let mut pair = Pair::connected();
    pair.take_client_events();
    assert!(pair.client.ping(0x1234_5678));
    pair.exchange();
    let answer = client::Event::UserControl(UserControl::PingResponse(0x1234_5678));
    assert_eq!(pair.take_client_events(), [answer]);
}

#[test]
fn pings_to_a_server_that_does_not_read_end_at_a_bound() {
    let mut player = Player::connected();
    let sent = (0..100_000).filter(|number| player.session.ping(*number));
    assert!(sent.count() < 100_000);
    let out = all_output(&mut player.session);
    assert!(out.len() < (64 << 10) + 100, "{}", out.len());
    assert!(player.session.ping(0), "again when it reads");
}

#[test]
fn a_flood_of_calls_is_answered_up_to_a_bound_and_again_when_the_server_reads() {
    for name in ["onBWCheck", "_onbwcheck", "ping"] {
        let mut player = Player::connected();
        let call = Command::new(name, 5.0);
        let events = player
            .receive(|wire| (0..10_000).fold(wire, |wire, _| wire.command(StreamId(0), &call)));
        let ignored = ignored_by_client(Ignored::Call(name.to_owned()));
        assert_eq!(events.first(), Some(&called(name)));
        assert_eq!(events.last(), Some(&ignored));
        let out = all_output(&mut player.session);
        assert!(out.len() < (64 << 10) + 100, "{name}: {}", out.len());
        player.sent.messages(&out);

        assert_eq!(player.command(StreamId(0), &call), [called(name)]);
        assert_eq!(player.sent().len(), 1);
    }
}

#[test]
fn calls_that_no_server_answers_are_forgotten_but_not_those_that_count() {
    let mut player = Player::connected();
    player.session.create_stream();
    for _ in 0..10_000 {
        player.session.subscribe("s");
    }
    let result = |transaction: u32| Command::new("_result", f64::from(transaction));
    // Side calls count from 1000.
    let forgotten = 11_000 - u32::try_from(MAX_UNANSWERED_CALLS).expect("few");
    let events = player.command(StreamId(0), &result(forgotten));
    let unexpected = Ignored::UnexpectedAnswer(format!("_result {forgotten}"));
    assert_eq!(events, [ignored_by_client(unexpected)]);
    for waited_for in [forgotten + 1, 10_999] {
        let events = player.command(StreamId(0), &result(waited_for));
        assert_eq!(events, []);
    }
    let created = Command::new("_result", 2.0).argument(1.0);
    let events = player.command(StreamId(0), &created);
    assert_eq!(events, [client::Event::StreamCreated(FIRST)]);
}

#[test]
fn other_calls_are_noted_and_not_answered() {
    let mut player = Player::connected();
    for (name, event) in [
        ("onBWDone", called("onBWDone")),
        ("_onbwdone", called("_onbwdone")),
        ("onFCSubscribe", called("onFCSubscribe")),
        ("onFCUnsubscribe", client::Event::Unsubscribed),
        ("close", client::Event::Close),
        (
            "whatever",
            ignored_by_client(Ignored::UnknownCommand("whatever".to_owned())),
        ),
        (
            "",
            ignored_by_client(Ignored::UnknownCommand(String::new())),
        ),
    ] {
        let call = Command::new(name, 5.0).argument(1.0);
        assert_eq!(player.command(StreamId(0), &call), [event]);
        assert_eq!(player.sent(), [""; 0], "{name}");
    }
}

#[test]
fn a_status_keeps_the_message_stream_that_it_came_on() {
    let status = Status::new(Level::Status, StatusCode::PlayStart, "go");
    for stream in [StreamId(0), FIRST, SECOND, StreamId(u32::MAX)] {
        let mut player = Player::with_stream(FIRST);
        let events = player.command(stream, &Command::on_status(&status));
        assert_eq!(events, [client::Event::Status(stream, status.clone())]);
    }
}

#[test]
fn a_status_before_play_is_a_status() {
    let mut player = Player::connected();
    let status = Status::new(Level::Status, StatusCode::PlayPublishNotify, "");
    let events = player.command(FIRST, &Command::on_status(&status));
    assert_eq!(status_of(&events), (FIRST, &status));
}

#[test]
fn a_status_with_missing_parts_is_read_as_far_as_it_goes() {
    let object = |object: Object| Value::from(object);
    let name = || Value::from("onStatus");
    let code = "NetStream.Play.Start";
    for (values, expected, level) in [
        // No transaction id; no null either; no level.
        (
            vec![
                name(),
                Value::Null,
                object(Object::new().with("code", code)),
            ],
            StatusCode::PlayStart,
            Level::Status,
        ),
        (
            vec![name(), object(Object::new().with("code", code))],
            StatusCode::PlayStart,
            Level::Status,
        ),
        // A transaction id that is not 0 (MediaMTX), and level in capitals (AMS).
        (
            vec![
                name(),
                Value::Number(4.0),
                Value::Null,
                object(Object::new().with("level", "Error").with("code", code)),
            ],
            StatusCode::PlayStart,
            Level::Error,
        ),
        // No code; a code that is no string; only a description.
        (
            vec![
                name(),
                Value::Number(0.0),
                Value::Null,
                object(Object::new().with("level", "error")),
            ],
            StatusCode::Other(String::new()),
            Level::Error,
        ),
        (
            vec![
                name(),
                Value::Number(0.0),
                Value::Null,
                object(Object::new().with("code", 3.0)),
            ],
            StatusCode::Other(String::new()),
            Level::Status,
        ),
        (
            vec![
                name(),
                Value::Number(0.0),
                Value::Null,
                object(Object::new().with("description", "hm")),
            ],
            StatusCode::Other(String::new()),
            Level::Status,
        ),
        // A bare text.
        (
            vec![name(), Value::Number(0.0), Value::Null, Value::from("hm")],
            StatusCode::Other(String::new()),
            Level::Status,
        ),
        // An ECMA array, and a typed object.
        (
            vec![
                name(),
                Value::Number(0.0),
                Value::Null,
                Value::EcmaArray(Object::new().with("code", code)),
            ],
            StatusCode::PlayStart,
            Level::Status,
        ),
        (
            vec![
                name(),
                Value::Number(0.0),
                Value::Null,
                Value::TypedObject {
                    class: "S".to_owned(),
                    members: Object::new().with("code", code),
                },
            ],
            StatusCode::PlayStart,
            Level::Status,
        ),
    ] {
        let mut player = Player::with_stream(FIRST);
        let body = amf0(&values);
        let events = player.receive(|wire| wire.typed(MessageType::CommandAmf0, FIRST, &body));
        let (stream, status) = status_of(&events);
        assert_eq!(stream, FIRST);
        assert_eq!(
            (&status.code, status.level),
            (&expected, level),
            "{values:?}"
        );
    }
}

#[test]
fn a_status_that_says_nothing_is_ignored() {
    for values in [
        vec![Value::from("onStatus")],
        vec![Value::from("onStatus"), Value::Number(0.0), Value::Null],
        vec![
            Value::from("onStatus"),
            Value::Number(0.0),
            Value::Null,
            Value::from(Object::new().with("x", 1.0)),
        ],
    ] {
        let mut player = Player::with_stream(FIRST);
        let body = amf0(&values);
        let events = player.receive(|wire| wire.typed(MessageType::CommandAmf0, FIRST, &body));
        let ignored = Ignored::BadAmf("onStatus".to_owned());
        assert_eq!(events, [ignored_by_client(ignored)], "{values:?}");
    }
}

#[test]
fn a_status_in_amf3_is_a_status() {
    let mut player = Player::with_stream(FIRST);
    let events =
        player.receive(|wire| wire.typed(MessageType::CommandAmf3, FIRST, &hex(AMF3_STATUS)));
    let (_, status) = status_of(&events);
    assert_eq!(status.code, StatusCode::Other("ok".to_owned()));
    assert_eq!(status.information.get("n"), Some(&Value::Number(5.0)));
}

#[test]
fn a_status_sent_as_data_is_a_status() {
    let start = Value::from(Object::new().with("code", "NetStream.Data.Start"));
    for (kind, body, code) in [
        (
            MessageType::DataAmf0,
            hex(PLAY_COMPLETE),
            StatusCode::PlayComplete,
        ),
        // The same behind a format byte.
        (
            MessageType::DataAmf3,
            [&[0][..], &hex(PLAY_COMPLETE)].concat(),
            StatusCode::PlayComplete,
        ),
        (
            MessageType::DataAmf0,
            amf0(&["onStatus".into(), start.clone()]),
            StatusCode::DataStart,
        ),
        (
            MessageType::DataAmf0,
            amf0(&["onStatus".into(), Value::Number(0.0), Value::Null, start]),
            StatusCode::DataStart,
        ),
    ] {
        for stream in [FIRST, StreamId(0)] {
            let mut player = Player::with_stream(FIRST);
            let events = player.receive(|wire| wire.typed(kind, stream, &body));
            let (on, status) = status_of(&events);
            assert_eq!((on, &status.code), (FIRST, &code));
        }
    }
}

#[test]
fn data_that_only_looks_like_a_status_is_data() {
    let metadata = Value::EcmaArray(Object::new().with("onStatus", "onPlayStatus"));
    for values in [
        vec![Value::from("onMetaData"), metadata],
        vec![Value::from("onStatus")],
        vec![
            Value::from("onStatusX"),
            Value::from(Object::new().with("code", "x")),
        ],
        vec![Value::Null, Value::from("onStatus")],
    ] {
        let mut player = Player::with_stream(FIRST);
        let body = amf0(&values);
        let events = player.receive(|wire| wire.typed(MessageType::DataAmf0, FIRST, &body));
        let data = media(MediaKind::Data, FIRST, 0, &body);
        assert_eq!(events, [client::Event::Media(data)], "{values:?}");
    }
}

#[test]
fn a_reconnect_request_is_a_status_of_the_connection() {
    let mut player = Player::with_stream(FIRST);
    let request = Status::new(Level::Status, StatusCode::ConnectReconnectRequest, "")
        .with("tcUrl", "//b/live");
    let events = player.command(StreamId(0), &Command::on_status(&request));
    let (stream, status) = status_of(&events);
    assert_eq!(stream, StreamId(0));
    assert_eq!(
        status.information.get("tcUrl"),
        Some(&Value::from("//b/live"))
    );
}
