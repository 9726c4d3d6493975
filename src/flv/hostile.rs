// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Hostile and broken media, topic by topic: what is dropped, what passes.
//!
//! The details of each topic are tested where it is dealt with; here is the
//! table that shows that none is forgotten.

use super::*;
use crate::rtmp::Payload;
use crate::rtmp::random::Random;
use crate::rtmp::vectors::hex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Passes,
    Dropped,
}
use Fate::{Dropped, Passes};

fn fate(kind: TagType, body: &[u8]) -> Fate {
    match inspect(kind, body) {
        Verdict::Pass(_) => Passes,
        Verdict::Drop(_) => Dropped,
    }
}

/// A ModEx chain of this many links, then a frame of `hvc1`.
fn mod_ex_chain(links: usize) -> Vec<u8> {
    let mut body = vec![0x97];
    for link in 1..=links {
        // One byte of data; the next packet type is ModEx again or a frame.
        body.extend([0x00, 0xFF, if link < links { 0x17 } else { 0x11 }]);
    }
    body.extend(hex("68 76 63 31 00 00 00 09"));
    body
}

#[test]
fn bodies_of_each_topic_pass_or_are_dropped() {
    let long_mod_ex = [&hex("97 FF FF FF")[..], &[0; 100]].concat();
    for (topic, kind, body, expected) in [
        ("empty audio", TagType::Audio, hex(""), Dropped),
        ("empty video", TagType::Video, hex(""), Dropped),
        ("empty script", TagType::Script, hex(""), Dropped),
        ("audio of one byte", TagType::Audio, hex("AF"), Dropped),
        ("video of one byte", TagType::Video, hex("17"), Dropped),
        ("video of two bytes", TagType::Video, hex("17 01"), Dropped),
        (
            "video header only",
            TagType::Video,
            hex("27 01 00 00 00"),
            Dropped,
        ),
        (
            "frame of one byte",
            TagType::Video,
            hex("27 01 00 00 00 09"),
            Passes,
        ),
        (
            "unknown video id",
            TagType::Video,
            hex("1F 01 00 00 00 09"),
            Dropped,
        ),
        (
            "unknown sound format",
            TagType::Audio,
            hex("CF 01 21"),
            Dropped,
        ),
        (
            "unknown video FourCC",
            TagType::Video,
            hex("91 78 78 78 78 00 00 00 09"),
            Dropped,
        ),
        (
            "unknown audio FourCC",
            TagType::Audio,
            hex("91 78 78 78 78 09"),
            Dropped,
        ),
        (
            "reserved packet type",
            TagType::Video,
            hex("9F 68 76 63 31 00 00 00 09"),
            Dropped,
        ),
        ("ModEx beyond the end", TagType::Video, long_mod_ex, Dropped),
        (
            "ModEx chain of two",
            TagType::Video,
            mod_ex_chain(2),
            Passes,
        ),
        (
            "ModEx chain of a hundred thousand",
            TagType::Video,
            mod_ex_chain(100_000),
            Dropped,
        ),
        (
            "multitrack size beyond the end",
            TagType::Video,
            hex("96 11 61 76 63 31 00 FF FF FF 09"),
            Dropped,
        ),
        (
            "multitrack inside multitrack",
            TagType::Video,
            hex("96 06 61 76 63 31 00 09"),
            Dropped,
        ),
        (
            "sequence header cut short",
            TagType::Video,
            hex("17 00 00 00 00 01 42 00 1E FF E1 00 04 67"),
            Dropped,
        ),
        (
            "empty sequence header",
            TagType::Audio,
            hex("AF 00"),
            Dropped,
        ),
        ("command frame", TagType::Video, hex("57 01"), Dropped),
    ] {
        assert_eq!(fate(kind, &body), expected, "{topic}");
    }
}

#[test]
fn sequence_headers_that_change_with_every_packet_are_each_judged_alone() {
    let whole = hex("17 00 00 00 00 01 42 00 1E FF E1 00 04 67 42 00 1E 01 00 02 68 CE");
    for profile in 0..=u8::MAX {
        let mut header = whole.clone();
        header[6] = profile;
        match inspect(TagType::Video, &header) {
            Verdict::Pass(info) => assert!(info.header),
            Verdict::Drop(reason) => panic!("profile {profile}: {reason}"),
        }
        assert_eq!(fate(TagType::Video, &header[..header.len() - 3]), Dropped);
    }
}

