// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF3: the message types that allow it, and its values.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::message::MessageType;

use super::message::{
    COMMAND_AMF3, CONNECT, CREATE_STREAM, DATA_AMF3, Said, connected, created, eof, message,
    on_status, status, success, video,
};
use super::script::{Script, plain_media, plain_tags};
use crate::media::{INTER, metadata, tag};

/// A short text as AMF3 has it without its marker.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len() << 1 | 1).expect("a short text");
    [&[length], text.as_bytes()].concat()
}

/// The switch from AMF0, and a dynamic object of texts.
fn object(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = vec![0x11, 0x0A, 0x0B, 1];
    for (name, value) in members {
        bytes.extend(text(name));
        bytes.push(6);
        bytes.extend(text(value));
    }
    bytes.push(1);
    bytes
}

/// A type 17 message: AMF0 up to the command object, then these values.
fn command(stream: u32, name: &str, transaction: f64, values: &[u8]) -> Said {
    let start = amf0::encode_all(&[name.into(), Value::Number(transaction), Value::Null]);
    let body = [&[0], &start[..], values].concat();
    message(3, stream, COMMAND_AMF3, 0, &body)
}

fn on_status_in_amf3(code: &str) -> Said {
    let information = object(&[("level", "status"), ("code", code)]);
    command(1, "onStatus", 0.0, &information)
}

/// A plain server with every answer put by this.
fn with(answer: fn(Said) -> Said) -> Script {
    let mut server = Script::plain();
    server.connect.pop();
    server
        .connect
        .push(answer(connected(Default::default(), success())));
    server.create_stream = vec![answer(created(1))];
    server.play[1] = answer(on_status(5, 1, status("NetStream.Play.Start")));
    server.play.pop();
    server
        .play
        .push(answer(on_status(5, 1, status("NetStream.Play.Stop"))));
    server
}

#[test]
fn every_answer_may_be_a_type_17_message() {
    with(Said::in_amf3).ends_by_word(&plain_tags());
}

#[test]
fn type_17_messages_may_lack_their_format_byte() {
    let server = with(|said| Said {
        kind: COMMAND_AMF3.into(),
        ..said
    });
    server.ends_by_word(&plain_tags());
}

#[test]
fn every_answer_may_hold_amf3_values() {
    let mut server = Script::plain();
    let success = object(&[
        ("level", "status"),
        ("code", "NetConnection.Connect.Success"),
    ]);
    server.connect.pop();
    server
        .connect
        .push(command(0, "_result", CONNECT, &success));
    // The integer 1.
    server.create_stream = vec![command(0, "_result", CREATE_STREAM, &[0x11, 4, 1])];
    server.play[1] = on_status_in_amf3("NetStream.Play.Start");
    server.play.pop();
    server.clone().goes_on(&plain_tags());

    server.play.push(on_status_in_amf3("NetStream.Play.Stop"));
    server.ends_by_word(&plain_tags());
}

#[test]
fn an_error_in_amf3_is_an_error() {
    let mut server = Script::plain();
    let refusal = object(&[
        ("level", "error"),
        ("code", "NetStream.Play.StreamNotFound"),
        ("description", "no such thing"),
    ]);
    server.play = vec![command(1, "onStatus", 0.0, &refusal)];
    server.fails(gst::ResourceError::NotFound, &["no such thing"]);
}

#[test]
fn metadata_in_a_type_15_message_become_plain_metadata() {
    let mut server = Script::plain();
    server.play[2] = server.play[2].clone().in_amf3();
    server.clone().ends_by_word(&plain_tags());

    // Without the format byte.
    server.play[2].body = metadata();
    server.ends_by_word(&plain_tags());
}

#[test]
fn metadata_with_amf3_values_come_out_with_amf0_values() {
    let mut server = Script::plain();
    let name = amf0::encode_all(&["onMetaData".into()]);
    let body = [&[0], &name[..], &object(&[("encoder", "x")])].concat();
    server.play[2] = message(5, 1, DATA_AMF3, 0, &body);
    let values = Object::new().with("encoder", "x");
    let plain = amf0::encode_all(&["onMetaData".into(), values.into()]);
    let mut tags = plain_tags();
    tags[0] = tag(18, 0, &plain);
    server.ends_by_word(&tags);
}

#[test]
fn a_status_in_a_type_15_message_is_a_status() {
    let name = amf0::encode_all(&["onPlayStatus".into()]);
    let information = object(&[("code", "NetStream.Play.Complete")]);
    let body = [&[0], &name[..], &information].concat();
    let mut server = Script::plain();
    server.play.pop();
    server.play.push(message(5, 1, DATA_AMF3, 0, &body));
    server.ends_by_word(&plain_tags());
}

#[test]
fn shared_objects_are_ignored() {
    let mut server = Script::plain();
    server.play = plain_media();
    for kind in [MessageType::SharedObjectAmf0, MessageType::SharedObjectAmf3] {
        for stream in [0, 1] {
            for body in [&[][..], b"\0\x04name\0\0\0\x01\0\0\0\0\0\0\0\0"] {
                let shared = message(3, stream, kind.into(), 0, body);
                server.connect.insert(0, shared.clone());
                server.play.insert(0, shared.clone());
                server.play.push(shared);
            }
        }
    }
    server.play.extend([video(6, 1, 2000, INTER), eof(1)]);
    let tags = [plain_tags(), vec![tag(9, 2000, INTER)]].concat();
    server.ends_by_word(&tags);
}
