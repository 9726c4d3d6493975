// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The network side's log: category `rtmpr`, each line with the element's name.
//!
//! The name instead of the object, so that the network thread never holds a
//! reference to the element that owns it.

use std::borrow::Cow;
use std::fmt::Arguments;
use std::sync::Arc;

use once_cell::sync::Lazy;

use super::hidden::Hidden;

static CAT: Lazy<gst::DebugCategory> = Lazy::new(|| {
    gst::DebugCategory::new(
        "rtmpr",
        gst::DebugColorFlags::empty(),
        Some("RTMP connections"),
    )
});

/// Where a player logs.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    name: String,
    secrets: Arc<Hidden>,
}

impl Log {
    /// For the element of this name.
    pub(crate) fn new(name: String, secrets: Arc<Hidden>) -> Self {
        Self { name, secrets }
    }

    /// Connection phases and peers' oddities.
    pub(crate) fn info(&self, text: Arguments<'_>) {
        self.line(gst::DebugLevel::Info, text);
    }

    /// Steps of the flow, commands and status.
    pub(crate) fn debug(&self, text: Arguments<'_>) {
        self.line(gst::DebugLevel::Debug, text);
    }

    /// Single messages.
    pub(crate) fn log(&self, text: Arguments<'_>) {
        self.line(gst::DebugLevel::Log, text);
    }

    /// Batches of bytes.
    pub(crate) fn trace(&self, text: Arguments<'_>) {
        self.line(gst::DebugLevel::Trace, text);
    }

    fn line(&self, level: gst::DebugLevel, text: Arguments<'_>) {
        if CAT.threshold() < level {
            return;
        }
        let text = text.to_string();
        // Bytes are nobody's words.
        let shown = match level {
            gst::DebugLevel::Trace => Cow::Borrowed(text.as_str()),
            _ => Cow::Owned(self.secrets.hide(&text)),
        };
        gst::log_with_level!(CAT, level, "{}: {shown}", self.name);
    }
}
