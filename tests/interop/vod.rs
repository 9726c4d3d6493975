// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Recordings of nginx-rtmp, in playbin and in gst-play.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::nginx::Nginx;
use crate::origin::Origin;
use crate::origin::server::OriginOptions;
use crate::process::{Folder, run, wait_until, with_plugin};
use crate::wire::From::Server;
use crate::wire::Recorder;
use crate::{HANG, init};

/// Ten seconds, a key frame every second, presented 80 ms behind decoding.
fn recordings() -> Folder {
    let folder = Folder::new();
    let flv = folder.path().join("clip.flv");
    let output = run(Command::new("ffmpeg")
        .args(["-v", "error", "-f", "lavfi", "-i"])
        .arg("testsrc2=size=160x120:rate=25:duration=10")
        .args(["-f", "lavfi", "-i", "sine=frequency=440:duration=10"])
        .args([
            "-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "2",
        ])
        .args(["-sc_threshold", "0", "-pix_fmt", "yuv420p", "-c:a", "aac"])
        .args(["-flvflags", "add_keyframe_index", "-f", "flv"])
        .arg(&flv));
    assert!(output.status.success(), "{output:?}");
    let copy = |to: &Path| {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-i"]).arg(&flv);
        run(command.args(["-c", "copy"]).arg(to))
    };
    for name in ["clip.mp4", "plain.flv"] {
        let output = copy(&folder.path().join(name));
        assert!(output.status.success(), "{name}: {output:?}");
    }
    folder
}

fn nginx(recordings: &Folder) -> Nginx {
    let folder = recordings.path().display();
    Nginx::with(&format!("application vod {{ play {folder}; }}"))
}

fn url(nginx: &Nginx, name: &str) -> String {
    format!("rtmp://{}/vod/{name}", nginx.address())
}

/// A playbin that shows pictures as fast as they come.
struct Watching {
    playbin: gst::Element,
    /// Stream times of the pictures since the last question, in ms.
    shown: Arc<Mutex<Vec<u64>>>,
}

impl Watching {
    fn start(uri: &str) -> Self {
        init();
        let sink = |name: &str| {
            let sink = gst::ElementFactory::make("fakesink").name(name);
            sink.property("sync", false).build().expect("it is there")
        };
        let (video, audio) = (sink("video"), sink("audio"));
        let shown = Arc::<Mutex<Vec<u64>>>::default();
        let seen = Arc::clone(&shown);
        let pad = video.static_pad("sink").expect("its pad");
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let segment = pad.sticky_event::<gst::event::Segment>(0);
            let segment = segment.expect("a segment comes first");
            let segment = segment.segment().downcast_ref::<gst::ClockTime>();
            let pts = info.buffer().and_then(|buffer| buffer.pts());
            let time = segment.expect("TIME").to_stream_time(pts);
            let time = time.expect("it is in the segment").mseconds();
            seen.lock().expect("not poisoned").push(time);
            gst::PadProbeReturn::Ok
        });
        let playbin = gst::ElementFactory::make("playbin")
            .property("uri", uri)
            .property("video-sink", &video)
            .property("audio-sink", &audio)
            .build()
            .expect("playbin");
        let watching = Self { playbin, shown };
        watching.go_to(gst::State::Paused);
        watching
    }

    fn go_to(&self, state: gst::State) {
        self.playbin.set_state(state).expect("it does not fail");
        self.settle();
    }

    /// Waits for the state, so for the first picture behind a seek.
    fn settle(&self) {
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let (result, _, _) = self.playbin.state(timeout);
        let bus = self.playbin.bus().expect("a bus");
        let error = bus.pop_filtered(&[gst::MessageType::Error]);
        assert!(result.is_ok(), "{error:?}");
    }

    fn seek(&self, flags: gst::SeekFlags, to: u64) {
        self.shown.lock().expect("not poisoned").clear();
        let to = gst::ClockTime::from_mseconds(to);
        let result = self.playbin.seek_simple(gst::SeekFlags::FLUSH | flags, to);
        result.expect("it can be sought");
        self.settle();
    }

    /// The first picture since the last seek.
    fn first(&self) -> u64 {
        self.shown.lock().expect("not poisoned")[0]
    }

    fn position(&self) -> u64 {
        let position = self.playbin.query_position::<gst::ClockTime>();
        position.expect("a position").mseconds()
    }

    /// Plays to the end, and returns when the last picture was.
    fn to_the_end(&self) -> u64 {
        let bus = self.playbin.bus().expect("a bus");
        self.playbin
            .set_state(gst::State::Playing)
            .expect("it does not fail");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = bus.timed_pop_filtered(timeout, &wanted).expect("it ends");
        assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
        *self
            .shown
            .lock()
            .expect("not poisoned")
            .last()
            .expect("pictures")
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.playbin.set_state(gst::State::Null);
    }
}

