// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The publisher: marks pictures and notes when each went into the encoder.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::mark;

pub(crate) const RATE: usize = 30;
/// Pictures from one key frame to the next: two seconds.
pub(crate) const GOP: usize = 2 * RATE;

const START_TIMEOUT: Duration = Duration::from_secs(20);

/// When each picture went into the encoder, by its number.
#[derive(Clone, Default)]
pub(crate) struct Stamps(Arc<Mutex<Vec<Instant>>>);

impl Stamps {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next number.
    fn stamp(&self) -> u16 {
        let mut stamps = self.lock();
        stamps.push(Instant::now());
        // Wraps after half an hour, which no run takes.
        (stamps.len() - 1) as u16
    }

    pub(crate) fn of(&self, number: u16) -> Option<Instant> {
        self.lock().get(usize::from(number)).copied()
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }
}

/// Publishes until it is dropped.
pub(crate) struct Publisher {
    pipeline: gst::Pipeline,
    pub(crate) stamps: Stamps,
}

impl Publisher {
    pub(crate) fn start(server: SocketAddr) -> Result<Self, String> {
        let aac = ["voaacenc", "avenc_aac"]
            .into_iter()
            .find(|name| gst::ElementFactory::find(name).is_some())
            .ok_or("there is no AAC encoder")?;
        // Key frames at known numbers: none for changes of the scene.
        let pipeline = gst::parse::launch(&format!(
            "flvmux name=mux streamable=true ! rtmp2sink location=rtmp://{server}/live/stream \
             videotestsrc is-live=true pattern=ball \
             ! video/x-raw,format=I420,width={},height={},framerate={RATE}/1 \
             ! x264enc name=encoder tune=zerolatency speed-preset=veryfast bitrate=1500 \
               key-int-max={GOP} option-string=scenecut=0 \
             ! h264parse ! queue ! mux. \
             audiotestsrc is-live=true wave=ticks samplesperbuffer=1024 ! audioconvert \
             ! {aac} ! aacparse ! queue ! mux.",
            mark::WIDTH,
            mark::HEIGHT
        ))
        .map_err(|error| error.to_string())?;
        let pipeline = pipeline
            .downcast::<gst::Pipeline>()
            .map_err(|_| "no pipeline")?;
        let publisher = Self {
            pipeline,
            stamps: Stamps::default(),
        };
        let encoder = publisher.pipeline.by_name("encoder");
        let pad = encoder.and_then(|encoder| encoder.static_pad("sink"));
        let stamps = publisher.stamps.clone();
        pad.ok_or("the encoder has no pad")?.add_probe(
            gst::PadProbeType::BUFFER,
            move |_, info| {
                if let Some(buffer) = info.buffer_mut()
                    && let Ok(mut map) = buffer.make_mut().map_writable()
                {
                    mark::write(&mut map, stamps.stamp());
                }
                gst::PadProbeReturn::Ok
            },
        );
        publisher
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|error| error.to_string())?;
        publisher.wait_for(RATE)?;
        Ok(publisher)
    }

    /// Waits until the next picture is in the middle between two key frames.
    pub(crate) fn wait_for_middle(&self) -> Result<(), String> {
        let count = self.stamps.count() + GOP / 2;
        self.wait_for(count.next_multiple_of(GOP) + GOP / 2)
    }

    fn wait_for(&self, count: usize) -> Result<(), String> {
        let deadline = Instant::now() + START_TIMEOUT;
        while self.stamps.count() < count {
            if let Some(error) = error_of(&self.pipeline) {
                return Err(format!("the publisher failed: {error}"));
            }
            if deadline <= Instant::now() {
                return Err("the publisher does not come on".to_owned());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // The program ends.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The error that a pipeline has posted.
pub(crate) fn error_of(pipeline: &gst::Pipeline) -> Option<String> {
    let message = pipeline.bus()?.pop_filtered(&[gst::MessageType::Error])?;
    match message.view() {
        gst::MessageView::Error(error) => Some(error.error().to_string()),
        _ => None,
    }
}
