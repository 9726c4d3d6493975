// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A pipeline that plays, and what came of it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use gst::prelude::*;

use crate::process::wait_until;
use crate::{HANG, init};

/// What a pipeline got.
#[derive(Debug, Clone, Default)]
pub(super) struct Observed {
    /// `EOS`, the error's code, or how it goes on.
    pub(super) result: String,
    pub(super) cause: String,
    pub(super) phase: String,
    /// The first sentence of the error's text, with `URL` for the location.
    pub(super) text: String,
    pub(super) connections: u32,
}

/// `rtmprsrc` into a demuxer, and its pictures decoded.
pub(super) struct Watch {
    pipeline: gst::Pipeline,
    source: gst::Element,
    location: String,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    buffers: AtomicU64,
    /// Milliseconds that DTS fell at most.
    fall: AtomicU64,
    last: AtomicU64,
    /// Checksums of decoded pictures.
    pictures: Mutex<HashSet<String>>,
    notices: Mutex<Vec<gst::Structure>>,
}

/// Nothing is decoded where only the end matters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decode {
    Yes,
    No,
}

impl Watch {
    /// Starts to play. `properties` are `name=value`, with spaces between.
    pub(super) fn start(location: &str, properties: &str, decode: Decode) -> Self {
        init();
        let rest = match decode {
            Decode::No => "fakesink sync=false",
            Decode::Yes => {
                "flvdemux name=d \
                 d.video ! queue ! h264parse ! avdec_h264 ! fakesink name=pictures sync=false \
                 d.audio ! queue ! fakesink sync=false"
            }
        };
        let description = format!("rtmprsrc name=source is-live=false {properties} ! {rest}");
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        let source = pipeline.by_name("source").expect("our element");
        source.set_property("location", location);
        let seen = Arc::<Seen>::default();
        look_at_buffers(&source, &seen);
        if let Some(sink) = pipeline.by_name("pictures") {
            look_at_pictures(&sink, &seen);
        }
        keep_notices(&pipeline, &seen);
        pipeline.set_state(gst::State::Playing).expect("it starts");
        Self {
            pipeline,
            source,
            location: location.to_owned(),
            seen,
        }
    }

    pub(super) fn phase(&self) -> String {
        let stats: gst::Structure = self.source.property("stats");
        stats.get::<String>("phase").unwrap_or_default()
    }

    pub(super) fn wait_for_phase(&self, phase: &str) {
        let what = format!("{} comes to {phase}", self.location);
        wait_until(&what, || self.phase() == phase || self.has_ended());
        assert_eq!(self.phase(), phase, "{:?}", self.notice("stream-ended"));
    }

    /// Waits until media flows, and some more has come.
    pub(super) fn wait_for_media(&self) {
        self.wait_for_phase("playing");
        let wanted = self.seen.buffers.load(Ordering::SeqCst) + 10;
        wait_until("media flows", || {
            self.seen.buffers.load(Ordering::SeqCst) >= wanted || self.has_ended()
        });
        assert!(!self.has_ended(), "{:?}", self.notice("stream-ended"));
    }

    /// Waits until so many of these pictures were seen.
    pub(super) fn wait_for_pictures(&self, count: usize, of: &[String]) {
        wait_until("pictures come", || {
            let seen = self.seen.pictures.lock().expect("not poisoned");
            of.iter().filter(|picture| seen.contains(*picture)).count() >= count
        });
    }

    /// Milliseconds that DTS fell at most from a buffer to the next.
    pub(super) fn largest_fall(&self) -> u64 {
        self.seen.fall.load(Ordering::SeqCst)
    }

    /// Pictures that are none of these.
    pub(super) fn strange_pictures(&self, known: &[&[String]]) -> usize {
        let seen = self.seen.pictures.lock().expect("not poisoned");
        let known: HashSet<_> = known.iter().copied().flatten().collect();
        seen.iter()
            .filter(|picture| !known.contains(picture))
            .count()
    }

    /// The last element message of this name so far.
    pub(super) fn notice(&self, name: &str) -> Option<gst::Structure> {
        let notices = self.seen.notices.lock().expect("not poisoned");
        let found = notices.iter().rev().find(|notice| notice.name() == name);
        found.cloned()
    }

    pub(super) fn wait_for_notice(&self, name: &str) -> gst::Structure {
        wait_until(name, || self.notice(name).is_some() || self.has_ended());
        let notice = self.notice(name);
        notice.unwrap_or_else(|| panic!("{:?}", self.notice("stream-ended")))
    }

    fn has_ended(&self) -> bool {
        self.notice("stream-ended").is_some()
    }

    /// How it goes on, for what does not end.
    pub(super) fn goes_on(self, how: &str, cause: &str) -> Observed {
        assert!(!self.has_ended(), "{:?}", self.notice("stream-ended"));
        let observed = Observed {
            result: how.to_owned(),
            cause: cause.to_owned(),
            phase: self.phase(),
            text: String::new(),
            connections: self.connections(),
        };
        self.stop();
        observed
    }

