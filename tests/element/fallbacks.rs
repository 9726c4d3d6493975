// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that want to be asked in another way.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::handshake::{HandshakeForm, Progress};
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::{Event, StreamRequest};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// What one connection asked for.
#[derive(Debug, Clone, Default, PartialEq)]
struct Asked {
    digest: bool,
    application: String,
    flash_version: String,
    subscribed: bool,
    stream: String,
    start: f64,
}

/// Whether a server lets a client in.
type Accepts = fn(&Asked) -> bool;

type Log = Arc<Mutex<Vec<Asked>>>;

/// How a server refuses.
#[derive(Clone, Copy)]
enum Refusal {
    Close,
    NotFound,
    Silence,
}

/// A server that plays five buffers to whom it accepts, at `connect` and at
/// `play`, and what it was asked for.
fn picky(refusal: Refusal, accepts_connect: Accepts, accepts_play: Accepts) -> (Server, Log) {
    let log = Log::default();
    let asked_log = Arc::clone(&log);
    let server = Server::start(move |peer| {
        let mut asked = Asked::default();
        let request = loop {
            let Some(event) = peer.next_event() else {
                break None;
            };
            match event {
                Event::Handshake(Progress::Done { form, .. }) => {
                    asked.digest = form == HandshakeForm::Digest;
                }
                Event::Connect(request) => {
                    asked.application.clone_from(&request.application);
                    let version = request.properties.get("flashVer");
                    let version = version.and_then(Value::as_str).unwrap_or_default();
                    asked.flash_version = version.to_owned();
                    if !accepts_connect(&asked) {
                        break None;
                    }
                    peer.session.accept_connect(&request, 4096);
                }
                Event::Called(command) if command.name == "FCSubscribe" => asked.subscribed = true,
                Event::Play(request) => {
                    asked.stream.clone_from(&request.name);
                    let start = request.arguments.first().and_then(Value::as_f64);
                    asked.start = start.unwrap_or(f64::NAN);
                    break Some(request);
                }
                _ => {}
            }
        };
        let accepted = request.as_ref().filter(|_| accepts_play(&asked));
        asked_log.lock().expect("not poisoned").push(asked.clone());
        match accepted {
            Some(request) => serve(peer, request),
            None => refuse(peer, request.as_ref(), refusal),
        }
    });
    (server, log)
}

fn serve(peer: &mut Peer, request: &StreamRequest) {
    peer.session.accept_play(request);
    send_headers(peer, request.stream, 0);
    peer.media(request.stream, MediaKind::Video, 0, KEYFRAME);
    peer.session.end_play(request.stream);
    peer.close();
}

fn refuse(peer: &mut Peer, request: Option<&StreamRequest>, refusal: Refusal) {
    match (refusal, request) {
        (Refusal::NotFound, Some(request)) => {
            let status = Status::new(Level::Error, StatusCode::PlayStreamNotFound, "not here");
            peer.session.reject_play(request, &status);
            peer.close();
        }
        (Refusal::Silence, _) => peer.hold(),
        _ => peer.close(),
    }
}

fn any(_: &Asked) -> bool {
    true
}

/// Plays five buffers, and returns what was asked for on each connection.
fn play(player: &Player, log: &Log) -> Vec<Asked> {
    player.source.set_property("timeout", 1u32);
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    player.set_state(gst::State::Null);
    std::mem::take(&mut *log.lock().expect("not poisoned"))
}

fn location(server: &Server, path: &str) -> String {
    format!("rtmp://{}/{path}", server.address())
}

#[test]
fn the_first_form_is_that_of_most_players() {
    let (server, log) = picky(Refusal::Close, any, any);
    let player = Player::new(&location(&server, "a/s"));
    let usual = Asked {
        digest: false,
        application: "a".to_owned(),
        flash_version: "LNX 9,0,124,2".to_owned(),
        subscribed: false,
        stream: "s".to_owned(),
        start: -2000.0,
    };
    assert_eq!(play(&player, &log), [usual]);
    assert_eq!(player.stats().get::<u32>("connections"), Ok(1));
}

#[test]
fn a_server_that_closes_on_the_simple_handshakes_client_gets_the_digest_one() {
    for refusal in [Refusal::Close, Refusal::Silence] {
        let (server, log) = picky(refusal, |asked| asked.digest, any);
        let player = Player::new(&location(&server, "a/s"));
        let asked = play(&player, &log);
        assert_eq!(asked.len(), 2);
        assert!(asked[1].flash_version.starts_with("WIN "), "{asked:?}");
        assert_eq!(player.stats().get::<&str>("handshake"), Ok("digest"));
    }
}

