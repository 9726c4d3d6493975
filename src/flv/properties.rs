// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Tags are read as written, however they are cut, and so are aggregates.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::rtmp::Payload;
use crate::rtmp::arbitrary::{body, config, cut, piece_lengths};

fn kind() -> impl Strategy<Value = TagType> {
    prop::sample::select(vec![TagType::Audio, TagType::Video, TagType::Script])
}

fn tag() -> impl Strategy<Value = Tag> {
    (kind(), any::<u32>(), body(300))
        .prop_map(|(kind, time, body)| Tag::from_payload(kind, time, Payload::from(&body[..])))
}

/// What may stand between tags and is left out.
#[derive(Debug, Clone)]
enum Between {
    Nothing,
    Header(bool, bool),
    Unknown(u8, Vec<u8>),
}

fn between() -> impl Strategy<Value = Between> {
    prop_oneof![
        3 => Just(Between::Nothing),
        1 => any::<[bool; 2]>().prop_map(|[audio, video]| Between::Header(audio, video)),
        // 0x20 and above: encrypted. 0 right behind a header is a back pointer.
        1 => (1..0x40_u8, body(30))
            .prop_filter("not one of the three", |(id, _)| TagType::from_id(*id).is_none())
            .prop_map(|(id, body)| Between::Unknown(id, body)),
    ]
}

fn framed(type_byte: u8, timestamp: u32, body: &[u8]) -> Vec<u8> {
    let size = body.len() as u32;
    let header = TagHeader {
        type_byte,
        size,
        timestamp,
    };
    [&header.to_bytes()[..], body, &(size + 11).to_be_bytes()].concat()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tags_are_read_as_written(
        items in vec((between(), tag()), 0..8),
        lengths in piece_lengths(),
    ) {
        let mut file = file_header(true, true).to_vec();
        let mut unknown = 0;
        for (between, tag) in &items {
            match between {
                Between::Nothing => {}
                Between::Header(audio, video) => file.extend(file_header(*audio, *video)),
                Between::Unknown(id, body) => {
                    unknown += 1;
                    file.extend(framed(*id, 7, body));
                }
            }
            file.extend_from_slice(tag.as_bytes());
        }

        let mut reader = FlvReader::new();
        let mut read = Vec::new();
        for piece in cut(&file, &lengths) {
            reader.push(piece);
            while let Some(tag) = reader.next_tag().expect("FLV") {
                read.push(tag);
            }
        }

        prop_assert!(reader.is_at_boundary());
        prop_assert_eq!(reader.skipped(), unknown);
        let written: Vec<Tag> = items.into_iter().map(|(_, tag)| tag).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn aggregates_are_taken_apart_into_what_was_put_together(
        parts in vec((kind(), any::<u32>(), body(100)), 1..8),
        time: u32,
        has_last_pointer: bool,
    ) {
        let mut bytes = Vec::new();
        for (kind, time, body) in &parts {
            bytes.extend(framed(kind.id(), *time, body));
        }
        if !has_last_pointer {
            bytes.truncate(bytes.len() - 4);
        }
        let first = parts[0].1;

        let read: Vec<_> = Aggregate::new(Payload::from(&bytes[..]), time).collect();

        let expected: Vec<_> = parts
            .iter()
            .map(|(kind, own, body)| {
                let time = time.wrapping_add(own.wrapping_sub(first));
                Ok(Tag::from_payload(*kind, time, Payload::from(&body[..])))
            })
            .collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn changed_tags_stay_whole(tag in tag(), time: u32, strip in 0..400_usize) {
        let mut changed = tag.clone();
        changed.set_timestamp(time);
        changed.strip_front(strip);
        let left = tag.body().get(strip..).unwrap_or_default();
        prop_assert_eq!(changed.as_bytes(), framed(tag.kind().id(), time, left));
    }
}
