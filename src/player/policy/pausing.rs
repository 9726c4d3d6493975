// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording that is paused for longer than the queue holds: the server is told to
//! wait, and what it says is read on, so that its pings are answered.
//!
//! What comes by then is left out. Servers do not agree on where they go on (nginx-rtmp
//! may begin an FLV file anew, or count the pause as played), so they are asked for the
//! place by a seek, and what had come is left out of what follows.

use std::time::Instant;

use super::{Outcome, Player};
use crate::client::failure::EosReason;
use crate::player::item::Item;
use crate::player::recording::Positions;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;
use crate::rtmp::status::Status;
use crate::rtmp::timestamp::Track;

/// Bytes that may come after the server was told to wait: what was on its way, and pings
/// of a week.
const MAX_READ: u64 = 16 << 20;

/// The server was told to wait.
pub(super) struct Pausing {
    /// Bytes that had come by then.
    bytes: u64,
    /// It has said that the recording is over.
    over: Option<EosReason>,
}

impl Pausing {
    fn may_read(&self, bytes: u64) -> bool {
        bytes.saturating_sub(self.bytes) < MAX_READ
    }
}

impl Player<'_> {
    /// Tells the server to wait or to go on, as the pipeline does.
    pub(super) fn pause_where_wanted(
        &mut self,
        session: &mut ClientSession,
        now: Instant,
    ) -> Option<Outcome> {
        let recording = &self.shared.recording;
        let is_paused = recording.is_paused();
        if let Some(pausing) = &mut self.pausing {
            if is_paused || self.blocked || self.output.has_more() {
                return None;
            }
            if let Some(over) = pausing.over.take() {
                // nginx-rtmp does not go back from there: another connection has to.
                return Some(Outcome::Ended(over));
            }
            self.gather();
            match recording.resume(self.positions) {
                Some(seek) => self.begin_seek(session, seek, now),
                None => self.unpause(session, 0),
            }
            return None;
        }
        if is_paused
            && self.blocked
            && recording.is_recorded()
            && self.has_played()
            && self.seeking.is_none()
            && let Some(stream) = self.stream
        {
            let at = self.positions.earliest().unwrap_or_default();
            session.pause(stream, true, u32::try_from(at).unwrap_or(u32::MAX));
            self.log_step(format_args!("pause at {at} ms sent"));
            self.pausing = Some(Pausing {
                bytes: session.counters().in_bytes_total,
                over: None,
            });
        }
        None
    }

    /// Tells the server to go on, if it was told to wait.
    pub(super) fn unpause(&mut self, session: &mut ClientSession, at: u64) {
        if self.pausing.take().is_some()
            && let Some(stream) = self.stream
        {
            session.pause(stream, false, u32::try_from(at).unwrap_or(u32::MAX));
            self.log_step(format_args!("unpause at {at} ms sent"));
        }
    }

    /// Whether media that comes is to be left out.
    pub(super) fn is_pausing(&self) -> bool {
        self.pausing.is_some()
    }

    /// Whether to read though the queue is full.
    pub(super) fn may_read_on(&self, session: &ClientSession) -> bool {
        let bytes = session.counters().in_bytes_total;
        let pausing = self.pausing.as_ref();
        pausing.is_some_and(|pausing| pausing.may_read(bytes))
    }

    /// The server says that the recording is over. True if that is left for later.
    pub(super) fn pause_met_end(&mut self, status: &Status) -> bool {
        let Some(pausing) = &mut self.pausing else {
            return false;
        };
        pausing.over = Some(EosReason::said(status.clone()));
        true
    }

    /// The connection ended in the meantime: another one goes on.
    pub(super) fn hand_pause_over(&mut self) {
        if self.pausing.take().is_some() {
            self.gather();
            let recording = &self.shared.recording;
            if let Some(seek) = recording.resume(self.positions) {
                recording.put_back(seek);
            }
        }
    }

    /// What comes now may have come before.
    pub(super) fn go_on_behind(&mut self, behind: Option<Positions>) {
        self.behind = behind.unwrap_or_default();
    }

    /// Looks at what was gathered behind the first items of the batch: notes how far the
    /// stream is, and leaves out what has come before.
    pub(super) fn note_positions(&mut self, first: usize) {
        let (positions, behind) = (&mut self.positions, &mut self.behind);
        let mut note = |item: &Item| {
            if let Some((track, time)) = frame(item) {
                *positions.of(track) = Some(time);
            }
        };
        if *behind == Positions::default() {
            return self.batch.iter().skip(first).for_each(note);
        }
        let mut index = 0;
        self.batch.retain(|item| {
            index += 1;
            let is_new = index <= first || behind.admits(item);
            if is_new && index > first {
                note(item);
            }
            is_new
        });
    }
}

/// Track and time of a frame, in ms.
fn frame(item: &Item) -> Option<(Track, u64)> {
    match item {
        Item::Packet(packet) => packet.track().zip(packet.dts),
        _ => None,
    }
}

impl Positions {
    /// Whether it comes behind, from which on all of its track does.
    fn admits(&mut self, item: &Item) -> bool {
        let Some((track, time)) = frame(item) else {
            return true;
        };
        let is_behind = self.of(track).is_none_or(|last| time > last);
        if is_behind {
            *self.of(track) = None;
        }
        is_behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_wait_is_read_for_a_while_only() {
        let pausing = Pausing {
            bytes: 1000,
            over: None,
        };
        assert!(pausing.may_read(1000));
        assert!(pausing.may_read(1000 + MAX_READ - 1));
        assert!(!pausing.may_read(1000 + MAX_READ));
    }
}
