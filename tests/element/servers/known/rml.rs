// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers on the rml library: onBWDone before connect's answer, StreamBegin
//! between the two statuses, a closed connection at the end.

use gstrtmpr::rtmp::command::Command;

use super::super::message::{
    audio, bandwidth, begin, chunk_size, command, connected, created, data_start, frames,
    on_status, sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

fn rml() -> Script {
    let connect = vec![
        chunk_size(4096),
        window(2_500_000),
        begin(0),
        bandwidth(2_500_000),
        command(3, 0, &Command::new("onBWDone", 0.0).argument(8192.0)),
        connected(
            fms_version("FMS/3,0,1,1233", 31.0),
            success().with("objectEncoding", 0.0),
        ),
    ];
    let mut play = vec![
        on_status(4, 1, status("NetStream.Play.Reset")),
        begin(1),
        on_status(4, 1, status("NetStream.Play.Start")),
        sample_access(4, 1),
        data_start(4, 1),
        metadata_on(4, 1),
        video(4, 1, 0, AVC_HEADER),
        audio(4, 1, 0, AAC_HEADER),
    ];
    // All of a stream on one chunk stream.
    play.extend(frames(4, 4, 1, 500));
    Script {
        closes: Some("play"),
        ..script(connect, vec![created(1)], play)
    }
}

#[test]
fn rml_is_played_until_it_closes_the_connection() {
    rml().ends_without_a_word(&tags(0, 500));
}
