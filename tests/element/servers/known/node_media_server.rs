// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! node-media-server: the fourth one sends media on message stream 0, closes
//! where a token is wrong, and says nothing when the publisher stops; older
//! ones say both by status.

use super::super::failure::{AT_PLAY, Failure, NOTHING};
use super::super::message::{
    Said, audio, bandwidth, begin, chunk_size, connected, created, frames, on_status,
    sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const NOW: u32 = 60_000;

/// Metadata, headers at 0, and frames, on this message stream.
fn media(stream: u32, from: u32) -> Vec<Said> {
    let headers = vec![
        metadata_on(5, stream),
        audio(4, stream, 0, AAC_HEADER),
        video(6, stream, 0, AVC_HEADER),
    ];
    [headers, frames(4, 6, stream, from)].concat()
}

/// What must come out: the sound's header first.
fn swapped_tags() -> Vec<Vec<u8>> {
    let mut tags = tags(0, NOW);
    tags.swap(1, 2);
    tags
}

/// There is no publisher yet.
pub(super) fn absent() -> Script {
    let connect = vec![
        window(5_000_000),
        bandwidth(5_000_000),
        chunk_size(65_536),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0),
        ),
    ];
    let play = vec![
        begin(1),
        on_status(5, 1, status("NetStream.Play.Reset")),
        on_status(5, 1, status("NetStream.Play.Start")),
        sample_access(5, 0),
    ];
    script(connect, vec![created(1)], play)
}

/// The publisher has just left, which nothing tells.
pub(super) fn gone() -> Script {
    let mut server = absent();
    server.play.extend(media(0, NOW));
    server
}

#[test]
fn node_media_server_is_played_from_message_stream_0_though_its_publisher_is_gone() {
    gone().goes_on(&swapped_tags());
}

#[test]
fn node_media_server_goes_on_in_one_timeline_with_its_next_publisher() {
    let mut server = gone();
    server.play.extend(media(0, 0));
    server.closes = Some("play");
    server.returns_without_a_word();
}

#[test]
fn node_media_server_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn node_media_server_that_refuses_a_token_closes_and_that_is_an_error() {
    absent().refusing_play(Vec::new()).fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried: AT_PLAY,
    });
}

#[test]
fn an_older_node_media_server_that_refuses_a_token_is_asked_once() {
    for code in ["NetStream.play.Unauthorized", "NetStream.Play.Unauthorized"] {
        let mut server = absent();
        let words = "Authorization required.";
        server.play = vec![on_status(5, 1, error(code, words))];
        server.fails_with(&Failure {
            error: gst::ResourceError::NotAuthorized,
            cause: "play-failed",
            words: &[code, words],
            tried: NOTHING,
        });
    }
}

#[test]
fn an_older_node_media_server_is_played_to_its_unpublish_notify() {
    let mut server = absent();
    server.play.extend(media(1, NOW));
    let over = status("NetStream.Play.UnpublishNotify");
    server.play.push(on_status(5, 1, over));
    server.ends_by("unpublish-notify", &swapped_tags());
}
