// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One line of times through restarts of the publisher.
//!
//! A publisher that comes back begins again at 0, on the same connection and
//! often without a word of the server's. Downstream sees no fall: the new
//! times go on behind the old ones, further by the time that passed, and the
//! first frame of each track is marked as discontinuous. Audio and video get
//! the same distance, so that they stay together.
//!
//! Small steps back, and forward by less than an hour, are the publisher's and
//! stay.

use std::time::{Duration, Instant};

use crate::rtmp::timestamp::Track;

/// Falls of a track up to this are passed on: reordered or repaired times. ms
const MAX_STEP_BACK: i64 = 2_000;

/// Steps forward beyond this are marked as discontinuous. ms
const MAX_STEP_FORWARD: i64 = 10_000;

/// Steps forward beyond this are no pause of the publisher's but another
/// clock. ms
const MAX_PAUSE: i64 = 3_600_000;

/// How far from the other track one may begin that follows it. ms
const MAX_APART: i64 = 5_000;

/// How far script data may be ahead of the frame before it. ms
const MAX_AHEAD: i64 = 1_000;

/// Where a frame is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    /// Milliseconds on the line.
    pub(super) time: u64,
    /// Time jumps here.
    pub(super) discont: bool,
}

/// The line of one play.
#[derive(Debug, Default)]
pub(super) struct Continuity {
    audio: Line,
    video: Line,
    /// The newest distance, and the number of changes up to it.
    offset: i64,
    changes: u32,
    /// The last frame of any track, and when it came.
    latest: Option<(i64, Instant)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    offset: i64,
    changes: u32,
    last: Option<i64>,
    /// The publisher may have restarted since the last frame.
    announced: bool,
    /// It has: the other track was moved behind what was.
    other_moved: bool,
}

impl Continuity {
    /// The publisher may begin anew: it left, came back, or the server is
    /// another one.
    pub(super) fn announce_restart(&mut self) {
        self.audio.announced = self.latest.is_some();
        self.video.announced = self.latest.is_some();
    }

    /// Puts a frame with this 64-bit time, in ms, on the line.
    pub(super) fn frame(&mut self, track: Track, time: u64, now: Instant) -> Placed {
        let raw = i64::try_from(time).unwrap_or(i64::MAX / 2);
        let mut line = match track {
            Track::Audio => self.audio,
            Track::Video => self.video,
        };
        let (latest, gap) = match self.latest {
            Some((latest, at)) => (latest, milliseconds(now.saturating_duration_since(at))),
            None => (raw, 0),
        };
        let announced = std::mem::take(&mut line.announced);
        let other_moved = std::mem::take(&mut line.other_moved);
        // A track that comes later begins where the other one is.
        let (reference, known) = match line.last {
            Some(last) => (last, true),
            None => (latest, false),
        };
        if !known {
            line.offset = self.offset;
            line.changes = self.changes;
        }
        let own = raw.saturating_add(line.offset);
        let step = own.saturating_sub(reference);
        let follows = line.changes != self.changes
            && (latest - MAX_APART..=latest + gap + MAX_APART)
                .contains(&raw.saturating_add(self.offset));
        let continues = if other_moved && follows {
            // By chance: it began anew as well.
            false
        } else if announced {
            (0..=gap + MAX_STEP_FORWARD).contains(&step)
        } else {
            step >= -MAX_STEP_BACK && step <= gap.saturating_add(MAX_PAUSE)
        };
        let mut discont = announced || (known && step > MAX_STEP_FORWARD);
        // What is first on its track may be anywhere near the other one.
        if !continues && (known || announced) {
            if !follows {
                let behind = latest.max(reference) + gap.max(1);
                self.offset = behind.saturating_sub(raw);
                self.changes = self.changes.wrapping_add(1);
                let other = match track {
                    Track::Audio => &mut self.video,
                    Track::Video => &mut self.audio,
                };
                other.other_moved = announced;
            }
            line.offset = self.offset;
            line.changes = self.changes;
            discont = true;
        }
        let time = raw.saturating_add(line.offset).max(0);
        line.last = Some(time);
        match track {
            Track::Audio => self.audio = line,
            Track::Video => self.video = line,
        }
        self.latest = Some((time, now));
        Placed {
            time: time.unsigned_abs(),
            discont,
        }
    }

