// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Plays an RTMP stream and pulls its decoded pictures from an appsink.
//!
//! ```text
//! cargo run --example watch -- [--frames N] rtmp://host/application/stream
//! ```
//!
//! Prints a line for each picture and `frames N` at the end. The exit status
//! is 0 only if pictures came and nothing failed.

use std::process::ExitCode;

use gst::prelude::*;

/// The audio goes nowhere, but something has to take it: a demuxer with a part
/// that nobody wants may stop with `not-linked`.
const PIPELINE: &str = "
    rtmprsrc name=source ! flvdemux name=demux
    demux.video ! queue ! decodebin ! videoconvert ! video/x-raw,format=RGB
        ! appsink name=pictures sync=false max-buffers=8
    demux.audio ! queue leaky=downstream ! fakesink sync=false async=false
";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

struct Arguments {
    location: String,
    limit: Option<u64>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Option<Self> {
        let mut location = None;
        let mut limit = None;
        while let Some(word) = words.next() {
            if word == "--frames" {
                limit = Some(words.next()?.parse().ok().filter(|limit| *limit > 0)?);
            } else if !word.starts_with('-') && location.is_none() {
                location = Some(word);
            } else {
                return None;
            }
        }
        Some(Self {
            location: location?,
            limit,
        })
    }
}

fn main() -> ExitCode {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1)) else {
        eprintln!("Usage: watch [--frames N] rtmp://host/application/stream");
        return ExitCode::from(2);
    };
    let mut frames = 0;
    let result = watch(&arguments, &mut frames);
    println!("frames {frames}");
    match result {
        Ok(()) if frames > 0 => return ExitCode::SUCCESS,
        Ok(()) => eprintln!("error: no pictures came"),
        Err(error) => eprintln!("error: {error}"),
    }
    ExitCode::FAILURE
}

fn watch(arguments: &Arguments, frames: &mut u64) -> Result<()> {
    gst::init()?;
    // So that it runs from the source tree. Where the plugin is installed,
    // GStreamer finds it without this.
    gstrtmpr::plugin_register_static()?;

    let pipeline = gst::parse::launch(PIPELINE)?
        .downcast::<gst::Pipeline>()
        .map_err(|_| "not a pipeline")?;
    let element = |name| pipeline.by_name(name).ok_or("an element is missing");
    // Unlike the location property, this tells at once what is wrong with a URL.
    element("source")?
        .dynamic_cast_ref::<gst::URIHandler>()
        .ok_or("the source takes no URL")?
        .set_uri(&arguments.location)?;
    element("demux")?.connect_no_more_pads(on_no_more_pads);
    let pictures = element("pictures")?
        .downcast::<gst_app::AppSink>()
        .map_err(|_| "not an appsink")?;
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;

    let result = pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| first_problem(&bus).err().unwrap_or_else(|| error.into()))
        .and_then(|_| pull(&pictures, &bus, arguments.limit, frames));
    pipeline.set_state(gst::State::Null)?;
    result
}

/// Without video the appsink would wait for ever.
fn on_no_more_pads(demux: &gst::Element) {
    if demux.static_pad("video").is_none() {
        let structure = gst::Structure::new_empty("no-video");
        let message = gst::message::Application::builder(structure)
            .src(demux)
            .build();
        // Fails only where nobody listens any more.
        let _ = demux.post_message(message);
    }
}

/// Pulls pictures up to the limit, the end of the stream, or a problem.
fn pull(
    pictures: &gst_app::AppSink,
    bus: &gst::Bus,
    limit: Option<u64>,
    frames: &mut u64,
) -> Result<()> {
    while limit.is_none_or(|limit| *frames < limit) {
        let sample = pictures.try_pull_sample(gst::ClockTime::from_mseconds(100));
        // Asked before the bus: an error is there before the end it causes.
        let ended = sample.is_none() && pictures.is_eos();
        if let Some(sample) = sample {
            *frames += 1;
            show(*frames, &sample)?;
        }
        first_problem(bus)?;
        if ended {
            break;
        }
    }
    Ok(())
}

/// What an application would do with a picture.
fn show(count: u64, sample: &gst::Sample) -> Result<()> {
    let caps = sample.caps().ok_or("a picture without caps")?;
    let format = caps.structure(0).ok_or("empty caps")?;
    let buffer = sample.buffer().ok_or("a sample without a picture")?;
    // The picture's bytes; gst_video::VideoFrameRef knows its strides.
    let pixels = buffer.map_readable()?;
    println!(
        "frame {count}: {}x{} {}, {} bytes, at {:.3} s",
        format.get::<i32>("width")?,
        format.get::<i32>("height")?,
        format.get::<&str>("format")?,
        pixels.len(),
        buffer.pts().unwrap_or_default().mseconds() as f64 / 1000.0,
    );
    Ok(())
}

/// What the bus says is wrong, if anything is.
fn first_problem(bus: &gst::Bus) -> Result<()> {
    use gst::{MessageType, MessageView};

    let Some(message) = bus.pop_filtered(&[MessageType::Error, MessageType::Application]) else {
        return Ok(());
    };
    match message.view() {
        MessageView::Error(error) => {
            let source = error.src().map(|source| source.path_string());
            let text = format!(
                "{}: {}\n{}",
                source.unwrap_or_default(),
                error.error(),
                error.debug().unwrap_or_default()
            );
            Err(text.into())
        }
        _ => Err("the stream has no video".into()),
    }
}
