// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Something to play when no location is given: a server in this process, and
//! a publisher with our sink in another.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::child::Guard;
use crate::launch::{Pipeline, plugin_path};
use crate::origin::{Origin, OriginOptions};
use crate::signals::{self, Interrupts};
use crate::workspace::Workspace;

/// Encoders take a moment on a slow machine.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// What AAC encoders GStreamer has, best known first.
const AAC_ENCODERS: [&str; 3] = ["voaacenc", "avenc_aac", "fdkaacenc"];

const PATH: &str = "live/demo";

/// A stream that is being published. Ends when it is dropped.
pub(crate) struct TestStream {
    /// Before the origin: it would complain of being cut off.
    _publisher: Guard,
    _origin: Origin,
    location: String,
}

impl TestStream {
    /// Starts it, and returns when media is there.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn start(
        workspace: &Workspace,
        interrupts: &Interrupts,
        plugins: &Path,
    ) -> Result<Self, String> {
        let origin = Origin::start("127.0.0.1:0", OriginOptions::default())
            .map_err(|error| format!("The test server cannot listen: {error}"))?;
        let location = format!("rtmp://{}/{PATH}", origin.local_addr());
        let mut publisher = spawn_publisher(&location, workspace, plugins)?;

        let deadline = Instant::now() + START_TIMEOUT;
        while !origin.wait_for(PATH, Duration::from_millis(100), |stream| stream.has_media) {
            if interrupts.count() > 0 {
                return Err("Interrupted".to_owned());
            }
            let ended = publisher.try_wait().is_some();
            if ended || deadline <= Instant::now() {
                let why = workspace.error_in(&workspace.publisher_output());
                let why = why.unwrap_or_else(|| "it sent nothing".to_owned());
                return Err(format!("The test stream could not be published: {why}"));
            }
        }
        Ok(Self {
            _publisher: publisher,
            _origin: origin,
            location,
        })
    }

    pub(crate) fn location(&self) -> &str {
        &self.location
    }
}

fn spawn_publisher(location: &str, workspace: &Workspace, plugins: &Path) -> Result<Guard, String> {
    let has = |name: &&str| gst::ElementFactory::find(name).is_some();
    let needed = [
        "videotestsrc",
        "timeoverlay",
        "x264enc",
        "h264parse",
        "audiotestsrc",
        "flvmux",
    ];
    if let Some(missing) = needed.iter().find(|name| !has(name)) {
        return Err(format!(
            "GStreamer's element {missing} is missing, the test stream needs it"
        ));
    }
    let Some(aac) = AAC_ENCODERS.iter().find(|name| has(name)) else {
        return Err(format!(
            "The test stream needs one of GStreamer's elements {}",
            AAC_ENCODERS.join(", ")
        ));
    };

    let mut pipeline = Pipeline::default();
    pipeline.line("flvmux name=mux streamable=true ! rtmprsink location={location}");
    pipeline.line(
        "videotestsrc is-live=true pattern=smpte horizontal-speed=3 \
         ! video/x-raw,width=640,height=360,framerate=30/1 \
         ! timeoverlay halignment=center valignment=center font-desc=Sans,32 ! videoconvert \
         ! x264enc tune=zerolatency speed-preset=veryfast key-int-max=30 bitrate=1500 \
         ! h264parse ! queue ! mux.",
    );
    pipeline.line("audiotestsrc is-live=true wave=ticks ! audioconvert");
    pipeline.line(&format!("! {aac} ! queue ! mux."));

    let output = File::create(workspace.publisher_output());
    let output = output.and_then(|file| Ok((file.try_clone()?, file)));
    let guard = output.and_then(|(copy, file)| {
        let mut command = signals::command("gst-launch-1.0")?;
        command
            .args(pipeline.arguments(&[("location", location)]))
            .env("GST_PLUGIN_PATH", plugin_path(plugins))
            .stdin(Stdio::null())
            .stdout(copy)
            .stderr(file);
        Guard::spawn(&mut command)
    });
    guard.map_err(|error| format!("The publisher cannot be started: {error}"))
}
