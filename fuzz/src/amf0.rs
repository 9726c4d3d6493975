// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF0 values. Input: the body of a command, data or script message.

use gstrtmpr::rtmp::amf::MAX_BYTES;
use gstrtmpr::rtmp::amf0::{Decoder, decode_all, decode_lenient, decode_measured};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::MessageType;

use super::values::{Size, assert_bounded, assert_round_trip, assert_same};

pub fn run(data: &[u8]) {
    let (values, error) = decode_lenient(data);
    assert_bounded(&values);
    assert_round_trip(&values);
    assert_eq!(decode_all(data).err(), error);

    let mut decoder = Decoder::new(data);
    for value in &values {
        let before = decoder.remaining().len();
        match decoder.next_value() {
            Ok(Some(next)) => assert_same(&[next], std::slice::from_ref(value)),
            other => panic!("{other:?} instead of {value:?}"),
        }
        assert!(decoder.remaining().len() < before, "a value takes bytes");
    }
    let rest = decoder.remaining();
    match error {
        Some(error) => assert_eq!(decoder.next_value().err(), Some(error)),
        None => assert!(rest.is_empty()),
    }
    assert_eq!(decoder.remaining(), rest, "an error takes nothing");

    let (measured, measured_error, bytes) = decode_measured(data);
    assert_same(&measured, &values);
    assert_eq!(measured_error, error);
    assert!(bytes <= MAX_BYTES, "{bytes}");
    let texts = Size::of(&values).bytes;
    assert!(texts <= bytes, "{texts} bytes of text count as {bytes}");

    for kind in [MessageType::CommandAmf0, MessageType::CommandAmf3] {
        commands_are_written_as_read(kind, data);
    }
}

fn commands_are_written_as_read(kind: MessageType, data: &[u8]) {
    let (Some(command), _) = Command::decode(kind, data) else {
        return;
    };
    if let Some(status) = command.status() {
        // No text of a peer's goes to a log as it is.
        let shown = format!("{status} {status:?} {} {:?}", status.code, status.code);
        assert!(!shown.contains(char::is_control), "{shown:?}");
    }
    let written = command.encode();
    let (again, error) = Command::decode(MessageType::CommandAmf0, written.as_slice());
    assert_eq!(error, None);
    let again = again.expect("a command");
    assert_eq!(again.encode().as_slice(), written.as_slice());
}
