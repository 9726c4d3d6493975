// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishers that leave and come back.

use std::time::{Duration, Instant};

use super::{Outcome, Player};
use crate::client::failure::EosReason;
use crate::player::notice::Notice;
use crate::player::settings::OnUnpublish;

/// How long what tells more may follow a StreamEOF: that it was the end of a
/// recording, or that the stream goes on.
const END_GRACE: Duration = Duration::from_millis(100);

impl Player<'_> {
    /// The server says that the publisher left, or that the end is reached.
    pub(super) fn on_unpublished(&mut self, reason: EosReason, now: Instant) -> Option<Outcome> {
        if !self.is_started() {
            return None;
        }
        match self.settings.on_unpublish {
            OnUnpublish::Eos if reason != EosReason::StreamEof => {
                let first = self.left.take().map(|(reason, _)| reason);
                Some(Outcome::Ended(first.unwrap_or(reason)))
            }
            // At the end of a recording Play.Complete follows a StreamEOF, and
            // with a seek a StreamBegin.
            OnUnpublish::Eos | OnUnpublish::Error => {
                self.left.get_or_insert((reason, now));
                None
            }
            OnUnpublish::Wait => {
                if self.left.is_none() {
                    self.log
                        .info(format_args!("The publisher has left ({reason}), waiting"));
                    self.left = Some((reason.clone(), now));
                    self.last_media = now;
                    self.gaps.interrupt();
                    self.output.announce_restart();
                    self.notify(Notice::PublisherLeft(reason));
                }
                None
            }
        }
    }

    /// Something shows that the publisher is there.
    pub(super) fn on_returned(&mut self, now: Instant) {
        let Some((_, since)) = self.left.take() else {
            return;
        };
        if self.settings.on_unpublish != OnUnpublish::Wait {
            return;
        }
        let after = now.saturating_duration_since(since);
        self.log
            .info(format_args!("The publisher is back after {after:.1?}"));
        self.last_media = now;
        self.notify(Notice::PublisherReturned { after });
    }

    /// A publisher begins, again if media has come before.
    pub(super) fn on_begin(&mut self, now: Instant) {
        self.on_returned(now);
        self.output.announce_restart();
    }

    /// When the publisher's leaving becomes an end.
    pub(super) fn grace_end(&self) -> Option<Instant> {
        let (_, since) = self.left.as_ref()?;
        (self.settings.on_unpublish != OnUnpublish::Wait).then(|| *since + END_GRACE)
    }
}
