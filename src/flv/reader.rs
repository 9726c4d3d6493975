// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV bytes back to tags, incrementally.
//!
//! Takes a stream however it is cut, with or without a file header, and with
//! further headers in between, as muxers write them when they start anew. Each
//! tag gets a block of its own that grows as data arrives, so that announced
//! sizes cost nothing.
//!
//! Bodies are not looked at, back pointers are skipped. Test and publish tools
//! call it, and the sink.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;

use super::tag::{BACK_POINTER_SIZE, MAX_BODY_SIZE, TAG_HEADER_SIZE, Tag, TagHeader, TagType};
use crate::rtmp::Payload;

const FILE_HEADER_SIZE: usize = 9;
const MAX_FILE_HEADER_SIZE: usize = 4096;

/// Why bytes are no FLV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlvError {
    /// Starts like a file header but is none, or one longer than 4 KiB.
    BadFileHeader,
    /// The byte where a tag should begin has reserved bits set.
    NotATag(u8),
    /// A tag announces more bytes than the limit.
    TooLarge {
        /// Announced length of the body in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

impl fmt::Display for FlvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadFileHeader => f.write_str("bad FLV file header"),
            Self::NotATag(byte) => write!(f, "no FLV tag begins with {byte:#04x}"),
            Self::TooLarge { size, limit } => {
                write!(f, "FLV tag of {size} bytes exceeds the limit of {limit}")
            }
        }
    }
}

impl Error for FlvError {}

#[derive(Debug)]
enum Stage {
    /// Gathering a file header, a first back pointer or a tag header.
    Head,
    /// Gathering a body.
    Body {
        kind: TagType,
        timestamp: u32,
        missing: usize,
        payload: Payload,
    },
    /// Leaving out bytes.
    Skip(usize),
}

/// Incremental FLV demultiplexer.
#[derive(Debug)]
pub struct FlvReader {
    limit: usize,
    head: Vec<u8>,
    /// No tag since the start or a file header: a back pointer may follow.
    fresh: bool,
    stage: Stage,
    ready: VecDeque<Tag>,
    error: Option<FlvError>,
    skipped: u64,
}

