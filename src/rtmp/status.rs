// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Status objects: the answers of `connect` and the arguments of `onStatus`
//! and `onPlayStatus` (RTMP 1.0, 7.2), with their codes as an enum.
//!
//! Servers like to repeat the stream's name with the token in it. So whatever
//! is shown of a peer's text, by `Display` or `Debug`, goes through
//! [`printable`]; the raw texts are in the fields.

use std::fmt;

use super::amf::{Object, Value};

macro_rules! status_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal),+ $(,)?) => {
        /// A status code that servers are known to send.
        #[derive(Clone, PartialEq, Eq)]
        pub enum StatusCode {
            $($(#[$doc])* $name,)+
            /// A code that is none of these, or none at all (empty).
            Other(String),
        }

        impl StatusCode {
            /// All codes that have a name here.
            pub const KNOWN: &'static [Self] = &[$(Self::$name),+];

            /// The code as it stands on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $code,)+
                    Self::Other(code) => code,
                }
            }
        }

        impl From<&str> for StatusCode {
            fn from(code: &str) -> Self {
                match code {
                    $($code => Self::$name,)+
                    other => Self::Other(other.to_owned()),
                }
            }
        }
    };
}

status_codes! {
    /// The connection is accepted.
    ConnectSuccess = "NetConnection.Connect.Success",
    /// Refused: not allowed, moved elsewhere, or credentials are wanted.
    ConnectRejected = "NetConnection.Connect.Rejected",
    /// The server could not accept it for reasons of its own.
    ConnectFailed = "NetConnection.Connect.Failed",
    /// The server ends the connection.
    ConnectClosed = "NetConnection.Connect.Closed",
    /// The application is shut down.
    ConnectAppShutdown = "NetConnection.Connect.AppShutdown",
    /// No application of this name.
    ConnectInvalidApp = "NetConnection.Connect.InvalidApp",
    /// Closed for lack of traffic (FMS).
    ConnectIdleTimeout = "NetConnection.Connect.IdleTimeout",
    /// The client's network changed (Flash).
    ConnectNetworkChange = "NetConnection.Connect.NetworkChange",
    /// Please reconnect (Enhanced RTMP v2).
    ConnectReconnectRequest = "NetConnection.Connect.ReconnectRequest",
    /// A call failed.
    CallFailed = "NetConnection.Call.Failed",
    /// A call in a format that the server does not read.
    CallBadVersion = "NetConnection.Call.BadVersion",
    /// A call that is not allowed.
    CallProhibited = "NetConnection.Call.Prohibited",
    /// A proxy got no answer.
    ProxyNotResponding = "NetConnection.Proxy.NotResponding",
    /// The play list was reset; Play.Start follows.
    PlayReset = "NetStream.Play.Reset",
    /// Media follows.
    PlayStart = "NetStream.Play.Start",
    /// Data follows (FMS, Wowza, MediaMTX).
    DataStart = "NetStream.Data.Start",
    /// A publisher came.
    PlayPublishNotify = "NetStream.Play.PublishNotify",
    /// The publisher left.
    PlayUnpublishNotify = "NetStream.Play.UnpublishNotify",
    /// Playing has stopped.
    PlayStop = "NetStream.Play.Stop",
    /// The recording is at its end (`onPlayStatus`).
    PlayComplete = "NetStream.Play.Complete",
    /// Next item of a play list.
    PlaySwitch = "NetStream.Play.Switch",
    /// A change of streams was accepted.
    PlayTransition = "NetStream.Play.Transition",
    /// A change of streams is done.
    PlayTransitionComplete = "NetStream.Play.TransitionComplete",
    /// No stream of this name.
    PlayStreamNotFound = "NetStream.Play.StreamNotFound",
    /// Playing failed (MediaMTX: not authorised).
    PlayFailed = "NetStream.Play.Failed",
    /// The client's line is too slow.
    PlayInsufficientBandwidth = "NetStream.Play.InsufficientBW",
    /// The recording cannot be read.
    PlayFileStructureInvalid = "NetStream.Play.FileStructureInvalid",
    /// The recording has no track that can be played.
    PlayNoSupportedTrackFound = "NetStream.Play.NoSupportedTrackFound",
    /// Playing is refused (some servers).
    PlayBadConnection = "NetStream.Play.BadConnection",
    /// Playing is not authorised (spelt like this by the servers that send it).
    PlayUnauthorized = "NetStream.play.Unauthorized",
    /// Something failed.
    StreamFailed = "NetStream.Failed",
    /// A command had a bad argument.
    StreamInvalidArg = "NetStream.InvalidArg",
    /// A seek is done.
    SeekNotify = "NetStream.Seek.Notify",
    /// A seek failed.
    SeekFailed = "NetStream.Seek.Failed",
    /// A seek beyond what is there.
    SeekInvalidTime = "NetStream.Seek.InvalidTime",
    /// Paused.
    PauseNotify = "NetStream.Pause.Notify",
    /// Resumed.
    UnpauseNotify = "NetStream.Unpause.Notify",
    /// Publishing may begin.
    PublishStart = "NetStream.Publish.Start",
    /// The name is in use or refused.
    PublishBadName = "NetStream.Publish.BadName",
    /// Publishing is refused (Wowza).
    PublishDenied = "NetStream.Publish.Denied",
    /// Publishing is not authorised (MediaMTX).
    PublishUnauthorized = "NetStream.Publish.Unauthorized",
    /// Publishing is refused (some servers).
    PublishBadConnection = "NetStream.Publish.BadConnection",
    /// Publishing failed.
    PublishFailed = "NetStream.Publish.Failed",
    /// The publisher sends nothing.
    PublishIdle = "NetStream.Publish.Idle",
    /// Publishing has ended.
    UnpublishSuccess = "NetStream.Unpublish.Success",
    /// Recording began.
    RecordStart = "NetStream.Record.Start",
    /// Recording ended.
    RecordStop = "NetStream.Record.Stop",
    /// Recording is not allowed.
    RecordNoAccess = "NetStream.Record.NoAccess",
    /// Recording failed.
    RecordFailed = "NetStream.Record.Failed",
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) if code.is_empty() => f.write_str("a status without code"),
            code => f.write_str(&printable(code.as_str())),
        }
    }
}

