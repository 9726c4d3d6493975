// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Everything a player needs to know before it starts.

use std::fmt;
use std::time::Duration;

use crate::client::hidden::Hidden;
use crate::client::reconnect::Reconnect;
use crate::client::settings::ConnectionSettings;
use crate::rtmp::session::client::PlayParameters;

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

/// One play, as asked for. Fixed while it runs.
#[derive(Clone)]
pub struct PlaySettings {
    /// Where, and who asks.
    pub connection: ConnectionSettings,
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
    /// What must not be shown of them.
    pub fn hidden(&self) -> Hidden {
        self.connection.hidden(self.subscribe.as_ref())
    }
}

/// Shows only what holds no secrets.
impl fmt::Debug for PlaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaySettings")
            .field("connection", &self.connection)
            .field("fallbacks", &self.fallbacks)
            .field("idle_timeout", &self.idle_timeout)
            .field("ping_interval", &self.ping_interval)
            .field("no_eof_is_error", &self.no_eof_is_error)
            .field("reconnect", &self.reconnect)
            .field("on_unpublish", &self.on_unpublish)
            .finish_non_exhaustive()
    }
}
