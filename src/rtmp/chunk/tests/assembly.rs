// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages put together from chunks: interleaving, chunk size changes,
//! Abort, messages that are given up, empty ones.

use std::slice::from_ref;

use super::{
    AUDIO, Oddity, Receiver, VIDEO, bodies, message, messages_of, read, set_chunk_size, times,
    written,
};
use crate::rtmp::chunk::{ChunkReader, Csid};
use crate::rtmp::vectors::hex;

/// Abort for a chunk stream.
fn abort(csid: u32) -> Vec<u8> {
    [
        &hex("02 00 00 00 00 00 04 02 00 00 00 00")[..],
        &csid.to_be_bytes(),
    ]
    .concat()
}

/// First 8 of 10 bytes of video on chunk stream 6 at 40 ms.
const OPEN_VIDEO: &str = "06 00 00 28 00 00 0A 09 01 00 00 00 A0 A1 A2 A3 A4 A5 A6 A7";

#[test]
fn a_message_of_exactly_the_chunk_size_is_one_chunk() {
    for (length, chunks) in [(127, 1), (128, 1), (129, 2), (256, 2), (257, 3)] {
        let audio = message(4, 0, AUDIO, 1, &vec![5; length]);
        let bytes = written(128, from_ref(&audio));
        assert_eq!(bytes.len(), 12 + length + chunks - 1);
        assert_eq!(read(&bytes).messages, [audio]);
    }
}

#[test]
fn three_chunk_streams_may_alternate_chunk_by_chunk() {
    let messages = messages_of(
        "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 02
         04 00 00 01 00 00 05 08 01 00 00 00 A0 A1
         06 00 00 02 00 00 05 09 01 00 00 00 B0 B1
         05 00 00 03 00 00 03 12 01 00 00 00 C0 C1
         C6 B2 B3
         C4 A2 A3
         C5 C2
         C6 B4
         C4 A4",
    );
    assert_eq!(
        messages[1..],
        [
            message(5, 3, 18, 1, &[0xC0, 0xC1, 0xC2]),
            message(6, 2, VIDEO, 1, &[0xB0, 0xB1, 0xB2, 0xB3, 0xB4]),
            message(4, 1, AUDIO, 1, &[0xA0, 0xA1, 0xA2, 0xA3, 0xA4])
        ]
    );
}

#[test]
fn a_chunk_size_of_1_is_followed() {
    let messages = [
        message(4, 0, AUDIO, 1, &[1, 2, 3, 4, 5]),
        message(4, 9, AUDIO, 1, &[6, 7, 8, 9, 10]),
    ];
    let bytes = [set_chunk_size(1), written(1, &messages)].concat();
    assert_eq!(bytes.len(), 16 + (12 + 5 + 4) + (4 + 5 + 4));
    assert_eq!(read(&bytes).messages[1..], messages);
}

#[test]
fn a_new_chunk_size_counts_at_once_inside_another_message() {
    // 8, then 1 while 2 bytes are missing, then 128 while 1 is.
    let bytes = [
        set_chunk_size(8),
        hex(OPEN_VIDEO),
        set_chunk_size(1),
        hex("C6 A8"),
        hex("C2 00 C2 00 C2 00 C2 80"),
        hex("C6 A9"),
    ];
    // The last Set Chunk Size repeats the header of the one before, in chunks of 1.
    let outcome = read(&bytes.concat());
    assert_eq!(outcome.error, None);
    assert_eq!(
        outcome.messages.last(),
        Some(&message(
            6,
            40,
            VIDEO,
            1,
            &hex("A0 A1 A2 A3 A4 A5 A6 A7 A8 A9")
        ))
    );
    assert_eq!(outcome.messages[2].payload.as_slice(), [0, 0, 0, 128]);
}

#[test]
fn a_larger_chunk_size_takes_the_rest_of_an_open_message_in_one_chunk() {
    let body = vec![9; 1000];
    let first = &written(100, &[message(6, 0, VIDEO, 1, &body)])[..112];
    let bytes = [
        &set_chunk_size(100)[..],
        first,
        &set_chunk_size(60_000),
        &[0xC6],
        &body[100..],
    ];
    assert_eq!(bodies(&read(&bytes.concat()).messages)[2], body);
}

#[test]
fn the_writers_new_chunk_size_counts_from_the_next_message() {
    let mut writer = super::ChunkWriter::default();
    let mut out = bytes::BytesMut::new();
    for (size, length) in [(128, 300), (1, 3), (0, 2), (70_000, 70_000)] {
        // 0 is no chunk size; it is taken for 1.
        writer.set_chunk_size(size);
        assert_eq!(writer.chunk_size(), size.max(1));
        let audio = message(4, 0, AUDIO, length, &vec![1; length as usize]);
        writer.write(&mut out, &audio.header, audio.payload.as_slice());
        let chunks = length.div_ceil(size.max(1));
        assert_eq!(out.split().len() as u32, 12 + length + chunks - 1);
    }
}

#[test]
fn abort_drops_the_open_message_and_keeps_its_header() {
    let bytes = [
        set_chunk_size(8),
        hex(OPEN_VIDEO),
        abort(6),
        // fmt 2: 23 ms behind the message that was aborted.
        hex("86 00 00 17 B0 B1 B2 B3 B4 B5 B6 B7 C6 B8 B9"),
    ];
    let outcome = read(&bytes.concat());
    assert_eq!(
        outcome.messages[2..],
        [message(
            6,
            63,
            VIDEO,
            1,
            &hex("B0 B1 B2 B3 B4 B5 B6 B7 B8 B9")
        )]
    );
    assert_eq!(outcome.oddities, []);
}

