// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! SRS: says much about itself, starts each player at 0, and says nothing when
//! the publisher stops.

use gstrtmpr::rtmp::amf::Object;

use super::super::message::{
    audio, bandwidth, begin, call, chunk_size, connected, created, data_start, frame_tags, frames,
    on_status, sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

fn srs() -> Script {
    let about = Object::new()
        .with("version", "3,5,3,888")
        .with("srs_sig", "SRS")
        .with("srs_server", "SRS 7.0.0 (github.com/ossrs/srs)")
        .with("srs_license", "MIT")
        .with("srs_url", "https://github.com/ossrs/srs")
        .with("srs_version", "7.0.0")
        .with("srs_server_ip", "192.0.2.1")
        .with("srs_pid", 4711.0)
        .with("srs_id", 815.0);
    let connect = vec![
        window(2_500_000),
        bandwidth(2_500_000),
        chunk_size(60_000),
        connected(
            fms_version("FMS/3,5,3,888", 127.0).with("mode", 1.0),
            success().with("objectEncoding", 0.0).with("data", about),
        ),
        call("onBWDone"),
    ];
    let told = |code: &str| {
        let client = "ASAICiss";
        status(code)
            .with("details", "stream")
            .with("clientid", client)
    };
    let mut play = vec![
        begin(1),
        on_status(5, 1, told("NetStream.Play.Reset")),
        on_status(5, 1, told("NetStream.Play.Start")),
        sample_access(5, 1),
        data_start(5, 1),
        metadata_on(5, 1),
        audio(7, 1, 0, AAC_HEADER),
        video(6, 1, 0, AVC_HEADER),
    ];
    play.extend(frames(7, 6, 1, 0));
    script(connect, vec![created(1)], play)
}

#[test]
fn srs_is_played_on_though_its_publisher_is_gone() {
    let headers = vec![
        tag(18, 0, &metadata()),
        tag(8, 0, AAC_HEADER),
        tag(9, 0, AVC_HEADER),
    ];
    srs().goes_on(&[headers, frame_tags(0)].concat());
}

#[test]
fn srs_that_leaves_its_chunk_size_out_is_played() {
    let mut server = srs();
    server.connect.remove(2);
    let headers = vec![
        tag(18, 0, &metadata()),
        tag(8, 0, AAC_HEADER),
        tag(9, 0, AVC_HEADER),
    ];
    server.goes_on(&[headers, frame_tags(0)].concat());
}
