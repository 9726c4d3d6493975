// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The chunk layer against reference bytes, odd peers and hostile input.
//!
//! This file has what the others share: a reader that obeys Set Chunk Size and
//! Abort as a connection does, and short ways to write down messages.

mod arbitrary;
mod assembly;
mod extended;
mod headers;
mod limits;
mod model;
mod properties;
mod vectors;

use bytes::BytesMut;

use super::{ChunkReader, ChunkWriter, Csid, Limits, Oddity};
use crate::rtmp::error::Error;
use crate::rtmp::message::{Message, MessageHeader, ProtocolControl, StreamId};
use crate::rtmp::payload::Payload;
use crate::rtmp::vectors::hex;

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;

/// What came of some bytes.
#[derive(Debug, Default, PartialEq)]
struct Outcome {
    messages: Vec<Message>,
    oddities: Vec<Oddity>,
    error: Option<Error>,
}

/// A reader and what it has read.
#[derive(Debug, Default)]
struct Receiver {
    reader: ChunkReader,
    outcome: Outcome,
}

impl Receiver {
    fn with_limits(limits: Limits) -> Self {
        Self {
            reader: ChunkReader::new(limits),
            outcome: Outcome::default(),
        }
    }

    fn receive(&mut self, mut bytes: &[u8]) {
        while self.outcome.error.is_none() {
            match self.reader.read(&mut bytes) {
                Ok(Some(message)) => self.obey(message),
                Ok(None) => {
                    assert!(bytes.is_empty(), "the reader leaves nothing behind");
                    break;
                }
                Err(error) => self.outcome.error = Some(error),
            }
        }
        while let Some(oddity) = self.reader.poll_oddity() {
            self.outcome.oddities.push(oddity);
        }
    }

    fn obey(&mut self, message: Message) {
        match ProtocolControl::parse(message.header.kind, message.payload.as_slice()) {
            Ok(Some(ProtocolControl::SetChunkSize(size))) => self.reader.set_chunk_size(size),
            Ok(Some(ProtocolControl::Abort(csid))) => self.reader.abort(csid),
            Ok(_) => {}
            Err(error) => self.outcome.error = Some(error),
        }
        self.outcome.messages.push(message);
    }
}

/// What comes of bytes that arrive in these pieces.
fn read_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut receiver = Receiver::default();
    for piece in pieces {
        receiver.receive(piece);
    }
    receiver.outcome
}

/// What comes of bytes that arrive at once.
fn read(bytes: &[u8]) -> Outcome {
    read_pieces([bytes])
}

/// The messages in bytes that are in order and end with a message.
fn messages_of(text: &str) -> Vec<Message> {
    let bytes = hex(text);
    let mut receiver = Receiver::default();
    receiver.receive(&bytes);
    assert_eq!(receiver.outcome.error, None, "{text}");
    assert!(receiver.reader.is_at_message_boundary(), "{text}");
    receiver.outcome.messages
}

fn header(csid: u32, timestamp: u32, kind: u8, stream: u32) -> MessageHeader {
    MessageHeader {
        timestamp,
        kind: kind.into(),
        stream_id: StreamId(stream),
        csid: Csid(csid),
    }
}

fn message(csid: u32, timestamp: u32, kind: u8, stream: u32, body: &[u8]) -> Message {
    Message {
        header: header(csid, timestamp, kind, stream),
        payload: Payload::from(body),
    }
}

/// Times of messages.
fn times(messages: &[Message]) -> Vec<u32> {
    messages.iter().map(|m| m.header.timestamp).collect()
}

/// Bodies of messages.
fn bodies(messages: &[Message]) -> Vec<&[u8]> {
    messages.iter().map(|m| m.payload.as_slice()).collect()
}

/// Messages as a fresh writer writes them, at one chunk size.
fn written(chunk_size: u32, messages: &[Message]) -> Vec<u8> {
    let mut writer = ChunkWriter::default();
    writer.set_chunk_size(chunk_size);
    let mut out = BytesMut::new();
    for message in messages {
        writer.write(&mut out, &message.header, message.payload.as_slice());
    }
    out.to_vec()
}

/// Set Chunk Size as a message on chunk stream 2.
fn set_chunk_size(size: u32) -> Vec<u8> {
    [
        &hex("02 00 00 00 00 00 04 01 00 00 00 00")[..],
        &size.to_be_bytes(),
    ]
    .concat()
}
