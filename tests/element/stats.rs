// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the `stats` property tells while a stream plays, and what is left of
//! it behind.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstrtmpr::rtmp::chunk::Csid;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::media::{AAC, INTER, KEYFRAME, send_headers, tag};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

fn number(stats: &gst::Structure, field: &str) -> u64 {
    let number = stats.get(field);
    number.unwrap_or_else(|error| panic!("{field}: {error}; {stats}"))
}

/// Waits until the figures are as wanted.
fn wait_for(player: &Player, mut wanted: impl FnMut(&gst::Structure) -> bool) -> gst::Structure {
    let deadline = Instant::now() + HANG;
    loop {
        let stats = player.stats();
        if wanted(&stats) {
            return stats;
        }
        assert!(Instant::now() < deadline, "{stats}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn until_ping(peer: &mut Peer) -> u32 {
    peer.until(|event| match event {
        Event::UserControl(UserControl::PingRequest(number)) => Some(*number),
        _ => None,
    })
}

/// Figures that stay as they are once nothing comes any more.
const LASTING: [&str; 11] = [
    "in-bytes-total",
    "in-messages",
    "audio-messages",
    "video-messages",
    "data-messages",
    "dropped-messages",
    "ignored-messages",
    "largest-gap",
    "queue-peak-bytes",
    "blocked-time",
    "round-trip-time",
];

#[test]
fn messages_are_counted_by_kind_and_stay_counted_after_the_stop() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Video, 10, &[]);
        peer.media(stream, MediaKind::Data, 10, &[0xFF]);
        let aggregate = [tag(8, 20, AAC), tag(9, 30, INTER), tag(8, 40, AAC), vec![8]].concat();
        peer.media(stream, MediaKind::Aggregate, 20, &aggregate);
        for _ in 0..2 {
            let unknown = Command::new("whatever", 0.0);
            peer.session
                .command(Csid(7), StreamId::CONNECTION, &unknown);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    let before = player.stats();
    for field in LASTING {
        let there = before.get::<u64>(field);
        assert_eq!(there.unwrap_or(0), 0, "{field}: {before}");
    }
    player.play();
    assert_eq!(player.rest().len(), 8);
    let stats = player.stats();
    for (field, count) in [
        ("audio-messages", 3),
        ("video-messages", 4),
        // `|RtmpSampleAccess` of the server among them.
        ("data-messages", 3),
        ("dropped-messages", 4),
        ("ignored-messages", 2),
    ] {
        assert_eq!(number(&stats, field), count, "{field}: {stats}");
    }
    assert!(number(&stats, "queue-peak-bytes") > 0);
    player.set_state(gst::State::Null);
    let after = player.stats();
    for field in LASTING {
        assert_eq!(number(&after, field), number(&stats, field), "{field}");
    }
}

#[test]
fn bitrates_are_there_while_media_comes_and_zero_when_none_does() {
    let (more, wanted) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        for time in wanted.iter() {
            peer.media(
                stream,
                MediaKind::Video,
                time,
                &[KEYFRAME, &[0; 50_000]].concat(),
            );
            peer.media(stream, MediaKind::Audio, time, AAC);
            peer.flush();
        }
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    let mut time = 0;
    let rates = ["audio-rate", "video-rate"];
    let bitrates = ["audio-bitrate", "video-bitrate", "bitrate"];
    let all = |stats: &gst::Structure, is: fn(f64) -> bool| {
        let rates = rates.map(|field| stats.get::<f64>(field).expect("always there"));
        let bitrates = bitrates.map(|field| number(stats, field) as f64);
        rates.into_iter().chain(bitrates).all(is)
    };
    wait_for(&player, |stats| {
        time += 40;
        more.send(time).expect("the server is there");
        all(stats, |figure| figure > 0.0)
            && number(stats, "video-bitrate") > 100 * number(stats, "audio-bitrate")
            && number(stats, "bitrate")
                >= number(stats, "video-bitrate") + number(stats, "audio-bitrate")
    });
    drop(more);
    let stats = wait_for(&player, |stats| all(stats, |figure| figure == 0.0));
    assert!(number(&stats, "video-messages") > 0);
}

#[test]
fn the_server_is_described() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&server.location());
    let before = player.stats();
    let described = [
        "handshake",
        "server-version",
        "stream-id",
        "last-status",
        "last-status-level",
        "round-trip-time",
        "min-round-trip-time",
    ];
    for field in described {
        assert!(!before.has_field(field), "{field}");
    }
    player.play();
    player.buffers(5);
    let stats = player.stats();
    for (field, text) in [
        ("handshake", "simple"),
        ("server-version", "FMS/3,0,1,123"),
        ("last-status", "NetStream.Play.Start"),
        ("last-status-level", "status"),
    ] {
        assert_eq!(stats.get::<&str>(field), Ok(text), "{field}");
    }
    assert_eq!(stats.get::<u32>("stream-id"), Ok(1));
    let (last, min) = (
        number(&stats, "round-trip-time"),
        number(&stats, "min-round-trip-time"),
    );
    assert!(0 < min && min <= last, "{stats}");
    player.set_state(gst::State::Null);
    let after = player.stats();
    for field in described {
        assert!(after.has_field(field), "{field}");
    }
}

