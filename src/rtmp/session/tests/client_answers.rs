// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Answers to the client's calls: out of order, twice, unasked, nonsensical.

use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::message::MessageType;
use crate::rtmp::vectors::hex;

/// `_error` for connect: null, then a status with `ex {code 302, redirect "rtmp://b/live"}`.
const MOVED: &str = "02 00 06 5F 65 72 72 6F 72 00 3F F0 00 00 00 00 00 00 05 03 00 05 6C 65 76 65 6C 02 00 05 65 72 72 6F 72 00 04 63 6F 64 65 02 00 1E 4E 65 74 43 6F 6E 6E 65 63 74 69 6F 6E 2E 43 6F 6E 6E 65 63 74 2E 52 65 6A 65 63 74 65 64 00 0B 64 65 73 63 72 69 70 74 69 6F 6E 02 00 05 6D 6F 76 65 64 00 02 65 78 03 00 04 63 6F 64 65 00 40 72 E0 00 00 00 00 00 00 08 72 65 64 69 72 65 63 74 02 00 0D 72 74 6D 70 3A 2F 2F 62 2F 6C 69 76 65 00 00 09 00 00 09";
/// `_result` for connect of nginx-rtmp, but for its clientid.
const SUCCESS: &str = "02 00 07 5F 72 65 73 75 6C 74 00 3F F0 00 00 00 00 00 00 03 00 06 66 6D 73 56 65 72 02 00 0D 46 4D 53 2F 33 2C 30 2C 31 2C 31 32 33 00 0C 63 61 70 61 62 69 6C 69 74 69 65 73 00 40 3F 00 00 00 00 00 00 00 00 09 03 00 05 6C 65 76 65 6C 02 00 06 73 74 61 74 75 73 00 04 63 6F 64 65 02 00 1D 4E 65 74 43 6F 6E 6E 65 63 74 69 6F 6E 2E 43 6F 6E 6E 65 63 74 2E 53 75 63 63 65 73 73 00 0B 64 65 73 63 72 69 70 74 69 6F 6E 02 00 15 43 6F 6E 6E 65 63 74 69 6F 6E 20 73 75 63 63 65 65 64 65 64 2E 00 0E 6F 62 6A 65 63 74 45 6E 63 6F 64 69 6E 67 00 00 00 00 00 00 00 00 00 00 00 09";

fn command_bytes(player: &mut Player, kind: MessageType, text: &str) -> Vec<client::Event> {
    player.receive(|wire| wire.typed(kind, StreamId(0), &hex(text)))
}

fn unexpected(name: &str) -> client::Event {
    ignored_by_client(Ignored::UnexpectedAnswer(name.to_owned()))
}

