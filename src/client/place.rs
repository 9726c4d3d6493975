// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Where a connection leads to.

use super::settings::ConnectionSettings;
use crate::net::Endpoint;
use crate::rtmp::auth::{Access, Credentials};
use crate::rtmp::location::{Location, Scheme};
use crate::rtmp::session::client::ConnectParameters;

/// A place: one of the settings, or where a server sent us.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) location: Location,
    /// From which of the places that the user named, by its number in the settings, we
    /// came here.
    pub(crate) named: usize,
    /// Not the one that the user gave.
    pub(crate) redirected: bool,
}

impl Place {
    /// The places that the user named, in their order; one at least.
    pub(crate) fn all(settings: &ConnectionSettings) -> Vec<Self> {
        let places = settings.places().enumerate();
        let places = places.map(|(named, (location, _))| Self {
            location: location.clone(),
            named,
            redirected: false,
        });
        places.collect()
    }

    /// Where the user's words about the location apply as they are.
    pub(crate) fn is_first(&self) -> bool {
        self.named == 0 && !self.redirected
    }

    /// The place without its secrets.
    pub(crate) fn shown(&self) -> String {
        self.location.redacted()
    }

    /// What to show at this place, if it is the host that the user gave it for, at
    /// whatever port. Where else a server sends us, it is not taken along.
    pub(crate) fn access<'a>(&self, settings: &'a ConnectionSettings) -> Option<&'a Access> {
        let (location, access) = settings.places().nth(self.named)?;
        let is_there = self.location.host.eq_ignore_ascii_case(&location.host);
        is_there.then_some(access)
    }

    /// User name and password for this place.
    pub(crate) fn credentials(&self, settings: &ConnectionSettings) -> Option<Credentials> {
        self.access(settings)?.credentials.clone()
    }

    /// The server.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            host: self.location.host.clone(),
            port: self.location.port_or_default(),
            tls: self.location.scheme == Scheme::Rtmps,
        }
    }

    /// What `connect` says here, with the path divided as in this location.
    pub(crate) fn connect(
        &self,
        settings: &ConnectionSettings,
        location: &Location,
    ) -> ConnectParameters {
        let mut connect = settings.connect.clone();
        // Made for the place that the user named.
        let tc_url = settings.tc_url.clone().filter(|_| self.is_first());
        connect.tc_url = tc_url.unwrap_or_else(|| location.tc_url());
        connect.application.clone_from(&location.application);
        connect
    }
}
