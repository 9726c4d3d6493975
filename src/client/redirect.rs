// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Redirects: where a server sends us, and whether we go.
//!
//! Two forms are in use. FMS, AMS and Wowza refuse `connect` with
//! `ex: {code: 302, redirect: tcUrl}`; SRS answers `play` and then sends a
//! status on the connection with `redirect` (a tcUrl) and `redirect2` (the
//! whole URL). The stream's name is kept unless the server names another.

use crate::rtmp::amf::{Object, Value};
use crate::rtmp::location::{Location, LocationError, Scheme};
use crate::rtmp::status::{Status, printable};

/// Most redirects of one play.
pub const MAX_REDIRECTS: u32 = 5;

/// Longest URL to which a server can send us, in bytes. A longer one is none.
pub(crate) const MAX_URL: usize = 8 << 10;

/// Why a redirect is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectError {
    /// More than [`MAX_REDIRECTS`].
    TooMany,
    /// To where we have been already.
    Loop,
    /// From an encrypted connection to a plain one.
    Downgrade,
    /// The new place is no URL that we can play from.
    Unusable(LocationError),
}

impl std::fmt::Display for RedirectError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooMany => write!(f, "more than {MAX_REDIRECTS} redirects"),
            Self::Loop => f.write_str("a redirect to where we have been already"),
            Self::Downgrade => f.write_str("a redirect from TLS to an unencrypted connection"),
            Self::Unusable(error) => error.fmt(f),
        }
    }
}

/// What a server said about where to go.
#[derive(Clone, PartialEq)]
pub(crate) struct Redirect {
    /// The server's words.
    pub(crate) status: Status,
    /// URL of the connection.
    tc_url: Option<String>,
    /// URL of the stream.
    url: Option<String>,
}

impl Redirect {
    /// The redirect in a status, if it is one.
    pub(crate) fn find(status: &Status) -> Option<Self> {
        let ex = status.information.get("ex").and_then(Value::as_object);
        let object = ex.unwrap_or(&status.information);
        // A refusal names other URLs too; only with the code does it send away.
        if !has_code_302(object) {
            return None;
        }
        let text = |name| {
            let text = object.get(name).and_then(Value::as_str);
            text.filter(|text| (1..=MAX_URL).contains(&text.len()))
                .map(str::to_owned)
        };
        let redirect = Self {
            status: status.clone(),
            tc_url: text("redirect"),
            url: text("redirect2"),
        };
        (redirect.tc_url.is_some() || redirect.url.is_some()).then_some(redirect)
    }

    /// The URLs, as the server wrote them.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        [&self.tc_url, &self.url]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The new location, seen from the present one.
    fn location(&self, present: &Location) -> Result<Location, LocationError> {
        let mut location = match (&self.url, &self.tc_url) {
            (Some(url), tc_url) => {
                let mut location = parse(url)?;
                // Where the application ends, the other URL tells.
                if let Some(tc_url) = tc_url
                    && let Some(stream) = rest_behind(url, tc_url)
                {
                    location.application = whole_path(&parse(tc_url)?);
                    location.stream = stream.to_owned();
                }
                location
            }
            (None, Some(tc_url)) => {
                let mut location = parse(tc_url)?;
                let path = whole_path(&location);
                // Some send the whole URL here as well.
                let name = without_query(&present.stream);
                let named = path
                    .rsplit_once('/')
                    .filter(|(_, last)| !name.is_empty() && without_query(last) == name);
                match named {
                    Some((application, _)) => location.application = application.to_owned(),
                    None => location.application = path,
                }
                location.stream.clone_from(&present.stream);
                location
            }
            (None, None) => return Err(LocationError::Empty),
        };
        // Credentials come from no server.
        location.user = None;
        location.password = None;
        Ok(location)
    }
}

/// Where a ReconnectRequest (Enhanced RTMP v2) sends us: its `tcUrl`, absolute
/// or relative to the present one, or where we are if it has none.
///
/// # Errors
/// Why we do not go there.
pub(crate) fn reconnect(status: &Status, present: &Location) -> Result<Location, RedirectError> {
    let Some(tc_url) = reconnect_url(status) else {
        return Ok(present.clone());
    };
    if tc_url.len() > MAX_URL {
        return Err(RedirectError::Unusable(LocationError::NotRtmp));
    }
    let base = present.tc_url();
    let authority = base.split('/').take(3).collect::<Vec<_>>().join("/");
    let absolute = if tc_url.contains("://") {
        tc_url.to_owned()
    } else if tc_url.starts_with("//") {
        format!("{}:{tc_url}", present.scheme)
    } else if tc_url.starts_with('/') {
        format!("{authority}{tc_url}")
    } else {
        let folder = base
            .rsplit_once('/')
            .map_or(base.as_str(), |(folder, _)| folder);
        format!("{folder}/{tc_url}")
    };
    let redirect = Redirect {
        status: status.clone(),
        tc_url: Some(absolute),
        url: None,
    };
    let location = redirect
        .location(present)
        .map_err(RedirectError::Unusable)?;
    if is_encrypted(present.scheme) && !is_encrypted(location.scheme) {
        return Err(RedirectError::Downgrade);
    }
    Ok(location)
}

