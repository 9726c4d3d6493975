// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How long the server takes to answer, from what is asked anyway and from
//! pings of our own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Pings whose answers are waited for. Servers that answer none cost no more.
pub(crate) const MAX_UNANSWERED: usize = 8;

/// What was measured on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundTrip {
    /// The last time from a question to its answer.
    pub last: Duration,
    /// The shortest one.
    pub min: Duration,
}

impl RoundTrip {
    /// With one more sample.
    pub(crate) fn with(before: Option<Self>, sample: Duration) -> Self {
        Self {
            last: sample,
            min: before.map_or(sample, |before| before.min.min(sample)),
        }
    }
}

/// When to ping, and which pings are on their way.
#[derive(Debug)]
pub(crate) struct Pinger {
    interval: Option<Duration>,
    /// The clock that pings carry begins here.
    epoch: Instant,
    next: Option<Instant>,
    sent: VecDeque<(u32, Instant)>,
}

impl Pinger {
    /// Silent before [`begin`](Self::begin), and for ever without an interval.
    pub(crate) fn new(interval: Option<Duration>, epoch: Instant) -> Self {
        Self {
            interval,
            epoch,
            next: None,
            sent: VecDeque::new(),
        }
    }

    /// The first ping is due at once.
    pub(crate) fn begin(&mut self, now: Instant) {
        if self.next.is_none() {
            self.next = self.interval.map(|_| now);
        }
    }

    /// When the next one is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The number of the ping that is due.
    pub(crate) fn due(&mut self, now: Instant) -> Option<u32> {
        if self.next.is_none_or(|next| next > now) {
            return None;
        }
        self.next = self.interval.map(|interval| now + interval);
        // Milliseconds modulo 2³², as all times of RTMP.
        let number = now.saturating_duration_since(self.epoch).as_millis() as u32;
        if self.sent.len() >= MAX_UNANSWERED {
            self.sent.pop_front();
        }
        self.sent.push_back((number, now));
        Some(number)
    }

    /// How long the answer to a ping of ours took.
    pub(crate) fn answered(&mut self, number: u32, now: Instant) -> Option<Duration> {
        let position = self.sent.iter().position(|(sent, _)| *sent == number)?;
        // Answers keep the order: those before it got none.
        let (_, since) = self.sent.drain(..=position).next_back()?;
        Some(now.saturating_duration_since(since))
    }

    /// The socket is not read: answers that come now would be read too late.
    pub(crate) fn forget(&mut self) {
        self.sent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pinger(start: Instant) -> Pinger {
        let mut pinger = Pinger::new(Some(1000 * MS), start);
        pinger.begin(start);
        pinger
    }

    #[test]
    fn the_last_and_the_least_are_kept() {
        let mut round_trip = None;
        for sample in [30, 20, 50] {
            round_trip = Some(RoundTrip::with(round_trip, sample * MS));
        }
        let (last, min) = (50 * MS, 20 * MS);
        assert_eq!(round_trip, Some(RoundTrip { last, min }));
    }

    #[test]
    fn a_ping_carries_the_clock_and_comes_once_in_an_interval() {
        let start = Instant::now();
        let mut pinger = Pinger::new(Some(1000 * MS), start);
        assert_eq!((pinger.due(start), pinger.deadline()), (None, None));
        pinger.begin(start + 70 * MS);
        assert_eq!(pinger.deadline(), Some(start + 70 * MS));
        assert_eq!(pinger.due(start + 70 * MS), Some(70));
        pinger.begin(start + 80 * MS);
        assert_eq!(pinger.due(start + 1069 * MS), None, "begins once");
        assert_eq!(pinger.deadline(), Some(start + 1070 * MS));
        assert_eq!(pinger.due(start + 1100 * MS), Some(1100));
        assert_eq!(pinger.deadline(), Some(start + 2100 * MS));
    }

    #[test]
    fn without_an_interval_there_is_none() {
        let start = Instant::now();
        let mut pinger = Pinger::new(None, start);
        pinger.begin(start);
        assert_eq!((pinger.deadline(), pinger.due(start)), (None, None));
    }

    #[test]
    fn an_answer_is_matched_by_its_number() {
        let start = Instant::now();
        let mut pinger = pinger(start);
        let first = pinger.due(start).expect("due");
        let second = pinger.due(start + 1000 * MS).expect("due");
        let third = pinger.due(start + 2000 * MS).expect("due");
        let now = start + 2030 * MS;
        assert_eq!(pinger.answered(77, now), None, "not ours");
        assert_eq!(pinger.answered(second, now), Some(1030 * MS));
        assert_eq!(pinger.answered(second, now), None, "counted once");
        assert_eq!(pinger.answered(first, now), None, "overtaken");
        assert_eq!(pinger.answered(third, now), Some(30 * MS));
    }

    #[test]
    fn unanswered_pings_do_not_pile_up() {
        let start = Instant::now();
        let mut pinger = pinger(start);
        let numbers: Vec<_> = (0..1000)
            .filter_map(|second| pinger.due(start + second * 1000 * MS))
            .collect();
        assert_eq!(numbers.len(), 1000);
        assert_eq!(pinger.sent.len(), MAX_UNANSWERED);
        let now = start + 999_010 * MS;
        assert_eq!(pinger.answered(numbers[999], now), Some(10 * MS));
    }

    #[test]
    fn answers_to_forgotten_pings_do_not_count() {
        let start = Instant::now();
        let mut pinger = pinger(start);
        let number = pinger.due(start).expect("due");
        pinger.forget();
        assert_eq!(pinger.answered(number, start + MS), None);
        assert!(pinger.deadline().is_some(), "the next one comes");
    }
}
