// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A live source: no preroll, times on the pipeline's clock, pauses, holes, and media
//! that nobody takes in time.

use std::sync::{Arc, Mutex, mpsc};

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::user_control::UserControl;

use crate::media::{AAC, INTER, KEYFRAME, send_headers};
use crate::player::{Player, bytes, is_frame};
use crate::server::{Peer, Server};
use crate::{HANG, init};

fn player(server: &Server) -> Player {
    let player = Player::new(&server.location());
    player.source.set_property("is-live", true);
    player
}

/// Waits until the client has dealt with all that was sent.
fn settle(peer: &mut Peer, number: u32) {
    peer.session.user_control(&UserControl::PingRequest(number));
    peer.until(|event| match event {
        Event::UserControl(UserControl::PingResponse(answer)) if *answer == number => Some(()),
        _ => None,
    });
}

/// A second of sound and pictures, beginning with a key frame.
fn send_group(peer: &mut Peer, stream: StreamId, start: u32) {
    for n in 0..10 {
        let body = if n == 0 { KEYFRAME } else { INTER };
        peer.media(stream, MediaKind::Video, start + 100 * n, body);
        peer.media(stream, MediaKind::Audio, start + 100 * n + 5, AAC);
    }
}

/// Type and time of the tag, in ms.
fn tag(buffer: &gst::Buffer) -> (u8, u64) {
    let bytes = bytes(std::slice::from_ref(buffer));
    let time = [bytes[7], bytes[4], bytes[5], bytes[6]];
    (bytes[0], u32::from_be_bytes(time).into())
}

/// All frames up to the end.
fn frames(buffers: Vec<gst::Buffer>) -> Vec<gst::Buffer> {
    buffers.into_iter().filter(is_frame).collect()
}

/// The events that pass the element's pad.
fn events(player: &Player) -> (Arc<Mutex<Vec<gst::Event>>>, mpsc::Receiver<gst::EventType>) {
    let events = Arc::<Mutex<Vec<gst::Event>>>::default();
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let seen = Arc::clone(&events);
    let pad = player.source.static_pad("src").expect("its pad");
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        if let Some(event) = info.event() {
            seen.lock().expect("not poisoned").push(event.clone());
            let _ = sender.lock().expect("not poisoned").send(event.type_());
        }
        gst::PadProbeReturn::Ok
    });
    (events, receiver)
}

#[test]
fn it_does_not_preroll_and_its_segment_is_in_time() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        send_group(peer, stream, 90_000);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    let (events, _) = events(&player);
    let success = player.pipeline.set_state(gst::State::Paused);
    assert_eq!(success, Ok(gst::StateChangeSuccess::NoPreroll));
    player.play();
    player.rest();
    let events = events.lock().expect("not poisoned");
    let segments: Vec<_> = events
        .iter()
        .filter_map(|event| match event.view() {
            gst::EventView::Segment(segment) => Some(segment.segment().clone()),
            _ => None,
        })
        .collect();
    // One for the headers, and one that begins with the first frame.
    assert_eq!(segments.len(), 2);
    for segment in segments {
        let segment = segment.downcast_ref::<gst::ClockTime>().expect("TIME");
        assert_eq!(segment.start(), segment.base());
    }
}

/// The running times of what passes a pad, in its segment.
fn running_times(pad: &gst::Pad) -> Arc<Mutex<Vec<gst::ClockTime>>> {
    let times = Arc::<Mutex<Vec<gst::ClockTime>>>::default();
    let seen = Arc::clone(&times);
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        let segment = segment.expect("a segment comes first");
        let segment = segment.segment().downcast_ref::<gst::ClockTime>();
        let pts = info.buffer().and_then(|buffer| buffer.pts());
        let running = segment.expect("TIME").to_running_time(pts);
        let mut seen = seen.lock().expect("not poisoned");
        seen.push(running.expect("it is in the segment"));
        gst::PadProbeReturn::Ok
    });
    times
}

