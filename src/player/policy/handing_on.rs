// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! From what was made of media into the queue.

use super::Player;
use crate::player::flv_output::Worth;
use crate::player::item::Item;
use crate::player::lag::is_keyframe;
use crate::player::notice::Notice;
use crate::queue::Measured;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;

impl Player<'_> {
    /// Puts news behind the media that came before.
    pub(super) fn notify(&mut self, notice: Notice) {
        if self.candidate.is_some() {
            // The application knows of the other connection only.
            return;
        }
        self.gather();
        let notice = Item::Notice(Box::new(notice));
        self.batch_bytes = self.batch_bytes.saturating_add(notice.size());
        self.batch.push_back(notice);
    }

    pub(super) fn gather(&mut self) {
        let first = self.batch.len();
        let bytes = self.output.take(&mut self.batch);
        self.note_positions(first);
        self.batch_bytes = self.batch_bytes.saturating_add(bytes);
    }

    /// Hands on what is ready; false if the queue is full.
    pub(super) fn hand_on(&mut self, session: &ClientSession) -> bool {
        self.gather();
        let items = self.batch.len();
        // First: who sees the items finds them counted.
        let counters = session.counters();
        let mut traffic = self.output.take_traffic();
        traffic.ignored = std::mem::take(&mut self.ignored);
        let gap = self.gaps.largest();
        self.stats.batch(counters, &traffic, self.batch_since, gap);
        self.batch_bytes = 0;
        // Otherwise there is no later place to go on from than before.
        let lag = &self.shared.lag;
        let has_keyframe =
            lag.is_active() && (!self.output.has_video() || self.batch.iter().any(is_keyframe));
        let mut room = self.shared.queue.push(&mut self.batch);
        let queue = &self.shared.queue;
        if has_keyframe && lag.is_over(queue.fill()) {
            queue.thin(|items| _ = lag.thin(items));
            room = queue.push(&mut self.batch);
        }
        self.log.trace(format_args!(
            "{items} items into the queue; {} bytes in, {} out",
            counters.in_bytes_total, counters.out_bytes_total
        ));
        room
    }

    /// Counts a message that is no media, or what has come of media.
    pub(super) fn worth(&mut self, is_media: bool) -> Worth {
        let mut worth = match &mut self.candidate {
            Some(candidate) => candidate.take_worth(),
            None => self.output.take_worth(),
        };
        worth.useless += u64::from(!is_media);
        worth
    }
}
