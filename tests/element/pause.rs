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
use crate::player::{Player, is_frame};
use crate::server::{Peer, Server};

/// Waits for the command `pause`, and returns what it says.
fn asked(peer: &mut Peer) -> (bool, f64) {
    peer.until(|event| match event {
        Event::Pause(request) => Some((request.paused, f64::from(request.at))),
        _ => None,
    })
}

fn say(peer: &mut Peer, stream: StreamId, code: StatusCode) {
    let status = Status::new(Level::Status, code, "said so");
    peer.session.status(stream, &status);
}

/// Waits for the command `seek`, and returns its position.
fn sought(peer: &mut Peer) -> f64 {
    peer.until(|event| match event {
        Event::Seek(request) => Some(f64::from(request.to)),
        _ => None,
    })
}

const FRAMES: u32 = 400;

/// Pictures, a key frame with every tenth.
fn send(peer: &mut Peer, stream: StreamId, frames: std::ops::Range<u32>) {
    for n in frames {
        let body = if n % 10 == 0 { KEYFRAME } else { INTER };
        peer.media(stream, MediaKind::Video, 40 * n, body);
    }
    peer.flush();
}

fn begin(peer: &mut Peer, stream: StreamId, frames: u32) {
    let recorded = UserControl::StreamIsRecorded(stream);
    peer.session.user_control(&recorded);
    send_headers(peer, stream, 0);
    send(peer, stream, 0..frames);
}

/// Waits until the client has us wait, and has read what was sent before.
fn wait_for_pause(peer: &mut Peer, stream: StreamId) {
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
}

/// Goes where the client wants, to the key frame before it.
fn go_on(peer: &mut Peer, stream: StreamId) -> u32 {
    let to = sought(peer) as u32;
    let frame = to / 40 / 10 * 10;
    say(peer, stream, StatusCode::SeekNotify);
    peer.session.user_control(&UserControl::StreamBegin(stream));
    frame
}

/// Goes where the client wants, and plays to the end from there.
fn play_on(peer: &mut Peer, stream: StreamId) {
    let frame = go_on(peer, stream);
    send(peer, stream, frame..FRAMES);
    peer.session.end_play(stream);
    peer.serve();
}

/// Pauses with a queue that is full, then plays to the end, and returns the times of
/// the frames.
fn play_with_a_pause(server: &Server, has_paused: &mpsc::Receiver<()>) -> Vec<u64> {
    let player = Player::new(&server.location());
    player.source.set_property("max-queue-bytes", 20_000u32);
    player.set_state(gst::State::Paused);
    has_paused.recv_timeout(HANG).expect("it pauses");
    player.play();
    let buffers = player.rest();
    let frames = buffers.iter().filter(|buffer| is_frame(buffer));
    let time = |frame: &gst::Buffer| frame.dts().expect("a time").mseconds();
    frames.map(time).collect()
}

fn all() -> Vec<u64> {
    (0..u64::from(FRAMES)).map(|n| 40 * n).collect()
}

#[test]
fn the_server_waits_stays_connected_and_goes_on() {
    let (sender, has_paused) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        begin(peer, stream, FRAMES / 2);
        wait_for_pause(peer, stream);
        sender.send(()).expect("the test listens");
        let frame = go_on(peer, stream);
        assert!(frame < FRAMES / 2);
        let (paused, at) = asked(peer);
        assert!(!paused && at <= f64::from(40 * FRAMES / 2), "{at}");
        say(peer, stream, StatusCode::UnpauseNotify);
        send(peer, stream, frame..FRAMES);
        peer.session.end_play(stream);
        peer.serve();
    });
    assert_eq!(play_with_a_pause(&server, &has_paused), all());
}

#[test]
fn a_server_that_says_that_it_is_over_in_the_meantime_is_asked_by_another_connection() {
    let (sender, has_paused) = mpsc::channel();
    let mut visit = 0;
    let server = Server::playing(move |peer, stream| {
        visit += 1;
        begin(peer, stream, FRAMES / 2);
        if visit == 1 {
            wait_for_pause(peer, stream);
            // It does not wait.
            send(peer, stream, FRAMES / 2..FRAMES);
            peer.session.end_play(stream);
            peer.flush();
            sender.send(()).expect("the test listens");
            peer.serve();
        } else {
            play_on(peer, stream);
        }
    });
    assert_eq!(play_with_a_pause(&server, &has_paused), all());
}

#[test]
fn a_connection_that_ends_in_the_meantime_is_made_again() {
    let (sender, has_paused) = mpsc::channel();
    let mut visit = 0;
    let server = Server::playing(move |peer, stream| {
        visit += 1;
        begin(peer, stream, FRAMES / 2);
        if visit == 1 {
            wait_for_pause(peer, stream);
            peer.close();
            sender.send(()).expect("the test listens");
        } else {
            play_on(peer, stream);
        }
    });
    assert_eq!(play_with_a_pause(&server, &has_paused), all());
}

#[test]
fn a_server_that_does_not_seek_goes_on_with_a_warning() {
    let (sender, has_paused) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        begin(peer, stream, FRAMES / 2);
        wait_for_pause(peer, stream);
        sender.send(()).expect("the test listens");
        sought(peer);
        let status = Status::new(Level::Error, StatusCode::SeekFailed, "no");
        peer.session.status(stream, &status);
        assert!(!asked(peer).0);
        send(peer, stream, FRAMES / 2..FRAMES);
        peer.session.end_play(stream);
        peer.serve();
    });
    let times = play_with_a_pause(&server, &has_paused);
    assert!(times.is_sorted(), "{times:?}");
    assert!(times.ends_with(&all()[FRAMES as usize / 2..]), "{times:?}");
}
