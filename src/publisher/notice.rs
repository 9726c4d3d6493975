// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a publisher tells the application while it runs.

use std::time::Duration;

use super::bitrate_hint::Hint;
use super::drop_policy::{Dropped, Level};
use crate::client::Failure;
use crate::rtmp::status::Status;

/// Something to tell.
#[derive(Debug, Clone)]
pub enum Notice {
    /// The server has begun to take the stream.
    Started {
        /// Where, without secrets.
        location: String,
    },
    /// The server says something about the stream.
    Status(Status),
    /// The server sent us elsewhere.
    Redirected {
        /// From where, without secrets.
        from: String,
        /// To where, without secrets.
        to: String,
        /// How many there were.
        count: u32,
    },
    /// The server asks for another connection, which is made.
    Reconnecting {
        /// To where, without secrets.
        to: String,
    },
    /// The connection broke, and another one will be made.
    Interrupted {
        /// To where, without secrets.
        to: String,
        /// Why, in a stable name.
        cause: &'static str,
        /// How many there were in a row.
        attempt: u32,
        /// How long until then.
        delay: Duration,
    },
    /// The stream goes on.
    Reconnected {
        /// Where, without secrets.
        to: String,
        /// How long nothing was sent.
        gap: Duration,
        /// What was left out meanwhile.
        lost: Dropped,
    },
    /// The upload is slower than the stream: something is left out, or all is sent again.
    Level {
        /// What is left out from now on.
        level: Level,
        /// Since the last time that all was sent.
        dropped: Dropped,
        /// How far behind it is, in ms.
        delay: u64,
    },
    /// What the encoder had better make.
    Bitrate(Hint),
    /// The server has said what it takes, and this codec is not in it.
    UnsupportedCodec(String),
}

/// What is reported to whoever started it.
#[derive(Debug, Clone)]
pub enum Report {
    /// It goes on.
    Notice(Notice),
    /// It has failed for good.
    Failed(Box<Failure>),
}
