// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishing to our server: the commands of OBS and FFmpeg in their order,
//! and what may go wrong with them.

use super::*;
use crate::rtmp::chunk::{AUDIO_CSID, VIDEO_CSID};
use crate::rtmp::message::MessageType;

fn publish(name: &str) -> Command {
    Command::new("publish", 5.0).argument(name).argument("live")
}

/// What a publisher of the FMLE kind sends in front of its media.
fn announcement(wire: Wire) -> Wire {
    wire.command(
        StreamId(0),
        &Command::new("releaseStream", 2.0).argument("s"),
    )
    .command(StreamId(0), &Command::new("FCPublish", 3.0).argument("s"))
    .command(StreamId(0), &Command::new("createStream", 4.0))
    .command(FIRST, &publish("s"))
}

fn audio(wire: Wire, stream: StreamId, time: u32) -> Wire {
    wire.message(AUDIO_CSID, stream, MessageType::Audio, time, &[0xAF, 1])
}

#[test]
fn a_publisher_is_answered_in_order_and_its_media_comes_through() {
    let (mut host, mut wire, mut sent) = Host::connected();
    wire = announcement(wire);
    host.receive(&wire.take()).expect("legal");
    let out = all_output(&mut host.session);
    assert_eq!(
        sent.lines(&out),
        [
            "3/0 @0 _result 2 null undefined",
            "3/0 @0 _result 3 null undefined",
            "3/0 @0 _result 4 null 1",
            "2/0 @0 StreamBegin(StreamId(1))",
            "5/1 @0 onStatus 0 null {level: status, code: NetStream.Publish.Start, \
             description: Publishing.}",
        ]
    );
    let [
        server::Event::Called(release),
        server::Event::Called(announce),
        server::Event::StreamCreated(FIRST),
        server::Event::Publish(request),
    ] = &host.events[..]
    else {
        panic!("{:?}", host.events);
    };
    assert_eq!(release.name, "releaseStream");
    assert_eq!(announce.string_argument(0), Some("s"));
    assert_eq!(request.stream, FIRST);
    assert_eq!(request.name, "s");
    assert_eq!(request.arguments, ["live".into()]);
    host.events.clear();

    wire = wire
        .message(VIDEO_CSID, FIRST, MessageType::Video, 40, &[0x17, 1])
        .message(AUDIO_CSID, FIRST, MessageType::Audio, 38, &[0xAF, 1])
        .typed(MessageType::Aggregate, FIRST, &[9])
        .typed(MessageType::DataAmf0, FIRST, &[2, 0, 1, b'x'])
        .typed(MessageType::DataAmf3, FIRST, &[0, 2, 0, 1, b'x']);
    host.receive(&wire.take()).expect("legal");
    assert_eq!(
        host.events,
        [
            media(MediaKind::Video, FIRST, 40, &[0x17, 1]),
            media(MediaKind::Audio, FIRST, 38, &[0xAF, 1]),
            media(MediaKind::Aggregate, FIRST, 0, &[9]),
            media(MediaKind::Data, FIRST, 0, &[2, 0, 1, b'x']),
            media(MediaKind::DataAmf3, FIRST, 0, &[0, 2, 0, 1, b'x']),
        ]
        .map(server::Event::Media)
    );
}

#[test]
fn media_in_one_read_with_publish_comes_through() {
    let (mut host, wire, _) = Host::connected();
    let mut wire = audio(announcement(wire), FIRST, 20);
    host.receive(&wire.take()).expect("legal");
    let audio = media(MediaKind::Audio, FIRST, 20, &[0xAF, 1]);
    assert_eq!(host.events.last(), Some(&server::Event::Media(audio)));
}

#[test]
fn media_before_publish_is_ignored() {
    let (mut host, wire, _) = Host::connected();
    // On the connection, on a stream that is not there, on one that is.
    let mut wire = audio(audio(wire, StreamId(0), 0), FIRST, 1)
        .command(StreamId(0), &Command::new("createStream", 2.0));
    wire = audio(wire, FIRST, 2);
    host.receive(&wire.take()).expect("legal");
    let foreign = |id| server::Event::Ignored(Ignored::ForeignStream(StreamId(id)));
    assert_eq!(
        host.events,
        [
            foreign(0),
            foreign(1),
            server::Event::StreamCreated(FIRST),
            foreign(1)
        ]
    );
}

