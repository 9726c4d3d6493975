// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Locations: where a stream is and under which names a server knows it.
//!
//! [`Location::parse`] takes an RTMP URL, optionally followed by librtmp options
//! (` key=value` …), and finds application and stream in its path. No rule for that fits
//! all servers, so every part is a public field that properties may overwrite.
//!
//! The elements parse locations and report errors; sessions read the fields and
//! [`Location::tc_url`]. Resolving the host, opening the connection, authentication, and
//! what the options mean are left to them. Nothing is percent-decoded except the user
//! information, since servers compare names and tokens as typed. Error texts and `Debug`
//! output hold no secrets.

mod authority;
pub(super) mod escape;
mod options;
mod path;

use std::fmt::{self, Write as _};

use authority::{parse_host, parse_host_and_port, parse_user_info};
use escape::percent_encode;
pub use escape::unescape;
pub use options::LocationOptions;
use path::{other_splits, split_path};

use super::secrets::{SHOWN_OF_KEY, key};

/// Characters of one part that [`Location::redacted`] shows.
const MAX_SHOWN_CHARS: usize = 200;

/// The members of the RTMP family that URLs name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain TCP.
    Rtmp,
    /// TLS.
    Rtmps,
    /// TCP with the payload encrypted by RTMP itself.
    Rtmpe,
    /// HTTP polling.
    Rtmpt,
    /// HTTPS polling.
    Rtmpts,
    /// HTTP polling with the payload encrypted by RTMP itself.
    Rtmpte,
    /// A different protocol over UDP (RFC 7016).
    Rtmfp,
}

impl Scheme {
    /// Every known scheme.
    pub const ALL: [Self; 7] = [
        Self::Rtmp,
        Self::Rtmps,
        Self::Rtmpe,
        Self::Rtmpt,
        Self::Rtmpts,
        Self::Rtmpte,
        Self::Rtmfp,
    ];

    /// The scheme of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|scheme| name.eq_ignore_ascii_case(scheme.as_str()))
    }

    /// The name as URLs spell it, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmps => "rtmps",
            Self::Rtmpe => "rtmpe",
            Self::Rtmpt => "rtmpt",
            Self::Rtmpts => "rtmpts",
            Self::Rtmpte => "rtmpte",
            Self::Rtmfp => "rtmfp",
        }
    }

    /// The port used when a URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Rtmp | Self::Rtmpe | Self::Rtmfp => 1935,
            Self::Rtmps | Self::Rtmpts => 443,
            Self::Rtmpt | Self::Rtmpte => 80,
        }
    }

    /// Whether we can connect with it; [`Location::parse`] refuses the others.
    pub fn is_supported(self) -> bool {
        match self {
            Self::Rtmp | Self::Rtmps => true,
            Self::Rtmpe | Self::Rtmpt | Self::Rtmpts | Self::Rtmpte | Self::Rtmfp => false,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is no usable location. The texts never repeat the input, which may hold a
/// password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocationError {
    /// Nothing but white space.
    Empty,
    /// No `scheme://` of the RTMP family.
    NotRtmp,
    /// An RTMP URL, but of a scheme we cannot connect with.
    UnsupportedScheme(Scheme),
    /// Nothing where the host belongs.
    MissingHost,
    /// A host that is neither a name nor an address, such as an IPv6 address without
    /// brackets.
    InvalidHost,
    /// A bracket around an IPv6 address without its partner.
    UnbalancedBrackets,
    /// A port that is no number up to 65535.
    InvalidPort,
    /// A control character, plain or escaped, where none can be meant.
    ControlCharacter,
    /// A value that does not fit the named librtmp option.
    InvalidOption(&'static str),
}

impl fmt::Display for LocationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the location is empty"),
            Self::NotRtmp => f.write_str("the location is not an RTMP URL (rtmp://…)"),
            Self::UnsupportedScheme(scheme) => {
                write!(f, "{scheme}:// is known, but not supported")
            }
            Self::MissingHost => f.write_str("the location has no host"),
            Self::InvalidHost => {
                f.write_str("the host is no valid name or address (IPv6 addresses need brackets)")
            }
            Self::UnbalancedBrackets => f.write_str("the brackets around the host do not match"),
            Self::InvalidPort => f.write_str("the port is not a number from 0 to 65535"),
            Self::ControlCharacter => f.write_str("the location contains a control character"),
            Self::InvalidOption(name) => write!(f, "option {name} has an invalid value"),
        }
    }
}

