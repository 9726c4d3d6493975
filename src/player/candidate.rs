// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a connection that is to take another one's place does with its media
//! until it may.

use std::sync::Arc;
use std::time::Instant;

use super::flv_output::FlvOutput;
use super::standby::Handover;
use super::stats::Stats;
use crate::flv::{TagType, Verdict, inspect};
use crate::net::Control;
use crate::rtmp::session::{Media, MediaKind};

/// Most bytes that are held back; beyond it the next key frame is waited for.
const MAX_HELD: usize = 16 << 20;

/// Most bytes of headers that are held back.
const MAX_HEADERS: usize = 1 << 20;

/// A connection in waiting.
pub(super) struct Candidate {
    handover: Arc<Handover>,
    /// The connection whose place it is to take.
    active: Control,
    /// Where its figures belong once it has it.
    pub(super) stats: Arc<Stats>,
    /// The stream has video: only a key frame will do.
    has_video: bool,
    /// Metadata and sequence headers, in order.
    headers: Vec<Media>,
    /// Media from the newest key frame on.
    held: Vec<(Media, Instant)>,
    header_bytes: usize,
    held_bytes: usize,
    from_keyframe: bool,
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
            headers: Vec::new(),
            held: Vec::new(),
            header_bytes: 0,
            held_bytes: 0,
            from_keyframe: false,
        }
    }

    /// Holds a message back. True once media can go on from here.
    pub(super) fn hold(&mut self, media: Media, now: Instant) -> bool {
        let size = media.payload.len();
        match self.part(&media) {
            Part::Header => {
                self.header_bytes += size;
                if self.header_bytes <= MAX_HEADERS {
                    self.headers.push(media);
                }
            }
            Part::Keyframe => {
                self.held.clear();
                self.held_bytes = size;
                self.held.push((media, now));
                self.from_keyframe = true;
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
        if self.from_keyframe {
            self.handover.set_ready();
            self.active.wake();
        }
        self.from_keyframe
    }

    /// The output, once it is ours.
    pub(super) fn output(&self) -> Option<FlvOutput> {
        self.from_keyframe.then(|| self.handover.take())?
    }

    /// The output, which is on its way if this one was ready.
    pub(super) fn wait_for_output(&self) -> Option<FlvOutput> {
        self.from_keyframe.then(|| self.handover.wait())?
    }

    /// Everything that was held back, in an order that can be decoded.
    pub(super) fn into_media(self, now: Instant) -> impl Iterator<Item = (Media, Instant)> {
        let headers = self.headers.into_iter().map(move |media| (media, now));
        headers.chain(self.held)
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
