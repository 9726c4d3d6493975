// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! So many at once, and so many a second from then on.

use std::time::Instant;

/// What may still be done.
#[derive(Debug)]
pub(crate) struct Allowance {
    most: f64,
    per_second: f64,
    left: f64,
    since: Instant,
}

impl Allowance {
    /// All of it is there at `now`.
    pub(crate) fn new(most: u32, per_second: u32, now: Instant) -> Self {
        Self {
            most: most.into(),
            per_second: per_second.into(),
            left: most.into(),
            since: now,
        }
    }

    /// Takes so many away; false if there were not as many.
    pub(crate) fn take(&mut self, count: u64, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.since);
        self.since = self.since.max(now);
        let gained = passed.as_secs_f64() * self.per_second;
        self.left = (self.left + gained).min(self.most) - count as f64;
        let enough = self.left >= 0.0;
        self.left = self.left.max(0.0);
        enough
    }

    /// Gives so many back.
    pub(crate) fn give(&mut self, count: u64) {
        self.left = (self.left + count as f64).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn all_of_it_may_be_taken_at_once_and_a_part_of_it_each_second() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut allowance = Allowance::new(10, 2, start);
        assert!(allowance.take(10, start));
        assert!(!allowance.take(1, at(400)));
        assert!(allowance.take(1, at(900)));
        assert!(!allowance.take(1, at(900)));
        assert!(allowance.take(4, at(2900)));
        assert!(!allowance.take(1, at(2900)));
        assert!(allowance.take(10, at(1_000_000)), "no more than all");
        assert!(!allowance.take(1, at(1_000_000)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_and_is_never_more_than_all() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, 1, start);
        allowance.give(100);
        assert!(allowance.take(10, start));
        allowance.give(3);
        assert!(allowance.take(3, start));
        assert!(!allowance.take(1, start));
    }

    #[test]
    fn a_clock_that_stands_or_falls_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(10);
        let mut allowance = Allowance::new(1, 1, start);
        assert!(allowance.take(1, start));
        assert!(!allowance.take(1, start - Duration::from_secs(5)));
        assert!(!allowance.take(1, start));
    }
}
