// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Commands about recordings, seen from our server.

use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::session::client::PlayStart;
use crate::rtmp::session::server::{Event, PauseRequest, SeekRequest};

/// A server that plays on its first stream, and what its client sends.
fn playing() -> (Host, Wire, Sent) {
    let (mut host, wire, mut sent) = Host::connected();
    let play = Command::new("play", 3.0).argument("s").argument(1500.0);
    let mut wire = wire
        .command(StreamId(0), &Command::new("createStream", 2.0))
        .command(FIRST, &play.argument(2500.0));
    host.receive(&wire.take()).expect("legal");
    let Some(Event::Play(request)) = host.events.pop() else {
        panic!("play, not {:?}", host.events);
    };
    assert_eq!(request.start(), PlayStart::Recorded(1500));
    assert_eq!(request.duration(), Some(2500));
    host.session.accept_play_of_recording(&request);
    let lines = sent.lines(&all_output(&mut host.session));
    assert!(
        lines.contains(&"2/0 @0 StreamIsRecorded(StreamId(1))".to_owned()),
        "{lines:?}"
    );
    host.events.clear();
    (host, wire, sent)
}

#[test]
fn seek_and_pause_are_told_and_answered() {
    let (mut host, wire, mut sent) = playing();
    let seek = Command::new("seek", 0.0).argument(4000.5);
    let pause = |paused: bool| Command::new("pause", 0.0).argument(paused).argument(7000.0);
    let mut wire = wire
        .command(FIRST, &seek)
        .command(FIRST, &pause(true))
        .command(FIRST, &pause(false));
    host.receive(&wire.take()).expect("legal");
    let seek = SeekRequest {
        stream: FIRST,
        to: 4000,
    };
    let pause = |paused| PauseRequest {
        stream: FIRST,
        paused,
        at: 7000,
    };
    let expected = [
        Event::Seek(seek),
        Event::Pause(pause(true)),
        Event::Pause(pause(false)),
    ];
    assert_eq!(host.events, expected);
    host.session.accept_seek(seek);
    host.session.accept_pause(pause(true));
    host.session.accept_pause(pause(false));
    let lines = sent.lines(&all_output(&mut host.session));
    let said = |line: &String, word: &str| line.contains(word);
    let words = [
        "StreamEof",
        "StreamIsRecorded",
        "StreamBegin",
        "NetStream.Seek.Notify",
        "NetStream.Play.Start",
        "NetStream.Pause.Notify",
        "StreamBegin",
        "NetStream.Unpause.Notify",
    ];
    assert_eq!(lines.len(), words.len(), "{lines:?}");
    assert!(
        lines.iter().zip(words).all(|(line, word)| said(line, word)),
        "{lines:?}"
    );
}

#[test]
fn numbers_that_are_none_are_taken_as_near_as_can_be() {
    let (mut host, wire, _) = playing();
    let seek = |to: Value| Command::new("seek", 0.0).argument(to);
    let mut wire = wire
        .command(FIRST, &seek(Value::Number(-5.0)))
        .command(FIRST, &seek(Value::Number(f64::NAN)))
        .command(FIRST, &seek(Value::Number(1e300)))
        .command(FIRST, &seek(Value::Null))
        .command(FIRST, &Command::new("pause", 0.0));
    host.receive(&wire.take()).expect("legal");
    let ms = host.events.iter().map(|event| match event {
        Event::Seek(request) => request.to,
        Event::Pause(request) => {
            assert!(request.paused);
            request.at
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(Vec::from_iter(ms), [0, 0, u32::MAX, 0, 0]);
}

#[test]
fn what_is_not_played_is_neither_sought_nor_paused() {
    let (mut host, wire, mut sent) = Host::connected();
    let mut wire = wire
        .command(StreamId(0), &Command::new("createStream", 2.0))
        .command(FIRST, &Command::new("seek", 0.0).argument(1.0))
        .command(StreamId(7), &Command::new("pause", 8.0).argument(true));
    host.receive(&wire.take()).expect("legal");
    let is_called = |event: &Event| matches!(event, Event::Called(_));
    assert_eq!(
        host.events.iter().filter(|event| is_called(event)).count(),
        2
    );
    let lines = sent.lines(&all_output(&mut host.session));
    assert_eq!(
        lines,
        ["3/0 @0 _result 2 null 1", "3/0 @0 _result 8 null undefined"]
    );
}

#[test]
fn a_length_is_told_by_whom_it_is_known() {
    let (mut host, wire, mut sent) = Host::connected();
    let ask = |transaction| Command::new("getStreamLength", transaction);
    let mut wire = wire
        .command(StreamId(0), &ask(4.0).argument("s?k=v"))
        .command(StreamId(0), &ask(0.0));
    host.receive(&wire.take()).expect("legal");
    let mut names = Vec::new();
    for event in std::mem::take(&mut host.events) {
        let Event::Length(request) = event else {
            panic!("{event:?}");
        };
        host.session.answer_length(&request, 12.5);
        names.push(request.name);
    }
    assert_eq!(names, ["s?k=v", ""]);
    let lines = sent.lines(&all_output(&mut host.session));
    assert_eq!(lines, ["3/0 @0 _result 4 null 12.5"], "one wants an answer");
}
