// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

use super::*;
use crate::rtmp::random::Random;
use Track::{Audio, Video};

const LATENCY: u64 = 200_000_000;
const HOUR: i64 = 3_600_000;

/// A sender whose clock runs wrong by so many millionths, through a network that
/// delays by up to `jitter` ms: 25 frames of video a second, and sound.
struct Sender {
    parts: i64,
    jitter: usize,
    random: Random,
}

impl Sender {
    fn new(parts: i64, jitter: usize) -> Self {
        Self {
            parts,
            jitter,
            random: Random::new(7),
        }
    }

    /// When a frame of this time of the sender's comes, in ns.
    fn arrival(&mut self, time: i64) -> i64 {
        let real = time * MS - time * self.parts;
        let delay = match self.jitter {
            0 => 0,
            jitter => self.random.below(1 + jitter * 1000) as i64,
        };
        real + delay * 1000
    }
}

/// The largest difference between where frames are put and their true time, in ms,
/// and the largest step beyond the distance of two frames, over so many hours.
fn play(parts: i64, jitter: usize, hours: i64) -> (f64, u64) {
    let mut sender = Sender::new(parts, jitter);
    let mut line = LiveTimeline::new(LATENCY);
    let (mut error, mut step) = (0.0_f64, 0);
    let mut last: Option<u64> = None;
    let mut arrived = 0;
    let mut first = None;
    for time in (0..hours * HOUR).step_by(40) {
        // TCP keeps the order.
        arrived = sender.arrival(time).max(arrived);
        let mapped = line.frame(Video, time.unsigned_abs(), arrived);
        line.frame(
            Audio,
            time.unsigned_abs() + 7,
            arrived.max(sender.arrival(time + 7)),
        );
        assert!(!mapped.jump, "no jump at {time}");
        if let Some(last) = last {
            step = step.max(mapped.time.abs_diff(last).abs_diff(40));
        }
        last = Some(mapped.time);
        // The first frame's own delay stays.
        let real = (time * MS - time * parts) as f64 / 1e6;
        let first = *first.get_or_insert(mapped.time as f64 - real);
        error = error.max((mapped.time as f64 - real - first).abs());
    }
    (error, step)
}

#[test]
fn a_clock_that_is_wrong_by_500_ppm_is_followed_for_a_day_without_steps() {
    for parts in [-500, 500] {
        let (error, step) = play(parts, 0, 24);
        assert!(error < 40.0, "{parts} ppm: {error} ms");
        assert!(step <= 1, "{parts} ppm: {step} ms");
    }
}

#[test]
fn jitter_hides_no_drift() {
    for parts in [-500, -100, 0, 100, 500] {
        let (error, step) = play(parts, 60, 3);
        // The first frame may have been as late as any.
        assert!(error < 40.0 + 60.0, "{parts} ppm: {error} ms");
        assert!(step <= 1, "{parts} ppm: {step} ms");
    }
}

#[test]
fn the_first_frame_has_the_time_of_its_arrival_and_others_their_distance() {
    let mut line = LiveTimeline::new(LATENCY);
    let arrival = 5_000 * MS;
    assert_eq!(line.other(7), 0);
    assert_eq!(line.frame(Audio, 90_000, arrival).time, 5_000);
    // Two seconds that a server has kept.
    for n in 1..50_u64 {
        let mapped = line.frame(Video, 90_000 + 40 * n, arrival + MS);
        assert_eq!(mapped.time, 5_000 + 40 * n);
        assert!(!mapped.jump);
    }
    assert_eq!(line.other(0), 5_000 + 40 * 49);
    // It goes on as it is played: late by what was kept.
    for n in 50..1_000_u64 {
        let at = arrival + 40 * (n - 49).cast_signed() * MS;
        let mapped = line.frame(Video, 90_000 + 40 * n, at);
        assert_eq!((mapped.time, mapped.jump), (5_000 + 40 * n, false));
    }
}

#[test]
fn a_stall_that_is_caught_up_with_changes_nothing() {
    let mut line = LiveTimeline::new(LATENCY);
    for n in 0..1_000_u64 {
        let at = 40 * n.cast_signed();
        // For five seconds nothing comes, then all of it.
        let at = if (20_000..25_000).contains(&at) {
            25_000
        } else {
            at
        };
        let mapped = line.frame(Video, 40 * n, at * MS);
        assert_eq!((mapped.time, mapped.jump), (40 * n, false), "frame {n}");
    }
}

