// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Everything a player needs to know before it starts.

use std::fmt;
use std::time::Duration;

use super::reconnect::Reconnect;
use crate::net::gio::Options;
use crate::rtmp::auth::Access;
use crate::rtmp::location::Location;
use crate::rtmp::session::client::{ConnectParameters, PlayParameters};

/// What the publisher's leaving means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnUnpublish {
    /// Wait for it to come back.
    Wait,
    /// The stream has ended.
    #[default]
    Eos,
    /// The play has failed.
    Error,
}

/// Where to begin in what a server sends first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartPosition {
    /// At the first key frame.
    #[default]
    FirstKeyframe,
    /// At the newest key frame of what the server has kept.
    LiveEdge,
    /// With whatever comes.
    Anywhere,
}

/// Whether to ask for everything before the first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FastStart {
    /// Where the server has played before and nothing spoke against it.
    #[default]
    Auto,
    /// At once.
    On,
    /// Never.
    Off,
}

/// Which form of the handshake to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HandshakeChoice {
    /// The simple one, and that with digests as one of the other ways to ask.
    #[default]
    Auto,
    /// The simple one only.
    Simple,
    /// That with digests, at once. A server that does not know it answers with
    /// the simple one.
    Digest,
}

/// Another place of the same stream.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// Where.
    pub location: Location,
    /// Who asks there.
    pub access: Access,
}

/// One play, as asked for. Fixed while it runs.
#[derive(Clone)]
pub struct PlaySettings {
    /// Where the stream is.
    pub location: Location,
    /// Where else it is.
    pub alternatives: Vec<Alternative>,
    /// The way to the server.
    pub network: Options,
    /// The user has set application or stream by themselves: the path is not
    /// divided elsewhere.
    pub fixed_path: bool,
    /// `tcUrl`, if it is not to be made from the location.
    pub tc_url: Option<String>,
    /// Who asks; for the host of the location only.
    pub access: Access,
    /// Which form of the handshake to ask for.
    pub handshake: HandshakeChoice,
    /// What `connect` says; application and `tcUrl` come from the location.
    pub connect: ConnectParameters,
    /// What `play` asks for; the name comes from the location.
    pub play: PlayParameters,
    /// The user has chosen where to start.
    pub fixed_start: bool,
    /// Whether to ask for everything before the first answer.
    pub fast_start: FastStart,
    /// Where to begin in what the server sends.
    pub start_position: StartPosition,
    /// Name for `FCSubscribe`, if it is to be sent in any case.
    pub subscribe: Option<String>,
    /// Try other ways to ask where the server refuses the usual one.
    pub fallbacks: bool,
    /// How long each step up to the start of playing may take; for ever if `None`.
    pub timeout: Option<Duration>,
    /// How long no media may come while playing; for ever if `None`.
    pub idle_timeout: Option<Duration>,
    /// How often to ping the server while playing; never if `None`.
    pub ping_interval: Option<Duration>,
    /// An end that the server did not announce is a failure.
    pub no_eof_is_error: bool,
    /// Whether to go on after the connection broke.
    pub reconnect: Reconnect,
    /// What the publisher's leaving means.
    pub on_unpublish: OnUnpublish,
}

impl PlaySettings {
    /// The places that the user named, in their order, and who asks there.
    pub(super) fn places(&self) -> impl Iterator<Item = (&Location, &Access)> {
        let others = self.alternatives.iter();
        let others = others.map(|other| (&other.location, &other.access));
        std::iter::once((&self.location, &self.access)).chain(others)
    }
}

/// Shows only what holds no secrets.
impl fmt::Debug for PlaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaySettings")
            .field("location", &self.location)
            .field("alternatives", &self.alternatives)
            .field("network", &self.network)
            .field("access", &self.access)
            .field("handshake", &self.handshake)
            .field("fallbacks", &self.fallbacks)
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("ping_interval", &self.ping_interval)
            .field("no_eof_is_error", &self.no_eof_is_error)
            .field("reconnect", &self.reconnect)
            .field("on_unpublish", &self.on_unpublish)
            .finish_non_exhaustive()
    }
}
