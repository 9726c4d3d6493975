// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How a play ends.

use std::time::Duration;

use super::phase::Phase;
use super::redirect::RedirectError;
use crate::net::{ConnectError, ProxyFailure, TlsError};
use crate::rtmp::auth::AuthError;
use crate::rtmp::status::{Status, StatusCode, printable};

/// The end of a play.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The stream ended.
    Eos {
        /// What said so.
        reason: EosReason,
        /// In which phase.
        phase: Phase,
        /// Time since the start.
        elapsed: Duration,
    },
    /// It failed.
    Failed(Box<Failure>),
}

/// What said that the stream ended.
#[derive(Debug, Clone, PartialEq)]
pub enum EosReason {
    /// User control StreamEOF for our stream.
    StreamEof,
    /// A status such as Play.Stop, Play.Complete or Play.UnpublishNotify.
    Status(Status),
    /// `onFCUnsubscribe`.
    Unsubscribed,
    /// `FCUnpublish` or `deleteStream`.
    Unpublished,
    /// The `close` command.
    Close,
    /// The server closed the TCP connection in order, between two messages.
    /// A failure instead where `no_eof_is_error` is set.
    ConnectionClosed,
    /// No media came for the idle timeout. A failure instead where
    /// `no_eof_is_error` is set.
    Idle(Duration),
}

impl EosReason {
    /// The server's status said so.
    pub(crate) fn said(status: Status) -> Self {
        Self::Status(status.kept())
    }

    /// Memory that it takes behind its pointers, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.status().map_or(0, Status::kept_size)
    }

    /// A short stable name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::StreamEof => "stream-eof",
            Self::Status(status) => match status.code {
                StatusCode::PlayStop => "play-stop",
                StatusCode::PlayComplete => "play-complete",
                StatusCode::PlayUnpublishNotify => "unpublish-notify",
                StatusCode::ConnectClosed => "connect-closed",
                _ => "status",
            },
            Self::Unsubscribed => "fc-unsubscribe",
            Self::Unpublished => "fc-unpublish",
            Self::Close => "close",
            Self::ConnectionClosed => "tcp-closed",
            Self::Idle(_) => "idle",
        }
    }

    /// The status that it came with.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Status(status) => Some(status),
            _ => None,
        }
    }
}

impl std::fmt::Display for EosReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StreamEof => f.write_str("the server sent StreamEOF"),
            Self::Status(status) => write!(f, "the server sent {status}"),
            Self::Unsubscribed => f.write_str("the server sent onFCUnsubscribe"),
            Self::Unpublished => f.write_str("the server sent FCUnpublish or deleteStream"),
            Self::Close => f.write_str("the server closed the NetConnection"),
            Self::ConnectionClosed => f.write_str("the server closed the TCP connection"),
            Self::Idle(time) => write!(f, "no media came for {time:?}"),
        }
    }
}

/// A play that failed: when, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What went wrong.
    pub cause: Cause,
    /// In which phase.
    pub phase: Phase,
    /// Time since the start.
    pub elapsed: Duration,
    /// Other ways to ask that were tried without success, in words.
    pub tried: Vec<String>,
    /// The server had asked for a SecureToken, and there was none for it.
    pub secure_token_wanted: bool,
    /// At which other place that the user named, if it was none of the first one's.
    pub at: Option<String>,
    /// Where that was, without secrets, if the play was redirected.
    pub redirected_to: Option<String>,
}

impl Failure {
    /// A failure with nothing else tried.
    pub fn new(cause: Cause, phase: Phase, elapsed: Duration) -> Self {
        Self {
            cause: cause.kept(),
            phase,
            elapsed,
            tried: Vec::new(),
            secure_token_wanted: false,
            at: None,
            redirected_to: None,
        }
    }

    /// The server's code, or the name of the cause.
    pub(crate) fn summary(&self) -> String {
        match self.cause.status() {
            Some(status) => status.code.to_string(),
            None => self.cause.name().to_owned(),
        }
    }
}

