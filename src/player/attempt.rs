// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection, from the resolver to the good-bye.

use std::sync::Arc;
use std::time::Instant;

use super::candidate::Candidate;
use super::flv_output::FlvOutput;
use super::policy::{Outcome, Player, Shared};
use super::request::Request;
use super::standby::Standby;
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::driver;
use crate::net::{self, ConnectStep, Control, Transport};
use crate::rtmp::auth::{self, Login};
use crate::rtmp::chunk;
use crate::rtmp::message::StreamId;
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
    /// The form of asking has to prove itself.
    pub(super) on_trial: bool,
    /// It is to take another connection's place.
    pub(super) candidate: Option<Candidate>,
}

/// What became of a connection.
#[derive(Default)]
pub(super) struct Finished {
    /// How it ended; `None`: cancelled.
    pub(super) outcome: Option<Outcome>,
    /// Media came by it.
    pub(super) has_played: bool,
    /// The NetStream that the server gave us.
    pub(super) stream: Option<StreamId>,
    /// What is to go on in its place.
    pub(super) standby: Option<Standby>,
    /// It has not taken the other connection's place.
    pub(super) candidate: Option<Candidate>,
    /// No other way to ask is to be tried.
    pub(super) is_final: bool,
    /// A standby's: where it was.
    pub(super) place: Option<Place>,
    /// A standby's: what it leaves behind.
    pub(super) output: Option<FlvOutput>,
}

impl Finished {
    pub(super) fn with_output(mut self, output: FlvOutput) -> Self {
        self.output = Some(output);
        self
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }
}

impl Attempt<'_> {
    /// Runs to the end.
    pub(super) fn run(self, output: &mut FlvOutput) -> Finished {
        let shared = self.shared;
        let request = self.request;
        let connect = self.connect_parameters();
        let mut player = Player::new(
            shared,
            self.control,
            self.place,
            request,
            output,
            self.on_trial,
            self.candidate,
        );
        player.set_authentication(self.login.answers_by());
        let endpoint = &request.endpoint;
        let on_step = |step| match step {
            ConnectStep::Resolving => {
                player.log_step(format_args!("resolving {}", endpoint.host));
            }
            ConnectStep::Connecting => {
                player.enter(Phase::Connecting, Instant::now());
                player.log_step(format_args!("connecting to {endpoint}"));
            }
            ConnectStep::Proxy => {
                player.enter(Phase::Connecting, Instant::now());
                player.log_step(format_args!("asking the proxy for {endpoint}"));
            }
            ConnectStep::Tls => {
                player.enter(Phase::Tls, Instant::now());
                player.log_step(format_args!("TLS handshake with {endpoint}"));
            }
        };
        let settings = &shared.settings;
        let transport = net::gio::connect(
            endpoint,
            &settings.connection.network,
            self.control,
            settings.connection.timeout,
            on_step,
        );
        let mut transport = match transport {
            Ok(transport) => transport,
            Err(error) => {
                return Finished {
                    outcome: player.connect_failed(error),
                    ..Finished::default()
                };
            }
        };
        player.enter(Phase::Handshake, Instant::now());
        player.log_step(format_args!("connected; C0 C1 sent"));

        let seed = u64::from(glib::random_int()) << 32 | u64::from(glib::random_int());
        let mut session = ClientSession::new(request.handshake, seed, chunk::Limits::default());
        session.connect(&connect);
        let outcome = driver::run(&mut session, &mut player, &mut transport, self.control);
        player.finish(&session);
        let has_played = player.has_played();
        let stream = player.stream();
        let standby = player.take_standby();
        let candidate = player.take_candidate();

        // A polite good-bye: one attempt that never waits.
        session.delete_streams();
        while let Some(bytes) = session.poll_transmit() {
            if transport.write(&bytes).is_err() {
                break;
            }
        }
        drop(transport);

        Finished {
            outcome,
            has_played,
            stream,
            standby,
            candidate,
            ..Finished::default()
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
