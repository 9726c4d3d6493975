// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The secrets of a play, which all that is shown of it is searched for. More are
//! learnt on the way: where a server sends us may hold some.

use std::collections::VecDeque;
use std::sync::{PoisonError, RwLock};

use crate::net::gio::{Options, Proxy};
use crate::rtmp::auth::Access;
use crate::rtmp::location::Location;
use crate::rtmp::secrets::Secrets;
use crate::rtmp::session::client::ConnectParameters;

/// Most URLs whose secrets are known beside those of the settings: a server may name
/// any number of them.
const MAX_URLS: usize = 12;

/// What settings may hold secrets in.
pub(crate) struct Holders<'a> {
    /// Where the stream is, and who asks there.
    pub(crate) places: Vec<(&'a Location, &'a Access)>,
    /// `tcUrl`, if it is set.
    pub(crate) tc_url: Option<&'a String>,
    /// What `connect` says.
    pub(crate) connect: &'a ConnectParameters,
    /// Another name of the stream.
    pub(crate) name: Option<&'a String>,
    /// The way to the server.
    pub(crate) network: &'a Options,
}

impl Holders<'_> {
    fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        let connect = self.connect;
        let urls = [connect.swf_url.as_ref(), connect.page_url.as_ref()];
        let urls = urls.into_iter().chain([self.tc_url, self.name]);
        for url in urls.flatten() {
            secrets.add_query_of(url);
        }
        for value in &connect.extra_arguments {
            secrets.add_value(value);
        }
        for (location, access) in &self.places {
            secrets.add_location(location);
            let password = access.credentials.as_ref().map(|known| &known.password);
            for secret in [password, access.secure_token.as_ref()]
                .into_iter()
                .flatten()
            {
                secrets.add(secret);
            }
        }
        if let Proxy::Through(proxy) = &self.network.proxy
            && let Some(password) = &proxy.password
        {
            secrets.add(password);
        }
        secrets
    }
}

/// What is hidden in texts about one play or publish.
#[derive(Debug, Default)]
pub struct Hidden {
    /// What the settings hold.
    own: Secrets,
    /// The URLs that a server has named, and all that is hidden with them.
    learned: RwLock<(VecDeque<String>, Secrets)>,
}

impl Hidden {
    /// What these settings hold.
    pub(crate) fn of(holders: &Holders<'_>) -> Self {
        Self::new(holders.secrets())
    }

    fn new(secrets: Secrets) -> Self {
        Self {
            own: secrets.clone(),
            learned: RwLock::new((VecDeque::new(), secrets)),
        }
    }

    /// Adds those of a URL that a server named, whether we go there or not. The oldest
    /// are forgotten.
    pub(crate) fn learn(&self, url: &str) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        let (urls, secrets) = &mut *learned;
        if urls.iter().any(|known| known == url) {
            return;
        }
        if urls.len() >= MAX_URLS {
            urls.pop_front();
        }
        urls.push_back(url.to_owned());
        *secrets = self.own.clone();
        for url in urls {
            secrets.add_url(url);
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
    fn the_urls_that_a_server_names_are_bounded() {
        let mut own = Secrets::default();
        own.add("password");
        let hidden = Hidden::new(own);
        let place = |i: usize| format!("rtmp://h/a?token=secret{i:04}/s");
        for i in 0..1000 {
            hidden.learn(&place(i));
        }
        assert_eq!(hidden.hide("password secret0999"), "… …");
        assert_eq!(hidden.hide("secret0000"), "secret0000", "long forgotten");
    }
}
