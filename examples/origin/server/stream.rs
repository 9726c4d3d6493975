// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One stream: what a player that joins now has to be sent first, and who
//! gets what comes next.
//!
//! A player begins, and goes on after it was too slow, with the headers and a
//! key frame, never in the middle of a group of pictures.

use std::sync::Arc;

use gstrtmpr::rtmp::session::MediaKind;

use super::outbox::{Outbox, Target};
use super::packet::{Content, Packet, Role, Slot};

/// Headers of one stream that are kept, and their bytes together with those of
/// the metadata. Real streams have a header for each of a few tracks.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 2 << 20;

/// A stream with its players. It may have no publisher yet.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) publisher: Option<u64>,
    cache: Cache,
    subscribers: Vec<Subscriber>,
    /// Packets that were not sent to players who read too slowly.
    pub(crate) dropped: u64,
}

impl Stream {
    /// A stream that nobody publishes or plays. The frames since the last key
    /// frame are kept for later players, up to `max_gop_bytes`.
    pub(crate) fn new(max_gop_bytes: usize) -> Self {
        Self {
            publisher: None,
            cache: Cache::new(max_gop_bytes),
            subscribers: Vec::new(),
            dropped: 0,
        }
    }

    pub(crate) fn players(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether media has come from the present publisher.
    pub(crate) fn has_media(&self) -> bool {
        self.cache.has_media
    }

    /// A publisher begins. Players who waited for it get all that it sends.
    pub(crate) fn begin(&mut self, publisher: u64) {
        self.publisher = Some(publisher);
        self.cache = Cache::new(self.cache.max_gop_bytes);
        for subscriber in &mut self.subscribers {
            subscriber.sync = Sync::Live;
        }
    }

    /// The publisher has left: so must the players, after what is queued.
    pub(crate) fn end(&mut self) {
        self.publisher = None;
        self.cache = Cache::new(self.cache.max_gop_bytes);
        for subscriber in self.subscribers.drain(..) {
            subscriber.outbox.push_end(subscriber.target);
        }
    }

    /// Adds a player and sends it what it needs to begin.
    pub(crate) fn join(&mut self, target: Target, outbox: Arc<Outbox>) {
        let mut subscriber = Subscriber {
            target,
            outbox,
            sync: Sync::Live,
        };
        let headers = self.cache.headers(self.cache.first_time());
        let start = headers.iter().chain(&self.cache.gop);
        if !subscriber.outbox.push(target, start) {
            subscriber.sync = Sync::WaitForKeyframe { stale: true };
        } else if self.cache.is_amid_gop() {
            subscriber.sync = Sync::WaitForKeyframe { stale: false };
        }
        self.subscribers.push(subscriber);
    }

    /// Removes a player.
    pub(crate) fn leave(&mut self, subscription: u64) {
        self.subscribers
            .retain(|subscriber| subscriber.target.subscription != subscription);
    }

    /// Hands a packet to all players.
    pub(crate) fn packet(&mut self, packet: &Packet) {
        if !self.cache.take(packet) {
            return;
        }
        let starts = self.cache.starts_with(packet);
        for subscriber in &mut self.subscribers {
            if !subscriber.offer(packet, starts, &self.cache) {
                self.dropped += 1;
            }
        }
    }
}

/// A player of a stream.
#[derive(Debug)]
struct Subscriber {
    target: Target,
    outbox: Arc<Outbox>,
    sync: Sync,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sync {
    /// Gets everything.
    Live,
    /// Gets nothing before the next key frame.
    WaitForKeyframe {
        /// A header was not sent meanwhile.
        stale: bool,
    },
}

impl Subscriber {
    /// False if the packet was not sent.
    fn offer(&mut self, packet: &Packet, starts: bool, cache: &Cache) -> bool {
        let needed = matches!(packet.role, Role::Header(_) | Role::Metadata);
        match self.sync {
            Sync::Live => {
                if self.outbox.push(self.target, std::iter::once(packet)) {
                    return true;
                }
                self.sync = Sync::WaitForKeyframe { stale: needed };
            }
            // Half empty: else the next packet would not fit again.
            Sync::WaitForKeyframe { stale } if starts && self.outbox.is_half_empty() => {
                let headers = if stale {
                    cache.headers(packet.timestamp)
                } else {
                    Vec::new()
                };
                let all = headers.iter().chain(std::iter::once(packet));
                if self.outbox.push(self.target, all) {
                    self.sync = Sync::Live;
                    return true;
                }
            }
            Sync::WaitForKeyframe { stale } => {
                self.sync = Sync::WaitForKeyframe {
                    stale: stale || needed,
                };
            }
        }
        false
    }
}

/// What later players are sent first.
#[derive(Debug)]
struct Cache {
    metadata: Option<Packet>,
    headers: Vec<(Slot, Packet)>,
    /// The last key frame and all that came after it; empty if it was too much.
    gop: Vec<Packet>,
    gop_bytes: usize,
    max_gop_bytes: usize,
    /// The track whose key frames begin a group of pictures: the first one seen.
    video_track: Option<u8>,
    keyframe_seen: bool,
    has_media: bool,
    last_time: u32,
}

impl Cache {
    fn new(max_gop_bytes: usize) -> Self {
        Self {
            metadata: None,
            headers: Vec::new(),
            gop: Vec::new(),
            gop_bytes: 0,
            max_gop_bytes,
            video_track: None,
            keyframe_seen: false,
            has_media: false,
            last_time: 0,
        }
    }

