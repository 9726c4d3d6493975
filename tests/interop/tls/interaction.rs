// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An application that is asked for its certificate in its main loop.

use std::process::Command;

use super::certificates::Certificates;
use super::stunnel::Stunnel;
use crate::process::{run, with_plugin};
use crate::short_stream::server;

/// What the program prints, with a server that demands a certificate.
fn program(what: &str) -> String {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let camera = certificates.signed("camera", "DNS:camera", 30);
    let server = server();
    let lines = format!("CAfile = {}\nverifyChain = yes", certificates.authority());
    let stunnel = Stunnel::with(&good, server.address(), &lines);
    // Debian's own: others have no bindings for GObject.
    let mut program = Command::new("/usr/bin/python3");
    with_plugin(&mut program, certificates.folder())
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/interop/tls/interaction.py"
        ))
        .arg(what)
        .arg(format!("rtmps://localhost:{}/app/stream", stunnel.port()))
        .arg(certificates.authority())
        .args([camera.certificate, camera.key]);
    let output = run(&mut program);
    let log = String::from_utf8_lossy(&output.stderr);
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}\n{log}");
    assert!(!log.contains("CRITICAL"), "{log}");
    out.into_owned()
}

#[test]
fn it_gives_one() {
    let out = program("answer");
    assert_eq!(out, "asked before the stop 1\nended\nasked 1\n");
}

#[test]
fn it_stops_the_pipeline_instead() {
    let out = program("stop");
    assert_eq!(out, "asked before the stop 0\nstopped\nasked 1\n");
}

#[test]
fn it_is_busy_until_the_time_is_over() {
    let out = program("timeout");
    assert!(
        out.starts_with("asked before the stop 0\nfailed: "),
        "{out}"
    );
    assert!(out.contains("TLS handshake"), "{out}");
    assert!(out.ends_with("\nasked 1\n"), "{out}");
}
