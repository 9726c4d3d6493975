// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What can be seen of a publish while it runs. Written by the network thread and the
//! streaming thread, read by anyone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::client::Rate;
use crate::client::meter::Meter;
use crate::client::phase::Phase;
use crate::client::progress::{Progress, ProgressSnapshot};
use crate::flv::TagType;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connection::Counters;

/// Live figures of one publish.
#[derive(Debug, Default)]
pub struct PublishStats {
    pub(super) progress: Progress,
    figures: Mutex<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    counters: Counters,
    /// Bytes of connections before the present one.
    sent_before: u64,
    acked_before: u64,
    audio: Lane,
    video: Lane,
    data: Lane,
    /// Behind what the queue shows: what the socket has not taken.
    unsent: u64,
    hint: Option<u64>,
    /// Fill of the queue of which all is too much, in ms.
    congested_at: u64,
}

#[derive(Debug, Default)]
struct Lane {
    messages: u64,
    meter: Meter,
}

/// Messages of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sent {
    /// Since the start.
    pub messages: u64,
    /// Over the last two seconds.
    pub rate: Rate,
}

/// A copy of the figures.
#[derive(Debug, Clone, PartialEq)]
pub struct PublishSnapshot {
    /// How far the connection has come.
    pub progress: ProgressSnapshot,
    /// The connection's counters.
    pub counters: Counters,
    /// Bytes that were sent by all connections.
    pub bytes_sent: u64,
    /// Of these, acknowledged by servers.
    pub bytes_acked: u64,
    /// Sound.
    pub audio: Sent,
    /// Pictures.
    pub video: Sent,
    /// Script data.
    pub data: Sent,
    /// Bytes that wait for the socket.
    pub unsent: u64,
    /// What the encoder had better make, in bits per second; `None`: what it likes.
    pub hint: Option<u64>,
    /// Delay in ms at which the upload is as congested as it can be.
    pub congested_at: u64,
}

/// What was sent in a turn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Batch {
    pub(super) counts: [(u64, u64); 3],
}

impl Batch {
    pub(super) fn count(&mut self, kind: TagType, bytes: usize) {
        let (messages, sum) = match kind {
            TagType::Audio => &mut self.counts[0],
            TagType::Video => &mut self.counts[1],
            TagType::Script => &mut self.counts[2],
        };
        *messages += 1;
        *sum += bytes as u64;
    }
}

impl PublishStats {
    /// Of one that announces this, and whose queue is full of delay at so many ms.
    pub fn new(announced: Capabilities, congested_at: u64) -> Self {
        let figures = Figures {
            congested_at,
            ..Figures::default()
        };
        Self {
            progress: Progress::announcing(announced),
            figures: Mutex::new(figures),
        }
    }

    pub(super) fn begin_attempt(&self) {
        self.progress.begin_attempt();
        let mut figures = self.lock();
        figures.sent_before += figures.counters.out_bytes_total;
        figures.acked_before += figures.counters.out_bytes_acked;
        figures.counters = Counters::default();
        figures.unsent = 0;
    }

    /// What has been sent, and how the connection stands.
    pub(super) fn batch(&self, batch: &Batch, counters: Counters, unsent: usize, now: Instant) {
        let mut figures = self.lock();
        figures.counters = counters;
        figures.unsent = unsent as u64;
        let figures = &mut *figures;
        let lanes = [&mut figures.audio, &mut figures.video, &mut figures.data];
        for (lane, (messages, bytes)) in lanes.into_iter().zip(batch.counts) {
            if messages > 0 {
                lane.messages += messages;
                lane.meter.add(messages, bytes, now);
            }
        }
    }

    pub(super) fn set_hint(&self, hint: Option<u64>) {
        self.lock().hint = hint;
    }

    /// The present phase.
    pub fn phase(&self) -> Phase {
        self.progress.phase()
    }

    /// A copy of everything, as it is now.
    pub fn snapshot(&self) -> PublishSnapshot {
        let now = Instant::now();
        let figures = self.lock();
        let sent = |lane: &Lane| Sent {
            messages: lane.messages,
            rate: lane.meter.rate(now),
        };
        PublishSnapshot {
            progress: self.progress.snapshot(),
            counters: figures.counters,
            bytes_sent: figures.sent_before + figures.counters.out_bytes_total,
            bytes_acked: figures.acked_before + figures.counters.out_bytes_acked,
            audio: sent(&figures.audio),
            video: sent(&figures.video),
            data: sent(&figures.data),
            unsent: figures.unsent,
            hint: figures.hint,
            congested_at: figures.congested_at,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        // Every change is complete at each of its steps.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
