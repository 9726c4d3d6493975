// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A stream that is not played live, on its way downstream: where its segments begin,
//! and what of it is left out behind a seek.
//!
//! Buffers and tags keep the server's times. `flvdemux` lets its segment begin with the
//! first frame, but not before the position of the one that it got; so both agree.

use crate::player::{Packet, Sought};

/// The streaming thread's state.
#[derive(Debug)]
pub(super) struct Vod {
    /// The seek whose answer is waited for.
    awaited: Option<u64>,
    /// The segment begins with the next frame, wherever that is.
    to_frame: bool,
    /// Downstream had the file header before a new connection brings it again.
    had_file_header: bool,
}

impl Default for Vod {
    fn default() -> Self {
        Self {
            awaited: None,
            to_frame: true,
            had_file_header: false,
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
