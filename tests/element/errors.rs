// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Every failure is one element error: the right domain and code, the URL
//! without its secrets, the server's words, and what to do.

use std::io::Write;
use std::net::TcpListener;

use gst::prelude::*;
use gstrtmpr::rtmp::chunk::{COMMAND_CSID, Csid};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::black_hole::BlackHole;
use crate::media::{KEYFRAME, send_headers, tag};
use crate::player::{Player, bytes};
use crate::server::{Peer, Server};

/// Plays from a server with this script and expects this error.
fn expect(
    code: gst::ResourceError,
    words: &[&str],
    script: impl FnMut(&mut Peer) + Send + 'static,
) {
    let server = Server::start(script);
    let location = format!("{}?token=planted-secret", server.location());
    expect_at(&location, code, words);
}

fn expect_at(location: &str, code: gst::ResourceError, words: &[&str]) {
    let player = Player::new(location);
    player.source.set_property("timeout", 1u32);
    player.play();
    let (error, debug) = player.error_message();
    let text = error.message();
    assert!(error.matches(code), "{code:?} expected, got {error:?}");
    for word in words {
        assert!(text.contains(word), "{word:?} in {text:?}");
    }
    for secret in ["planted-secret", "token="] {
        assert!(
            !text.contains(secret) && !debug.contains(secret),
            "{text} {debug}"
        );
    }
    // EOS follows the error downstream; whatever else would be posted is by then.
    player.rest();
    let bus = player.pipeline.bus().expect("a bus");
    let second = bus.pop_filtered(&[gst::MessageType::Error]);
    assert!(second.is_none(), "one error only: {second:?}");
}

fn status(code: StatusCode, description: &str) -> Status {
    Status::new(Level::Error, code, description)
}

#[test]
fn host_not_found() {
    let location = "rtmp://does-not-exist.invalid/app/stream?token=planted-secret";
    let player = Player::new(location);
    player.source.set_property("timeout", 30u32);
    player.play();
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::NotFound), "{error:?}");
    assert!(error.message().contains("does-not-exist.invalid"));
}

#[test]
fn connection_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    expect_at(
        &format!("rtmp://{address}/app/stream"),
        gst::ResourceError::OpenRead,
        &["refused", "server is running"],
    );
}

#[test]
#[cfg(target_os = "linux")]
fn given_up_by_the_system_before_our_own_time_is_over() {
    let hole = BlackHole::new();
    let player = Player::new(&format!("rtmp://{}/app/stream", hole.address()));
    player.source.set_property("timeout", 0u32);
    player.source.set_property("tcp-user-timeout", 1u32);
    player.play();
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error:?}");
    let text = error.message();
    assert!(text.contains("cannot be reached"), "{text}");
    assert!(!text.contains("the timeout property"), "{text}");
}

#[test]
fn timed_out_in_each_phase() {
    let handshake = |peer: &mut Peer| peer.hold();
    expect(
        gst::ResourceError::OpenRead,
        &["timed out after 1 s", "handshake"],
        handshake,
    );
    expect(
        gst::ResourceError::OpenRead,
        &["timed out after 1 s", "connect"],
        |peer| {
            peer.connect_request();
            peer.hold();
        },
    );
    expect(
        gst::ResourceError::OpenRead,
        &["timed out after 1 s", "createStream"],
        |peer| {
            let request = peer.connect_request();
            peer.session.accept_connect(&request, 128);
            peer.hold();
        },
    );
    expect(
        gst::ResourceError::OpenRead,
        &["timed out after 1 s", "answer to play"],
        |peer| {
            peer.play_request();
            peer.hold();
        },
    );
}

#[test]
fn not_an_rtmp_server() {
    expect(
        gst::ResourceError::OpenRead,
        &["not an RTMP server", "HTTP"],
        |peer| {
            peer.stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                .expect("it is sent");
            peer.hold();
        },
    );
}

