// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Script data: what of it the application and downstream hear, and when.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;

use crate::HANG;
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, send_headers, tag};
use crate::player::{Player, bytes, is_frame};
use crate::server::{Peer, Server};

fn body(values: &[Value]) -> Vec<u8> {
    amf0::encode_all(values).to_vec()
}

fn script(name: &str, value: impl Into<Value>) -> Vec<u8> {
    body(&[name.into(), value.into()])
}

fn end(peer: &mut Peer, stream: StreamId) {
    peer.session.end_play(stream);
    peer.close();
}

/// `onMetaData` for both kinds, as an encoder writes it.
fn metadata(title: &str) -> Vec<u8> {
    let object = Object::new()
        .with("videocodecid", 7.0)
        .with("audiocodecid", 10.0)
        .with("videodatarate", 1000.0)
        .with("encoder", "Lavf59")
        .with("title", title);
    script("onMetaData", object)
}

/// What happens in the streaming thread, in order, one line each.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn note(&self, line: String) {
        self.0.lock().expect("not poisoned").push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").clone()
    }

    /// Notes buffers and tags of the source and the messages that it posts.
    fn follow(&self, pipeline: &gst::Pipeline, source: &gst::Element) {
        let pad = source.static_pad("src").expect("the pad");
        let journal = self.clone();
        let mask = gst::PadProbeType::BUFFER
            | gst::PadProbeType::BUFFER_LIST
            | gst::PadProbeType::EVENT_DOWNSTREAM;
        pad.add_probe(mask, move |_, info| {
            match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => journal.note(line(buffer)),
                Some(gst::PadProbeData::BufferList(list)) => {
                    for buffer in list.iter() {
                        journal.note(line(buffer));
                    }
                }
                Some(gst::PadProbeData::Event(event)) => match event.view() {
                    gst::EventView::Segment(_) => journal.note("segment".to_owned()),
                    gst::EventView::Tag(tag) => {
                        let tags = tag.tag();
                        let title = tags.get::<gst::tags::Title>().expect("a title");
                        journal.note(format!("tags {}", title.get()));
                    }
                    _ => {}
                },
                _ => {}
            }
            gst::PadProbeReturn::Ok
        });
        let journal = self.clone();
        let bus = pipeline.bus().expect("a bus");
        bus.set_sync_handler(move |_, message| {
            if let Some(structure) = message.structure()
                && structure.name() == "script-data"
            {
                let name = structure.get::<&str>("name").expect("a name");
                let time = structure.get::<u64>("timestamp").expect("a time") / 1_000_000;
                journal.note(format!("message {name} {time}"));
            }
            gst::BusSyncReply::Pass
        });
    }
}

/// The kind of tag in a buffer, and its DTS in ms.
fn line(buffer: &gst::BufferRef) -> String {
    let map = buffer.map_readable().expect("readable");
    let kind = match map.first() {
        Some(8) => "audio",
        Some(9) => "video",
        Some(18) => "script",
        _ => "header",
    };
    let time = buffer.dts().map_or(0, gst::ClockTime::mseconds);
    format!("{kind} {time}")
}

/// Every kind of script data, in headers held back and in the stream.
fn eventful(peer: &mut Peer, stream: StreamId) {
    peer.media(
        stream,
        MediaKind::Data,
        0,
        &body(&["|RtmpSampleAccess".into(), true.into()]),
    );
    peer.media(stream, MediaKind::Data, 0, &metadata("one"));
    peer.media(
        stream,
        MediaKind::Data,
        0,
        &script("onFI", Object::new().with("sd", "d")),
    );
    peer.media(stream, MediaKind::Video, 0, AVC_HEADER);
    peer.media(stream, MediaKind::Video, 5000, KEYFRAME);
    peer.media(
        stream,
        MediaKind::Data,
        5010,
        &script("onCuePoint", Object::new().with("t", 1.0)),
    );
    peer.media(stream, MediaKind::Audio, 5020, AAC);
    peer.media(stream, MediaKind::Data, 5030, &metadata("one"));
    peer.media(stream, MediaKind::Data, 5030, &metadata("two"));
    let inside = script("onTextData", Object::new().with("text", "hi"));
    let parts = [tag(9, 100, INTER), tag(18, 110, &inside), tag(8, 120, AAC)].concat();
    peer.media(stream, MediaKind::Aggregate, 5040, &parts);
    end(peer, stream);
}

