// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What can be seen of a play while it runs.
//!
//! Written by the network thread, read by anyone, through atomics and locks
//! that are never held for longer than a copy.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::traffic::{Flows, Totals, Traffic};
use crate::client::phase::Phase;
use crate::client::progress::{Peer, Progress, ProgressSnapshot};
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connection::Counters;
use crate::rtmp::status::Status;

/// Live figures of one play.
#[derive(Debug, Default)]
pub struct Stats {
    progress: Progress,
    figures: Mutex<Figures>,
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

/// A copy of the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// How far it has come.
    pub progress: ProgressSnapshot,
    /// The connection's counters.
    pub counters: Counters,
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
    /// Of a play that announces this.
    pub fn announcing(announced: Capabilities) -> Self {
        Self {
            progress: Progress::announcing(announced),
            ..Self::default()
        }
    }

    /// A new connection begins: the phases start again.
    pub(super) fn begin_attempt(&self) {
        self.progress.begin_attempt();
        lock(&self.figures).counters = Counters::default();
    }

    /// A connection with figures of its own becomes the present one.
    pub(super) fn adopt(&self, other: &Self) {
        self.progress.adopt(&other.progress);
        lock(&self.figures).counters = Counters::default();
    }

    /// All that another connection with figures of its own has counted, as its own.
    pub(super) fn become_those_of(&self, other: &Self) {
        self.adopt(other);
        self.progress.become_that_of(&other.progress);
        let figures = std::mem::take(&mut *lock(&other.figures));
        *lock(&self.figures) = figures;
    }

    /// See [`Progress::enter`].
    pub(super) fn enter(&self, phase: Phase, elapsed: Duration) {
        self.progress.enter(phase, elapsed);
    }

    pub(super) fn count_reconnect(&self) {
        self.progress.count_reconnect();
    }

    pub(super) fn set_redirects(&self, count: u32) {
        self.progress.set_redirects(count);
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
        self.progress.update_peer(update);
    }

    /// The server has said so.
    pub(super) fn set_last_status(&self, status: &Status) {
        self.progress.set_last_status(status);
    }

    /// Keeps what can no longer be seen of a queue that goes away.
    pub fn set_queue_peak(&self, bytes: usize) {
        self.queue_peak.store(bytes as u64, Ordering::Relaxed);
    }

    /// The present phase.
    pub(super) fn phase(&self) -> Phase {
        self.progress.phase()
    }

    /// A copy of everything, as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot_at(Instant::now())
    }

    fn snapshot_at(&self, now: Instant) -> Snapshot {
        let figures = lock(&self.figures);
        let still = figures.blocked_since;
        let still = still.map(|since| now.saturating_duration_since(since));
        let (counters, flows) = (figures.counters, figures.totals.at(now));
        let blocked = figures.blocked + still.unwrap_or_default();
        let largest_gap = figures.largest_gap;
        drop(figures);
        Snapshot {
            progress: self.progress.snapshot(),
            counters,
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
    use crate::rtmp::message::StreamId;

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
        assert_eq!(snapshot.progress.peer, Peer::default());
        assert_eq!((snapshot.flows.dropped, snapshot.largest_gap), (2, gap));
    }
}
