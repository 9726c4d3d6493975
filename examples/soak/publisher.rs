// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FFmpeg as the publisher, ended by its pid.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(crate) struct Publisher(Child);

impl Publisher {
    pub(crate) fn start(server: SocketAddr) -> Result<Self, String> {
        Command::new("ffmpeg")
            .args(["-v", "fatal", "-re", "-f", "lavfi"])
            .args(["-i", "testsrc2=size=640x360:rate=30", "-re", "-f", "lavfi"])
            .args([
                "-i",
                "sine=frequency=440:sample_rate=44100",
                "-c:v",
                "libx264",
            ])
            .args(["-preset", "ultrafast", "-tune", "zerolatency", "-g", "60"])
            .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv"])
            .arg(format!("rtmp://{server}/live/stream"))
            .stdin(Stdio::null())
            .spawn()
            .map(Self)
            .map_err(|error| format!("ffmpeg does not start: {error}"))
    }

    /// Kills one, and starts another a second later.
    pub(crate) fn start_instead_of(old: Self, server: SocketAddr) -> Result<Self, String> {
        drop(old);
        std::thread::sleep(Duration::from_secs(1));
        Self::start(server)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
