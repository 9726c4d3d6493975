// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The origin over sockets.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::capabilities::{Capabilities, info};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;
use crate::client::{Client, Seen};
use crate::origin::hub::{Missing, NameInUse};
use crate::origin::{Notice, Origin, OriginOptions};

const STREAM: StreamId = StreamId(1);

fn start(options: OriginOptions) -> Origin {
    Origin::start("127.0.0.1:0", options).expect("a free port")
}

/// A message of audio that tells which one it is.
fn audio(number: usize, size: usize) -> Vec<u8> {
    let mut body = vec![0x2F; size.max(9)];
    body[1..9].copy_from_slice(&(number as u64).to_be_bytes());
    body
}

fn wait_for_players(origin: &Origin, path: &str, players: usize) {
    let there = origin.wait_for(path, HANG, |stream| stream.players == players);
    assert!(there, "{path} has {:?}", origin.summary(path));
}

#[test]
fn the_tail_reaches_a_player_that_reads_late() {
    let origin = start(OriginOptions::default());
    let mut player = Client::connected(origin.local_addr());
    player.play(STREAM, "s?token=1");
    wait_for_players(&origin, "live/s", 1);

    let mut publisher = Client::connected(origin.local_addr());
    assert_eq!(publisher.publish(STREAM, "s"), "NetStream.Publish.Start");
    // More than the sockets' buffers hold.
    let sent: Vec<_> = (0..1000).map(|number| audio(number, 10_000)).collect();
    for (number, body) in sent.iter().enumerate() {
        publisher.audio(STREAM, number as u32 * 20, body);
    }
    publisher.finish();
    assert!(origin.wait_for("live/s", HANG, |stream| !stream.published));

    let (received, others) = player.until_end();
    assert!(received == sent, "{} of {}", received.len(), sent.len());
    assert_eq!(
        others,
        [
            "StreamBegin(StreamId(1))",
            "NetStream.Play.Reset",
            "NetStream.Play.Start",
            "StreamEof(StreamId(1))",
            "NetStream.Play.Stop"
        ]
    );
}

