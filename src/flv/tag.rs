// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV tags, framed in the memory their message was received in.
//!
//! A [`Tag`] is one contiguous block: 11 bytes of header, the body, 4 bytes of
//! back pointer, all of them always consistent. [`TagHeader`] is those 11
//! bytes as values.
//!
//! Whether a demuxer should see the tag is decided in `filter` and `script`,
//! its time in `rtmp::timestamp`. Source, sink, `aggregate` and `reader` make
//! tags.

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

use crate::rtmp::payload::{HEADROOM, Payload, TAILROOM};

/// Length of a tag header in bytes.
pub const TAG_HEADER_SIZE: usize = HEADROOM;

/// Length of the back pointer behind a tag in bytes.
pub const BACK_POINTER_SIZE: usize = TAILROOM;

/// The longest body the 24-bit size field can describe, in bytes.
pub const MAX_BODY_SIZE: usize = 0xFF_FFFF;

/// The kinds of tag that matter; the numbers are those of RTMP message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagType {
    /// Audio data.
    Audio = 8,
    /// Video data.
    Video = 9,
    /// AMF0 script data.
    Script = 18,
}

impl TagType {
    /// The kind with this number, if it is one of the three.
    #[must_use]
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            8 => Some(Self::Audio),
            9 => Some(Self::Video),
            18 => Some(Self::Script),
            _ => None,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn id(self) -> u8 {
        match self {
            Self::Audio => 8,
            Self::Video => 9,
            Self::Script => 18,
        }
    }
}

/// The 11 bytes before a tag's body (FLV 10.1, E.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagHeader {
    /// First byte: 2 reserved bits, the filter (encryption) bit, 5 bits of
    /// type.
    pub type_byte: u8,
    /// Length of the body in bytes; the upper 8 bits do not go out.
    pub size: u32,
    /// Time in ms.
    pub timestamp: u32,
}

impl TagHeader {
    /// Reads the first 11 bytes; `None` if there are fewer.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let &[type_byte, s2, s1, s0, t2, t1, t0, t3, _, _, _] =
            bytes.first_chunk::<TAG_HEADER_SIZE>()?;
        Some(Self {
            type_byte,
            size: u32::from_be_bytes([0, s2, s1, s0]),
            timestamp: u32::from_be_bytes([t3, t2, t1, t0]),
        })
    }

    /// Writes the header, with stream id 0.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; TAG_HEADER_SIZE] {
        let [_, s2, s1, s0] = self.size.to_be_bytes();
        let [t3, t2, t1, t0] = self.timestamp.to_be_bytes();
        [self.type_byte, s2, s1, s0, t2, t1, t0, t3, 0, 0, 0]
    }

    /// The kind, if it is a known one and neither filter nor reserved bits are
    /// set.
    #[must_use]
    pub const fn kind(self) -> Option<TagType> {
        TagType::from_id(self.type_byte)
    }

    /// Whether the filter bit is set: an encryption header precedes the data.
    #[must_use]
    pub const fn is_encrypted(self) -> bool {
        self.type_byte & 0x20 != 0
    }
}

/// A complete FLV tag with its back pointer.
#[derive(Clone, PartialEq, Eq)]
pub struct Tag {
    kind: TagType,
    timestamp: u32,
    data: BytesMut,
}

impl Tag {
    /// Frames a message body in place; `timestamp` is in ms.
    ///
    /// Bytes beyond [`MAX_BODY_SIZE`] are cut; no RTMP message has them, as its
    /// length field has 24 bits too.
    #[must_use]
    pub fn from_payload(kind: TagType, timestamp: u32, mut payload: Payload) -> Self {
        payload.truncate(MAX_BODY_SIZE);
        let (head, tail) = frame(kind, timestamp, payload.len());
        Self {
            kind,
            timestamp,
            data: payload.into_framed(head, tail),
        }
    }

    /// Frames the body in a block that has 11 bytes before and 4 bytes after
    /// it, whatever they are now. Shorter blocks give an empty tag.
    pub(super) fn from_block(kind: TagType, timestamp: u32, data: BytesMut) -> Self {
        if data.len() < TAG_HEADER_SIZE + BACK_POINTER_SIZE {
            return Self::from_payload(kind, timestamp, Payload::default());
        }
        let mut tag = Self {
            kind,
            timestamp,
            data,
        };
        tag.rewrite();
        tag
    }

    /// What the tag carries.
    #[must_use]
    pub const fn kind(&self) -> TagType {
        self.kind
    }

    /// Time in ms.
    #[must_use]
    pub const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Gives the tag another time, in ms, in place.
    pub fn set_timestamp(&mut self, timestamp: u32) {
        self.timestamp = timestamp;
        self.rewrite();
    }

    /// The body, which is the RTMP message.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        let end = self.data.len().saturating_sub(BACK_POINTER_SIZE);
        self.data.get(TAG_HEADER_SIZE..end).unwrap_or_default()
    }

    /// Removes the first `len` bytes of the body (all of it, if there are
    /// fewer) in place.
    pub fn strip_front(&mut self, len: usize) {
        let len = len.min(self.body().len());
        self.data.advance(len);
        self.rewrite();
    }

    /// The whole tag with header and back pointer.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.data
    }

    /// The whole tag with header and back pointer, as one writable block.
    #[must_use]
    pub fn into_bytes_mut(self) -> BytesMut {
        self.data
    }

    /// The whole tag with header and back pointer, to be shared.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.data.freeze()
    }

    fn rewrite(&mut self) {
        let (head, tail) = frame(self.kind, self.timestamp, self.body().len());
        if let Some(place) = self.data.first_chunk_mut() {
            *place = head;
        }
        if let Some(place) = self.data.last_chunk_mut() {
            *place = tail;
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tag")
            .field("kind", &self.kind)
            .field("timestamp", &self.timestamp)
            .field("size", &self.body().len())
            .finish()
    }
}