/// Shows the code like `Display`, since it is a peer's text.
impl fmt::Debug for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", printable(self.as_str()))
    }
}

/// How bad a status is. Compared without regard to case: AMS writes `Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `status`, or anything unknown.
    Status,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

impl Level {
    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A status object.
#[derive(Clone, PartialEq)]
pub struct Status {
    /// `code`
    pub code: StatusCode,
    /// `level`
    pub level: Level,
    /// `description`, as the server wrote it; empty if missing.
    pub description: String,
    /// Everything that came. Never shown: it may hold secrets anywhere.
    pub information: Object,
}

impl Status {
    /// Finds the status among the arguments of an answer: the first object
    /// with a `code`, else with a `level` or `description`. Servers place it
    /// differently and leave parts of it out. A bare string is taken for the
    /// description.
    pub fn find<'a>(arguments: impl Iterator<Item = &'a Value> + Clone) -> Option<Self> {
        let objects = arguments.clone().filter_map(Value::as_object);
        let has = |name: &'static str| move |object: &&'a Object| object.get(name).is_some();
        objects
            .clone()
            .find(has("code"))
            .or_else(|| objects.clone().find(has("level")))
            .or_else(|| objects.clone().find(has("description")))
            .map(|object| Self::from(object.clone()))
            .or_else(|| {
                let text = arguments.filter_map(Value::as_str).next()?;
                Some(Self::from(Object::new().with("description", text)))
            })
    }

    /// Builds a status to send.
    pub fn new(level: Level, code: StatusCode, description: impl Into<String>) -> Self {
        let description = description.into();
        let information = Object::new()
            .with(
                "level",
                match level {
                    Level::Status => "status",
                    Level::Warning => "warning",
                    Level::Error => "error",
                },
            )
            .with("code", code.as_str())
            .with("description", description.as_str());
        Self {
            code,
            level,
            description,
            information,
        }
    }

    /// What is worth keeping of a peer's status: code, level and description, of
    /// which texts beyond [`MAX_KEPT`] only what can be shown.
    #[must_use]
    pub fn kept(self) -> Self {
        // Not cut: a part of a text may show what the whole hides.
        let text = |text: String| match text.len() {
            0..=MAX_KEPT => text,
            _ => printable(&text),
        };
        Self {
            code: match self.code {
                StatusCode::Other(code) => StatusCode::Other(text(code)),
                known => known,
            },
            level: self.level,
            description: text(self.description),
            information: Object::new(),
        }
    }

