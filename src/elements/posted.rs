// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Element messages that the application has not let go of.
//!
//! A bus takes any number of messages, and a server can make any number of them.
//! So of those that come with the stream only so many are posted as the
//! application can leave unread.

use std::collections::VecDeque;

/// Messages that may wait for the application: a minute of one for each frame.
pub(crate) const MAX_MESSAGES: usize = 4096;

/// What they may take together, in bytes; one alone may take more.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// The messages that are still in use.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    messages: VecDeque<(gst::Message, usize)>,
    bytes: usize,
    refused: bool,
}

impl Posted {
    /// Whether there is no room for any message.
    pub(crate) fn is_full(&mut self) -> bool {
        !self.has_room(0)
    }

    /// Whether there is room for a message of so many bytes.
    pub(crate) fn has_room(&mut self, bytes: usize) -> bool {
        while let Some((message, _)) = self.messages.front()
            && is_free(message)
        {
            self.forget_first();
        }
        if !self.fits(bytes) {
            // Not in order, if the application keeps one of them.
            self.messages.retain(|(message, _)| !is_free(message));
            self.bytes = self.messages.iter().map(|(_, bytes)| bytes).sum();
        }
        self.fits(bytes)
    }

    /// Notes a message of so many bytes before it is posted.
    pub(crate) fn add(&mut self, message: gst::Message, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.messages.push_back((message, bytes));
    }

    /// Whether this is the first message that is not posted.
    pub(crate) fn refuse(&mut self) -> bool {
        !std::mem::replace(&mut self.refused, true)
    }

    fn fits(&self, bytes: usize) -> bool {
        self.messages.is_empty()
            || (self.messages.len() < MAX_MESSAGES && self.bytes.saturating_add(bytes) <= MAX_BYTES)
    }

    fn forget_first(&mut self) {
        if let Some((_, bytes)) = self.messages.pop_front() {
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

/// Nobody but us holds it.
fn is_free(message: &gst::Message) -> bool {
    message.is_writable()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> gst::Message {
        gst::init().expect("GStreamer starts");
        gst::message::Application::new(gst::Structure::new_empty("x"))
    }

    /// Notes messages until there is no room, and returns what an application holds.
    fn fill(posted: &mut Posted, bytes: usize) -> Vec<gst::Message> {
        let mut held = Vec::new();
        while posted.has_room(bytes) {
            let message = message();
            posted.add(message.clone(), bytes);
            held.push(message);
        }
        held
    }

    #[test]
    fn an_application_that_reads_nothing_gets_so_many_messages_and_more_once_it_does() {
        let mut posted = Posted::default();
        let mut held = fill(&mut posted, 100);
        assert_eq!(held.len(), MAX_MESSAGES);
        assert!(posted.is_full());
        assert!(posted.refuse());
        assert!(!posted.refuse(), "said once");

        held.drain(..10);
        held.truncate(held.len() - 10);
        let more = fill(&mut posted, 100);
        assert_eq!(more.len(), 20);
        drop((held, more));
        assert!(!posted.is_full());
    }

    #[test]
    fn large_messages_count_by_what_they_take() {
        let mut posted = Posted::default();
        let held = fill(&mut posted, 5 << 20);
        assert_eq!(held.len(), 3);
        assert!(!posted.is_full());
        drop(held);
        let held = fill(&mut posted, 20 << 20);
        assert_eq!(held.len(), 1, "one alone may take more");
        assert!(posted.is_full());
    }

    #[test]
    fn what_was_let_go_of_is_not_kept() {
        let mut posted = Posted::default();
        for _ in 0..3 * MAX_MESSAGES {
            assert!(posted.has_room(100));
            posted.add(message(), 100);
        }
        assert!(posted.messages.len() <= 1);
    }
}
