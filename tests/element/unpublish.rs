// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishers that leave and come back, and what every end tells.

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::chunk::COMMAND_CSID;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::media::{AAC, INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player, is_frame};
use crate::server::{Peer, Server};

type Event = fn(&mut Peer, StreamId);

fn status(peer: &mut Peer, stream: StreamId, code: StatusCode) {
    let status = Status::new(Level::Status, code, "said so");
    peer.session.status(stream, &status);
}

fn complete(peer: &mut Peer, stream: StreamId) {
    let status = Status::new(Level::Status, StatusCode::PlayComplete, "said so");
    let name = Value::from("onPlayStatus");
    let body = amf0::encode_all([&name, &Value::from(status.information)]);
    peer.media(stream, MediaKind::Data, 0, &body);
}

/// Everything that says that a publisher left, with its stable name.
const LEAVING: [(&str, Event); 5] = [
    ("fc-unpublish", |peer, _| {
        // FFmpeg's server ends so, as if it were a publisher.
        for name in ["FCUnpublish", "deleteStream"] {
            let command = Command::new(name, 0.0);
            peer.session
                .command(COMMAND_CSID, StreamId::CONNECTION, &command);
        }
    }),
    ("stream-eof", |peer, stream| {
        peer.session.user_control(&UserControl::StreamEof(stream));
    }),
    ("unpublish-notify", |peer, stream| {
        status(peer, stream, StatusCode::PlayUnpublishNotify);
    }),
    ("play-stop", |peer, stream| {
        status(peer, stream, StatusCode::PlayStop);
    }),
    ("fc-unsubscribe", |peer, _| {
        let command = Command::new("onFCUnsubscribe", 0.0);
        peer.session
            .command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }),
];

/// Everything that says that it is back, beside its media.
const RETURNING: [Event; 4] = [
    |_, _| {},
    |peer, stream| peer.session.user_control(&UserControl::StreamBegin(stream)),
    |peer, stream| status(peer, stream, StatusCode::PlayPublishNotify),
    |peer, stream| status(peer, stream, StatusCode::PlayStart),
];

fn publication(peer: &mut Peer, stream: StreamId, from: u32) {
    send_headers(peer, stream, from);
    peer.media(stream, MediaKind::Video, from, KEYFRAME);
    peer.media(stream, MediaKind::Audio, from + 10, AAC);
    peer.media(stream, MediaKind::Video, from + 40, INTER);
}

fn player(server: &Server, on_unpublish: &str) -> Player {
    let player = Player::new(&server.location());
    player
        .source
        .set_property_from_str("on-unpublish", on_unpublish);
    player
}

