// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording that is paused for longer than the queue holds.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::media::{INTER, KEYFRAME, send_headers};
use crate::player::Player;
use crate::server::{Peer, Server};

/// Waits for the command `pause`, and returns what it says.
fn asked(peer: &mut Peer) -> (bool, f64) {
    peer.until(|event| match event {
        Event::Called(command) if command.name == "pause" => {
            let paused = command.arguments.first().and_then(|value| value.as_bool());
            Some((paused?, command.number_argument(1)?))
        }
        _ => None,
    })
}

fn say(peer: &mut Peer, stream: StreamId, code: StatusCode) {
    let status = Status::new(Level::Status, code, "said so");
    peer.session.status(stream, &status);
}

#[test]
fn the_server_stops_stays_connected_and_goes_on() {
    const FRAMES: u32 = 400;
    let (sender, has_paused) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        let recorded = UserControl::StreamIsRecorded(stream);
        peer.session.user_control(&recorded);
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        for n in 1..FRAMES {
            peer.media(stream, MediaKind::Video, 40 * n, INTER);
        }
        peer.flush();
        let (paused, at) = asked(peer);
        assert!(paused && at <= f64::from(40 * (FRAMES - 1)), "{at}");
        peer.session.user_control(&UserControl::StreamEof(stream));
        say(peer, stream, StatusCode::PauseNotify);
        // It reads on, though its queue is full.
        peer.session.user_control(&UserControl::PingRequest(7));
        peer.until(|event| match event {
            Event::UserControl(UserControl::PingResponse(7)) => Some(()),
            _ => None,
        });
        sender.send(()).expect("the test listens");
        let (paused, at) = asked(peer);
        assert!(!paused);
        assert_eq!(at, f64::from(40 * (FRAMES - 1)), "all has come by then");
        say(peer, stream, StatusCode::UnpauseNotify);
        peer.session.user_control(&UserControl::StreamBegin(stream));
        peer.media(stream, MediaKind::Video, 40 * FRAMES, INTER);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.source.set_property("max-queue-bytes", 20_000u32);
    player.set_state(gst::State::Paused);
    has_paused.recv_timeout(HANG).expect("it pauses");
    player.play();
    let buffers = player.rest();
    let frames = buffers
        .iter()
        .filter(|buffer| !buffer.flags().contains(gst::BufferFlags::HEADER));
    let times: Vec<_> = frames
        .map(|frame| frame.dts().expect("a time").mseconds())
        .collect();
    let expected: Vec<_> = (0..=u64::from(FRAMES)).map(|n| 40 * n).collect();
    assert_eq!(times, expected);
}
