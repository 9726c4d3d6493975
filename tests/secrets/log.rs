// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The log of the whole process.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// In each planted secret.
const PLANTED: &str = "hidden-";

/// Stands beside the secrets that servers repeat, so that a test knows that
/// their words were shown.
pub(crate) const SAID: &str = "said-beside-a-secret";

static LINES: Mutex<Lines> = Mutex::new(Lines {
    leaks: Vec::new(),
    said: 0,
    of_core: 0,
});

#[derive(Default)]
struct Lines {
    leaks: Vec<String>,
    said: usize,
    /// Lines of GStreamer's own categories.
    of_core: usize,
}

fn lines() -> MutexGuard<'static, Lines> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what matters of the log from now on, up to level LOG.
pub(crate) fn keep() {
    gst::log::remove_default_log_function();
    gst::log::add_log_function(|category, level, _, _, _, object, message| {
        if level > gst::DebugLevel::Log {
            return;
        }
        let text = message.get().unwrap_or_default();
        // Before the lock is taken: it may log something itself.
        let shown = format!("{level:?} {} {object:?}: {text}", category.name());
        let mut lines = lines();
        lines.said += usize::from(text.contains(SAID));
        lines.of_core += usize::from(category.name().starts_with("GST_"));
        if shows_a_secret(&shown) {
            lines.leaks.push(shown);
        }
    });
    gst::log::set_default_threshold(gst::DebugLevel::Log);
}

pub(crate) fn shows_a_secret(text: &str) -> bool {
    text.contains(PLANTED)
}

/// Lines that show a secret.
pub(crate) fn leaks() -> Vec<String> {
    lines().leaks.clone()
}

/// How many lines there were of servers' words, and of GStreamer itself.
pub(crate) fn seen() -> (usize, usize) {
    let lines = lines();
    (lines.said, lines.of_core)
}
