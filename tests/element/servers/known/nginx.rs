// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! nginx-rtmp: no Play.Reset, the publisher's own times, StreamEOF alone at the
//! end, where the connection stays and goes on with the next publisher.

use gstrtmpr::rtmp::user_control::UserControl;

use super::super::failure::{AT_CONNECT, AT_PLAY, Failure};
use super::super::message::{
    Said, audio, bandwidth, begin, chunk_size, connected, created, data, eof, frames, on_status,
    recorded, sample_access, status, success, user, video, window,
};
use super::super::script::Script;
use super::{error, fms_version, metadata_on, script, tags};
use crate::media::{AAC_HEADER, AVC_HEADER};

/// The publisher has been there for an hour.
const NOW: u32 = 3_600_000;

fn told(code: &str, description: &str) -> Said {
    on_status(5, 1, status(code).with("description", description))
}

fn start() -> Said {
    told("NetStream.Play.Start", "Start live")
}

/// Metadata, headers at 0, and frames.
fn media(from: u32) -> Vec<Said> {
    let headers = vec![
        metadata_on(5, 1),
        video(7, 1, 0, AVC_HEADER),
        audio(6, 1, 0, AAC_HEADER),
    ];
    [headers, frames(6, 7, 1, from)].concat()
}

fn with(play: Vec<Said>) -> Script {
    let connect = vec![
        window(5_000_000),
        bandwidth(5_000_000),
        chunk_size(4096),
        connected(
            fms_version("FMS/3,0,1,123", 31.0),
            success().with("objectEncoding", 0.0),
        ),
    ];
    script(connect, vec![created(1)], play)
}

/// The publisher has just left.
pub(super) fn gone() -> Script {
    let start = vec![begin(1), start(), sample_access(5, 1)];
    with([start, media(NOW), vec![eof(1)]].concat())
}

/// Play.Start comes for any name, StreamBegin not; then silence.
pub(super) fn absent() -> Script {
    with(vec![start(), sample_access(5, 1)])
}

/// With `play_restart`, Play.Start waits for the publisher.
pub(super) fn mute() -> Script {
    with(Vec::new())
}

/// A recording, with times from 0.
fn recording() -> Script {
    let start = vec![
        recorded(1),
        begin(1),
        told("NetStream.Play.Start", "Start video on demand"),
    ];
    let complete = status("NetStream.Play.Complete")
        .with("duration", 0.08)
        .with("bytes", 4096.0);
    let end = vec![
        eof(1),
        data(5, 1, ["onPlayStatus".into(), complete.into()]),
        told("NetStream.Play.Stop", "Stop video on demand"),
    ];
    with([start, media(0), end].concat())
}

/// The publisher is gone and comes back, and the server closes.
fn returning(leaving: Vec<Said>, back: Vec<Said>) -> Script {
    let mut server = gone();
    server.play.pop();
    server.play.extend([leaving, back, media(0)].concat());
    server.closes = Some("play");
    server
}

#[test]
fn nginx_rtmp_is_played_to_its_stream_eof() {
    gone().ends_by("stream-eof", &tags(0, NOW));
    gone().ends_by_word(&tags(0, NOW));
}

#[test]
fn nginx_rtmp_goes_on_in_one_timeline_when_its_publisher_is_back() {
    returning(vec![eof(1)], vec![begin(1)]).returns("stream-eof");
}

#[test]
fn nginx_rtmp_is_answered_when_it_pings_while_its_publisher_is_gone() {
    let mut server = returning(Vec::new(), Vec::new());
    let media = server.play.split_off(server.play.len() - 6);
    server.play.push(eof(1));
    server.returns_after("stream-eof", move |talk| {
        talk.say(&[user(&UserControl::PingRequest(60_000))]);
        talk.hears_pong(60_000);
        talk.say(&[begin(1)]);
        talk.say(&media);
    });
}

#[test]
fn nginx_rtmp_may_say_by_status_that_its_publisher_left_and_is_back() {
    // play_restart, publish_notify, and both.
    let stop = || told("NetStream.Play.Stop", "Stop live");
    let unpublished = || told("NetStream.Play.UnpublishNotify", "Stop publishing");
    let published = || told("NetStream.Play.PublishNotify", "Start publishing");
    for (leaving, back) in [
        (vec![stop()], vec![start()]),
        (vec![unpublished()], vec![published()]),
        (vec![stop(), unpublished()], vec![start(), published()]),
    ] {
        let announced = [vec![eof(1)], leaving.clone()].concat();
        let begun = [vec![begin(1)], back.clone()].concat();
        returning(announced.clone(), begun).returns("stream-eof");

        let cause = if leaving[0].body == stop().body {
            "play-stop"
        } else {
            "unpublish-notify"
        };
        returning(leaving.clone(), back).returns(cause);
        returning(leaving, Vec::new()).ends_by(cause, &tags(0, NOW));
        returning(announced, Vec::new()).ends_by("stream-eof", &tags(0, NOW));
    }
}

#[test]
fn a_recording_of_nginx_rtmp_ends_at_its_end_whatever_a_publishers_leaving_is() {
    for on_unpublish in ["eos", "wait", "error"] {
        recording().ends_by_where(on_unpublish, "play-complete", &tags(0, 0));
    }
}

#[test]
fn nginx_rtmp_without_a_publisher_is_waited_for() {
    absent().waits();
}

#[test]
fn nginx_rtmp_that_refuses_idle_streams_is_an_error() {
    let refusal = error("NetStream.Play.StreamNotFound", "No such stream");
    let server = absent().refusing_play(vec![on_status(5, 1, refusal)]);
    server.fails_with(&Failure {
        error: gst::ResourceError::NotFound,
        cause: "play-failed",
        words: &["NetStream.Play.StreamNotFound", "No such stream"],
        tried: AT_PLAY,
    });
}

#[test]
fn nginx_rtmp_that_does_not_know_the_application_closes_and_that_is_an_error() {
    let server = absent().refusing_connect(Vec::new());
    server.fails_with(&Failure {
        error: gst::ResourceError::OpenRead,
        cause: "closed-early",
        words: &["closed the connection"],
        tried: AT_CONNECT,
    });
}
