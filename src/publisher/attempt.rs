// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection, from the resolver to the good-bye.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::policy::{Outcome, Publisher, Shared};
use super::request::Request;
use super::standby::Handover;
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::driver;
use crate::net::{self, ConnectStep, Control, Transport};
use crate::rtmp::auth::{self, Login};
use crate::rtmp::chunk;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::{ClientSession, ConnectParameters};

/// One connection.
pub(super) struct Attempt<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) control: &'a Control,
    pub(super) place: &'a Place,
    pub(super) request: &'a Request,
    /// What it says of who asks.
    pub(super) login: &'a Login,
    /// It is to take another connection's place.
    pub(super) handover: Option<&'a Arc<Handover>>,
}

/// What became of a connection.
pub(super) struct Finished {
    /// How it ended; `None`: cancelled.
    pub(super) outcome: Option<Outcome>,
    /// For how long the server took media.
    pub(super) published: Option<Duration>,
}

impl Attempt<'_> {
    /// Runs to the end.
    pub(super) fn run(self) -> Finished {
        let shared = self.shared;
        let request = self.request;
        let connect = self.connect_parameters();
        let mut publisher =
            Publisher::new(shared, self.control, self.place, request, self.handover);
        publisher.set_authentication(self.login.answers_by());
        let endpoint = &request.endpoint;
        let on_step = |step| match step {
            ConnectStep::Resolving => {
                publisher.log_step(format_args!("resolving {}", endpoint.host));
            }
            ConnectStep::Connecting => {
                publisher.enter(Phase::Connecting, Instant::now());
                publisher.log_step(format_args!("connecting to {endpoint}"));
            }
            ConnectStep::Proxy => {
                publisher.enter(Phase::Connecting, Instant::now());
                publisher.log_step(format_args!("asking the proxy for {endpoint}"));
            }
            ConnectStep::Tls => {
                publisher.enter(Phase::Tls, Instant::now());
                publisher.log_step(format_args!("TLS handshake with {endpoint}"));
            }
        };
        let connection = &shared.settings.connection;
        let transport = net::gio::connect(
            endpoint,
            &connection.network,
            self.control,
            connection.timeout,
            on_step,
        );
        let mut transport = match transport {
            Ok(transport) => transport,
            Err(error) => {
                return Finished {
                    outcome: publisher.connect_failed(error),
                    published: None,
                };
            }
        };
        publisher.enter(Phase::Handshake, Instant::now());
        publisher.log_step(format_args!("connected; C0 C1 sent"));

        let seed = u64::from(glib::random_int()) << 32 | u64::from(glib::random_int());
        let mut session = ClientSession::new(request.handshake, seed, chunk::Limits::default());
        session.connect(&connect);
        let outcome = driver::run(&mut session, &mut publisher, &mut transport, self.control);
        publisher.finish(&session);

        // A polite good-bye, where no message is half sent: one attempt that never waits.
        if publisher.may_say_goodbye() {
            publisher.say_goodbye(&mut session);
            while let Some(bytes) = session.poll_transmit() {
                if transport.write(&bytes).is_err() {
                    break;
                }
            }
        }
        let published = publisher.published();
        Finished {
            outcome: publisher.with_successor(outcome),
            published,
        }
    }

    fn connect_parameters(&self) -> ConnectParameters {
        let mut connect = self.request.connect.clone();
        if let Some(query) = self.login.query() {
            connect.application = auth::with_query(&connect.application, &query);
            connect.tc_url = auth::with_query(&connect.tc_url, &query);
        }
        connect
    }
}
