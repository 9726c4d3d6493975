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

use std::fmt::{self, Write as _};
use std::net::Ipv6Addr;

/// Longest accepted host: more than any name or address needs.
const MAX_HOST_BYTES: usize = 255;

/// Characters of one part that [`Location::redacted`] shows.
const MAX_SHOWN_CHARS: usize = 200;

/// Characters of an unknown option name that are kept.
const MAX_OPTION_NAME_CHARS: usize = 32;

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
            Self::Rtmp => true,
            Self::Rtmps | Self::Rtmpe | Self::Rtmpt | Self::Rtmpts | Self::Rtmpte | Self::Rtmfp => {
                false
            }
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

    /// The location for logs and messages: no user information, no options, and `?…` for
    /// the query of application and stream. Control characters are replaced and very long
    /// parts cut.
    pub fn redacted(&self) -> String {
        let mut text = format!(
            "{}://{}/{}",
            self.scheme,
            self.host_and_port(&shown(&self.host)),
            without_query(&self.application)
        );
        if !self.stream.is_empty() {
            text.push('/');
            text.push_str(&without_query(&self.stream));
        }
        text
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

/// What librtmp options behind the URL say. Names are compared without regard to case,
/// the last option of a name counts, and `\xx` stands for the byte of that hex value.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LocationOptions {
    /// `app`: replaces [`Location::application`].
    pub app: Option<String>,
    /// `playpath`: replaces [`Location::stream`].
    pub playpath: Option<String>,
    /// `tcUrl`: sent in place of [`Location::tc_url`].
    pub tc_url: Option<String>,
    /// `pageUrl` of the `connect` command.
    pub page_url: Option<String>,
    /// `swfUrl` of the `connect` command.
    pub swf_url: Option<String>,
    /// `flashVer` of the `connect` command.
    pub flash_ver: Option<String>,
    /// `conn`, repeatable: arguments after the command object, with their escapes, for
    /// [`connect_args::parse`](super::connect_args::parse).
    pub conn: Vec<String>,
    /// `live`: whether to play from the live edge, announced by FCSubscribe.
    pub live: Option<bool>,
    /// `subscribe`: the name FCSubscribe gives.
    pub subscribe: Option<String>,
    /// `start` of playing, in milliseconds.
    pub start: Option<i64>,
    /// `stop` of playing, in milliseconds.
    pub stop: Option<i64>,
    /// `buffer` to announce by SetBufferLength, in milliseconds.
    pub buffer: Option<u32>,
    /// `timeout` in seconds.
    pub timeout: Option<u32>,
    /// `playlist`: whether to send `set_playlist` before `play`.
    pub playlist: Option<bool>,
    /// `swfVfy`: whether to answer SWF verification.
    pub swf_vfy: Option<bool>,
    /// `swfAge`: how long a hash of the SWF file stays valid, in days.
    pub swf_age: Option<u32>,
    /// `token`: the key to SecureToken challenges.
    pub token: Option<String>,
    /// `jtv`: a usher token.
    pub jtv: Option<String>,
    /// `socks`: a SOCKS4 proxy as host:port.
    pub socks: Option<String>,
    /// `pubUser`: name to publish with.
    pub pub_user: Option<String>,
    /// `pubPasswd`: password to publish with.
    pub pub_passwd: Option<String>,
    /// Names of the options that nobody knows, for a warning. Their values are dropped,
    /// they may be secret; a word that is no `key=value` is listed as `(no name)`.
    pub unknown: Vec<String>,
}

