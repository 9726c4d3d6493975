// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The first bytes of a video body: codec, frame type, packet and composition
//! time, for legacy FLV and Enhanced RTMP.
//!
//! Peeking reads a few bytes (all track sizes of a multitrack packet), makes
//! no allocation and never looks into codec data. Whether the packet may be
//! passed on is decided in `filter`.

use super::body::{BodyError, Cursor, FourCc};
use super::enhanced::{self, Multitrack};

const EX_HEADER: u8 = 0x80;
const COMMAND_FRAME: u8 = 5;
const METADATA: u8 = 4;
const MULTITRACK: u8 = 6;

/// Video codecs, whichever header named them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoCodec {
    /// Legacy id 2.
    SorensonH263,
    /// Legacy id 3.
    Screen,
    /// Legacy id 4.
    Vp6,
    /// Legacy id 5.
    Vp6Alpha,
    /// Legacy id 6.
    Screen2,
    /// Legacy id 7, `avc1`.
    Avc,
    /// Legacy id 8, never standard.
    H263,
    /// Legacy id 9, never standard.
    Mpeg4,
    /// `hvc1`, and legacy id 12 of a domestic Chinese extension.
    Hevc,
    /// `vvc1`.
    Vvc,
    /// `av01`.
    Av1,
    /// `vp08`.
    Vp8,
    /// `vp09`.
    Vp9,
    /// Any other legacy id.
    UnknownId(u8),
    /// Any other FourCC.
    UnknownFourCc(FourCc),
}

impl VideoCodec {
    /// The codec with this legacy id (0…15).
    #[must_use]
    pub const fn from_id(id: u8) -> Self {
        match id {
            2 => Self::SorensonH263,
            3 => Self::Screen,
            4 => Self::Vp6,
            5 => Self::Vp6Alpha,
            6 => Self::Screen2,
            7 => Self::Avc,
            8 => Self::H263,
            9 => Self::Mpeg4,
            12 => Self::Hevc,
            _ => Self::UnknownId(id),
        }
    }

    /// The codec with this FourCC.
    #[must_use]
    pub const fn from_four_cc(four_cc: FourCc) -> Self {
        match &four_cc.0 {
            b"avc1" => Self::Avc,
            b"hvc1" => Self::Hevc,
            b"vvc1" => Self::Vvc,
            b"av01" => Self::Av1,
            b"vp08" => Self::Vp8,
            b"vp09" => Self::Vp9,
            _ => Self::UnknownFourCc(four_cc),
        }
    }

    /// The FourCC, for codecs that have one.
    #[must_use]
    pub const fn four_cc(self) -> Option<FourCc> {
        Some(match self {
            Self::Avc => FourCc(*b"avc1"),
            Self::Hevc => FourCc(*b"hvc1"),
            Self::Vvc => FourCc(*b"vvc1"),
            Self::Av1 => FourCc(*b"av01"),
            Self::Vp8 => FourCc(*b"vp08"),
            Self::Vp9 => FourCc(*b"vp09"),
            Self::UnknownFourCc(four_cc) => four_cc,
            _ => return None,
        })
    }

    /// Whether coded frames carry a composition time.
    #[must_use]
    pub const fn has_composition_time(self) -> bool {
        matches!(self, Self::Avc | Self::Hevc | Self::Vvc)
    }
}

/// The frame type of a video body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameType {
    /// 1: can be decoded on its own.
    Key,
    /// 2.
    Inter,
    /// 3: nothing refers to it.
    DisposableInter,
    /// 4: a key frame a server made.
    GeneratedKey,
    /// 5: a command, no frame (except for Enhanced RTMP metadata).
    Command,
    /// 0, 6 and 7.
    Reserved(u8),
}

impl FrameType {
    const fn from_id(id: u8) -> Self {
        match id {
            1 => Self::Key,
            2 => Self::Inter,
            3 => Self::DisposableInter,
            4 => Self::GeneratedKey,
            COMMAND_FRAME => Self::Command,
            _ => Self::Reserved(id),
        }
    }

    /// Whether a frame of this type can be decoded on its own.
    #[must_use]
    pub const fn is_key(self) -> bool {
        matches!(self, Self::Key | Self::GeneratedKey)
    }
}

/// What a video body holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VideoPacket {
    /// A decoder configuration record.
    SequenceStart,
    /// A frame, with or without a composition time.
    CodedFrames,
    /// The codec's end of sequence.
    SequenceEnd,
    /// Colour information as AMF.
    Metadata,
    /// An MPEG-2 TS descriptor of AV1, in place of a record.
    Mpeg2TsSequenceStart,
    /// A command frame: 0 starts, 1 ends a client-side seek.
    Command(u8),
}

