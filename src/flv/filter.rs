// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which audio and video bodies a demuxer can be given.
//!
//! GStreamer's flvdemux fails its pipeline on empty video, on codecs it cannot
//! name and on headers that end early, and ends it on an end of sequence, which
//! publishers send before they start again. Such bodies are dropped here, each
//! with a [`DropReason`] to count and log. Everything else passes unchanged.
//!
//! Codecs that pass are those FLV and Enhanced RTMP define, whether or not
//! today's flvdemux has them, and the two others that flvdemux takes:
//!
//! | | passes | is dropped |
//! |---|---|---|
//! | video id | 2–7, 8 (H.263), 9 (MPEG-4) | 0, 1, 10, 11, 12 (HEVC), 13–15 |
//! | video FourCC | `avc1 hvc1 vvc1 av01 vp08 vp09` | others |
//! | sound format | 0–8, 10, 11, 14 | 12, 13, 15 |
//! | audio FourCC | `mp4a .mp3 Opus fLaC ac-3 ec-3` | others |
//!
//! Time is not judged. Players call this for each audio and video message;
//! script data has its own rules in `script`.

use std::fmt;

use super::audio::{AudioCodec, AudioInfo, AudioPacket};
use super::body::{BodyError, FourCc};
use super::enhanced::{Multitrack, MultitrackMode};
use super::record;
use super::tag::TagType;
use super::video::{VideoCodec, VideoInfo, VideoPacket};

/// What the caller needs to know of a body that passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// Configuration rather than media: a sequence header, colour information
    /// or a channel layout. Its message time says nothing about the clock.
    pub header: bool,
    /// A video frame that can be decoded on its own. Never set for audio.
    pub keyframe: bool,
    /// Presentation minus decoding time in ms, of the first track.
    pub composition_time_ms: i32,
}

/// The decision about a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It can go on.
    Pass(Info),
    /// It must not go on.
    Drop(DropReason),
}

/// Why a body does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// No bytes at all: silence, a keep-alive or an end of stream.
    Empty,
    /// A legacy frame header without a frame.
    NoFrame,
    /// The header cannot be read.
    Malformed(BodyError),
    /// A video command frame, which is for players' own seeking.
    Command,
    /// The end of a sequence; the stream may go on after it.
    SequenceEnd,
    /// A sequence header that is cut.
    TruncatedHeader,
    /// HEVC with the non-standard legacy id 12, which flvdemux does not know.
    LegacyHevc,
    /// Any other video id without a known codec.
    UnknownVideoId(u8),
    /// A sound format without a known codec.
    UnknownAudioId(u8),
    /// A FourCC without a known codec.
    UnknownFourCc(FourCc),
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("empty message"),
            Self::NoFrame => f.write_str("header without a frame"),
            Self::Malformed(error) => write!(f, "malformed header: {error}"),
            Self::Command => f.write_str("video command frame"),
            Self::SequenceEnd => f.write_str("end of sequence"),
            Self::TruncatedHeader => f.write_str("truncated sequence header"),
            Self::LegacyHevc => f.write_str("HEVC with the non-standard video codec id 12"),
            Self::UnknownVideoId(id) => write!(f, "unknown video codec id {id}"),
            Self::UnknownAudioId(id) => write!(f, "unknown audio format {id}"),
            Self::UnknownFourCc(four_cc) => write!(f, "unknown codec '{four_cc}'"),
        }
    }
}

impl From<BodyError> for DropReason {
    fn from(error: BodyError) -> Self {
        Self::Malformed(error)
    }
}

/// Decides whether the body of a message or tag may go to a demuxer.
///
/// Script data only has to be there.
#[must_use]
pub fn inspect(kind: TagType, body: &[u8]) -> Verdict {
    let result = if body.is_empty() {
        Err(DropReason::Empty)
    } else {
        match kind {
            TagType::Audio => audio(body),
            TagType::Video => video(body),
            TagType::Script => Ok(Info::default()),
        }
    };
    match result {
        Ok(info) => Verdict::Pass(info),
        Err(reason) => Verdict::Drop(reason),
    }
}

fn video(body: &[u8]) -> Result<Info, DropReason> {
    let info = VideoInfo::parse(body)?;
    if matches!(info.packet, VideoPacket::Command(_)) {
        return Err(DropReason::Command);
    }
    let codec = info.codec.unwrap_or(VideoCodec::UnknownId(0));
    match codec {
        VideoCodec::UnknownId(id) => return Err(DropReason::UnknownVideoId(id)),
        VideoCodec::UnknownFourCc(four_cc) => return Err(DropReason::UnknownFourCc(four_cc)),
        VideoCodec::Hevc if !info.enhanced => return Err(DropReason::LegacyHevc),
        _ => {}
    }
    match info.packet {
        VideoPacket::Command(_) => return Err(DropReason::Command),
        VideoPacket::SequenceEnd => return Err(DropReason::SequenceEnd),
        VideoPacket::SequenceStart => {
            if is_single(info.multitrack) && !record::is_whole_video(codec, info.data) {
                return Err(DropReason::TruncatedHeader);
            }
        }
        VideoPacket::Mpeg2TsSequenceStart => {
            if codec != VideoCodec::Av1 {
                return Err(BodyError::ReservedPacketType(5).into());
            }
        }
        VideoPacket::CodedFrames => {
            if !info.enhanced && info.data.is_empty() {
                return Err(DropReason::NoFrame);
            }
        }
        VideoPacket::Metadata => {}
    }
    Ok(Info {
        header: info.packet != VideoPacket::CodedFrames,
        keyframe: info.is_keyframe(),
        composition_time_ms: info.composition_time_ms,
    })
}

