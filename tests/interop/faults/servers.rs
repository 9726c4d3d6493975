// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The servers of the matrix, and where each has its stream.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::hook::Hook;
use crate::clip::{self, Decoded};
use crate::nginx::Nginx;
use crate::process::{Folder, Process, free_port, run, wait_for_listener, wait_until};

/// Clips that all rows use.
pub(super) struct Stage {
    folder: Folder,
    first: PathBuf,
    second: PathBuf,
    pub(super) first_pictures: Decoded,
    pub(super) second_pictures: Decoded,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        let first = clip::make(&folder);
        let second = clip::make_of(&folder, "second.flv", "testsrc");
        // Long enough for the row to happen while they are played.
        for name in ["long.flv", "long.mp4"] {
            convert(&first, &folder.path().join(name), 40);
        }
        convert(&first, &folder.path().join("clip.mp4"), 0);
        Self {
            first_pictures: clip::reference(&first),
            second_pictures: clip::reference(&second),
            folder,
            first,
            second,
        }
    }
}

/// The clip in another form, and more than once.
fn convert(clip: &Path, to: &Path, more: u32) {
    let output = run(Command::new("ffmpeg")
        .args(["-v", "error", "-stream_loop", &more.to_string(), "-i"])
        .arg(clip)
        .args(["-c", "copy"])
        .arg(to));
    assert!(output.status.success(), "{output:?}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// nginx-rtmp as it comes.
    Live,
    /// It keeps no player of a stream that is not there.
    Strict,
    /// It announces publishers.
    Notify,
    /// It plays files.
    Flv,
    Mp4,
    /// It asks an HTTP server, which sends players to another URL,
    Away,
    /// to another stream,
    Alias,
    /// or away.
    Forbidden,
    /// The HTTP server is not there.
    NoHook,
    /// It lets nobody play.
    Denied,
    /// ffmpeg's own server.
    Ffmpeg,
    /// No server.
    Nobody,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "nginx live",
            Self::Strict => "nginx idle_streams off",
            Self::Notify => "nginx play_restart",
            Self::Flv => "nginx file flv",
            Self::Mp4 => "nginx file mp4",
            Self::Away => "nginx on_play 302 URL",
            Self::Alias => "nginx on_play 302 name",
            Self::Forbidden => "nginx on_play 403",
            Self::NoHook => "nginx on_play down",
            Self::Denied => "nginx deny play",
            Self::Ffmpeg => "ffmpeg -listen",
            Self::Nobody => "none",
        })
    }
}

impl Kind {
    /// Application and stream, as players name them.
    fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::Live | Self::Ffmpeg | Self::Nobody => ("live", "test"),
            Self::Strict => ("strict", "test"),
            Self::Notify => ("notify", "test"),
            Self::Flv => ("file", "long.flv"),
            Self::Mp4 => ("file", "mp4:long.mp4"),
            Self::Away => ("hook", "away"),
            Self::Alias => ("hook", "alias"),
            Self::Forbidden => ("hook", "forbidden"),
            Self::NoHook => ("nohook", "test"),
            Self::Denied => ("denied", "test"),
        }
    }

    /// Application that publishers use.
    fn published(self) -> Option<&'static str> {
        match self {
            Self::Live | Self::Away => Some("live"),
            Self::Strict => Some("strict"),
            Self::Notify => Some("notify"),
            Self::Alias => Some("hook"),
            Self::Denied => Some("denied"),
            _ => None,
        }
    }
}

/// A server that runs.
pub(super) struct Running<'s> {
    pub(super) kind: Kind,
    pub(super) stage: &'s Stage,
    program: Program,
    publishers: usize,
}

enum Program {
    Nginx { nginx: Nginx, _hook: Hook },
    Ffmpeg { process: Process, port: u16 },
}

impl<'s> Running<'s> {
    pub(super) fn start(kind: Kind, stage: &'s Stage) -> Self {
        let program = match kind {
            Kind::Ffmpeg => ffmpeg(&stage.first, true),
            _ => nginx(stage),
        };
        Self {
            kind,
            stage,
            program,
            publishers: 0,
        }
    }

    /// ffmpeg with a clip that comes to its end.
    pub(super) fn ending(stage: &'s Stage) -> Self {
        Self {
            kind: Kind::Ffmpeg,
            stage,
            program: ffmpeg(&stage.first, false),
            publishers: 0,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        match &self.program {
            Program::Nginx { nginx, .. } => nginx.address(),
            Program::Ffmpeg { port, .. } => (Ipv4Addr::LOCALHOST, *port).into(),
        }
    }

    pub(super) fn process(&self) -> &Process {
        match &self.program {
            Program::Nginx { nginx, .. } => nginx.process(),
            Program::Ffmpeg { process, .. } => process,
        }
    }

    /// Where its stream is, by way of another address.
    pub(super) fn url_at(&self, address: SocketAddr) -> String {
        let (application, stream) = self.kind.path();
        format!("rtmp://{address}/{application}/{stream}")
    }

    pub(super) fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// With another application or stream than the right one.
    pub(super) fn url_of(&self, application: Option<&str>, stream: Option<&str>) -> String {
        let right = self.kind.path();
        format!(
            "rtmp://{}/{}/{}",
            self.address(),
            application.unwrap_or(right.0),
            stream.unwrap_or(right.1)
        )
    }

    /// Has the stream published, if this server needs that, and waits for it.
    pub(super) fn publish(&mut self) -> Option<Process> {
        let clip = match self.publishers {
            0 => &self.stage.first,
            _ => &self.stage.second,
        };
        let Program::Nginx { nginx, .. } = &self.program else {
            return None;
        };
        let application = self.kind.published()?;
        let url = format!("rtmp://{}/{application}/test", self.address());
        let publisher = clip::publish_for_ever(clip, &url);
        self.publishers += 1;
        let wanted = self.publishers;
        wait_until("it is published", || nginx.publications("test") >= wanted);
        Some(publisher)
    }
}

fn ffmpeg(clip: &Path, for_ever: bool) -> Program {
    let port = free_port();
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "fatal", "-re"]);
    if for_ever {
        command.args(["-stream_loop", "-1"]);
    }
    let process = Process::start(
        command
            .arg("-i")
            .arg(clip)
            .args(["-c", "copy", "-f", "flv", "-listen", "1"])
            .arg(format!("rtmp://127.0.0.1:{port}/live/test")),
    );
    wait_for_listener(port);
    Program::Ffmpeg { process, port }
}

fn nginx(stage: &Stage) -> Program {
    let hook = Hook::start();
    let nginx = Nginx::with(&format!(
        "application notify {{ live on; play_restart on; publish_notify on; }}
         application file {{ play {folder}; }}
         application hook {{ live on; on_play http://{hook}/; }}
         application nohook {{ live on; on_play http://127.0.0.1:1/; }}
         application denied {{ live on; allow publish all; deny play all; }}",
        folder = stage.folder.path().display(),
        hook = hook.address(),
    ));
    Program::Nginx { nginx, _hook: hook }
}
