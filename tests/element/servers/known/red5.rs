// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Red5: Enhanced RTMP's members in its answer, a ping each second,
//! UnpublishNotify at the end.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::message::{
    audio, bandwidth, begin, command, connected, created, frame_tags, frames, header_tags,
    on_status, status, success, user, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};
use gstrtmpr::rtmp::command::Command;

const NOW: u32 = 12_345;

fn red5() -> Script {
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
    // The status names the stream by its number.
    let told = |code: &str| {
        status(code)
            .with("clientid", 1.0)
            .with("details", "stream")
            .with("description", "")
    };
    let mut play = vec![
        begin(1),
        on_status(4, 1, told("NetStream.Play.Reset")),
        on_status(4, 1, told("NetStream.Play.Start")),
        metadata_on(4, 1),
        video(5, 1, NOW, AVC_HEADER),
        audio(6, 1, NOW, AAC_HEADER),
    ];
    play.extend(frames(6, 5, 1, NOW));
    play.push(user(&UserControl::PingRequest(2000)));
    play.push(on_status(4, 1, told("NetStream.Play.UnpublishNotify")));
    script(connect, vec![created(1)], play)
}

#[test]
fn red5_is_played_to_its_unpublish_notify() {
    let tags = [
        vec![tag(18, 0, &metadata())],
        header_tags(NOW),
        frame_tags(NOW),
    ];
    red5().ends_by_word(&tags.concat());
}

#[test]
fn red5_without_the_stream_is_an_error() {
    let mut server = red5();
    let information = Object::new()
        .with("level", "error")
        .with("code", "NetStream.Play.StreamNotFound")
        .with("clientid", 1.0)
        .with("details", "stream")
        .with("description", "");
    server.play = vec![on_status(4, 1, information)];
    let words = ["NetStream.Play.StreamNotFound"];
    server.fails(gst::ResourceError::NotFound, &words);
}
