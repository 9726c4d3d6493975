// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One publish: the place that it goes to, and the next one, or the same again, once the
//! connection broke.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::meaning::is_in_use;
use super::notice::{Notice, Report};
use super::policy::{Interrupted, SHORT, Shared};
use super::visit::{VisitEnd, visit};
use crate::client::failure::{Cause, Failure};
use crate::client::place::Place;
use crate::client::reconnect::{Attempts, pause};
use crate::net::Control;

/// Attempts to send what is left once the stream has ended.
const ATTEMPTS_AT_END: u32 = 2;

/// How long a server may take to notice that a connection is gone: nginx-rtmp pings after
/// a minute, and waits half a minute for the answer.
const LINGERING: Duration = Duration::from_secs(120);

/// Connections in a row that the server may close as soon as it has said Publish.Start.
const MAX_SHORT: u32 = 20;

/// The same if none has ever held: who may not publish is told so by some servers.
const MAX_SHORT_AT_START: u32 = 5;

/// Publishes to the end; `None`: cancelled.
pub(super) fn publish(shared: &Arc<Shared>, control: &Control) -> Option<Result<(), Box<Failure>>> {
    let places = Place::all(&shared.settings.connection);
    let mut attempts = Attempts::new(places.len());
    let mut at = 0;
    let mut has_published = false;
    // Connections in a row that did not hold, and whether one ever did.
    let (mut short, mut has_held) = (0, false);
    // The first place's failure, and what came of the others.
    let mut first: Option<Box<Failure>> = None;
    loop {
        let place = places.get(at)?.clone();
        let here = place.shown();
        let visited = visit(shared, control, place);
        if let Some(held) = visited.published {
            has_published = true;
            if held >= SHORT {
                attempts.succeeded(held);
                (short, has_held) = (0, true);
            } else {
                short += 1;
            }
        }
        let failure = match visited.end? {
            VisitEnd::Done => return Some(Ok(())),
            VisitEnd::Failed(failure) => failure,
        };
        let most = if has_held {
            MAX_SHORT
        } else {
            MAX_SHORT_AT_START
        };
        if short > most {
            return Some(Err(failure));
        }
        if !has_published && !may_be_in_use(&failure.cause) {
            let summary = failure.summary();
            let first = match &mut first {
                Some(first) => {
                    first.tried.push(format!("{here} ({summary})"));
                    first
                }
                none => none.insert(failure),
            };
            at += 1;
            if at < places.len() {
                continue;
            }
            return Some(Err(first.clone()));
        }
        if has_published {
            shared.lock_interrupted().get_or_insert(Interrupted {
                since: Instant::now(),
                before: shared.queue.fill().dropped,
            });
        }
        let hopeful = has_published && may_be_in_use(&failure.cause) && lingers(shared);
        let next = match reconnect(
            shared,
            control,
            &mut attempts,
            &places,
            at,
            failure,
            hopeful,
        ) {
            Next::At(next) => next,
            Next::Failed(failure) => return Some(Err(failure)),
            Next::Cancelled => return None,
        };
        at = next;
    }
}

/// Whether the server may still think that a connection of ours is there.
fn lingers(shared: &Shared) -> bool {
    let interrupted = *shared.lock_interrupted();
    interrupted.is_some_and(|interrupted| interrupted.since.elapsed() < LINGERING)
}

fn may_be_in_use(cause: &Cause) -> bool {
    matches!(cause, Cause::PublishFailed(Some(status)) if is_in_use(status))
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
    hopeful: bool,
) -> Next {
    let settings = &shared.settings.reconnect;
    let random = f64::from(glib::random_int()) / f64::from(u32::MAX);
    let is_late = shared.queue.is_finished() && attempts.count() >= ATTEMPTS_AT_END;
    let next = match hopeful {
        true => attempts.next(settings, at, &Cause::ClosedEarly(None), random),
        false => attempts.next(settings, at, &failure.cause, random),
    };
    let Some(next) = next.filter(|_| !is_late) else {
        if attempts.count() > 1 {
            let tried = format!("connecting again, {} times", attempts.count() - 1);
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
    shared.stats.progress.count_reconnect();
    (shared.report)(Report::Notice(Notice::Interrupted {
        to,
        cause,
        attempt,
        delay,
    }));
    match pause(control, delay) {
        true => Next::At(next.place),
        false => Next::Cancelled,
    }
}
