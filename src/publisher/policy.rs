// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The publish flow: what to ask next, when to send, and which event ends it how.

mod ending;
mod events;
pub(crate) mod sending;
mod succession;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ending::Ending;

use super::bitrate_hint::BitrateHint;
use super::drop_policy::{Dropped, Level};
use super::headers::Headers;
use super::notice::{Notice, Report};
use super::packet::Packet;
use super::queue::UploadQueue;
use super::request::Request;
use super::settings::{Adjustable, PublishSettings};
use super::standby::{Handover, Standby};
use super::stats::{Batch, PublishStats};
use crate::client::Hidden;
use crate::client::allowance::Allowance;
use crate::client::failure::{Cause, Failure};
use crate::client::log::Log;
use crate::client::methods::KnownMethods;
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::client::redirect::Redirect;
use crate::client::round_trip::RoundTrip;
use crate::driver::{Closed, Policy};
use crate::net::{ConnectError, Control, TlsError, Transport};
use crate::rtmp;
use crate::rtmp::auth::Method;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::{ClientSession, Event};
use crate::rtmp::status::Status;

/// Lines of the log about what a peer can repeat, each with other words.
const MAX_REPORTED: usize = 64;

/// Messages of a server that may come at once: it has nothing to say but answers,
/// acknowledgements and a status now and then.
pub(crate) const MAX_AT_ONCE: u32 = 20_000;

/// The same in a second, as long as it may last.
pub(crate) const MAX_PER_SECOND: u32 = 1_000;

/// A connection that the server closes so soon behind Publish.Start has most likely been
/// refused.
pub(super) const SHORT: Duration = Duration::from_secs(1);

/// What all connections of a publish have in common.
pub(super) struct Shared {
    pub(super) log: Log,
    pub(super) hidden: Arc<Hidden>,
    pub(super) settings: PublishSettings,
    pub(super) queue: Arc<UploadQueue>,
    pub(super) stats: Arc<PublishStats>,
    pub(super) methods: Arc<KnownMethods>,
    pub(super) adjustable: Arc<Adjustable>,
    pub(super) report: Box<dyn Fn(Report) + Send + Sync>,
    pub(super) headers: Mutex<Headers>,
    /// Since the connection broke, while another one is made.
    pub(super) interrupted: Mutex<Option<Interrupted>>,
    /// When requests to reconnect were followed.
    pub(super) reconnects: Mutex<Vec<Instant>>,
    pub(super) started: Instant,
}

/// A break of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interrupted {
    pub(super) since: Instant,
    /// What had been left out before it.
    pub(super) before: Dropped,
}

impl Shared {
    pub(super) fn lock_interrupted(&self) -> MutexGuard<'_, Option<Interrupted>> {
        self.interrupted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_headers(&self) -> MutexGuard<'_, Headers> {
        self.headers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, notice: Notice) {
        (self.report)(Report::Notice(notice));
    }
}

/// How one connection ended.
pub(super) enum Outcome {
    /// All has been sent.
    Done,
    /// It failed.
    Failed(Failure),
    /// The server sent us elsewhere.
    Redirected(Redirect),
    /// Another connection goes on.
    HandedOver(Box<Standby>),
}

/// The policy of one connection.
pub(super) struct Publisher<'a> {
    shared: &'a Arc<Shared>,
    log: &'a Log,
    stats: Arc<PublishStats>,
    control: &'a Control,
    /// It is to take another connection's place.
    handover: Option<&'a Arc<Handover>>,
    /// It waits for that.
    waits_for_its_turn: bool,
    /// That one is to take this one's place.
    standby: Option<Standby>,
    /// From the next key frame on.
    is_leaving: bool,
    place: &'a Place,
    request: &'a Request,
    phase: Phase,
    phase_since: Instant,
    /// When this connection began.
    attempt_since: Instant,
    /// The server's version byte where that is not 3.
    odd_version: Option<u8>,
    stream: Option<StreamId>,
    /// What of Enhanced RTMP the server says that it takes.
    capabilities: Option<Capabilities>,
    /// Codecs that it has been told about.
    told_codecs: Vec<String>,
    authentication: Option<Method>,
    secure_token_wanted: bool,
    allowance: Allowance,
    reported: HashSet<String>,
    /// On the way from the queue to the session.
    packets: VecDeque<Packet>,
    batch: Batch,
    chunk_size: u32,
    pace: Option<u64>,
    ending: Ending,
    /// What is 0 for this connection, where times begin anew.
    time_base: Option<u64>,
    has_sent: bool,
    /// Bytes that the socket has not taken.
    waiting: usize,
    /// Bytes that it has taken.
    written: u64,
    last_progress: Instant,
    last_batch: Instant,
    /// Batches that followed each other at once.
    streak: u32,
    /// When to look for more without having been woken.
    look_at: Option<Instant>,
    hint: BitrateHint,
    level: Level,
    level_since: Dropped,
    looked: Instant,
}

