// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! xiu: media on message stream 0; closes where a stream is missing, and when
//! the publisher stops.

use super::super::failure::{AT_PLAY, Failure};
use super::super::message::{
    audio, bandwidth, begin, chunk_size, connected, created, frames, on_status, recorded, status,
    success, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const NOW: u32 = 1_000;

fn xiu() -> Script {
    let connect = vec![
        window(5_000_000),
        bandwidth(5_000_000),
        chunk_size(4096),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0),
        ),
    ];
    let mut play = vec![
        begin(1),
        on_status(3, 0, status("NetStream.Play.Reset")),
        on_status(3, 0, status("NetStream.Play.Start")),
        on_status(3, 0, status("NetStream.Data.Start")),
        on_status(3, 0, status("NetStream.Play.PublishNotify")),
        recorded(1),
        metadata_on(5, 0),
        video(6, 0, 0, AVC_HEADER),
        audio(4, 0, 0, AAC_HEADER),
    ];
    play.extend(frames(4, 6, 0, NOW));
    Script {
        closes: Some("play"),
        ..script(connect, vec![created(1)], play)
    }
}

#[test]
fn xiu_is_played_from_message_stream_0_until_it_closes_the_connection() {
    xiu().ends_by("tcp-closed", &tags(0, NOW));
    xiu().ends_without_a_word(&tags(0, NOW));
}

#[test]
fn xiu_without_the_stream_closes_and_that_is_an_error() {
    xiu().refusing_play(Vec::new()).fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried: AT_PLAY,
    });
}
