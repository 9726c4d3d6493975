// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How far a sender's clock has drifted, seen through a network that delays.
//!
//! A frame never comes early, but often late. So the frames that came quickest
//! tell of the clock: the minimum of (arrival − sender's time) over a window, as
//! jitter buffers for RTP do it. The drift is how that minimum moves.

/// Part of the window with one minimum. ns
const BUCKET: i64 = 500_000_000;

/// Parts of the window: 8 s.
const BUCKETS: usize = 16;

/// Parts in which the newest frames are.
const RECENT: usize = 4;

/// How long frames are looked at before their quickest is the reference: what a
/// server has kept and sends at once is over by then. ns
const WARM_UP: i64 = 4_000_000_000;

/// The drift of one track. All times in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Skew {
    minima: [Option<i64>; BUCKETS],
    /// Number of the newest part.
    newest: i64,
    since: Option<i64>,
    reference: Option<i64>,
}

impl Skew {
    /// Begins with a known distance of what comes without delay.
    pub(super) fn with_reference(distance: i64) -> Self {
        Self {
            reference: Some(distance),
            ..Self::default()
        }
    }

    /// A frame with this distance of arrival and sender's time.
    pub(super) fn note(&mut self, arrival: i64, distance: i64) {
        let number = arrival.div_euclid(BUCKET);
        if self.since.is_none() {
            self.newest = number;
        }
        let since = *self.since.get_or_insert(arrival);
        let passed = number.saturating_sub(self.newest);
        if passed > 0 {
            for step in 1..=passed.min(BUCKETS as i64) {
                *self.slot(self.newest.saturating_add(step)) = None;
            }
            if passed > BUCKETS as i64 {
                self.minima = [None; BUCKETS];
            }
            self.newest = number;
        }
        let slot = self.slot(self.newest);
        *slot = Some(slot.map_or(distance, |least| least.min(distance)));
        if self.reference.is_none() && arrival.saturating_sub(since) >= WARM_UP {
            self.reference = self.minimum();
        }
    }

    /// How far the sender's clock is behind where it was; `None` at the beginning.
    pub(super) fn drift(&self) -> Option<i64> {
        Some(self.minimum()?.saturating_sub(self.reference?))
    }

    /// The least distance in the window.
    pub(super) fn minimum(&self) -> Option<i64> {
        self.minima.iter().flatten().min().copied()
    }

    /// Whether frames have come in half of the window.
    pub(super) fn is_filled(&self) -> bool {
        self.minima.iter().flatten().count() >= BUCKETS / 2
    }

    /// The least distance of the frames of two seconds, once there are so many.
    pub(super) fn recent(&self) -> Option<i64> {
        let first = self.since?.div_euclid(BUCKET);
        if self.newest.saturating_sub(first) < RECENT as i64 {
            return None;
        }
        let parts = (0..RECENT as i64).filter_map(|back| {
            let index = index(self.newest.saturating_sub(back));
            self.minima.get(index).copied().flatten()
        });
        parts.min()
    }

    /// Whether frames have come in the two seconds up to this arrival.
    pub(super) fn is_fresh(&self, arrival: i64) -> bool {
        let behind = arrival.div_euclid(BUCKET).saturating_sub(self.newest);
        self.since.is_some() && behind < RECENT as i64
    }

    /// The least distance of the part with this number.
    fn slot(&mut self, number: i64) -> &mut Option<i64> {
        &mut self.minima[index(number)]
    }
}

/// Below [`BUCKETS`].
fn index(number: i64) -> usize {
    number.rem_euclid(BUCKETS as i64).unsigned_abs() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn the_quickest_frames_of_the_window_count() {
        let mut skew = Skew::default();
        for n in 0..20_i64 {
            // Every fifth frame comes without delay, the others 30 ms late.
            let delay = if n % 5 == 0 { 0 } else { 30 * MS };
            skew.note(n * 250 * MS, 7 * MS + delay);
        }
        assert_eq!(skew.minimum(), Some(7 * MS));
        assert_eq!(skew.drift(), Some(0));
        for n in 20..80_i64 {
            skew.note(n * 250 * MS, 9 * MS);
        }
        assert_eq!(skew.drift(), Some(2 * MS));
    }

    #[test]
    fn a_long_silence_forgets_what_was() {
        let mut skew = Skew::default();
        skew.note(0, 5);
        skew.note(1_000_000 * MS, 9);
        assert_eq!(skew.minimum(), Some(9));
        assert!(!skew.is_fresh(1_003_000 * MS));
        assert!(skew.is_fresh(1_001_000 * MS));
    }
}
