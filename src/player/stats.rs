// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What can be seen of a play while it runs.
//!
//! Written by the network thread, read by anyone, through atomics and locks
//! that are never held for longer than a copy.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::round_trip::RoundTrip;
use super::traffic::{Flows, Totals, Traffic};
use crate::rtmp::auth::Method;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connection::Counters;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::message::StreamId;
use crate::rtmp::status::{Level, Status, printable};

/// What a play is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Looking up the host name.
    Resolving,
    /// Opening the TCP connection, through a proxy if there is one.
    Connecting,
    /// TLS handshake, with rtmps only.
    Tls,
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
    pub const ALL: [Self; 9] = [
        Self::Resolving,
        Self::Connecting,
        Self::Tls,
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
            Self::Tls => "tls",
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
            Self::Tls => "waiting for the TLS handshake",
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
    /// When each phase ended, in nanoseconds from the start of the connection
    /// attempt; 0 for not yet.
    ended: [AtomicU64; Phase::ALL.len()],
    connections: AtomicU32,
    redirects: AtomicU32,
    reconnects: AtomicU32,
    announced: Capabilities,
    figures: Mutex<Figures>,
    peer: Mutex<Peer>,
    last_status: Mutex<Option<(String, Level)>>,
    /// Of the queue, once it is gone.
    queue_peak: AtomicU64,
}

