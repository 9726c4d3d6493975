// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A live stream on its way downstream: its packets get the running time of the
//! pipeline, in their tags as in their buffers, so that what `flvdemux` makes of the
//! tags is the pipeline's time.
//!
//! Tags hold 32 bits. Every 49.7 days a new segment tells how many of these rounds are
//! over, and the tags begin at 0.
//!
//! `flvdemux` takes only the base of a segment, and lets its own begin with the first
//! picture or sound that it gets. So a segment is given out with the first frame that
//! is in it, begins at its presentation time, and has the running time of that as its
//! base: it means the same to all.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::flv::restamp;
use crate::live::LiveTimeline;
use crate::player::{Item, Notice, Packet, Skipped, skip};
use crate::rtmp::timestamp::Track;

/// A round of the tags' times, in ms. `flvdemux` also keeps the presentation time in 32
/// bits, which is later than the tag's by no more than this leaves room for.
const ROUND: u64 = (1 << 32) - 60_000;

/// Older than this the first medium is not where the stream is by now.
const STALE: Duration = Duration::from_secs(1);

/// How often downstream is told that there is nothing.
const GAP_INTERVAL: Duration = Duration::from_millis(100);

/// The steps in which the latency is told, in ns.
const LATENCY_STEP: u64 = 10_000_000;

/// Most that is told beyond what is set, in ns.
const MAX_STANDING: u64 = 2_000_000_000;

/// Which times a live stream gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// Those of the pipeline, following the sender's clock.
    Pipeline,
    /// The sender's own, beginning at the running time of the first arrival.
    Server,
}

/// The running time now, and the moment that it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// Nanoseconds; below zero before the pipeline has begun to play.
    pub(super) running: i64,
    pub(super) instant: Instant,
    /// Changes whenever the pipeline was paused.
    pub(super) base_time: Option<gst::ClockTime>,
}

impl Now {
    fn at(&self, instant: Instant) -> i64 {
        let age = self.instant.saturating_duration_since(instant);
        let age = i64::try_from(age.as_nanos()).unwrap_or(i64::MAX / 2);
        self.running.saturating_sub(age)
    }
}

/// The segment that packets are in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// Buffers' time that has the running time `base`, both in ms.
    pub(super) start: u64,
    pub(super) base: u64,
}

/// The state of one play.
#[derive(Debug)]
pub(super) struct Live {
    times: Times,
    line: LiveTimeline,
    base_time: Option<Option<gst::ClockTime>>,
    /// The running time of tags at 0, in ms, once a frame has come.
    origin: Option<i64>,
    /// What the sender's times are subtracted from, with [`Times::Server`]: the time
    /// of the first frame, and the running time at which it came, in ms.
    first: Option<(u64, u64)>,
    /// The largest time that was given out, in ms of the running time.
    latest: u64,
    /// Nothing comes since then, or until then has been told.
    hole: Option<Instant>,
    /// Later than that pictures are left out. ns
    max_latency: Option<i64>,
    skipping: bool,
    skipped: Skipped,
    lateness: i64,
}

impl Live {
    /// `latency` and `max_latency` in ns, the latter 0 for none.
    pub(super) fn new(times: Times, latency: u64, max_latency: u64) -> Self {
        let limit = i64::try_from(max_latency).unwrap_or(i64::MAX);
        Self {
            times,
            line: LiveTimeline::new(latency),
            base_time: None,
            origin: None,
            first: None,
            latest: 0,
            hole: None,
            max_latency: (limit > 0).then_some(limit),
            skipping: false,
            skipped: Skipped::default(),
            lateness: 0,
        }
    }

    /// Whether the pipeline was paused since the last call. The first call says no.
    pub(super) fn was_paused(&mut self, now: &Now) -> bool {
        self.base_time
            .replace(now.base_time)
            .is_some_and(|before| before != now.base_time)
    }

    /// Looks at what has just come: where the mapping begins, and where it goes on
    /// after a pause.
    pub(super) fn arrive(&mut self, items: &mut VecDeque<Item>, now: &Now, was_paused: bool) {
        let frame = |item: &Item| match item {
            Item::Packet(packet) if packet.frame => Some((packet.dts?, packet.came)),
            _ => None,
        };
        let is_new = !self.line.is_anchored();
        if !was_paused && !is_new {
            return;
        }
        let Some((time, came)) = items.iter().find_map(frame) else {
            return;
        };
        let is_stale = is_new && now.instant.saturating_duration_since(came) > STALE;
        if !was_paused && !is_stale {
            return self.line.anchor(time, now.at(came));
        }
        let skipped = skip(items, true);
        self.skipped.video += skipped.video;
        self.skipped.audio += skipped.audio;
        // What is newest is where the stream is: pictures before it are decoded
        // quickly and not shown.
        if let Some((time, came)) = items.iter().rev().find_map(frame) {
            self.line.anchor(time, now.at(came));
        }
    }

