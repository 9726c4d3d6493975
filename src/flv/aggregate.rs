// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Aggregate messages (type 22) taken apart into tags.
//!
//! The body of an aggregate is a row of FLV tags whose times count from the
//! first one; the message's own time says where that one belongs. The tags
//! share the memory of the message, and their headers are written anew.
//!
//! What can be used is yielded, what cannot is yielded as a reason, so that
//! the caller can count it. The caller filters the tags like messages of their
//! own; the RTMP message stream id is that of the aggregate.

use std::fmt;
use std::iter::FusedIterator;
use std::mem;

use bytes::BytesMut;

use super::tag::{BACK_POINTER_SIZE, TAG_HEADER_SIZE, Tag, TagHeader};
use crate::rtmp::Payload;

const AGGREGATE_TYPE: u8 = 22;

/// Why a part of an aggregate is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateDrop {
    /// An aggregate inside an aggregate.
    Nested,
    /// Neither audio, video nor script data, by its first byte.
    UnknownType(u8),
    /// The announced size passes the end of the message; it and everything
    /// after it is lost.
    Truncated {
        /// Body length the sub tag announced, in bytes.
        announced: u32,
        /// Bytes that were there.
        present: usize,
    },
    /// So many bytes at the end are too few for a tag header.
    Leftover(usize),
}

impl fmt::Display for AggregateDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nested => f.write_str("aggregate inside an aggregate"),
            Self::UnknownType(id) => write!(f, "unknown type {id} inside an aggregate"),
            Self::Truncated { announced, present } => write!(
                f,
                "aggregate ends after {present} of {announced} bytes of a tag"
            ),
            Self::Leftover(len) => write!(f, "{len} stray bytes at the end of an aggregate"),
        }
    }
}

/// Iterator over the tags of an aggregate message.
///
/// Wrong and missing back pointers do not matter. Nothing follows
/// [`AggregateDrop::Truncated`] and [`AggregateDrop::Leftover`].
#[derive(Debug)]
pub struct Aggregate {
    rest: BytesMut,
    timestamp: u32,
    first: Option<u32>,
}

impl Aggregate {
    /// Takes the body of an aggregate and its message time in ms.
    #[must_use]
    pub fn new(payload: Payload, timestamp: u32) -> Self {
        Self {
            rest: payload.into_body(),
            timestamp,
            first: None,
        }
    }

    fn split(&mut self, size: usize) -> Option<BytesMut> {
        let framed = size.checked_add(TAG_HEADER_SIZE)?;
        if self.rest.len() < framed {
            return None;
        }
        let whole = framed.checked_add(BACK_POINTER_SIZE)?;
        if self.rest.len() >= whole {
            return Some(self.rest.split_to(whole));
        }
        // Some peers leave out the last back pointer.
        let mut block = mem::take(&mut self.rest);
        block.resize(whole, 0);
        Some(block)
    }
}

impl Iterator for Aggregate {
    type Item = Result<Tag, AggregateDrop>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(header) = TagHeader::parse(&self.rest) else {
            let len = self.rest.len();
            self.rest.clear();
            return Some(Err(AggregateDrop::Leftover(len)));
        };
        let first = *self.first.get_or_insert(header.timestamp);
        let size = usize::try_from(header.size).unwrap_or(usize::MAX);
        let Some(block) = self.split(size) else {
            let present = self.rest.len().saturating_sub(TAG_HEADER_SIZE);
            self.rest.clear();
            return Some(Err(AggregateDrop::Truncated {
                announced: header.size,
                present,
            }));
        };
        let time = self
            .timestamp
            .wrapping_add(header.timestamp.wrapping_sub(first));
        Some(match header.kind() {
            Some(kind) => Ok(Tag::from_block(kind, time, block)),
            None if header.type_byte == AGGREGATE_TYPE => Err(AggregateDrop::Nested),
            None => Err(AggregateDrop::UnknownType(header.type_byte)),
        })
    }
}

impl FusedIterator for Aggregate {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::tag::TagType;
    use crate::rtmp::vectors::hex;

    const V18: &str = "08 00 00 03 00 01 F4 00 00 00 00 AF 01 11 00 00 00 0E \
                       09 00 00 06 00 01 FE 00 00 00 00 27 01 00 00 00 22 00 00 00 11";

    fn split(body: &[u8], timestamp: u32) -> Vec<Result<Tag, AggregateDrop>> {
        Aggregate::new(Payload::from(body), timestamp).collect()
    }

    fn sub(kind: u8, time: u32, body: &[u8]) -> Vec<u8> {
        let header = TagHeader {
            type_byte: kind,
            size: body.len() as u32,
            timestamp: time,
        };
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(&(body.len() as u32 + 11).to_be_bytes());
        bytes
    }

