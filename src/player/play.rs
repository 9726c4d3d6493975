// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One play: the place that is played from, and the next one, or the same again, once
//! the connection broke.

use std::collections::VecDeque;
use std::sync::Arc;

use super::flv_output::FlvOutput;
use super::item::Item;
use super::notice::Notice;
use super::policy::Shared;
use super::race::race;
use super::visit::{Guest, Visit, VisitEnd};
use crate::client::failure::{End, Failure};
use crate::client::place::Place;
use crate::client::reconnect::{Attempts, pause, wait_for_room};
use crate::net::Control;

/// Plays to the end; `None`: cancelled.
pub(super) fn play(shared: &Arc<Shared>, control: &Control) -> Option<End> {
    let mut output = FlvOutput::new(shared.settings.start_position);
    let end = run(shared, control, &mut output)?;
    // All that is left.
    if output.holds_anything() {
        output.open();
    }
    let mut rest = VecDeque::new();
    output.take(&mut rest);
    shared.queue.push(&mut rest);
    Some(end)
}

fn run(shared: &Arc<Shared>, control: &Control, output: &mut FlvOutput) -> Option<End> {
    let places = Place::all(&shared.settings.connection);
    let mut attempts = Attempts::new(places.len());
    // Which ones media has come from.
    let mut known = vec![false; places.len()];
    let (mut at, mut visit) = match places.as_slice() {
        [only] => {
            let guest = Guest::new(only.clone(), shared);
            (0, guest.visit(shared, control, output))
        }
        several => race(shared, control, several, output),
    };
    loop {
        let Visit { played, end } = visit;
        if let Some(held) = played {
            attempts.succeeded(held);
            if let Some(known) = known.get_mut(at) {
                *known = true;
            }
        }
        let failed = match end? {
            VisitEnd::Ended(reason) => {
                return Some(End::Eos {
                    reason,
                    phase: shared.stats.phase(),
                    elapsed: shared.started.elapsed(),
                });
            }
            VisitEnd::Failed(failure) => failure,
            VisitEnd::Redirected(mut guest, redirect) => match guest.follow(shared, &redirect) {
                Ok(()) => {
                    output.forget_what_never_began();
                    output.announce_new_server();
                    visit = guest.visit(shared, control, output);
                    continue;
                }
                Err(failure) => failure,
            },
        };
        if !known.contains(&true) {
            return Some(End::Failed(failed));
        }
        // Whoever sent us elsewhere may send us to another place now.
        let next = match reconnect(shared, control, &mut attempts, &places, at, failed) {
            Next::At(next) => next,
            Next::Failed(failure) => return Some(End::Failed(failure)),
            Next::Cancelled => return None,
        };
        let place = places.get(next)?.clone();
        let guest = match known.get(next) {
            Some(true) => Guest::again(place, shared),
            _ => Guest::new(place, shared),
        };
        output.forget_what_never_began();
        output.announce_new_server();
        at = next;
        visit = guest.visit(shared, control, output);
    }
}

/// What follows a connection that broke.
enum Next {
    /// Another one, at the place of this number.
    At(usize),
    Failed(Box<Failure>),
    Cancelled,
}

/// Waits before the next attempt, if there is to be one.
fn reconnect(
    shared: &Shared,
    control: &Control,
    attempts: &mut Attempts,
    places: &[Place],
    at: usize,
    mut failure: Box<Failure>,
) -> Next {
    let settings = &shared.settings.reconnect;
    let random = f64::from(glib::random_int()) / f64::from(u32::MAX);
    let Some(next) = attempts.next(settings, at, &failure.cause, random) else {
        if attempts.count() > 0 {
            let tried = format!("connecting again, {} times", attempts.count());
            failure.tried.push(tried);
        }
        return Next::Failed(failure);
    };
    let (delay, attempt) = (next.delay, attempts.count());
    let to = places
        .get(next.place)
        .map_or_else(String::new, Place::shown);
    let cause = failure.cause.name();
    shared.log.info(format_args!(
        "{cause}; connecting to {to} in {delay:.1?}, attempt {attempt}"
    ));
    shared.interrupt();
    shared.stats.count_reconnect();
    let notice = Notice::Interrupted {
        to,
        cause,
        attempt,
        delay,
    };
    let notice = Item::Notice(Box::new(notice));
    shared.queue.push(&mut VecDeque::from([notice]));
    let has_room = || shared.queue.push(&mut VecDeque::new());
    match pause(control, delay) && wait_for_room(control, has_room) {
        true => Next::At(next.place),
        false => Next::Cancelled,
    }
}
