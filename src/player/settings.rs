// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Everything a player needs to know before it starts.

use std::fmt;
use std::time::Duration;

use crate::net::Endpoint;
use crate::rtmp::session::client::{ConnectParameters, PlayParameters};

/// One play, as asked for. Fixed while it runs.
#[derive(Clone)]
pub struct PlaySettings {
    /// Where to connect to.
    pub endpoint: Endpoint,
    /// The URL without its secrets, for messages.
    pub shown_url: String,
    /// What `connect` says.
    pub connect: ConnectParameters,
    /// What `play` asks for.
    pub play: PlayParameters,
    /// Name for `FCSubscribe`, if it is to be sent.
    pub subscribe: Option<String>,
    /// How long each step up to the start of playing may take; for ever if `None`.
    pub timeout: Option<Duration>,
    /// How long no media may come while playing; for ever if `None`.
    pub idle_timeout: Option<Duration>,
    /// An end that the server did not announce is a failure.
    pub no_eof_is_error: bool,
}

/// Shows only what holds no secrets.
impl fmt::Debug for PlaySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlaySettings")
            .field("endpoint", &self.endpoint)
            .field("shown_url", &self.shown_url)
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("no_eof_is_error", &self.no_eof_is_error)
            .finish_non_exhaustive()
    }
}
