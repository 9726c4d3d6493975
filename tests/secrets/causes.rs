// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One play for each cause of a failure.

use std::any::Any;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::chunk::Csid;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::certificates::Certificates;
use crate::log::{SAID, leaks, seen, shows_a_secret};
use crate::media::{KEYFRAME, send_headers};
use crate::player::Player;
use crate::process::free_port;
use crate::server::{Peer, Server};
use crate::stunnel::Stunnel;

/// Behind the host of every location.
const PATH: &str = "app?k=hidden-key/hidden-1234-stream-5678?token=hidden-token&u=hidden-value";

/// What servers repeat, in the forms in which they do and in others.
const ECHO: &str = "said-beside-a-secret: s?token=hidden-token, rtmp://someone:hidden-pass@h/\
    app?k=hidden-key 'hidden-1234-stream-5678' (hidden-token) hidden-argument \
    hidden-secure-token \
    hidden-page";

/// Causes that have no play here: nothing of outside is in their texts, or no
/// peer can bring them about.
const NOT_HERE: [&str; 7] = [
    // Of a publish: `no_refused_publish_shows_a_secret`.
    "publish-failed",
    "tls-no-backend",
    "tls-closed",
    "tls-truncated",
    "tls-failed",
    "internal",
    "no-thread",
];

/// Where to play from, how, and what has to live as long as the play.
struct Case {
    /// `rtmp` or `rtmps`.
    scheme: &'static str,
    host: String,
    properties: Vec<(&'static str, String)>,
    _alive: Box<dyn Any>,
}

impl Case {
    fn new(host: impl ToString, alive: impl Any) -> Self {
        Self {
            scheme: "rtmp",
            host: host.to_string(),
            properties: Vec::new(),
            _alive: Box::new(alive),
        }
    }

    fn scripted(script: impl FnMut(&mut Peer) + Send + 'static) -> Self {
        let server = Server::start(script);
        Self::new(server.address(), server)
    }

