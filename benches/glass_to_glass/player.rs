// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A player around a source element, which notes when pictures are decoded and
//! when they are shown.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::mark;
use crate::publisher::{Stamps, error_of};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Rtmp2src,
    /// With its own latency.
    Rtmprsrc,
    /// Adding no latency.
    RtmprsrcZero,
}

impl Subject {
    pub(crate) const ALL: [Self; 3] = [Self::Rtmp2src, Self::Rtmprsrc, Self::RtmprsrcZero];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rtmp2src => "rtmp2src",
            Self::Rtmprsrc => "rtmprsrc",
            Self::RtmprsrcZero => "rtmprsrc latency=0",
        }
    }

    fn factory(self) -> &'static str {
        match self {
            Self::Rtmp2src => "rtmp2src",
            Self::Rtmprsrc | Self::RtmprsrcZero => "rtmprsrc",
        }
    }
}

/// What one player has measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// From the start to the first picture shown.
    pub(crate) first: Option<Duration>,
    /// Ages of pictures when shown, and right behind the decoder.
    pub(crate) shown: Vec<Duration>,
    pub(crate) decoded: Vec<Duration>,
    /// Pictures whose number could not be read.
    pub(crate) unreadable: u64,
    /// Pictures that came too late to be shown.
    pub(crate) dropped: u64,
}

type Shared = Arc<Mutex<Figures>>;

/// A player that plays.
pub(crate) struct Player {
    pipeline: gst::Pipeline,
    figures: Shared,
}

impl Player {
    pub(crate) fn start(
        subject: Subject,
        server: SocketAddr,
        stamps: &Stamps,
    ) -> Result<Self, String> {
        // Queues that grow in front of the decoders as those of a player do; the
        // limits of a video sink for late pictures; and a queue behind the
        // decoder, so that the sink's waiting is not measured there.
        let pipeline = gst::parse::launch(&format!(
            "{} name=source location=rtmp://{server}/live/stream ! flvdemux name=demux \
             demux.video ! queue max-size-time=5000000000 max-size-buffers=0 ! h264parse \
             ! avdec_h264 ! videoconvert ! video/x-raw,format=GRAY8 \
             ! queue name=decoded max-size-buffers=0 max-size-bytes=0 \
             ! fakesink name=display sync=true qos=true max-lateness=5000000 \
               signal-handoffs=true \
             demux.audio ! queue max-size-time=5000000000 max-size-buffers=0 ! aacparse \
             ! avdec_aac ! audioconvert ! fakesink sync=true",
            subject.factory()
        ))
        .map_err(|error| error.to_string())?;
        let pipeline = pipeline
            .downcast::<gst::Pipeline>()
            .map_err(|_| "no pipeline")?;
        let by_name = |name| pipeline.by_name(name).ok_or("an element is missing");
        let source = by_name("source")?;
        if subject == Subject::RtmprsrcZero {
            source.set_property_from_str("latency", "0");
        }

        // What every application with live sources does: sinks that are linked later
        // learn the latency.
        if let Some(bus) = pipeline.bus() {
            let weak = pipeline.downgrade();
            std::thread::spawn(move || {
                let wait = gst::ClockTime::from_mseconds(100);
                while let Some(pipeline) = weak.upgrade() {
                    let message = bus.timed_pop_filtered(wait, &[gst::MessageType::Latency]);
                    if message.is_some() {
                        // It is asked for again with the next message.
                        let _ = pipeline.recalculate_latency();
                    }
                }
            });
        }

        let figures = Shared::default();
        let (own, own_stamps) = (Arc::clone(&figures), stamps.clone());
        let pad = by_name("decoded")?.static_pad("sink");
        pad.ok_or("a pad is missing")?
            .add_probe(gst::PadProbeType::BUFFER, move |_, info| {
                if let Some(buffer) = info.buffer() {
                    let age = age_of(buffer, &own_stamps);
                    let mut figures = lock(&own);
                    match age {
                        Some(age) => figures.decoded.push(age),
                        None => figures.unreadable += 1,
                    }
                }
                gst::PadProbeReturn::Ok
            });

        let started = Instant::now();
        let display = by_name("display")?;
        // A window shows the picture that it prerolls with; its age then says
        // nothing about playing.
        for (signal, is_shown) in [("preroll-handoff", false), ("handoff", true)] {
            let (own, own_stamps) = (Arc::clone(&figures), stamps.clone());
            display.connect(signal, false, move |values| {
                let buffer = values.get(1)?.get::<gst::Buffer>().ok()?;
                let age = age_of(&buffer, &own_stamps)?;
                let mut figures = lock(&own);
                figures.first.get_or_insert_with(|| started.elapsed());
                if is_shown {
                    figures.shown.push(age);
                }
                None
            });
        }
        let player = Self { pipeline, figures };
        player
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|error| format!("{} does not start: {error}", subject.name()))?;
        Ok(player)
    }

    /// Ends it, and returns what it has measured.
    pub(crate) fn end(self) -> Result<Figures, String> {
        if let Some(error) = error_of(&self.pipeline) {
            return Err(error);
        }
        let display = self.pipeline.by_name("display");
        let stats = display.map(|display| display.property::<gst::Structure>("stats"));
        let dropped = stats.and_then(|stats| stats.get::<u64>("dropped").ok());
        let mut figures = lock(&self.figures).clone();
        figures.dropped = dropped.unwrap_or_default();
        Ok(figures)
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // Its figures have been taken, or are of no use.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn lock(figures: &Shared) -> std::sync::MutexGuard<'_, Figures> {
    figures.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long ago this picture went into the encoder.
fn age_of(buffer: &gst::BufferRef, stamps: &Stamps) -> Option<Duration> {
    let now = Instant::now();
    let map = buffer.map_readable().ok()?;
    let stamp = stamps.of(mark::read(&map)?)?;
    Some(now.saturating_duration_since(stamp))
}