impl Default for FlvReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FlvReader {
    /// Reads tags of up to 16 MiB − 1.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limit(MAX_BODY_SIZE)
    }

    /// Reads tags with bodies of up to `limit` bytes.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            head: Vec::with_capacity(TAG_HEADER_SIZE),
            fresh: true,
            stage: Stage::Head,
            ready: VecDeque::new(),
            error: None,
            skipped: 0,
        }
    }

    /// Takes more of the stream. After an error bytes are ignored.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.error.is_none() {
            bytes = self.step(bytes);
        }
    }

    /// Takes bytes up to where a tag could begin, and tells how many are left. After an
    /// error all are taken.
    pub(super) fn push_up_to_boundary(&mut self, mut bytes: &[u8]) -> usize {
        while !bytes.is_empty() && self.error.is_none() {
            bytes = self.step(bytes);
            if self.is_between_tags() {
                return bytes.len();
            }
        }
        0
    }

    /// Whether a tag could begin with the next byte, and nothing else.
    pub(super) fn is_between_tags(&self) -> bool {
        !self.fresh
            && self.error.is_none()
            && matches!(self.stage, Stage::Head)
            && self.head.is_empty()
    }

    /// The next whole tag, or `None` if more bytes are needed. Audio, video
    /// and script tags only; bodies may be empty.
    ///
    /// # Errors
    ///
    /// The [`FlvError`] that ended the stream, each time, once the tags before
    /// it are taken.
    pub fn next_tag(&mut self) -> Result<Option<Tag>, FlvError> {
        match (self.ready.pop_front(), self.error) {
            (Some(tag), _) => Ok(Some(tag)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    /// How many tags were left out: encrypted or of unknown type.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether the stream could end here: nothing of a tag or header is
    /// pending, apart from its back pointer.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        match self.stage {
            Stage::Head => self.head.is_empty(),
            Stage::Body { .. } => false,
            Stage::Skip(left) => left <= BACK_POINTER_SIZE,
        }
    }

    /// Uses up the front of non-empty `bytes` and returns the rest.
    fn step<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match &mut self.stage {
            Stage::Head => {
                let wanted = self.wanted().saturating_sub(self.head.len());
                let (taken, rest) = split(bytes, wanted);
                self.head.extend_from_slice(taken);
                if self.head.len() >= self.wanted()
                    && let Err(error) = self.finish_head()
                {
                    self.error = Some(error);
                }
                rest
            }
            Stage::Body {
                missing, payload, ..
            } => {
                let (taken, rest) = split(bytes, *missing);
                payload.extend_from_slice(taken);
                *missing = missing.saturating_sub(taken.len());
                self.finish_body();
                rest
            }
            Stage::Skip(left) => {
                let (taken, rest) = split(bytes, *left);
                *left = left.saturating_sub(taken.len());
                if *left == 0 {
                    self.stage = Stage::Head;
                }
                rest
            }
        }
    }

    /// How long the head is that begins with these bytes.
    fn wanted(&self) -> usize {
        match self.head.first() {
            None => 1,
            Some(b'F') => FILE_HEADER_SIZE,
            Some(0) if self.fresh => BACK_POINTER_SIZE,
            Some(_) => TAG_HEADER_SIZE,
        }
    }

    fn finish_head(&mut self) -> Result<(), FlvError> {
        if self.head.first() == Some(&b'F') {
            let &[b'F', b'L', b'V', _, _, a, b, c, d] = self.head.as_slice() else {
                return Err(FlvError::BadFileHeader);
            };
            let size = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
            if size > MAX_FILE_HEADER_SIZE {
                return Err(FlvError::BadFileHeader);
            }
            self.fresh = true;
            self.skip(size.saturating_sub(FILE_HEADER_SIZE));
        } else if let Some(header) = TagHeader::parse(&self.head) {
            self.fresh = false;
            self.begin_tag(header)?;
        } else if self.head.len() == BACK_POINTER_SIZE {
            self.fresh = false;
        } else {
            return Ok(());
        }
        self.head.clear();
        Ok(())
    }

    fn begin_tag(&mut self, header: TagHeader) -> Result<(), FlvError> {
        if header.type_byte & 0xC0 != 0 {
            return Err(FlvError::NotATag(header.type_byte));
        }
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        if size > self.limit {
            return Err(FlvError::TooLarge {
                size,
                limit: self.limit,
            });
        }
        match header.kind() {
            Some(kind) => {
                self.stage = Stage::Body {
                    kind,
                    timestamp: header.timestamp,
                    missing: size,
                    payload: Payload::with_expected(size),
                };
                self.finish_body();
            }
            None => {
                self.skipped = self.skipped.saturating_add(1);
                self.skip(size.saturating_add(BACK_POINTER_SIZE));
            }
        }
        Ok(())
    }

    fn finish_body(&mut self) {
        if let Stage::Body {
            kind,
            timestamp,
            missing: 0,
            payload,
        } = &mut self.stage
        {
            let tag = Tag::from_payload(*kind, *timestamp, payload.take());
            self.ready.push_back(tag);
            self.skip(BACK_POINTER_SIZE);
        }
    }

    fn skip(&mut self, len: usize) {
        self.stage = match len {
            0 => Stage::Head,
            len => Stage::Skip(len),
        };
    }
}

