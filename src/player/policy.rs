// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The play flow: what to ask next, how long to wait for it, and which event
//! ends the stream how.

mod access;
mod ending;
mod events;
pub(crate) mod flood;
mod handing_on;
mod pausing;
mod presence;
mod rivals;
mod seeking;
pub(crate) mod succession;

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flood::Flood;
use pausing::Pausing;
use seeking::{Answers, Seeking};

use super::ItemQueue;
use super::candidate::Candidate;
use super::flv_output::{FlvOutput, MAX_READY};
use super::item::Item;
use super::lag::Lag;
use super::learned::Learned;
use super::race::Entrant;
use super::reception::{Reception, Wanted};
use super::recording::{Positions, Recording};
use super::request::Request;
use super::settings::PlaySettings;
use super::standby::Standby;
use super::stats::Stats;
use super::traffic::Gaps;
use crate::client::failure::{Cause, EosReason, Failure};
use crate::client::hidden::Hidden;
use crate::client::log::Log;
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::client::redirect::Redirect;
use crate::client::round_trip::{Pinger, RoundTrip};
use crate::driver::{Closed, Policy};
use crate::net::{Control, TlsError};
use crate::rtmp;
use crate::rtmp::auth::Method;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::{ClientSession, Event, PlayStart};
use crate::rtmp::status::Status;

/// Lines of the log about what a peer can repeat, each with other words.
pub(crate) const MAX_REPORTED: usize = 64;

/// What all connections of a play have in common.
pub(super) struct Shared {
    pub(super) log: Log,
    pub(super) hidden: Arc<Hidden>,
    pub(super) settings: PlaySettings,
    pub(super) queue: Arc<ItemQueue>,
    pub(super) stats: Arc<Stats>,
    pub(super) lag: Arc<Lag>,
    pub(super) reception: Arc<Reception>,
    pub(super) recording: Arc<Recording>,
    pub(super) learned: Arc<Learned>,
    /// Others try as well, or have tried.
    pub(super) entrant: Option<Arc<Entrant>>,
    /// When requests to reconnect were followed.
    pub(super) reconnects: Arc<Mutex<Vec<Instant>>>,
    /// When the last connection broke, while another one is made.
    pub(super) interrupted: Mutex<Option<Instant>>,
    pub(super) started: Instant,
}

/// How one connection ended.
pub(super) enum Outcome {
    /// The stream is over.
    Ended(EosReason),
    /// It failed; another form may do better.
    Failed(Failure),
    /// The server sent us elsewhere.
    Redirected(Redirect),
    /// Another connection goes on.
    HandedOver,
}

/// The policy of one connection.
pub(super) struct Player<'a> {
    shared: &'a Arc<Shared>,
    log: &'a Log,
    settings: &'a PlaySettings,
    stats: Arc<Stats>,
    control: &'a Control,
    place: &'a Place,
    request: &'a Request,
    /// This one is to take another connection's place.
    candidate: Option<Candidate>,
    /// That one is to take this one's place.
    standby: Option<Standby>,
    /// This way to ask has to prove itself: media must come in time.
    on_trial: bool,
    phase: Phase,
    phase_since: Instant,
    /// When this connection began.
    attempt_since: Instant,
    /// The server's version byte where that is not 3, or no version at all.
    odd_version: Option<u8>,
    stream: Option<StreamId>,
    output: &'a mut FlvOutput,
    batch: VecDeque<Item>,
    batch_bytes: usize,
    flood: Flood,
    last_media: Instant,
    /// Bytes that had come when the idle timeout last passed within a message.
    bytes_when_idle: u64,
    /// The method by which `connect` answers a challenge.
    authentication: Option<Method>,
    /// A SecureToken challenge was not answered.
    secure_token_wanted: bool,
    /// The queue is full: silence is not the server's fault.
    blocked: bool,
    pinger: Pinger,
    gaps: Gaps,
    /// When the present batch came.
    batch_since: Instant,
    /// Oddities that have not been published yet.
    ignored: u64,
    /// What the server was asked to send.
    wanted: Wanted,
    /// What said that the publisher left, and when.
    left: Option<(EosReason, Instant)>,
    seeking: Option<Seeking>,
    answers: Answers,
    pausing: Option<Pausing>,
    /// How far the stream has come.
    positions: Positions,
    /// Behind what it is to go on, for the tracks that have not.
    behind: Positions,
    reported: HashSet<String>,
}

