// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Media messages that have come and are not looked at yet, taken apart one
//! piece at a time.
//!
//! An aggregate of 16 MiB holds up to a million tags, each of which would be an
//! item of its own. So they are made only as there is room for them.

use std::collections::VecDeque;
use std::time::Instant;

use crate::flv::{Aggregate, AggregateDrop, Tag};
use crate::rtmp::session::{Media, MediaKind};

/// What comes out of it next.
pub(super) enum Piece {
    /// A message that is no aggregate.
    Message(Media),
    /// A part of an aggregate, and the aggregate's length in bytes.
    Tag(Tag, usize),
    /// A part of an aggregate that cannot be used.
    Lost(AggregateDrop),
}

/// The messages of one stream, in order.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    messages: VecDeque<(Media, Instant)>,
    open: Option<Open>,
}

/// An aggregate that is being taken apart.
#[derive(Debug)]
struct Open {
    tags: Aggregate,
    length: usize,
    came: Instant,
}

impl Backlog {
    /// Adds a message that came now.
    pub(super) fn push(&mut self, media: Media, now: Instant) {
        self.messages.push_back((media, now));
    }

    /// Whether there is nothing left.
    pub(super) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.open.is_none()
    }

    /// The next piece, and when it came.
    pub(super) fn pop(&mut self) -> Option<(Piece, Instant)> {
        loop {
            if let Some(open) = &mut self.open {
                match open.tags.next() {
                    Some(Ok(tag)) => return Some((Piece::Tag(tag, open.length), open.came)),
                    Some(Err(reason)) => return Some((Piece::Lost(reason), open.came)),
                    None => self.open = None,
                }
            }
            let (media, came) = self.messages.pop_front()?;
            if media.kind != MediaKind::Aggregate {
                return Some((Piece::Message(media), came));
            }
            self.open = Some(Open {
                length: media.payload.len(),
                tags: Aggregate::new(media.payload, media.timestamp),
                came,
            });
        }
    }
}