/// What changes with every batch.
#[derive(Debug, Default)]
struct Figures {
    counters: Counters,
    totals: Totals,
    largest_gap: Duration,
    blocked_since: Option<Instant>,
    /// Without the time since then.
    blocked: Duration,
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

/// A copy of the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// The present phase; `None` before the start.
    pub phase: Option<Phase>,
    /// When each phase ended, from the start of the connection attempt; `None`
    /// for not yet.
    pub ended: Vec<(Phase, Option<Duration>)>,
    /// The connection's counters.
    pub counters: Counters,
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
    /// Media that came.
    pub flows: Flows,
    /// The longest time between two audio or video messages.
    pub largest_gap: Duration,
    /// How long the queue was full.
    pub blocked: Duration,
    /// The most that waited in a queue that is gone, in bytes.
    pub queue_peak: u64,
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
        *lock(&self.peer) = Peer::default();
        lock(&self.figures).counters = Counters::default();
    }

    /// A connection with figures of its own becomes the present one.
    pub(super) fn adopt(&self, other: &Self) {
        self.begin_attempt();
        for (ended, theirs) in self.ended.iter().zip(&other.ended) {
            ended.store(theirs.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        let phase = other.phase.load(Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
        lock(&self.peer).clone_from(&lock(&other.peer));
    }

    /// All that another connection with figures of its own has counted, as its own.
    pub(super) fn become_those_of(&self, other: &Self) {
        self.adopt(other);
        let connections = other.connections.load(Ordering::Relaxed);
        self.connections.store(connections, Ordering::Relaxed);
        self.set_redirects(other.redirects.load(Ordering::Relaxed));
        let figures = std::mem::take(&mut *lock(&other.figures));
        *lock(&self.figures) = figures;
        lock(&self.last_status).clone_from(&lock(&other.last_status));
    }

    /// Of a play that announces this.
    pub fn announcing(announced: Capabilities) -> Self {
        Self {
            announced,
            ..Self::default()
        }
    }

    /// Records that `phase` begins and all before it have ended, so long after
    /// the start of the connection attempt.
    pub(super) fn enter(&self, phase: Phase, elapsed: Duration) {
        let now = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX).max(1);
        let was_there = self.phase();
        for (before, ended) in Phase::ALL.iter().zip(&self.ended) {
            // All but TLS are part of every connection.
            let has_been = *before != Phase::Tls || was_there == Phase::Tls;
            if *before < phase && has_been {
                // Kept if it was reached earlier.
                let _ = ended.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
        self.phase.store(phase as u8 + 1, Ordering::Relaxed);
    }

    pub(super) fn count_reconnect(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_redirects(&self, count: u32) {
        self.redirects.store(count, Ordering::Relaxed);
    }

    /// The connection's counters alone.
    pub(super) fn set_counters(&self, counters: Counters) {
        lock(&self.figures).counters = counters;
    }

    /// A batch has come: what it adds, at what time, and what is so by now.
    pub(super) fn batch(
        &self,
        counters: Counters,
        traffic: &Traffic,
        now: Instant,
        largest_gap: Duration,
    ) {
        let mut figures = lock(&self.figures);
        figures.counters = counters;
        figures.totals.add(traffic, now);
        figures.largest_gap = figures.largest_gap.max(largest_gap);
    }

    /// The queue is full from now on, or no more.
    pub(super) fn set_blocked(&self, blocked: bool, now: Instant) {
        let mut figures = lock(&self.figures);
        if blocked {
            figures.blocked_since.get_or_insert(now);
        } else if let Some(since) = figures.blocked_since.take() {
            figures.blocked += now.saturating_duration_since(since);
        }
    }

    /// The server has shown something of itself.
    pub(super) fn update_peer(&self, update: impl FnOnce(&mut Peer)) {
        update(&mut lock(&self.peer));
    }

    /// The server has said so.
    pub(super) fn set_last_status(&self, status: &Status) {
        let code = printable(status.code.as_str());
        *lock(&self.last_status) = Some((code, status.level));
    }

    /// Keeps what can no longer be seen of a queue that goes away.
    pub fn set_queue_peak(&self, bytes: usize) {
        self.queue_peak.store(bytes as u64, Ordering::Relaxed);
    }

    /// The present phase.
    pub(super) fn phase(&self) -> Phase {
        let number = usize::from(self.phase.load(Ordering::Relaxed));
        let phase = number.checked_sub(1).and_then(|n| Phase::ALL.get(n));
        phase.copied().unwrap_or(Phase::Resolving)
    }

    /// A copy of everything, as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at(Instant::now())
    }

    fn snapshot_at(&self, now: Instant) -> Snapshot {
        let phase = usize::from(self.phase.load(Ordering::Relaxed)).checked_sub(1);
        let ended = Phase::ALL.iter().zip(&self.ended).map(|(phase, ended)| {
            let ended = ended.load(Ordering::Relaxed);
            (*phase, (ended > 0).then(|| Duration::from_nanos(ended)))
        });
        let figures = lock(&self.figures);
        let still = figures.blocked_since;
        let still = still.map(|since| now.saturating_duration_since(since));
        let (counters, flows) = (figures.counters, figures.totals.at(now));
        let blocked = figures.blocked + still.unwrap_or_default();
        let largest_gap = figures.largest_gap;
        drop(figures);
        Snapshot {
            phase: phase.and_then(|phase| Phase::ALL.get(phase).copied()),
            ended: ended.collect(),
            counters,
            connections: self.connections.load(Ordering::Relaxed),
            redirects: self.redirects.load(Ordering::Relaxed),
            reconnects: self.reconnects.load(Ordering::Relaxed),
            announced: self.announced.clone(),
            peer: lock(&self.peer).clone(),
            last_status: lock(&self.last_status).clone(),
            flows,
            largest_gap,
            blocked,
            queue_peak: self.queue_peak.load(Ordering::Relaxed),
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
        let stats = Stats::default();
        assert_eq!(stats.snapshot().phase, None);
        let ms = Duration::from_millis;
        stats.enter(Phase::Resolving, ms(0));
        stats.enter(Phase::Handshake, ms(3));
        stats.enter(Phase::Play, ms(7));
        let snapshot = stats.snapshot();
        assert_eq!(snapshot.phase, Some(Phase::Play));
        let ended: Vec<_> = snapshot.ended.iter().map(|(_, ended)| *ended).collect();
        assert_eq!(ended[..4], [Some(ms(3)), Some(ms(3)), None, Some(ms(7))]);
        assert_eq!(ended[6..], [None, None, None]);
    }

    #[test]
    fn tls_has_an_end_where_it_has_been() {
        let stats = Stats::default();
        let ms = Duration::from_millis;
        stats.enter(Phase::Tls, ms(2));
        stats.enter(Phase::Handshake, ms(5));
        stats.enter(Phase::Play, ms(9));
        let ended = stats.snapshot().ended;
        assert_eq!(ended[2], (Phase::Tls, Some(ms(5))));
    }

    #[test]
    fn the_time_in_which_the_queue_was_full_is_summed_up_and_runs_on() {
        let stats = Stats::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let blocked = |seconds| stats.snapshot_at(at(seconds)).blocked.as_secs();
        stats.set_blocked(false, at(0));
        assert_eq!(blocked(5), 0);
        stats.set_blocked(true, at(10));
        stats.set_blocked(true, at(11));
        assert_eq!(blocked(13), 3);
        stats.set_blocked(false, at(14));
        stats.set_blocked(false, at(15));
        assert_eq!(blocked(99), 4);
        stats.set_blocked(true, at(100));
        assert_eq!(blocked(102), 6);
    }

    #[test]
    fn a_new_connection_has_its_own_figures_and_the_play_keeps_its() {
        let stats = Stats::default();
        let now = Instant::now();
        stats.update_peer(|peer| peer.stream = Some(StreamId(1)));
        let counters = Counters {
            in_messages: 7,
            ..Counters::default()
        };
        let mut traffic = Traffic::default();
        traffic.dropped = 2;
        let gap = Duration::from_secs(1);
        stats.batch(counters, &traffic, now, gap);
        assert_eq!(stats.snapshot().counters, counters);

        stats.begin_attempt();
        assert_eq!(stats.snapshot().counters, Counters::default());
        stats.batch(Counters::default(), &Traffic::default(), now, gap / 2);
        let snapshot = stats.snapshot();
        assert_eq!(snapshot.peer, Peer::default());
        assert_eq!((snapshot.flows.dropped, snapshot.largest_gap), (2, gap));
    }
}
