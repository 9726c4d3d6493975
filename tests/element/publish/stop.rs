// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A state change to NULL ends every wait, whatever the peer does. The element's own
//! timers are switched off: if the state change did not end the wait, nothing would.

use std::sync::mpsc;
use std::time::Instant;

use gst::prelude::*;

use super::sender::Sender;
use crate::HANG;
use crate::black_hole::BlackHole;
use crate::media::{KEYFRAME, tag};
use crate::server::Server;

/// Stops under a guard against hanging.
fn stop(sender: &Sender, phase: &str) {
    let (tell, told) = mpsc::channel();
    let pipeline = sender.pipeline.clone();
    let thread = std::thread::spawn(move || {
        let started = Instant::now();
        let result = pipeline.set_state(gst::State::Null);
        let _ = tell.send((result, started.elapsed()));
    });
    let (result, elapsed) = told.recv_timeout(HANG).expect("the state change ends");
    thread.join().expect("its thread ends");
    result.expect("the state change succeeds");
    println!("{phase}: stopped in {elapsed:?}");
}

fn sender(location: &str) -> Sender {
    Sender::new(location)
        .set("timeout", 0u32)
        .set("write-timeout", 0u32)
        .set("send-buffer-size", 16_384u32)
}

#[test]
fn while_connecting() {
    let hole = BlackHole::new();
    let sender = sender(&format!("rtmp://{}/app/stream", hole.address()));
    sender.play();
    sender.push_headers();
    sender.wait_for_phase("connecting");
    stop(&sender, "connecting");
}

#[test]
fn while_each_answer_is_waited_for() {
    let silent = Server::start(|peer| peer.hold());
    let handshake = sender(&silent.location());
    handshake.play();
    handshake.wait_for_phase("handshake");
    stop(&handshake, "handshake");

    let server = Server::start(|peer| {
        peer.connect_request();
        peer.hold();
    });
    let connect = sender(&server.location());
    connect.play();
    connect.wait_for_phase("connect");
    stop(&connect, "connect");

    let server = Server::start(|peer| {
        if peer.publish_request().is_some() {
            peer.hold();
        }
    });
    let publish = sender(&server.location());
    publish.play();
    publish.push_headers();
    publish.wait_for_phase("publish");
    stop(&publish, "publish");
}

/// A server that takes nothing behind Publish.Start until the test ends.
fn frozen() -> (Server, mpsc::Sender<()>) {
    let (go, wait) = mpsc::channel::<()>();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = wait.recv();
        }
    });
    (server, go)
}

#[test]
fn while_the_queue_is_full_and_a_buffer_waits() {
    let (server, go) = frozen();
    let sender = sender(&server.location()).set("max-queue-bytes", 500_000u32);
    sender.play();
    let large = [KEYFRAME, &[7; 100_000]].concat();
    for i in 0..50 {
        sender.push(&tag(9, i * 40, &large));
    }
    sender.wait_for(|stats| {
        stats
            .get::<u64>("queue-bytes")
            .is_ok_and(|bytes| bytes > 450_000)
    });
    stop(&sender, "full queue");
    drop(go);
}

#[test]
fn while_the_end_waits_for_what_is_left() {
    let (server, go) = frozen();
    let sender = sender(&server.location());
    sender.play();
    let large = [KEYFRAME, &[7; 1_000_000]].concat();
    for i in 0..5 {
        sender.push(&tag(9, i * 40, &large));
    }
    sender.end();
    sender.wait_for(|stats| {
        stats
            .get::<u64>("video-messages")
            .is_ok_and(|count| count > 0)
    });
    stop(&sender, "end");
    drop(go);
}

#[test]
fn while_the_next_connection_is_waited_for() {
    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(3);
        }
    });
    let sender = sender(&server.location()).set("reconnect-delay", 86_400_000u32);
    sender.play();
    sender.push_headers();
    sender.element_message("reconnecting");
    stop(&sender, "pause before reconnecting");
}

#[test]
fn a_pause_keeps_what_waits_and_goes_on() {
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = wait.recv();
            let _ = tell.send(peer.rest_of_media().len());
        }
    });
    let sender = sender(&server.location()).set("max-queue-bytes", 300_000u32);
    sender.play();
    let large = [KEYFRAME, &[7; 100_000]].concat();
    for i in 0..50 {
        sender.push(&tag(9, i * 40, &large));
    }
    sender.wait_for(|stats| {
        stats
            .get::<u64>("queue-bytes")
            .is_ok_and(|bytes| bytes > 250_000)
    });
    let result = sender.pipeline.set_state(gst::State::Paused);
    result.expect("it pauses though a buffer waits");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let (result, state, _) = sender.pipeline.state(timeout);
    result.expect("it is paused");
    assert_eq!(state, gst::State::Paused);
    go.send(()).expect("the script waits");
    sender.play();
    sender.finish();
    assert_eq!(told.recv(), Ok(50), "none is lost");
}
