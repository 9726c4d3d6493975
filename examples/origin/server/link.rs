// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the two threads of a connection share, and the one that writes.
//!
//! The reader (in `connection`) blocks in the socket, the writer waits for the
//! outbox. All timing is the writer's: it pings, gives up on dead peers, and
//! closes so that the last bytes arrive.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gstrtmpr::rtmp::capabilities::{Capabilities, WILDCARD, caps_ex, info};
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::session::Session;
use gstrtmpr::rtmp::session::server::ServerSession;
use gstrtmpr::rtmp::user_control::UserControl;

use super::OriginOptions;
use super::hub::Subscription;
use super::outbox::{Item, Outbox, Taken, Target};
use super::packet::Packet;
use super::playback::Playback;

/// Bytes of media that one write takes from the outbox: few system calls, and
/// little memory beside what the outbox counts.
const BATCH_BYTES: usize = 64 << 10;

/// Answers that may wait before the peer has to read them, in bytes.
const MAX_WAITING_ANSWERS: usize = 1 << 20;

/// From accepting the connection to the answer of `connect`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One connection.
pub(crate) struct Link {
    pub(crate) socket: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) outbox: Arc<Outbox>,
    state: Mutex<State>,
    /// The session's output was taken, or the writer has ended.
    drained: Condvar,
    ping_interval: Duration,
    write_timeout: Duration,
    accepted: Instant,
    /// When the peer last sent something, in milliseconds after `accepted`.
    heard_ms: AtomicU64,
    connected: AtomicBool,
}

/// What is under the connection's lock. Locks are taken in this order: this
/// one, the hub's, an outbox's.
pub(crate) struct State {
    pub(crate) session: ServerSession,
    /// What this connection plays.
    pub(crate) plays: Vec<Play>,
    /// Published streams; the reader has the rest of them.
    pub(crate) publications: usize,
    writer_ended: bool,
}

/// What is played, until it is dropped.
pub(crate) enum Play {
    Live(Subscription),
    Recorded(Playback),
}

