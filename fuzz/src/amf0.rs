// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF0 values. Input: the body of a command, data or script message.

use gstrtmpr::rtmp::amf::Error;
use gstrtmpr::rtmp::amf0::{Decoder, decode_all, decode_lenient, decode_sparing};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::MessageType;

use super::values::{assert_bounded, assert_round_trip, assert_same, assert_within};

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

    let (sparing, sparing_error) = decode_sparing(data);
    assert_within(&sparing, data.len() + 1024, data.len() * 8);
    assert_same(&sparing, &values[..sparing.len()]);
    if sparing_error != error {
        assert!(matches!(
            sparing_error,
            Some(Error::TooManyElements | Error::TooManyBytes)
        ));
    }

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
