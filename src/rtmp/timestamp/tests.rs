// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Timestamps through wraps, jumps and restarts.

use super::*;

const P31: u32 = 1 << 31;

fn run(raw: &[u32]) -> Vec<u64> {
    let mut unwrapper = Unwrapper::new();
    raw.iter().map(|&raw| unwrapper.advance(raw)).collect()
}

#[test]
fn first_time_stands_for_itself() {
    for raw in [0, 1, P31 - 1, P31, u32::MAX] {
        assert_eq!(run(&[raw]), [u64::from(raw)]);
    }
}

#[test]
fn wrap_of_32_bits_goes_on() {
    assert_eq!(
        run(&[u32::MAX - 19, u32::MAX, 20, 0, 40]),
        [
            4_294_967_276,
            4_294_967_295,
            4_294_967_316,
            4_294_967_296,
            4_294_967_336
        ]
    );
}

#[test]
fn several_wraps_add_up() {
    let mut unwrapper = Unwrapper::new();
    let mut raw = 0_u32;
    let mut expected = 0_u64;
    for _ in 0..20 {
        assert_eq!(unwrapper.advance(raw), expected);
        raw = raw.wrapping_add(1_000_000_000);
        expected += 1_000_000_000;
    }
}

#[test]
fn crossing_2_pow_31_without_a_wrap_is_ordinary_progress() {
    assert_eq!(
        run(&[P31 - 10, P31 + 10, P31 - 5]),
        [2_147_483_638, 2_147_483_658, 2_147_483_643]
    );
}

#[test]
fn wrap_of_31_bits_goes_on_and_stragglers_cross_back() {
    assert_eq!(
        run(&[P31 - 10, 10, P31 - 5, 20, 599_999]),
        [
            2_147_483_638,
            2_147_483_658,
            2_147_483_643,
            2_147_483_668,
            2_148_083_647
        ]
    );
}

#[test]
fn wrap_of_31_bits_has_a_window_of_ten_minutes() {
    let window = 600_000;
    assert_eq!(
        run(&[P31 - window, 0]),
        [u64::from(P31 - window), u64::from(P31)]
    );
    assert_eq!(
        run(&[P31 - window - 1, 0]),
        [u64::from(P31 - window - 1), 0]
    );
    assert_eq!(run(&[P31 - 1, window]), [u64::from(P31 - 1), 600_000]);
}

#[test]
fn jump_up_to_the_window_is_no_wrap_without_evidence() {
    assert_eq!(run(&[5, P31 - 5]), [5, 2_147_483_643]);
}

#[test]
fn restart_at_zero_falls_back() {
    assert_eq!(run(&[3_600_000, 0, 40]), [3_600_000, 0, 40]);
}

#[test]
fn small_falls_below_zero_clamp_and_keep_their_distance() {
    assert_eq!(run(&[10, u32::MAX - 9, 10, 20]), [10, 0, 10, 20]);
    assert_eq!(run(&[0, u32::MAX, 0, u32::MAX, 1]), [0, 0, 0, 0, 1]);
}

#[test]
fn deep_falls_below_zero_start_again_at_zero() {
    let raw = 0_u32.wrapping_sub(2_001);
    assert_eq!(run(&[0, raw, raw + 40]), [0, 0, 40]);
    let raw = 0_u32.wrapping_sub(2_000);
    assert_eq!(run(&[0, raw, raw + 40, 5]), [0, 0, 0, 5]);
}

#[test]
fn extreme_jumps_never_overflow() {
    for pattern in [
        [0, P31],
        [0, u32::MAX],
        [1, P31 + 1],
        [P31 - 1, 0],
        [0, 0x7FFF_FFFF],
        [u32::MAX, P31 - 1],
    ] {
        let mut timeline = Timeline::new();
        let mut unwrapper = Unwrapper::new();
        for i in 0..10_000 {
            for raw in pattern {
                assert!(unwrapper.advance(raw) <= MAX_TIME_MS.unsigned_abs());
                timeline.media(Track::Audio, raw);
                timeline.media(Track::Video, raw.wrapping_add(i));
                let _ = timeline.header(Track::Audio, !raw);
            }
        }
    }
    let mut full = Unwrapper {
        last: Some(Position {
            raw: 0,
            time: i64::MAX,
        }),
        wraps_at_31: true,
    };
    assert_eq!(full.advance(5), 5, "beyond the end of the line");
}

