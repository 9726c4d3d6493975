// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Hostile servers at each limit, and what the process that plays from them takes.
//!
//! Each test serves here and plays in a process of its own, which starts this
//! program again (`measured`), so that the memory measured is that of one play. The
//! bounds come from `gstrtmpr::footprint`, which `docs/limits.md` shows.

#[path = "../../src/rtmp/amf0/tests/shapes.rs"]
mod bombs;
#[path = "../element/media.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod media;
#[path = "../element/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;

mod connections;
mod floods;
mod measured;
mod queued;
mod raw;
mod sessions;
mod values;

use std::sync::Once;
use std::time::Duration;

/// Far beyond what anything here takes: reached only by a hang.
const HANG: Duration = Duration::from_secs(120);

fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer starts");
        gstrtmpr::plugin_register_static().expect("the plugin registers");
    });
}
