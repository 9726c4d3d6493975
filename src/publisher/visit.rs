// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One place until it is over there: a connection, and the next one where a redirect or
//! the other handshake calls for it.

use std::sync::Arc;
use std::time::Duration;

use super::entry::Entry;
use super::notice::{Notice, Report};
use super::policy::{Outcome, Shared};
use crate::client::failure::{Cause, Failure};
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::client::redirect::{Redirect, Redirects};
use crate::client::settings::HandshakeChoice;
use crate::net::Control;

/// How it was there.
pub(super) struct Visit {
    /// How long a connection held that the server took media on.
    pub(super) published: Option<Duration>,
    /// How it ended; `None`: cancelled.
    pub(super) end: Option<VisitEnd>,
}

/// How it ended there.
pub(super) enum VisitEnd {
    /// All has been sent.
    Done,
    /// It failed.
    Failed(Box<Failure>),
}

/// Asks until it is over.
pub(super) fn visit(shared: &Arc<Shared>, control: &Control, mut place: Place) -> Visit {
    let named = (place.named > 0).then(|| place.shown());
    let mut redirects = Redirects::new(&place.location);
    let mut digest = false;
    let mut published = None;
    let end = loop {
        let entry = Entry {
            shared,
            control,
            place: &place,
            digest,
            handover: None,
        };
        let mut finished = entry.run();
        published = finished.published.or(published);
        while let Some(Outcome::HandedOver(standby)) = finished.outcome {
            let Some((next, moved)) = standby.wait() else {
                let failure = Failure::new(
                    Cause::Panicked,
                    shared.stats.phase(),
                    shared.started.elapsed(),
                );
                finished.outcome = Some(Outcome::Failed(failure));
                break;
            };
            // As long as both together, and more.
            published = next
                .published
                .map(|held| held + published.unwrap_or_default());
            (finished, place) = (next, moved);
        }
        control.set_follower(None);
        match finished.outcome {
            // Taken out above.
            Some(Outcome::HandedOver(_)) => continue,
            None => break None,
            Some(Outcome::Done) => break Some(VisitEnd::Done),
            Some(Outcome::Redirected(redirect)) => {
                match follow(shared, &mut redirects, &place, &redirect) {
                    Ok(moved) => place = moved,
                    Err(failure) => break Some(VisitEnd::Failed(failure)),
                }
            }
            Some(Outcome::Failed(failure)) if !digest && wants_digest(shared, &failure) => {
                shared.log.info(format_args!(
                    "That failed; trying the handshake with digests"
                ));
                digest = true;
            }
            Some(Outcome::Failed(mut failure)) => {
                failure.redirected_to = place.redirected.then(|| place.shown());
                failure.at = named;
                break Some(VisitEnd::Failed(Box::new(failure)));
            }
        }
    };
    Visit { published, end }
}

/// The server may want the other handshake.
fn wants_digest(shared: &Shared, failure: &Failure) -> bool {
    let is_silent = matches!(failure.cause, Cause::ClosedEarly(_) | Cause::TimedOut(_));
    shared.settings.connection.handshake == HandshakeChoice::Auto
        && failure.phase == Phase::Handshake
        && is_silent
}

/// Where a server sends us, which the application is told.
fn follow(
    shared: &Shared,
    redirects: &mut Redirects,
    place: &Place,
    redirect: &Redirect,
) -> Result<Place, Box<Failure>> {
    let from = place.shown();
    let location = redirects
        .follow(&place.location, redirect)
        .map_err(|(error, to)| {
            let status = redirect.status.clone();
            let cause = Cause::Redirect { status, error, to };
            let elapsed = shared.started.elapsed();
            Box::new(Failure::new(cause, shared.stats.phase(), elapsed))
        })?;
    let moved = Place {
        location,
        redirected: true,
        named: place.named,
    };
    let (to, count) = (moved.shown(), redirects.count());
    shared
        .log
        .info(format_args!("Redirected from {from} to {to}"));
    shared.stats.progress.set_redirects(count);
    (shared.report)(Report::Notice(Notice::Redirected { from, to, count }));
    Ok(moved)
}
