// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF0 values, both ways, and what is no value.

use super::super::amf::MAX_ELEMENTS;
use super::*;
use crate::rtmp::vectors::hex;

mod bombs;
mod shapes;

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(value, &mut out);
    out.to_vec()
}

/// V12: bytes and values that are each other's only form.
fn exact_vectors() -> Vec<(&'static str, Value)> {
    vec![
        ("00 3F F0 00 00 00 00 00 00", 1.0.into()),
        ("00 BF E0 00 00 00 00 00 00", (-0.5).into()),
        ("01 01", true.into()),
        ("02 00 04 6C 69 76 65", "live".into()),
        ("02 00 00", "".into()),
        (
            "03 00 01 61 00 3F F0 00 00 00 00 00 00 00 00 09",
            Object::new().with("a", 1.0).into(),
        ),
        ("03 00 00 09", Object::new().into()),
        ("05", Value::Null),
        ("06", Value::Undefined),
        (
            "08 00 00 00 01 00 01 77 00 40 9E 00 00 00 00 00 00 00 00 09",
            Value::EcmaArray(Object::new().with("w", 1920.0)),
        ),
        (
            "0A 00 00 00 02 02 00 01 2A 01 01",
            Value::StrictArray(vec!["*".into(), true.into()]),
        ),
        (
            "0B 42 78 BC FE 56 80 00 00 00 00",
            Value::Date(1_700_000_000_000.0),
        ),
        ("0F 00 00 00 04 3C 61 2F 3E", Value::Xml("<a/>".to_owned())),
        (
            "10 00 01 50 00 01 78 00 3F F0 00 00 00 00 00 00 00 00 09",
            Value::TypedObject {
                class: "P".to_owned(),
                members: Object::new().with("x", 1.0),
            },
        ),
        ("11 0C 07 DE AD 01", Value::ByteArray(vec![0xDE, 0xAD, 1])),
    ]
}

/// V12 and others: bytes we read but would write differently.
fn decode_only_vectors() -> Vec<(&'static str, Vec<Value>)> {
    let outer = Object::new().with("p", Object::new().with("q", Value::Null));
    vec![
        (
            "08 00 00 00 00 00 01 77 00 40 9E 00 00 00 00 00 00 00 00 09",
            vec![Value::EcmaArray(Object::new().with("w", 1920.0))],
        ),
        ("0C 00 00 00 02 68 69", vec!["hi".into()]),
        (
            "03 00 01 70 03 00 01 71 05 00 00 09 00 00 09 07 00 00",
            vec![outer.clone().into(), outer.clone().into()],
        ),
        (
            "03 00 01 70 03 00 01 71 05 00 00 09 00 00 09 07 00 01",
            vec![
                outer.clone().into(),
                Object::new().with("q", Value::Null).into(),
            ],
        ),
        ("11 04 05", vec![5.0.into()]),
        ("01 7F", vec![true.into()]),
        ("0D", vec![Value::Undefined]),
        ("0B 00 00 00 00 00 00 00 00 FF C4", vec![Value::Date(0.0)]),
    ]
}

#[test]
fn vectors_both_ways() {
    for (text, value) in exact_vectors() {
        let bytes = hex(text);
        assert_eq!(encoded(&value), bytes, "{text}");
        assert_eq!(decode_all(&bytes), Ok(vec![value]), "{text}");
    }
}

#[test]
fn vectors_that_are_only_read() {
    for (text, values) in decode_only_vectors() {
        let bytes = hex(text);
        assert_eq!(decode_all(&bytes), Ok(values.clone()), "{text}");
        assert_eq!(decode_all(&encode_all(&values)), Ok(values), "{text}");
    }
}

