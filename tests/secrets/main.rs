// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Every way in which a play fails, with secrets planted wherever there is place
//! for one, and repeated by servers: none may be seen in the log of any category
//! up to level LOG, in messages, in statistics or in a dump of the pipeline.
//!
//! A process of its own: it keeps the log of all categories.

mod causes;
mod log;
// What the element's and the other servers' tests use; not all of it is needed here.
#[allow(dead_code)]
#[path = "../interop/tls/certificates.rs"]
mod certificates;
#[allow(dead_code)]
#[path = "../element/media.rs"]
mod media;
#[allow(dead_code)]
#[path = "../element/player.rs"]
mod player;
#[allow(dead_code)]
#[path = "../interop/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "../element/server.rs"]
mod server;
#[allow(dead_code)]
#[path = "../interop/tls/stunnel.rs"]
mod stunnel;

use std::path::PathBuf;
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
        log::keep();
    });
}

/// The folder that cargo builds into.
fn build_dir() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let dir = test.parent().and_then(std::path::Path::parent);
    dir.expect("target/PROFILE/deps/TEST").to_owned()
}