#[test]
fn a_publisher_that_leaves_ends_the_stream_by_default() {
    for (cause, leave) in LEAVING {
        let server = Server::playing(move |peer, stream| {
            publication(peer, stream, 0);
            leave(peer, stream);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.play();
        let message = player.element_message("stream-ended");
        assert_eq!(message.get::<&str>("cause"), Ok(cause));
        assert_eq!(message.get::<&str>("result"), Ok("eos"));
        assert_eq!(player.rest().len(), 7);
        assert!(matches!(player.ended(), Ended::Eos));
    }
}

#[test]
fn a_publisher_that_leaves_is_an_error_where_that_is_asked_for() {
    for (cause, leave) in LEAVING {
        let server = Server::playing(move |peer, stream| {
            publication(peer, stream, 0);
            leave(peer, stream);
            peer.serve();
        });
        let player = player(&server, "error");
        player.play();
        let message = player.element_message("stream-ended");
        assert_eq!(message.get::<&str>("cause"), Ok("unpublished"), "{cause}");
        assert_eq!(message.get::<&str>("result"), Ok("error"));
        let (error, _) = player.error_message();
        assert!(error.matches(gst::ResourceError::Read), "{error:?}");
        assert!(error.message().contains("publisher"), "{error:?}");
    }
}

#[test]
fn the_end_of_a_recording_is_the_end_however_a_publishers_leaving_counts() {
    for on_unpublish in ["wait", "error", "eos"] {
        // As nginx-rtmp ends a recording.
        let server = Server::playing(move |peer, stream| {
            publication(peer, stream, 0);
            peer.session.user_control(&UserControl::StreamEof(stream));
            peer.flush();
            complete(peer, stream);
            status(peer, stream, StatusCode::PlayStop);
            peer.serve();
        });
        let player = player(&server, on_unpublish);
        player.play();
        let message = player.element_message("stream-ended");
        assert_eq!(message.get::<&str>("cause"), Ok("play-complete"));
        assert_eq!(player.rest().len(), 7);
        assert!(matches!(player.ended(), Ended::Eos), "{on_unpublish}");
    }
}

#[test]
fn a_stream_that_goes_on_behind_a_stream_eof_has_not_ended() {
    for on_unpublish in ["error", "eos"] {
        // As servers do with a seek.
        let server = Server::playing(|peer, stream| {
            publication(peer, stream, 0);
            peer.session.user_control(&UserControl::StreamEof(stream));
            peer.session.user_control(&UserControl::StreamBegin(stream));
            publication(peer, stream, 100);
            complete(peer, stream);
            peer.serve();
        });
        let player = player(&server, on_unpublish);
        player.play();
        assert_eq!(player.rest().len(), 7 + 6);
        assert!(matches!(player.ended(), Ended::Eos), "{on_unpublish}");
    }
}

#[test]
fn a_stream_that_ends_before_any_media_is_no_failure() {
    let server = Server::playing(|peer, stream| {
        peer.session.user_control(&UserControl::StreamEof(stream));
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let message = player.element_message("stream-ended");
    assert_eq!(message.get::<&str>("cause"), Ok("stream-eof"));
    player.rest();
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn where_it_is_waited_for_the_publishers_return_goes_on_in_one_timeline() {
    for (i, (cause, leave)) in LEAVING.into_iter().enumerate() {
        for returning in RETURNING {
            let server = Server::playing(move |peer, stream| {
                publication(peer, stream, 500_000);
                leave(peer, stream);
                peer.flush();
                returning(peer, stream);
                publication(peer, stream, 0);
                complete(peer, stream);
                peer.serve();
            });
            let player = player(&server, "wait");
            player.play();
            let left = player.element_message("publisher-left");
            assert_eq!(left.get::<&str>("cause"), Ok(cause));
            assert_eq!(left.has_field("code"), i == 2 || i == 3, "{left}");
            let back = player.element_message("publisher-returned");
            assert!(back.get::<u64>("gap").is_ok(), "{back}");

            let buffers = player.rest();
            assert_eq!(buffers.len(), 7 + 6);
            // Video alone: audio may lie anywhere in between.
            let frames = [4, 6, 10, 12].map(|i| buffers[i].dts().expect("a time"));
            assert!(frames.is_sorted(), "{frames:?}");
            assert!(frames[2] >= gst::ClockTime::from_mseconds(500_040));
            let distance = buffers[11].dts().expect("audio") - frames[2];
            assert_eq!(distance, gst::ClockTime::from_mseconds(10));
            assert!(buffers[10].flags().contains(gst::BufferFlags::DISCONT));
            assert!(matches!(player.ended(), Ended::Eos));
        }
    }
}

#[test]
fn a_publication_of_a_moment_is_followed_by_the_next_one_as_well() {
    // Too short a fall to tell by itself.
    for (_, leave) in LEAVING {
        let server = Server::playing(move |peer, stream| {
            publication(peer, stream, 500);
            leave(peer, stream);
            peer.flush();
            publication(peer, stream, 0);
            complete(peer, stream);
            peer.serve();
        });
        let player = player(&server, "wait");
        player.play();
        let buffers = player.rest();
        assert_eq!(buffers.len(), 7 + 6);
        let frames = [4, 6, 10, 12].map(|i| buffers[i].dts().expect("a time"));
        assert!(frames.is_sorted(), "{frames:?}");
    }
}

#[test]
fn a_restart_without_a_word_goes_on_in_one_timeline_as_well() {
    let server = Server::playing(|peer, stream| {
        publication(peer, stream, 500_000);
        publication(peer, stream, 0);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.rest();
    let frames = [4, 6, 10, 12].map(|i| buffers[i].dts().expect("a time"));
    assert!(frames.is_sorted(), "{frames:?}");
    assert!(frames[2] - frames[1] < gst::ClockTime::from_seconds(60));
    // What a demuxer reads is the same line.
    for buffer in &buffers[4..] {
        let map = buffer.map_readable().expect("readable");
        let time = u32::from_be_bytes([map[7], map[4], map[5], map[6]]);
        let expected = gst::ClockTime::from_mseconds(time.into());
        assert_eq!(buffer.dts(), Some(expected));
    }
}

#[test]
fn waiting_for_a_publisher_ends_with_the_connection_and_after_the_idle_timeout() {
    let closing: fn(&mut Peer) = |peer| peer.close();
    let silent: fn(&mut Peer) = |peer| peer.serve();
    for then in [closing, silent] {
        let server = Server::playing(move |peer, stream| {
            publication(peer, stream, 0);
            peer.session.user_control(&UserControl::StreamEof(stream));
            then(peer);
        });
        let player = player(&server, "wait");
        player.source.set_property("idle-timeout", 1u32);
        // The end was announced, so this makes no difference.
        player.source.set_property("no-eof-is-error", true);
        player.play();
        let message = player.element_message("stream-ended");
        assert_eq!(message.get::<&str>("cause"), Ok("stream-eof"));
        assert_eq!(player.rest().len(), 7);
        assert!(matches!(player.ended(), Ended::Eos));
    }
}

#[test]
fn every_failure_tells_its_cause_its_phase_and_the_servers_words() {
    let server = Server::start(|peer| {
        let request = peer.play_request();
        let status = Status::new(
            Level::Error,
            StatusCode::PlayFailed,
            "access denied for s?token=secret",
        );
        peer.session.reject_play(&request, &status);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let message = player.element_message("stream-ended");
    for (field, value) in [
        ("result", "error"),
        ("cause", "play-failed"),
        ("phase", "play"),
        ("code", "NetStream.Play.Failed"),
        ("level", "error"),
        ("description", "access denied for s?…"),
    ] {
        assert_eq!(message.get::<&str>(field), Ok(value));
    }
    assert!(message.get::<u64>("elapsed").is_ok());
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
}

#[test]
fn a_restart_at_any_point_of_a_group_of_pictures_goes_on_in_one_timeline() {
    const GROUP: u32 = 10;
    for is_live in [false, true] {
        for (sent, left_out) in (0..=GROUP).map(|n| (n, (n * 7) % GROUP)) {
            let server = Server::playing(move |peer, stream| {
                // A group and a part of another one.
                send_headers(peer, stream, 700_000);
                let mut frames = |start: u32, numbers: std::ops::Range<u32>| {
                    for n in numbers {
                        let body = if n % GROUP == 0 { KEYFRAME } else { INTER };
                        peer.media(stream, MediaKind::Video, start + 40 * n, body);
                        peer.media(stream, MediaKind::Audio, start + 40 * n + 5, AAC);
                    }
                };
                frames(700_000, 0..GROUP + sent);
                // The publisher's next stream, which we come into after some frames.
                frames(0, GROUP - left_out..2 * GROUP + left_out);
                peer.session.end_play(stream);
                peer.serve();
            });
            let player = Player::new(&server.location());
            player.source.set_property("is-live", is_live);
            player.play();
            let buffers = player.rest();
            let times = |kind: u8| {
                let buffers = buffers.iter().filter(|buffer| is_frame(buffer));
                let of_kind = buffers.filter(|buffer| {
                    let map = buffer.map_readable().expect("readable");
                    map[0] == kind
                });
                let times: Vec<_> = of_kind
                    .map(|buffer| buffer.dts().expect("a time"))
                    .collect();
                times
            };
            let what = format!("live: {is_live}, {sent} sent, {left_out} left out");
            // Without a word from the server nobody knows that pictures are missing, so
            // all of them come, sound as well.
            let all = (GROUP + sent + GROUP + 2 * left_out) as usize;
            for kind in [8, 9] {
                let times = times(kind);
                assert_eq!(times.len(), all, "{what}");
                assert!(times.is_sorted(), "{what}: {times:?}");
                // One line, without a hole that a sink would wait through.
                let length = *times.last().expect("frames") - times[0];
                assert!(length < gst::ClockTime::from_seconds(3), "{what}: {length}");
            }
        }
    }
}
