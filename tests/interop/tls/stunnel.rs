// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! stunnel: TLS in front of a server that has none.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use super::certificates::Identity;
use crate::process::{Folder, Process, free_port, wait_for_listener};

/// An stunnel of the test's own.
pub(crate) struct Stunnel {
    _process: Process,
    _folder: Folder,
    port: u16,
}

impl Stunnel {
    /// In front of `server`, showing this certificate.
    pub(crate) fn start(identity: &Identity, server: SocketAddr) -> Self {
        Self::with(identity, server, "")
    }

    /// With further lines of its configuration.
    pub(crate) fn with(identity: &Identity, server: SocketAddr, lines: &str) -> Self {
        let folder = Folder::new();
        let port = free_port();
        let configuration = format!(
            "foreground = yes\npid =\ndebug = 7\noutput = {folder}/log\n\
             [rtmps]\naccept = 127.0.0.1:{port}\nconnect = {server}\n\
             cert = {certificate}\nkey = {key}\n{lines}\n",
            folder = folder.path().display(),
            certificate = identity.certificate.display(),
            key = identity.key.display(),
        );
        let file = folder.path().join("stunnel.conf");
        std::fs::write(&file, configuration).expect("the configuration is written");
        let mut command = Command::new("stunnel4");
        let process = Process::start(command.arg(file).stderr(Stdio::null()));
        wait_for_listener(port);
        Self {
            _process: process,
            _folder: folder,
            port,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (std::net::Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}
