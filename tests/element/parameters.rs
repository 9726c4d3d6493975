// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the server is told by the properties of a play, and by the options of
//! librtmp in the location.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::user_control::UserControl;

use crate::media::{AAC, AVC_HEADER, INTER, KEYFRAME, send_headers};
use crate::player::{Player, bytes};
use crate::server::Server;

/// What the server was told.
#[derive(Debug, Default, Clone, PartialEq)]
struct Told {
    tc_url: Option<String>,
    swf_url: Option<String>,
    page_url: Option<String>,
    subscribe: Option<String>,
    play: Vec<Value>,
    buffer_length: Option<u32>,
}

/// Plays with these options behind the location and these properties.
fn told(options: &str, properties: &[(&str, &str)]) -> Told {
    let told: Arc<Mutex<Told>> = Arc::default();
    let slot = Arc::clone(&told);
    let server = Server::start(move |peer| {
        let request = peer.connect_request();
        let text = |name| {
            let value = request.properties.get(name);
            value.and_then(Value::as_str).map(str::to_owned)
        };
        let mut told = Told {
            tc_url: text("tcUrl"),
            swf_url: text("swfUrl"),
            page_url: text("pageUrl"),
            ..Told::default()
        };
        peer.session.accept_connect(&request, 128);
        let play = peer.until(|event| match event {
            Event::Called(command) if command.name == "FCSubscribe" => {
                told.subscribe = command.string_argument(0).map(str::to_owned);
                None
            }
            Event::UserControl(UserControl::SetBufferLength(_, length)) => {
                told.buffer_length = Some(*length);
                None
            }
            Event::Play(request) => Some(request.clone()),
            _ => None,
        });
        told.play.clone_from(&play.arguments);
        *slot.lock().expect("not poisoned") = told;
        peer.session.accept_play(&play);
        send_headers(peer, play.stream, 0);
        peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&format!("{}{options}", server.location()));
    for (name, value) in properties {
        player.source.set_property_from_str(name, value);
    }
    player.play();
    player.buffers(1);
    drop(player);
    let mut told = told.lock().expect("not poisoned").clone();
    // The port is another one each time.
    let made = format!("rtmp://{}/app", server.address());
    if told.tc_url.as_deref() == Some(made.as_str()) {
        told.tc_url = None;
    }
    told
}

fn usual() -> Told {
    Told {
        play: vec![(-2000.0).into()],
        buffer_length: Some(3000),
        ..Told::default()
    }
}

#[test]
fn without_properties_the_server_is_told_the_usual() {
    assert_eq!(told("", &[]), usual());
}

#[test]
fn options_and_properties_say_the_same() {
    let text = |value: &str| Some(value.to_owned());
    let numbers = |values: &[f64]| values.iter().map(|value| Value::from(*value)).collect();
    for (options, properties, expected) in [
        (
            " tcUrl=rtmp://t/x",
            vec![("tc-url", "rtmp://t/x")],
            Told {
                tc_url: text("rtmp://t/x"),
                ..usual()
            },
        ),
        (
            " swfUrl=http://s/p.swf pageUrl=http://p/",
            vec![("swf-url", "http://s/p.swf"), ("page-url", "http://p/")],
            Told {
                swf_url: text("http://s/p.swf"),
                page_url: text("http://p/"),
                ..usual()
            },
        ),
        (
            " subscribe=name",
            vec![("subscribe", "name")],
            Told {
                subscribe: text("name"),
                ..usual()
            },
        ),
        (
            " live=1",
            vec![("play-start", "-1000"), ("subscribe", "stream")],
            Told {
                subscribe: text("stream"),
                play: numbers(&[-1000.0]),
                ..usual()
            },
        ),
        (
            " start=5000 stop=7500 buffer=250",
            vec![
                ("play-start", "5000"),
                ("play-duration", "2500"),
                ("buffer-length", "250"),
            ],
            Told {
                play: numbers(&[5000.0, 2500.0]),
                buffer_length: Some(250),
                ..usual()
            },
        ),
    ] {
        assert_eq!(told(options, &[]), expected, "{options}");
        assert_eq!(told("", &properties), expected, "{properties:?}");
    }
}

#[test]
fn reset_is_sent_as_servers_read_it() {
    for (reset, duration, expected) in [
        ("-1", "-1", vec![]),
        ("0", "-1", vec![Value::from(-1000.0), false.into()]),
        ("1", "40", vec![Value::from(40.0), true.into()]),
        ("3", "-1", vec![Value::from(-1000.0), 3.0.into()]),
    ] {
        let properties = [("play-reset", reset), ("play-duration", duration)];
        let play = told("", &properties).play;
        assert_eq!(play[1..], expected, "{reset}");
    }
}

#[test]
fn what_is_set_later_wins() {
    // The location is set first here.
    let properties = [("tc-url", "rtmp://later/x")];
    let told = told(" tcUrl=rtmp://first/x", &properties);
    assert_eq!(told.tc_url.as_deref(), Some("rtmp://later/x"));
}

/// Commands that switch media, as (name, argument).
type Switches = Arc<Mutex<Vec<(String, bool)>>>;

fn note(switches: &Switches, event: &Event) -> bool {
    let Event::Called(command) = event else {
        return false;
    };
    let known = ["receiveAudio", "receiveVideo"].contains(&command.name.as_str());
    if let (true, Some(Value::Boolean(on))) = (known, command.arguments.first()) {
        let switch = (command.name.clone(), *on);
        switches.lock().expect("not poisoned").push(switch);
        return true;
    }
    false
}

#[test]
fn a_medium_that_is_not_wanted_is_switched_off_before_play_and_left_out() {
    let switches = Switches::default();
    let seen = Arc::clone(&switches);
    let server = Server::start(move |peer| {
        let request = peer.connect_request();
        peer.session.accept_connect(&request, 4096);
        let play = peer.until(|event| {
            note(&seen, event);
            match event {
                Event::Play(request) => Some(request.clone()),
                _ => None,
            }
        });
        // A server that does not know the command sends both.
        peer.session.accept_play(&play);
        send_headers(peer, play.stream, 0);
        for i in 0..10 {
            peer.media(play.stream, MediaKind::Audio, i * 20, AAC);
            peer.media(play.stream, MediaKind::Video, i * 20, KEYFRAME);
        }
        peer.session.end_play(play.stream);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.source.set_property("receive-video", false);
    player.play();
    let buffers = player.rest();
    assert_eq!(buffers.len(), 3 + 10, "file header, metadata, audio header");
    assert_eq!(bytes(&buffers[..1])[4], 4, "the file promises audio only");
    let expected = [("receiveVideo".to_owned(), false)];
    assert_eq!(*switches.lock().expect("not poisoned"), expected);
}

#[test]
fn a_medium_can_be_switched_while_playing() {
    let switches = Switches::default();
    let seen = Arc::clone(&switches);
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        // Off: what is still on its way is left out.
        peer.until(|event| note(&seen, event).then_some(()));
        peer.media(stream, MediaKind::Video, 40, INTER);
        peer.media(stream, MediaKind::Video, 80, AVC_HEADER);
        peer.media(stream, MediaKind::Audio, 80, AAC);
        // On: from the next key frame, behind the header that was missed.
        peer.until(|event| note(&seen, event).then_some(()));
        peer.media(stream, MediaKind::Video, 120, INTER);
        peer.media(stream, MediaKind::Video, 160, KEYFRAME);
        peer.media(stream, MediaKind::Video, 200, INTER);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    player.buffers(6);
    player.source.set_property("receive-video", false);
    let audio = player.buffers(1);
    assert_eq!(bytes(&audio)[0], 8);
    assert!(!player.source.property::<bool>("receive-video"));
    player.source.set_property("receive-video", true);
    let rest = player.rest();
    let seen: Vec<_> = rest
        .iter()
        .map(|buffer| {
            let time = buffer.dts().expect("a time").mseconds();
            (time, buffer.flags().contains(gst::BufferFlags::HEADER))
        })
        .collect();
    assert_eq!(seen, [(160, true), (160, false), (200, false)]);
    let expected = [
        ("receiveVideo".to_owned(), false),
        ("receiveVideo".to_owned(), true),
    ];
    assert_eq!(*switches.lock().expect("not poisoned"), expected);
}
