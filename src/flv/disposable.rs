// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Frames that nothing refers to: they can be left out without a trace in others.
//!
//! FLV has a frame type for it that encoders of today do not use; H.264 and HEVC say it
//! in each NAL unit. Units are looked at by their first byte, nothing is decoded.

use super::video::{FrameType, VideoCodec, VideoInfo, VideoPacket};

/// NAL units of a frame that are looked at.
const MAX_UNITS: usize = 64;

/// Bytes in front of each NAL unit that tell its length, unless the sequence header says
/// otherwise.
pub const DEFAULT_LENGTH_SIZE: usize = 4;

/// Whether nothing refers to this frame. `length_size` is that of the sequence header.
#[must_use]
pub fn is_disposable(info: &VideoInfo<'_>, length_size: usize) -> bool {
    if info.packet != VideoPacket::CodedFrames || info.frame_type.is_key() {
        return false;
    }
    if info.frame_type == FrameType::DisposableInter {
        return true;
    }
    // Other tracks of the packet are not looked at.
    if info.multitrack.is_some() {
        return false;
    }
    match info.codec {
        Some(VideoCodec::Avc) => all_slices(info.data, length_size, h264),
        Some(VideoCodec::Hevc) => all_slices(info.data, length_size, hevc),
        _ => false,
    }
}

/// The length that the sequence header gives for what is in front of each NAL unit
/// (ISO 14496-15: `lengthSizeMinusOne`).
#[must_use]
pub fn length_size(info: &VideoInfo<'_>) -> Option<usize> {
    let offset = match info.codec? {
        VideoCodec::Avc => 4,
        VideoCodec::Hevc => 21,
        _ => return None,
    };
    (info.packet == VideoPacket::SequenceStart)
        .then(|| info.data.get(offset).map(|byte| usize::from(byte & 3) + 1))
        .flatten()
}

/// What a NAL unit says.
enum Unit {
    /// A slice that others refer to.
    Reference,
    /// A slice that none refers to.
    Disposable,
    /// No slice.
    Other,
}

/// H.264, 7.4.1: types 1 to 5 are slices, `nal_ref_idc` 0 is never referred to.
fn h264(byte: u8) -> Unit {
    match (byte & 0x1F, byte & 0x60) {
        (1..=5, 0) => Unit::Disposable,
        (1..=5, _) => Unit::Reference,
        _ => Unit::Other,
    }
}

/// HEVC, table 7-1: below 32 are slices; even types below 16 are not referred to within
/// their temporal layer, which is the only one in nearly all streams.
fn hevc(byte: u8) -> Unit {
    match (byte >> 1) & 0x3F {
        kind @ 0..16 if kind % 2 == 0 => Unit::Disposable,
        0..32 => Unit::Reference,
        _ => Unit::Other,
    }
}

fn all_slices(mut data: &[u8], length_size: usize, unit: fn(u8) -> Unit) -> bool {
    let mut found = false;
    for _ in 0..MAX_UNITS {
        let Some((length, rest)) = data.split_at_checked(length_size) else {
            return found && data.is_empty();
        };
        let length = length
            .iter()
            .fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let Some((body, rest)) = rest.split_at_checked(length) else {
            return false;
        };
        match body.first().map(|byte| unit(*byte)) {
            Some(Unit::Reference) => return false,
            Some(Unit::Disposable) => found = true,
            Some(Unit::Other) | None => {}
        }
        data = rest;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avc(frame_type: u8, units: &[u8]) -> Vec<u8> {
        let mut body = vec![frame_type << 4 | 7, 1, 0, 0, 0];
        for unit in units {
            body.extend([0, 0, 0, 2, *unit, 0x80]);
        }
        body
    }

    fn is(body: &[u8]) -> bool {
        let info = VideoInfo::parse(body).expect("a video body");
        is_disposable(&info, DEFAULT_LENGTH_SIZE)
    }

    #[test]
    fn a_frame_of_h264_is_if_no_slice_is_referred_to() {
        assert!(is(&avc(2, &[0x01])));
        assert!(is(&avc(2, &[0x06, 0x01, 0x01])), "behind an SEI");
        assert!(!is(&avc(2, &[0x41])));
        assert!(!is(&avc(2, &[0x01, 0x21])));
        assert!(!is(&avc(1, &[0x65])));
        assert!(!is(&avc(2, &[0x06])), "no slice at all");
        let mut cut = avc(2, &[0x01]);
        cut.pop();
        assert!(!is(&cut));
        cut.extend([0, 0]);
        assert!(!is(&cut));
        assert!(!is(&avc(2, &[])));
    }

    #[test]
    fn hevc_has_types_for_it() {
        let body = |unit: u8| [0xA3, b'h', b'v', b'c', b'1', 0, 0, 0, 2, unit << 1, 1];
        for (unit, expected) in [(0, true), (1, false), (8, true), (9, false), (16, false)] {
            assert_eq!(is(&body(unit)), expected, "{unit}");
        }
        assert!(!is(&body(35)), "an access unit delimiter");
    }

    #[test]
    fn the_frame_type_of_h263_counts() {
        assert!(is(&[0x32, 0, 0]));
        assert!(!is(&[0x22, 0, 0]));
    }

    #[test]
    fn the_sequence_header_tells_how_long_lengths_are() {
        let size = |body: &[u8]| length_size(&VideoInfo::parse(body).expect("video"));
        assert_eq!(
            size(&[0x17, 0, 0, 0, 0, 1, 100, 0, 31, 0xFD, 0xE1]),
            Some(2)
        );
        assert_eq!(size(&[0x17, 0, 0, 0, 0, 1]), None);
        assert_eq!(size(&[0x17, 1, 0, 0, 0, 1, 100, 0, 31, 0xFD]), None);
    }
}
