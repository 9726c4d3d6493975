// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! lal: calls live streams recorded, keeps the headers' first time while the
//! cached pictures come at the present one, and stays silent at the end.

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure};
use super::super::message::{
    Said, audio, bandwidth, begin, chunk_size, connected, created, frames, on_status, recorded,
    status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const NOW: u32 = 86_400_000;

/// Metadata, headers at 0, and frames.
fn media(from: u32) -> Vec<Said> {
    let headers = vec![
        metadata_on(5, 1),
        video(7, 1, 0, AVC_HEADER),
        audio(6, 1, 0, AAC_HEADER),
    ];
    [headers, frames(6, 7, 1, from)].concat()
}

/// There is no publisher yet.
pub(super) fn absent() -> Script {
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
    let play = vec![recorded(1), begin(1), on_status(5, 1, start)];
    script(connect, vec![created(1)], play)
}

/// The publisher has just left, which nothing tells.
pub(super) fn gone() -> Script {
    let mut server = absent();
    server.play.extend(media(NOW));
    server
}

#[test]
fn lal_is_played_on_though_its_publisher_is_gone() {
    gone().goes_on(&tags(0, NOW));
}

#[test]
fn lal_goes_on_in_one_timeline_when_the_next_publishers_times_are_lower() {
    for next in [0, NOW - 5_000] {
        let mut server = gone();
        server.play.extend(media(next));
        server.closes = Some("play");
        server.returns_without_a_word();
    }
}

#[test]
fn lal_without_the_stream_is_waited_for() {
    absent().waits();
}

#[test]
fn lal_that_refuses_closes_and_that_is_an_error() {
    let expected = |tried| Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried,
    };
    let server = absent().refusing_connect(Vec::new());
    server.fails_with(&expected(AT_CONNECT));
    let server = absent().refusing_play(Vec::new());
    server.fails_with(&expected(AT_PLAY));
}