impl<'a> Publisher<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        control: &'a Control,
        place: &'a Place,
        request: &'a Request,
        handover: Option<&'a Arc<Handover>>,
    ) -> Self {
        let now = Instant::now();
        // What is to be seen is the other connection's until it has gone.
        let stats = match handover {
            None => Arc::clone(&shared.stats),
            Some(_) => Arc::default(),
        };
        stats.begin_attempt();
        let here = place.shown();
        let progress = &stats.progress;
        progress.update_peer(|peer| peer.location = Some(here));
        Self {
            shared,
            log: &shared.log,
            stats,
            control,
            handover,
            waits_for_its_turn: false,
            standby: None,
            is_leaving: false,
            place,
            request,
            phase: Phase::Resolving,
            phase_since: now,
            attempt_since: now,
            odd_version: None,
            stream: None,
            capabilities: None,
            told_codecs: Vec::new(),
            authentication: None,
            secure_token_wanted: false,
            allowance: Allowance::new(MAX_AT_ONCE, MAX_PER_SECOND, now),
            reported: HashSet::new(),
            packets: VecDeque::new(),
            batch: Batch::default(),
            chunk_size: 0,
            pace: None,
            ending: Ending::default(),
            time_base: None,
            has_sent: false,
            waiting: 0,
            written: 0,
            last_progress: now,
            last_batch: now,
            streak: 0,
            look_at: None,
            hint: BitrateHint::new(now),
            level: Level::default(),
            level_since: Dropped::default(),
            looked: now,
        }
    }

    /// Goes to a later phase and restarts its timer.
    pub(super) fn enter(&mut self, phase: Phase, now: Instant) {
        if phase < self.phase {
            return;
        }
        self.phase = phase;
        self.phase_since = now;
        let progress = &self.stats.progress;
        progress.enter(phase, now - self.attempt_since);
    }

    /// A line for each step of the flow.
    pub(super) fn log_step(&self, step: fmt::Arguments<'_>) {
        let elapsed = self.shared.started.elapsed();
        self.log.debug(format_args!("{step} (at {elapsed:.1?})"));
    }

    /// The method by which `connect` answers a challenge.
    pub(super) fn set_authentication(&mut self, method: Option<Method>) {
        self.authentication = method;
    }

    /// For how long the server has taken media on this connection.
    pub(super) fn published(&self) -> Option<Duration> {
        self.is_publishing().then(|| self.phase_since.elapsed())
    }

    fn is_publishing(&self) -> bool {
        self.phase == Phase::Publishing
    }

    fn is_ours(&self, stream: StreamId) -> bool {
        stream == StreamId::CONNECTION || Some(stream) == self.stream
    }

    /// The end for a connection that did not come about; `None`: cancelled.
    pub(super) fn connect_failed(&self, error: ConnectError) -> Option<Outcome> {
        let cause = Cause::of_connecting(error, self.phase_since.elapsed())?;
        Some(self.failed(cause))
    }

    /// A question was answered: that takes no less than the way there and back.
    fn measure_step(&self, now: Instant) {
        let sample = now.saturating_duration_since(self.phase_since);
        self.stats.progress.update_peer(|peer| {
            peer.round_trip = Some(RoundTrip::with(peer.round_trip, sample));
        });
    }

    fn note_status(&self, status: Option<&Status>) {
        if let Some(status) = status {
            self.stats.progress.set_last_status(status);
        }
    }

    /// Logs what a peer can repeat: once, and no more than some of what it makes up.
    fn report(&mut self, text: String) {
        if self.reported.len() < MAX_REPORTED && !self.reported.contains(&text) {
            self.log.info(format_args!("{text}"));
            self.reported.insert(text);
        }
    }

    /// How long the present step may take.
    fn step_limit(&self) -> Option<Duration> {
        let limit = self.shared.settings.connection.timeout;
        limit.filter(|_| !self.is_publishing() && !self.waits_for_its_turn)
    }

    /// When the server has taken nothing for too long.
    fn write_deadline(&self) -> Option<Instant> {
        let limit = self.shared.settings.write_timeout;
        let limit = limit.filter(|_| self.waiting > 0 && self.is_publishing())?;
        Some(self.last_progress + limit)
    }
}

