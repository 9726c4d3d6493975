// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A connection among others at the start, of which one will play.

use std::sync::Arc;

use super::Player;

impl Player<'_> {
    /// No other place can play any more.
    pub(super) fn has_won(&self) -> bool {
        let entrant = self.shared.entrant.as_ref();
        entrant.is_none_or(|entrant| entrant.has_won())
    }

    /// Whether what came may be handed on: always, but where others try as well, only
    /// by the first that could.
    pub(super) fn may_hand_on(&mut self) -> bool {
        let Some(entrant) = &self.shared.entrant else {
            return true;
        };
        if !entrant.has_won() {
            let is_open = self.output.has_media() && !self.output.holds_media();
            let could = is_open || self.output.ready_bytes() > 0;
            if !could || !entrant.claim() {
                return false;
            }
            let place = self.place.shown();
            self.log.info(format_args!("Playing from {place}"));
        }
        if let Some(stats) = entrant.stats() {
            self.stats = Arc::clone(stats);
        }
        let mut news = entrant.take_news();
        if !news.is_empty() {
            news.append(&mut self.batch);
            self.batch = news;
        }
        true
    }
}
