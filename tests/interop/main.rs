// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element with programs that we did not write: nginx-rtmp and ffmpeg as
//! servers and publishers, playbin and uridecodebin3, GStreamer's programs,
//! Python, C, the leaks tracer and valgrind. A missing program is a failure:
//! `make test` installs what is needed.

mod access;
mod applications;
mod clip;
mod fast_start;
mod faults;
mod ffmpeg;
mod handshake;
mod leaks;
mod nginx;
mod origin;
mod process;
mod programs;
mod publish;
mod reach;
mod reconnect;
mod short_stream;
mod tls;
mod vod;
#[path = "../element/wire.rs"]
mod wire;

// What the element's own tests play from and with; not all of it is used here.
#[allow(dead_code)]
#[path = "../element/media.rs"]
mod element_media;
#[allow(dead_code)]
#[path = "../element/player.rs"]
mod player;
#[allow(dead_code)]
#[path = "../element/server.rs"]
mod server;

use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

/// Far beyond what anything here takes: reached only by a hang.
const HANG: Duration = Duration::from_secs(120);

/// GStreamer with our plugin, once per process.
fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer starts");
        gstrtmpr::plugin_register_static().expect("the plugin registers");
    });
}

/// The folder that cargo builds into: plugin and examples are in it.
fn build_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let dir = test.parent().and_then(std::path::Path::parent);
    dir.expect("target/PROFILE/deps/TEST").to_owned()
}