#[test]
fn an_answer_to_a_ping_is_a_sample_also_in_paused() {
    // Time passes while the answer is held back, and shows in the sample.
    const HELD: Duration = Duration::from_millis(100);

    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        // The session has the answer ready, but it is sent with what comes next.
        until_ping(peer);
        until_ping(peer);
        std::thread::sleep(HELD);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.source.set_property("ping-interval", 1u32);
    player.set_state(gst::State::Paused);
    let held = u64::try_from(HELD.as_nanos()).expect("short");
    let stats = wait_for(&player, |stats| {
        stats.get("round-trip-time").unwrap_or(0) >= held
    });
    assert!(number(&stats, "min-round-trip-time") <= number(&stats, "round-trip-time"));
}

#[test]
fn pings_that_are_not_answered_do_no_harm() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.flush();
        let numbers = [(); 2].map(|()| {
            let number = until_ping(peer);
            while peer.session.poll_transmit().is_some() {}
            number
        });
        assert!(numbers[0] < numbers[1], "our clock: {numbers:?}");
        peer.media(stream, MediaKind::Video, 40, INTER);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("ping-interval", 1u32);
    player.play();
    assert_eq!(player.rest().len(), 6);
    assert!(matches!(player.ended(), Ended::Eos));
}

const LIMIT: u32 = 100_000;

/// A server with far more to send than the queue and what is on its way take,
/// and a player of it in PAUSED whose queue is full.
fn blocked() -> (Server, Player) {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        let body = [KEYFRAME, &[0; 10_000]].concat();
        for i in 0..200 {
            peer.media(stream, MediaKind::Video, i * 40, &body);
            peer.flush();
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("max-queue-bytes", LIMIT);
    player.set_state(gst::State::Paused);
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    // The sink has its first buffer: nothing is taken from now on.
    let (result, ..) = player.pipeline.state(timeout);
    result.expect("it prerolls");
    wait_for(&player, |stats| {
        number(stats, "queue-bytes") >= u64::from(LIMIT)
    });
    (server, player)
}

/// The time does not go on.
fn assert_not_blocked(player: &Player) {
    let blocked = number(&player.stats(), "blocked-time");
    assert!(blocked > 0);
    std::thread::sleep(Duration::from_millis(2));
    assert_eq!(number(&player.stats(), "blocked-time"), blocked);
}

#[test]
fn a_full_queue_is_timed_and_its_peak_kept() {
    let (_server, player) = blocked();
    let blocked = number(&player.stats(), "blocked-time");
    let stats = wait_for(&player, |stats| number(stats, "blocked-time") > blocked);
    let peak = number(&stats, "queue-peak-bytes");
    assert!(peak >= u64::from(LIMIT), "{peak}");

    player.play();
    assert_eq!(player.rest().len(), 204);
    assert_not_blocked(&player);
    player.set_state(gst::State::Null);
    let after = player.stats();
    assert!(number(&after, "queue-peak-bytes") >= peak);
    assert_eq!(number(&after, "queue-bytes"), 0);
}

#[test]
fn a_queue_that_is_full_at_the_stop_is_timed_up_to_it() {
    let (_server, player) = blocked();
    player.set_state(gst::State::Null);
    assert_not_blocked(&player);
}

#[test]
fn the_last_status_is_that_of_a_refusal_too() {
    fn status(code: StatusCode) -> Status {
        Status::new(Level::Error, code, "no")
    }
    let connect: fn(&mut Peer) = |peer| {
        let request = peer.connect_request();
        let status = status(StatusCode::ConnectRejected);
        peer.session.reject_connect(&request, &status);
    };
    let create_stream: fn(&mut Peer) = |peer| {
        let request = peer.connect_request();
        peer.session.accept_connect(&request, 128);
        peer.until(|event| matches!(event, Event::StreamCreated(_)).then_some(()));
        // Instead of the answer that the session has ready, and on a chunk
        // stream whose headers do not build upon it.
        while peer.session.poll_transmit().is_some() {}
        let status = status(StatusCode::CallFailed);
        let answer = Command::new("_error", 2.0).argument(status.information);
        peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
    };
    let play: fn(&mut Peer) = |peer| {
        let request = peer.play_request();
        let status = status(StatusCode::PlayStreamNotFound);
        peer.session.reject_play(&request, &status);
    };
    let play_by_error: fn(&mut Peer) = |peer| {
        peer.play_request();
        let status = status(StatusCode::PlayFailed);
        let answer = Command::new("_error", 3.0).argument(status.information);
        peer.session.command(Csid(7), StreamId::CONNECTION, &answer);
    };
    for (refuse, code) in [
        (connect, "NetConnection.Connect.Rejected"),
        (create_stream, "NetConnection.Call.Failed"),
        (play, "NetStream.Play.StreamNotFound"),
        (play_by_error, "NetStream.Play.Failed"),
    ] {
        let server = Server::start(move |peer| {
            refuse(peer);
            peer.close();
        });
        let player = Player::new(&server.location());
        player.source.set_property("fallbacks", false);
        player.play();
        player.error_message();
        let stats = player.stats();
        assert_eq!(stats.get::<&str>("last-status"), Ok(code), "{stats}");
        assert_eq!(stats.get::<&str>("last-status-level"), Ok("error"));
    }
}
