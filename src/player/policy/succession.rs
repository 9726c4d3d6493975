// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Another connection that takes this one's place, or whose place this one
//! takes.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::{Player, Shared};
use crate::client::phase::Phase;
use crate::client::redirect::reconnect_url;
use crate::player::candidate::Candidate;
use crate::player::flv_output::FlvOutput;
use crate::player::notice::Notice;
use crate::player::standby::Standby;
use crate::rtmp::status::Status;

/// Most requests to reconnect that are followed in [`RECONNECT_PERIOD`].
pub(crate) const MAX_RECONNECTS: usize = 5;

/// Time in which requests to reconnect are counted.
const RECONNECT_PERIOD: Duration = Duration::from_secs(60);

impl Shared {
    /// The connection broke.
    pub(in crate::player) fn interrupt(&self) {
        let mut interrupted = self.interrupted.lock();
        let interrupted = match &mut interrupted {
            Ok(interrupted) => &mut **interrupted,
            Err(error) => &mut **error.get_mut(),
        };
        interrupted.get_or_insert_with(Instant::now);
    }
}

impl Player<'_> {
    /// The server asks us to move: another connection is made, which goes on
    /// from a key frame while this one plays until then.
    pub(super) fn on_reconnect_request(&mut self, status: &Status, now: Instant) {
        if self.candidate.is_some() || self.phase != Phase::Playing || self.standby.is_some() {
            self.report("Not reconnecting now, though the server asks for it".to_owned());
            return;
        }
        match self.place.reconnect(status, self.request) {
            Ok(place) => {
                if !self.may_reconnect(now) {
                    self.report("The server asks for too many reconnections".to_owned());
                    return;
                }
                if let Some(url) = reconnect_url(status) {
                    self.shared.hidden.learn(url);
                }
                let to = place.shown();
                self.log
                    .info(format_args!("The server asks to reconnect, to {to}"));
                let wants_video = self.shared.reception.wanted().video;
                self.standby = Standby::start(
                    self.shared,
                    place,
                    self.request.form.without_split(),
                    self.control.clone(),
                    Arc::clone(&self.stats),
                    wants_video && self.output.has_video(),
                );
                self.notify(Notice::Reconnecting { to });
            }
            Err(error) => self.report(format!("A request to reconnect is not followed: {error}")),
        }
    }

    /// Counts the requests of the whole play, whichever connection they come on.
    fn may_reconnect(&self, now: Instant) -> bool {
        let reconnects = self.shared.reconnects.lock();
        let mut reconnects = reconnects.unwrap_or_else(PoisonError::into_inner);
        reconnects.retain(|at| now.saturating_duration_since(*at) < RECONNECT_PERIOD);
        let may = reconnects.len() < MAX_RECONNECTS;
        if may {
            reconnects.push(now);
        }
        may
    }

    /// Media comes, maybe for the first time since a connection broke.
    pub(in crate::player) fn on_reconnected(&mut self, now: Instant) {
        let mut interrupted = self.shared.interrupted.lock();
        let since = match &mut interrupted {
            Ok(since) => since.take(),
            Err(error) => error.get_mut().take(),
        };
        drop(interrupted);
        if let Some(since) = since {
            let gap = now.saturating_duration_since(since);
            self.log
                .info(format_args!("Media comes again after {gap:.1?}"));
            let to = self.place.shown();
            self.notify(Notice::Reconnected { to, gap });
        }
    }

    /// Takes the other connection's place, if that is free by now.
    pub(super) fn take_over(&mut self) {
        let output = self.candidate.as_ref().and_then(Candidate::output);
        if let Some(output) = output {
            self.go_on_with(output);
        }
    }

    pub(super) fn go_on_with(&mut self, output: FlvOutput) {
        let Some(candidate) = self.candidate.take() else {
            return;
        };
        let now = Instant::now();
        let own = std::mem::replace(&mut self.stats, Arc::clone(&candidate.stats));
        self.stats.adopt(&own);
        *self.output = output;
        if !candidate.continues() {
            self.output.announce_restart();
        }
        self.output.expect_headers_again();
        self.output.want(self.shared.reception.wanted());
        self.log_step(format_args!("taken over"));
        let to = self.place.shown();
        let gap = Duration::ZERO;
        self.notify(Notice::Reconnected { to, gap });
        for (media, at) in candidate.into_media(now) {
            self.output.media(media, at);
        }
    }

    /// What has not taken another connection's place.
    pub(in crate::player) fn take_candidate(&mut self) -> Option<Candidate> {
        self.candidate.take()
    }

    /// The connection that is to take this one's place.
    pub(in crate::player) fn take_standby(&mut self) -> Option<Standby> {
        self.standby.take()
    }
}
