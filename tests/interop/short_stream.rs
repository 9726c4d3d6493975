// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A stream of one key frame, for tests of the way to it.

use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::element_media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

/// Time of the key frame.
pub(crate) const TIME: u32 = 1234;

/// Plays headers and one key frame, and says that this was all.
pub(crate) fn server() -> Server {
    Server::playing(|peer, stream| {
        short_stream(peer, stream);
        peer.close();
    })
}

pub(crate) fn short_stream(peer: &mut Peer, stream: StreamId) {
    send_headers(peer, stream, TIME);
    peer.media(stream, MediaKind::Video, TIME, KEYFRAME);
    let end = Status::new(Level::Status, StatusCode::PlayComplete, "That was all");
    peer.session.status(stream, &end);
}

/// Plays to the end, which has to be that of the stream.
pub(crate) fn expect_played(player: &Player) {
    player.play();
    let buffers = player.rest();
    let ended = player.ended();
    assert!(matches!(ended, Ended::Eos), "{ended:?}");
    let time = gst::ClockTime::from_mseconds(TIME.into());
    assert_eq!(buffers.last().and_then(|buffer| buffer.dts()), Some(time));
}

/// Plays, which has to fail; returns the error's code and text.
pub(crate) fn expect_failed(player: &Player) -> (gst::ResourceError, String) {
    player.play();
    let (error, debug) = player.error_message();
    let code = error.kind().expect("a resource error");
    println!("{code:?}: {} | {debug}", error.message());
    let connections: u32 = player.stats().get("connections").expect("it is there");
    assert_eq!(connections, 1, "asking in another way is no help");
    (code, error.message().to_owned())
}
