// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How far the present connection has come, which one it is, and what is known of
//! the server.
//!
//! Written by the network thread, read by anyone.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::phase::Phase;
use super::round_trip::RoundTrip;
use crate::rtmp::auth::Method;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::message::StreamId;
use crate::rtmp::status::{Level, Status, printable};

/// Phases that can be told apart, of a play or a publish.
const PHASES: usize = 11;

/// The progress of a play or publish.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The phase's number plus one; 0 before the start.
    phase: AtomicU8,
    /// When each phase ended, in nanoseconds from the start of the connection
    /// attempt; 0 for not yet.
    ended: [AtomicU64; PHASES],
    connections: AtomicU32,
    redirects: AtomicU32,
    reconnects: AtomicU32,
    announced: Capabilities,
    peer: Mutex<Peer>,
    last_status: Mutex<Option<(String, Level)>>,
}

/// What is known of the server on the present connection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Peer {
    /// The form of the handshake.
    pub handshake: Option<HandshakeForm>,
    /// By which method it was shown who asks.
    pub authentication: Option<Method>,
    /// Its SecureToken challenge was answered.
    pub secure_token: bool,
    /// How long it takes to answer.
    pub round_trip: Option<RoundTrip>,
    /// What it calls itself, fit to be shown.
    pub version: Option<String>,
    /// What it answered to our capabilities.
    pub capabilities: Option<Capabilities>,
    /// The stream that it gave us.
    pub stream: Option<StreamId>,
    /// Where it is, without secrets.
    pub location: Option<String>,
}

/// A copy of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgressSnapshot {
    /// The present phase; `None` before the start.
    pub phase: Option<Phase>,
    /// When each phase ended, from the start of the connection attempt; those that
    /// did not are left out.
    pub ended: Vec<(Phase, Duration)>,
    /// Connections that were tried, the present one included.
    pub connections: u32,
    /// Redirects that were followed.
    pub redirects: u32,
    /// Connections that were made again after one broke.
    pub reconnects: u32,
    /// What of Enhanced RTMP `connect` announces.
    pub announced: Capabilities,
    /// The server.
    pub peer: Peer,
    /// Code, fit to be shown, and level of the last status that came.
    pub last_status: Option<(String, Level)>,
}

impl Progress {
    /// Of one that announces this.
    pub(crate) fn announcing(announced: Capabilities) -> Self {
        Self {
            announced,
            ..Self::default()
        }
    }

    /// A new connection begins: the phases start again.
    pub(crate) fn begin_attempt(&self) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        self.phase
            .store(Phase::Resolving as u8 + 1, Ordering::Relaxed);
        for ended in &self.ended {
            ended.store(0, Ordering::Relaxed);
        }
        *lock(&self.peer) = Peer::default();
    }

    /// A connection with figures of its own becomes the present one.
    pub(crate) fn adopt(&self, other: &Self) {
        self.begin_attempt();
        for (ended, theirs) in self.ended.iter().zip(&other.ended) {
            ended.store(theirs.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let phase = other.phase.load(Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
        lock(&self.peer).clone_from(&lock(&other.peer));
    }

    /// All that another one has counted, as its own.
    pub(crate) fn become_that_of(&self, other: &Self) {
        self.adopt(other);
        let connections = other.connections.load(Ordering::Relaxed);
        self.connections.store(connections, Ordering::Relaxed);
        self.set_redirects(other.redirects.load(Ordering::Relaxed));
        lock(&self.last_status).clone_from(&lock(&other.last_status));
    }

    /// Records that `phase` begins and all before it have ended, so long after
    /// the start of the connection attempt.
    pub(crate) fn enter(&self, phase: Phase, elapsed: Duration) {
        let now = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).max(1);
        let was_there = self.phase();
        for before in phase.before() {
            // All but TLS are part of every connection.
            let has_been = *before != Phase::Tls || was_there == Phase::Tls;
            if has_been && let Some(ended) = self.ended.get(*before as usize) {
                // Kept if it was reached earlier.
                let _ = ended.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        self.phase.store(phase as u8 + 1, Ordering::Relaxed);
    }

    pub(crate) fn count_reconnect(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_redirects(&self, count: u32) {
        self.redirects.store(count, Ordering::Relaxed);
    }

    /// The server has shown something of itself.
    pub(crate) fn update_peer(&self, update: impl FnOnce(&mut Peer)) {
        update(&mut lock(&self.peer));
    }

    /// The server has said so.
    pub(crate) fn set_last_status(&self, status: &Status) {
        let code = printable(status.code.as_str());
        *lock(&self.last_status) = Some((code, status.level));
    }

    /// The present phase.
    pub(crate) fn phase(&self) -> Phase {
        self.begun().unwrap_or(Phase::Resolving)
    }

    fn begun(&self) -> Option<Phase> {
        let number = self.phase.load(Ordering::Relaxed).checked_sub(1)?;
        Phase::all().find(|phase| *phase as u8 == number)
    }

    /// A copy of everything, as it is now.
    pub(crate) fn snapshot(&self) -> ProgressSnapshot {
        let ended = Phase::all().filter_map(|phase| {
            let ended = self.ended.get(phase as usize)?.load(Ordering::Relaxed);
            (ended > 0).then(|| (phase, Duration::from_nanos(ended)))
        });
        ProgressSnapshot {
            phase: self.begun(),
            ended: ended.collect(),
            connections: self.connections.load(Ordering::Relaxed),
            redirects: self.redirects.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
            announced: self.announced.clone(),
            peer: lock(&self.peer).clone(),
            last_status: lock(&self.last_status).clone(),
        }
    }
}

/// Every change under these locks is complete at each of its steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_end_once_and_in_order() {
        let progress = Progress::default();
        assert_eq!(progress.snapshot().phase, None);
        let ms = Duration::from_millis;
        progress.enter(Phase::Resolving, ms(0));
        progress.enter(Phase::Handshake, ms(3));
        progress.enter(Phase::Play, ms(7));
        let snapshot = progress.snapshot();
        assert_eq!(snapshot.phase, Some(Phase::Play));
        let expected = [
            (Phase::Resolving, ms(3)),
            (Phase::Connecting, ms(3)),
            (Phase::Handshake, ms(7)),
            (Phase::Connect, ms(7)),
            (Phase::CreateStream, ms(7)),
        ];
        assert_eq!(snapshot.ended, expected);
    }

    #[test]
    fn a_publish_has_phases_of_its_own() {
        let progress = Progress::default();
        let ms = Duration::from_millis;
        progress.enter(Phase::CreateStream, ms(1));
        progress.enter(Phase::Publishing, ms(2));
        let ended = progress.snapshot().ended;
        assert_eq!(ended.last(), Some(&(Phase::Publish, ms(2))));
        assert!(ended.iter().all(|(phase, _)| *phase != Phase::Play));
        assert_eq!(progress.phase(), Phase::Publishing);
    }

    #[test]
    fn tls_has_an_end_where_it_has_been() {
        let progress = Progress::default();
        let ms = Duration::from_millis;
        progress.enter(Phase::Tls, ms(2));
        progress.enter(Phase::Handshake, ms(5));
        progress.enter(Phase::Play, ms(9));
        let ended = progress.snapshot().ended;
        assert!(ended.contains(&(Phase::Tls, ms(5))));
    }
}
