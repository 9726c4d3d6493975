// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Extended timestamps, and all that peers do with them on fmt 3 chunks.

use std::slice::from_ref;

use super::{
    AUDIO, Oddity, Receiver, VIDEO, bodies, message, read, read_pieces, set_chunk_size, times,
    written,
};
use crate::rtmp::chunk::ChunkReader;
use crate::rtmp::vectors::hex;

/// Chunk size 8, then these bytes.
fn in_chunks_of_8(text: &str) -> Vec<u8> {
    [set_chunk_size(8), hex(text)].concat()
}

/// Video of 10 bytes on chunk stream 6 at 0x01000000, its first chunk.
const FIRST_CHUNK: &str = "06 FF FF FF 00 00 0A 09 01 00 00 00 01 00 00 00 \
                           A0 A1 A2 A3 A4 A5 A6 A7";

#[test]
fn every_chunk_of_a_long_message_repeats_the_field() {
    let video = message(6, 0xFFFF_FFFF, VIDEO, 1, &[7; 1000]);
    let bytes = written(100, from_ref(&video));
    assert_eq!(bytes.len(), 1000 + 12 + 4 + 9 * 5);

    let outcome = read(&[set_chunk_size(100), bytes].concat());
    assert_eq!(outcome.messages[1..], [video]);
    assert_eq!(outcome.oddities, []);
}

#[test]
fn the_largest_time_without_the_field_is_one_below_it() {
    let video = message(6, 0x00FF_FFFE, VIDEO, 1, &[1]);
    let bytes = written(128, from_ref(&video));
    assert_eq!(bytes, hex("06 FF FF FE 00 00 01 09 01 00 00 00 01"));
    assert_eq!(read(&bytes).messages, [video]);
}

#[test]
fn a_full_header_without_the_field_ends_the_repetition() {
    let outcome = read(&in_chunks_of_8(&format!(
        "{FIRST_CHUNK} C6 01 00 00 00 A8 A9
         06 00 00 05 00 00 0A 09 01 00 00 00 01 00 00 00 00 00 00 00 C6 01 00"
    )));
    assert_eq!(
        outcome.messages[2],
        message(6, 5, VIDEO, 1, &[1, 0, 0, 0, 0, 0, 0, 0, 1, 0])
    );
    assert_eq!(outcome.oddities, []);
}

#[test]
fn an_extended_delta_is_repeated_on_fmt_3_too() {
    // From 0x01000000 on by -20, in two chunks, and again by a fmt 3 start.
    let outcome = read(&in_chunks_of_8(&format!(
        "{FIRST_CHUNK} C6 01 00 00 00 A8 A9
         86 FF FF FF FF FF FF EC B0 B1 B2 B3 B4 B5 B6 B7 C6 FF FF FF EC B8 B9
         C6 FF FF FF EC C0 C1 C2 C3 C4 C5 C6 C7 C6 FF FF FF EC C8 C9"
    )));
    assert_eq!(
        times(&outcome.messages[1..]),
        [0x0100_0000, 0x00FF_FFEC, 0x00FF_FFD8]
    );
    assert_eq!(outcome.messages[3].payload.as_slice()[8..], [0xC8, 0xC9]);
    assert_eq!(outcome.oddities, []);
}

#[test]
fn an_absolute_time_on_a_fmt_3_continuation_is_consumed() {
    // The header had a delta, the continuation the message's time: in full
    // or in 31 bits.
    for (base, continuation) in [
        ("01 00 00 00", "00 FF FF EC"),
        ("81 00 00 00", "80 FF FF EC"),
        ("81 00 00 00", "00 FF FF EC"),
    ] {
        let outcome = read(&in_chunks_of_8(&format!(
            "06 FF FF FF 00 00 0A 09 01 00 00 00 {base} A0 A1 A2 A3 A4 A5 A6 A7 C6 {base} A8 A9
             86 FF FF FF FF FF FF EC B0 B1 B2 B3 B4 B5 B6 B7 C6 {continuation} B8 B9"
        )));
        assert_eq!(outcome.messages[2].payload.as_slice()[8..], [0xB8, 0xB9]);
        assert_eq!(outcome.oddities, [], "{base} {continuation}");
    }
}

