// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Flash and Adobe Media Server: measures the line, asks for the player's
//! proof, begins with empty media, ends a live stream by UnpublishNotify and a
//! recording by Play.Complete, Play.Stop and StreamEOF.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::message::{
    Said, audio, bandwidth, begin, chunk_size, command, connected, created, data, data_start, eof,
    frame_tags, frames, header_tags, on_status, recorded, sample_access, status, success, user,
    video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

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

fn live() -> Script {
    let mut play = start();
    play.extend([
        sample_access(5, 1),
        audio(4, 1, NOW, &[]),
        video(6, 1, NOW, &[]),
        metadata_on(5, 1),
        video(6, 1, NOW, AVC_HEADER),
        audio(4, 1, NOW, AAC_HEADER),
    ]);
    play.extend(frames(4, 6, 1, NOW));
    play.push(told("NetStream.Play.UnpublishNotify"));
    script(connect(), vec![created(1)], play)
}

fn recording() -> Script {
    let mut play = vec![recorded(1)];
    play.extend(start());
    play.extend([data_start(5, 1), metadata_on(5, 1)]);
    play.push(video(6, 1, 0, AVC_HEADER));
    play.push(audio(4, 1, 0, AAC_HEADER));
    play.extend(frames(4, 6, 1, 0));
    let complete = status("NetStream.Play.Complete")
        .with("duration", 0.08)
        .with("bytes", 4096.0);
    play.extend([
        user(&UserControl::BufferEmpty(StreamId(1))),
        user(&UserControl::BufferReady(StreamId(1))),
        data(5, 1, ["onPlayStatus".into(), complete.into()]),
        told("NetStream.Play.Stop"),
        eof(1),
    ]);
    script(connect(), vec![created(1)], play)
}

#[test]
fn fms_is_played_to_its_unpublish_notify() {
    let tags = [
        vec![tag(18, 0, &metadata())],
        header_tags(NOW),
        frame_tags(NOW),
    ];
    live().ends_by_word(&tags.concat());
}

#[test]
fn a_recording_of_fms_is_played_to_its_completion() {
    let tags = [vec![tag(18, 0, &metadata())], header_tags(0), frame_tags(0)];
    recording().ends_by_word(&tags.concat());
}

#[test]
fn each_of_the_words_of_fms_for_the_end_of_a_recording_is_enough() {
    for kept in 0..3 {
        let mut server = recording();
        let end = server.play.len() - 3;
        let word = server.play[end + kept].clone();
        server.play.truncate(end);
        server.play.push(word);
        let tags = [vec![tag(18, 0, &metadata())], header_tags(0), frame_tags(0)];
        server.ends_by_word(&tags.concat());
    }
}

#[test]
fn fms_that_does_not_know_the_application_is_an_error() {
    let mut server = live();
    let refusal = Command::new("_error", 1.0).argument(
        Object::new()
            .with("level", "error")
            .with("code", "NetConnection.Connect.InvalidApp")
            .with(
                "description",
                "[ Server.Reject ] : (_defaultRoot_, ) : no application",
            ),
    );
    server.connect = vec![command(3, 0, &refusal)];
    let words = ["NetConnection.Connect.InvalidApp", "no application"];
    server.fails(gst::ResourceError::NotFound, &words);
}