#[test]
fn abort_frees_what_the_message_held() {
    let mut receiver = Receiver::default();
    receiver.receive(&[set_chunk_size(8), hex(OPEN_VIDEO)].concat());
    assert_eq!(receiver.reader.unfinished_bytes(), 8);
    assert!(!receiver.reader.is_at_message_boundary());

    receiver.receive(&abort(6));

    assert_eq!(receiver.reader.unfinished_bytes(), 0);
    assert_eq!(receiver.reader.reserved_bytes(), 0);
    assert!(receiver.reader.is_at_message_boundary());
}

#[test]
fn abort_of_unknown_finished_or_its_own_chunk_stream_changes_nothing() {
    for csid in [0, 2, 4, 77, 65_600, u32::MAX] {
        let bytes = [
            set_chunk_size(8),
            hex("04 00 00 01 00 00 01 08 01 00 00 00 AA"),
            hex(OPEN_VIDEO),
            abort(csid),
            hex("C6 A8 A9"),
            hex("84 00 00 01 BB"),
        ];
        let outcome = read(&bytes.concat());
        assert_eq!(outcome.error, None, "csid {csid}");
        assert_eq!(times(&outcome.messages), [0, 1, 0, 40, 2], "csid {csid}");
        assert_eq!(outcome.messages[3].payload.len(), 10);
    }
}

#[test]
fn a_new_header_inside_an_open_message_gives_that_up() {
    for (start, time, body) in [
        (
            "06 00 00 64 00 00 02 09 01 00 00 00",
            100,
            &[0xB0, 0xB1][..],
        ),
        ("46 00 00 05 00 00 02 09", 45, &[0xB0, 0xB1]),
        (
            "86 00 00 05",
            45,
            &[0xB0, 0xB1, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7],
        ),
    ] {
        let mut bytes = [set_chunk_size(8), hex(OPEN_VIDEO), hex(start)].concat();
        bytes.extend_from_slice(body);
        let mut expected = body.to_vec();
        if start.starts_with("86") {
            // Its length is inherited: two bytes are to come.
            bytes.extend_from_slice(&hex("C6 B8 B9"));
            expected.extend_from_slice(&[0xB8, 0xB9]);
        }
        let outcome = read(&bytes);
        assert_eq!(
            outcome.messages[1..],
            [message(6, time, VIDEO, 1, &expected)],
            "{start}"
        );
        assert_eq!(outcome.oddities, [Oddity::UnfinishedMessage]);
    }
}

#[test]
fn an_oddity_is_reported_once() {
    let bytes = [
        set_chunk_size(8),
        hex(OPEN_VIDEO).repeat(5),
        hex("C6 A8 A9"),
    ];
    let outcome = read(&bytes.concat());
    assert_eq!(outcome.messages.len(), 2);
    assert_eq!(outcome.oddities, [Oddity::UnfinishedMessage]);
}

#[test]
fn empty_messages_of_every_type_are_complete_at_once_and_fmt_3_starts_the_next() {
    for kind in 0..=u8::MAX {
        let bytes = [
            &hex("05 00 00 0A 00 00 00")[..],
            &[kind],
            &hex("01 00 00 00"),
            &hex("C5 85 00 00 03 C5"),
        ]
        .concat();
        let mut reader = ChunkReader::default();
        let mut input = &bytes[..];
        for time in [10, 20, 23, 26] {
            let empty = reader.read(&mut input).expect("no error");
            assert_eq!(empty, Some(message(5, time, kind, 1, &[])));
        }
        assert_eq!(reader.read(&mut input), Ok(None));
        assert!(reader.is_at_message_boundary());
    }
}

#[test]
fn an_empty_message_leaves_an_open_one_alone() {
    let bytes = [
        set_chunk_size(8),
        hex(OPEN_VIDEO),
        hex("04 00 00 26 00 00 00 08 01 00 00 00"),
        hex("C4"),
        hex("C6 A8 A9"),
    ];
    let outcome = read(&bytes.concat());
    assert_eq!(times(&outcome.messages), [0, 38, 76, 40]);
    assert_eq!(outcome.messages[3].payload.len(), 10);
}

#[test]
fn a_thousand_empty_messages_of_one_byte_each_make_progress() {
    let bytes = [hex("04 00 00 01 00 00 00 08 01 00 00 00"), vec![0xC4; 1000]];
    let outcome = read(&bytes.concat());
    assert_eq!(outcome.messages.len(), 1001);
    assert_eq!(times(&outcome.messages).last(), Some(&1001));
}

#[test]
fn the_boundary_is_left_with_the_first_byte_of_a_header_and_reached_with_the_last_of_a_body() {
    let bytes = written(128, &[message(6, 0x0100_0000, VIDEO, 1, &[1; 200])]);
    let mut receiver = Receiver::default();
    assert!(receiver.reader.is_at_message_boundary());
    for (index, byte) in bytes.iter().enumerate() {
        receiver.receive(&[*byte]);
        let last = index == bytes.len() - 1;
        assert_eq!(receiver.reader.is_at_message_boundary(), last, "{index}");
    }
}

#[test]
fn abort_from_outside_is_by_chunk_stream() {
    let mut reader = ChunkReader::default();
    reader.set_chunk_size(8);
    let bytes = hex(OPEN_VIDEO);
    assert_eq!(reader.read(&mut &bytes[..]), Ok(None));
    reader.abort(Csid(4));
    assert_eq!(reader.unfinished_bytes(), 8);
    reader.abort(Csid(6));
    assert_eq!(reader.unfinished_bytes(), 0);
}