#[test]
fn an_absolute_time_on_a_fmt_3_start_is_the_new_time() {
    for (field, time) in [
        // The same again, 40 ms later, and the edges of what is plausible.
        ("01 00 00 00", 0x0100_0000),
        ("01 00 00 28", 0x0100_0028),
        ("01 00 27 10", 0x0100_2710),
        ("00 FF D8 F0", 0x00FF_D8F0),
    ] {
        let outcome = read(&in_chunks_of_8(&format!(
            "06 FF FF FF 00 00 04 09 01 00 00 00 01 00 00 00 A0 A1 A2 A3
             C6 {field} B0 B1 B2 B3"
        )));
        assert_eq!(times(&outcome.messages[1..]), [0x0100_0000, time]);
        assert_eq!(bodies(&outcome.messages)[2], [0xB0, 0xB1, 0xB2, 0xB3]);
        assert_eq!(outcome.oddities, []);
    }
}

#[test]
fn an_implausible_time_on_a_fmt_3_start_is_payload() {
    for field in ["01 00 27 11", "00 FF D8 EF", "81 00 00 00", "00 00 00 00"] {
        let outcome = read(&in_chunks_of_8(&format!(
            "06 FF FF FF 00 00 04 09 01 00 00 00 01 00 00 00 A0 A1 A2 A3 C6 {field}"
        )));
        assert_eq!(times(&outcome.messages[1..]), [0x0100_0000; 2]);
        assert_eq!(bodies(&outcome.messages)[2], hex(field));
        assert_eq!(outcome.oddities, [Oddity::ExtendedTimestampNotRepeated]);
    }
}

#[test]
fn plausible_times_on_a_fmt_3_start_wrap() {
    let outcome = read(&hex(
        "06 FF FF FF 00 00 04 09 01 00 00 00 FF FF FF F0 A0 A1 A2 A3
         C6 00 00 00 18 B0 B1 B2 B3",
    ));
    assert_eq!(times(&outcome.messages), [0xFFFF_FFF0, 0x18]);
}

