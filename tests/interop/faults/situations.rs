// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is done to a server while a pipeline plays from it.

use nix::sys::signal::Signal;

use super::proxy::{BlackHole, ClosedPort, Proxy};
use super::servers::{Kind, Running, Stage};
use super::watch::{Decode, Observed, Watch};
use crate::process::Process;

/// A situation of the matrix. The text is for the table.
pub(super) struct Situation {
    pub(super) name: &'static str,
    pub(super) run: fn(&Stage, Kind, &str) -> Observed,
}

macro_rules! situations {
    ($($constant:ident = $name:literal, $run:expr;)*) => {
        $(pub(super) const $constant: Situation = Situation { name: $name, run: $run };)*
    };
}

situations! {
    PLAYS = "plays", plays;
    WRONG_APPLICATION = "wrong application", |stage, kind, properties| {
        missing(stage, kind, properties, Some("wrong"), None)
    };
    WRONG_STREAM = "wrong stream", |stage, kind, properties| {
        missing(stage, kind, properties, None, Some("wrong"))
    };
    OTHER_NAMES = "wrong application and stream", other_names;
    ASKED = "asked to play", |stage, kind, properties| {
        missing(stage, kind, properties, None, None)
    };
    EARLY = "asked before it is published", early;
    ENDS = "recording ends", ends;
    PUBLISHER_KILLED = "publisher killed", |stage, kind, properties| {
        publisher_ends(stage, kind, properties, Signal::SIGKILL)
    };
    PUBLISHER_STOPS = "publisher stops", |stage, kind, properties| {
        publisher_ends(stage, kind, properties, Signal::SIGTERM)
    };
    PUBLISHER_AWAY = "publisher killed", publisher_away;
    PUBLISHER_RESTARTS = "publisher restarts", publisher_restarts;
    PLAYED_AGAIN = "publisher restarts, played again", played_again;
    SERVER_KILLED = "server killed", |stage, kind, properties| {
        server_gets(stage, kind, properties, Signal::SIGKILL)
    };
    SERVER_STOPPED = "server stopped", |stage, kind, properties| {
        server_gets(stage, kind, properties, Signal::SIGTERM)
    };
    SERVER_FROZEN = "server frozen", |stage, kind, properties| {
        server_gets(stage, kind, properties, Signal::SIGSTOP)
    };
    KILLED_EARLY = "server killed before media", killed_early;
    FROZEN_EARLY = "server frozen before the handshake", frozen_early;
    RESET = "connection reset", |stage, kind, properties| {
        line_fails(stage, kind, properties, Proxy::reset)
    };
    LINE_DEAD = "line goes dead", |stage, kind, properties| {
        line_fails(stage, kind, properties, Proxy::swallow)
    };
    REFUSED = "connection refused", |_, _, properties| {
        let port = ClosedPort::new();
        nobody(port.address(), properties)
    };
    BLACK_HOLE = "connection not answered", |_, _, properties| {
        let hole = BlackHole::new();
        nobody(hole.address(), properties)
    };
    SWALLOWED = "everything is swallowed", swallowed;
}

/// A server with its stream, and a pipeline that plays it.
fn playing<'s>(
    stage: &'s Stage,
    kind: Kind,
    properties: &str,
) -> (Running<'s>, Option<Process>, Watch) {
    let mut server = Running::start(kind, stage);
    let publisher = server.publish();
    let watch = Watch::start(&server.url(), properties, Decode::No);
    watch.wait_for_media();
    (server, publisher, watch)
}

fn plays(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let mut server = Running::start(kind, stage);
    let _publisher = server.publish();
    let watch = Watch::start(&server.url(), properties, Decode::Yes);
    watch.wait_for_pictures(25, &stage.first_pictures.video);
    watch.goes_on("plays", "")
}

fn missing(
    stage: &Stage,
    kind: Kind,
    properties: &str,
    application: Option<&str>,
    stream: Option<&str>,
) -> Observed {
    let mut server = Running::start(kind, stage);
    let _publisher = server.publish();
    let url = server.url_of(application, stream);
    Watch::start(&url, properties, Decode::No).end()
}

fn other_names(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let server = Running::start(kind, stage);
    let url = server.url_of(Some("wrong"), Some("wrong"));
    let watch = Watch::start(&url, properties, Decode::Yes);
    watch.wait_for_pictures(25, &stage.first_pictures.video);
    watch.goes_on("plays", "")
}

