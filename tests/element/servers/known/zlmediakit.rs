// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! ZLMediaKit: looks for an absent stream a while before it says so, tells its
//! statuses as answers to `play`, and closes when the publisher stops.

use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::command::Command;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure, NOTHING};
use super::super::message::{
    PLAY, Said, audio, bandwidth, begin, call, chunk_size, command, connected, created, data_start,
    eof, frames, sample_access, status, success, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, rejected, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const NOW: u32 = 40;

fn told(information: Object) -> Said {
    let information = information.with("details", "stream").with("clientid", "0");
    command(3, 1, &Command::new("onStatus", PLAY).argument(information))
}

/// As newer ones end, by StreamEOF before they close.
fn zlmediakit() -> Script {
    let connect = vec![
        chunk_size(60_000),
        window(5_000_000),
        bandwidth(5_000_000),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0),
        ),
        call("onBWDone"),
    ];
    let mut play = vec![
        begin(1),
        told(status("NetStream.Play.Reset")),
        told(status("NetStream.Play.Start")),
        sample_access(3, 1),
        data_start(3, 1),
        told(status("NetStream.Play.PublishNotify")),
        metadata_on(3, 1),
        video(6, 1, 0, AVC_HEADER),
        audio(5, 1, 0, AAC_HEADER),
    ];
    play.extend(frames(5, 6, 1, NOW));
    play.push(eof(1));
    Script {
        closes: Some("play"),
        ..script(connect, vec![created(1)], play)
    }
}

/// It looks for the stream before it answers, longer than we wait.
pub(super) fn mute() -> Script {
    let mut server = zlmediakit();
    server.play.clear();
    server.closes = None;
    server
}

#[test]
fn zlmediakit_is_played_to_its_stream_eof() {
    zlmediakit().ends_by_word(&tags(0, NOW));
    // The connection ends, and with it the wait for another publisher.
    for on_unpublish in ["eos", "wait"] {
        zlmediakit().ends_by_where(on_unpublish, "stream-eof", &tags(0, NOW));
    }
}

#[test]
fn an_older_zlmediakit_is_played_until_it_closes_the_connection() {
    let mut server = zlmediakit();
    server.play.pop();
    server.clone().ends_by("tcp-closed", &tags(0, NOW));
    server.ends_without_a_word(&tags(0, NOW));
}

#[test]
fn zlmediakit_without_the_stream_is_an_error() {
    let refusal = error("NetStream.Play.StreamNotFound", "No such stream.");
    let server = zlmediakit().refusing_play(vec![told(refusal)]);
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "play-failed",
        words: &["NetStream.Play.StreamNotFound", "No such stream."],
        tried: AT_PLAY,
    });
}

#[test]
fn zlmediakit_that_refuses_access_is_asked_once() {
    // The words are those of the user's own hook.
    for words in ["no ticket", ""] {
        let refusal = error("NetStream.Play.BadAuth", words);
        let server = zlmediakit().refusing_play(vec![told(refusal)]);
        server.fails_with(&Failure {
            error: gst::ResourceError::NotAuthorized,
            cause: "play-failed",
            words: &["NetStream.Play.BadAuth", words],
            tried: NOTHING,
        });
    }
}

#[test]
fn zlmediakit_that_refuses_the_connection_is_an_error() {
    let (code, words) = ("NetConnection.Connect.InvalidApp", "InvalidApp.");
    let server = zlmediakit().refusing_connect(vec![rejected(code, words)]);
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "connect-rejected",
        words: &[code, words],
        tried: AT_CONNECT,
    });
    let server = zlmediakit().refusing_connect(Vec::new());
    server.fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried: AT_CONNECT,
    });
}
