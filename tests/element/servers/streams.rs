// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! On which message stream things come.

use super::message::{Said, audio, begin, created, data, eof, on_status, status, video, window};
use super::script::{Script, plain_media, plain_tags};
use crate::media::{AAC, KEYFRAME};

fn error(code: &str) -> gstrtmpr::rtmp::amf::Object {
    status(code)
        .with("level", "error")
        .with("description", "other")
}

#[test]
fn a_status_on_message_stream_0_is_ours() {
    let mut server = Script::plain();
    server.play = vec![on_status(3, 0, status("NetStream.Play.Start"))];
    server.clone().waits();

    server.play.extend(plain_media());
    server
        .play
        .push(on_status(3, 0, status("NetStream.Play.Stop")));
    server.ends_by_word(&plain_tags());

    let mut server = Script::plain();
    server.play = vec![on_status(3, 0, error("NetStream.Play.StreamNotFound"))];
    server.fails(gst::ResourceError::NotFound, &["StreamNotFound"]);
}

#[test]
fn media_on_message_stream_0_are_ours() {
    let mut server = Script::plain();
    server.play = plain_media().into_iter().map(|said| said.on(0)).collect();
    server.play.push(eof(1));
    server.ends_by_word(&plain_tags());
}

#[test]
fn the_stream_has_the_number_that_the_server_gave_it() {
    for stream in [2, 5, u32::from(u16::MAX), u32::MAX] {
        let mut server = Script::plain();
        server.create_stream = vec![created(stream)];
        server.play = vec![begin(stream)];
        server
            .play
            .push(on_status(5, stream, status("NetStream.Play.Start")));
        let media = plain_media().into_iter().map(|said| said.on(stream));
        server.play.extend(media);
        server.play.push(eof(stream));
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn what_comes_on_streams_of_others_in_between_is_left_out_and_ends_nothing() {
    // On the same chunk streams, so that their times are kept apart as well.
    let foreign = |stream: u32| -> Vec<Said> {
        vec![
            begin(stream),
            video(6, stream, 90_000, KEYFRAME),
            audio(4, stream, 90_000, AAC),
            data(5, stream, ["onMetaData".into()]),
            on_status(5, stream, error("NetStream.Play.StreamNotFound")),
            on_status(5, stream, status("NetStream.Play.Stop")),
            on_status(5, stream, status("NetStream.Play.UnpublishNotify")),
            eof(stream),
        ]
    };
    for stream in [2, u32::MAX] {
        let mut server = Script::plain();
        let between = |said: Said| [foreign(stream), vec![said]].concat();
        server.play = server.play.into_iter().flat_map(between).collect();
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn control_messages_on_a_message_stream_of_their_own_are_obeyed() {
    let mut server = Script::plain();
    server.connect.insert(0, window(4096).on(7));
    server.play.insert(0, begin(1).on(9));
    server.ends_by_word(&plain_tags());
}