    /// Whether a video frame has come.
    pub(super) fn has_video(&self) -> bool {
        self.video.last.is_some()
    }

    /// The time for a header of a track that would have this time, in ms.
    pub(super) fn header(&self, track: Track, time: u64) -> u64 {
        let line = match track {
            Track::Audio => &self.audio,
            Track::Video => &self.video,
        };
        match self.latest {
            // Its frame is still to come and may be anywhere.
            Some((latest, _)) if line.announced => latest.unsigned_abs(),
            _ => {
                let offset = if line.last.is_some() {
                    line.offset
                } else {
                    self.offset
                };
                let raw = i64::try_from(time).unwrap_or(i64::MAX / 2);
                raw.saturating_add(offset).max(0).unsigned_abs()
            }
        }
    }

    /// The time for script data that would have this time, in ms: its own where
    /// that may be meant, as with a cue just before its frame, else that of the
    /// latest frame.
    pub(super) fn script(&self, time: u64) -> u64 {
        let Some((latest, _)) = self.latest else {
            return time;
        };
        let raw = i64::try_from(time).unwrap_or(i64::MAX / 2);
        let own = raw.saturating_add(self.offset);
        let meant = (latest..=latest.saturating_add(MAX_AHEAD)).contains(&own);
        (if meant { own } else { latest }).unsigned_abs()
    }
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Track::{Audio, Video};

    /// Frames as (track, time, arrival), all in ms, and where they are put.
    fn place(continuity: &mut Continuity, frames: &[(Track, u64, u64)]) -> Vec<(u64, bool)> {
        let start = *START.get_or_init(Instant::now);
        frames
            .iter()
            .map(|(track, time, arrival)| {
                let now = start + Duration::from_millis(*arrival);
                let placed = continuity.frame(*track, *time, now);
                (placed.time, placed.discont)
            })
            .collect()
    }

    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();

