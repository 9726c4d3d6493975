// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The times of what is published: from 0 on, never falling on a track, over all wraps.

use crate::rtmp::timestamp::{Timeline, Track};

/// How far a track may fall back and still mean the same time line, in ms. Deeper falls
/// are those of a muxer that began anew.
const MAX_FALL: u64 = 2_000;

/// Time between the last frame and the first one of a time line that begins anew, in ms.
const STEP: u64 = 20;

/// How close to the other track a track that begins anew as well has to come, in ms.
const MAX_APART: u64 = 2_000;

/// Gives each tag the time that it goes out with.
#[derive(Debug, Default)]
pub(super) struct Timestamps {
    timeline: Timeline,
    /// The first medium's time.
    base: Option<u64>,
    audio: Lane,
    video: Lane,
    /// The latest time given.
    latest: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Lane {
    /// Time of the last frame, as it came.
    came: Option<u64>,
    /// What is added to what comes.
    offset: i64,
    /// The last time given.
    last: u64,
}

impl Timestamps {
    /// The time in ms for a frame with this time of its tag.
    pub(super) fn media(&mut self, track: Track, raw: u32) -> u64 {
        let came = self.timeline.media(track, raw);
        let base = *self.base.get_or_insert(came);
        let other = match track {
            Track::Audio => self.video,
            Track::Video => self.audio,
        };
        let latest = self.latest;
        let lane = match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        };
        if lane.came.is_none() {
            lane.offset = other.offset;
        }
        if let Some(before) = lane.came
            && came.saturating_add(MAX_FALL) < before
        {
            let with = |offset: i64| shifted(came, base, offset);
            // The other track may have begun anew before.
            let follows =
                other.offset != lane.offset && with(other.offset).abs_diff(other.last) <= MAX_APART;
            lane.offset = if follows {
                other.offset
            } else {
                let wanted = i128::from(latest.saturating_add(STEP));
                let plain = i128::from(came) - i128::from(base);
                i64::try_from(wanted - plain).unwrap_or(i64::MAX)
            };
        }
        lane.came = Some(came);
        // Never before the last one of the track.
        lane.last = shifted(came, base, lane.offset).max(lane.last);
        self.latest = self.latest.max(lane.last);
        lane.last
    }

    /// The time for what has no clock: that of the latest frame.
    pub(super) fn other(&self) -> u64 {
        self.latest
    }
}

/// Never below 0: a track that begins a little before the other one begins with it.
fn shifted(came: u64, base: u64, offset: i64) -> u64 {
    let time = i128::from(came) - i128::from(base) + i128::from(offset);
    u64::try_from(time.max(0)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(frames: &[(Track, u32)]) -> Vec<u64> {
        let mut timestamps = Timestamps::default();
        let give = |(track, raw): &(Track, u32)| timestamps.media(*track, *raw);
        frames.iter().map(give).collect()
    }

    use Track::{Audio, Video};

    #[test]
    fn the_first_medium_is_at_zero() {
        let frames = [(Video, 5000), (Audio, 4990), (Audio, 5013), (Video, 5040)];
        assert_eq!(times(&frames), [0, 0, 13, 40]);
        assert_eq!(times(&[(Audio, 0), (Video, 23)]), [0, 23]);
    }

    #[test]
    fn small_falls_are_held() {
        let frames = [(Video, 0), (Video, 80), (Video, 40), (Video, 120)];
        assert_eq!(times(&frames), [0, 80, 80, 120]);
    }

    #[test]
    fn wraps_go_on() {
        let near = u32::MAX - 20;
        let frames = [(Video, near), (Audio, near + 10), (Video, 19), (Audio, 29)];
        assert_eq!(times(&frames), [0, 10, 40, 50]);
        let near = (1 << 31) - 20;
        let frames = [(Video, near), (Audio, near + 10), (Video, 20), (Audio, 30)];
        assert_eq!(times(&frames), [0, 10, 40, 50], "31 bits");
    }

    #[test]
    fn months_are_counted_and_both_tracks_stay_together() {
        let mut timestamps = Timestamps::default();
        let mut expected = 0u64;
        for _ in 0..2_000_000 {
            let raw = expected as u32;
            assert_eq!(timestamps.media(Video, raw), expected);
            assert_eq!(timestamps.media(Audio, raw.wrapping_add(7)), expected + 7);
            expected += 3000;
        }
        assert!(expected > u64::from(u32::MAX));
    }

    #[test]
    fn a_muxer_that_begins_anew_goes_on_behind_what_was() {
        let frames = [
            (Video, 10_000),
            (Audio, 10_010),
            (Video, 20_000),
            (Audio, 20_010),
            // Anew.
            (Video, 0),
            (Audio, 5),
            (Video, 40),
            (Audio, 45),
        ];
        assert_eq!(
            times(&frames),
            [0, 10, 10_000, 10_010, 10_030, 10_035, 10_070, 10_075]
        );
    }

    #[test]
    fn jumps_ahead_are_gaps() {
        assert_eq!(times(&[(Video, 0), (Video, 60_000)]), [0, 60_000]);
    }
}
