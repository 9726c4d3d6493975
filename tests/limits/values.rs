// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF values that come to much memory for their length.

use gstrtmpr::footprint;
use gstrtmpr::rtmp::amf0::Encoder;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;

use crate::bombs::bombs;
use crate::measured::{Until, play};
use crate::media::{KEYFRAME, send_headers};
use crate::raw::{COMMAND, DATA_AMF3, chunk_size, end, header, message, send, whole_messages};
use crate::server::Server;

/// `onStatus` with these values behind it.
fn status_with(values: &[u8]) -> Vec<u8> {
    let head = Encoder::new()
        .string("onStatus")
        .number(0.0)
        .null()
        .finish();
    [&head, values].concat()
}

#[test]
fn commands_of_a_mebibyte_of_each_shape() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        send(peer, &whole_messages());
        for (_, values) in bombs() {
            let message = message(COMMAND, stream, &status_with(&values));
            for _ in 0..4 {
                send(peer, &message);
            }
        }
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection()[..4]);
    measured.assert_eos();
}

#[test]
fn commands_of_each_shape_that_end_together() {
    const TOGETHER: u8 = 30;

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        for (_, values) in bombs() {
            let body = status_with(&values);
            let (last, most) = body.split_last().expect("a body");
            send(peer, &chunk_size(most.len()));
            for csid in 0..TOGETHER {
                send(peer, &header(csid.into(), COMMAND, stream, body.len()));
                send(peer, most);
            }
            let ends = (0..TOGETHER).flat_map(|csid| [0xC1, csid, 0, *last]);
            send(peer, &ends.collect::<Vec<_>>());
        }
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[]);
    measured.assert_within(&footprint::connection());
    measured.assert_eos();
}

#[test]
fn an_answer_to_connect_of_each_shape() {
    for (shape, values) in bombs() {
        let server = Server::start(move |peer| {
            peer.connect_request();
            peer.flush();
            send(peer, &whole_messages());
            let head = Encoder::new().string("_result").number(1.0).finish();
            send(
                peer,
                &message(COMMAND, StreamId(0), &[&head, &values[..]].concat()),
            );
            peer.close();
        });
        println!("{shape}");
        let measured = play(&server, Until::End, &[("fallbacks", "false")]);
        measured.assert_within(&footprint::connection()[2..]);
        measured.assert_failed("createStream");
    }
}

#[test]
fn data_of_each_shape_that_is_told_to_an_application_that_does_not_read() {
    for kind in [MediaKind::Data, MediaKind::DataAmf3] {
        let server = Server::playing(move |peer, stream| {
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 0, KEYFRAME);
            peer.flush();
            send(peer, &whole_messages());
            let name = Encoder::new().string("onCuePoint").finish();
            for (_, values) in bombs() {
                let body = [&name, &values[..]].concat();
                let message = match kind {
                    MediaKind::DataAmf3 => message(DATA_AMF3, stream, &[&[0][..], &body].concat()),
                    _ => message(crate::raw::DATA, stream, &body),
                };
                for _ in 0..4 {
                    send(peer, &message);
                }
            }
            end(peer, stream);
        });
        let measured = play(&server, Until::End, &[("max-queue-bytes", "1000000")]);
        let parts = [
            footprint::connection()[2..].to_vec(),
            footprint::play(1_000_000),
        ];
        measured.assert_within(&parts.concat());
        measured.assert_eos();
    }
}
