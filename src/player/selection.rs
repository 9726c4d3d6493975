// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Leaves out media that is not wanted, where the server sends it all the same,
//! and lets it in again at a place from which it can be decoded.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::reception::Wanted;
use crate::rtmp::timestamp::Track;

/// Longest sequence header that is kept while its medium is off, in bytes. Real ones
/// are a few hundred.
pub(crate) const MAX_HEADER: usize = 1 << 20;

/// How long to wait for a key frame. Longer groups of pictures are rare, but streams
/// that are refreshed little by little have none.
pub(super) const KEYFRAME_WAIT: Duration = Duration::from_secs(10);

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selected {
    /// It goes on, behind this sequence header if there is one.
    Pass(Option<Bytes>),
    /// It is not wanted.
    Drop,
    /// It builds on a picture that has not come.
    NoKeyframe,
}

/// The choice of one stream.
#[derive(Debug)]
pub(super) struct Selection {
    wanted: Wanted,
    audio: Lane,
    video: Lane,
}

#[derive(Debug, Default)]
struct Lane {
    /// The header that came while the medium was off.
    missed_header: Option<Bytes>,
    /// Frames were left out: only a key frame may come next.
    broken: bool,
    /// Since when it is waited for.
    waiting: Option<Instant>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            wanted: Wanted::ALL,
            audio: Lane::default(),
            video: Lane::default(),
        }
    }
}

impl Selection {
    /// What is wanted from now on.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted = wanted;
    }

    /// Video begins with a key frame, now or again.
    pub(super) fn await_keyframe(&mut self) {
        self.video.broken = true;
    }

    /// What is wanted.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted
    }

    /// Decides about a message that can go to a demuxer.
    pub(super) fn select(
        &mut self,
        track: Track,
        header: bool,
        keyframe: bool,
        body: &[u8],
        now: Instant,
    ) -> Selected {
        let is_wanted = self.wanted.is_wanted(track);
        let lane = match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        };
        if !is_wanted {
            if header {
                let fits = body.len() <= MAX_HEADER;
                lane.missed_header = fits.then(|| Bytes::copy_from_slice(body));
            }
            lane.broken = true;
            lane.waiting = None;
            return Selected::Drop;
        }
        if header {
            lane.missed_header = None;
            return Selected::Pass(None);
        }
        if lane.broken && track == Track::Video && !keyframe {
            let since = *lane.waiting.get_or_insert(now);
            if now.saturating_duration_since(since) < KEYFRAME_WAIT {
                return Selected::NoKeyframe;
            }
        }
        lane.broken = false;
        lane.waiting = None;
        Selected::Pass(lane.missed_header.take())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_VIDEO: Wanted = Wanted {
        audio: true,
        video: false,
    };

    #[test]
    fn everything_passes_unless_it_is_switched_off() {
        let mut selection = Selection::default();
        for (track, header, keyframe) in [
            (Track::Video, true, false),
            (Track::Video, false, false),
            (Track::Audio, false, false),
        ] {
            let selected = selection.select(track, header, keyframe, b"x", Instant::now());
            assert_eq!(selected, Selected::Pass(None));
        }
        selection.want(NO_VIDEO);
        let video = selection.select(Track::Video, false, true, b"x", Instant::now());
        let audio = selection.select(Track::Audio, false, false, b"x", Instant::now());
        assert_eq!((video, audio), (Selected::Drop, Selected::Pass(None)));
    }

    #[test]
    fn video_comes_back_with_a_key_frame_and_the_header_that_was_missed() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"old", Instant::now());
        selection.select(Track::Video, true, false, b"new", Instant::now());
        selection.want(Wanted::ALL);
        let mut select =
            |keyframe| selection.select(Track::Video, false, keyframe, b"x", Instant::now());
        assert_eq!(select(false), Selected::NoKeyframe);
        let header = Some(Bytes::from_static(b"new"));
        assert_eq!(select(true), Selected::Pass(header));
        assert_eq!(select(false), Selected::Pass(None));
    }

    #[test]
    fn a_header_that_cannot_be_one_is_not_kept() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"header", Instant::now());
        let long = vec![0; MAX_HEADER + 1];
        selection.select(Track::Video, true, false, &long, Instant::now());
        selection.want(Wanted::ALL);
        let selected = selection.select(Track::Video, false, true, b"x", Instant::now());
        assert_eq!(selected, Selected::Pass(None), "nor one that is old");
    }

    #[test]
    fn a_header_sent_again_is_not_sent_twice() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"old", Instant::now());
        selection.want(Wanted::ALL);
        let header = selection.select(Track::Video, true, false, b"again", Instant::now());
        let frame = selection.select(Track::Video, false, true, b"x", Instant::now());
        assert_eq!(
            (header, frame),
            (Selected::Pass(None), Selected::Pass(None))
        );
    }

    #[test]
    fn a_key_frame_is_waited_for_and_not_for_ever() {
        let start = Instant::now();
        let mut selection = Selection::default();
        selection.await_keyframe();
        let mut select = |track, header, keyframe, after| {
            selection.select(track, header, keyframe, b"x", start + after)
        };
        let no_time = Duration::ZERO;
        let pass = Selected::Pass(None);
        assert_eq!(select(Track::Audio, false, false, no_time), pass);
        assert_eq!(select(Track::Video, true, false, no_time), pass);
        let later = Duration::from_secs(3);
        let delta = select(Track::Video, false, false, later);
        assert_eq!(delta, Selected::NoKeyframe);
        let almost = later + KEYFRAME_WAIT - Duration::from_millis(1);
        let delta = select(Track::Video, false, false, almost);
        assert_eq!(delta, Selected::NoKeyframe);
        let last = later + KEYFRAME_WAIT;
        assert_eq!(select(Track::Video, false, false, last), pass);
        assert_eq!(select(Track::Video, false, false, last), pass);

        let mut selection = Selection::default();
        selection.await_keyframe();
        let mut select = |keyframe| selection.select(Track::Video, false, keyframe, b"x", start);
        assert_eq!(select(false), Selected::NoKeyframe);
        assert_eq!(select(true), pass);
        assert_eq!(select(false), pass);
    }
}