    fn times(items: &[Result<Tag, AggregateDrop>]) -> Vec<u32> {
        let tags = items.iter().filter_map(|item| item.as_ref().ok());
        tags.map(Tag::timestamp).collect()
    }

    #[test]
    fn reference_vector_is_rebased_to_the_message_time() {
        let items = split(&hex(V18), 10_000);
        let [Ok(audio), Ok(video)] = &items[..] else {
            panic!("{items:?}");
        };
        assert_eq!(
            audio.as_bytes(),
            hex("08 00 00 03 00 27 10 00 00 00 00 AF 01 11 00 00 00 0E")
        );
        assert_eq!(
            video.as_bytes(),
            hex("09 00 00 06 00 27 1A 00 00 00 00 27 01 00 00 00 22 00 00 00 11")
        );
        assert_eq!(video.kind(), TagType::Video);
        assert_eq!(video.timestamp(), 10_010);
    }

    #[test]
    fn tags_share_the_memory_of_the_message() {
        let payload = Payload::from(&hex(V18)[..]);
        let place = payload.as_slice().as_ptr();
        let tag = Aggregate::new(payload, 0).next().unwrap().unwrap();
        assert_eq!(tag.as_bytes().as_ptr(), place);
    }

    #[test]
    fn every_truncation_yields_the_whole_tags_before_it() {
        let bytes = hex(V18);
        for len in 0..=bytes.len() {
            let items = split(&bytes[..len], 10_000);
            let tags = items.iter().filter(|item| item.is_ok()).count();
            let expected = usize::from(len >= 14) + usize::from(len >= 18 + 17);
            assert_eq!(tags, expected, "{len}");
            let complete = [0, 14, 15, 16, 17, 18, 35, 36, 37, 38, 39];
            assert_eq!(items.len() > tags, !complete.contains(&len), "{len}");
        }
    }

    #[test]
    fn last_back_pointer_may_be_missing_or_cut() {
        let bytes = hex(V18);
        let whole = split(&bytes, 5);
        for missing in 1..=4 {
            assert_eq!(split(&bytes[..bytes.len() - missing], 5), whole);
        }
    }

    #[test]
    fn wrong_back_pointers_and_stream_ids_are_put_right() {
        let mut bytes = sub(8, 0, &[1]);
        bytes[10] = 7;
        bytes[15] = 0xFF;
        bytes.extend(sub(9, 1, &[2, 3]));
        let items = split(&bytes, 0);
        assert_eq!(items.len(), 2);
        assert_eq!(items[0].as_ref().unwrap().as_bytes(), sub(8, 0, &[1]));
    }

    #[test]
    fn times_wrap() {
        let mut bytes = sub(8, u32::MAX - 9, &[1]);
        bytes.extend(sub(9, 10, &[1]));
        bytes.extend(sub(18, u32::MAX - 19, &[1]));
        assert_eq!(
            times(&split(&bytes, u32::MAX)),
            [u32::MAX, 19, u32::MAX - 10]
        );
    }

    #[test]
    fn unknown_and_nested_parts_are_skipped_but_set_the_base() {
        let mut bytes = sub(15, 100, &[0]);
        bytes.extend(sub(22, 110, &sub(8, 0, &[1])));
        bytes.extend(sub(0x28, 120, &[1]));
        bytes.extend(sub(8, 130, &[]));
        let items = split(&bytes, 1000);
        assert_eq!(items[0], Err(AggregateDrop::UnknownType(15)));
        assert_eq!(items[1], Err(AggregateDrop::Nested));
        assert_eq!(items[2], Err(AggregateDrop::UnknownType(0x28)));
        assert_eq!(times(&items), [1030]);
    }

    #[test]
    fn size_beyond_the_end_drops_the_rest() {
        let mut bytes = sub(8, 0, &[1]);
        bytes.extend(hex("09 FF FF FF 00 00 00 00 00 00 00 01 02"));
        let items = split(&bytes, 0);
        assert_eq!(items.len(), 2);
        assert_eq!(
            items[1],
            Err(AggregateDrop::Truncated {
                announced: 0xFF_FFFF,
                present: 2
            })
        );
        assert!(
            items[1]
                .as_ref()
                .unwrap_err()
                .to_string()
                .contains("2 of 16777215")
        );
    }

    #[test]
    fn empty_aggregate_and_stray_bytes_end_quietly() {
        assert!(split(&[], 0).is_empty());
        assert_eq!(split(&[8; 10], 0), [Err(AggregateDrop::Leftover(10))]);
        let mut none = Aggregate::new(Payload::default(), 0);
        assert!(none.next().is_none());
        assert!(none.next().is_none());
    }

    #[test]
    fn zero_filled_megabytes_make_progress() {
        let items = split(&vec![0; 1 << 20], 0);
        assert_eq!(items.len(), (1_usize << 20).div_ceil(15));
        assert!(items.iter().all(Result::is_err));
    }
}