    /// Memory that a status takes that is kept, in bytes.
    pub fn kept_size(&self) -> usize {
        self.code.as_str().len() + self.description.len()
    }

    /// Adds a member to what is sent.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.information = self.information.with(name, value);
        self
    }
}

impl From<Object> for Status {
    fn from(information: Object) -> Self {
        let text = |name| information.get(name).and_then(Value::as_str);
        let level = text("level").unwrap_or_default();
        Self {
            code: StatusCode::from(text("code").unwrap_or_default()),
            level: if level.eq_ignore_ascii_case("error") {
                Level::Error
            } else if level.eq_ignore_ascii_case("warning") {
                Level::Warning
            } else {
                Level::Status
            },
            description: text("description").unwrap_or_default().to_owned(),
            information,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code.fmt(f)?;
        if !self.description.is_empty() {
            write!(f, ": {}", printable(&self.description))?;
        }
        Ok(())
    }
}

/// Leaves out `information`.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Status")
            .field("code", &self.code)
            .field("level", &self.level)
            .field("description", &printable(&self.description))
            .finish_non_exhaustive()
    }
}

/// Longest text of a peer's status that is kept as it came, in bytes.
pub const MAX_KEPT: usize = 8 << 10;

/// Longest piece of a peer's text that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// A peer's text made fit for a log or message: one line, bounded, no control
/// characters, and no secrets: the query of a URL or stream name becomes `?…`,
/// the user and password of a URL `//…@`.
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    // Word by word, so that a long text is not looked at in whole.
    for word in text.split_inclusive(char::is_whitespace) {
        let (word, blank) = match word.strip_suffix(char::is_whitespace) {
            Some(word) => (word, " "),
            None => (word, ""),
        };
        shown.push_str(&without_query(&without_user(word)));
        shown.push_str(blank);
        if shown.chars().nth(MAX_SHOWN).is_some() {
            break;
        }
    }
    bounded(&shown)
}

/// Up to [`MAX_SHOWN`] characters of a text, without control characters.
fn bounded(text: &str) -> String {
    let mut chars = text.chars();
    let mut shown: String = chars
        .by_ref()
        .take(MAX_SHOWN)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    shown.trim().to_owned()
}