#[test]
fn playbin_seeks_to_a_key_frame_or_exactly_and_plays_on() {
    let recordings = recordings();
    let nginx = nginx(&recordings);
    for name in ["clip.flv", "mp4:clip.mp4"] {
        check_seeking(&url(&nginx, name), name);
    }
}

#[test]
fn playbin_seeks_in_recordings_of_our_own_server() {
    let recordings = recordings();
    let origin = our_own(&recordings);
    // With a key frame index in the metadata, and without.
    for name in ["clip", "plain.flv"] {
        let url = format!("rtmp://{}/vod/{name}", origin.address());
        check_seeking(&url, name);
    }
}

/// Ours, with the same recordings.
fn our_own(recordings: &Folder) -> Origin {
    Origin::with(OriginOptions {
        recordings: Some(recordings.path().to_owned()),
        ..OriginOptions::default()
    })
}

/// Seeks here and there, and plays to the end.
fn check_seeking(url: &str, name: &str) {
    let watching = Watching::start(&format!("{url} live=0"));
    assert_eq!(watching.first(), 80, "{name}");
    let length = watching.playbin.query_duration::<gst::ClockTime>();
    let length = length.expect("a duration").mseconds();
    assert!((10_000..10_200).contains(&length), "{name}: {length}");
    let mut seeking = gst::query::Seeking::new(gst::Format::Time);
    assert!(watching.playbin.query(&mut seeking));
    assert!(seeking.result().0, "{name}");

    // The segment begins with the first frame of all: at most one of sound earlier.
    watching.seek(gst::SeekFlags::KEY_UNIT, 5_300);
    assert_eq!(watching.first(), 5_080, "{name}");
    let position = watching.position();
    assert!((4_940..=5_080).contains(&position), "{name}: {position}");
    watching.seek(gst::SeekFlags::ACCURATE, 3_300);
    assert_eq!(watching.first(), 3_300, "{name}");
    assert_eq!(watching.position(), 3_300, "{name}");
    // Back and forth without a pause, which is what a slider does.
    for to in [7_000, 1_000, 8_000, 2_500] {
        watching.shown.lock().expect("not poisoned").clear();
        let to = gst::ClockTime::from_mseconds(to);
        let flags = gst::SeekFlags::FLUSH | gst::SeekFlags::ACCURATE;
        watching.playbin.seek_simple(flags, to).expect("it seeks");
    }
    watching.settle();
    assert_eq!(watching.first(), 2_500, "{name}");
    assert_eq!(watching.to_the_end(), 10_040, "{name}");

    // Behind the end, and to where no key frame follows.
    watching.seek(gst::SeekFlags::ACCURATE, 9_700);
    assert_eq!(watching.first(), 9_700, "{name}");
    assert_eq!(watching.to_the_end(), 10_040, "{name}");
    watching.seek(gst::SeekFlags::KEY_UNIT, 200);
    assert_eq!(watching.first(), 80, "{name}");
}

