// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How a publish comes to its end: what is said, and until when the server is waited for.

use std::time::{Duration, Instant};

use super::{Outcome, Publisher};
use crate::client::failure::{Cause, Failure};
use crate::client::phase::Phase;
use crate::client::redirect::Redirect;
use crate::net::Transport;
use crate::rtmp;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;
use crate::rtmp::status::Status;

/// How long the server may take to close its side once all has been said. A connection
/// that is closed with something left to read would lose what is on its way.
const LINGER: Duration = Duration::from_secs(2);

/// How far the end has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Ending {
    /// It has not begun.
    #[default]
    No,
    /// The stop commands are on their way.
    Said,
    /// The socket has taken them, at that time.
    Sent(Instant),
    /// And it was told that nothing follows.
    Finished(Instant),
    /// The server has confirmed it.
    Confirmed,
}

impl Publisher<'_> {
    /// Says what is to be said at the end.
    pub(in crate::publisher) fn say_goodbye(&self, session: &mut ClientSession) {
        let stop = self.shared.settings.stop;
        if self.stream.is_none() {
            return;
        }
        if stop.unpublish {
            session.unpublish(&self.request.name);
        }
        if stop.close {
            session.close_streams();
        }
        if stop.delete {
            session.delete_streams();
        }
        self.log_step(format_args!("stop commands sent"));
    }

    /// Whether there is a good-bye left to say, and the socket is free for it.
    pub(in crate::publisher) fn may_say_goodbye(&self) -> bool {
        self.ending == Ending::No && self.waiting == 0 && self.stream.is_some()
    }

    /// Nothing is left in the queue.
    pub(super) fn begin_ending(&mut self, session: &mut ClientSession) {
        self.say_goodbye(session);
        self.ending = Ending::Said;
    }

    /// All that was said has gone.
    pub(super) fn ending_was_sent(&mut self, now: Instant) {
        if self.ending == Ending::Said {
            self.ending = Ending::Sent(now);
            self.log_step(format_args!("all has been sent"));
            self.let_standby_go();
        }
    }

    /// Tells the transport, once.
    pub(super) fn finish_sending(&mut self, transport: &mut impl Transport) {
        if let Ending::Sent(at) = self.ending {
            self.ending = Ending::Finished(at);
            transport.finish();
        }
    }

    pub(super) fn is_ending(&self) -> bool {
        self.ending != Ending::No
    }

    pub(super) fn is_all_sent(&self) -> bool {
        matches!(
            self.ending,
            Ending::Sent(_) | Ending::Finished(_) | Ending::Confirmed
        )
    }

    /// The server says that the stream has ended. False if that was not asked for.
    pub(super) fn confirm_end(&mut self) -> bool {
        if self.is_all_sent() {
            self.ending = Ending::Confirmed;
        }
        self.is_ending()
    }

    pub(super) fn is_done(&self) -> bool {
        self.ending == Ending::Confirmed
    }

    pub(super) fn ending_deadline(&self) -> Option<Instant> {
        match self.ending {
            Ending::Sent(at) | Ending::Finished(at) => Some(at + LINGER),
            Ending::No | Ending::Said | Ending::Confirmed => None,
        }
    }

    /// The connection is over.
    pub(in crate::publisher) fn finish(&mut self, session: &ClientSession) {
        let batch = std::mem::take(&mut self.batch);
        let stats = &self.stats;
        stats.batch(&batch, session.counters(), 0, self.last_batch);
    }

    pub(super) fn failed(&self, cause: Cause) -> Outcome {
        self.failed_in(self.phase, cause)
    }

    pub(super) fn failed_in(&self, phase: Phase, cause: Cause) -> Outcome {
        let elapsed = self.shared.started.elapsed();
        let mut failure = Failure::new(cause, phase, elapsed);
        failure.secure_token_wanted = self.secure_token_wanted && !self.is_publishing();
        Outcome::Failed(failure)
    }

    /// The cause of an end in the handshake that follows a strange first byte: it tells
    /// more than how the connection ended.
    pub(super) fn not_rtmp(&self) -> Option<Cause> {
        let first = self
            .odd_version
            .filter(|_| self.phase == Phase::Handshake)?;
        Some(Cause::NotRtmp(rtmp::Error::NotRtmp(first).to_string()))
    }

    /// The end for a connection that closed before it took media.
    pub(super) fn closed_early(&self, error: Option<String>) -> Outcome {
        let cause = self.not_rtmp();
        self.failed(cause.unwrap_or(Cause::ClosedEarly(error)))
    }

    pub(super) fn connect_rejected(&self, status: Option<Status>) -> Outcome {
        match status.as_ref().and_then(|status| self.redirect(status)) {
            Some(redirect) => Outcome::Redirected(redirect),
            None => self.failed(Cause::ConnectRejected(status)),
        }
    }

    /// The redirect in a status, if it is one. What it names is hidden from then on.
    pub(super) fn redirect(&self, status: &Status) -> Option<Redirect> {
        let redirect = Redirect::find(status)?;
        redirect
            .urls()
            .for_each(|url| self.shared.hidden.learn(url));
        Some(redirect)
    }
}
