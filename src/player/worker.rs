// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The network thread of a play: starts it, runs it, ends it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::ItemQueue;
use super::lag::Lag;
use super::learned::Learned;
use super::play::play;
use super::policy::Shared;
use super::reception::Reception;
use super::recording::Recording;
use super::settings::PlaySettings;
use super::stats::Stats;
use crate::client::failure::{Cause, End, Failure};
use crate::client::hidden::Hidden;
use crate::client::log::Log;
use crate::client::phase::Phase;
use crate::net::Control;
use crate::net::gio::NetworkThread;

/// A running play. Dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    control: Control,
    thread: Option<NetworkThread>,
}

/// What a play has in common with its element.
pub struct Handles {
    /// Wakes the play, and ends it.
    pub control: Control,
    /// Takes what is played.
    pub queue: Arc<ItemQueue>,
    /// Takes its figures.
    pub stats: Arc<Stats>,
    /// Knows of earlier plays.
    pub learned: Arc<Learned>,
    /// How far the consumer may lag behind.
    pub lag: Arc<Lag>,
    /// Which media are wanted.
    pub reception: Arc<Reception>,
    /// What is known of a recording, and where in it to be.
    pub recording: Arc<Recording>,
    /// What must not be shown of it.
    pub hidden: Arc<Hidden>,
}

impl Worker {
    /// Starts a play in a thread of its own. `name` is the element's, for the
    /// log. Whatever happens, the queue gets an end.
    pub fn start(name: String, settings: PlaySettings, handles: Handles) -> Self {
        let Handles {
            control,
            queue,
            stats,
            learned,
            lag,
            reception,
            recording,
            hidden,
        } = handles;
        let worker_control = control.clone();
        let fallback = Arc::clone(&queue);
        let thread = NetworkThread::spawn("rtmpr", move || {
            let guard = PanicGuard(&queue);
            let shared = Arc::new(Shared {
                log: Log::new(name, Arc::clone(&hidden)),
                hidden,
                settings,
                queue: Arc::clone(&queue),
                stats,
                lag,
                reception,
                recording,
                learned,
                entrant: None,
                reconnects: Arc::default(),
                interrupted: Mutex::default(),
                started: Instant::now(),
            });
            let end = play(&shared, &worker_control);
            if let Some(end) = end {
                shared.log.debug(format_args!("ended: {end:?}"));
                guard.0.finish(end);
            }
        });
        let thread = thread
            .inspect_err(|error| {
                fallback.finish(failed_at_start(Cause::NoThread(error.to_string())));
            })
            .ok();
        Self { control, thread }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.control.cancel();
        drop(self.thread.take());
    }
}

/// Gives the queue an end when the thread panics, so that it shows as an error
/// and not as a hang.
struct PanicGuard<'a>(&'a ItemQueue);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.finish(failed_at_start(Cause::Panicked));
        }
    }
}

fn failed_at_start(cause: Cause) -> End {
    let failure = Failure::new(cause, Phase::Resolving, Duration::ZERO);
    End::Failed(Box::new(failure))
}
