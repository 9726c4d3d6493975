// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording that is paused for longer than the queue holds: the server stops, and
//! the connection stays alive, as what it says can be read on.

use std::time::Instant;

use super::Player;
use crate::rtmp::session::Session;
use crate::rtmp::session::client::ClientSession;

/// Bytes that may come after the server was asked to stop: what is on its way, and
/// pings of a week.
const MAX_READ: u64 = 16 << 20;

/// The server was asked to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pausing {
    /// Bytes that had come by then.
    bytes: u64,
}

impl Pausing {
    fn may_read(self, bytes: u64) -> bool {
        bytes.saturating_sub(self.bytes) < MAX_READ
    }
}

impl Player<'_> {
    /// Asks the server to stop, or to go on, as the pipeline does.
    pub(super) fn pause_where_wanted(&mut self, session: &mut ClientSession, now: Instant) {
        let recording = &self.shared.recording;
        let is_paused = recording.is_paused();
        if self.pausing.is_some() {
            if !is_paused && !self.blocked {
                self.unpause(session, now);
            }
            return;
        }
        let wants = is_paused && self.blocked && recording.is_recorded();
        if wants
            && self.has_played()
            && !self.is_seeking()
            && let Some(stream) = self.stream
        {
            session.pause(stream, true, self.last_timestamp);
            self.log_step(format_args!("pause at {} ms sent", self.last_timestamp));
            self.pausing = Some(Pausing {
                bytes: session.counters().in_bytes_total,
            });
        }
    }

    /// Asks the server to go on, if it was asked to stop.
    pub(super) fn unpause(&mut self, session: &mut ClientSession, now: Instant) {
        if self.pausing.take().is_some()
            && let Some(stream) = self.stream
        {
            session.pause(stream, false, self.last_timestamp);
            self.log_step(format_args!("unpause at {} ms sent", self.last_timestamp));
            self.output.announce_resume();
            self.last_media = now;
            self.left = None;
        }
    }

    /// Whether to read though the queue is full.
    pub(super) fn may_read_on(&self, session: &ClientSession) -> bool {
        let bytes = session.counters().in_bytes_total;
        self.pausing.is_some_and(|pausing| pausing.may_read(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_does_not_stop_is_read_for_a_while_only() {
        let pausing = Pausing { bytes: 1000 };
        assert!(pausing.may_read(1000));
        assert!(pausing.may_read(1000 + MAX_READ - 1));
        assert!(!pausing.may_read(1000 + MAX_READ));
    }
}