#[test]
fn messages_and_tags_stand_before_the_buffer_that_holds_their_data() {
    for num_buffers in [-1, 100] {
        let server = Server::playing(eventful);
        let player = Player::new(&server.location());
        // Counting buffers is done one by one, otherwise they come in lists.
        player.source.set_property("num-buffers", num_buffers);
        let journal = Journal::default();
        journal.follow(&player.pipeline, &player.source);
        player.play();
        player.rest();
        assert_eq!(
            journal.lines(),
            [
                "segment",
                "header 5000",
                "message onMetaData 5000",
                "tags one",
                "script 5000",
                "message onFI 5000",
                "script 5000",
                "video 5000",
                // It begins with the first frame.
                "segment",
                "video 5000",
                "message onCuePoint 5010",
                "script 5010",
                "audio 5020",
                "message onMetaData 5030",
                "script 5030",
                "message onMetaData 5030",
                "tags two",
                "script 5030",
                "video 5040",
                "message onTextData 5050",
                "script 5050",
                "audio 5060",
            ]
        );
    }
}

#[test]
fn messages_hold_the_values_and_times() {
    let parameters = Object::new().with("id", 7.0).with("2.1", true);
    let cue = Object::new()
        .with("name", "é")
        .with("none", Value::Null)
        .with("when", Value::Date(1_700_000_000_000.0))
        .with("parameters", Value::EcmaArray(parameters))
        .with("list", Value::StrictArray(vec![1.0.into(), 2.0.into()]));
    let messages = [
        script("onCuePoint", cue),
        body(&["onTwo".into(), "a".into(), Value::Null, 3.0.into()]),
        body(&["onNothing".into()]),
        [script("onDamaged", 1.0), vec![2, 0, 9]].concat(),
        script("onNul", "a\0b"),
    ];
    let server = Server::playing(move |peer, stream| {
        peer.media(stream, MediaKind::Video, 1000, AVC_HEADER);
        peer.media(stream, MediaKind::Audio, 1000, AAC_HEADER);
        peer.media(stream, MediaKind::Video, 1000, KEYFRAME);
        for message in &messages {
            peer.media(stream, MediaKind::Data, 1250, message);
        }
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();

    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("name"), Ok("onCuePoint"));
    assert_eq!(message.get::<u64>("timestamp"), Ok(1_250_000_000));
    // The key frame is presented, and begins the segment, 40 ms behind its DTS.
    assert_eq!(message.get::<u64>("running-time"), Ok(210_000_000));
    assert!(!message.has_field("values") && !message.has_field("truncated"));
    let cue = message.get::<gst::Structure>("value").expect("an object");
    assert_eq!(cue.n_fields(), 4);
    assert_eq!(cue.get::<&str>("name"), Ok("é"));
    let when = cue.get::<gst::DateTime>("when").expect("a date");
    assert_eq!(
        when.to_iso8601_string().expect("text"),
        "2023-11-14T22:13:20Z"
    );
    let parameters = cue.get::<gst::Structure>("parameters").expect("an object");
    assert_eq!(parameters.get::<f64>("id"), Ok(7.0));
    assert_eq!(parameters.get::<bool>("2.1"), Ok(true));
    let list = cue.get::<gst::Array>("list").expect("an array");
    let list: Vec<_> = list.iter().map(|one| one.get::<f64>()).collect();
    assert_eq!(list, [Ok(1.0), Ok(2.0)]);

    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("value"), Ok("a"));
    let values = message.get::<gst::Array>("values").expect("three");
    let values: Vec<gst::Structure> = values.iter().map(|one| one.get().expect("one")).collect();
    assert_eq!(values[0].get::<&str>("value"), Ok("a"));
    assert!(!values[1].has_field("value"));
    assert_eq!(values[2].get::<f64>("value"), Ok(3.0));

    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("name"), Ok("onNothing"));
    assert_eq!(message.n_fields(), 3);

    let message = player.element_message("script-data");
    assert_eq!(message.get::<f64>("value"), Ok(1.0));
    assert!(message.has_field("truncated"));

    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("value"), Ok("a\u{FFFD}b"));
}

