// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A consumer that does not take anything: the network goes on, memory stays
//! bounded, nothing is lost.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::message::{ProtocolControl, StreamId};
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::media::{KEYFRAME, send_headers};
use crate::player::Player;
use crate::server::{Peer, Server};

/// Sends a ping and waits for its answer.
fn ping(peer: &mut Peer, number: u32) {
    peer.session.user_control(&UserControl::PingRequest(number));
    peer.until(|event| match event {
        Event::UserControl(UserControl::PingResponse(answer)) => Some(*answer),
        _ => None,
    });
}

#[test]
fn pings_and_windows_are_answered_while_downstream_is_blocked() {
    let (answered, answers) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        for number in 0..50 {
            peer.media(stream, MediaKind::Video, number * 40, KEYFRAME);
            ping(peer, number);
        }
        // An acknowledgement is due for every half window.
        peer.session
            .control(&ProtocolControl::WindowAckSize(100_000));
        peer.media(
            stream,
            MediaKind::Video,
            3000,
            &[KEYFRAME, &[0; 60_000]].concat(),
        );
        peer.until(|event| match event {
            Event::Control(ProtocolControl::Acknowledgement(bytes)) => Some(*bytes),
            _ => None,
        });
        let _ = answered.send(());
        peer.serve();
    });
    let player = Player::new(&server.location());
    // PAUSED: the sink holds the first buffer, the streaming thread is stuck.
    player.set_state(gst::State::Paused);
    answers
        .recv_timeout(HANG)
        .expect("everything was answered while downstream was blocked");
}

#[test]
fn a_full_queue_makes_the_server_wait_and_loses_nothing() {
    const FRAMES: u32 = 3000;
    const SIZE: usize = 10_000;
    const LIMIT: u32 = 1_000_000;

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..FRAMES {
            let number = i.to_be_bytes();
            let body = [KEYFRAME, &number, &[0; SIZE]].concat();
            peer.media(stream, MediaKind::Video, i * 40, &body);
            peer.flush();
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("max-queue-bytes", LIMIT);
    player.set_state(gst::State::Paused);
    let fill = || player.stats().get::<u64>("queue-bytes").unwrap_or(0);
    let deadline = std::time::Instant::now() + HANG;
    // The streaming thread may hold a list of its own, and room begins at half.
    while fill() < u64::from(LIMIT) / 2 {
        assert!(std::time::Instant::now() < deadline, "the queue fills");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // One batch may go beyond the limit, which is 256 KiB and what its items
    // take; the server has 30 times as much to send.
    for _ in 0..100 {
        let fill = fill();
        assert!(fill < u64::from(LIMIT) + 300_000, "{fill} bytes");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }

    player.play();
    let buffers = player.rest();
    assert_eq!(buffers.len(), FRAMES as usize + 4);
    for (i, buffer) in buffers.iter().skip(4).enumerate() {
        let map = buffer.map_readable().expect("readable");
        let start = 11 + KEYFRAME.len();
        let number = map[start..start + 4].try_into().map(u32::from_be_bytes);
        assert_eq!(number.ok(), u32::try_from(i).ok(), "in order");
    }
}

#[test]
fn the_queue_can_be_limited_in_time() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..2000 {
            peer.media(
                stream,
                MediaKind::Video,
                i * 40,
                &[KEYFRAME, &[0; 2_000]].concat(),
            );
            peer.flush();
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    let limit = gst::ClockTime::from_seconds(10).nseconds();
    player.source.set_property("max-queue-time", limit);
    player.set_state(gst::State::Paused);
    let fill = || player.stats().get::<u64>("queue-time").unwrap_or(0);
    let deadline = std::time::Instant::now() + HANG;
    while fill() < limit / 2 {
        assert!(std::time::Instant::now() < deadline, "the queue fills");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    // A batch of 256 KiB is about 128 messages of 40 ms.
    assert!(fill() < limit + gst::ClockTime::from_seconds(6).nseconds());
    player.play();
    assert_eq!(player.rest().len(), 2004);
}

#[test]
fn two_streams_on_the_wire_do_not_mix() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..10 {
            peer.media(stream, MediaKind::Video, i * 40, KEYFRAME);
            peer.media(StreamId(stream.0 + 7), MediaKind::Video, i * 40, KEYFRAME);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 14);
}
