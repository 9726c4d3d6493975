// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What waits to be sent on one connection.
//!
//! Publishers' threads put packets in and never wait: what does not fit is
//! refused, so a player that reads slowly costs a bounded amount of memory and
//! nobody's time. The connection's writer takes them out.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use gstrtmpr::rtmp::message::StreamId;

use super::packet::Packet;

/// One play of a stream on one NetStream of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// Differs between plays, also on the same NetStream.
    pub(crate) subscription: u64,
    pub(crate) stream: StreamId,
}

/// Something to send.
#[derive(Debug)]
pub(crate) enum Item {
    Media(Target, Packet),
    /// The played stream has ended.
    End(Target),
}

/// Why [`Outbox::take`] returned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// There are items, or the session has output, or the deadline has passed.
    Work,
    /// Everything has been sent, and the connection is to be closed.
    Finish,
    /// The connection is closed.
    Closed,
}

/// The queue of one connection.
#[derive(Debug)]
pub(crate) struct Outbox {
    max_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<Item>,
    bytes: usize,
    /// The session has output of its own.
    wake: bool,
    writer_waits: bool,
    /// When to close once all has been sent.
    finish: Option<Instant>,
    closed: bool,
}

impl Outbox {
    /// A queue that refuses packets beyond `max_bytes`.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Takes all of the packets, or none of them if there is no room. An empty
    /// queue takes anything: a packet may be larger than the limit.
    pub(crate) fn push<'p>(
        &self,
        target: Target,
        packets: impl Iterator<Item = &'p Packet> + Clone,
    ) -> bool {
        let mut state = self.lock();
        let size: usize = packets.clone().map(Packet::size).sum();
        let fits = state.items.is_empty() || state.bytes.saturating_add(size) <= self.max_bytes;
        if state.closed || !fits {
            return false;
        }
        state.bytes += size;
        state
            .items
            .extend(packets.cloned().map(|packet| Item::Media(target, packet)));
        self.notify(state);
        true
    }

    /// Adds the end of a play, for which there is always room.
    pub(crate) fn push_end(&self, target: Target) {
        let mut state = self.lock();
        if !state.closed {
            state.items.push_back(Item::End(target));
            self.notify(state);
        }
    }

    /// Whether at most half of the limit is in use.
    pub(crate) fn is_half_empty(&self) -> bool {
        self.lock().bytes <= self.max_bytes / 2
    }

    /// Forgets what waits for a play that was given up.
    pub(crate) fn remove(&self, subscription: u64) {
        let mut state = self.lock();
        state
            .items
            .retain(|item| item.target().subscription != subscription);
        state.bytes = state.items.iter().map(Item::size).sum();
    }

    /// Makes the writer look at the session's output.
    pub(crate) fn wake(&self) {
        let mut state = self.lock();
        state.wake = true;
        self.notify(state);
    }

    /// Closes the connection at `when`, if all has been sent by then.
    pub(crate) fn finish(&self, when: Instant) {
        let mut state = self.lock();
        state.finish.get_or_insert(when);
        self.notify(state);
    }

    /// Ends the connection at once.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.items = VecDeque::new();
        state.bytes = 0;
        self.notify(state);
    }

    /// Waits for something to do, and moves at least one item if there is one,
    /// and no more than `max_bytes`, to `batch`.
    pub(crate) fn take(&self, batch: &mut Vec<Item>, max_bytes: usize, deadline: Instant) -> Taken {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Taken::Closed;
            }
            if state.wake || !state.items.is_empty() {
                break;
            }
            let now = Instant::now();
            if state.finish.is_some_and(|when| when <= now) {
                return Taken::Finish;
            }
            let until = state.finish.map_or(deadline, |when| when.min(deadline));
            if until <= now {
                break;
            }
            state.writer_waits = true;
            state = self
                .changed
                .wait_timeout(state, until - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.writer_waits = false;
        }
        state.wake = false;
        let mut taken = 0;
        while taken < max_bytes
            && let Some(item) = state.items.pop_front()
        {
            taken += item.size();
            batch.push(item);
        }
        state.bytes = state.bytes.saturating_sub(taken);
        Taken::Work
    }

    /// Waits until the connection is closed, or `deadline`.
    pub(crate) fn wait_closed(&self, deadline: Instant) {
        let mut state = self.lock();
        while !state.closed {
            let now = Instant::now();
            if deadline <= now {
                return;
            }
            state.writer_waits = true;
            state = self
                .changed
                .wait_timeout(state, deadline - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
            state.writer_waits = false;
        }
    }

    /// Waking a thread that is not asleep would cost a system call a packet.
    fn notify(&self, state: MutexGuard<'_, State>) {
        let notify = state.writer_waits;
        drop(state);
        if notify {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that could panic stands between two changes under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Item {
    /// The play that it is for.
    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Media(target, _) | Self::End(target) => *target,
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Media(_, packet) => packet.size(),
            Self::End(_) => 0,
        }
    }
}
