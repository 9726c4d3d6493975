// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! nginx-rtmp that is killed and comes back: one pipeline plays on.

use std::sync::{Arc, Mutex};

use gst::prelude::*;

use crate::nginx::Nginx;
use crate::process::wait_until;
use crate::{clip, init};

/// Times of what a sink has shown, in order of arrival.
type Shown = Arc<Mutex<Vec<gst::ClockTime>>>;

/// A pipeline that decodes and shows.
struct Playing {
    pipeline: gst::Pipeline,
    video: Shown,
    audio: Shown,
}

impl Playing {
    fn start(url: &str, is_live: bool) -> Self {
        init();
        let description = format!(
            "rtmprsrc name=source is-live={is_live} reconnect=true reconnect-delay=100 reconnect-max-delay=200 \
             location={url} ! flvdemux name=d  \
             d.video ! queue ! h264parse ! avdec_h264 ! fakesink name=video sync=true  \
             d.audio ! queue ! aacparse ! avdec_aac ! fakesink name=audio sync=true"
        );
        let pipeline = gst::parse::launch(&description).expect("a pipeline");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        let [video, audio] = ["video", "audio"].map(|name| watch(&pipeline, name));
        pipeline.set_state(gst::State::Playing).expect("it starts");
        Self {
            pipeline,
            video,
            audio,
        }
    }

    /// Waits for so many more pictures, and for sound.
    fn wait_for_more(&self, pictures: usize) {
        let count = |shown: &Shown| shown.lock().expect("not poisoned").len();
        let (video, audio) = (count(&self.video), count(&self.audio));
        wait_until("more is shown", || {
            self.expect_no_end();
            count(&self.video) >= video + pictures && count(&self.audio) > audio
        });
    }

    fn expect_no_end(&self) {
        let bus = self.pipeline.bus().expect("a bus");
        let ends = [gst::MessageType::Error, gst::MessageType::Eos];
        let end = bus.pop_filtered(&ends);
        assert!(end.is_none(), "{end:?}");
    }

    /// Frames that a sink has shown, and that were too late to be.
    fn rendered(&self, sink: &str) -> (u64, u64) {
        let sink = self.pipeline.by_name(sink).expect("the sink");
        let stats = sink.property::<gst::Structure>("stats");
        let count = |name| stats.get::<u64>(name).expect("a field");
        (count("rendered"), count("dropped"))
    }

    fn reconnects(&self) -> u32 {
        let source = self.pipeline.by_name("source").expect("the source");
        let stats = source.property::<gst::Structure>("stats");
        stats.get("reconnects").expect("a field")
    }
}

impl Drop for Playing {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn watch(pipeline: &gst::Pipeline, sink: &str) -> Shown {
    let shown = Shown::default();
    let times = Arc::clone(&shown);
    let sink = pipeline.by_name(sink).expect("the sink");
    let pad = sink.static_pad("sink").expect("its pad");
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(time) = info.buffer().and_then(|buffer| buffer.pts()) {
            times.lock().expect("not poisoned").push(time);
        }
        gst::PadProbeReturn::Ok
    });
    shown
}

/// Kills and restarts nginx and the publisher twice.
fn play_on(is_live: bool) {
    let mut nginx = Nginx::start();
    let clip = clip::make(nginx.folder());
    let mut publisher = clip::publish_for_ever(&clip, &nginx.url());
    wait_until("it is published", || nginx.publications("test") > 0);
    let playing = Playing::start(&nginx.url(), is_live);
    playing.wait_for_more(50);
    for _ in 0..2 {
        nginx.restart();
        drop(publisher);
        publisher = clip::publish_for_ever(&clip, &nginx.url());
        playing.wait_for_more(75);
    }
    assert!(playing.reconnects() >= 2);
    for shown in [&playing.video, &playing.audio] {
        let times = shown.lock().expect("not poisoned");
        assert!(times.is_sorted(), "{times:?}");
    }
    for sink in ["video", "audio"] {
        let (rendered, dropped) = playing.rendered(sink);
        println!("{sink}: {rendered} shown, {dropped} too late, live: {is_live}");
        assert!(rendered > 0);
    }
    if is_live {
        // What is there now is shown now, and not after what was before the breaks.
        let clock = playing.pipeline.clock().expect("it plays");
        let base = playing.pipeline.base_time().expect("it plays");
        let now = clock.time() - base;
        let latest = playing.video.lock().expect("not poisoned").last().copied();
        let ahead = latest.expect("pictures").saturating_sub(now);
        assert!(ahead < gst::ClockTime::from_seconds(2), "{ahead} ahead");
    }
    drop(publisher);
}

#[test]
fn a_server_that_is_killed_and_comes_back_is_played_on() {
    play_on(false);
}

#[test]
fn it_is_played_on_live() {
    play_on(true);
}
