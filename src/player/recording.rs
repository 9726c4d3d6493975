// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is known of a recording on the server, and where in it the application
//! wants to be. Written and read by any thread.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rtmp::timestamp::Track;

/// One play's.
#[derive(Debug, Default)]
pub struct Recording {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    length: Option<u64>,
    is_recorded: bool,
    is_paused: bool,
    seeks: u64,
    wanted: Option<Seek>,
}

/// How far a stream has come: the time of the last frame of each track, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Positions {
    pub(super) audio: Option<u64>,
    pub(super) video: Option<u64>,
}

impl Positions {
    /// Where both tracks are still whole.
    pub(super) fn earliest(self) -> Option<u64> {
        self.audio.into_iter().chain(self.video).min()
    }

    pub(super) fn of(&mut self, track: Track) -> &mut Option<u64> {
        match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        }
    }
}

/// A wish to be elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seek {
    /// Which of the play's it is, beginning at 1.
    pub(super) number: u64,
    /// Where to, in ms of the recording.
    pub(super) to: u64,
    /// What to ask the server for. ms
    pub(super) ask: u64,
    /// How much earlier than wanted the next question asks for. ms
    pub(super) step: u64,
    /// Connections that ended over it.
    pub(super) ended: u32,
    /// The stream goes on behind these, as if there had been no seek.
    pub(super) behind: Option<Positions>,
}

/// How much earlier than wanted the second question asks for. ms
const FIRST_STEP: u64 = 250;

/// How many connections may end over a seek; one that has asked counts twice.
const MAX_ENDED: u32 = 16;

impl Seek {
    /// The first one's wish.
    pub(super) fn new(number: u64, to: u64) -> Self {
        Self {
            number,
            to,
            ask: to,
            step: FIRST_STEP,
            ended: 0,
            behind: None,
        }
    }

    /// The server goes too far: asks for less.
    pub(super) fn ask_for_less(&mut self) {
        self.ask = self.to.saturating_sub(self.step);
        self.step = self.step.saturating_mul(2);
    }
}

impl Recording {
    /// Its length in ms, if anybody said so.
    pub fn length(&self) -> Option<u64> {
        self.lock().length
    }

    /// Whether it is one, as far as is known.
    pub fn is_recorded(&self) -> bool {
        let state = self.lock();
        state.is_recorded || state.length.is_some()
    }

    /// Somebody says how long it is, in seconds. True if that is news. Live streams
    /// say 0, or nothing.
    pub fn set_length(&self, seconds: f64) -> bool {
        let is_one = seconds.is_finite() && seconds > 0.0;
        // A line of 32 bits holds no more.
        let length = is_one.then_some((seconds * 1000.0).min(f64::from(u32::MAX)) as u64);
        let Some(length) = length.filter(|length| *length > 0) else {
            return false;
        };
        self.lock().length.replace(length) != Some(length)
    }

    /// The server calls it one (StreamIsRecorded).
    pub fn set_recorded(&self) {
        self.lock().is_recorded = true;
    }

    /// Wishes to be elsewhere, which replaces an earlier wish. Wake the network
    /// thread behind it. Returns its number.
    pub fn seek(&self, to: u64) -> u64 {
        let mut state = self.lock();
        state.seeks += 1;
        let number = state.seeks;
        state.wanted = Some(Seek::new(number, to));
        number
    }

    /// The pipeline is paused, or goes on. Wake the network thread behind it.
    pub fn set_paused(&self, paused: bool) {
        self.lock().is_paused = paused;
    }

    /// Whether the pipeline is paused.
    pub(super) fn is_paused(&self) -> bool {
        self.lock().is_paused
    }

    /// How to go on behind these after a pause; `None` if nothing has come.
    pub(super) fn resume(&self, behind: Positions) -> Option<Seek> {
        let to = behind.earliest()?;
        let mut state = self.lock();
        state.seeks += 1;
        Some(Seek {
            behind: Some(behind),
            ..Seek::new(state.seeks, to)
        })
    }

    /// The connection ended while the pipeline was paused: the number of the wish to go
    /// on behind what had come.
    pub fn resumes(&self) -> Option<u64> {
        let wanted = self.lock().wanted;
        Some(wanted.filter(|seek| seek.behind.is_some())?.number)
    }

    /// A connection has ended: whether another one is to fulfil a wish. Not for ever, as
    /// a server may end each of them before it can be asked.
    pub fn goes_on(&self) -> bool {
        let wanted = &mut self.lock().wanted;
        if let Some(seek) = wanted {
            seek.ended += 1;
        }
        if wanted.is_some_and(|seek| seek.ended >= MAX_ENDED) {
            *wanted = None;
        }
        wanted.is_some()
    }

    /// The connection has ended over it: the next one shall do it, unless there is a
    /// newer wish, or that happened too often.
    pub(super) fn put_back(&self, mut seek: Seek) {
        seek.ended += 1;
        if seek.ended < MAX_ENDED {
            self.lock().wanted.get_or_insert(seek);
        }
    }

    /// The wish that nobody has taken yet.
    pub(super) fn take_seek(&self) -> Option<Seek> {
        self.lock().wanted.take()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is a single one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_are_none_are_left_alone() {
        let recording = Recording::default();
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.0001] {
            assert!(!recording.set_length(seconds), "{seconds}");
        }
        assert!(!recording.is_recorded());
        assert!(recording.set_length(12.5));
        assert!(!recording.set_length(12.5), "that is no news");
        assert_eq!(recording.length(), Some(12_500));
        assert!(recording.is_recorded());
        recording.set_length(1e300);
        assert_eq!(recording.length(), Some(u64::from(u32::MAX)));
    }

    #[test]
    fn the_last_wish_counts_once() {
        let recording = Recording::default();
        assert_eq!(recording.take_seek(), None);
        recording.seek(1000);
        assert_eq!(recording.seek(2000), 2);
        assert_eq!(recording.take_seek(), Some(Seek::new(2, 2000)));
        assert_eq!(recording.take_seek(), None);
    }

    #[test]
    fn what_ends_connections_is_given_up() {
        let recording = Recording::default();
        recording.seek(1000);
        let mut connections = 0;
        while let Some(seek) = recording.take_seek() {
            connections += 1;
            recording.put_back(seek);
        }
        assert_eq!(connections, MAX_ENDED);
        recording.seek(1000);
        let ends = std::iter::repeat_with(|| recording.goes_on());
        let going_on = ends.take_while(|goes_on| *goes_on).count();
        assert_eq!(going_on, 15, "none of them has asked");
        recording.seek(1000);
        let first = recording.take_seek().expect("a wish");
        recording.seek(2000);
        recording.put_back(first);
        let newer = recording.take_seek().expect("a wish");
        assert_eq!(newer.to, 2000);
    }
}
