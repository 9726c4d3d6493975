// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! MediaMTX: four statuses with the transaction id of `play`, metadata behind
//! `@setDataFrame`, its own clock, and a closed connection as the only end.

use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::command::Command;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure, NOTHING};
use super::super::message::{
    PLAY, Said, audio, bandwidth, begin, chunk_size, command, connected, created, frames, recorded,
    status, success, video, window,
};
use super::super::script::Script;
use super::{error, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata};

/// Its clock runs from about the moment of `play`.
const NOW: u32 = 33;

fn told(code: &str, description: &str) -> Said {
    let information = status(code).with("description", description);
    let status = Command::new("onStatus", PLAY).argument(information);
    command(5, 1, &status)
}

fn mediamtx() -> Script {
    let properties = Object::new()
        .with("fmsVer", "LNX 9,0,124,2")
        .with("capabilities", 31.0);
    let connect = vec![
        window(2_500_000),
        bandwidth(2_500_000),
        chunk_size(65_536),
        connected(properties, success().with("objectEncoding", 0.0)),
    ];
    let mut set_data_frame = metadata_on(4, 1);
    set_data_frame.body = [
        &amf0::encode_all([&"@setDataFrame".into()])[..],
        &metadata(),
    ]
    .concat();
    let mut play = vec![
        recorded(1),
        begin(1),
        told("NetStream.Play.Reset", "play reset"),
        told("NetStream.Play.Start", "play start"),
        told("NetStream.Data.Start", "data start"),
        told("NetStream.Play.PublishNotify", "publish notify"),
        set_data_frame,
        video(6, 1, 0, AVC_HEADER),
        audio(4, 1, 0, AAC_HEADER),
    ];
    play.extend(frames(4, 6, 1, NOW));
    Script {
        closes: Some("play"),
        ..script(connect, vec![created(1)], play)
    }
}

#[test]
fn mediamtx_is_played_until_it_closes_the_connection() {
    mediamtx().ends_by("tcp-closed", &tags(0, NOW));
    mediamtx().ends_without_a_word(&tags(0, NOW));
}

#[test]
fn mediamtx_that_closes_while_its_publisher_is_to_be_waited_for_ends_as_well() {
    mediamtx().ends_by_where("wait", "tcp-closed", &tags(0, NOW));
}

#[test]
fn mediamtx_that_wants_other_credentials_is_asked_once() {
    let information = error("NetStream.Play.Failed", "authentication failed");
    let refusal = Command::new("onStatus", PLAY).argument(information);
    let server = mediamtx().refusing_play(vec![command(5, 1, &refusal)]);
    server.fails_with(&Failure {
        error: gst::ResourceError::NotAuthorized,
        cause: "play-failed",
        words: &["NetStream.Play.Failed", "authentication failed"],
        tried: NOTHING,
    });
}

#[test]
fn mediamtx_that_refuses_otherwise_closes_and_that_is_an_error() {
    let expected = |tried| Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried,
    };
    // What it will not have in `connect`, and an absent stream.
    let server = mediamtx().refusing_connect(Vec::new());
    server.fails_with(&expected(AT_CONNECT));
    let server = mediamtx().refusing_play(Vec::new());
    server.fails_with(&expected(AT_PLAY));
}
