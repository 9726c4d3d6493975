// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that ask their players to reconnect (Enhanced RTMP v2): the new
//! connection is made before the old one is broken.

use std::sync::mpsc::{Receiver, Sender, channel};

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
    assert_eq!(
        kinds,
        [18, 9, 8, 9, 8, 9],
        "headers, then from the key frame"
    );
    let keyframe = &after[3];
    assert!(!keyframe.flags().contains(gst::BufferFlags::DELTA_UNIT));
    assert!(keyframe.flags().contains(gst::BufferFlags::DISCONT));
    let video = [&before[4], &before[6], keyframe, &after[5]].map(|b| b.dts().expect("a time"));
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
    assert_eq!(player.rest().len(), 5 + 4);
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
    assert_eq!(player.rest().len(), 6 + 6);
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
