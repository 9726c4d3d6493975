// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How a play ends.

use std::time::Duration;

use super::stats::Phase;
use crate::rtmp::status::Status;

/// The end of a play.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The stream ended.
    Eos(EosReason),
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
    /// The `close` command.
    Close,
    /// The server closed the TCP connection in order, between two messages.
    /// A failure instead where `no_eof_is_error` is set.
    ConnectionClosed,
    /// No media came for the idle timeout. A failure instead where
    /// `no_eof_is_error` is set.
    Idle(Duration),
}

impl std::fmt::Display for EosReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StreamEof => f.write_str("the server sent StreamEOF"),
            Self::Status(status) => write!(f, "the server sent {status}"),
            Self::Unsubscribed => f.write_str("the server sent onFCUnsubscribe"),
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
}

/// Why a play failed.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The host name has no address.
    HostNotFound(String),
    /// Nobody listens there.
    Refused(String),
    /// A proxy stood in the way.
    Proxy(String),
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
    /// The server gave no stream.
    CreateStreamFailed(Option<Status>),
    /// The server refused `play`, or ended it with an error.
    PlayFailed(Option<Status>),
    /// The server ended the play with an error, after it had started.
    EndedByServer(Status),
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
