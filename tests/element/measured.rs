// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Behaviours of servers on which other players were measured to hang, crash,
//! loop or lose data, one after the other, and what happens here. AMF3 commands,
//! statuses on message stream 0, dates in answers and Abort are in `servers`.

use std::sync::mpsc::channel;

use gst::prelude::*;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::chunk::{COMMAND_CSID, Csid};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::{ProtocolControl, StreamId};
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;
use nix::libc;
use nix::sys::socket::{setsockopt, sockopt};

use crate::media::{INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// Five buffers, then this; the server stays until the client goes.
fn after_media(mut then: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Server {
    Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        then(peer, stream);
        peer.serve();
    })
}

/// What the end is said to be: result and cause.
fn end_of(player: &Player) -> (String, String) {
    let message = player.element_message("stream-ended");
    let text = |field| message.get::<String>(field).expect("a text");
    (text("result"), text("cause"))
}

fn expect_end(server: &Server, result: &str, cause: &str) {
    let player = Player::new(&server.location());
    player.play();
    let (seen, why) = end_of(&player);
    assert_eq!((seen.as_str(), why.as_str()), (result, cause));
    assert_eq!(player.rest().len(), 5, "nothing is lost before the end");
    match player.ended() {
        Ended::Eos => assert_eq!(result, "eos"),
        Ended::Error { .. } => assert_eq!(result, "error"),
    }
}

fn status(peer: &mut Peer, stream: StreamId, code: StatusCode) {
    let status = Status::new(Level::Status, code, "said so");
    peer.session.status(stream, &status);
}

#[test]
fn handshake_then_silence_is_an_error_after_the_timeout() {
    let server = Server::start(|peer| {
        peer.until(|event| matches!(event, Event::Handshake(_)).then_some(()));
        peer.hold();
    });
    let player = Player::new(&server.location());
    player.source.set_property("timeout", 1u32);
    player.play();
    let (result, cause) = end_of(&player);
    assert_eq!((result.as_str(), cause.as_str()), ("error", "timeout"));
}

#[test]
fn play_without_any_status_starts_with_the_first_media() {
    let server = Server::start(|peer| {
        let stream = peer.play_request().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.session.user_control(&UserControl::StreamEof(stream));
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 5);
}

#[test]
fn play_without_any_status_or_media_is_an_error_after_the_timeout() {
    let server = Server::start(|peer| {
        peer.play_request();
        peer.hold();
    });
    let player = Player::new(&server.location());
    player.source.set_property("timeout", 1u32);
    player.source.set_property("fallbacks", false);
    player.play();
    let (result, cause) = end_of(&player);
    assert_eq!((result.as_str(), cause.as_str()), ("error", "timeout"));
}

#[test]
fn fin_behind_media_is_deduced_to_be_the_end_and_an_error_where_that_is_asked_for() {
    let server = after_media(|peer, _| peer.close());
    expect_end(&server, "eos", "tcp-closed");
    let player = Player::new(&server.location());
    player.source.set_property("no-eof-is-error", true);
    player.play();
    let (result, cause) = end_of(&player);
    assert_eq!(
        (result.as_str(), cause.as_str()),
        ("error", "closed-without-eof")
    );
}

#[test]
fn a_reset_is_an_error() {
    let (go, gone) = channel::<()>();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        gone.recv().expect("the test goes on");
        // Closing then resets the connection.
        let reset = libc::linger {
            l_onoff: 1,
            l_linger: 0,
        };
        setsockopt(&peer.stream, sockopt::Linger, &reset).expect("an option");
    });
    let player = Player::new(&server.location());
    player.play();
    player.buffers(5);
    go.send(()).expect("the server waits");
    let (result, cause) = end_of(&player);
    assert_eq!(
        (result.as_str(), cause.as_str()),
        ("error", "connection-lost")
    );
}

#[test]
fn unpublish_notify_is_the_end_or_waited_for() {
    let server = after_media(|peer, stream| {
        status(peer, stream, StatusCode::PlayUnpublishNotify);
    });
    expect_end(&server, "eos", "unpublish-notify");
    let player = Player::new(&server.location());
    player.source.set_property_from_str("on-unpublish", "wait");
    player.play();
    player.element_message("publisher-left");
}

#[test]
fn play_stop_is_the_end() {
    let server = after_media(|peer, stream| status(peer, stream, StatusCode::PlayStop));
    expect_end(&server, "eos", "play-stop");
}

#[test]
fn play_complete_is_the_end() {
    let server = after_media(|peer, stream| {
        let name = Value::from("onPlayStatus");
        let status = Object::new().with("code", "NetStream.Play.Complete");
        let body = amf0::encode_all([&name, &Value::from(status)]);
        peer.media(stream, MediaKind::Data, 0, &body);
    });
    expect_end(&server, "eos", "play-complete");
}

