// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a server can make the element do too much of. What it can make it hold
//! is measured in `tests/limits`.

use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::media::{AAC, KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// Messages that the application may leave unread.
const UNREAD: usize = 4096;

fn end(peer: &mut Peer, stream: StreamId) {
    peer.session.end_play(stream);
    peer.close();
}

/// Element messages of this name on the bus.
fn posted(player: &Player, name: &str) -> usize {
    let bus = player.pipeline.bus().expect("a bus");
    let messages = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Element]));
    let named = |message: &gst::Message| message.structure().is_some_and(|s| s.name() == name);
    messages.filter(named).count()
}

#[test]
fn the_time_for_the_handshake_is_that_of_all_its_bytes() {
    const LIMIT: Duration = Duration::from_secs(1);

    // Byte by byte, as long as somebody reads: each comes before the time is over,
    // and all of them take 76 times as long.
    let (left, has_left) = mpsc::channel();
    let server = Server::start(move |peer| {
        let mut bytes = [&[3][..], &[0; 1535]].concat().into_iter();
        let is_left = bytes.any(|byte| {
            std::thread::sleep(LIMIT / 20);
            peer.stream.write_all(&[byte]).is_err() || peer.is_left()
        });
        let _ = left.send(is_left);
    });
    let player = Player::new(&server.location());
    player.source.set_property("timeout", 1_u32);
    player.source.set_property("fallbacks", false);
    player.play();
    let (error, debug) = player.error_message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error:?}");
    assert!(debug.contains("handshake"), "{debug}");
    let is_left = has_left.recv_timeout(HANG);
    assert_eq!(is_left, Ok(true), "before the last byte");
}

#[test]
fn messages_that_nobody_reads_end_at_a_bound_and_the_stream_goes_on() {
    const CUES: usize = UNREAD + 1000;

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        let cue = amf0::encode_all([&Value::from("onCuePoint")]);
        for _ in 0..CUES {
            peer.media(stream, MediaKind::Data, 0, &cue);
        }
        peer.media(stream, MediaKind::Audio, 40, AAC);
        end(peer, stream);
    });
    let player = Player::new(&server.location());
    player.play();
    // File header, metadata, two sequence headers and two frames beside them.
    assert_eq!(player.rest().len(), 6 + CUES);
    assert_eq!(posted(&player, "script-data"), UNREAD);

    // A new play begins with none unread.
    player.set_state(gst::State::Null);
    player.play();
    player.buffers(20);
    player.element_message("script-data");
}

#[test]
fn an_application_that_reads_its_messages_gets_all_of_them() {
    const CUES: usize = 2 * UNREAD;

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        let cue = amf0::encode_all([&Value::from("onCuePoint")]);
        for _ in 0..CUES {
            peer.media(stream, MediaKind::Data, 0, &cue);
        }
        peer.media(stream, MediaKind::Audio, 40, AAC);
        end(peer, stream);
    });
    let player = Player::new(&server.location());
    player.play();
    let mut read = 0;
    for _ in 0..6 + CUES {
        player.next_buffer().expect("a buffer");
        read += posted(&player, "script-data");
    }
    read += posted(&player, "script-data");
    assert_eq!(read, CUES + 1, "and the metadata");
}

#[test]
fn a_flood_of_messages_without_media_is_an_error_that_says_so() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        while !peer.is_left() {
            for _ in 0..1000 {
                let event = UserControl::StreamDry(stream);
                peer.session.user_control(&event);
            }
            peer.flush();
        }
    });
    let player = Player::new(&server.location());
    player.play();
    player.buffers(6);
    let (error, debug) = player.error_message();
    assert!(error.matches(gst::ResourceError::Read), "{error:?}");
    assert!(debug.contains("1000 messages a second"), "{debug}");
}

#[test]
fn what_a_real_server_says_beside_its_media_is_no_flood() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for time in 0..200 {
            peer.media(stream, MediaKind::Video, 40 * time, KEYFRAME);
            for _ in 0..20 {
                let status = Status::new(Level::Status, StatusCode::Other("x".to_owned()), "");
                peer.session.status(stream, &status);
                peer.session.user_control(&UserControl::PingRequest(time));
                peer.media(stream, MediaKind::Audio, 40 * time, &[]);
            }
        }
        end(peer, stream);
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 4 + 200);
    assert!(matches!(player.ended(), Ended::Eos));
}