    /// Gives a packet its time. `None`: it is left out, as it comes too late. The
    /// second value is the segment, where a new one begins.
    pub(super) fn place(
        &mut self,
        mut packet: Packet,
        now: &Now,
    ) -> Option<(Packet, Option<Segment>)> {
        let own = packet.dts.unwrap_or(0);
        let composition = packet.pts.unwrap_or(own).saturating_sub(own);
        let time = match packet.track() {
            Some(track) => {
                self.hole = None;
                let mapped = self.line.frame(track, own, now.at(packet.came));
                packet.discont |= mapped.jump;
                self.lateness = mapped.lateness;
                if track == Track::Video && self.is_left_out(&packet, mapped.lateness) {
                    self.skipped.video += 1;
                    return None;
                }
                mapped.time
            }
            None => self.line.other(own),
        };
        self.latest = self.latest.max(time);
        let (tag, origin) = match self.times {
            Times::Pipeline => in_round(time, 0),
            Times::Server => in_round(own, self.server_offset(own, now, &packet)),
        };
        let is_ahead = self.origin.is_none_or(|present| present < origin);
        let is_new = is_ahead && packet.frame;
        if is_new {
            self.origin = Some(origin);
        }
        // What is a little behind where a round changes has no place in the new one.
        let moved = origin - self.origin.unwrap_or(origin);
        let tag = tag.saturating_add_signed(moved);
        let shown = tag.saturating_add(composition);
        packet.dts = Some(tag);
        packet.pts = Some(shown);
        restamp(&mut packet.data, tag as u32);
        let segment = is_new.then(|| Segment {
            start: shown,
            base: shown.saturating_add_signed(origin),
        });
        Some((packet, segment))
    }

    /// The running time of what has the sender's time 0.
    fn server_offset(&mut self, own: u64, now: &Now, packet: &Packet) -> i64 {
        // Where the line begins is the first frame's word.
        if self.first.is_none() && packet.frame {
            let came = u64::try_from(now.at(packet.came) / 1_000_000).unwrap_or(0);
            self.first = Some((own, came));
        }
        let (first, running) = self.first.unwrap_or((own, 0));
        running.cast_signed().saturating_sub(first.cast_signed())
    }

    /// Whether pictures come so late that they are not worth a decoder's time.
    fn is_left_out(&mut self, packet: &Packet, lateness: i64) -> bool {
        let Some(limit) = self.max_latency else {
            return false;
        };
        let is_late = lateness > limit;
        self.skipping = match self.skipping {
            true => packet.delta_unit || is_late,
            false => is_late,
        };
        self.skipping
    }

    /// The running time, in ms, of what has this time of the sender's.
    pub(super) fn running_time(&self, time: u64) -> u64 {
        self.line.other(time)
    }

    /// A notice tells of a hole in the stream.
    pub(super) fn note(&mut self, notice: &Notice, now: Instant) {
        match notice {
            Notice::Interrupted { .. } | Notice::PublisherLeft(_) => {
                self.hole.get_or_insert(now);
            }
            _ => {}
        }
    }

    /// When downstream is to be told that there is nothing.
    pub(super) fn gap_due(&self) -> Option<Instant> {
        // Before the first medium nobody waits.
        let hole = self.hole.filter(|_| self.line.latest().is_some())?;
        Some(hole + GAP_INTERVAL)
    }

    /// From when, and how long, there is nothing, in ms in the present segment.
    pub(super) fn gap(&mut self, now: &Now) -> Option<(u64, u64)> {
        self.hole = self.hole.map(|_| now.instant);
        let until = u64::try_from(now.running / 1_000_000).ok()?;
        let from = self.latest;
        if self.times == Times::Server || until <= from {
            return None;
        }
        self.latest = until;
        let origin = self.origin?;
        Some((from.checked_add_signed(-origin)?, until - from))
    }

    /// Pictures and sound that were left out since the last call.
    pub(super) fn take_skipped(&mut self) -> Skipped {
        if self.skipping {
            return Skipped::default();
        }
        std::mem::take(&mut self.skipped)
    }

