// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A second connection that takes the place of the first one without a break
//! (Enhanced RTMP v2, "Reconnect Request"): make before break.
//!
//! It has a thread of its own. It connects and plays like the first one, holds
//! its media back from the newest key frame on, and when it could go on says so
//! through the [`Handover`]. The first connection then ends and gives up the
//! output, and whoever ran it waits for what becomes of the second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use super::attempt::Finished;
use super::candidate::Candidate;
use super::entry::Entry;
use super::flv_output::FlvOutput;
use super::ladder::Form;
use super::policy::Shared;
use super::race::Entrant;
use super::stats::Stats;
use crate::client::place::Place;
use crate::net::Control;
use crate::net::gio::NetworkThread;
use crate::rtmp::timestamp::Track;

/// How long an end of the first connection waits for the second one.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What the two connections share.
#[derive(Default)]
pub(super) struct Handover {
    slot: Mutex<Slot>,
    changed: Condvar,
    /// How far the first connection is: message times with bit 32 set, 0 for
    /// none.
    audio: AtomicU64,
    video: AtomicU64,
}

#[derive(Default)]
enum Slot {
    /// The second one is not ready.
    #[default]
    Preparing,
    /// It could go on.
    Ready,
    /// The first one has given up its place.
    Given(Box<FlvOutput>),
    /// The second one has it, or will not get it.
    Taken,
}

/// Message times carry this bit, so that 0 is none.
const KNOWN: u64 = 1 << 32;

impl Handover {
    /// The first connection has passed on a frame of this message time.
    fn note(&self, track: Track, timestamp: u32) {
        let known = KNOWN | u64::from(timestamp);
        self.position_of(track).store(known, Ordering::Relaxed);
    }

    /// The message time of the first connection's last frame.
    pub(super) fn position(&self, track: Track) -> Option<u32> {
        let position = self.position_of(track).load(Ordering::Relaxed);
        (position & KNOWN != 0).then_some(position as u32)
    }

    fn position_of(&self, track: Track) -> &AtomicU64 {
        match track {
            Track::Audio => &self.audio,
            Track::Video => &self.video,
        }
    }

    /// The second connection could go on.
    pub(super) fn set_ready(&self) {
        let mut slot = self.lock();
        if matches!(*slot, Slot::Preparing) {
            *slot = Slot::Ready;
        }
    }

    fn is_ready(&self) -> bool {
        matches!(*self.lock(), Slot::Ready)
    }

    fn give(&self, output: FlvOutput) {
        *self.lock() = Slot::Given(Box::new(output));
        self.changed.notify_all();
    }

    /// The first connection goes, and gives up nothing.
    fn abandon(&self) {
        *self.lock() = Slot::Taken;
        self.changed.notify_all();
    }

