// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that stay silent: to `play`, without a publisher, and when it is
//! gone.
//!
//! All of them at once, since each takes its time.

use gst::prelude::*;

use super::super::failure::{AT_PLAY_IN_SILENCE, Failure};
use super::super::script::Script;
use super::{fms, lal, nginx, node_media_server, red5, srs, wowza, zlmediakit};
use crate::player::{Ended, Player};
use crate::server::Server;

struct Silent {
    name: &'static str,
    player: Player,
    _server: Server,
}

/// Plays them all with `idle-timeout`.
fn play<const N: usize>(servers: [(&'static str, Script); N], on_unpublish: &str) -> Vec<Silent> {
    let play = |(name, script): (_, Script)| {
        let server = script.start();
        let player = Player::new(&server.location());
        player.source.set_property("idle-timeout", 1u32);
        player
            .source
            .set_property_from_str("on-unpublish", on_unpublish);
        player.play();
        Silent {
            name,
            player,
            _server: server,
        }
    };
    servers.into_iter().map(play).collect()
}

impl Silent {
    fn ends(&self, result: &str, cause: &str) {
        let ended = self.player.element_message("stream-ended");
        let told = (ended.get::<&str>("result"), ended.get::<&str>("cause"));
        assert_eq!(told, (Ok(result), Ok(cause)), "{}", self.name);
    }
}

#[test]
fn silence_in_answer_to_play_is_timed_out_a_few_times() {
    let servers = [nginx::mute(), red5::mute(), zlmediakit::mute()];
    for failing in servers.map(Script::begin_to_fail) {
        failing.with(&Failure {
            error: gst::ResourceError::OpenRead,
            cause: "timeout",
            words: &["timed out after 1 s"],
            tried: AT_PLAY_IN_SILENCE,
        });
    }
}

#[test]
fn silence_without_a_publisher_is_an_error_after_the_idle_timeout() {
    let servers = [
        ("nginx-rtmp", nginx::absent()),
        ("SRS", srs::absent()),
        ("lal", lal::absent()),
        ("Red5", red5::absent()),
        ("FMS", fms::absent()),
        ("Wowza", wowza::absent()),
        ("node-media-server", node_media_server::absent()),
    ];
    for silent in play(servers, "eos") {
        silent.ends("error", "idle");
        let (error, _) = silent.player.error_message();
        assert!(error.matches(gst::ResourceError::Read), "{error:?}");
        assert!(error.message().contains("idle-timeout"), "{error:?}");
        // It was not refused: no reason to ask in another way.
        let connections = silent.player.stats().get::<u32>("connections");
        assert_eq!(connections, Ok(1), "{}", silent.name);
    }
}

#[test]
fn silence_when_the_publisher_is_gone_is_the_end_after_the_idle_timeout() {
    let servers = [
        ("SRS", srs::gone()),
        ("lal", lal::gone()),
        ("node-media-server", node_media_server::gone()),
    ];
    for silent in play(servers, "eos") {
        silent.ends("eos", "idle");
        assert_eq!(silent.player.rest().len(), 7, "{}", silent.name);
        assert!(matches!(silent.player.ended(), Ended::Eos));
    }
}

#[test]
fn a_publisher_that_does_not_return_is_waited_for_as_long_as_the_idle_timeout() {
    let nginx = play([("nginx-rtmp", nginx::gone())], "wait");
    let red5 = play([("Red5", red5::gone())], "wait");
    for (silent, cause) in [(&nginx[0], "stream-eof"), (&red5[0], "unpublish-notify")] {
        silent.ends("eos", cause);
        assert_eq!(silent.player.rest().len(), 7, "{}", silent.name);
    }
}
