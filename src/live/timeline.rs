// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Puts frames on the running time of a pipeline.
//!
//! The first frame gets the time at which it came, and those behind it keep
//! their distances. Then the mapping follows the sender's clock, slowly, so that
//! neither a queue fills nor a sink runs dry in weeks. It is set anew only where
//! the stream itself has no continuity: all frames come too late to be shown, or
//! the sender's time has jumped ahead.

use super::skew::Skew;
use crate::rtmp::timestamp::Track;

const MS: i64 = 1_000_000;

/// Part of a drift that is followed in one second: small enough that no change of
/// speed is heard, and that one window's noise does nothing.
const FOLLOW: f64 = 0.1;

/// Fastest change, as a part of the time in which it happens: ten times what the
/// worst clocks need.
const MAX_SLEW: f64 = 0.005;

/// Largest change from a frame to the next. ns
const MAX_STEP: i64 = MS;

/// How much earlier than any other a frame has to come for a jump of the sender's
/// clock. ns
const JUMP: i64 = 1_000 * MS;

/// How much later than allowed a frame may come. ns
const SLACK: i64 = 20 * MS;

/// How long all frames have to come too late. ns
const PATIENCE: i64 = 2_000 * MS;

/// How long after an anchor frames may come early: a server sends what it has
/// kept. ns
const BURST: i64 = 6_000 * MS;

/// Where a frame is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped {
    /// Running time, in ms.
    pub time: u64,
    /// The mapping was set anew here.
    pub jump: bool,
    /// How much later than its time it came, in ns; below zero: earlier.
    pub lateness: i64,
}

/// The mapping of one stream.
#[derive(Debug, Default)]
pub struct LiveTimeline {
    anchor: Option<Anchor>,
    audio: Lane,
    video: Lane,
    /// Tracks that have not seen the last change yet.
    jumped: [bool; 2],
    /// How late all frames may come before the mapping is set anew. ns
    allowance: i64,
    jumps: u64,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    /// Running time minus sender's time, without drift. ns
    offset: i64,
    /// What of the drift is followed. ns
    followed: f64,
    since: i64,
    /// Arrival of the last frame.
    last: i64,
    /// Since when all frames have come too late.
    late_since: Option<i64>,
}

#[derive(Debug, Default)]
struct Lane {
    skew: Skew,
    /// Last running time. ms
    last: Option<u64>,
}

impl LiveTimeline {
    /// `allowance`: how late, in ns, frames may come and still be shown.
    pub fn new(allowance: u64) -> Self {
        Self {
            allowance: i64::try_from(allowance).unwrap_or(i64::MAX / 4),
            ..Self::default()
        }
    }

    /// Whether the mapping has begun.
    pub fn is_anchored(&self) -> bool {
        self.anchor.is_some()
    }

    /// Lets a frame with this time of the sender's, in ms, have the running time
    /// `arrival`, in ns. Running times that were given out stay behind.
    pub fn anchor(&mut self, time: u64, arrival: i64) {
        let had_one = self.anchor.is_some();
        self.anchor = Some(Anchor {
            offset: arrival.saturating_sub(nanoseconds(time)),
            followed: 0.0,
            since: arrival,
            last: arrival,
            late_since: None,
        });
        self.audio.skew = Skew::default();
        self.video.skew = Skew::default();
        self.jumped = [had_one; 2];
        self.jumps += u64::from(had_one);
    }

    /// How often the mapping was set anew.
    pub fn jumps(&self) -> u64 {
        self.jumps
    }

    /// What of the sender's drift is followed at present, in ns: above zero, its
    /// clock is slower than the pipeline's.
    pub fn drift(&self) -> i64 {
        self.anchor.map_or(0, |anchor| anchor.followed as i64)
    }

    /// How much later than the other one even the quickest of a track comes at
    /// present, in ns: what no sink can show without waiting for it. A network that
    /// stalls delays both.
    pub fn standing_lateness(&self) -> u64 {
        let Some(anchor) = self.anchor else {
            return 0;
        };
        let least = |lane: &Lane| {
            let is_known = lane.skew.is_fresh(anchor.last) && lane.skew.is_filled();
            lane.skew.minimum().filter(|_| is_known)
        };
        match (least(&self.audio), least(&self.video)) {
            (Some(audio), Some(video)) => audio.abs_diff(video),
            _ => 0,
        }
    }

