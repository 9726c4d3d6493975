// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The chunk layer, the handshake, and connections that lead to others.

use gstrtmpr::footprint;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::measured::{Until, play};
use crate::media::{KEYFRAME, send_headers};
use crate::raw::{AUDIO, LONGEST, VIDEO, chunk_size, end, header, send, whole_messages};
use crate::server::{Peer, Server};

#[test]
fn a_few_frames_of_an_honest_server() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[]);
    // What is allowed beside the parts is enough for all that is not the server's doing.
    measured.assert_within(&[]);
    measured.assert_eos();
}

/// Parts of messages of this length, each a chunk of so many bytes, on chunk streams
/// 64 and up.
fn open_messages(peer: &mut Peer, stream: StreamId, count: u16, length: usize, part: usize) {
    send(peer, &chunk_size(part));
    let part = vec![7; part];
    for csid in 0..count {
        if !send(
            peer,
            &[header(csid, VIDEO, stream, length), part.clone()].concat(),
        ) {
            return;
        }
    }
    peer.hold();
}

#[test]
fn as_many_long_messages_as_may_be_unfinished() {
    for (count, length, part, words) in [
        // 32 MiB, in blocks that have just doubled, and more.
        (70, LONGEST, (256 << 10) + 1, "too many unfinished messages"),
        (
            70,
            LONGEST,
            (512 << 10) + 1,
            "too many bytes of unfinished messages",
        ),
        (
            5,
            LONGEST,
            (8 << 20) + 1,
            "too many bytes of unfinished messages",
        ),
        // Announced, and not sent.
        (70, LONGEST, 1, "too many unfinished messages"),
    ] {
        let server = Server::playing(move |peer, stream| {
            open_messages(peer, stream, count, length, part);
        });
        let measured = play(&server, Until::End, &[]);
        measured.assert_within(&footprint::connection());
        measured.assert_failed(words);
    }
}

#[test]
fn as_many_chunk_streams_as_there_may_be_and_one_more() {
    for (count, words) in [(1000, "eos"), (1100, "too many chunk streams")] {
        let server = Server::playing(move |peer, stream| {
            send_headers(peer, stream, 0);
            peer.flush();
            for csid in 0..count {
                send(peer, &header(csid, AUDIO, stream, 0));
            }
            end(peer, stream);
        });
        let measured = play(&server, Until::End, &[]);
        measured.assert_within(&footprint::connection());
        measured.assert_failed(words);
    }
}

/// A refusal that sends the client to this URL.
fn redirect(peer: &mut Peer, url: &str) {
    let request = peer.connect_request();
    let status = Status::new(Level::Error, StatusCode::ConnectRejected, "moved");
    let ex = Object::new().with("code", 302.0).with("redirect", url);
    peer.session
        .reject_connect(&request, &status.with("ex", ex));
    peer.close();
}

#[test]
fn redirects_without_end_and_to_urls_without_end() {
    let mut count = 0;
    let server = Server::start(move |peer| {
        count += 1;
        let address = peer.stream.local_addr().expect("its address");
        let path = format!("{count}/").repeat(1000);
        redirect(peer, &format!("rtmp://{address}/{path}"));
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection());
    measured.assert_failed("redirects");

    let server = Server::start(|peer| {
        let address = peer.stream.local_addr().expect("its address");
        redirect(peer, &format!("rtmp://{address}/{}", "x".repeat(1_000_000)));
    });
    let measured = play(&server, Until::End, &[("fallbacks", "false")]);
    measured.assert_within(&footprint::connection());
    measured.assert_failed("moved");
}

#[test]
fn requests_to_reconnect_to_where_more_is_held_back() {
    let server = Server::concurrent(|number, peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        send(peer, &whole_messages());
        if number == 0 {
            let status = Status::new(Level::Status, StatusCode::ConnectReconnectRequest, "go");
            for _ in 0..100 {
                peer.session.status(StreamId(0), &status);
            }
            // Unfinished messages here, too.
            return open_messages(peer, stream, 31, LONGEST, (1 << 20) + 1);
        }
        // A key frame of the past and more than is held back behind it, twice, and the
        // longest messages unfinished.
        let mut inter = vec![0x27, 1, 0, 0, 0];
        inter.resize(LONGEST, 7);
        for _ in 0..4 {
            send(peer, &header(70, VIDEO, stream, inter.len()));
            send(peer, &inter);
        }
        open_messages(peer, stream, 70, LONGEST, (512 << 10) + 1);
    });
    let measured = play(&server, Until::End, &[("idle-timeout", "5")]);
    let parts = [
        footprint::connection(),
        footprint::connection(),
        footprint::candidate(),
    ];
    measured.assert_within(&parts.concat());
}

/// Connections that break one after the other, and how much the process grew.
fn reconnect(times: u32) -> usize {
    let mut visit = 0;
    let server = Server::start(move |peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        visit += 1;
        if visit > times {
            peer.session.end_play(stream);
        }
        peer.close();
    });
    let properties = [("reconnect", "true"), ("reconnect-max-delay", "1")];
    let measured = play(&server, Until::End, &properties);
    measured.assert_eos();
    measured.growth
}

#[test]
fn a_hundred_connections_one_after_the_other_take_no_more_than_a_few() {
    let (few, many) = (reconnect(10), reconnect(110));
    println!("{} KiB, {} KiB", few >> 10, many >> 10);
    // Two messages for each that nobody reads, and what the allocator makes of it. What
    // is read into alone has 256 KiB for each.
    assert!(many.saturating_sub(few) < 4 << 20, "{few} and {many} bytes");
}
