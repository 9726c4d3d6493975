// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Asking for everything before the first answer, and servers that do not like it.

use std::io::Read;
use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};

use crate::HANG;
use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

fn player(server: &Server, fast_start: &str) -> Player {
    let player = Player::new(&server.location());
    player
        .source
        .set_property_from_str("fast-start", fast_start);
    player.source.set_property("fallbacks", false);
    player.source.set_property("timeout", 1u32);
    player
}

/// A server that sends no answer before `play` is there.
fn patient_server() -> Server {
    Server::start(answer_at_the_end)
}

fn answer_at_the_end(peer: &mut Peer) {
    let mut is_connected = false;
    loop {
        if !is_connected {
            peer.flush();
        }
        let mut buffer = [0; 4096];
        let count = peer.stream.read(&mut buffer).unwrap_or(0);
        if count == 0 {
            return;
        }
        let mut input = &buffer[..count];
        while peer.session.advance(&mut input).expect("RTMP") {
            while let Some(event) = peer.session.poll_event() {
                match event {
                    Event::Connect(request) => {
                        peer.session.accept_connect(&request, 4096);
                        is_connected = true;
                    }
                    Event::Play(request) => {
                        peer.session.accept_play(&request);
                        return play_to_the_end(peer, request.stream);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn play_to_the_end(peer: &mut Peer, stream: StreamId) {
    send_headers(peer, stream, 0);
    peer.media(stream, MediaKind::Video, 0, KEYFRAME);
    peer.session.end_play(stream);
    peer.close();
}

fn expect_played(player: &Player) {
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn everything_goes_out_before_the_first_answer() {
    let server = patient_server();
    let fast = player(&server, "on");
    expect_played(&fast);
    assert_eq!(fast.stats().get::<u32>("connections"), Ok(1));

    let slow = player(&server, "off");
    slow.play();
    let (error, _) = slow.error_message();
    assert!(error.message().contains("answer to connect"), "{error}");
}

#[test]
fn auto_asks_ahead_where_the_server_has_played_before() {
    let mut visit = 0;
    let server = Server::start(move |peer| {
        visit += 1;
        if visit == 1 {
            let stream = peer.accept_play().stream;
            return play_to_the_end(peer, stream);
        }
        answer_at_the_end(peer);
    });
    let player = player(&server, "auto");
    for _ in 0..3 {
        expect_played(&player);
        assert_eq!(player.stats().get::<u32>("connections"), Ok(1));
        player.set_state(gst::State::Null);
    }
}

#[test]
fn a_server_that_wants_to_answer_first_is_asked_again_and_remembered() {
    // Whether the client has asked for more than was answered.
    let is_ahead = |peer: &mut Peer| {
        let patience = std::time::Duration::from_secs(1);
        let stream = &peer.stream;
        stream.set_read_timeout(Some(patience)).expect("a timeout");
        let is_ahead = peer.next_event().is_some();
        let stream = &peer.stream;
        stream.set_read_timeout(Some(HANG)).expect("a timeout");
        is_ahead
    };
    let seen = Arc::<Mutex<Vec<bool>>>::default();
    let visits = Arc::clone(&seen);
    let server = Server::start(move |peer| {
        let connect = peer.connect_request();
        let ahead = is_ahead(peer);
        visits.lock().expect("not poisoned").push(ahead);
        if ahead {
            return peer.close();
        }
        peer.session.accept_connect(&connect, 4096);
        let play = peer.until(|event| match event {
            Event::Play(request) => Some(request.clone()),
            _ => None,
        });
        peer.session.accept_play(&play);
        play_to_the_end(peer, play.stream);
    });
    let player = player(&server, "on");
    player.source.set_property("timeout", 20u32);
    for connections in [2u32, 1] {
        expect_played(&player);
        let counted = player.stats().get::<u32>("connections");
        assert_eq!(counted, Ok(connections));
        player.set_state(gst::State::Null);
    }
    assert_eq!(*seen.lock().expect("not poisoned"), [true, false, false]);
}

#[test]
fn what_hinges_on_an_answer_is_not_asked_ahead() {
    for (property, value) in [("subscribe", "stream"), ("secure-token", "key")] {
        let server = Server::start(|peer| {
            let stream = peer.accept_play().stream;
            play_to_the_end(peer, stream);
        });
        let player = player(&server, "on");
        player.source.set_property(property, value);
        expect_played(&player);
    }
}
