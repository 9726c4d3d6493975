// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that are asked for everything before their first answer.

use std::process::Command;

use crate::nginx::{Nginx, publish_to_waiting_player};
use crate::process::{Folder, Process, free_port, wait_for_listener};
use crate::wire::From::{Client, Server};
use crate::wire::{Recorder, assert_order};
use crate::{clip, init};

/// That nothing is asked for a second time, all in one flight.
fn assert_ahead(recorder: Recorder) {
    let steps = recorder.steps();
    assert_order(
        &steps,
        &[
            (Client, "C2"),
            (Client, "connect"),
            (Client, "createStream"),
            (Client, "play"),
            (Server, "_result"),
            (Server, "_result"),
            (Server, "NetStream.Play.Start"),
            (Server, "Video"),
        ],
    );
    let plays = steps
        .iter()
        .filter(|step| **step == (Client, "play".to_owned()));
    assert_eq!(plays.count(), 1);
}

#[test]
fn nginx_takes_it() {
    init();
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    // Passes on one connection only.
    let recorder = Recorder::start(nginx.address());
    let location = format!("rtmp://{}/live/test", recorder.address());
    let decoded = publish_to_waiting_player(
        &clip,
        &nginx.url(),
        || clip::decode(&format!("rtmprsrc fast-start=on location={location}")),
        || recorder.has_seen(Server, "NetStream.Play.Start"),
    );
    assert_eq!(decoded, clip::reference(&clip));
    assert_ahead(recorder);
}

#[test]
fn ffmpegs_server_takes_it() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let port = free_port();
    let url = format!("rtmp://127.0.0.1:{port}/live/test");
    let _server = Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "flv", "-listen", "1"])
            .arg(&url),
    );
    wait_for_listener(port);
    let recorder = Recorder::start(([127, 0, 0, 1], port).into());
    let location = format!("rtmp://{}/live/test", recorder.address());
    let decoded = clip::decode(&format!("rtmprsrc fast-start=on location={location}"));
    assert_eq!(decoded, clip::reference(&clip));
    assert_ahead(recorder);
}