#[test]
fn a_tls_server_is_recognised_by_its_alert() {
    // protocol_version, fatal
    const ALERT: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];
    let words = ["not an RTMP server", "0x15", "a TLS server?"];
    let send = |peer: &mut Peer| peer.stream.write_all(ALERT).expect("it is sent");
    expect(gst::ResourceError::OpenRead, &words, move |peer| {
        send(peer);
        peer.close();
    });
    // What is unread makes it a reset.
    expect(gst::ResourceError::OpenRead, &words, send);
    expect(gst::ResourceError::OpenRead, &words, move |peer| {
        send(peer);
        peer.hold();
    });
}

#[test]
fn another_version_than_3_is_named_if_the_handshake_fails() {
    expect(
        gst::ResourceError::OpenRead,
        &["not an RTMP server", "0x06"],
        |peer| {
            peer.stream.write_all(&[6]).expect("it is sent");
            peer.close();
        },
    );
}

#[test]
fn a_handshake_that_ends_without_a_byte_does_not_blame_the_stream() {
    let advice = ["closed the connection during the RTMP handshake", "TLS"];
    expect(gst::ResourceError::OpenRead, &advice, |peer| peer.close());
    expect(gst::ResourceError::OpenRead, &advice, |_| {});
    expect(
        gst::ResourceError::OpenRead,
        &["timed out after 1 s", "RTMP handshake", "TLS"],
        |peer| peer.hold(),
    );
}

#[test]
fn protocol_violation_before_and_while_playing() {
    // A Set Chunk Size of 0 on chunk stream 2.
    const BAD: &[u8] = &[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    expect(
        gst::ResourceError::OpenRead,
        &["broke the RTMP protocol", "Set Chunk Size"],
        |peer| {
            peer.connect_request();
            peer.stream.write_all(BAD).expect("it is sent");
            peer.hold();
        },
    );
    expect(
        gst::ResourceError::Read,
        &["broke the RTMP protocol", "Set Chunk Size"],
        |peer| {
            let stream = peer.accept_play().stream;
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 0, KEYFRAME);
            peer.flush();
            peer.stream.write_all(BAD).expect("it is sent");
            peer.hold();
        },
    );
}

#[test]
fn connect_refused_by_the_server() {
    for (code, description, expected) in [
        (
            StatusCode::ConnectInvalidApp,
            "no such app",
            gst::ResourceError::NotFound,
        ),
        (
            StatusCode::ConnectRejected,
            "[ code=403 need auth; authmod=adobe ]",
            gst::ResourceError::NotAuthorized,
        ),
        (
            StatusCode::ConnectRejected,
            "too busy",
            gst::ResourceError::OpenRead,
        ),
        (
            StatusCode::ConnectFailed,
            "try later",
            gst::ResourceError::OpenRead,
        ),
    ] {
        let name = code.as_str().to_owned();
        let status = status(code, description);
        expect(expected, &[&name, description], move |peer| {
            let request = peer.connect_request();
            peer.session.reject_connect(&request, &status);
            peer.close();
        });
    }
}

#[test]
fn connect_refused_by_a_status_instead_of_an_error() {
    expect(
        gst::ResourceError::NotFound,
        &["NetConnection.Connect.InvalidApp"],
        |peer| {
            peer.connect_request();
            let status = status(StatusCode::ConnectInvalidApp, "no");
            peer.session.status(StreamId::CONNECTION, &status);
            peer.close();
        },
    );
}

#[test]
fn create_stream_refused_or_answered_with_nonsense() {
    for answer in [
        Command::new("_error", 2.0)
            .argument(status(StatusCode::CallFailed, "no streams left").information),
        Command::new("_result", 2.0).argument(f64::NAN),
        Command::new("_result", 2.0).argument(0.0),
        Command::new("_result", 2.0).argument("one"),
    ] {
        expect(
            gst::ResourceError::OpenRead,
            &["refused a stream"],
            move |peer| {
                let request = peer.connect_request();
                peer.session.accept_connect(&request, 128);
                peer.until(|event| matches!(event, Event::StreamCreated(_)).then_some(()));
                // Instead of the answer that the session has ready, and on a chunk
                // stream whose headers do not build upon it.
                while peer.session.poll_transmit().is_some() {}
                peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
                peer.hold();
            },
        );
    }
}

