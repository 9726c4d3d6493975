// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Basic and message headers: every fmt, every form of a chunk stream id, and
//! what a header inherits from the one before.

use super::{AUDIO, Oddity, VIDEO, message, messages_of, read, set_chunk_size, times, written};
use crate::rtmp::error::Error;
use crate::rtmp::vectors::hex;

/// A fmt 0 header behind the basic header: time 1, 1 byte, audio, stream 1.
const FULL: &str = "00 00 01 00 00 01 08 01 00 00 00";

#[test]
fn chunk_stream_ids_are_read_in_every_form_that_holds_them() {
    for (csid, forms) in [
        (2, &["02"][..]),
        (3, &["03"]),
        (63, &["3F"]),
        (64, &["00 00", "01 00 00"]),
        (319, &["00 FF", "01 FF 00"]),
        (320, &["01 00 01"]),
        (65_599, &["01 FF FF"]),
    ] {
        for form in forms {
            let messages = messages_of(&format!("{form} {FULL} AA"));
            assert_eq!(messages, [message(csid, 1, AUDIO, 1, &[0xAA])], "{form}");
        }
    }
}

#[test]
fn both_long_forms_name_the_same_chunk_stream() {
    // Its second message says only what changed, in the other form.
    let messages = messages_of(&format!("00 24 {FULL} AA  81 24 00 00 00 05 BB"));
    assert_eq!(
        messages,
        [
            message(100, 1, AUDIO, 1, &[0xAA]),
            message(100, 6, AUDIO, 1, &[0xBB])
        ]
    );
}

#[test]
fn chunk_stream_ids_at_the_edges_survive_a_round_trip_in_the_shortest_form() {
    for (csid, size) in [
        (2, 1),
        (63, 1),
        (64, 2),
        (319, 2),
        (320, 3),
        (65_598, 3),
        (65_599, 3),
    ] {
        let messages = [
            message(csid, 0, AUDIO, 1, &[1; 300]),
            message(csid, 10, VIDEO, 1, &[2; 300]),
        ];
        let bytes = written(128, &messages);
        assert_eq!(bytes.len(), 6 * size + 11 + 7 + 600, "csid {csid}");
        assert_eq!(read(&bytes).messages, messages, "csid {csid}");
    }
}

#[test]
fn each_fmt_inherits_what_it_does_not_say() {
    let messages = messages_of(
        "05 00 00 64 00 00 02 12 07 00 00 00 A1 A2
         45 00 00 0A 00 00 01 09 B1
         85 00 00 05 C1
         C5 D1",
    );
    assert_eq!(
        messages,
        [
            message(5, 100, 18, 7, &[0xA1, 0xA2]),
            message(5, 110, VIDEO, 7, &[0xB1]),
            message(5, 115, VIDEO, 7, &[0xC1]),
            message(5, 120, VIDEO, 7, &[0xD1])
        ]
    );
}

#[test]
fn headers_are_inherited_from_the_own_chunk_stream_only() {
    let messages = messages_of(
        "04 00 00 64 00 00 01 08 01 00 00 00 A1
         06 00 03 E8 00 00 02 09 02 00 00 00 B1 B2
         84 00 00 05 A2
         86 00 00 07 B3 B4",
    );
    assert_eq!(times(&messages), [100, 1000, 105, 1007]);
    assert_eq!(messages[3], message(6, 1007, VIDEO, 2, &[0xB3, 0xB4]));
}

#[test]
fn the_message_stream_id_is_little_endian() {
    let messages = messages_of("05 00 00 00 00 00 01 12 04 03 02 01 AA");
    assert_eq!(messages[0], message(5, 0, 18, 0x0102_0304, &[0xAA]));
    assert_eq!(
        written(128, &messages),
        hex("05 00 00 00 00 00 01 12 04 03 02 01 AA")
    );
}

#[test]
fn fmt_3_behind_a_large_fmt_0_time_keeps_the_time() {
    // nginx-rtmp writes this for a second message at the same time; doubling
    // the clock would be the worse misreading.
    for (time, next) in [(9_999, 19_998), (10_000, 10_000), (3_600_000, 3_600_000)] {
        let first = written(128, &[message(4, time, AUDIO, 1, &[1])]);
        let outcome = read(&[&first[..], &[0xC4, 2]].concat());
        assert_eq!(times(&outcome.messages), [time, next]);
    }
}