impl<'a> Player<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        control: &'a Control,
        place: &'a Place,
        request: &'a Request,
        output: &'a mut FlvOutput,
        on_trial: bool,
        candidate: Option<Candidate>,
    ) -> Self {
        let now = Instant::now();
        shared.stats.begin_attempt();
        let here = place.shown();
        shared.stats.update_peer(|peer| peer.location = Some(here));
        output.want(shared.reception.wanted());
        Self {
            shared,
            log: &shared.log,
            settings: &shared.settings,
            stats: Arc::clone(&shared.stats),
            control,
            place,
            request,
            candidate,
            standby: None,
            on_trial,
            phase: Phase::Resolving,
            phase_since: now,
            attempt_since: now,
            odd_version: None,
            stream: None,
            output,
            batch: VecDeque::new(),
            batch_bytes: 0,
            flood: Flood::new(now),
            last_media: now,
            bytes_when_idle: 0,
            authentication: None,
            secure_token_wanted: false,
            blocked: false,
            pinger: Pinger::new(shared.settings.ping_interval, now),
            gaps: Gaps::default(),
            batch_since: now,
            ignored: 0,
            wanted: Wanted::ALL,
            left: None,
            seeking: None,
            answers: Answers::default(),
            pausing: None,
            positions: Positions::default(),
            behind: Positions::default(),
            reported: HashSet::new(),
        }
    }

    /// Goes to a later phase and restarts its timer.
    pub(super) fn enter(&mut self, phase: Phase, now: Instant) {
        if phase < self.phase {
            return;
        }
        self.phase = phase;
        self.phase_since = now;
        self.stats.enter(phase, now - self.attempt_since);
    }

    /// A line for each step of the flow.
    pub(super) fn log_step(&self, step: fmt::Arguments<'_>) {
        let elapsed = self.shared.started.elapsed();
        self.log.debug(format_args!("{step} (at {elapsed:.1?})"));
    }

    /// Whether media has come by this connection.
    pub(super) fn has_played(&self) -> bool {
        self.phase == Phase::Playing
    }

    /// The NetStream that the server gave us.
    pub(super) fn stream(&self) -> Option<StreamId> {
        self.stream
    }

    fn is_started(&self) -> bool {
        self.phase >= Phase::Waiting
    }

    fn is_ours(&self, stream: StreamId) -> bool {
        stream == StreamId::CONNECTION || Some(stream) == self.stream
    }

    fn on_connected(&mut self, session: &mut ClientSession, now: Instant) {
        self.log_step(format_args!("connect: _result"));
        self.enter(Phase::CreateStream, now);
        if self.request.ahead.is_some() {
            return;
        }
        session.create_stream();
        if let Some(name) = &self.request.subscribe {
            session.subscribe(name);
            self.log_step(format_args!("FCSubscribe sent"));
        }
        self.log_step(format_args!("createStream sent"));
    }

    /// Asks for all that needs no answer.
    fn ask_ahead(&self, session: &mut ClientSession) {
        if let Some(stream) = self.request.ahead {
            session.create_stream();
            session.play(stream, &self.request.play);
            self.log_step(format_args!(
                "createStream and play sent, expecting stream {stream}"
            ));
        }
    }

    fn on_stream_created(&mut self, session: &mut ClientSession, stream: StreamId, now: Instant) {
        self.log_step(format_args!("createStream: _result, stream {stream}"));
        self.stream = Some(stream);
        self.stats.update_peer(|peer| peer.stream = Some(stream));
        self.switch_media(session);
        if self.request.ahead == Some(stream) {
            self.enter(Phase::Play, now);
            return;
        }
        if matches!(self.request.play.start, PlayStart::Recorded(_)) {
            session.get_stream_length(&self.request.play.name);
            self.log_step(format_args!("getStreamLength sent"));
        }
        session.play(stream, &self.request.play);
        self.enter(Phase::Play, now);
        self.log_step(format_args!("play sent"));
    }

    fn on_started(&mut self, by: &dyn fmt::Display, now: Instant) {
        if self.phase == Phase::Play {
            self.enter(Phase::Waiting, now);
            self.last_media = now;
            self.pinger.begin(now);
            self.log_step(format_args!("playing has started: {by}"));
        }
    }

    /// A question was answered after so long.
    fn measured(&self, sample: Duration) {
        self.stats.update_peer(|peer| {
            peer.round_trip = Some(RoundTrip::with(peer.round_trip, sample));
        });
    }

    /// The question of the present phase is answered: it takes no less than
    /// the way there and back.
    fn measure_step(&self, now: Instant) {
        self.measured(now.saturating_duration_since(self.phase_since));
    }

    /// A refusal may bring a status.
    fn note_status(&self, status: Option<&Status>) {
        if let Some(status) = status {
            self.stats.set_last_status(status);
        }
    }

    /// Logs what a peer can repeat: once, and no more than some of what it makes up.
    fn report(&mut self, text: String) {
        if self.reported.len() < MAX_REPORTED && !self.reported.contains(&text) {
            self.log.info(format_args!("{text}"));
            self.reported.insert(text);
        }
    }
}