#[test]
fn media_after_a_refusal_is_ignored() {
    let (mut host, mut wire, mut sent) = Host::connected();
    wire = wire
        .command(StreamId(0), &Command::new("createStream", 2.0))
        .command(FIRST, &publish("taken"));
    wire = audio(wire, FIRST, 0);
    host.session.receive(&wire.take()).expect("legal");
    let mut events = Vec::new();
    while let Some(event) = host.session.poll_event() {
        if let server::Event::Publish(request) = &event {
            let status = error_status(StatusCode::PublishBadName, "in use");
            host.session.reject_publish(request, &status);
        }
        events.push(event);
    }
    assert_eq!(
        events[2..],
        [server::Event::Ignored(Ignored::ForeignStream(FIRST))]
    );
    let out = all_output(&mut host.session);
    assert_eq!(
        sent.lines(&out).last().map(String::as_str),
        Some(
            "5/1 @0 onStatus 0 null {level: error, code: NetStream.Publish.BadName, \
             description: in use}"
        )
    );
}

#[test]
fn publishing_twice_asks_twice_and_a_refusal_leaves_the_first_one_alone() {
    let (mut host, wire, _) = Host::connected();
    let mut wire = announcement(wire);
    host.receive(&wire.take()).expect("legal");
    host.events.clear();

    wire = wire.command(FIRST, &publish("other"));
    host.session.receive(&wire.take()).expect("legal");
    let Some(server::Event::Publish(request)) = host.session.poll_event() else {
        panic!("the caller decides");
    };
    assert_eq!(request.name, "other");
    let status = error_status(StatusCode::PublishBadName, "once is enough");
    host.session.reject_publish(&request, &status);

    wire = audio(wire, FIRST, 60);
    host.receive(&wire.take()).expect("legal");
    let audio = media(MediaKind::Audio, FIRST, 60, &[0xAF, 1]);
    assert_eq!(host.events, [server::Event::Media(audio)]);
}

#[test]
fn a_closed_or_deleted_stream_publishes_no_more() {
    for (on, close, stays) in [
        (FIRST, Command::new("closeStream", 0.0), true),
        (
            StreamId(0),
            Command::new("deleteStream", 0.0).argument(1.0),
            false,
        ),
    ] {
        let (mut host, wire, mut sent) = Host::connected();
        let wire = announcement(wire).command(on, &close);
        let mut wire = audio(wire, FIRST, 0).command(FIRST, &publish("again"));
        host.receive(&wire.take()).expect("legal");
        assert_eq!(host.events[4], server::Event::Closed(FIRST));
        assert_eq!(
            host.events[5],
            server::Event::Ignored(Ignored::ForeignStream(FIRST))
        );
        let again = matches!(&host.events[6], server::Event::Publish(r) if r.stream == FIRST);
        assert_eq!(again, stays, "{close:?}");
        let out = all_output(&mut host.session);
        assert!(
            !sent
                .lines(&out)
                .iter()
                .any(|line| line.contains("deleteStream"))
        );
    }
}

#[test]
fn other_calls_of_publishers_are_answered_only_if_they_want_an_answer() {
    let (mut host, mut wire, mut sent) = Host::connected();
    for (name, transaction) in [
        ("FCUnpublish", 6.0),
        ("_checkbw", 7.0),
        ("whatever", 8.0),
        ("whatever", 0.0),
        ("_result", 10.0),
        ("_error", 11.0),
    ] {
        wire = wire.command(StreamId(0), &Command::new(name, transaction));
    }
    host.receive(&wire.take()).expect("legal");
    assert_eq!(host.events.len(), 6);
    let out = all_output(&mut host.session);
    assert_eq!(
        sent.lines(&out),
        [
            "3/0 @0 _result 6 null undefined",
            "3/0 @0 _result 7 null undefined",
            "3/0 @0 _result 8 null undefined",
        ]
    );
}

#[test]
fn a_publishers_bytes_are_acknowledged() {
    let (mut host, mut wire, mut sent) = Host::connected();
    wire = announcement(wire);
    host.receive(&wire.take()).expect("legal");
    sent.messages(&all_output(&mut host.session));

    wire = wire.message(VIDEO_CSID, FIRST, MessageType::Video, 0, &[1; 1_300_000]);
    host.receive(&wire.take()).expect("legal");

    let total = host.session.counters().in_bytes_total;
    let out = all_output(&mut host.session);
    assert_eq!(
        sent.lines(&out),
        [format!("2/0 @0 Acknowledgement({total})")]
    );
    assert_eq!(host.session.counters().in_bytes_acked, total);
}