#[test]
fn a_delta_replaces_what_fmt_3_repeats() {
    let messages = messages_of(
        "04 00 00 1A 00 00 01 08 01 00 00 00 A1
         84 00 00 03 A2
         C4 A3
         C4 A4",
    );
    assert_eq!(times(&messages), [26, 29, 32, 35]);
}

#[test]
fn times_wrap_at_32_bits() {
    let messages = messages_of(
        "04 FF FF FF 00 00 01 08 01 00 00 00 FF FF FF F0 A1
         84 00 00 20 A2
         C4 A3",
    );
    assert_eq!(times(&messages), [0xFFFF_FFF0, 0x10, 0x30]);
}

#[test]
fn a_partial_header_first_is_an_error_but_not_on_the_control_stream() {
    for first in ["44", "84", "C4", "40 00", "C1 00 00", "C2"] {
        let outcome = read(&hex(&format!("{first} 00 00 00 00 00 01 08 AA")));
        assert!(
            matches!(outcome.error, Some(Error::PeerMisbehaved(_))),
            "{first}"
        );
        assert_eq!(outcome.messages, []);
    }

    // librtmp's first ping answer.
    let outcome = read(&hex("42 00 00 00 00 00 06 04 00 07 00 00 00 01"));
    assert_eq!(outcome.error, None);
    assert_eq!(outcome.messages, [message(2, 0, 4, 0, &[0, 7, 0, 0, 0, 1])]);
    assert_eq!(outcome.oddities, [Oddity::PartialFirstHeader]);

    // fmt 2 on it says no length: an empty message of no known type.
    let outcome = read(&hex("82 00 00 07"));
    assert_eq!(outcome.messages, [message(2, 7, 0, 0, &[])]);
    assert_eq!(outcome.oddities, [Oddity::PartialFirstHeader]);
}

#[test]
fn the_writer_starts_messages_with_the_smallest_header_that_all_read_alike() {
    let first = message(4, 1000, AUDIO, 1, &[1]);
    for (second, basic) in [
        // Same length and type: only the delta, even where it is 0.
        (message(4, 1000, AUDIO, 1, &[2]), 0x84),
        (message(4, 1020, AUDIO, 1, &[2]), 0x84),
        (message(4, 1020, AUDIO, 1, &[2, 3]), 0x44),
        (message(4, 1020, VIDEO, 1, &[2]), 0x44),
        // Another stream, time going back, extended time: everything.
        (message(4, 1020, AUDIO, 2, &[2]), 0x04),
        (message(4, 999, AUDIO, 1, &[2]), 0x04),
        (message(4, 0x00FF_FFFF, AUDIO, 1, &[2]), 0x04),
        (message(4, u32::MAX, AUDIO, 1, &[2]), 0x04),
    ] {
        let bytes = written(128, &[first.clone(), second.clone()]);
        assert_eq!(bytes[13], basic, "{second:?}");
        assert_eq!(read(&bytes).messages, [first.clone(), second]);
    }
}

#[test]
fn the_writer_leaves_the_extended_form_with_a_full_header() {
    let messages = [
        message(4, 0x0100_0000, AUDIO, 1, &[1]),
        message(4, 0x0100_0014, AUDIO, 1, &[2]),
        message(4, 5, AUDIO, 1, &[3]),
        message(4, 25, AUDIO, 1, &[4]),
    ];
    let bytes = written(128, &messages);
    assert_eq!(
        bytes,
        hex("04 FF FF FF 00 00 01 08 01 00 00 00 01 00 00 00 01
             04 FF FF FF 00 00 01 08 01 00 00 00 01 00 00 14 02
             04 00 00 05 00 00 01 08 01 00 00 00 03
             84 00 00 14 04")
    );
    assert_eq!(read(&bytes).messages, messages);
}

#[test]
fn a_body_beyond_the_length_field_is_cut_to_it() {
    let body = vec![7; 0x0100_0000];
    let bytes = written(0x00FF_FFFF, &[message(6, 0, VIDEO, 1, &body)]);
    let outcome = read(&[set_chunk_size(0x00FF_FFFF), bytes].concat());
    assert_eq!(outcome.messages[1].payload.len(), 0x00FF_FFFF);
}
