// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Values of every AMF0 type, where nobody expects them.

use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::amf0;

use super::message::{CONNECT, CREATE_STREAM, Said, message};
use super::script::{Script, plain_tags};

/// One value behind each marker of AMF0 that is not reserved.
const VALUES: [(&str, &[u8]); 18] = [
    ("number", &[0, 0x3F, 0xF0, 0, 0, 0, 0, 0, 0]),
    ("not a number", &[0, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0]),
    ("boolean", &[1, 1]),
    ("string", b"\x02\0\x02hi"),
    ("object", b"\x03\0\x01a\x05\0\0\x09"),
    ("null", &[5]),
    ("undefined", &[6]),
    ("reference to what came", &[7, 0, 0]),
    ("reference to nothing", &[7, 0xFF, 0xFF]),
    ("ECMA array", b"\x08\0\0\0\x01\0\x01a\x05\0\0\x09"),
    (
        "ECMA array with a wrong count",
        b"\x08\xFF\xFF\xFF\xFF\0\0\x09",
    ),
    ("strict array", &[10, 0, 0, 0, 2, 5, 6]),
    (
        "date",
        &[11, 0x42, 0x78, 0xBC, 0xFE, 0x56, 0x80, 0, 0, 0, 0],
    ),
    ("long string", b"\x0C\0\0\0\x02hi"),
    ("unsupported", &[13]),
    ("XML document", b"\x0F\0\0\0\x04<a/>"),
    ("typed object", b"\x10\0\x01C\0\x01a\x05\0\0\x09"),
    ("AMF3", &[0x11, 10, 11, 1, 3, b'n', 4, 5, 1]),
];

/// An object in which the value stands in front of what matters.
fn object(value: &[u8], members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = [b"\x03\0\x05extra", value].concat();
    for (name, text) in members {
        // A name is a string without its marker.
        bytes.extend_from_slice(&amf0::encode_all(&[(*name).into()])[1..]);
        bytes.extend_from_slice(&amf0::encode_all(&[(*text).into()]));
    }
    bytes.extend_from_slice(&[0, 0, 9]);
    bytes
}

fn command(stream: u32, name: &str, transaction: f64, values: &[&[u8]]) -> Said {
    let start = amf0::encode_all(&[name.into(), Value::Number(transaction)]);
    let body = [&start[..], &values.concat()].concat();
    message(3, stream, 20, 0, &body)
}

fn status(value: &[u8], code: &str) -> Vec<u8> {
    object(value, &[("level", "status"), ("code", code)])
}

fn each(change: impl Fn(&mut Script, &[u8])) {
    for (name, value) in VALUES {
        println!("{name}");
        let mut server = Script::plain_with_stop();
        change(&mut server, value);
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn any_value_may_be_a_member_of_the_answer_to_connect() {
    each(|server, value| {
        let properties = object(value, &[("fmsVer", "FMS/3,0,1,123")]);
        let information = status(value, "NetConnection.Connect.Success");
        server.connect.pop();
        let answer = [&properties[..], &information, value];
        server.connect.push(command(0, "_result", CONNECT, &answer));
    });
}

#[test]
fn any_value_may_be_a_member_of_a_refusal_of_connect() {
    for (name, value) in VALUES {
        println!("{name}");
        let members = [
            ("level", "error"),
            ("code", "NetConnection.Connect.InvalidApp"),
            ("description", "no such app"),
        ];
        let mut server = Script::plain_with_stop();
        let refusal = [&[5][..], &object(value, &members)];
        server.connect = vec![command(0, "_error", CONNECT, &refusal)];
        server.fails(gst::ResourceError::NotFound, &["no such app"]);
    }
}

#[test]
fn any_value_may_stand_around_the_number_of_a_created_stream() {
    each(|server, value| {
        let one = amf0::encode_all(&[Value::Number(1.0)]);
        // As the command object, and behind the number.
        let answer = [value, &one[..], value];
        server.create_stream = vec![command(0, "_result", CREATE_STREAM, &answer)];
    });
}

#[test]
fn any_value_may_be_a_member_of_a_status_or_stand_behind_it() {
    each(|server, value| {
        let start = status(value, "NetStream.Play.Start");
        let stop = status(value, "NetStream.Play.Stop");
        let answer = |information: &[u8]| command(1, "onStatus", 0.0, &[&[5], information, value]);
        server.play[1] = answer(&start);
        server.play.pop();
        server.play.push(answer(&stop));
    });
}

#[test]
fn what_cannot_be_read_behind_the_code_does_not_hide_it() {
    // The reserved markers, and an end that is none.
    for value in [&[4][..], &[14], &[9], &[0x12], &[2, 0xFF]] {
        let members = [("level", "status"), ("code", "NetStream.Play.Stop")];
        let stop = object(&[5], &members);
        let mut server = Script::plain_with_stop();
        server.play.pop();
        server
            .play
            .push(command(1, "onStatus", 0.0, &[&[5], &stop, value]));
        server.ends_by_word(&plain_tags());
    }
}