/// Plays to the end, with a pause that is longer than the queue, and returns times in ms
/// and sizes of the frames.
fn frames(location: &str, recorder: Option<&Recorder>) -> Vec<(u64, usize)> {
    init();
    let pipeline = gst::parse::launch(&format!(
        "rtmprsrc name=source max-queue-bytes=20000 location=\"{location} live=0\" \
         ! fakesink sync=false"
    ));
    let pipeline = pipeline.expect("the elements are there");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let source = pipeline.by_name("source").expect("it is there");
    let pad = source.static_pad("src").expect("its pad");
    let frames = Arc::<Mutex<Vec<(u64, usize)>>>::default();
    let seen = Arc::clone(&frames);
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(kinds, move |_, info| {
        let list = info
            .buffer_list_mut()
            .map(|list| list.iter_owned().collect());
        let buffers = list.unwrap_or_else(|| Vec::from_iter(info.buffer().cloned()));
        for buffer in buffers {
            if !buffer.flags().contains(gst::BufferFlags::HEADER) {
                let time = buffer.dts().expect("a time").mseconds();
                let mut seen = seen.lock().expect("not poisoned");
                seen.push((time, buffer.size()));
            }
        }
        gst::PadProbeReturn::Ok
    });
    if let Some(recorder) = recorder {
        pipeline.set_state(gst::State::Paused).expect("it starts");
        wait_until("the server has stopped", || {
            recorder.has_seen(Server, "NetStream.Pause.Notify")
        });
    }
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let message = bus.timed_pop_filtered(timeout, &wanted).expect("it ends");
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
    let mut frames = frames.lock().expect("not poisoned");
    std::mem::take(&mut *frames)
}

#[test]
fn a_long_pause_costs_no_frame_and_no_time() {
    let recordings = recordings();
    let (nginx, origin) = (nginx(&recordings), our_own(&recordings));
    for (address, name) in [
        (nginx.address(), "clip.flv"),
        (nginx.address(), "mp4:clip.mp4"),
        (origin.address(), "clip"),
    ] {
        let recorder = Recorder::start(address);
        let through = frames(&format!("rtmp://{address}/vod/{name}"), None);
        let location = format!("rtmp://{}/vod/{name}", recorder.address());
        let paused = frames(&location, Some(&recorder));
        assert_eq!(paused, through, "{name}");
    }
}

#[test]
fn gst_play_shows_position_and_duration() {
    let recordings = recordings();
    let nginx = nginx(&recordings);
    let mut program = Command::new("gst-play-1.0");
    let output = run(with_plugin(&mut program, nginx.folder())
        .arg("--no-interactive")
        .arg("--videosink=fakesink sync=true")
        .arg("--audiosink=fakesink sync=true")
        .arg(format!("{} live=0", url(&nginx, "clip.flv"))));
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{out}");
    assert!(out.contains("0:00:05.0 / 0:00:10.0"), "{out}");
    assert!(out.contains("Reached end of play list"), "{out}");
    assert!(!out.contains("is live"), "{out}");
}

#[test]
fn ffmpeg_plays_a_recording_of_our_own_server() {
    let recordings = recordings();
    let origin = our_own(&recordings);
    let url = format!("rtmp://{}/vod/clip", origin.address());
    let out = recordings.path().join("out.flv");
    let output = run(Command::new("ffmpeg")
        .args(["-v", "error", "-rtmp_live", "recorded", "-i", &url])
        .args(["-c", "copy", "-f", "flv"])
        .arg(&out));
    assert!(output.status.success(), "{output:?}");
    let packets = |file: &Path| {
        let mut command = Command::new("ffprobe");
        command.args(["-v", "error", "-select_streams", "v", "-show_packets"]);
        let output = run(command
            .args(["-show_entries", "packet=size,dts", "-of", "csv"])
            .arg(file));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let sent = packets(&recordings.path().join("clip.flv"));
    assert_eq!(sent.lines().count(), 250);
    assert_eq!(packets(&out), sent);
}