    /// Remembers what is needed of a packet. False if it is not for players.
    fn take(&mut self, packet: &Packet) -> bool {
        match packet.role {
            Role::Metadata => {
                self.metadata = None;
                if self.has_room_for_header(packet) {
                    self.metadata = Some(packet.clone());
                }
                return true;
            }
            Role::ClearMetadata => {
                self.metadata = None;
                return false;
            }
            Role::Header(slot) => {
                self.take_header(slot, packet);
                return true;
            }
            // Nobody could decode it.
            Role::InterFrame if !self.keyframe_seen => return false,
            Role::Keyframe(track) if *self.video_track.get_or_insert(track) == track => {
                self.keyframe_seen = true;
                self.clear_gop();
                self.gop.push(packet.clone());
                self.gop_bytes = packet.size();
            }
            Role::Keyframe(_) | Role::InterFrame | Role::Audio | Role::Other => {
                if !self.gop.is_empty() {
                    self.gop.push(packet.clone());
                    self.gop_bytes += packet.size();
                }
            }
        }
        if self.gop_bytes > self.max_gop_bytes {
            self.clear_gop();
        }
        self.has_media |= matches!(packet.kind, MediaKind::Audio | MediaKind::Video);
        self.last_time = packet.timestamp;
        true
    }

    fn take_header(&mut self, slot: Slot, packet: &Packet) {
        if slot.content == Content::Video {
            self.video_track.get_or_insert(slot.track);
        }
        let old = self.headers.iter().position(|(other, _)| *other == slot);
        if let Some((_, old)) = old.and_then(|old| self.headers.get(old))
            && old.body == packet.body
        {
            return;
        }
        // Earlier frames cannot be decoded with the new one.
        self.clear_gop();
        self.headers.retain(|(other, _)| *other != slot);
        if self.headers.len() < MAX_HEADERS && self.has_room_for_header(packet) {
            self.headers.push((slot, packet.clone()));
        }
    }

    fn has_room_for_header(&self, packet: &Packet) -> bool {
        let headers = self.headers.iter().map(|(_, header)| header);
        let present: usize = headers.chain(&self.metadata).map(Packet::size).sum();
        present + packet.size() <= MAX_HEADER_BYTES
    }

    fn clear_gop(&mut self) {
        self.gop = Vec::new();
        self.gop_bytes = 0;
    }

    /// Metadata and headers, at `time`: their own may be long gone.
    fn headers(&self, time: u32) -> Vec<Packet> {
        let headers = self.headers.iter().map(|(_, header)| header);
        let all = self.metadata.iter().chain(headers);
        all.map(|packet| packet.at(time)).collect()
    }

    /// The time of what a player that joins now gets first.
    fn first_time(&self) -> u32 {
        self.gop
            .first()
            .map_or(self.last_time, |packet| packet.timestamp)
    }

    /// Whether a player that joins now has to wait for a key frame. One that
    /// comes before the first one gets it as it comes.
    fn is_amid_gop(&self) -> bool {
        self.keyframe_seen && self.gop.is_empty()
    }

    /// Whether a player can begin with this packet.
    fn starts_with(&self, packet: &Packet) -> bool {
        match packet.role {
            Role::Keyframe(track) => self.video_track == Some(track),
            Role::Audio | Role::Other => self.video_track.is_none(),
            Role::Metadata | Role::ClearMetadata | Role::Header(_) | Role::InterFrame => false,
        }
    }
}
