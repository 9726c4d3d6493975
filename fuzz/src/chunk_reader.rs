// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Chunks to messages. Input: what follows a handshake, in either direction.

use bytes::BytesMut;
use gstrtmpr::rtmp::Error;
use gstrtmpr::rtmp::chunk::{ChunkReader, ChunkWriter, Limits, Oddity};
use gstrtmpr::rtmp::message::{Message, MessageType, ProtocolControl};

use super::cut::{Choice, assert_same, pieces};

/// What came of some bytes.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<Message>,
    oddities: Vec<Oddity>,
    error: Option<Error>,
    unfinished_bytes: usize,
}

pub fn run(data: &[u8]) {
    let outcome = read([data], Limits::default());
    let in_pieces = read(pieces(data), Limits::default());
    assert_same(&in_pieces, &outcome);
    limits_only_end_it_early(data, &outcome);
    written_messages_are_read_again(data, &outcome.messages);
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: Limits) -> Outcome {
    let mut reader = ChunkReader::new(limits);
    let mut outcome = Outcome::default();
    let mut received = 0;
    for mut piece in pieces {
        received += piece.len();
        while outcome.error.is_none() {
            match reader.read(&mut piece) {
                Ok(Some(message)) => obey(&mut reader, message, &limits, &mut outcome),
                Ok(None) => {
                    assert!(piece.is_empty(), "the reader leaves nothing behind");
                    break;
                }
                Err(error) => outcome.error = Some(error),
            }
            assert!(reader.unfinished_bytes() <= limits.unfinished_bytes);
            assert!(reader.unfinished_bytes() <= received);
        }
        while let Some(oddity) = reader.poll_oddity() {
            assert!(!outcome.oddities.contains(&oddity), "{oddity} again");
            outcome.oddities.push(oddity);
        }
    }
    let bodies: usize = outcome.messages.iter().map(|m| m.payload.len()).sum();
    assert!(bodies + reader.unfinished_bytes() <= received);
    if reader.is_at_message_boundary() {
        assert_eq!(reader.unfinished_bytes(), 0);
    }
    outcome.unfinished_bytes = reader.unfinished_bytes();
    outcome
}

fn obey(reader: &mut ChunkReader, message: Message, limits: &Limits, outcome: &mut Outcome) {
    let longest = match message.header.kind {
        MessageType::Audio | MessageType::Video | MessageType::Aggregate => limits.media_message,
        _ => limits.command_message.max(limits.control_message),
    };
    assert!(message.payload.len() <= longest as usize);
    match ProtocolControl::parse(message.header.kind, message.payload.as_slice()) {
        Ok(Some(ProtocolControl::SetChunkSize(size))) => reader.set_chunk_size(size),
        Ok(Some(ProtocolControl::Abort(csid))) => reader.abort(csid),
        Ok(_) => {}
        Err(error) => outcome.error = Some(error),
    }
    outcome.messages.push(message);
}

/// A reader with other limits reads the same up to where it stops.
fn limits_only_end_it_early(data: &[u8], whole: &Outcome) {
    let limits = Limits {
        chunk_streams: 4,
        unfinished_messages: 2,
        unfinished_bytes: 500,
        media_message: 1000,
        command_message: 400,
        ..Limits::default()
    };
    let limited = read([data], limits);
    match &limited.error {
        Some(Error::TooMuch(_) | Error::MessageTooLong { .. }) => {
            assert!(whole.messages.starts_with(&limited.messages));
            assert!(whole.oddities.starts_with(&limited.oddities));
        }
        _ => assert_eq!(&limited, whole, "without a limit met"),
    }
}

fn written_messages_are_read_again(data: &[u8], messages: &[Message]) {
    let size = Choice::of(data).up_to(200) as u32;
    let mut writer = ChunkWriter::default();
    writer.set_chunk_size(size);
    let mut out = BytesMut::new();
    for message in messages {
        writer.write(&mut out, &message.header, message.payload.as_slice());
    }

    let mut reader = ChunkReader::default();
    reader.set_chunk_size(size);
    let mut bytes = &out[..];
    for message in messages {
        assert_eq!(reader.read(&mut bytes).as_ref(), Ok(&Some(message.clone())));
    }
    assert_eq!(reader.read(&mut bytes), Ok(None));
    assert!(reader.is_at_message_boundary());
    assert_eq!(reader.poll_oddity(), None);
}
