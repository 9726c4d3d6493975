// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One file for each server: what it says until its publisher stops, with the
//! chunk streams, transaction ids and members that are its habit.

mod fms;
mod lal;
mod mediamtx;
mod nginx;
mod red5;
mod rml;
mod srs;
mod wowza;

use gstrtmpr::rtmp::amf::Object;

use super::message::{Said, data};
use super::script::Script;
use super::talk::Pace;
use crate::media::metadata;

fn script(connect: Vec<Said>, create_stream: Vec<Said>, play: Vec<Said>) -> Script {
    Script {
        connect,
        create_stream,
        play,
        closes: false,
        subscribed: false,
        pace: Pace::Whole,
    }
}

fn fms_version(version: &str, capabilities: f64) -> Object {
    Object::new()
        .with("fmsVer", version)
        .with("capabilities", capabilities)
}

/// `onMetaData` at 0.
fn metadata_on(csid: u32, stream: u32) -> Said {
    Said {
        body: metadata(),
        ..data(csid, stream, [])
    }
}