impl Publisher<'_> {
    /// Shows what has been sent, and how the connection stands.
    fn show(&mut self, session: &ClientSession) {
        let batch = std::mem::take(&mut self.batch);
        let stats = &self.stats;
        stats.batch(&batch, session.counters(), self.waiting, self.last_batch);
    }
}

impl Policy<ClientSession> for Publisher<'_> {
    type End = Outcome;

    fn on_event(
        &mut self,
        session: &mut ClientSession,
        event: Event,
        now: Instant,
    ) -> Option<Outcome> {
        let end = self.on_each(session, event, now);
        if end.is_none() && !self.allowance.take(1, now) {
            let reason = format!("more than {MAX_PER_SECOND} messages a second to a publisher");
            return Some(self.failed(Cause::Protocol(reason)));
        }
        end
    }

    fn flush(&mut self, session: &ClientSession) -> bool {
        self.show(session);
        true
    }

    fn refill(&mut self, session: &mut ClientSession, now: Instant) -> bool {
        let more = self.send_more(session, now);
        self.show(session);
        more
    }

    fn on_sent(&mut self, count: usize, waiting: usize, now: Instant) {
        // Since then it could have taken something, and since then it has not.
        if count > 0 || self.waiting == 0 {
            self.last_progress = now;
        }
        self.written += count as u64;
        self.waiting = waiting;
    }

    fn adjust(&mut self, transport: &mut impl Transport) {
        self.set_pace(transport);
        self.finish_sending(transport);
    }

    fn on_turn(&mut self, session: &mut ClientSession) -> Option<Outcome> {
        self.take_turn(session);
        self.look_at_standby();
        self.is_done().then_some(Outcome::Done)
    }

    fn deadline(&self) -> Option<Instant> {
        let step = self.step_limit().map(|limit| self.phase_since + limit);
        let look = self.look_deadline();
        [step, self.write_deadline(), self.ending_deadline(), look]
            .into_iter()
            .flatten()
            .min()
    }

    fn on_deadline(&mut self, _session: &mut ClientSession, now: Instant) -> Option<Outcome> {
        if let Some(limit) = self.step_limit()
            && now.saturating_duration_since(self.phase_since) >= limit
        {
            let cause = self.not_rtmp().unwrap_or(Cause::TimedOut(limit));
            return Some(self.failed(cause));
        }
        if self.write_deadline().is_some_and(|due| due <= now) {
            let limit = self.shared.settings.write_timeout.unwrap_or_default();
            let why = format!("the server has taken nothing for {} s", limit.as_secs());
            return Some(self.failed(Cause::ConnectionLost(why)));
        }
        if self.ending_deadline().is_some_and(|due| due <= now) {
            return Some(Outcome::Done);
        }
        self.look(now);
        None
    }

    fn on_closed(&mut self, _session: &ClientSession, closed: Closed) -> Outcome {
        self.log_step(format_args!("connection closed: {closed:?}"));
        if self.is_all_sent() {
            return Outcome::Done;
        }
        if let Closed::Io(error) = &closed
            && let Some(error) = TlsError::of(error)
            && (self.is_publishing() || *error != TlsError::Truncated)
        {
            return self.failed(Cause::of_tls(error.clone()));
        }
        match closed {
            Closed::Protocol(rtmp::Error::NotRtmp(first)) => {
                self.failed(Cause::NotRtmp(rtmp::Error::NotRtmp(first).to_string()))
            }
            Closed::Protocol(error) => self.failed(Cause::Protocol(error.to_string())),
            Closed::Eof if !self.is_publishing() => self.closed_early(None),
            Closed::Io(error) if !self.is_publishing() => {
                self.closed_early(Some(error.to_string()))
            }
            Closed::Eof if self.phase_since.elapsed() < SHORT => {
                // nginx-rtmp says Publish.Start before it looks at who may publish.
                self.failed_in(Phase::Publish, Cause::ClosedEarly(None))
            }
            Closed::Eof => self.failed(Cause::ConnectionLost("the server closed it".to_owned())),
            Closed::Io(error) => self.failed(Cause::ConnectionLost(error.to_string())),
        }
    }
}
