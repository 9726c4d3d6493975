// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a peer may make the chunk reader hold.

use super::reader::HEADER_MEMORY;
use crate::rtmp::message::MessageType;
use crate::rtmp::payload::MAX_AHEAD;

/// Upper bounds on what a peer can make a [`ChunkReader`](super::ChunkReader) keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Chunk streams whose last header is remembered.
    pub chunk_streams: usize,
    /// Chunk streams that may hold an unfinished message at one time.
    pub unfinished_messages: usize,
    /// Bytes that all unfinished messages may hold together.
    pub unfinished_bytes: usize,
    /// Length of an audio, video or aggregate message in bytes.
    pub media_message: u32,
    /// Length of a command, data or shared object message in bytes: metadata
    /// of long recordings with a keyframe index takes hundreds of kilobytes.
    pub command_message: u32,
    /// Length of a protocol or user control message in bytes.
    pub control_message: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chunk_streams: 1024,
            unfinished_messages: 64,
            unfinished_bytes: 32 << 20,
            media_message: 0x00FF_FFFF,
            command_message: 1 << 20,
            control_message: 64 << 10,
        }
    }
}

impl Limits {
    /// The most memory that a reader with these limits takes, in bytes.
    #[must_use]
    pub fn most_memory(&self) -> usize {
        // What has come of a message takes up to twice its length, and while it is moved
        // to a larger block that and half of the block again. Of each at least
        // [`MAX_AHEAD`] is reserved.
        let bytes = self.unfinished_bytes.saturating_mul(2);
        let ahead = self.unfinished_messages.saturating_mul(2 * MAX_AHEAD);
        let moved = self.media_message.max(self.command_message) as usize / 2;
        // The list of chunk streams doubles, too.
        let headers = self.chunk_streams.saturating_mul(3 * HEADER_MEMORY);
        bytes
            .saturating_add(ahead)
            .saturating_add(moved)
            .saturating_add(headers)
    }

    /// Longest acceptable message of this type, in bytes.
    pub(super) fn message(&self, kind: MessageType) -> u32 {
        match kind {
            MessageType::Audio | MessageType::Video | MessageType::Aggregate => self.media_message,
            MessageType::DataAmf3
            | MessageType::SharedObjectAmf3
            | MessageType::CommandAmf3
            | MessageType::DataAmf0
            | MessageType::SharedObjectAmf0
            | MessageType::CommandAmf0
            | MessageType::Other(_) => self.command_message,
            MessageType::SetChunkSize
            | MessageType::Abort
            | MessageType::Acknowledgement
            | MessageType::UserControl
            | MessageType::WindowAckSize
            | MessageType::SetPeerBandwidth => self.control_message,
        }
    }
}