    /// Waits for the end, whatever it is.
    pub(super) fn end(self) -> Observed {
        let bus = self.pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = bus.timed_pop_filtered(timeout, &wanted);
        let message = message.unwrap_or_else(|| panic!("{} does not end", self.location));
        // The demuxer may complain of what the source ended.
        let is_ours = message.src() == Some(self.source.upcast_ref());
        let (result, text) = match message.view() {
            gst::MessageView::Error(error) if is_ours => {
                let error = error.error();
                let sentence = first_sentence(error.message(), &self.location);
                (code(&error), sentence)
            }
            gst::MessageView::Error(error) => panic!("not ours: {error:?}"),
            _ => ("EOS".to_owned(), String::new()),
        };
        let notices = self.seen.notices.lock().expect("not poisoned");
        let ends = notices
            .iter()
            .filter(|notice| notice.name() == "stream-ended");
        assert_eq!(ends.count(), 1, "one end: {notices:?}");
        drop(notices);
        let ended = self.notice("stream-ended").expect("it is told first");
        let field = |name| ended.get::<String>(name).unwrap_or_default();
        let said = field("result");
        assert_eq!(said == "eos", result == "EOS", "{ended:?}");
        let observed = Observed {
            result,
            cause: field("cause"),
            phase: field("phase"),
            text,
            connections: self.connections(),
        };
        self.stop();
        observed
    }

    fn connections(&self) -> u32 {
        let stats: gst::Structure = self.source.property("stats");
        stats.get("connections").expect("a number")
    }

    /// NULL has to be reached, and nothing may complain on the way.
    fn stop(self) {
        let (done, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let result = self.pipeline.set_state(gst::State::Null);
            let state = self.pipeline.state(gst::ClockTime::ZERO).1;
            let _ = done.send((result, state, self.location));
        });
        let (result, state, location) = ended.recv_timeout(HANG).expect("NULL is reached");
        assert!(result.is_ok(), "{location}");
        assert_eq!(state, gst::State::Null, "{location}");
    }
}

fn look_at_buffers(source: &gst::Element, seen: &Arc<Seen>) {
    let pad = source.static_pad("src").expect("a pad");
    let seen = Arc::clone(seen);
    let look = move |buffer: &gst::BufferRef| {
        seen.buffers.fetch_add(1, Ordering::SeqCst);
        let Some(dts) = buffer.dts() else { return };
        let last = seen.last.swap(dts.mseconds(), Ordering::SeqCst);
        let fall = last.saturating_sub(dts.mseconds());
        seen.fall.fetch_max(fall, Ordering::SeqCst);
    };
    let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(kinds, move |_, info| {
        if let Some(buffer) = info.buffer() {
            look(buffer);
        }
        if let Some(list) = info.buffer_list() {
            list.iter().for_each(&look);
        }
        gst::PadProbeReturn::Ok
    });
}

fn look_at_pictures(sink: &gst::Element, seen: &Arc<Seen>) {
    let pad = sink.static_pad("sink").expect("a pad");
    let seen = Arc::clone(seen);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        let map = info.buffer().and_then(|buffer| buffer.map_readable().ok());
        let checksum =
            map.and_then(|map| glib::compute_checksum_for_data(glib::ChecksumType::Sha1, &map));
        let mut pictures = seen.pictures.lock().expect("not poisoned");
        pictures.extend(checksum.map(String::from));
        gst::PadProbeReturn::Ok
    });
}

/// Keeps element messages at the moment when they are posted.
fn keep_notices(pipeline: &gst::Pipeline, seen: &Arc<Seen>) {
    let bus = pipeline.bus().expect("a bus");
    let seen = Arc::clone(seen);
    bus.set_sync_handler(move |_, message| {
        if message.type_() == gst::MessageType::Element
            && let Some(structure) = message.structure()
        {
            let mut notices = seen.notices.lock().expect("not poisoned");
            notices.push(structure.to_owned());
        }
        gst::BusSyncReply::Pass
    });
}

/// The domain and the code as C programs know them.
fn code(error: &glib::Error) -> String {
    use gst::ResourceError as Resource;
    let name = match error.kind::<Resource>() {
        Some(Resource::NotFound) => "NOT_FOUND",
        Some(Resource::OpenRead) => "OPEN_READ",
        Some(Resource::Read) => "READ",
        Some(Resource::NotAuthorized) => "NOT_AUTHORIZED",
        _ => return format!("{error:?}"),
    };
    format!("RESOURCE {name}")
}

fn first_sentence(text: &str, location: &str) -> String {
    let text = text.replace(location, "URL");
    let end = text
        .find(". ")
        .unwrap_or_else(|| text.trim_end_matches('.').len());
    text[..end].to_owned()
}