    /// Puts a frame on the line that came at this running time, in ns.
    pub fn frame(&mut self, track: Track, time: u64, arrival: i64) -> Mapped {
        if self.anchor.is_none() {
            self.anchor(time, arrival);
        }
        let distance = arrival.saturating_sub(nanoseconds(time));
        if let Some(anchor) = self.anchor
            && self.has_jumped(anchor, distance, arrival)
        {
            self.anchor(time, arrival);
        }
        let index = match track {
            Track::Audio => 0,
            Track::Video => 1,
        };
        self.lane(track).skew.note(arrival, distance);
        self.follow(arrival);
        self.wait_for_all(distance, arrival);
        let jump = std::mem::take(&mut self.jumped[index]);
        let running = self.running(time);
        let lane = self.lane(track);
        let time = lane.last.map_or(running, |last| running.max(last));
        lane.last = Some(time);
        let lateness = arrival.saturating_sub(nanoseconds(time));
        Mapped {
            time,
            jump,
            lateness,
        }
    }

    /// The running time, in ms, of something that is no frame and has this time of
    /// the sender's.
    pub fn other(&self, time: u64) -> u64 {
        let latest = self.latest().unwrap_or(0);
        match self.anchor {
            Some(_) => self.running(time).max(latest),
            None => latest,
        }
    }

    /// The latest running time that was given out, in ms.
    pub fn latest(&self) -> Option<u64> {
        self.audio.last.max(self.video.last)
    }

    fn lane(&mut self, track: Track) -> &mut Lane {
        match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        }
    }

    fn running(&self, time: u64) -> u64 {
        let offset = self.anchor.map_or(0, |anchor| anchor.sum());
        let running = nanoseconds(time).saturating_add(offset);
        u64::try_from(running / MS).unwrap_or(0)
    }

    /// The sender's clock has jumped ahead: what it says now was said before no
    /// such time had passed.
    fn has_jumped(&self, anchor: Anchor, distance: i64, arrival: i64) -> bool {
        let least = [&self.audio, &self.video]
            .into_iter()
            .filter_map(|lane| lane.skew.minimum())
            .min();
        arrival.saturating_sub(anchor.since) > BURST
            && least.is_some_and(|least| distance < least.saturating_sub(JUMP))
    }

    /// Moves the mapping towards the drift.
    fn follow(&mut self, arrival: i64) {
        let lead = [&self.audio, &self.video]
            .into_iter()
            .find(|lane| lane.skew.is_fresh(arrival) && lane.skew.drift().is_some());
        let drift = lead.and_then(|lane| lane.skew.drift());
        let Some(anchor) = &mut self.anchor else {
            return;
        };
        let passed = arrival.saturating_sub(anchor.last).max(0);
        anchor.last = anchor.last.max(arrival);
        let Some(drift) = drift else {
            return;
        };
        let seconds = (passed as f64 / 1e9).min(1.0);
        let wanted = (drift as f64 - anchor.followed) * (FOLLOW * seconds);
        let most = (seconds * 1e9 * MAX_SLEW).min(MAX_STEP as f64);
        anchor.followed += wanted.clamp(-most, most);
    }

    /// Where not even the quickest frame comes in time any more, all are later from
    /// now on: the network, or a server between, has kept that much.
    fn wait_for_all(&mut self, distance: i64, arrival: i64) {
        let allowance = self.allowance.saturating_add(SLACK);
        let Some(anchor) = &mut self.anchor else {
            return;
        };
        if distance.saturating_sub(anchor.sum()) <= allowance {
            anchor.late_since = None;
            return;
        }
        let since = *anchor.late_since.get_or_insert(arrival);
        if arrival.saturating_sub(since) < PATIENCE {
            return;
        }
        let anchor = *anchor;
        let least = [&self.audio, &self.video]
            .into_iter()
            .filter(|lane| lane.skew.is_fresh(anchor.last))
            .filter_map(|lane| lane.skew.recent())
            .min();
        let late = least.map_or(0, |least| least.saturating_sub(anchor.sum()));
        if late > 0 {
            let offset = anchor.sum().saturating_add(late);
            self.anchor = Some(Anchor {
                offset,
                followed: 0.0,
                since: anchor.last,
                last: anchor.last,
                late_since: None,
            });
            // If that was a slow recovery, it goes back bit by bit.
            self.audio.skew = Skew::with_reference(offset);
            self.video.skew = Skew::with_reference(offset);
            self.jumped = [true; 2];
            self.jumps += 1;
        }
    }
}

impl Anchor {
    fn sum(&self) -> i64 {
        self.offset.saturating_add(self.followed as i64)
    }
}

fn nanoseconds(milliseconds: u64) -> i64 {
    i64::try_from(milliseconds)
        .unwrap_or(i64::MAX / MS)
        .saturating_mul(MS)
}

#[cfg(test)]
mod tests;
