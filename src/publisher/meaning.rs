// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The table of status codes: what each means for a publish.

use crate::rtmp::status::{Level, Status, StatusCode};

/// What a status means for a publish.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Media may be sent.
    Started,
    /// The stream has ended for the server.
    Ended,
    /// The stream cannot be published.
    Failed,
    /// The NetConnection is of no use.
    ConnectionFailed,
    /// Nothing that concerns it.
    Nothing,
}

impl Meaning {
    /// The table of status codes. Those that are not in it count by their level.
    pub(super) fn of(status: &Status) -> Self {
        match status.code {
            StatusCode::PublishStart => Self::Started,
            StatusCode::UnpublishSuccess => Self::Ended,
            StatusCode::PublishBadName
            | StatusCode::PublishDenied
            | StatusCode::PublishUnauthorized
            | StatusCode::PublishBadConnection
            | StatusCode::PublishFailed
            | StatusCode::StreamFailed
            | StatusCode::StreamInvalidArg => Self::Failed,
            StatusCode::ConnectClosed
            | StatusCode::ConnectRejected
            | StatusCode::ConnectFailed
            | StatusCode::ConnectAppShutdown
            | StatusCode::ConnectInvalidApp
            | StatusCode::ConnectIdleTimeout
            | StatusCode::ProxyNotResponding => Self::ConnectionFailed,
            // Answers to side calls.
            StatusCode::CallFailed | StatusCode::CallBadVersion | StatusCode::CallProhibited => {
                Self::Nothing
            }
            _ if status.level == Level::Error => Self::Failed,
            _ => Self::Nothing,
        }
    }
}

/// Whether somebody else publishes under this name, or the server still thinks that we do.
pub(super) fn is_in_use(status: &Status) -> bool {
    status.code == StatusCode::PublishBadName
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(level: Level, code: &str) -> Meaning {
        Meaning::of(&Status::new(level, StatusCode::from(code), ""))
    }

    #[test]
    fn known_codes_count_by_their_meaning_and_others_by_their_level() {
        use Level::{Error, Status as Fine, Warning};
        for (level, code, expected) in [
            (Fine, "NetStream.Publish.Start", Meaning::Started),
            (Fine, "NetStream.Unpublish.Success", Meaning::Ended),
            (Error, "NetStream.Publish.BadName", Meaning::Failed),
            // Some servers send refusals without a level of their own.
            (Fine, "NetStream.Publish.Denied", Meaning::Failed),
            (Fine, "NetStream.Publish.Idle", Meaning::Nothing),
            (Error, "NetStream.Publish.Whatever", Meaning::Failed),
            (Warning, "NetStream.Publish.Whatever", Meaning::Nothing),
            (Error, "NetConnection.Call.Failed", Meaning::Nothing),
            (
                Fine,
                "NetConnection.Connect.Closed",
                Meaning::ConnectionFailed,
            ),
            (
                Error,
                "NetConnection.Connect.AppShutdown",
                Meaning::ConnectionFailed,
            ),
        ] {
            assert_eq!(of(level, code), expected, "{code}");
        }
    }
}