#[test]
fn every_body_of_up_to_two_bytes_and_random_ones_are_judged_without_panic() {
    let mut passed = 0;
    for first in 0..=u8::MAX {
        for kind in [TagType::Audio, TagType::Video, TagType::Script] {
            let alone = fate(kind, &[first]);
            assert_eq!(alone == Passes, kind == TagType::Script);
            for second in 0..=u8::MAX {
                passed += usize::from(fate(kind, &[first, second]) == Passes);
            }
        }
    }
    assert!(passed > 0);
    for seed in 0..3000 {
        let mut random = Random::new(seed);
        let length = 1 + random.below(60);
        let body = random.bytes(length);
        for kind in [TagType::Audio, TagType::Video] {
            let _ = inspect(kind, &body);
        }
        for encoding in [DataEncoding::Amf0, DataEncoding::Amf3] {
            let _ = inspect_data(encoding, &body);
        }
        let parts = Aggregate::new(Payload::from(&body[..]), 0).count();
        assert!(parts <= body.len(), "seed {seed}");
    }
}

#[test]
fn damaged_aggregates_give_their_whole_tags_and_drop_the_rest() {
    let audio = hex("08 00 00 03 00 01 F4 00 00 00 00 AF 01 11 00 00 00 0E");
    let nested = hex("16 00 00 02 00 01 F4 00 00 00 00 08 00 00 00 00 0D");
    for (topic, body, whole, dropped) in [
        ("no tags at all", vec![], 0, 0),
        (
            "size beyond the end",
            [&audio[..], &hex("09 FF FF FF 00 00 00 00 00 00 00 01")].concat(),
            1,
            1,
        ),
        ("nested aggregate", [&nested[..], &audio].concat(), 1, 1),
        (
            "wrong back pointer",
            [&audio[..14], &hex("FF FF FF FF"), &audio].concat(),
            2,
            0,
        ),
        ("missing back pointer", audio[..14].to_vec(), 1, 0),
        (
            "remainder of ten bytes",
            [&audio[..], &[8; 10]].concat(),
            1,
            1,
        ),
        // A header that announces nothing is an empty tag.
        (
            "remainder of eleven bytes",
            [&audio[..], &hex("08 00 00 00 00 01 F4 00 00 00 00")].concat(),
            2,
            0,
        ),
        (
            "remainder of eleven bytes that wants more",
            [&audio[..], &[8; 11]].concat(),
            1,
            1,
        ),
    ] {
        let parts: Vec<_> = Aggregate::new(Payload::from(&body[..]), 10_000).collect();
        let tags = parts.iter().filter(|part| part.is_ok()).count();
        assert_eq!((tags, parts.len() - tags), (whole, dropped), "{topic}");
    }
}

#[test]
fn metadata_with_nonsense_values_is_passed_on_untouched() {
    // onMetaData {width: <number>}
    let head = "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 08 00 00 00 01 00 05 77 69 64 74 68 00";
    for number in [-1.0, f64::NAN, f64::INFINITY, 1e9, 1e300] {
        let body = [&hex(head)[..], &number.to_be_bytes(), &hex("00 00 09")].concat();
        for (encoding, body) in [
            (DataEncoding::Amf0, body.clone()),
            (DataEncoding::Amf3, body),
        ] {
            let script = inspect_data(encoding, &body);
            assert_eq!(script.action, ScriptAction::Forward { skip: 0 }, "{number}");
        }
    }
}

#[test]
fn metadata_with_a_keyframe_index_of_a_million_entries_is_walked_once() {
    // onMetaData [1.0, 1.0, …] as a strict array that is there, and one that is not.
    let name = hex("02 00 0A 6F 6E 4D 65 74 61 44 61 74 61");
    let entry = hex("00 3F F0 00 00 00 00 00 00");
    let index = [&name[..], &hex("0A 00 0F 42 40"), &entry.repeat(1_000_000)].concat();
    let whole = inspect_data(DataEncoding::Amf3, &index);
    assert_eq!(whole.action, ScriptAction::Forward { skip: 0 });

    let announced = [&name[..], &hex("0A FF FF FF FF"), &entry].concat();
    let cut = inspect_data(DataEncoding::Amf3, &announced);
    assert!(matches!(cut.action, ScriptAction::Convert { .. }));
}
