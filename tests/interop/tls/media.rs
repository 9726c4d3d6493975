// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What comes through TLS is what was sent.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use gio::prelude::*;
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::session::server::{Event, ServerSession};
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use super::certificates::{Certificates, Identity};
use super::player;
use super::stunnel::Stunnel;
use crate::clip;
use crate::element_media::{AVC_HEADER, KEYFRAME};
use crate::nginx::{Nginx, publish_to_waiting_player};
use crate::process::{Folder, Process, free_port, wait_for_listener};
use crate::short_stream::{TIME, server};

fn element(port: u16, certificates: &Certificates) -> String {
    format!(
        "rtmprsrc location=rtmps://localhost:{port}/live/test tls-ca-file={}",
        certificates.authority()
    )
}

#[test]
fn decoded_frames_equal_those_of_the_clip_through_stunnel_and_nginx() {
    crate::init();
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let nginx = Nginx::start();
    let stunnel = Stunnel::start(&good, nginx.address());
    let clip = clip::make(nginx.folder());
    let plays = || nginx.log().contains("play: name='test'");
    let decoded = publish_to_waiting_player(
        &clip,
        &nginx.url(),
        || clip::decode(&element(stunnel.port(), &certificates)),
        plays,
    );
    assert_eq!(decoded, clip::reference(&clip));
}

#[test]
fn decoded_frames_equal_those_of_the_clip_through_stunnel_and_ffmpegs_server() {
    crate::init();
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let folder = Folder::new();
    let clip = clip::make(&folder);
    let port = free_port();
    let _server = Process::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "flv", "-listen", "1"])
            .arg(format!("rtmp://127.0.0.1:{port}/live/test")),
    );
    wait_for_listener(port);
    let stunnel = Stunnel::start(&good, ([127, 0, 0, 1], port).into());
    let decoded = clip::decode(&element(stunnel.port(), &certificates));
    assert_eq!(decoded, clip::reference(&clip));
}

/// A large stream from a server whose TLS is GIO's own.
#[test]
fn many_records_at_once_arrive_whole_and_in_order() {
    const MESSAGES: u32 = 300;
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let server = std::thread::spawn(move || serve_with_gio(&listener, &good, MESSAGES));
    let player = player("localhost", port, &certificates);
    player.play();
    let buffers = player.rest();
    server.join().expect("it served");
    let bodies: Vec<_> = buffers
        .iter()
        .filter(|buffer| buffer.size() > 100_000)
        .map(|buffer| {
            let map = buffer.map_readable().expect("readable");
            (map[11 + 9], map.len())
        })
        .collect();
    let expected: Vec<_> = (0..MESSAGES)
        .map(|number| (number.to_le_bytes()[0], body(number).len() + 15))
        .collect();
    assert_eq!(bodies, expected);
}

/// A key frame of some size that begins with its number.
fn body(number: u32) -> Vec<u8> {
    let mut body = KEYFRAME[..9].to_vec();
    body.push(number.to_le_bytes()[0]);
    body.resize(100_001 + 37 * number as usize, 0xAB);
    body
}

fn serve_with_gio(listener: &TcpListener, identity: &Identity, messages: u32) {
    let (stream, _) = listener.accept().expect("a client");
    let socket = gio::Socket::from_fd(stream.into()).expect("a socket");
    let connection = socket.connection_factory_create_connection();
    let certificate = gio::TlsCertificate::from_files(&identity.certificate, &identity.key);
    let certificate = certificate.expect("openssl made it");
    let tls = gio::TlsServerConnection::new(&connection, Some(&certificate)).expect("TLS");
    let mut input = tls.input_stream().into_read();
    let mut output = tls.output_stream().into_write();
    let mut session = ServerSession::new(1, Limits::default());
    let mut buffer = [0; 4096];
    loop {
        while let Some(event) = session.poll_event() {
            match event {
                Event::Connect(request) => session.accept_connect(&request, 4096),
                Event::Play(request) => {
                    session.accept_play(&request);
                    session.media(request.stream, MediaKind::Video, TIME, AVC_HEADER);
                    for number in 0..messages {
                        let time = TIME + number;
                        session.media(request.stream, MediaKind::Video, time, &body(number));
                    }
                    let end = Status::new(Level::Status, StatusCode::PlayComplete, "All of it");
                    session.status(request.stream, &end);
                }
                _ => {}
            }
        }
        while let Some(bytes) = session.poll_transmit() {
            output.write_all(&bytes).expect("the client reads");
        }
        match input.read(&mut buffer) {
            // The client has what it wants.
            Ok(0) | Err(_) => return,
            Ok(count) => session.receive(&buffer[..count]).expect("a good client"),
        }
    }
}

/// As cameras show: its own certificate, known by its fingerprint.
#[test]
fn the_example_of_the_documentation_plays_a_pinned_server() {
    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=camera", "");
    let server = server();
    let stunnel = Stunnel::start(&own, server.address());
    let folder = Folder::new();
    let file = folder.path().join("recording.flv");
    let mut command = Command::new("gst-launch-1.0");
    crate::process::with_plugin(&mut command, &folder)
        .arg("-q")
        .arg("rtmprsrc")
        .arg(format!(
            "location=rtmps://localhost:{}/app/stream",
            stunnel.port()
        ))
        .arg(format!("tls-fingerprint={}", own.fingerprint()))
        .args(["!", "filesink"])
        .arg(format!("location={}", file.display()));
    let output = crate::process::run(&mut command);
    assert!(output.status.success(), "{output:?}");
    let recorded = std::fs::read(&file).expect("a recording");
    assert!(recorded.starts_with(b"FLV"));
    assert!(
        recorded
            .windows(KEYFRAME.len())
            .any(|part| part == KEYFRAME)
    );
}
