// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishes a file in real time, and shows how it goes.
//!
//! `cargo run --release --example publish -- FILE URL`. The file is whatever GStreamer
//! takes apart (FLV, MP4, MKV, MPEG-TS …); its pictures have to be H.264 and its sound
//! AAC or MP3, as they are sent as they are. Ctrl-C ends the stream in order.

use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use gst::prelude::*;
use signals::Interrupts;

#[allow(dead_code)] // What starts other programs is not needed here.
#[path = "play_demo/signals.rs"]
mod signals;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [file, location] = arguments.as_slice() else {
        eprintln!("usage: publish FILE rtmp[s]://HOST/APPLICATION/STREAM");
        return ExitCode::FAILURE;
    };
    match publish(Path::new(file), location) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("\n{reason}");
            ExitCode::FAILURE
        }
    }
}

fn publish(file: &Path, location: &str) -> Result<(), String> {
    // Before GStreamer, which starts threads.
    let interrupts = Interrupts::watch().map_err(|error| format!("No signals: {error}"))?;
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())?;
    let file: PathBuf = file
        .canonicalize()
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let pipeline = pipeline(&file, location)?;
    let main = glib::MainLoop::new(None, false);
    let result = Rc::new(RefCell::new(Ok(())));

    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let (watched, outcome) = (main.clone(), Rc::clone(&result));
    let _watch = bus
        .add_watch_local(move |_, message| {
            match message.view() {
                gst::MessageView::Eos(_) => watched.quit(),
                gst::MessageView::Error(error) => {
                    *outcome.borrow_mut() = Err(error.error().message().to_owned());
                    watched.quit();
                }
                gst::MessageView::Warning(warning) => {
                    println!("\n{}", warning.error().message());
                }
                gst::MessageView::Element(element) => tell(element.structure()),
                _ => {}
            }
            glib::ControlFlow::Continue
        })
        .map_err(|error| error.to_string())?;

    // Once the end is on its way, a second Ctrl-C does not wait for it.
    let (ending, quitting) = (pipeline.clone(), main.clone());
    let mut seen = 0;
    glib::timeout_add_local(Duration::from_millis(100), move || {
        let count = interrupts.count();
        match count {
            0 => {}
            1 if seen == 0 => {
                println!("\nending the stream");
                ending.send_event(gst::event::Eos::new());
            }
            1 => {}
            _ => quitting.quit(),
        }
        seen = count;
        glib::ControlFlow::Continue
    });
    let shown = pipeline.clone();
    let is_terminal = std::io::stdout().is_terminal();
    let every = Duration::from_millis(if is_terminal { 500 } else { 5000 });
    glib::timeout_add_local(every, move || {
        show(&shown, is_terminal);
        glib::ControlFlow::Continue
    });

    pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| error.to_string())?;
    main.run();
    show(&pipeline, is_terminal);
    println!();
    pipeline
        .set_state(gst::State::Null)
        .map_err(|error| error.to_string())?;
    result.replace(Ok(()))
}

/// `filesrc ! parsebin`, each stream into `flvmux`, and that into our sink.
fn pipeline(file: &Path, location: &str) -> Result<gst::Pipeline, String> {
    let make = |factory: &str| {
        let element = gst::ElementFactory::make(factory).build();
        element.map_err(|_| format!("GStreamer's element {factory} is missing"))
    };
    let pipeline = gst::Pipeline::new();
    let source = make("filesrc")?;
    source.set_property(
        "location",
        file.to_str().ok_or("the file's name is no text")?,
    );
    let (parser, mux, sink) = (make("parsebin")?, make("flvmux")?, make("rtmprsink")?);
    mux.set_property("streamable", true);
    sink.set_property("location", location);
    sink.set_property("name", "sink");
    pipeline
        .add_many([&source, &parser, &mux, &sink])
        .map_err(|error| error.to_string())?;
    source.link(&parser).map_err(|error| error.to_string())?;
    mux.link(&sink).map_err(|error| error.to_string())?;
    let bin = pipeline.downgrade();
    parser.connect_pad_added(move |_, pad| {
        if let Some(pipeline) = bin.upgrade()
            && let Err(reason) = add(&pipeline, &mux, pad)
        {
            gst::element_error!(pipeline, gst::StreamError::WrongType, ("{reason}"));
        }
    });
    Ok(pipeline)
}

