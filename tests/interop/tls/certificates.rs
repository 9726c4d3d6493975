// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A certificate authority, and what it signs, made with openssl.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{Folder, run};

/// Certificates in a folder of their own.
pub(crate) struct Certificates {
    folder: Folder,
}

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Identity {
    /// The SHA-256 that openssl prints.
    pub(crate) fn fingerprint(&self) -> String {
        let mut command = openssl();
        command.args(["x509", "-noout", "-fingerprint", "-sha256", "-in"]);
        let output = run(command.arg(&self.certificate));
        let text = String::from_utf8(output.stdout).expect("ASCII");
        let (_, digits) = text.trim().split_once('=').expect("NAME=DIGITS");
        digits.to_owned()
    }
}

fn openssl() -> Command {
    Command::new("openssl")
}

fn succeed(command: &mut Command) {
    let output = run(command);
    assert!(output.status.success(), "{command:?}: {output:?}");
}

impl Certificates {
    /// Only an authority, `ca.pem`.
    pub(crate) fn new() -> Self {
        let certificates = Self {
            folder: Folder::new(),
        };
        certificates.self_signed("ca", "/CN=Authority of this test", "");
        certificates
    }

    pub(crate) fn authority(&self) -> String {
        let path = self.path("ca.pem");
        path.to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn identity(&self, name: &str) -> Identity {
        Identity {
            certificate: self.path(&format!("{name}.pem")),
            key: self.path(&format!("{name}.key")),
        }
    }

    /// One that nobody else has signed, for these names (`DNS:…,IP:…`).
    pub(crate) fn self_signed(&self, name: &str, subject: &str, names: &str) -> Identity {
        let identity = self.identity(name);
        let mut command = openssl();
        command
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj", subject])
            .arg("-keyout")
            .arg(&identity.key)
            .arg("-out")
            .arg(&identity.certificate);
        if !names.is_empty() {
            command.args(["-addext", &format!("subjectAltName={names}")]);
        }
        succeed(&mut command);
        identity
    }

    /// One that the authority has signed, for these names, for so many days
    /// from now on.
    pub(crate) fn signed(&self, name: &str, names: &str, days: i32) -> Identity {
        let identity = self.identity(name);
        let (request, extensions) = (self.path(&format!("{name}.csr")), self.path("extensions"));
        std::fs::write(&extensions, format!("subjectAltName={names}")).expect("a file");
        succeed(
            openssl()
                .args(["req", "-new", "-newkey", "ec", "-nodes"])
                .args(["-pkeyopt", "ec_paramgen_curve:P-256", "-subj"])
                .arg(format!("/CN={name}"))
                .arg("-keyout")
                .arg(&identity.key)
                .arg("-out")
                .arg(&request),
        );
        succeed(
            openssl()
                .args([
                    "x509",
                    "-req",
                    "-CAcreateserial",
                    "-days",
                    &days.to_string(),
                ])
                .arg("-in")
                .arg(&request)
                .arg("-CA")
                .arg(self.path("ca.pem"))
                .arg("-CAkey")
                .arg(self.path("ca.key"))
                .arg("-extfile")
                .arg(&extensions)
                .arg("-out")
                .arg(&identity.certificate),
        );
        identity
    }
}