/// A word without the user information of URLs in it.
fn without_user(word: &str) -> String {
    let mut pieces = word.split("//");
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (authority, path) = piece.split_at(piece.find('/').unwrap_or(piece.len()));
        shown.push_str("//");
        match authority.rsplit_once('@') {
            // A `@` of the query, or a `?` of the password: hidden either way.
            Some((user, _)) if user.contains('?') => shown.push('…'),
            Some((_, host)) => {
                shown.push_str("…@");
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        shown.push_str(path);
    }
    shown
}

/// A word without the query in it. That reaches to the end of the word, or to
/// the last quotation mark of the kind that stands before it.
fn without_query(word: &str) -> String {
    let Some((name, query)) = word.split_once('?') else {
        return word.to_owned();
    };
    let quote = name.chars().rev().find(|c| matches!(c, '"' | '\''));
    let end = quote.and_then(|quote| query.rfind(quote));
    let (query, rest) = query.split_at(end.unwrap_or(query.len()));
    // A question, and no query.
    let dots = if query.is_empty() { "" } else { "…" };
    format!("{name}?{dots}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_code_survives_a_round_trip() {
        for code in StatusCode::KNOWN {
            assert_eq!(&StatusCode::from(code.as_str()), code);
        }
        assert_eq!(StatusCode::from("X.Y"), StatusCode::Other("X.Y".to_owned()));
    }

    #[test]
    fn the_object_with_a_code_is_found_wherever_it_stands() {
        let properties = Value::from(Object::new().with("fmsVer", "FMS/3,0,1,123"));
        let information = Value::from(
            Object::new()
                .with("level", "Error")
                .with("code", "NetStream.Play.Failed"),
        );
        for arguments in [
            vec![properties.clone(), information.clone()],
            vec![information.clone()],
            vec![Value::Null, Value::Number(4.0), information],
        ] {
            let status = Status::find(arguments.iter());
            assert_eq!(
                status.map(|status| (status.code, status.level)),
                Some((StatusCode::PlayFailed, Level::Error))
            );
        }
        assert_eq!(Status::find([properties, Value::Null].iter()), None);
    }

    #[test]
    fn missing_members_leave_an_empty_code_and_a_bare_string_is_the_description() {
        let no_code = Value::from(Object::new().with("level", "error"));
        let status = Status::find([no_code].iter());
        assert_eq!(
            status.map(|s| (s.code, s.level)),
            Some((StatusCode::Other(String::new()), Level::Error))
        );
        let status = Status::find([Value::from("go away")].iter());
        assert_eq!(status.map(|s| s.description), Some("go away".to_owned()));
    }

    #[test]
    fn queries_and_users_are_not_shown() {
        for (text, shown) in [
            (
                "Failed to play s?token=x; gone.",
                "Failed to play s?… gone.",
            ),
            ("s?token=x", "s?…"),
            ("a?b=1/c?d=2 e?f\ng?h i", "a?… e?… g?… i"),
            ("'s?token=x' is 's?y'.", "'s?…' is 's?…'."),
            ("'s?token=it's' is gone", "'s?…' is gone"),
            ("s?token=it's x", "s?… x"),
            (r#"{"s":"a?t=x","n":1}"#, r#"{"s":"a?…":1}"#),
            ("who are you? go", "who are you? go"),
            ("\"who?\" x", "\"who?\" x"),
            ("rtmp://u:p@h/a/s to //v@i", "rtmp://…@h/a/s to //…@i"),
            ("rtmp://u:p@x@h:1/a?b=c@d", "rtmp://…@h:1/a?…"),
            ("//u:p?q@h/a", "//…/a"),
            ("//h?q=a@b", "//…"),
            ("a//b///c@d e@f", "a//b///c@d e@f"),
            ("s?to\u{1b}ken", "s?…"),
            ("?", "?"),
            ("", ""),
        ] {
            assert_eq!(printable(text), shown, "{text}");
        }
    }

    #[test]
    fn a_secret_across_the_bound_is_not_shown() {
        for length in 0..MAX_SHOWN + 20 {
            let before = "x".repeat(length);
            let shown = printable(&format!("{before} //user:pass@h s?token=secret"));
            for secret in ["user", "pass", "token", "sec"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            assert!(shown.chars().count() <= MAX_SHOWN + 1);
        }
    }

    #[test]
    fn debug_output_is_bounded_and_without_secrets() {
        let redirect = Object::new().with("redirect", "rtmp://h/a?token=secret");
        for description in ["s?token=secret gone".to_owned(), "x".repeat(600_000)] {
            let code = StatusCode::Other(description.clone());
            let status = Status::new(Level::Error, code, description)
                .with("ex", redirect.clone())
                .with("details", "s?token=secret");
            let shown = format!("{status:?}");
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.chars().count() < 600);
        }
    }

    #[test]
    fn a_status_is_kept_with_its_words_but_without_what_is_long_or_beside_them() {
        let code = StatusCode::Other("X.Y".to_owned());
        let said = "s?token=secret is gone ".repeat(10);
        let status = Status::new(Level::Error, code.clone(), said.as_str()).with("n", 1.0);
        let kept = status.kept();
        assert_eq!((kept.code, kept.level), (code, Level::Error));
        assert_eq!((kept.description, kept.information), (said, Object::new()));

        let long = format!("//user:{}@h gone", "p".repeat(MAX_KEPT));
        let code = StatusCode::Other(long.clone());
        let kept = Status::new(Level::Error, code, long).kept();
        assert!(kept.kept_size() < 2 * MAX_KEPT);
        for text in [kept.code.as_str(), kept.description.as_str()] {
            assert_eq!(text, "//…@h gone");
        }
    }

    #[test]
    fn a_peers_text_is_shown_in_one_bounded_line() {
        let status = Status::new(
            Level::Error,
            StatusCode::PlayFailed,
            "a\r\nb\u{1b}[31m".to_owned() + &"x".repeat(1 << 20),
        );
        let shown = status.to_string();
        assert!(shown.chars().count() < 300);
        assert!(!shown.contains(char::is_control));
    }
}
