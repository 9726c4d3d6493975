// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What an end means: whether it was announced, and in which phase it came.

use std::time::{Duration, Instant};

use super::{Outcome, Player};
use crate::client::failure::{Cause, EosReason, Failure};
use crate::client::phase::Phase;
use crate::client::redirect::Redirect;
use crate::net::{ConnectError, TlsError};
use crate::player::settings::OnUnpublish;
use crate::rtmp;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;
use crate::rtmp::status::Status;

impl Player<'_> {
    /// The end for a connection that did not come about; `None`: cancelled.
    pub(in crate::player) fn connect_failed(&self, error: ConnectError) -> Option<Outcome> {
        let cause = Cause::of_connecting(error, self.phase_since.elapsed())?;
        Some(self.failed(cause))
    }

    pub(super) fn failed(&self, cause: Cause) -> Outcome {
        let elapsed = self.shared.started.elapsed();
        let mut failure = Failure::new(cause, self.phase, elapsed);
        failure.secure_token_wanted = self.secure_token_wanted && self.phase < Phase::Playing;
        Outcome::Failed(failure)
    }

    /// An end that was only deduced; that of a stream whose publisher has left
    /// was announced.
    pub(super) fn unannounced(&self, reason: EosReason, cause: Cause) -> Outcome {
        match &self.left {
            Some((left, _)) => self.end_unpublished(left.clone()),
            None if self.settings.no_eof_is_error || self.settings.reconnect.enabled => {
                self.failed(cause)
            }
            None => Outcome::Ended(reason),
        }
    }

    /// The end for a publisher that left.
    pub(super) fn end_unpublished(&self, reason: EosReason) -> Outcome {
        match self.settings.on_unpublish {
            OnUnpublish::Eos | OnUnpublish::Wait => Outcome::Ended(reason),
            OnUnpublish::Error => self.failed(Cause::Unpublished(reason)),
        }
    }

    /// The server ends the connection with a word, but says nothing of the
    /// stream.
    pub(super) fn closed_by(&self, reason: EosReason) -> Outcome {
        self.unannounced(reason, Cause::ClosedWithoutEof)
    }

    /// The cause of an end in the handshake that follows a strange first byte:
    /// it tells more than how the connection ended.
    pub(super) fn not_rtmp(&self) -> Option<Cause> {
        let first = self
            .odd_version
            .filter(|_| self.phase == Phase::Handshake)?;
        Some(Cause::NotRtmp(rtmp::Error::NotRtmp(first).to_string()))
    }

    /// The end for a connection that TLS cannot go on with.
    pub(super) fn tls_closed(&self, error: &TlsError) -> Outcome {
        let truncated = *error == TlsError::Truncated;
        match &self.left {
            Some((left, _)) if truncated => self.end_unpublished(left.clone()),
            // How servers refuse is not TLS's business.
            None if truncated && self.phase < Phase::Waiting => {
                self.closed_early(Some(error.to_string()))
            }
            _ => self.failed(Cause::of_tls(error.clone())),
        }
    }

    /// The end for a connection that closed before it was playing.
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

    /// The redirect in a status, if it is one. What it names is hidden from then on, in
    /// the status itself as well.
    pub(super) fn redirect(&self, status: &Status) -> Option<Redirect> {
        let redirect = Redirect::find(status)?;
        redirect
            .urls()
            .for_each(|url| self.shared.hidden.learn(url));
        Some(redirect)
    }

    /// No message has been completed for the idle timeout.
    pub(super) fn on_idle(
        &mut self,
        session: &ClientSession,
        limit: Duration,
        now: Instant,
    ) -> Option<Outcome> {
        if !session.is_at_message_boundary() {
            let bytes = session.counters().in_bytes_total;
            if bytes > self.bytes_when_idle {
                // A large message on a slow line.
                self.bytes_when_idle = bytes;
                self.last_media = now;
                return None;
            }
            let why = format!("it stopped in the middle of a message for {limit:?}");
            return Some(self.failed(Cause::ConnectionLost(why)));
        }
        if self.phase < Phase::Playing {
            // Nothing has begun that could have ended.
            return Some(self.failed(Cause::Idle(limit)));
        }
        Some(self.unannounced(EosReason::Idle(limit), Cause::Idle(limit)))
    }

    /// How long the present phase may take.
    pub(super) fn step_limit(&self) -> Option<Duration> {
        let limited = !self.is_started() || (self.on_trial && self.phase == Phase::Waiting);
        self.settings.connection.timeout.filter(|_| limited)
    }
}
