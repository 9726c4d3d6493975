// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Answers in every legal order.

use gstrtmpr::rtmp::command::Command;

use super::message::{
    PLAY, SIDE_CALL, Said, bandwidth, begin, call, chunk_size, command, connected, created,
    on_status, sample_access, status, success, window,
};
use super::script::{Script, plain_media, plain_tags};

/// The same messages in every order.
fn permutations(said: &[Said]) -> Vec<Vec<Said>> {
    if said.is_empty() {
        return vec![Vec::new()];
    }
    let first = |at: usize| {
        let mut rest = said.to_vec();
        let first = rest.remove(at);
        let with_first = move |rest: Vec<Said>| [vec![first.clone()], rest].concat();
        permutations(&rest).into_iter().map(with_first)
    };
    (0..said.len()).flat_map(first).collect()
}

#[test]
fn control_messages_may_come_in_any_order_around_the_answer_to_connect() {
    let said = [
        window(2_500_000),
        bandwidth(5_000_000),
        begin(0),
        chunk_size(64),
        connected(Default::default(), success()),
    ];
    let orders = permutations(&said);
    assert_eq!(orders.len(), 120);
    for connect in orders {
        let server = Script {
            connect,
            ..Script::plain_with_stop()
        };
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn statuses_and_the_answer_to_play_may_come_in_any_order() {
    let said = [
        begin(1),
        on_status(5, 1, status("NetStream.Play.Reset")),
        on_status(5, 1, status("NetStream.Play.Start")),
        command(3, 0, &Command::new("_result", PLAY)),
        sample_access(5, 1),
    ];
    for start in permutations(&said) {
        let mut server = Script::plain_with_stop();
        server.play.splice(..2, start);
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn the_answer_to_play_alone_is_no_start() {
    let mut server = Script::plain();
    server.play = vec![command(3, 1, &Command::new("_result", PLAY))];
    server.stays_in("play");
}

#[test]
fn side_calls_may_be_answered_before_or_after_create_stream_or_not_at_all() {
    let subscribed = |name| command(3, 0, &Command::new(name, SIDE_CALL));
    let notice = Command::new("onFCSubscribe", 0.0);
    let notice = command(3, 0, &notice.argument(status("NetStream.Play.Start")));
    for side in [subscribed("_result"), subscribed("_error"), notice] {
        for create_stream in permutations(&[created(1), side, call("onBWDone")]) {
            let server = Script {
                create_stream,
                subscribed: true,
                ..Script::plain_with_stop()
            };
            server.ends_by_word(&plain_tags());
        }
    }
    let unanswered = Script {
        subscribed: true,
        ..Script::plain_with_stop()
    };
    unanswered.ends_by_word(&plain_tags());
}

#[test]
fn a_side_call_may_be_answered_in_the_middle_of_media() {
    let mut server = Script {
        subscribed: true,
        ..Script::plain()
    };
    let late = Command::new("_error", SIDE_CALL).argument(status("NetConnection.Call.Failed"));
    server.play = plain_media();
    server.play.insert(4, command(3, 0, &late));
    server.play.push(super::message::eof(1));
    server.ends_by_word(&plain_tags());
}
