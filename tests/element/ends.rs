// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How a stream ends: what is end-of-stream, and what is not.

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::chunk::COMMAND_CSID;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::media::{INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// Five buffers, then what `end` does; the client stays connected until then.
fn server(mut end: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Server {
    Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        end(peer, stream);
        peer.serve();
    })
}

fn expect_eos(end: impl FnMut(&mut Peer, StreamId) + Send + 'static) {
    let server = server(end);
    let player = Player::new(&server.location());
    player.source.set_property("no-eof-is-error", true);
    player.play();
    assert_eq!(player.rest().len(), 5, "nothing is lost before the end");
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn stream_eof_ends_the_stream() {
    expect_eos(|peer, stream| peer.session.user_control(&UserControl::StreamEof(stream)));
}

#[test]
fn status_codes_that_say_so_end_the_stream() {
    for code in [
        StatusCode::PlayStop,
        StatusCode::PlayUnpublishNotify,
        StatusCode::PlayComplete,
    ] {
        expect_eos(move |peer, stream| {
            let status = Status::new(Level::Status, code.clone(), "over");
            peer.session.status(stream, &status);
        });
    }
}

#[test]
fn play_complete_as_data_ends_the_stream() {
    expect_eos(|peer, stream| {
        let status = Status::new(Level::Status, StatusCode::PlayComplete, "over");
        let name = Value::from("onPlayStatus");
        let body = amf0::encode_all([&name, &Value::from(status.information)]);
        peer.media(stream, MediaKind::Data, 0, &body);
    });
}

fn call(peer: &mut Peer, name: &str) {
    let command = Command::new(name, 0.0);
    peer.session
        .command(COMMAND_CSID, StreamId::CONNECTION, &command);
}

#[test]
fn fc_unsubscribe_ends_the_stream() {
    expect_eos(|peer, _| call(peer, "onFCUnsubscribe"));
}

#[test]
fn an_end_of_the_connection_with_a_word_is_one_of_the_stream_unless_that_is_to_be_an_error() {
    let words: [fn(&mut Peer, StreamId); 2] = [
        |peer, _| call(peer, "close"),
        |peer, _| {
            let status = Status::new(Level::Status, StatusCode::ConnectClosed, "over");
            peer.session.status(StreamId::CONNECTION, &status);
        },
    ];
    for word in words {
        let server = server(word);
        let player = Player::new(&server.location());
        player.play();
        assert_eq!(player.rest().len(), 5);
        assert!(matches!(player.ended(), Ended::Eos));
        drop(player);

        let player = Player::new(&server.location());
        player.source.set_property("no-eof-is-error", true);
        player.play();
        let message = player.element_message("stream-ended");
        assert_eq!(message.get::<&str>("cause"), Ok("closed-without-eof"));
        let (error, _) = player.error_message();
        assert!(error.matches(gst::ResourceError::Read), "{error:?}");
    }
}

#[test]
fn what_belongs_to_another_stream_does_not_end_ours() {
    let server = server(|peer, stream| {
        let other = StreamId(stream.0 + 1);
        peer.session.user_control(&UserControl::StreamEof(other));
        let status = Status::new(Level::Status, StatusCode::PlayStop, "over");
        peer.session.status(other, &status);
        peer.media(other, MediaKind::Video, 20, INTER);
        peer.media(stream, MediaKind::Video, 40, INTER);
        peer.session.end_play(stream);
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 6);
}

#[test]
fn the_tail_right_before_the_end_is_never_lost() {
    for _ in 0..20 {
        let server = Server::playing(|peer, stream| {
            send_headers(peer, stream, 0);
            for i in 0..200 {
                peer.media(stream, MediaKind::Video, i * 10, KEYFRAME);
            }
            peer.session.end_play(stream);
            peer.close();
        });
        let player = Player::new(&server.location());
        player.play();
        assert_eq!(player.rest().len(), 204);
    }
}

#[test]
fn an_orderly_close_ends_the_stream_unless_that_is_to_be_an_error() {
    let script = |peer: &mut Peer, _| peer.close();
    let first = server(script);
    let player = Player::new(&first.location());
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));

    let second = server(script);
    let player = Player::new(&second.location());
    player.source.set_property("no-eof-is-error", true);
    player.play();
    player.buffers(5);
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
}

#[test]
fn silence_ends_the_stream_only_where_asked() {
    for (strict, expect_error) in [(false, false), (true, true)] {
        let server = server(|_, _| {});
        let player = Player::new(&server.location());
        player.source.set_property("idle-timeout", 1u32);
        player.source.set_property("no-eof-is-error", strict);
        player.play();
        player.buffers(5);
        match player.ended() {
            Ended::Eos => assert!(!expect_error),
            Ended::Error { error, .. } => {
                assert!(expect_error);
                assert!(error.matches(gst::ResourceError::Read), "{error:?}");
                assert!(error.message().contains("idle-timeout"), "{error:?}");
            }
        }
    }
}

#[test]
fn silence_before_any_media_is_an_error() {
    let server = Server::playing(|peer, _| peer.serve());
    let player = Player::new(&server.location());
    player.source.set_property("idle-timeout", 1u32);
    player.play();
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
    assert!(error.message().contains("idle-timeout"), "{error:?}");
}

#[test]
fn a_large_message_on_a_slow_line_is_no_silence() {
    use std::io::Write;

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        // 20 000 bytes take twice the idle timeout.
        let body = [KEYFRAME, &[0; 20_000]].concat();
        peer.media(stream, MediaKind::Video, 40, &body);
        use gstrtmpr::rtmp::session::Session;
        while let Some(bytes) = peer.session.poll_transmit() {
            for piece in bytes.chunks(1000) {
                peer.stream.write_all(piece).expect("it is sent");
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("idle-timeout", 1u32);
    player.play();
    assert_eq!(player.rest().len(), 6);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn a_stall_in_the_middle_of_a_message_is_an_error() {
    use std::io::Write;

    let server = server(|peer, _| {
        peer.flush();
        peer.stream
            .write_all(&[6, 0, 0, 40, 0, 0, 100, 9, 1, 0, 0, 0, 0x27, 1])
            .expect("it is sent");
    });
    let player = Player::new(&server.location());
    player.source.set_property("idle-timeout", 1u32);
    player.play();
    player.buffers(5);
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
    assert!(error.message().contains("middle of a message"), "{error:?}");
}

#[test]
fn a_full_queue_is_no_silence() {
    // Downstream blocks for longer than the idle timeout: no reason to end.
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..1000 {
            peer.media(
                stream,
                MediaKind::Video,
                i * 40,
                &[KEYFRAME, &[0; 20_000]].concat(),
            );
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("idle-timeout", 1u32);
    player.source.set_property("max-queue-bytes", 1_000_000u32);
    player.set_state(gst::State::Paused);
    std::thread::sleep(std::time::Duration::from_millis(2500));
    player.play();
    assert_eq!(player.rest().len(), 1004);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn an_error_status_while_playing_is_an_error() {
    let server = server(|peer, stream| {
        let status = Status::new(Level::Error, StatusCode::PlayFailed, "disk on fire");
        peer.session.status(stream, &status);
    });
    let player = Player::new(&server.location());
    player.play();
    player.buffers(5);
    let (error, _) = player.error_message();
    assert!(error.message().contains("disk on fire"), "{error:?}");
}
