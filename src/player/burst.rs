// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Whether media comes faster than it plays: servers send new players what they
//! have kept of the last group of pictures (SRS, MediaMTX, nginx-rtmp's forks), so
//! that a picture is there at once, and late by that much for ever.

use std::time::{Duration, Instant};

/// How long media has to come no faster than it plays until the burst is over.
const PAUSE: Duration = Duration::from_millis(200);

/// Longest burst. What goes on for longer is no live stream.
const LONGEST: Duration = Duration::from_secs(5);

/// Steps ahead that are no burst: frames that came together. ms
const JITTER: i64 = 10;

/// Media from its first frame on.
#[derive(Debug)]
pub(super) struct Burst {
    /// Message time of the first frame, in ms, and when it came.
    first: (u64, Instant),
    /// How far media was ahead of the clock at most, in ms, and since when.
    ahead: (i64, Instant),
}

impl Burst {
    /// Begins with a frame of this time, in ms.
    pub(super) fn new(time: u64, now: Instant) -> Self {
        Self {
            first: (time, now),
            ahead: (0, now),
        }
    }

    /// Another frame.
    pub(super) fn frame(&mut self, time: u64, now: Instant) {
        let (first, since) = self.first;
        let played = i64::try_from(time.saturating_sub(first)).unwrap_or(i64::MAX);
        let passed = now.saturating_duration_since(since).as_millis();
        let ahead = played.saturating_sub(i64::try_from(passed).unwrap_or(i64::MAX));
        if ahead > self.ahead.0.saturating_add(JITTER) {
            self.ahead = (ahead, now);
        }
    }

    /// Whether more of it may come.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        now < self.deadline()
    }

    /// When it is over, unless more comes.
    pub(super) fn deadline(&self) -> Instant {
        (self.ahead.1 + PAUSE).min(self.first.1 + LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Whether it is still on behind frames of (time, arrival), in ms.
    fn is_on_behind(frames: &[(u64, u32)], at: u32) -> bool {
        let start = Instant::now();
        let mut burst = Burst::new(1000, start);
        for (time, arrival) in frames {
            burst.frame(*time, start + MS * *arrival);
        }
        burst.is_on(start + MS * at)
    }

    #[test]
    fn it_ends_when_media_comes_no_faster_than_it_plays() {
        assert!(is_on_behind(&[], 199));
        assert!(!is_on_behind(&[], 200));
        // Three seconds at once, then as it plays.
        let burst = [(2000, 5), (3000, 10), (4000, 15)];
        assert!(is_on_behind(&burst, 214));
        assert!(!is_on_behind(&burst, 215));
        let live = [(2000, 5), (3000, 10), (4000, 15), (4040, 55), (4200, 214)];
        assert!(!is_on_behind(&live, 215));
    }

    #[test]
    fn a_burst_over_several_round_trips_is_one() {
        assert!(is_on_behind(&[(2000, 1), (2500, 150), (3200, 300)], 499));
        assert!(!is_on_behind(&[(2000, 1), (2500, 150), (3200, 300)], 500));
    }

    #[test]
    fn a_recording_is_no_burst_without_end() {
        let frames: Vec<_> = (1..100)
            .map(|i| (1000 + 1000 * u64::from(i), i * 60))
            .collect();
        assert!(is_on_behind(&frames[..80], 4999));
        assert!(!is_on_behind(&frames, 5000));
    }

    #[test]
    fn times_that_fall_end_it() {
        assert!(!is_on_behind(&[(2000, 1), (0, 2), (u64::MAX, 3)], 5000));
        assert!(!is_on_behind(&[(2000, 1), (0, 2)], 201));
    }
}
