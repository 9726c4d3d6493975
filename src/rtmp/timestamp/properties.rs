// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Times that a peer counts in 32 or 31 bits come out as the peer meant them.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::rtmp::arbitrary::config;

/// How a time goes on: mostly a little, at times far, or a little back.
fn steps() -> impl Strategy<Value = Vec<i64>> {
    vec(
        prop_oneof![4 => 0..100_i64, 2 => -2000..0_i64, 2 => 0..60_000_i64, 1 => 0..1_i64 << 29],
        0..40,
    )
}

/// The times, none below 0.
fn times(start: u32, steps: &[i64]) -> Vec<u64> {
    let mut time = i64::from(start);
    let later = steps.iter().map(|step| {
        time = (time + step).max(0);
        time.cast_unsigned()
    });
    std::iter::once(u64::from(start)).chain(later).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn times_of_32_bits_go_on_for_ever(
        start in prop_oneof![Just(0), any::<u32>(), u32::MAX - 5000..],
        steps in steps(),
    ) {
        let mut unwrapper = Unwrapper::new();
        for time in times(start, &steps) {
            prop_assert_eq!(unwrapper.peek(time as u32), time);
            prop_assert_eq!(unwrapper.advance(time as u32), time);
            prop_assert_eq!(unwrapper.last(), Some(time));
        }
    }

    #[test]
    fn times_of_31_bits_go_on_for_ever(
        start in prop_oneof![0..1_u32 << 31, (1_u32 << 31) - 5000..1 << 31],
        steps in vec(prop_oneof![0..60_000_i64, -2000..0_i64], 0..60),
    ) {
        let mut unwrapper = Unwrapper::new();
        for time in times(start, &steps) {
            let raw = (time & 0x7FFF_FFFF) as u32;
            prop_assert_eq!(unwrapper.advance(raw), time);
        }
    }

    #[test]
    fn audio_and_video_stay_on_one_line(
        start in prop_oneof![Just(5000), 5000..u32::MAX, u32::MAX - 5000..],
        steps in steps(),
        tracks in vec((any::<bool>(), -2000..2000_i64), 41),
    ) {
        let mut timeline = Timeline::new();
        let mut first = true;
        for (time, (is_audio, apart)) in times(start, &steps).into_iter().zip(tracks) {
            let track = if is_audio { Track::Audio } else { Track::Video };
            // The first of all is where the line begins.
            let apart = if std::mem::take(&mut first) { 0 } else { apart };
            let time = (time.cast_signed() + apart).max(0).cast_unsigned();
            prop_assert_eq!(timeline.media(track, time as u32), time);
            // A header with the time of the frame behind it keeps that.
            prop_assert_eq!(timeline.header(track, time as u32), time);
        }
    }

    #[test]
    fn whatever_comes_the_times_stay_within_what_nanoseconds_hold(
        raw in vec((any::<bool>(), any::<u32>()), 0..40),
        headers in vec(any::<u32>(), 40),
    ) {
        let mut timeline = Timeline::new();
        for ((is_audio, raw), header) in raw.into_iter().zip(headers) {
            let track = if is_audio { Track::Audio } else { Track::Video };
            let before = timeline;
            let with_header = timeline.header(track, header);
            prop_assert_eq!(timeline, before, "a header moves nothing");
            let time = timeline.media(track, raw);
            for time in [time, with_header] {
                prop_assert!(time <= MAX_TIME_MS.cast_unsigned() + u64::from(u32::MAX));
                prop_assert!(time.checked_mul(1_000_000).is_some());
            }
        }
    }
}
