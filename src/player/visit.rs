// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One place until it is over there: a connection, and the next one where a redirect or
//! another form of asking calls for it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::attempt::Finished;
use super::entry::Entry;
use super::flv_output::FlvOutput;
use super::item::Item;
use super::ladder::{Choices, Form, Ladder};
use super::notice::Notice;
use super::policy::{Outcome, Shared};
use crate::client::failure::{Cause, EosReason, Failure};
use crate::client::place::Place;
use crate::client::redirect::{Redirect, Redirects};
use crate::net::Control;

/// How it was there.
#[derive(Default)]
pub(super) struct Visit {
    /// How long a connection held that brought media.
    pub(super) played: Option<Duration>,
    /// How it ended; `None`: cancelled.
    pub(super) end: Option<VisitEnd>,
}

/// How it ended there.
pub(super) enum VisitEnd {
    /// The stream is over.
    Ended(EosReason),
    /// It failed in every form of asking.
    Failed(Box<Failure>),
    /// The server sent us elsewhere after it had played, and whoever ran this one shall go.
    Redirected(Box<Guest>, Box<Redirect>),
}

/// Who goes to a place, and to where it sends us.
pub(super) struct Guest {
    place: Place,
    /// The place that the user named, if it is not the first one.
    named: Option<String>,
    redirects: Redirects,
    ladder: Ladder,
}

impl Guest {
    /// For the first time, with all forms of asking.
    pub(super) fn new(place: Place, shared: &Shared) -> Self {
        let ladder = ladder(&place, shared);
        Self::with_ladder(place, ladder)
    }

    /// Where it has played before: what worked will work again.
    pub(super) fn again(place: Place, shared: &Shared) -> Self {
        let only = Choices {
            none: true,
            ..place.choices(&shared.settings)
        };
        let form = shared.learned.form(&place.location);
        Self::with_ladder(place, Ladder::new(only, form))
    }

    fn with_ladder(place: Place, ladder: Ladder) -> Self {
        Self {
            redirects: Redirects::new(&place.location),
            named: (place.named > 0).then(|| place.shown()),
            place,
            ladder,
        }
    }

    /// Asks until it is over.
    pub(super) fn visit(
        mut self,
        shared: &Arc<Shared>,
        control: &Control,
        output: &mut FlvOutput,
    ) -> Visit {
        let mut played = None;
        let end = loop {
            let form = self.ladder.form();
            let entry = Entry {
                shared,
                control,
                place: &self.place,
                form: &form,
                on_trial: self.ladder.is_retry(),
            };
            let began = Instant::now();
            let finished = entry.run(None, output);
            if finished.has_played {
                shared.learned.remember(&self.place.location, form);
            }
            let finished = with_successors(finished, output, control);
            if finished.has_played {
                played = Some(began.elapsed());
            }
            if let Some(moved) = finished.place {
                self.place = moved;
            }
            let outcome = match finished.outcome {
                Some(outcome) => outcome,
                None if control.is_cancelled() => break None,
                // A thread that went on for this one has panicked.
                None => Outcome::Failed(failure(shared, Cause::Panicked)),
            };
            match outcome {
                // What should have gone on was gone before it could.
                Outcome::HandedOver => {
                    let why = "the connection that was to go on has ended".to_owned();
                    let failure = failure(shared, Cause::ConnectionLost(why));
                    break Some(VisitEnd::Failed(Box::new(failure)));
                }
                Outcome::Ended(reason) => break Some(VisitEnd::Ended(reason)),
                Outcome::Failed(failure) => {
                    let is_final = finished.has_played || finished.is_final;
                    match next_form(&mut self.ladder, failure, is_final) {
                        Ok(form) => note_retry(shared, &form),
                        Err(mut failure) => {
                            failure.redirected_to =
                                self.place.redirected.then(|| self.place.shown());
                            failure.at.clone_from(&self.named);
                            break Some(VisitEnd::Failed(failure));
                        }
                    }
                }
                Outcome::Redirected(redirect) => {
                    if played.is_some() && shared.entrant.is_some() {
                        let redirect = Box::new(redirect);
                        break Some(VisitEnd::Redirected(Box::new(self), redirect));
                    }
                    if let Err(failure) = self.follow(shared, &redirect) {
                        break Some(VisitEnd::Failed(failure));
                    }
                    output.forget_what_never_began();
                    output.announce_new_server();
                    continue;
                }
            }
            output.forget_what_never_began();
        };
        Visit { played, end }
    }

    /// Goes where a server sends us, which the application is told.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn follow(
        &mut self,
        shared: &Shared,
        redirect: &Redirect,
    ) -> Result<(), Box<Failure>> {
        let from = self.place.shown();
        let location = self
            .redirects
            .follow(&self.place.location, redirect)
            .map_err(|(error, to)| {
                let status = redirect.status.clone();
                let cause = Cause::Redirect { status, error, to };
                Box::new(failure(shared, cause))
            })?;
        self.place = Place {
            location,
            redirected: true,
            ..self.place
        };
        self.ladder = ladder(&self.place, shared);
        let (to, count) = (self.place.shown(), self.redirects.count());
        shared
            .log
            .info(format_args!("Redirected from {from} to {to}"));
        shared.stats.set_redirects(count);
        let notice = Item::Notice(Box::new(Notice::Redirected { from, to, count }));
        match &shared.entrant {
            Some(entrant) => entrant.tell(notice),
            None => _ = shared.queue.push(&mut VecDeque::from([notice])),
        }
        Ok(())
    }
}

fn ladder(place: &Place, shared: &Shared) -> Ladder {
    let form = shared.learned.form(&place.location);
    Ladder::new(place.choices(&shared.settings), form)
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

/// A failure at this point of a play.
pub(super) fn failure(shared: &Shared, cause: Cause) -> Failure {
    Failure::new(cause, shared.stats.phase(), shared.started.elapsed())
}

fn note_retry(shared: &Shared, form: &Form) {
    shared.log.info(format_args!(
        "That failed; trying another way to ask: {form}"
    ));
}
