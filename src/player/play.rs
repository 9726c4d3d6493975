// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One play: a connection, and the next one where a redirect or another form
//! of asking calls for it.

use std::collections::VecDeque;
use std::time::Instant;

use super::failure::{Cause, End, Failure};
use super::flv_output::FlvOutput;
use super::item::Item;
use super::ladder::{Form, Ladder};
use super::learned::Learned;
use super::notice::Notice;
use super::policy::{Outcome, Player, Shared};
use super::redirect::{Redirect, Redirects};
use super::request::{Place, Request};
use super::stats::Phase;
use crate::driver;
use crate::net::{self, ConnectStep, Control, Transport};
use crate::rtmp::chunk;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;

/// Plays to the end; `None`: cancelled.
pub(super) fn play(shared: &Shared<'_>, control: &Control, learned: &Learned) -> Option<End> {
    let settings = shared.settings;
    let mut output = FlvOutput::new();
    let mut place = Place {
        location: settings.location.clone(),
        redirected: false,
    };
    let mut redirects = Redirects::new(&place.location);
    let first = learned.form(&place.location);
    let mut ladder = Ladder::new(place.choices(settings), first);
    loop {
        let form = ladder.form();
        let request = place.request(settings, &form);
        let mut attempt = Attempt {
            shared,
            control,
            request: &request,
            output: &mut output,
            on_trial: ladder.is_retry(),
            works: &|| learned.remember(&place.location, form.clone()),
        };
        match attempt.run()? {
            Outcome::Ended(reason) => {
                return Some(End::Eos {
                    reason,
                    phase: shared.stats.phase(),
                    elapsed: shared.started.elapsed(),
                });
            }
            Outcome::Failed(failure) => match ladder.climb(failure) {
                Ok(form) => note_retry(shared, &form),
                Err(mut failure) => {
                    failure.redirected_to = place.redirected.then(|| place.shown());
                    return Some(End::Failed(failure));
                }
            },
            Outcome::Redirected(redirect) => {
                match follow(shared, &mut redirects, &place, &redirect) {
                    Ok(next) => place = next,
                    Err(failure) => return Some(End::Failed(failure)),
                }
                ladder = Ladder::new(place.choices(settings), learned.form(&place.location));
                output.announce_restart();
            }
        }
    }
}

fn note_retry(shared: &Shared<'_>, form: &Form) {
    shared.log.info(format_args!(
        "That failed; trying another way to ask: {form}"
    ));
}

/// Where to go, which the application is told.
fn follow(
    shared: &Shared<'_>,
    redirects: &mut Redirects,
    place: &Place,
    redirect: &Redirect,
) -> Result<Place, Box<Failure>> {
    let from = place.shown();
    let next = redirects
        .follow(&place.location, redirect)
        .map(|location| Place {
            location,
            redirected: true,
        })
        .map_err(|(error, to)| {
            let status = redirect.status.clone();
            let cause = Cause::Redirect { status, error, to };
            let elapsed = shared.started.elapsed();
            Box::new(Failure::new(cause, shared.stats.phase(), elapsed))
        })?;
    let (to, count) = (next.shown(), redirects.count());
    shared
        .log
        .info(format_args!("Redirected from {from} to {to}"));
    shared.stats.set_redirects(count);
    let notice = Item::Notice(Box::new(Notice::Redirected { from, to, count }));
    shared.queue.push(&mut VecDeque::from([notice]));
    Ok(next)
}

/// One connection.
struct Attempt<'a> {
    shared: &'a Shared<'a>,
    control: &'a Control,
    request: &'a Request,
    output: &'a mut FlvOutput,
    on_trial: bool,
    /// Called once if media comes.
    works: &'a dyn Fn(),
}

impl Attempt<'_> {
    /// How it ended; `None`: cancelled.
    fn run(&mut self) -> Option<Outcome> {
        let shared = self.shared;
        let request = self.request;
        let mut player = Player::new(shared, request, self.output, self.on_trial);
        let endpoint = &request.endpoint;
        let on_step = |step| match step {
            ConnectStep::Resolving => {
                player.log_step(format_args!("resolving {}", endpoint.host));
            }
            ConnectStep::Connecting => {
                player.enter(Phase::Connecting, Instant::now());
                player.log_step(format_args!("connecting to {endpoint}"));
            }
        };
        let timeout = shared.settings.timeout;
        let transport = net::gio::connect(endpoint, self.control, timeout, on_step);
        let mut transport = match transport {
            Ok(transport) => transport,
            Err(error) => return player.connect_failed(error),
        };
        player.enter(Phase::Handshake, Instant::now());
        player.log_step(format_args!("connected; C0 C1 sent"));

        let seed = u64::from(glib::random_int()) << 32 | u64::from(glib::random_int());
        let mut session = ClientSession::new(request.handshake, seed, chunk::Limits::default());
        session.connect(&request.connect);
        let outcome = driver::run(&mut session, &mut player, &mut transport, self.control);
        player.finish(&session);
        if player.has_played() {
            (self.works)();
        }

        // A polite good-bye: one attempt that never waits.
        session.delete_streams();
        while let Some(bytes) = session.poll_transmit() {
            if transport.write(&bytes).is_err() {
                break;
            }
        }
        outcome
    }
}