    /// The output, once the first connection has given it up, if it does. It
    /// looks around as soon as the second one is ready.
    pub(super) fn wait(&self) -> Option<FlvOutput> {
        let mut slot = self.lock();
        while matches!(*slot, Slot::Ready) {
            slot = self
                .changed
                .wait(slot)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(slot);
        self.take()
    }

    /// The output, once the first connection has given it up.
    pub(super) fn take(&self) -> Option<FlvOutput> {
        let mut slot = self.lock();
        match std::mem::replace(&mut *slot, Slot::Taken) {
            Slot::Given(output) => Some(*output),
            other => {
                *slot = other;
                None
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The second connection, as the first one sees it. Dropping it ends it.
pub(super) struct Standby {
    place: Place,
    control: Control,
    handover: Arc<Handover>,
    finished: mpsc::Receiver<Finished>,
    /// What it brought if it ended before its time.
    early: Option<Box<Finished>>,
    thread: Option<NetworkThread>,
}

impl Standby {
    /// Starts to connect. `active` is the first connection's, woken when there
    /// is something to look at.
    pub(super) fn start(
        shared: &Arc<Shared>,
        place: Place,
        form: Form,
        active: Control,
        stats: Arc<Stats>,
        has_video: bool,
    ) -> Option<Self> {
        let control = Control::default();
        let handover = Arc::<Handover>::default();
        let (sender, finished) = mpsc::channel();
        // Its figures are of no interest before it has taken over.
        let shared = Arc::new(shared.with(Arc::default(), shared.entrant.clone()));
        let candidate = Candidate::new(Arc::clone(&handover), active.clone(), stats, has_video);
        let (own_control, own_place) = (control.clone(), place.clone());
        let waker = WakeAtEnd(active);
        let run = move || {
            let _waker = waker;
            // Closed before that, with or without a result.
            let sender = sender;
            let mut output = FlvOutput::new(shared.settings.start_position);
            let entry = Entry {
                shared: &shared,
                control: &own_control,
                place: &own_place,
                form: &form,
                on_trial: true,
            };
            let finished = entry.run(Some(candidate), &mut output);
            // The first connection may have gone.
            let _ = sender.send(finished.with_output(output));
        };
        let thread = NetworkThread::spawn("rtmpr-standby", run).ok()?;
        Some(Self {
            place,
            control,
            handover,
            finished,
            early: None,
            thread: Some(thread),
        })
    }

    /// The first connection has passed on a frame of this message time.
    pub(super) fn note(&self, track: Track, timestamp: u32) {
        self.handover.note(track, timestamp);
    }

    /// It could go on.
    pub(super) fn is_ready(&self) -> bool {
        self.handover.is_ready()
    }

    /// It has ended without having become ready.
    pub(super) fn has_failed(&mut self) -> bool {
        if self.early.is_none() {
            self.early = match self.finished.try_recv() {
                Ok(finished) => Some(Box::new(finished)),
                Err(mpsc::TryRecvError::Empty) => None,
                // It has panicked.
                Err(mpsc::TryRecvError::Disconnected) => Some(Box::default()),
            };
        }
        self.early.is_some()
    }

    /// Gives it the output and waits for its end, and whether it took it, which
    /// it has to in a bounded time. `control` reaches it from now on.
    pub(super) fn take_over(mut self, output: FlvOutput, control: &Control) -> (Finished, bool) {
        let (waker, canceller) = (self.control.clone(), self.control.clone());
        control.install(move || waker.wake(), move || canceller.cancel());
        self.handover.give(output);
        self.control.wake();
        if self.early.is_none() {
            self.early = self.finished.recv_timeout(MAX_WAIT).ok().map(Box::new);
        }
        // Taken back, unless the second one has it.
        let kept = self.handover.take();
        if self.early.is_none() && kept.is_none() {
            self.early = self.finished.recv().ok().map(Box::new);
        }
        let finished = *self.early.take().unwrap_or_default();
        let finished = finished.at(self.place.clone());
        match kept {
            Some(output) => (finished.with_output(output), false),
            None => (finished, true),
        }
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.control.cancel();
        self.handover.abandon();
        drop(self.thread.take());
    }
}

/// Wakes the first connection when the second one has ended, however it did.
struct WakeAtEnd(Control);

impl Drop for WakeAtEnd {
    fn drop(&mut self) {
        self.0.wake();
    }
}

impl Shared {
    /// The same play with other figures, maybe among others that try.
    pub(super) fn with(&self, stats: Arc<Stats>, entrant: Option<Arc<Entrant>>) -> Self {
        Self {
            log: self.log.clone(),
            hidden: Arc::clone(&self.hidden),
            settings: self.settings.clone(),
            queue: Arc::clone(&self.queue),
            stats,
            lag: Arc::clone(&self.lag),
            reception: Arc::clone(&self.reception),
            recording: Arc::clone(&self.recording),
            learned: Arc::clone(&self.learned),
            entrant,
            reconnects: Arc::clone(&self.reconnects),
            interrupted: Mutex::default(),
            started: self.started,
        }
    }
}
