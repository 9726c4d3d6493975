// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The first bytes of an audio body: codec and packet, for legacy FLV and
//! Enhanced RTMP.
//!
//! Peeking reads a few bytes (all track sizes of a multitrack packet), makes
//! no allocation and never looks into codec data. Whether the packet may be
//! passed on is decided in `filter`. Empty messages, which mean silence, have
//! no header to read.

use super::body::{BodyError, Cursor, FourCc};
use super::enhanced::{self, Multitrack};

const EX_HEADER: u8 = 9;
const MULTITRACK: u8 = 5;

/// Audio codecs, whichever header named them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioCodec {
    /// Legacy format 0: in the byte order of the sender, practically little
    /// endian.
    PcmNative,
    /// Legacy format 1.
    Adpcm,
    /// Legacy formats 2 and 14 (8 kHz), `.mp3`.
    Mp3,
    /// Legacy format 3.
    PcmLe,
    /// Legacy format 4.
    Nellymoser16k,
    /// Legacy format 5.
    Nellymoser8k,
    /// Legacy format 6.
    Nellymoser,
    /// Legacy format 7.
    ALaw,
    /// Legacy format 8.
    MuLaw,
    /// Legacy format 10, `mp4a`.
    Aac,
    /// Legacy format 11.
    Speex,
    /// `Opus`.
    Opus,
    /// `fLaC`.
    Flac,
    /// `ac-3`.
    Ac3,
    /// `ec-3`.
    Eac3,
    /// Any other legacy format: 12, 13, 15.
    UnknownId(u8),
    /// Any other FourCC.
    UnknownFourCc(FourCc),
}

impl AudioCodec {
    /// The codec with this legacy sound format (0…15).
    #[must_use]
    pub const fn from_id(id: u8) -> Self {
        match id {
            0 => Self::PcmNative,
            1 => Self::Adpcm,
            2 | 14 => Self::Mp3,
            3 => Self::PcmLe,
            4 => Self::Nellymoser16k,
            5 => Self::Nellymoser8k,
            6 => Self::Nellymoser,
            7 => Self::ALaw,
            8 => Self::MuLaw,
            10 => Self::Aac,
            11 => Self::Speex,
            _ => Self::UnknownId(id),
        }
    }

    /// The codec with this FourCC.
    #[must_use]
    pub const fn from_four_cc(four_cc: FourCc) -> Self {
        match &four_cc.0 {
            b"mp4a" => Self::Aac,
            b".mp3" => Self::Mp3,
            b"Opus" => Self::Opus,
            b"fLaC" => Self::Flac,
            b"ac-3" => Self::Ac3,
            b"ec-3" => Self::Eac3,
            _ => Self::UnknownFourCc(four_cc),
        }
    }

    /// The FourCC, for codecs that have one.
    #[must_use]
    pub const fn four_cc(self) -> Option<FourCc> {
        Some(match self {
            Self::Aac => FourCc(*b"mp4a"),
            Self::Mp3 => FourCc(*b".mp3"),
            Self::Opus => FourCc(*b"Opus"),
            Self::Flac => FourCc(*b"fLaC"),
            Self::Ac3 => FourCc(*b"ac-3"),
            Self::Eac3 => FourCc(*b"ec-3"),
            Self::UnknownFourCc(four_cc) => four_cc,
            _ => return None,
        })
    }
}

/// What an audio body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudioPacket {
    /// The codec's configuration.
    SequenceStart,
    /// A frame.
    CodedFrames,
    /// The codec's end of sequence.
    SequenceEnd,
    /// Which channels there are and in which order.
    MultichannelConfig,
}