/// Why a play failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The host name has no address.
    HostNotFound(String),
    /// Nobody listens there.
    Refused(String),
    /// A proxy stood in the way: how, and in whose words.
    Proxy(ProxyFailure, String),
    /// TLS failed, in words that can be shown.
    Tls(TlsError),
    /// The host cannot be reached for another reason.
    Unreachable(String),
    /// The phase took longer than this.
    TimedOut(Duration),
    /// What answered does not speak RTMP.
    NotRtmp(String),
    /// The peer broke the protocol.
    Protocol(String),
    /// The server refused `connect`.
    ConnectRejected(Option<Status>),
    /// The server wanted to know who asks, and does not let us in.
    NotAuthorized {
        /// What the server said.
        status: Status,
        /// Why that is the end.
        error: AuthError,
    },
    /// The server gave no stream.
    CreateStreamFailed(Option<Status>),
    /// The server refused `play`, or ended it with an error.
    PlayFailed(Option<Status>),
    /// The server refused `publish`, or ended it with an error before it took media.
    PublishFailed(Option<Status>),
    /// The server sent us elsewhere, where we cannot or may not go.
    Redirect {
        /// What the server said.
        status: Status,
        /// What is wrong with it.
        error: RedirectError,
        /// The new place, without secrets.
        to: String,
    },
    /// The server ended the play with an error, after it had started.
    EndedByServer(Status),
    /// The publisher left, and that was to be an error.
    Unpublished(EosReason),
    /// The server closed the connection before it was playing. Carries the
    /// error of reading if it was not in order.
    ClosedEarly(Option<String>),
    /// The connection broke while playing.
    ConnectionLost(String),
    /// The server closed the connection without saying that the stream ended.
    ClosedWithoutEof,
    /// No media came for this long.
    Idle(Duration),
    /// A bug in this plugin.
    Panicked,
    /// The network thread could not be started.
    NoThread(String),
}

/// The names of all causes, as programs are told.
pub const CAUSES: [&str; 29] = [
    "host-not-found",
    "connection-refused",
    "proxy",
    "tls-no-backend",
    "tls-certificate",
    "tls-fingerprint",
    "tls-client-certificate",
    "tls-not-tls",
    "tls-closed",
    "tls-truncated",
    "tls-failed",
    "unreachable",
    "timeout",
    "not-rtmp",
    "protocol",
    "connect-rejected",
    "not-authorized",
    "create-stream-failed",
    "play-failed",
    "publish-failed",
    "redirect",
    "ended-by-server",
    "unpublished",
    "closed-early",
    "connection-lost",
    "closed-without-eof",
    "idle",
    "internal",
    "no-thread",
];

impl Cause {
    /// Why a connection did not come about, after so long; `None`: cancelled. In words
    /// that can be shown.
    pub(crate) fn of_connecting(error: ConnectError, after: Duration) -> Option<Self> {
        // GIO's texts name hosts, but a malformed proxy URL also in whole.
        Some(match error {
            ConnectError::Cancelled => return None,
            ConnectError::Resolve(text) => Self::HostNotFound(printable(&text)),
            ConnectError::Refused(text) => Self::Refused(printable(&text)),
            ConnectError::Proxy { kind, words } => Self::Proxy(kind, printable(&words)),
            ConnectError::Tls(error) => Self::of_tls(error),
            ConnectError::Failed(text) => Self::Unreachable(printable(&text)),
            ConnectError::TimedOut => Self::TimedOut(after),
        })
    }

    /// TLS failed, in words that can be shown.
    pub(crate) fn of_tls(error: TlsError) -> Self {
        Self::Tls(match error {
            TlsError::Certificate { host, words } => TlsError::Certificate {
                host,
                words: printable(&words),
            },
            TlsError::CertificateRequired(words) => {
                TlsError::CertificateRequired(printable(&words))
            }
            TlsError::NotTls(words) => TlsError::NotTls(printable(&words)),
            TlsError::Failed(words) => TlsError::Failed(printable(&words)),
            TlsError::NoBackend
            | TlsError::Fingerprint { .. }
            | TlsError::Closed
            | TlsError::Truncated => error,
        })
    }

