// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF3 values, and what is no value.

use super::super::amf::{MAX_DEPTH, MAX_ELEMENTS};
use super::*;
use crate::rtmp::vectors::hex;

fn numbers(values: &[f64]) -> Value {
    Value::StrictArray(values.iter().copied().map(Value::Number).collect())
}

fn decoded(text: &str) -> Result<Value, Error> {
    let bytes = hex(text);
    let (value, rest) = decode(&bytes)?;
    assert!(rest.is_empty(), "{text}");
    Ok(value)
}

#[test]
fn u29_vectors_both_ways() {
    // V13
    let vectors = [
        ("00", 0),
        ("7F", 127),
        ("81 00", 128),
        ("FF 7F", 16_383),
        ("81 80 00", 16_384),
        ("FF FF 7F", 2_097_151),
        ("80 C0 80 00", 2_097_152),
        ("FF FF FF FF", 536_870_911),
    ];
    for (text, number) in vectors {
        let bytes = hex(text);
        assert_eq!(u29(&mut Reader::new(&bytes)), Ok(number), "{text}");
        let mut out = BytesMut::new();
        put_u29(number, &mut out);
        assert_eq!(out, bytes, "{number}");
        for length in 0..bytes.len() {
            let cut = u29(&mut Reader::new(&bytes[..length]));
            assert_eq!(cut, Err(Error::Truncated), "{text}");
        }
    }
}

fn vectors() -> Vec<(&'static str, Value)> {
    let point = Object::new().with("x", 1.0).with("y", 2.0);
    vec![
        // V13
        ("04 FF FF FF FF", Value::Number(-1.0)),
        ("05 40 0C 00 00 00 00 00 00", Value::Number(3.5)),
        ("06 01", Value::from("")),
        ("06 07 66 6F 6F", Value::from("foo")),
        (
            "0A 0B 01 09 63 6F 64 65 06 05 6F 6B 03 6E 04 05 01",
            Object::new().with("code", "ok").with("n", 5.0).into(),
        ),
        (
            "0A 23 03 50 03 78 03 79 04 01 04 02",
            Value::TypedObject {
                class: "P".to_owned(),
                members: point.clone(),
            },
        ),
        (
            "09 05 01 06 03 61 06 00",
            Value::StrictArray(vec!["a".into(), "a".into()]),
        ),
        (
            "09 03 03 6B 03 01 02",
            Value::EcmaArray(Object::new().with("k", true).with("0", false)),
        ),
        (
            "08 01 42 78 BC FE 56 80 00 00",
            Value::Date(1_700_000_000_000.0),
        ),
        ("0C 07 DE AD 01", Value::ByteArray(vec![0xDE, 0xAD, 0x01])),
        ("0D 05 00 00 00 00 01 FF FF FF FF", numbers(&[1.0, -1.0])),
        (
            "11 03 00 06 03 6B 04 07",
            Value::EcmaArray(Object::new().with("k", 7.0)),
        ),
        // The remaining types.
        ("00", Value::Undefined),
        ("01", Value::Null),
        ("02", Value::Boolean(false)),
        ("03", Value::Boolean(true)),
        ("04 FF FF FF 7F", Value::Number(-129.0)),
        ("04 BF FF FF FF", Value::Number(268_435_455.0)),
        ("07 09 3C 61 2F 3E", Value::Xml("<a/>".to_owned())),
        ("0B 09 3C 61 2F 3E", Value::Xml("<a/>".to_owned())),
        ("0E 03 01 FF FF FF FF", numbers(&[4_294_967_295.0])),
        ("0F 03 00 3F F0 00 00 00 00 00 00", numbers(&[1.0])),
        (
            "10 05 00 03 50 01 04 01",
            Value::StrictArray(vec![Value::Null, Value::Number(1.0)]),
        ),
        (
            "11 0B 00 04 01 01 03 01 01 01 0A 0B 01 01 01 00 01",
            Value::EcmaArray(
                ["1", "true", "null", "[object]", "undefined"]
                    .into_iter()
                    .map(|name| (name, Value::Null))
                    .collect(),
            ),
        ),
        // Two objects of one class: the second by traits reference.
        (
            "09 05 01 0A 23 03 50 03 78 03 79 04 01 04 02 0A 01 04 01 04 02",
            Value::StrictArray(vec![
                Value::TypedObject {
                    class: "P".to_owned(),
                    members: point.clone(),
                };
                2
            ]),
        ),
        // Sealed and dynamic members in one object.
        (
            "0A 1B 01 03 78 04 01 03 79 04 02 01",
            Value::Object(point.clone()),
        ),
    ]
}

