// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Seeking in a recording, as far as the wire and the pad tell.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::media::{AAC, INTER, KEYFRAME, send_headers};
use crate::player::{Player, is_frame};
use crate::server::{Peer, Server};

/// Half a second of sound and pictures, beginning with a key frame.
fn send_group(peer: &mut Peer, stream: StreamId, start: u32) {
    for n in 0..5 {
        let body = if n == 0 { KEYFRAME } else { INTER };
        peer.media(stream, MediaKind::Video, start + 100 * n, body);
        peer.media(stream, MediaKind::Audio, start + 100 * n + 5, AAC);
    }
    peer.flush();
}

fn begin_recording(peer: &mut Peer, stream: StreamId) {
    let recorded = UserControl::StreamIsRecorded(stream);
    peer.session.user_control(&recorded);
    send_headers(peer, stream, 0);
    send_group(peer, stream, 0);
}

/// Waits for the command `seek`, and returns its position.
fn asked(peer: &mut Peer) -> f64 {
    peer.until(|event| match event {
        Event::Seek(request) => Some(f64::from(request.to)),
        _ => None,
    })
}

fn answer(peer: &mut Peer, stream: StreamId, level: Level, code: StatusCode) {
    let status = Status::new(level, code, "said so");
    peer.session.status(stream, &status);
}

/// Where the server goes.
fn go_to(peer: &mut Peer, stream: StreamId, place: u32) {
    peer.session.user_control(&UserControl::StreamEof(stream));
    answer(peer, stream, Level::Status, StatusCode::SeekNotify);
    peer.session.user_control(&UserControl::StreamBegin(stream));
    send_group(peer, stream, place);
}

/// A player that has shown what was sent before the seek.
fn player(server: &Server) -> Player {
    let player = Player::new(&server.location());
    player.play();
    // The file header, three more, and the group.
    player.buffers(14);
    player
}

fn seek(player: &Player, flags: gst::SeekFlags, to: u64) {
    let flags = gst::SeekFlags::FLUSH | flags;
    let to = gst::ClockTime::from_mseconds(to);
    player.pipeline.seek_simple(flags, to).expect("it seeks");
}

fn times(buffers: &[gst::Buffer]) -> Vec<u64> {
    let frames = buffers.iter().filter(|buffer| is_frame(buffer));
    let time = |buffer: &gst::Buffer| buffer.dts().expect("a time").mseconds();
    frames.map(time).collect()
}

fn group(start: u64) -> Vec<u64> {
    let frames = (0..5).flat_map(|n| [start + 100 * n, start + 100 * n + 5]);
    frames.collect()
}

