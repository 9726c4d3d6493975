// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that send players elsewhere.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::player::MAX_REDIRECTS;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

fn moved(redirect: &str) -> Status {
    moved_to(Object::new().with("redirect", redirect))
}

fn moved_to(ex: Object) -> Status {
    Status::new(Level::Error, StatusCode::ConnectRejected, "moved")
        .with("ex", ex.with("code", 302.0))
}

/// Refuses `connect` with this status and closes, as FMS, AMS and Wowza do.
fn refuse(peer: &mut Peer, status: &Status) {
    let request = peer.connect_request();
    peer.session.reject_connect(&request, status);
    peer.close();
}

/// A server that plays five buffers, and what it was asked for: application,
/// `tcUrl` and stream.
fn target() -> (Server, Arc<Mutex<Vec<[String; 3]>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let server = Server::start(move |peer| {
        let connect = peer.connect_request();
        peer.session.accept_connect(&connect, 4096);
        let Some(play) = std::iter::from_fn(|| peer.next_event()).find_map(|event| match event {
            Event::Play(request) => Some(request),
            _ => None,
        }) else {
            return;
        };
        peer.session.accept_play(&play);
        let names = [connect.application, connect.tc_url, play.name];
        seen.lock().expect("not poisoned").push(names);
        send_headers(peer, play.stream, 0);
        peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
        peer.session.end_play(play.stream);
        peer.close();
    });
    (server, asked)
}

#[test]
fn a_refusal_of_connect_with_a_redirect_is_followed_with_the_same_stream() {
    let (target, asked) = target();
    let place = format!("rtmp://{}/other", target.address());
    let status = moved(&place);
    let front = Server::start(move |peer| refuse(peer, &status));
    let location = format!("rtmp://{}/live/s?token=secret", front.address());
    let player = Player::new(&location);
    player.play();
    let message = player.element_message("redirected");
    assert_eq!(
        message.get::<String>("location"),
        Ok(format!("{place}/s?…"))
    );
    assert_eq!(message.get::<u32>("count"), Ok(1));
    let from = message.get::<String>("previous-location").expect("a field");
    assert!(from.contains(&front.address().to_string()), "{from}");
    assert!(!message.to_string().contains("secret"), "{message}");
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    assert_eq!(player.stats().get::<u32>("redirects"), Ok(1));
    let expected = ["other".to_owned(), place, "s?token=secret".to_owned()];
    assert_eq!(*asked.lock().expect("not poisoned"), [expected]);
}

#[test]
fn a_status_behind_play_start_with_both_urls_is_followed_to_the_second() {
    let (target, asked) = target();
    let tc_url = format!("rtmp://{}/live", target.address());
    let ex = Object::new()
        .with("redirect", tc_url.as_str())
        .with("redirect2", format!("{tc_url}/cam/1?k=v"));
    let front = Server::start(move |peer| {
        peer.accept_play();
        peer.session
            .status(StreamId::CONNECTION, &moved_to(ex.clone()));
        // SRS waits for an acknowledgement, and closes without one.
        peer.hold();
    });
    let player = Player::new(&front.location());
    player.play();
    assert_eq!(player.rest().len(), 5);
    let expected = ["live".to_owned(), tc_url, "cam/1?k=v".to_owned()];
    assert_eq!(*asked.lock().expect("not poisoned"), [expected]);
}

#[test]
fn a_redirect_in_the_middle_of_a_stream_goes_on_in_the_same_file() {
    let (target, _) = target();
    let status = moved(&format!("rtmp://{}/live", target.address()));
    let front = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 90_000);
        peer.media(stream, MediaKind::Video, 90_000, KEYFRAME);
        peer.session.status(StreamId::CONNECTION, &status);
        peer.hold();
    });
    let player = Player::new(&front.location());
    player.play();
    let buffers = player.rest();
    assert_eq!(buffers.len(), 5 + 2, "headers come once");
    let times: Vec<_> = buffers.iter().filter_map(|buffer| buffer.dts()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(buffers[6].flags().contains(gst::BufferFlags::DISCONT));
}

#[test]
fn a_new_start_begins_at_the_first_place_again() {
    let (target, asked) = target();
    let status = moved(&format!("rtmp://{}/other", target.address()));
    let visits = Arc::new(Mutex::new(0));
    let count = Arc::clone(&visits);
    let front = Server::start(move |peer| {
        *count.lock().expect("not poisoned") += 1;
        refuse(peer, &status);
    });
    let player = Player::new(&front.location());
    for _ in 0..2 {
        player.play();
        assert_eq!(player.rest().len(), 5);
        player.set_state(gst::State::Null);
    }
    assert_eq!(*visits.lock().expect("not poisoned"), 2);
    assert_eq!(asked.lock().expect("not poisoned").len(), 2);
    assert_eq!(
        player.source.property::<String>("location"),
        front.location()
    );
}

