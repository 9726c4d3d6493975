// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Calls of the server: which are answered, and which do no harm.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::{MessageType, StreamId};
use gstrtmpr::rtmp::user_control::UserControl;

use super::message::{Said, call, command, eof, message, user, video};
use super::script::{Script, plain_tags};
use super::talk::Talk;
use crate::media::{INTER, tag};

/// A plain server that does something else before its StreamEOF.
fn then(action: impl Fn(&mut Talk) + Send + 'static) {
    let mut server = Script::plain();
    server.play.pop();
    server.ends_by_word_after(&plain_tags(), move |talk| {
        action(talk);
        talk.say(&[eof(1)]);
    });
}

/// Says this in every phase, and expects no answer.
fn is_overlooked(said: &[Said]) {
    let mut server = Script::plain();
    for answers in [&mut server.connect, &mut server.create_stream] {
        answers.splice(..0, said.to_vec());
    }
    server.play.pop();
    server.play.splice(2..2, said.to_vec());
    let said = said.to_vec();
    server.ends_by_word_after(&plain_tags(), move |talk| {
        talk.say(&said);
        assert_eq!(talk.commands(), []);
        talk.say(&[eof(1)]);
    });
}

#[test]
fn a_bandwidth_measurement_is_answered_round_after_round() {
    for name in ["_onbwcheck", "onBWCheck"] {
        then(move |talk| {
            for round in 1..=20 {
                let id = f64::from(100 + round);
                let load = "x".repeat(500);
                let check = Command::new(name, id).argument(load.as_str());
                talk.say(&[command(3, 0, &check)]);
                let answer = talk.hears("_result").expect("an answer");
                assert_eq!(answer.transaction, id);
                assert_eq!(answer.number_argument(0), Some(f64::from(round)));
            }
        });
    }
}

#[test]
fn a_bandwidth_measurement_in_front_of_the_answer_to_connect_is_answered() {
    let mut server = Script::plain();
    let check = Command::new("_onbwcheck", 2.0).argument("x");
    server.connect.insert(0, command(3, 0, &check));
    server.create_stream.insert(0, command(3, 0, &check));
    server.ends_by_word(&plain_tags());
}

#[test]
fn the_ping_command_is_answered() {
    then(|talk| {
        talk.say(&[command(3, 0, &Command::new("ping", 8.0))]);
        assert_eq!(talk.hears("pong").expect("an answer").transaction, 8.0);
    });
}

#[test]
fn pings_between_the_frames_are_answered_at_once() {
    let mut server = Script::plain();
    server.play.pop();
    let mut tags = plain_tags();
    tags.extend((0..20).map(|i| tag(9, 2000 + i * 40, INTER)));
    server.ends_by_word_after(&tags, |talk| {
        for i in 0..20 {
            talk.say(&[
                user(&UserControl::PingRequest(0x8000_0000 + i)),
                video(6, 1, 2000 + i * 40, INTER),
            ]);
            talk.hears_pong(0x8000_0000 + i);
        }
        talk.say(&[eof(1)]);
    });
}

#[test]
fn the_end_of_a_bandwidth_measurement_needs_no_answer() {
    let done = |name| Command::new(name, 0.0);
    is_overlooked(&[
        call("_onbwdone"),
        command(3, 0, &done("onBWDone").argument(8192.0)),
        command(
            3,
            0,
            &done("onBWDone")
                .argument(8192.0)
                .argument(41.0)
                .argument(0.0),
        ),
    ]);
}

#[test]
fn an_end_of_a_measurement_without_figures_is_answered_once() {
    then(|talk| {
        talk.say(&[call("onBWDone")]);
        let check = talk.hears("_checkbw").expect("an answer");
        let refusal = Command::new("_error", check.transaction);
        let again = Command::new("onBWDone", 2.0).object(Object::new());
        talk.say(&[command(3, 0, &refusal), command(3, 1, &again)]);
        assert_eq!(talk.commands(), []);
    });
}

#[test]
fn calls_that_nobody_knows_are_overlooked_whatever_their_id() {
    let called = |name: &str, id: f64| {
        let call = Command::new(name, id).argument(Value::Undefined);
        command(3, 0, &call)
    };
    is_overlooked(&[
        called("_checkbw", 5.0),
        called("getStreamLength", 6.0),
        called("releaseStream", 7.0),
        called("onCustomEvent", 1.0),
        called("onCustomEvent", 2.0),
        called("onCustomEvent", 3.0),
        called("onCustomEvent", -1.0),
        called("", 9.0),
        called("setClientId", f64::NAN),
        called("onFCSubscribe", 0.0),
    ]);
}

#[test]
fn answers_to_calls_that_nobody_made_are_overlooked() {
    let answer = |name: &str, id: f64| command(3, 0, &Command::new(name, id));
    is_overlooked(&[
        answer("_result", 0.0),
        answer("_result", 77.0),
        answer("_error", 0.0),
        answer("_error", 77.0),
        answer("_error", 2.5),
    ]);
}

#[test]
fn commands_that_cannot_be_read_are_overlooked() {
    let broken = |body: &[u8]| message(3, 0, 20, 0, body);
    is_overlooked(&[
        broken(&[]),
        broken(&[5, 5]),
        broken(&[2, 0, 9, b'c', b'l', b'o', b's', b'e']),
        broken(b"\x02\0\x01x\x05\x12"),
    ]);
}

#[test]
fn user_control_events_that_nobody_knows_are_overlooked() {
    let event = |number: u16, body: &[u8]| {
        let body = [&number.to_be_bytes(), body].concat();
        message(2, 0, 4, 0, &body)
    };
    let mut said: Vec<Said> = (0..48)
        .filter(|number| ![0, 1, 6].contains(number))
        .flat_map(|number| [event(number, &[0, 0, 0, 1]), event(number, &[])])
        .collect();
    said.push(message(2, 0, 4, 0, &[0]));
    said.push(user(&UserControl::StreamDry(StreamId(1))));
    said.push(user(&UserControl::SetBufferLength(StreamId(1), 3000)));
    is_overlooked(&said);
}

#[test]
fn messages_of_types_that_nobody_knows_are_overlooked() {
    let said: Vec<Said> = [0, 7, 10, 11, 12, 13, 14, 21, 23, 255]
        .into_iter()
        .flat_map(|kind| [0, 1].map(|stream| message(3, stream, kind, 0, b"whatever")))
        .collect();
    assert!(
        said.iter()
            .all(|said| matches!(said.kind, MessageType::Other(_)))
    );
    is_overlooked(&said);
}
