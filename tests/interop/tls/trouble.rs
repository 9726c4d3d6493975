// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! TLS that stalls, is cut off, or is not there.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;

use gst::prelude::*;
use gstrtmpr::rtmp::session::MediaKind;

use super::certificates::Certificates;
use super::player;
use super::stunnel::Stunnel;
use crate::HANG;
use crate::element_media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::process::{Folder, run, with_plugin};
use crate::server::Server;
use crate::short_stream::{TIME, expect_failed, server};

/// A server for one connection, run by a function.
fn one_connection(serve: impl FnOnce(TcpStream) + Send + 'static) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(HANG)).expect("a timeout");
        serve(stream);
    });
    (address, thread)
}

/// Reads until the other side has closed.
fn drain(mut stream: &TcpStream) {
    let mut buffer = [0; 4096];
    while matches!(stream.read(&mut buffer), Ok(1..)) {}
}

#[test]
fn a_handshake_that_stalls_times_out() {
    let (address, thread) = one_connection(|stream| drain(&stream));
    let player = Player::new(&format!("rtmps://{address}/app/stream"));
    player.source.set_property("timeout", 1u32);
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("TLS handshake"), "{text}");
    let phase = player.stats().get::<String>("phase");
    assert_eq!(phase.as_deref(), Ok("tls"));
    drop(player);
    thread.join().expect("it was left");
}

#[test]
fn a_server_that_hangs_up_in_the_handshake() {
    let (address, thread) = one_connection(|mut stream| {
        // All of ClientHello first, or closing would reset the connection.
        let mut header = [0; 5];
        stream.read_exact(&mut header).expect("a record");
        let length = u16::from_be_bytes([header[3], header[4]]);
        let mut record = vec![0; length.into()];
        stream.read_exact(&mut record).expect("all of it");
    });
    let player = Player::new(&format!("rtmps://{address}/app/stream"));
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("does not speak TLS"), "{text}");
    assert!(text.contains("rtmp://"), "what to do: {text}");
    thread.join().expect("it has closed");
}

#[test]
fn plain_rtmp_where_tls_is_expected() {
    // nginx-rtmp waits for the rest of C1.
    let nginx = crate::nginx::Nginx::start();
    let player = Player::new(&format!("rtmps://{}/live/test", nginx.address()));
    player.source.set_property("timeout", 1u32);
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("TLS") && text.contains("rtmp://"), "{text}");

    // Others answer with a handshake of their own.
    let (address, thread) = one_connection(|mut stream| {
        let mut record = [0; 100];
        stream.read_exact(&mut record).expect("ClientHello");
        stream.write_all(&[3; 3073]).expect("S0 S1 S2");
        drain(&stream);
    });
    let player = Player::new(&format!("rtmps://{address}/live/test"));
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains("use rtmp://"), "what to do: {text}");
    drop(player);
    thread.join().expect("it was left");
}

#[test]
fn tls_where_plain_rtmp_is_expected() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = server();
    let stunnel = Stunnel::start(&good, server.address());
    let player = Player::new(&format!("rtmp://localhost:{}/app/stream", stunnel.port()));
    player.play();
    let (error, debug) = player.error_message();
    assert_eq!(error.kind(), Some(gst::ResourceError::OpenRead));
    println!("{error} | {debug}");
    assert!(error.message().contains("rtmps://"), "what to do: {error}");
}

fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

/// Copies both ways until told to cut the connection to the client, without
/// anything that TLS would send.
struct Cutter {
    address: SocketAddr,
    thread: JoinHandle<()>,
    cut: std::sync::mpsc::Sender<()>,
}

impl Cutter {
    fn start(server: SocketAddr) -> Self {
        let (cut, when) = std::sync::mpsc::channel();
        let (address, thread) = one_connection(move |client| {
            let server = TcpStream::connect(server).expect("the server runs");
            std::thread::scope(|scope| {
                scope.spawn(|| copy(&client, &server));
                scope.spawn(|| copy(&server, &client));
                when.recv().expect("it is told");
                client.shutdown(Shutdown::Both).expect("it is open");
                server.shutdown(Shutdown::Both).expect("it is open");
            });
        });
        Self {
            address,
            thread,
            cut,
        }
    }

    fn cut(self) {
        self.cut.send(()).expect("it waits");
        self.thread.join().expect("it has cut");
    }
}

#[test]
fn a_connection_that_is_cut_below_tls_is_no_end_of_the_stream() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "IP:127.0.0.1", 30);
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, TIME);
        peer.media(stream, MediaKind::Video, TIME, KEYFRAME);
        peer.hold();
    });
    let stunnel = Stunnel::start(&good, server.address());
    let cutter = Cutter::start(stunnel.address());
    let player = player("127.0.0.1", cutter.address.port(), &certificates);
    player.play();
    // The file header, what the stream begins with, and the key frame.
    player.buffers(4);
    cutter.cut();
    let ended = player.ended();
    let Ended::Error { error, .. } = ended else {
        panic!("whoever cuts a connection could end the stream: {ended:?}");
    };
    assert_eq!(error.kind(), Some(gst::ResourceError::Read));
    assert!(error.message().contains("good-bye of TLS"), "{error}");
}

