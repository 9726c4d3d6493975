// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Live streams of days, on a clock that a test moves.

use std::sync::{Arc, Mutex, mpsc};

use gst::prelude::*;
use gst_check::TestClock;
use gstrtmpr::rtmp::session::MediaKind;

use crate::HANG;
use crate::media::{AAC, INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::Server;

/// What a publisher sends: at this time of its own, in ms, as on the wire.
type Frame = (MediaKind, u32, &'static [u8]);

const DAY: u64 = 24 * 3600 * 1000;

/// A live player on a test's clock, and its publisher, which sends what it is given.
struct Stage {
    player: Player,
    clock: TestClock,
    publisher: mpsc::Sender<Frame>,
    // Behind the publisher, whose end it waits for.
    _server: Server,
}

impl Stage {
    /// On a clock that shows `start` in ms as the running time 0.
    fn new(start: u64) -> Self {
        let (publisher, frames) = mpsc::channel::<Frame>();
        let server = Server::playing(move |peer, stream| {
            send_headers(peer, stream, 0);
            peer.flush();
            while let Ok((kind, time, body)) = frames.recv() {
                peer.media(stream, kind, time, body);
                peer.flush();
            }
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.source.set_property("is-live", true);
        let clock = TestClock::with_start_time(gst::ClockTime::from_mseconds(start));
        player.pipeline.use_clock(Some(&clock));
        Self {
            player,
            clock,
            publisher,
            _server: server,
        }
    }

    fn send(&self, now: u64, frame: Frame) {
        self.clock.set_time(gst::ClockTime::from_mseconds(now));
        self.publisher.send(frame).expect("the server runs");
    }

    /// The next frame's running time, in ms.
    fn next(&self) -> u64 {
        loop {
            let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
            let sample = self.player.sink.try_pull_sample(timeout);
            let sample = sample.expect("a frame comes");
            let buffer = sample.buffer().expect("it has one");
            if buffer.flags().contains(gst::BufferFlags::HEADER) {
                continue;
            }
            let segment = sample.segment().expect("it has one");
            let segment = segment.downcast_ref::<gst::ClockTime>().expect("TIME");
            // The first sound may be before the first picture, with which it begins.
            let running = segment.to_running_time_full(buffer.pts());
            let running = running.and_then(gst::Signed::positive);
            return running.expect("behind the start").mseconds();
        }
    }

    fn end(self) {
        drop(self.publisher);
        assert!(self.player.rest().is_empty());
        assert!(matches!(self.player.ended(), Ended::Eos));
    }
}

/// Plays for a day from a sender whose clock is wrong by this. Each frame's time has to
/// be that of its arrival, to 40 ms, and its distance from the one before that of the
/// sender, to 1 ms.
fn follow_for_a_day(ppm: i64) {
    const INTERVAL: u64 = 500;
    const SHOWN_LATER: u64 = 40;
    let stage = Stage::new(1_000_000);
    stage.player.play();
    let mut last: Option<(u64, u64)> = None;
    let mut first = None;
    for now in (0..DAY).step_by(INTERVAL as usize) {
        let own = now.strict_add_signed(now.cast_signed() * ppm / 1_000_000) as u32;
        stage.send(1_000_000 + now, (MediaKind::Video, own, KEYFRAME));
        if now == 0 {
            // The file header waits for the second kind.
            stage.send(1_000_000, (MediaKind::Audio, own, AAC));
            stage.next();
            stage.next();
            continue;
        }
        let shown = stage.next() - SHOWN_LATER;
        // The delay of the first one, which the machine makes, stays.
        let error = shown.cast_signed() - now.cast_signed();
        let first = *first.get_or_insert(error);
        assert!(
            (error - first).abs() < 40,
            "{ppm} ppm, at {now} ms: {shown} ms"
        );
        if let Some((before, own_before)) = last {
            let step = (shown - before).abs_diff(u64::from(own) - own_before);
            assert!(step <= 1, "{ppm} ppm, at {now} ms: a step of {step} ms");
        }
        last = Some((shown, own.into()));
    }
    stage.end();
}

#[test]
fn a_sender_whose_clock_is_too_fast_is_followed_for_a_day() {
    follow_for_a_day(500);
}

#[test]
fn a_sender_whose_clock_is_too_slow_is_followed_for_a_day() {
    follow_for_a_day(-500);
}

/// Pictures and sound for four seconds, around the middle of which the sender's or the
/// pipeline's time passes a limit; what comes out, in ms.
fn around(sender: u64, running: u64, wrap_at: u64) -> Vec<u64> {
    let stage = Stage::new(5_000);
    stage.player.play();
    let mut times = Vec::new();
    for n in 0..41_u64 {
        let own = ((sender + 100 * n) % wrap_at) as u32;
        let body = if n % 10 == 0 { KEYFRAME } else { INTER };
        let now = 5_000 + running + 100 * n;
        stage.send(now, (MediaKind::Video, own, body));
        stage.send(now, (MediaKind::Audio, own, AAC));
        times.push(stage.next());
        times.push(stage.next());
    }
    stage.end();
    times
}

/// Pictures are presented 40 ms later if they are key frames.
fn expect_continuous(times: &[u64], running: u64) {
    let (first, _) = (times[0] - 40, times[1]);
    // Besides what the machine takes for the first one.
    assert!(first.abs_diff(running) < 1000, "{first} for {running}");
    for (n, pair) in times.chunks(2).enumerate() {
        let n = n as u64;
        let expected = first + 100 * n;
        let later = if n.is_multiple_of(10) { 40 } else { 0 };
        assert!(pair[0].abs_diff(expected + later) <= 5, "{n}: {times:?}");
        assert!(pair[1].abs_diff(expected) <= 5, "{n}: {times:?}");
    }
}

#[test]
fn the_sender_s_time_wraps_after_24_8_and_49_7_days() {
    for wrap_at in [1_u64 << 31, 1 << 32] {
        let times = around(wrap_at - 2_000, 10_000, wrap_at);
        expect_continuous(&times, 10_000);
    }
}

#[test]
fn the_pipeline_s_time_passes_24_8_and_49_7_days() {
    // A new round of the tags' times begins a minute before they are used up.
    for passed in [1_u64 << 31, (1 << 32) - 60_000, 1 << 32] {
        let times = around(90_000, passed - 2_000, u64::MAX);
        expect_continuous(&times, passed - 2_000);
    }
}

#[test]
fn behind_a_demuxer_the_time_goes_on_through_both_wraps() {
    for passed in [(1 << 32) - 60_000, 1 << 32] {
        through_a_demuxer(passed);
    }
}

/// Both the sender's time and, when it has this value, the pipeline's wrap in the middle.
fn through_a_demuxer(passed: u64) {
    let (publisher, frames) = mpsc::channel::<Frame>();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        while let Ok((kind, time, body)) = frames.recv() {
            peer.media(stream, kind, time, body);
            peer.flush();
        }
        peer.session.end_play(stream);
        peer.serve();
    });
    crate::init();
    let pipeline = gst::parse::launch(&format!(
        "rtmprsrc location={} is-live=true ! flvdemux name=d \
         d.video ! queue ! fakesink name=video sync=false \
         d.audio ! queue ! fakesink name=audio sync=false",
        server.location()
    ));
    let pipeline = pipeline.expect("the elements are there");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let clock = TestClock::with_start_time(gst::ClockTime::from_mseconds(5_000));
    pipeline.use_clock(Some(&clock));
    let (sender, shown) = mpsc::channel();
    let sender = Mutex::new(sender);
    let sender = Arc::new(sender);
    for name in ["video", "audio"] {
        let element = pipeline.by_name(name).expect("it is there");
        let pad = element.static_pad("sink").expect("its pad");
        let sender = Arc::clone(&sender);
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let segment = pad.sticky_event::<gst::event::Segment>(0);
            let segment = segment.expect("a segment comes first");
            let segment = segment.segment().downcast_ref::<gst::ClockTime>();
            let pts = info.buffer().and_then(|buffer| buffer.pts());
            let running = segment.expect("TIME").to_running_time_full(pts);
            let running = running.and_then(gst::Signed::positive);
            let running = running.map(gst::ClockTime::mseconds);
            let sender = sender.lock().expect("not poisoned");
            let _ = sender.send((name, running));
            gst::PadProbeReturn::Ok
        });
    }
    // Ends before the server, which waits for that.
    let publisher = publisher;
    let _ = pipeline.set_state(gst::State::Playing);
    const WRAP: u64 = 1 << 32;
    const BEFORE: u64 = 2_000;
    let mut all = [Vec::new(), Vec::new()];
    for n in 0..41_u64 {
        clock.set_time(gst::ClockTime::from_mseconds(
            5_000 + passed - BEFORE + 100 * n,
        ));
        let own = ((WRAP - BEFORE + 100 * n) % WRAP) as u32;
        let body = if n.is_multiple_of(10) {
            KEYFRAME
        } else {
            INTER
        };
        for (kind, body) in [(MediaKind::Video, body), (MediaKind::Audio, AAC)] {
            publisher.send((kind, own, body)).expect("the server runs");
        }
        for _ in 0..2 {
            let (name, running) = shown.recv_timeout(HANG).expect("a frame comes");
            let index = usize::from(name == "audio");
            all[index].push(running.expect("it is in the segment"));
        }
    }
    drop(publisher);
    pipeline.set_state(gst::State::Null).expect("it stops");
    let [video, audio] = all;
    assert_eq!((video.len(), audio.len()), (41, 41));
    let both: Vec<_> = video
        .iter()
        .zip(&audio)
        .flat_map(|(v, a)| [*v, *a])
        .collect();
    expect_continuous(&both, passed - BEFORE);
}
