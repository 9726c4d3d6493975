// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! So many bytes in a second, in small portions.

use std::time::{Duration, Instant};

/// What may go out at once, as time at the rate.
const PORTION: Duration = Duration::from_millis(20);

/// The least that is worth a system call, in bytes.
const LEAST: f64 = 1400.0;

/// Allows bytes by the clock.
#[derive(Debug)]
pub(super) struct Pacer {
    /// Bytes per second.
    rate: f64,
    allowed: f64,
    since: Instant,
}

impl Pacer {
    pub(super) fn new(bytes_per_second: u64, now: Instant) -> Self {
        Self {
            rate: (bytes_per_second as f64).max(1.0),
            allowed: 0.0,
            since: now,
        }
    }

    /// How many bytes may go out now; 0 if it is not worth it yet.
    pub(super) fn allowance(&mut self, now: Instant) -> usize {
        let passed = now.saturating_duration_since(self.since);
        let most = self.most();
        self.allowed = (self.allowed + passed.as_secs_f64() * self.rate).min(most);
        self.since = now;
        if self.allowed < LEAST {
            return 0;
        }
        self.allowed as usize
    }

    /// So many have gone.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.allowed -= bytes as f64;
    }

    /// When a portion may go out.
    pub(super) fn next(&self) -> Instant {
        let missing = (self.most() - self.allowed).max(0.0);
        self.since + Duration::from_secs_f64((missing / self.rate).min(3600.0))
    }

    fn most(&self) -> f64 {
        (self.rate * PORTION.as_secs_f64()).max(LEAST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends all that may go for so long, looking when it says so.
    fn sent(rate: u64, time: Duration) -> usize {
        let start = Instant::now();
        let (mut pacer, mut now, mut sum) = (Pacer::new(rate, start), start, 0);
        while now - start < time {
            let allowed = pacer.allowance(now);
            pacer.spend(allowed);
            sum += allowed;
            let next = pacer.next();
            assert!(next > now, "no time passes");
            now = next;
        }
        sum
    }

    #[test]
    fn over_time_it_is_the_rate() {
        for rate in [10_000, 125_000, 1_000_000, 100_000_000] {
            let bytes = sent(rate, Duration::from_secs(10)) as f64;
            let expected = rate as f64 * 10.0;
            assert!(
                (bytes - expected).abs() < expected / 50.0,
                "{rate}: {bytes}"
            );
        }
    }

    #[test]
    fn a_rest_is_not_saved_up() {
        let start = Instant::now();
        let mut pacer = Pacer::new(1_000_000, start);
        let allowed = pacer.allowance(start + Duration::from_secs(60));
        assert!(allowed <= 20_000, "{allowed}");
    }
}
