// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is announced of Enhanced RTMP, and what becomes of the answer.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::capabilities::{Capabilities, info};
use gstrtmpr::rtmp::chunk::COMMAND_CSID;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;

use crate::init;
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, KEYFRAME, send_headers, tag};
use crate::player::{Player, bytes};
use crate::server::{Peer, Server};

/// HEVC sequence header in the extended form: an hvcC without arrays.
const HEVC_HEADER: &[u8] =
    b"\x90hvc1\x01\x01\x60\0\0\0\x90\0\0\0\0\0\x5D\xF0\0\xFC\xFD\xF8\xF8\0\0\x0F\0";

/// An HEVC key frame that is presented when it is decoded.
const HEVC_KEYFRAME: &[u8] = b"\x93hvc1\0\0\0\x02\x26\x01";

const VIDEO: [&str; 6] = ["avc1", "hvc1", "vvc1", "av01", "vp08", "vp09"];
const AUDIO: [&str; 6] = ["mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"];

/// A player of `server` with this value of the property.
fn player(server: &Server, value: Option<&str>) -> Player {
    let player = Player::new(&server.location());
    if let Some(value) = value {
        player.source.set_property_from_str("enhanced-rtmp", value);
    }
    player
}

/// The `connect` object for a value of the property, and the `stats` then.
fn connect_object(value: Option<&str>) -> (Object, gst::Structure) {
    let seen: Arc<Mutex<Option<Object>>> = Arc::default();
    let slot = Arc::clone(&seen);
    let server = Server::start(move |peer| {
        let request = peer.connect_request();
        *slot.lock().expect("not poisoned") = Some(request.properties.clone());
        peer.session.accept_connect(&request, 4096);
        serve_avc(peer);
    });
    let player = player(&server, value);
    player.play();
    player.buffers(4);
    let stats = player.stats();
    let object = seen.lock().expect("not poisoned").take();
    (object.expect("the server was told"), stats)
}

/// Answers `play` with H.264 and AAC, for as long as the client stays.
fn serve_avc(peer: &mut Peer) {
    while let Some(event) = peer.next_event() {
        if let Event::Play(request) = event {
            peer.session.accept_play(&request);
            send_headers(peer, request.stream, 0);
            peer.media(request.stream, MediaKind::Video, 0, KEYFRAME);
        }
    }
}

/// The members behind `objectEncoding`, which is last without Enhanced RTMP.
fn announced(object: &Object) -> Vec<(&str, &Value)> {
    let mut members = object.iter();
    assert!(members.any(|(name, _)| name == "objectEncoding"));
    members.collect()
}

fn strings(stats: &gst::Structure, field: &str) -> Option<Vec<String>> {
    let array = stats.get::<gst::Array>(field).ok()?;
    let names = array.iter().map(|name| name.get().expect("a string"));
    Some(names.collect())
}

fn map(names: &[&str], bits: f64) -> Value {
    let map: Object = names.iter().map(|name| (*name, bits)).collect();
    map.into()
}

fn list(names: impl IntoIterator<Item = &'static str>) -> Value {
    Value::StrictArray(names.into_iter().map(Value::from).collect())
}

#[test]
fn none_announces_nothing() {
    let (object, stats) = connect_object(Some("none"));
    assert_eq!(announced(&object), []);
    for field in [
        "announced-fourccs",
        "server-video-fourccs",
        "server-audio-fourccs",
        "server-caps-ex",
    ] {
        assert!(!stats.has_field(field), "{field}");
    }
}

#[test]
fn all_announces_every_codec_by_name() {
    let (object, stats) = connect_object(Some("all"));
    assert_eq!(
        announced(&object),
        [
            ("capsEx", &Value::Number(7.0)),
            ("fourCcList", &list(VIDEO.into_iter().chain(AUDIO))),
            ("videoFourCcInfoMap", &map(&VIDEO, 5.0)),
            ("audioFourCcInfoMap", &map(&AUDIO, 5.0)),
        ]
    );
    let names = strings(&stats, "announced-fourccs").expect("they are shown");
    assert_eq!(names, [VIDEO, AUDIO].concat());
    assert!(stats.to_string().contains("hvc1"), "printed too: {stats}");
    assert!(
        !stats.has_field("server-caps-ex"),
        "the server said nothing"
    );
}

#[test]
fn auto_is_the_default_and_announces_what_flvdemux_reads() {
    init();
    let factory = gst::ElementFactory::find("flvdemux").expect("flvdemux");
    let knows_hevc = factory
        .static_pad_templates()
        .iter()
        .any(|template| template.caps().to_string().contains("video/x-h265"));

    let (object, stats) = connect_object(None);
    let reconnect = ("capsEx", &Value::Number(1.0));
    assert_eq!(announced(&object).first(), Some(&reconnect));
    let request = Capabilities::in_request(&object);
    let has_hevc = request.is_some_and(|request| request.has_video("hvc1"));
    assert_eq!(has_hevc, knows_hevc, "{object:?}");
    assert_eq!(stats.has_field("announced-fourccs"), knows_hevc);
    if !knows_hevc {
        assert_eq!(announced(&object), [reconnect]);
    }

    let (named, _) = connect_object(Some("auto"));
    assert_eq!(announced(&named), announced(&object));
}