/// It waits as long as nobody publishes; that it does is seen by what it does
/// when somebody comes.
fn early(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let mut server = Running::start(kind, stage);
    let watch = Watch::start(&server.url(), properties, Decode::Yes);
    watch.wait_for_phase("waiting");
    let _publisher = server.publish();
    watch.wait_for_pictures(25, &stage.first_pictures.video);
    watch.goes_on("waits, then plays", "")
}

fn ends(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let server = match kind {
        Kind::Ffmpeg => Running::ending(stage),
        _ => Running::start(kind, stage),
    };
    let url = server.url().replace("long.", "clip.");
    Watch::start(&url, properties, Decode::No).end()
}

fn publisher_ends(stage: &Stage, kind: Kind, properties: &str, signal: Signal) -> Observed {
    let (_server, publisher, watch) = playing(stage, kind, properties);
    publisher.expect("it is published").signal(signal);
    watch.end()
}

/// The publisher leaves, and the pipeline stays.
fn publisher_away(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let (_server, publisher, watch) = playing(stage, kind, properties);
    publisher.expect("it is published").signal(Signal::SIGKILL);
    let cause = left(&watch);
    watch.goes_on("waits", &cause)
}

/// What said that the publisher left.
fn left(watch: &Watch) -> String {
    let notice = watch.wait_for_notice("publisher-left");
    notice.get("cause").expect("a name")
}

/// The same pipeline shows the second publication, on one line of times.
fn publisher_restarts(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let mut server = Running::start(kind, stage);
    let early = matches!(kind, Kind::Live).then(|| {
        let watch = Watch::start(&server.url(), properties, Decode::Yes);
        watch.wait_for_phase("waiting");
        watch
    });
    let publisher = server.publish();
    let watch = early.unwrap_or_else(|| Watch::start(&server.url(), properties, Decode::Yes));
    let (first, second) = (&stage.first_pictures.video, &stage.second_pictures.video);
    watch.wait_for_pictures(25, first);
    publisher.expect("it is published").signal(Signal::SIGKILL);
    let cause = left(&watch);
    let _publisher = server.publish();
    watch.wait_for_notice("publisher-returned");
    watch.wait_for_pictures(50, second);
    assert!(watch.largest_fall() <= 2000, "{} ms", watch.largest_fall());
    // One that came first has seen all from the first frame on.
    if kind == Kind::Live {
        assert_eq!(watch.strange_pictures(&[first, second]), 0);
    }
    watch.goes_on("plays on", &cause)
}

/// A pipeline that got the end plays again by NULL and PLAYING.
fn played_again(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let (mut server, publisher, watch) = playing(stage, kind, properties);
    publisher.expect("it is published").signal(Signal::SIGKILL);
    let observed = watch.end();
    let _publisher = server.publish();
    let watch = Watch::start(&server.url(), properties, Decode::Yes);
    watch.wait_for_pictures(25, &stage.second_pictures.video);
    watch.goes_on("plays", "");
    observed
}

fn server_gets(stage: &Stage, kind: Kind, properties: &str, signal: Signal) -> Observed {
    let (server, _publisher, watch) = playing(stage, kind, properties);
    server.process().signal(signal);
    watch.end()
}

fn killed_early(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let server = Running::start(kind, stage);
    let watch = Watch::start(&server.url(), properties, Decode::No);
    watch.wait_for_phase("waiting");
    server.process().signal(Signal::SIGKILL);
    let mut observed = watch.end();
    // The kernel takes a killed server's sockets away one by one: where the listening one
    // is the last, it still accepts the second connection, and a third is refused.
    if observed.connections == 3 {
        observed.connections = 2;
    }
    observed
}

fn frozen_early(stage: &Stage, kind: Kind, properties: &str) -> Observed {
    let server = Running::start(kind, stage);
    server.process().signal(Signal::SIGSTOP);
    Watch::start(&server.url(), properties, Decode::No).end()
}

fn line_fails(stage: &Stage, kind: Kind, properties: &str, fail: fn(&Proxy)) -> Observed {
    let mut server = Running::start(kind, stage);
    let _publisher = server.publish();
    let proxy = Proxy::to(server.address());
    let watch = Watch::start(&server.url_at(proxy.address()), properties, Decode::No);
    watch.wait_for_media();
    fail(&proxy);
    watch.end()
}

fn nobody(address: std::net::SocketAddr, properties: &str) -> Observed {
    Watch::start(
        &format!("rtmp://{address}/live/test"),
        properties,
        Decode::No,
    )
    .end()
}

fn swallowed(_: &Stage, _: Kind, properties: &str) -> Observed {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let proxy = Proxy::to(listener.local_addr().expect("its address"));
    proxy.swallow();
    nobody(proxy.address(), properties)
}
