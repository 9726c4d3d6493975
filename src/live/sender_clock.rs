// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How a clock has to go that follows a sender's: the machine's clock, slowed down or
//! sped up by a little, until both show the same drift.

use super::skew::Skew;

/// In how long a difference is made up for. ns
const HORIZON: f64 = 4e9;

/// By what part the clock may go faster or slower than the machine's: far more than a
/// crystal is wrong, and far less than can be heard.
const MAX_RATE: f64 = 0.002;

/// What the frames of one track tell of the sender's clock. Times in ns.
#[derive(Debug, Default)]
pub struct SenderClock {
    skew: Skew,
    /// How far it had fallen behind when the line of its times broke.
    before: i64,
}

impl SenderClock {
    /// It had fallen behind by this before.
    pub fn since(before: i64) -> Self {
        Self {
            before,
            ..Self::default()
        }
    }

    /// A frame of this time of the sender came when the machine's clock showed `arrival`.
    pub fn frame(&mut self, arrival: i64, time: i64) {
        self.skew.note(arrival, arrival.saturating_sub(time));
    }

    /// The line of the sender's times broke: what comes tells of the rate only.
    pub fn interrupt(&mut self) {
        self.before = self.behind();
        self.skew = Skew::default();
    }

    /// How far it has fallen behind the machine's clock since the first frame; below zero
    /// if it is ahead.
    pub fn behind(&self) -> i64 {
        self.before.saturating_add(self.skew.drift().unwrap_or(0))
    }
}

/// How fast a clock is to go, as a part of the machine's, that shows `shown` and ought to
/// show `wanted`, both in ns.
pub fn rate(shown: i64, wanted: i64) -> f64 {
    let part = wanted.saturating_sub(shown) as f64 / HORIZON;
    1.0 + part.clamp(-MAX_RATE, MAX_RATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    /// Follows a sender that is wrong by this for some hours, with delays of up to 30 ms.
    /// Returns how far the clock is from it at most once it has settled, and how much
    /// faster or slower than the machine's it goes at most, in parts per million.
    fn follow(ppm: i64, hours: i64, breaks: bool) -> (i64, f64) {
        let mut sender = SenderClock::default();
        let (mut shown, mut speed, mut last) = (0.0_f64, 1.0_f64, 0_i64);
        let (mut worst, mut fastest) = (0_i64, 0.0_f64);
        for n in 0..hours * 3600 * 25 {
            let now = n * 40 * MS;
            let own = now + now / 1_000_000 * ppm;
            let delay = (n * 7919 % 31) * MS;
            // The line begins somewhere else after a break.
            let moved = if breaks && n >= 45_000 { 777 * MS } else { 0 };
            if breaks && n == 45_000 {
                sender.interrupt();
            }
            sender.frame(now + delay, own + moved);
            shown += (now - last) as f64 * speed;
            last = now;
            if n % 12 == 0 {
                speed = rate(shown as i64, now - sender.behind());
            }
            if n > 1500 {
                worst = worst.max((shown as i64 - own).abs());
                fastest = fastest.max((speed - 1.0).abs() * 1e6);
            }
        }
        (worst, fastest)
    }

    #[test]
    fn a_sender_is_followed_to_some_milliseconds() {
        for ppm in [-500, -100, 0, 100, 500] {
            let (worst, fastest) = follow(ppm, 2, false);
            assert!(worst < 10 * MS, "{ppm} ppm: {worst} ns");
            assert!(fastest < 1500.0, "{ppm} ppm: {fastest} ppm");
        }
    }

    #[test]
    fn a_break_in_the_line_is_no_jump_of_the_clock() {
        for ppm in [-100, 100] {
            // What drifts while the new line is looked at first is not made up for.
            let (worst, fastest) = follow(ppm, 1, true);
            assert!(worst < 15 * MS, "{ppm} ppm: {worst} ns");
            assert!(fastest < 1000.0, "{ppm} ppm: {fastest} ppm");
        }
    }

    #[test]
    fn the_rate_is_bounded_whatever_the_difference() {
        for (shown, wanted, expected) in [
            (0, 0, 1.0),
            (0, i64::MAX, 1.0 + MAX_RATE),
            (i64::MAX, i64::MIN, 1.0 - MAX_RATE),
        ] {
            assert_eq!(rate(shown, wanted), expected);
        }
    }
}
