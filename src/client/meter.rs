// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How much has come lately.
//!
//! Counts go into slots of time, so that whoever reads can leave out what is
//! old by now: the figure falls to 0 without anybody writing it.

use std::time::{Duration, Instant};

/// Length of a slot.
const SLOT: Duration = Duration::from_millis(250);

/// Slots that count, the present one included: about two seconds.
const SLOTS: u64 = 8;

/// What came first is spread over this, or a single batch would be a flood.
const SHORTEST: Duration = Duration::from_secs(1);

/// What comes in a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rate {
    /// Bits.
    pub bits: u64,
    /// Messages.
    pub messages: f64,
}

/// Counts messages and their bytes by time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter {
    first: Option<Instant>,
    slots: [Slot; SLOTS as usize],
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Which slot of time, counted from the first.
    number: u64,
    messages: u64,
    bytes: u64,
}

impl Meter {
    /// Counts what has come at `now`.
    pub(crate) fn add(&mut self, messages: u64, bytes: u64, now: Instant) {
        let first = *self.first.get_or_insert(now);
        let number = slot_at(now.saturating_duration_since(first));
        let Some(slot) = self.slots.get_mut((number % SLOTS) as usize) else {
            return;
        };
        if slot.number != number {
            *slot = Slot {
                number,
                ..Slot::default()
            };
        }
        slot.messages = slot.messages.saturating_add(messages);
        slot.bytes = slot.bytes.saturating_add(bytes);
    }

    /// What came in the last two seconds, for one second.
    pub(crate) fn rate(&self, now: Instant) -> Rate {
        let Some(first) = self.first else {
            return Rate::default();
        };
        let elapsed = now.saturating_duration_since(first);
        let oldest = (slot_at(elapsed) + 1).saturating_sub(SLOTS);
        let since = SLOT * u32::try_from(oldest).unwrap_or(u32::MAX);
        let seconds = elapsed.saturating_sub(since).max(SHORTEST).as_secs_f64();
        let (mut messages, mut bytes) = (0u64, 0u64);
        for slot in self.slots.iter().filter(|slot| slot.number >= oldest) {
            messages = messages.saturating_add(slot.messages);
            bytes = bytes.saturating_add(slot.bytes);
        }
        Rate {
            bits: (bytes as f64 * 8.0 / seconds).round() as u64,
            messages: messages as f64 / seconds,
        }
    }
}

fn slot_at(elapsed: Duration) -> u64 {
    let number = elapsed.as_nanos() / SLOT.as_nanos();
    u64::try_from(number).unwrap_or(u64::MAX - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    /// 1000 bytes each 40 ms, from `from` up to `to`.
    fn feed(meter: &mut Meter, start: Instant, from: u64, to: u64) {
        for time in (from..to).step_by(40) {
            meter.add(1, 1000, start + ms(time));
        }
    }

    fn is_near(rate: Rate, messages: f64) -> bool {
        let bits = messages * 8000.0;
        (rate.messages - messages).abs() < 1.5 && (rate.bits as f64 - bits).abs() < 12_000.0
    }

    #[test]
    fn an_even_stream_has_its_rate_from_the_first_second_on() {
        let start = Instant::now();
        let mut meter = Meter::default();
        assert_eq!(meter.rate(start), Rate::default());
        for second in 0..100u64 {
            feed(&mut meter, start, second * 1000, (second + 1) * 1000);
            for late in [0, 13, 39] {
                let rate = meter.rate(start + ms((second + 1) * 1000 + late));
                assert!(is_near(rate, 25.0), "{second} s: {rate:?}");
            }
        }
    }

    #[test]
    fn it_is_zero_when_nothing_has_come_for_two_seconds_and_falls_before() {
        let start = Instant::now();
        let mut meter = Meter::default();
        feed(&mut meter, start, 0, 10_000);
        let mut before = meter.rate(start + ms(10_000)).bits;
        for time in (10_250..12_000).step_by(250) {
            let bits = meter.rate(start + ms(time)).bits;
            assert!(bits < before, "{bits} at {time} ms");
            before = bits;
        }
        assert_eq!(meter.rate(start + ms(12_000)), Rate::default());
        let years = Duration::from_secs(10 * 365 * 24 * 3600);
        assert_eq!(meter.rate(start + years), Rate::default());
    }

    #[test]
    fn what_came_before_a_silence_is_not_counted_behind_it() {
        let start = Instant::now();
        let mut meter = Meter::default();
        feed(&mut meter, start, 0, 4000);
        // The same places in the ring.
        meter.add(1, 100, start + ms(8000));
        let rate = meter.rate(start + ms(8000));
        assert!(rate.messages < 1.0, "{rate:?}");
        assert!(rate.bits <= 800 && rate.bits > 0, "{rate:?}");
    }

    #[test]
    fn a_first_batch_is_spread_over_a_second() {
        let start = Instant::now();
        let mut meter = Meter::default();
        meter.add(50, 1_000_000, start);
        let rate = meter.rate(start);
        assert_eq!((rate.bits, rate.messages), (8_000_000, 50.0));
    }

    #[test]
    fn a_change_is_seen_whole_after_two_seconds() {
        let start = Instant::now();
        let mut meter = Meter::default();
        feed(&mut meter, start, 0, 10_000);
        for time in (10_000..12_000).step_by(10) {
            meter.add(1, 1000, start + ms(time));
        }
        let rate = meter.rate(start + ms(12_000));
        assert!((rate.messages - 100.0).abs() < 2.0, "{rate:?}");
    }
}
