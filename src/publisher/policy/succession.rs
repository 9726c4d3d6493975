// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection that takes another one's place, at a server's request.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{Interrupted, Outcome, Publisher};
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::client::redirect::{reconnect, reconnect_url};
use crate::publisher::notice::Notice;
use crate::publisher::standby::Standby;
use crate::rtmp::session::client::ClientSession;
use crate::rtmp::status::Status;

/// Requests that are followed in [`PERIOD`].
const MAX_REQUESTS: usize = 5;

/// See [`MAX_REQUESTS`].
const PERIOD: Duration = Duration::from_secs(60);

impl Publisher<'_> {
    /// The server asks for another connection.
    pub(super) fn on_reconnect_request(&mut self, status: &Status, now: Instant) {
        let is_possible = self.is_publishing() && !self.is_ending() && self.standby.is_none();
        if !is_possible {
            self.report("Not reconnecting now, though the server asks for it".to_owned());
            return;
        }
        let present = &self.place.location;
        let location = match reconnect(status, present) {
            Ok(location) => location,
            Err(error) => {
                self.report(format!("A request to reconnect is not followed: {error}"));
                return;
            }
        };
        if !self.may_reconnect(now) {
            self.report("The server asks for too many reconnections".to_owned());
            return;
        }
        if let Some(url) = reconnect_url(status) {
            self.shared.hidden.learn(url);
        }
        let place = Place {
            redirected: self.place.redirected || location != *present,
            location,
            named: self.place.named,
        };
        let to = place.shown();
        self.log
            .info(format_args!("The server asks to reconnect, to {to}"));
        self.standby = Standby::start(self.shared, place, self.control);
        self.shared.tell(Notice::Reconnecting { to });
    }

    /// Counts the requests of the whole publish, whichever connection they come on.
    fn may_reconnect(&self, now: Instant) -> bool {
        let reconnects = self.shared.reconnects.lock();
        let mut reconnects = reconnects.unwrap_or_else(PoisonError::into_inner);
        reconnects.retain(|at| now.saturating_duration_since(*at) < PERIOD);
        let may = reconnects.len() < MAX_REQUESTS;
        if may {
            reconnects.push(now);
        }
        may
    }

    /// The connection that is to take this one's place may be ready, or have failed.
    pub(super) fn look_at_standby(&mut self) {
        let Some(standby) = &self.standby else {
            return;
        };
        if standby.is_ready() && !self.is_leaving && !self.is_ending() {
            self.is_leaving = true;
            self.log_step(format_args!("leaving at the next key frame"));
        }
        if standby.has_failed() && !self.is_ending() {
            self.log.info(format_args!(
                "The other connection failed; staying with this one"
            ));
            self.is_leaving = false;
            self.standby = None;
        }
    }

    /// The next packet is the other connection's.
    pub(super) fn hand_over(&mut self, session: &mut ClientSession, now: Instant) {
        self.note_interruption(now);
        self.begin_ending(session);
    }

    /// All of this connection has gone.
    pub(super) fn let_standby_go(&self) {
        if let Some(standby) = self.standby.as_ref().filter(|_| self.is_leaving) {
            self.log_step(format_args!("handing over to the other connection"));
            standby.go();
        }
    }

    fn note_interruption(&self, now: Instant) {
        self.shared.lock_interrupted().get_or_insert(Interrupted {
            since: now,
            before: self.shared.queue.fill().dropped,
        });
    }

    /// Publishes if it is this connection's turn.
    pub(super) fn take_turn(&mut self, session: &mut ClientSession) {
        let may_go = self.handover.is_some_and(|handover| handover.may_go());
        if !self.waits_for_its_turn || !may_go {
            return;
        }
        self.waits_for_its_turn = false;
        let own = std::mem::replace(&mut self.stats, Arc::clone(&self.shared.stats));
        self.stats.begin_attempt();
        self.stats.progress.adopt(&own.progress);
        if let Some(stream) = self.stream {
            self.publish(session, stream, Instant::now());
        }
    }

    /// Whether to wait with `publish`.
    pub(super) fn waits_with_publish(&mut self) -> bool {
        if let Some(handover) = self.handover {
            self.waits_for_its_turn = true;
            handover.set_ready();
        }
        self.waits_for_its_turn
    }

    /// What became of a connection, with the one that goes on in its place.
    pub(in crate::publisher) fn with_successor(
        mut self,
        outcome: Option<Outcome>,
    ) -> Option<Outcome> {
        let Some(standby) = self.standby.take() else {
            return outcome;
        };
        match outcome {
            Some(Outcome::Done) if self.is_leaving => Some(Outcome::HandedOver(Box::new(standby))),
            // It broke, and the other one is there.
            Some(Outcome::Failed(_)) if self.phase == Phase::Publishing && standby.is_ready() => {
                self.note_interruption(Instant::now());
                standby.go();
                Some(Outcome::HandedOver(Box::new(standby)))
            }
            other => other,
        }
    }
}
