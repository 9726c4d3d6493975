// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Our own origin between ffmpeg and the element.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::clip;
use crate::nginx::publish_to_waiting_player;
use crate::process::{Folder, Process, run};
use crate::{HANG, init};

#[path = "../../examples/origin/server/mod.rs"]
pub(crate) mod server;

/// An origin on a free port.
pub(crate) struct Origin {
    server: server::Origin,
    notices: Arc<Mutex<Vec<server::Notice>>>,
}

impl Origin {
    pub(crate) fn start() -> Self {
        Self::with(server::OriginOptions::default())
    }

    pub(crate) fn with(mut options: server::OriginOptions) -> Self {
        let notices = Arc::<Mutex<Vec<server::Notice>>>::default();
        let kept = Arc::clone(&notices);
        options.observer = Some(Arc::new(move |notice| {
            kept.lock().expect("not poisoned").push(notice);
        }));
        let server = server::Origin::start("127.0.0.1:0", options).expect("a free port");
        Self { server, notices }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.local_addr()
    }

    pub(crate) fn url(&self) -> String {
        format!("rtmp://{}/live/test", self.address())
    }

    pub(crate) fn has_players(&self) -> bool {
        self.server.summary("live/test").players > 0
    }

    pub(crate) fn is_published(&self) -> bool {
        self.server.summary("live/test").published
    }

    pub(crate) fn notices(&self) -> Vec<server::Notice> {
        self.notices.lock().expect("not poisoned").clone()
    }

    /// Waits until the stream flows.
    pub(crate) fn wait_for_media(&self) {
        let flows = |summary: &server::hub::Summary| summary.has_media;
        assert!(
            self.server.wait_for("live/test", HANG, flows),
            "it is published: {:?}",
            self.notices()
        );
    }

    /// Publishes a clip over and over, and returns when it flows.
    pub(crate) fn publish_for_ever(&self, clip: &std::path::Path) -> Process {
        let publisher = clip::publish_for_ever(clip, &self.url());
        self.wait_for_media();
        publisher
    }
}

#[test]
fn decoded_frames_equal_those_of_the_clip_that_ffmpeg_publishes() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let url = origin.url();
    let decoded = publish_to_waiting_player(
        &clip,
        &url,
        || clip::decode(&format!("rtmprsrc location={url}")),
        || origin.has_players(),
    );
    assert_eq!(decoded, clip::reference(&clip));
}

#[test]
fn a_late_joiner_gets_whole_pictures_from_the_first_on() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let reference = clip::reference(&clip);
    let origin = Origin::start();
    let _publisher = origin.publish_for_ever(&clip);
    let decoded = clip::decode(&format!(
        "rtmprsrc num-buffers=100 location={}",
        origin.url()
    ));
    assert!(decoded.video.len() > 20, "{} frames", decoded.video.len());
    for frame in &decoded.video {
        assert!(
            reference.video.contains(frame),
            "a frame that was never sent"
        );
    }
}

#[test]
fn ffmpeg_and_rtmp2src_play_from_the_origin() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let _publisher = origin.publish_for_ever(&clip);
    let url = origin.url();

    let ffmpeg = run(Command::new("ffmpeg").args([
        "-v",
        "error",
        "-i",
        &url,
        "-frames:v",
        "30",
        "-f",
        "null",
        "-",
    ]));
    assert!(ffmpeg.status.success(), "{ffmpeg:?}");

    crate::nginx::run_to_end(&format!(
        "rtmp2src num-buffers=60 location={url} ! flvdemux ! fakesink"
    ));
}

#[test]
fn rtmpdump_records_the_clip_from_the_origin_and_sees_its_end() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let url = origin.url();
    let file = folder.path().join("dump.flv");
    let dump = publish_to_waiting_player(
        &clip,
        &url,
        || {
            run(Command::new("rtmpdump")
                .args(["-q", "-v", "-r", &url, "-o"])
                .arg(&file))
        },
        || origin.has_players(),
    );
    assert!(dump.status.success(), "{dump:?}");
    let recorded = clip::decode(&format!("filesrc location={}", file.display()));
    assert_eq!(recorded.video, clip::reference(&clip).video);
}
