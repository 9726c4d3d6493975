// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A state change to NULL ends every wait, whatever the peer does.
//!
//! The element's own timers are switched off in these tests: if the state
//! change did not end the wait, nothing would, and the guard would fail the
//! test.

use std::io::Read;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::chunk::COMMAND_CSID;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::session::MediaKind;

use crate::HANG;
use crate::black_hole::BlackHole;
use crate::media::{AAC, KEYFRAME, send_headers, tag};
use crate::player::Player;
use crate::server::{Peer, Server};

/// Stops the player under a guard against hanging.
fn stop(player: &Player, phase: &str) {
    let (sender, receiver) = mpsc::channel();
    let pipeline = player.pipeline.clone();
    let thread = std::thread::spawn(move || {
        let started = Instant::now();
        let result = pipeline.set_state(gst::State::Null);
        let _ = sender.send((result, started.elapsed()));
    });
    let (result, elapsed) = receiver.recv_timeout(HANG).expect("the state change ends");
    thread.join().expect("its thread ends");
    result.expect("the state change succeeds");
    println!("{phase}: stopped in {elapsed:?}");
}

fn player(location: &str) -> Player {
    let player = Player::new(location);
    player.source.set_property("timeout", 0u32);
    player
}

/// Waits until the element has got to a phase.
fn wait_for_phase(player: &Player, phase: &str) {
    let deadline = Instant::now() + HANG;
    while player.stats().get::<&str>("phase") != Ok(phase) {
        assert!(Instant::now() < deadline, "{:?}", player.stats());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn while_values_are_read_that_come_to_much() {
    // Each takes all the memory that the values of a message may take.
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        let values = Value::StrictArray(vec![Value::from("x"); 60_000]);
        let bomb = Command::new("onStatus", 0.0).argument(values);
        while !peer.is_left() {
            for _ in 0..4 {
                peer.session.command(COMMAND_CSID, stream, &bomb);
            }
            peer.flush();
        }
    });
    let player = player(&server.location());
    player.play();
    wait_for_phase(&player, "playing");
    stop(&player, "values");
}

#[test]
fn while_an_aggregate_waits_for_room() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        let parts = tag(8, 0, AAC).repeat(100_000);
        peer.media(stream, MediaKind::Aggregate, 0, &parts);
        peer.hold();
    });
    let player = player(&server.location());
    player.source.set_property("max-queue-bytes", 100_000u32);
    player.set_state(gst::State::Paused);
    let deadline = Instant::now() + HANG;
    while player.stats().get::<u64>("queue-bytes").unwrap_or(0) < 100_000 {
        assert!(Instant::now() < deadline, "{:?}", player.stats());
        std::thread::sleep(Duration::from_millis(1));
    }
    stop(&player, "aggregate");
}

#[test]
fn while_connecting_to_a_host_that_does_not_answer() {
    let hole = BlackHole::new();
    let player = player(&format!("rtmp://{}/app/stream", hole.address()));
    player.play();
    wait_for_phase(&player, "connecting");
    stop(&player, "connecting");
}

#[test]
fn while_the_tls_handshake_is_not_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let player = player(&format!("rtmps://{address}/app/stream"));
    player.play();
    let (stream, _) = listener.accept().expect("the element connects");
    wait_for_phase(&player, "tls");
    stop(&player, "TLS handshake");
    drop(stream);
}

#[test]
fn while_a_proxy_does_not_answer() {
    for protocol in ["socks5", "socks4", "http", "https"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let player = player("rtmp://127.0.0.1/app/stream");
        let proxy = format!("{protocol}://{address}");
        player.source.set_property("proxy", proxy);
        player.play();
        let (mut stream, _) = listener.accept().expect("the element connects");
        // It has asked, so it waits for the answer.
        stream.read_exact(&mut [0]).expect("a request");
        stop(&player, &format!("{protocol} proxy"));
    }
}

#[test]
fn while_the_handshake_is_half_done() {
    for bytes in [0, 1, 700, 1537, 2000] {
        let server = Server::start(move |peer| {
            use std::io::Write;
            let half = [&[3][..], &[7; 3072]].concat();
            peer.stream.write_all(&half[..bytes]).expect("it is sent");
            peer.hold();
        });
        let player = player(&server.location());
        player.play();
        wait_for_phase(&player, "handshake");
        stop(&player, "handshake");
    }
}

