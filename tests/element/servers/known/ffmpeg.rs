// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FFmpeg in its listen mode: one player, media on message stream 0 up to
//! version 5.1, and at the end the calls of a publisher that leaves.

use gstrtmpr::rtmp::command::Command;

use super::super::message::{
    Said, audio, bandwidth, begin, command, connected, created, frames, on_status, status, success,
    video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

/// A publisher's call, with whatever number it has got to.
fn leaving(name: &str, number: f64, argument: f64) -> Said {
    command(3, 0, &Command::new(name, number).argument(argument))
}

/// With media on this message stream.
fn ffmpeg(stream: u32) -> Script {
    let connect = vec![
        window(2_500_000),
        bandwidth(2_500_000),
        connected(fms_version("FMS/3,0,1,123", 31.0), success()),
        command(3, 0, &Command::new("onBWDone", 0.0).argument(8192.0)),
    ];
    let mut play = vec![
        begin(1),
        on_status(3, 1, status("NetStream.Play.Start")),
        metadata_on(4, stream),
        video(6, stream, 0, AVC_HEADER),
        audio(4, stream, 0, AAC_HEADER),
    ];
    play.extend(frames(4, 6, stream, 0));
    play.push(leaving("FCUnpublish", 5.0, 0.0));
    play.push(leaving("deleteStream", 6.0, 1.0));
    Script {
        closes: Some("play"),
        ..script(connect, vec![created(1)], play)
    }
}

#[test]
fn ffmpeg_is_played_until_it_says_that_it_unpublishes() {
    for stream in [0, 1] {
        ffmpeg(stream).ends_by("fc-unpublish", &tags(0, 0));
        ffmpeg(stream).ends_by_word(&tags(0, 0));
    }
}
