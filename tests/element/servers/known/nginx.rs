// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! nginx-rtmp: no Play.Reset, the publisher's own times, StreamEOF alone at the
//! end.

use super::super::message::{
    audio, bandwidth, begin, chunk_size, connected, created, eof, frame_tags, frames, header_tags,
    on_status, sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

/// The publisher has been there for an hour.
const NOW: u32 = 3_600_000;

fn nginx() -> Script {
    let connect = vec![
        window(5_000_000),
        bandwidth(5_000_000),
        chunk_size(4096),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0),
        ),
    ];
    let start = status("NetStream.Play.Start").with("description", "Start live");
    let mut play = vec![
        begin(1),
        on_status(5, 1, start),
        sample_access(5, 1),
        metadata_on(5, 1),
        video(7, 1, 0, AVC_HEADER),
        audio(6, 1, 0, AAC_HEADER),
    ];
    play.extend(frames(6, 7, 1, NOW));
    play.push(eof(1));
    script(connect, vec![created(1)], play)
}

#[test]
fn nginx_rtmp_is_played_to_its_stream_eof() {
    let tags = [
        vec![tag(18, 0, &metadata())],
        header_tags(0),
        frame_tags(NOW),
    ];
    nginx().ends_by_word(&tags.concat());
}

#[test]
fn nginx_rtmp_without_a_publisher_is_waited_for() {
    // Play.Start comes for any name, StreamBegin not; then silence.
    let mut server = nginx();
    server.play.drain(3..);
    server.play.remove(0);
    server.waits();
}