/// One stream of the file. Of several of a kind the first one is sent.
fn add(pipeline: &gst::Pipeline, mux: &gst::Element, pad: &gst::Pad) -> Result<(), String> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let name = caps
        .structure(0)
        .map(|structure| structure.name().to_string());
    let name = name.unwrap_or_default();
    let parser = match name.as_str() {
        "video/x-h264" => "h264parse",
        "audio/mpeg" => "identity",
        _ if name.starts_with("video/") || name.starts_with("audio/") => {
            return Err(format!(
                "The file has {name}, which FLV does not hold: make H.264 and AAC of it first"
            ));
        }
        // Subtitles and the like.
        _ => "",
    };
    let kind = if name.starts_with("video/") {
        "video"
    } else {
        "audio"
    };
    let is_taken = mux.static_pad(kind).is_some();
    let sink = if parser.is_empty() || is_taken {
        let nowhere = gst::ElementFactory::make("fakesink")
            .property("async", false)
            .build()
            .map_err(|error| error.to_string())?;
        pipeline.add(&nowhere).map_err(|error| error.to_string())?;
        nowhere
            .sync_state_with_parent()
            .map_err(|error| error.to_string())?;
        nowhere.static_pad("sink")
    } else {
        let make = |factory: &str| {
            let element = gst::ElementFactory::make(factory).build();
            element.map_err(|_| format!("GStreamer's element {factory} is missing"))
        };
        let (queue, parser) = (make("queue")?, make(parser)?);
        pipeline
            .add_many([&queue, &parser])
            .map_err(|error| error.to_string())?;
        queue.link(&parser).map_err(|error| error.to_string())?;
        parser
            .link_pads(None, mux, Some(kind))
            .map_err(|error| error.to_string())?;
        for element in [&parser, &queue] {
            element
                .sync_state_with_parent()
                .map_err(|error| error.to_string())?;
        }
        queue.static_pad("sink")
    };
    let sink = sink.ok_or("no pad")?;
    pad.link(&sink).map_err(|error| error.to_string())?;
    Ok(())
}

/// What the sink says.
fn tell(structure: Option<&gst::StructureRef>) {
    let Some(structure) = structure else {
        return;
    };
    let text = |name: &str| structure.get::<String>(name).unwrap_or_default();
    match structure.name().as_str() {
        "publish-started" => println!("publishing to {}", text("location")),
        "reconnecting" => println!("\n{}: connecting again", text("cause")),
        "reconnected" => println!("\nthe stream goes on"),
        "dropping" => println!("\nthe upload is too slow; left out now: {}", text("level")),
        _ => {}
    }
}

/// A line of progress.
fn show(pipeline: &gst::Pipeline, is_terminal: bool) {
    let Some(sink) = pipeline.by_name("sink") else {
        return;
    };
    let stats: gst::Structure = sink.property("stats");
    let figure = |name: &str| stats.get::<u64>(name).unwrap_or_default();
    let seconds = |time: Option<gst::ClockTime>| {
        time.map_or_else(|| "?".to_owned(), |time| time.seconds().to_string())
    };
    let position = seconds(pipeline.query_position());
    let duration = seconds(pipeline.query_duration());
    let line = format!(
        "{position} of {duration} s, {} kbit/s, {} ms behind, {} MB sent, {} frames left out, \
         {} reconnects",
        figure("bitrate") / 1000,
        figure("queue-time") / 1_000_000,
        figure("bytes-sent") / 1_000_000,
        figure("dropped-video-frames") + figure("dropped-b-frames"),
        stats.get::<u32>("reconnects").unwrap_or_default(),
    );
    if is_terminal {
        print!("\r{line}\x1b[K");
        // A terminal that is gone is nobody's loss.
        let _ = std::io::stdout().flush();
    } else {
        println!("{line}");
    }
}
