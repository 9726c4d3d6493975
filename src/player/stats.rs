// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What can be seen of a play while it runs.
//!
//! Written by the network thread, read by anyone, through atomics and locks
//! that are never held for longer than a copy.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connection::Counters;

/// What a play is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Looking up the host name.
    Resolving,
    /// Opening the TCP connection.
    Connecting,
    /// Handshake: C0 C1, S0 S1, C2, S2.
    Handshake,
    /// NetConnection: `connect` waits for its answer.
    Connect,
    /// NetStream: `createStream` waits for its answer.
    CreateStream,
    /// `play` waits for NetStream.Play.Start or media.
    Play,
    /// Started, but no media has come yet.
    Waiting,
    /// Media flows.
    Playing,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Resolving,
        Self::Connecting,
        Self::Handshake,
        Self::Connect,
        Self::CreateStream,
        Self::Play,
        Self::Waiting,
        Self::Playing,
    ];

    /// A short stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Handshake => "handshake",
            Self::Connect => "connect",
            Self::CreateStream => "create-stream",
            Self::Play => "play",
            Self::Waiting => "waiting",
            Self::Playing => "playing",
        }
    }

    /// What it waits for, for messages.
    pub fn description(self) -> &'static str {
        match self {
            Self::Resolving => "looking up the host name",
            Self::Connecting => "opening the TCP connection",
            Self::Handshake => "waiting for the RTMP handshake",
            Self::Connect => "waiting for the answer to connect",
            Self::CreateStream => "waiting for the answer to createStream",
            Self::Play => "waiting for the answer to play",
            Self::Waiting => "waiting for the first media",
            Self::Playing => "playing",
        }
    }
}

/// Live figures of one play.
#[derive(Debug, Default)]
pub struct Stats {
    /// The phase's number plus one; 0 before the start.
    phase: AtomicU8,
    /// When each phase ended, in nanoseconds from the start; 0 for not yet.
    ended: [AtomicU64; Phase::ALL.len()],
    counters: Mutex<Counters>,
    connections: AtomicU32,
    redirects: AtomicU32,
    announced: Capabilities,
    server: Mutex<Option<Capabilities>>,
}

/// A copy of the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The present phase; `None` before the start.
    pub phase: Option<Phase>,
    /// When each phase ended, from the start; `None` for not yet.
    pub ended: Vec<(Phase, Option<Duration>)>,
    /// The connection's counters.
    pub counters: Counters,
    /// Connections that were tried, the present one included.
    pub connections: u32,
    /// Redirects that were followed.
    pub redirects: u32,
    /// What of Enhanced RTMP `connect` announces.
    pub announced: Capabilities,
    /// What the server answered to that; `None` for nothing, or not yet.
    pub server: Option<Capabilities>,
}

impl Stats {
    /// A new connection begins: the phases start again.
    pub(super) fn begin_attempt(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.phase
            .store(Phase::Resolving as u8 + 1, Ordering::Relaxed);
        for ended in &self.ended {
            ended.store(0, Ordering::Relaxed);
        }
    }

    /// Of a play that announces this.
    pub fn announcing(announced: Capabilities) -> Self {
        Self {
            announced,
            ..Self::default()
        }
    }

    /// Records that `phase` begins and all before it have ended.
    pub(super) fn enter(&self, phase: Phase, elapsed: Duration) {
        let now = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).max(1);
        for (before, ended) in Phase::ALL.iter().zip(&self.ended) {
            if *before < phase {
                // Kept if it was reached earlier.
                let _ = ended.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        self.phase.store(phase as u8 + 1, Ordering::Relaxed);
    }

    pub(super) fn set_redirects(&self, count: u32) {
        self.redirects.store(count, Ordering::Relaxed);
    }

    pub(super) fn set_counters(&self, counters: Counters) {
        *self.counters.lock().unwrap_or_else(PoisonError::into_inner) = counters;
    }

    /// The present phase.
    pub(super) fn phase(&self) -> Phase {
        let number = usize::from(self.phase.load(Ordering::Relaxed));
        let phase = number.checked_sub(1).and_then(|n| Phase::ALL.get(n));
        phase.copied().unwrap_or(Phase::Resolving)
    }

    pub(super) fn set_server_capabilities(&self, server: Option<Capabilities>) {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = server;
    }

    /// A copy of everything.
    pub fn snapshot(&self) -> Snapshot {
        let phase = usize::from(self.phase.load(Ordering::Relaxed)).checked_sub(1);
        let ended = Phase::ALL.iter().zip(&self.ended).map(|(phase, ended)| {
            let ended = ended.load(Ordering::Relaxed);
            (*phase, (ended > 0).then(|| Duration::from_nanos(ended)))
        });
        Snapshot {
            phase: phase.and_then(|phase| Phase::ALL.get(phase).copied()),
            ended: ended.collect(),
            counters: *self.counters.lock().unwrap_or_else(PoisonError::into_inner),
            connections: self.connections.load(Ordering::Relaxed),
            redirects: self.redirects.load(Ordering::Relaxed),
            announced: self.announced.clone(),
            server: self
                .server
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_end_once_and_in_order() {
        let stats = Stats::default();
        assert_eq!(stats.snapshot().phase, None);
        let ms = Duration::from_millis;
        stats.enter(Phase::Resolving, ms(0));
        stats.enter(Phase::Handshake, ms(3));
        stats.enter(Phase::Play, ms(7));
        let snapshot = stats.snapshot();
        assert_eq!(snapshot.phase, Some(Phase::Play));
        let ended: Vec<_> = snapshot.ended.iter().map(|(_, ended)| *ended).collect();
        assert_eq!(ended[..3], [Some(ms(3)), Some(ms(3)), Some(ms(7))]);
        assert_eq!(ended[5..], [None, None, None]);
    }
}
