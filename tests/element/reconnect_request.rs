// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that ask their players to reconnect (Enhanced RTMP v2): the new
//! connection is made before the old one is broken.

use std::sync::mpsc::{Receiver, Sender, channel};

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{AAC, INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player, bytes};
use crate::server::{Peer, Server};

fn request(tc_url: Option<&str>) -> Status {
    let code = StatusCode::ConnectReconnectRequest;
    let status = Status::new(Level::Status, code, "maintenance");
    match tc_url {
        Some(tc_url) => status.with("tcUrl", tc_url),
        None => status,
    }
}

/// The new server: headers, frames without a key frame at first, then more
/// from one on, each part when the test says so.
fn next_server() -> (Server, Sender<()>, Receiver<()>) {
    let (go, gone) = channel::<()>();
    let (plays, played) = channel();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, INTER);
        peer.media(stream, MediaKind::Audio, 10, AAC);
        peer.flush();
        let _ = plays.send(());
        if gone.recv().is_err() {
            return;
        }
        peer.media(stream, MediaKind::Video, 20, INTER);
        peer.flush();
        peer.media(stream, MediaKind::Video, 40, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 50, AAC);
        peer.media(stream, MediaKind::Video, 80, INTER);
        peer.session.end_play(stream);
        peer.serve();
    });
    (server, go, played)
}

/// The old server: plays, asks, goes on until the test says so.
fn old_server(
    tc_url: Option<String>,
    mut then: impl FnMut(&mut Peer, StreamId) + Send + 'static,
) -> Server {
    Server::playing(move |peer, stream| {
        send_headers(peer, stream, 90_000);
        peer.media(stream, MediaKind::Video, 90_000, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 90_010, AAC);
        peer.session
            .status(StreamId::CONNECTION, &request(tc_url.as_deref()));
        peer.flush();
        then(peer, stream);
    })
}

#[test]
fn the_old_connection_plays_on_until_the_new_one_has_a_key_frame() {
    let (next, go, plays) = next_server();
    let place = format!("rtmp://{}/other", next.address());
    let old = old_server(Some(place.clone()), move |peer, stream| {
        // The new connection plays, and has no key frame yet.
        plays.recv().expect("a second connection");
        peer.media(stream, MediaKind::Video, 90_040, INTER);
        peer.serve();
    });
    let player = Player::new(&format!("{}?token=secret", old.location()));
    player.play();
    let asked = player.element_message("reconnecting");
    assert_eq!(asked.get::<&str>("cause"), Ok("reconnect-request"));
    let shown = format!("{place}/stream?…");
    assert_eq!(asked.get::<&str>("location"), Ok(shown.as_str()));
    // File header, metadata, two headers, three frames: all of the old one.
    let before = player.buffers(7);
    go.send(()).expect("the new server waits");
    let message = player.element_message("reconnected");
    assert_eq!(message.get::<&str>("location"), Ok(shown.as_str()));
    let after = player.rest();
    assert!(matches!(player.ended(), Ended::Eos));

    let kinds: Vec<u8> = after
        .iter()
        .map(|b| bytes(std::slice::from_ref(b))[0])
        .collect();
    // Metadata, then from the key frame; headers that are the same do not come again.
    assert_eq!(kinds, [18, 9, 8, 9]);
    let keyframe = &after[1];
    assert!(!keyframe.flags().contains(gst::BufferFlags::DELTA_UNIT));
    assert!(keyframe.flags().contains(gst::BufferFlags::DISCONT));
    let video = [&before[4], &before[6], keyframe, &after[3]].map(|b| b.dts().expect("a time"));
    assert!(video.is_sorted(), "{video:?}");
    assert!(video[2] > gst::ClockTime::from_mseconds(90_040));
    assert_eq!(video[3] - video[2], gst::ClockTime::from_mseconds(40));
}

