// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a hostile peer can make the reader hold.

use std::slice::from_ref;

use super::{AUDIO, Receiver, VIDEO, hex, message, read, set_chunk_size, written};
use crate::rtmp::chunk::Limits;
use crate::rtmp::error::Error;

/// A fmt 0 header for a message of this length.
fn full_header(csid: u8, length: u32, kind: u8) -> Vec<u8> {
    let length = &length.to_be_bytes()[1..];
    [&[csid, 0, 0, 0][..], length, &[kind], &[1, 0, 0, 0]].concat()
}

#[test]
fn message_length_is_limited_by_type() {
    let limits = Limits::default();
    for kind in 0..=u8::MAX {
        let limit = match kind {
            1..=6 => 64 << 10,
            8 | 9 | 22 => 0x00FF_FFFF,
            _ => 1 << 20,
        };
        let mut receiver = Receiver::with_limits(limits);
        receiver.receive(&full_header(5, limit, kind));
        assert_eq!(receiver.outcome.error, None, "type {kind}");

        if limit < 0x00FF_FFFF {
            let length = limit + 1;
            let error = Error::MessageTooLong {
                kind,
                length,
                limit,
            };
            assert_eq!(read(&full_header(5, length, kind)).error, Some(error));
        }
    }
}

#[test]
fn a_length_that_is_inherited_is_limited_for_the_new_type() {
    // fmt 1 changes length and type together; what was fine for video is not
    // for a command.
    let first = written(128, &[message(5, 0, VIDEO, 1, &[0])]);
    let second = hex("45 00 00 00 20 00 00 14");
    let outcome = read(&[first, second].concat());
    assert_eq!(
        outcome.error,
        Some(Error::MessageTooLong {
            kind: 20,
            length: 2 << 20,
            limit: 1 << 20
        })
    );
}

#[test]
fn chunk_streams_are_limited() {
    let limits = Limits {
        chunk_streams: 3,
        ..Limits::default()
    };
    let mut receiver = Receiver::with_limits(limits);
    for csid in [3, 4, 5, 3, 4, 5] {
        receiver.receive(&full_header(csid, 0, AUDIO));
    }
    assert_eq!(receiver.outcome.error, None);
    assert_eq!(receiver.outcome.messages.len(), 6);

    receiver.receive(&full_header(6, 0, AUDIO));
    assert_eq!(
        receiver.outcome.error,
        Some(Error::TooMuch("chunk streams"))
    );
}

#[test]
fn a_thousand_chunk_streams_are_no_error_and_sixty_thousand_are() {
    let streams = |count: u32| {
        let messages: Vec<_> = (0..count)
            .map(|n| message(64 + n, 0, AUDIO, 1, &[1]))
            .collect();
        read(&written(128, &messages))
    };
    assert_eq!(streams(1024).error, None);
    assert_eq!(streams(60_000).error, Some(Error::TooMuch("chunk streams")));
}

#[test]
fn unfinished_messages_are_limited() {
    let limits = Limits {
        unfinished_messages: 2,
        ..Limits::default()
    };
    let mut receiver = Receiver::with_limits(limits);
    let open = |csid| [full_header(csid, 200, VIDEO), vec![0; 128]].concat();
    receiver.receive(&open(4));
    receiver.receive(&open(5));
    assert_eq!(receiver.outcome.error, None);

    // One ends, so another may begin.
    receiver.receive(&[&[0xC4][..], &[0; 72]].concat());
    receiver.receive(&open(6));
    assert_eq!(receiver.outcome.error, None);

    receiver.receive(&open(7));
    assert_eq!(
        receiver.outcome.error,
        Some(Error::TooMuch("unfinished messages"))
    );
}

