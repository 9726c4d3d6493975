// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A second connection that takes the place of the first one without a break (Enhanced
//! RTMP v2, "Reconnect Request"): make before break.
//!
//! It has a thread of its own. It connects and creates its stream, and waits with
//! `publish`, as the same server would take the name for one that is in use. The first
//! connection sends up to the next key frame, says that it ends, and lets it go on.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};

use super::attempt::Finished;
use super::entry::Entry;
use super::policy::Shared;
use crate::client::place::Place;
use crate::net::Control;
use crate::net::gio::NetworkThread;

/// What the two connections share.
pub(super) struct Handover {
    state: AtomicU8,
    /// The first connection's.
    active: Control,
}

/// The second one is not there yet.
const PREPARING: u8 = 0;
/// It could publish.
const READY: u8 = 1;
/// It may.
const GO: u8 = 2;
/// It has ended.
const OVER: u8 = 3;

impl Handover {
    /// The second connection could publish.
    pub(super) fn set_ready(&self) {
        self.state.store(READY, Ordering::SeqCst);
        self.active.wake();
    }

    /// The second connection may publish.
    pub(super) fn may_go(&self) -> bool {
        self.state.load(Ordering::SeqCst) == GO
    }

    fn is(&self, state: u8) -> bool {
        self.state.load(Ordering::SeqCst) == state
    }
}

/// The second connection, as the first one sees it. Dropping it ends it.
pub(super) struct Standby {
    place: Place,
    control: Control,
    handover: Arc<Handover>,
    finished: mpsc::Receiver<Finished>,
    _thread: NetworkThread,
}

impl Standby {
    /// Starts it; `None` if the system has no thread.
    pub(super) fn start(shared: &Arc<Shared>, place: Place, active: &Control) -> Option<Self> {
        let control = Control::default();
        let handover = Arc::new(Handover {
            state: AtomicU8::new(PREPARING),
            active: active.clone(),
        });
        let (sender, finished) = mpsc::channel();
        let (there, own) = (place.clone(), control.clone());
        let (shared, ours) = (Arc::clone(shared), Arc::clone(&handover));
        let thread = NetworkThread::spawn("rtmpr-publish", move || {
            let entry = Entry {
                shared: &shared,
                control: &own,
                place: &there,
                digest: false,
                handover: Some(&ours),
            };
            let finished = entry.run();
            // Nobody may be there to hear it.
            let _ = sender.send(finished);
            ours.state.store(OVER, Ordering::SeqCst);
            ours.active.wake();
        });
        active.set_follower(Some(control.clone()));
        Some(Self {
            place,
            control,
            handover,
            finished,
            _thread: thread.ok()?,
        })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.handover.is(READY)
    }

    /// It has ended before it was to go on.
    pub(super) fn has_failed(&self) -> bool {
        self.handover.is(OVER)
    }

    /// Lets it publish.
    pub(super) fn go(&self) {
        let state = &self.handover.state;
        // Unless it has ended.
        let _ = state.compare_exchange(READY, GO, Ordering::SeqCst, Ordering::SeqCst);
        self.control.wake();
    }

    /// Waits for what becomes of it, and where it was; `None`: it has panicked.
    pub(super) fn wait(self) -> Option<(Finished, Place)> {
        let finished = self.finished.recv().ok()?;
        Some((finished, self.place.clone()))
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.control.cancel();
    }
}
