// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The sequence headers that went downstream, so that those which a server sends again
//! after a reconnection do not: decoders and recorders would take them for a change.

use bytes::Bytes;

use crate::rtmp::timestamp::Track;

/// Longest header that is remembered, in bytes. Real ones are a few hundred.
pub(crate) const MAX_REMEMBERED: usize = 64 << 10;

/// The last header of each track.
#[derive(Debug, Default)]
pub(super) struct SequenceHeaders {
    audio: Lane,
    video: Lane,
}

#[derive(Debug, Default)]
struct Lane {
    last: Option<Bytes>,
    /// The same may come again.
    expected: bool,
}

impl SequenceHeaders {
    /// Another server begins, and tells what the last one has told.
    pub(super) fn expect_again(&mut self) {
        self.audio.expected = self.audio.last.is_some();
        self.video.expected = self.video.last.is_some();
    }

    /// Notes a header that comes, and tells whether it can be left out.
    pub(super) fn is_known(&mut self, track: Track, body: &[u8]) -> bool {
        let lane = match track {
            Track::Audio => &mut self.audio,
            Track::Video => &mut self.video,
        };
        let expected = std::mem::take(&mut lane.expected);
        let is_same = lane.last.as_ref().is_some_and(|last| *last == body);
        if !is_same {
            let fits = body.len() <= MAX_REMEMBERED;
            lane.last = fits.then(|| Bytes::copy_from_slice(body));
        }
        expected && is_same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_header_is_left_out_once_behind_a_reconnection() {
        let mut headers = SequenceHeaders::default();
        assert!(!headers.is_known(Track::Video, b"one"));
        // A server may repeat itself for those who come later.
        assert!(!headers.is_known(Track::Video, b"one"));
        headers.expect_again();
        assert!(!headers.is_known(Track::Audio, b"one"), "another track's");
        assert!(headers.is_known(Track::Video, b"one"));
        assert!(!headers.is_known(Track::Video, b"one"));
        headers.expect_again();
        assert!(!headers.is_known(Track::Video, b"two"), "a change");
        headers.expect_again();
        assert!(headers.is_known(Track::Video, b"two"));
    }

    #[test]
    fn what_is_too_long_for_a_header_is_passed_on() {
        let mut headers = SequenceHeaders::default();
        let long = vec![0; MAX_REMEMBERED + 1];
        for _ in 0..2 {
            assert!(!headers.is_known(Track::Audio, &long));
            headers.expect_again();
        }
    }
}
