// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV in, however it is cut; and what is none.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::session::MediaKind;

use super::sender::{Came, Sender, wrapped_metadata};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, metadata, tag};
use crate::server::Server;

/// A server that tells what has come.
fn recorder() -> (Server, mpsc::Receiver<Vec<Came>>) {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    (server, told)
}

/// Tags of a stream with a large picture, and the messages that they must become.
fn stream() -> (Vec<Vec<u8>>, Vec<Came>) {
    let large = [KEYFRAME, &[7; 100_000]].concat();
    let bodies: [(u8, u32, &[u8]); 7] = [
        (18, 0, &metadata()),
        (9, 0, AVC_HEADER),
        (8, 0, AAC_HEADER),
        (9, 0, &large),
        (8, 7, AAC),
        (9, 40, INTER),
        (8, 30, AAC),
    ];
    let tags = bodies
        .map(|(kind, time, body)| tag(kind, time, body))
        .to_vec();
    let messages = bodies.map(|(kind, time, body)| match kind {
        8 => (MediaKind::Audio, time, body.to_vec()),
        9 => (MediaKind::Video, time, body.to_vec()),
        _ => (MediaKind::Data, time, wrapped_metadata()),
    });
    (tags, messages.to_vec())
}

/// The header of a file with both, and its first back pointer.
const FILE_HEADER: &[u8] = b"FLV\x01\x05\0\0\0\x09\0\0\0\0";

#[test]
fn tags_arrive_however_the_buffers_are_cut() {
    let (tags, messages) = stream();
    let bytes = [FILE_HEADER, &tags.concat()].concat();
    for size in [1000, 1, 13, 4096, 65_536, usize::MAX] {
        let (server, told) = recorder();
        let sender = Sender::start(&server.location());
        for part in bytes.chunks(size.min(bytes.len())) {
            // Each byte by itself would take long for the large picture.
            match size {
                1 if part.len() == bytes.len() => {}
                _ => sender.push(part),
            }
        }
        sender.finish();
        assert_eq!(told.recv(), Ok(messages.clone()), "{size}");
    }
}

#[test]
fn buffer_lists_are_taken() {
    let (tags, messages) = stream();
    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    let parts: Vec<&[u8]> = tags.iter().map(Vec::as_slice).collect();
    sender.push_list(&parts);
    sender.finish();
    assert_eq!(told.recv(), Ok(messages));
}

#[test]
fn a_file_is_published_with_filesrc() {
    let (tags, messages) = stream();
    let file = std::env::temp_dir().join(format!("rtmpr-publish-{}.flv", std::process::id()));
    std::fs::write(&file, [FILE_HEADER, &tags.concat()].concat()).expect("a file");
    let (server, told) = recorder();
    crate::init();
    let description = format!(
        "filesrc location={} blocksize=777 ! rtmprsink location={}",
        file.display(),
        server.location()
    );
    let pipeline = gst::parse::launch(&description).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    assert_eq!(told.recv(), Ok(messages));
    pipeline.set_state(gst::State::Null).expect("it stops");
    std::fs::remove_file(file).expect("it was there");
}

#[test]
fn the_stream_header_of_the_caps_is_sent_where_the_stream_has_none() {
    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    let pad = sender.sink.static_pad("sink").expect("a pad");
    let headers = [FILE_HEADER.to_vec()]
        .into_iter()
        .chain([tag(18, 0, &metadata()), tag(9, 0, AVC_HEADER)])
        .map(|bytes| gst::Buffer::from_slice(bytes).to_send_value());
    let caps = gst::Caps::builder("video/x-flv")
        .field("streamheader", gst::Array::from_values(headers))
        .build();
    pad.send_event(gst::event::StreamStart::new("x"));
    pad.send_event(gst::event::Caps::new(&caps));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    pad.send_event(gst::event::Segment::new(&segment));
    // The muxer repeats one of them.
    for body in [AVC_HEADER, KEYFRAME, INTER] {
        let buffer = gst::Buffer::from_slice(tag(9, 0, body));
        pad.chain(buffer).expect("it is taken");
    }
    pad.send_event(gst::event::Eos::new());
    let bodies: Vec<_> = told
        .recv()
        .expect("media")
        .into_iter()
        .map(|came| came.2)
        .collect();
    let expected = [
        wrapped_metadata(),
        AVC_HEADER.to_vec(),
        KEYFRAME.to_vec(),
        INTER.to_vec(),
    ];
    assert_eq!(bodies, expected);
}

