// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What holds for all input: the same bytes give the same messages however
//! they are cut, what the writer writes the reader reads, nothing panics.

use super::model::random_stream;
use super::{Oddity, Receiver, hex, message, read, read_pieces, set_chunk_size, written};
use crate::rtmp::chunk::ChunkWriter;
use crate::rtmp::message::Message;
use crate::rtmp::random::Random;

/// Headers of all kinds with a bit of everything: see the other files.
const SAMPLER: &str = "
    02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 08
    06 FF FF FF 00 00 0A 09 01 00 00 00 01 00 00 00 A0 A1 A2 A3 A4 A5 A6 A7
    04 00 00 1A 00 00 04 08 01 00 00 00 AF 01 11 22
    C4 AF 01 11 22
    C6 01 00 00 00 A8 A9
    44 00 00 14 00 00 00 08
    C4
    86 FF FF FF FF FF FF EC B0 B1 B2 B3 B4 B5 B6 B7
    00 00 00 00 05 00 00 03 12 02 00 00 00 C0 C1 C2
    C6 B8 B9
    01 FF FF FF FF FF 00 00 09 14 00 00 00 00 7F FF FF FF D0 D1 D2 D3 D4 D5 D6 D7
    02 00 00 00 00 00 04 02 00 00 00 00 00 00 00 05
    C1 FF FF D8
    86 00 00 05 E0 E1 E2 E3 E4 E5 E6 E7
    06 00 00 05 00 00 01 09 01 00 00 00 F0
    02 00 00 00 00 00 04 01 00 00 00 00 00 00 10 00
    06 00 00 07 00 00 10 09 01 00 00 00 F0 F1 F2 F3 F4 F5 F6 F7 F8 F9 FA FB FC FD FE FF";

#[test]
fn any_single_cut_and_any_piece_size_give_the_same() {
    let bytes = hex(SAMPLER);
    let at_once = read(&bytes);
    assert_eq!(at_once.error, None);
    assert_eq!(at_once.messages.len(), 13);
    assert_eq!(
        at_once.oddities,
        [
            Oddity::ExtendedTimestampNotRepeated,
            Oddity::UnfinishedMessage
        ]
    );

    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(read_pieces([first, second]), at_once, "cut at {at}");
        assert_eq!(
            read_pieces([first, &[], second, &[]]),
            at_once,
            "with empty reads at {at}"
        );
    }
    for size in 1..=bytes.len() {
        assert_eq!(read_pieces(bytes.chunks(size)), at_once, "pieces of {size}");
    }
}

#[test]
fn whatever_a_legal_peer_sends_is_read() {
    for seed in 0..400 {
        let stream = random_stream(seed);
        let outcome = read(&stream.bytes);
        assert_eq!(outcome.error, None, "seed {seed}");
        assert_eq!(outcome.messages, stream.messages, "seed {seed}");
        if stream.repeats_extended {
            assert_eq!(outcome.oddities, [], "seed {seed}");
        } else {
            let known = [Oddity::ExtendedTimestampNotRepeated];
            assert!(known.starts_with(&outcome.oddities), "seed {seed}");
        }
    }
}

#[test]
fn random_cuts_of_a_legal_peers_bytes_give_the_same() {
    for seed in 0..150 {
        let stream = random_stream(seed);
        let at_once = read(&stream.bytes);
        let mut random = Random::new(seed);
        for longest in [1, 2, 5, 40, 1000] {
            let pieces = random.cut(&stream.bytes, longest);
            assert_eq!(read_pieces(pieces), at_once, "seed {seed}, {longest}");
        }
    }
}

#[test]
fn random_cuts_of_damaged_bytes_give_the_same() {
    let (mut errors, mut odd) = (0, 0);
    for seed in 0..600 {
        let mut random = Random::new(seed);
        let mut bytes = random_stream(seed).bytes;
        random.mutate(&mut bytes, 0);
        let at_once = read(&bytes);
        errors += usize::from(at_once.error.is_some());
        odd += usize::from(!at_once.oddities.is_empty());
        for longest in [1, 3, 30] {
            let pieces = random.cut(&bytes, longest);
            assert_eq!(read_pieces(pieces), at_once, "seed {seed}");
        }
    }
    assert!(errors > 50 && odd > 50, "{errors} errors, {odd} odd");
}

