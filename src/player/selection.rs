// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Leaves out media that is not wanted, where the server sends it all the same,
//! and lets it in again at a place from which it can be decoded.

use bytes::Bytes;

use super::reception::Wanted;
use crate::rtmp::timestamp::Track;

/// Longest sequence header that is kept while its medium is off, in bytes. Real ones
/// are a few hundred.
pub(crate) const MAX_HEADER: usize = 1 << 20;

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Selected {
    /// It goes on, behind this sequence header if there is one.
    Pass(Option<Bytes>),
    /// It is not wanted.
    Drop,
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
            return Selected::Drop;
        }
        if header {
            lane.missed_header = None;
            return Selected::Pass(None);
        }
        if lane.broken && track == Track::Video && !keyframe {
            return Selected::Drop;
        }
        lane.broken = false;
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
            let selected = selection.select(track, header, keyframe, b"x");
            assert_eq!(selected, Selected::Pass(None));
        }
        selection.want(NO_VIDEO);
        let video = selection.select(Track::Video, false, true, b"x");
        let audio = selection.select(Track::Audio, false, false, b"x");
        assert_eq!((video, audio), (Selected::Drop, Selected::Pass(None)));
    }

    #[test]
    fn video_comes_back_with_a_key_frame_and_the_header_that_was_missed() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"old");
        selection.select(Track::Video, true, false, b"new");
        selection.want(Wanted::ALL);
        let mut select = |keyframe| selection.select(Track::Video, false, keyframe, b"x");
        assert_eq!(select(false), Selected::Drop);
        let header = Some(Bytes::from_static(b"new"));
        assert_eq!(select(true), Selected::Pass(header));
        assert_eq!(select(false), Selected::Pass(None));
    }

    #[test]
    fn a_header_that_cannot_be_one_is_not_kept() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"header");
        let long = vec![0; MAX_HEADER + 1];
        selection.select(Track::Video, true, false, &long);
        selection.want(Wanted::ALL);
        let selected = selection.select(Track::Video, false, true, b"x");
        assert_eq!(selected, Selected::Pass(None), "nor one that is old");
    }

    #[test]
    fn a_header_sent_again_is_not_sent_twice() {
        let mut selection = Selection::default();
        selection.want(NO_VIDEO);
        selection.select(Track::Video, true, false, b"old");
        selection.want(Wanted::ALL);
        let header = selection.select(Track::Video, true, false, b"again");
        let frame = selection.select(Track::Video, false, true, b"x");
        assert_eq!(
            (header, frame),
            (Selected::Pass(None), Selected::Pass(None))
        );
    }
}
