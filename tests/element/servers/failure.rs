// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Plays that fail: what the user is told, and at what cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;

use super::script::Script;
use crate::player::Player;
use crate::server::Server;

/// Other ways to ask where `connect` is refused.
pub(super) const AT_CONNECT: &[&str] = &["digest handshake as Flash Player"];

/// Other ways to ask where `play` is refused.
pub(super) const AT_PLAY: &[&str] = &[
    "FCSubscribe",
    "FCSubscribe and a live stream only",
    "a recording only",
];

/// The first ones of these, where each takes its time.
pub(super) const AT_PLAY_IN_SILENCE: &[&str] = AT_PLAY.split_at(2).0;

/// Nothing else is tried.
pub(super) const NOTHING: &[&str] = &[];

/// What must come of a play.
pub(super) struct Failure<'a> {
    pub(super) error: gst::ResourceError,
    /// The cause that programs are told.
    pub(super) cause: &'a str,
    /// What people are told.
    pub(super) words: &'a [&'a str],
    /// Other ways to ask, a connection each.
    pub(super) tried: &'a [&'a str],
}

/// A play that is going to fail.
pub(super) struct Failing {
    player: Player,
    _server: Server,
    connections: Arc<AtomicUsize>,
}

impl Script {
    /// A server that never lets the client play.
    pub(super) fn fails_with(self, expected: &Failure<'_>) {
        self.begin_to_fail().with(expected);
    }

    /// The same without waiting for it.
    pub(super) fn begin_to_fail(self) -> Failing {
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let server = Server::start(move |peer| {
            count.fetch_add(1, Ordering::SeqCst);
            self.serve(peer, &mut |_| {});
        });
        let player = Player::new(&server.location());
        // Reached only where the server does not answer.
        player.source.set_property("timeout", 1u32);
        player.play();
        Failing {
            player,
            _server: server,
            connections,
        }
    }
}

impl Failing {
    /// Waits for the failure, which must be this one.
    pub(super) fn with(self, expected: &Failure<'_>) {
        let ended = self.player.element_message("stream-ended");
        assert_eq!(ended.get::<&str>("result"), Ok("error"), "{ended}");
        assert_eq!(ended.get::<&str>("cause"), Ok(expected.cause), "{ended}");
        let tried = ended.get::<gst::Array>("tried").expect("a list");
        // Each with what came of it.
        let tried: Vec<&str> = tried.iter().map(|way| way.get().expect("words")).collect();
        let ways = tried.iter().map(|way| way.rsplit_once(" ("));
        let ways: Vec<&str> = ways.map(|way| way.expect("a result").0).collect();
        assert_eq!(ways, expected.tried);

        let (error, _) = self.player.error_message();
        let code = expected.error;
        assert!(error.matches(code), "{code:?} expected, got {error:?}");
        for word in expected.words.iter().chain(expected.tried) {
            assert!(error.message().contains(word), "{word:?} in {error:?}");
        }
        let connections = self.connections.load(Ordering::SeqCst);
        assert_eq!(connections, 1 + expected.tried.len(), "connections");
    }
}