#[test]
fn an_absolute_time_in_place_of_a_delta_is_recognised() {
    let outcome = read(&hex("04 FF FF FF 00 00 01 08 01 00 00 00 01 00 00 00 A0
         44 FF FF FF 00 00 01 08 01 00 00 17 A1
         84 FF FF FF 01 00 00 2E A2"));
    assert_eq!(
        times(&outcome.messages),
        [0x0100_0000, 0x0100_0017, 0x0100_002E]
    );
    assert_eq!(outcome.oddities, [Oddity::AbsoluteTimestampDelta]);
}

#[test]
fn a_large_extended_delta_from_an_early_time_stays_a_delta() {
    let outcome = read(&hex("04 00 00 00 00 00 01 08 01 00 00 00 A0
         84 FF FF FF 01 00 00 00 A1
         84 FF FF FF 80 00 00 00 A2"));
    assert_eq!(times(&outcome.messages), [0, 0x0100_0000, 0x8100_0000]);
    assert_eq!(outcome.oddities, []);
}

#[test]
fn negative_deltas_of_up_to_a_minute_are_steps_back() {
    let outcome = read(&hex("04 01 00 00 00 00 01 08 01 00 00 00 A0
         84 FF FF FF FF FF FF EC A1
         84 FF FF FF FF FF 15 A0 A2"));
    assert_eq!(times(&outcome.messages), [65_536, 65_516, 5_516]);
    assert_eq!(outcome.oddities, []);
}

#[test]
fn a_short_rest_at_the_end_of_input_does_not_wait_for_a_field() {
    // The peer does not repeat the field, and fewer bytes are left than it has.
    for rest in ["A8 A9", "A8", "02", "01 01", "01 00 01"] {
        let length = 8 + hex(rest).len();
        let bytes = in_chunks_of_8(&format!(
            "06 FF FF FF 00 00 {length:02X} 09 01 00 00 00 01 00 00 00
             A0 A1 A2 A3 A4 A5 A6 A7 C6 {rest}"
        ));
        let mut receiver = Receiver::default();
        receiver.receive(&bytes);
        let [_, video] = &receiver.outcome.messages[..] else {
            panic!("{rest} completes the message");
        };
        assert_eq!(video.payload.as_slice()[8..], hex(rest));
        assert!(receiver.reader.is_at_message_boundary());
    }
}

#[test]
fn a_rest_that_could_begin_a_field_is_decided_by_what_follows() {
    // 01, 01 00 and 01 00 00 could all be 01 00 00 00.
    for rest in ["01", "01 00", "01 00 00"] {
        let length = 8 + hex(rest).len();
        let bytes = in_chunks_of_8(&format!(
            "06 FF FF FF 00 00 {length:02X} 09 01 00 00 00 01 00 00 00
             A0 A1 A2 A3 A4 A5 A6 A7 C6 {rest}"
        ));
        let next = hex("04 00 00 26 00 00 04 08 01 00 00 00 AF 01 11 22");
        let mut receiver = Receiver::default();
        receiver.receive(&bytes);
        assert_eq!(receiver.outcome.messages.len(), 1, "{rest} is undecided");
        assert!(!receiver.reader.is_at_message_boundary());

        receiver.receive(&next);

        let messages = &receiver.outcome.messages;
        assert_eq!(messages[1].payload.as_slice()[8..], hex(rest));
        assert_eq!(
            messages[2..],
            [message(4, 38, AUDIO, 1, &[0xAF, 1, 0x11, 0x22])]
        );
        let at_once = read(&[bytes, next].concat());
        assert_eq!(at_once, receiver.outcome);
    }
}

#[test]
fn bytes_looked_at_for_a_field_may_span_several_chunks_of_one_byte() {
    // Chunk size 1, no repetition. Behind each C6 comes 01 C6 01 C6, which
    // differs from the field in its last byte only.
    let bytes = [
        set_chunk_size(1),
        hex("06 FF FF FF 00 00 06 09 01 00 00 00 01 C6 01 C7"),
        hex("01 C6 01 C6 01 C6 01 C6 01 C6 01"),
        hex("04 00 00 05 00 00 01 08 01 00 00 00 77"),
    ]
    .concat();
    let at_once = read(&bytes);
    assert_eq!(
        at_once.messages[1..],
        [
            message(6, 0x01C6_01C7, VIDEO, 1, &[1; 6]),
            message(4, 5, AUDIO, 1, &[0x77])
        ]
    );
    assert_eq!(at_once.oddities, [Oddity::ExtendedTimestampNotRepeated]);
    for size in 1..bytes.len() {
        assert_eq!(read_pieces(bytes.chunks(size)), at_once, "pieces of {size}");
    }
}

#[test]
fn payload_that_equals_the_field_behind_a_repeated_field_stays_payload() {
    let outcome = read(&in_chunks_of_8(
        "06 FF FF FF 00 00 0C 09 01 00 00 00 01 00 00 00
         01 00 00 00 01 00 00 00 C6 01 00 00 00 01 00 00 00",
    ));
    let body = [1, 0, 0, 0].repeat(3);
    assert_eq!(bodies(&outcome.messages)[1], body);
    assert_eq!(outcome.oddities, []);
}

#[test]
fn an_empty_message_by_fmt_3_has_its_field_too() {
    let outcome = read(&hex("06 FF FF FF 00 00 00 09 01 00 00 00 01 00 00 00
         C6 01 00 00 28
         04 00 00 05 00 00 01 08 01 00 00 00 77"));
    assert_eq!(times(&outcome.messages), [0x0100_0000, 0x0100_0028, 5]);
}

#[test]
fn once_a_peer_has_left_it_out_payload_that_looks_like_it_is_payload() {
    // Given a peer that does not repeat the field
    let mut reader = ChunkReader::default();
    reader.set_chunk_size(8);
    // When its second message ends like the field begins
    for tail in ["A8 A9", "01 00"] {
        let bytes = hex(&format!("{FIRST_CHUNK} C6 {tail}"));
        let read = reader.read(&mut bytes.as_slice()).expect("it is followed");
        // Then it is complete without waiting for what follows
        let read = read.expect("a message");
        assert_eq!(read.header.timestamp, 0x0100_0000);
        assert!(read.payload.as_slice().ends_with(&hex(tail)), "{tail}");
    }
}