#[test]
fn behind_a_demuxer_the_running_times_are_the_same() {
    for mode in ["pipeline", "server"] {
        let server = Server::playing(|peer, stream| {
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 90_000, KEYFRAME);
            for n in 1..10 {
                peer.media(stream, MediaKind::Video, 90_000 + 100 * n, INTER);
                peer.media(stream, MediaKind::Audio, 90_005 + 100 * n, AAC);
            }
            peer.session.end_play(stream);
            peer.serve();
        });
        init();
        let pipeline = gst::parse::launch(&format!(
            "rtmprsrc name=source location={} is-live=true timestamp-mode={mode} ! flvdemux name=d \
             d.video ! queue ! fakesink name=video sync=false d.audio ! queue ! fakesink name=audio sync=false",
            server.location()
        ));
        let pipeline = pipeline.expect("the elements are there");
        let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
        let pad = |name: &str, pad: &str| {
            let element = pipeline.by_name(name).expect("it is there");
            element.static_pad(pad).expect("its pad")
        };
        // The frames, with the element's own segment.
        let own = Arc::<Mutex<[Vec<gst::ClockTime>; 2]>>::default();
        let seen = Arc::clone(&own);
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad("source", "src").add_probe(kinds, move |pad, info| {
            let segment = pad.sticky_event::<gst::event::Segment>(0);
            let segment = segment.expect("a segment comes first");
            let segment = segment.segment().downcast_ref::<gst::ClockTime>();
            let segment = segment.expect("TIME");
            let list = info
                .buffer_list_mut()
                .map(|list| list.iter_owned().collect());
            let buffers = list.unwrap_or_else(|| Vec::from_iter(info.buffer().cloned()));
            for buffer in frames(buffers) {
                let running = segment.to_running_time(buffer.pts());
                let track = usize::from(tag(&buffer).0 == 8);
                let mut seen = seen.lock().expect("not poisoned");
                seen[track].push(running.expect("it is in the segment"));
            }
            gst::PadProbeReturn::Ok
        });
        let [video, audio] = ["video", "audio"].map(|name| running_times(&pad(name, "sink")));
        let _ = pipeline.set_state(gst::State::Playing);
        let bus = pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
        let message = bus.timed_pop_filtered(timeout, &wanted).expect("it ends");
        let _ = pipeline.set_state(gst::State::Null);
        assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
        let own = own.lock().expect("not poisoned");
        assert_eq!((own[0].len(), own[1].len()), (10, 9));
        assert_eq!(*video.lock().expect("not poisoned"), own[0], "{mode}");
        assert_eq!(*audio.lock().expect("not poisoned"), own[1], "{mode}");
    }
}

#[test]
fn tags_and_buffers_have_the_running_time_and_keep_their_distances() {
    let server = Server::playing(|peer, stream| {
        // Half of it is beyond a wrap of 32 bits.
        let start = u32::MAX - 499;
        send_headers(peer, stream, start);
        for n in 0..10 {
            let body = if n == 0 { KEYFRAME } else { INTER };
            peer.media(stream, MediaKind::Video, start.wrapping_add(100 * n), body);
            peer.media(
                stream,
                MediaKind::Audio,
                start.wrapping_add(100 * n + 5),
                AAC,
            );
        }
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    player.play();
    let buffers = player.rest();
    let clock = player.pipeline.clock().expect("it plays");
    let base = player.pipeline.base_time().expect("it plays");
    let now = clock.time().saturating_sub(base);
    for buffer in &buffers {
        if tag(buffer).0 != b'F' {
            let dts = buffer.dts().expect("a time").mseconds();
            assert_eq!(tag(buffer).1, dts);
        }
    }
    let frames = frames(buffers);
    assert_eq!(frames.len(), 20);
    let times: Vec<_> = frames.iter().map(|frame| tag(frame).1).collect();
    assert!(times[0] <= now.mseconds(), "{} is still to come", times[0]);
    let distances: Vec<_> = times.iter().map(|time| time - times[0]).collect();
    let expected: Vec<_> = (0..10).flat_map(|n| [100 * n, 100 * n + 5]).collect();
    assert_eq!(distances, expected);
    let key = &frames[0];
    let composition = key.pts().expect("a time") - key.dts().expect("a time");
    assert_eq!(composition.mseconds(), 40);
}

#[test]
fn the_sender_s_own_times_are_there_for_who_asks() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        send_group(peer, stream, 90_000);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    player
        .source
        .set_property_from_str("timestamp-mode", "server");
    let (events, _) = events(&player);
    player.play();
    let frames = frames(player.rest());
    assert_eq!((tag(&frames[0]).1, tag(&frames[1]).1), (90_000, 90_005));
    let events = events.lock().expect("not poisoned");
    let segment = events.iter().rev().find_map(|event| match event.view() {
        gst::EventView::Segment(segment) => Some(segment.segment().clone()),
        _ => None,
    });
    let segment = segment.expect("a segment");
    let segment = segment.downcast_ref::<gst::ClockTime>().expect("TIME");
    // The key frame is presented 40 ms after its time.
    let running = segment.to_running_time(gst::ClockTime::from_mseconds(90_040));
    let running = running.and_then(|time| time.checked_sub(gst::ClockTime::from_mseconds(40)));
    let clock = player.pipeline.clock().expect("it plays");
    let now = clock
        .time()
        .checked_sub(player.pipeline.base_time().expect("it plays"));
    assert!(
        running.is_some() && running <= now,
        "{running:?} of {now:?}"
    );
}

#[test]
fn the_latency_is_the_one_that_is_set_and_none_without_live_mode() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        send_group(peer, stream, 0);
        peer.serve();
    });
    for is_live in [true, false] {
        let player = Player::new(&server.location());
        player.source.set_property("is-live", is_live);
        player.source.set_property("latency", 70_000_000u64);
        player.play();
        player.buffers(4);
        let mut query = gst::query::Latency::new();
        assert!(player.source.query(&mut query));
        let (live, least, most) = query.result();
        assert_eq!(live, is_live);
        if is_live {
            assert_eq!((least.mseconds(), most), (70, None));
        }
    }
}

