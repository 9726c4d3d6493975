// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Media in, items out.

use super::*;
use crate::player::gate::ENOUGH_OF_ONE_KIND;
use crate::player::selection::KEYFRAME_WAIT;
use crate::rtmp::amf::{Object, Value};
use crate::rtmp::amf0;
use crate::rtmp::message::StreamId;

fn media(kind: MediaKind, timestamp: u32, body: &[u8]) -> Media {
    Media {
        kind,
        stream: StreamId(1),
        timestamp,
        payload: Payload::from(body),
    }
}

const AAC: &[u8] = &[0xAF, 1, 0x21, 0x10, 4];
const AAC_HEADER: &[u8] = &[0xAF, 0, 0x12, 0x10];
const AVC_HEADER: &[u8] = &[
    0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 4, 0x67, 0x42, 0, 0x1E, 1, 0, 2, 0x68, 0xCE,
];
const KEYFRAME: &[u8] = &[0x17, 1, 0, 0, 40, 0, 0, 0, 2, 0x65, 1];
const INTER: &[u8] = &[0x27, 1, 0xFF, 0xFF, 0xD8, 0, 0, 0, 2, 0x41, 1];

fn metadata(object: Object) -> Vec<u8> {
    amf0::encode_all([&Value::from("onMetaData"), &Value::from(object)]).to_vec()
}

/// Feeds messages at one instant and returns the packets that are ready.
fn feed(output: &mut FlvOutput, messages: &[Media]) -> Vec<Packet> {
    let packets = items(output, messages)
        .into_iter()
        .filter_map(|item| match item {
            Item::Packet(packet) => Some(packet),
            Item::Notice(_) | Item::Sought(_) => None,
        });
    packets.collect()
}

/// Feeds messages at one instant and returns what is ready.
fn items(output: &mut FlvOutput, messages: &[Media]) -> Vec<Item> {
    let now = Instant::now();
    for message in messages {
        output.media(message.clone(), now);
    }
    let mut batch = VecDeque::new();
    output.take(&mut batch);
    while output.has_more() {
        output.go_on();
        output.take(&mut batch);
    }
    batch.into()
}

fn flags(items: &[Packet]) -> Option<u8> {
    items.first().map(|item| item.data[4])
}

#[test]
fn both_kinds_seen_open_the_gate_with_both_flags() {
    let mut output = FlvOutput::new(StartPosition::default());
    assert!(feed(&mut output, &[media(MediaKind::Audio, 0, AAC)]).is_empty());
    let items = feed(&mut output, &[media(MediaKind::Video, 0, KEYFRAME)]);
    assert_eq!(flags(&items), Some(5));
    assert_eq!(items.len(), 3, "header, audio, video");
}

#[test]
fn metadata_that_names_both_opens_it_with_the_first_message() {
    let mut output = FlvOutput::new(StartPosition::default());
    let both = Object::new()
        .with("videocodecid", 7.0)
        .with("audiocodecid", 10.0);
    let items = feed(&mut output, &[media(MediaKind::Data, 0, &metadata(both))]);
    assert!(items.is_empty());
    let items = feed(&mut output, &[media(MediaKind::Video, 0, KEYFRAME)]);
    assert_eq!(flags(&items), Some(5));
}

#[test]
fn one_kind_as_the_metadata_says_is_believed_after_some_messages() {
    let mut output = FlvOutput::new(StartPosition::default());
    let video = Object::new()
        .with("videocodecid", 7.0)
        .with("audiocodecid", 0.0);
    feed(&mut output, &[media(MediaKind::Data, 0, &metadata(video))]);
    let one = media(MediaKind::Video, 0, KEYFRAME);
    for _ in 1..ENOUGH_OF_ONE_KIND {
        assert!(feed(&mut output, std::slice::from_ref(&one)).is_empty());
    }
    assert_eq!(flags(&feed(&mut output, &[one])), Some(1));
}

