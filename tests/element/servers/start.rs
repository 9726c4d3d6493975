// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a play starts with.

use super::message::{begin, created, data_start, eof, on_status, sample_access, status};
use super::script::{Script, plain_media, plain_tags};

#[test]
fn media_without_any_status_are_played() {
    let mut server = Script::plain();
    server.play.remove(1);
    server.clone().ends_by_word(&plain_tags());
    // Not even StreamBegin.
    server.play.remove(0);
    server.ends_by_word(&plain_tags());
}

#[test]
fn media_in_front_of_play_start_are_not_lost() {
    for before in 1..=6 {
        let mut server = Script::plain();
        let start = server.play.remove(1);
        server.play.insert(1 + before, start);
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn media_in_front_of_play_are_not_lost() {
    // All of it, or the headers, right behind the answer to createStream.
    for before in [6, 3] {
        let mut server = Script::plain();
        let media = plain_media();
        let (early, late) = media.split_at(before);
        server.create_stream = [vec![created(1)], early.to_vec()].concat();
        server.play = vec![begin(1), on_status(5, 1, status("NetStream.Play.Start"))];
        server.play.extend_from_slice(late);
        server.play.push(eof(1));
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn each_of_these_is_a_start() {
    for start in [
        on_status(5, 1, status("NetStream.Play.Start")),
        on_status(5, 1, status("NetStream.Play.PublishNotify")),
        on_status(5, 1, status("NetStream.Data.Start")),
        data_start(5, 1),
    ] {
        let mut server = Script::plain();
        server.play = vec![start];
        server.waits();
    }
}

#[test]
fn none_of_these_is_a_start() {
    let mut server = Script::plain();
    server.play = vec![
        begin(0),
        begin(1),
        on_status(5, 1, status("NetStream.Play.Reset")),
        on_status(5, 1, status("NetStream.Play.Switch")),
        // Left over from what was played before on this connection.
        on_status(5, 1, status("NetStream.Play.Stop")),
        eof(1),
    ];
    server.clone().stays_in("play");
    server.play.extend(Script::plain().play);
    server.ends_by_word(&plain_tags());
}

#[test]
fn the_permission_to_look_at_samples_does_not_come_out() {
    let mut server = Script::plain();
    for at in [3, 4, 6] {
        server.play.insert(at, sample_access(5, 1));
    }
    server.ends_by_word(&plain_tags());
}