#[test]
fn a_path_may_be_divided_elsewhere() {
    for (path, application, stream) in [
        ("a/b/c", "a", "b/c"),
        ("a/b/c?t=1/2", "a", "b/c?t=1/2"),
        ("a/b/c/d", "a/b", "c/d"),
    ] {
        let accepts: Accepts = match application {
            "a" => |asked| asked.application == "a",
            _ => |asked| asked.application == "a/b",
        };
        // nginx-rtmp closes on an unknown application; others say it at play.
        for (refusal, at_connect, at_play) in [
            (Refusal::Close, accepts, any as Accepts),
            (Refusal::NotFound, any as Accepts, accepts),
        ] {
            let (server, log) = picky(refusal, at_connect, at_play);
            let player = Player::new(&location(&server, path));
            let asked = play(&player, &log);
            let last = asked.last().expect("a connection");
            assert_eq!(
                (last.application.as_str(), last.stream.as_str()),
                (application, stream)
            );
            assert_eq!(asked.len(), 2, "{asked:?}");
        }
    }
}

#[test]
fn fc_subscribe_and_other_starts_are_tried_where_the_stream_is_refused() {
    let cases: [(Accepts, usize); 3] = [
        (|asked| asked.subscribed, 2),
        (|asked| asked.start == -1000.0, 3),
        (|asked| asked.start == 0.0, 4),
    ];
    for (accepts, connections) in cases {
        for refusal in [Refusal::Close, Refusal::NotFound] {
            let (server, log) = picky(refusal, any, accepts);
            let player = Player::new(&location(&server, "a/s"));
            assert_eq!(play(&player, &log).len(), connections);
        }
    }
}

#[test]
fn what_worked_comes_first_the_next_time() {
    let (server, log) = picky(Refusal::NotFound, any, |asked| asked.subscribed);
    let player = Player::new(&location(&server, "a/s?token=1"));
    assert_eq!(play(&player, &log).len(), 2);
    player
        .source
        .set_property("location", location(&server, "a/s?token=2"));
    assert_eq!(play(&player, &log).len(), 1);
}

#[test]
fn what_worked_once_and_does_no_more_is_given_up() {
    static SUBSCRIBED: Mutex<bool> = Mutex::new(true);
    let (server, log) = picky(Refusal::NotFound, any, |asked| {
        asked.subscribed == *SUBSCRIBED.lock().expect("not poisoned")
    });
    let player = Player::new(&location(&server, "a/s"));
    assert_eq!(play(&player, &log).len(), 2);
    *SUBSCRIBED.lock().expect("not poisoned") = false;
    let asked = play(&player, &log);
    let subscribed: Vec<_> = asked.iter().map(|asked| asked.subscribed).collect();
    assert_eq!(subscribed, [true, false]);
}

/// Plays in vain, and returns the error and what was asked for.
fn fail(player: &Player, log: &Log) -> (glib::Error, gst::Structure, Vec<Asked>) {
    player.source.set_property("timeout", 1u32);
    player.play();
    let message = player.element_message("stream-ended");
    let (error, _) = player.error_message();
    player.set_state(gst::State::Null);
    let asked = std::mem::take(&mut *log.lock().expect("not poisoned"));
    (error, message, asked)
}

fn none(_: &Asked) -> bool {
    false
}

#[test]
fn one_error_lists_what_was_tried() {
    let (server, log) = picky(Refusal::NotFound, any, none);
    let player = Player::new(&location(&server, "a/s"));
    let (error, message, asked) = fail(&player, &log);
    assert!(error.matches(gst::ResourceError::NotFound), "{error}");
    for words in [
        "not here",
        "FCSubscribe",
        "a live stream only",
        "a recording only",
    ] {
        assert!(error.message().contains(words), "{words:?} in {error}");
    }
    assert_eq!(asked.len(), 4);
    let tried = message.get::<gst::Array>("tried").expect("a list");
    assert_eq!(tried.len(), 3);
}

#[test]
fn nothing_else_is_tried_where_that_is_switched_off() {
    let (server, log) = picky(Refusal::NotFound, any, none);
    let player = Player::new(&location(&server, "a/b/s"));
    player.source.set_property("fallbacks", false);
    let (error, _, asked) = fail(&player, &log);
    assert_eq!(asked.len(), 1);
    assert!(!error.message().contains("Tried"), "{error}");
}

