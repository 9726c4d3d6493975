// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What goes through the queue to the streaming thread: FLV, and news for the
//! application at the place in the stream where it belongs.

use std::time::Instant;

use bytes::BytesMut;

use super::notice::Notice;
use crate::queue::Measured;
use crate::rtmp::timestamp::Track;

/// What an item takes beside its bytes: list entry, allocation headers and the
/// later buffer. An estimate, so that many small messages count as well.
pub(super) const ITEM_OVERHEAD: usize = 256;

/// One thing in the queue.
#[derive(Debug)]
pub enum Item {
    /// For downstream.
    Packet(Packet),
    /// For the application.
    Notice(Box<Notice>),
    /// A seek was answered: what follows is of the new place, or goes on at the old one.
    Sought(Sought),
}

/// The answer to a seek.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sought {
    /// Which one of the play's it was.
    pub number: u64,
    /// The server went there.
    pub found: bool,
}

/// One FLV tag, or the file header.
#[derive(Debug)]
pub struct Packet {
    /// The bytes, whole.
    pub data: BytesMut,
    /// Decoding time in milliseconds; the file header's is that of the first
    /// medium, if it is known.
    pub dts: Option<u64>,
    /// Presentation time in milliseconds.
    pub pts: Option<u64>,
    /// File header, metadata or a sequence header.
    pub header: bool,
    /// Needs frames before it to be decoded.
    pub delta_unit: bool,
    /// Time jumps here.
    pub discont: bool,
    /// An audio or video frame: what has a time of its own.
    pub frame: bool,
    /// When it came.
    pub came: Instant,
    /// When the sender made it, in ns since 1970, as far as that is known.
    pub made: Option<u64>,
}

impl Packet {
    /// The track of a frame.
    pub fn track(&self) -> Option<Track> {
        let kind = self.data.first().filter(|_| self.frame)?;
        match kind {
            8 => Some(Track::Audio),
            9 => Some(Track::Video),
            _ => None,
        }
    }

    /// Memory that it takes, in bytes.
    fn size(&self) -> usize {
        self.data.len() + ITEM_OVERHEAD
    }

    /// Its time in milliseconds. Headers and script data may carry any time.
    fn time(&self) -> Option<u64> {
        if self.frame { self.dts } else { None }
    }
}

impl Item {
    /// Whether it is of use behind a seek. News of the connection is, and what a
    /// decoder has to know; that has no time any more.
    pub fn survives_seek(&self) -> bool {
        match self {
            Self::Packet(packet) => packet.header,
            Self::Notice(_) => true,
            Self::Sought(_) => false,
        }
    }
}

impl Measured for Item {
    fn size(&self) -> usize {
        match self {
            Self::Packet(packet) => packet.size(),
            Self::Notice(notice) => notice.size() + ITEM_OVERHEAD,
            Self::Sought(_) => ITEM_OVERHEAD,
        }
    }

    fn time(&self) -> Option<u64> {
        match self {
            Self::Packet(packet) => packet.time(),
            Self::Notice(_) | Self::Sought(_) => None,
        }
    }
}
