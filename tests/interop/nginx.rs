// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Against nginx-rtmp.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::clip;
use crate::process::{Folder, Process, free_port, wait_for_listener};
use crate::wire::From::{Client, Server};
use crate::wire::{Recorder, assert_order};
use crate::{HANG, init};

/// An nginx of the test's own.
pub(crate) struct Nginx {
    process: Process,
    folder: Folder,
    port: u16,
}

impl Nginx {
    pub(crate) fn start() -> Self {
        Self::with("")
    }

    /// One with further applications.
    pub(crate) fn with(applications: &str) -> Self {
        let folder = Folder::new();
        let port = free_port();
        let configuration = format!(
            "load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
             daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log info;
             events {{ worker_connections 64; }}
             rtmp {{ server {{ listen 127.0.0.1:{port}; chunk_size 4096;
                 application live {{ live on; }}
                 application strict {{ live on; idle_streams off; }}
                 {applications}
             }} }}",
            folder = folder.path().display()
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration).expect("the configuration is written");
        let process = run_in(&folder);
        wait_for_listener(port);
        Self {
            process,
            folder,
            port,
        }
    }

    /// Kills it and starts it again, with an empty log.
    pub(crate) fn restart(&mut self) {
        self.process.signal(nix::sys::signal::Signal::SIGKILL);
        self.process.wait();
        let _ = std::fs::remove_file(self.folder.path().join("error.log"));
        self.process = run_in(&self.folder);
        wait_for_listener(self.port);
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The only process of it.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("error.log"));
        String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
    }

    /// How many publishers of this stream there have been.
    pub(crate) fn publications(&self, stream: &str) -> usize {
        let line = format!("publish: name='{stream}'");
        self.log().matches(&line).count()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("rtmp://{}/live/test", self.address())
    }
}

/// Runs nginx with the configuration in a folder.
fn run_in(folder: &Folder) -> Process {
    Process::start(
        Command::new("/usr/sbin/nginx")
            .arg("-p")
            .arg(folder.path())
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .arg("-c")
            .arg(folder.path().join("nginx.conf")),
    )
}

/// Publishes the clip once a player waits for it, so that it gets all of it.
pub(crate) fn publish_to_waiting_player<T: Send>(
    clip: &std::path::Path,
    url: &str,
    play: impl FnOnce() -> T + Send,
    is_waiting: impl Fn() -> bool,
) -> T {
    std::thread::scope(|scope| {
        let playing = scope.spawn(play);
        let deadline = Instant::now() + HANG;
        while !is_waiting() {
            assert!(Instant::now() < deadline, "the player connects");
            assert!(!playing.is_finished(), "the player waits");
            std::thread::sleep(Duration::from_millis(5));
        }
        let mut publisher = clip::publish(clip, url);
        let result = playing.join().expect("the player works");
        assert!(publisher.wait().success());
        result
    })
}

#[test]
fn decoded_frames_equal_those_of_the_published_clip_and_the_flow_is_in_order() {
    init();
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let recorder = Recorder::start(nginx.address());
    let location = format!("rtmp://{}/live/test", recorder.address());
    let decoded = publish_to_waiting_player(
        &clip,
        &nginx.url(),
        || clip::decode(&format!("rtmprsrc location={location}")),
        || recorder.has_seen(Server, "NetStream.Play.Start"),
    );
    assert_eq!(decoded, clip::reference(&clip));

    let steps = recorder.steps();
    assert_order(
        &steps,
        &[
            (Client, "C0"),
            (Client, "C1"),
            (Server, "S0"),
            (Server, "S1"),
            (Client, "C2"),
            (Client, "connect"),
            (Server, "WindowAckSize"),
            (Server, "SetPeerBandwidth"),
            (Server, "SetChunkSize"),
            (Server, "_result"),
            (Client, "createStream"),
            (Server, "_result"),
            (Client, "play"),
            (Server, "NetStream.Play.Start"),
            (Server, "StreamBegin"),
            (Server, "Video"),
            (Server, "StreamEof"),
        ],
    );
    let windows = steps
        .iter()
        .filter(|step| **step == (Client, "WindowAckSize".to_owned()));
    assert_eq!(windows.count(), 1);
}