#[test]
fn a_known_servers_answer_to_connect_is_read() {
    let mut player = Player::connecting();
    let events = command_bytes(&mut player, MessageType::CommandAmf0, SUCCESS);
    let [
        client::Event::Connected {
            properties,
            information,
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        properties.get("fmsVer"),
        Some(&Value::from("FMS/3,0,1,123"))
    );
    assert_eq!(information.get("objectEncoding"), Some(&Value::Number(0.0)));
}

#[test]
fn a_redirect_comes_with_all_that_the_server_said() {
    let mut player = Player::connecting();
    let events = command_bytes(&mut player, MessageType::CommandAmf0, MOVED);
    let [client::Event::ConnectRejected(Some(status))] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(status.code, StatusCode::ConnectRejected);
    assert_eq!(status.level, Level::Error);
    assert_eq!(status.description, "moved");
    let ex = status.information.get("ex").and_then(Value::as_object);
    let redirect = ex.and_then(|ex| ex.get("redirect"));
    assert_eq!(redirect, Some(&Value::from("rtmp://b/live")));
    assert_eq!(player.sent(), [""; 0], "no window for a refusal");
}

#[test]
fn a_refusal_by_on_status_while_connect_is_pending_is_one() {
    for stream in [StreamId(0), FIRST] {
        let mut player = Player::connecting();
        let status = error_status(StatusCode::ConnectInvalidApp, "no such app");
        let events = player.command(stream, &Command::on_status(&status));
        assert_eq!(
            events,
            [client::Event::ConnectRejected(Some(status.clone()))]
        );
        // The same again is a plain status: connect is answered.
        let events = player.command(stream, &Command::on_status(&status));
        assert_eq!(events, [client::Event::Status(stream, status)]);
    }
}

#[test]
fn a_harmless_status_while_connect_is_pending_is_no_refusal() {
    let mut player = Player::connecting();
    let status = Status::new(Level::Status, StatusCode::DataStart, "");
    let events = player.command(StreamId(0), &Command::on_status(&status));
    assert_eq!(events, [client::Event::Status(StreamId(0), status)]);
    let events = player.command(StreamId(0), &connected_answer());
    assert!(matches!(events[..], [client::Event::Connected { .. }]));
}

#[test]
fn a_refusal_that_calls_itself_a_result_is_a_refusal() {
    for status in [
        error_status(StatusCode::ConnectFailed, "x"),
        Status::new(Level::Status, StatusCode::ConnectRejected, "x"),
        Status::new(Level::Status, StatusCode::ConnectFailed, "x"),
        Status::new(Level::Status, StatusCode::ConnectInvalidApp, "x"),
        Status::new(Level::Status, StatusCode::ConnectAppShutdown, "x"),
    ] {
        let mut player = Player::connecting();
        let events = player.command(StreamId(0), &answer("_result", 1.0, &status));
        assert_eq!(events, [client::Event::ConnectRejected(Some(status))]);
        assert_eq!(player.sent(), [""; 0]);
    }
}

#[test]
fn an_answer_to_connect_without_a_status_is_an_answer() {
    let mut player = Player::connecting();
    let events = player.command(StreamId(0), &Command::new("_result", 1.0));
    let expected = client::Event::Connected {
        properties: Object::new(),
        information: Object::new(),
    };
    assert_eq!(events, [expected]);

    let mut player = Player::connecting();
    let events = player.command(StreamId(0), &Command::new("_error", 1.0));
    assert_eq!(events, [client::Event::ConnectRejected(None)]);
}

#[test]
fn a_second_answer_to_connect_is_ignored() {
    let mut player = Player::connected();
    let events = player.command(StreamId(0), &connected_answer());
    assert_eq!(events, [unexpected("_result 1")]);
    let refusal = error_status(StatusCode::ConnectRejected, "no");
    let events = player.command(StreamId(0), &answer("_error", 1.0, &refusal));
    assert_eq!(events, [unexpected("_error 1")]);
    assert_eq!(player.sent(), [""; 0]);
}

#[test]
fn the_window_is_announced_once_whatever_the_server_asks_for() {
    use crate::rtmp::message::{PeerBandwidthLimit, ProtocolControl};
    for size in [2_500_000, 5_000_000] {
        let mut player = Player::connecting();
        let bandwidth = ProtocolControl::SetPeerBandwidth(size, PeerBandwidthLimit::Dynamic);
        player.receive(|wire| wire.control(&bandwidth).control(&bandwidth));
        player.command(StreamId(0), &connected_answer());
        player.receive(|wire| wire.control(&bandwidth));
        let expected = format!("2/0 @0 WindowAckSize({size})");
        assert_eq!(player.sent(), [expected]);
    }
}

#[test]
fn a_stream_id_is_a_whole_number_from_1_to_32_bits() {
    for (value, stream) in [
        (Value::Number(1.0), Some(1)),
        (Value::Number(7.0), Some(7)),
        (Value::Number(4_294_967_295.0), Some(u32::MAX)),
        (Value::Boolean(true), Some(1)),
        (Value::Number(0.0), None),
        (Value::Number(-0.0), None),
        (Value::Number(-1.0), None),
        (Value::Number(0.5), None),
        (Value::Number(1.5), None),
        (Value::Number(4_294_967_296.0), None),
        (Value::Number(1e12), None),
        (Value::Number(1e300), None),
        (Value::Number(f64::NAN), None),
        (Value::Number(f64::INFINITY), None),
        (Value::Number(f64::NEG_INFINITY), None),
        (Value::Boolean(false), None),
        (Value::Null, None),
        (Value::Undefined, None),
        (Value::from(Object::new().with("id", 1.0)), None),
        (Value::StrictArray(vec![Value::Number(1.0)]), None),
        (Value::Date(1.0), None),
    ] {
        let mut player = Player::connected();
        player.session.create_stream();
        let created = Command::new("_result", 2.0).argument(value.clone());
        let events = player.command(StreamId(0), &created);
        let expected = match stream {
            Some(id) => client::Event::StreamCreated(StreamId(id)),
            None => client::Event::CreateStreamFailed(None),
        };
        assert_eq!(events, [expected], "{value:?}");
        let streams: Vec<StreamId> = stream.map(StreamId).into_iter().collect();
        assert_eq!(player.session.streams(), streams);
    }
}

#[test]
fn a_refused_or_incomplete_answer_to_create_stream_is_a_failure() {
    // No argument at all.
    let mut player = Player::connected();
    player.session.create_stream();
    let events = player.command(StreamId(0), &Command::new("_result", 2.0));
    assert_eq!(events, [client::Event::CreateStreamFailed(None)]);

    // A text, as the server's word on it.
    let mut player = Player::connected();
    player.session.create_stream();
    let created = Command::new("_result", 2.0).argument("1");
    let events = player.command(StreamId(0), &created);
    let [client::Event::CreateStreamFailed(Some(status))] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(status.description, "1");

    let mut player = Player::connected();
    player.session.create_stream();
    let status = error_status(StatusCode::CallFailed, "full");
    let events = player.command(StreamId(0), &answer("_error", 2.0, &status));
    assert_eq!(events, [client::Event::CreateStreamFailed(Some(status))]);
}

#[test]
fn answers_may_come_in_any_order() {
    let mut player = Player::connected();
    player.session.create_stream();
    player.session.subscribe("s");
    player.session.create_stream();
    let events = player.receive(|wire| {
        wire.command(StreamId(0), &Command::new("_result", 3.0).argument(9.0))
            .command(StreamId(0), &Command::new("_error", 1000.0))
            .command(StreamId(0), &Command::new("_result", 2.0).argument(5.0))
    });
    assert_eq!(
        events,
        [
            client::Event::StreamCreated(StreamId(9)),
            client::Event::StreamCreated(StreamId(5))
        ]
    );
    assert_eq!(player.session.streams(), [StreamId(9), StreamId(5)]);
}

#[test]
fn the_same_stream_id_twice_is_one_stream() {
    let mut player = Player::with_stream(FIRST);
    player.create_stream(3.0, FIRST);
    assert_eq!(player.session.streams(), [FIRST]);
}

#[test]
fn answers_to_play_are_told_from_its_status() {
    let mut player = Player::with_stream(FIRST);
    player.session.play(FIRST, &play_parameters("a"));
    player.session.play(FIRST, &play_parameters("b"));
    let status = error_status(StatusCode::PlayFailed, "no");
    let events = player.receive(|wire| {
        wire.command(FIRST, &Command::new("_result", 3.0))
            .command(FIRST, &answer("_error", 4.0, &status))
    });
    assert_eq!(
        events,
        [
            client::Event::PlayAnswered(FIRST),
            client::Event::PlayRejected(FIRST, Some(status))
        ]
    );
}

#[test]
fn answers_to_nothing_are_ignored() {
    for transaction in [
        -1.0,
        2.5,
        77.0,
        1e300,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        let mut player = Player::connected();
        player.session.create_stream();
        for name in ["_result", "_error"] {
            let unasked = Command::new(name, transaction).argument(1.0);
            let events = player.command(StreamId(0), &unasked);
            assert_eq!(events, [unexpected(&format!("{name} {transaction}"))]);
        }
        // The call that is waited for is still answered.
        let created = Command::new("_result", 2.0).argument(1.0);
        let events = player.command(StreamId(0), &created);
        assert_eq!(events, [client::Event::StreamCreated(FIRST)]);
    }
}

#[test]
fn an_answer_without_id_is_for_the_one_call_that_waits_for_it_but_never_for_play() {
    let stray = |name| Command::new(name, 0.0).argument(1.0);
    let mut player = Player::connected();
    player.session.create_stream();
    let events = player.command(StreamId(0), &stray("_result"));
    assert_eq!(events, [client::Event::StreamCreated(FIRST)]);

    player.session.create_stream();
    player.session.create_stream();
    let events = player.command(StreamId(0), &stray("_result"));
    assert_eq!(
        events,
        [unexpected("_result 0")],
        "whose it is, is not clear"
    );

    let mut player = Player::connected();
    player.session.create_stream();
    player.command(StreamId(0), &stray("_result"));
    player.session.play(FIRST, &play_parameters("s"));
    let events = player.command(StreamId(0), &stray("_error"));
    assert_eq!(events, [unexpected("_error 0")]);
}

#[test]
fn an_answer_in_amf3_is_an_answer() {
    let mut player = Player::connected();
    player.session.create_stream();
    // Format byte 0, AMF0 strings and numbers, the id as an AMF3 integer.
    let events = command_bytes(
        &mut player,
        MessageType::CommandAmf3,
        "00 02 00 07 5F 72 65 73 75 6C 74 00 40 00 00 00 00 00 00 00 05 11 04 05",
    );
    assert_eq!(events, [client::Event::StreamCreated(StreamId(5))]);
}

#[test]
fn values_of_every_type_in_an_answer_are_passed_over() {
    // Everything that AMF0 knows, in front of and inside the status.
    for value in [
        "00 3F F0 00 00 00 00 00 00",
        "01 01",
        "02 00 02 68 69",
        "03 00 01 61 05 00 00 09",
        "05",
        "06",
        "08 00 00 00 01 00 01 77 05 00 00 09",
        "0A 00 00 00 02 05 05",
        "0B 42 78 BC FE 56 80 00 00 00 00",
        "0C 00 00 00 02 68 69",
        "0D",
        "0F 00 00 00 04 3C 61 2F 3E",
        "10 00 01 50 00 01 78 05 00 00 09",
        "11 04 05",
        "11 0A 0B 01 03 6E 04 05 01",
    ] {
        // _result 1 <value> {version: <value>, code: Connect.Success}
        let text = format!(
            "02 00 07 5F 72 65 73 75 6C 74 00 3F F0 00 00 00 00 00 00 {value}
             03 00 07 76 65 72 73 69 6F 6E {value} 00 04 63 6F 64 65
             02 00 1D 4E 65 74 43 6F 6E 6E 65 63 74 69 6F 6E 2E 43 6F 6E 6E 65 63 74 2E 53 75 63 63 65 73 73
             00 00 09"
        );
        let mut player = Player::connecting();
        let events = command_bytes(&mut player, MessageType::CommandAmf0, &text);
        let [client::Event::Connected { information, .. }] = &events[..] else {
            panic!("{value}: {events:?}");
        };
        assert_eq!(
            information.get("code").and_then(Value::as_str),
            Some("NetConnection.Connect.Success"),
            "{value}"
        );
        assert_eq!(information.len(), 2);
    }
}

#[test]
fn a_broken_answer_to_connect_counts_as_far_as_it_goes() {
    // Cut anywhere behind the transaction id, it still is the answer.
    let whole = hex(SUCCESS);
    for length in 19..whole.len() {
        let mut player = Player::connecting();
        let events = player
            .receive(|wire| wire.typed(MessageType::CommandAmf0, StreamId(0), &whole[..length]));
        assert!(
            matches!(events.last(), Some(client::Event::Connected { .. })),
            "{length}: {events:?}"
        );
    }
}

#[test]
fn an_answer_that_breaks_off_before_its_stream_id_is_a_failure() {
    let mut player = Player::connected();
    player.session.create_stream();
    let events = command_bytes(
        &mut player,
        MessageType::CommandAmf0,
        "02 00 07 5F 72 65 73 75 6C 74 00 40 00 00 00 00 00 00 00 05 00 3F F0",
    );
    assert_eq!(
        events,
        [
            ignored_by_client(Ignored::BadAmf("_result".to_owned())),
            client::Event::CreateStreamFailed(None)
        ]
    );
}
