// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A whole conversation, each byte by itself. Every place to cut it in two is
//! tried where no socket is needed, in the session's own tests.

use super::message::{on_status, status};
use super::script::{Script, plain_tags};
use super::talk::Pace;

#[test]
fn a_conversation_byte_by_byte_is_the_same_conversation() {
    let mut server = Script {
        pace: Pace::Bytes,
        ..Script::plain()
    };
    server.play.pop();
    server
        .play
        .push(on_status(5, 1, status("NetStream.Play.Stop")));
    server.ends_by_word(&plain_tags());
}
