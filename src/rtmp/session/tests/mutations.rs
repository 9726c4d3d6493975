// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Damaged conversations: no input may panic, and damage must not make the
//! outcome depend on how bytes are cut.

use super::splits::{client_bytes, client_outcome, server_bytes, server_outcome};
use super::*;
use crate::rtmp::random::Random;

#[test]
fn a_client_survives_damaged_input_the_same_way_however_it_is_cut() {
    let whole = server_bytes();
    let (mut ended, mut survived) = (0, 0);
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let mut bytes = whole.clone();
        random.mutate(&mut bytes, 0);
        let at_once = client_outcome([&bytes[..]]);
        match at_once.error {
            Some(_) => ended += 1,
            None => survived += 1,
        }
        let longest = random.pick(&[1, 5, 100]);
        let pieces = random.cut(&bytes, longest);
        assert_eq!(client_outcome(pieces), at_once, "seed {seed}");
    }
    assert!(ended > 100 && survived > 100, "{ended}, {survived}");
}

#[test]
fn a_server_survives_damaged_input_the_same_way_however_it_is_cut() {
    let whole = [handshake(), client_bytes()].concat();
    let (mut ended, mut survived) = (0, 0);
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let mut bytes = whole.clone();
        let start = random.pick(&[0, SERVER_HELLO, SERVER_HELLO, SERVER_HELLO]);
        random.mutate(&mut bytes, start);
        let at_once = server_outcome([&bytes[..]]);
        match at_once.error {
            Some(_) => ended += 1,
            None => survived += 1,
        }
        let longest = random.pick(&[5, 100, 4000]);
        let pieces = random.cut(&bytes, longest);
        let in_pieces = server_outcome(pieces);
        assert_eq!(in_pieces.events, at_once.events, "seed {seed}");
        assert_eq!(in_pieces.error, at_once.error, "seed {seed}");
    }
    assert!(ended > 100 && survived > 100, "{ended}, {survived}");
}

#[test]
fn a_conversation_cut_off_anywhere_ends_between_events() {
    let whole = server_bytes();
    let all = client_outcome([&whole[..]]).events;
    for length in 0..whole.len() {
        let outcome = client_outcome([&whole[..length]]);
        assert_eq!(outcome.error, None);
        assert!(all.starts_with(&outcome.events), "at {length}");
    }
}

#[test]
fn random_bytes_behind_the_handshake_never_panic() {
    for seed in 0..500 {
        let mut random = Random::new(seed);
        let bytes = random.bytes(500);
        let at_once = client_outcome([&bytes[..]]);
        assert_eq!(client_outcome(bytes.chunks(1)), at_once, "seed {seed}");
        let bytes = [handshake(), bytes].concat();
        let at_once = server_outcome([&bytes[..]]);
        let in_pieces = server_outcome(bytes.chunks(7));
        assert_eq!(in_pieces.events, at_once.events, "seed {seed}");
    }
}

#[test]
fn random_commands_never_panic() {
    // Legal chunks around damaged AMF.
    let commands = [
        connected_answer(),
        connect_command(),
        Command::on_status(&error_status(StatusCode::PlayFailed, "x")),
        Command::new("play", 1.0).argument("s").argument(-2000.0),
        Command::new("createStream", 2.0),
    ];
    let mut broken = 0;
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let command = &commands[random.below(commands.len())];
        let mut body = command.encode().as_slice().to_vec();
        random.mutate(&mut body, 0);
        let kind = random.pick(&[17, 18, 20]);
        let bytes = Wire::new().typed(kind.into(), FIRST, &body).bytes();

        let outcome = client_outcome([&bytes[..]]);
        assert_eq!(outcome.error, None, "one message cannot end it: {seed}");
        let bad =
            |event: &client::Event| matches!(event, client::Event::Ignored(Ignored::BadAmf(_)));
        broken += usize::from(outcome.events.iter().any(bad));

        let bytes = [handshake(), bytes].concat();
        let outcome = server_outcome([&bytes[..]]);
        assert_eq!(outcome.error, None, "seed {seed}");
    }
    assert!(broken > 300, "{broken}");
}
