// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One picture of several decoded frames.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use gst::prelude::*;

use crate::player::{FRAME_HEIGHT, FRAME_WIDTH};

const COLUMNS: usize = 4;
const ROWS: usize = 4;
const BYTES_PER_PIXEL: usize = 3;
const LINE: usize = FRAME_WIDTH * BYTES_PER_PIXEL;
const FRAME: usize = LINE * FRAME_HEIGHT;

/// Writing one picture takes a fraction of this.
const TIMEOUT: gst::ClockTime = gst::ClockTime::from_seconds(30);

/// Makes a PNG of frames taken evenly from a file of raw RGB ones, and returns
/// how many it shows. Without frames there is no picture.
///
/// # Errors
/// What went wrong.
pub(crate) fn make(frames: &Path, picture: &Path) -> Result<usize, String> {
    let Ok(mut file) = File::open(frames) else {
        return Ok(0);
    };
    let size = file.metadata().map_err(text)?.len();
    let present = usize::try_from(size / FRAME as u64).unwrap_or(usize::MAX);
    let tiles = present.min(COLUMNS * ROWS);
    if tiles == 0 {
        return Ok(0);
    }
    let mut sheet = vec![0; COLUMNS * ROWS * FRAME];
    let mut frame = vec![0; FRAME];
    for tile in 0..tiles {
        // The first and the last one, and those between at even distances.
        let index = if tiles > 1 {
            tile * (present - 1) / (tiles - 1)
        } else {
            0
        };
        file.seek(SeekFrom::Start((index * FRAME) as u64))
            .and_then(|_| file.read_exact(&mut frame))
            .map_err(text)?;
        place(&mut sheet, &frame, tile);
    }
    write_png(sheet, picture)?;
    Ok(tiles)
}

fn place(sheet: &mut [u8], frame: &[u8], tile: usize) {
    let (column, row) = (tile % COLUMNS, tile / COLUMNS);
    let lines = sheet.chunks_exact_mut(LINE * COLUMNS);
    let lines = lines.skip(row * FRAME_HEIGHT);
    for (line, from) in lines.zip(frame.chunks_exact(LINE)) {
        if let Some(to) = line.get_mut(column * LINE..(column + 1) * LINE) {
            to.copy_from_slice(from);
        }
    }
}

fn write_png(sheet: Vec<u8>, picture: &Path) -> Result<(), String> {
    let caps = gst::Caps::builder("video/x-raw")
        .field("format", "RGB")
        .field("width", (COLUMNS * FRAME_WIDTH) as i32)
        .field("height", (ROWS * FRAME_HEIGHT) as i32)
        .field("framerate", gst::Fraction::new(0, 1))
        .build();
    let source = gst_app::AppSrc::builder()
        .caps(&caps)
        .format(gst::Format::Time)
        .build();
    let make = |name: &str| gst::ElementFactory::make(name).build().map_err(text);
    let sink = make("filesink")?;
    sink.set_property("location", picture);
    let elements = [
        source.upcast_ref(),
        &make("videoconvert")?,
        &make("pngenc")?,
        &sink,
    ];
    let pipeline = gst::Pipeline::new();
    pipeline.add_many(elements).map_err(text)?;
    gst::Element::link_many(elements).map_err(text)?;

    let mut buffer = gst::Buffer::from_mut_slice(sheet);
    if let Some(buffer) = buffer.get_mut() {
        buffer.set_pts(gst::ClockTime::ZERO);
    }
    let started = pipeline.set_state(gst::State::Playing).map_err(text);
    let ended = started.and_then(|_| {
        let pushed = source
            .push_buffer(buffer)
            .and_then(|_| source.end_of_stream());
        pushed.map_err(text).and_then(|_| wait(&pipeline))
    });
    pipeline.set_state(gst::State::Null).map_err(text)?;
    ended
}

fn wait(pipeline: &gst::Pipeline) -> Result<(), String> {
    let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
    let types = [gst::MessageType::Eos, gst::MessageType::Error];
    match bus.timed_pop_filtered(TIMEOUT, &types) {
        None => Err("it took too long".to_owned()),
        Some(message) => match message.view() {
            gst::MessageView::Error(error) => Err(error.error().to_string()),
            _ => Ok(()),
        },
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
