// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV bytes to tags whose bodies stay in the buffers that they came in.
//!
//! Muxers give whole tags in each buffer, or several; their bodies are referred to and
//! not copied. What is cut between buffers goes through [`FlvReader`], which puts it
//! together.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

use super::reader::{FlvError, FlvReader};
use super::tag::{BACK_POINTER_SIZE, TAG_HEADER_SIZE, Tag, TagHeader, TagType};

/// A tag that shares its body's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedTag {
    /// What it carries.
    pub kind: TagType,
    /// Time in ms, modulo 2³².
    pub timestamp: u32,
    /// The body, which is the RTMP message.
    pub body: Bytes,
}

impl From<Tag> for SharedTag {
    fn from(tag: Tag) -> Self {
        let (kind, timestamp, len) = (tag.kind(), tag.timestamp(), tag.body().len());
        let mut body = tag.into_bytes();
        body.advance(TAG_HEADER_SIZE.min(body.len()));
        body.truncate(len);
        Self {
            kind,
            timestamp,
            body,
        }
    }
}

/// Bodies below this are copied, in bytes: to keep a buffer alive costs more.
const COPIED_BELOW: usize = 1024;

/// Memory that small bodies share, in bytes.
const BLOCK: usize = 64 << 10;

/// Takes a stream of buffers, however tags are cut.
#[derive(Debug, Default)]
pub struct SharedReader {
    reader: FlvReader,
    small: BytesMut,
}

impl SharedReader {
    /// Takes a buffer that can be kept, and adds the tags that are whole by now.
    ///
    /// # Errors
    /// It is no FLV, from here on for ever. Tags before that are added.
    pub fn push(
        &mut self,
        mut bytes: Bytes,
        tags: &mut VecDeque<SharedTag>,
    ) -> Result<(), FlvError> {
        while !bytes.is_empty() {
            if let Some(whole) = self.whole(&bytes) {
                tags.push_back(SharedTag {
                    body: bytes.slice(TAG_HEADER_SIZE..whole.end),
                    ..whole.tag
                });
                bytes.advance(whole.end + BACK_POINTER_SIZE);
                continue;
            }
            let left = self.cut(&bytes, tags)?;
            bytes.advance(bytes.len() - left);
        }
        Ok(())
    }

    /// The same for bytes that cannot be kept.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_borrowed(
        &mut self,
        mut bytes: &[u8],
        tags: &mut VecDeque<SharedTag>,
    ) -> Result<(), FlvError> {
        while !bytes.is_empty() {
            if let Some(whole) = self.whole(bytes) {
                let body = bytes.get(TAG_HEADER_SIZE..whole.end).unwrap_or_default();
                tags.push_back(SharedTag {
                    body: self.copy(body),
                    ..whole.tag
                });
                let end = whole.end + BACK_POINTER_SIZE;
                bytes = bytes.get(end..).unwrap_or_default();
                continue;
            }
            let left = self.cut(bytes, tags)?;
            bytes = bytes.get(bytes.len() - left..).unwrap_or_default();
        }
        Ok(())
    }

    /// Whether a buffer of this size is better copied than kept.
    #[must_use]
    pub fn is_small(size: usize) -> bool {
        size < COPIED_BELOW
    }

    /// Whether nothing of a tag is pending.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.reader.is_at_boundary()
    }

    /// How many tags were left out: encrypted or of unknown type.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.reader.skipped()
    }

    /// Forgets what is incomplete, and an error: another stream begins.
    pub fn reset(&mut self) {
        self.reader = FlvReader::new();
    }

    /// The tag that begins here, if all of it is here and nothing is in front of it.
    fn whole(&self, bytes: &[u8]) -> Option<Whole> {
        if !self.reader.is_between_tags() {
            return None;
        }
        let header = TagHeader::parse(bytes)?;
        let kind = header.kind()?;
        let end = TAG_HEADER_SIZE.checked_add(usize::try_from(header.size).ok()?)?;
        (bytes.len() >= end.checked_add(BACK_POINTER_SIZE)?).then_some(Whole {
            tag: SharedTag {
                kind,
                timestamp: header.timestamp,
                body: Bytes::new(),
            },
            end,
        })
    }

    /// Takes what is cut, or no plain tag, up to where a tag could begin, and tells how
    /// many bytes are left.
    fn cut(&mut self, bytes: &[u8], tags: &mut VecDeque<SharedTag>) -> Result<usize, FlvError> {
        let left = self.reader.push_up_to_boundary(bytes);
        while let Some(tag) = self.reader.next_tag()? {
            tags.push_back(tag.into());
        }
        Ok(left)
    }

    fn copy(&mut self, body: &[u8]) -> Bytes {
        if self.small.capacity() - self.small.len() < body.len() {
            self.small = BytesMut::with_capacity(BLOCK.max(body.len()));
        }
        self.small.extend_from_slice(body);
        self.small.split().freeze()
    }
}