#[test]
fn vectors_decode() {
    for (text, value) in vectors() {
        assert_eq!(decoded(text), Ok(value), "{text}");
    }
}

#[test]
fn truncation_is_an_error_everywhere() {
    for (text, _) in vectors() {
        let bytes = hex(text);
        for length in 0..bytes.len() {
            assert_eq!(
                decode(&bytes[..length]),
                Err(Error::Truncated),
                "{text} cut to {length}"
            );
        }
    }
}

#[test]
fn externalizable_wrappers_hold_one_value() {
    for name in WRAPPERS {
        let mut bytes = vec![0x0A, 0x07, (name.len() as u8) << 1 | 1];
        bytes.extend_from_slice(name);
        bytes.extend_from_slice(&hex("09 03 01 04 07 FF"));
        let (value, rest) = decode(&bytes).unwrap();
        assert_eq!(value, numbers(&[7.0]));
        assert_eq!(rest, [0xFF]);
    }
}

#[test]
fn other_externalizable_classes_are_refused() {
    assert_eq!(
        decoded("0A 07 03 58 04 01"),
        Err(Error::Unsupported("externalizable object"))
    );
}

#[test]
fn object_references_repeat_the_value() {
    // [{a:"b"}, reference 1, reference 1]; the outer array is entry 0.
    let inner = Value::Object(Object::new().with("a", "b"));
    assert_eq!(
        decoded("09 07 01 0A 0B 01 03 61 06 03 62 01 0A 02 0A 02"),
        Ok(Value::StrictArray(vec![inner; 3]))
    );
    // Dates, byte arrays, XML and vectors are in the same table.
    assert_eq!(
        decoded("09 05 01 0C 03 AA 0C 02"),
        Ok(Value::StrictArray(vec![Value::ByteArray(vec![0xAA]); 2]))
    );
}

#[test]
fn strings_after_a_repeated_value_keep_their_index() {
    // [{a:"b"}, reference 1, "c", string 2]: the repetition adds no string.
    let inner = Value::Object(Object::new().with("a", "b"));
    assert_eq!(
        decoded("09 09 01 0A 0B 01 03 61 06 03 62 01 0A 02 06 03 63 06 04"),
        Ok(Value::StrictArray(vec![
            inner.clone(),
            inner,
            "c".into(),
            "c".into()
        ]))
    );
}

#[test]
fn values_that_hold_themselves_end_in_null() {
    assert_eq!(
        decoded("09 03 01 09 00"),
        Ok(Value::StrictArray(vec![Value::Null]))
    );
}

#[test]
fn references_to_nothing_are_errors() {
    for text in [
        "06 00", "06 02", "09 00", "0A 02", "0A 01", "0A 05", "0C 00",
    ] {
        assert_eq!(decoded(text), Err(Error::BadReference), "{text}");
    }
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_eq!(decoded("06 05 61 FF"), Ok(Value::from("a\u{FFFD}")));
}

#[test]
fn unknown_markers_are_errors() {
    for marker in 0x12..=0xFF {
        assert_eq!(decode(&[marker]), Err(Error::UnknownMarker(marker)));
    }
}

