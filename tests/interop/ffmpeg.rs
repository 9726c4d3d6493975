// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Against ffmpeg's own RTMP server.

use std::process::Command;

use crate::clip;
use crate::process::{Folder, Process, free_port, wait_for_listener};

#[test]
fn decoded_frames_equal_those_of_the_clip_that_ffmpeg_serves() {
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let port = free_port();
    let url = format!("rtmp://127.0.0.1:{port}/live/test");
    let _server = Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "flv", "-listen", "1"])
            .arg(&url),
    );
    wait_for_listener(port);
    let decoded = clip::decode(&format!("rtmprsrc location={url}"));
    assert_eq!(decoded, clip::reference(&clip));
}