#[test]
fn without_metadata_one_kind_waits_for_the_deadline() {
    let mut output = FlvOutput::new(StartPosition::default());
    assert_eq!(output.deadline(), None);
    let many = vec![media(MediaKind::Audio, 0, AAC); 100];
    assert!(feed(&mut output, &many).is_empty());
    assert!(output.deadline().is_some());
    output.open();
    let items = feed(&mut output, &[]);
    assert_eq!((flags(&items), items.len()), (Some(4), 101));
    assert_eq!(output.deadline(), None);
}

#[test]
fn a_gate_opened_with_nothing_known_promises_both() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    assert_eq!(flags(&feed(&mut output, &[])), Some(5));
}

#[test]
fn what_comes_before_the_first_frame_gets_its_time() {
    let mut output = FlvOutput::new(StartPosition::default());
    let both = Object::new()
        .with("videocodecid", 7.0)
        .with("audiocodecid", 10.0);
    let script = amf0::encode_all([&Value::from("onFI")]);
    let items = feed(
        &mut output,
        &[
            media(MediaKind::Data, 0, &metadata(both)),
            media(MediaKind::Data, 0, &script),
            media(MediaKind::Audio, 0, AAC_HEADER),
            media(MediaKind::Video, 3_600_000, KEYFRAME),
        ],
    );
    let times: Vec<_> = items.iter().map(|item| item.dts).collect();
    assert_eq!(times, [Some(3_600_000); 5]);
    assert_eq!(items.iter().filter(|item| item.frame).count(), 1);
}

#[test]
fn data_alone_waits_for_the_deadline_and_no_longer_than_its_bytes_allow() {
    let mut output = FlvOutput::new(StartPosition::default());
    let script = amf0::encode_all([&Value::from("onTextData"), &Value::from("x".repeat(999))]);
    let message = media(MediaKind::Data, 7, &script);
    assert!(feed(&mut output, std::slice::from_ref(&message)).is_empty());
    assert!(output.deadline().is_some());
    let items = feed(&mut output, &vec![message; 2000]);
    assert_eq!((flags(&items), items.len()), (Some(5), 2002));
    assert!(!output.has_media());
}

#[test]
fn a_tag_that_is_a_small_part_of_its_block_does_not_keep_the_block() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    feed(&mut output, &[]);
    for size in [5u16, 5000] {
        let body = [AAC, &vec![0; usize::from(size) - AAC.len()]].concat();
        let [high, low] = size.to_be_bytes();
        let mut aggregate = vec![8, 0, high, low, 0, 0, 0, 0, 0, 0, 0];
        aggregate.extend_from_slice(&body);
        aggregate.extend_from_slice(&[0, 0, 0, 0]);
        aggregate.extend_from_slice(&[0xFF; 1 << 20]);
        let items = feed(&mut output, &[media(MediaKind::Aggregate, 0, &aggregate)]);
        assert_eq!(items.len(), 1);
        let mut data = items.into_iter().next().expect("one").data;
        assert!(
            !data.try_reclaim(SHARED_BLOCK),
            "the block of {size} bytes has room for no more"
        );
    }
}

/// An aggregate of so many parts with this body.
fn aggregate(parts: usize, body: &[u8]) -> Media {
    let length = u8::try_from(body.len()).expect("short");
    let head = [8, 0, 0, length, 0, 0, 0, 0, 0, 0, 0];
    let part = [&head[..], body, &[0; 4]].concat();
    media(MediaKind::Aggregate, 0, &part.repeat(parts))
}

