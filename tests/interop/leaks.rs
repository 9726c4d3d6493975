// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Nothing of ours is left behind: GStreamer's leaks tracer, and valgrind.

use std::process::Command;

use crate::origin::Origin;
use crate::process::{Folder, run, with_plugin};
use crate::{clip, init};

/// Where nobody listens: failures must leave nothing behind either.
const NOBODY: &str = "rtmp://127.0.0.1:1/live/test";

/// `gst-launch-1.0` with our plugin and a pipeline that plays and ends.
fn launch(command: &mut Command, folder: &Folder, location: &str) {
    with_plugin(command, folder)
        .args(["rtmprsrc", "num-buffers=100"])
        .arg(format!("location={location}"))
        .args(["!", "flvdemux", "!", "fakesink"]);
}

#[test]
fn the_leaks_tracer_finds_nothing_and_a_normal_play_warns_of_nothing() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let _publisher = origin.publish_for_ever(&clip);
    for (location, plays) in [(origin.url(), true), (NOBODY.to_owned(), false)] {
        let mut command = Command::new("gst-launch-1.0");
        command
            .env("GST_TRACERS", "leaks")
            .env("GST_DEBUG", "2,GST_TRACER:7")
            .env("GST_DEBUG_NO_COLOR", "1");
        launch(&mut command, &folder, &location);
        let output = run(&mut command);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(
            !log.contains("object-alive, type-name=(string)Gst"),
            "{log}"
        );
        assert_eq!(output.status.success(), plays, "{log}");
        if plays {
            assert!(!log.contains(" WARN "), "{log}");
            assert!(!log.contains("CRITICAL"), "{log}");
        }
    }
}

#[test]
fn valgrind_finds_nothing_of_ours() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let _publisher = origin.publish_for_ever(&clip);
    for (location, plays) in [(origin.url(), true), (NOBODY.to_owned(), false)] {
        let report = folder.path().join("valgrind.xml");
        let mut command = Command::new("valgrind");
        command
            .args(["--quiet", "--leak-check=full", "--num-callers=40"])
            .args([
                "--show-leak-kinds=definite",
                "--errors-for-leak-kinds=definite",
            ])
            .arg(concat!(
                "--suppressions=",
                env!("CARGO_MANIFEST_DIR"),
                "/tests/interop/valgrind.supp"
            ))
            .arg("--xml=yes")
            .arg(format!("--xml-file={}", report.display()))
            .arg("gst-launch-1.0")
            .env("G_SLICE", "always-malloc");
        launch(&mut command, &folder, &location);
        let output = run(&mut command);
        assert_eq!(output.status.success(), plays, "{output:?}");
        let report = std::fs::read_to_string(report).expect("valgrind reports");
        assert!(report.contains("</valgrindoutput>"), "the run was complete");
        let ours = report
            .split("<error>")
            .skip(1)
            .filter(|error| error.contains("libgstrtmpr"));
        let ours: Vec<_> = ours.collect();
        assert!(ours.is_empty(), "{ours:#?}");
    }
}
