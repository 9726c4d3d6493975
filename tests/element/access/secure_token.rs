// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Wowza's SecureToken.

use gstrtmpr::rtmp::status::StatusCode;

use super::*;

/// Answered by `token123` with the key `0123456789abcdef`.
const CHALLENGE: &str = "56e602a1617f961a";

/// A server with a challenge that plays five buffers to anybody, and what it
/// was called with on its latest connection, in order.
fn wowza(challenge: &'static str) -> (Server, Arc<Mutex<Vec<String>>>) {
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&calls);
    let server = Server::start(move |peer| {
        kept.lock().expect("not poisoned").clear();
        peer.session.set_secure_token(challenge.to_owned());
        while let Some(event) = peer.next_event() {
            let call = match &event {
                Event::Called(command) => format!("{} {:?}", command.name, command.arguments),
                Event::StreamCreated(_) => "createStream".to_owned(),
                Event::Play(_) => "play".to_owned(),
                _ => String::new(),
            };
            let mut calls = kept.lock().expect("not poisoned");
            calls.extend(Some(call).filter(|call| !call.is_empty()));
            drop(calls);
            match event {
                Event::Connect(request) => peer.session.accept_connect(&request, 4096),
                Event::Play(request) => {
                    peer.session.accept_play(&request);
                    send_headers(peer, request.stream, 0);
                    peer.media(request.stream, MediaKind::Video, 0, KEYFRAME);
                    peer.session.end_play(request.stream);
                    return peer.close();
                }
                _ => {}
            }
        }
    });
    (server, calls)
}

fn calls_of(location: &str, set: impl Fn(&gst::Element), calls: &Mutex<Vec<String>>) -> Player {
    let player = Player::new(location);
    set(&player.source);
    plays(&player);
    player.set_state(gst::State::Null);
    let answers = calls.lock().expect("not poisoned");
    let answers = answers.iter().filter(|call| call.starts_with("secure"));
    let answered = player.stats().get::<bool>("secure-token-answered");
    assert_eq!(answered.is_ok(), answers.count() == 1);
    player
}

#[test]
fn a_challenge_is_answered_before_anything_else_is_asked() {
    let (server, calls) = wowza(CHALLENGE);
    let option = format!("{} token=0123456789abcdef", server.location());
    let by_property = |source: &gst::Element| {
        source.set_property("secure-token", "0123456789abcdef");
    };
    calls_of(&server.location(), by_property, &calls);
    let expected = [
        r#"secureTokenResponse [String("token123")]"#,
        "createStream",
        "play",
    ];
    assert_eq!(*calls.lock().expect("not poisoned"), expected);
    calls_of(&option, |_| {}, &calls);
    assert_eq!(*calls.lock().expect("not poisoned"), expected);
}

#[test]
fn without_a_token_or_with_a_challenge_that_is_none_nothing_is_answered() {
    for (challenge, token) in [
        (CHALLENGE, None),
        ("no hex", Some("key")),
        ("", Some("key")),
    ] {
        let (server, calls) = wowza(challenge);
        let set = |source: &gst::Element| source.set_property("secure-token", token);
        calls_of(&server.location(), set, &calls);
        assert_eq!(
            *calls.lock().expect("not poisoned"),
            ["createStream", "play"]
        );
    }
}

#[test]
fn another_host_gets_no_answer() {
    let (server, calls) = wowza(CHALLENGE);
    let place = format!("rtmp://localhost:{}/app", server.address().port());
    let front = Guarded::start(vec![Reply::Redirect(place)]);
    let set = |source: &gst::Element| source.set_property("secure-token", "0123456789abcdef");
    calls_of(&front.location("app/s"), set, &calls);
    assert_eq!(
        *calls.lock().expect("not poisoned"),
        ["createStream", "play"]
    );
}

#[test]
fn a_refusal_behind_a_challenge_without_an_answer_is_explained() {
    let server = Server::start(|peer| {
        peer.session.set_secure_token(CHALLENGE.to_owned());
        let request = peer.play_request();
        let status = Status::new(Level::Error, StatusCode::PlayFailed, "access denied");
        peer.session.reject_play(&request, &status);
        peer.close();
    });
    let refused = |token: Option<&str>| {
        let player = Player::new(&server.location());
        player.source.set_property("secure-token", token);
        player.play();
        player.error_message().0.message().to_owned()
    };
    let advice = "set the secure-token property";
    assert!(refused(None).contains(advice));
    assert!(!refused(Some("wrong")).contains(advice));
}