#[test]
fn connect_command_both_ways() {
    // V15
    let bytes = hex(
        "02 00 07 63 6F 6E 6E 65 63 74 00 3F F0 00 00 00 00 00 00 03 00 03 61 \
             70 70 02 00 04 6C 69 76 65 00 05 74 63 55 72 6C 02 00 0D 72 74 6D 70 3A 2F 2F 68 \
             2F 6C 69 76 65 00 00 09",
    );
    let object = Value::from(
        Object::new()
            .with("app", "live")
            .with("tcUrl", "rtmp://h/live"),
    );
    let written = Encoder::new().string("connect").number(1.0).value(&object);
    assert_eq!(written.finish(), bytes);
    assert_eq!(
        decode_all(&bytes),
        Ok(vec!["connect".into(), 1.0.into(), object])
    );
}

#[test]
fn encoder_writes_simple_values() {
    let written = Encoder::new().boolean(false).null().finish();
    assert_eq!(written[..], [0x01, 0x00, 0x05]);
}

#[test]
fn truncation_never_panics_and_rarely_succeeds() {
    for (text, _) in exact_vectors() {
        let bytes = hex(text);
        for length in 1..bytes.len() {
            let result = decode_all(&bytes[..length]);
            // Only the end of an outermost object may be missing.
            let object = matches!(bytes[0], 0x03 | 0x08 | 0x10);
            assert!(
                result == Err(Error::Truncated) || (object && result.is_ok()),
                "{text} cut to {length}: {result:?}"
            );
        }
    }
}

#[test]
fn decoder_shows_what_remains() {
    let bytes = hex("05 01 00 FF 05");
    let mut decoder = Decoder::new(&bytes);
    assert_eq!(decoder.next_value(), Ok(Some(Value::Null)));
    assert_eq!(decoder.remaining(), [0x01, 0x00, 0xFF, 0x05]);
    assert_eq!(decoder.next_value(), Ok(Some(Value::Boolean(false))));
    for _ in 0..2 {
        assert_eq!(decoder.next_value(), Err(Error::UnknownMarker(0xFF)));
        assert_eq!(decoder.remaining(), [0xFF, 0x05]);
    }
    let mut empty = Decoder::new(&[]);
    assert_eq!(empty.next_value(), Ok(None));
    assert_eq!(empty.next_value(), Ok(None));
}

#[test]
fn values_before_an_error_are_kept() {
    let (values, error) = decode_lenient(&hex("02 00 01 61 05 02 00 05 61"));
    assert_eq!(values, ["a".into(), Value::Null]);
    assert_eq!(error, Some(Error::Truncated));
}

#[test]
fn end_of_message_ends_the_outermost_object() {
    let members = Object::new().with("a", Value::Null);
    let cases = [
        ("03 00 01 61 05", Value::Object(members.clone())),
        ("08 00 00 00 09 00 01 61 05", Value::EcmaArray(members)),
        ("03", Object::new().into()),
    ];
    for (text, value) in cases {
        assert_eq!(decode_all(&hex(text)), Ok(vec![value]), "{text}");
    }
    // An inner object must end, and so must an object in an array.
    for text in ["03 00 01 61 03 00 01 62 05", "0A 00 00 00 01 03"] {
        assert_eq!(decode_all(&hex(text)), Err(Error::Truncated), "{text}");
    }
}

#[test]
fn repeated_names_are_kept_and_the_last_wins() {
    let values = decode_all(&hex("03 00 01 61 01 00 00 01 61 05 00 00 09")).unwrap();
    let object = values[0].as_object().unwrap();
    assert_eq!(object.len(), 2);
    assert_eq!(object.get("a"), Some(&Value::Null));
}

#[test]
fn invalid_utf8_is_replaced() {
    assert_eq!(
        decode_all(&hex("02 00 03 61 C3 28")),
        Ok(vec!["a\u{FFFD}(".into()])
    );
    let named = decode_all(&hex("03 00 01 FF 05 00 00 09")).unwrap();
    assert_eq!(named, [Object::new().with("\u{FFFD}", Value::Null).into()]);
}

