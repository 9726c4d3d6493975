// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Any messages, in any chunks: what holds, with a small counterexample if it
//! does not.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{message, read, read_pieces, set_chunk_size, written};
use crate::rtmp::arbitrary::{body, config, cut, piece_lengths};
use crate::rtmp::chunk::ChunkWriter;
use crate::rtmp::message::{Message, MessageType};

/// Messages that mean nothing to the chunk layer.
fn any_message() -> impl Strategy<Value = Message> {
    let csid = prop_oneof![
        2..8_u32,
        prop::sample::select(vec![63, 64, 319, 320]),
        2..65_600_u32
    ];
    let time = prop_oneof![0..100_000_u32, 0x00FF_FF00..0x0100_0100_u32, any::<u32>()];
    let kind = any::<u8>().prop_filter("not obeyed", |kind| {
        !matches!(
            (*kind).into(),
            MessageType::SetChunkSize | MessageType::Abort
        )
    });
    (csid, time, kind, any::<u32>(), body(400))
        .prop_map(|(csid, time, kind, stream, body)| message(csid, time, kind, stream, &body))
}

/// The chunks of a message, each with its header.
fn chunks(writer: &mut ChunkWriter, message: &Message) -> Vec<Vec<u8>> {
    let mut out = BytesMut::new();
    writer.write(&mut out, &message.header, message.payload.as_slice());
    let size = writer.chunk_size() as usize;
    let basic = match message.header.csid.0 {
        0..64 => 1,
        64..320 => 2,
        _ => 3,
    };
    let extended = if message.header.timestamp >= 0x00FF_FFFF {
        4
    } else {
        0
    };
    let more = message.payload.len().div_ceil(size).saturating_sub(1);
    let header = out.len() - message.payload.len() - more * (basic + extended);
    let first = out.split_to(out.len().min(header + size));
    let rest = out.chunks(basic + extended + size).map(<[u8]>::to_vec);
    std::iter::once(first.to_vec()).chain(rest).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn messages_are_read_as_written_in_chunks_and_pieces_of_any_size(
        messages in vec((any_message(), prop::option::of(1..300_u32)), 0..8),
        lengths in piece_lengths(),
    ) {
        let mut writer = ChunkWriter::default();
        let (mut bytes, mut expected) = (BytesMut::new(), Vec::new());
        for (next, size) in messages {
            if let Some(size) = size {
                let announcement = message(2, 0, 1, 0, &size.to_be_bytes());
                let body = announcement.payload.as_slice();
                writer.write(&mut bytes, &announcement.header, body);
                writer.set_chunk_size(size);
                expected.push(announcement);
            }
            writer.write(&mut bytes, &next.header, next.payload.as_slice());
            expected.push(next);
        }

        let outcome = read_pieces(cut(&bytes, &lengths));

        prop_assert_eq!(outcome.error, None);
        prop_assert_eq!(outcome.oddities, []);
        prop_assert_eq!(outcome.messages, expected);
    }

    #[test]
    fn chunks_of_several_streams_may_come_in_any_turn(
        messages in vec(vec((0..0x0200_0000_u32, body(300)), 1..4), 1..6),
        turns in vec(any::<prop::sample::Index>(), 0..60),
        size in 1..100_u32,
        lengths in piece_lengths(),
    ) {
        let mut writer = ChunkWriter::default();
        writer.set_chunk_size(size);
        let mut streams: Vec<Vec<(Vec<u8>, Option<Message>)>> = Vec::new();
        for (csid, messages) in (3..).zip(&messages) {
            let mut stream = Vec::new();
            for (time, body) in messages {
                let next = message(csid, *time, 9, 1, body);
                let mut chunks = chunks(&mut writer, &next);
                let last = chunks.pop().expect("one at least");
                stream.extend(chunks.into_iter().map(|chunk| (chunk, None)));
                stream.push((last, Some(next)));
            }
            stream.reverse();
            streams.push(stream);
        }

        let mut bytes = set_chunk_size(size);
        let mut expected = vec![message(2, 0, 1, 0, &size.to_be_bytes())];
        let mut turns = turns.iter();
        while !streams.is_empty() {
            let at = turns.next().map_or(0, |turn| turn.index(streams.len()));
            match streams[at].pop() {
                Some((chunk, finished)) => {
                    bytes.extend(chunk);
                    expected.extend(finished);
                }
                None => drop(streams.remove(at)),
            }
        }

        let outcome = read_pieces(cut(&bytes, &lengths));

        prop_assert_eq!(outcome.error, None);
        prop_assert_eq!(outcome.oddities, []);
        prop_assert_eq!(outcome.messages, expected);
    }

    #[test]
    fn bytes_between_messages_do_the_same_however_they_are_cut(
        before in vec(any_message(), 0..3),
        noise in body(60),
        after in vec(any_message(), 0..3),
        lengths in piece_lengths(),
    ) {
        let bytes = [written(128, &before), noise, written(128, &after)].concat();
        prop_assert_eq!(read_pieces(cut(&bytes, &lengths)), read(&bytes));
    }
}