#[test]
fn amf3_script_data_becomes_a_message_and_an_amf0_tag() {
    // AMF3 {code: "ok", b: byte array 01}
    let value = [
        0x11, 0x0A, 0x0B, 1, 9, 0x63, 0x6F, 0x64, 0x65, 6, 5, 0x6F, 0x6B, 3, 0x62, 0x0C, 3, 1, 1,
    ];
    let amf3 = [&[0][..], &body(&["onTextData".into()]), &value].concat();
    let damaged = [
        &[0][..],
        &body(&["onDamaged".into(), 1.0.into()]),
        &[0x11, 0x0A],
    ]
    .concat();
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::DataAmf3, 20, &amf3);
        peer.media(stream, MediaKind::DataAmf3, 30, &damaged);
        peer.media(stream, MediaKind::Audio, 40, AAC);
        end(peer, stream);
    });
    let player = Player::new(&server.location());
    player.play();
    let metadata = player.element_message("script-data");
    assert_eq!(metadata.get::<&str>("name"), Ok("onMetaData"));
    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("name"), Ok("onTextData"));
    let value = message.get::<gst::Structure>("value").expect("an object");
    assert_eq!(value.get::<&str>("code"), Ok("ok"));
    let bytes_value = value.get::<glib::Bytes>("b").expect("bytes");
    assert_eq!(&bytes_value[..], [1]);
    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("name"), Ok("onDamaged"));
    assert_eq!(message.get::<f64>("value"), Ok(1.0));
    assert!(message.has_field("truncated"));

    let buffers = player.rest();
    let plain = Object::new().with("code", "ok").with("b", Value::Null);
    let expected = tag(18, 20, &script("onTextData", plain));
    assert_eq!(bytes(&buffers[5..6]), expected);
    assert_eq!(buffers.len(), 7, "no tag for what is damaged");
}

#[test]
fn hostile_script_data_is_cut_and_the_stream_goes_on() {
    let mut deep = Value::from("\"deep\" \\ value");
    for _ in 0..31 {
        deep = Object::new().with("o", deep).into();
    }
    let members: Object = (0..20_000)
        .map(|n| (format!("rtmpr hostile {n}"), 1.0))
        .collect();
    let nulls = [
        &body(&["onNulls".into()])[..],
        &[0x0A, 0, 0x0F, 0, 0],
        &[5; 0x0F_0000],
    ]
    .concat();
    let messages = [
        script("onDeep", deep),
        script("onWide", members),
        nulls,
        body(&["a\0\u{1}é".into(), Value::Date(f64::NAN)]),
    ];
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        for message in &messages {
            peer.media(stream, MediaKind::Data, 0, message);
        }
        peer.media(stream, MediaKind::Audio, 40, AAC);
        end(peer, stream);
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 5 + 4 + 1);
    player.element_message("script-data");
    for name in ["onDeep", "onWide", "onNulls"] {
        let message = player.element_message("script-data");
        assert_eq!(message.get::<&str>("name"), Ok(name));
        assert!(message.has_field("truncated"), "{name}");
        assert!(message.to_string().len() < 4 << 20, "{name}");
    }
    let message = player.element_message("script-data");
    assert_eq!(message.get::<&str>("name"), Ok("a\u{FFFD}\u{1}é"));
}

/// A pipeline that is stopped also if its test fails.
struct Launched(gst::Pipeline);

impl std::ops::Deref for Launched {
    type Target = gst::Pipeline;

    fn deref(&self) -> &gst::Pipeline {
        &self.0
    }
}

impl Drop for Launched {
    fn drop(&mut self) {
        let _ = self.0.set_state(gst::State::Null);
    }
}