#[test]
fn an_aggregate_is_taken_apart_only_as_what_is_ready_is_taken() {
    const PARTS: usize = 100_000;

    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    let now = Instant::now();
    output.media(aggregate(PARTS, AAC), now);
    output.media(media(MediaKind::Audio, 0, AAC_HEADER), now);
    let mut batch = VecDeque::new();
    let mut rounds = 0;
    while output.has_more() {
        let size: usize = output.ready.iter().map(Item::size).sum();
        assert_eq!(output.ready_bytes(), size);
        assert!((MAX_READY..MAX_READY + 1000).contains(&size), "{size}");
        assert_eq!(output.take(&mut batch), size);
        output.go_on();
        rounds += 1;
    }
    output.take(&mut batch);
    assert!(rounds > 10, "{rounds}");
    assert_eq!(batch.len(), 1 + PARTS + 1);
    let is_last = |item: &Item| matches!(item, Item::Packet(packet) if packet.header);
    assert!(batch.back().is_some_and(is_last), "order is kept");
}

#[test]
fn what_is_of_no_use_is_counted_part_by_part() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    let messages = [
        aggregate(1000, &[]),
        media(MediaKind::Video, 0, &[]),
        media(MediaKind::Audio, 0, AAC),
    ];
    items(&mut output, &messages);
    let expected = Worth {
        packets: 1,
        useless: 1001,
    };
    assert_eq!(output.take_worth(), expected);
    assert_eq!(output.take_worth(), Worth::default());
}

#[test]
fn small_tags_are_neighbours_and_do_not_touch_each_other() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    feed(&mut output, &[]);
    let messages = vec![media(MediaKind::Audio, 0, AAC); 2000];
    let items = feed(&mut output, &messages);
    for item in &items {
        assert_eq!(&item.data[11..11 + AAC.len()], AAC);
    }
    let ends = items[0].data.as_ptr_range().end;
    assert_eq!(ends, items[1].data.as_ptr());
}

#[test]
fn flags_and_times_of_items() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    let items = feed(
        &mut output,
        &[
            media(MediaKind::Audio, 1000, AAC_HEADER),
            media(MediaKind::Audio, 1000, AAC),
            media(MediaKind::Video, 1001, KEYFRAME),
            media(MediaKind::Video, 1041, INTER),
            media(MediaKind::Video, 30_000, INTER),
        ],
    );
    let seen: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item.dts,
                item.pts,
                item.header,
                item.delta_unit,
                item.discont,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (None, None, true, false, true),
            (Some(1000), Some(1000), true, false, false),
            (Some(1000), Some(1000), false, false, false),
            (Some(1001), Some(1041), false, false, false),
            (Some(1041), Some(1001), false, true, false),
            (Some(30_000), Some(29_960), false, true, true),
        ]
    );
}

#[test]
fn times_go_on_through_the_32_bit_wrap() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    let items = feed(
        &mut output,
        &[
            media(MediaKind::Audio, u32::MAX - 9, AAC),
            media(MediaKind::Audio, 10, AAC),
        ],
    );
    let last = u64::from(u32::MAX) + 11;
    assert_eq!(items.last().and_then(|item| item.dts), Some(last));
    assert!(!items.iter().skip(1).any(|item| item.discont));
}

#[test]
fn what_a_demuxer_would_stumble_over_is_dropped_and_reported_once() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    feed(&mut output, &[]);
    let bad = [
        media(MediaKind::Audio, 0, &[]),
        media(MediaKind::Video, 0, &[]),
        media(MediaKind::Video, 0, &[0x17, 2, 0, 0, 0]),
        media(MediaKind::Video, 0, &[]),
    ];
    assert!(feed(&mut output, &bad).is_empty());
    assert_eq!(output.take_notices().len(), 3);
    feed(&mut output, &bad);
    assert!(output.take_notices().is_empty());
}

/// What items are, in order, and their times in ms.
fn shown(items: &[Item]) -> Vec<String> {
    let lines = items.iter().map(|item| match item {
        Item::Packet(packet) => {
            format!("{} {}", packet.data[0], packet.dts.unwrap_or(u64::MAX))
        }
        Item::Notice(notice) => match &**notice {
            Notice::Script(data) => {
                format!("{} {} {}", data.name, data.time, data.running_time)
            }
            other => panic!("{other:?}"),
        },
        Item::Sought(sought) => panic!("{sought:?}"),
    });
    lines.collect()
}