#[test]
fn announced_counts_cost_nothing() {
    // Counts of 2^28 - 1 for every counted type, then the end.
    for first in 0x06..=0x11 {
        for rest in ["FF FF FF FF", "FF FF FF FF 01", "FF FF FF FF 01 01 01"] {
            let mut bytes = vec![first];
            bytes.extend_from_slice(&hex(rest));
            let result = decode(&bytes);
            assert!(
                matches!(
                    result,
                    Err(Error::Truncated | Error::Unsupported(_)) | Ok((Value::Date(_), _))
                ),
                "{first:#x} {rest}: {result:?}"
            );
        }
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |levels: usize| {
        let mut bytes = hex("09 03 01").repeat(levels);
        bytes.push(0x01);
        bytes
    };
    assert!(decode(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(decode(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
    assert_eq!(decode(&nested(10_000)), Err(Error::TooDeep));
    let mut wrapped = vec![0x0A, 0x07, 0x43];
    wrapped.extend_from_slice(WRAPPERS[0]);
    assert_eq!(
        decode(&[wrapped, hex("0A 01").repeat(10_000)].concat()),
        Err(Error::TooDeep)
    );
}

#[test]
fn elements_are_limited() {
    // More nulls than allowed, announced honestly.
    let mut bytes = vec![0x09];
    let mut out = BytesMut::new();
    put_u29(((MAX_ELEMENTS as u32) << 1) | 1, &mut out);
    bytes.extend_from_slice(&out);
    bytes.push(0x01);
    bytes.resize(bytes.len() + MAX_ELEMENTS, 0x01);
    assert_eq!(decode(&bytes), Err(Error::TooManyElements));
    // The same as sealed member names.
    let mut names = vec![0x0A];
    let mut out = BytesMut::new();
    put_u29(((MAX_ELEMENTS as u32) << 4) | 3, &mut out);
    names.extend_from_slice(&out);
    names.resize(names.len() + MAX_ELEMENTS + 1, 0x01);
    assert_eq!(decode(&names), Err(Error::TooManyElements));
}

#[test]
fn repeated_references_cannot_explode() {
    // Nine elements, each array holding the previous one ten times over.
    let mut bytes = hex("09 15 01");
    bytes.extend_from_slice(&hex("09 15 01"));
    bytes.extend_from_slice(&[0x01; 10]);
    for entry in 1..9u8 {
        bytes.extend_from_slice(&hex("09 15 01"));
        bytes.extend_from_slice(&[0x09, entry << 1].repeat(10));
    }
    assert_eq!(decode(&bytes), Err(Error::TooManyBytes));
    // Where there is memory, the number of values ends it.
    bytes.resize(100_000, 0x01);
    assert_eq!(decode(&bytes), Err(Error::TooManyElements));
}

#[test]
fn repeated_long_strings_cannot_explode() {
    // A string of 64 KiB and 60 000 references to it.
    let mut out = BytesMut::new();
    out.put_u8(0x09);
    put_u29((60_001 << 1) | 1, &mut out);
    out.put_slice(&[0x01, 0x06]);
    put_u29((65_536 << 1) | 1, &mut out);
    out.put_slice(&vec![b'a'; 65_536]);
    out.put_slice(&[0x06, 0x00].repeat(60_000));
    assert_eq!(decode(&out), Err(Error::TooManyBytes));
}

#[test]
fn numbers_as_names_count_as_the_bytes_that_they_become() {
    // A dictionary of 1000 entries, each named by the same number.
    let mut bytes = hex("11 11 8F 51 00");
    for _ in 0..1000 {
        bytes.push(0x05);
        bytes.extend((-f64::MIN_POSITIVE).to_be_bytes());
        bytes.push(0x01);
    }
    let (values, error, counted) = amf0::decode_measured(&bytes);
    assert_eq!(error, None);
    let names = values[0].as_object().unwrap().iter();
    let names: usize = names.map(|(name, _)| name.len()).sum();
    assert!(names > 300_000 && counted >= names, "{names} and {counted}");
}

#[test]
fn every_short_input_is_survived() {
    for a in 0..=u8::MAX {
        for b in 0..=u8::MAX {
            for tail in [&[][..], &[0x01, 0x01, 0x01], &[0xFF; 9], &[0x09; 40]] {
                let _ = decode(&[&[a, b], tail].concat());
            }
        }
    }
}

fn status() -> Vec<Value> {
    let info = Object::new().with("code", "ok").with("n", 5.0);
    vec!["onStatus".into(), 0.0.into(), Value::Null, info.into()]
}

const V17: &str = "00 02 00 08 6F 6E 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05 \
                       11 0A 0B 01 09 63 6F 64 65 06 05 6F 6B 03 6E 04 05 01";

#[test]
fn command_message_with_format_byte() {
    assert_eq!(decode_message(&hex(V17)), (status(), None));
}

#[test]
fn command_message_without_format_byte() {
    assert_eq!(decode_message(&hex(V17)[1..]), (status(), None));
}

#[test]
fn truncated_messages_keep_whole_values() {
    let bytes = hex(V17);
    for length in 0..bytes.len() {
        let (values, _) = decode_message(&bytes[..length]);
        assert!(status().starts_with(&values), "cut to {length}");
        assert!(values.len() < 4);
    }
    assert_eq!(decode_message(&[]), (Vec::new(), None));
    assert_eq!(decode_message(&[0]), (Vec::new(), None));
}

#[test]
fn tables_start_empty_for_each_switch() {
    // Two AMF3 strings in one message: the reference in the second finds nothing.
    let (values, error) = decode_message(&hex("00 11 06 03 61 11 06 00"));
    assert_eq!(values, ["a".into()]);
    assert_eq!(error, Some(Error::BadReference));
}

#[test]
fn byte_arrays_encode() {
    let mut out = BytesMut::new();
    encode_byte_array(&[0xDE, 0xAD, 0x01], &mut out);
    assert_eq!(out, hex("0C 07 DE AD 01"));
}
