// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! 32-bit RTMP milliseconds to 64 bits.
//!
//! [`Unwrapper`] follows one track across the wrap at 2³² and the one at 2³¹
//! that some peers have; [`Timeline`] keeps the audio and video of one stream
//! on the same epoch and gives times to what has none of its own: sequence
//! headers.
//!
//! Discontinuities are not repaired here: jumps pass through, and whoever
//! writes the output decides what they mean. No clock is read. The player
//! calls this for each media message.

/// Distance from 2³¹ within which a fall to a small time is a wrap, in ms.
const WRAP_WINDOW_MS: u32 = 10 * 60 * 1000;

/// How far below zero a time is remembered, in ms. A track that starts a
/// little before the other one keeps its distance that way.
const MAX_DEBT_MS: i64 = 2_000;

/// How far ahead of the media a header's own time is believed, in ms: it may
/// be that of the frame behind it.
const MAX_HEADER_LEAD_MS: i64 = 1_000;

/// Furthest time on the line, in ms: 278 years. A peer that jumps there in
/// steps starts again at its own time, so that nanoseconds always fit 64 bits.
const MAX_TIME_MS: i64 = 1 << 43;

/// How far a track may fall behind the other one before the other one's epoch
/// counts, in ms: 12 days, half way to where serial arithmetic turns round.
const MAX_SILENCE_MS: i64 = 1 << 30;

const HALF: i64 = 1 << 31;

/// The two kinds of media that have a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// Message type 8.
    Audio,
    /// Message type 9.
    Video,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    raw: u32,
    time: i64,
}

/// Turns the 32-bit times of one track into 64-bit ones.
///
/// The first time stands for itself. Each later one moves the 64-bit time by
/// the signed 32-bit difference to its predecessor; a fall from less than ten
/// minutes below 2³¹ to less than ten minutes is a wrap of 31 bits.
///
/// The result is never below zero: up to two seconds below show as 0 and are
/// caught up with exactly; a deeper fall makes 0 the new position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwrapper {
    last: Option<Position>,
    /// The peer has been seen to wrap at 2³¹, so stragglers may cross back.
    wraps_at_31: bool,
}

impl Unwrapper {
    /// Starts without a position.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            last: None,
            wraps_at_31: false,
        }
    }

    /// Moves to the message time `raw` and returns it in 64 bits, both in ms.
    pub fn advance(&mut self, raw: u32) -> u64 {
        *self = self.moved(raw);
        self.last().unwrap_or_default()
    }

    /// What [`advance`](Self::advance) would return, without moving.
    #[must_use]
    pub fn peek(&self, raw: u32) -> u64 {
        self.moved(raw).last().unwrap_or_default()
    }

    /// The last 64-bit time in ms, if there was one.
    #[must_use]
    pub fn last(&self) -> Option<u64> {
        self.last.map(|last| clamped(last.time))
    }

    fn moved(self, raw: u32) -> Self {
        let Some(last) = self.last else {
            return Self {
                last: Some(Position {
                    raw,
                    time: i64::from(raw),
                }),
                ..self
            };
        };
        let plain = i64::from(raw).wrapping_sub(i64::from(last.raw));
        let (delta, wraps_at_31) = if ends_31_bits(last.raw) && is_small(raw) {
            (plain.wrapping_add(HALF), true)
        } else if self.wraps_at_31 && is_small(last.raw) && ends_31_bits(raw) {
            (plain.wrapping_sub(HALF), true)
        } else {
            let serial = raw.wrapping_sub(last.raw).cast_signed();
            (i64::from(serial), self.wraps_at_31)
        };
        let time = last.time.saturating_add(delta);
        let time = if time < -MAX_DEBT_MS {
            0
        } else if time > MAX_TIME_MS {
            i64::from(raw)
        } else {
            time
        };
        Self {
            last: Some(Position { raw, time }),
            wraps_at_31,
        }
    }

    fn time(&self) -> Option<i64> {
        self.last.map(|last| last.time)
    }
}

/// The common 64-bit clock of the audio and video of one message stream.
///
/// The first media message defines the epoch: its time stands for itself. A
/// track that appears later, or after 12 days of silence, is placed next to
/// the other one, whatever either has wrapped through in the meantime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    audio: Unwrapper,
    video: Unwrapper,
    recent: Option<Track>,
}

impl Timeline {
    /// Starts without an epoch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            audio: Unwrapper::new(),
            video: Unwrapper::new(),
            recent: None,
        }
    }

    /// Moves `track` to the message time `raw` of an audio or video frame and
    /// returns it in 64 bits, both in ms. Not for headers.
    pub fn media(&mut self, track: Track, raw: u32) -> u64 {
        let mut moved = self.base(track);
        let time = moved.advance(raw);
        match track {
            Track::Audio => self.audio = moved,
            Track::Video => self.video = moved,
        }
        self.recent = Some(track);
        time
    }

    /// The 64-bit time in ms for a sequence header, end of sequence or other
    /// configuration of `track` that came with the time `raw`. Moves nothing.
    ///
    /// Such times may be 0, current or left over from the publisher's start.
    /// `raw` counts if it is not before the track's last frame nor more than a
    /// second after the latest one; otherwise the header gets the time of the
    /// latest frame of either track (but never one before its own track's).
    /// Before any media it keeps `raw`.
    #[must_use]
    pub fn header(&self, track: Track, raw: u32) -> u64 {
        let base = self.base(track);
        let (Some(floor), Some(own)) = (base.time(), base.moved(raw).time()) else {
            return u64::from(raw);
        };
        let latest = self.latest_time().map_or(floor, |time| time.max(floor));
        let limit = latest.saturating_add(MAX_HEADER_LEAD_MS);
        clamped(if (floor..=limit).contains(&own) {
            own
        } else {
            latest
        })
    }

    fn latest_time(&self) -> Option<i64> {
        match self.recent? {
            Track::Audio => self.audio.time(),
            Track::Video => self.video.time(),
        }
    }

    /// What the next time of `track` is measured against.
    fn base(&self, track: Track) -> Unwrapper {
        let (own, other) = match track {
            Track::Audio => (self.audio, self.video),
            Track::Video => (self.video, self.audio),
        };
        match (own.time(), other.time()) {
            (None, Some(_)) => other,
            (Some(mine), Some(theirs)) if theirs.saturating_sub(mine) > MAX_SILENCE_MS => other,
            _ => own,
        }
    }
}

fn clamped(time: i64) -> u64 {
    u64::try_from(time).unwrap_or_default()
}

fn is_small(raw: u32) -> bool {
    raw < WRAP_WINDOW_MS
}

fn ends_31_bits(raw: u32) -> bool {
    const END: u32 = 1 << 31;
    (END.saturating_sub(WRAP_WINDOW_MS)..END).contains(&raw)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
