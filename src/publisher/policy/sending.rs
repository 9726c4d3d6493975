// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! From the queue to the session: what goes out, when, and what the line makes of it.

use std::time::{Duration, Instant};

use super::Publisher;
use crate::client::phase::Phase;
use crate::flv::TagType;
use crate::net::Transport;
use crate::publisher::drop_policy::{Dropped, Level};
use crate::publisher::notice::Notice;
use crate::publisher::packet::{Packet, Role, on_the_wire};
use crate::publisher::queue::Taken;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::MediaKind;
use crate::rtmp::session::client::ClientSession;

/// Bytes that are taken from the queue at a time. What has been taken cannot be left out
/// any more, so it is no more than what makes system calls few.
pub(crate) const BATCH: usize = 64 << 10;

/// Batches within this time of each other are gathered.
const GATHER: Duration = Duration::from_millis(1);

/// After so many of them.
const STREAK: u32 = 8;

/// Bytes that are worth a wake-up while it gathers.
const WORTH_WAKING: usize = 48 << 10;

/// How often the queue is looked at for what there is to tell.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl Publisher<'_> {
    /// The server takes media from now on.
    pub(super) fn begin_publishing(&mut self, now: Instant) {
        self.enter(Phase::Publishing, now);
        self.shared.lock_headers().forget_sent();
        self.last_progress = now;
        self.looked = now;
        let location = self.place.shown();
        let interrupted = self.shared.lock_interrupted().take();
        let Some(interrupted) = interrupted else {
            self.shared.tell(Notice::Started { location });
            return;
        };
        let headers = self.shared.queue.resume();
        let mut known = self.shared.lock_headers();
        headers.into_iter().for_each(|header| known.keep(header));
        drop(known);
        let dropped = self.shared.queue.fill().dropped;
        let gap = now.saturating_duration_since(interrupted.since);
        self.log
            .info(format_args!("The stream goes on after {gap:.1?}"));
        self.shared.tell(Notice::Reconnected {
            to: location,
            gap,
            lost: dropped.since(&interrupted.before),
        });
    }

    /// Puts more into the session; false if there is nothing at present.
    pub(super) fn send_more(&mut self, session: &mut ClientSession, now: Instant) -> bool {
        let Some(stream) = self.stream.filter(|_| self.is_publishing()) else {
            return false;
        };
        if self.is_ending() {
            self.ending_was_sent(now);
            return false;
        }
        self.set_chunk_size(session);
        if now.saturating_duration_since(self.looked) >= LOOK_EVERY {
            self.look(now);
        }
        loop {
            let taken = self
                .shared
                .queue
                .take(&mut self.packets, BATCH, self.is_leaving);
            match taken {
                Taken::Packets => {
                    let since = now.saturating_duration_since(self.last_batch);
                    self.streak = match since <= 2 * GATHER {
                        true => self.streak.saturating_add(1),
                        false => 0,
                    };
                    self.last_batch = now;
                    self.look_at = None;
                    while let Some(packet) = self.packets.pop_front() {
                        self.send(session, stream, &packet);
                    }
                    return true;
                }
                Taken::Keyframe => {
                    self.hand_over(session, now);
                    return true;
                }
                Taken::End => {
                    self.begin_ending(session);
                    return true;
                }
                Taken::Nothing => {
                    // A stream of small packets would cost a wake-up for each of them.
                    let gathers = self.streak >= STREAK
                        && now.saturating_duration_since(self.last_batch) <= GATHER;
                    self.look_at = gathers.then(|| now + GATHER);
                    let enough = if gathers { WORTH_WAKING } else { 0 };
                    if self.shared.queue.wake_above(enough) {
                        return false;
                    }
                }
            }
        }
    }

    fn send(&mut self, session: &mut ClientSession, stream: StreamId, packet: &Packet) {
        if !self.has_sent {
            self.has_sent = true;
            self.send_headers(session, stream, packet.time);
        }
        if packet.role.is_header() {
            let is_new = self.shared.lock_headers().send(packet);
            if !is_new {
                return;
            }
            self.check_codec(packet);
        }
        self.put(session, stream, packet, packet.time);
    }

    /// What the server was told on another connection, at the time of what follows.
    fn send_headers(&mut self, session: &mut ClientSession, stream: StreamId, time: u64) {
        let headers = self.shared.lock_headers().unsent();
        for header in headers {
            self.check_codec(&header);
            self.put(session, stream, &header, time);
        }
    }

    fn put(&mut self, session: &mut ClientSession, stream: StreamId, packet: &Packet, time: u64) {
        let base = match (self.shared.settings.restarts_time, self.time_base) {
            (false, _) => 0,
            (true, Some(base)) => base,
            (true, None) => *self.time_base.insert(time),
        };
        // Modulo 2³², as all times of RTMP.
        let time = time.saturating_sub(base) as u32;
        let body = on_the_wire(packet.role, &packet.body);
        let kind = match packet.kind {
            TagType::Audio => MediaKind::Audio,
            TagType::Video => MediaKind::Video,
            TagType::Script => MediaKind::Data,
        };
        session.media(stream, kind, time, &body);
        self.batch.count(packet.kind, body.len());
    }

    /// Tells the application of a codec that the server says it does not take.
    fn check_codec(&mut self, packet: &Packet) {
        let Some(codec) = packet
            .codec
            .filter(|_| matches!(packet.role, Role::Header(_)))
        else {
            return;
        };
        let name = codec.to_string();
        let Some(server) = &self.capabilities else {
            self.report(format!(
                "The server has not said whether it takes {name}, which Enhanced RTMP has"
            ));
            return;
        };
        let (has, says) = match packet.kind {
            TagType::Audio => (server.has_audio(&name), !server.audio.is_empty()),
            _ => (server.has_video(&name), !server.video.is_empty()),
        };
        // A server that lists only the codecs of the other medium has not said.
        if says && !has && !self.told_codecs.contains(&name) {
            self.told_codecs.push(name.clone());
            self.shared.tell(Notice::UnsupportedCodec(name));
        }
    }

    fn set_chunk_size(&mut self, session: &mut ClientSession) {
        let size = self.shared.adjustable.chunk_size();
        if size != self.chunk_size {
            self.chunk_size = size;
            session.set_chunk_size(size);
        }
    }

    /// Announces the chunk size before anything else is asked for.
    pub(super) fn announce_chunk_size(&mut self, session: &mut ClientSession) {
        self.set_chunk_size(session);
    }

    pub(super) fn set_pace(&mut self, transport: &mut impl Transport) {
        let pace = self.shared.adjustable.pace();
        if pace != self.pace {
            self.pace = pace;
            transport.set_pace(pace);
        }
    }

    pub(super) fn look_deadline(&self) -> Option<Instant> {
        // Only what is behind has anything new to show while nothing is sent.
        let is_behind = self.is_publishing()
            && !self.is_ending()
            && (self.waiting > 0
                || self.hint.present().is_some()
                || self.level != Level::Everything);
        let hint = is_behind.then(|| self.hint.due().max(self.looked + LOOK_EVERY));
        hint.into_iter().chain(self.look_at).min()
    }

    /// Looks at the queue, and tells what is new.
    pub(super) fn look(&mut self, now: Instant) {
        self.look_at = None;
        if !self.is_publishing() || now.saturating_duration_since(self.looked) < LOOK_EVERY {
            return;
        }
        self.looked = now;
        let fill = self.shared.queue.fill();
        if fill.level != self.level {
            if self.level == Level::Everything {
                self.level_since = fill.dropped_before_level;
            }
            self.level = fill.level;
            let dropped = fill.dropped.since(&self.level_since);
            self.tell_level(fill.level, dropped, fill.time);
        }
        let hint = self.hint.look(self.written, fill.pushed, fill.time, now);
        if let Some(hint) = hint {
            self.stats.set_hint(hint.bitrate);
            self.log.info(format_args!("Bitrate hint: {hint:?}"));
            self.shared.tell(Notice::Bitrate(hint));
        }
    }

    fn tell_level(&self, level: Level, dropped: Dropped, delay: u64) {
        self.log.info(format_args!(
            "The upload is {delay} ms behind; left out: {}, so far {dropped:?}",
            level.name()
        ));
        self.shared.tell(Notice::Level {
            level,
            dropped,
            delay,
        });
    }
}