#[test]
fn the_answer_is_in_the_statistics_until_the_next_start() {
    let server = Server::start(|peer| {
        let request = peer.connect_request();
        let own = Capabilities {
            audio: Capabilities::new([], ["Opus", "xyzw"], info::FORWARD, 0).audio,
            ..Capabilities::new(["*", "hvc1"], [], info::FORWARD, 3)
        };
        peer.session.set_capabilities(own);
        peer.session.accept_connect(&request, 4096);
        serve_avc(peer);
    });
    let player = player(&server, Some("all"));
    let answer = |stats: &gst::Structure| {
        (
            strings(stats, "server-video-fourccs"),
            strings(stats, "server-audio-fourccs"),
            stats.get::<u32>("server-caps-ex").ok(),
        )
    };
    let owned = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let expected = (owned(&["*", "hvc1"]), owned(&["Opus", "xyzw"]), Some(3));

    assert_eq!(answer(&player.stats()), (None, None, None));
    player.play();
    player.buffers(4);
    assert_eq!(answer(&player.stats()), expected);
    player.set_state(gst::State::Ready);
    assert_eq!(answer(&player.stats()), expected, "they stay");
    player.source.set_property_from_str("enhanced-rtmp", "none");
    player.play();
    player.buffers(4);
    assert_eq!(answer(&player.stats()), (None, None, None), "not asked");
    assert!(!player.stats().has_field("announced-fourccs"));
}

/// Answers `connect` with this information object, then plays.
fn answering(information: impl Fn() -> Object + Send + 'static) -> Server {
    Server::start(move |peer| {
        let request = peer.connect_request();
        let result = Command::new("_result", 1.0)
            .object(Object::new().with("fmsVer", "FMS/3,0,1,123"))
            .argument(information());
        peer.session
            .command(COMMAND_CSID, StreamId::CONNECTION, &result);
        // Comes second, so it is no answer to anything any more; without it
        // the session takes no further commands.
        peer.session.accept_connect(&request, 4096);
        serve_avc(peer);
    })
}

#[test]
fn an_answer_of_wrong_types_harms_nothing() {
    let server = answering(|| {
        Object::new()
            .with("code", "NetConnection.Connect.Success")
            .with("fourCcList", 7.0)
            .with("videoFourCcInfoMap", list(["hvc1"]))
            .with("audioFourCcInfoMap", "Opus")
            .with("capsEx", Object::new())
    });
    let player = player(&server, Some("all"));
    player.play();
    player.buffers(4);
    let stats = player.stats();
    assert!(!stats.has_field("server-video-fourccs"), "{stats:?}");
    assert!(!stats.has_field("server-caps-ex"), "{stats:?}");
}

#[test]
fn an_answer_of_endless_lists_harms_nothing() {
    let names = || (0..).map(|number: u32| format!("{:04}", number % 10_000));
    let map = move || names().take(60_000).map(|name| (name, 1.0)).collect();
    let list = move || names().take(100_000).map(Value::from).collect();
    // The list is more than the AMF decoder takes.
    for (is_map, kept) in [(true, Some(32)), (false, None)] {
        let server = answering(move || {
            let information = Object::new().with("code", "NetConnection.Connect.Success");
            if is_map {
                information.with("videoFourCcInfoMap", Value::Object(map()))
            } else {
                information.with("fourCcList", Value::StrictArray(list()))
            }
        });
        let player = player(&server, Some("all"));
        player.play();
        player.buffers(4);
        let shown = strings(&player.stats(), "server-video-fourccs");
        assert_eq!(shown.map(|names| names.len()), kept);
    }
}

/// Serves HEVC to players that announce it and H.264 to others, as MediaMTX
/// does with a stream that has both.
fn choosing() -> Server {
    Server::start(|peer| {
        let request = peer.connect_request();
        let asked = request.capabilities().unwrap_or_default();
        let (header, frame) = if asked.has_video("hvc1") {
            (HEVC_HEADER, HEVC_KEYFRAME)
        } else {
            (AVC_HEADER, KEYFRAME)
        };
        peer.session.accept_connect(&request, 4096);
        while let Some(event) = peer.next_event() {
            if let Event::Play(request) = event {
                let stream = request.stream;
                peer.session.accept_play(&request);
                peer.media(stream, MediaKind::Video, 0, header);
                peer.media(stream, MediaKind::Audio, 0, AAC_HEADER);
                peer.media(stream, MediaKind::Video, 0, frame);
                peer.media(stream, MediaKind::Audio, 0, AAC);
                peer.session.end_play(stream);
                peer.close();
                return;
            }
        }
    })
}

#[test]
fn a_server_that_chooses_by_what_is_announced_sends_what_was_chosen() {
    for (value, header, frame) in [
        ("all", HEVC_HEADER, HEVC_KEYFRAME),
        ("none", AVC_HEADER, KEYFRAME),
    ] {
        let server = choosing();
        let player = player(&server, Some(value));
        player.play();
        let buffers = player.rest();
        let expected = [
            tag(9, 0, header),
            tag(8, 0, AAC_HEADER),
            tag(9, 0, frame),
            tag(8, 0, AAC),
        ];
        assert_eq!(bytes(&buffers[1..]), expected.concat(), "{value}");
    }
}
