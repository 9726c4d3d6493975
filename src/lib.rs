// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! GStreamer plugin that plays and publishes RTMP streams.
//!
//! The elements are [`rtmprsrc`] and [`rtmprsink`]. Their parts are public so that tests, benchmarks
//! and the example programs can reach them; they are no stable API.

pub mod client;
pub mod driver;
mod elements;
mod error;
pub mod flv;
pub mod footprint;
pub mod live;
pub mod net;
pub mod player;
pub mod properties;
pub mod publisher;
pub mod queue;
pub mod rtmp;
pub mod rtmprsink;
pub mod rtmprsrc;

fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    rtmprsrc::register(plugin)?;
    rtmprsink::register(plugin)
}

gst::plugin_define!(
    rtmpr,
    env!("CARGO_PKG_DESCRIPTION"),
    plugin_init,
    concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
    "MPL",
    env!("CARGO_PKG_NAME"),
    env!("CARGO_PKG_NAME"),
    "Unknown package origin",
    env!("BUILD_REL_DATE")
);
