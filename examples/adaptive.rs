// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishes a test picture with a bitrate that follows the line.
//!
//! `cargo run --release --example adaptive -- URL [KBITS [SECONDS]]`: what the encoder
//! makes when the line is fast enough (4000), and for how long (until Ctrl-C). Each
//! `bitrate-hint` of `rtmprsink` is put on `x264enc`; the changes are printed.

use std::process::ExitCode;

use gst::prelude::*;

/// What sound takes, in kbit/s.
const AUDIO_KBITS: u64 = 96;

/// The least that gives a picture, in kbit/s.
const LEAST_KBITS: u64 = 100;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let location = arguments
        .next()
        .ok_or("usage: adaptive URL [KBITS [SECONDS]]")?;
    let mut number = || arguments.next().map(|text| text.parse::<u64>());
    let wrong = |_| "KBITS and SECONDS are whole numbers".to_owned();
    let full = number().transpose().map_err(wrong)?.unwrap_or(4000);
    let seconds = number().transpose().map_err(wrong)?;
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())?;

    let pipeline = gst::parse::launch(&format!(
        "videotestsrc is-live=true pattern=snow ! video/x-raw,width=320,height=240,framerate=25/1 \
         ! x264enc name=encoder tune=zerolatency speed-preset=ultrafast key-int-max=50 \
         bitrate={full} ! h264parse ! queue ! m. \
         audiotestsrc is-live=true ! audioconvert ! avenc_aac bitrate={} ! aacparse ! queue ! m. \
         flvmux name=m streamable=true ! rtmprsink name=sink drop-policy=gop",
        AUDIO_KBITS * 1000
    ))
    .map_err(|error| error.to_string())?;
    let pipeline = pipeline
        .downcast::<gst::Pipeline>()
        .map_err(|_| "no pipeline")?;
    let encoder = pipeline.by_name("encoder").ok_or("no encoder")?;
    let sink = pipeline.by_name("sink").ok_or("no sink")?;
    sink.set_property("location", &location);
    let bus = pipeline.bus().ok_or("no bus")?;
    pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| error.to_string())?;

    let started = std::time::Instant::now();
    let is_over = || seconds.is_some_and(|seconds| started.elapsed().as_secs() >= seconds);
    let mut result = Ok(());
    while !is_over() {
        let wanted = [gst::MessageType::Element, gst::MessageType::Error];
        let tick = gst::ClockTime::from_mseconds(200);
        let Some(message) = bus.timed_pop_filtered(tick, &wanted) else {
            continue;
        };
        if let gst::MessageView::Error(error) = message.view() {
            result = Err(error.error().message().to_owned());
            break;
        }
        let Some(structure) = message.structure() else {
            continue;
        };
        let at = started.elapsed().as_secs_f32();
        match structure.name().as_str() {
            "bitrate-hint" => {
                let hint = structure.get::<u64>("bitrate").unwrap_or(0) / 1000;
                let video = match hint {
                    0 => full,
                    hint => hint.saturating_sub(AUDIO_KBITS).clamp(LEAST_KBITS, full),
                };
                encoder.set_property("bitrate", u32::try_from(video).unwrap_or(u32::MAX));
                println!("{at:6.1} s: encoder {video} kbit/s");
            }
            "dropping" => {
                let level = structure.get::<&str>("level").unwrap_or_default();
                println!("{at:6.1} s: left out now: {level}");
            }
            _ => {}
        }
    }
    pipeline
        .set_state(gst::State::Null)
        .map_err(|error| error.to_string())?;
    result
}
