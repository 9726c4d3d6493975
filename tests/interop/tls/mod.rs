// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! RTMPS: TLS by stunnel, by openssl and by GIO, in front of nginx-rtmp and of
//! scripted servers, with every kind of certificate.

pub(crate) mod certificates;
mod interaction;
mod media;
mod refused;
pub(crate) mod stunnel;
mod trouble;
mod trusted;

use certificates::Certificates;
use gst::prelude::*;

use crate::player::Player;
use crate::short_stream;

/// A player of `rtmps://HOST:PORT/app/stream` that trusts the authority.
fn player(host: &str, port: u16, certificates: &Certificates) -> Player {
    let player = Player::new(&format!("rtmps://{host}:{port}/app/stream"));
    player
        .source
        .set_property("tls-ca-file", certificates.authority());
    player
}

/// Plays to the end, through TLS.
fn expect_played(player: &Player) {
    short_stream::expect_played(player);
    assert!(player.stats().has_field("tls-connected-time"));
}