/// Plays from a server that redirects so, and expects an error with these words.
fn expect_error(words: &[&str], make: impl Fn(u32, &Peer) -> String + Send + 'static) -> u32 {
    let visits = Arc::new(Mutex::new(0));
    let count = Arc::clone(&visits);
    let server = Server::start(move |peer| {
        let visit = {
            let mut count = count.lock().expect("not poisoned");
            *count += 1;
            *count
        };
        let status = moved(&make(visit, peer));
        refuse(peer, &status);
    });
    let player = Player::new(&format!("{}?token=secret", server.location()));
    player.play();
    let (error, debug) = player.error_message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
    for word in words.iter().chain(&["redirect", "moved"]) {
        assert!(error.message().contains(word), "{word:?} in {error}");
    }
    let status = player.stats().get::<String>("last-status");
    for text in [error.message(), &debug, &status.unwrap_or_default()] {
        assert!(!text.contains("secret"), "{text}");
    }
    *visits.lock().expect("not poisoned")
}

#[test]
fn redirects_in_a_circle_are_an_error() {
    let visits = expect_error(&["already"], |visit, peer| {
        let address = peer.stream.local_addr().expect("an address");
        let application = ["app", "a", "b"][visit as usize % 3];
        format!("rtmp://{address}/{application}")
    });
    assert_eq!(visits, 3);
}

#[test]
fn redirects_without_end_are_an_error() {
    let visits = expect_error(&["more than 5"], |visit, peer| {
        let address = peer.stream.local_addr().expect("an address");
        format!("rtmp://{address}/app{visit}")
    });
    assert_eq!(visits, MAX_REDIRECTS + 1);
}

#[test]
fn redirects_to_what_is_no_rtmp_url_are_an_error() {
    let visits = expect_error(&["http://elsewhere/x?…"], |_, _| {
        "http://elsewhere/x?secret=1".to_owned()
    });
    assert_eq!(visits, 1);
}

#[test]
fn a_redirect_that_is_not_followed_shows_no_secrets_of_its_place() {
    // The status repeats what stands in the URL, in words of its own.
    for (words, url, secret) in [
        ("already", "rtmp://HOST/app/s?token=SECRET", "secret-1"),
        ("already", "rtmp://you:SECRET@HOST/app/s", "secret-1"),
        ("not an RTMP", "rtmp://HOST/app/s?SECRET x", "secret-1"),
        ("not an RTMP", "rtmp://HOST/app/s token=SECRET", "secret-1"),
        ("http://", "http://HOST/x?token=SECRET", "secret-1"),
        ("http://", "http://you:SECRET@HOST/x", "my secret-1"),
        ("javascript", "javascript:alert?token=SECRET", "secret-1"),
    ] {
        let server = Server::start(move |peer| {
            let address = peer.stream.local_addr().expect("an address");
            let url = url
                .replace("HOST", &address.to_string())
                .replace("SECRET", secret);
            let ex = Object::new()
                .with("code", 302.0)
                .with("redirect", url.clone())
                .with("redirect2", url);
            let said = format!("moved, ({secret}) is the key");
            let status = Status::new(Level::Error, StatusCode::ConnectRejected, &said);
            refuse(peer, &status.with("ex", ex));
        });
        let player = Player::new(&format!("rtmp://{}/app/s", server.address()));
        player.play();
        let ended = player.element_message("stream-ended").to_string();
        let (error, debug) = player.error_message();
        assert!(error.message().contains(words), "{words}: {error}");
        assert!(error.message().contains("moved"), "{words}: {error}");
        let stats = player.stats().to_string();
        for text in [error.message(), &debug, &ended, &stats] {
            assert!(!text.contains("secret"), "{words}: {text}");
        }
    }
}

#[test]
fn a_redirect_to_where_nobody_listens_names_that_place() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let status = moved(&format!("rtmp://{address}/live"));
    let front = Server::start(move |peer| refuse(peer, &status));
    let player = Player::new(&front.location());
    player.play();
    let (error, _) = player.error_message();
    assert!(error.message().contains(&address.to_string()), "{error}");
    assert!(error.message().contains("refused"), "{error}");
}
