// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The pipeline under test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gst::prelude::*;

pub(crate) struct Player {
    pipeline: gst::Pipeline,
    decoded: Arc<AtomicU64>,
}

impl Player {
    pub(crate) fn start(server: SocketAddr) -> Result<Self, String> {
        let pipeline = gst::parse::launch(&format!(
            "rtmprsrc name=source location=rtmp://{server}/live/stream on-unpublish=wait \
             reconnect-delay=200 reconnect-max-delay=1000 ! flvdemux name=d \
             d.video ! queue ! h264parse ! avdec_h264 name=decoder ! queue \
             ! fakesink name=video sync=true qos=true max-lateness=5000000 \
             d.audio ! queue ! aacparse ! avdec_aac ! fakesink name=audio sync=true"
        ))
        .map_err(|error| error.to_string())?;
        let pipeline = pipeline
            .downcast::<gst::Pipeline>()
            .map_err(|_| "no pipeline")?;
        let player = Self {
            pipeline,
            decoded: Arc::default(),
        };
        let decoder = player.pipeline.by_name("decoder");
        let pad = decoder.and_then(|decoder| decoder.static_pad("src"));
        let decoded = Arc::clone(&player.decoded);
        pad.ok_or("the decoder has no pad")?
            .add_probe(gst::PadProbeType::BUFFER, move |_, _| {
                decoded.fetch_add(1, Ordering::Relaxed);
                gst::PadProbeReturn::Ok
            });
        player
            .pipeline
            .set_state(gst::State::Playing)
            .map_err(|error| error.to_string())?;
        Ok(player)
    }

    /// The error or end that has come.
    pub(crate) fn end(&self) -> Option<String> {
        let wanted = [
            gst::MessageType::Error,
            gst::MessageType::Eos,
            gst::MessageType::Latency,
        ];
        loop {
            let message = self.pipeline.bus()?.pop_filtered(&wanted)?;
            return Some(match message.view() {
                gst::MessageView::Error(error) => error.error().to_string(),
                gst::MessageView::Latency(_) => {
                    // As every application with live sources does; it is asked for
                    // again with the next message.
                    let _ = self.pipeline.recalculate_latency();
                    continue;
                }
                _ => "the stream ended".to_owned(),
            });
        }
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.pipeline.current_state() == gst::State::Playing
    }

    pub(crate) fn decoded(&self) -> u64 {
        self.decoded.load(Ordering::Relaxed)
    }

    /// How often it has tried to connect again.
    pub(crate) fn reconnects(&self) -> Option<u32> {
        self.stats("source")?.get("reconnects").ok()
    }

    /// Buffers that a sink has shown, and those that came too late for it.
    pub(crate) fn shown_and_dropped(&self, sink: &str) -> Option<(u64, u64)> {
        let stats = self.stats(sink)?;
        Some((stats.get("rendered").ok()?, stats.get("dropped").ok()?))
    }

    /// The running time of what a sink has shown last, in ms.
    pub(crate) fn shown_last(&self, sink: &str) -> Option<i64> {
        let sample: Option<gst::Sample> = self.pipeline.by_name(sink)?.property("last-sample");
        let sample = sample?;
        let segment = sample.segment()?.downcast_ref::<gst::ClockTime>()?;
        let time = segment.to_running_time(sample.buffer()?.pts())?;
        i64::try_from(time.mseconds()).ok()
    }

    fn stats(&self, name: &str) -> Option<gst::Structure> {
        Some(self.pipeline.by_name(name)?.property("stats"))
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // The program ends.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}
