// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is published, and what may become of it when there is no room.

use bytes::Bytes;

use crate::flv::disposable::{DEFAULT_LENGTH_SIZE, is_disposable, length_size};
use crate::flv::{AudioInfo, AudioPacket, SharedTag, TagType, VideoInfo, VideoPacket};

/// Memory that a packet takes beside its body, in bytes.
pub(crate) const PACKET_OVERHEAD: usize = 128;

/// What a packet is to the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `onMetaData`.
    Metadata,
    /// Other script data.
    Data,
    /// Configuration of a decoder, of the track of this id.
    Header(u8),
    /// Colour information or a channel layout, of the track of this id.
    Description(u8),
    /// The end of a sequence.
    SequenceEnd,
    /// Sound.
    Sound,
    /// A picture that can be decoded on its own.
    Keyframe,
    /// Another picture.
    Frame,
    /// A picture that no other refers to.
    Disposable,
}

impl Role {
    /// What a server has to be told again on another connection.
    pub(super) fn is_header(self) -> bool {
        matches!(
            self,
            Self::Metadata | Self::Header(_) | Self::Description(_)
        )
    }

    /// Media with a time of its own.
    pub(super) fn is_media(self) -> bool {
        self == Self::Sound || self.is_picture()
    }

    pub(super) fn is_picture(self) -> bool {
        matches!(self, Self::Keyframe | Self::Frame | Self::Disposable)
    }
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) kind: TagType,
    pub(super) role: Role,
    /// Time in ms that it goes out with, modulo 2³² then.
    pub(super) time: u64,
    pub(super) body: Bytes,
    /// The codec of a header.
    pub(super) codec: Option<Codec>,
}

/// A codec by its FourCC, for media in the form of Enhanced RTMP.
pub(super) type Codec = crate::flv::FourCc;

impl Packet {
    /// Memory that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.body.len() + PACKET_OVERHEAD
    }
}

/// Tells what tags are.
#[derive(Debug)]
pub(super) struct Inspector {
    length_size: usize,
}

impl Default for Inspector {
    fn default() -> Self {
        Self {
            length_size: DEFAULT_LENGTH_SIZE,
        }
    }
}

impl Inspector {
    /// What this tag is, and the codec that a header is of. What cannot be read is media
    /// that is not looked at: it is passed on as it is.
    pub(super) fn inspect(&mut self, tag: &SharedTag) -> (Role, Option<Codec>) {
        match tag.kind {
            TagType::Script => (script(&tag.body), None),
            TagType::Audio => audio(&tag.body),
            TagType::Video => self.video(&tag.body),
        }
    }

    fn video(&mut self, body: &[u8]) -> (Role, Option<Codec>) {
        let Ok(info) = VideoInfo::parse(body) else {
            return (Role::Frame, None);
        };
        let track = info.multitrack.map_or(0, |tracks| tracks.first_track);
        let codec = four_cc(info.enhanced, info.codec.and_then(|codec| codec.four_cc()));
        let role = match info.packet {
            VideoPacket::SequenceStart | VideoPacket::Mpeg2TsSequenceStart => {
                if track == 0 {
                    self.length_size = length_size(&info).unwrap_or(DEFAULT_LENGTH_SIZE);
                }
                return (Role::Header(track), codec);
            }
            VideoPacket::Metadata => Role::Description(track),
            VideoPacket::SequenceEnd => Role::SequenceEnd,
            VideoPacket::Command(_) => Role::Data,
            VideoPacket::CodedFrames if info.is_keyframe() => Role::Keyframe,
            VideoPacket::CodedFrames if is_disposable(&info, self.length_size) => Role::Disposable,
            VideoPacket::CodedFrames => Role::Frame,
        };
        (role, codec)
    }
}

fn audio(body: &[u8]) -> (Role, Option<Codec>) {
    let Ok(info) = AudioInfo::parse(body) else {
        return (Role::Sound, None);
    };
    let track = info.multitrack.map_or(0, |tracks| tracks.first_track);
    let codec = four_cc(info.enhanced, info.codec.four_cc());
    let role = match info.packet {
        AudioPacket::SequenceStart => Role::Header(track),
        AudioPacket::MultichannelConfig => Role::Description(track),
        AudioPacket::SequenceEnd => Role::SequenceEnd,
        AudioPacket::CodedFrames => Role::Sound,
    };
    (role, codec)
}