#[test]
fn a_recording_with_filesink_is_a_valid_flv_file() {
    init();
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let file = nginx.folder().path().join("recording.flv");
    let recorder = Recorder::start(nginx.address());
    let description = format!(
        "rtmprsrc location=rtmp://{}/live/test ! filesink location={}",
        recorder.address(),
        file.display()
    );
    publish_to_waiting_player(
        &clip,
        &nginx.url(),
        || run_to_end(&description),
        || recorder.has_seen(Server, "NetStream.Play.Start"),
    );
    let probe = crate::process::run(
        Command::new("ffprobe")
            .args(["-v", "warning", "-count_packets", "-show_entries"])
            .args(["stream=codec_name,nb_read_packets", "-of", "csv=p=0"])
            .arg(&file),
    );
    let (out, err) = (
        String::from_utf8_lossy(&probe.stdout),
        String::from_utf8_lossy(&probe.stderr),
    );
    assert!(probe.status.success() && err.is_empty(), "{err}");
    assert!(out.contains(&format!("h264,{}", clip::FRAMES)), "{out}");
    assert!(out.contains("aac,"), "{out}");
}

/// Runs a pipeline until it ends, and returns the message that ended it.
pub(crate) fn end_of(description: &str) -> gst::Message {
    let pipeline = gst::parse::launch(description).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let message = bus
        .timed_pop_filtered(
            gst::ClockTime::try_from(HANG).expect("a short time"),
            &[gst::MessageType::Eos, gst::MessageType::Error],
        )
        .expect("it ends");
    pipeline.set_state(gst::State::Null).expect("it stops");
    message
}

/// Runs a pipeline until it ends, which must be in order.
pub(crate) fn run_to_end(description: &str) {
    let message = end_of(description);
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

/// The error that playing a location ends with.
fn error_of(location: &str) -> glib::Error {
    init();
    let message = end_of(&format!("rtmprsrc location={location} ! fakesink"));
    match message.view() {
        gst::MessageView::Error(error) => error.error(),
        _ => panic!("{location} ended in order"),
    }
}

#[test]
fn an_unknown_application_is_an_error_that_says_so() {
    let nginx = Nginx::start();
    let error = error_of(&format!("rtmp://{}/wrong/test", nginx.address()));
    assert!(error.matches(gst::ResourceError::OpenRead), "{error:?}");
    assert!(error.message().contains("application"), "{error:?}");
}

#[test]
fn a_missing_stream_is_not_found() {
    let nginx = Nginx::start();
    let error = error_of(&format!("rtmp://{}/strict/nothing", nginx.address()));
    assert!(error.matches(gst::ResourceError::NotFound), "{error:?}");
    assert!(error.message().contains("StreamNotFound"), "{error:?}");
}

#[test]
fn recording_and_decoding_behind_a_tee_prerolls() {
    // A serialised query behind the recorder's first buffer would stop it.
    init();
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let file = nginx.folder().path().join("tee.flv");
    let recorder = Recorder::start(nginx.address());
    let description = format!(
        "rtmprsrc is-live=false location=rtmp://{}/live/test ! tee name=t \
         t. ! queue ! filesink location={} \
         t. ! queue ! decodebin name=d \
         d. ! videoconvert ! fakesink d. ! audioconvert ! fakesink",
        recorder.address(),
        file.display()
    );
    let preroll = || {
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        pipeline.set_state(gst::State::Paused).expect("it starts");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let (result, state, _) = pipeline.state(timeout);
        pipeline.set_state(gst::State::Null).expect("it stops");
        result.map(|_| state)
    };
    let state = publish_to_waiting_player(&clip, &nginx.url(), preroll, || {
        recorder.has_seen(Server, "NetStream.Play.Start")
    });
    assert_eq!(state.ok(), Some(gst::State::Paused));
}