#[test]
fn script_data_is_told_before_its_tag_also_where_it_is_held_back() {
    let script = |name: &str| amf0::encode_all([&Value::from(name)]);
    let both = Object::new()
        .with("videocodecid", 7.0)
        .with("audiocodecid", 10.0);
    let mut output = FlvOutput::new(StartPosition::Anywhere);
    let messages = [
        media(MediaKind::Data, 3, &metadata(both)),
        media(MediaKind::Data, 0, &script("onFI")),
        media(MediaKind::Data, 0, &script("|RtmpSampleAccess")),
        media(MediaKind::Audio, 9000, AAC),
        media(MediaKind::Data, 9010, &script("onCuePoint")),
        media(MediaKind::Data, 0, &script("onTextData")),
    ];
    let items = items(&mut output, &messages);
    let header = u32::from(b'F');
    assert_eq!(
        shown(&items),
        [
            format!("{header} 9000").as_str(),
            "onMetaData 9000 0",
            "18 9000",
            "onFI 9000 0",
            "18 9000",
            "8 9000",
            "onCuePoint 9010 10",
            "18 9010",
            "onTextData 9000 0",
            "18 9000",
        ]
    );
}

#[test]
fn script_data_that_makes_no_tag_waits_no_longer_than_what_does() {
    let damaged = [&[0, 2, 0, 1, b'x'][..], &[0x11, 0xFF]].concat();
    let message = media(MediaKind::DataAmf3, 5, &damaged);
    let mut output = FlvOutput::new(StartPosition::default());
    assert!(items(&mut output, std::slice::from_ref(&message)).is_empty());
    assert!(output.deadline().is_some() && output.holds_anything());
    assert_eq!(output.take_notices().len(), 1);
    output.open();
    assert_eq!(shown(&items(&mut output, &[]))[1..], ["x 5 0"]);

    // Nor does it fill the memory.
    let mut output = FlvOutput::new(StartPosition::default());
    let many = vec![message; 1 << 13];
    assert_eq!(items(&mut output, &many).len(), many.len() + 1);
}

#[test]
fn decoration_of_metadata_is_taken_off() {
    let mut output = FlvOutput::new(StartPosition::default());
    output.open();
    feed(&mut output, &[]);
    let plain = metadata(Object::new().with("width", 2.0));
    let mut decorated = amf0::encode_all([&Value::from("@setDataFrame")]).to_vec();
    decorated.extend_from_slice(&plain);
    let items = feed(&mut output, &[media(MediaKind::Data, 0, &decorated)]);
    let item = &items[0];
    assert_eq!(&item.data[11..item.data.len() - 4], plain);
    assert!(item.header);
}

/// Feeds messages of (kind, time and arrival in ms, body), opens the gate when that is
/// due, and returns the times of the frames that come out.
fn join(position: StartPosition, messages: &[(MediaKind, u32, u64, &[u8])]) -> Vec<u64> {
    let start = Instant::now();
    let mut output = FlvOutput::new(position);
    for (kind, time, arrival, body) in messages {
        let now = start + std::time::Duration::from_millis(*arrival);
        if output.deadline().is_some_and(|due| due <= now) {
            output.open();
        }
        output.media(media(*kind, *time, body), now);
    }
    let packets = feed(&mut output, &[]);
    let frames = packets.iter().filter(|packet| packet.frame);
    frames.filter_map(|packet| packet.dts).collect()
}