#[test]
fn markers_without_a_type_are_errors() {
    let cases = [
        ("09", Error::UnexpectedObjectEnd),
        ("03 00 01 61 09", Error::UnexpectedObjectEnd),
        ("04", Error::Unsupported("MovieClip")),
        ("0E", Error::Unsupported("RecordSet")),
        ("11 12", Error::UnknownMarker(0x12)),
    ];
    for (text, error) in cases {
        assert_eq!(decode_all(&hex(text)), Err(error), "{text}");
    }
    for marker in 0x12..=0xFF {
        assert_eq!(decode_all(&[marker]), Err(Error::UnknownMarker(marker)));
    }
}

#[test]
fn references_to_nothing_or_outwards_are_null() {
    assert_eq!(decode_all(&hex("07 00 00")), Ok(vec![Value::Null]));
    assert_eq!(decode_all(&hex("05 07 FF FF")), Ok(vec![Value::Null; 2]));
    assert_eq!(
        decode_all(&hex("0A 00 00 00 01 07 00 00")),
        Ok(vec![Value::StrictArray(vec![Value::Null])])
    );
    // A forward reference stays null when its holder is repeated later.
    let holder = Value::StrictArray(vec![Value::Null]);
    let values = decode_all(&hex(
        "0A 00 00 00 01 07 00 01 0A 00 00 00 01 07 00 00 07 00 01",
    ));
    let second = Value::StrictArray(vec![holder.clone()]);
    assert_eq!(values, Ok(vec![holder, second.clone(), second]));
}

#[test]
fn repeated_references_cannot_explode() {
    // Each array holds the previous one ten times.
    let mut bytes = hex("0A 00 00 00 0A");
    bytes.extend_from_slice(&[0x05; 10]);
    for previous in 0..8u8 {
        bytes.extend_from_slice(&hex("0A 00 00 00 0A"));
        bytes.extend_from_slice(&[0x07, 0x00, previous].repeat(10));
    }
    let (values, error) = decode_lenient(&bytes);
    assert_eq!(error, Some(Error::TooManyBytes));
    assert!(values.len() < 5);
    // Where there is memory, the number of values ends it.
    let long = [encoded(&"x".repeat(100_000).into()), bytes].concat();
    let (values, error) = decode_lenient(&long);
    assert_eq!(error, Some(Error::TooManyElements));
    assert!(values.len() < 7);
}

#[test]
fn references_count_as_depth() {
    // Each array holds the previous one: as deep as the number of arrays.
    let chain = |arrays: u8| {
        // Long enough for all that the references multiply.
        let mut bytes = encoded(&"x".repeat(4000).into());
        bytes.extend_from_slice(&hex("0A 00 00 00 00"));
        for previous in 0..arrays - 1 {
            bytes.extend_from_slice(&hex("0A 00 00 00 01"));
            bytes.extend_from_slice(&[0x07, 0x00, previous]);
        }
        bytes
    };
    assert!(decode_all(&chain(MAX_DEPTH as u8)).is_ok());
    assert_eq!(decode_all(&chain(MAX_DEPTH as u8 + 1)), Err(Error::TooDeep));
}

#[test]
fn repeated_bytes_are_limited() {
    // An array with a string of 65535 bytes, and 1000 references to it.
    let mut bytes = hex("0A 00 00 00 01 02 FF FF");
    bytes.extend_from_slice(&vec![b'a'; 65_535]);
    bytes.extend_from_slice(&[0x07, 0x00, 0x00].repeat(1000));
    assert_eq!(decode_all(&bytes), Err(Error::TooManyBytes));
}

#[test]
fn announced_counts_cost_nothing() {
    let cases = [
        "0A FF FF FF FF",
        "0A FF FF FF FF 05 05",
        "0C FF FF FF FF 61",
        "0F FF FF FF FF",
        "02 FF FF 61",
        "10 FF FF",
    ];
    for text in cases {
        assert_eq!(decode_all(&hex(text)), Err(Error::Truncated), "{text}");
    }
}