#[test]
fn what_the_writer_writes_the_reader_reads() {
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let count = 1 + random.below(20);
        let messages: Vec<Message> = (0..count).map(|_| random_message(&mut random)).collect();
        let (bytes, expected) = written_with_chunk_sizes(&mut random, &messages);

        let outcome = read(&bytes);

        assert_eq!(outcome.error, None, "seed {seed}");
        assert_eq!(outcome.oddities, [], "seed {seed}");
        assert_eq!(outcome.messages, expected, "seed {seed}");
        let longest = random.pick(&[1, 10, 1000, 100_000]);
        let pieces = random.cut(&bytes, longest);
        assert_eq!(read_pieces(pieces), outcome, "seed {seed}");
    }
}

#[test]
fn every_chunk_size_from_1_to_65536_round_trips() {
    let around = [1, 2, 3, 127, 128, 129, 4095, 4096, 60_000, 65_535, 65_536];
    let mut random = Random::new(5);
    let others: Vec<u32> = (0..100).map(|_| 1 + random.below(65_536) as u32).collect();
    for size in around.into_iter().chain(others) {
        let lengths = [0, 1, size - 1, size, size + 1, 2 * size];
        let messages: Vec<Message> = lengths
            .iter()
            .map(|&length| message(6, 0x00FF_FFF0 + length, 9, 1, &vec![7; length as usize]))
            .collect();
        let bytes = [set_chunk_size(size), written(size, &messages)].concat();
        assert_eq!(read(&bytes).messages[1..], messages, "chunk size {size}");
    }
}

#[test]
fn random_bytes_never_panic_and_are_cut_invariant() {
    let mut total = 0;
    let mut read_messages = 0;
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let length = 200 + random.below(400);
        let mut bytes = random.bytes(length);
        if random.once_in(2) {
            // Chunk streams that are known, and few distinct bytes: more
            // chunk headers that are legal.
            for byte in &mut bytes {
                *byte = [0x04, 0xC4, 0xC6, 0x84, 0x46, 0x00, 0x01, 0xFF][usize::from(*byte) % 8];
            }
            let known = hex("04 00 00 09 00 00 03 08 01 00 00 00 A0 A1 A2
                 06 FF FF FF 00 00 02 09 01 00 00 00 01 00 00 00 B0 B1");
            bytes.splice(0..0, known);
        }
        total += bytes.len();
        let at_once = read(&bytes);
        read_messages += at_once.messages.len();
        let longest = random.pick(&[1, 4, 50]);
        let pieces = random.cut(&bytes, longest);
        assert_eq!(read_pieces(pieces), at_once, "seed {seed}");
    }
    assert!(total > 500_000, "{total} bytes");
    assert!(read_messages > 1000, "{read_messages} messages");
}

#[test]
fn the_counts_of_what_is_held_return_to_zero() {
    for seed in 0..100 {
        let stream = random_stream(seed);
        let mut receiver = Receiver::default();
        receiver.receive(&stream.bytes);
        assert_eq!(receiver.reader.unfinished_bytes(), 0, "seed {seed}");
        assert_eq!(receiver.reader.reserved_bytes(), 0, "seed {seed}");
        assert!(receiver.reader.is_at_message_boundary(), "seed {seed}");
    }
}

fn random_message(random: &mut Random) -> Message {
    let csid = random.pick(&[2, 3, 4, 6, 63, 64, 319, 320, 1000, 65_599]);
    let near = random.pick(&[0, 40, 0x00FF_FFFF, 0x0100_0000, 0x8000_0000, u32::MAX]);
    let time = near.wrapping_add(random.below(60) as u32).wrapping_sub(30);
    let kind = random.pick(&[8, 9, 15, 17, 18, 20, 22, 99]);
    let stream = random.pick(&[0, 1, 2, u32::MAX]);
    let longer = random.below(3000);
    let length = random.pick(&[0, 1, 128, 129, longer, longer]);
    message(csid, time, kind, stream, &random.bytes(length))
}

/// The messages with Set Chunk Size between some of them.
fn written_with_chunk_sizes(random: &mut Random, messages: &[Message]) -> (Vec<u8>, Vec<Message>) {
    let mut writer = ChunkWriter::default();
    let mut out = bytes::BytesMut::new();
    let mut expected = Vec::new();
    for next in messages {
        if random.once_in(3) {
            let size = 1 + random.below(65_536) as u32;
            let size = random.pick(&[size, 1 + size % 200]);
            let announcement = message(2, 0, 1, 0, &size.to_be_bytes());
            writer.write(
                &mut out,
                &announcement.header,
                announcement.payload.as_slice(),
            );
            writer.set_chunk_size(size);
            expected.push(announcement);
        }
        writer.write(&mut out, &next.header, next.payload.as_slice());
        expected.push(next.clone());
    }
    (out.to_vec(), expected)
}