#[test]
fn streams_of_one_connection_are_independent() {
    let origin = start(OriginOptions::default());
    let mut publisher = Client::connected(origin.local_addr());
    let second = publisher.create_stream(5.0);
    publisher.publish(STREAM, "a");
    publisher.publish(second, "b");

    let mut player = Client::connected(origin.local_addr());
    let third = player.create_stream(5.0);
    player.play(STREAM, "b");
    player.play(third, "a");
    wait_for_players(&origin, "live/a", 1);
    wait_for_players(&origin, "live/b", 1);
    publisher.audio(STREAM, 0, &audio(1, 20));
    publisher.audio(second, 0, &audio(2, 20));
    publisher.audio(STREAM, 20, &audio(3, 20));

    let mut seen = Vec::new();
    while seen.len() < 3 {
        if let Some(Seen::Message(message)) = player.next()
            && message.payload.as_slice().first() == Some(&0x2F)
        {
            seen.push((message.header.stream_id, message.payload.as_slice()[8]));
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [(STREAM, 2), (third, 1), (third, 3)]);

    // One ends, the other goes on.
    let delete = Command::new("deleteStream", 0.0).argument(f64::from(STREAM.0));
    publisher.send(StreamId(0), &delete);
    assert!(origin.wait_for("live/a", HANG, |stream| !stream.published));
    assert!(origin.summary("live/b").published);
    publisher.audio(second, 20, &audio(4, 20));
    publisher.finish();
    let (rest, others) = player.until_end();
    assert_eq!(rest, [audio(4, 20)]);
    assert!(
        others.contains(&"StreamEof(StreamId(2))".to_owned()),
        "{others:?}"
    );
}

#[test]
fn a_second_publisher_is_told_why_it_is_refused() {
    let origin = start(OriginOptions::default());
    let mut first = Client::connected(origin.local_addr());
    first.publish(STREAM, "s");
    let mut second = Client::connected(origin.local_addr());
    assert_eq!(second.publish(STREAM, "s?k"), "NetStream.Publish.BadName");
    // What it sends before it has read that is no reason for a reset.
    second.audio(STREAM, 0, &audio(0, 10));
    assert_eq!(second.until_end().0.len(), 0);
    assert!(origin.summary("live/s").published);
    assert!(!origin.summary("live/s").has_media);
}

#[test]
fn a_second_publisher_may_replace_the_first() {
    let origin = start(OriginOptions {
        name_in_use: NameInUse::Replace,
        ..OriginOptions::default()
    });
    let mut first = Client::connected(origin.local_addr());
    first.publish(STREAM, "s");
    let mut second = Client::connected(origin.local_addr());
    assert_eq!(second.publish(STREAM, "s"), "NetStream.Publish.Start");
    first.audio(STREAM, 0, &audio(0, 10));
    first.until_end();
    assert!(origin.summary("live/s").published);
}

#[test]
fn names_that_are_too_long_are_refused() {
    let origin = start(OriginOptions::default());
    let long = "x".repeat(1025);
    let mut client = Client::connected(origin.local_addr());
    let code = client.publish(STREAM, &long);
    assert_eq!(code, "NetStream.Publish.BadName");
    let mut client = Client::connected(origin.local_addr());
    client.play(STREAM, &long);
    assert_eq!(client.status(), "NetStream.Play.StreamNotFound");

    let mut client = Client::new(origin.local_addr());
    let app = Object::new().with("app", long.as_str());
    client.send(StreamId(0), &Command::new("connect", 1.0).object(app));
    let refusal = client.answer(1.0);
    assert_eq!(refusal.name, "_error");
}

#[test]
fn a_missing_stream_is_refused_if_wanted() {
    let origin = start(OriginOptions {
        missing: Missing::Refuse,
        ..OriginOptions::default()
    });
    let mut player = Client::connected(origin.local_addr());
    player.play(STREAM, "none");
    let (_, others) = player.until_end();
    assert_eq!(others, ["NetStream.Play.StreamNotFound"]);
}

#[test]
fn idle_clients_are_pinged_and_dropped_if_they_do_not_answer() {
    let (sender, notices) = mpsc::channel();
    let origin = start(OriginOptions {
        ping_interval: Duration::from_millis(100),
        observer: Some(Arc::new(move |notice| {
            // The test may have ended.
            let _ = sender.send(notice);
        })),
        ..OriginOptions::default()
    });
    // One answers: the connection does so by itself while it is read.
    let mut alive = Client::connected(origin.local_addr());
    alive.play(STREAM, "s");
    let mut pings = 0;
    while pings < 5 {
        match alive.next() {
            Some(Seen::UserControl(UserControl::PingRequest(_))) => pings += 1,
            Some(_) => {}
            None => panic!("dropped after {pings} pings"),
        }
    }
    // One does not.
    let dead = Client::connected(origin.local_addr());
    let address = dead.socket.local_addr().expect("an address");
    drop(alive);
    loop {
        match notices.recv_timeout(HANG) {
            Ok(Notice::Closed(peer, _)) if peer == address => break,
            Ok(_) => {}
            Err(error) => panic!("it was not dropped: {error}"),
        }
    }
}

#[test]
fn connections_beyond_the_limit_are_closed() {
    let origin = start(OriginOptions {
        max_connections: 2,
        ..OriginOptions::default()
    });
    let first = Client::connected(origin.local_addr());
    let _second = Client::connected(origin.local_addr());
    let mut third = TcpStream::connect(origin.local_addr()).expect("it is accepted");
    third.set_read_timeout(Some(HANG)).expect("a timeout");
    assert_eq!(third.read(&mut [0]).ok(), Some(0));
    drop(first);
    let deadline = Instant::now() + HANG;
    loop {
        // The place of the first is free when its threads have ended.
        let mut fourth = TcpStream::connect(origin.local_addr()).expect("it is accepted");
        fourth.set_read_timeout(Some(HANG)).expect("a timeout");
        let hello = [&[3], &[0; 1536][..]].concat();
        if fourth.write_all(&hello).is_ok() && matches!(fourth.read(&mut [0]), Ok(1)) {
            break;
        }
        assert!(Instant::now() < deadline, "no place became free");
    }
}

#[test]
fn other_protocols_are_closed() {
    let origin = start(OriginOptions::default());
    let mut socket = TcpStream::connect(origin.local_addr()).expect("it listens");
    socket.set_read_timeout(Some(HANG)).expect("a timeout");
    socket
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("it is read");
    // An end or a reset, but no answer.
    assert!(matches!(socket.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn stopping_is_prompt_whatever_clients_do() {
    // Its own limits end nothing here.
    let never = Duration::from_secs(3600);
    let mut origin = start(OriginOptions {
        ping_interval: never,
        write_timeout: never,
        ..OriginOptions::default()
    });
    let address = origin.local_addr();
    let _silent = TcpStream::connect(address).expect("it listens");
    let _idle = Client::connected(address);
    let mut waiting = Client::connected(address);
    waiting.play(STREAM, "none");
    // One whose writer is stuck.
    let mut stuck = Client::connected(address);
    stuck.play(STREAM, "s");
    wait_for_players(&origin, "live/s", 1);
    let mut publisher = Client::connected(address);
    publisher.publish(STREAM, "s");
    for number in 0..2000 {
        publisher.audio(STREAM, number, &audio(0, 20_000));
    }

    origin.stop();
    assert!(TcpStream::connect(address).is_err(), "still listening");
    origin.stop();
}

#[test]
fn who_announces_codecs_is_told_that_all_are_forwarded() {
    let origin = start(OriginOptions::default());
    let mut client = Client::new(origin.local_addr());
    let codecs = Value::StrictArray(vec!["hvc1".into()]);
    let object = Object::new().with("app", "live").with("fourCcList", codecs);
    client.send(StreamId(0), &Command::new("connect", 1.0).object(object));
    let answer = client.answer(1.0);
    let information = answer.arguments.first().and_then(Value::as_object);
    let own = information.and_then(|object| Capabilities::in_answer(&Object::new(), object));
    assert_eq!(
        own,
        Some(Capabilities::new(["*"], ["*"], info::FORWARD, 14))
    );
}

#[test]
fn what_it_tells_holds_no_keys() {
    let peer = ([127, 0, 0, 1], 1).into();
    let path = || "live/0123456789abcdef-key?token=secret".to_owned();
    for notice in [
        Notice::Published(peer, path()),
        Notice::PublishRefused(peer, path()),
        Notice::Unpublished(peer, path()),
        Notice::Played(peer, path()),
        Notice::PlayRefused(peer, path()),
        Notice::Stopped(peer, path()),
    ] {
        let text = notice.to_string();
        assert!(text.ends_with("\"live/0123…?…\""), "{text}");
    }
    let text = Notice::Played(peer, "live/test".to_owned()).to_string();
    assert_eq!(text, "127.0.0.1:1 plays \"live/test\"");
}
