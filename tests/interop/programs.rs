// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! GStreamer's own programs, pointed at a stream of nginx-rtmp that is on the
//! air.

use std::process::{Command, Output};

use nix::sys::signal::Signal;

use crate::clip;
use crate::nginx::Nginx;
use crate::process::{Process, Reading, run, wait_until, with_plugin};

/// A stream, and a program that plays it.
struct OnAir {
    /// Ends before its server does.
    publisher: Process,
    nginx: Nginx,
}

impl OnAir {
    fn new() -> Self {
        let nginx = Nginx::start();
        let clip = clip::make(nginx.folder());
        let publisher = clip::publish_for_ever(&clip, &nginx.url());
        wait_until("it is published", || nginx.publications("test") > 0);
        Self { publisher, nginx }
    }

    /// A program that finds the plugin, and shows that it was this source.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        with_plugin(&mut command, self.nginx.folder())
            .env("GST_DEBUG", "rtmprsrc:4")
            .env("GST_DEBUG_NO_COLOR", "1");
        command
    }
}

/// What the program printed, if it succeeded and used our element.
fn printed(output: &Output) -> String {
    let log = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}\n{log}");
    assert!(log.contains("Playing rtmp://"), "{out}\n{log}");
    assert!(!log.contains("CRITICAL"), "{log}");
    out.into_owned()
}

#[test]
fn gst_launch_decodes_and_ends_in_order() {
    let on_air = OnAir::new();
    // Between two key frames most often. Sound without a picture would fill its queue.
    let description = format!(
        "rtmprsrc num-buffers=150 location={} ! flvdemux name=d \
         d.video ! queue ! h264parse ! avdec_h264 ! videoconvert ! fakesink \
         d.audio ! queue ! aacparse ! avdec_aac ! audioconvert ! fakesink",
        on_air.nginx.url()
    );
    let mut program = on_air.program("gst-launch-1.0");
    let out = printed(&run(program.args(description.split_whitespace())));
    assert!(out.contains("Got EOS from element"), "{out}");
}

#[test]
fn gst_play_plays_until_the_publisher_stops() {
    let on_air = OnAir::new();
    let mut program = on_air.program("gst-play-1.0");
    let program = Reading::start(
        program
            .arg("--no-interactive")
            .arg("--videosink=fakesink sync=true")
            .arg("--audiosink=fakesink sync=true")
            .arg(on_air.nginx.url()),
    );
    // A position is only shown while it plays.
    program.wait_for(" / ");
    on_air.publisher.signal(Signal::SIGTERM);
    let out = printed(&program.end());
    assert!(out.contains("Reached end of play list"), "{out}");
    assert!(!out.contains("ERROR"), "{out}");
}

#[test]
fn gst_discoverer_names_both_streams() {
    let on_air = OnAir::new();
    let mut program = on_air.program("gst-discoverer-1.0");
    let out = printed(&run(program.arg("-v").arg(on_air.nginx.url())));
    assert!(out.contains("Done discovering"), "{out}");
    for expected in ["audio #", "audio/mpeg", "video #", "video/x-h264"] {
        assert!(out.contains(expected), "no {expected} in {out}");
    }
}

/// Runs a pipeline in Python until it has shown pictures.
fn in_python(description: impl FnOnce(&str) -> String) {
    let on_air = OnAir::new();
    // Debian's own: others have no bindings for GObject.
    let mut program = on_air.program("/usr/bin/python3");
    program
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/interop/programs.py"
        ))
        .arg("50")
        .arg(description(&on_air.nginx.url()));
    let out = printed(&run(&mut program));
    assert!(out.contains("source rtmprsrc"), "{out}");
    assert!(out.contains("pictures 50"), "{out}");
}

#[test]
fn playbin3_shows_pictures_in_python() {
    in_python(|url| {
        format!("playbin3 name=player uri={url} video-sink=fakesink audio-sink=fakesink")
    });
}

#[test]
fn uridecodebin3_shows_pictures_in_python() {
    in_python(|url| {
        format!(
            "uridecodebin3 name=player uri={url} \
             player. ! queue ! videoconvert ! fakesink name=pictures \
             player. ! queue ! audioconvert ! fakesink"
        )
    });
}
