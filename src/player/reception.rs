// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which media the application wants, changeable at any time.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::rtmp::timestamp::Track;

/// The application's wish, written by any thread, read by the network's.
#[derive(Debug)]
pub struct Reception {
    audio: AtomicBool,
    video: AtomicBool,
}

/// A wish at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) audio: bool,
    pub(super) video: bool,
}

impl Default for Reception {
    fn default() -> Self {
        Self {
            audio: AtomicBool::new(true),
            video: AtomicBool::new(true),
        }
    }
}

impl Reception {
    /// Whether a medium is wanted.
    pub fn is_wanted(&self, track: Track) -> bool {
        self.wish(track).load(Ordering::Relaxed)
    }

    /// Changes whether a medium is wanted. Wake the network thread behind it.
    pub fn want(&self, track: Track, wanted: bool) {
        self.wish(track).store(wanted, Ordering::Relaxed);
    }

    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            audio: self.is_wanted(Track::Audio),
            video: self.is_wanted(Track::Video),
        }
    }

    fn wish(&self, track: Track) -> &AtomicBool {
        match track {
            Track::Audio => &self.audio,
            Track::Video => &self.video,
        }
    }
}

impl Wanted {
    /// Everything.
    pub(super) const ALL: Self = Self {
        audio: true,
        video: true,
    };

    pub(super) fn is_wanted(self, track: Track) -> bool {
        match track {
            Track::Audio => self.audio,
            Track::Video => self.video,
        }
    }
}
