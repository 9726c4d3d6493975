// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A clip to publish, and the comparison of what comes out with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use gst::prelude::*;

use crate::process::{Folder, Process, run};
use crate::{HANG, init};

/// Frames of the clip.
pub(crate) const FRAMES: usize = 75;

/// Three seconds of H.264 with B-frames and AAC, each frame different.
pub(crate) fn make(folder: &Folder) -> PathBuf {
    make_of(folder, "clip.flv", "testsrc2")
}

/// The same with other pictures, and a name for the file.
pub(crate) fn make_of(folder: &Folder, name: &str, pictures: &str) -> PathBuf {
    let path = folder.path().join(name);
    let output = run(Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i"])
        .arg(format!("{pictures}=size=320x240:rate=25:duration=3"))
        .args(["-f", "lavfi", "-i", "sine=frequency=440:duration=3"])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2",
        ])
        .args([
            "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "64k", "-f", "flv",
        ])
        .arg(&path));
    assert!(output.status.success(), "{output:?}");
    path
}

/// Publishes the clip in real time, unchanged.
pub(crate) fn publish(clip: &Path, url: &str) -> Process {
    Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-i"])
            .arg(clip)
            .args(["-c", "copy", "-f", "flv"])
            .arg(url),
    )
}

/// Publishes the clip over and over.
pub(crate) fn publish_for_ever(clip: &Path, url: &str) -> Process {
    Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-stream_loop", "-1", "-i"])
            .arg(clip)
            .args(["-c", "copy", "-f", "flv"])
            .arg(url),
    )
}

/// Decoded frames as checksums, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) video: Vec<String>,
    pub(crate) audio: Vec<String>,
}

/// Decodes what a source gives until its end.
pub(crate) fn decode(source: &str) -> Decoded {
    init();
    let description = format!(
        "{source} ! flvdemux name=d  \
         d.video ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! h264parse ! \
         avdec_h264 ! appsink name=video sync=false  \
         d.audio ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0 ! aacparse ! \
         avdec_aac ! appsink name=audio sync=false"
    );
    let pipeline = gst::parse::launch(&description).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let decoded = [("video", Mutex::default()), ("audio", Mutex::default())];
    pipeline.set_state(gst::State::Playing).expect("it starts");
    std::thread::scope(|scope| {
        for (name, frames) in &decoded {
            let sink = pipeline.by_name(name).expect("the sink");
            let sink = sink.downcast::<gst_app::AppSink>().expect("an appsink");
            scope.spawn(move || *frames.lock().expect("not poisoned") = checksums(&sink));
        }
    });
    let bus = pipeline.bus().expect("a bus");
    let error = bus.pop_filtered(&[gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert!(error.is_none(), "{error:?}");
    let [video, audio] = decoded.map(|(_, frames)| frames.into_inner().expect("not poisoned"));
    Decoded { video, audio }
}

fn checksums(sink: &gst_app::AppSink) -> Vec<String> {
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    std::iter::from_fn(|| {
        let sample = sink.try_pull_sample(timeout)?;
        let buffer = sample.buffer()?.map_readable().ok()?;
        let checksum = glib::compute_checksum_for_data(glib::ChecksumType::Sha1, &buffer);
        checksum.map(Into::into)
    })
    .collect()
}

/// The frames of the clip itself.
pub(crate) fn reference(clip: &Path) -> Decoded {
    let decoded = decode(&format!("filesrc location={}", clip.display()));
    assert_eq!(decoded.video.len(), FRAMES, "the clip is whole");
    decoded
}
