// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! `rtmprsrc ! appsink`, and how it ended.

use gst::prelude::*;

use crate::{HANG, init};

/// A pipeline that plays into an appsink.
pub(crate) struct Player {
    pub(crate) pipeline: gst::Pipeline,
    pub(crate) source: gst::Element,
    pub(crate) sink: gst_app::AppSink,
}

/// How a pipeline ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Eos,
    Error { error: glib::Error, debug: String },
}

impl Player {
    /// A player in NULL, not live: its times are the sender's.
    pub(crate) fn new(location: &str) -> Self {
        init();
        let pipeline = gst::Pipeline::new();
        let source = gst::ElementFactory::make("rtmprsrc")
            .property("location", location)
            .property("is-live", false)
            .build()
            .expect("our element");
        let sink = gst_app::AppSink::builder().sync(false).build();
        pipeline
            .add_many([&source, sink.upcast_ref()])
            .expect("elements fit in");
        source.link(&sink).expect("they link");
        Self {
            pipeline,
            source,
            sink,
        }
    }

    pub(crate) fn play(&self) {
        self.set_state(gst::State::Playing);
    }

    pub(crate) fn set_state(&self, state: gst::State) {
        self.pipeline
            .set_state(state)
            .expect("the state change does not fail at once");
    }

    /// The next buffer; `None` at the end of the stream.
    pub(crate) fn next_buffer(&self) -> Option<gst::Buffer> {
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        match self.sink.try_pull_sample(timeout) {
            Some(sample) => sample.buffer_owned(),
            None => {
                assert!(self.sink.is_eos(), "no buffer came: {:?}", self.error());
                None
            }
        }
    }

    /// So many buffers.
    pub(crate) fn buffers(&self, count: usize) -> Vec<gst::Buffer> {
        let buffers = (0..count).map_while(|_| self.next_buffer());
        let buffers: Vec<_> = buffers.collect();
        assert_eq!(buffers.len(), count, "the stream ended early");
        buffers
    }

    /// All buffers up to the end of the stream.
    pub(crate) fn rest(&self) -> Vec<gst::Buffer> {
        std::iter::from_fn(|| self.next_buffer()).collect()
    }

    /// Waits for the end of the pipeline.
    pub(crate) fn ended(&self) -> Ended {
        let bus = self.pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = bus
            .timed_pop_filtered(timeout, &wanted)
            .expect("the pipeline ends");
        match message.view() {
            gst::MessageView::Error(error) => Ended::Error {
                error: error.error(),
                debug: error.debug().map(Into::into).unwrap_or_default(),
            },
            _ => Ended::Eos,
        }
    }

    /// Waits for an error.
    pub(crate) fn error_message(&self) -> (glib::Error, String) {
        match self.ended() {
            Ended::Error { error, debug } => (error, debug),
            Ended::Eos => panic!("the stream ended instead of failing"),
        }
    }

    fn error(&self) -> Option<gst::Message> {
        self.pipeline
            .bus()?
            .pop_filtered(&[gst::MessageType::Error])
    }

    pub(crate) fn stats(&self) -> gst::Structure {
        self.source.property("stats")
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// The bytes of buffers, one after the other.
pub(crate) fn bytes(buffers: &[gst::Buffer]) -> Vec<u8> {
    let maps = buffers
        .iter()
        .map(|buffer| buffer.map_readable().expect("readable").to_vec());
    maps.collect::<Vec<_>>().concat()
}

/// Whether it holds a frame, and no header.
pub(crate) fn is_frame(buffer: &gst::Buffer) -> bool {
    !buffer.flags().contains(gst::BufferFlags::HEADER)
}