impl Play {
    pub(crate) fn target(&self) -> Target {
        match self {
            Self::Live(subscription) => subscription.target(),
            Self::Recorded(playback) => playback.target(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self {
            Self::Live(subscription) => subscription.path(),
            Self::Recorded(playback) => playback.path(),
        }
    }
}

/// Bodies go on as they came; only their first bytes are looked at.
fn forwards_anything() -> Capabilities {
    let bits = caps_ex::MULTITRACK | caps_ex::MOD_EX | caps_ex::TIMESTAMP_NANO_OFFSET;
    Capabilities::new([WILDCARD], [WILDCARD], info::FORWARD, bits)
}

impl Link {
    /// Prepares a socket that has just been accepted.
    ///
    /// # Errors
    /// The socket has gone already.
    pub(crate) fn new(
        socket: TcpStream,
        peer: SocketAddr,
        seed: u64,
        options: &OriginOptions,
    ) -> io::Result<Arc<Self>> {
        // Answers are small and each is waited for.
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(options.write_timeout))?;
        let mut session = ServerSession::new(seed, Limits::default());
        session.set_capabilities(forwards_anything());
        Ok(Arc::new(Self {
            socket,
            peer,
            outbox: Arc::new(Outbox::new(options.max_queue_bytes)),
            state: Mutex::new(State {
                session,
                plays: Vec::new(),
                publications: 0,
                writer_ended: false,
            }),
            drained: Condvar::new(),
            ping_interval: options.ping_interval,
            write_timeout: options.write_timeout,
            accepted: Instant::now(),
            heard_ms: AtomicU64::new(0),
            connected: AtomicBool::new(false),
        }))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // After a panic in one of its threads the connection only ends.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends both threads at once.
    pub(crate) fn abort(&self) {
        self.outbox.close();
        // Fails if the peer was faster.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// Notes that the peer has sent something.
    pub(crate) fn heard(&self) {
        self.heard_ms.store(self.age_ms(), Ordering::Relaxed);
    }

    /// Milliseconds since the connection was accepted.
    fn age_ms(&self) -> u64 {
        u64::try_from(self.accepted.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// `connect` was accepted.
    pub(crate) fn set_connected(&self) {
        self.connected.store(true, Ordering::Relaxed);
    }

    /// Closes the connection after `delay` if it has no use any more.
    pub(crate) fn finish_if_unused(&self, state: &State, delay: Duration) {
        if state.plays.is_empty() && state.publications == 0 {
            self.outbox.finish(Instant::now() + delay);
        }
    }

    /// Closes the connection when all that was said has been sent.
    pub(crate) fn finish(&self) {
        self.outbox.finish(Instant::now());
    }

    /// Makes the reader wait while the peer does not read its answers.
    pub(crate) fn wait_for_room(&self) {
        let mut state = self.lock();
        while state.session.waiting_output() > MAX_WAITING_ANSWERS && !state.writer_ended {
            state = self
                .drained
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Makes the reader wait until nothing is sent to the peer any more either.
    pub(crate) fn wait_for_end(&self) {
        let mut state = self.lock();
        while !state.writer_ended {
            state = self
                .drained
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The writing thread.
    pub(crate) fn write_all(&self) {
        // Also when this thread panics: the reader must not wait for ever.
        let _end = EndOfWriter(self);
        let mut batch = Vec::new();
        let mut ping = None;
        loop {
            let deadline = self.deadline(ping);
            let taken = self.outbox.take(&mut batch, BATCH_BYTES, deadline);
            if taken == Taken::Closed {
                return;
            }
            if ping.is_some_and(|sent| self.heard_ms.load(Ordering::Relaxed) >= sent) {
                ping = None;
            }
            if taken == Taken::Work && self.deadline(ping) <= Instant::now() {
                // Nothing came for as long again after a ping.
                if ping.is_some() || !self.connected.load(Ordering::Relaxed) {
                    return;
                }
                let now = self.age_ms();
                ping = Some(now);
                let request = UserControl::PingRequest(now as u32);
                self.lock().session.user_control(&request);
            }
            if let Some(bytes) = self.encode(&mut batch)
                && (&self.socket).write_all(&bytes).is_err()
            {
                return;
            }
            // Behind the session's last words.
            if taken == Taken::Finish {
                return self.close_politely();
            }
        }
    }

    /// When the peer has to be pinged, or given up.
    fn deadline(&self, ping: Option<u64>) -> Instant {
        if !self.connected.load(Ordering::Relaxed) {
            return self.accepted + CONNECT_TIMEOUT;
        }
        let since = ping.unwrap_or_else(|| self.heard_ms.load(Ordering::Relaxed));
        self.accepted + Duration::from_millis(since) + self.ping_interval
    }

    /// The session's output, followed by the batch.
    fn encode(&self, batch: &mut Vec<Item>) -> Option<Bytes> {
        let mut state = self.lock();
        for item in batch.drain(..) {
            let target = item.target();
            let play = state.plays.iter().position(|play| play.target() == target);
            // The play may have been given up, and the NetStream be used anew.
            let Some(play) = play else { continue };
            match item {
                Item::Media(_, packet) => {
                    let Packet {
                        kind, timestamp, ..
                    } = packet;
                    let session = &mut state.session;
                    session.media(target.stream, kind, timestamp, &packet.body);
                }
                Item::End(_) => {
                    drop(state.plays.swap_remove(play));
                    state.session.end_play(target.stream);
                    self.finish_if_unused(&state, Duration::ZERO);
                }
            }
        }
        let bytes = state.session.poll_transmit();
        drop(state);
        self.drained.notify_all();
        bytes
    }

    /// Closes our side only: a socket that is closed with something unread is
    /// reset, and a reset overtakes what the peer has not read yet.
    fn close_politely(&self) {
        if self.socket.shutdown(Shutdown::Write).is_ok() {
            self.outbox.wait_closed(Instant::now() + self.write_timeout);
        }
    }
}

struct EndOfWriter<'a>(&'a Link);

impl Drop for EndOfWriter<'_> {
    fn drop(&mut self) {
        self.0.abort();
        self.0.lock().writer_ended = true;
        self.0.drained.notify_all();
    }
}
