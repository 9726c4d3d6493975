// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF3 values. Input: a value of AMF3, without the marker that announces it.

#[path = "../../src/rtmp/amf3/writer.rs"]
mod writer;

use gstrtmpr::rtmp::amf::{Error, Object, Value};
use gstrtmpr::rtmp::{amf0, amf3};

use writer::{Habits, Writer};

use super::cut::Choice;
use super::values::{Size, assert_bounded, assert_round_trip, assert_same};

/// The writer looks for each value among those before, which takes its time.
const MAX_WRITTEN: usize = 300;

pub fn run(data: &[u8]) {
    let alone = amf3::decode(data);
    if let Ok((value, rest)) = &alone {
        let values = std::slice::from_ref(value);
        assert!(data.ends_with(rest) && rest.len() < data.len());
        assert_bounded(values);
        assert_round_trip(values);
        is_read_from_a_peer(data, value);
    }

    // Behind the marker in AMF0 it is the same.
    let switched = [&[0x11], data].concat();
    let mut decoder = amf0::Decoder::new(&switched);
    match (decoder.next_value(), alone) {
        (Ok(Some(value)), Ok((expected, rest))) => {
            assert_same(&[value], &[expected]);
            assert_eq!(decoder.remaining(), rest);
        }
        // What is around it counts for the limits, too, and so does the marker.
        (Err(Error::TooManyBytes | Error::TooManyElements), _)
        | (_, Err(Error::TooManyBytes | Error::TooManyElements)) => {}
        (Err(error), Err(expected)) => assert_eq!(error, expected),
        (value, expected) => panic!("{value:?} instead of {expected:?}"),
    }

    let (values, error) = amf3::decode_message(data);
    assert_bounded(&values);
    assert_round_trip(&values);
    let with_format = [&[0], data].concat();
    let (same, same_error) = amf0::decode_lenient(data);
    let (behind_format, format_error) = amf3::decode_message(&with_format);
    assert_same(&behind_format, &same);
    assert_eq!(format_error, same_error);
    if data.first() == Some(&0x02) {
        assert_same(&values, &same);
        assert_eq!(error, same_error);
    }
}

/// Written by an independent writer, a value is read as the same.
fn is_read_from_a_peer(data: &[u8], value: &Value) {
    if Size::of(std::slice::from_ref(value)).elements > MAX_WRITTEN {
        return;
    }
    let choice = Choice::of(data).number();
    let habits = Habits {
        refers: choice & 1 != 0,
        seals: choice & 2 != 0,
        has_integers: choice & 4 != 0,
    };
    let value = in_amf3(value);
    let written = Writer::new(habits).written(&value);
    match amf3::decode(&written) {
        Ok((read, [])) => assert_same(&[read], &[value]),
        other => panic!("{other:?} instead of {value:?}"),
    }
}

/// What AMF3 can tell apart: an array without names is a strict one, names end
/// with an empty one, and an object of an empty class has none.
fn in_amf3(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members_in_amf3(members)),
        Value::TypedObject { class, members } => Value::TypedObject {
            class: class.clone(),
            members: members_in_amf3(members),
        },
        Value::EcmaArray(members) => {
            let members = members_in_amf3(members);
            if members.is_empty() {
                Value::StrictArray(Vec::new())
            } else {
                Value::EcmaArray(members)
            }
        }
        Value::StrictArray(values) => Value::StrictArray(values.iter().map(in_amf3).collect()),
        other => other.clone(),
    }
}

fn members_in_amf3(members: &Object) -> Object {
    let named = members.iter().filter(|(name, _)| !name.is_empty());
    named
        .map(|(name, value)| (name.to_owned(), in_amf3(value)))
        .collect()
}
