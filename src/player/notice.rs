// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! News for the application that ends nothing.

use std::time::Duration;

use super::script_data::ScriptData;
use crate::client::failure::EosReason;

/// Something that an application may want to know.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The server sent us elsewhere, and we go there.
    Redirected {
        /// Where we were, without secrets.
        from: String,
        /// Where we go, without secrets.
        to: String,
        /// How many times this play was redirected, this one included.
        count: u32,
    },
    /// The server asked for another connection, which is being made while this
    /// one plays on.
    Reconnecting {
        /// Where to, without secrets.
        to: String,
    },
    /// The connection broke, and another one is made after a while.
    Interrupted {
        /// Where to, without secrets.
        to: String,
        /// A word for the reason.
        cause: &'static str,
        /// How many attempts there are since media came, this one included.
        attempt: u32,
        /// After how long.
        delay: Duration,
    },
    /// Another connection goes on from here.
    Reconnected {
        /// Where it is, without secrets.
        to: String,
        /// How long there was none.
        gap: Duration,
    },
    /// The publisher left, and its return is waited for.
    PublisherLeft(EosReason),
    /// The publisher is back.
    PublisherReturned {
        /// How long it was away.
        after: Duration,
    },
    /// The stream holds script data here.
    Script(ScriptData),
}

impl Notice {
    /// Memory that it takes behind its pointers, in bytes.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Redirected { from, to, .. } => from.len() + to.len(),
            Self::Reconnecting { to }
            | Self::Interrupted { to, .. }
            | Self::Reconnected { to, .. } => to.len(),
            Self::Script(data) => data.size(),
            Self::PublisherLeft(reason) => reason.size(),
            Self::PublisherReturned { .. } => 0,
        }
    }
}
