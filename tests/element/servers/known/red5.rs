// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Red5: Enhanced RTMP's members in its answer, a ping each second,
//! UnpublishNotify at the end.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure, NOTHING};
use super::super::message::{
    Said, audio, bandwidth, begin, command, connected, created, data, eof, frame_tags, frames,
    header_tags, on_status, recorded, status, success, user, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, rejected, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

const NOW: u32 = 12_345;

/// The status names the stream by its number.
fn told(code: &str) -> Said {
    let information = status(code)
        .with("clientid", 1.0)
        .with("details", "stream")
        .with("description", "");
    on_status(4, 1, information)
}

/// Metadata, headers and frames from this time on.
fn media(from: u32) -> Vec<Said> {
    let headers = vec![
        metadata_on(4, 1),
        video(5, 1, from, AVC_HEADER),
        audio(6, 1, from, AAC_HEADER),
    ];
    [headers, frames(6, 5, 1, from)].concat()
}

/// There is no publisher yet, and only a live stream is asked for.
pub(super) fn absent() -> Script {
    let any = || Object::new().with("*", 4.0);
    let about = Object::new()
        .with("version", "4,0,0,1121")
        .with("type", "red5");
    let information = success()
        .with("objectEncoding", 0.0)
        .with("clientid", 1.0)
        .with("data", about)
        .with("fourCcList", Value::StrictArray(vec!["*".into()]))
        .with("videoFourCcInfoMap", any())
        .with("audioFourCcInfoMap", any())
        .with("CapsEx", 15.0);
    let check = Command::new("onBWCheck", 2.0).argument(Object::new().with("count", 0.0));
    let connect = vec![
        window(10_000_000),
        bandwidth(10_000_000),
        begin(0),
        connected(
            fms_version("RED5/2,0,40,0", 33.0).with("mode", 1.0),
            information,
        ),
        command(3, 0, &check),
        user(&UserControl::PingRequest(1000)),
    ];
    let play = vec![
        begin(1),
        told("NetStream.Play.Reset"),
        told("NetStream.Play.Start"),
    ];
    script(connect, vec![created(1)], play)
}

/// It looks for the stream before it answers, longer than we wait.
pub(super) fn mute() -> Script {
    let mut server = absent();
    server.play.clear();
    server
}

/// The publisher has just left.
pub(super) fn gone() -> Script {
    let mut server = absent();
    server.play.extend(media(NOW));
    server.play.push(user(&UserControl::PingRequest(2000)));
    server.play.push(told("NetStream.Play.UnpublishNotify"));
    server
}

/// The publisher is back, with times from here on, and the server closes.
fn returning(from: u32) -> Script {
    let mut server = gone();
    server.play.push(told("NetStream.Play.PublishNotify"));
    server.play.extend(media(from));
    server.closes = Some("play");
    server
}

#[test]
fn red5_is_played_to_its_unpublish_notify() {
    gone().ends_by("unpublish-notify", &tags(NOW, NOW));
    gone().ends_by_word(&tags(NOW, NOW));
}

#[test]
fn red5_goes_on_in_one_timeline_when_its_publisher_is_back() {
    returning(0).returns("unpublish-notify");
}

#[test]
fn red5_that_repairs_the_times_of_a_returning_publisher_is_not_corrected() {
    // Metadata and headers of what is announced to begin come where that was.
    let (last, next) = (NOW + 40, NOW + 80);
    let metadata = vec![tag(18, last, &metadata())];
    let again = [metadata, header_tags(last), frame_tags(next)].concat();
    let all = [tags(NOW, NOW), again].concat();
    returning(next).returns_as_it_is("unpublish-notify", &all);
}

#[test]
fn a_recording_of_red5_is_played_to_its_completion() {
    let mut server = absent();
    server.play.insert(0, recorded(1));
    server.play.extend(media(0));
    let complete = status("NetStream.Play.Complete")
        .with("duration", 0.08)
        .with("bytes", 4096.0);
    server.play.extend([
        data(4, 1, ["onPlayStatus".into(), complete.into()]),
        told("NetStream.Play.Stop"),
        eof(1),
    ]);
    for on_unpublish in ["eos", "wait", "error"] {
        let server = server.clone();
        server.ends_by_where(on_unpublish, "play-complete", &tags(0, 0));
    }
}

#[test]
fn red5_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn red5_without_the_stream_is_an_error() {
    let information = error("NetStream.Play.StreamNotFound", "")
        .with("clientid", 1.0)
        .with("details", "stream");
    let mut server = absent();
    server.play = vec![on_status(4, 1, information)];
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "play-failed",
        words: &["NetStream.Play.StreamNotFound"],
        tried: AT_PLAY,
    });
}

#[test]
fn red5_that_refuses_the_connection_is_an_error() {
    let invalid = "NetConnection.Connect.InvalidApp";
    let refused = "NetConnection.Connect.Rejected";
    for (code, words, error, tried) in [
        (invalid, "", gst::ResourceError::NotFound, AT_CONNECT),
        (
            refused,
            "Too many clients",
            gst::ResourceError::OpenRead,
            AT_CONNECT,
        ),
        (
            refused,
            "Access denied",
            gst::ResourceError::NotAuthorized,
            NOTHING,
        ),
    ] {
        let server = absent().refusing_connect(vec![rejected(code, words)]);
        server.fails_with(&Failure {
            error,
            cause: "connect-rejected",
            words: &[code, words],
            tried,
        });
    }
}
