// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! lal: calls live streams recorded, keeps the headers' first time while the
//! cached pictures come at the present one, and stays silent at the end.

use super::super::message::{
    audio, bandwidth, begin, chunk_size, connected, created, frame_tags, frames, header_tags,
    on_status, recorded, status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

const NOW: u32 = 86_400_000;

fn lal() -> Script {
    let connect = vec![
        window(5_000_000),
        bandwidth(5_000_000),
        chunk_size(4096),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0).with("version", "lal"),
        ),
    ];
    let start = status("NetStream.Play.Start").with("description", "Start live");
    let mut play = vec![
        recorded(1),
        begin(1),
        on_status(5, 1, start),
        metadata_on(5, 1),
        video(7, 1, 0, AVC_HEADER),
        audio(6, 1, 0, AAC_HEADER),
    ];
    play.extend(frames(6, 7, 1, NOW));
    script(connect, vec![created(1)], play)
}

#[test]
fn lal_is_played_on_though_its_publisher_is_gone() {
    let tags = [
        vec![tag(18, 0, &metadata())],
        header_tags(0),
        frame_tags(NOW),
    ];
    lal().goes_on(&tags.concat());
}

#[test]
fn lal_without_the_stream_is_waited_for() {
    let mut server = lal();
    server.play.drain(3..);
    server.waits();
}