#[test]
fn stream_eof_is_the_end_for_our_stream_whatever_its_id() {
    for id in [1, 5] {
        let server = Server::start(move |peer| {
            let request = peer.connect_request();
            peer.session.accept_connect(&request, 4096);
            peer.until(|event| matches!(event, Event::StreamCreated(_)).then_some(()));
            // Instead of the answer that the session has ready, and on a chunk
            // stream whose headers do not build upon it.
            while peer.session.poll_transmit().is_some() {}
            let stream = StreamId(id);
            let answer = Command::new("_result", 2.0).argument(f64::from(id));
            for control in [
                ProtocolControl::WindowAckSize(2_500_000),
                ProtocolControl::SetChunkSize(4096),
            ] {
                peer.session.control(&control);
            }
            peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
            peer.until(|event| match event {
                Event::Called(_) | Event::Play(_) | Event::Ignored(_) => Some(()),
                _ => None,
            });
            peer.session
                .user_control(&UserControl::StreamEof(StreamId(id + 1)));
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 0, KEYFRAME);
            peer.session.user_control(&UserControl::StreamEof(stream));
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.play();
        assert_eq!(player.rest().len(), 5, "stream {id}");
        assert!(matches!(player.ended(), Ended::Eos));
    }
}

#[test]
fn close_ends_the_connection_and_app_shutdown_is_an_error() {
    let server = after_media(|peer, _| {
        let close = Command::new("close", 0.0);
        peer.session
            .command(COMMAND_CSID, StreamId::CONNECTION, &close);
    });
    expect_end(&server, "eos", "close");
    let player = Player::new(&server.location());
    player.source.set_property("no-eof-is-error", true);
    player.play();
    assert_eq!(end_of(&player).0, "error");

    let server = after_media(|peer, _| {
        let code = StatusCode::ConnectAppShutdown;
        let status = Status::new(Level::Error, code, "down");
        peer.session.status(StreamId::CONNECTION, &status);
    });
    expect_end(&server, "error", "ended-by-server");
}

#[test]
fn a_request_to_reconnect_is_followed() {
    let mut visits = 0;
    let server = Server::playing(move |peer, stream| {
        visits += 1;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        if visits > 1 {
            peer.session.end_play(stream);
            return peer.serve();
        }
        status(
            peer,
            StreamId::CONNECTION,
            StatusCode::ConnectReconnectRequest,
        );
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    player.element_message("reconnected");
    assert_eq!(player.rest().len(), 5 + 2);
}

#[test]
fn a_redirect_is_followed() {
    let target = after_media(|peer, stream| peer.session.end_play(stream));
    let place = format!("rtmp://{}/app", target.address());
    let server = Server::start(move |peer| {
        let ex = Object::new()
            .with("code", 302.0)
            .with("redirect", place.as_str());
        let status = Status::new(Level::Error, StatusCode::ConnectRejected, "moved");
        let request = peer.connect_request();
        peer.session
            .reject_connect(&request, &status.with("ex", ex));
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    player.element_message("redirected");
    assert_eq!(player.rest().len(), 5);
}

#[test]
fn silence_behind_media_ends_after_the_idle_timeout() {
    let server = after_media(|_, _| {});
    let player = Player::new(&server.location());
    player.source.set_property("idle-timeout", 1u32);
    player.play();
    let (result, cause) = end_of(&player);
    assert_eq!((result.as_str(), cause.as_str()), ("eos", "idle"));
}

#[test]
fn pings_are_answered_while_downstream_is_paused() {
    let (answered, answers) = channel();
    let server = after_media(move |peer, _| {
        for number in 0..10 {
            peer.session.user_control(&UserControl::PingRequest(number));
            peer.until(|event| match event {
                Event::UserControl(UserControl::PingResponse(answer)) => {
                    assert_eq!(*answer, number);
                    Some(())
                }
                _ => None,
            });
        }
        let _ = answered.send(());
    });
    let player = Player::new(&server.location());
    player.set_state(gst::State::Paused);
    answers.recv().expect("all were answered");
}

#[test]
fn a_publisher_that_begins_again_at_0_goes_on_in_one_timeline() {
    let server = after_media(|peer, stream| {
        peer.media(stream, MediaKind::Video, 3_600_000, KEYFRAME);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Video, 40, INTER);
        peer.session.end_play(stream);
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.rest();
    let times: Vec<_> = buffers.iter().filter_map(|buffer| buffer.dts()).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(times.len(), 8);
    assert_eq!(times[7] - times[6], gst::ClockTime::from_mseconds(40));
    assert!(times[6] > gst::ClockTime::from_mseconds(3_600_000));
}