#[test]
fn nesting_is_limited_in_both_directions() {
    let nested = |levels: usize| {
        let mut bytes = hex("0A 00 00 00 01").repeat(levels);
        bytes.push(0x05);
        bytes
    };
    assert!(decode_all(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(decode_all(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
    assert_eq!(decode_all(&nested(10_000)), Err(Error::TooDeep));
    assert_eq!(
        decode_all(&hex("03 00 01 61").repeat(10_000)),
        Err(Error::TooDeep)
    );
    let mut value = Value::Null;
    for _ in 0..100 {
        value = Value::StrictArray(vec![value]);
    }
    assert!(decode_all(&encoded(&value)).is_ok());
}

#[test]
fn amf3_shares_the_limits_of_the_message() {
    // 31 AMF0 arrays leave room for one AMF3 array.
    let arrays =
        |count: usize, tail: &str| [hex("0A 00 00 00 01").repeat(count), hex(tail)].concat();
    assert!(decode_all(&arrays(MAX_DEPTH - 1, "11 09 01 01")).is_ok());
    assert_eq!(
        decode_all(&arrays(MAX_DEPTH, "11 09 01 01")),
        Err(Error::TooDeep)
    );
    let mut bytes = vec![0x05; MAX_ELEMENTS - 2];
    bytes.extend_from_slice(&hex("11 09 03 01 01"));
    assert_eq!(decode_all(&bytes), Err(Error::TooManyElements));
}

#[test]
fn elements_are_limited() {
    assert!(decode_all(&vec![0x05; MAX_ELEMENTS]).is_ok());
    let (values, error) = decode_lenient(&vec![0x05; MAX_ELEMENTS + 1]);
    assert_eq!(values.len(), MAX_ELEMENTS);
    assert_eq!(error, Some(Error::TooManyElements));
}

#[test]
fn long_strings_switch_the_marker() {
    for (length, marker) in [(65_535, 0x02), (65_536, 0x0C)] {
        let value = Value::from("a".repeat(length));
        let bytes = encoded(&value);
        assert_eq!(bytes[0], marker);
        assert_eq!(decode_all(&bytes), Ok(vec![value]));
    }
}

#[test]
fn long_names_are_cut_between_characters() {
    let name = format!("a{}", "é".repeat(40_000));
    let object = Object::new().with(name, 1.0);
    let values = decode_all(&encoded(&object.into())).unwrap();
    let (name, value) = values[0].as_object().unwrap().iter().next().unwrap();
    assert_eq!(name.len(), 65_535);
    assert!(name.ends_with('é'));
    assert_eq!(value, &Value::Number(1.0));
}

#[test]
fn members_without_a_name_are_read_but_not_written() {
    let values = decode_all(&hex("03 00 00 05 00 01 61 05 00 00 09")).unwrap();
    assert_eq!(values[0].as_object().map(Object::len), Some(2));
    assert_eq!(encoded(&values[0]), hex("03 00 01 61 05 00 00 09"));
    let array = Value::EcmaArray(Object::new().with("", 1.0));
    assert_eq!(encoded(&array), hex("08 00 00 00 00 00 00 09"));
}

#[test]
fn every_short_input_is_survived() {
    for a in 0..=u8::MAX {
        for b in 0..=u8::MAX {
            for tail in [&[][..], &[0; 12], &[0xFF; 9], &[0x03; 40]] {
                let _ = decode_lenient(&[&[a, b], tail].concat());
            }
        }
    }
}

#[test]
fn references_multiply_no_more_than_the_length_of_the_message_allows() {
    let members: Object = (0..1000).map(|n| (format!("n{n}"), f64::from(n))).collect();
    let plain = encoded(&Value::from(members));
    let repeated = [&plain[..], &hex("07 00 00").repeat(1000)].concat();
    let (values, error) = decode_lenient(&repeated);
    assert_eq!(error, Some(Error::TooManyElements));
    assert!(values.len() < 30, "{}", values.len());

    let long = encoded(&Object::new().with("a", "x".repeat(4000)).into());
    let repeated = [&long[..], &hex("07 00 00").repeat(1000)].concat();
    let (values, error, bytes) = decode_measured(&repeated);
    assert_eq!(error, Some(Error::TooManyBytes));
    assert!(values.len() > 100, "{}", values.len());
    assert!(bytes <= 256 * repeated.len() + 4096, "{bytes}");
}