    #[test]
    fn times_of_one_publisher_stay_as_they_are() {
        let mut line = Continuity::default();
        let placed = place(
            &mut line,
            &[
                (Video, 90_000, 0),
                (Audio, 89_500, 0),
                (Video, 90_040, 40),
                (Video, 88_500, 41),
                (Audio, 99_000, 9_000),
                (Audio, 120_000, 9_001),
            ],
        );
        let times: Vec<_> = placed.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [90_000, 89_500, 90_040, 88_500, 99_000, 120_000]);
        let jumps: Vec<_> = placed.iter().map(|(_, discont)| *discont).collect();
        assert_eq!(jumps, [false, false, false, false, false, true]);
    }

    #[test]
    fn a_restart_goes_on_behind_what_was_and_keeps_the_tracks_together() {
        for announced in [false, true] {
            let mut line = Continuity::default();
            place(&mut line, &[(Video, 60_000, 0), (Audio, 60_010, 0)]);
            if announced {
                line.announce_restart();
            }
            let placed = place(
                &mut line,
                &[
                    (Video, 0, 3_000),
                    (Audio, 20, 3_001),
                    (Video, 40, 3_040),
                    (Audio, 43, 3_043),
                ],
            );
            let expected = [
                (63_010, true),
                (63_030, true),
                (63_050, false),
                (63_053, false),
            ];
            assert_eq!(placed, expected, "announced: {announced}");
        }
    }

    #[test]
    fn a_short_publication_restarts_only_where_that_was_announced() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 500, 0)]);
        assert_eq!(place(&mut line, &[(Video, 0, 10)]), [(0, false)]);

        let mut line = Continuity::default();
        place(&mut line, &[(Video, 500, 0)]);
        line.announce_restart();
        assert_eq!(place(&mut line, &[(Video, 0, 10)]), [(510, true)]);
    }

    #[test]
    fn an_announced_restart_that_goes_on_by_itself_is_left_alone() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 1_000, 0), (Audio, 1_000, 0)]);
        line.announce_restart();
        let placed = place(&mut line, &[(Video, 1_040, 40), (Audio, 1_023, 40)]);
        assert_eq!(placed, [(1_040, true), (1_023, true)]);
    }

    #[test]
    fn a_track_that_would_go_on_by_chance_stays_with_the_other() {
        // The sound ended before the picture, which falls back further.
        for (first, second) in [
            ((Video, 900, 60_000), (Audio, 905, 60_000)),
            ((Audio, 905, 60_000), (Video, 900, 60_000)),
        ] {
            let mut line = Continuity::default();
            place(&mut line, &[(Audio, 800, 0), (Video, 1_000, 0)]);
            line.announce_restart();
            place(&mut line, &[first, second]);
            let placed = place(&mut line, &[(Video, 940, 60_040), (Audio, 945, 60_040)]);
            assert_eq!(placed[1].0 - placed[0].0, 5, "{first:?} first: {placed:?}");
            assert!(placed[0].0 > 1_000);
        }
    }

    #[test]
    fn a_jump_by_days_is_another_clock() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 1_000, 0)]);
        let placed = place(&mut line, &[(Video, 1_294_967_296, 40)]);
        assert_eq!(placed, [(1_040, true)]);
    }

    #[test]
    fn one_track_that_falls_back_does_not_take_the_other_with_it() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 100_000, 0), (Audio, 100_000, 0)]);
        let placed = place(
            &mut line,
            &[
                (Video, 0, 40),
                (Audio, 100_043, 43),
                (Video, 40, 80),
                (Audio, 100_086, 86),
            ],
        );
        let times: Vec<_> = placed.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [100_040, 100_043, 100_080, 100_086]);
    }

    #[test]
    fn a_track_that_begins_after_a_restart_joins_the_other() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 50_000, 0)]);
        let placed = place(&mut line, &[(Video, 0, 100), (Audio, 60, 120)]);
        assert_eq!(placed, [(50_100, true), (50_160, false)]);
    }

    #[test]
    fn a_second_restart_goes_on_as_well() {
        let mut line = Continuity::default();
        place(&mut line, &[(Video, 10_000, 0), (Audio, 10_000, 0)]);
        place(&mut line, &[(Video, 0, 1), (Audio, 0, 1)]);
        place(&mut line, &[(Video, 5_000, 5_000), (Audio, 5_000, 5_000)]);
        let placed = place(&mut line, &[(Audio, 0, 5_040), (Video, 0, 5_041)]);
        assert_eq!(placed, [(15_041, true), (15_041, true)]);
    }

    #[test]
    fn headers_never_fall_behind() {
        let mut line = Continuity::default();
        assert_eq!(line.header(Video, 7), 7);
        assert_eq!(line.script(7), 7);
        place(&mut line, &[(Video, 10_000, 0)]);
        assert_eq!(line.script(0), 10_000);
        assert_eq!(line.script(9_999), 10_000);
        assert_eq!(line.script(10_040), 10_040);
        assert_eq!(line.script(11_001), 10_000);
        line.announce_restart();
        assert_eq!(line.header(Video, 0), 10_000);
        assert_eq!(line.header(Audio, 0), 10_000);
        place(&mut line, &[(Video, 0, 500)]);
        assert_eq!(line.header(Video, 40), 10_540);
    }

    #[test]
    fn no_times_fall_far_or_overflow_whatever_a_server_sends() {
        let mut random = crate::rtmp::random::Random::new(13);
        // As far as the timeline unwraps 32 bits, and beyond.
        let times = [
            0,
            1,
            1 << 31,
            (1 << 32) - 1,
            1 << 43,
            u64::MAX / 2,
            u64::MAX,
        ];
        let mut line = Continuity::default();
        let start = Instant::now();
        let mut last = [0; 2];
        for n in 0..100_000 {
            let now = start + Duration::from_millis(n);
            let (track, last) = if random.once_in(2) {
                (Audio, &mut last[0])
            } else {
                (Video, &mut last[1])
            };
            match random.below(10) {
                0 => line.announce_restart(),
                1 => _ = line.header(track, random.pick(&times)),
                2 => _ = line.script(random.pick(&times)),
                _ => {
                    let time = random.pick(&times).saturating_add(random.number() % 3);
                    let placed = line.frame(track, time, now).time;
                    assert!(placed + MAX_STEP_BACK.unsigned_abs() >= *last, "{placed}");
                    *last = placed;
                }
            }
        }
    }
}