#[test]
fn a_play_begins_with_a_key_frame_unless_it_may_begin_anywhere() {
    use MediaKind::{Audio, Video};

    let amid: [(MediaKind, u32, u64, &[u8]); 8] = [
        (Audio, 100, 0, AAC_HEADER),
        (Audio, 100, 0, AAC),
        (Video, 120, 20, INTER),
        (Audio, 123, 20, AAC),
        (Video, 5000, 4900, KEYFRAME),
        (Audio, 5001, 4901, AAC),
        (Video, 5040, 4940, INTER),
        (Audio, 5024, 4941, AAC),
    ];
    for position in [StartPosition::FirstKeyframe, StartPosition::LiveEdge] {
        assert!(join(position, &amid[..4]).is_empty());
    }
    assert_eq!(
        join(StartPosition::FirstKeyframe, &amid),
        [5000, 5001, 5040, 5024]
    );
    assert_eq!(join(StartPosition::Anywhere, &amid).len(), 7);
    // Nor does much sound come alone: nginx-rtmp sends no video up to a key frame.
    let mut sound: Vec<(MediaKind, u32, u64, &[u8])> = vec![(Video, 0, 0, AVC_HEADER)];
    sound.extend((0..200).map(|i| (Audio, 20 * i, 20 * u64::from(i), AAC)));
    assert!(join(StartPosition::FirstKeyframe, &sound).is_empty());
    sound.push((Video, 4000, 4000, KEYFRAME));
    let times = join(StartPosition::FirstKeyframe, &sound);
    assert_eq!((times[0], times.len()), (3500, 26));
    // From the beginning nothing is left out.
    let whole: [(MediaKind, u32, u64, &[u8]); 4] = [
        (Audio, 0, 0, AAC),
        (Audio, 23, 0, AAC),
        (Video, 0, 1, KEYFRAME),
        (Video, 40, 40, INTER),
    ];
    assert_eq!(join(StartPosition::FirstKeyframe, &whole), [0, 23, 0, 40]);
}

#[test]
fn a_stream_without_key_frames_begins_late_and_not_never() {
    use MediaKind::{Audio, Video};

    let wait = KEYFRAME_WAIT.as_millis() as u64;
    let messages: [(MediaKind, u32, u64, &[u8]); 5] = [
        (Video, 0, 0, INTER),
        (Audio, 0, 0, AAC),
        (Video, 9990, wait - 10, INTER),
        (Video, 10_000, wait, INTER),
        (Audio, 10_010, wait, AAC),
    ];
    let times = join(StartPosition::FirstKeyframe, &messages);
    assert_eq!(times, [0, 10_000, 10_010]);
}

#[test]
fn sound_alone_does_not_wait_for_a_key_frame() {
    use MediaKind::{Audio, Video};

    // Video turns up when the file header is written already.
    let messages: [(MediaKind, u32, u64, &[u8]); 5] = [
        (Audio, 0, 0, AAC),
        (Audio, 600, 600, AAC),
        (Video, 610, 610, INTER),
        (Audio, 623, 623, AAC),
        (Video, 900, 900, KEYFRAME),
    ];
    let times = join(StartPosition::FirstKeyframe, &messages);
    assert_eq!(times, [0, 600, 623, 900]);
}

#[test]
fn the_live_edge_is_behind_what_the_server_has_kept() {
    use MediaKind::{Audio, Video};

    // Two groups of pictures and a half at once, then as it plays.
    let messages: [(MediaKind, u32, u64, &[u8]); 9] = [
        (Video, 0, 0, KEYFRAME),
        (Audio, 10, 0, AAC),
        (Video, 1000, 5, INTER),
        (Video, 2000, 10, KEYFRAME),
        (Audio, 2010, 10, AAC),
        (Video, 4000, 15, KEYFRAME),
        (Audio, 4010, 15, AAC),
        (Video, 4900, 20, INTER),
        (Video, 4940, 60, INTER),
    ];
    let held = join(StartPosition::LiveEdge, &messages);
    assert!(held.is_empty(), "it may go on: {held:?}");
    let mut messages = messages.to_vec();
    messages.push((Video, 5100, 230, INTER));
    messages.push((Video, 6000, 1100, KEYFRAME));
    let times = join(StartPosition::LiveEdge, &messages);
    assert_eq!(times, [4000, 4010, 4900, 4940, 5100, 6000]);
    let times = join(StartPosition::FirstKeyframe, &messages);
    assert_eq!(times.len(), messages.len());
}
