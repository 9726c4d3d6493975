// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Whether picture and sound are shown together.

use std::time::{Duration, Instant};

/// What shows nothing new for so long is not playing.
const PLAYING: Duration = Duration::from_millis(100);

/// Looks at what the two sinks have shown last.
#[derive(Default)]
pub(crate) struct Lips {
    video: Shown,
    audio: Shown,
    looks: u64,
    both: u64,
    least: i64,
    most: i64,
    within: u64,
}

#[derive(Default)]
struct Shown {
    last: Option<i64>,
    since: Option<Instant>,
}

impl Shown {
    fn look(&mut self, now: Instant, time: Option<i64>) {
        if time != self.last {
            self.last = time;
            self.since = Some(now);
        }
    }

    fn is_playing(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now - since < PLAYING)
    }
}

impl Lips {
    /// Looks at the running times, in ms, of what was shown last.
    pub(crate) fn look(&mut self, video: Option<i64>, audio: Option<i64>) {
        let now = Instant::now();
        self.video.look(now, video);
        self.audio.look(now, audio);
        self.looks += 1;
        // Before a key frame and in a hole there is nothing to compare.
        if self.are_playing()
            && let (Some(video), Some(audio)) = (video, audio)
        {
            let lead = audio - video;
            self.both += 1;
            self.least = self.least.min(lead);
            self.most = self.most.max(lead);
            self.within += u64::from(lead.abs() <= 40);
        }
    }

    /// Whether both sinks show something new.
    pub(crate) fn are_playing(&self) -> bool {
        let now = Instant::now();
        self.video.is_playing(now) && self.audio.is_playing(now)
    }

    pub(crate) fn print(&self) {
        println!(
            "both playing in {} of {} looks; sound ahead of the picture by {} to {} ms, \
             within 40 ms in {}",
            self.both, self.looks, self.least, self.most, self.within
        );
    }
}
