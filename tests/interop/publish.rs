// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What `rtmprsink` publishes arrives at servers that we did not write.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gst::prelude::*;
use gstrtmpr::rtmp::status::StatusCode;
use nix::sys::signal::Signal;

use crate::nginx::Nginx;
use crate::origin::Origin;
use crate::origin::server::{OriginOptions, Welcome};
use crate::process::{Folder, Process, free_port, run, wait_for_listener, wait_until};
use crate::tls::certificates::{Certificates, Identity};
use crate::tls::stunnel::Stunnel;
use crate::{HANG, clip, init};

/// A packet of a file: kind, presentation and decoding time, and a sum of its bytes.
type Packet = (String, String, String, String);

/// All packets of a file, as ffprobe reads it.
fn packets(file: &Path) -> Vec<Packet> {
    let output = run(Command::new("ffprobe")
        .args(["-v", "error", "-show_data_hash", "md5", "-show_packets"])
        .args(["-show_entries", "packet=codec_type,pts,dts,data_hash"])
        .args(["-of", "compact=p=0:nk=0"])
        .arg(file));
    assert!(output.status.success(), "{output:?}");
    // What comes with a packet is in lines of its own.
    let text = String::from_utf8_lossy(&output.stdout).replace("\n|", "|");
    let field = |line: &str, name: &str| {
        let mut fields = line.split('|').filter_map(|field| field.split_once('='));
        let found = fields.find(|(own, _)| *own == name);
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    // Script data counts as subtitles.
    text.lines()
        .filter(|line| line.contains("=audio|") || line.contains("=video|"))
        .map(|line| {
            let of = |name| field(line, name);
            (of("codec_type"), of("pts"), of("dts"), of("data_hash"))
        })
        .collect()
}

/// Compares two files; a difference is shown where it begins.
fn assert_same(ours: &[Packet], theirs: &[Packet]) {
    let differs = ours.iter().zip(theirs).position(|(a, b)| a != b);
    if let Some(at) = differs {
        panic!("packet {at}: {:?} instead of {:?}", ours[at], theirs[at]);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// An nginx that records what is published.
fn recorder() -> (Nginx, PathBuf) {
    let recordings = std::env::temp_dir().join(format!(
        "rtmpr-recordings-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    let _ = std::fs::remove_dir_all(&recordings);
    std::fs::create_dir_all(&recordings).expect("a folder");
    let application = format!(
        "application rec {{ live on; record all; record_path {}; record_unique off; }}
         application closed {{ live on; deny publish all; }}",
        recordings.display()
    );
    (Nginx::with(&application), recordings)
}

/// Runs a pipeline to its end, which must be in order.
fn publish(description: &str) {
    init();
    crate::nginx::run_to_end(description);
}

/// Waits until the server has closed its recording, and reads it.
fn recorded(nginx: &Nginx, recordings: &Path, name: &str) -> Vec<Packet> {
    let file = recordings.join(format!("{name}.flv"));
    let line = "deleteStream";
    wait_until("the recording is whole", || {
        nginx.log().contains(line) && file.exists()
    });
    packets(&file)
}

fn location(nginx: &Nginx, name: &str) -> String {
    format!("rtmp://{}/rec/{name}", nginx.address())
}

#[test]
fn nginx_records_each_packet_of_a_file_at_its_time() {
    let (nginx, recordings) = recorder();
    let clip = clip::make(nginx.folder());
    publish(&format!(
        "filesrc location={} ! rtmprsink sync=false location={}",
        clip.display(),
        location(&nginx, "file")
    ));
    assert_same(&recorded(&nginx, &recordings, "file"), &packets(&clip));
    std::fs::remove_dir_all(recordings).expect("it was there");
}

#[test]
fn nginx_records_each_packet_of_the_encoders() {
    let (nginx, recordings) = recorder();
    let file = nginx.folder().path().join("encoded.flv");
    publish(&format!(
        "videotestsrc num-buffers=100 ! video/x-raw,width=160,height=120,framerate=25/1 \
         ! x264enc key-int-max=25 bframes=2 ! h264parse ! m. \
         audiotestsrc num-buffers=172 ! audioconvert ! avenc_aac ! aacparse ! m. \
         flvmux streamable=true name=m ! tee name=t \
         t. ! queue ! filesink location={} async=false \
         t. ! queue ! rtmprsink sync=false async=false location={}",
        file.display(),
        location(&nginx, "encoded")
    ));
    let expected = packets(&file);
    assert!(expected.len() > 200, "{}", expected.len());
    assert_same(&recorded(&nginx, &recordings, "encoded"), &expected);
    std::fs::remove_dir_all(recordings).expect("it was there");
}

#[test]
fn the_same_clip_by_others_gives_the_same_recording() {
    let (nginx, recordings) = recorder();
    let clip = clip::make(nginx.folder());
    let source = format!("filesrc location={} ! flvdemux name=d", clip.display());
    let through = |sink: &str| {
        format!(
            "{source} d.video ! queue ! h264parse ! m.video d.audio ! queue ! aacparse ! m.audio \
             flvmux streamable=true name=m ! {sink} sync=false location={}",
            location(&nginx, sink)
        )
    };
    for sink in ["rtmprsink", "rtmp2sink"] {
        publish(&through(sink));
    }
    let output = run(Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&clip)
        .args(["-c", "copy", "-f", "flv"])
        .arg(location(&nginx, "ffmpeg")));
    assert!(output.status.success(), "{output:?}");
    wait_until("all have left", || {
        nginx.log().matches("deleteStream").count() >= 3
    });
    // The muxers divide metadata and times in their own way: bodies in their order.
    let bodies = |name: &str| {
        let packets = packets(&recordings.join(format!("{name}.flv")));
        let of = |kind: &str| {
            let packets = packets.iter().filter(|packet| packet.0 == kind);
            packets.map(|packet| packet.3.clone()).collect::<Vec<_>>()
        };
        (of("video"), of("audio"))
    };
    let ours = bodies("rtmprsink");
    assert_eq!(ours.0.len(), clip::FRAMES);
    assert_eq!(ours, bodies("rtmp2sink"));
    assert_eq!(ours, bodies("ffmpeg"));
    // With the same muxer the times are the same, too.
    let file = |name: &str| packets(&recordings.join(format!("{name}.flv")));
    assert_same(&file("rtmprsink"), &file("rtmp2sink"));
    std::fs::remove_dir_all(recordings).expect("it was there");
}

#[test]
fn ffmpeg_as_a_server_gets_each_packet() {
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let file = folder.path().join("received.flv");
    let port = free_port();
    let url = format!("rtmp://127.0.0.1:{port}/live/test");
    let mut server = Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-listen", "1", "-i"])
            .arg(&url)
            .args(["-c", "copy", "-f", "flv"])
            .arg(&file),
    );
    wait_for_listener(port);
    publish(&format!(
        "filesrc location={} ! rtmprsink sync=false location={url}",
        clip.display()
    ));
    server.wait();
    assert_same(&packets(&file), &packets(&clip));
}

#[test]
fn it_is_published_through_tls() {
    init();
    let certificates = Certificates::new();
    let good: Identity = certificates.signed("good", "DNS:localhost", 30);
    let (nginx, recordings) = recorder();
    let stunnel = Stunnel::start(&good, nginx.address());
    let clip = clip::make(nginx.folder());
    publish(&format!(
        "filesrc location={} ! rtmprsink sync=false tls-ca-file={} \
         location=rtmps://localhost:{}/rec/tls",
        clip.display(),
        certificates.authority(),
        stunnel.port()
    ));
    assert_same(&recorded(&nginx, &recordings, "tls"), &packets(&clip));
    std::fs::remove_dir_all(recordings).expect("it was there");
}

#[test]
fn what_is_published_is_played_with_the_same_frames() {
    init();
    let nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let publisher = format!(
        "filesrc location={} ! rtmprsink location={}",
        clip.display(),
        nginx.url()
    );
    let plays = || nginx.log().contains("play: name='test'");
    let decoded = std::thread::scope(|scope| {
        let playing = scope.spawn(|| clip::decode(&format!("rtmprsrc location={}", nginx.url())));
        wait_until("the player waits", plays);
        publish(&publisher);
        playing.join().expect("it plays")
    });
    assert_eq!(decoded, clip::reference(&clip));
}

/// A live publisher that runs until it is dropped.
struct Live(gst::Pipeline);

impl Live {
    fn start(location: &str, properties: &str) -> Self {
        init();
        let description = format!(
            "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=25/1 \
             ! x264enc tune=zerolatency key-int-max=10 ! h264parse ! m. \
             audiotestsrc is-live=true ! audioconvert ! avenc_aac ! aacparse ! m. \
             flvmux streamable=true name=m \
             ! rtmprsink name=s reconnect-delay=100 reconnect-factor=1 {properties} \
             location={location}"
        );
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        pipeline.set_state(gst::State::Playing).expect("it starts");
        Self(pipeline)
    }

    fn stats(&self) -> gst::Structure {
        self.0.by_name("s").expect("the sink").property("stats")
    }

    /// Waits for an element message of this name.
    fn wait_for(&self, name: &str) -> gst::Structure {
        let bus = self.0.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Element, gst::MessageType::Error];
        loop {
            let message = bus.timed_pop_filtered(timeout, &wanted);
            let message = message.unwrap_or_else(|| panic!("no {name}"));
            if let gst::MessageView::Error(error) = message.view() {
                panic!("{error:?} instead of {name}");
            }
            if let Some(structure) = message.structure()
                && structure.name() == name
            {
                return structure.to_owned();
            }
        }
    }

    /// Waits until so many pictures have been sent.
    fn wait_for_pictures(&self, count: u64) {
        wait_until("pictures are sent", || {
            self.stats()
                .get::<u64>("video-messages")
                .is_ok_and(|sent| sent >= count)
        });
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

/// Plays until some pictures have been decoded.
fn plays(location: &str) {
    let description = format!(
        "rtmprsrc location={location} ! flvdemux name=d \
         d.video ! queue ! h264parse ! avdec_h264 ! appsink name=a sync=false \
         d.audio ! queue leaky=downstream ! fakesink sync=false async=false"
    );
    let pipeline = gst::parse::launch(&description).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let sink = pipeline.by_name("a").expect("the sink");
    let sink = sink.downcast::<gst_app::AppSink>().expect("an appsink");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let pictures = (0..20)
        .filter_map(|_| sink.try_pull_sample(timeout))
        .count();
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert_eq!(pictures, 20);
}

#[test]
fn a_server_that_is_killed_and_started_again_gets_the_stream_again() {
    let mut nginx = Nginx::start();
    let live = Live::start(&nginx.url(), "");
    live.wait_for("publish-started");
    live.wait_for_pictures(10);
    for _ in 0..2 {
        nginx.restart();
        let message = live.wait_for("reconnected");
        assert!(message.get::<u64>("gap").is_ok());
        plays(&nginx.url());
    }
    assert!(
        live.stats()
            .get::<u32>("reconnects")
            .is_ok_and(|count| count >= 2)
    );
}

#[test]
fn a_frozen_server_is_left_and_taken_again_once_it_lives() {
    let nginx = Nginx::start();
    let live = Live::start(
        &nginx.url(),
        "write-timeout=1 timeout=1 send-buffer-size=4096 drop-policy=gop handshake=simple",
    );
    live.wait_for("publish-started");
    live.wait_for_pictures(10);
    nginx.process().signal(Signal::SIGSTOP);
    live.wait_for("reconnecting");
    nginx.process().signal(Signal::SIGCONT);
    live.wait_for("reconnected");
    plays(&nginx.url());
}

#[test]
fn a_name_in_use_is_waited_for() {
    let nginx = Nginx::start();
    let first = Live::start(&nginx.url(), "");
    first.wait_for("publish-started");
    let second = Live::start(&nginx.url(), "");
    let message = second.wait_for("publish-status");
    assert_eq!(message.get::<&str>("code"), Ok("NetStream.Publish.BadName"));
    second.wait_for("reconnecting");
    drop(first);
    second.wait_for("publish-started");
    second.wait_for_pictures(10);
}

/// The error that publishing ends with.
fn error_of(location: &str) -> glib::Error {
    init();
    let clip_less = format!(
        "videotestsrc num-buffers=50 ! x264enc ! flvmux streamable=true \
         ! rtmprsink async=false sync=false reconnect-delay=1 location={location}"
    );
    let pipeline = gst::parse::launch(&clip_less).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let message =
        bus.timed_pop_filtered(timeout, &[gst::MessageType::Eos, gst::MessageType::Error]);
    let message = message.expect("it ends");
    pipeline.set_state(gst::State::Null).expect("it stops");
    match message.view() {
        gst::MessageView::Error(error) => error.error(),
        _ => panic!("{location} took it"),
    }
}

#[test]
fn refusals_of_nginx_say_what_to_look_at() {
    let (nginx, recordings) = recorder();
    let wrong = error_of(&format!("rtmp://{}/wrong/test", nginx.address()));
    assert!(wrong.matches(gst::ResourceError::OpenWrite), "{wrong:?}");
    assert!(wrong.message().contains("application"), "{wrong:?}");
    let denied = error_of(&format!("rtmp://{}/closed/test", nginx.address()));
    assert!(denied.matches(gst::ResourceError::OpenWrite), "{denied:?}");
    assert!(denied.message().contains("access is denied"), "{denied:?}");
    std::fs::remove_dir_all(recordings).expect("it was there");
}

#[test]
fn a_recorder_that_cannot_write_does_not_end_the_stream() {
    init();
    let application = "application full { live on; record all; record_path /dev/full; }";
    let nginx = Nginx::with(application);
    let location = format!("rtmp://{}/full/test", nginx.address());
    let live = Live::start(&location, "");
    live.wait_for_pictures(30);
    plays(&location);
}

/// A recent FFmpeg, where the environment names one:
/// `pip install imageio-ffmpeg`, and its path in `RTMPR_MODERN_FFMPEG`.
fn modern_ffmpeg() -> Option<PathBuf> {
    let path = std::env::var_os("RTMPR_MODERN_FFMPEG").filter(|path| !path.is_empty());
    if path.is_none() {
        println!("RTMPR_MODERN_FFMPEG names no recent FFmpeg: left out");
    }
    path.map(PathBuf::from)
}

#[test]
fn enhanced_rtmp_arrives_at_a_recent_ffmpeg_as_it_was() {
    let Some(ffmpeg) = modern_ffmpeg() else {
        return;
    };
    let folder = Folder::new();
    let sums = |file: &Path| {
        let output = run(Command::new(&ffmpeg)
            .args(["-v", "error", "-i"])
            .arg(file)
            .args(["-c", "copy", "-f", "framemd5", "-"]));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for (video, audio) in [
        ("libx265", "libopus"),
        ("libsvtav1", "flac"),
        ("libvpx-vp9", "ac3"),
    ] {
        let clip = folder.path().join(format!("{video}.flv"));
        let output = run(Command::new(&ffmpeg)
            .args([
                "-v",
                "error",
                "-f",
                "lavfi",
                "-i",
                "testsrc2=size=160x120:rate=25:duration=2",
            ])
            .args(["-f", "lavfi", "-i", "sine=sample_rate=48000:duration=2"])
            .args([
                "-c:v", video, "-g", "25", "-pix_fmt", "yuv420p", "-c:a", audio, "-f", "flv",
            ])
            .arg(&clip));
        assert!(output.status.success(), "{output:?}");
        let file = folder.path().join(format!("{video}-received.flv"));
        let port = free_port();
        let url = format!("rtmp://127.0.0.1:{port}/live/test");
        let mut server = Process::start(
            Command::new(&ffmpeg)
                .args(["-v", "fatal", "-listen", "1", "-i"])
                .arg(&url)
                .args(["-c", "copy", "-f", "flv"])
                .arg(&file),
        );
        wait_for_listener(port);
        publish(&format!(
            "filesrc location={} ! rtmprsink sync=false location={url}",
            clip.display()
        ));
        server.wait();
        // FFmpeg itself writes some decoder configurations in its own way.
        let copy = folder.path().join(format!("{video}-copied.flv"));
        let output = run(Command::new(&ffmpeg)
            .args(["-v", "error", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "flv"])
            .arg(&copy));
        assert!(output.status.success(), "{output:?}");
        let expected = sums(&copy);
        assert!(expected.lines().count() > 100, "{expected}");
        assert!(sums(&file) == expected, "{video} and {audio}");
    }
}

/// An origin of ours that does this with the first publishers, one after the other.
fn origin_with(welcomes: Vec<Welcome>) -> Origin {
    let welcomes = Mutex::new(VecDeque::from(welcomes));
    Origin::with(OriginOptions {
        doorkeeper: Some(Arc::new(move |_| {
            welcomes.lock().expect("not poisoned").pop_front()
        })),
        // What it ignores has its name until it is dropped.
        ping_interval: Duration::from_secs(1),
        ..OriginOptions::default()
    })
}

#[test]
fn our_origin_takes_what_is_published_whatever_it_did_before() {
    let other = Origin::start();
    let elsewhere = format!("rtmp://{}/live", other.address());
    let busy = || Welcome::Refused(StatusCode::PublishBadName, "in use".to_owned());
    for (welcomes, origin_of_media) in [
        (vec![], None),
        (vec![busy(), busy()], None),
        (vec![Welcome::After(Duration::from_millis(300))], None),
        (vec![Welcome::Sent(elsewhere)], Some(&other)),
    ] {
        let origin = origin_with(welcomes.clone());
        let live = Live::start(&origin.url(), "");
        live.wait_for("publish-started");
        let there = origin_of_media.unwrap_or(&origin);
        wait_until("media is there", || there.is_published());
        plays(&there.url());
        drop(live);
        wait_until("it has left", || !there.is_published());
    }
}

#[test]
fn our_origin_refuses_and_ignores() {
    let denied = Welcome::Refused(StatusCode::PublishDenied, "go away".to_owned());
    let origin = origin_with(vec![denied]);
    let error = error_of(&origin.url());
    assert!(
        error.matches(gst::ResourceError::NotAuthorized),
        "{error:?}"
    );

    // It reads nothing: another connection is made, which it takes.
    let origin = origin_with(vec![Welcome::Ignored]);
    let live = Live::start(
        &origin.url(),
        "write-timeout=1 timeout=1 send-buffer-size=4096",
    );
    let message = live.wait_for("reconnecting");
    assert!(message.get::<&str>("cause").is_ok());
    live.wait_for("reconnected");
    plays(&origin.url());
}
