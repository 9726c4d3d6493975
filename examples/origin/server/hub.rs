// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! All streams by their path, `application/name`.
//!
//! One lock for all of them: what is done under it is to move shared packets
//! into queues. A path exists while it has a publisher or a player, so what
//! clients can make it hold is bounded by their number.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gstrtmpr::rtmp::message::StreamId;

use super::outbox::{Outbox, Target};
use super::packet::Packet;
use super::stream::Stream;

/// What is done with a second publisher of a path.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum NameInUse {
    /// It is refused (`NetStream.Publish.BadName`).
    #[default]
    Refuse,
    /// It takes the place of the first, whose connection is closed. Players stay.
    Replace,
}

/// What is done with a play of a path that nobody publishes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The player waits for a publisher.
    #[default]
    Wait,
    /// It is refused (`NetStream.Play.StreamNotFound`).
    Refuse,
}

/// A stream as seen from outside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) published: bool,
    /// Media has come from the publisher.
    pub(crate) has_media: bool,
    pub(crate) players: usize,
    /// Packets that were not sent to players who read too slowly.
    pub(crate) dropped: u64,
}

/// The streams of an origin.
#[derive(Debug)]
pub(crate) struct Hub {
    max_gop_bytes: usize,
    state: Mutex<State>,
    /// A summary is different, except for what was dropped.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    streams: HashMap<String, Stream>,
    last_id: u64,
}

impl Hub {
    /// Without streams. See [`Stream::new`] for `max_gop_bytes`.
    pub(crate) fn new(max_gop_bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            max_gop_bytes,
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Begins to publish, unless another does and the policy is to refuse.
    pub(crate) fn publish(
        self: &Arc<Self>,
        path: &str,
        name_in_use: NameInUse,
    ) -> Option<Publication> {
        let mut state = self.lock();
        let id = state.next_id();
        let stream = state.stream(path, self.max_gop_bytes);
        if stream.publisher.is_some() && name_in_use == NameInUse::Refuse {
            return None;
        }
        stream.begin(id);
        drop(state);
        self.changed.notify_all();
        Some(Publication {
            hub: Arc::clone(self),
            path: path.to_owned(),
            id,
        })
    }

    /// Begins to play: what is needed to begin goes to `outbox` before this
    /// returns. `None` if nobody publishes and the policy is to refuse.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        path: &str,
        missing: Missing,
        stream_id: StreamId,
        outbox: &Arc<Outbox>,
    ) -> Option<Subscription> {
        let mut state = self.lock();
        let published = state
            .streams
            .get(path)
            .is_some_and(|stream| stream.publisher.is_some());
        if !published && missing == Missing::Refuse {
            return None;
        }
        let target = Target {
            subscription: state.next_id(),
            stream: stream_id,
        };
        state
            .stream(path, self.max_gop_bytes)
            .join(target, Arc::clone(outbox));
        drop(state);
        self.changed.notify_all();
        Some(Subscription {
            hub: Arc::clone(self),
            path: path.to_owned(),
            target,
            outbox: Arc::clone(outbox),
        })
    }

    /// A number that no other play has.
    pub(crate) fn next_id(&self) -> u64 {
        self.lock().next_id()
    }

    /// A stream as it is now.
    pub(crate) fn summary(&self, path: &str) -> Summary {
        self.lock().summary(path)
    }

    /// Waits until a stream is as wanted, and tells whether it came to that.
    pub(crate) fn wait_for(
        &self,
        path: &str,
        timeout: Duration,
        wanted: impl Fn(&Summary) -> bool,
    ) -> bool {
        let deadline = Instant::now() + timeout;
        let mut state = self.lock();
        while !wanted(&state.summary(path)) {
            let now = Instant::now();
            if deadline <= now {
                return false;
            }
            state = self
                .changed
                .wait_timeout(state, deadline - now)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A stream that a panic left behind is worth no more than its players.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn stream(&mut self, path: &str, max_gop_bytes: usize) -> &mut Stream {
        self.streams
            .entry(path.to_owned())
            .or_insert_with(|| Stream::new(max_gop_bytes))
    }

    fn remove_if_unused(&mut self, path: &str) {
        let unused = |stream: &Stream| stream.publisher.is_none() && stream.players() == 0;
        if self.streams.get(path).is_some_and(unused) {
            self.streams.remove(path);
        }
    }

    fn summary(&self, path: &str) -> Summary {
        self.streams
            .get(path)
            .map_or_else(Summary::default, |stream| Summary {
                published: stream.publisher.is_some(),
                has_media: stream.has_media(),
                players: stream.players(),
                dropped: stream.dropped,
            })
    }
}

/// The right to publish a stream, until it is dropped.
#[derive(Debug)]
pub(crate) struct Publication {
    hub: Arc<Hub>,
    path: String,
    id: u64,
}

impl Publication {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Hands a packet to the players. False if another publisher has taken
    /// this one's place.
    pub(crate) fn send(&self, packet: &Packet) -> bool {
        let mut state = self.hub.lock();
        let Some(stream) = state.streams.get_mut(&self.path) else {
            return false;
        };
        if stream.publisher != Some(self.id) {
            return false;
        }
        let before = stream.has_media();
        stream.packet(packet);
        let first = !before && stream.has_media();
        drop(state);
        if first {
            self.hub.changed.notify_all();
        }
        true
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        if let Some(stream) = state.streams.get_mut(&self.path)
            && stream.publisher == Some(self.id)
        {
            stream.end();
        }
        state.remove_if_unused(&self.path);
        drop(state);
        self.hub.changed.notify_all();
    }
}

/// A play of a stream, until it is dropped.
#[derive(Debug)]
pub(crate) struct Subscription {
    hub: Arc<Hub>,
    path: String,
    target: Target,
    outbox: Arc<Outbox>,
}

impl Subscription {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn target(&self) -> Target {
        self.target
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        if let Some(stream) = state.streams.get_mut(&self.path) {
            stream.leave(self.target.subscription);
        }
        state.remove_if_unused(&self.path);
        drop(state);
        self.outbox.remove(self.target.subscription);
        self.hub.changed.notify_all();
    }
}
