// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The publishing pipeline under test.

use std::net::SocketAddr;

use gst::prelude::*;

pub(crate) struct Publisher(gst::Pipeline);

impl Publisher {
    pub(crate) fn start(server: SocketAddr) -> Result<Self, String> {
        let pipeline = gst::parse::launch(&format!(
            "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,\
             framerate=30/1 ! x264enc speed-preset=ultrafast tune=zerolatency key-int-max=60 \
             ! h264parse ! queue ! m.  audiotestsrc is-live=true ! audioconvert ! avenc_aac \
             ! aacparse ! queue ! m.  flvmux name=m streamable=true \
             ! rtmprsink name=sink location=rtmp://{server}/live/stream drop-policy=gop \
             reconnect-delay=200 reconnect-max-delay=1000 write-timeout=10"
        ))
        .map_err(|error| error.to_string())?;
        let pipeline = pipeline
            .downcast::<gst::Pipeline>()
            .map_err(|_| "no pipeline")?;
        let publisher = Self(pipeline);
        publisher
            .0
            .set_state(gst::State::Playing)
            .map_err(|error| error.to_string())?;
        Ok(publisher)
    }

    /// The error or end that has come.
    pub(crate) fn end(&self) -> Option<String> {
        let wanted = [gst::MessageType::Error, gst::MessageType::Eos];
        let message = self.0.bus()?.pop_filtered(&wanted)?;
        Some(match message.view() {
            gst::MessageView::Error(error) => error.error().to_string(),
            _ => "the stream ended".to_owned(),
        })
    }

    pub(crate) fn is_playing(&self) -> bool {
        self.0.current_state() == gst::State::Playing
    }

    /// A figure of the sink's.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let stats = self.0.by_name("sink").map(|sink| sink.property("stats"));
        let stats: Option<gst::Structure> = stats;
        let figure = stats.and_then(|stats| {
            let small = stats.get::<u32>(name).map(u64::from);
            stats.get::<u64>(name).or(small).ok()
        });
        figure.unwrap_or_default()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // The program ends.
        let _ = self.0.set_state(gst::State::Null);
    }
}
