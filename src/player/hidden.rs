// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The secrets of a play, which all that is shown of it is searched for. More are
//! learnt on the way: where a server sends us may hold some.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use super::settings::PlaySettings;
use crate::net::gio::Proxy;
use crate::rtmp::location::Location;
use crate::rtmp::secrets::Secrets;

/// Most places whose secrets are known beside those of the settings: a server may
/// name any number of them.
const MAX_PLACES: usize = 8;

/// What is hidden in texts about one play.
#[derive(Debug, Default)]
pub struct Hidden {
    /// What the settings hold.
    own: Secrets,
    /// The places that a server has named, and all that is hidden with them.
    learned: RwLock<(VecDeque<Location>, Secrets)>,
}

impl Hidden {
    /// What the settings hold.
    pub fn of(settings: &PlaySettings) -> Self {
        let mut secrets = Secrets::default();
        secrets.add_location(&settings.location);
        let connect = &settings.connect;
        let urls = [&settings.tc_url, &connect.swf_url, &connect.page_url];
        for url in urls.into_iter().flatten() {
            secrets.add_query_of(url);
        }
        if let Some(name) = &settings.subscribe {
            secrets.add_query_of(name);
        }
        for value in &connect.extra_arguments {
            secrets.add_value(value);
        }
        let access = &settings.access;
        let password = access.credentials.as_ref().map(|known| &known.password);
        for secret in [password, access.secure_token.as_ref()]
            .into_iter()
            .flatten()
        {
            secrets.add(secret);
        }
        if let Proxy::Through(proxy) = &settings.network.proxy
            && let Some(password) = &proxy.password
        {
            secrets.add(password);
        }
        Self {
            own: secrets.clone(),
            learned: RwLock::new((VecDeque::new(), secrets)),
        }
    }

    /// Adds those of a place that a server named. The oldest are forgotten.
    pub(super) fn learn(&self, location: &Location) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        let (places, secrets) = &mut *learned;
        if places.contains(location) {
            return;
        }
        if places.len() >= MAX_PLACES {
            places.pop_front();
        }
        places.push_back(location.clone());
        *secrets = self.own.clone();
        for place in places {
            secrets.add_location(place);
        }
    }

    /// The text without them.
    pub fn hide(&self, text: &str) -> String {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        learned.1.hide(text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_that_a_server_names_are_bounded() {
        let mut own = Secrets::default();
        own.add("password");
        let hidden = Hidden {
            own: own.clone(),
            learned: RwLock::new((VecDeque::new(), own)),
        };
        let place = |i: usize| format!("rtmp://h/a?token=secret{i:04}/s");
        for i in 0..1000 {
            hidden.learn(&Location::parse(&place(i)).expect("a location"));
        }
        assert_eq!(hidden.hide("password secret0999"), "… …");
        assert_eq!(hidden.hide("secret0000"), "secret0000", "long forgotten");
    }
}
