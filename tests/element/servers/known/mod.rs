// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One file for each server: what it says until its publisher stops, with the
//! chunk streams, transaction ids and members that are its habit; how it
//! refuses, and what it says of publishers that are absent, leave and return.

mod ffmpeg;
mod fms;
mod lal;
mod mediamtx;
mod nginx;
mod node_media_server;
mod red5;
mod returns;
mod rml;
mod silence;
mod srs;
mod wowza;
mod xiu;
mod zlmediakit;

use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::command::Command;

use super::message::{CONNECT, Said, command, data, frame_tags, header_tags};
use super::script::Script;
use super::talk::Pace;
use crate::media::{metadata, tag};

fn script(connect: Vec<Said>, create_stream: Vec<Said>, play: Vec<Said>) -> Script {
    Script {
        connect,
        create_stream,
        play,
        closes: None,
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

/// What must come out of metadata, headers and frames at these times.
fn tags(headers: u32, frames: u32) -> Vec<Vec<u8>> {
    let metadata = vec![tag(18, 0, &metadata())];
    [metadata, header_tags(headers), frame_tags(frames)].concat()
}

/// An information object of level `error`.
fn error(code: &str, description: &str) -> Object {
    Object::new()
        .with("level", "error")
        .with("code", code)
        .with("description", description)
}

/// `_error` for `connect`.
fn rejected(code: &str, description: &str) -> Said {
    let refusal = Command::new("_error", CONNECT).argument(error(code, description));
    command(3, 0, &refusal)
}

impl Script {
    /// This server where it says only this in answer to `connect`, and closes.
    fn refusing_connect(self, said: Vec<Said>) -> Self {
        Self {
            connect: said,
            closes: Some("connect"),
            ..self
        }
    }

    /// This server where it says only this in answer to `play`, and closes.
    fn refusing_play(self, said: Vec<Said>) -> Self {
        Self {
            play: said,
            closes: Some("play"),
            ..self
        }
    }
}
