// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Wowza: a token to be answered, Data.Start, buffer events, and
//! UnpublishNotify with Play.Stop at the end.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure};
use super::super::message::{
    Said, audio, bandwidth, begin, call, chunk_size, connected, created, data_start, frames,
    on_status, sample_access, status, success, user, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, rejected, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

const CLIENT: f64 = 1_234_567_890.0;

fn told(code: &str) -> Said {
    let information = status(code)
        .with("description", "stream")
        .with("clientid", CLIENT)
        .with("details", "stream");
    on_status(5, 1, information)
}

fn media() -> Vec<Said> {
    let start = vec![
        metadata_on(5, 1),
        user(&UserControl::BufferEmpty(StreamId(1))),
        video(6, 1, 0, AVC_HEADER),
        audio(4, 1, 0, AAC_HEADER),
        user(&UserControl::BufferReady(StreamId(1))),
    ];
    [start, frames(4, 6, 1, 0)].concat()
}

/// There is no publisher yet.
pub(super) fn absent() -> Script {
    let about = Value::EcmaArray(Object::new().with("version", "3,5,7,7009"));
    let information = success()
        .with("data", about)
        .with("clientid", CLIENT)
        .with("objectEncoding", 0.0)
        .with("secureToken", "a1b2c3d4e5f6");
    let connect = vec![
        window(2_500_000),
        bandwidth(2_500_000),
        begin(0),
        chunk_size(512),
        connected(
            fms_version("FMS/3,5,7,7009", 31.0).with("mode", 1.0),
            information,
        ),
        call("onBWDone"),
    ];
    let play = vec![
        begin(1),
        told("NetStream.Play.Reset"),
        told("NetStream.Play.Start"),
        sample_access(5, 1),
        data_start(5, 1),
    ];
    script(connect, vec![created(1)], play)
}

fn wowza() -> Script {
    let mut server = absent();
    server.play.extend(media());
    server.play.push(told("NetStream.Play.UnpublishNotify"));
    server.play.push(told("NetStream.Play.Stop"));
    server
}

#[test]
fn wowza_is_played_to_its_unpublish_notify() {
    wowza().ends_by("unpublish-notify", &tags(0, 0));
    wowza().ends_by_word(&tags(0, 0));
}

#[test]
fn wowza_that_says_play_stop_alone_ends_as_well() {
    let mut server = wowza();
    let stop = server.play.pop().expect("Play.Stop");
    *server.play.last_mut().expect("UnpublishNotify") = stop;
    server.ends_by("play-stop", &tags(0, 0));
}

#[test]
fn wowza_goes_on_in_one_timeline_when_its_publisher_is_back() {
    let mut server = wowza();
    server.play.push(told("NetStream.Play.PublishNotify"));
    server.play.extend(media());
    server.closes = Some("play");
    server.returns("unpublish-notify");
}

#[test]
fn wowza_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn wowza_without_the_stream_is_an_error() {
    let refusal = error("NetStream.Play.StreamNotFound", "stream was not found")
        .with("clientid", CLIENT)
        .with("details", "stream");
    let mut server = absent();
    server.play = vec![on_status(5, 1, refusal)];
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "play-failed",
        words: &["NetStream.Play.StreamNotFound", "was not found"],
        tried: AT_PLAY,
    });
}

#[test]
fn wowza_that_rejects_the_connection_is_an_error() {
    let code = "NetConnection.Connect.Rejected";
    let words = "[ Server.Reject ] : Application rejected connection.";
    let server = absent().refusing_connect(vec![rejected(code, words)]);
    server.fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "connect-rejected",
        words: &[code, words],
        tried: AT_CONNECT,
    });
}