#[test]
fn peeking_moves_nothing() {
    let mut unwrapper = Unwrapper::new();
    assert_eq!(unwrapper.last(), None);
    assert_eq!(unwrapper.peek(7), 7);
    assert_eq!(unwrapper.last(), None);
    unwrapper.advance(100);
    assert_eq!(unwrapper.peek(50), 50);
    assert_eq!(unwrapper.last(), Some(100));
}

#[test]
fn tracks_wrap_each_at_its_own_message() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.media(Track::Video, u32::MAX - 5), 4_294_967_290);
    assert_eq!(timeline.media(Track::Audio, u32::MAX), 4_294_967_295);
    assert_eq!(timeline.media(Track::Audio, 20), 4_294_967_316);
    assert_eq!(timeline.media(Track::Video, u32::MAX), 4_294_967_295);
    assert_eq!(timeline.media(Track::Video, 34), 4_294_967_330);
}

#[test]
fn a_late_track_joins_the_epoch_of_the_other() {
    for (last, wrapped, late) in [
        (u32::MAX - 5, 10, 0_u32.wrapping_sub(3)),
        (P31 - 5, 10, P31 - 3),
    ] {
        let mut timeline = Timeline::new();
        timeline.media(Track::Video, last);
        let video = timeline.media(Track::Video, wrapped);
        assert_eq!(timeline.media(Track::Audio, late), video - 13);
        assert_eq!(timeline.media(Track::Audio, 15), video + 5);
    }
}

#[test]
fn a_late_track_ahead_of_the_wrap_joins_too() {
    for last in [u32::MAX - 4, P31 - 5] {
        let mut timeline = Timeline::new();
        let video = timeline.media(Track::Video, last);
        assert_eq!(timeline.media(Track::Audio, 5), video + 10);
        assert_eq!(timeline.media(Track::Video, 7), video + 12);
    }
}

#[test]
fn a_track_that_starts_slightly_before_zero_stays_in_step() {
    let mut timeline = Timeline::new();
    assert_eq!(timeline.media(Track::Video, 0), 0);
    assert_eq!(timeline.media(Track::Audio, 0_u32.wrapping_sub(21)), 0);
    assert_eq!(timeline.media(Track::Audio, 0), 0);
    assert_eq!(timeline.media(Track::Audio, 21), 21);
}

#[test]
fn a_track_silent_for_weeks_comes_back_next_to_the_other() {
    let mut timeline = Timeline::new();
    timeline.media(Track::Audio, 0);
    let mut video = 0;
    for i in 0..60_u32 {
        video = timeline.media(Track::Video, i.wrapping_mul(86_400_000));
    }
    assert_eq!(video, 59 * 86_400_000);
    let raw = 59_u32.wrapping_mul(86_400_000).wrapping_add(30);
    assert_eq!(timeline.media(Track::Audio, raw), video + 30);
}

#[test]
fn headers_move_no_clock() {
    let mut timeline = Timeline::new();
    timeline.media(Track::Video, 5_000);
    let before = timeline;
    for raw in [0, 5_000, P31, u32::MAX] {
        let _ = timeline.header(Track::Video, raw);
        let _ = timeline.header(Track::Audio, raw);
    }
    assert_eq!(timeline, before);
}

#[test]
fn headers_before_media_keep_their_own_time() {
    let timeline = Timeline::new();
    assert_eq!(timeline.header(Track::Video, 123), 123);
    assert_eq!(timeline.header(Track::Audio, u32::MAX), 4_294_967_295);
}

#[test]
fn current_headers_keep_their_time_and_stale_ones_get_the_latest() {
    let mut timeline = Timeline::new();
    timeline.media(Track::Video, 100_000);
    timeline.media(Track::Audio, 100_023);
    for (raw, expected) in [
        (100_000, 100_000),
        (100_040, 100_040),
        (101_023, 101_023),
        (101_024, 100_023),
        (99_999, 100_023),
        (0, 100_023),
        (u32::MAX, 100_023),
        (P31, 100_023),
    ] {
        assert_eq!(timeline.header(Track::Video, raw), expected, "{raw}");
    }
}

#[test]
fn headers_follow_the_wrap() {
    let mut timeline = Timeline::new();
    timeline.media(Track::Video, u32::MAX);
    assert_eq!(timeline.header(Track::Video, 4), 4_294_967_300);
    assert_eq!(timeline.header(Track::Audio, 4), 4_294_967_300);
}

#[test]
fn a_header_after_a_long_gap_of_its_track_keeps_its_current_time() {
    let mut timeline = Timeline::new();
    timeline.media(Track::Video, 0);
    timeline.media(Track::Audio, 60_000);
    assert_eq!(timeline.header(Track::Video, 60_010), 60_010);
}
