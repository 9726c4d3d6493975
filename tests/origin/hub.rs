// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The hub without sockets: publications on one side, outboxes on the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gstrtmpr::rtmp::Payload;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::{Media, MediaKind};

use crate::origin::hub::{Hub, Missing, NameInUse, Publication, Subscription};
use crate::origin::outbox::{Item, Outbox, Taken};
use crate::origin::packet::{Content, Packet, Role, Slot, for_each_packet};

const PATH: &str = "live/test";
const STREAM: StreamId = StreamId(7);
const PLENTY: usize = 1 << 20;

const METADATA: &[u8] = b"\x02\x00\x0AonMetaData\x03\x00\x00\x09";
const AVC_HEADER: &[u8] = b"\x17\x00\x00\x00\x00\x01\x42\x00\x1F\xFF\xE0\x00";
const OTHER_AVC_HEADER: &[u8] = b"\x17\x00\x00\x00\x00\x01\x4D\x00\x1F\xFF\xE0\x00";
const AAC_HEADER: &[u8] = b"\xAF\x00\x12\x10";
const HEVC_HEADER: &[u8] = b"\x90hvc1\x01";
const KEYFRAME: &[u8] = b"\x17\x01\x00\x00\x00key";
const FRAME: &[u8] = b"\x27\x01\x00\x00\x00frame";
const AUDIO: &[u8] = b"\xAF\x01audio";

fn media(kind: MediaKind, timestamp: u32, body: &[u8]) -> Media {
    Media {
        kind,
        stream: StreamId(1),
        timestamp,
        payload: Payload::from(body),
    }
}

fn packets(kind: MediaKind, timestamp: u32, body: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    for_each_packet(media(kind, timestamp, body), |packet| packets.push(packet));
    packets
}

/// What a message of this kind and body means.
fn role(kind: MediaKind, body: &[u8]) -> Role {
    let packets = packets(kind, 0, body);
    assert_eq!(packets.len(), 1);
    packets[0].role
}

fn send(publication: &Publication, kind: MediaKind, timestamp: u32, body: &[u8]) {
    for packet in packets(kind, timestamp, body) {
        assert!(publication.send(&packet));
    }
}

fn video(publication: &Publication, timestamp: u32, body: &[u8]) {
    send(publication, MediaKind::Video, timestamp, body);
}

fn audio(publication: &Publication, timestamp: u32, body: &[u8]) {
    send(publication, MediaKind::Audio, timestamp, body);
}

fn publish(hub: &Arc<Hub>) -> Publication {
    let publication = hub.publish(PATH, NameInUse::Refuse);
    publication.expect("nobody else publishes")
}

fn play(hub: &Arc<Hub>, outbox: &Arc<Outbox>) -> Subscription {
    let subscription = hub.subscribe(PATH, Missing::Wait, STREAM, outbox);
    subscription.expect("plays may wait")
}

fn outbox(max_bytes: usize) -> Arc<Outbox> {
    Arc::new(Outbox::new(max_bytes))
}

/// What waits in an outbox: time and body of each message, `None` for the end.
fn taken(outbox: &Outbox) -> Vec<Option<(u32, Vec<u8>)>> {
    let mut batch = Vec::new();
    assert_eq!(
        outbox.take(&mut batch, usize::MAX, Instant::now()),
        Taken::Work
    );
    let seen = batch.into_iter().map(|item| {
        assert_eq!(item.target().stream, STREAM);
        match item {
            Item::Media(_, packet) => Some((packet.timestamp, packet.body.to_vec())),
            Item::End(_) => None,
        }
    });
    seen.collect()
}

fn message(timestamp: u32, body: &[u8]) -> Option<(u32, Vec<u8>)> {
    Some((timestamp, body.to_vec()))
}

#[test]
fn messages_are_told_apart() {
    let slot = |content, track| Role::Header(Slot { content, track });
    for (kind, body, wanted) in [
        (MediaKind::Data, METADATA, Role::Metadata),
        (MediaKind::Video, AVC_HEADER, slot(Content::Video, 0)),
        (MediaKind::Video, HEVC_HEADER, slot(Content::Video, 0)),
        (
            MediaKind::Video,
            b"\x96\x00avc1\x03\x01",
            slot(Content::Video, 3),
        ),
        (
            MediaKind::Video,
            b"\xD4hvc1\x02\x00\x00",
            slot(Content::VideoColour, 0),
        ),
        (MediaKind::Audio, AAC_HEADER, slot(Content::Audio, 0)),
        (MediaKind::Video, KEYFRAME, Role::Keyframe(0)),
        (MediaKind::Video, FRAME, Role::InterFrame),
        (MediaKind::Video, b"\x17\x02\x00\x00\x00", Role::Other),
        (MediaKind::Video, b"\x17", Role::Other),
        (MediaKind::Audio, AUDIO, Role::Audio),
    ] {
        assert_eq!(role(kind, body), wanted, "{body:02x?}");
    }
}

