// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Everything a publisher needs to know before it starts.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::client::{ConnectionSettings, Reconnect};
use crate::rtmp::session::client::PublishType;

/// One publish, as asked for. Fixed while it runs.
#[derive(Debug, Clone)]
pub struct PublishSettings {
    /// Where, and who asks.
    pub connection: ConnectionSettings,
    /// What the server is to do with it.
    pub kind: PublishType,
    /// What is said at the end.
    pub stop: StopCommands,
    /// How long the server may take nothing while something is to be sent; for ever if
    /// `None`.
    pub write_timeout: Option<Duration>,
    /// Whether to go on after the connection broke.
    pub reconnect: Reconnect,
    /// Times begin anew with each connection.
    pub restarts_time: bool,
}

/// What is said at the end of a stream, before the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopCommands {
    /// `FCUnpublish`
    pub unpublish: bool,
    /// `closeStream`
    pub close: bool,
    /// `deleteStream`
    pub delete: bool,
}

/// What can be changed while it runs.
#[derive(Debug, Default)]
pub struct Adjustable {
    chunk_size: AtomicU32,
    /// 0 for no limit.
    peak_kbps: AtomicU32,
}

impl Adjustable {
    /// The size of chunks from the next message on, in bytes.
    pub fn set_chunk_size(&self, size: u32) {
        self.chunk_size.store(size, Ordering::Relaxed);
    }

    /// The most that is sent in a second, in thousands of bits; 0 for no limit.
    pub fn set_peak_kbps(&self, kbps: u32) {
        self.peak_kbps.store(kbps, Ordering::Relaxed);
    }

    pub(super) fn chunk_size(&self) -> u32 {
        self.chunk_size.load(Ordering::Relaxed)
    }

    /// In bytes a second.
    pub(super) fn pace(&self) -> Option<u64> {
        let kbps = self.peak_kbps.load(Ordering::Relaxed);
        (kbps > 0).then(|| u64::from(kbps) * 1000 / 8)
    }
}
