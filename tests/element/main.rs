// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element against servers that the tests script, in one process.
//!
//! Every wait ends at a deadline that only a hang can reach; none of them is
//! an assertion about speed.

mod access;
mod backpressure;
mod black_hole;
mod clock;
mod ends;
mod enhanced;
mod errors;
mod fallbacks;
mod fast_start;
mod flow;
mod handshake;
mod limits;
mod live;
mod locations;
mod measured;
mod media;
mod messages;
mod parameters;
mod pause;
mod play;
mod player;
mod properties;
mod publish;
mod reconnect;
mod reconnect_request;
mod redirects;
mod rough_line;
mod script_data;
mod secrets;
mod seek;
mod server;
mod servers;
mod stats;
mod stop;
mod unpublish;
mod wire;

use std::sync::Once;
use std::time::Duration;

/// Far beyond what anything here takes: reached only by a hang.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// GStreamer with our plugin, once per process.
pub(crate) fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer starts");
        gstrtmpr::plugin_register_static().expect("the plugin registers");
    });
}