#[test]
fn bytes_of_unfinished_messages_are_limited_however_they_are_cut() {
    let limits = Limits {
        unfinished_bytes: 1000,
        ..Limits::default()
    };
    let open = |csid| [full_header(csid, 600, VIDEO), vec![0; 500]].concat();
    // 500 + 500 fit. The next chunk would end its message and give the bytes
    // back, but only behind the limit.
    let fits = [set_chunk_size(500), open(4), open(5)].concat();
    let over = [&fits[..], &[0xC4], &[0; 100]].concat();
    for size in [1, 3, 128, 5000] {
        let mut receiver = Receiver::with_limits(limits);
        for piece in fits.chunks(size) {
            receiver.receive(piece);
        }
        assert_eq!(receiver.outcome.error, None);
        assert_eq!(receiver.reader.unfinished_bytes(), 1000);

        let mut receiver = Receiver::with_limits(limits);
        for piece in over.chunks(size) {
            receiver.receive(piece);
        }
        assert_eq!(
            receiver.outcome.error,
            Some(Error::TooMuch("bytes of unfinished messages"))
        );
        assert_eq!(receiver.outcome.messages.len(), 1);
    }
}

#[test]
fn bytes_of_finished_given_up_and_aborted_messages_are_given_back() {
    let limits = Limits {
        unfinished_bytes: 300,
        ..Limits::default()
    };
    let mut receiver = Receiver::with_limits(limits);
    let open = [full_header(4, 200, VIDEO), vec![0; 128]].concat();
    for _ in 0..10 {
        receiver.receive(&open);
        assert_eq!(receiver.reader.unfinished_bytes(), 128);
    }
    receiver.receive(&hex("02 00 00 00 00 00 04 02 00 00 00 00 00 00 00 04"));
    assert_eq!(receiver.reader.unfinished_bytes(), 0);
    for _ in 0..10 {
        receiver.receive(&[&open[..], &[0xC4], &[0; 72]].concat());
        assert_eq!(receiver.reader.unfinished_bytes(), 0);
    }
    assert_eq!(receiver.outcome.error, None);
}

#[test]
fn the_largest_message_fits_the_default_limits() {
    let video = message(6, 0, VIDEO, 1, &vec![3; 0x00FF_FFFF]);
    for chunk_size in [65_536, 0x00FF_FFFF] {
        let bytes = [
            set_chunk_size(chunk_size),
            written(chunk_size, from_ref(&video)),
        ]
        .concat();
        let outcome = read(&bytes);
        assert_eq!(outcome.error, None);
        assert_eq!(outcome.messages[1], video);
    }
}

#[test]
fn an_announced_length_alone_costs_little_memory() {
    for chunk_size in [128, 0x00FF_FFFF] {
        let mut receiver = Receiver::default();
        receiver.receive(&set_chunk_size(chunk_size));
        receiver.receive(&full_header(6, 0x00FF_FFFF, VIDEO));
        receiver.receive(&[1; 10]);
        assert_eq!(receiver.reader.unfinished_bytes(), 10);
        assert!(receiver.reader.reserved_bytes() <= (64 << 10) + 15);
    }
}

#[test]
fn memory_for_a_long_message_grows_with_its_bytes() {
    let mut receiver = Receiver::default();
    receiver.receive(&set_chunk_size(0x00FF_FFFF));
    receiver.receive(&full_header(6, 0x00FF_FFFF, VIDEO));
    for _ in 0..200 {
        receiver.receive(&[1; 4096]);
        let held = receiver.reader.unfinished_bytes();
        let reserved = receiver.reader.reserved_bytes();
        assert!(reserved <= 2 * held.max(64 << 10) + 15, "{held}");
    }
}

#[test]
fn sixty_four_announced_giants_cost_little_memory() {
    let mut receiver = Receiver::default();
    receiver.receive(&set_chunk_size(1));
    for csid in 0..63 {
        receiver.receive(&giant(csid));
    }
    assert_eq!(receiver.outcome.error, None);
    assert_eq!(receiver.reader.unfinished_bytes(), 63);
    assert!(receiver.reader.reserved_bytes() <= 63 * ((64 << 10) + 15));
}

/// One byte of a message of 16 MiB on chunk stream 64 + `csid`.
fn giant(csid: u8) -> Vec<u8> {
    [
        &[0, csid][..],
        &full_header(0, 0x00FF_FFFF, VIDEO)[1..],
        &[1],
    ]
    .concat()
}
