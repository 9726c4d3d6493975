// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Several places of one stream.

use std::net::TcpListener;
use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::HANG;
use crate::media::{INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player, is_frame};
use crate::server::{Peer, Server};

/// A player of these places, the first of them as `location`.
fn player(places: &[String]) -> Player {
    let [first, others @ ..] = places else {
        panic!("there is a place");
    };
    let player = Player::new(first);
    player.source.set_property("locations", array(others));
    player.source.set_property("fallbacks", false);
    player
}

fn array(urls: &[String]) -> gst::Array {
    gst::Array::new(urls.iter().map(|url| url.to_send_value()))
}

/// Plays a little, from this time on.
fn play(peer: &mut Peer, time: u32) -> Option<StreamId> {
    let stream = peer.let_in()?;
    send_headers(peer, stream, time);
    peer.media(stream, MediaKind::Video, time, KEYFRAME);
    peer.media(stream, MediaKind::Video, time + 40, INTER);
    Some(stream)
}

/// A server that plays a little and ends.
fn playing(time: u32) -> Server {
    Server::start(move |peer| {
        if let Some(stream) = peer.let_in() {
            send_headers(peer, stream, time);
            peer.media(stream, MediaKind::Video, time, KEYFRAME);
            peer.session.end_play(stream);
        }
        peer.close();
    })
}

/// A place where nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    format!("rtmp://{address}/app/stream?token=secret")
}

/// Plays to the end, from this server, and checks that its figures are shown.
fn expect_from(player: &Player, server: &Server) {
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    let stats = player.stats();
    assert_eq!(stats.get::<String>("location"), Ok(server.location()));
    assert_eq!(stats.get::<&str>("phase"), Ok("playing"));
    let bytes = stats.get::<u64>("in-bytes-total").expect("a field");
    assert!(bytes > 500, "{stats}");
    assert_eq!(stats.get::<u64>("video-messages"), Ok(2), "{stats}");
}

#[test]
fn where_nobody_listens_the_next_place_plays() {
    let server = playing(0);
    let places = [nobody(), nobody(), nobody(), nobody(), server.location()];
    expect_from(&player(&places), &server);
}

#[test]
fn a_place_that_is_silent_does_not_hold_up_the_next_one() {
    let silent = Server::start(Peer::hold);
    let server = playing(0);
    expect_from(&player(&[silent.location(), server.location()]), &server);
}

#[test]
fn a_place_that_lets_in_and_has_nothing_to_send_does_not_hold_up_the_next_one() {
    let empty = Server::start(|peer| {
        peer.accept_play();
        peer.serve();
    });
    let server = playing(0);
    expect_from(&player(&[empty.location(), server.location()]), &server);
}

#[test]
fn a_place_that_refuses_is_left_for_the_next_one() {
    let refusing = Server::start(|peer| {
        let request = peer.connect_request();
        let status = Status::new(Level::Error, StatusCode::ConnectRejected, "no");
        peer.session.reject_connect(&request, &status);
        peer.close();
    });
    let server = playing(0);
    expect_from(&player(&[refusing.location(), server.location()]), &server);
}

#[test]
fn without_a_location_the_first_of_them_takes_its_place() {
    let server = playing(0);
    let player = player(&["rtmp://127.0.0.1/live/unused".to_owned()]);
    let source = gst::ElementFactory::make("rtmprsrc")
        .property("locations", array(&[server.location()]))
        .build()
        .expect("our element");
    assert_eq!(source.property::<String>("location"), server.location());
    assert_eq!(source.property::<gst::Array>("locations").len(), 1);
    // Set later, it stands before them.
    source.set_property("location", "rtmp://127.0.0.1/live/first");
    assert_eq!(source.property::<gst::Array>("locations").len(), 1);
    drop(player);
}

#[test]
fn of_two_that_play_only_one_comes_out() {
    let servers = [playing(0), playing(0)];
    let places = servers.each_ref().map(Server::location);
    let player = player(&places);
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    let location = player.stats().get::<String>("location");
    assert!(places.contains(&location.expect("a field")));
}

