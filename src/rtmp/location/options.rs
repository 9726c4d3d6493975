// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! librtmp options, behind the first space of a location: ` key=value` …

use std::fmt::{self, Write as _};

use super::escape::{escape, escape_except, unescape};
use super::{LocationError, without_query};

/// Characters of an unknown option name that are kept.
const MAX_OPTION_NAME_CHARS: usize = 32;

/// What librtmp options behind the URL say. Names are compared without regard to case,
/// the last option of a name counts, and `\xx` stands for the byte of that hex value.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LocationOptions {
    /// `app`: replaces [`Location::application`](super::Location::application).
    pub app: Option<String>,
    /// `playpath`: replaces [`Location::stream`](super::Location::stream).
    pub playpath: Option<String>,
    /// `tcUrl`: sent in place of [`Location::tc_url`](super::Location::tc_url).
    pub tc_url: Option<String>,
    /// `pageUrl` of the `connect` command.
    pub page_url: Option<String>,
    /// `swfUrl` of the `connect` command.
    pub swf_url: Option<String>,
    /// `flashVer` of the `connect` command.
    pub flash_ver: Option<String>,
    /// `conn`, repeatable: arguments after the command object, with their escapes, for
    /// [`connect_args::parse`](crate::rtmp::connect_args::parse).
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
    pub(super) fn parse(text: &str) -> Result<Self, LocationError> {
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
    pub(super) fn write(&self, out: &mut String) {
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