impl std::error::Error for LocationError {}

/// The parts of a location. Properties may change any field after parsing.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    /// How to connect.
    pub scheme: Scheme,
    /// Name or address; IPv6 without brackets, its zone behind a plain `%`.
    pub host: String,
    /// Port; none or 0 means the default of the scheme.
    pub port: Option<u16>,
    /// What `connect` calls `app`, with its query if it has one.
    pub application: String,
    /// What `play` and `publish` name, with its query if it has one; may be empty.
    pub stream: String,
    /// Name to authenticate with.
    pub user: Option<String>,
    /// Password to authenticate with.
    pub password: Option<String>,
    /// What librtmp options said.
    pub options: LocationOptions,
}

impl Location {
    /// Parses a URL and the options behind its first space; white space around the text is
    /// ignored.
    ///
    /// `app` and `playpath` options replace what the path says; `pubUser` and `pubPasswd`
    /// are used where the URL has no user information.
    ///
    /// # Errors
    ///
    /// Any [`LocationError`]. Options of unknown name are no error, they are listed in
    /// [`LocationOptions::unknown`].
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if text.is_empty() {
            return Err(LocationError::Empty);
        }
        if text.contains(char::is_control) {
            return Err(LocationError::ControlCharacter);
        }
        let (url, options) = text.split_once(' ').unwrap_or((text, ""));
        let (scheme, rest) = url.split_once("://").ok_or(LocationError::NotRtmp)?;
        let scheme = Scheme::from_name(scheme).ok_or(LocationError::NotRtmp)?;
        if !scheme.is_supported() {
            return Err(LocationError::UnsupportedScheme(scheme));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (user_info, host),
            None => ("", authority),
        };
        let (host, port) = parse_host_and_port(host)?;
        let (application, stream) = split_path(path);
        let (user, password) = parse_user_info(user_info)?;
        let mut location = Self {
            scheme,
            host,
            port,
            application: application.to_owned(),
            stream: stream.to_owned(),
            user,
            password,
            options: LocationOptions::parse(options)?,
        };
        location.apply_options();
        Ok(location)
    }

    /// Puts a location together from properties. The host may have brackets; an IPv6
    /// address needs none here. Application and stream are taken as they are, any scheme
    /// is accepted.
    ///
    /// # Errors
    ///
    /// [`LocationError::MissingHost`], [`LocationError::InvalidHost`] and
    /// [`LocationError::UnbalancedBrackets`].
    pub fn from_parts(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        application: &str,
        stream: &str,
    ) -> Result<Self, LocationError> {
        Ok(Self {
            scheme,
            host: parse_host(host)?,
            port: port.filter(|port| *port != 0),
            application: application.to_owned(),
            stream: stream.to_owned(),
            user: None,
            password: None,
            options: LocationOptions::default(),
        })
    }

    /// The port to connect to.
    pub fn port_or_default(&self) -> u16 {
        self.explicit_port()
            .unwrap_or_else(|| self.scheme.default_port())
    }

    /// What `connect` calls `tcUrl`: the URL up to the application, without user
    /// information, without the default port and without the zone of an IPv6 address,
    /// which means nothing to a server.
    ///
    /// Callers look at [`LocationOptions::tc_url`] first.
    pub fn tc_url(&self) -> String {
        let host = match self.host.split_once('%') {
            Some((address, _zone)) => address,
            None => &self.host,
        };
        format!(
            "{}://{}/{}",
            self.scheme,
            self.host_and_port(host),
            self.application
        )
    }

    /// The location for logs and messages: no user information, no options, `?…` for the
    /// query of application and stream, and only the beginning of a stream's name that may
    /// be a key. Control characters are replaced and very long
    /// parts cut.
    pub fn redacted(&self) -> String {
        let mut text = format!(
            "{}://{}/{}",
            self.scheme,
            self.host_and_port(&shown(&self.host)),
            self.redacted_application()
        );
        if !self.stream.is_empty() {
            text.push('/');
            text.push_str(&self.redacted_stream());
        }
        text
    }

    /// The stream's name for logs and messages: `?…` for its query, and only the
    /// beginning of a name that may be a key.
    pub fn redacted_stream(&self) -> String {
        redacted_name(&self.stream)
    }

    /// The application for logs and messages: `?…` for its query.
    pub fn redacted_application(&self) -> String {
        without_query(&self.application)
    }

    /// The location as a text that [`parse`](Self::parse) reads back to the same parts.
    ///
    /// Options are part of it: those that were given, and `app` and `playpath` where the
    /// path alone would be divided differently. It holds the password and other secrets,
    /// so it must not be logged.
    pub fn to_uri(&self) -> String {
        let host = self.host.replace('%', "%25");
        let mut uri = format!(
            "{}://{}{}/",
            self.scheme,
            self.user_info(),
            self.host_and_port(&host)
        );
        let plain_path = self.plain_path();
        let written = [&self.application, &self.stream]
            .into_iter()
            .all(|part| !part.contains(|c: char| c == ' ' || c.is_control()));
        match &plain_path {
            Some(path) => uri.push_str(path),
            None if written => {
                // For readers that know no options.
                uri.push_str(&self.application);
                uri.push('/');
                uri.push_str(&self.stream);
            }
            None => {}
        }
        let mut options = self.options.clone();
        if plain_path.is_none() || options.app.is_some() {
            options.app = Some(self.application.clone());
        }
        if plain_path.is_none() || options.playpath.is_some() {
            options.playpath = Some(self.stream.clone());
        }
        options.write(&mut uri);
        uri
    }

    /// Other ways to divide the path into application and stream, likely ones first; none
    /// where there is only one. Players differ: FFmpeg takes two components for the
    /// application, Wowza's default instance leaves one, librtmp takes up to three.
    pub fn other_splits(&self) -> Vec<(String, String)> {
        other_splits(&self.application, &self.stream)
    }

    fn apply_options(&mut self) {
        if let Some(app) = &self.options.app {
            self.application.clone_from(app);
        }
        if let Some(playpath) = &self.options.playpath {
            self.stream.clone_from(playpath);
        }
        if self.user.is_none() && self.password.is_none() {
            self.user.clone_from(&self.options.pub_user);
            self.password.clone_from(&self.options.pub_passwd);
            if self.password.is_some() {
                // A password alone is that of the empty name, as in `:password@`.
                self.user.get_or_insert_default();
            }
        }
    }

    /// The path that is divided into just this application and stream, if there is one.
    fn plain_path(&self) -> Option<String> {
        let (application, stream) = (&self.application, &self.stream);
        if [application, stream]
            .into_iter()
            .any(|part| part.contains(|c: char| c == ' ' || c.is_control()))
        {
            return None;
        }
        let alone = stream.is_empty().then(|| application.clone());
        alone
            .into_iter()
            .chain([format!("{application}/{stream}")])
            .find(|path| split_path(path) == (application, stream))
    }

    fn explicit_port(&self) -> Option<u16> {
        self.port.filter(|port| *port != 0)
    }

    fn host_and_port(&self, host: &str) -> String {
        let mut text = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        if let Some(port) = self.explicit_port()
            && port != self.scheme.default_port()
        {
            // Writing to a string cannot fail.
            let _ = write!(text, ":{port}");
        }
        text
    }

    fn user_info(&self) -> String {
        match (&self.user, &self.password) {
            (None, None) => String::new(),
            (user, None) => format!("{}@", percent_encode(user.as_deref().unwrap_or_default())),
            (user, Some(password)) => format!(
                "{}:{}@",
                percent_encode(user.as_deref().unwrap_or_default()),
                percent_encode(password)
            ),
        }
    }
}

/// Shows [`Location::redacted`] only.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.redacted()).finish()
    }
}

/// A stream's name as [`Location::redacted_stream`] shows it.
pub fn redacted_name(name: &str) -> String {
    let Some(key) = key(name) else {
        return without_query(name);
    };
    let beginning: String = key.chars().take(SHOWN_OF_KEY).collect();
    without_query(&name.replace(key, &format!("{beginning}…")))
}

fn without_query(text: &str) -> String {
    match text.split_once('?') {
        Some((name, _query)) => format!("{}?…", shown(name)),
        None => shown(text),
    }
}

/// A text that cannot garble a log.
fn shown(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars
        .by_ref()
        .take(MAX_SHOWN_CHARS)
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