/// A pipeline and its source, which is called `s` in the description.
fn launch(description: &str) -> (Launched, gst::Element) {
    crate::init();
    let pipeline = gst::parse::launch(description).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    let source = pipeline.by_name("s").expect("the source");
    (Launched(pipeline), source)
}

fn wait_for_end(pipeline: &gst::Pipeline) {
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().expect("a bus");
    let message = bus.timed_pop_filtered(timeout, &wanted).expect("an end");
    assert_eq!(message.type_(), gst::MessageType::Eos, "{message:?}");
}

#[test]
fn a_sink_posts_the_tags_of_the_metadata() {
    let server = Server::playing(eventful);
    let location = server.location();
    let (pipeline, _) = launch(&format!("rtmprsrc name=s location={location} ! fakesink"));
    pipeline.set_state(gst::State::Playing).expect("it starts");
    let bus = pipeline.bus().expect("a bus");
    let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
    for title in ["one", "two"] {
        let message = bus
            .timed_pop_filtered(timeout, &[gst::MessageType::Tag])
            .expect("tags");
        let gst::MessageView::Tag(message) = message.view() else {
            panic!("{message:?}");
        };
        let tags = message.tags();
        assert_eq!(tags.scope(), gst::TagScope::Global);
        let text =
            |value: Option<gst::tags::TagValue<&str>>| value.map(|text| text.get().to_owned());
        assert_eq!(text(tags.get::<gst::tags::Title>()).as_deref(), Some(title));
        assert_eq!(
            text(tags.get::<gst::tags::Encoder>()).as_deref(),
            Some("Lavf59")
        );
        assert_eq!(
            text(tags.get::<gst::tags::VideoCodec>()).as_deref(),
            Some("H.264 (AVC)")
        );
        assert_eq!(
            text(tags.get::<gst::tags::AudioCodec>()).as_deref(),
            Some("AAC")
        );
        let bitrate = tags
            .get::<gst::tags::NominalBitrate>()
            .map(|rate| rate.get());
        assert_eq!(bitrate, Some(1_000_000));
    }
    wait_for_end(&pipeline);
}

/// Metadata that changes at every place of a stream: before and between the
/// headers, before the first frame of each kind, and among frames.
fn changing(peer: &mut Peer, stream: StreamId) {
    let mut count = 0;
    let mut change = |peer: &mut Peer, time| {
        count += 1;
        peer.media(
            stream,
            MediaKind::Data,
            time,
            &metadata(&format!("title {count}")),
        );
    };
    for (time, kind, body) in [
        (0, MediaKind::Video, AVC_HEADER),
        (0, MediaKind::Audio, AAC_HEADER),
        (7000, MediaKind::Video, KEYFRAME),
        (7010, MediaKind::Audio, AAC),
        (7040, MediaKind::Video, INTER),
        (7080, MediaKind::Video, INTER),
    ] {
        change(peer, time);
        // Apart from each other, so that nothing is held back together.
        peer.flush();
        peer.media(stream, kind, time, body);
    }
    change(peer, 7080);
    end(peer, stream);
}

#[test]
fn flvdemux_takes_tags_wherever_they_come() {
    let server = Server::playing(changing);
    let (pipeline, source) = launch(&format!(
        "rtmprsrc name=s location={} ! flvdemux name=d  \
         d.video ! queue ! fakesink  d.audio ! queue ! fakesink",
        server.location()
    ));
    let journal = Journal::default();
    journal.follow(&pipeline, &source);
    pipeline.set_state(gst::State::Playing).expect("it starts");
    wait_for_end(&pipeline);
    let tags = journal
        .lines()
        .iter()
        .filter(|line| line.starts_with("tags"))
        .count();
    assert_eq!(tags, 7);
}