#[test]
fn while_an_answer_is_awaited() {
    fn connect(peer: &mut Peer) {
        peer.connect_request();
    }
    fn create_stream(peer: &mut Peer) {
        let request = peer.connect_request();
        peer.session.accept_connect(&request, 4096);
        peer.flush();
    }
    fn play(peer: &mut Peer) {
        peer.play_request();
    }
    fn first_media(peer: &mut Peer) {
        peer.accept_play();
    }
    let scripts: [fn(&mut Peer); 3] = [connect, play, first_media];
    for (phase, script) in ["connect", "play", "waiting"].into_iter().zip(scripts) {
        let server = Server::start(move |peer| {
            script(peer);
            peer.hold();
        });
        let player = player(&server.location());
        player.play();
        wait_for_phase(&player, phase);
        stop(&player, phase);
    }
    // createStream is answered by the session itself, so hold before it.
    let server = Server::start(|peer| {
        create_stream(peer);
        peer.hold();
    });
    let player = player(&server.location());
    player.play();
    wait_for_phase(&player, "create-stream");
    stop(&player, "create-stream");
}

#[test]
fn while_media_flow_without_end() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        let mut time = 0;
        // Until the client has gone and writing fails.
        loop {
            time += 40;
            peer.media(
                stream,
                MediaKind::Video,
                time,
                &[KEYFRAME, &[0; 10_000]].concat(),
            );
            let mut gone = false;
            use gstrtmpr::rtmp::session::Session;
            while let Some(bytes) = peer.session.poll_transmit() {
                use std::io::Write;
                gone |= peer.stream.write_all(&bytes).is_err();
            }
            if gone {
                break;
            }
        }
    });
    let player = player(&server.location());
    player.play();
    player.buffers(100);
    stop(&player, "flooded");
}

#[test]
fn while_paused_with_a_full_queue() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..100 {
            peer.media(
                stream,
                MediaKind::Video,
                i * 40,
                &[KEYFRAME, &[0; 10_000]].concat(),
            );
        }
        peer.serve();
    });
    let player = player(&server.location());
    player.source.set_property("max-queue-bytes", 100_000u32);
    player.set_state(gst::State::Paused);
    let deadline = Instant::now() + HANG;
    while player.stats().get::<u64>("queue-bytes").unwrap_or(0) < 50_000 {
        assert!(Instant::now() < deadline, "the queue fills");
        std::thread::sleep(Duration::from_millis(1));
    }
    stop(&player, "paused with a full queue");
}

#[test]
fn while_resolving() {
    // Whether or not a name server is there, and however long it takes: the
    // state change must not wait for it. Started and stopped at once, again
    // and again, it is hit at all stages.
    let player = player("rtmp://does-not-exist.invalid/app/stream");
    for _ in 0..20 {
        player.play();
        stop(&player, "resolving");
    }
}

#[test]
fn a_stop_at_any_moment_leaves_nothing_behind() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = player(&server.location());
    for round in 0..100u64 {
        player.play();
        // A different moment each time, from before the connection to after
        // the first media.
        std::thread::sleep(Duration::from_micros(round * 50));
        stop(&player, "any moment");
    }
}

#[test]
fn a_flush_does_not_break_the_connection() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..10 {
            peer.media(stream, MediaKind::Video, i * 40, KEYFRAME);
        }
        peer.serve();
    });
    let player = player(&server.location());
    player.play();
    player.buffers(14);
    // The streaming thread now waits for more.
    let pad = player.source.static_pad("src").expect("the pad");
    let sink_pad = pad.peer().expect("a peer");
    assert!(player.source.send_event(gst::event::FlushStart::new()));
    assert!(player.source.send_event(gst::event::FlushStop::new(false)));
    assert!(!sink_pad.pad_flags().contains(gst::PadFlags::EOS));
    assert_eq!(player.stats().get::<&str>("phase"), Ok("playing"));
    stop(&player, "after a flush");
}

#[test]
fn an_eos_event_ends_the_stream_while_it_waits() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = player(&server.location());
    player.play();
    player.buffers(5);
    assert!(player.pipeline.send_event(gst::event::Eos::new()));
    assert!(matches!(player.ended(), crate::player::Ended::Eos));
    stop(&player, "after EOS");
}

#[test]
fn while_it_waits_to_connect_again() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.close();
    });
    let player = player(&server.location());
    player.source.set_property("reconnect", true);
    player.source.set_property("reconnect-delay", 3_600_000u32);
    player
        .source
        .set_property("reconnect-max-delay", 3_600_000u32);
    player.play();
    player.element_message("reconnecting");
    stop(&player, "waiting to connect again");
}