/// What the first bytes of an audio body say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioInfo<'a> {
    /// The codec, of the first track in a multitrack packet.
    pub codec: AudioCodec,
    /// Whether the header is that of Enhanced RTMP.
    pub enhanced: bool,
    /// What follows, inside multitrack if there is one.
    pub packet: AudioPacket,
    /// Nanoseconds to add to the presentation time, 0…999 999.
    pub nanosecond_offset: u32,
    /// The multitrack structure, if there is one.
    pub multitrack: Option<Multitrack>,
    /// Codec data of the first track.
    pub data: &'a [u8],
}

impl<'a> AudioInfo<'a> {
    /// Reads the header of an audio body.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if the header is cut, a packet type reserved or ModEx or
    /// multitrack malformed. Unknown codecs are no error.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut cursor = Cursor::new(body);
        let byte = cursor.u8()?;
        if byte >> 4 == EX_HEADER {
            Self::parse_enhanced(byte, cursor)
        } else {
            Self::parse_legacy(byte, cursor)
        }
    }

    /// FLV 10.1, E.4.2.
    fn parse_legacy(byte: u8, mut cursor: Cursor<'a>) -> Result<Self, BodyError> {
        let codec = AudioCodec::from_id(byte >> 4);
        let packet = if codec == AudioCodec::Aac {
            match cursor.u8()? {
                0 => AudioPacket::SequenceStart,
                1 => AudioPacket::CodedFrames,
                other => return Err(BodyError::ReservedPacketType(other)),
            }
        } else {
            AudioPacket::CodedFrames
        };
        Ok(Self {
            codec,
            enhanced: false,
            packet,
            nanosecond_offset: 0,
            multitrack: None,
            data: cursor.rest(),
        })
    }

    /// E-RTMP v2, ExAudioTagHeader.
    fn parse_enhanced(byte: u8, mut cursor: Cursor<'a>) -> Result<Self, BodyError> {
        let (packet_type, nanosecond_offset) = enhanced::mod_ex(&mut cursor, byte & 15)?;
        if packet_type > enhanced::MOD_EX {
            return Err(BodyError::ReservedPacketType(packet_type));
        }
        let packet = enhanced::packet(&mut cursor, packet_type, MULTITRACK)?;
        Ok(Self {
            codec: AudioCodec::from_four_cc(packet.four_cc),
            enhanced: true,
            packet: match packet.packet_type {
                0 => AudioPacket::SequenceStart,
                1 => AudioPacket::CodedFrames,
                2 => AudioPacket::SequenceEnd,
                4 => AudioPacket::MultichannelConfig,
                other => return Err(BodyError::ReservedPacketType(other)),
            },
            nanosecond_offset,
            multitrack: packet.multitrack,
            data: packet.data,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::enhanced::MultitrackMode;
    use crate::rtmp::vectors::hex;

    /// Bodies of the reference with the length of their header.
    const BODIES: [(&str, usize); 8] = [
        ("AF 00 12 10", 2),
        ("AF 01 21 10 04", 2),
        ("2F FF FB 90 64", 1),
        (
            "90 4F 70 75 73 4F 70 75 73 48 65 61 64 01 02 38 01 80 BB 00 00 00 00 00",
            5,
        ),
        ("91 4F 70 75 73 FC FF FE", 5),
        ("94 6D 70 34 61 01 06 00 00 00 3F", 5),
        ("94 6D 70 34 61 02 03 00 01 FE", 5),
        ("95 01 6D 70 34 61 01 21 10 04 56", 7),
    ];

    fn check(body: usize, codec: AudioCodec, packet: AudioPacket, data: usize) {
        let (text, header) = BODIES[body];
        let bytes = hex(text);
        let info = AudioInfo::parse(&bytes).unwrap();
        assert_eq!(info.codec, codec);
        assert_eq!(info.packet, packet);
        assert_eq!(info.data, &bytes[header..]);
        assert_eq!(info.data.len(), data);
        assert_eq!(info.enhanced, bytes[0] >> 4 == 9);
    }

    #[test]
    fn legacy_bodies_are_read() {
        check(0, AudioCodec::Aac, AudioPacket::SequenceStart, 2);
        check(1, AudioCodec::Aac, AudioPacket::CodedFrames, 3);
        check(2, AudioCodec::Mp3, AudioPacket::CodedFrames, 4);
    }

    #[test]
    fn enhanced_bodies_are_read() {
        check(3, AudioCodec::Opus, AudioPacket::SequenceStart, 19);
        check(4, AudioCodec::Opus, AudioPacket::CodedFrames, 3);
        check(5, AudioCodec::Aac, AudioPacket::MultichannelConfig, 6);
        check(6, AudioCodec::Aac, AudioPacket::MultichannelConfig, 5);
        check(7, AudioCodec::Aac, AudioPacket::CodedFrames, 4);
    }

    #[test]
    fn one_track_names_its_track() {
        let bytes = hex(BODIES[7].0);
        let multitrack = AudioInfo::parse(&bytes).unwrap().multitrack.unwrap();
        assert_eq!(multitrack.mode, MultitrackMode::OneTrack);
        assert_eq!((multitrack.first_track, multitrack.tracks), (1, 1));
    }

    #[test]
    fn every_truncation_of_a_header_is_an_error() {
        for (text, header) in BODIES {
            let bytes = hex(text);
            for len in 0..bytes.len() {
                let result = AudioInfo::parse(&bytes[..len]);
                assert_eq!(result.is_err(), len < header, "{text} {len}");
            }
        }
    }

    #[test]
    fn mod_ex_has_the_type_of_the_specification() {
        let bytes = hex("97 02 00 00 07 01 4F 70 75 73 FC");
        let info = AudioInfo::parse(&bytes).unwrap();
        assert_eq!(info.nanosecond_offset, 7);
        assert_eq!(info.packet, AudioPacket::CodedFrames);
        assert_eq!(info.codec, AudioCodec::Opus);
    }

    #[test]
    fn reserved_packet_types_are_errors() {
        for id in [3, 6, 8, 15] {
            let body = [0x90 | id, b'O', b'p', b'u', b's'];
            let expected = Err(BodyError::ReservedPacketType(id));
            assert_eq!(AudioInfo::parse(&body), expected);
        }
        let aac = AudioInfo::parse(&[0xAF, 2, 0]);
        assert_eq!(aac, Err(BodyError::ReservedPacketType(2)));
        let nested = hex("95 05 6D 70 34 61 01");
        let expected = Err(BodyError::InvalidMultitrack);
        assert_eq!(AudioInfo::parse(&nested), expected);
    }

    #[test]
    fn all_names_are_known() {
        for (id, codec) in [
            (0, AudioCodec::PcmNative),
            (1, AudioCodec::Adpcm),
            (3, AudioCodec::PcmLe),
            (4, AudioCodec::Nellymoser16k),
            (5, AudioCodec::Nellymoser8k),
            (6, AudioCodec::Nellymoser),
            (7, AudioCodec::ALaw),
            (8, AudioCodec::MuLaw),
            (11, AudioCodec::Speex),
            (13, AudioCodec::UnknownId(13)),
            (14, AudioCodec::Mp3),
            (15, AudioCodec::UnknownId(15)),
        ] {
            assert_eq!(AudioInfo::parse(&[id << 4 | 2, 0]).unwrap().codec, codec);
        }
        for (name, codec) in [
            (*b"mp4a", AudioCodec::Aac),
            (*b".mp3", AudioCodec::Mp3),
            (*b"Opus", AudioCodec::Opus),
            (*b"fLaC", AudioCodec::Flac),
            (*b"ac-3", AudioCodec::Ac3),
            (*b"ec-3", AudioCodec::Eac3),
            (*b"opus", AudioCodec::UnknownFourCc(FourCc(*b"opus"))),
        ] {
            assert_eq!(AudioCodec::from_four_cc(FourCc(name)), codec);
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
                    let _ = AudioInfo::parse(&body[..len]);
                }
            }
        }
    }
}