#[test]
fn set_data_frame_is_stripped_and_clear_data_frame_is_obeyed() {
    let set = [b"\x02\x00\x0D@setDataFrame", METADATA].concat();
    let packet = &packets(MediaKind::Data, 5, &set)[0];
    assert_eq!(packet.role, Role::Metadata);
    assert_eq!(&packet.body[..], METADATA);

    let amf3 = [b"\x00", &set[..]].concat();
    let packet = &packets(MediaKind::DataAmf3, 5, &amf3)[0];
    assert_eq!((packet.kind, &packet.body[..]), (MediaKind::Data, METADATA));

    let clear = b"\x02\x00\x0F@clearDataFrame\x02\x00\x0AonMetaData";
    assert_eq!(role(MediaKind::Data, clear), Role::ClearMetadata);
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    send(&publication, MediaKind::Data, 0, METADATA);
    send(&publication, MediaKind::Data, 0, clear);
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    assert_eq!(taken(&outbox), []);
}

#[test]
fn empty_messages_are_left_out() {
    assert_eq!(packets(MediaKind::Video, 0, b"").len(), 0);
    assert_eq!(packets(MediaKind::Audio, 0, b"").len(), 0);
    assert_eq!(packets(MediaKind::Data, 0, b"").len(), 0);
}

#[test]
fn aggregates_are_taken_apart() {
    let mut body = Vec::new();
    for (kind, time, data) in [(8, 100, AUDIO), (9, 140, KEYFRAME)] {
        body.extend([kind, 0, 0, data.len() as u8, 0, 0, time, 0, 0, 0, 0]);
        body.extend(data);
        body.extend((data.len() as u32 + 11).to_be_bytes());
    }
    let packets = packets(MediaKind::Aggregate, 1000, &body);
    let seen: Vec<_> = packets.iter().map(|p| (p.timestamp, p.role)).collect();
    assert_eq!(seen, [(1000, Role::Audio), (1040, Role::Keyframe(0))]);
}

#[test]
fn a_player_that_waited_gets_all_that_is_sent() {
    let hub = Hub::new(PLENTY);
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    assert!(!hub.summary(PATH).published);

    let publication = publish(&hub);
    video(&publication, 0, AVC_HEADER);
    audio(&publication, 1, AUDIO);
    video(&publication, 2, KEYFRAME);
    video(&publication, 3, FRAME);
    assert_eq!(
        taken(&outbox),
        [
            message(0, AVC_HEADER),
            message(1, AUDIO),
            message(2, KEYFRAME),
            message(3, FRAME)
        ]
    );
}

#[test]
fn a_late_player_gets_headers_and_all_since_the_last_keyframe() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    send(&publication, MediaKind::Data, 0, METADATA);
    video(&publication, 0, AVC_HEADER);
    audio(&publication, 0, AAC_HEADER);
    video(&publication, 1000, KEYFRAME);
    video(&publication, 1040, FRAME);
    video(&publication, 2000, KEYFRAME);
    audio(&publication, 2010, AUDIO);
    video(&publication, 2040, FRAME);

    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    video(&publication, 2080, FRAME);
    assert_eq!(
        taken(&outbox),
        [
            message(2000, METADATA),
            message(2000, AVC_HEADER),
            message(2000, AAC_HEADER),
            message(2000, KEYFRAME),
            message(2010, AUDIO),
            message(2040, FRAME),
            message(2080, FRAME)
        ]
    );
}

#[test]
fn frames_before_the_first_keyframe_are_for_nobody() {
    let hub = Hub::new(PLENTY);
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    let publication = publish(&hub);
    video(&publication, 0, FRAME);
    video(&publication, 40, KEYFRAME);
    assert_eq!(taken(&outbox), [message(40, KEYFRAME)]);
}

#[test]
fn a_late_player_waits_for_a_keyframe_if_there_was_too_much_since_the_last() {
    let hub = Hub::new(1000);
    let publication = publish(&hub);
    video(&publication, 0, AVC_HEADER);
    video(&publication, 0, KEYFRAME);
    for time in 1..20 {
        video(&publication, time, FRAME);
    }
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    video(&publication, 20, FRAME);
    audio(&publication, 20, AUDIO);
    assert_eq!(taken(&outbox), [message(19, AVC_HEADER)]);
    video(&publication, 40, KEYFRAME);
    video(&publication, 60, FRAME);
    assert_eq!(taken(&outbox), [message(40, KEYFRAME), message(60, FRAME)]);
}

#[test]
fn a_late_player_of_audio_begins_at_once() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    audio(&publication, 0, AAC_HEADER);
    audio(&publication, 20, AUDIO);
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    audio(&publication, 40, AUDIO);
    assert_eq!(
        taken(&outbox),
        [message(20, AAC_HEADER), message(40, AUDIO)]
    );
}