/// The URL in a ReconnectRequest, as the server wrote it.
pub(crate) fn reconnect_url(status: &Status) -> Option<&str> {
    let tc_url = status.information.get("tcUrl").and_then(Value::as_str);
    tc_url.map(str::trim).filter(|tc_url| !tc_url.is_empty())
}

/// The redirects of one play.
pub(crate) struct Redirects {
    visited: Vec<String>,
}

impl Redirects {
    /// Begins at a location.
    pub(crate) fn new(start: &Location) -> Self {
        Self {
            visited: vec![place(start)],
        }
    }

    /// How many were followed.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.visited.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }

    /// Where to go, from the present location.
    ///
    /// # Errors
    /// Why not, and the place without its secrets.
    pub(crate) fn follow(
        &mut self,
        present: &Location,
        redirect: &Redirect,
    ) -> Result<Location, (RedirectError, String)> {
        let location = redirect.location(present).map_err(|error| {
            let url = redirect.url.as_ref().or(redirect.tc_url.as_ref());
            let shown = printable(url.map_or("", String::as_str));
            (RedirectError::Unusable(error), shown)
        })?;
        let shown = location.redacted();
        if is_encrypted(present.scheme) && !is_encrypted(location.scheme) {
            return Err((RedirectError::Downgrade, shown));
        }
        if self.count() >= MAX_REDIRECTS {
            return Err((RedirectError::TooMany, shown));
        }
        let place = place(&location);
        if self.visited.contains(&place) {
            return Err((RedirectError::Loop, shown));
        }
        self.visited.push(place);
        Ok(location)
    }
}

fn has_code_302(object: &Object) -> bool {
    match object.get("code") {
        Some(Value::Number(code)) => *code == 302.0,
        Some(Value::String(code)) => code.trim() == "302",
        _ => false,
    }
}

/// A URL without the options that only users may add.
fn parse(url: &str) -> Result<Location, LocationError> {
    let url = url.trim();
    if url.contains(' ') {
        return Err(LocationError::NotRtmp);
    }
    Location::parse(url)
}

/// What identifies a place for the loop check.
fn place(location: &Location) -> String {
    format!(
        "{}://{}:{}/{}/{}",
        location.scheme,
        location.host.to_ascii_lowercase(),
        location.port_or_default(),
        location.application,
        location.stream
    )
}

fn is_encrypted(scheme: Scheme) -> bool {
    matches!(scheme, Scheme::Rtmps | Scheme::Rtmpts)
}

/// Application and stream of a URL that is only a connection's.
fn whole_path(location: &Location) -> String {
    let mut path = location.application.clone();
    if !location.stream.is_empty() {
        path.push('/');
        path.push_str(&location.stream);
    }
    while path.ends_with('/') {
        path.pop();
    }
    path
}

/// What `url` has behind `start` and a slash.
fn rest_behind<'u>(url: &'u str, start: &str) -> Option<&'u str> {
    let start = start.trim().trim_end_matches('/');
    let rest = url.trim().strip_prefix(start)?.strip_prefix('/')?;
    (!rest.is_empty()).then_some(rest)
}

