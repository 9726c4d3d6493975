// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages that are cut, given up or interleaved.

use gstrtmpr::rtmp::chunk::Csid;
use gstrtmpr::rtmp::message::ProtocolControl;
use gstrtmpr::rtmp::user_control::UserControl;

use super::message::{Said, chunk_size, eof, message, user, video};
use super::script::{Script, plain_tags};
use super::talk::Talk;
use crate::media::{INTER, KEYFRAME, tag};

/// A chunk stream that nothing else uses.
const CSID: u8 = 7;

/// The first chunk of a picture at this time.
fn first_chunk(time: u32, picture: &[u8], chunk_size: usize) -> Vec<u8> {
    let [_, time @ ..] = time.to_be_bytes();
    let length = u32::try_from(picture.len()).expect("a small picture");
    let [_, length @ ..] = length.to_be_bytes();
    let stream = [9, 1, 0, 0, 0];
    [&[CSID], &time[..], &length, &stream, &picture[..chunk_size]].concat()
}

fn next_chunk(bytes: &[u8]) -> Vec<u8> {
    [&[0xC0 | CSID], bytes].concat()
}

fn picture(size: usize) -> Vec<u8> {
    let mut picture = KEYFRAME.to_vec();
    picture.resize(size, 0x55);
    picture
}

fn abort(csid: u8) -> Said {
    let (kind, body) = ProtocolControl::Abort(Csid(csid.into())).encode();
    message(2, 0, kind.into(), 0, body.as_slice())
}

/// A plain server that does something else before its StreamEOF.
fn then(tags: &[Vec<u8>], action: fn(&mut Talk)) {
    let mut server = Script::plain();
    server.play.pop();
    let tags = [&plain_tags(), tags].concat();
    server.ends_by_word_after(&tags, move |talk| {
        action(talk);
        talk.say(&[eof(1)]);
    });
}

#[test]
fn an_aborted_message_is_dropped_and_the_next_one_is_whole() {
    then(&[tag(9, 1080, KEYFRAME), tag(9, 1120, INTER)], |talk| {
        talk.write(&first_chunk(1080, &picture(10_000), 4096));
        talk.write(&next_chunk(&[0x55; 4096]));
        talk.say(&[abort(CSID), video(CSID.into(), 1, 1080, KEYFRAME)]);
        talk.say(&[video(6, 1, 1120, INTER)]);
    });
}

#[test]
fn an_aborted_message_lends_its_header_to_the_next_one() {
    // So late that a header without time means the same time.
    let second = [KEYFRAME, &[0x66; 5000]].concat();
    then(&[tag(9, 20_000, &second)], |talk| {
        let second = [KEYFRAME, &[0x66; 5000]].concat();
        talk.write(&first_chunk(20_000, &picture(second.len()), 4096));
        talk.say(&[abort(CSID)]);
        talk.write(&next_chunk(&second[..4096]));
        talk.write(&next_chunk(&second[4096..]));
    });
}

#[test]
fn an_abort_of_nothing_is_overlooked() {
    then(&[tag(9, 1080, INTER)], |talk| {
        talk.say(&[abort(6), abort(CSID), abort(200)]);
        talk.say(&[video(6, 1, 1080, INTER), abort(6)]);
    });
}

#[test]
fn a_message_given_up_without_a_word_is_dropped_and_the_next_one_is_whole() {
    then(&[tag(9, 1080, KEYFRAME)], |talk| {
        talk.write(&first_chunk(1080, &picture(10_000), 4096));
        talk.say(&[video(CSID.into(), 1, 1080, KEYFRAME)]);
    });
}

#[test]
fn any_chunk_size_is_followed_from_the_next_chunk_on() {
    let mut server = Script::plain();
    let sizes = [1, 127, 0x00FF_FFFF, 2, 128, 65_536, 3];
    server.play = sizes
        .into_iter()
        .map(chunk_size)
        .zip(server.play)
        .flat_map(|(size, said)| [size, said])
        .chain([video(6, 1, 1040, INTER), eof(1)])
        .collect();
    server.ends_by_word(&plain_tags());
}

#[test]
fn control_messages_within_a_picture_take_effect_at_once() {
    let whole = tag(9, 1080, &picture(20_000));
    then(&[tag(9, 1070, INTER), whole], |talk| {
        let picture = picture(20_000);
        talk.write(&first_chunk(1080, &picture, 4096));
        talk.say(&[user(&UserControl::PingRequest(9))]);
        // Before the rest of the picture has come.
        talk.hears_pong(9);
        talk.write(&next_chunk(&picture[4096..8192]));
        talk.say(&[video(6, 1, 1070, INTER), chunk_size(50_000)]);
        talk.write(&next_chunk(&picture[8192..]));
    });
}
