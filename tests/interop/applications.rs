// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Players and programs that load the plugin.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::clip;
use crate::nginx::publish_to_waiting_player;
use crate::origin::Origin;
use crate::process::{Folder, run, with_plugin};
use crate::{HANG, build_dir, init};

/// A player, the element in it that chooses the source, and where its pictures
/// come out.
struct Watching {
    player: gst::Element,
    chooser: gst::Element,
    pictures: gst_app::AppSink,
}

/// Runs a player to its end and returns how many pictures came and which
/// source it chose.
fn watch(watching: &Watching) -> (usize, String) {
    let Watching {
        player,
        chooser,
        pictures,
    } = watching;
    let source = Arc::new(Mutex::new(String::new()));
    let chosen = Arc::clone(&source);
    chooser.connect("source-setup", false, move |values| {
        let element = values[1].get::<gst::Element>().expect("the source");
        let factory = element.factory().expect("its factory");
        *chosen.lock().expect("not poisoned") = factory.name().into();
        None
    });
    player.set_state(gst::State::Playing).expect("it starts");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let pictures = std::iter::from_fn(|| pictures.try_pull_sample(timeout)).count();
    let bus = player.bus().expect("a bus");
    let error = bus.pop_filtered(&[gst::MessageType::Error]);
    assert!(error.is_none(), "{error:?}");
    player.set_state(gst::State::Null).expect("it stops");
    let source = source.lock().expect("not poisoned").clone();
    (pictures, source)
}

/// Publishes the clip to an origin while a player made from its URL watches.
fn watch_clip(make: impl Fn(&str) -> Watching + Sync) {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let url = origin.url();
    let (pictures, source) =
        publish_to_waiting_player(&clip, &url, || watch(&make(&url)), || origin.has_players());
    assert_eq!(source, "rtmprsrc");
    assert_eq!(pictures, clip::FRAMES);
}

#[test]
fn playbin_picks_the_element_and_shows_every_picture() {
    watch_clip(|url| {
        let pictures = gst_app::AppSink::builder().sync(false).build();
        let silence = gst::ElementFactory::make("fakesink")
            .build()
            .expect("fakesink");
        let player = gst::ElementFactory::make("playbin")
            .property("uri", url)
            .property("video-sink", &pictures)
            .property("audio-sink", silence)
            .build()
            .expect("playbin");
        Watching {
            chooser: player.clone(),
            player,
            pictures,
        }
    });
}

#[test]
fn uridecodebin3_picks_the_element_and_shows_every_picture() {
    watch_clip(|url| {
        let description = format!(
            "uridecodebin3 name=source uri={url} \
             source. ! videoconvert ! appsink name=pictures sync=false \
             source. ! audioconvert ! fakesink"
        );
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        let bin = pipeline.downcast_ref::<gst::Bin>().expect("a bin");
        let pictures = bin.by_name("pictures").expect("the sink");
        Watching {
            chooser: bin.by_name("source").expect("the decoder"),
            pictures: pictures.downcast().expect("an appsink"),
            player: pipeline,
        }
    });
}

/// Runs one of the example programs against a stream.
fn watch_with(program: impl FnOnce(&Folder) -> Command) {
    init();
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let origin = Origin::start();
    let _publisher = origin.publish_for_ever(&clip);
    let mut program = program(&folder);
    let output = run(with_plugin(&mut program, &folder).args(["--frames", "25", &origin.url()]));
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(out.lines().last(), Some("frames 25"), "{output:?}");
}

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

#[test]
fn the_rust_program_gets_pictures() {
    watch_with(|_| Command::new(build_dir().join("examples/watch")));
}

#[test]
fn the_python_program_gets_pictures() {
    watch_with(|_| {
        // Debian's own: others have no bindings for GObject.
        let mut command = Command::new("/usr/bin/python3");
        command.arg(example("watch.py"));
        command
    });
}

#[test]
fn the_c_program_gets_pictures() {
    watch_with(|folder| {
        let program = folder.path().join("watch");
        let flags = run(Command::new("pkg-config").args([
            "--cflags",
            "--libs",
            "gstreamer-1.0",
            "gstreamer-app-1.0",
            "gstreamer-video-1.0",
        ]));
        assert!(flags.status.success(), "{flags:?}");
        let compiler = run(Command::new("cc")
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(&program)
            .arg(example("watch.c"))
            .args(String::from_utf8_lossy(&flags.stdout).split_whitespace()));
        assert!(compiler.status.success(), "{compiler:?}");
        Command::new(program)
    });
}

#[test]
fn a_program_gets_a_failing_exit_and_the_reason_for_a_stream_that_is_not_there() {
    let folder = Folder::new();
    let mut program = Command::new(build_dir().join("examples/watch"));
    let output = run(with_plugin(&mut program, &folder).arg("rtmp://127.0.0.1:1/live/test"));
    assert!(!output.status.success());
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(err.contains("refused"), "{output:?}");
}