fn four_cc(is_enhanced: bool, codec: Option<Codec>) -> Option<Codec> {
    codec.filter(|_| is_enhanced)
}

/// AMF0 string marker and length, then the name.
const ON_METADATA: &[u8] = b"\x02\0\x0aonMetaData";

/// What publishers put in front of metadata; muxers that write for RTMP do as well.
const SET_DATA_FRAME: &[u8] = b"\x02\0\x0d@setDataFrame";

fn script(body: &[u8]) -> Role {
    let body = body.strip_prefix(SET_DATA_FRAME).unwrap_or(body);
    match body.starts_with(ON_METADATA) {
        true => Role::Metadata,
        false => Role::Data,
    }
}

/// Script data as a server wants it: `@setDataFrame` in front of `onMetaData`, and of
/// nothing else.
pub(super) fn on_the_wire(role: Role, body: &Bytes) -> Bytes {
    if role != Role::Metadata || body.starts_with(SET_DATA_FRAME) {
        return body.clone();
    }
    let mut wrapped = bytes::BytesMut::with_capacity(SET_DATA_FRAME.len() + body.len());
    wrapped.extend_from_slice(SET_DATA_FRAME);
    wrapped.extend_from_slice(body);
    wrapped.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inspect(kind: TagType, body: &[u8]) -> (Role, Option<String>) {
        let tag = SharedTag {
            kind,
            timestamp: 0,
            body: Bytes::copy_from_slice(body),
        };
        let (role, codec) = Inspector::default().inspect(&tag);
        (role, codec.map(|codec| codec.to_string()))
    }

    #[test]
    fn each_kind_of_tag_has_its_role() {
        use TagType::{Audio, Script, Video};
        let plain = |role| (role, None);
        let of = |role, codec: &str| (role, Some(codec.to_owned()));
        for (kind, body, expected) in [
            (Audio, &[0xAF, 0, 0x12, 0x10][..], plain(Role::Header(0))),
            (Audio, &[0xAF, 1, 1], plain(Role::Sound)),
            (Audio, &[0x2F, 0xFF], plain(Role::Sound)),
            (Audio, b"\x90Opus", of(Role::Header(0), "Opus")),
            (Audio, b"\x91Opusx", of(Role::Sound, "Opus")),
            (Audio, &[], plain(Role::Sound)),
            (Video, &[0x17, 0, 0, 0, 0, 1], plain(Role::Header(0))),
            (Video, &[0x17, 1, 0, 0, 0, 0], plain(Role::Keyframe)),
            (
                Video,
                &[0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41],
                plain(Role::Frame),
            ),
            (
                Video,
                &[0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x01],
                plain(Role::Disposable),
            ),
            (Video, &[0x17, 2, 0, 0, 0], plain(Role::SequenceEnd)),
            (Video, b"\x90hvc1\x01", of(Role::Header(0), "hvc1")),
            (Video, b"\x91hvc1\0\0\0", of(Role::Keyframe, "hvc1")),
            (Video, b"\x94hvc1\x02", of(Role::Description(0), "hvc1")),
            (Video, b"\x96\x00hvc1\x03x", of(Role::Header(3), "hvc1")),
            (Video, &[0x57, 0], plain(Role::Data)),
            (Video, &[], plain(Role::Frame)),
            (
                Script,
                b"\x02\0\x0aonMetaData\x03\0\0\x09",
                plain(Role::Metadata),
            ),
            (
                Script,
                b"\x02\0\x0aonCuePoint\x03\0\0\x09",
                plain(Role::Data),
            ),
        ] {
            assert_eq!(inspect(kind, body), expected, "{kind:?} {body:02x?}");
        }
    }

    #[test]
    fn metadata_is_wrapped_once() {
        let plain = Bytes::from_static(b"\x02\0\x0aonMetaData\x03\0\0\x09");
        let wrapped = on_the_wire(Role::Metadata, &plain);
        assert!(wrapped.starts_with(SET_DATA_FRAME) && wrapped.ends_with(&plain));
        assert_eq!(script(&wrapped), Role::Metadata);
        assert_eq!(on_the_wire(Role::Metadata, &wrapped), wrapped);
        assert_eq!(on_the_wire(Role::Data, &plain), plain);
    }
}