#[test]
fn what_was_chosen_is_not_varied() {
    let (server, log) = picky(Refusal::Close, none, none);
    let player = Player::new(&location(&server, "a/b/s"));
    player.source.set_property("application", "a/b");
    player.source.set_property("flash-version", "MINE 1");
    assert_eq!(fail(&player, &log).2.len(), 1);

    let (server, log) = picky(Refusal::Close, any, none);
    let player = Player::new(&location(&server, "a/s live=1"));
    let (_, _, asked) = fail(&player, &log);
    assert_eq!(asked.len(), 1);
    assert!(
        asked[0].subscribed && asked[0].start == -1000.0,
        "{asked:?}"
    );
}

#[test]
fn silence_is_tried_a_bounded_number_of_times() {
    let (server, log) = picky(Refusal::Silence, any, none);
    let player = Player::new(&location(&server, "a/b/c/d/s"));
    let (error, _, asked) = fail(&player, &log);
    assert_eq!(asked.len(), 3);
    assert!(error.message().contains("timed out after 1 s"), "{error}");
}

#[test]
fn another_form_has_to_bring_media_in_time() {
    // A server that waits for a publisher where only a live stream is asked
    // for: no reason to wait for ever, after it said that there is none.
    let server = Server::start(|peer| {
        let request = peer.play_request();
        let start = request.arguments.first().and_then(Value::as_f64);
        if start == Some(-1000.0) {
            peer.session.accept_play(&request);
            peer.hold();
        } else {
            refuse(peer, Some(&request), Refusal::NotFound);
        }
    });
    let player = Player::new(&server.location());
    let (error, _, _) = fail(&player, &Log::default());
    assert!(error.matches(gst::ResourceError::NotFound), "{error}");
}

#[test]
fn refused_access_is_final() {
    let (server, log) = {
        let log = Log::default();
        let count = Arc::clone(&log);
        let server = Server::start(move |peer| {
            let request = peer.play_request();
            count.lock().expect("not poisoned").push(Asked::default());
            let status = Status::new(Level::Error, StatusCode::PlayFailed, "access denied");
            peer.session.reject_play(&request, &status);
            peer.close();
        });
        (server, log)
    };
    let player = Player::new(&server.location());
    let (error, _, asked) = fail(&player, &log);
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    assert_eq!(asked.len(), 1);
}

#[test]
fn a_failure_of_a_stream_that_played_is_told_as_it_is() {
    use gstrtmpr::rtmp::user_control::UserControl;

    let server = Server::start(|peer| {
        let (play, calls) = peer.play_request_and_calls();
        if !calls.iter().any(|call| call == "FCSubscribe") {
            return refuse(peer, Some(&play), Refusal::NotFound);
        }
        peer.session.accept_play(&play);
        send_headers(peer, play.stream, 0);
        peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
        let eof = UserControl::StreamEof(play.stream);
        peer.session.user_control(&eof);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.source.set_property_from_str("on-unpublish", "error");
    let (error, message, _) = fail(&player, &Log::default());
    assert_eq!(message.get::<&str>("cause"), Ok("unpublished"));
    assert!(error.matches(gst::ResourceError::Read), "{error}");
    assert!(!error.message().contains("Tried"), "{error}");
}

#[test]
fn what_is_chosen_later_counts_more_than_what_worked() {
    let (server, log) = picky(Refusal::NotFound, any, |asked| asked.start >= 0.0);
    let player = Player::new(&location(&server, "a/s"));
    play(&player, &log);
    player.source.set_property("play-start", 60_000i64);
    let asked = play(&player, &log);
    let starts: Vec<_> = asked.iter().map(|asked| asked.start).collect();
    assert_eq!(starts, [60_000.0]);
}

#[test]
fn what_a_refused_form_brought_is_forgotten() {
    use gstrtmpr::rtmp::amf::Object;
    use gstrtmpr::rtmp::amf0;

    use crate::media::{AAC, AAC_HEADER, metadata};
    use crate::player::bytes;

    let mut visits = 0;
    let server = Server::start(move |peer| {
        let stream = peer.accept_play().stream;
        visits += 1;
        if visits == 1 {
            // Names audio and video.
            peer.media(stream, MediaKind::Data, 0, &metadata());
            return peer.close();
        }
        let values = Object::new().with("audiocodecid", 10.0);
        let audio_only = amf0::encode_all(&["onMetaData".into(), values.into()]);
        peer.media(stream, MediaKind::Data, 0, &audio_only);
        peer.media(stream, MediaKind::Audio, 0, AAC_HEADER);
        for i in 0..20 {
            peer.media(stream, MediaKind::Audio, i * 20, AAC);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.rest();
    assert_eq!(bytes(&buffers[..1])[4], 4, "the file promises audio only");
    assert_eq!(buffers.len(), 1 + 22);
}