impl LocationOptions {
    /// Reads words of the form `key=value`, separated by spaces.
    fn parse(text: &str) -> Result<Self, LocationError> {
        let mut options = Self::default();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some((name, value)) if !name.is_empty() => options.set(name, value)?,
                _ => options.unknown.push("(no name)".to_owned()),
            }
        }
        Ok(options)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), LocationError> {
        match name.to_ascii_lowercase().as_str() {
            "app" => self.app = Some(option_text("app", value)?),
            "playpath" => self.playpath = Some(option_text("playpath", value)?),
            "tcurl" => self.tc_url = Some(option_text("tcUrl", value)?),
            "pageurl" => self.page_url = Some(option_text("pageUrl", value)?),
            "swfurl" => self.swf_url = Some(option_text("swfUrl", value)?),
            "flashver" => self.flash_ver = Some(option_text("flashVer", value)?),
            "conn" => self.conn.push(value.to_owned()),
            "live" => self.live = Some(option_bool("live", value)?),
            "subscribe" => self.subscribe = Some(option_text("subscribe", value)?),
            "start" => self.start = Some(option_number("start", value)?),
            "stop" => self.stop = Some(option_number("stop", value)?),
            "buffer" => self.buffer = Some(option_number("buffer", value)?),
            "timeout" => self.timeout = Some(option_number("timeout", value)?),
            "playlist" => self.playlist = Some(option_bool("playlist", value)?),
            "swfvfy" => self.swf_vfy = Some(option_bool("swfVfy", value)?),
            "swfage" => self.swf_age = Some(option_number("swfAge", value)?),
            "token" => self.token = Some(option_text("token", value)?),
            "jtv" => self.jtv = Some(option_text("jtv", value)?),
            "socks" => self.socks = Some(option_text("socks", value)?),
            "pubuser" => self.pub_user = Some(option_text("pubUser", value)?),
            "pubpasswd" => self.pub_passwd = Some(option_text("pubPasswd", value)?),
            _ => self
                .unknown
                .push(name.chars().take(MAX_OPTION_NAME_CHARS).collect()),
        }
        Ok(())
    }

    /// Appends ` key=value` for each known option that is set.
    fn write(&self, out: &mut String) {
        let flag = |value: Option<bool>| value.map(|on| u8::from(on).to_string());
        let options = [
            ("app", self.app.as_deref().map(escape)),
            ("playpath", self.playpath.as_deref().map(escape)),
            ("tcUrl", self.tc_url.as_deref().map(escape)),
            ("pageUrl", self.page_url.as_deref().map(escape)),
            ("swfUrl", self.swf_url.as_deref().map(escape)),
            ("flashVer", self.flash_ver.as_deref().map(escape)),
            ("live", flag(self.live)),
            ("subscribe", self.subscribe.as_deref().map(escape)),
            ("start", self.start.map(|value| value.to_string())),
            ("stop", self.stop.map(|value| value.to_string())),
            ("buffer", self.buffer.map(|value| value.to_string())),
            ("timeout", self.timeout.map(|value| value.to_string())),
            ("playlist", flag(self.playlist)),
            ("swfVfy", flag(self.swf_vfy)),
            ("swfAge", self.swf_age.map(|value| value.to_string())),
            ("token", self.token.as_deref().map(escape)),
            ("jtv", self.jtv.as_deref().map(escape)),
            ("socks", self.socks.as_deref().map(escape)),
            ("pubUser", self.pub_user.as_deref().map(escape)),
            ("pubPasswd", self.pub_passwd.as_deref().map(escape)),
        ];
        let known = options
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        // Already escaped by whoever wrote them.
        let conn = self
            .conn
            .iter()
            .map(|value| ("conn", escape_except(value, '\\')));
        for (name, value) in known.chain(conn) {
            // Writing to a string cannot fail.
            let _ = write!(out, " {name}={value}");
        }
    }
}

/// Shows harmless values, and of the others only that they are there.
impl fmt::Debug for LocationOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hide = |value: &Option<String>| value.as_ref().map(|_| "…");
        f.debug_struct("LocationOptions")
            .field("app", &self.app.as_deref().map(without_query))
            .field("playpath", &self.playpath.as_deref().map(without_query))
            .field("tc_url", &hide(&self.tc_url))
            .field("page_url", &hide(&self.page_url))
            .field("swf_url", &hide(&self.swf_url))
            .field("flash_ver", &self.flash_ver)
            .field("conn", &self.conn.len())
            .field("live", &self.live)
            .field("subscribe", &self.subscribe.as_deref().map(without_query))
            .field("start", &self.start)
            .field("stop", &self.stop)
            .field("buffer", &self.buffer)
            .field("timeout", &self.timeout)
            .field("playlist", &self.playlist)
            .field("swf_vfy", &self.swf_vfy)
            .field("swf_age", &self.swf_age)
            .field("token", &hide(&self.token))
            .field("jtv", &hide(&self.jtv))
            .field("socks", &hide(&self.socks))
            .field("pub_user", &hide(&self.pub_user))
            .field("pub_passwd", &hide(&self.pub_passwd))
            .field("unknown", &self.unknown)
            .finish()
    }
}

/// Replaces each `\xx` by the byte of that hex value; a backslash without two hex digits
/// stays as it is. Invalid UTF-8 that results is replaced.
pub fn unescape(text: &str) -> String {
    decode_hex_escapes(text, b'\\')
}

/// An option value; a NUL would end it early in every C API behind us.
fn option_text(name: &'static str, value: &str) -> Result<String, LocationError> {
    let text = unescape(value);
    if text.contains('\0') {
        return Err(LocationError::InvalidOption(name));
    }
    Ok(text)
}

fn option_bool(name: &'static str, value: &str) -> Result<bool, LocationError> {
    let is_one_of = |words: [&str; 4]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_one_of(["1", "on", "yes", "true"]) {
        Ok(true)
    } else if is_one_of(["0", "off", "no", "false"]) {
        Ok(false)
    } else {
        Err(LocationError::InvalidOption(name))
    }
}

