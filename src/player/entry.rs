// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection, or as many as it takes until a server that wants to know
//! who asks has let us in or has said why not.
//!
//! Such a server refuses `connect` with a question, and the answer comes with
//! the next connection. These are neither retries nor other ways to ask: the
//! same is asked for each time. A refusal of what we answered is the end.

use std::sync::Arc;

use super::attempt::{Attempt, Finished};
use super::candidate::Candidate;
use super::flv_output::FlvOutput;
use super::ladder::Form;
use super::policy::{Outcome, Shared};
use super::reception::Wanted;
use super::request::Request;
use super::settings::FastStart;
use crate::client::failure::{Cause, Failure};
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::net::Control;
use crate::rtmp::auth::{AuthError, AuthMode, Login};
use crate::rtmp::message::StreamId;
use crate::rtmp::status::Status;

/// The NetStream that nearly all servers give first.
const FIRST_STREAM: StreamId = StreamId(1);

/// The way in to one place, in one form of asking.
pub(super) struct Entry<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) control: &'a Control,
    pub(super) place: &'a Place,
    pub(super) form: &'a Form,
    /// The form of asking has to prove itself.
    pub(super) on_trial: bool,
}

/// What follows from a connection.
enum Next {
    /// Another one, with what there is to say now.
    Again,
    /// The end, for this.
    Refused(Box<Status>, AuthError),
    /// The end as it is.
    Done,
}

impl Entry<'_> {
    /// Runs to the end. With a candidate it is to take another connection's
    /// place.
    pub(super) fn run(&self, mut candidate: Option<Candidate>, output: &mut FlvOutput) -> Finished {
        let settings = &self.shared.settings;
        let mut request = self.place.request(settings, self.form);
        let mut login = self.login();
        request.ahead = self.ahead(&request);
        // That was the reason if it plays without.
        let mut failed_ahead = false;
        // Said because of the last time, and not because the server asked.
        let mut is_assumed =
            settings.connection.access.mode == AuthMode::Auto && login.query().is_some();
        loop {
            let attempt = Attempt {
                shared: self.shared,
                control: self.control,
                place: self.place,
                request: &request,
                login: &login,
                on_trial: self.on_trial,
                candidate,
            };
            let mut finished = attempt.run(output);
            candidate = finished.candidate.take();
            let location = &self.place.location;
            if finished.has_played
                && let Some(stream) = finished.stream
            {
                self.shared.learned.remember_stream(location, stream);
                if failed_ahead {
                    self.shared.learned.never_ahead(location);
                }
            }
            let Some(Outcome::Failed(failure)) = &mut finished.outcome else {
                return finished;
            };
            if std::mem::take(&mut is_assumed) && is_closed(failure) {
                self.shared.learned.methods().forget(&self.place.location);
                login = self.login();
                self.shared.log.info(format_args!(
                    "The server closed on a user name; connecting again without"
                ));
                continue;
            }
            if request.ahead.is_some() && !finished.has_played && was_ahead(failure) {
                failed_ahead = true;
                request.ahead = None;
                self.shared.log.info(format_args!(
                    "That failed; asking for one thing after the other"
                ));
                output.forget_what_never_began();
                continue;
            }
            match self.next(&mut login, &request, failure) {
                Next::Again => output.forget_what_never_began(),
                Next::Refused(status, error) => {
                    failure.cause = Cause::NotAuthorized {
                        status: *status,
                        error,
                    };
                    return finished;
                }
                Next::Done => {
                    // Another way to ask would only be another login.
                    let is_silent = failure.cause.status().is_none();
                    finished.is_final = failure.phase == Phase::Connect
                        && is_silent
                        && login.answers_by().is_some();
                    return finished;
                }
            }
        }
    }

    /// The NetStream on which to play before the server has given it.
    fn ahead(&self, request: &Request) -> Option<StreamId> {
        let settings = &self.shared.settings;
        let known = self.shared.learned.stream(&self.place.location);
        let stream = match (settings.fast_start, known) {
            (FastStart::Off, _) | (_, Some(None)) | (FastStart::Auto, None) => None,
            (_, Some(Some(stream))) => Some(stream),
            (FastStart::On, None) => Some(FIRST_STREAM),
        };
        let is_plain = request.can_be_ahead()
            && self.place.credentials(&settings.connection).is_none()
            && self.shared.reception.wanted() == Wanted::ALL;
        stream.filter(|_| is_plain)
    }

    fn login(&self) -> Login {
        let settings = &self.shared.settings;
        let credentials = self.place.credentials(&settings.connection);
        let known = self.shared.learned.methods().of(&self.place.location);
        Login::new(settings.connection.access.mode, credentials, known)
    }

    fn next(&self, login: &mut Login, request: &Request, failure: &Failure) -> Next {
        let Cause::ConnectRejected(Some(status)) = &failure.cause else {
            return Next::Done;
        };
        let random = glib::random_int();
        let application = &request.connect.application;
        match login.on_refused(&status.description, application, random) {
            Some(Ok(())) => {
                if let Some(method) = login.method() {
                    let learned = &self.shared.learned;
                    learned.methods().remember(&self.place.location, method);
                    self.shared.log.info(format_args!(
                        "The server wants to know who asks ({method}); connecting again"
                    ));
                }
                Next::Again
            }
            Some(Err(error)) => Next::Refused(Box::new(status.clone()), error),
            None => Next::Done,
        }
    }
}

/// Whether it may have failed as more was asked for than was answered.
fn was_ahead(failure: &Failure) -> bool {
    let is_asking = matches!(
        failure.phase,
        Phase::Connect | Phase::CreateStream | Phase::Play
    );
    let may_be = matches!(
        failure.cause,
        Cause::ClosedEarly(_)
            | Cause::TimedOut(_)
            | Cause::Protocol(_)
            | Cause::ConnectionLost(_)
            | Cause::CreateStreamFailed(_)
            | Cause::PlayFailed(_)
    );
    is_asking && may_be
}

/// The server closed the connection on `connect` without a word.
fn is_closed(failure: &Failure) -> bool {
    failure.phase == Phase::Connect && matches!(failure.cause, Cause::ClosedEarly(_))
}