#[test]
fn it_connects_again_unless_told_not_to() {
    init();
    let source = gst::ElementFactory::make("rtmprsrc").build();
    let source = source.expect("our element");
    let reconnects = || source.property::<bool>("reconnect");
    assert!(reconnects(), "it is live by default");
    source.set_property("is-live", false);
    assert!(!reconnects());
    source.set_property("is-live", true);
    assert!(reconnects());
    source.set_property("reconnect", false);
    assert!(!reconnects());
    source.set_property("is-live", false);
    source.set_property("reconnect", true);
    assert!(reconnects());
}

#[test]
fn a_hole_is_told_downstream_and_the_time_goes_on() {
    let (seen, gap_seen) = mpsc::channel();
    let gap_seen = Mutex::new(gap_seen);
    let mut visit = 0;
    let server = Server::start(move |peer| {
        visit += 1;
        if visit == 2 {
            // Not before downstream has been told.
            let waiting = gap_seen.lock().expect("not poisoned");
            waiting.recv_timeout(HANG).expect("a gap is told");
        }
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        send_group(peer, stream, 5_000);
        if visit == 1 {
            peer.close();
        } else {
            peer.session.end_play(stream);
            peer.serve();
        }
    });
    let player = player(&server);
    player.source.set_property("reconnect-delay", 1u32);
    let (events, types) = events(&player);
    player.play();
    let first = player.buffers(1 + 3 + 20);
    while types.recv_timeout(HANG).expect("events come") != gst::EventType::Gap {}
    seen.send(()).expect("the server waits");
    let behind = frames(player.rest());
    assert_eq!(behind.len(), 20);
    let end = tag(first.last().expect("frames")).1;
    let again = tag(&behind[0]).1;
    assert!(again > end);
    let discont = |buffer: &gst::Buffer| buffer.flags().contains(gst::BufferFlags::DISCONT);
    let marked: Vec<_> = behind.iter().map(discont).collect();
    assert!(
        marked[0] && marked[1] && !marked[2..].contains(&true),
        "{marked:?}"
    );
    let events = events.lock().expect("not poisoned");
    let mut until = end;
    let mut gaps = 0;
    for event in events.iter() {
        if let gst::EventView::Gap(gap) = event.view() {
            let (from, length) = gap.get();
            assert_eq!(from.mseconds(), until, "one follows the other");
            until = (from + length.expect("a length")).mseconds();
            gaps += 1;
        }
    }
    assert!(
        gaps > 0 && until <= again + 1,
        "{gaps} gaps up to {until}, then {again}"
    );
}

