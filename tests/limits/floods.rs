// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that talk without end, and do not listen.

use gstrtmpr::footprint;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::{ProtocolControl, StreamId};
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::measured::{Until, play};
use crate::media::{AAC, KEYFRAME, send_headers};
use crate::raw::{
    AGGREGATE, AUDIO, COMMAND, DATA, LONGEST, end, flood, header, message, part, send,
    whole_messages,
};
use crate::server::{Peer, Server};

/// A server whose stream has begun, and then this again and again.
fn flooding(bytes: Vec<u8>) -> Server {
    Server::playing(move |peer, stream| {
        begin(peer, stream);
        flood(peer, &bytes);
    })
}

fn begin(peer: &mut Peer, stream: StreamId) {
    send_headers(peer, stream, 0);
    peer.media(stream, MediaKind::Video, 0, KEYFRAME);
    peer.media(stream, MediaKind::Audio, 0, AAC);
    peer.flush();
    send(peer, &whole_messages());
}

/// A protocol or user control message.
fn control(kind: u8, body: &[u8]) -> Vec<u8> {
    message(kind, StreamId(0), body)
}

#[test]
fn each_message_that_brings_no_media_without_end() {
    let stream = StreamId(1);
    let status = Status::new(Level::Status, StatusCode::Other("x".to_owned()), "");
    let command = |name: &str| {
        let body = Command::new(name, 5.0).encode();
        message(COMMAND, stream, body.as_slice())
    };
    let set_chunk_size = ProtocolControl::SetChunkSize(4096).encode().1;
    let ping = UserControl::PingRequest(7).encode();
    let begin = UserControl::StreamBegin(stream).encode();
    for (what, bytes) in [
        ("pings", control(4, ping.as_slice())),
        ("StreamBegin", control(4, begin.as_slice())),
        ("Set Chunk Size", control(1, set_chunk_size.as_slice())),
        ("Acknowledgement", control(3, &[0; 4])),
        ("Window Acknowledgement Size", control(5, &[0, 0, 0, 1])),
        ("Set Peer Bandwidth", control(6, &[0, 0, 0, 1, 2])),
        ("Abort", control(2, &[0, 0, 0, 9])),
        ("short control", control(4, &[])),
        ("unknown types", message(99, stream, &[])),
        ("onBWCheck", command("onBWCheck")),
        ("onBWDone", command("onBWDone")),
        ("unknown commands", command("x")),
        ("answers", command("_result")),
        ("empty commands", message(COMMAND, stream, &[])),
        ("empty audio", header(0, AUDIO, stream, 0)),
        ("empty data", header(0, DATA, stream, 0)),
        ("media of another stream", message(AUDIO, StreamId(9), AAC)),
        (
            "onStatus",
            message(
                COMMAND,
                stream,
                Command::on_status(&status).encode().as_slice(),
            ),
        ),
    ] {
        let server = flooding(bytes.repeat(1000));
        println!("{what}");
        let measured = play(&server, Until::End, &[]);
        measured.assert_within(&footprint::connection()[3..]);
        measured.assert_failed("1000 messages a second that bring no media");
    }
}

#[test]
fn messages_of_one_byte_on_the_wire() {
    let server = Server::playing(|peer, stream| {
        begin(peer, stream);
        // Empty audio on chunk stream 4, and fmt 3 from then on.
        let first = [&[4, 0, 0, 0, 0, 0, 0, 8][..], &stream.0.to_le_bytes()].concat();
        send(peer, &first);
        flood(peer, &[0xC4; 64 << 10]);
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection()[3..]);
    measured.assert_failed("bring no media");
}

#[test]
fn an_aggregate_of_a_million_empty_parts() {
    let server = Server::playing(|peer, stream| {
        begin(peer, stream);
        let empty = part(AUDIO, &[]);
        let body = empty.repeat(LONGEST / empty.len());
        flood(peer, &message(AGGREGATE, stream, &body));
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection());
    measured.assert_failed("bring no media");
}

#[test]
fn questions_to_which_the_answers_are_not_read() {
    // Fewer than are a flood, and acknowledgements for each few bytes.
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        let window = ProtocolControl::WindowAckSize(1).encode().1;
        send(peer, &control(5, window.as_slice()));
        let ping = UserControl::PingRequest(7).encode();
        send(peer, &control(4, ping.as_slice()).repeat(9000));
        let check = Command::new("onBWCheck", 5.0).encode();
        send(
            peer,
            &message(COMMAND, StreamId(0), check.as_slice()).repeat(9000),
        );
        let frame = [KEYFRAME, &[0; 1000]].concat();
        for time in 0..20_000 {
            peer.media(stream, MediaKind::Video, time, &frame);
            peer.flush();
        }
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[]);
    // Media as it comes is no more than a batch of it.
    let queue = ("queue", 8 << 20);
    measured.assert_within(&[&footprint::connection()[3..], &[queue]].concat());
    measured.assert_eos();
}

#[test]
fn statuses_of_a_mebibyte() {
    let server = Server::playing(|peer, stream| {
        begin(peer, stream);
        let text = "x".repeat(1_000_000);
        let code = StatusCode::Other("x".to_owned());
        let status = Status::new(Level::Status, code, text);
        let body = Command::on_status(&status).encode();
        send(peer, &message(COMMAND, stream, body.as_slice()).repeat(100));
        // The last one is an end that is told to the application.
        let stop = Status::new(Level::Status, StatusCode::PlayStop, "x".repeat(1_000_000));
        let body = Command::on_status(&stop).encode();
        send(peer, &message(COMMAND, stream, body.as_slice()));
        peer.hold();
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection()[2..]);
    measured.assert_eos();
}
