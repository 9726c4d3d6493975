// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Nothing of ours is left behind: GStreamer's leaks tracer, and valgrind.

use std::process::Command;

use crate::origin::Origin;
use crate::process::{Folder, run, with_plugin};
use crate::tls::certificates::Certificates;
use crate::tls::stunnel::Stunnel;
use crate::{clip, init};

/// Where nobody listens: failures must leave nothing behind either.
const NOBODY: &str = "rtmp://127.0.0.1:1/live/test";

/// Where to play from, and whether that works.
struct Case {
    location: String,
    property: Option<String>,
    plays: bool,
}

/// With and without TLS, played and refused.
struct Servers {
    origin: Origin,
    stunnel: Stunnel,
    certificates: Certificates,
}

impl Servers {
    fn start() -> Self {
        let origin = Origin::start();
        let certificates = Certificates::new();
        let identity = certificates.signed("good", "DNS:localhost", 30);
        let stunnel = Stunnel::start(&identity, origin.address());
        Self {
            origin,
            stunnel,
            certificates,
        }
    }

    fn cases(&self) -> [Case; 4] {
        let within_tls = format!("rtmps://localhost:{}/live/test", self.stunnel.port());
        let trusted = format!("tls-ca-file={}", self.certificates.authority());
        let case = |location, property, plays| Case {
            location,
            property,
            plays,
        };
        [
            case(self.origin.url(), None, true),
            case(NOBODY.to_owned(), None, false),
            case(within_tls.clone(), Some(trusted), true),
            case(within_tls, None, false),
        ]
    }
}

/// `gst-launch-1.0` with our plugin and a pipeline that plays and ends.
fn launch(command: &mut Command, folder: &Folder, case: &Case) {
    with_plugin(command, folder)
        .args(["rtmprsrc", "num-buffers=100", "timeout=60"])
        .arg(format!("location={}", case.location))
        .args(&case.property)
        .args(["!", "flvdemux", "!", "fakesink"]);
}

#[test]
fn the_leaks_tracer_finds_nothing_and_a_normal_play_warns_of_nothing() {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let servers = Servers::start();
    let _publisher = servers.origin.publish_for_ever(&clip);
    for case in servers.cases() {
        let mut command = Command::new("gst-launch-1.0");
        command
            .env("GST_TRACERS", "leaks")
            .env("GST_DEBUG", "2,GST_TRACER:7")
            .env("GST_DEBUG_NO_COLOR", "1");
        launch(&mut command, &folder, &case);
        let output = run(&mut command);
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(
            !log.contains("object-alive, type-name=(string)Gst"),
            "{log}"
        );
        assert_eq!(output.status.success(), case.plays, "{log}");
        if case.plays {
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
    let servers = Servers::start();
    let _publisher = servers.origin.publish_for_ever(&clip);
    for case in servers.cases() {
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
        launch(&mut command, &folder, &case);
        let output = run(&mut command);
        assert_eq!(output.status.success(), case.plays, "{output:?}");
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