fn option_number<T: std::str::FromStr>(
    name: &'static str,
    value: &str,
) -> Result<T, LocationError> {
    value
        .parse()
        .map_err(|_| LocationError::InvalidOption(name))
}

/// Divides a path into application and stream.
///
/// The last slash before the query divides it, or the slash before the first component
/// with a container prefix, since such a stream name has slashes itself. If there is none,
/// the query may belong to the application and the stream follow behind (the style of
/// FMLE).
fn split_path(path: &str) -> (&str, &str) {
    let end = path.find('?').unwrap_or(path.len());
    let components = path.get(..end).unwrap_or(path);
    let application = match split_components(components) {
        Some(application) => application.len(),
        None => match application_with_query(path) {
            Some(length) => length,
            None => return (path, ""),
        },
    };
    let rest = path.get(application..).unwrap_or_default();
    (
        path.get(..application).unwrap_or(path),
        rest.strip_prefix('/').unwrap_or(rest),
    )
}

/// What stands before the slash that divides `text`.
fn split_components(text: &str) -> Option<&str> {
    let mut components = text.split('/');
    let mut length = components.next()?.len();
    for component in components {
        if has_container_prefix(component) {
            return text.get(..length);
        }
        length = length.saturating_add(1).saturating_add(component.len());
    }
    text.rsplit_once('/').map(|(application, _)| application)
}

/// Whether a stream name starts like `mp4:`. Servers know more prefixes than the common
/// mp4, mp3, flv and f4v (`smil:`, `id3:`), so any short word counts.
fn has_container_prefix(component: &str) -> bool {
    component.split_once(':').is_some_and(|(prefix, _)| {
        prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

/// The length of an application that ends in a query (`live?vhost=a/s`).
///
/// An embedded URL means that the slashes belong to the query; a second `?` behind a
/// slash starts the query of the stream, whose slashes do not count.
fn application_with_query(path: &str) -> Option<usize> {
    let start = path.find('?')?;
    let query = path.get(start..)?;
    let slash = query.find('/')?;
    let end = query
        .get(slash..)?
        .find('?')
        .map_or(query.len(), |offset| slash.saturating_add(offset));
    let query = query.get(..end)?;
    if query.contains("://") {
        return None;
    }
    split_components(query).map(|own| start.saturating_add(own.len()))
}

fn parse_user_info(text: &str) -> Result<(Option<String>, Option<String>), LocationError> {
    if text.is_empty() {
        return Ok((None, None));
    }
    let (user, password) = match text.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (text, None),
    };
    let user = decode_hex_escapes(user, b'%');
    let password = password.map(|password| decode_hex_escapes(password, b'%'));
    let has_nul = |text: &str| text.contains('\0');
    if has_nul(&user) || password.as_deref().is_some_and(has_nul) {
        return Err(LocationError::ControlCharacter);
    }
    Ok((Some(user), password))
}

fn parse_host_and_port(text: &str) -> Result<(String, Option<u16>), LocationError> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let (host, rest) = bracketed
            .split_once(']')
            .ok_or(LocationError::UnbalancedBrackets)?;
        let port = match rest.strip_prefix(':') {
            Some(port) => port,
            None if rest.is_empty() => "",
            None => return Err(LocationError::UnbalancedBrackets),
        };
        return Ok((parse_ipv6(host)?, parse_port(port)?));
    }
    if text.contains(['[', ']']) {
        return Err(LocationError::UnbalancedBrackets);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    if port.contains(':') {
        return Err(LocationError::InvalidHost);
    }
    Ok((parse_host(host)?, parse_port(port)?))
}

/// A host that stands alone, so an IPv6 address may lack its brackets.
fn parse_host(text: &str) -> Result<String, LocationError> {
    let bracketed = text.strip_prefix('[').map(|text| text.strip_suffix(']'));
    match bracketed {
        Some(Some(address)) => return parse_ipv6(address),
        Some(None) => return Err(LocationError::UnbalancedBrackets),
        None if text.contains(['[', ']']) => return Err(LocationError::UnbalancedBrackets),
        None if text.contains(':') => return parse_ipv6(text),
        None => {}
    }
    if text.is_empty() {
        return Err(LocationError::MissingHost);
    }
    // International names are the resolver's business.
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || r#"/?#@%\"'<>^`{|}"#.contains(c);
    if text.len() > MAX_HOST_BYTES || text.contains(is_bad) {
        return Err(LocationError::InvalidHost);
    }
    Ok(text.to_owned())
}

/// An address with an optional zone, which URLs set apart by `%25` (RFC 6874) and people
/// by `%`.
fn parse_ipv6(text: &str) -> Result<String, LocationError> {
    if text.is_empty() {
        return Err(LocationError::MissingHost);
    }
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (text, None),
    };
    if text.len() > MAX_HOST_BYTES || address.parse::<Ipv6Addr>().is_err() {
        return Err(LocationError::InvalidHost);
    }
    let Some(zone) = zone else {
        return Ok(address.to_owned());
    };
    let is_bad = |c: char| !(c.is_ascii_alphanumeric() || "-._~".contains(c));
    if zone.is_empty() || zone.contains(is_bad) {
        return Err(LocationError::InvalidHost);
    }
    Ok(format!("{address}%{zone}"))
}

