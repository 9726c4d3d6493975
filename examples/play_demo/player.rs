// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The player: `gst-launch-1.0` with rtmprsrc, from its start to its end.
//!
//! It has to cope with whatever a stream has. A branch for a medium that never
//! comes is never linked, so no sink may hold up the start of the pipeline, and
//! no end of stream may be waited for from the pipeline, which wants one from
//! each sink: the end is seen in the log, and that all of it has been decoded
//! is seen in the files.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use gstrtmpr::rtmp::location::Location;

use crate::child::{Guard, POLL_INTERVAL};
use crate::display;
use crate::launch::{Pipeline, plugin_path, shell_quoted};
use crate::protocol_log::{ELEMENT, Ended, ProtocolLog};
use crate::received::size;
use crate::signals::{self, Interrupts};
use crate::workspace::Workspace;

/// Size of the frames that are kept, in pixels.
pub(crate) const FRAME_WIDTH: usize = 320;
pub(crate) const FRAME_HEIGHT: usize = 180;

/// Size of what is kept of each frame to count them, in pixels.
pub(crate) const COUNTED_WIDTH: usize = 4;
pub(crate) const COUNTED_HEIGHT: usize = 4;

/// Sound that is kept: samples of 16 bits a second.
pub(crate) const SOUND_RATE: usize = 8000;

/// About how many frames are kept.
const FRAMES_KEPT: u64 = 120;

/// Shortest time to wait for the first media.
const FIRST_MEDIA_TIMEOUT: Duration = Duration::from_secs(20);

/// How long the player has for what it has not decoded at the end, and how
/// long it has to write nothing to be taken for ready.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
const DRAINED_AFTER: Duration = Duration::from_millis(500);

const DEBUG: &str = "rtmpr*:5";

/// Why playing came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It has played for as long as it should.
    Duration,
    /// The stream ended.
    Stream,
    /// Somebody wanted it to end.
    Interrupted,
    /// The player failed.
    Player,
    /// No media came.
    Timeout,
}

/// What is played, and where it goes.
pub(crate) struct Player<'a> {
    pub(crate) location: &'a str,
    pub(crate) duration: Duration,
    pub(crate) workspace: &'a Workspace,
    /// Where the plugin is.
    pub(crate) plugins: &'a Path,
    pub(crate) display: display::Sinks,
}