#[test]
fn where_all_fail_the_error_is_that_of_the_first_and_names_the_others() {
    let places = [nobody(), nobody()];
    let player = player(&places);
    player.play();
    let (error, debug) = player.error_message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error:?}");
    let shown = |url: &String| url.replace("token=secret", "…");
    let text = error.message();
    assert!(text.contains(&shown(&places[0])), "{text}");
    let other = format!("{}: connection-refused", shown(&places[1]));
    assert!(text.contains(&other), "{other} in {text}");
    for text in [text, &debug] {
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn a_redirect_at_the_start_is_told_if_that_place_plays() {
    let target = playing(0);
    let place = format!("rtmp://{}/other", target.address());
    let front = Server::start(move |peer| {
        let request = peer.connect_request();
        let ex = Object::new().with("code", 302.0).with("redirect", &*place);
        let status = Status::new(Level::Error, StatusCode::ConnectRejected, "moved");
        peer.session
            .reject_connect(&request, &status.with("ex", ex));
        peer.close();
    });
    let player = player(&[nobody(), front.location()]);
    player.play();
    assert_eq!(player.rest().len(), 5);
    let message = player.element_message("redirected");
    let from = message.get::<String>("previous-location");
    assert_eq!(from, Ok(front.location()));
    assert_eq!(player.stats().get::<u32>("redirects"), Ok(1));
}

#[test]
fn a_redirect_in_the_middle_is_followed_by_the_place_that_won() {
    let target = playing(50_000);
    let place = format!("rtmp://{}/other", target.address());
    let front = Server::start(move |peer| {
        play(peer, 0);
        let ex = Object::new().with("code", 302.0).with("redirect", &*place);
        let status = Status::new(Level::Error, StatusCode::ConnectRejected, "moved");
        peer.session
            .status(StreamId::CONNECTION, &status.with("ex", ex));
        peer.hold();
    });
    let player = player(&[nobody(), front.location()]);
    player.play();
    let buffers = player.rest();
    assert!(matches!(player.ended(), Ended::Eos));
    assert_eq!(buffers.len(), 6 + 2, "headers come once");
    let times: Vec<_> = buffers.iter().filter_map(|buffer| buffer.dts()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(player.stats().get::<u32>("redirects"), Ok(1));
}

#[test]
fn places_are_taken_in_turn_when_the_connection_breaks() {
    let mut visit = 0;
    let (left, visits) = mpsc::channel();
    let first = Server::start(move |peer| {
        let Some(stream) = play(peer, (visit + 1) * 1000) else {
            return;
        };
        visit += 1;
        if visit == 2 {
            peer.session.end_play(stream);
        }
        peer.close();
        left.send(visit).expect("the test listens");
    });
    let second = Server::start(|peer| {
        play(peer, 500);
        peer.close();
    });
    let places = [first.location(), nobody(), second.location()];
    let player = player(&places);
    player.source.set_property("reconnect", true);
    player.source.set_property("reconnect-delay", 1u32);
    player.play();
    let buffers = player.rest();
    let times: Vec<_> = buffers
        .iter()
        .filter(|buffer| is_frame(buffer))
        .map(|b| b.dts())
        .collect();
    assert_eq!(times.len(), 3 * 2, "{times:?}");
    assert!(times.is_sorted(), "{times:?}");

    let shown = places.map(|url| url.replace("token=secret", "…"));
    // The place that is not there is skipped at once, without a pause.
    for (place, delayed) in [(1, true), (2, false), (0, true)] {
        let message = player.element_message("reconnecting");
        assert_eq!(message.get::<&str>("location"), Ok(&*shown[place]));
        let delay = message.get::<u64>("delay").expect("a field");
        assert_eq!(delay > 0, delayed, "{message}");
        if place != 1 {
            let message = player.element_message("reconnected");
            assert_eq!(message.get::<&str>("location"), Ok(&*shown[place]));
        }
    }
    assert!(matches!(player.ended(), Ended::Eos));
    assert_eq!(player.stats().get::<u32>("reconnects"), Ok(3));
    assert_eq!(visits.recv_timeout(HANG), Ok(1));
    assert_eq!(visits.recv_timeout(HANG), Ok(2));
}

#[test]
fn a_stop_ends_all_that_are_tried() {
    let (came, visits) = mpsc::channel();
    let silent: Vec<_> = (0..3)
        .map(|_| {
            let came = came.clone();
            Server::start(move |peer| {
                // The last one is asked to stop by a connection of its own.
                let _ = came.send(());
                peer.hold();
            })
        })
        .collect();
    let places: Vec<_> = silent.iter().map(Server::location).collect();
    let player = player(&places);
    player.play();
    for _ in &silent {
        visits.recv_timeout(HANG).expect("each is tried");
    }
    player.set_state(gst::State::Null);
}

#[test]
fn values_that_are_wrong_fail_the_start() {
    for (urls, words) in [
        (vec!["http://x/y/z"], "1: the location is not an RTMP URL"),
        (vec!["rtmp://h/a/s", "rtmp://"], "2: "),
        (vec!["rtmp://h/a/s live=1"], "1: options behind a URL"),
        (vec!["rtmp://h/a/s"; 17], "17 are more than 16"),
    ] {
        let urls: Vec<_> = urls.into_iter().map(str::to_owned).collect();
        let player = Player::new("rtmp://127.0.0.1:1/a/s");
        player.source.set_property("locations", array(&urls));
        let _ = player
            .pipeline
            .set_state(gst::State::Playing)
            .expect_err("it is wrong");
        let (error, _) = player.error_message();
        assert!(error.matches(gst::ResourceError::Settings), "{error:?}");
        let text = error.message();
        assert!(text.contains(words) && text.contains("locations"), "{text}");
    }
}

#[test]
fn what_is_read_holds_no_secrets() {
    let source = gst::ElementFactory::make("rtmprsrc").build();
    let source = source.expect("our element");
    let url = "rtmp://user:password@host/live/stream?token=secret".to_owned();
    source.set_property("locations", array(&[url]));
    let read = source.property::<gst::Array>("locations");
    let read: Vec<_> = read
        .iter()
        .filter_map(|url| url.get::<String>().ok())
        .collect();
    assert_eq!(read.len(), 1);
    for secret in ["password", "secret"] {
        assert!(!read[0].contains(secret), "{read:?}");
    }
    assert!(read[0].contains("host/live/stream"), "{read:?}");
}