#[test]
fn metadata_is_made_from_tags_where_the_muxer_gives_none() {
    use gstrtmpr::rtmp::amf::Value;
    use gstrtmpr::rtmp::message::MessageType;

    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    let pad = sender.sink.static_pad("sink").expect("a pad");
    let mut tags = gst::TagList::new();
    tags.make_mut()
        .add::<gst::tags::Title>(&"The title", gst::TagMergeMode::Replace);
    pad.send_event(gst::event::StreamStart::new("x"));
    let caps = gst::Caps::builder("video/x-flv").build();
    pad.send_event(gst::event::Caps::new(&caps));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    pad.send_event(gst::event::Segment::new(&segment));
    pad.send_event(gst::event::Tag::new(tags));
    for body in [AVC_HEADER, KEYFRAME] {
        let buffer = gst::Buffer::from_slice(tag(9, 0, body));
        pad.chain(buffer).expect("it is taken");
    }
    pad.send_event(gst::event::Eos::new());
    let media = told.recv().expect("media");
    assert_eq!(media.len(), 3);
    let (kind, _, body) = &media[0];
    assert_eq!(*kind, MediaKind::Data);
    let (values, error) = gstrtmpr::rtmp::command::decode_values(MessageType::DataAmf0, body);
    assert!(error.is_none());
    let names: Vec<_> = values.iter().filter_map(Value::as_str).collect();
    assert_eq!(names, ["@setDataFrame", "onMetaData"]);
    let metadata = values.iter().find_map(Value::as_object).expect("members");
    assert_eq!(
        metadata.get("title").and_then(Value::as_str),
        Some("The title")
    );
}

#[test]
fn what_is_no_flv_is_an_error_behind_what_came_before() {
    let (tags, messages) = stream();
    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    sender.wait_for_phase("publishing");
    for tag in &tags {
        sender.push(tag);
    }
    sender.push(&[0xFF; 64]);
    let error = sender.error();
    assert!(error.matches(gst::StreamError::Demux), "{error:?}");
    assert!(error.message().contains("flvmux"), "{error:?}");
    sender.wait_for(|stats| stats.get::<u64>("audio-messages") == Ok(3));
    drop(sender);
    assert_eq!(told.recv(), Ok(messages));
}

#[test]
fn an_end_within_a_tag_is_a_warning() {
    let (tags, messages) = stream();
    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    let bytes = tags.concat();
    sender.push(&bytes[..bytes.len() - 6]);
    sender.end();
    let bus = sender.pipeline.bus().expect("a bus");
    let timeout = gst::ClockTime::try_from(crate::HANG).expect("a short time");
    let warning = bus.timed_pop_filtered(timeout, &[gst::MessageType::Warning]);
    assert!(warning.is_some());
    let media = told.recv().expect("media");
    assert_eq!(media, messages[..messages.len() - 1]);
}

#[test]
fn enhanced_rtmp_passes_unharmed() {
    let bodies: [(u8, &[u8]); 9] = [
        (9, b"\x90hvc1\x01\x02"),
        (9, b"\x91hvc1\0\0\x28\0\0\0\x02\x26\x01"),
        (9, b"\xA3hvc1\0\0\0\x02\x02\x01"),
        // ModEx with nanoseconds in front of coded frames.
        (9, b"\xA7\x02\x01\x02\x03\x03av01data"),
        // One track, and many.
        (9, b"\xA6\x03vp09\x01data"),
        (9, b"\xA6\x13av01\0\0\0\x02ab\x01\0\0\x02cd"),
        (8, b"\x90OpusOpusHead"),
        (8, b"\x91OpusX"),
        (8, b"\x95\x01fLaC\x01x"),
    ];
    let (server, told) = recorder();
    let sender = Sender::start(&server.location());
    for (kind, body) in bodies {
        sender.push(&tag(kind, 0, body));
    }
    // What nobody can read goes on as well.
    sender.push(&tag(9, 0, b"\x9Fnone"));
    sender.finish();
    let came: Vec<_> = told
        .recv()
        .expect("media")
        .into_iter()
        .map(|came| came.2)
        .collect();
    let mut expected: Vec<_> = bodies.iter().map(|(_, body)| body.to_vec()).collect();
    expected.push(b"\x9Fnone".to_vec());
    assert_eq!(came, expected);
}