/// A tag without its body, and where in the bytes that ends.
struct Whole {
    tag: SharedTag,
    end: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::header::file_header;
    use crate::rtmp::Payload;

    fn stream() -> (Vec<SharedTag>, Vec<u8>) {
        let mut bytes = file_header(true, true).to_vec();
        let mut tags = Vec::new();
        for (i, len) in [0usize, 1, 5, 300, 5000, 70_000, 2].into_iter().enumerate() {
            let kind = [TagType::Audio, TagType::Video, TagType::Script][i % 3];
            let body: Vec<u8> = (0..len).map(|n| n as u8).collect();
            let tag = Tag::from_payload(kind, i as u32 * 40, Payload::from(body.as_slice()));
            bytes.extend_from_slice(tag.as_bytes());
            tags.push(tag.into());
            if i == 3 {
                // A muxer that starts anew.
                bytes.extend_from_slice(&file_header(true, true));
            }
        }
        (tags, bytes)
    }

    #[test]
    fn tags_are_the_same_however_the_stream_is_cut() {
        let (expected, bytes) = stream();
        for size in [1, 2, 7, 11, 13, 15, 16, 100, 4096, 80_000, bytes.len()] {
            let (mut kept, mut copied) = (SharedReader::default(), SharedReader::default());
            let (mut found, mut others) = (VecDeque::new(), VecDeque::new());
            for part in bytes.chunks(size) {
                let part = Bytes::copy_from_slice(part);
                copied.push_borrowed(&part, &mut others).expect("FLV");
                kept.push(part, &mut found).expect("FLV");
            }
            assert_eq!(found, expected, "{size}");
            assert_eq!(others, expected, "{size}");
            assert!(kept.is_at_boundary());
        }
    }

    #[test]
    fn whole_tags_stay_where_they_are() {
        let (_, bytes) = stream();
        let bytes = Bytes::from(bytes);
        let mut found = VecDeque::new();
        SharedReader::default()
            .push(bytes.clone(), &mut found)
            .expect("FLV");
        let memory = bytes.as_ptr_range();
        assert!(
            found
                .iter()
                .all(|tag| tag.body.is_empty() || memory.contains(&tag.body.as_ptr()))
        );
    }

    #[test]
    fn what_comes_before_an_error_is_not_lost() {
        let tag = Tag::from_payload(TagType::Audio, 0, Payload::from(&b"x"[..]));
        let mut bytes = tag.as_bytes().to_vec();
        bytes.extend([0xFF; 20]);
        let mut reader = SharedReader::default();
        let mut found = VecDeque::new();
        let result = reader.push(Bytes::from(bytes), &mut found);
        assert_eq!(result, Err(FlvError::NotATag(0xFF)));
        assert_eq!(found, [SharedTag::from(tag)]);
        reader.reset();
        assert!(reader.is_at_boundary());
    }
}