impl Player<'_> {
    /// The command for a shell. A query in the location, which often is a
    /// secret, is not in it.
    pub(crate) fn shown(&self) -> String {
        let location = Location::parse(self.location).map(|location| location.redacted());
        let location = location.unwrap_or_default();
        let environment = self.environment().map(|(name, value)| {
            let value = value.to_string_lossy();
            format!("{name}={}", shell_quoted(&value))
        });
        let pipeline = self.pipeline();
        let files = self.files();
        format!(
            "{} \\\n  gst-launch-1.0 -e {}",
            environment.join(" "),
            pipeline.shown(&values(&location, &files))
        )
    }

    /// Plays until one of the ends, and has the player ended then.
    ///
    /// # Errors
    /// The player cannot be started.
    pub(crate) fn run(&self, interrupts: &Interrupts) -> io::Result<(End, ProtocolLog)> {
        let output = File::create(self.workspace.player_output())?;
        let mut command = signals::command("gst-launch-1.0")?;
        command
            .arg("-e")
            .args(
                self.pipeline()
                    .arguments(&values(self.location, &self.files())),
            )
            .envs(self.environment())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut child = Guard::spawn(&mut command)?;
        let mut log = ProtocolLog::new(self.workspace.player_log());
        let end = self.wait(&mut child, &mut log, interrupts);
        match end {
            End::Duration | End::Timeout => child.interrupt(),
            End::Interrupted => {
                // From a terminal the signal went to the player as well, and
                // another one would cut it off.
                child.wait_for(Duration::from_millis(200));
                if !self
                    .workspace
                    .is_interrupted(&self.workspace.player_output())
                {
                    child.interrupt();
                }
            }
            End::Stream | End::Player => {}
        }
        self.wait_until_drained(&mut child);
        child.end(DRAINED_AFTER);
        log.update();
        Ok((end, log))
    }

    fn wait(&self, child: &mut Guard, log: &mut ProtocolLog, interrupts: &Interrupts) -> End {
        let started = Instant::now();
        let mut playing = None;
        loop {
            // First: from a terminal the signal ends a test stream as well.
            if interrupts.count() > 0 {
                return End::Interrupted;
            }
            let exited = child.try_wait().is_some();
            log.update();
            match log.ended {
                Some(Ended::EndOfStream) => return End::Stream,
                Some(Ended::Failed) => return End::Player,
                None if exited => return End::Player,
                None => {}
            }
            let now = Instant::now();
            if log.first_media_ms().is_some() {
                playing.get_or_insert(now);
            }
            match playing {
                Some(since) if now - since >= self.duration => return End::Duration,
                None if now - started >= self.duration.max(FIRST_MEDIA_TIMEOUT) => {
                    return End::Timeout;
                }
                _ => std::thread::sleep(POLL_INTERVAL),
            }
        }
    }

    fn wait_until_drained(&self, child: &mut Guard) {
        let started = Instant::now();
        let mut written = self.written();
        let mut last_write = started;
        while child.try_wait().is_none()
            && started.elapsed() < DRAIN_TIMEOUT
            && last_write.elapsed() < DRAINED_AFTER
        {
            std::thread::sleep(POLL_INTERVAL);
            let now = self.written();
            if now != written {
                written = now;
                last_write = Instant::now();
            }
        }
    }

    fn written(&self) -> u64 {
        let sizes = self.files().map(|(_, file)| size(&file));
        sizes.into_iter().sum()
    }

    fn environment(&self) -> [(&'static str, OsString); 4] {
        [
            ("GST_PLUGIN_PATH", plugin_path(self.plugins)),
            ("GST_DEBUG", DEBUG.into()),
            ("GST_DEBUG_NO_COLOR", "1".into()),
            ("GST_DEBUG_FILE", self.workspace.player_log().into()),
        ]
    }

    fn pipeline(&self) -> Pipeline {
        let kept_per_second = (FRAMES_KEPT / self.duration.as_secs().max(1)).max(1);
        let mut pipeline = Pipeline::default();
        pipeline.line(&format!(
            "rtmprsrc name={ELEMENT} location={{location}} ! tee name=flv"
        ));
        pipeline.line("flv. ! queue ! filesink location={received} async=false");
        pipeline.line("flv. ! queue ! flvdemux name=demux");
        pipeline.line("demux.video ! queue ! decodebin ! videoconvert ! tee name=picture");
        pipeline.line(&format!(
            "picture. ! queue ! videoscale method=nearest-neighbour ! videoconvert \
             ! video/x-raw,format=GRAY8,width={COUNTED_WIDTH},height={COUNTED_HEIGHT} \
             ! filesink location={{counted}} async=false"
        ));
        pipeline.line(&format!(
            "picture. ! queue ! videorate drop-only=true max-rate={kept_per_second} \
             ! videoscale ! videoconvert \
             ! video/x-raw,format=RGB,width={FRAME_WIDTH},height={FRAME_HEIGHT},\
             pixel-aspect-ratio=1/1 \
             ! filesink location={{frames}} async=false"
        ));
        if let Some(sink) = &self.display.video {
            pipeline.line(&format!("picture. ! queue ! videoconvert ! {sink}"));
        }
        pipeline.line("demux.audio ! queue ! decodebin ! audioconvert ! tee name=sound");
        pipeline.line(&format!(
            "sound. ! queue ! audioresample ! audioconvert \
             ! audio/x-raw,format=S16LE,rate={SOUND_RATE},channels=1 \
             ! filesink location={{sound}} async=false"
        ));
        if let Some(sink) = &self.display.audio {
            pipeline.line(&format!(
                "sound. ! queue ! audioresample ! audioconvert ! {sink}"
            ));
        }
        // With a live source the pipeline plays from the start. It would
        // otherwise wait for decodebin, which waits for media, which waits in
        // front of the file, which is written once the pipeline plays.
        pipeline.line("audiotestsrc is-live=true num-buffers=1 ! fakesink async=false");
        pipeline
    }

    fn files(&self) -> [(&'static str, PathBuf); 4] {
        let workspace = self.workspace;
        [
            ("received", workspace.received()),
            ("counted", workspace.counted_frames()),
            ("frames", workspace.frames()),
            ("sound", workspace.sound()),
        ]
    }
}

fn values<'a>(
    location: &'a str,
    files: &'a [(&'static str, PathBuf)],
) -> Vec<(&'static str, &'a str)> {
    let mut values = vec![("location", location)];
    for (name, path) in files {
        // `main` has seen to it that the directory's name is text.
        values.push((name, path.to_str().unwrap_or_default()));
    }
    values
}
