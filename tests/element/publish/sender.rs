// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! `appsrc ! rtmprsink`, how it ended, and the server's side of it.

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::{ConnectRequest, Event, StreamRequest};
use gstrtmpr::rtmp::session::{Media, MediaKind};

use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, metadata, tag};
use crate::player::Ended;
use crate::server::Peer;
use crate::{HANG, init};

/// A pipeline that publishes what it is given.
pub(super) struct Sender {
    pub(super) pipeline: gst::Pipeline,
    source: gst_app::AppSrc,
    pub(super) sink: gst::Element,
}

impl Sender {
    /// One in NULL that does not wait for the clock.
    pub(super) fn new(location: &str) -> Self {
        init();
        let pipeline = gst::Pipeline::new();
        let caps = gst::Caps::builder("video/x-flv").build();
        let source = gst_app::AppSrc::builder()
            .caps(&caps)
            .format(gst::Format::Time)
            .max_bytes(0)
            .build();
        let sink = gst::ElementFactory::make("rtmprsink")
            .property("location", location)
            .property("sync", false)
            .property("async", false)
            .build()
            .expect("our element");
        pipeline
            .add_many([source.upcast_ref(), &sink])
            .expect("elements fit in");
        source.link(&sink).expect("they link");
        Self {
            pipeline,
            source,
            sink,
        }
    }

    /// The same, playing.
    pub(super) fn start(location: &str) -> Self {
        let sender = Self::new(location);
        sender.play();
        sender
    }

    pub(super) fn set(self, name: &str, value: impl Into<glib::Value>) -> Self {
        self.sink.set_property_from_value(name, &value.into());
        self
    }

    pub(super) fn set_from_str(self, name: &str, value: &str) -> Self {
        self.sink.set_property_from_str(name, value);
        self
    }

    pub(super) fn play(&self) {
        self.pipeline
            .set_state(gst::State::Playing)
            .expect("the state change does not fail at once");
    }

    /// Gives a buffer of its own.
    pub(super) fn push(&self, bytes: &[u8]) {
        // Errors come by the bus.
        let _ = self
            .source
            .push_buffer(gst::Buffer::from_slice(bytes.to_vec()));
    }

    pub(super) fn push_list(&self, buffers: &[&[u8]]) {
        let list: gst::BufferList = buffers
            .iter()
            .map(|bytes| gst::Buffer::from_slice(bytes.to_vec()))
            .collect();
        let _ = self.source.push_buffer_list(list);
    }

    /// Metadata and sequence headers.
    pub(super) fn push_headers(&self) {
        self.push(&tag(18, 0, &metadata()));
        self.push(&tag(9, 0, AVC_HEADER));
        self.push(&tag(8, 0, AAC_HEADER));
    }

    /// A group of so many pictures, 40 ms each, with sound.
    pub(super) fn push_group(&self, start: u32, pictures: u32) {
        for i in 0..pictures {
            let time = start + i * 40;
            let picture = if i == 0 { KEYFRAME } else { INTER };
            self.push(&tag(9, time, picture));
            self.push(&tag(8, time + 1, AAC));
        }
    }

    pub(super) fn end(&self) {
        let _ = self.source.end_of_stream();
    }

    /// Waits for the end of the pipeline.
    pub(super) fn ended(&self) -> Ended {
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

    /// Waits for the end, which must be in order.
    pub(super) fn finish(&self) {
        self.end();
        let ended = self.ended();
        assert!(matches!(ended, Ended::Eos), "{ended:?}");
    }

    /// Waits for an error.
    pub(super) fn error(&self) -> glib::Error {
        match self.ended() {
            Ended::Error { error, .. } => error,
            Ended::Eos => panic!("the stream ended instead of failing"),
        }
    }

    /// The next element message of this name from the sink, unless an error comes first.
    pub(super) fn element_message(&self, name: &str) -> gst::Structure {
        let bus = self.pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Element, gst::MessageType::Error];
        loop {
            let message = bus
                .timed_pop_filtered(timeout, &wanted)
                .unwrap_or_else(|| panic!("no {name} message"));
            if let gst::MessageView::Error(error) = message.view() {
                panic!("{error:?} instead of a {name} message");
            }
            match message.structure() {
                Some(structure) if structure.name() == name => {
                    assert_eq!(message.src(), Some(self.sink.upcast_ref()));
                    return structure.to_owned();
                }
                _ => {}
            }
        }
    }

    pub(super) fn stats(&self) -> gst::Structure {
        self.sink.property("stats")
    }

    /// Waits until the figures are so.
    pub(super) fn wait_for(&self, is_so: impl Fn(&gst::Structure) -> bool) {
        let deadline = std::time::Instant::now() + HANG;
        while !is_so(&self.stats()) {
            assert!(std::time::Instant::now() < deadline, "{:?}", self.stats());
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    pub(super) fn wait_for_phase(&self, phase: &str) {
        self.wait_for(|stats| stats.get::<&str>("phase") == Ok(phase));
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// A message as it came: kind, time, body.
pub(super) type Came = (MediaKind, u32, Vec<u8>);

pub(super) fn came(media: &Media) -> Came {
    let body = media.payload.as_slice().to_vec();
    (media.kind, media.timestamp, body)
}

/// What must come for metadata.
pub(super) fn wrapped_metadata() -> Vec<u8> {
    [&b"\x02\0\x0d@setDataFrame"[..], &metadata()].concat()
}

impl Peer {
    /// Does everything up to the client's `publish`; `None` if it leaves before.
    pub(super) fn publish_request(&mut self) -> Option<(ConnectRequest, StreamRequest)> {
        let mut connect = None;
        while let Some(event) = self.next_event() {
            match event {
                Event::Connect(request) => {
                    self.session.accept_connect(&request, 4096);
                    connect = Some(request);
                }
                Event::Publish(request) => return connect.map(|connect| (connect, request)),
                _ => {}
            }
        }
        None
    }

    /// The same, and accepts it.
    pub(super) fn take_publish(&mut self) -> Option<StreamId> {
        let (_, request) = self.publish_request()?;
        self.session.accept_publish(&request);
        self.flush();
        Some(request.stream)
    }

    /// The next message of media; `None` when the client has said that it ends, or left.
    pub(super) fn next_media(&mut self) -> Option<Came> {
        loop {
            match self.next_event()? {
                Event::Media(media) => return Some(came(&media)),
                Event::Called(command) if command.name == "FCUnpublish" => return None,
                Event::Closed(_) => return None,
                _ => {}
            }
        }
    }

    /// So many messages of media.
    pub(super) fn media_messages(&mut self, count: usize) -> Vec<Came> {
        let messages = (0..count).map_while(|_| self.next_media());
        let messages: Vec<_> = messages.collect();
        assert_eq!(messages.len(), count, "the client ended early");
        messages
    }

    /// All media up to the end.
    pub(super) fn rest_of_media(&mut self) -> Vec<Came> {
        std::iter::from_fn(|| self.next_media()).collect()
    }
}
