// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The network thread of a play: starts it, runs it, ends it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ItemQueue;
use super::failure::{Cause, End, Failure};
use super::log::Log;
use super::policy::Player;
use super::settings::PlaySettings;
use super::stats::{Phase, Stats};
use crate::driver;
use crate::net::{self, ConnectStep, Control, Transport};
use crate::rtmp::chunk;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;

/// A running play. Dropping it ends it.
#[derive(Debug)]
pub struct Worker {
    control: Control,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a play in a thread of its own. `name` is the element's, for the
    /// log. Whatever happens, the queue gets an end.
    pub fn start(
        name: String,
        settings: PlaySettings,
        control: Control,
        queue: Arc<ItemQueue>,
        stats: Arc<Stats>,
    ) -> Self {
        let worker_control = control.clone();
        let fallback = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("rtmpr".to_owned())
            .spawn(move || {
                let guard = PanicGuard(&queue);
                let log = Log::new(name);
                let play = || play(&log, &settings, &worker_control, &queue, &stats);
                let end = net::gio::with_main_context(play).unwrap_or_else(|error| {
                    let cause = Cause::NoThread(error.to_string());
                    Some(failed_at_start(cause))
                });
                if let Some(end) = end {
                    log.debug(format_args!("ended: {end:?}"));
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
        if let Some(thread) = self.thread.take() {
            // A panic was reported through the queue already.
            let _ = thread.join();
        }
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
    End::Failed(Box::new(Failure {
        cause,
        phase: Phase::Resolving,
        elapsed: Duration::ZERO,
    }))
}

/// Plays to the end; `None`: cancelled.
fn play(
    log: &Log,
    settings: &PlaySettings,
    control: &Control,
    queue: &ItemQueue,
    stats: &Stats,
) -> Option<End> {
    let mut player = Player::new(log, settings, queue, stats);
    let endpoint = &settings.endpoint;
    let on_step = |step| match step {
        ConnectStep::Resolving => player.log_step(format_args!("resolving {}", endpoint.host)),
        ConnectStep::Connecting => {
            player.enter(Phase::Connecting, Instant::now());
            player.log_step(format_args!("connecting to {endpoint}"));
        }
    };
    let transport = net::gio::connect(endpoint, control, settings.timeout, on_step);
    let mut transport = match transport {
        Ok(transport) => transport,
        Err(error) => return player.connect_failed(error),
    };
    player.enter(Phase::Handshake, Instant::now());
    player.log_step(format_args!("connected; C0 C1 sent"));

    let seed = u64::from(glib::random_int()) << 32 | u64::from(glib::random_int());
    let mut session = ClientSession::new(seed, chunk::Limits::default());
    session.connect(&settings.connect);
    let end = driver::run(&mut session, &mut player, &mut transport, control);
    player.finish(&session);

    // A polite good-bye: one attempt that never waits.
    session.delete_streams();
    while let Some(bytes) = session.poll_transmit() {
        if transport.write(&bytes).is_err() {
            break;
        }
    }
    end
}
