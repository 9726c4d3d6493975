// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One play: a connection, and the next one where a redirect or another form
//! of asking calls for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::attempt::Finished;
use super::entry::Entry;
use super::failure::{Cause, End, Failure};
use super::flv_output::FlvOutput;
use super::item::Item;
use super::ladder::{Choices, Form, Ladder};
use super::notice::Notice;
use super::policy::{Outcome, Shared};
use super::reconnect::{Attempts, pause, wait_for_room};
use super::redirect::{Redirect, Redirects};
use super::request::Place;
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
    let settings = &shared.settings;
    let learned = &shared.learned;
    let start = Place {
        location: settings.location.clone(),
        redirected: false,
    };
    let mut place = start.clone();
    let mut redirects = Redirects::new(&place.location);
    let first = learned.form(&place.location);
    let mut ladder = Ladder::new(place.choices(settings), first);
    let mut attempts = Attempts::default();
    let mut has_played = false;
    loop {
        let form = ladder.form();
        let entry = Entry {
            shared,
            control,
            place: &place,
            form: &form,
            on_trial: ladder.is_retry(),
        };
        let began = Instant::now();
        let finished = entry.run(None, output);
        if finished.has_played {
            learned.remember(&place.location, form);
        }
        let finished = with_successors(finished, output, control);
        if finished.has_played {
            has_played = true;
            attempts.succeeded(began.elapsed());
        }
        if let Some(moved) = finished.place {
            place = moved;
        }
        let outcome = match finished.outcome {
            Some(outcome) => outcome,
            None if control.is_cancelled() => return None,
            // A thread that went on for this one has panicked.
            None => Outcome::Failed(failure(shared, Cause::Panicked)),
        };
        let failed = match outcome {
            // What should have gone on was gone before it could.
            Outcome::HandedOver => {
                let why = "the connection that was to go on has ended".to_owned();
                Box::new(failure(shared, Cause::ConnectionLost(why)))
            }
            Outcome::Ended(reason) => {
                return Some(End::Eos {
                    reason,
                    phase: shared.stats.phase(),
                    elapsed: shared.started.elapsed(),
                });
            }
            Outcome::Failed(failure) => {
                let is_final = finished.has_played || finished.is_final;
                match next_form(&mut ladder, failure, is_final) {
                    Ok(form) => {
                        note_retry(shared, &form);
                        output.forget_what_never_began();
                        continue;
                    }
                    Err(mut failure) => {
                        failure.redirected_to = place.redirected.then(|| place.shown());
                        failure
                    }
                }
            }
            Outcome::Redirected(redirect) => {
                match follow(shared, &mut redirects, &place, &redirect) {
                    Ok(next) => {
                        place = next;
                        ladder =
                            Ladder::new(place.choices(settings), learned.form(&place.location));
                        output.forget_what_never_began();
                        output.announce_new_server();
                        continue;
                    }
                    Err(failure) => failure,
                }
            }
        };
        if !has_played {
            return Some(End::Failed(failed));
        }
        // Whoever sent us elsewhere may send us to another place now.
        match reconnect(shared, control, &mut attempts, failed, start.shown()) {
            Next::Again => {}
            Next::Failed(failure) => return Some(End::Failed(failure)),
            Next::Cancelled => return None,
        }
        place = start.clone();
        redirects = Redirects::new(&place.location);
        // What worked will work again, once the server is there.
        let only = Choices {
            none: true,
            ..place.choices(settings)
        };
        ladder = Ladder::new(only, learned.form(&place.location));
        output.forget_what_never_began();
        output.announce_new_server();
    }
}

/// What follows a connection that broke.
enum Next {
    Again,
    Failed(Box<Failure>),
    Cancelled,
}

/// Waits before the next attempt, if there is to be one.
fn reconnect(
    shared: &Shared,
    control: &Control,
    attempts: &mut Attempts,
    mut failure: Box<Failure>,
    to: String,
) -> Next {
    let settings = &shared.settings.reconnect;
    let random = f64::from(glib::random_int()) / f64::from(u32::MAX);
    let Some(delay) = attempts.next(settings, &failure.cause, random) else {
        if attempts.count() > 0 {
            let tried = format!("connecting again, {} times", attempts.count());
            failure.tried.push(tried);
        }
        return Next::Failed(failure);
    };
    let attempt = attempts.count();
    let cause = failure.cause.name();
    shared.log.info(format_args!(
        "{cause}; connecting again in {delay:.1?}, attempt {attempt}"
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
        true => Next::Again,
        false => Next::Cancelled,
    }
}

/// Waits for the connections that went on in place of this one, and returns how
/// the last one of them ended.
fn with_successors(mut finished: Finished, output: &mut FlvOutput, control: &Control) -> Finished {
    while let Some(standby) = finished.standby.take() {
        if finished.outcome.is_none() {
            break;
        }
        let (mut next, taken) = standby.take_over(std::mem::take(output), control);
        if let Some(returned) = next.output.take() {
            *output = returned;
        }
        // If this one ended by itself, that is what there is to say.
        if !taken && !matches!(finished.outcome, Some(Outcome::HandedOver)) {
            break;
        }
        next.has_played |= finished.has_played;
        finished = next;
    }
    finished
}

/// The next form after a failure, unless media showed that this was the right
/// one, or there shall be none.
fn next_form(ladder: &mut Ladder, failure: Failure, is_final: bool) -> Result<Form, Box<Failure>> {
    if is_final {
        return Err(Box::new(failure));
    }
    ladder.climb(failure)
}

fn failure(shared: &Shared, cause: Cause) -> Failure {
    Failure::new(cause, shared.stats.phase(), shared.started.elapsed())
}

fn note_retry(shared: &Shared, form: &Form) {
    shared.log.info(format_args!(
        "That failed; trying another way to ask: {form}"
    ));
}

/// Where to go, which the application is told.
fn follow(
    shared: &Shared,
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
            Box::new(failure(shared, cause))
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