#[test]
fn what_stays_late_becomes_the_rule_once_it_could_not_be_shown() {
    let mut line = LiveTimeline::new(LATENCY);
    let mut jumps = 0;
    for n in 0..2_000_u64 {
        let late = if n < 500 { 0 } else { 1_000 };
        let mapped = line.frame(Video, 40 * n, (40 * n.cast_signed() + late) * MS);
        jumps += u32::from(mapped.jump);
        if n > 600 {
            assert_eq!(mapped.time, 40 * n + 1_000, "frame {n}");
        }
    }
    assert_eq!((jumps, line.jumps()), (1, 1));
}

#[test]
fn less_than_the_latency_is_no_jump_but_is_followed() {
    let mut line = LiveTimeline::new(LATENCY);
    for n in 0..5_000_u64 {
        let late = if n < 500 { 0 } else { 150 };
        let mapped = line.frame(Video, 40 * n, (40 * n.cast_signed() + late) * MS);
        assert!(!mapped.jump);
    }
    assert!(
        (140..=150).contains(&(line.drift() / MS)),
        "{}",
        line.drift()
    );
}

#[test]
fn a_sender_that_jumps_ahead_does_not_make_everybody_wait() {
    let mut line = LiveTimeline::new(LATENCY);
    let mut last = 0;
    for n in 0..1_000_u64 {
        let ahead = if n < 500 { 0 } else { 8_000 };
        let at = 40 * n.cast_signed() * MS;
        let video = line.frame(Video, 40 * n + ahead, at);
        let audio = line.frame(Audio, 40 * n + ahead, at);
        assert_eq!((video.jump, audio.jump), (n == 500, n == 500));
        assert_eq!((video.time, audio.time), (40 * n, 40 * n));
        assert!(video.time >= last);
        last = video.time;
    }
}

#[test]
fn a_new_anchor_never_goes_back() {
    let mut line = LiveTimeline::new(LATENCY);
    line.frame(Video, 0, 10_000 * MS);
    line.frame(Video, 5_000, 15_000 * MS);
    // After a pause the running time goes on where it was.
    line.anchor(60_000, 15_100 * MS);
    let behind = line.frame(Video, 59_000, 15_000 * MS);
    assert_eq!((behind.time, behind.jump), (15_000, true));
    assert_eq!(line.frame(Video, 60_000, 15_100 * MS).time, 15_100);
}

#[test]
fn a_track_that_always_comes_later_is_told() {
    let mut line = LiveTimeline::new(LATENCY);
    for n in 0..500_u64 {
        let at = 40 * n.cast_signed();
        line.frame(Audio, 40 * n, at * MS);
        line.frame(Video, 40 * n, (at + 120) * MS);
    }
    assert_eq!(line.standing_lateness(), 120_000_000);
}

#[test]
fn a_stall_makes_no_track_a_late_one() {
    for stall in [3_000, 5_000, 15_000] {
        let mut line = LiveTimeline::new(LATENCY);
        for n in 0..1_500_u64 {
            let at = 40 * n.cast_signed();
            let at = match at - 20_000 {
                0.. if at < 20_000 + stall => 20_000 + stall,
                _ => at,
            };
            for track in [Audio, Video] {
                line.frame(track, 40 * n, at * MS);
                assert_eq!(line.standing_lateness(), 0, "frame {n}, {stall} ms");
            }
        }
    }
}

#[test]
fn wraps_are_over_before_and_beyond_any_time_nothing_overflows() {
    let mut line = LiveTimeline::new(u64::MAX);
    let mut random = Random::new(3);
    let times = [
        0,
        1,
        (1 << 31) - 1,
        1 << 31,
        (1 << 32) - 1,
        1 << 32,
        1 << 43,
        u64::MAX,
    ];
    let arrivals = [0, 1, -1, i64::MAX, i64::MIN, i64::MAX / 2, 86_400_000 * MS];
    let mut last = [0; 2];
    for _ in 0..100_000 {
        let (track, last) = match random.once_in(2) {
            true => (Audio, &mut last[0]),
            false => (Video, &mut last[1]),
        };
        if random.once_in(50) {
            line.anchor(random.pick(&times), random.pick(&arrivals));
        }
        let mapped = line.frame(track, random.pick(&times), random.pick(&arrivals));
        assert!(mapped.time >= *last);
        *last = mapped.time;
        line.other(random.pick(&times));
        line.standing_lateness();
    }
}