#[test]
fn a_request_without_a_place_reconnects_to_the_same_one() {
    let mut visits = 0;
    let server = Server::start(move |peer| {
        visits += 1;
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        if visits == 1 {
            peer.session.status(StreamId::CONNECTION, &request(None));
            peer.flush();
            // Connections are served one by one here: makes room for the next.
            peer.close();
        } else {
            peer.session.end_play(stream);
            peer.serve();
        }
    });
    let player = Player::new(&server.location());
    player.play();
    player.element_message("reconnected");
    // The old one ends by itself while the new one is being made.
    // The same headers once.
    assert_eq!(player.rest().len(), 5 + 2);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn a_new_connection_that_fails_leaves_the_old_one_alone() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    for place in [
        format!("rtmp://{address}/live"),
        "http://elsewhere/".to_owned(),
    ] {
        let (go, gone) = channel::<()>();
        let old = old_server(Some(place), move |peer, stream| {
            gone.recv().expect("the test goes on");
            peer.media(stream, MediaKind::Video, 90_040, INTER);
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = Player::new(&old.location());
        player.play();
        player.buffers(6);
        go.send(()).expect("the server waits");
        assert_eq!(player.rest().len(), 1);
        assert!(matches!(player.ended(), Ended::Eos));
    }
}

#[test]
fn an_end_of_the_old_connection_waits_for_the_new_one() {
    let (next, go, plays) = next_server();
    let place = format!("rtmp://{}/other", next.address());
    let old = old_server(Some(place), move |peer, stream| {
        plays.recv().expect("a second connection");
        peer.session.end_play(stream);
        // Returns once the client has left, before the other's key frame.
        peer.close();
        go.send(()).expect("the new server waits");
    });
    let player = Player::new(&old.location());
    player.play();
    assert_eq!(player.rest().len(), 6 + 4);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn both_connections_end_at_once_with_the_state_change() {
    let (next, _go, plays) = next_server();
    let place = format!("rtmp://{}/other", next.address());
    let (ready, is_ready) = channel();
    let old = old_server(Some(place), move |peer, _| {
        plays.recv().expect("a second connection");
        ready.send(()).expect("the test waits");
        peer.serve();
    });
    let player = Player::new(&old.location());
    player.play();
    is_ready.recv().expect("both play");
    player.set_state(gst::State::Null);
}

/// Threads of this process that are a play's.
fn threads_of_plays() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the threads");
    let names = tasks.filter_map(|task| {
        let path = task.ok()?.path().join("comm");
        std::fs::read_to_string(path).ok()
    });
    names.filter(|name| name.starts_with("rtmpr-stand")).count()
}

#[test]
fn connections_that_follow_each_other_leave_nothing_behind_and_are_bounded() {
    // Each asks for the next one as soon as it plays.
    let server = Server::concurrent(|number, peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        for i in 0.. {
            let time = u32::try_from(number * 1000 + i * 20).expect("a short test");
            peer.media(stream, MediaKind::Video, time, KEYFRAME);
            peer.session.status(StreamId::CONNECTION, &request(None));
            peer.flush();
            // Until the client has left: writing fails then.
            if peer.is_left() {
                return;
            }
        }
    });
    let player = Player::new(&server.location());
    player.play();
    // Five are followed, and the sixth one plays on.
    for _ in 0..5 {
        player.element_message("reconnected");
    }
    player.buffers(100);
    let stats = player.stats();
    assert_eq!(stats.get::<u32>("connections"), Ok(6));
    let before = stats.get::<u64>("video-messages").expect("a count");
    player.buffers(100);
    let after = player
        .stats()
        .get::<u64>("video-messages")
        .expect("a count");
    assert!(after > before, "{before} {after}");
    let threads = threads_of_plays();
    assert!(
        threads <= 8,
        "{threads} threads, those of other tests included"
    );
}

#[test]
fn an_end_does_not_wait_for_ever_for_a_connection_that_comes_to_nothing() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = format!("rtmp://{}/app", silent.local_addr().expect("an address"));
    let old = old_server(Some(place), |peer, stream| {
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = Player::new(&old.location());
    player.source.set_property("timeout", 0u32);
    player.play();
    let message = player.element_message("stream-ended");
    assert_eq!(message.get::<&str>("result"), Ok("eos"));
    assert_eq!(player.rest().len(), 6);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn the_new_connection_asks_in_the_form_that_worked() {
    let server = Server::concurrent(|number, peer| {
        let (play, calls) = peer.play_request_and_calls();
        if !calls.iter().any(|call| call == "FCSubscribe") {
            let status = Status::new(Level::Error, StatusCode::PlayStreamNotFound, "no");
            peer.session.reject_play(&play, &status);
            return peer.close();
        }
        peer.session.accept_play(&play);
        send_headers(peer, play.stream, 0);
        peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
        // The first one was refused.
        if number == 1 {
            peer.session.status(StreamId::CONNECTION, &request(None));
        } else {
            peer.session.end_play(play.stream);
        }
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    player.element_message("reconnected");
    // The same headers once.
    assert_eq!(player.rest().len(), 5 + 2);
}

#[test]
fn a_new_connection_needs_no_key_frame_where_no_video_is_wanted() {
    let (next, go, plays) = next_server();
    let place = format!("rtmp://{}/other", next.address());
    let (ask, asked) = channel::<()>();
    let old = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        peer.flush();
        asked.recv().expect("the test goes on");
        peer.session
            .status(StreamId::CONNECTION, &request(Some(&place)));
        peer.flush();
        plays.recv().expect("a second connection");
        peer.serve();
    });
    let player = Player::new(&old.location());
    player.play();
    player.buffers(6);
    player.source.set_property("receive-video", false);
    ask.send(()).expect("the server waits");
    // It has sent audio only so far.
    player.element_message("reconnected");
    go.send(()).expect("the new server waits");
    player.rest();
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn a_new_connection_comes_about_while_the_queue_is_full() {
    let (next, go, plays) = next_server();
    let place = format!("rtmp://{}/other", next.address());
    let (played, is_playing) = channel();
    let old = old_server(Some(place), move |peer, stream| {
        // More than the queue takes.
        for i in 0..100 {
            let body = [KEYFRAME, &[0; 20_000]].concat();
            peer.media(stream, MediaKind::Video, 90_040 + i * 40, &body);
        }
        peer.flush();
        plays.recv().expect("a second connection");
        played.send(()).expect("the test waits");
        peer.serve();
    });
    let player = Player::new(&old.location());
    player.source.set_property("max-queue-bytes", 500_000u32);
    player.set_state(gst::State::Paused);
    // Nothing is taken from the queue until the new connection plays.
    is_playing.recv().expect("it plays");
    go.send(()).expect("the new server waits");
    player.play();
    player.element_message("reconnected");
    // What the old one had still to send is no longer read.
    assert!(player.rest().len() > 6 + 4);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn words_without_end_of_a_new_connection_take_bounded_memory() {
    let next = Server::playing(|peer, stream| {
        for _ in 0..200 {
            for _ in 0..5000 {
                peer.media(stream, MediaKind::Data, 0, &[]);
            }
            peer.flush();
        }
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.session.end_play(stream);
        peer.serve();
    });
    let place = format!("rtmp://{}/other", next.address());
    let old = old_server(Some(place), |peer, _| peer.serve());
    let player = Player::new(&old.location());
    player.play();
    player.buffers(6);
    let before = resident_bytes();
    player.element_message("reconnected");
    let grown = resident_bytes().saturating_sub(before);
    // A million messages; other tests run in this process too.
    assert!(grown < 100 << 20, "{grown} bytes");
}

/// Memory of this process.
fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").expect("our memory");
    let pages = pages
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a number") * 4096
}

#[test]
fn the_application_hears_of_the_playing_connection_only() {
    let (go, gone) = channel::<()>();
    let next = Server::playing(move |peer, stream| {
        let code = StatusCode::PlayUnpublishNotify;
        let status = Status::new(Level::Status, code, "not yet");
        peer.session.status(stream, &status);
        peer.flush();
        gone.recv().expect("the test goes on");
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.close();
    });
    let place = format!("rtmp://{}/other", next.address());
    let old = old_server(Some(place), |peer, _| peer.serve());
    let player = Player::new(&old.location());
    player.source.set_property_from_str("on-unpublish", "wait");
    player.play();
    player.element_message("reconnecting");
    go.send(()).expect("the new server waits");
    let bus = player.pipeline.bus().expect("a bus");
    loop {
        let timeout = gst::ClockTime::try_from(crate::HANG).expect("a short time");
        let message = bus.timed_pop_filtered(timeout, &[gst::MessageType::Element]);
        let message = message.expect("a message");
        match message.structure().expect("a structure").name().as_str() {
            "reconnected" => break,
            "script-data" => {}
            other => panic!("{other}"),
        }
    }
}

#[test]
fn where_both_servers_have_one_clock_nothing_comes_twice() {
    // The new server begins with a key frame of the past, as from a cache.
    let (go, gone) = channel::<()>();
    let (plays, played) = channel();
    let next = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 90_000);
        peer.media(stream, MediaKind::Video, 90_000, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 90_010, AAC);
        peer.media(stream, MediaKind::Video, 90_040, INTER);
        peer.flush();
        let _ = plays.send(());
        if gone.recv().is_err() {
            return;
        }
        peer.media(stream, MediaKind::Video, 90_080, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 90_033, AAC);
        peer.media(stream, MediaKind::Audio, 90_056, AAC);
        peer.session.end_play(stream);
        peer.serve();
    });
    let place = format!("rtmp://{}/other", next.address());
    let old = old_server(Some(place), move |peer, stream| {
        peer.media(stream, MediaKind::Video, 90_040, INTER);
        peer.media(stream, MediaKind::Audio, 90_033, AAC);
        peer.flush();
        played.recv().expect("a second connection");
        peer.serve();
    });
    let player = Player::new(&old.location());
    player.play();
    player.buffers(8);
    go.send(()).expect("the new server waits");
    let rest = player.rest();
    let frames: Vec<_> = rest[1..]
        .iter()
        .map(|buffer| buffer.dts().expect("a time").mseconds())
        .collect();
    assert_eq!(frames, [90_080, 90_056]);
}

#[test]
fn requests_without_end_are_not_followed_without_end() {
    let server = Server::start(|peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        for _ in 0..100 {
            peer.session
                .status(StreamId::CONNECTION, &request(Some("rtmp://127.0.0.1:1/x")));
        }
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 5);
}
