// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a connection that is to take another one's place does with its media
//! until it may.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::flv_output::{FlvOutput, Worth};
use super::item::ITEM_OVERHEAD;
use super::standby::Handover;
use super::stats::Stats;
use crate::flv::{TagType, Verdict, inspect};
use crate::net::Control;
use crate::rtmp::session::{Media, MediaKind};
use crate::rtmp::timestamp::Track;

/// Most bytes that are held back; beyond it the next key frame is waited for.
pub(crate) const MAX_HELD: usize = 16 << 20;

/// Most bytes of headers that are held back.
pub(crate) const MAX_HEADERS: usize = 1 << 20;

/// A connection in waiting.
pub(super) struct Candidate {
    handover: Arc<Handover>,
    /// The connection whose place it is to take.
    active: Control,
    /// Where its figures belong once it has it.
    pub(super) stats: Arc<Stats>,
    /// The stream has video: only a key frame will do.
    has_video: bool,
    /// The newest metadata and sequence headers, in order.
    headers: VecDeque<Media>,
    /// Media from the newest key frame on.
    held: Vec<(Media, Instant)>,
    header_bytes: usize,
    held_bytes: usize,
    from_keyframe: bool,
    /// Places from which media could go on that have come.
    starts: u32,
    worth: Worth,
}

/// Clocks agree if they are no further apart than this, in ms.
const MAX_APART: u32 = 10_000;

/// Key frames after which one that was played already is taken as well.
const ENOUGH_KEYFRAMES: u32 = 2;

/// The same in frames for a stream without video.
const ENOUGH_FRAMES: u32 = 50;

fn size(media: &Media) -> usize {
    media.payload.len() + ITEM_OVERHEAD
}

/// What a message is to a candidate.
enum Part {
    Header,
    Keyframe,
    Frame,
    Nothing,
}

impl Candidate {
    pub(super) fn new(
        handover: Arc<Handover>,
        active: Control,
        stats: Arc<Stats>,
        has_video: bool,
    ) -> Self {
        Self {
            handover,
            active,
            stats,
            has_video,
            headers: VecDeque::new(),
            held: Vec::new(),
            header_bytes: 0,
            held_bytes: 0,
            from_keyframe: false,
            starts: 0,
            worth: Worth::default(),
        }
    }

    /// Holds a message back. True once media could go on from here.
    pub(super) fn hold(&mut self, media: Media, now: Instant) -> bool {
        let size = size(&media);
        let part = self.part(&media);
        match part {
            Part::Nothing => self.worth.useless += 1,
            Part::Header | Part::Keyframe | Part::Frame => self.worth.packets += 1,
        }
        match part {
            Part::Header => {
                self.header_bytes += size;
                self.headers.push_back(media);
                while self.header_bytes > MAX_HEADERS
                    && let Some(oldest) = self.headers.pop_front()
                {
                    self.header_bytes = self.header_bytes.saturating_sub(self::size(&oldest));
                }
            }
            Part::Keyframe => {
                self.starts = self.starts.saturating_add(1);
                let goes_on = self.goes_on_at(&media);
                self.held.clear();
                self.held_bytes = size;
                self.held.push((media, now));
                self.from_keyframe = true;
                if goes_on {
                    self.handover.set_ready();
                    self.active.wake();
                }
            }
            Part::Frame if self.from_keyframe => {
                self.held_bytes += size;
                self.held.push((media, now));
                if self.held_bytes > MAX_HELD {
                    self.held.clear();
                    self.held_bytes = 0;
                    self.from_keyframe = false;
                }
            }
            Part::Frame | Part::Nothing => {}
        }
        self.from_keyframe
    }

    /// What has come of the messages since the last call.
    pub(super) fn take_worth(&mut self) -> Worth {
        std::mem::take(&mut self.worth)
    }

    /// Whether this is a place at which to take over: behind where the first
    /// connection is, if their clocks agree. Servers begin with a key frame of
    /// the past; one that is behind for good is taken all the same.
    fn goes_on_at(&self, media: &Media) -> bool {
        let enough = if self.has_video {
            ENOUGH_KEYFRAMES
        } else {
            ENOUGH_FRAMES
        };
        match self.ahead(media) {
            Some(ahead) => ahead > 0 || self.starts >= enough,
            None => true,
        }
    }

    /// How far a message is ahead of the first connection, in ms, if their
    /// clocks agree.
    fn ahead(&self, media: &Media) -> Option<i32> {
        let track = match media.kind {
            MediaKind::Video => Track::Video,
            _ => Track::Audio,
        };
        let position = self.handover.position(track)?;
        let ahead = media.timestamp.wrapping_sub(position).cast_signed();
        (ahead.unsigned_abs() < MAX_APART).then_some(ahead)
    }

    /// Whether media goes on just behind where the first connection ended.
    pub(super) fn continues(&self) -> bool {
        let first = self.held.first();
        first.is_some_and(|(media, _)| self.ahead(media).is_some_and(|ahead| ahead > 0))
    }

    /// The output, once it is ours.
    pub(super) fn output(&self) -> Option<FlvOutput> {
        self.from_keyframe.then(|| self.handover.take())?
    }

    /// The output, which is on its way if this one was ready.
    pub(super) fn wait_for_output(&self) -> Option<FlvOutput> {
        self.from_keyframe.then(|| self.handover.wait())?
    }

    /// What was held back and has not been played, in an order that can be
    /// decoded.
    pub(super) fn into_media(self, now: Instant) -> impl Iterator<Item = (Media, Instant)> {
        let continues = self.continues();
        let played = self.handover.position(Track::Audio);
        let is_new = move |media: &Media| {
            let audio = media.kind == MediaKind::Audio;
            let played = played.filter(|_| audio && continues);
            played.is_none_or(|played| media.timestamp.wrapping_sub(played).cast_signed() > 0)
        };
        let headers = self.headers.into_iter().map(move |media| (media, now));
        headers.chain(
            self.held
                .into_iter()
                .filter(move |(media, _)| is_new(media)),
        )
    }

    fn part(&self, media: &Media) -> Part {
        let kind = match media.kind {
            MediaKind::Audio => TagType::Audio,
            MediaKind::Video => TagType::Video,
            MediaKind::Data | MediaKind::DataAmf3 => return Part::Header,
            // Its parts are looked at behind the takeover; it may begin anywhere.
            MediaKind::Aggregate if self.has_video => return Part::Frame,
            MediaKind::Aggregate => return Part::Keyframe,
        };
        match inspect(kind, media.payload.as_slice()) {
            Verdict::Pass(info) if info.header => Part::Header,
            Verdict::Pass(info) if info.keyframe => Part::Keyframe,
            Verdict::Pass(_) if !self.has_video => Part::Keyframe,
            Verdict::Pass(_) => Part::Frame,
            Verdict::Drop(_) => Part::Nothing,
        }
    }
}
