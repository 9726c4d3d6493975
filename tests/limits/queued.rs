// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What goes into the queue takes what the queue counts.

use gstrtmpr::footprint;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::bombs::bombs;
use crate::measured::{Until, play};
use crate::media::{AAC, AVC_HEADER, KEYFRAME, send_headers};
use crate::raw::{
    AGGREGATE, AUDIO, DATA, LONGEST, VIDEO, end, flood, message, part, send, whole_messages,
};
use crate::server::{Peer, Server};

const QUEUE: usize = 4 << 20;
const DEFAULT_QUEUE: usize = 64 << 20;

/// A stream that has begun, and then what the script sends.
fn begun(mut script: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Server {
    Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        peer.flush();
        script(peer, stream);
    })
}

/// The same, where a message is one chunk.
fn raw(mut script: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Server {
    begun(move |peer, stream| {
        send(peer, &whole_messages());
        script(peer, stream);
    })
}

/// What a play may take whose pipeline takes nothing, with the parts beside the queue
/// that such messages can fill.
fn blocked(queue: usize, beside: &[&str]) -> Vec<footprint::Part> {
    let all = [footprint::connection(), footprint::play(queue)].concat();
    let wanted = [
        "receive buffer",
        "answers that are not sent",
        "small things",
        "queue",
    ];
    let parts = all
        .into_iter()
        .filter(|(what, _)| wanted.contains(what) || beside.contains(what));
    let parts: Vec<_> = parts.collect();
    assert_eq!(parts.len(), wanted.len() + beside.len());
    parts
}

const WAY: &str = "on the way into the queue";

#[test]
fn the_smallest_messages_of_each_kind() {
    let stream = StreamId(1);
    let name = |name: &str| amf0::encode_all([&Value::from(name)]);
    for (what, bytes) in [
        ("audio", message(AUDIO, stream, AAC)),
        ("video", message(VIDEO, stream, KEYFRAME)),
        ("data", message(DATA, stream, &name("x"))),
        ("metadata", message(DATA, stream, &name("onMetaData"))),
    ] {
        let bytes = bytes.repeat(1000);
        let server = raw(move |peer, _| flood(peer, &bytes));
        println!("{what}");
        let measured = play(&server, Until::Full, &[]);
        // A batch, which is what one read completes, is on its way beside it.
        let batch = ("a batch", 4 << 20);
        measured.assert_within(&[&blocked(DEFAULT_QUEUE, &[])[..], &[batch]].concat());
        measured.assert_full();
    }
}

#[test]
fn the_longest_messages() {
    for kind in [VIDEO, AUDIO] {
        let server = raw(move |peer, stream| {
            let start = if kind == VIDEO { KEYFRAME } else { AAC };
            let mut body = start.to_vec();
            body.resize(LONGEST, 7);
            flood(peer, &message(kind, stream, &body));
        });
        let measured = play(&server, Until::Full, &[("max-queue-bytes", "4194304")]);
        measured.assert_within(&blocked(QUEUE, &[WAY]));
        measured.assert_full();
    }
}

#[test]
fn data_of_each_shape() {
    for (shape, values) in bombs() {
        let server = raw(move |peer, stream| {
            let name = amf0::encode_all([&Value::from("onCuePoint")]);
            flood(peer, &message(DATA, stream, &[&name, &values[..]].concat()));
        });
        println!("{shape}");
        let measured = play(&server, Until::Full, &[("max-queue-bytes", "16777216")]);
        measured.assert_within(&blocked(16 << 20, &[WAY]));
        measured.assert_full();
    }
}

#[test]
fn small_data_of_each_shape() {
    // What a short message may make of itself, over and over.
    for (shape, values) in bombs() {
        let server = raw(move |peer, stream| {
            let name = amf0::encode_all([&Value::from("x")]);
            let start = values.get(..200).expect("long");
            let body = [&name, start].concat();
            flood(peer, &message(DATA, stream, &body).repeat(1000));
        });
        println!("{shape}");
        let measured = play(&server, Until::Full, &[("max-queue-bytes", "16777216")]);
        let batch = ("a batch", 4 << 20);
        measured.assert_within(&[&blocked(16 << 20, &[])[..], &[batch]].concat());
        measured.assert_full();
    }
}

#[test]
fn aggregates_of_a_million_parts() {
    for body in [&[0x2F, 0xFF][..], AAC, KEYFRAME] {
        let kind = if body == KEYFRAME { VIDEO } else { AUDIO };
        let server = raw(move |peer, stream| {
            let part = part(kind, body);
            let body = part.repeat(LONGEST / part.len());
            flood(peer, &message(AGGREGATE, stream, &body));
        });
        let measured = play(&server, Until::Full, &[("max-queue-bytes", "4194304")]);
        let beside = [
            WAY,
            "aggregate that is taken apart",
            "messages that are not complete",
        ];
        // Of what is on the way the largest message is the aggregate.
        measured.assert_within(&blocked(QUEUE, &beside[1..]));
        measured.assert_full();
        assert!(measured.queued < QUEUE + (2 << 20), "{}", measured.queued);
    }
}

#[test]
fn an_aggregate_of_a_million_parts_is_played_whole() {
    let server = raw(|peer, stream| {
        let part = part(AUDIO, AAC);
        let body = part.repeat(LONGEST / part.len());
        send(peer, &message(AGGREGATE, stream, &body));
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[("max-queue-bytes", "4194304")]);
    measured.assert_within(&blocked(
        QUEUE,
        &[
            "aggregate that is taken apart",
            "messages that are not complete",
            "on the way out of the queue",
        ],
    ));
    measured.assert_eos();
}

#[test]
fn publishers_that_come_and_go_with_many_words() {
    let server = begun(|peer, stream| {
        let long = "x".repeat(64 << 10);
        let left = Status::new(Level::Status, StatusCode::PlayUnpublishNotify, long);
        let back = Status::new(Level::Status, StatusCode::PlayPublishNotify, "");
        for time in 0.. {
            peer.session.status(stream, &left);
            peer.session.status(stream, &back);
            // It is noticed here that the client has gone.
            let bytes = peer.session.poll_transmit().unwrap_or_default();
            if !send(peer, &bytes) {
                return;
            }
            peer.media(stream, MediaKind::Audio, time, AAC);
        }
    });
    let properties = [("max-queue-bytes", "4194304"), ("on-unpublish", "wait")];
    let measured = play(&server, Until::Full, &properties);
    measured.assert_within(&blocked(QUEUE, &[]));
    measured.assert_full();
}

#[test]
fn metadata_that_changes_all_the_time_and_messages_that_nobody_reads() {
    let server = begun(|peer, stream| {
        for number in 0..50_000 {
            let object = Object::new().with("title", number.to_string());
            let values = [Value::from("onMetaData"), Value::from(object)];
            peer.media(stream, MediaKind::Data, 0, &amf0::encode_all(&values));
            peer.flush();
        }
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[("max-queue-bytes", "4194304")]);
    measured.assert_within(&blocked(
        QUEUE,
        &["messages that are not read", "on the way out of the queue"],
    ));
    measured.assert_eos();
}

#[test]
fn sequence_headers_that_change_with_each_frame() {
    let server = begun(|peer, stream| {
        let mut header = AVC_HEADER.to_vec();
        for number in 0..20_000u16 {
            let [high, low] = number.to_be_bytes();
            header[7] = high;
            header[8] = low;
            peer.media(stream, MediaKind::Video, 0, &header);
            peer.media(stream, MediaKind::Video, u32::from(number), KEYFRAME);
            peer.flush();
        }
        end(peer, stream);
    });
    let measured = play(&server, Until::End, &[("max-queue-bytes", "4194304")]);
    measured.assert_within(&blocked(QUEUE, &["on the way out of the queue"]));
    measured.assert_eos();
}

#[test]
fn sequence_headers_of_the_greatest_length_for_media_that_is_off() {
    let server = raw(|peer, stream| {
        for kind in [VIDEO, AUDIO] {
            let start = if kind == VIDEO {
                AVC_HEADER
            } else {
                &[0xAF, 0, 0x12, 0x10]
            };
            let mut header = start.to_vec();
            header.resize(LONGEST, 7);
            for _ in 0..3 {
                send(peer, &message(kind, stream, &header));
            }
        }
        end(peer, stream);
    });
    let off = [("receive-video", "false"), ("receive-audio", "false")];
    let measured = play(&server, Until::End, &off);
    let beside = [
        "messages that are not complete",
        "sequence headers of media that is off",
    ];
    let mut parts = blocked(0, &beside);
    // One at a time.
    parts
        .iter_mut()
        .filter(|(what, _)| *what == beside[0])
        .for_each(|part| part.1 = 3 * LONGEST);
    measured.assert_within(&parts);
    measured.assert_eos();
}
