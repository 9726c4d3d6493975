// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Tests of `video`: the reference's bodies, cut ones and made-up ones.

use super::*;
use crate::flv::enhanced::MultitrackMode;
use crate::rtmp::vectors::hex;

const LEGACY: [&str; 4] = [
    "17 00 00 00 00 01 42 00 1E FF E1 00 04 67 42 00 1E 01 00 02 68 CE",
    "27 01 FF FF D8 00 00 00 02 41 9A",
    "17 02 00 00 00",
    "57 01",
];

const ENHANCED: [&str; 10] = [
    "90 68 76 63 31 01 01 60 00 00",
    "91 68 76 63 31 00 00 50 00 00 00 02 26 01",
    "A3 68 76 63 31 00 00 00 02 02 01",
    "92 68 76 63 31",
    "A7 02 07 A1 20 03 68 76 63 31 00 00 00 02 02 01",
    "D1 00",
    "96 00 61 76 30 31 01 81 00 0C 00",
    "96 11 61 76 63 31 00 00 00 09 00 00 00 00 00 00 02 65 AA 01 00 00 08 00 00 28 00 00 00 01 65",
    "96 20 61 76 63 31 00 00 00 04 01 64 00 28 68 76 63 31 01 00 00 03 01 01 60",
    "D4 68 76 63 31 02 00 09 63 6F 6C 6F 72 49 6E 66 6F 06",
];

const COLOR_INFO: &str = "94 68 76 63 31 02 00 09 63 6F 6C 6F 72 49 6E 66 6F 03 00 0B 63 6F 6C 6F \
    72 43 6F 6E 66 69 67 03 00 08 62 69 74 44 65 70 74 68 00 40 24 00 00 00 00 00 00 00 0E 63 6F \
    6C 6F 72 50 72 69 6D 61 72 69 65 73 00 40 22 00 00 00 00 00 00 00 17 74 72 61 6E 73 66 65 72 \
    43 68 61 72 61 63 74 65 72 69 73 74 69 63 73 00 40 30 00 00 00 00 00 00 00 12 6D 61 74 72 69 \
    78 43 6F 65 66 66 69 63 69 65 6E 74 73 00 40 22 00 00 00 00 00 00 00 00 09 00 06 68 64 72 43 \
    6C 6C 03 00 07 6D 61 78 46 61 6C 6C 00 40 79 00 00 00 00 00 00 00 06 6D 61 78 43 4C 4C 00 40 \
    8F 40 00 00 00 00 00 00 00 09 00 00 09";