fn parse_port(text: &str) -> Result<Option<u16>, LocationError> {
    if text.is_empty() {
        return Ok(None);
    }
    // Parsing alone would accept a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(LocationError::InvalidPort);
    }
    match text.parse() {
        Ok(0) => Ok(None),
        Ok(port) => Ok(Some(port)),
        Err(_) => Err(LocationError::InvalidPort),
    }
}

fn decode_hex_escapes(text: &str, introducer: u8) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == introducer).then(|| hex_byte(tail)).flatten();
        let (byte, tail) = escaped.unwrap_or((byte, tail));
        decoded.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte that two hex digits at the start of `text` make, and what follows.
fn hex_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, tail) = text.split_first_chunk::<2>()?;
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let value = (high? << 4) | low?;
    Some((u8::try_from(value).ok()?, tail))
}

fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) {
            encoded.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The inverse of [`unescape`], for one option value.
fn escape(text: &str) -> String {
    escape_except(text, '\0')
}

fn escape_except(text: &str, keep: char) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c == keep || !(c == ' ' || c == '\\' || c.is_control()) {
            escaped.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\{byte:02x}");
        }
    }
    escaped
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
mod tests {
    use super::*;

    fn parse(text: &str) -> Location {
        Location::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    /// URL, host, port, application, stream, tcUrl.
    type Row = (
        &'static str,
        &'static str,
        u16,
        &'static str,
        &'static str,
        &'static str,
    );

    #[rustfmt::skip]
    const ROWS: &[Row] = &[
        // The plain cases.
        ("rtmp://h/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:1935/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:1936/live/s", "h", 1936, "live", "s", "rtmp://h:1936/live"),
        ("rtmp://h:0/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:00080/live/s", "h", 80, "live", "s", "rtmp://h:80/live"),
        ("rtmp://h:65535/live/s", "h", 65535, "live", "s", "rtmp://h:65535/live"),
        ("rtmp://h/a/b/c/d", "h", 1935, "a/b/c", "d", "rtmp://h/a/b/c"),
        ("rtmp://192.0.2.1/a/b", "192.0.2.1", 1935, "a", "b", "rtmp://192.0.2.1/a"),
        ("RtMp://Host.Example/A/B", "Host.Example", 1935, "A", "B", "rtmp://Host.Example/A"),
        ("  rtmp://h/a/b\n", "h", 1935, "a", "b", "rtmp://h/a"),
        // Few components.
        ("rtmp://h", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h/", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h:1936", "h", 1936, "", "", "rtmp://h:1936/"),
        ("rtmp://h/live", "h", 1935, "live", "", "rtmp://h/live"),
        ("rtmp://h/live/", "h", 1935, "live", "", "rtmp://h/live"),
        ("rtmp://h/live/s/", "h", 1935, "live/s", "", "rtmp://h/live/s"),
        ("rtmp://h//s", "h", 1935, "", "s", "rtmp://h/"),
        ("rtmp://h//a/s", "h", 1935, "/a", "s", "rtmp://h//a"),
        ("rtmp://h/a//s", "h", 1935, "a/", "s", "rtmp://h/a/"),
        // Queries stay where they are.
        ("rtmp://h/live/s?t=x/y", "h", 1935, "live", "s?t=x/y", "rtmp://h/live"),
        ("rtmp://h/live/s?url=rtmp://o/p", "h", 1935, "live", "s?url=rtmp://o/p", "rtmp://h/live"),
        ("rtmp://h/a/b/s?x=1&y=/", "h", 1935, "a/b", "s?x=1&y=/", "rtmp://h/a/b"),
        ("rtmp://h/live/s?a=1?b=2/3", "h", 1935, "live", "s?a=1?b=2/3", "rtmp://h/live"),
        ("rtmp://h/live/?key=a/b", "h", 1935, "live", "?key=a/b", "rtmp://h/live"),
        ("rtmp://h/live?token=1", "h", 1935, "live?token=1", "", "rtmp://h/live?token=1"),
        ("rtmp://h/live/s%2Fx?t=%2B", "h", 1935, "live", "s%2Fx?t=%2B", "rtmp://h/live"),
        ("rtmp://h/live/s#f/g", "h", 1935, "live/s#f", "g", "rtmp://h/live/s#f"),
        // The query of the application.
        ("rtmp://h/live?vhost=a/s", "h", 1935, "live?vhost=a", "s", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?t=a/b/s", "h", 1935, "live?t=a/b", "s", "rtmp://h/live?t=a/b"),
        ("rtmp://h/live?vhost=a/s?t=b/c", "h", 1935, "live?vhost=a", "s?t=b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?vhost=a/s?u=http://b/c", "h", 1935, "live?vhost=a", "s?u=http://b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?url=rtmp://o/p", "h", 1935, "live?url=rtmp://o/p", "", "rtmp://h/live?url=rtmp://o/p"),
        ("rtmp://h/live?vhost=a/mp4:b/c", "h", 1935, "live?vhost=a", "mp4:b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/?vhost=a/s", "h", 1935, "?vhost=a", "s", "rtmp://h/?vhost=a"),
        // Container prefixes.
        ("rtmp://h/a/mp4:x/y.mp4", "h", 1935, "a", "mp4:x/y.mp4", "rtmp://h/a"),
        ("rtmp://h/a/b/flv:x/y/z", "h", 1935, "a/b", "flv:x/y/z", "rtmp://h/a/b"),
        ("rtmp://h/a/mp3:x", "h", 1935, "a", "mp3:x", "rtmp://h/a"),
        ("rtmp://h/a/F4V:x/y?t=1/2", "h", 1935, "a", "F4V:x/y?t=1/2", "rtmp://h/a"),
        ("rtmp://h/a/mp4:x/mp4:y", "h", 1935, "a", "mp4:x/mp4:y", "rtmp://h/a"),
        ("rtmp://h/mp4:x/y", "h", 1935, "mp4:x", "y", "rtmp://h/mp4:x"),
        ("rtmp://h/a/12:30/s", "h", 1935, "a/12:30", "s", "rtmp://h/a/12:30"),
        ("rtmp://h/a//mp4:x/y", "h", 1935, "a/", "mp4:x/y", "rtmp://h/a/"),
        ("rtmp://h/a/:x/s", "h", 1935, "a/:x", "s", "rtmp://h/a/:x"),
        ("rtmp://h/a/s?u=mp4:x/y", "h", 1935, "a", "s?u=mp4:x/y", "rtmp://h/a"),
        // IPv6.
        ("rtmp://[::1]:1936/a/b/c", "::1", 1936, "a/b", "c", "rtmp://[::1]:1936/a/b"),
        ("rtmp://[2001:db8::1]/a/b", "2001:db8::1", 1935, "a", "b", "rtmp://[2001:db8::1]/a"),
        ("rtmp://[fe80::1%25eth0]/a/b", "fe80::1%eth0", 1935, "a", "b", "rtmp://[fe80::1]/a"),
        ("rtmp://[fe80::1%eth0]:1935/a/b", "fe80::1%eth0", 1935, "a", "b", "rtmp://[fe80::1]/a"),
        // User information never shows.
        ("rtmp://u:p%40@h/a/s", "h", 1935, "a", "s", "rtmp://h/a"),
        ("rtmp://u@v:p@h:1/a/s", "h", 1, "a", "s", "rtmp://h:1/a"),
        ("rtmp://u:p@[::1]/a/s", "::1", 1935, "a", "s", "rtmp://[::1]/a"),
        ("rtmp://h/a/s@t:u", "h", 1935, "a", "s@t:u", "rtmp://h/a"),
        // Other alphabets.
        ("rtmp://bücher.example/é/日本", "bücher.example", 1935, "é", "日本", "rtmp://bücher.example/é"),
        ("rtmp://h/日?é=ü/本", "h", 1935, "日?é=ü", "本", "rtmp://h/日?é=ü"),
        // Options.
        ("RTMP://H/a/b live=1 timeout=10", "H", 1935, "a", "b", "rtmp://H/a"),
        ("rtmp://h/x/y app=a/b playpath=c/d", "h", 1935, "a/b", "c/d", "rtmp://h/a/b"),
        ("rtmp://h playpath=s\\20t\\5c", "h", 1935, "", "s t\\", "rtmp://h/"),
        ("rtmp://h/x/y app= playpath=", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h/live  playpath=s?a=b  ", "h", 1935, "live", "s?a=b", "rtmp://h/live"),
    ];

    #[test]
    fn urls_are_divided_by_the_rules() {
        for (url, host, port, application, stream, tc_url) in ROWS {
            let location = parse(url);
            assert_eq!(location.scheme, Scheme::Rtmp, "{url}");
            assert_eq!(location.host, *host, "{url}");
            assert_eq!(location.port_or_default(), *port, "{url}");
            assert_eq!(location.application, *application, "{url}");
            assert_eq!(location.stream, *stream, "{url}");
            assert_eq!(location.tc_url(), *tc_url, "{url}");
        }
    }

    #[test]
    fn bad_urls_are_refused() {
        use LocationError::*;
        let rows = [
            ("", Empty),
            (" \t\r\n", Empty),
            ("rtmp", NotRtmp),
            ("rtmp:", NotRtmp),
            ("rtmp:/h/a/b", NotRtmp),
            ("rtmp h://", NotRtmp),
            ("/live/s", NotRtmp),
            ("h/live/s", NotRtmp),
            ("://h/a", NotRtmp),
            ("http://h/a/b", NotRtmp),
            ("http://h/?u=rtmp://h/a", NotRtmp),
            ("rtmpx://h/a", NotRtmp),
            ("file:///etc/passwd", NotRtmp),
            ("💥", NotRtmp),
            ("rtmps://h/a/b", UnsupportedScheme(Scheme::Rtmps)),
            ("RTMPE://h/a/b", UnsupportedScheme(Scheme::Rtmpe)),
            ("rtmpt://h/a/b", UnsupportedScheme(Scheme::Rtmpt)),
            ("rtmpts://h/a/b", UnsupportedScheme(Scheme::Rtmpts)),
            ("rtmpte://h/a/b", UnsupportedScheme(Scheme::Rtmpte)),
            ("rtmfp://h/a/b", UnsupportedScheme(Scheme::Rtmfp)),
            ("rtmp://", MissingHost),
            ("rtmp:///live/s", MissingHost),
            ("rtmp://:1935/live/s", MissingHost),
            ("rtmp://u:p@/live/s", MissingHost),
            ("rtmp:// live=1", MissingHost),
            ("rtmp://[]/a", MissingHost),
            ("rtmp://[::1/a", UnbalancedBrackets),
            ("rtmp://::1]/a", UnbalancedBrackets),
            ("rtmp://[::1]x/a", UnbalancedBrackets),
            ("rtmp://h]/a", UnbalancedBrackets),
            ("rtmp://[::1]]/a", UnbalancedBrackets),
            ("rtmp://::1/a", InvalidHost),
            ("rtmp://[::g]/a", InvalidHost),
            ("rtmp://[192.0.2.1]/a", InvalidHost),
            ("rtmp://[fe80::1%]/a", InvalidHost),
            ("rtmp://[fe80::1%a/b]/a", UnbalancedBrackets),
            ("rtmp://h?x=1", InvalidHost),
            ("rtmp://a%20b/live", InvalidHost),
            ("rtmp://a\\b/live", InvalidHost),
            ("rtmp://h:65536/a", InvalidPort),
            ("rtmp://h:-1/a", InvalidPort),
            ("rtmp://h:+1/a", InvalidPort),
            ("rtmp://h:1a/a", InvalidPort),
            ("rtmp://[::1]:x/a", InvalidPort),
            ("rtmp://h:99999999999999999999/a", InvalidPort),
            ("rtmp://h/a\0/b", ControlCharacter),
            ("\0", ControlCharacter),
            ("rtmp://h/a\nb/c", ControlCharacter),
            ("rtmp://u%00@h/a", ControlCharacter),
            ("rtmp://u:%00p@h/a", ControlCharacter),
            ("rtmp://h/a/b timeout=x", InvalidOption("timeout")),
            ("rtmp://h/a/b timeout=-1", InvalidOption("timeout")),
            ("rtmp://h/a/b LIVE=maybe", InvalidOption("live")),
            ("rtmp://h/a/b playpath=a\\00", InvalidOption("playpath")),
        ];
        for (url, error) in rows {
            assert_eq!(Location::parse(url), Err(error), "{url:?}");
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn user_information_is_decoded() {
        let rows = [
            ("rtmp://h/a", None, None),
            ("rtmp://@h/a", None, None),
            ("rtmp://u@h/a", Some("u"), None),
            ("rtmp://u:@h/a", Some("u"), Some("")),
            ("rtmp://:p@h/a", Some(""), Some("p")),
            ("rtmp://u:p%40@h/a/s", Some("u"), Some("p@")),
            ("rtmp://u%3Av:a:b@h/a", Some("u:v"), Some("a:b")),
            ("rtmp://u@x:p@q@h/a", Some("u@x"), Some("p@q")),
            ("rtmp://%zz:100%@h/a", Some("%zz"), Some("100%")),
            ("rtmp://%C3%A9:%FF@h/a", Some("é"), Some("\u{FFFD}")),
            ("rtmp://h/a/s pubUser=u pubPasswd=p", Some("u"), Some("p")),
            ("rtmp://v@h/a/s pubUser=u pubPasswd=p", Some("v"), None),
        ];
        for (url, user, password) in rows {
            let location = parse(url);
            assert_eq!(location.user.as_deref(), user, "{url}");
            assert_eq!(location.password.as_deref(), password, "{url}");
        }
    }

    #[test]
    fn every_option_is_read() {
        let location = parse(
            "rtmp://h/x/y app=a playpath=p tcUrl=rtmp://o/a pageurl=http://p/?a=b SWFURL=s \
             flashVer=LNX\\2010,0,32,18 conn=B:1 conn=S:a\\20b live=yes subscribe=n start=-2000 \
             stop=5000 buffer=3000 timeout=10 playlist=off swfVfy=TRUE swfAge=7 token=k jtv=j \
             socks=q:1080 pubUser=u pubPasswd=w",
        );
        let text = |text: &str| Some(text.to_owned());
        let expected = LocationOptions {
            app: text("a"),
            playpath: text("p"),
            tc_url: text("rtmp://o/a"),
            page_url: text("http://p/?a=b"),
            swf_url: text("s"),
            flash_ver: text("LNX 10,0,32,18"),
            conn: vec!["B:1".to_owned(), "S:a\\20b".to_owned()],
            live: Some(true),
            subscribe: text("n"),
            start: Some(-2000),
            stop: Some(5000),
            buffer: Some(3000),
            timeout: Some(10),
            playlist: Some(false),
            swf_vfy: Some(true),
            swf_age: Some(7),
            token: text("k"),
            jtv: text("j"),
            socks: text("q:1080"),
            pub_user: text("u"),
            pub_passwd: text("w"),
            unknown: Vec::new(),
        };
        assert_eq!(location.options, expected);
        assert_eq!(parse(&location.to_uri()), location);
    }

    #[test]
    fn unknown_options_are_named_without_values() {
        let location = parse("rtmp://h/a/b hash=secret1 live=1 secret2 =secret3 x=");
        let unknown = &location.options.unknown;
        assert_eq!(unknown, &["hash", "(no name)", "(no name)", "x"]);
        assert_eq!(location.options.live, Some(true));
    }

    #[test]
    fn last_option_of_a_name_counts() {
        let location = parse("rtmp://h/a/b playpath=c Playpath=d");
        assert_eq!(location.stream, "d");
    }

    #[test]
    fn escapes_are_decoded_or_left() {
        let rows = [
            ("", ""),
            ("plain", "plain"),
            ("a\\20b", "a b"),
            ("\\5c\\5C", "\\\\"),
            ("\\5c20", "\\20"),
            ("\\", "\\"),
            ("\\2", "\\2"),
            ("\\zz\\2z", "\\zz\\2z"),
            ("\\\\20", "\\ "),
            ("\\c3\\a9é", "éé"),
            ("\\ff", "\u{FFFD}"),
            ("\\é", "\\é"),
        ];
        for (text, expected) in rows {
            assert_eq!(unescape(text), expected, "{text}");
        }
        for text in ["a b\\20\t", "é\u{85}\u{3000}", "\\"] {
            assert_eq!(unescape(&escape(text)), text);
            assert!(!escape(text).contains([' ', '\t', '\u{85}']));
        }
    }

    #[test]
    fn uri_reads_back_to_the_same_location() {
        for (url, ..) in ROWS {
            let location = parse(url);
            let uri = location.to_uri();
            assert_eq!(parse(&uri).to_uri(), uri, "{url}");
            // An explicit default port is not repeated, and names may have become options.
            let comparable = |location: Location| Location {
                port: Some(location.port_or_default()),
                options: LocationOptions {
                    app: None,
                    playpath: None,
                    ..location.options
                },
                ..location
            };
            assert_eq!(comparable(parse(&uri)), comparable(location), "{url}");
        }
    }

    #[test]
    fn uri_is_canonical() {
        let rows = [
            ("RTMP://h:1935/a/b", "rtmp://h/a/b"),
            ("rtmp://h", "rtmp://h/"),
            ("rtmp://h/live/", "rtmp://h/live"),
            (
                "rtmp://u:p%40@[::1]:1/a/s?t=1/2",
                "rtmp://u:p%40@[::1]:1/a/s?t=1/2",
            ),
            ("rtmp://[fe80::1%eth0]/a/s", "rtmp://[fe80::1%25eth0]/a/s"),
            ("rtmp://@h/a/s LIVE=on", "rtmp://h/a/s live=1"),
        ];
        for (url, uri) in rows {
            assert_eq!(parse(url).to_uri(), uri);
        }
    }

    #[test]
    fn uri_keeps_parts_that_the_path_would_divide_differently() {
        let rows = [
            ("live", "a/b", "rtmp://h/live/a/b app=live playpath=a/b"),
            ("a/b", "", "rtmp://h/a/b/"),
            ("", "s", "rtmp://h//s"),
            (
                "live",
                "my stream",
                "rtmp://h/ app=live playpath=my\\20stream",
            ),
            (
                "a?b=http://c/d",
                "s",
                "rtmp://h/a?b=http://c/d/s app=a?b=http://c/d playpath=s",
            ),
        ];
        for (application, stream, uri) in rows {
            let location =
                Location::from_parts(Scheme::Rtmp, "h", None, application, stream).unwrap();
            assert_eq!(location.to_uri(), uri);
            let back = parse(uri);
            assert_eq!(back.application, application);
            assert_eq!(back.stream, stream);
        }
    }

    #[test]
    fn fields_changed_after_parsing_replace_options() {
        let mut location = parse("rtmp://h/x/y app=a playpath=b");
        location.application = "c".to_owned();
        location.stream = "d".to_owned();
        location.port = Some(0);
        assert_eq!(location.port_or_default(), 1935);
        assert_eq!(location.to_uri(), "rtmp://h/c/d app=c playpath=d");
    }

    #[test]
    fn parts_accept_hosts_with_and_without_brackets() {
        for host in ["::1", "[::1]"] {
            let location = Location::from_parts(Scheme::Rtmps, host, Some(443), "a", "s").unwrap();
            assert_eq!(location.host, "::1");
            assert_eq!(location.to_uri(), "rtmps://[::1]/a/s");
        }
        let rows = [
            ("", LocationError::MissingHost),
            ("a/b", LocationError::InvalidHost),
            ("a b", LocationError::InvalidHost),
            ("u@h", LocationError::InvalidHost),
            ("h:1935", LocationError::InvalidHost),
            ("[::1", LocationError::UnbalancedBrackets),
            ("::1]", LocationError::UnbalancedBrackets),
        ];
        for (host, error) in rows {
            let result = Location::from_parts(Scheme::Rtmp, host, Some(0), "a", "s");
            assert_eq!(result, Err(error), "{host}");
        }
    }

    #[test]
    fn redacted_text_and_debug_output_hold_no_secrets() {
        let rows = [
            ("rtmp://USER:PASS@h/live/s", "rtmp://h/live/s"),
            ("rtmp://h:1936/live/s?t=SECRET/x", "rtmp://h:1936/live/s?…"),
            ("rtmp://h/live?t=SECRET/s", "rtmp://h/live?…/s"),
            ("rtmp://h/live?t=SECRET/s?u=SECRET", "rtmp://h/live?…/s?…"),
            ("rtmp://[::1]/live", "rtmp://[::1]/live"),
            ("rtmp://h", "rtmp://h/"),
            (
                "rtmp://h/a/s token=SECRET pubUser=USER pubPasswd=PASS conn=S:SECRET jtv=SECRET \
                 tcUrl=rtmp://USER:PASS@h/a swfUrl=SECRET pageUrl=SECRET socks=SECRET x=SECRET \
                 playpath=s?SECRET subscribe=s?SECRET",
                "rtmp://h/a/s?…",
            ),
        ];
        for (url, redacted) in rows {
            let location = parse(url);
            assert_eq!(location.redacted(), redacted);
            let debug = format!("{location:?} {:?}", location.options);
            for secret in ["SECRET", "USER", "PASS"] {
                assert!(!debug.contains(secret), "{debug}");
            }
        }
    }

    #[test]
    fn redacted_text_is_short_and_printable() {
        let stream = "x\n".repeat(500_000);
        let location = Location::from_parts(Scheme::Rtmp, "h", None, "a", &stream).unwrap();
        let text = location.redacted();
        assert!(text.chars().count() < 250 && text.ends_with('…'));
        assert!(!text.contains(char::is_control));
    }

    #[test]
    fn very_long_input_is_handled() {
        let long = "x".repeat(1_000_000);
        assert_eq!(parse(&format!("rtmp://h/a/{long}")).stream, long);
        assert_eq!(
            Location::parse(&format!("rtmp://{long}/a")),
            Err(LocationError::InvalidHost)
        );
        let slashes = "/".repeat(100_000);
        assert_eq!(parse(&format!("rtmp://h{slashes}")).stream, "");
        let prefixes = "/mp4:".repeat(100_000);
        assert_eq!(parse(&format!("rtmp://h{prefixes}")).application, "mp4:");
        parse(&format!("rtmp://h/a/b {}", "x=1 ".repeat(100_000)));
    }

    #[test]
    fn every_cut_of_a_url_is_survived() {
        let url = "rtmp://ü:p%C3@[fe80::1%25e]:19/a?é=/mp4:b/c?d live=1 app=x\\20é conn=O:1";
        for (end, _) in url.char_indices() {
            if let Ok(location) = Location::parse(&url[..end]) {
                parse(&location.to_uri());
            }
            let _ = Location::parse(&url[end..]);
        }
    }

    #[test]
    fn schemes_know_their_names_and_ports() {
        let ports = Scheme::ALL.map(Scheme::default_port);
        assert_eq!(ports, [1935, 443, 1935, 80, 443, 80, 1935]);
        for scheme in Scheme::ALL {
            let name = scheme.to_string();
            assert_eq!(Scheme::from_name(&name.to_uppercase()), Some(scheme));
        }
        assert_eq!(Scheme::from_name("rtm"), None);
    }
}
