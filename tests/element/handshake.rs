// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The forms of the handshake: which one is asked for, and servers that answer
//! with something else.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::handshake::{HANDSHAKE_SIZE, HandshakeForm, Progress};
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};

use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

fn player(server: &Server, form: &str) -> Player {
    let player = Player::new(&server.location());
    player.source.set_property_from_str("handshake", form);
    player
}

fn serve(peer: &mut Peer) {
    let stream = peer.accept_play().stream;
    send_headers(peer, stream, 0);
    peer.media(stream, MediaKind::Video, 0, KEYFRAME);
    peer.session.end_play(stream);
    peer.close();
}

/// Plays five buffers, and returns the form that was used and the oddities.
fn plays(player: &Player) -> (String, u64) {
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    let stats = player.stats();
    assert_eq!(stats.get::<u32>("connections"), Ok(1));
    let form = stats.get::<String>("handshake").expect("a form");
    let ignored = stats.get::<u64>("ignored-messages").expect("a count");
    (form, ignored)
}

#[test]
fn the_form_that_is_set_is_asked_for_at_once() {
    let server = Server::start(serve);
    for (form, used) in [
        ("auto", "simple"),
        ("simple", "simple"),
        ("digest", "digest"),
    ] {
        let (found, ignored) = plays(&player(&server, form));
        assert_eq!((found.as_str(), ignored), (used, 0), "{form}");
    }
}

#[test]
fn only_auto_tries_the_other_form_where_one_fails() {
    for (form, expected) in [
        ("auto", vec![HandshakeForm::Simple, HandshakeForm::Digest]),
        ("simple", vec![HandshakeForm::Simple]),
        ("digest", vec![HandshakeForm::Digest]),
    ] {
        let forms = Arc::<Mutex<Vec<HandshakeForm>>>::default();
        let seen = Arc::clone(&forms);
        let server = Server::start(move |peer| {
            let form = peer.until(|event| match event {
                Event::Handshake(Progress::Done { form, .. }) => Some(*form),
                _ => None,
            });
            seen.lock().expect("not poisoned").push(form);
            peer.connect_request();
            peer.close();
        });
        let player = player(&server, form);
        player.play();
        let (error, _) = player.error_message();
        assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
        assert_eq!(*forms.lock().expect("not poisoned"), expected, "{form}");
    }
}

/// A server that answers C0 and C1 with what is made of them and of the S0, S1
/// and S2 that belong there.
fn odd(answer: fn(c1: &[u8], proper: Vec<u8>) -> Vec<u8>) -> Server {
    Server::start(move |peer| {
        let mut hello = vec![0; 1 + HANDSHAKE_SIZE];
        peer.stream.read_exact(&mut hello).expect("C0 and C1");
        peer.session.receive(&hello).expect("a client");
        let proper = std::iter::from_fn(|| peer.session.poll_transmit());
        let proper: Vec<u8> = proper.flat_map(|bytes| bytes.to_vec()).collect();
        assert_eq!(proper.len(), 1 + 2 * HANDSHAKE_SIZE);
        let answer = answer(&hello[1..], proper);
        peer.stream.write_all(&answer).expect("it is read");
        serve(peer);
    })
}

#[test]
fn servers_without_digests_are_played_from_in_the_simple_form() {
    /// S1 and S2 behind S0.
    fn answer(s1: &[u8], s2: &[u8]) -> Vec<u8> {
        [&[3], s1, s2].concat()
    }
    type Answer = fn(&[u8], Vec<u8>) -> Vec<u8>;
    let answers: [(&str, Answer, u64); 4] = [
        (
            "S1 as nginx-rtmp of old sends it: C1 once more",
            |c1, _| answer(c1, c1),
            0,
        ),
        (
            "S1 with a version and without a digest, S2 an echo",
            |c1, _| answer(&[0xA5; HANDSHAKE_SIZE], c1),
            0,
        ),
        (
            "the same, S2 no echo",
            |_, _| answer(&[0xA5; HANDSHAKE_SIZE], &[7; HANDSHAKE_SIZE]),
            1,
        ),
        (
            "S1 without a version",
            |c1, _| answer(&[0; HANDSHAKE_SIZE], c1),
            0,
        ),
    ];
    for (topic, answer, oddities) in answers {
        let server = odd(answer);
        let (form, ignored) = plays(&player(&server, "digest"));
        assert_eq!((form.as_str(), ignored), ("simple", oddities), "{topic}");
    }
}

#[test]
fn a_wrong_signature_is_an_oddity_and_no_reason_to_end() {
    let server = odd(|_, mut proper| {
        if let Some(last) = proper.last_mut() {
            *last ^= 1;
        }
        proper
    });
    let (form, ignored) = plays(&player(&server, "digest"));
    assert_eq!((form.as_str(), ignored), ("digest", 1));
}

#[test]
fn a_broken_digest_in_s1_is_none() {
    let server = odd(|_, mut proper| {
        // Behind S0, the time and the version, in nobody's digest's place.
        proper[1 + HANDSHAKE_SIZE - 1] ^= 1;
        proper
    });
    let (form, ignored) = plays(&player(&server, "digest"));
    assert_eq!((form.as_str(), ignored), ("simple", 1));
}