fn without_query(name: &str) -> &str {
    name.split_once('?').map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::status::{Level, StatusCode};

    fn status(ex: Object) -> Status {
        Status::new(Level::Error, StatusCode::ConnectRejected, "moved").with("ex", ex)
    }

    fn redirect(redirect: &str, redirect2: Option<&str>) -> Redirect {
        let mut ex = Object::new().with("code", 302.0).with("redirect", redirect);
        if let Some(url) = redirect2 {
            ex = ex.with("redirect2", url);
        }
        Redirect::find(&status(ex)).expect("a redirect")
    }

    fn location(url: &str) -> Location {
        Location::parse(url).expect("a location")
    }

    #[test]
    fn a_url_without_end_is_no_place() {
        let url = |length: usize| format!("rtmp://b/{}", "x".repeat(length - 9));
        let present = Location::parse("rtmp://a/live/s").expect("a location");
        for (length, is_place) in [(MAX_URL, true), (MAX_URL + 1, false), (1 << 20, false)] {
            let moved = Object::new()
                .with("code", 302.0)
                .with("redirect", url(length));
            let found = Redirect::find(&Status::from(moved));
            assert_eq!(found.is_some(), is_place, "{length}");
            let asked = Status::from(Object::new().with("tcUrl", url(length)));
            assert_eq!(reconnect(&asked, &present).is_ok(), is_place, "{length}");
        }
    }

    #[test]
    fn only_code_302_with_a_place_is_a_redirect() {
        let place = "rtmp://b/live";
        for (object, is_redirect) in [
            (
                Object::new().with("code", 302.0).with("redirect", place),
                true,
            ),
            (
                Object::new().with("code", "302").with("redirect", place),
                true,
            ),
            (
                Object::new().with("code", 302.0).with("redirect2", place),
                true,
            ),
            (
                Object::new().with("code", 403.0).with("redirect", place),
                false,
            ),
            (Object::new().with("redirect", place), false),
            (Object::new().with("code", 302.0), false),
            (
                Object::new().with("code", 302.0).with("redirect", ""),
                false,
            ),
            (
                Object::new().with("code", 302.0).with("redirect", 5.0),
                false,
            ),
        ] {
            let found = Redirect::find(&status(object.clone()));
            assert_eq!(found.is_some(), is_redirect, "{object:?}");
        }
        let plain = Status::new(Level::Error, StatusCode::ConnectRejected, "no");
        assert!(Redirect::find(&plain).is_none());
    }

    #[test]
    fn a_connections_url_keeps_the_stream_and_a_streams_url_replaces_it() {
        let from = location("rtmp://a/live/s?t=1");
        for (tc_url, url, application, stream) in [
            ("rtmp://b/other", None, "other", "s?t=1"),
            ("rtmp://b/x/y", None, "x/y", "s?t=1"),
            ("rtmp://b/x/y/", None, "x/y", "s?t=1"),
            ("rtmp://b/live/s?t=2", None, "live", "s?t=1"),
            ("rtmp://b/x", Some("rtmp://b/x/y/z"), "x", "y/z"),
            ("rtmp://b/x/", Some("rtmp://b/x/y?k=v/w"), "x", "y?k=v/w"),
            ("rtmp://c/q", Some("rtmp://b/x/y/z"), "x/y", "z"),
            ("", Some("rtmp://b/x/z"), "x", "z"),
        ] {
            let to = redirect(tc_url, url).location(&from).expect("usable");
            assert_eq!(
                (to.application.as_str(), to.stream.as_str()),
                (application, stream),
                "{tc_url} {url:?}"
            );
            assert_eq!(to.host, "b");
        }
    }

    #[test]
    fn a_request_to_reconnect_names_a_place_in_any_form() {
        let from = location("rtmp://a:1936/x/y/s?t=1");
        for (tc_url, expected) in [
            (None, "rtmp://a:1936/x/y"),
            (Some(""), "rtmp://a:1936/x/y"),
            (Some("rtmp://b/z"), "rtmp://b/z"),
            (Some("//b:1/z"), "rtmp://b:1/z"),
            (Some("/z/w"), "rtmp://a:1936/z/w"),
            (Some("z"), "rtmp://a:1936/x/z"),
        ] {
            let mut status = Status::new(Level::Status, StatusCode::ConnectReconnectRequest, "");
            if let Some(tc_url) = tc_url {
                status = status.with("tcUrl", tc_url);
            }
            let to = reconnect(&status, &from).expect("usable");
            assert_eq!(to.tc_url(), expected, "{tc_url:?}");
            assert_eq!(to.stream, "s?t=1");
        }
    }

    #[test]
    fn credentials_come_from_no_server() {
        let from = location("rtmp://me:secret@a:1935/live/s");
        for url in ["rtmp://b/live", "rtmp://a/live", "rtmp://you:pw@b/live"] {
            let to = redirect(url, None).location(&from).expect("usable");
            assert_eq!((to.user, to.password), (None, None), "{url}");
        }
    }

    #[test]
    fn loops_too_many_and_what_is_no_url_are_refused() {
        let mut present = location("rtmp://a/live/s");
        let mut redirects = Redirects::new(&present);
        let back = redirects.follow(&present, &redirect("rtmp://A:1935/live/", None));
        assert_eq!(back.expect_err("where we are").0, RedirectError::Loop);
        for i in 0..MAX_REDIRECTS {
            let to = redirect(&format!("rtmp://h{i}/live"), None);
            present = redirects.follow(&present, &to).expect("new");
        }
        assert_eq!(redirects.count(), MAX_REDIRECTS);
        let first = redirects.follow(&present, &redirect("rtmp://new/live", None));
        assert_eq!(first.expect_err("one too many").0, RedirectError::TooMany);

        for url in [
            "http://b/live",
            "rtmp://",
            "/live",
            "rtmp://b/x app=y",
            "javascript:x",
        ] {
            let mut redirects = Redirects::new(&present);
            let refused = redirects.follow(&present, &redirect(url, None));
            assert!(
                matches!(refused, Err((RedirectError::Unusable(_), _))),
                "{url}"
            );
        }
    }

    #[test]
    fn never_from_tls_to_a_plain_connection() {
        let mut from = location("rtmp://a/live/s");
        from.scheme = Scheme::Rtmps;
        let refused = Redirects::new(&from).follow(&from, &redirect("rtmp://b/live", None));
        assert_eq!(refused.expect_err("plain").0, RedirectError::Downgrade);
    }

    #[test]
    fn a_refused_place_is_shown_without_its_secrets() {
        let from = location("rtmp://a/live/s?token=secret");
        let to = redirect("rtmp://u:secret@a/live?k=secret", None);
        let mut redirects = Redirects::new(&from);
        redirects.follow(&from, &to).expect("new");
        let (_, shown) = redirects.follow(&from, &to).expect_err("again");
        assert!(!shown.contains("secret"), "{shown}");
    }
}