    /// How late the stream always is, in ns and in whole steps.
    pub(super) fn standing_lateness(&self) -> u64 {
        let late = self.line.standing_lateness().min(MAX_STANDING);
        late.div_ceil(LATENCY_STEP) * LATENCY_STEP
    }

    /// How the mapping is at present.
    pub(super) fn figures(&self) -> Figures {
        Figures {
            drift: self.line.drift(),
            lateness: self.lateness,
            standing: self.line.standing_lateness(),
            jumps: self.line.jumps(),
        }
    }
}

/// The time in a round of 32 bits, and the running time, in ms, at which the round
/// begins where that of time 0 is `offset`.
fn in_round(time: u64, offset: i64) -> (u64, i64) {
    let tag = time % ROUND;
    (tag, (time - tag).cast_signed().saturating_add(offset))
}

/// How the mapping of a live stream is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Figures {
    drift: i64,
    lateness: i64,
    standing: u64,
    jumps: u64,
}

impl Figures {
    pub(super) fn add_to(&self, stats: &mut gst::StructureRef) {
        stats.set("clock-drift", self.drift);
        stats.set("lateness", self.lateness);
        stats.set("standing-lateness", self.standing);
        stats.set("time-jumps", self.jumps);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;

    fn packet(kind: u8, time: u64, came: Instant) -> Packet {
        let mut data = BytesMut::zeroed(20);
        data[0] = kind;
        Packet {
            data,
            dts: Some(time),
            pts: Some(time + 40),
            header: false,
            delta_unit: false,
            discont: false,
            frame: true,
            came,
            made: None,
        }
    }

    fn time_of(packet: &Packet) -> u32 {
        let data = &packet.data;
        u32::from_be_bytes([data[7], data[4], data[5], data[6]])
    }

    /// Frames 40 ms apart around 49.7 days of running time: time in the tag, and the
    /// running time that the segment makes of it.
    fn across_a_round(times: Times) -> Vec<(u64, u64)> {
        let mut live = Live::new(times, 0, 0);
        let instant = Instant::now();
        let mut segment = Segment::default();
        let mut places = Vec::new();
        for n in 0..100_u64 {
            let running = ROUND - 2_000 + 40 * n;
            let now = Now {
                running: i64::try_from(running * 1_000_000).expect("a time"),
                instant,
                base_time: None,
            };
            // The sender's own round is over elsewhere.
            let sender = ROUND - 1_000 + 40 * n;
            let placed = live.place(packet(9, sender, instant), &now);
            let (packet, new) = placed.expect("nothing is left out");
            segment = new.unwrap_or(segment);
            let time = packet.dts.expect("a time");
            assert_eq!(u64::from(time_of(&packet)), time);
            let shown = packet.pts.expect("a time");
            assert_eq!(shown, time + 40);
            assert!(new.is_none_or(|new| new.start == shown));
            places.push((time, shown - segment.start + segment.base));
        }
        places
    }

    #[test]
    fn a_new_round_of_32_bits_is_a_new_segment() {
        for (times, over) in [(Times::Pipeline, 50), (Times::Server, 25)] {
            let places = across_a_round(times);
            for (n, (time, running)) in places.iter().enumerate() {
                let n = n as u64;
                assert_eq!(*running, ROUND - 2_000 + 40 * n + 40, "{times:?}");
                assert_eq!(*time < 10_000, n >= over, "{times:?}: frame {n} at {time}");
            }
        }
    }

    #[test]
    fn late_pictures_are_left_out_up_to_a_key_frame_that_is_not() {
        let mut live = Live::new(Times::Pipeline, 0, 500_000_000);
        let instant = Instant::now();
        let mut place = |time: u64, late: u64, delta_unit| {
            let now = Now {
                running: i64::try_from((time + late) * 1_000_000).expect("a time"),
                instant,
                base_time: None,
            };
            let mut packet = packet(9, time, instant);
            packet.delta_unit = delta_unit;
            let is_there = live.place(packet, &now).is_some();
            (is_there, live.take_skipped().video)
        };
        assert_eq!(place(0, 0, false), (true, 0));
        assert_eq!(place(40, 501, true), (false, 0));
        assert_eq!(place(80, 0, true), (false, 0));
        assert_eq!(place(120, 501, false), (false, 0));
        assert_eq!(place(160, 10, false), (true, 3));
        assert_eq!(place(200, 10, true), (true, 0));
    }
}