    fn playing(script: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Self {
        let server = Server::playing(script);
        Self::new(server.address(), server)
    }

    fn with(mut self, property: &'static str, value: impl ToString) -> Self {
        self.properties.push((property, value.to_string()));
        self
    }

    fn tls(mut self) -> Self {
        self.scheme = "rtmps";
        self
    }
}

fn refusal(code: StatusCode) -> Status {
    let ex = Object::new().with("code", 403.0).with("redirect", ECHO);
    Status::new(Level::Error, code, ECHO)
        .with("details", ECHO)
        .with("ex", ex)
}

fn first_media(peer: &mut Peer, stream: StreamId) {
    send_headers(peer, stream, 0);
    peer.media(stream, MediaKind::Video, 0, KEYFRAME);
    peer.flush();
}

/// A server that reads and says nothing.
fn silent() -> Case {
    Case::scripted(Peer::hold)
}

/// A server behind TLS, and the file of the authority that it is known by.
fn tls_server(lines: &str, names: &str) -> (Case, String) {
    let certificates = Certificates::new();
    let identity = certificates.signed("server", names, 30);
    let server = Server::start(Peer::hold);
    let lines = lines.replace("AUTHORITY", &certificates.authority());
    let stunnel = Stunnel::with(&identity, server.address(), &lines);
    let authority = certificates.authority();
    let host = format!("localhost:{}", stunnel.port());
    let case = Case::new(host, (stunnel, server, certificates));
    (case.tls(), authority)
}

/// Each cause with a play that ends by it.
fn cases() -> Vec<(&'static str, Case)> {
    let nobody = || format!("127.0.0.1:{}", free_port());
    let mut cases = vec![
        ("host-not-found", Case::new("nobody.invalid", ())),
        ("connection-refused", Case::new(nobody(), ())),
        (
            "proxy",
            silent().with("proxy", format!("http://me:hidden-proxy-word@{}", nobody())),
        ),
        ("unreachable", silent().with("bind-address", "192.0.2.1")),
        ("timeout", silent().with("timeout", 1)),
        (
            "not-rtmp",
            Case::scripted(|peer| {
                let _ = peer
                    .stream
                    .write_all(format!("HTTP/1.1 400 {ECHO}").as_bytes());
                peer.hold();
            }),
        ),
        (
            "protocol",
            Case::scripted(|peer| {
                peer.connect_request();
                // Set Chunk Size 0.
                let chunk = [2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0];
                peer.stream.write_all(&chunk).expect("the client reads");
                peer.hold();
            }),
        ),
        (
            "connect-rejected",
            Case::scripted(|peer| {
                let request = peer.connect_request();
                let status = refusal(StatusCode::ConnectInvalidApp);
                peer.session.reject_connect(&request, &status);
                peer.close();
            }),
        ),
        (
            "not-authorized",
            Case::scripted(|peer| {
                let request = peer.connect_request();
                let words = format!("[ code=403 need auth; authmod=kerberos ] : {ECHO}");
                let status = Status::new(Level::Error, StatusCode::ConnectRejected, words);
                peer.session.reject_connect(&request, &status);
                peer.close();
            }),
        ),
        (
            "create-stream-failed",
            Case::scripted(|peer| {
                let request = peer.connect_request();
                peer.session.accept_connect(&request, 128);
                peer.until(|event| matches!(event, Event::StreamCreated(_)).then_some(()));
                while peer.session.poll_transmit().is_some() {}
                let status = refusal(StatusCode::CallFailed).information;
                let answer = Command::new("_error", 2.0).argument(status);
                peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
                peer.hold();
            }),
        ),
        (
            "play-failed",
            Case::scripted(|peer| {
                let request = peer.play_request();
                let status = refusal(StatusCode::PlayStreamNotFound);
                peer.session.reject_play(&request, &status);
                peer.close();
            }),
        ),
        (
            "redirect",
            Case::scripted(|peer| {
                let request = peer.connect_request();
                let ex = Object::new().with("code", 302.0).with(
                    "redirect",
                    format!("http://someone:hidden-pass@h/?k=hidden-key {ECHO}"),
                );
                let status = Status::new(Level::Error, StatusCode::ConnectRejected, ECHO);
                peer.session
                    .reject_connect(&request, &status.with("ex", ex));
                peer.close();
            }),
        ),
        (
            "ended-by-server",
            Case::playing(|peer, stream| {
                first_media(peer, stream);
                peer.session
                    .status(stream, &refusal(StatusCode::PlayFailed));
                peer.close();
            }),
        ),
        (
            "unpublished",
            Case::playing(|peer, stream| {
                first_media(peer, stream);
                let code = StatusCode::PlayUnpublishNotify;
                let status = Status::new(Level::Status, code, ECHO).with("details", ECHO);
                peer.session.status(stream, &status);
                peer.hold();
            })
            .with("on-unpublish", "error"),
        ),
        (
            "closed-early",
            Case::scripted(|peer| {
                peer.connect_request();
                peer.close();
            }),
        ),
        (
            "connection-lost",
            Case::playing(|peer, stream| {
                first_media(peer, stream);
                // The beginning of a message.
                peer.stream
                    .write_all(&[0x07, 0, 0, 0, 0, 1])
                    .expect("the client reads");
                peer.close();
            }),
        ),
        (
            "closed-without-eof",
            Case::playing(|peer, stream| {
                first_media(peer, stream);
                peer.close();
            })
            .with("no-eof-is-error", true),
        ),
        (
            "idle",
            Case::playing(|peer, stream| {
                first_media(peer, stream);
                peer.hold();
            })
            .with("idle-timeout", 1)
            .with("no-eof-is-error", true),
        ),
    ];
    cases.extend(tls_cases());
    cases
}

fn tls_cases() -> Vec<(&'static str, Case)> {
    let (unknown, _) = tls_server("", "DNS:other.example");
    let (other, _) = tls_server("", "DNS:localhost");
    let (demanding, authority) =
        tls_server("CAfile = AUTHORITY\nverifyChain = yes", "DNS:localhost");
    let plain = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = plain.local_addr().expect("its address");
    std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().expect("a client");
        let _ = stream.read(&mut [0; 1024]);
    });
    vec![
        ("tls-certificate", unknown),
        (
            "tls-fingerprint",
            other.with("tls-fingerprint", "00".repeat(32)),
        ),
        (
            "tls-client-certificate",
            demanding.with("tls-ca-file", authority),
        ),
        ("tls-not-tls", Case::new(address, ()).tls()),
    ]
}

