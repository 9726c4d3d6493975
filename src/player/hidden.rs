// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The secrets of a play, which all that is shown of it is searched for. More are
//! learnt on the way: where a server sends us may hold some.

use std::sync::{PoisonError, RwLock};

use super::settings::PlaySettings;
use crate::net::gio::Proxy;
use crate::rtmp::location::Location;
use crate::rtmp::secrets::Secrets;

/// What is hidden in texts about one play.
#[derive(Debug, Default)]
pub struct Hidden(RwLock<Secrets>);

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
        Self(RwLock::new(secrets))
    }

    /// Adds those of a place that a server named.
    pub(super) fn learn(&self, location: &Location) {
        let mut secrets = self.0.write().unwrap_or_else(PoisonError::into_inner);
        secrets.add_location(location);
    }

    /// The text without them.
    pub fn hide(&self, text: &str) -> String {
        let secrets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        secrets.hide(text).into_owned()
    }
}
