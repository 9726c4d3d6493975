// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Metadata and sequence headers: late, repeated, changed, never.

use gstrtmpr::rtmp::amf::Object;

use super::message::{audio, data, eof, video};
use super::script::{Script, plain_media, plain_tags};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, tag};

/// The main profile instead of the baseline.
fn other_avc_header() -> Vec<u8> {
    let mut header = AVC_HEADER.to_vec();
    header[6] = 0x4D;
    header[14] = 0x4D;
    header
}

/// Plain media with some of them taken out.
fn without(range: std::ops::Range<usize>) -> (Script, Vec<Vec<u8>>) {
    let mut server = Script::plain();
    let mut media = plain_media();
    let mut tags = plain_tags();
    media.drain(range.clone());
    tags.drain(range);
    server.play = [media, vec![eof(1)]].concat();
    (server, tags)
}

#[test]
fn metadata_may_never_come() {
    let (server, tags) = without(0..1);
    server.ends_by_word(&tags);
}

#[test]
fn sequence_headers_may_never_come() {
    let (server, tags) = without(1..3);
    server.ends_by_word(&tags);
}

#[test]
fn frames_alone_are_enough() {
    let (server, tags) = without(0..3);
    server.ends_by_word(&tags);
}

#[test]
fn metadata_behind_the_frames_get_their_time() {
    let mut server = Script::plain();
    let metadata = server.play.remove(2);
    let body = metadata.body.clone();
    server.play.insert(7, metadata);
    let mut tags = plain_tags();
    tags.remove(0);
    tags.push(tag(18, 1040, &body));
    server.ends_by_word(&tags);
}

#[test]
fn metadata_that_come_again_come_out_again() {
    let mut server = Script::plain();
    let metadata = server.play[2].clone();
    let mut other = data(
        5,
        1,
        [
            "onMetaData".into(),
            Object::new().with("width", 640.0).into(),
        ],
    );
    other.time = 7;
    let changed = other.body.clone();
    server.play.insert(3, metadata.clone());
    server.play.insert(9, metadata.clone());
    server.play.insert(10, other);
    let mut tags = plain_tags();
    tags.insert(1, tag(18, 0, &metadata.body));
    tags.push(tag(18, 1040, &metadata.body));
    tags.push(tag(18, 1040, &changed));
    server.ends_by_word(&tags);
}

#[test]
fn sequence_headers_that_come_again_come_out_again() {
    // With the present time, with 0 and with the one of the start.
    for time in [1040, 0, 1000] {
        let mut server = Script::plain();
        server.play.pop();
        server.play.extend([
            video(6, 1, time, AVC_HEADER),
            audio(4, 1, time, AAC_HEADER),
            video(6, 1, 1080, KEYFRAME),
            eof(1),
        ]);
        let mut tags = plain_tags();
        tags.extend([
            tag(9, 1040, AVC_HEADER),
            tag(8, 1040, AAC_HEADER),
            tag(9, 1080, KEYFRAME),
        ]);
        server.ends_by_word(&tags);
    }
}

#[test]
fn changed_sequence_headers_in_mid_stream_come_out_in_their_place() {
    let video_header = other_avc_header();
    let audio_header = [0xAF, 0, 0x11, 0x90];
    let mut server = Script::plain();
    server.play.pop();
    server.play.extend([
        // The end of the sequence before.
        video(6, 1, 1040, &[0x17, 2, 0, 0, 0]),
        video(6, 1, 1080, &video_header),
        video(6, 1, 1080, KEYFRAME),
        audio(4, 1, 1080, &audio_header),
        audio(4, 1, 1085, AAC),
        video(6, 1, 1120, INTER),
        eof(1),
    ]);
    let mut tags = plain_tags();
    tags.extend([
        tag(9, 1080, &video_header),
        tag(9, 1080, KEYFRAME),
        tag(8, 1080, &audio_header),
        tag(8, 1085, AAC),
        tag(9, 1120, INTER),
    ]);
    server.ends_by_word(&tags);
}

#[test]
fn a_kind_of_media_that_the_metadata_did_not_name_comes_out() {
    let mut server = Script::plain();
    let width = Object::new().with("width", 320.0).with("videocodecid", 7.0);
    let only_video = data(5, 1, ["onMetaData".into(), width.into()]);
    let body = only_video.body.clone();
    server.play[2] = only_video;
    let mut tags = plain_tags();
    tags[0] = tag(18, 0, &body);
    server.ends_by_word(&tags);
}
