// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Wowza: a token to be answered, Data.Start, buffer events, and
//! UnpublishNotify with Play.Stop at the end.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::user_control::UserControl;

use super::super::message::{
    Said, audio, bandwidth, begin, call, chunk_size, connected, created, data_start, frame_tags,
    frames, header_tags, on_status, sample_access, status, success, user, video, window,
};
use super::super::script::Script;
use super::{fms_version, metadata_on, script};
use crate::media::{AAC_HEADER, AVC_HEADER, metadata, tag};

const CLIENT: f64 = 1_234_567_890.0;

fn told(code: &str) -> Said {
    let information = status(code)
        .with("description", "stream")
        .with("clientid", CLIENT)
        .with("details", "stream");
    on_status(5, 1, information)
}

fn wowza() -> Script {
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
    let mut play = vec![
        begin(1),
        told("NetStream.Play.Reset"),
        told("NetStream.Play.Start"),
        sample_access(5, 1),
        data_start(5, 1),
        metadata_on(5, 1),
        user(&UserControl::BufferEmpty(StreamId(1))),
        video(6, 1, 0, AVC_HEADER),
        audio(4, 1, 0, AAC_HEADER),
        user(&UserControl::BufferReady(StreamId(1))),
    ];
    play.extend(frames(4, 6, 1, 0));
    play.push(told("NetStream.Play.UnpublishNotify"));
    play.push(told("NetStream.Play.Stop"));
    script(connect, vec![created(1)], play)
}

#[test]
fn wowza_is_played_to_its_unpublish_notify() {
    let tags = [vec![tag(18, 0, &metadata())], header_tags(0), frame_tags(0)];
    wowza().ends_by_word(&tags.concat());
}

#[test]
fn wowza_that_says_play_stop_alone_ends_as_well() {
    let mut server = wowza();
    let stop = server.play.pop().expect("Play.Stop");
    *server.play.last_mut().expect("UnpublishNotify") = stop;
    let tags = [vec![tag(18, 0, &metadata())], header_tags(0), frame_tags(0)];
    server.ends_by_word(&tags.concat());
}
