// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The chunk layer (RTMP 1.0, section 5.3): messages cut into chunks that may
//! be interleaved, and put together again.
//!
//! [`ChunkReader`] turns bytes into [`Message`](super::message::Message)s,
//! [`ChunkWriter`] does the reverse. Both keep the header state of every chunk
//! stream, since a chunk header only says what changed. What a message means
//! is for [`connection`](super::connection) to decide; it also tells the
//! reader of a new chunk size and of aborted messages.

mod limits;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub use limits::Limits;
pub use reader::{ChunkReader, Oddity};
pub use writer::ChunkWriter;

/// Chunk size of either direction until Set Chunk Size (RTMP 1.0, 5.4.1).
pub const DEFAULT_CHUNK_SIZE: u32 = 128;

/// Largest useful chunk size: no message is longer (RTMP 1.0, 5.4.1).
pub const MAX_CHUNK_SIZE: u32 = 0x00FF_FFFF;

/// Timestamps and deltas from here on need the extended field (RTMP 1.0, 5.3.1.3).
const EXTENDED_TIMESTAMP: u32 = 0x00FF_FFFF;

/// Chunk stream id of protocol control messages (RTMP 1.0, 5.4).
pub const CONTROL_CSID: Csid = Csid(2);
/// Chunk stream id that we use for NetConnection commands.
pub const COMMAND_CSID: Csid = Csid(3);
/// Chunk stream id that we use for audio.
pub const AUDIO_CSID: Csid = Csid(4);
/// Chunk stream id that we use for `onStatus` and data messages.
pub const STATUS_CSID: Csid = Csid(5);
/// Chunk stream id that we use for video.
pub const VIDEO_CSID: Csid = Csid(6);
/// Chunk stream id that we use for NetStream commands (`play`, `publish`), as FFmpeg does.
pub const STREAM_COMMAND_CSID: Csid = Csid(8);

/// Chunk stream id, 2 to 65 599 (RTMP 1.0, 5.3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Csid(pub u32);

impl std::fmt::Display for Csid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
