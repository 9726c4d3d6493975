// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A publisher's messages as players get them, and what each means for a
//! player that joins later.
//!
//! The body is shared: however many players a packet goes to, its bytes are
//! copied only into each player's chunks.

use bytes::Bytes;
use gstrtmpr::flv::{
    Aggregate, AudioInfo, AudioPacket, DataEncoding, ScriptAction, ScriptDrop, TagType, VideoInfo,
    VideoPacket, inspect_data,
};
use gstrtmpr::rtmp::session::{Media, MediaKind};

/// Memory of a packet beside its body: list entries and allocation headers.
const OVERHEAD: usize = 128;

/// Which configuration a header is: a newer one of the same slot replaces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) content: Content,
    pub(crate) track: u8,
}

/// What a header configures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Video,
    VideoColour,
    Audio,
    AudioChannels,
}

/// What a packet means for players.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// `onMetaData`.
    Metadata,
    /// The publisher takes its metadata back. Not for players.
    ClearMetadata,
    /// Needed before any frame of its track.
    Header(Slot),
    /// A video frame of this track that can be decoded on its own.
    Keyframe(u8),
    /// A video frame that needs others before it.
    InterFrame,
    /// An audio frame.
    Audio,
    /// Anything else: cue points, ends of sequence, what cannot be read.
    Other,
}

/// A message for players.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) kind: MediaKind,
    pub(crate) timestamp: u32,
    pub(crate) body: Bytes,
    pub(crate) role: Role,
}

impl Packet {
    /// Memory that it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.body.len() + OVERHEAD
    }

    /// The same at another time.
    pub(crate) fn at(&self, timestamp: u32) -> Self {
        Self {
            timestamp,
            ..self.clone()
        }
    }

    /// A tag of a file.
    pub(crate) fn of(kind: MediaKind, timestamp: u32, body: Bytes) -> Self {
        let mut packet = Self::new(kind, timestamp, body);
        if kind == MediaKind::Data
            && inspect_data(DataEncoding::Amf0, &packet.body).name == "onMetaData"
        {
            packet.role = Role::Metadata;
        }
        packet
    }

    fn new(kind: MediaKind, timestamp: u32, body: Bytes) -> Self {
        let role = match kind {
            MediaKind::Audio => audio_role(&body),
            MediaKind::Video => video_role(&body),
            MediaKind::Data | MediaKind::DataAmf3 | MediaKind::Aggregate => Role::Other,
        };
        Self {
            kind,
            timestamp,
            body,
            role,
        }
    }
}

/// Takes a publisher's message apart.
pub(crate) fn for_each_packet(media: Media, mut f: impl FnMut(Packet)) {
    let timestamp = media.timestamp;
    match media.kind {
        MediaKind::Audio | MediaKind::Video => {
            // Empty messages are keep-alives, and some players stumble over them.
            if !media.payload.is_empty() {
                let body = media.payload.into_body().freeze();
                f(Packet::new(media.kind, timestamp, body));
            }
        }
        MediaKind::Data => {
            let body = media.payload.into_body().freeze();
            data(DataEncoding::Amf0, timestamp, &body, &mut f);
        }
        MediaKind::DataAmf3 => {
            let body = media.payload.into_body().freeze();
            data(DataEncoding::Amf3, timestamp, &body, &mut f);
        }
        MediaKind::Aggregate => {
            for tag in Aggregate::new(media.payload, timestamp).flatten() {
                let body = Bytes::copy_from_slice(tag.body());
                let kind = match tag.kind() {
                    _ if body.is_empty() => continue,
                    TagType::Audio => MediaKind::Audio,
                    TagType::Video => MediaKind::Video,
                    TagType::Script => {
                        data(DataEncoding::Amf0, tag.timestamp(), &body, &mut f);
                        continue;
                    }
                };
                f(Packet::new(kind, tag.timestamp(), body));
            }
        }
    }
}

/// `@setDataFrame` is for servers: players get what follows it.
fn data(encoding: DataEncoding, timestamp: u32, body: &Bytes, f: &mut impl FnMut(Packet)) {
    let script = inspect_data(encoding, body);
    let (kind, body, role) = match script.action {
        ScriptAction::Forward { skip } => {
            let role = if script.name == "onMetaData" {
                Role::Metadata
            } else {
                Role::Other
            };
            (MediaKind::Data, body.slice(skip.min(body.len())..), role)
        }
        ScriptAction::Drop(ScriptDrop::ClearDataFrame) => {
            (MediaKind::Data, Bytes::new(), Role::ClearMetadata)
        }
        // Players convert it, if they can.
        ScriptAction::Convert { .. } => (MediaKind::DataAmf3, body.clone(), Role::Other),
        // Talk between server and player, or nothing that a player could read.
        ScriptAction::Drop(_) => return,
    };
    f(Packet {
        kind,
        timestamp,
        body,
        role,
    });
}

fn video_role(body: &[u8]) -> Role {
    let Ok(info) = VideoInfo::parse(body) else {
        return Role::Other;
    };
    let track = info.multitrack.map_or(0, |tracks| tracks.first_track);
    let header = |content| Role::Header(Slot { content, track });
    match info.packet {
        VideoPacket::SequenceStart | VideoPacket::Mpeg2TsSequenceStart => header(Content::Video),
        VideoPacket::Metadata => header(Content::VideoColour),
        VideoPacket::CodedFrames if info.is_keyframe() => Role::Keyframe(track),
        VideoPacket::CodedFrames => Role::InterFrame,
        VideoPacket::SequenceEnd | VideoPacket::Command(_) => Role::Other,
    }
}

fn audio_role(body: &[u8]) -> Role {
    let Ok(info) = AudioInfo::parse(body) else {
        return Role::Other;
    };
    let track = info.multitrack.map_or(0, |tracks| tracks.first_track);
    let header = |content| Role::Header(Slot { content, track });
    match info.packet {
        AudioPacket::SequenceStart => header(Content::Audio),
        AudioPacket::MultichannelConfig => header(Content::AudioChannels),
        AudioPacket::CodedFrames => Role::Audio,
        AudioPacket::SequenceEnd => Role::Other,
    }
}