/// What the first bytes of a video body say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoInfo<'a> {
    /// The codec, of the first track in a multitrack packet; `None` for
    /// Enhanced RTMP commands, which name none.
    pub codec: Option<VideoCodec>,
    /// Whether the header is that of Enhanced RTMP.
    pub enhanced: bool,
    /// The frame type.
    pub frame_type: FrameType,
    /// What follows, inside multitrack if there is one.
    pub packet: VideoPacket,
    /// Presentation minus decoding time in ms, of the first track.
    pub composition_time_ms: i32,
    /// Nanoseconds to add to the presentation time, 0…999 999.
    pub nanosecond_offset: u32,
    /// The multitrack structure, if there is one.
    pub multitrack: Option<Multitrack>,
    /// Codec data of the first track.
    pub data: &'a [u8],
}

impl<'a> VideoInfo<'a> {
    /// Reads the header of a video body.
    ///
    /// # Errors
    ///
    /// [`BodyError`] if the header is cut, a packet type reserved or ModEx or
    /// multitrack malformed. Unknown codecs are no error.
    pub fn parse(body: &'a [u8]) -> Result<Self, BodyError> {
        let mut cursor = Cursor::new(body);
        let byte = cursor.u8()?;
        if byte & EX_HEADER == 0 {
            Self::parse_legacy(byte, cursor)
        } else {
            Self::parse_enhanced(byte, cursor)
        }
    }

    /// Whether this is a frame that can be decoded on its own.
    #[must_use]
    pub fn is_keyframe(&self) -> bool {
        self.packet == VideoPacket::CodedFrames && self.frame_type.is_key()
    }

    /// FLV 10.1, E.4.3.
    fn parse_legacy(byte: u8, mut cursor: Cursor<'a>) -> Result<Self, BodyError> {
        let codec = VideoCodec::from_id(byte & 15);
        let mut info = Self {
            codec: Some(codec),
            enhanced: false,
            frame_type: FrameType::from_id(byte >> 4),
            packet: VideoPacket::CodedFrames,
            composition_time_ms: 0,
            nanosecond_offset: 0,
            multitrack: None,
            data: &[],
        };
        if info.frame_type == FrameType::Command {
            info.packet = VideoPacket::Command(cursor.u8()?);
        } else if codec.has_composition_time() {
            let packet_type = cursor.u8()?;
            let time = cursor.i24()?;
            info.packet = match packet_type {
                0 => VideoPacket::SequenceStart,
                1 => VideoPacket::CodedFrames,
                2 => VideoPacket::SequenceEnd,
                other => return Err(BodyError::ReservedPacketType(other)),
            };
            if info.packet == VideoPacket::CodedFrames {
                info.composition_time_ms = time;
            }
        }
        info.data = cursor.rest();
        Ok(info)
    }

    /// E-RTMP v2, ExVideoTagHeader.
    fn parse_enhanced(byte: u8, mut cursor: Cursor<'a>) -> Result<Self, BodyError> {
        let frame_type = FrameType::from_id((byte >> 4) & 7);
        let (packet_type, nanosecond_offset) = enhanced::mod_ex(&mut cursor, byte & 15)?;
        let mut info = Self {
            codec: None,
            enhanced: true,
            frame_type,
            packet: VideoPacket::Metadata,
            composition_time_ms: 0,
            nanosecond_offset,
            multitrack: None,
            data: &[],
        };
        // FFmpeg sends metadata with the frame type of a command.
        if frame_type == FrameType::Command && packet_type != METADATA {
            info.packet = VideoPacket::Command(cursor.u8()?);
            return Ok(info);
        }
        if packet_type > enhanced::MOD_EX {
            return Err(BodyError::ReservedPacketType(packet_type));
        }
        let packet = enhanced::packet(&mut cursor, packet_type, MULTITRACK)?;
        let codec = VideoCodec::from_four_cc(packet.four_cc);
        info.codec = Some(codec);
        info.multitrack = packet.multitrack;
        let mut data = Cursor::new(packet.data);
        info.packet = match packet.packet_type {
            0 => VideoPacket::SequenceStart,
            1 => {
                if codec.has_composition_time() {
                    info.composition_time_ms = data.i24()?;
                }
                VideoPacket::CodedFrames
            }
            2 => VideoPacket::SequenceEnd,
            3 => VideoPacket::CodedFrames,
            METADATA => VideoPacket::Metadata,
            5 => VideoPacket::Mpeg2TsSequenceStart,
            other => return Err(BodyError::ReservedPacketType(other)),
        };
        info.data = data.rest();
        Ok(info)
    }
}

#[cfg(test)]
mod tests;
