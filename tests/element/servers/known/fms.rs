// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Flash and Adobe Media Server: measures the line, asks for the player's
//! proof, begins with empty media, ends a live stream by UnpublishNotify and a
//! recording by Play.Complete, Play.Stop and StreamEOF.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure, NOTHING};
use super::super::message::{
    Said, audio, bandwidth, begin, chunk_size, command, connected, created, data, data_start, eof,
    frames, on_status, recorded, sample_access, status, success, user, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, rejected, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const NOW: u32 = 7_200_000;

fn told(code: &str) -> Said {
    let information = status(code)
        .with("description", "")
        .with("details", "stream")
        .with("clientid", "oAAAAAAA");
    on_status(5, 1, information)
}

fn connect() -> Vec<Said> {
    let about = Value::EcmaArray(Object::new().with("version", "5,0,7,7054"));
    let check = Command::new("_onbwcheck", 2.0).argument("x".repeat(1000));
    vec![
        window(1_250_000),
        bandwidth(1_250_000),
        begin(0),
        connected(
            fms_version("FMS/5,0,7,7054", 127.0).with("mode", 1.0),
            success().with("objectEncoding", 0.0).with("data", about),
        ),
        command(3, 0, &check),
        user(&UserControl::PingRequest(42)),
        user(&UserControl::SwfVerificationRequest),
        command(3, 0, &Command::new("onBWDone", 0.0).argument(0.0)),
    ]
}

fn start() -> Vec<Said> {
    let fast = status("NetStream.Play.Start")
        .with("description", "Started playing stream.")
        .with("details", "stream")
        .with("clientid", "oAAAAAAA")
        .with("isFastPlay", false)
        .with("timecodeOffset", "0");
    vec![
        chunk_size(4096),
        begin(1),
        told("NetStream.Play.Reset"),
        on_status(5, 1, fast),
    ]
}

/// There is no publisher yet.
pub(super) fn absent() -> Script {
    script(connect(), vec![created(1)], start())
}

/// What a publication starts with, and frames.
fn media(from: u32) -> Vec<Said> {
    let start = vec![
        audio(4, 1, from, &[]),
        video(6, 1, from, &[]),
        metadata_on(5, 1),
        video(6, 1, from, AVC_HEADER),
        audio(4, 1, from, AAC_HEADER),
    ];
    [start, frames(4, 6, 1, from)].concat()
}

fn live() -> Script {
    let mut server = absent();
    server.play.push(sample_access(5, 1));
    server.play.extend(media(NOW));
    server.play.push(told("NetStream.Play.UnpublishNotify"));
    server
}

fn recording() -> Script {
    let mut play = vec![recorded(1)];
    play.extend(start());
    play.extend([data_start(5, 1), metadata_on(5, 1)]);
    play.push(video(6, 1, 0, AVC_HEADER));
    play.push(audio(4, 1, 0, AAC_HEADER));
    // As much as the client's buffer holds, and a pause.
    for frame in frames(4, 6, 1, 0) {
        play.push(frame);
        play.push(user(&UserControl::BufferEmpty(StreamId(1))));
        play.push(user(&UserControl::BufferReady(StreamId(1))));
    }
    let complete = status("NetStream.Play.Complete")
        .with("duration", 0.08)
        .with("bytes", 4096.0);
    play.extend([
        data(5, 1, ["onPlayStatus".into(), complete.into()]),
        told("NetStream.Play.Stop"),
        eof(1),
    ]);
    script(connect(), vec![created(1)], play)
}

#[test]
fn fms_is_played_to_its_unpublish_notify() {
    live().ends_by("unpublish-notify", &tags(NOW, NOW));
    live().ends_by_word(&tags(NOW, NOW));
}

#[test]
fn fms_goes_on_in_one_timeline_when_its_publisher_is_back() {
    let mut server = live();
    server.play.push(told("NetStream.Play.PublishNotify"));
    server.play.extend(media(0));
    server.closes = Some("play");
    server.returns("unpublish-notify");
}

#[test]
fn a_recording_of_fms_is_played_to_its_completion() {
    for on_unpublish in ["eos", "wait", "error"] {
        recording().ends_by_where(on_unpublish, "play-complete", &tags(0, 0));
    }
    recording().ends_by_word(&tags(0, 0));
}

#[test]
fn each_of_the_words_of_fms_for_the_end_of_a_recording_is_enough() {
    for (kept, cause) in ["play-complete", "play-stop", "stream-eof"]
        .into_iter()
        .enumerate()
    {
        let mut server = recording();
        let end = server.play.len() - 3;
        let word = server.play[end + kept].clone();
        server.play.truncate(end);
        server.play.push(word);
        server.ends_by(cause, &tags(0, 0));
    }
}

#[test]
fn fms_that_ends_an_idle_connection_is_an_error() {
    let mut server = live();
    server.play.pop();
    let status = status("NetConnection.Connect.IdleTimeout").with("description", "idle");
    server.play.push(on_status(3, 0, status));
    server.closes = Some("play");
    server.fails_with(&Failure {
        error: gst::ResourceError::Read,
        cause: "ended-by-server",
        words: &["NetConnection.Connect.IdleTimeout", "idle"],
        tried: NOTHING,
    });
}

#[test]
fn fms_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn fms_without_the_recording_is_an_error() {
    let refusal = error(
        "NetStream.Play.StreamNotFound",
        "Failed to play stream; not found.",
    );
    let mut server = absent();
    server.play = vec![on_status(5, 1, refusal)];
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "play-failed",
        words: &["NetStream.Play.StreamNotFound", "not found"],
        tried: AT_PLAY,
    });
}

#[test]
fn fms_that_refuses_the_connection_is_an_error() {
    let invalid = "NetConnection.Connect.InvalidApp";
    let refused = "NetConnection.Connect.Rejected";
    for (code, words, error, tried) in [
        (
            invalid,
            "[ Server.Reject ] : (_defaultRoot_, ) : no application",
            gst::ResourceError::NotFound,
            AT_CONNECT,
        ),
        (
            refused,
            "[ Server.Reject ] : over the limit",
            gst::ResourceError::OpenRead,
            AT_CONNECT,
        ),
        (
            refused,
            "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ]",
            gst::ResourceError::NotAuthorized,
            NOTHING,
        ),
    ] {
        let cause = match error {
            gst::ResourceError::NotAuthorized => "not-authorized",
            _ => "connect-rejected",
        };
        let server = live().refusing_connect(vec![rejected(code, words)]);
        server.fails_with(&Failure {
            error,
            cause,
            words: &[code, words],
            tried,
        });
    }
}
