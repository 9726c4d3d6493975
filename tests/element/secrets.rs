// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! No password, key or token of a location gets into errors, the log up to
//! level LOG, or `stats`, even where the server repeats them.

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};

use gst::prelude::*;

use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::auth::secure_token;
use gstrtmpr::rtmp::chunk::{COMMAND_CSID, Csid};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// In no other test: the log is that of the whole process.
const PLANTED: [&str; 4] = ["hidden-user", "hidden-pass", "hidden-key", "hidden-token"];

/// Marks what is said of a secret, so that a test knows that it was shown.
const SAID: &str = "said-beside-a-secret";

const PATHS: [&str; 3] = [
    "app/s?token=hidden-token",
    "app?key=hidden-key/s?token=hidden-token",
    "app/s?token=hidden-token/a/b'c&user=hidden-user",
];

/// What a server may repeat, in the ways in which servers do.
const ECHO: &str = "Failed to play s?token=hidden-token; 'app?key=hidden-key/s' on \
    rtmp://hidden-user:hidden-pass@127.0.0.1/app?key=hidden-key \"s?token=hidden-token\": \
    said-beside-a-secret";

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn lines() -> MutexGuard<'static, Vec<String>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_leak(text: &str) -> bool {
    PLANTED.iter().any(|word| text.contains(word))
}

/// Keeps the lines of our categories that matter here, from now on.
fn watch_the_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        crate::init();
        if std::env::var_os("GST_DEBUG").is_none() {
            // Or all tests would print theirs.
            gst::log::remove_default_log_function();
        }
        gst::log::add_log_function(|category, level, _, _, _, _, message| {
            let text = message.get().unwrap_or_default();
            if category.name().starts_with("rtmpr")
                && level <= gst::DebugLevel::Log
                && (is_leak(&text) || text.contains(SAID))
            {
                lines().push(format!("{level:?} {}: {text}", category.name()));
            }
        });
        gst::log::set_threshold_for_name("rtmpr*", gst::DebugLevel::Log);
    });
}

fn location(server: &str, path: &str) -> String {
    format!("rtmp://hidden-user:hidden-pass@{server}/{path}")
}

/// Plays to the end, and looks for secrets in whatever can be seen of it.
fn play(location: &str) -> Ended {
    watch_the_log();
    let player = Player::new(location);
    let bus = player.pipeline.bus().expect("a bus");
    let messages = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&messages);
    bus.set_sync_handler(move |_, message| {
        let structure = message.structure().map(ToString::to_string);
        kept.lock()
            .expect("not poisoned")
            .push(structure.unwrap_or_default());
        gst::BusSyncReply::Pass
    });
    player.play();
    player.rest();
    let stats = player.stats().to_string();
    let ended = player.ended();
    drop(player);
    if let Ended::Error { error, debug } = &ended {
        assert!(!is_leak(error.message()), "{error}");
        assert!(!is_leak(debug), "{debug}");
    }
    assert!(!is_leak(&stats), "{stats}");
    let messages = messages.lock().expect("not poisoned");
    let leak = messages.iter().find(|message| is_leak(message));
    assert!(leak.is_none(), "{leak:?}");
    assert!(
        messages
            .iter()
            .any(|message| message.starts_with("stream-ended"))
    );
    let leaks: Vec<_> = lines()
        .iter()
        .filter(|line| is_leak(line))
        .cloned()
        .collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    ended
}

/// Plays from a server that refuses, and expects its words but no secrets.
fn expect_refusal(script: fn(&mut Peer)) {
    for path in PATHS {
        let server = Server::start(script);
        let Ended::Error { error, debug } = play(&location(&server.address().to_string(), path))
        else {
            panic!("the stream ended instead of failing");
        };
        assert!(error.message().contains(SAID), "{error}");
        assert!(debug.contains(SAID), "{debug}");
    }
}

/// A refusal that repeats the secrets wherever it can.
fn refusal(code: StatusCode) -> Status {
    refusal_with(403.0, code)
}

fn refusal_with(number: f64, code: StatusCode) -> Status {
    let redirect = Object::new().with("code", number).with("redirect", ECHO);
    Status::new(Level::Error, code, ECHO)
        .with("details", ECHO)
        .with("ex", redirect)
}

fn expect_said_in(beginning: &str) {
    let said = |line: &String| line.starts_with(beginning) && line.contains(SAID);
    assert!(lines().iter().any(said), "{beginning:?} with what was said");
}

#[test]
fn refused_play() {
    expect_refusal(|peer| {
        let request = peer.play_request();
        let status = refusal(StatusCode::PlayStreamNotFound);
        peer.session.reject_play(&request, &status);
        peer.close();
    });
    expect_said_in("Debug rtmpr");
}

#[test]
fn refused_play_with_a_code_of_the_servers_own() {
    expect_refusal(|peer| {
        let request = peer.play_request();
        let status = refusal(StatusCode::Other(ECHO.to_owned()));
        peer.session.reject_play(&request, &status);
        peer.close();
    });
}

#[test]
fn refused_connect_with_a_redirect() {
    expect_refusal(|peer| {
        let request = peer.connect_request();
        let status = refusal_with(302.0, StatusCode::ConnectRejected);
        peer.session.reject_connect(&request, &status);
        peer.close();
    });
}