impl Policy<ClientSession> for Player<'_> {
    type End = Outcome;

    fn on_event(
        &mut self,
        session: &mut ClientSession,
        event: Event,
        now: Instant,
    ) -> Option<Outcome> {
        let is_media = matches!(event, Event::Media(_));
        let end = self.on_each(session, event, now);
        let worth = self.worth(is_media);
        if end.is_none() && !self.flood.count(worth, now) {
            return Some(self.failed(Cause::Protocol(flood::reason())));
        }
        end
    }

    fn is_full(&self) -> bool {
        let bytes = self.batch_bytes.saturating_add(self.output.ready_bytes());
        self.candidate.is_none() && (self.output.has_more() || bytes >= MAX_READY)
    }

    fn flush(&mut self, session: &ClientSession) -> bool {
        if self.candidate.is_some() || !self.may_hand_on() {
            // What is in the queue is the other connection's.
            self.stats.set_counters(session.counters());
            return true;
        }
        let mut room = self.hand_on(session);
        // Aggregates are taken apart as there is room for their parts.
        while room && self.output.has_more() {
            self.output.go_on();
            room = self.hand_on(session);
        }
        if self.blocked && room {
            let now = Instant::now();
            self.last_media = now;
            self.stats.set_blocked(false, now);
        }
        if !self.blocked && !room {
            self.log
                .info(format_args!("The queue is full, the socket waits"));
            self.stats.set_blocked(true, Instant::now());
            self.gaps.interrupt();
            self.pinger.forget();
        }
        self.blocked = !room;
        room || self.may_read_on(session)
    }

    fn on_turn(&mut self, session: &mut ClientSession) -> Option<Outcome> {
        self.switch_media(session);
        let now = Instant::now();
        self.seek_where_wanted(session, now);
        let end = self.pause_where_wanted(session, now);
        if end.is_some() {
            return end;
        }
        if self.candidate.is_some() {
            self.take_over();
        }
        let standby = self.standby.as_mut()?;
        // What has come by this connection comes first.
        if standby.is_ready() && !self.output.has_more() {
            self.log_step(format_args!("handing over to the other connection"));
            return Some(Outcome::HandedOver);
        }
        if standby.has_failed() {
            self.log.info(format_args!(
                "The other connection failed; staying with this one"
            ));
            self.standby = None;
        }
        None
    }

    fn deadline(&self) -> Option<Instant> {
        let limit = match self.step_limit() {
            Some(timeout) => Some(self.phase_since + timeout),
            None if self.is_started() && !self.blocked => {
                let idle = self.settings.idle_timeout;
                idle.map(|idle| self.last_media + idle)
            }
            None => None,
        };
        let grace = self.grace_end().filter(|_| !self.output.has_more());
        let ping = self.pinger.deadline().filter(|_| !self.blocked);
        [
            limit,
            grace,
            ping,
            self.output.deadline(),
            self.seek_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn on_deadline(&mut self, session: &mut ClientSession, now: Instant) -> Option<Outcome> {
        if self.output.deadline().is_some_and(|due| due <= now) {
            self.output.open();
        }
        if self.seek_deadline().is_some_and(|due| due <= now) {
            let end = self.seek_timed_out(now);
            if end.is_some() {
                return end;
            }
        }
        if !self.blocked
            && let Some(number) = self.pinger.due(now)
        {
            let sent = session.ping(number);
            self.log
                .log(format_args!("PingRequest({number}), sent: {sent}"));
        }
        let due = |since: Instant, limit: Option<Duration>| {
            limit.filter(|limit| now.saturating_duration_since(since) >= *limit)
        };
        if let Some(limit) = due(self.phase_since, self.step_limit()) {
            let cause = self.not_rtmp().unwrap_or(Cause::TimedOut(limit));
            return Some(self.failed(cause));
        }
        if self.grace_end().is_some_and(|end| end <= now)
            && !self.output.has_more()
            && let Some((reason, _)) = self.left.take()
        {
            return Some(self.end_unpublished(reason));
        }
        if !self.is_started() || self.blocked {
            return None;
        }
        let limit = due(self.last_media, self.settings.idle_timeout)?;
        self.on_idle(session, limit, now)
    }

    fn on_closed(&mut self, session: &ClientSession, closed: Closed) -> Outcome {
        self.log_step(format_args!("connection closed: {closed:?}"));
        if let Closed::Io(error) = &closed
            && let Some(error) = TlsError::of(error)
        {
            return self.tls_closed(error);
        }
        match closed {
            Closed::Protocol(rtmp::Error::NotRtmp(first)) => {
                self.failed(Cause::NotRtmp(rtmp::Error::NotRtmp(first).to_string()))
            }
            Closed::Protocol(error) => self.failed(Cause::Protocol(error.to_string())),
            Closed::Eof if self.phase < Phase::Playing && self.left.is_none() => {
                self.closed_early(None)
            }
            Closed::Io(error) if self.phase < Phase::Waiting => {
                self.closed_early(Some(error.to_string()))
            }
            Closed::Eof if session.is_at_message_boundary() => {
                self.unannounced(EosReason::ConnectionClosed, Cause::ClosedWithoutEof)
            }
            Closed::Eof => self.failed(Cause::ConnectionLost(
                "it ended in the middle of a message".to_owned(),
            )),
            Closed::Io(error) => self.failed(Cause::ConnectionLost(error.to_string())),
        }
    }
}

impl Player<'_> {
    /// Asks the server for what the application wants by now.
    fn switch_media(&mut self, session: &mut ClientSession) {
        let wanted = self.shared.reception.wanted();
        let Some(stream) = self.stream.filter(|_| wanted != self.wanted) else {
            return;
        };
        if wanted.audio != self.wanted.audio {
            session.receive_audio(stream, wanted.audio);
            self.log_step(format_args!("receiveAudio {} sent", wanted.audio));
        }
        if wanted.video != self.wanted.video {
            session.receive_video(stream, wanted.video);
            self.log_step(format_args!("receiveVideo {} sent", wanted.video));
        }
        self.wanted = wanted;
        self.gaps.interrupt();
        self.output.want(wanted);
    }

    /// Hands on what is held back, so that nothing that came is lost at the end.
    pub(super) fn finish(&mut self, session: &ClientSession) {
        self.hand_seek_over();
        // It ended right behind the key frame from which it was to go on.
        let output = self.candidate.as_ref().and_then(Candidate::wait_for_output);
        if let Some(output) = output {
            self.go_on_with(output);
        }
        if self.output.holds_media() {
            self.output.open();
        }
        self.flush(session);
        // The consumer may take as long as it likes from here on.
        self.stats.set_blocked(false, Instant::now());
    }
}

#[cfg(test)]
pub(super) mod tests;
