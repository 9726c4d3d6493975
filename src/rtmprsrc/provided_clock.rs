// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A clock for the pipeline that goes as the sender's does, so that nothing has to be
//! resampled, or left out and shown twice, on the way to a place that counts every sample.

use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::live::{SenderClock, rate};
use crate::player::Packet;
use crate::rtmp::timestamp::Track;

/// How often its rate is set.
const INTERVAL: Duration = Duration::from_millis(500);

/// Frames of the other track without one of the track that is followed, until that is.
const ENOUGH_OF_THE_OTHER: u32 = 100;

/// Parts of a rate, as a calibration has it.
const DENOMINATOR: u64 = 1_000_000_000;

/// A clock that can be set so.
pub(super) fn new_clock() -> gst::SystemClock {
    glib::Object::builder()
        .property("name", "rtmprsrc-clock")
        .build()
}

/// What one play makes of the clock.
#[derive(Debug)]
pub(super) struct ProvidedClock {
    clock: gst::SystemClock,
    start: Instant,
    sender: SenderClock,
    track: Option<Track>,
    others: u32,
    set: Option<Instant>,
}

impl ProvidedClock {
    /// Goes on from what the clock shows.
    pub(super) fn new(clock: gst::SystemClock) -> Self {
        let internal = clock.internal_time();
        let behind = signed(internal).saturating_sub(signed(shown(&clock, internal)));
        Self {
            clock,
            start: Instant::now(),
            sender: SenderClock::since(behind),
            track: None,
            others: 0,
            set: None,
        }
    }

    /// Looks at a frame with the sender's time.
    pub(super) fn frame(&mut self, packet: &Packet, now: Instant) {
        let (Some(track), Some(time)) = (packet.track(), packet.dts) else {
            return;
        };
        if packet.discont {
            self.sender.interrupt();
        }
        if *self.track.get_or_insert(track) != track {
            self.others += 1;
            if self.others < ENOUGH_OF_THE_OTHER {
                return;
            }
            self.sender.interrupt();
            self.track = Some(track);
        }
        self.others = 0;
        let age = packet.came.saturating_duration_since(self.start);
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        self.sender
            .frame(nanoseconds(age), time.saturating_mul(1_000_000));
        let is_due = self
            .set
            .is_none_or(|set| now.saturating_duration_since(set) >= INTERVAL);
        if is_due {
            self.set = Some(now);
            self.adjust();
        }
    }

    /// Sets the rate. The clock goes on from what it shows.
    fn adjust(&self) {
        let internal = self.clock.internal_time();
        let shown = shown(&self.clock, internal);
        let wanted = signed(internal).saturating_sub(self.sender.behind());
        let part = rate(signed(shown), wanted);
        let numerator = (part * DENOMINATOR as f64) as u64;
        self.clock
            .set_calibration(internal, shown, numerator, DENOMINATOR);
    }
}

/// What the clock shows when the machine's shows `internal`.
fn shown(clock: &gst::SystemClock, internal: gst::ClockTime) -> gst::ClockTime {
    let (from_internal, from_external, num, denom) = clock.calibration();
    gst::Clock::adjust_with_calibration(internal, from_internal, from_external, num, denom)
}

fn signed(time: gst::ClockTime) -> i64 {
    i64::try_from(time.nseconds()).unwrap_or(i64::MAX)
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