/// Plays, and looks for secrets in whatever can be seen of it.
fn play(cause: &str, case: &Case) {
    println!("{cause}");
    let location = format!("{}://someone:hidden-pass@{}/{PATH}", case.scheme, case.host);
    let player = Player::new(&location);
    let source = &player.source;
    source.set_property("fallbacks", false);
    for (property, value) in [
        ("extra-connect-args", "S:hidden-argument"),
        ("secure-token", "hidden-secure-token"),
        ("swf-url", "http://h/?t=hidden-page"),
        ("page-url", "http://h/?t=hidden-page"),
    ] {
        source.set_property(property, value);
    }
    for (property, value) in &case.properties {
        source.set_property_from_str(property, value);
    }
    let texts = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&texts);
    let bus = player.pipeline.bus().expect("a bus");
    bus.set_sync_handler(move |_, message| {
        let text = format!("{message:?}");
        kept.lock().expect("not poisoned").push(text);
        gst::BusSyncReply::Pass
    });
    player.play();
    let (error, debug) = player.error_message();
    let everything = gst::DebugGraphDetails::all();
    let dump = player.pipeline.debug_to_dot_data(everything);
    let stats = player.stats().to_string();
    drop(player);

    let texts = texts.lock().expect("not poisoned");
    let ended = texts.iter().find(|text| text.contains("stream-ended"));
    let ended = ended.expect("every play says how it ended");
    assert!(
        ended.contains(&format!("cause: (gchararray) \"{cause}\"")),
        "{cause}: {ended}"
    );
    let shown = [error.message(), &debug, &dump, &stats];
    let shown = shown.into_iter().chain(texts.iter().map(String::as_str));
    for text in shown {
        assert!(!shows_a_secret(text), "{cause}: {text}");
    }
    let leaks = leaks();
    assert!(leaks.is_empty(), "{cause}: {leaks:#?}");
}

#[test]
fn no_failure_shows_a_secret() {
    crate::init();
    let cases = cases();
    for (cause, case) in &cases {
        play(cause, case);
    }
    // Or there was nothing to look at.
    let (said, of_core) = seen();
    assert!(said >= 5, "servers' words were shown in {said} lines");
    assert!(of_core > 1000, "GStreamer itself wrote {of_core} lines");

    let here: BTreeSet<_> = cases.iter().map(|(cause, _)| *cause).collect();
    let all: BTreeSet<_> = gstrtmpr::player::CAUSES.into_iter().collect();
    let without: BTreeSet<_> = NOT_HERE.into_iter().collect();
    assert_eq!(&all - &without, here, "each cause has its play");
}

#[test]
fn no_refused_publish_shows_a_secret() {
    crate::init();
    let server = Server::start(|peer| {
        while let Some(event) = peer.next_event() {
            match event {
                Event::Connect(request) => peer.session.accept_connect(&request, 4096),
                Event::Publish(request) => {
                    let code = StatusCode::PublishFailed;
                    let status = Status::new(Level::Error, code, ECHO);
                    peer.session.reject_publish(&request, &status);
                }
                _ => {}
            }
        }
    });
    let sink = gst::ElementFactory::make("rtmprsink")
        .property(
            "location",
            format!("rtmp://someone:hidden-pass@{}/{PATH}", server.address()),
        )
        .property("secure-token", "hidden-secure-token")
        .property("page-url", "http://p/?p=hidden-page")
        .property("extra-connect-args", "S:hidden-argument")
        .property("async", false)
        .build()
        .expect("our element");
    let pipeline = gst::Pipeline::new();
    pipeline.add(&sink).expect("it fits in");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let mut texts = Vec::new();
    loop {
        let message = bus.timed_pop(gst::ClockTime::from_seconds(60));
        let message = message.expect("an error");
        if let gst::MessageView::Error(error) = message.view() {
            texts.push(error.error().message().to_owned());
            texts.extend(error.debug().map(String::from));
            break;
        }
        texts.extend(message.structure().map(ToString::to_string));
    }
    let dump = pipeline.debug_to_dot_data(gst::DebugGraphDetails::ALL);
    texts.push(dump.to_string());
    let stats: gst::Structure = sink.property("stats");
    texts.push(stats.to_string());
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert!(texts.iter().any(|text| text.contains("publish-failed")));
    for text in &texts {
        assert!(!shows_a_secret(text), "{text}");
    }
    let leaks = leaks();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn a_property_that_cannot_be_used_is_told_without_its_value() {
    for (property, value) in [
        ("extra-connect-args", "Q:hidden-argument"),
        ("location", "rtmp://someone:hidden-pass@[h/app/hidden-1234"),
        ("proxy", "gopher://me:hidden-proxy-word@h"),
        ("tls-fingerprint", "hidden-print"),
    ] {
        let player = Player::new("rtmp://localhost/app/stream");
        player.source.set_property(property, value);
        let failed = player.pipeline.set_state(gst::State::Playing);
        assert!(failed.is_err(), "{property}");
        let (error, debug) = player.error_message();
        assert!(error.message().contains(property), "{error}");
        assert!(!shows_a_secret(error.message()), "{error}");
        assert!(!shows_a_secret(&debug), "{debug}");
    }
    let leaks = leaks();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn the_words_of_servers_are_marked() {
    assert!(ECHO.contains(SAID) && shows_a_secret(ECHO) && shows_a_secret(PATH));
}
