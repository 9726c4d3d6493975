// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The steps of a publish, in their order, and what is said at the end.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::message::ProtocolControl;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;

use super::sender::{Sender, came, wrapped_metadata};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME};
use crate::server::{Peer, Server};

/// Serves a publish to its end, and tells its steps.
fn serve(peer: &mut Peer) -> Vec<String> {
    let mut steps = Vec::new();
    while let Some(event) = peer.next_event() {
        match event {
            Event::Connect(request) => {
                steps.push(format!("connect {}", request.app()));
                let member = |name: &str| request.properties.get(name).and_then(Value::as_str);
                assert_eq!(member("type"), Some("nonprivate"));
                let version = member("flashVer").expect("a version");
                assert!(version.starts_with("FMLE/3.0"), "{version}");
                assert!(request.capabilities().is_some());
                peer.session.accept_connect(&request, 4096);
            }
            Event::Control(ProtocolControl::SetChunkSize(size)) => {
                steps.push(format!("chunk size {size}"));
            }
            Event::Called(command) => {
                let named = command.arguments.first().and_then(Value::as_str);
                steps.push(format!("{} {}", command.name, named.unwrap_or_default()));
            }
            Event::StreamCreated(stream) => steps.push(format!("createStream {stream}")),
            Event::Publish(request) => {
                let kind = request.arguments.first().and_then(Value::as_str);
                let kind = kind.unwrap_or_default();
                steps.push(format!("publish {} {kind}", request.name));
                peer.session.accept_publish(&request);
            }
            Event::Media(media) => {
                let (kind, time, body) = came(&media);
                steps.push(format!("{kind:?} {time} {}", body.len()));
            }
            Event::Closed(stream) => steps.push(format!("closed {stream}")),
            _ => {}
        }
    }
    steps
}

/// What is sent between `publish` and the end.
fn media_steps() -> Vec<String> {
    let metadata = wrapped_metadata();
    [
        ("Data", 0, metadata.as_slice()),
        ("Video", 0, AVC_HEADER),
        ("Audio", 0, AAC_HEADER),
        ("Video", 0, KEYFRAME),
        ("Audio", 1, AAC),
        ("Video", 40, INTER),
        ("Audio", 41, AAC),
    ]
    .into_iter()
    .map(|(kind, time, body)| format!("{kind} {time} {}", body.len()))
    .collect()
}

fn steps_with(sender: impl Fn(&str) -> Sender) -> Vec<String> {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        let _ = tell.send(serve(peer));
    });
    let sender = sender(&server.location());
    sender.play();
    sender.push_headers();
    sender.push_group(0, 2);
    sender.finish();
    // All of it has come before the end was told: the server need not be waited for.
    let steps = told.recv().expect("the script ends");
    drop(sender);
    steps
}

#[test]
fn every_step_is_there_and_in_order() {
    let mut expected: Vec<String> = [
        "connect app",
        "chunk size 65536",
        "releaseStream stream",
        "FCPublish stream",
        "createStream 1",
        "publish stream live",
    ]
    .map(str::to_owned)
    .to_vec();
    expected.extend(media_steps());
    expected.extend(["FCUnpublish stream", "closed 1"].map(str::to_owned));
    assert_eq!(steps_with(Sender::new), expected);
}

#[test]
fn stop_commands_and_publish_type_are_as_set() {
    let steps = steps_with(|location| {
        Sender::new(location)
            .set_from_str("stop-commands", "closestream+deletestream+fcunpublish")
            .set_from_str("publish-type", "append")
            .set("chunk-size", 4096u32)
    });
    assert!(
        steps.contains(&"publish stream append".to_owned()),
        "{steps:?}"
    );
    assert!(steps.contains(&"chunk size 4096".to_owned()), "{steps:?}");
    let end = &steps[steps.len() - 3..];
    assert_eq!(end, ["FCUnpublish stream", "closed 1", "closed 1"]);

    let steps = steps_with(|location| {
        Sender::new(location)
            .set_from_str("stop-commands", "0")
            .set_from_str("publish-type", "record")
    });
    assert!(
        steps.contains(&"publish stream record".to_owned()),
        "{steps:?}"
    );
    assert_eq!(steps.last(), media_steps().last(), "nothing is said");
}