fn audio(body: &[u8]) -> Result<Info, DropReason> {
    let info = AudioInfo::parse(body)?;
    match info.codec {
        AudioCodec::UnknownId(id) => return Err(DropReason::UnknownAudioId(id)),
        AudioCodec::UnknownFourCc(four_cc) => return Err(DropReason::UnknownFourCc(four_cc)),
        _ => {}
    }
    match info.packet {
        AudioPacket::SequenceEnd => return Err(DropReason::SequenceEnd),
        AudioPacket::SequenceStart => {
            if is_single(info.multitrack) && !record::is_whole_audio(info.codec, info.data) {
                return Err(DropReason::TruncatedHeader);
            }
        }
        AudioPacket::CodedFrames => {
            if !info.enhanced && info.data.is_empty() {
                return Err(DropReason::NoFrame);
            }
        }
        AudioPacket::MultichannelConfig => {}
    }
    Ok(Info {
        header: info.packet != AudioPacket::CodedFrames,
        keyframe: false,
        composition_time_ms: 0,
    })
}

/// Whether the data of the first track is all that flvdemux would use; packets
/// with several tracks are left to whoever takes them apart.
fn is_single(multitrack: Option<Multitrack>) -> bool {
    multitrack.is_none_or(|multitrack| multitrack.mode == MultitrackMode::OneTrack)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    const FRAME: Info = Info {
        header: false,
        keyframe: false,
        composition_time_ms: 0,
    };
    const KEY: Info = Info {
        keyframe: true,
        ..FRAME
    };
    const HEADER: Info = Info {
        header: true,
        ..FRAME
    };

    fn drops(kind: TagType, text: &str, reason: DropReason) {
        assert_eq!(inspect(kind, &hex(text)), Verdict::Drop(reason), "{text}");
    }

    fn passes(kind: TagType, text: &str, info: Info) {
        assert_eq!(inspect(kind, &hex(text)), Verdict::Pass(info), "{text}");
    }

    #[test]
    fn reference_video_bodies_pass_with_what_they_are() {
        let cts = |composition_time_ms, info| Info {
            composition_time_ms,
            ..info
        };
        for (text, info) in [
            (
                "17 00 00 00 00 01 42 00 1E FF E1 00 04 67 42 00 1E 01 00 02 68 CE",
                HEADER,
            ),
            ("27 01 FF FF D8 00 00 00 02 41 9A", cts(-40, FRAME)),
            ("91 68 76 63 31 00 00 50 00 00 00 02 26 01", cts(80, KEY)),
            ("A3 68 76 63 31 00 00 00 02 02 01", FRAME),
            ("A7 02 07 A1 20 03 68 76 63 31 00 00 00 02 02 01", FRAME),
            ("96 00 61 76 30 31 01 81 00 0C 00", HEADER),
            (
                "96 11 61 76 63 31 00 00 00 09 00 00 00 00 00 00 02 65 AA 01 00 00 08 00 00 28 00 00 00 01 65",
                KEY,
            ),
            (
                "96 20 61 76 63 31 00 00 00 04 01 64 00 28 68 76 63 31 01 00 00 03 01 01 60",
                HEADER,
            ),
            (
                "D4 68 76 63 31 02 00 09 63 6F 6C 6F 72 49 6E 66 6F 06",
                HEADER,
            ),
        ] {
            passes(TagType::Video, text, info);
        }
    }

    #[test]
    fn reference_audio_bodies_pass_with_what_they_are() {
        for (text, info) in [
            ("AF 00 12 10", HEADER),
            ("AF 01 21 10 04", FRAME),
            ("2F FF FB 90 64", FRAME),
            (
                "90 4F 70 75 73 4F 70 75 73 48 65 61 64 01 02 38 01 80 BB 00 00 00 00 00",
                HEADER,
            ),
            ("91 4F 70 75 73 FC FF FE", FRAME),
            ("94 6D 70 34 61 01 06 00 00 00 3F", HEADER),
            ("94 6D 70 34 61 02 03 00 01 FE", HEADER),
            ("95 01 6D 70 34 61 01 21 10 04 56", FRAME),
        ] {
            passes(TagType::Audio, text, info);
        }
    }

    #[test]
    fn empty_bodies_are_dropped() {
        for kind in [TagType::Audio, TagType::Video, TagType::Script] {
            drops(kind, "", DropReason::Empty);
        }
        passes(TagType::Script, "02", FRAME);
    }

    #[test]
    fn bodies_of_a_header_only_are_dropped() {
        drops(TagType::Video, "22", DropReason::NoFrame);
        drops(TagType::Video, "17 01 00 00 00", DropReason::NoFrame);
        drops(TagType::Audio, "2F", DropReason::NoFrame);
        drops(TagType::Audio, "AF 01", DropReason::NoFrame);
        for text in ["17", "17 01", "17 01 00", "17 01 00 00", "57", "91", "D1"] {
            drops(TagType::Video, text, BodyError::Truncated.into());
        }
        drops(TagType::Audio, "AF", BodyError::Truncated.into());
    }

    #[test]
    fn legal_packets_of_five_bytes_pass() {
        passes(TagType::Audio, "90 61 63 2D 33", HEADER);
        passes(TagType::Audio, "91 4F 70 75 73", FRAME);
        passes(TagType::Video, "94 68 76 63 31", HEADER);
        passes(TagType::Video, "A3 61 76 30 31", FRAME);
        passes(TagType::Video, "90 76 70 30 38", HEADER);
    }

    #[test]
    fn commands_are_dropped_but_metadata_with_their_frame_type_is_not() {
        for text in ["57 01", "50 00", "D1 00", "D7 00 AA 11 00", "D6 00"] {
            drops(TagType::Video, text, DropReason::Command);
        }
        passes(TagType::Video, "D4 68 76 63 31 06", HEADER);
    }

    #[test]
    fn ends_of_sequence_are_dropped() {
        for text in ["17 02 00 00 00", "92 68 76 63 31", "A6 02 68 76 63 31 01"] {
            drops(TagType::Video, text, DropReason::SequenceEnd);
        }
        drops(TagType::Audio, "92 4F 70 75 73", DropReason::SequenceEnd);
    }

    #[test]
    fn cut_sequence_headers_are_dropped() {
        for text in [
            "17 00 00 00 00",
            "17 00 00 00 00 01 42 00 1E FF E1 00 04 67 42",
            "90 68 76 63 31 01 01 60 00 00",
            "90 61 76 30 31 81 00",
            "96 00 61 76 30 31 01 81",
        ] {
            drops(TagType::Video, text, DropReason::TruncatedHeader);
        }
        for text in ["AF 00", "AF 00 12", "90 4F 70 75 73 4F 70 75 73 48"] {
            drops(TagType::Audio, text, DropReason::TruncatedHeader);
        }
    }

    #[test]
    fn unknown_codecs_are_dropped() {
        for id in 0..16 {
            let verdict = inspect(TagType::Video, &[0x10 | id, 1, 0, 0, 0, 1]);
            let dropped = matches!(
                verdict,
                Verdict::Drop(DropReason::UnknownVideoId(_) | DropReason::LegacyHevc)
            );
            assert_eq!(dropped, !(2..=9).contains(&id), "{id}");
        }
        for id in [12, 13, 15] {
            let verdict = inspect(TagType::Audio, &[id << 4, 1]);
            assert_eq!(verdict, Verdict::Drop(DropReason::UnknownAudioId(id)));
        }
        let reason = DropReason::UnknownFourCc(FourCc(*b"xxxx"));
        drops(TagType::Video, "91 78 78 78 78 00", reason);
        drops(TagType::Audio, "91 78 78 78 78 00", reason);
        assert_eq!(reason.to_string(), "unknown codec 'xxxx'");
    }

    #[test]
    fn reserved_and_malformed_packets_are_dropped() {
        let reserved = |id| DropReason::Malformed(BodyError::ReservedPacketType(id));
        drops(TagType::Video, "98 68 76 63 31 00", reserved(8));
        drops(TagType::Video, "95 68 76 63 31 00", reserved(5));
        passes(TagType::Video, "95 61 76 30 31 00", HEADER);
        drops(TagType::Audio, "93 6D 70 34 61 00", reserved(3));
        drops(TagType::Audio, "AF 02 00", reserved(2));
        drops(
            TagType::Video,
            "97 00 AA 01 61",
            BodyError::InvalidModEx.into(),
        );
        drops(
            TagType::Video,
            "96 30 61",
            BodyError::InvalidMultitrack.into(),
        );
        let sizes = "96 11 61 76 63 31 00 FF FF FF 00";
        drops(TagType::Video, sizes, BodyError::Truncated.into());
        let mut chain = vec![0x97];
        chain.extend([0, 0xAA, 0x17].repeat(100_000));
        let verdict = inspect(TagType::Video, &chain);
        assert_eq!(verdict, Verdict::Drop(BodyError::InvalidModEx.into()));
    }
}