fn check(text: &str, test: impl FnOnce(VideoInfo<'_>)) {
    test(VideoInfo::parse(&hex(text)).unwrap());
}

fn error(text: &str) -> BodyError {
    VideoInfo::parse(&hex(text)).unwrap_err()
}

#[test]
fn avc_sequence_header_is_no_keyframe() {
    check(LEGACY[0], |info| {
        assert_eq!(info.codec, Some(VideoCodec::Avc));
        assert!(!info.enhanced);
        assert_eq!(info.packet, VideoPacket::SequenceStart);
        assert_eq!(info.frame_type, FrameType::Key);
        assert!(!info.is_keyframe());
        assert_eq!(info.data, &hex(LEGACY[0])[5..]);
    });
}

#[test]
fn avc_frame_has_a_signed_composition_time() {
    check(LEGACY[1], |info| {
        assert_eq!(info.packet, VideoPacket::CodedFrames);
        assert_eq!(info.frame_type, FrameType::Inter);
        assert_eq!(info.composition_time_ms, -40);
        assert_eq!(info.data, hex("00 00 00 02 41 9A"));
        assert!(!info.is_keyframe());
    });
    check("17 01 00 00 50 AA", |info| {
        assert_eq!(info.composition_time_ms, 80);
        assert!(info.is_keyframe());
    });
}

#[test]
fn composition_time_counts_for_frames_only() {
    check("17 00 00 00 50 01", |info| {
        assert_eq!(info.composition_time_ms, 0);
    });
}

#[test]
fn avc_end_of_sequence_and_legacy_commands_are_seen() {
    check(LEGACY[2], |info| {
        assert_eq!(info.packet, VideoPacket::SequenceEnd);
    });
    check(LEGACY[3], |info| {
        assert_eq!(info.packet, VideoPacket::Command(1));
    });
    check("50 00", |info| {
        assert_eq!(info.packet, VideoPacket::Command(0));
    });
}

#[test]
fn other_legacy_codecs_have_frames_only() {
    let known = [
        (2, VideoCodec::SorensonH263),
        (3, VideoCodec::Screen),
        (4, VideoCodec::Vp6),
        (5, VideoCodec::Vp6Alpha),
        (6, VideoCodec::Screen2),
        (8, VideoCodec::H263),
        (9, VideoCodec::Mpeg4),
        (0, VideoCodec::UnknownId(0)),
        (13, VideoCodec::UnknownId(13)),
    ];
    for (id, codec) in known {
        let body = [0x10 | id, 1];
        let info = VideoInfo::parse(&body).unwrap();
        assert_eq!(info.codec, Some(codec));
        assert!(info.is_keyframe());
        assert_eq!(info.data, [1]);
    }
}

#[test]
fn legacy_hevc_is_laid_out_like_avc() {
    check("2C 01 00 00 28 AA", |info| {
        assert_eq!(info.codec, Some(VideoCodec::Hevc));
        assert!(!info.enhanced);
        assert_eq!(info.composition_time_ms, 40);
    });
}

#[test]
fn enhanced_sequence_start_and_end_are_seen() {
    check(ENHANCED[0], |info| {
        assert_eq!(info.codec, Some(VideoCodec::Hevc));
        assert!(info.enhanced);
        assert_eq!(info.packet, VideoPacket::SequenceStart);
        assert_eq!(info.data, hex("01 01 60 00 00"));
        assert!(!info.is_keyframe());
    });
    check(ENHANCED[3], |info| {
        assert_eq!(info.packet, VideoPacket::SequenceEnd);
        assert!(info.data.is_empty());
    });
}

#[test]
fn coded_frames_have_a_composition_time_and_coded_frames_x_have_none() {
    check(ENHANCED[1], |info| {
        assert!(info.is_keyframe());
        assert_eq!(info.composition_time_ms, 80);
        assert_eq!(info.data, hex("00 00 00 02 26 01"));
    });
    check(ENHANCED[2], |info| {
        assert_eq!(info.packet, VideoPacket::CodedFrames);
        assert_eq!(info.frame_type, FrameType::Inter);
        assert_eq!(info.composition_time_ms, 0);
        assert_eq!(info.data, hex("00 00 00 02 02 01"));
    });
    check("91 61 76 30 31 12 00", |info| {
        assert_eq!(info.codec, Some(VideoCodec::Av1));
        assert_eq!(info.data, [0x12, 0x00]);
    });
}

#[test]
fn mod_ex_before_a_frame_is_read() {
    check(ENHANCED[4], |info| {
        assert_eq!(info.nanosecond_offset, 500_000);
        assert_eq!(info.packet, VideoPacket::CodedFrames);
        assert_eq!(info.frame_type, FrameType::Inter);
        assert_eq!(info.codec, Some(VideoCodec::Hevc));
    });
}

#[test]
fn enhanced_commands_have_no_codec() {
    check(ENHANCED[5], |info| {
        assert_eq!(info.packet, VideoPacket::Command(0));
        assert_eq!(info.codec, None);
    });
}

#[test]
fn one_track_runs_to_the_end() {
    check(ENHANCED[6], |info| {
        assert_eq!(info.codec, Some(VideoCodec::Av1));
        assert_eq!(info.packet, VideoPacket::SequenceStart);
        assert_eq!(info.data, hex("81 00 0C 00"));
        let multitrack = info.multitrack.unwrap();
        assert_eq!(multitrack.mode, MultitrackMode::OneTrack);
        assert_eq!((multitrack.first_track, multitrack.tracks), (1, 1));
    });
}

#[test]
fn many_tracks_are_counted_and_the_first_one_shown() {
    check(ENHANCED[7], |info| {
        assert_eq!(info.codec, Some(VideoCodec::Avc));
        assert!(info.is_keyframe());
        assert_eq!(info.composition_time_ms, 0);
        assert_eq!(info.data, hex("00 00 00 02 65 AA"));
        let multitrack = info.multitrack.unwrap();
        assert_eq!(multitrack.mode, MultitrackMode::ManyTracks);
        assert_eq!((multitrack.first_track, multitrack.tracks), (0, 2));
    });
    check(ENHANCED[8], |info| {
        assert_eq!(info.packet, VideoPacket::SequenceStart);
        assert_eq!(info.data, hex("01 64 00 28"));
        let multitrack = info.multitrack.unwrap();
        assert_eq!(multitrack.mode, MultitrackMode::ManyTracksManyCodecs);
        assert_eq!(multitrack.tracks, 2);
    });
}

#[test]
fn metadata_is_metadata_whatever_its_frame_type() {
    for text in [
        COLOR_INFO,
        ENHANCED[9],
        "84 68 76 63 31 06",
        "D4 68 76 63 31",
    ] {
        check(text, |info| {
            assert_eq!(info.packet, VideoPacket::Metadata, "{text}");
            assert_eq!(info.codec, Some(VideoCodec::Hevc));
        });
    }
    check("86 04 68 76 63 31 01 06", |info| {
        assert_eq!(info.packet, VideoPacket::Metadata);
        assert_eq!(info.data, [6]);
    });
}

#[test]
fn every_truncation_of_a_header_is_an_error_and_none_panics() {
    let headers = [5, 5, 5, 2, 5, 8, 5, 5, 10, 2, 7];
    for (text, header) in LEGACY.iter().chain(&ENHANCED).zip(headers) {
        let bytes = hex(text);
        for len in 0..bytes.len() {
            let result = VideoInfo::parse(&bytes[..len]);
            assert_eq!(result.is_err(), len < header, "{text} {len}");
        }
    }
    for text in [ENHANCED[7], ENHANCED[8]] {
        let bytes = hex(text);
        for len in 0..bytes.len() {
            let _ = VideoInfo::parse(&bytes[..len]);
        }
        let cut = &bytes[..bytes.len() - 1];
        assert_eq!(VideoInfo::parse(cut), Err(BodyError::Truncated));
    }
}

#[test]
fn reserved_packet_types_are_errors() {
    for id in 8..=15 {
        let body = [0x90 | id, b'h', b'v', b'c', b'1'];
        let expected = Err(BodyError::ReservedPacketType(id));
        assert_eq!(VideoInfo::parse(&body), expected);
    }
    assert_eq!(error("17 03 00 00 00"), BodyError::ReservedPacketType(3));
    assert_eq!(
        error("96 0F 61 76 30 31 01"),
        BodyError::ReservedPacketType(15)
    );
    assert_eq!(error("96 06 61 76 30 31 01"), BodyError::InvalidMultitrack);
}

#[test]
fn all_four_ccs_are_known() {
    for (name, codec) in [
        (*b"avc1", VideoCodec::Avc),
        (*b"hvc1", VideoCodec::Hevc),
        (*b"vvc1", VideoCodec::Vvc),
        (*b"av01", VideoCodec::Av1),
        (*b"vp08", VideoCodec::Vp8),
        (*b"vp09", VideoCodec::Vp9),
        (*b"HVC1", VideoCodec::UnknownFourCc(FourCc(*b"HVC1"))),
    ] {
        assert_eq!(VideoCodec::from_four_cc(FourCc(name)), codec);
    }
}

#[test]
fn every_pair_of_first_bytes_is_handled() {
    for first in 0..=255 {
        for second in 0..=255 {
            for len in 1..=12 {
                let mut body = [0; 12];
                body[0] = first;
                body[1] = second;
                let _ = VideoInfo::parse(&body[..len]);
            }
        }
    }
}
