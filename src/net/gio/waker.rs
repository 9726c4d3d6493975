// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What ends a wait: a call from another thread, and a deadline.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gio::prelude::*;

/// Ends a wait, be it for the socket or in the context.
pub(super) struct Waker {
    pub(super) context: glib::MainContext,
    /// For one time only: there is no safe way to reset it.
    cancellable: Mutex<gio::Cancellable>,
}

impl Waker {
    pub(super) fn new(context: glib::MainContext) -> Self {
        Self {
            context,
            cancellable: Mutex::new(cancellable_with_descriptor()),
        }
    }

    pub(super) fn wake(&self) {
        self.lock().cancel();
        self.context.wakeup();
    }

    pub(super) fn cancellable(&self) -> gio::Cancellable {
        self.lock().clone()
    }

    pub(super) fn rearm(&self) {
        let mut cancellable = self.lock();
        if cancellable.is_cancelled() {
            *cancellable = cancellable_with_descriptor();
        }
    }

    fn lock(&self) -> MutexGuard<'_, gio::Cancellable> {
        self.cancellable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its descriptor is opened here, once, and not for each wait.
fn cancellable_with_descriptor() -> gio::Cancellable {
    let cancellable = gio::Cancellable::new();
    let _ = cancellable.fd();
    cancellable
}

/// One timeout source, replaced only when its deadline changes or has passed.
#[derive(Default)]
pub(super) struct Timer {
    deadline: Option<Instant>,
    source: Option<glib::Source>,
    fired: Rc<Cell<bool>>,
}

impl Timer {
    pub(super) fn set(&mut self, context: &glib::MainContext, deadline: Option<Instant>) {
        if self.deadline == deadline && !self.fired.get() {
            return;
        }
        if let Some(source) = self.source.take() {
            source.destroy();
        }
        self.fired.set(false);
        self.deadline = deadline;
        let Some(deadline) = deadline else {
            return;
        };
        // Rounded up: GLib counts milliseconds and must not fire early.
        let interval =
            deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let fired = glib::thread_guard::ThreadGuard::new(Rc::clone(&self.fired));
        let source = glib::timeout_source_new(
            interval,
            Some("rtmpr deadline"),
            glib::Priority::DEFAULT,
            move || {
                fired.get_ref().set(true);
                glib::ControlFlow::Break
            },
        );
        source.attach(Some(context));
        self.source = Some(source);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            source.destroy();
        }
    }
}