#[test]
fn refused_create_stream() {
    expect_refusal(|peer| {
        let request = peer.connect_request();
        peer.session.accept_connect(&request, 128);
        peer.until(|event| matches!(event, Event::StreamCreated(_)).then_some(()));
        // Instead of the answer that the session has ready, and on a chunk
        // stream whose headers do not build upon it.
        while peer.session.poll_transmit().is_some() {}
        let answer =
            Command::new("_error", 2.0).argument(refusal(StatusCode::CallFailed).information);
        peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
        peer.hold();
    });
}

#[test]
fn refused_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    for path in PATHS {
        let ended = play(&location(&address.to_string(), path));
        assert!(matches!(ended, Ended::Error { .. }), "{ended:?}");
    }
}

#[test]
fn a_whole_play() {
    for path in PATHS {
        let server = Server::playing(|peer, stream| {
            for code in [StatusCode::PlayReset, StatusCode::PlayStart] {
                peer.session
                    .status(stream, &Status::new(Level::Status, code, ECHO));
            }
            // Of no use to a player.
            let unknown = Command::new(ECHO, 0.0).argument(ECHO);
            peer.session
                .command(COMMAND_CSID, StreamId::CONNECTION, &unknown);
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 0, KEYFRAME);
            let stop = Status::new(Level::Status, StatusCode::PlayStop, ECHO).with("details", ECHO);
            peer.session.status(stream, &stop);
            peer.close();
        });
        let ended = play(&location(&server.address().to_string(), path));
        assert!(matches!(ended, Ended::Eos), "{ended:?}");
    }
    expect_said_in("Debug rtmpr");
    expect_said_in("Info rtmpr:");
    expect_said_in("Info rtmprsrc");
}

#[test]
fn what_a_server_says_of_itself() {
    let server = Server::start(|peer| {
        peer.connect_request();
        let said = Object::new()
            .with("fmsVer", ECHO)
            .with(ECHO, Object::new().with("data", ECHO));
        let answer = Command::new("_result", 1.0)
            .object(said.clone())
            .argument(said.with("code", StatusCode::ConnectSuccess.as_str()));
        peer.session
            .command(COMMAND_CSID, StreamId::CONNECTION, &answer);
        peer.close();
    });
    for path in PATHS {
        let ended = play(&location(&server.address().to_string(), path));
        assert!(matches!(ended, Ended::Error { .. }), "{ended:?}");
    }
    expect_said_in("Log rtmpr");
}

/// Every value that a server can put into a challenge.
const CHALLENGED: &str = "[ authmod=adobe ] : ?reason=needauth&user=hidden-user&\
    salt=hidden-pass&challenge=hidden-key&opaque=hidden-token";

/// A server that refuses one connection after the other so, and then plays.
fn asking(descriptions: Vec<String>) -> Server {
    let mut descriptions = descriptions.into_iter();
    Server::start(move |peer| {
        // Is hidden in what the answer to it holds.
        let challenge = secure_token::challenge("hidden-key", "hidden-token");
        peer.session.set_secure_token(challenge);
        let request = peer.connect_request();
        match descriptions.next() {
            Some(description) => {
                let code = StatusCode::ConnectRejected;
                let status = Status::new(Level::Error, code, description);
                peer.session.reject_connect(&request, &status);
                peer.close();
            }
            None => {
                peer.session.accept_connect(&request, 4096);
                let play = peer.until(|event| match event {
                    Event::Play(request) => Some(request.clone()),
                    _ => None,
                });
                peer.session.accept_play(&play);
                send_headers(peer, play.stream, 0);
                peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
                peer.session.end_play(play.stream);
                peer.close();
            }
        }
    })
}

fn need(method: &str) -> String {
    format!("[ code=403 need auth; authmod={method} ] : s?token=hidden-token {ECHO}")
}

#[test]
fn a_login_with_a_secure_token() {
    for path in PATHS {
        let server = asking(vec![need("adobe"), CHALLENGED.to_owned()]);
        let location = location(&server.address().to_string(), path);
        let ended = play(&format!("{location} token=hidden-token"));
        assert!(matches!(ended, Ended::Eos), "{ended:?}");
    }
}

#[test]
fn refused_logins() {
    let failed = |reason: &str| format!("[ authmod=adobe ] : ?reason={reason}&user=hidden-user");
    for descriptions in [
        vec![need("kerberos")],
        vec![need("adobe"), failed("nosuchuser")],
        vec![need("adobe"), CHALLENGED.to_owned(), failed("authfailed")],
        vec![need("adobe"), CHALLENGED.to_owned(), failed("expired")],
        vec![need("adobe"); 2],
        vec![need("adobe"), CHALLENGED.replace("salt", "x")],
        vec![need("adobe"), format!("{CHALLENGED}{}", "x".repeat(600))],
    ] {
        let server = asking(descriptions.clone());
        let location = location(&server.address().to_string(), "app/s?token=hidden-token");
        let ended = play(&location);
        let Ended::Error { error, .. } = ended else {
            panic!("{descriptions:?}: the stream ended instead of failing");
        };
        assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    }
}