#[test]
fn a_new_header_replaces_the_old_one_and_what_was_coded_with_it() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    video(&publication, 0, AVC_HEADER);
    video(&publication, 0, KEYFRAME);
    // The same again is no change.
    video(&publication, 10, AVC_HEADER);
    let first = outbox(PLENTY);
    let _first = play(&hub, &first);
    assert_eq!(
        taken(&first),
        [message(0, AVC_HEADER), message(0, KEYFRAME)]
    );

    video(&publication, 20, OTHER_AVC_HEADER);
    let second = outbox(PLENTY);
    let _second = play(&hub, &second);
    video(&publication, 30, FRAME);
    video(&publication, 40, KEYFRAME);
    assert_eq!(
        taken(&second),
        [message(0, OTHER_AVC_HEADER), message(40, KEYFRAME)]
    );
}

#[test]
fn a_slow_player_goes_on_with_headers_and_a_keyframe() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    let slow = outbox(600);
    let _slow = play(&hub, &slow);
    let fast = outbox(PLENTY);
    let _fast = play(&hub, &fast);
    video(&publication, 0, AVC_HEADER);
    video(&publication, 0, KEYFRAME);
    for time in 1..10 {
        video(&publication, time, FRAME);
    }
    video(&publication, 10, OTHER_AVC_HEADER);
    // Still as full as before.
    video(&publication, 11, KEYFRAME);
    assert!(hub.summary(PATH).dropped > 0);

    let before = taken(&slow);
    assert_eq!(before.len(), 4);
    assert_eq!(before.last(), Some(&message(2, FRAME)));
    video(&publication, 12, FRAME);
    video(&publication, 13, KEYFRAME);
    video(&publication, 14, FRAME);
    assert_eq!(
        taken(&slow),
        [
            message(13, OTHER_AVC_HEADER),
            message(13, KEYFRAME),
            message(14, FRAME)
        ]
    );
    assert_eq!(taken(&fast).len(), 16, "the other one misses nothing");
}

#[test]
fn a_packet_beyond_the_limit_passes_an_empty_queue() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    let outbox = outbox(10);
    let _play = play(&hub, &outbox);
    let large = [KEYFRAME, &[0; 100_000]].concat();
    video(&publication, 0, &large);
    assert_eq!(taken(&outbox), [message(0, &large)]);
}

#[test]
fn the_end_comes_behind_all_media() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    let outbox = outbox(PLENTY);
    let subscription = play(&hub, &outbox);
    audio(&publication, 0, AUDIO);
    drop(publication);
    assert_eq!(taken(&outbox), [message(0, AUDIO), None]);
    assert_eq!(hub.summary(PATH), Default::default());
    drop(subscription);
}

#[test]
fn a_player_that_leaves_gets_nothing_more() {
    let hub = Hub::new(PLENTY);
    let publication = publish(&hub);
    let outbox = outbox(PLENTY);
    let subscription = play(&hub, &outbox);
    audio(&publication, 0, AUDIO);
    assert_eq!(hub.summary(PATH).players, 1);
    drop(subscription);
    audio(&publication, 20, AUDIO);
    assert_eq!(taken(&outbox), [], "nor what was queued");
    assert_eq!(hub.summary(PATH).players, 0);
}

#[test]
fn a_path_has_one_publisher() {
    let hub = Hub::new(PLENTY);
    let first = publish(&hub);
    assert!(hub.publish(PATH, NameInUse::Refuse).is_none());
    assert!(hub.publish("live/other", NameInUse::Refuse).is_some());
    drop(first);
    assert!(hub.publish(PATH, NameInUse::Refuse).is_some());
}

#[test]
fn a_publisher_may_take_the_place_of_another_and_players_stay() {
    let hub = Hub::new(PLENTY);
    let first = publish(&hub);
    let outbox = outbox(PLENTY);
    let _play = play(&hub, &outbox);
    video(&first, 0, KEYFRAME);

    let second = hub.publish(PATH, NameInUse::Replace).expect("it may");
    assert!(!hub.summary(PATH).has_media);
    let late = packets(MediaKind::Video, 40, FRAME);
    assert!(!first.send(&late[0]), "its time is over");
    drop(first);
    video(&second, 0, KEYFRAME);
    assert_eq!(taken(&outbox), [message(0, KEYFRAME), message(0, KEYFRAME)]);
    assert!(hub.summary(PATH).published);
}

#[test]
fn a_play_of_nothing_is_refused_if_wanted() {
    let hub = Hub::new(PLENTY);
    let outbox = outbox(PLENTY);
    let refused = hub.subscribe(PATH, Missing::Refuse, STREAM, &outbox);
    assert!(refused.is_none());
    let _publication = publish(&hub);
    let accepted = hub.subscribe(PATH, Missing::Refuse, STREAM, &outbox);
    assert!(accepted.is_some());
}

#[test]
fn waiting_ends_when_the_stream_is_as_wanted() {
    let hub = Hub::new(PLENTY);
    let none = Duration::ZERO;
    assert!(!hub.wait_for(PATH, none, |stream| stream.published));
    let publishing = Arc::clone(&hub);
    let thread = std::thread::spawn(move || {
        let publication = publish(&publishing);
        audio(&publication, 0, AUDIO);
        publication
    });
    assert!(hub.wait_for(PATH, crate::HANG, |stream| stream.has_media));
    drop(thread.join().expect("it publishes"));
    assert!(hub.wait_for(PATH, none, |stream| !stream.published));
}
