// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which bitrate the upload can take: what the encoder had better make.
//!
//! While the queue is behind, what the socket takes is what the line can carry; a little
//! less than that lets the queue empty. Once it has been empty for some time, a little
//! more is tried, up to what the stream had before.

use std::time::{Duration, Instant};

/// Delay from which on the line counts as too slow, in ms.
const SLOW: u64 = 400;

/// Delay up to which the queue counts as empty, in ms.
const EMPTY: u64 = 150;

/// How often a hint may fall.
const FALL_EVERY: Duration = Duration::from_secs(2);

/// How long the queue has to be empty before more is tried, and between two steps.
const RISE_EVERY: Duration = Duration::from_secs(4);

/// What part of what the line carries is used.
const PART: f64 = 0.8;

/// By what it rises.
const STEP: f64 = 1.15;

/// Time over which is measured.
const SPAN: Duration = Duration::from_millis(500);

/// The least that is ever hinted, in bits per second.
const LEAST: u64 = 32_000;

/// What the encoder had better make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint {
    /// Bits per second for all media; `None`: as many as it likes.
    pub bitrate: Option<u64>,
    /// What the line carries at present, in bits per second, if that is known.
    pub carried: Option<u64>,
    /// How far behind the upload is, in ms.
    pub delay: u64,
}

/// Makes hints from what is seen.
#[derive(Debug)]
pub(super) struct BitrateHint {
    present: Option<u64>,
    /// What the stream had when it all began.
    full: u64,
    changed: Instant,
    empty_since: Option<Instant>,
    began: Instant,
    sent: u64,
    pushed: u64,
    was_behind: bool,
}

impl BitrateHint {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            present: None,
            full: 0,
            changed: now,
            empty_since: None,
            began: now,
            sent: 0,
            pushed: 0,
            was_behind: false,
        }
    }

    /// When to look again.
    pub(super) fn due(&self) -> Instant {
        self.began + SPAN
    }

    /// The present hint.
    pub(super) fn present(&self) -> Option<u64> {
        self.present
    }

    /// Looks at what has been sent and pushed altogether, in bytes, and how far behind
    /// it is, in ms. Returns a hint that is new.
    pub(super) fn look(
        &mut self,
        sent: u64,
        pushed: u64,
        delay: u64,
        now: Instant,
    ) -> Option<Hint> {
        let span = now.saturating_duration_since(self.began);
        if span < SPAN {
            return None;
        }
        let rate = |after: u64, before: u64| {
            (after.saturating_sub(before) as f64 * 8.0 / span.as_secs_f64()) as u64
        };
        let (carried, made) = (rate(sent, self.sent), rate(pushed, self.pushed));
        (self.began, self.sent, self.pushed) = (now, sent, pushed);
        let was_behind = std::mem::replace(&mut self.was_behind, delay > EMPTY);
        if self.present.is_none() {
            // Slowly down again, as pictures differ.
            self.full = made.max(self.full / 20 * 19);
        }
        if delay > EMPTY {
            self.empty_since = None;
        } else {
            self.empty_since.get_or_insert(now);
        }
        let since = now.saturating_duration_since(self.changed);
        if delay >= SLOW && was_behind && (self.present.is_none() || since >= FALL_EVERY) {
            let next = ((carried as f64 * PART) as u64).max(LEAST);
            // It has been lowered, and the queue empties.
            if self.present.is_some_and(|present| next >= present) {
                return None;
            }
            return Some(self.change(Some(next), Some(carried), delay, now));
        }
        let present = self.present?;
        let rested = self.empty_since?;
        let may_rise = now.saturating_duration_since(rested) >= RISE_EVERY && since >= RISE_EVERY;
        if !may_rise {
            return None;
        }
        let next = (present as f64 * STEP) as u64;
        let next = (next < self.full).then_some(next);
        Some(self.change(next, None, delay, now))
    }

    fn change(
        &mut self,
        bitrate: Option<u64>,
        carried: Option<u64>,
        delay: u64,
        now: Instant,
    ) -> Hint {
        self.present = bitrate;
        self.changed = now;
        Hint {
            bitrate,
            carried,
            delay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of so many bits a second and an encoder that follows the hints, in steps
    /// of a tenth of a second.
    struct Model {
        hint: BitrateHint,
        now: Instant,
        sent: f64,
        pushed: f64,
        wanted: f64,
    }

    impl Model {
        fn new(wanted: f64) -> Self {
            let now = Instant::now();
            Self {
                hint: BitrateHint::new(now),
                now,
                sent: 0.0,
                pushed: 0.0,
                wanted,
            }
        }

        fn run(&mut self, line: f64, seconds: u32) -> (Vec<Hint>, f64) {
            let mut hints = Vec::new();
            let mut longest = 0f64;
            for _ in 0..seconds * 10 {
                let made = self.hint.present().map_or(self.wanted, |rate| rate as f64);
                let made = made.min(self.wanted);
                self.pushed += made / 80.0;
                self.sent = (self.sent + line / 80.0).min(self.pushed);
                let delay = (self.pushed - self.sent) * 8.0 / made * 1000.0;
                longest = longest.max(delay);
                self.now += Duration::from_millis(100);
                let (sent, pushed) = (self.sent as u64, self.pushed as u64);
                hints.extend(self.hint.look(sent, pushed, delay as u64, self.now));
            }
            (hints, longest)
        }
    }

    #[test]
    fn a_line_that_is_fast_enough_brings_no_hint() {
        assert!(Model::new(2e6).run(3e6, 60).0.is_empty());
    }

    #[test]
    fn a_slow_line_brings_the_bitrate_below_it_and_a_fast_one_back() {
        let mut model = Model::new(4e6);
        model.run(1e7, 10);
        let (hints, longest) = model.run(1e6, 20);
        let first = hints.first().expect("a hint");
        let bitrate = first.bitrate.expect("a bitrate");
        assert!((700_000..=900_000).contains(&bitrate), "{first:?}");
        assert!(longest < 4000.0, "{longest} ms");
        let (hints, longest) = model.run(1e6, 60);
        assert!(longest < 2500.0, "{longest} ms: it swings around the line");
        assert!(
            hints
                .iter()
                .all(|hint| hint.bitrate.is_some_and(|rate| rate < 1_200_000))
        );
        let (hints, _) = model.run(1e7, 120);
        let last = hints.last().expect("hints");
        assert_eq!(last.bitrate, None, "all of it again: {hints:?}");
        assert!(hints.is_sorted_by_key(|hint| hint.bitrate.unwrap_or(u64::MAX)));
    }

    #[test]
    fn a_line_that_stands_still_brings_the_least() {
        let mut model = Model::new(4e6);
        model.run(1e7, 2);
        let (hints, _) = model.run(0.0, 10);
        assert_eq!(hints.last().and_then(|hint| hint.bitrate), Some(LEAST));
    }
}
