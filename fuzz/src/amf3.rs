// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF3 values. Input: a value of AMF3, without the marker that announces it.

use gstrtmpr::rtmp::{amf0, amf3};

use super::values::{assert_bounded, assert_round_trip, assert_same};

pub fn run(data: &[u8]) {
    let alone = amf3::decode(data);
    if let Ok((value, rest)) = &alone {
        let values = std::slice::from_ref(value);
        assert!(data.ends_with(rest) && rest.len() < data.len());
        assert_bounded(values);
        assert_round_trip(values);
    }

    // Behind the marker in AMF0 it is the same.
    let switched = [&[0x11], data].concat();
    let mut decoder = amf0::Decoder::new(&switched);
    match (decoder.next_value(), alone) {
        (Ok(Some(value)), Ok((expected, rest))) => {
            assert_same(&[value], &[expected]);
            assert_eq!(decoder.remaining(), rest);
        }
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