    /// A short stable name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::HostNotFound(_) => "host-not-found",
            Self::Refused(_) => "connection-refused",
            Self::Proxy(..) => "proxy",
            Self::Tls(error) => match error {
                TlsError::NoBackend => "tls-no-backend",
                TlsError::Certificate { .. } => "tls-certificate",
                TlsError::Fingerprint { .. } => "tls-fingerprint",
                TlsError::CertificateRequired(_) => "tls-client-certificate",
                TlsError::NotTls(_) => "tls-not-tls",
                TlsError::Closed => "tls-closed",
                TlsError::Truncated => "tls-truncated",
                TlsError::Failed(_) => "tls-failed",
            },
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut(_) => "timeout",
            Self::NotRtmp(_) => "not-rtmp",
            Self::Protocol(_) => "protocol",
            Self::ConnectRejected(_) => "connect-rejected",
            Self::NotAuthorized { .. } => "not-authorized",
            Self::CreateStreamFailed(_) => "create-stream-failed",
            Self::PlayFailed(_) => "play-failed",
            Self::PublishFailed(_) => "publish-failed",
            Self::Redirect { .. } => "redirect",
            Self::EndedByServer(_) => "ended-by-server",
            Self::Unpublished(_) => "unpublished",
            Self::ClosedEarly(_) => "closed-early",
            Self::ConnectionLost(_) => "connection-lost",
            Self::ClosedWithoutEof => "closed-without-eof",
            Self::Idle(_) => "idle",
            Self::Panicked => "internal",
            Self::NoThread(_) => "no-thread",
        }
    }

    /// With what is worth keeping of the server's words.
    fn kept(self) -> Self {
        match self {
            Self::ConnectRejected(status) => Self::ConnectRejected(status.map(Status::kept)),
            Self::CreateStreamFailed(status) => Self::CreateStreamFailed(status.map(Status::kept)),
            Self::PlayFailed(status) => Self::PlayFailed(status.map(Status::kept)),
            Self::PublishFailed(status) => Self::PublishFailed(status.map(Status::kept)),
            Self::EndedByServer(status) => Self::EndedByServer(status.kept()),
            Self::NotAuthorized { status, error } => Self::NotAuthorized {
                status: status.kept(),
                error,
            },
            Self::Redirect { status, error, to } => Self::Redirect {
                status: status.kept(),
                error,
                to,
            },
            other => other,
        }
    }

    /// The status that it came with.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::ConnectRejected(status)
            | Self::CreateStreamFailed(status)
            | Self::PlayFailed(status)
            | Self::PublishFailed(status) => status.as_ref(),
            Self::EndedByServer(status)
            | Self::Redirect { status, .. }
            | Self::NotAuthorized { status, .. } => Some(status),
            Self::Unpublished(reason) => reason.status(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::amf::Value;
    use crate::rtmp::status::Level;

    #[test]
    fn every_cause_is_listed_once() {
        let text = || "why".to_owned();
        let status = || Status::new(Level::Error, StatusCode::PlayFailed, "why");
        let (error, to) = (RedirectError::Loop, text());
        let tls = [
            TlsError::NoBackend,
            TlsError::Certificate {
                host: text(),
                words: text(),
            },
            TlsError::Fingerprint { found: text() },
            TlsError::CertificateRequired(text()),
            TlsError::NotTls(text()),
            TlsError::Closed,
            TlsError::Truncated,
            TlsError::Failed(text()),
        ];
        let causes = [
            Cause::HostNotFound(text()),
            Cause::Refused(text()),
            Cause::Proxy(ProxyFailure::Broken, text()),
            Cause::Unreachable(text()),
            Cause::TimedOut(Duration::ZERO),
            Cause::NotRtmp(text()),
            Cause::Protocol(text()),
            Cause::ConnectRejected(None),
            Cause::NotAuthorized {
                status: status(),
                error: AuthError::NoCredentials,
            },
            Cause::CreateStreamFailed(None),
            Cause::PlayFailed(None),
            Cause::PublishFailed(None),
            Cause::Redirect {
                status: status(),
                error,
                to,
            },
            Cause::EndedByServer(status()),
            Cause::Unpublished(EosReason::StreamEof),
            Cause::ClosedEarly(None),
            Cause::ConnectionLost(text()),
            Cause::ClosedWithoutEof,
            Cause::Idle(Duration::ZERO),
            Cause::Panicked,
            Cause::NoThread(text()),
        ];
        let mut names: Vec<_> = causes.iter().map(Cause::name).collect();
        names.extend(tls.map(|error| Cause::Tls(error).name()));
        names.sort_unstable();
        let mut listed = CAUSES;
        listed.sort_unstable();
        assert_eq!(names, listed);
    }

    #[test]
    fn no_failure_keeps_more_of_a_status_than_its_first_words() {
        let long = "x".repeat(1 << 20);
        let status = Status::new(Level::Error, StatusCode::Other(long.clone()), long.as_str())
            .with("data", Value::StrictArray(vec![Value::Null; 10_000]));
        let error = RedirectError::Loop;
        let to = String::new();
        for cause in [
            Cause::ConnectRejected(Some(status.clone())),
            Cause::CreateStreamFailed(Some(status.clone())),
            Cause::PlayFailed(Some(status.clone())),
            Cause::PublishFailed(Some(status.clone())),
            Cause::EndedByServer(status.clone()),
            Cause::NotAuthorized {
                status: status.clone(),
                error: AuthError::NoCredentials,
            },
            Cause::Redirect {
                status: status.clone(),
                error,
                to,
            },
            Cause::Unpublished(EosReason::said(status)),
        ] {
            let failure = Failure::new(cause, Phase::Play, Duration::ZERO);
            let kept = failure.cause.status().expect("a status");
            assert!(kept.information.is_empty(), "{}", failure.cause.name());
            assert!(kept.kept_size() < 10_000, "{}", failure.cause.name());
        }
    }
}