#[test]
fn after_a_pause_it_goes_on_where_the_stream_is() {
    let (paused, pause) = mpsc::channel::<()>();
    let (sent, sending) = mpsc::channel();
    let pause = Mutex::new(pause);
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        send_group(peer, stream, 0);
        peer.flush();
        let waiting = pause.lock().expect("not poisoned");
        waiting.recv_timeout(HANG).expect("it is paused");
        for n in 1..30 {
            send_group(peer, stream, 1_000 * n);
            settle(peer, n);
        }
        sent.send(()).expect("the test waits");
        waiting.recv_timeout(HANG).expect("it plays again");
        send_group(peer, stream, 30_000);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    player.play();
    let before = player.buffers(1 + 3 + 20);
    player.set_state(gst::State::Paused);
    paused.send(()).expect("the server waits");
    sending.recv_timeout(HANG).expect("all is sent");
    player.play();
    let skipped = player.element_message("skipped");
    // What comes sooner may be where the stream is.
    paused.send(()).expect("the server waits");
    let count = |name| skipped.get::<u64>(name).expect("a field");
    assert_eq!((count("video-frames"), count("audio-frames")), (280, 280));
    let behind = frames(player.rest());
    let kinds: Vec<_> = behind.iter().map(|frame| tag(frame).0).collect();
    assert_eq!(kinds, [9, 8].repeat(20));
    let is_delta = behind[0].flags().contains(gst::BufferFlags::DELTA_UNIT);
    assert!(!is_delta, "a key frame");
    assert!(behind[0].flags().contains(gst::BufferFlags::DISCONT));
    let mut last = tag(before.last().expect("frames")).1;
    for frame in behind.iter().filter(|frame| tag(frame).0 == 8) {
        assert!(tag(frame).1 >= last);
        last = tag(frame).1;
    }
    let clock = player.pipeline.clock().expect("it plays");
    let now = clock.time() - player.pipeline.base_time().expect("it plays");
    // The newest that had come is where the stream was: half a minute is not made up.
    let newest = tag(&behind[19]).1;
    let end = tag(before.last().expect("frames")).1;
    assert!(
        newest <= end.max(now.mseconds()),
        "{newest} behind {end}, now {now}"
    );
}

#[test]
fn a_consumer_that_falls_behind_goes_on_at_the_newest_key_frame_with_all_of_the_sound() {
    let (sent, sending) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        for n in 0..20 {
            send_group(peer, stream, 1_000 * n);
            settle(peer, n);
        }
        sent.send(()).expect("the test waits");
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    player.source.set_property("max-latency", 1_500_000_000u64);
    let pad = player.source.static_pad("src").expect("its pad");
    let kinds =
        gst::PadProbeType::BLOCK | gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    let block = pad.add_probe(kinds, |_, _| gst::PadProbeReturn::Ok);
    player.play();
    sending
        .recv_timeout(HANG)
        .expect("all is taken off the network");
    pad.remove_probe(block.expect("it blocks"));
    let frames = frames(player.rest());
    let sound = frames.iter().filter(|frame| tag(frame).0 == 8).count();
    assert_eq!(sound, 200, "sound is not left out");
    let bus = player.pipeline.bus().expect("a bus");
    let skipped = bus.iter().filter_map(|message| {
        let structure = message.structure()?;
        (structure.name() == "skipped").then(|| structure.get::<u64>("video-frames"))
    });
    let video: u64 = skipped.map(|count| count.expect("a field")).sum();
    let pictures: Vec<_> = frames.iter().filter(|frame| tag(frame).0 == 9).collect();
    assert_eq!(pictures.len() as u64 + video, 200);
    assert!(video >= 150, "{video}");
    let marked = pictures.iter().position(|frame| {
        frame.flags().contains(gst::BufferFlags::DISCONT)
            && !frame.flags().contains(gst::BufferFlags::DELTA_UNIT)
    });
    assert!(marked.is_some(), "a marked key frame");
}

#[test]
fn a_clock_is_offered_where_that_is_asked_for() {
    for (is_live, provides) in [(true, true), (true, false), (false, true)] {
        let server = Server::playing(|peer, stream| {
            send_headers(peer, stream, 0);
            send_group(peer, stream, 90_000);
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.source.set_property("is-live", is_live);
        player.source.set_property("provide-clock", provides);
        player.play();
        let buffers = player.rest();
        assert_eq!(frames(buffers).len(), 20);
        let clock = player.pipeline.clock().expect("a clock");
        let is_ours = is_live && provides;
        assert_eq!(
            clock.name() == "rtmprsrc-clock",
            is_ours,
            "{}",
            clock.name()
        );
        assert_eq!(player.source.provide_clock().is_some(), is_ours);
        let before = clock.time();
        assert!(clock.time() >= before);
        if is_ours {
            // It goes on from where it was, in the next play as well.
            player.set_state(gst::State::Null);
            player.play();
            player.rest();
            assert!(clock.time() >= before);
        }
    }
}
