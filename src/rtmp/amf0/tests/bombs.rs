// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages made to take much memory.

use super::super::super::amf::{Error, MAX_BYTES, MAX_DEPTH, Object, Value};
use super::super::decode_measured;
use crate::rtmp::vectors::hex;

/// What amounts to most memory for its length, of each shape.
fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let fill = |part: &str| {
        let part = hex(part);
        part.repeat((1 << 20) / part.len())
    };
    let nested = |begin: &str, inner: &str, end: &str| {
        let part = [
            hex(begin).repeat(MAX_DEPTH),
            hex(inner),
            hex(end).repeat(MAX_DEPTH),
        ]
        .concat();
        part.repeat((1 << 20) / part.len())
    };
    let traits = {
        // An AMF3 object of one member "b" with class "a", and 32-deep chains of
        // the same that cost two bytes for each.
        let mut part = hex("11 09 FF FF FF 7F 01 0A 13 03 61 03 62 01");
        let chain = [hex("0A 01").repeat(MAX_DEPTH - 1), vec![0x01]].concat();
        part.extend(chain.repeat((1 << 20) / chain.len()));
        part
    };
    vec![
        ("nulls", fill("05")),
        ("empty names", [hex("03"), fill("00 00 05")].concat()),
        ("short strings", fill("02 00 01 61")),
        (
            "short members",
            [hex("03"), fill("00 01 61 02 00 01 61")].concat(),
        ),
        ("empty objects", fill("03 00 00 09")),
        ("objects of one", fill("03 00 00 05 00 00 09")),
        ("arrays of one", fill("0A 00 00 00 01 05")),
        ("nested arrays", nested("0A 00 00 00 01", "05", "")),
        ("nested objects", nested("03 00 01 61", "05", "00 00 09")),
        (
            "references",
            [hex("03 00 01 61 02 00 01 61 00 00 09"), fill("07 00 00")].concat(),
        ),
        (
            "damaged text",
            [hex("0C 00 0F 00 00"), vec![0xFF; 0x0F_0000]].concat(),
        ),
        ("AMF3 arrays", fill("11 09 03 01 01")),
        ("AMF3 traits", traits),
        ("AMF3 new traits", fill("11 0A 0B 01 01")),
        (
            "AMF3 strings",
            [hex("11 09 FF FF FF 7F 01 06 03 61"), fill("06 00")].concat(),
        ),
        (
            "AMF3 vector",
            [hex("11 0D FF FF FF 7F 00"), fill("00 00 00 01")].concat(),
        ),
        (
            "AMF3 dictionary",
            [
                hex("11 11 FF FF FF 7F 00"),
                fill("05 7E 37 E4 3C 88 00 75 9C 01"),
            ]
            .concat(),
        ),
    ]
}

#[test]
fn a_mebibyte_of_any_shape_stays_within_the_limits() {
    for (shape, bytes) in bombs() {
        let (values, error, spent) = decode_measured(&bytes);
        assert!(spent <= MAX_BYTES, "{shape}: {spent}");
        let kept: usize = values.iter().map(memory).sum();
        assert!(kept <= spent, "{shape}: {kept} of {spent}");
        // Each is more than may be, so none is a smaller thing than it seems.
        let full = matches!(error, Some(Error::TooManyElements | Error::TooManyBytes));
        assert!(full || shape == "damaged text", "{shape}: {error:?}");
    }
}

/// Memory that a value takes by the capacities of its parts, itself not included.
fn memory(value: &Value) -> usize {
    let piece = |bytes: usize| if bytes == 0 { 0 } else { bytes + 8 };
    let members = |object: &Object| -> usize {
        let parts = object
            .iter()
            .map(|(name, value)| piece(name.len()) + memory(value));
        piece(object.len() * size_of::<(String, Value)>()) + parts.sum::<usize>()
    };
    match value {
        Value::Number(_) | Value::Boolean(_) | Value::Null | Value::Undefined | Value::Date(_) => 0,
        Value::String(text) | Value::Xml(text) => piece(text.capacity()),
        Value::ByteArray(bytes) => piece(bytes.capacity()),
        Value::Object(object) | Value::EcmaArray(object) => members(object),
        Value::TypedObject {
            class,
            members: object,
        } => piece(class.capacity()) + members(object),
        Value::StrictArray(values) => {
            piece(values.capacity() * size_of::<Value>()) + values.iter().map(memory).sum::<usize>()
        }
    }
}