#[test]
fn a_connection_that_tls_closes_ends_as_a_plain_one() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, TIME);
        peer.media(stream, MediaKind::Video, TIME, KEYFRAME);
        peer.close();
    });
    let stunnel = Stunnel::start(&good, server.address());
    let player = player("localhost", stunnel.port(), &certificates);
    player.play();
    player.rest();
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn a_refusal_within_tls_is_told_as_one() {
    // An application that nginx-rtmp does not know: it hangs up.
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let nginx = crate::nginx::Nginx::start();
    let stunnel = Stunnel::start(&good, nginx.address());
    let location = format!("rtmps://localhost:{}/nowhere/test", stunnel.port());
    let player = Player::new(&location);
    player
        .source
        .set_property("tls-ca-file", certificates.authority());
    player.play();
    let (error, _) = player.error_message();
    assert_eq!(error.kind(), Some(gst::ResourceError::OpenRead));
    assert!(error.message().contains("check the path"), "{error}");
}

#[test]
fn a_stop_ends_a_flood_within_tls_and_one_that_nobody_reads() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = Server::concurrent(|_, peer| {
        let request = peer.accept_play();
        let stream = request.stream;
        send_headers(peer, stream, TIME);
        let mut body = KEYFRAME.to_vec();
        body.resize(20_000, 0);
        // Until the client has gone.
        while !peer.is_left() {
            for _ in 0..100 {
                peer.media(stream, MediaKind::Video, TIME, &body);
            }
            peer.flush();
        }
    });
    let stunnel = Stunnel::start(&good, server.address());
    for (state, limit) in [(gst::State::Playing, 0u32), (gst::State::Paused, 100_000)] {
        let player = player("localhost", stunnel.port(), &certificates);
        // A queue that is full, so that the socket is not read any more.
        if limit > 0 {
            player.source.set_property("max-queue-bytes", limit);
        }
        player.source.set_property("timeout", 0u32);
        player.set_state(state);
        match state {
            gst::State::Playing => drop(player.buffers(20)),
            _ => crate::process::wait_until("the queue is full", || {
                player
                    .stats()
                    .get::<u64>("blocked-time")
                    .is_ok_and(|time| time > 0)
            }),
        }
        let (sender, receiver) = std::sync::mpsc::channel();
        let pipeline = player.pipeline.clone();
        std::thread::spawn(move || {
            let started = std::time::Instant::now();
            let result = pipeline.set_state(gst::State::Null);
            let _ = sender.send((result, started.elapsed()));
        });
        let (result, elapsed) = receiver.recv_timeout(HANG).expect("the state change ends");
        result.expect("it succeeds");
        println!("{state:?} within TLS: stopped in {elapsed:?}");
    }
}

/// GIO makes another handshake in a thread, which waits for the server, and for
/// the network thread to look at its certificate.
#[test]
fn a_server_that_negotiates_anew_is_refused_and_holds_nothing_up() {
    use std::process::Stdio;

    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=camera", "");
    let port = crate::process::free_port();
    let mut command = Command::new("openssl");
    command
        .args([
            "s_server",
            "-4",
            "-tls1_2",
            "-accept",
            &port.to_string(),
            "-cert",
        ])
        .arg(&own.certificate)
        .arg("-key")
        .arg(&own.key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut server = command.spawn().expect("openssl is installed");
    crate::process::wait_for_listener(port);
    let player = Player::new(&format!("rtmps://127.0.0.1:{port}/app/stream"));
    player.source.set_property("timeout", 0u32);
    player
        .source
        .set_property("tls-fingerprint", own.fingerprint());
    player.play();
    crate::process::wait_until("the handshake of TLS is done", || {
        player.stats().get::<String>("phase").as_deref() == Ok("handshake")
    });
    let mut commands = server.stdin.take().expect("it is piped");
    commands.write_all(b"r\n").expect("it reads");
    let (error, _) = player.error_message();
    assert_eq!(error.kind(), Some(gst::ResourceError::OpenRead));
    assert!(error.message().contains("another handshake"), "{error}");
    let (sender, receiver) = std::sync::mpsc::channel();
    let pipeline = player.pipeline.clone();
    std::thread::spawn(move || {
        let _ = sender.send(pipeline.set_state(gst::State::Null));
    });
    let result = receiver.recv_timeout(HANG).expect("the state change ends");
    result.expect("it succeeds");
    server.kill().expect("it runs");
    server.wait().expect("it was ended");
}

#[test]
fn no_tls_back_end_says_what_to_install() {
    let folder = Folder::new();
    let mut command = Command::new("gst-launch-1.0");
    with_plugin(&mut command, &folder)
        .args(["-q", "rtmprsrc", "location=rtmps://127.0.0.1:9/app/stream"])
        .args(["!", "fakesink"])
        // As GIO is without glib-networking.
        .env("GIO_USE_TLS", "dummy");
    let output = run(&mut command);
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("Install glib-networking"), "{text}");
}
