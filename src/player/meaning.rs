// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The table of status codes: what each means for a play.

use crate::rtmp::status::{Level, Status, StatusCode};

/// What a status means for a play.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Media may come.
    Started,
    /// A live stream stopped: the publisher left. Of a recording, its end.
    Unpublished,
    /// It has come to its end for good.
    Ended,
    /// The connection is at its end, whatever the stream is.
    Closed,
    /// The stream cannot be played.
    PlayFailed,
    /// The NetConnection is of no use.
    ConnectionFailed,
    /// Nothing that concerns it.
    Nothing,
}

impl Meaning {
    /// The table of status codes. Those that are not in it count by their level.
    pub(super) fn of(status: &Status) -> Self {
        match status.code {
            StatusCode::PlayStart | StatusCode::PlayPublishNotify | StatusCode::DataStart => {
                Self::Started
            }
            // nginx-rtmp sends Play.Stop too when a publisher leaves
            // (`play_restart`).
            StatusCode::PlayStop | StatusCode::PlayUnpublishNotify => Self::Unpublished,
            StatusCode::PlayComplete => Self::Ended,
            StatusCode::ConnectClosed => Self::Closed,
            StatusCode::ConnectRejected
            | StatusCode::ConnectFailed
            | StatusCode::ConnectAppShutdown
            | StatusCode::ConnectInvalidApp
            | StatusCode::ConnectIdleTimeout
            | StatusCode::ProxyNotResponding => Self::ConnectionFailed,
            StatusCode::PlayStreamNotFound
            | StatusCode::PlayFailed
            | StatusCode::PlayFileStructureInvalid
            | StatusCode::PlayNoSupportedTrackFound
            | StatusCode::PlayBadConnection
            | StatusCode::PlayUnauthorized
            | StatusCode::StreamFailed
            | StatusCode::StreamInvalidArg => Self::PlayFailed,
            // Answers to side calls, and seeks that nobody asked for.
            StatusCode::CallFailed
            | StatusCode::CallBadVersion
            | StatusCode::CallProhibited
            | StatusCode::SeekFailed
            | StatusCode::SeekInvalidTime => Self::Nothing,
            _ if status.level == Level::Error => Self::PlayFailed,
            _ => Self::Nothing,
        }
    }
}