#[test]
fn what_was_on_its_way_is_left_out_and_the_segment_begins_where_it_should() {
    for (flags, start) in [
        // The key frame is presented 40 ms after its time.
        (gst::SeekFlags::KEY_UNIT, 5_040),
        (gst::SeekFlags::ACCURATE, 5_300),
    ] {
        let server = Server::playing(|peer, stream| {
            begin_recording(peer, stream);
            assert_eq!(asked(peer), 5_300.0);
            send_group(peer, stream, 500);
            go_to(peer, stream, 5_000);
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = player(&server);
        seek(&player, flags, 5_300);
        let buffers = player.rest();
        assert_eq!(times(&buffers), group(5_000));
        assert!(buffers[0].flags().contains(gst::BufferFlags::DISCONT));
        let pad = player.source.static_pad("src").expect("its pad");
        let segment = pad.sticky_event::<gst::event::Segment>(0);
        let segment = segment.expect("a segment");
        let segment = segment.segment().downcast_ref::<gst::ClockTime>();
        let segment = segment.expect("TIME");
        let expected = Some(gst::ClockTime::from_mseconds(start));
        assert_eq!((segment.start(), segment.time()), (expected, expected));
        assert_eq!(segment.base(), Some(gst::ClockTime::ZERO));
    }
}

#[test]
fn a_server_that_goes_too_far_is_asked_again() {
    let server = Server::playing(|peer, stream| {
        begin_recording(peer, stream);
        let mut questions = Vec::new();
        // A key frame each second: it takes the next one.
        loop {
            let to = asked(peer);
            questions.push(to);
            let next = (to / 1_000.0).ceil() * 1_000.0;
            go_to(peer, stream, next as u32);
            if next <= 5_700.0 {
                break;
            }
        }
        assert_eq!(questions, [5_700.0, 5_450.0, 5_200.0, 4_700.0]);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    seek(&player, gst::SeekFlags::KEY_UNIT, 5_700);
    assert_eq!(times(&player.rest()), group(5_000));
}

#[test]
fn a_seek_that_is_refused_or_not_answered_is_a_warning_and_the_stream_goes_on() {
    for is_refused in [true, false] {
        let server = Server::playing(move |peer, stream| {
            begin_recording(peer, stream);
            asked(peer);
            if is_refused {
                answer(peer, stream, Level::Error, StatusCode::SeekFailed);
            } else {
                // Until the client has given up, as the ping tells that comes then.
                peer.until(|event| match event {
                    Event::UserControl(UserControl::PingRequest(_)) => Some(()),
                    _ => None,
                });
            }
            send_group(peer, stream, 500);
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.source.set_property("timeout", 1u32);
        if !is_refused {
            player.source.set_property("ping-interval", 2u32);
        }
        player.play();
        player.buffers(14);
        seek(&player, gst::SeekFlags::ACCURATE, 5_300);
        assert_eq!(times(&player.rest()), group(500));
        let bus = player.pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let warning = bus.timed_pop_filtered(timeout, &[gst::MessageType::Warning]);
        let warning = warning.expect("a warning");
        let gst::MessageView::Warning(warning) = warning.view() else {
            panic!("{warning:?}");
        };
        assert!(warning.error().matches(gst::ResourceError::Seek));
    }
}

#[test]
fn only_recordings_can_be_sought_and_not_live() {
    for (is_recorded, is_live) in [(false, false), (true, true)] {
        let server = Server::playing(move |peer, stream| {
            if is_recorded {
                let recorded = UserControl::StreamIsRecorded(stream);
                peer.session.user_control(&recorded);
            }
            send_headers(peer, stream, 0);
            send_group(peer, stream, 0);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.source.set_property("is-live", is_live);
        player.play();
        player.buffers(14);
        let to = gst::ClockTime::from_seconds(5);
        let sought = player.pipeline.seek_simple(gst::SeekFlags::FLUSH, to);
        assert!(sought.is_err());
    }
}

#[test]
fn other_rates_are_refused_and_change_nothing() {
    let (sender, refused) = mpsc::channel();
    let refused = std::sync::Mutex::new(refused);
    let server = Server::playing(move |peer, stream| {
        begin_recording(peer, stream);
        let waiting = refused.lock().expect("not poisoned");
        waiting.recv_timeout(HANG).expect("they are refused");
        send_group(peer, stream, 500);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    let five = gst::ClockTime::from_seconds(5);
    for rate in [2.0, 0.5, -1.0] {
        let result = player.pipeline.seek(
            rate,
            gst::SeekFlags::FLUSH,
            gst::SeekType::Set,
            gst::ClockTime::ZERO,
            gst::SeekType::Set,
            five,
        );
        assert!(result.is_err(), "{rate}");
    }
    sender.send(()).expect("the server waits");
    assert_eq!(times(&player.rest()), group(500));
}

#[test]
fn a_server_that_ends_whatever_is_asked_is_given_up() {
    let mut visits = 0;
    let server = Server::start(move |peer| {
        visits += 1;
        let request = peer.accept_play();
        let stream = request.stream;
        if visits == 1 {
            begin_recording(peer, stream);
            asked(peer);
        }
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    seek(&player, gst::SeekFlags::ACCURATE, 5_300);
    assert_eq!(times(&player.rest()), [0_u64; 0]);
}

#[test]
fn a_stop_does_not_wait_for_the_answer() {
    let (sender, is_asked) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        begin_recording(peer, stream);
        asked(peer);
        sender.send(()).expect("the test listens");
        peer.serve();
    });
    let player = player(&server);
    seek(&player, gst::SeekFlags::ACCURATE, 5_300);
    is_asked.recv_timeout(HANG).expect("the server is asked");
    // The streaming thread waits in vain.
    let (sender, has_stopped) = mpsc::channel();
    let pipeline = player.pipeline.clone();
    std::thread::spawn(move || sender.send(pipeline.set_state(gst::State::Null)));
    let stopped = has_stopped.recv_timeout(HANG).expect("it stops");
    assert!(stopped.is_ok());
}

#[test]
fn a_segment_seek_ends_with_segment_done_and_can_be_followed_by_another() {
    let server = Server::playing(|peer, stream| {
        begin_recording(peer, stream);
        for _ in 0..2 {
            assert_eq!(asked(peer), 5_000.0);
            go_to(peer, stream, 5_000);
            // What is behind the stop.
            send_group(peer, stream, 5_500);
            send_group(peer, stream, 6_000);
        }
        peer.serve();
    });
    let player = player(&server);
    let bus = player.pipeline.bus().expect("a bus");
    let flags = [gst::SeekFlags::FLUSH, gst::SeekFlags::empty()];
    for flags in flags {
        let seek = gst::event::Seek::new(
            1.0,
            flags | gst::SeekFlags::SEGMENT,
            gst::SeekType::Set,
            gst::ClockTime::from_mseconds(5_000),
            gst::SeekType::Set,
            gst::ClockTime::from_mseconds(5_700),
        );
        assert!(player.pipeline.send_event(seek));
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [
            gst::MessageType::SegmentDone,
            gst::MessageType::Eos,
            gst::MessageType::Error,
        ];
        let message = bus.timed_pop_filtered(timeout, &wanted);
        let message = message.expect("it ends");
        assert_eq!(
            message.type_(),
            gst::MessageType::SegmentDone,
            "{message:?}"
        );
    }
}

#[test]
fn the_answer_to_an_earlier_seek_is_not_taken_for_that_to_the_last() {
    let (sender, has_sought) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        begin_recording(peer, stream);
        assert_eq!(asked(peer), 5_000.0);
        sender.send(()).expect("the test listens");
        assert_eq!(asked(peer), 9_000.0);
        // Both are answered by now, with what belongs to each.
        go_to(peer, stream, 5_000);
        go_to(peer, stream, 9_000);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    seek(&player, gst::SeekFlags::ACCURATE, 5_000);
    has_sought.recv_timeout(HANG).expect("it asks");
    seek(&player, gst::SeekFlags::ACCURATE, 9_000);
    assert_eq!(times(&player.rest()), group(9_000));
}