#[test]
fn a_stop_without_an_end_says_good_bye_as_well() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        let _ = tell.send(serve(peer));
    });
    let sender = Sender::start(&server.location());
    sender.push_headers();
    sender.push_group(0, 2);
    sender.wait_for(|stats| stats.get::<u64>("audio-messages") == Ok(3));
    drop(sender);
    let steps = told.recv().expect("the script ends");
    let end = &steps[steps.len() - 2..];
    assert_eq!(end, ["FCUnpublish stream", "closed 1"]);
}

#[test]
fn the_chunk_size_can_be_changed_while_it_runs() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        let _ = tell.send(serve(peer));
    });
    let sender = Sender::start(&server.location());
    sender.push_headers();
    sender.push_group(0, 1);
    sender.wait_for(|stats| stats.get::<u64>("audio-messages") == Ok(2));
    sender.sink.set_property("chunk-size", 1000u32);
    sender.sink.set_property("peak-kbps", 8000u32);
    sender.push_group(40, 1);
    sender.finish();
    let steps = told.recv().expect("the script ends");
    let change = steps.iter().position(|step| step == "chunk size 1000");
    let change = change.expect("it was announced");
    assert!(steps[change + 1].starts_with("Video 40"), "{steps:?}");
    assert_eq!(sender.stats().get::<u32>("out-chunk-size"), Ok(1000));
}

#[test]
fn connecting_waits_for_the_first_buffer_if_it_is_to() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media().len());
        }
    });
    let sender = Sender::new(&server.location()).set("async-connect", false);
    sender.play();
    assert_eq!(sender.stats().get::<u32>("connections"), Ok(0));
    sender.push_headers();
    sender.push_group(0, 3);
    sender.finish();
    assert_eq!(told.recv(), Ok(9));
}

#[test]
fn an_end_without_anything_before_it_is_one() {
    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.rest_of_media();
        }
    });
    for is_async in [true, false] {
        let sender = Sender::new(&server.location()).set("async-connect", is_async);
        sender.play();
        sender.finish();
    }
}

#[test]
fn after_a_flush_another_stream_is_published() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    let sender = Sender::start(&server.location());
    sender.push_headers();
    sender.push_group(0, 3);
    sender.finish();
    assert_eq!(told.recv().map(|media| media.len()), Ok(9));
    let pad = sender.sink.static_pad("sink").expect("a pad");
    pad.send_event(gst::event::FlushStart::new());
    pad.send_event(gst::event::FlushStop::new(true));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    pad.send_event(gst::event::Segment::new(&segment));
    for bytes in [AVC_HEADER, KEYFRAME] {
        let tag = crate::media::tag(9, 7000, bytes);
        pad.chain(gst::Buffer::from_slice(tag))
            .expect("it is taken");
    }
    pad.send_event(gst::event::Eos::new());
    let media = told.recv().expect("another publish");
    let times: Vec<_> = media.iter().map(|(kind, time, _)| (*kind, *time)).collect();
    assert_eq!(times, [(MediaKind::Video, 0), (MediaKind::Video, 0)]);
}

#[test]
fn a_limited_bitrate_loses_nothing() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media().len());
        }
    });
    let sender = Sender::new(&server.location()).set("peak-kbps", 4000u32);
    sender.play();
    let large = [KEYFRAME, &[7; 60_000]].concat();
    for time in [0, 40, 80] {
        sender.push(&crate::media::tag(9, time, &large));
    }
    sender.finish();
    assert_eq!(told.recv(), Ok(3));
}
