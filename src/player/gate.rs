// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What waits for the file header: the first items of a play, until it is known
//! whether the header should promise audio, video or both, and where to begin.
//! `flvdemux` waits for what the header promises and ignores what it does not.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::burst::Burst;
use super::item::{Item, Packet};
use super::selection::KEYFRAME_WAIT;
use super::settings::StartPosition;
use crate::flv::TagType;
use crate::queue::Measured;
use crate::rtmp::amf::{Object, Value};

/// How long the file header waits for a second kind of media, from the first
/// thing on that is no header.
const HEADER_WAIT: Duration = Duration::from_millis(500);

/// How much sound may come before the first picture, in ms. Queues of a pipeline, which
/// hold a second, would fill with it while the decoder waits for more pictures.
const MAX_LEAD: u64 = 500;

/// How much may be held back meanwhile, in bytes.
pub(crate) const MAX_HELD: usize = 1 << 20;

/// How much may be held back of what a server has kept for new players, in bytes.
pub(crate) const MAX_BURST: usize = 16 << 20;

/// Messages of one kind, and none of the other, after which the metadata's
/// word that there is only this kind is believed.
pub(super) const ENOUGH_OF_ONE_KIND: u32 = 5;

/// Holds the first items of a play.
#[derive(Debug, Default)]
pub(super) struct Gate {
    position: StartPosition,
    held: VecDeque<Item>,
    held_bytes: usize,
    since: Option<Instant>,
    audio_messages: u32,
    video_messages: u32,
    /// An audio or video frame is held.
    has_frame: bool,
    /// One of video, that can be decoded.
    has_picture: bool,
    /// Audio and video as the metadata says.
    promised: Option<(bool, bool)>,
    /// Frames that were left out.
    left_out: u64,
    /// What comes faster than it plays, with a key frame in it.
    burst: Option<Burst>,
}

impl Gate {
    /// For a start at this position.
    pub(super) fn new(position: StartPosition) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }

    /// Something has come that will be followed by no packet.
    pub(super) fn touch(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// Which media the metadata promises.
    pub(super) fn promise(&mut self, promised: Option<(bool, bool)>) {
        self.promised = promised.or(self.promised);
    }

    /// Video came that builds on a picture that has not.
    pub(super) fn skip(&mut self, now: Instant) {
        self.video_messages += 1;
        self.since.get_or_insert(now);
        self.left_out += 1;
    }

    /// How many frames were left out since the last call.
    pub(super) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// Looks at a packet that is to be held.
    pub(super) fn note(&mut self, kind: TagType, packet: &Packet, now: Instant) {
        match kind {
            TagType::Audio => self.audio_messages += 1,
            TagType::Video => self.video_messages += 1,
            TagType::Script => {}
        }
        if !packet.header {
            self.since.get_or_insert(now);
        }
        if !packet.frame {
            return;
        }
        let time = packet.dts.unwrap_or_default();
        if let Some(burst) = &mut self.burst {
            burst.frame(time, now);
        }
        if kind == TagType::Video {
            if !std::mem::replace(&mut self.has_picture, true)
                && self.position != StartPosition::Anywhere
            {
                self.leave_out_before(time.saturating_sub(MAX_LEAD));
            }
            if self.position == StartPosition::LiveEdge && !packet.delta_unit {
                self.burst.get_or_insert_with(|| Burst::new(time, now));
                self.leave_out_before(u64::MAX);
            }
        } else if self.waits_for_picture() {
            self.leave_out_before(time.saturating_sub(MAX_LEAD));
        }
        self.has_frame = true;
    }

    /// Video is to come and has not begun.
    fn waits_for_picture(&self) -> bool {
        self.position != StartPosition::Anywhere && self.known().1 && !self.has_picture
    }

    /// Leaves out the frames before this time.
    fn leave_out_before(&mut self, time: u64) {
        let before = self.held.len();
        let is_old = |packet: &Packet| packet.frame && packet.dts.is_some_and(|dts| dts < time);
        self.held
            .retain(|item| !matches!(item, Item::Packet(packet) if is_old(packet)));
        if self.held.len() < before {
            self.left_out += (before - self.held.len()) as u64;
            self.held_bytes = self.held.iter().map(Measured::size).sum();
        }
    }

    /// Puts an item behind the others.
    pub(super) fn hold(&mut self, item: Item) {
        self.held_bytes += item.size();
        self.held.push_back(item);
    }

    /// Whether enough is known to open it.
    pub(super) fn is_decided(&self, now: Instant) -> bool {
        let most = match &self.burst {
            Some(_) => MAX_BURST,
            None => MAX_HELD,
        };
        if self.held_bytes > most {
            return true;
        }
        if self.waits_for_picture() || self.burst.as_ref().is_some_and(|burst| burst.is_on(now)) {
            return false;
        }
        let (audio, video) = self.known();
        if audio && video {
            // The first frame tells the time of the headers before it.
            return self.has_frame;
        }
        self.promised.is_some() && (self.audio_messages + self.video_messages) >= ENOUGH_OF_ONE_KIND
    }

    /// When it is to be opened at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let since = self.since?
            + match self.waits_for_picture() {
                true => KEYFRAME_WAIT,
                false => HEADER_WAIT,
            };
        let Some(burst) = &self.burst else {
            return Some(since);
        };
        Some(match self.known() {
            (true, true) => burst.deadline(),
            _ => burst.deadline().max(since),
        })
    }

    /// When the first frame that is held is presented.
    pub(super) fn first_frame(&self) -> Option<u64> {
        self.held.iter().find_map(|item| match item {
            Item::Packet(packet) if packet.frame => packet.pts,
            _ => None,
        })
    }

    /// Whether anything is held.
    pub(super) fn holds_anything(&self) -> bool {
        !self.held.is_empty()
    }

    /// What was held.
    pub(super) fn into_held(self) -> VecDeque<Item> {
        self.held
    }

    /// Kinds that were promised or seen.
    fn known(&self) -> (bool, bool) {
        let (audio, video) = self.promised.unwrap_or_default();
        (
            audio || self.audio_messages > 0,
            video || self.video_messages > 0,
        )
    }

    /// What the file header promises, audio and video.
    pub(super) fn flags(&self) -> (bool, bool) {
        match self.known() {
            (false, false) => (true, true),
            known => known,
        }
    }
}

/// Whether metadata names audio and video; `None` if it names neither.
pub(super) fn promised(values: &[Value]) -> Option<(bool, bool)> {
    let metadata = values.iter().find_map(Value::as_object)?;
    let audio = names_any(
        metadata,
        &["audiocodecid", "audiosamplerate", "audiodatarate"],
    );
    let video = names_any(metadata, &["videocodecid", "width", "videodatarate"]);
    (audio || video).then_some((audio, video))
}

/// Whether one of the members has a value that means something.
fn names_any(metadata: &Object, names: &[&str]) -> bool {
    names.iter().any(|name| match metadata.get(name) {
        Some(Value::Number(number)) => *number > 0.0,
        Some(Value::String(text)) => !text.is_empty(),
        _ => false,
    })
}
