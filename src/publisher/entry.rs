// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection, or as many as it takes until a server that wants to know who asks has
//! let us in or has said why not.

use std::sync::Arc;

use super::attempt::{Attempt, Finished};
use super::policy::{Outcome, Shared};
use super::request::Request;
use super::standby::Handover;
use crate::client::failure::{Cause, Failure};
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::net::Control;
use crate::rtmp::auth::{AuthError, AuthMode, Login};
use crate::rtmp::status::Status;

/// The way in to one place.
pub(super) struct Entry<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) control: &'a Control,
    pub(super) place: &'a Place,
    /// The handshake with digests is asked for.
    pub(super) digest: bool,
    /// It is to take another connection's place.
    pub(super) handover: Option<&'a Arc<Handover>>,
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
    /// Runs to the end.
    pub(super) fn run(&self) -> Finished {
        let settings = &self.shared.settings;
        let request = Request::new(self.place, settings, self.digest);
        let mut login = self.login();
        // Said because of the last time, and not because the server asked.
        let mode = settings.connection.access.mode;
        let mut is_assumed = mode == AuthMode::Auto && login.query().is_some();
        loop {
            let attempt = Attempt {
                shared: self.shared,
                control: self.control,
                place: self.place,
                request: &request,
                login: &login,
                handover: self.handover,
            };
            let mut finished = attempt.run();
            let Some(Outcome::Failed(failure)) = &mut finished.outcome else {
                return finished;
            };
            if std::mem::take(&mut is_assumed) && is_closed(failure) {
                self.shared.methods.forget(&self.place.location);
                login = self.login();
                self.shared.log.info(format_args!(
                    "The server closed on a user name; connecting again without"
                ));
                continue;
            }
            match self.next(&mut login, &request, failure) {
                Next::Again => {}
                Next::Refused(status, error) => {
                    failure.cause = Cause::NotAuthorized {
                        status: *status,
                        error,
                    };
                    return finished;
                }
                Next::Done => return finished,
            }
        }
    }

    fn login(&self) -> Login {
        let connection = &self.shared.settings.connection;
        let credentials = self.place.credentials(connection);
        let known = self.shared.methods.of(&self.place.location);
        Login::new(connection.access.mode, credentials, known)
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
                    self.shared.methods.remember(&self.place.location, method);
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

/// The server closed the connection on `connect` without a word.
fn is_closed(failure: &Failure) -> bool {
    failure.phase == Phase::Connect && matches!(failure.cause, Cause::ClosedEarly(_))
}
