// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A stream that is not played live, on its way downstream: where its segments begin,
//! and what of it is left out behind a seek.
//!
//! Buffers and tags keep the server's times. `flvdemux` lets its segment begin with the
//! first frame, but not before the position of the one that it got; so both agree.

use crate::player::{Packet, Sought};
use crate::rtmp::timestamp::Track;

/// The streaming thread's state.
#[derive(Debug)]
pub(super) struct Vod {
    /// The seek whose answer is waited for.
    awaited: Option<u64>,
    /// The segment begins with the next frame, wherever that is.
    to_frame: bool,
    /// Downstream had the file header before a new connection brings it again.
    had_file_header: bool,
    /// Where the segment ends, in ms.
    stop: Option<u64>,
    /// Audio and video since the seek: come, and come to the end of the segment.
    tracks: [Progress; 2],
    is_over: bool,
}

/// How far a track is in a segment that ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Absent,
    Within,
    Behind,
}

/// How far one track may be ahead of the other in a file. ms
const MAX_APART: u64 = 1000;

impl Default for Vod {
    fn default() -> Self {
        Self {
            awaited: None,
            to_frame: true,
            had_file_header: false,
            stop: None,
            tracks: Default::default(),
            is_over: false,
        }
    }
}

impl Vod {
    /// Waits for the answer to a seek of this number. The segment begins at the position
    /// that was asked for, or at the first frame.
    pub(super) fn seek(&mut self, number: u64, to_frame: bool) {
        self.awaited = Some(number);
        self.to_frame = to_frame;
    }

    /// The segment ends there, in ms.
    pub(super) fn set_stop(&mut self, stop: Option<u64>) {
        self.stop = stop;
        self.tracks = Default::default();
        self.is_over = false;
    }

    /// All of the segment has come.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Looks whether a frame is behind the end of the segment, and all others are.
    fn look_for_end(&mut self, packet: &Packet) {
        let (Some(stop), Some(track), Some(time)) = (self.stop, packet.track(), packet.dts) else {
            return;
        };
        let progress = match time < stop {
            true => Progress::Within,
            false => Progress::Behind,
        };
        self.tracks[usize::from(track == Track::Video)] = progress;
        let is_far = time >= stop.saturating_add(MAX_APART);
        self.is_over |=
            progress == Progress::Behind && (is_far || !self.tracks.contains(&Progress::Within));
    }

    /// Whether the answer to a seek is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.awaited.is_some()
    }

    /// Notes the answer to a seek.
    pub(super) fn note(&mut self, sought: Sought) {
        if self.awaited == Some(sought.number) {
            self.awaited = None;
            // The old place goes on, and its times with it.
            self.to_frame |= !sought.found;
        }
    }

    /// Whether the packet goes on, and where its segment begins, in ms, if that is with
    /// it.
    pub(super) fn place(&mut self, packet: &Packet) -> Option<Option<u64>> {
        // It is of the place that was left.
        if self.awaited.is_some() && !packet.header {
            return None;
        }
        self.look_for_end(packet);
        if self.is_over {
            return None;
        }
        let is_file_header = packet.data.starts_with(b"FLV");
        if is_file_header && std::mem::replace(&mut self.had_file_header, true) {
            return None;
        }
        let begins = packet.frame && std::mem::take(&mut self.to_frame);
        Some(packet.pts.filter(|_| begins))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::BytesMut;

    use super::*;

    fn packet(data: &[u8], time: u64, frame: bool) -> Packet {
        Packet {
            data: BytesMut::from(data),
            dts: Some(time),
            pts: Some(time + 40),
            header: !frame,
            delta_unit: false,
            discont: false,
            frame,
            came: Instant::now(),
            made: None,
        }
    }

    #[test]
    fn the_segment_begins_with_the_first_frame_and_the_file_once() {
        let mut vod = Vod::default();
        assert_eq!(vod.place(&packet(b"FLV", 0, false)), Some(None));
        assert_eq!(vod.place(&packet(b"\x09", 5000, true)), Some(Some(5040)));
        assert_eq!(vod.place(&packet(b"\x09", 5040, true)), Some(None));
        vod.seek(1, false);
        assert_eq!(vod.place(&packet(b"FLV", 0, false)), None);
        vod.note(Sought {
            number: 1,
            found: true,
        });
        assert_eq!(vod.place(&packet(b"\x09", 2000, true)), Some(None));
    }

    #[test]
    fn a_segment_ends_once_both_tracks_are_at_its_end() {
        let mut vod = Vod::default();
        let end = |vod: &mut Vod, frames: &[(&[u8], u64)]| {
            vod.set_stop(Some(2000));
            let mut left = frames.iter().skip_while(|(track, time)| {
                vod.place(&packet(track, *time, true));
                !vod.is_over()
            });
            left.next().map(|(_, time)| *time)
        };
        let (sound, picture) = (&b"\x08"[..], &b"\x09"[..]);
        let together = [
            (picture, 1960),
            (sound, 1980),
            (picture, 2000),
            (sound, 1999),
            (sound, 2020),
        ];
        assert_eq!(end(&mut vod, &together), Some(2020));
        assert_eq!(
            end(&mut vod, &[(picture, 1960), (picture, 2000)]),
            Some(2000)
        );
        // The sound ends before.
        let sparse = [
            (sound, 100),
            (picture, 2500),
            (picture, 2999),
            (picture, 3000),
        ];
        assert_eq!(end(&mut vod, &sparse), Some(3000));
        vod.set_stop(None);
        vod.place(&packet(picture, 1 << 40, true));
        assert!(!vod.is_over());
    }

    #[test]
    fn until_the_answer_only_headers_go_on() {
        let mut vod = Vod::default();
        vod.place(&packet(b"\x09", 1000, true));
        vod.seek(2, false);
        let old = packet(b"\x09", 5000, true);
        assert_eq!(vod.place(&old), None);
        assert_eq!(vod.place(&packet(b"\x09", 5000, false)), Some(None));
        let answer = |number, found| Sought { number, found };
        // An earlier one's.
        vod.note(answer(1, true));
        assert_eq!(vod.place(&old), None);
        vod.note(answer(2, true));
        assert_eq!(vod.place(&packet(b"\x09", 2000, true)), Some(None));
        vod.seek(3, false);
        vod.note(answer(3, false));
        let begins = vod.place(&packet(b"\x09", 5000, true));
        assert_eq!(begins, Some(Some(5040)), "it goes on where it was");
    }
}