#[test]
fn play_refused() {
    for (code, description, expected) in [
        (
            StatusCode::PlayStreamNotFound,
            "no such stream",
            gst::ResourceError::NotFound,
        ),
        (
            StatusCode::PlayFailed,
            "authentication failed",
            gst::ResourceError::NotAuthorized,
        ),
        (
            StatusCode::PlayFailed,
            "disk error",
            gst::ResourceError::OpenRead,
        ),
        (
            StatusCode::PlayUnauthorized,
            "who are you",
            gst::ResourceError::NotAuthorized,
        ),
        (
            StatusCode::Other("Custom.Trouble".to_owned()),
            "of its own",
            gst::ResourceError::OpenRead,
        ),
    ] {
        let name = code.as_str().to_owned();
        let status = status(code, description);
        expect(expected, &[&name, description], move |peer| {
            let request = peer.play_request();
            peer.session.reject_play(&request, &status);
            peer.close();
        });
    }
}

#[test]
fn a_long_text_of_the_server_is_cut_everywhere() {
    let server = Server::start(|peer| {
        let request = peer.play_request();
        let status = status(StatusCode::PlayFailed, &"x".repeat(600_000));
        peer.session.reject_play(&request, &status);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let (error, debug) = player.error_message();
    for text in [error.message(), &debug] {
        assert!(text.contains("xxx…"), "{text}");
        assert!(text.chars().count() < 1000, "{text}");
    }
}

#[test]
fn play_refused_by_an_error_answer() {
    expect(
        gst::ResourceError::NotFound,
        &["NetStream.Play.StreamNotFound"],
        |peer| {
            peer.play_request();
            // `play` is the client's third call.
            let status = status(StatusCode::PlayStreamNotFound, "gone");
            let answer = Command::new("_error", 3.0).argument(status.information);
            peer.session
                .command(COMMAND_CSID, StreamId::CONNECTION, &answer);
            peer.hold();
        },
    );
}

#[test]
fn closed_without_a_word_in_each_later_phase() {
    expect(
        gst::ResourceError::OpenRead,
        &["closed the connection", "answer to connect"],
        |peer| {
            peer.connect_request();
            peer.close();
        },
    );
    expect(
        gst::ResourceError::OpenRead,
        &["closed the connection", "answer to play"],
        |peer| {
            peer.play_request();
            peer.close();
        },
    );
    expect(
        gst::ResourceError::OpenRead,
        &["closed the connection", "first media"],
        |peer| {
            peer.accept_play();
            peer.close();
        },
    );
}

#[test]
fn a_connection_lost_in_the_middle_of_a_message_keeps_what_came_before() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        // The header of a message of 100 bytes, and 2 of them.
        peer.stream
            .write_all(&[6, 0, 0, 40, 0, 0, 100, 9, 1, 0, 0, 0, 0x27, 1])
            .expect("it is sent");
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.buffers(5);
    assert_eq!(bytes(&buffers[4..]), tag(9, 0, KEYFRAME));
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
    assert!(error.message().contains("lost"), "{error:?}");
}

#[test]
fn wrong_extra_connect_args_in_the_location_fail_the_start() {
    crate::init();
    let source = gst::ElementFactory::make("rtmprsrc")
        .property("location", "rtmp://127.0.0.1:1/app/stream conn=Q:1")
        .build()
        .expect("our element");
    let bus = gst::Bus::new();
    source.set_bus(Some(&bus));
    assert!(source.set_state(gst::State::Paused).is_err());
    let message = bus
        .timed_pop_filtered(gst::ClockTime::from_seconds(60), &[gst::MessageType::Error])
        .expect("an error message");
    let gst::MessageView::Error(error) = message.view() else {
        unreachable!("filtered");
    };
    assert!(error.error().matches(gst::ResourceError::Settings));
    source.set_state(gst::State::Null).expect("it stops");
}