fn frame(
    kind: TagType,
    timestamp: u32,
    size: usize,
) -> ([u8; TAG_HEADER_SIZE], [u8; BACK_POINTER_SIZE]) {
    const HEADER: u32 = 11;
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    let header = TagHeader {
        type_byte: kind.id(),
        size,
        timestamp,
    };
    (header.to_bytes(), size.saturating_add(HEADER).to_be_bytes())
}

/// Gives a whole tag in memory another time, in ms. What is no tag, as the file
/// header, stays as it is.
pub fn restamp(tag: &mut [u8], timestamp: u32) {
    const TIME: std::ops::Range<usize> = 4..8;
    let is_tag = matches!(tag.first(), Some(8 | 9 | 18)) && tag.len() >= TAG_HEADER_SIZE;
    if let Some(field) = tag.get_mut(TIME).filter(|_| is_tag) {
        let [top, high, middle, low] = timestamp.to_be_bytes();
        field.copy_from_slice(&[high, middle, low, top]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    const V19: &str = "08 00 00 03 02 03 04 01 00 00 00 AF 01 21 00 00 00 0E";

    fn v19() -> Tag {
        Tag::from_payload(
            TagType::Audio,
            16_909_060,
            Payload::from(&[0xAF, 0x01, 0x21][..]),
        )
    }

    #[test]
    fn audio_tag_matches_the_reference() {
        let tag = v19();
        assert_eq!(tag.as_bytes(), hex(V19));
        assert_eq!(tag.body(), [0xAF, 0x01, 0x21]);
        assert_eq!(tag.kind(), TagType::Audio);
        assert_eq!(tag.timestamp(), 16_909_060);
        assert_eq!(tag.clone().into_bytes(), tag.into_bytes_mut());
    }

    #[test]
    fn header_reads_back_and_refuses_every_truncation() {
        let bytes = hex(V19);
        let header = TagHeader::parse(&bytes).unwrap();
        assert_eq!(header.kind(), Some(TagType::Audio));
        assert_eq!(header.size, 3);
        assert_eq!(header.timestamp, 16_909_060);
        assert_eq!(header.to_bytes(), bytes[..11]);
        for len in 0..11 {
            assert_eq!(TagHeader::parse(&bytes[..len]), None);
        }
    }

    #[test]
    fn only_three_kinds_are_known() {
        for id in 0..=255 {
            let kind = TagType::from_id(id);
            assert_eq!(kind.is_some(), [8, 9, 18].contains(&id));
            assert!(kind.is_none_or(|kind| kind.id() == id && kind as u8 == id));
        }
        let mut header = TagHeader::parse(&hex(V19)).unwrap();
        header.type_byte = 0x28;
        assert!(header.is_encrypted());
        assert_eq!(header.kind(), None);
    }

    #[test]
    fn framing_does_not_move_the_body() {
        let mut payload = Payload::with_expected(5000);
        payload.extend_from_slice(&[1; 5000]);
        let place = payload.as_slice().as_ptr();
        let tag = Tag::from_payload(TagType::Video, u32::MAX, payload);
        assert_eq!(tag.body().as_ptr(), place);
        assert_eq!(tag.as_bytes()[4..8], [0xFF; 4]);
        assert_eq!(tag.as_bytes()[5011..], [0, 0, 0x13, 0x93]);
        assert_eq!(tag.into_bytes_mut().capacity(), 5015);
    }

    #[test]
    fn empty_bodies_make_valid_tags() {
        let tag = Tag::from_payload(TagType::Script, 0, Payload::default());
        assert_eq!(
            tag.as_bytes(),
            hex("12 00 00 00 00 00 00 00 00 00 00 00 00 00 0B")
        );
        assert!(tag.body().is_empty());
    }

    #[test]
    fn oversized_bodies_are_cut_to_the_size_field() {
        let mut payload = Payload::with_expected(MAX_BODY_SIZE + 1);
        payload.extend_from_slice(&vec![0; MAX_BODY_SIZE + 1]);
        let tag = Tag::from_payload(TagType::Video, 0, payload);
        assert_eq!(tag.body().len(), MAX_BODY_SIZE);
        assert_eq!(tag.as_bytes()[..4], [9, 0xFF, 0xFF, 0xFF]);
    }

    #[test]
    fn time_changes_in_place() {
        let mut tag = v19();
        tag.set_timestamp(1);
        assert_eq!(tag.timestamp(), 1);
        assert_eq!(tag.as_bytes()[4..8], [0, 0, 1, 0]);
        assert_eq!(tag.body(), [0xAF, 0x01, 0x21]);
    }

    #[test]
    fn stripping_keeps_header_and_back_pointer_right() {
        let mut tag = v19();
        tag.strip_front(1);
        assert_eq!(
            tag.as_bytes(),
            hex("08 00 00 02 02 03 04 01 00 00 00 01 21 00 00 00 0D")
        );
        tag.strip_front(usize::MAX);
        assert_eq!(
            tag.as_bytes(),
            hex("08 00 00 00 02 03 04 01 00 00 00 00 00 00 0B")
        );
    }

    #[test]
    fn debug_output_leaves_the_body_out() {
        assert_eq!(
            format!("{:?}", v19()),
            "Tag { kind: Audio, timestamp: 16909060, size: 3 }"
        );
    }
}
