// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A server's status as fields of an element message.

use std::time::Duration;

use crate::client::Hidden;
use crate::rtmp::status::{Status, printable};

/// The server's words, made fit to be shown.
pub(crate) fn add_status(
    structure: &mut gst::StructureRef,
    status: Option<&Status>,
    hidden: &Hidden,
) {
    let Some(status) = status else {
        return;
    };
    let shown = |text| hidden.hide(&printable(text));
    structure.set("code", shown(status.code.as_str()));
    structure.set("level", status.level.name());
    structure.set("description", shown(&status.description));
}

/// As GStreamer counts time.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