fn split(bytes: &[u8], len: usize) -> (&[u8], &[u8]) {
    bytes.split_at_checked(len).unwrap_or((bytes, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::header::file_header;
    use crate::rtmp::vectors::hex;

    const V19: &str = "08 00 00 03 02 03 04 01 00 00 00 AF 01 21 00 00 00 0E";

    fn tag(kind: TagType, timestamp: u32, body: &[u8]) -> Tag {
        Tag::from_payload(kind, timestamp, Payload::from(body))
    }

    fn tags(reader: &mut FlvReader) -> Vec<Tag> {
        std::iter::from_fn(|| reader.next_tag().unwrap()).collect()
    }

    fn read(bytes: &[u8]) -> Vec<Tag> {
        let mut reader = FlvReader::new();
        reader.push(bytes);
        tags(&mut reader)
    }

    fn fail(bytes: &[u8]) -> FlvError {
        let mut reader = FlvReader::with_limit(1000);
        reader.push(bytes);
        reader.push(&hex(V19));
        let error = reader.next_tag().unwrap_err();
        assert_eq!(reader.next_tag(), Err(error));
        error
    }

    fn stream() -> (Vec<u8>, Vec<Tag>) {
        let expected = vec![
            tag(TagType::Script, 0, b"meta"),
            tag(TagType::Audio, 16_909_060, &[0xAF, 1, 0x21]),
            tag(TagType::Video, u32::MAX, &[]),
            tag(TagType::Video, 5, &[7; 300]),
        ];
        let mut bytes = file_header(true, true).to_vec();
        for tag in &expected {
            bytes.extend_from_slice(tag.as_bytes());
        }
        (bytes, expected)
    }

    #[test]
    fn reference_tag_is_read_and_written_back() {
        let [tag] = &read(&hex(V19))[..] else {
            panic!();
        };
        assert_eq!(tag.timestamp(), 16_909_060);
        assert_eq!(tag.as_bytes(), hex(V19));
    }

    #[test]
    fn tags_are_the_same_however_the_stream_is_cut() {
        let (bytes, expected) = stream();
        for size in 1..=bytes.len() {
            let mut reader = FlvReader::new();
            for part in bytes.chunks(size) {
                reader.push(part);
            }
            assert_eq!(tags(&mut reader), expected, "{size}");
            assert!(reader.is_at_boundary());
        }
    }

    #[test]
    fn every_truncation_gives_the_whole_tags_before_it() {
        let (bytes, expected) = stream();
        for len in 0..=bytes.len() {
            let found = read(&bytes[..len]);
            assert_eq!(found, expected[..found.len()]);
            let mut end = 13;
            let whole = expected.iter().take_while(|tag| {
                end += tag.as_bytes().len();
                len + BACK_POINTER_SIZE >= end
            });
            assert_eq!(found.len(), whole.count(), "{len}");
        }
    }

    #[test]
    fn file_header_and_first_back_pointer_are_optional() {
        let bare = hex(V19);
        let header = file_header(true, false);
        for start in [&header[..], &header[..9], &header[9..], &[]] {
            let bytes = [start, &bare].concat();
            assert_eq!(read(&bytes).len(), 1, "{start:?}");
        }
    }

    #[test]
    fn headers_in_between_and_longer_ones_are_skipped() {
        let (bytes, expected) = stream();
        let twice = [&bytes[..], &bytes].concat();
        assert_eq!(read(&twice).len(), 2 * expected.len());
        let long = [
            &hex("46 4C 56 01 05 00 00 00 0B AA BB 00 00 00 00"),
            &bytes[13..],
        ]
        .concat();
        assert_eq!(read(&long), expected);
        let short = [&hex("46 4C 56 01 05 00 00 00 00 00 00 00 00"), &bytes[13..]].concat();
        assert_eq!(read(&short), expected);
    }

    #[test]
    fn unknown_and_encrypted_tags_are_skipped_and_counted() {
        let mut reader = FlvReader::new();
        for kind in [15, 0x28, 1, 8] {
            let mut bytes = hex(V19);
            bytes[0] = kind;
            reader.push(&bytes);
        }
        assert_eq!(tags(&mut reader).len(), 1);
        assert_eq!(reader.skipped(), 3);
    }

    #[test]
    fn wrong_back_pointers_do_not_matter() {
        let mut bytes = hex(V19);
        bytes[17] = 0xFF;
        assert_eq!(read(&[bytes.clone(), bytes].concat()).len(), 2);
    }

    #[test]
    fn what_is_no_flv_is_an_error_that_stays() {
        assert_eq!(fail(b"GET / HTTP/1.1"), FlvError::NotATag(b'G'));
        assert_eq!(fail(b"FORM this is"), FlvError::BadFileHeader);
        assert_eq!(
            fail(&hex("46 4C 56 01 05 FF FF FF FF")),
            FlvError::BadFileHeader
        );
        assert_eq!(
            fail(&hex("09 00 03 E9 00 00 00 00 00 00 00")),
            FlvError::TooLarge {
                size: 1001,
                limit: 1000
            }
        );
    }

    #[test]
    fn tags_before_an_error_come_first() {
        let mut reader = FlvReader::new();
        reader.push(&[hex(V19), vec![0xFF; 20]].concat());
        assert!(reader.next_tag().unwrap().is_some());
        assert_eq!(reader.next_tag(), Err(FlvError::NotATag(0xFF)));
    }

    #[test]
    fn boundary_is_only_between_tags() {
        let mut reader = FlvReader::new();
        let bytes = hex(V19);
        for (i, byte) in bytes.iter().enumerate() {
            assert_eq!(reader.is_at_boundary(), i == 0 || i >= 14, "{i}");
            reader.push(&[*byte]);
        }
        assert!(reader.is_at_boundary());
    }

    #[test]
    fn garbage_of_any_first_byte_ends_without_panic() {
        for first in 0..=255_u8 {
            for fill in [0, 0xFF, 0x46] {
                let mut bytes = vec![fill; 5000];
                bytes[0] = first;
                let mut reader = FlvReader::new();
                reader.push(&bytes);
                while let Ok(Some(_)) = reader.next_tag() {}
            }
        }
    }
}
