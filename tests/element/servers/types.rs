// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Media messages of unusual kinds and sizes.

use super::message::{audio, eof, message, video};
use super::script::{Script, plain_media, plain_tags};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, metadata, tag};

/// The longest message that there can be.
const LONGEST: usize = (1 << 24) - 1;

/// A plain server that sends these behind its frames.
fn plain_and(said: &[super::message::Said]) -> Script {
    let mut server = Script::plain();
    server.play.pop();
    server.play.extend_from_slice(said);
    server.play.push(eof(1));
    server
}

#[test]
fn a_stream_in_aggregates_comes_out_like_any_other() {
    // The parts have the publisher's times, the aggregate the present one.
    let parts = [
        tag(18, 500, &metadata()),
        tag(9, 500, AVC_HEADER),
        tag(8, 500, AAC_HEADER),
        tag(9, 500, KEYFRAME),
        tag(8, 505, AAC),
        tag(9, 540, INTER),
    ];
    let mut server = Script::plain();
    let mut whole = message(6, 1, 22, 1000, &parts.concat());
    server.play = vec![whole.clone(), eof(1)];
    let mut tags = plain_tags();
    tags[0] = tag(18, 1000, &metadata());
    server.clone().ends_by_word(&tags);

    // The last back pointer may be missing.
    let cut = whole.body.len() - 4;
    whole.body.truncate(cut);
    server.play[0] = whole;
    server.ends_by_word(&tags);
}

#[test]
fn parts_of_an_aggregate_behind_a_broken_one_are_left_out() {
    let mut body = tag(9, 0, KEYFRAME);
    body.extend([9, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
    let server = plain_and(&[message(6, 1, 22, 1080, &body), video(6, 1, 1120, INTER)]);
    let mut tags = plain_tags();
    tags.extend([tag(9, 1080, KEYFRAME), tag(9, 1120, INTER)]);
    server.ends_by_word(&tags);
}

#[test]
fn empty_media_are_left_out_wherever_they_come() {
    let mut server = Script::plain();
    let empty = [audio(4, 1, 5, &[]), video(6, 1, 5, &[])];
    let with_empty = |said| [empty.to_vec(), vec![said]].concat();
    server.play = plain_media().into_iter().flat_map(with_empty).collect();
    server.play.push(message(6, 1, 22, 5, &[]));
    server.play.push(message(5, 1, 18, 5, &[]));
    server.play.push(eof(1));
    server.ends_by_word(&plain_tags());
}

#[test]
fn empty_media_are_a_start() {
    let mut server = Script::plain();
    server.play = vec![audio(4, 1, 0, &[])];
    server.waits();
}

#[test]
fn the_longest_message_of_media_is_played() {
    let mut picture = KEYFRAME.to_vec();
    picture.resize(LONGEST, 0xAA);
    let server = plain_and(&[video(6, 1, 1080, &picture), video(6, 1, 1120, INTER)]);
    let mut tags = plain_tags();
    tags.extend([tag(9, 1080, &picture), tag(9, 1120, INTER)]);
    server.ends_by_word(&tags);
}

#[test]
fn a_message_that_is_too_long_for_its_type_is_refused() {
    for kind in [18, 20, 21] {
        let server = plain_and(&[message(5, 1, kind, 0, &vec![0; LONGEST])]);
        server.fails(gst::ResourceError::Read, &["broke the RTMP protocol"]);
    }
}
