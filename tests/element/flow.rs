// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The play flow on the wire, against our own server.

use gstrtmpr::rtmp::session::MediaKind;

use crate::media::{AAC, KEYFRAME, send_headers};
use crate::player::Player;
use crate::server::Server;
use crate::wire::From::{Client, Server as Srv};
use crate::wire::{Recorder, assert_order};

#[test]
fn the_steps_of_a_play_are_made_in_order() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.session.end_play(stream);
        peer.close();
    });
    let recorder = Recorder::start(server.address());
    let player = Player::new(&format!("rtmp://{}/app/stream", recorder.address()));
    player.play();
    player.rest();
    player.set_state(gst::State::Null);

    let steps = recorder.steps();
    assert_order(
        &steps,
        &[
            (Client, "C0"),
            (Client, "C1"),
            (Srv, "S0"),
            (Srv, "S1"),
            (Srv, "S2"),
            (Client, "C2"),
            (Client, "connect"),
            (Srv, "WindowAckSize"),
            (Srv, "SetPeerBandwidth"),
            (Srv, "StreamBegin"),
            (Srv, "_result"),
            (Client, "WindowAckSize"),
            (Client, "createStream"),
            (Srv, "_result"),
            (Client, "SetBufferLength"),
            (Client, "play"),
            (Srv, "StreamBegin"),
            (Srv, "NetStream.Play.Reset"),
            (Srv, "NetStream.Play.Start"),
            (Srv, "Video"),
            (Srv, "Audio"),
            (Srv, "Audio"),
            (Srv, "Video"),
            (Srv, "StreamEof"),
        ],
    );
    let windows = steps
        .iter()
        .filter(|step| **step == (Client, "WindowAckSize".to_owned()));
    assert_eq!(windows.count(), 1, "servers drop clients that repeat it");
    let connects = steps.iter().filter(|(_, name)| name == "connect");
    assert_eq!(connects.count(), 1);
}
