// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The network thread of a publish: starts it, runs it, ends it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::headers::Headers;
use super::notice::Report;
use super::policy::Shared;
use super::publish::publish;
use super::queue::UploadQueue;
use super::settings::{Adjustable, PublishSettings};
use super::stats::PublishStats;
use crate::client::Hidden;
use crate::client::failure::{Cause, Failure};
use crate::client::log::Log;
use crate::client::methods::KnownMethods;
use crate::client::phase::Phase;
use crate::net::Control;
use crate::net::gio::NetworkThread;

/// A running publish. Dropping it ends it.
#[derive(Debug)]
pub struct PublishWorker {
    control: Control,
    thread: Option<NetworkThread>,
}

/// What a publish has in common with its element.
pub struct PublishHandles {
    /// Wakes the publish, and ends it.
    pub control: Control,
    /// Holds what is published.
    pub queue: Arc<UploadQueue>,
    /// Takes its figures.
    pub stats: Arc<PublishStats>,
    /// Knows how servers want to be told who asks.
    pub methods: Arc<KnownMethods>,
    /// What can be changed while it runs.
    pub adjustable: Arc<Adjustable>,
    /// What must not be shown of it.
    pub hidden: Arc<Hidden>,
    /// Takes what there is to tell, in the network thread.
    pub report: Box<dyn Fn(Report) + Send + Sync>,
}

impl PublishWorker {
    /// Starts a publish in a thread of its own. `name` is the element's, for the log.
    /// Whatever happens, the queue gets an end.
    pub fn start(name: String, settings: PublishSettings, handles: PublishHandles) -> Self {
        let control = handles.control.clone();
        let worker_control = control.clone();
        let queue = Arc::clone(&handles.queue);
        let shared = Arc::new(Shared {
            log: Log::new(name, Arc::clone(&handles.hidden)),
            hidden: handles.hidden,
            settings,
            queue: handles.queue,
            stats: handles.stats,
            methods: handles.methods,
            adjustable: handles.adjustable,
            report: handles.report,
            headers: Mutex::new(Headers::default()),
            interrupted: Mutex::default(),
            reconnects: Mutex::default(),
            started: Instant::now(),
        });
        let fallback = Arc::clone(&shared);
        let thread = NetworkThread::spawn("rtmpr-publish", move || {
            let guard = EndGuard(&queue);
            let panics = PanicGuard(&shared);
            let end = publish(&shared, &worker_control);
            std::mem::forget(panics);
            if let Some(Err(failure)) = end {
                shared.log.debug(format_args!("failed: {failure:?}"));
                (shared.report)(Report::Failed(failure));
            }
            drop(guard);
        });
        let thread = thread
            .inspect_err(|error| {
                let cause = Cause::NoThread(error.to_string());
                (fallback.report)(Report::Failed(Box::new(failed_at_start(cause))));
                fallback.queue.end();
            })
            .ok();
        Self { control, thread }
    }
}

impl Drop for PublishWorker {
    fn drop(&mut self) {
        self.control.cancel();
        drop(self.thread.take());
    }
}

/// Nobody waits for a queue that nobody takes from.
struct EndGuard<'a>(&'a UploadQueue);

impl Drop for EndGuard<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A panic shows as an error and not as a hang.
struct PanicGuard<'a>(&'a Shared);

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let failure = Box::new(failed_at_start(Cause::Panicked));
            (self.0.report)(Report::Failed(failure));
        }
    }
}

fn failed_at_start(cause: Cause) -> Failure {
    Failure::new(cause, Phase::Resolving, Duration::ZERO)
}
