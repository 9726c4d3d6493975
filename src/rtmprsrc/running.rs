// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A play while it runs: its network thread, and what the streaming thread shares with
//! that.

use std::sync::Arc;

use super::settings::Settings;
use crate::net::Control;
use crate::player::{Hidden, ItemQueue, Lag, PlaySettings, Recording, Worker};

/// A play from `start` to `stop`.
pub(super) struct Play {
    pub(super) shared: Arc<Shared>,
    /// Not there before the first buffer is wanted without `async-connect`.
    pub(super) worker: Option<Worker>,
    /// The streaming thread is not to wait.
    pub(super) flushing: bool,
}

/// What the streaming thread needs of it without a lock.
pub(super) struct Shared {
    pub(super) settings: PlaySettings,
    pub(super) hidden: Arc<Hidden>,
    pub(super) control: Control,
    pub(super) queue: Arc<ItemQueue>,
    pub(super) lag: Arc<Lag>,
    pub(super) recording: Arc<Recording>,
}

impl Play {
    /// One that has not begun.
    pub(super) fn new(
        settings: &Settings,
        play: PlaySettings,
        hidden: Arc<Hidden>,
        recording: Arc<Recording>,
    ) -> Self {
        let control = Control::default();
        let waker = control.clone();
        let queue = ItemQueue::new(settings.queue_limits(), move || waker.wake());
        Self {
            shared: Arc::new(Shared {
                settings: play,
                hidden,
                control,
                queue: Arc::new(queue),
                lag: Arc::new(match settings.is_live() {
                    true => settings.live.lag(),
                    false => Lag::default(),
                }),
                recording,
            }),
            worker: None,
            flushing: false,
        }
    }

    /// The same once more.
    pub(super) fn again(&self, settings: &Settings) -> Self {
        let shared = &self.shared;
        let mut next = Self::new(
            settings,
            shared.settings.clone(),
            Arc::clone(&shared.hidden),
            Arc::clone(&shared.recording),
        );
        // Whoever ends the streaming thread's wait means this queue as well.
        next.flushing = self.flushing;
        next.shared.queue.set_flushing(self.flushing);
        next
    }
}
