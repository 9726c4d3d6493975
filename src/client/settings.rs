// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Where to connect to, and what to say there of oneself.

use std::fmt;
use std::time::Duration;

use super::hidden::{Hidden, Holders};
use crate::net::gio::Options;
use crate::rtmp::auth::Access;
use crate::rtmp::location::Location;
use crate::rtmp::session::client::ConnectParameters;

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

/// The connections of a play or publish, as asked for. Fixed while it runs.
#[derive(Clone)]
pub struct ConnectionSettings {
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
    /// How long each step up to the start may take; for ever if `None`.
    pub timeout: Option<Duration>,
}

impl ConnectionSettings {
    /// The places that the user named, in their order, and who asks there.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&Location, &Access)> {
        let others = self.alternatives.iter();
        let others = others.map(|other| (&other.location, &other.access));
        std::iter::once((&self.location, &self.access)).chain(others)
    }

    /// What must not be shown of them, and of another name of the stream.
    pub(crate) fn hidden(&self, name: Option<&String>) -> Hidden {
        Hidden::of(&Holders {
            places: self.places().collect(),
            tc_url: self.tc_url.as_ref(),
            connect: &self.connect,
            name,
            network: &self.network,
        })
    }
}

/// Shows only what holds no secrets.
impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSettings")
            .field("location", &self.location)
            .field("alternatives", &self.alternatives)
            .field("network", &self.network)
            .field("access", &self.access)
            .field("handshake", &self.handshake)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