#[test]
fn running_time_is_that_of_a_frame_with_the_same_time_behind_flvdemux() {
    const START: &[u8] = &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 0x88];
    // One start is presented later than it is decoded, the others at once.
    for (first, start, is_live) in [
        (0u32, START, false),
        (5000, START, false),
        (3_600_000, START, false),
        (5000, KEYFRAME, false),
        (5000, START, true),
        (3_600_000, KEYFRAME, true),
    ] {
        let server = Server::playing(move |peer, stream| {
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, first, start);
            for i in 1..5 {
                let time = first + i * 40;
                peer.media(stream, MediaKind::Audio, time - 10, AAC);
                peer.media(
                    stream,
                    MediaKind::Data,
                    time,
                    &script("onCuePoint", f64::from(i)),
                );
                peer.media(stream, MediaKind::Video, time, INTER);
            }
            end(peer, stream);
        });
        let (pipeline, _) = launch(&format!(
            "rtmprsrc name=s is-live={is_live} location={} ! flvdemux name=d  \
             d.video ! fakesink name=v sync=false async=false  \
             d.audio ! fakesink sync=false async=false",
            server.location()
        ));
        let frames = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&frames);
        let sink = pipeline.by_name("v").expect("the sink");
        let pad = sink.static_pad("sink").expect("its pad");
        pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
            let time = info
                .buffer()
                .and_then(|buffer| buffer.pts())
                .expect("a time");
            let segment = pad
                .sticky_event::<gst::event::Segment>(0)
                .expect("a segment");
            let segment = segment.segment().downcast_ref::<gst::ClockTime>();
            let running = segment
                .expect("times")
                .to_running_time(time)
                .expect("inside");
            let pair = (time.nseconds(), running.nseconds());
            seen.lock().expect("not poisoned").push(pair);
            gst::PadProbeReturn::Ok
        });
        let messages = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&messages);
        pipeline
            .bus()
            .expect("a bus")
            .set_sync_handler(move |_, message| {
                if let Some(structure) = message.structure()
                    && structure.get::<&str>("name") == Ok("onCuePoint")
                {
                    let field = |name| structure.get::<u64>(name).expect("a time");
                    let pair = (field("timestamp"), field("running-time"));
                    seen.lock().expect("not poisoned").push(pair);
                }
                gst::BusSyncReply::Pass
            });
        pipeline.set_state(gst::State::Playing).expect("it starts");
        wait_for_end(&pipeline);
        let frames = frames.lock().expect("not poisoned").clone();
        assert_eq!(frames.len(), 5);
        let messages = messages.lock().expect("not poisoned");
        if !is_live {
            assert_eq!(frames[1..], *messages);
            continue;
        }
        // The frames have the pipeline's times, the messages also the sender's.
        let running = |pairs: &[(u64, u64)]| pairs.iter().map(|pair| pair.1).collect::<Vec<_>>();
        assert_eq!(running(&frames[1..]), running(&messages));
    }
}

#[test]
fn frames_of_a_sender_that_tells_the_date_carry_it() {
    for is_live in [false, true] {
        let server = Server::playing(|peer, stream| {
            send_headers(peer, stream, 0);
            peer.media(stream, MediaKind::Video, 90_000, KEYFRAME);
            let date = Object::new()
                .with("sd", "16-01-2011")
                .with("st", "15:20:00.500");
            let said = amf0::encode_all([&Value::from("onFI"), &Value::from(date)]);
            peer.media(stream, MediaKind::Data, 90_000, &said);
            peer.media(stream, MediaKind::Audio, 90_010, AAC);
            peer.media(stream, MediaKind::Video, 90_040, INTER);
            peer.session.end_play(stream);
            peer.serve();
        });
        let player = Player::new(&server.location());
        player.source.set_property("is-live", is_live);
        player.play();
        let buffers = player.rest();
        let frames: Vec<_> = buffers.iter().filter(|buffer| is_frame(buffer)).collect();
        let caps = gst::Caps::new_empty_simple("timestamp/x-unix");
        let dates = frames.iter().filter_map(|frame| {
            let meta = frame.meta::<gst::ReferenceTimestampMeta>()?;
            assert_eq!(meta.reference(), caps.as_ref());
            Some(meta.timestamp().mseconds())
        });
        // The data message is told in front of its tag, which is a frame of neither kind.
        let first = 1_295_191_200_500;
        assert_eq!(Vec::from_iter(dates), [first + 10, first + 40], "{is_live}");
    }
}
