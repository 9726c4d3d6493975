// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages in, chunks out (RTMP 1.0, 5.3).
//!
//! Writes the smallest header that every known reader understands alike: never
//! fmt 3 at the start of a message, and fmt 0 wherever the extended timestamp
//! is in use, so that it is the same number whether a reader takes it for an
//! absolute time or a delta.

use bytes::{BufMut, Bytes, BytesMut};

use super::{Csid, DEFAULT_CHUNK_SIZE, EXTENDED_TIMESTAMP};
use crate::rtmp::message::{MessageHeader, MessageType, StreamId};
use crate::rtmp::outgoing::Outgoing;

/// Bodies and chunks from this size on are not copied, in bytes. A copy of less costs
/// no more than another part of a write.
const SHARED_FROM: usize = 4096;

/// Cuts messages into chunks. One for each direction of a connection.
#[derive(Debug)]
pub struct ChunkWriter {
    chunk_size: usize,
    streams: Vec<LastHeader>,
}

#[derive(Debug, Clone, Copy)]
struct LastHeader {
    csid: Csid,
    timestamp: u32,
    length: usize,
    kind: MessageType,
    stream_id: StreamId,
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self {
            chunk_size: DEFAULT_CHUNK_SIZE as usize,
            streams: Vec::with_capacity(8),
        }
    }
}

impl ChunkWriter {
    /// Appends the chunks of one message to `out`. A body beyond the 24 bits
    /// of the length field is cut there; no caller makes one.
    pub fn write(&mut self, out: &mut BytesMut, header: &MessageHeader, body: &[u8]) {
        let body = body.get(..0x00FF_FFFF).unwrap_or(body);
        out.reserve(body.len() + 18 + 7 * (body.len() / self.chunk_size));

        let extended = self.write_header(out, header, body.len());
        let mut chunks = body.chunks(self.chunk_size);
        out.extend_from_slice(chunks.next().unwrap_or_default());
        for chunk in chunks {
            put_basic_header(out, 3, header.csid);
            if let Some(value) = extended {
                out.put_u32(value);
            }
            out.extend_from_slice(chunk);
        }
    }

    /// The same for a body that is referred to and not copied, where that is worth it.
    pub(in crate::rtmp) fn write_shared(
        &mut self,
        out: &mut Outgoing,
        header: &MessageHeader,
        body: &Bytes,
    ) {
        if body.len() < SHARED_FROM || self.chunk_size < SHARED_FROM {
            return self.write(out.tail(), header, body);
        }
        let len = body.len().min(0x00FF_FFFF);
        let extended = self.write_header(out.tail(), header, len);
        let mut start = 0;
        while start < len {
            if start > 0 {
                put_basic_header(out.tail(), 3, header.csid);
                if let Some(value) = extended {
                    out.tail().put_u32(value);
                }
            }
            let end = len.min(start.saturating_add(self.chunk_size));
            out.push(body.slice(start..end));
            start = end;
        }
    }

    /// Our chunk size from the next message on; the caller has announced it.
    pub fn set_chunk_size(&mut self, size: u32) {
        self.chunk_size = size.max(1) as usize;
    }

    /// Our present chunk size in bytes.
    pub fn chunk_size(&self) -> u32 {
        u32::try_from(self.chunk_size).unwrap_or(u32::MAX)
    }

    /// Writes the header of a message's first chunk and returns the extended
    /// timestamp that the following ones repeat.
    fn write_header(
        &mut self,
        out: &mut BytesMut,
        header: &MessageHeader,
        length: usize,
    ) -> Option<u32> {
        let next = LastHeader {
            csid: header.csid,
            timestamp: header.timestamp,
            length,
            kind: header.kind,
            stream_id: header.stream_id,
        };
        let last = match self.streams.iter_mut().find(|s| s.csid == header.csid) {
            Some(stream) => Some(std::mem::replace(stream, next)),
            None => {
                self.streams.push(next);
                None
            }
        };

        let length_field = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        match last {
            Some(last)
                if last.stream_id == header.stream_id
                    && last.timestamp <= header.timestamp
                    && header.timestamp < EXTENDED_TIMESTAMP =>
            {
                let delta = (header.timestamp - last.timestamp).to_be_bytes();
                let same = last.length == length && last.kind == header.kind;
                put_basic_header(out, if same { 2 } else { 1 }, header.csid);
                out.extend_from_slice(&delta[1..]);
                if !same {
                    out.extend_from_slice(&length_field[1..]);
                    out.put_u8(header.kind.into());
                }
                None
            }
            _ => {
                let extended = header.timestamp >= EXTENDED_TIMESTAMP;
                let field = header.timestamp.min(EXTENDED_TIMESTAMP).to_be_bytes();
                put_basic_header(out, 0, header.csid);
                out.extend_from_slice(&field[1..]);
                out.extend_from_slice(&length_field[1..]);
                out.put_u8(header.kind.into());
                out.put_u32_le(header.stream_id.0);
                if extended {
                    out.put_u32(header.timestamp);
                }
                extended.then_some(header.timestamp)
            }
        }
    }
}

/// The shortest form of a basic header. Ids beyond 65 599 do not exist.
fn put_basic_header(out: &mut BytesMut, fmt: u8, csid: Csid) {
    let fmt = fmt << 6;
    match csid.0 {
        0..64 => out.put_u8(fmt | csid.0 as u8),
        64..320 => {
            out.put_u8(fmt);
            out.put_u8((csid.0 - 64) as u8);
        }
        _ => {
            out.put_u8(fmt | 1);
            out.put_u16_le(csid.0.min(65_599).wrapping_sub(64) as u16);
        }
    }
}
