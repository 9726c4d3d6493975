// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! SRS: says much about itself, starts each player at 0, and says nothing when
//! the publisher stops.

use gstrtmpr::rtmp::amf::Object;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure};
use super::super::message::{
    Said, audio, bandwidth, begin, call, chunk_size, connected, created, data_start, frame_tags,
    frames, on_status, sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

/// Metadata, headers at this time, the sound's first, and frames.
fn media(from: u32) -> Vec<Said> {
    let headers = vec![
        metadata_on(5, 1),
        audio(7, 1, from, AAC_HEADER),
        video(6, 1, from, AVC_HEADER),
    ];
    [headers, frames(7, 6, 1, from)].concat()
}

/// What must come out of that.
fn tags(from: u32) -> Vec<Vec<u8>> {
    let headers = vec![
        tag(18, 0, &metadata()),
        tag(8, from, AAC_HEADER),
        tag(9, from, AVC_HEADER),
    ];
    [headers, frame_tags(from)].concat()
}

/// There is no publisher yet.
pub(super) fn absent() -> Script {
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
    let play = vec![
        begin(1),
        on_status(5, 1, told("NetStream.Play.Reset")),
        on_status(5, 1, told("NetStream.Play.Start")),
        sample_access(5, 1),
        data_start(5, 1),
    ];
    script(connect, vec![created(1)], play)
}

/// The publisher has just left, which nothing tells.
pub(super) fn gone() -> Script {
    publishing(0)
}

fn publishing(from: u32) -> Script {
    let mut server = absent();
    server.play.extend(media(from));
    server
}

#[test]
fn srs_is_played_on_though_its_publisher_is_gone() {
    gone().goes_on(&tags(0));
}

#[test]
fn srs_that_leaves_its_chunk_size_out_is_played() {
    let mut server = gone();
    server.connect.remove(2);
    server.goes_on(&tags(0));
}

#[test]
fn srs_goes_on_with_the_next_publisher_by_small_steps_that_stay() {
    // Ten ms on, as its repair of times has it; or the publisher's own times
    // (`atc`), a little back, where headers stay with what came last.
    for (first, next) in [(0, 50), (100_000, 98_600)] {
        let mut server = publishing(first);
        server.play.extend(media(next));
        let last = first + 40;
        let again = [
            tag(18, last, &metadata()),
            tag(8, next.max(last), AAC_HEADER),
            tag(9, next.max(last), AVC_HEADER),
        ];
        server.goes_on(&[tags(first), again.to_vec(), frame_tags(next)].concat());
    }
}

#[test]
fn srs_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn srs_that_denies_the_connection_closes_and_that_is_an_error() {
    let server = absent().refusing_connect(Vec::new());
    server.fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried: AT_CONNECT,
    });
}

#[test]
fn srs_that_denies_the_play_closes_and_that_is_an_error() {
    // Instead of an answer, or behind one that sounds well.
    for play in [Vec::new(), absent().play] {
        absent().refusing_play(play).fails_with(&Failure {
            error: gst::ResourceError::OpenRead,
            cause: "closed-early",
            words: &["closed the connection"],
            tried: AT_PLAY,
        });
    }
}
