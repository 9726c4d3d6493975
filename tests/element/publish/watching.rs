// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the application can see of a publish.

use std::collections::BTreeMap;

use gst::prelude::*;
use gstrtmpr::rtmp::capabilities::Capabilities;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use super::sender::Sender;
use crate::media::tag;
use crate::server::Server;

#[test]
fn stats_tell_what_was_sent_and_acknowledged() {
    use gstrtmpr::rtmp::message::ProtocolControl;

    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(9);
            peer.session.control(&ProtocolControl::Acknowledgement(500));
            peer.flush();
            peer.rest_of_media();
        }
    });
    let sender = Sender::start(&server.location());
    sender.element_message("publish-started");
    sender.push_headers();
    sender.push_group(0, 3);
    sender.wait_for(|stats| stats.get::<u64>("bytes-acked") == Ok(500));
    let stats = sender.stats();
    for (name, expected) in [
        ("audio-messages", 4u64),
        ("video-messages", 4),
        ("data-messages", 1),
        ("queue-bytes", 0),
        ("dropped-video-frames", 0),
        ("out-bytes-acked", 500),
    ] {
        assert_eq!(stats.get::<u64>(name), Ok(expected), "{name}");
    }
    assert!(
        stats
            .get::<u64>("bytes-sent")
            .is_ok_and(|bytes| bytes > 500)
    );
    assert!(stats.get::<u64>("round-trip-time").is_ok());
    assert!(stats.get::<u64>("publish-started-time").is_ok());
    assert_eq!(stats.get::<u32>("out-chunk-size"), Ok(65_536));
    assert_eq!(stats.get::<f64>("congestion"), Ok(0.0));
    assert_eq!(stats.get::<&str>("phase"), Ok("publishing"));
    assert_eq!(stats.name(), "GstRtmpConnectionStats");
    sender.finish();
}

#[test]
fn the_servers_words_are_told() {
    let server = Server::start(|peer| {
        let Some(stream) = peer.take_publish() else {
            return;
        };
        let status = Status::new(Level::Warning, StatusCode::PublishIdle, "nothing comes");
        peer.session.status(stream, &status);
        peer.flush();
        peer.rest_of_media();
    });
    let sender = Sender::start(&server.location());
    let message = sender.element_message("publish-status");
    assert_eq!(message.get::<&str>("code"), Ok("NetStream.Publish.Start"));
    let message = sender.element_message("publish-status");
    assert_eq!(message.get::<&str>("code"), Ok("NetStream.Publish.Idle"));
    assert_eq!(message.get::<&str>("level"), Ok("warning"));
    assert_eq!(message.get::<&str>("description"), Ok("nothing comes"));
    sender.push_headers();
    sender.push_group(0, 1);
    sender.end();
    let message = sender.element_message("stream-ended");
    assert_eq!(message.get::<&str>("result"), Ok("eos"));
}

/// Publishes a header of this codec to a server that announces these.
fn warning_for(body: &[u8], announced: Option<Capabilities>) -> Option<String> {
    let server = Server::start(move |peer| {
        if let Some(capabilities) = announced.clone() {
            peer.session.set_capabilities(capabilities);
        }
        if peer.take_publish().is_some() {
            peer.rest_of_media();
        }
    });
    let sender = Sender::start(&server.location());
    sender.push(&tag(9, 0, body));
    sender.push(&tag(9, 0, b"\x91hvc1\0\0\0\0\0\0\x02\x26\x01"));
    sender.end();
    let bus = sender.pipeline.bus().expect("a bus");
    let timeout = gst::ClockTime::try_from(crate::HANG).expect("a short time");
    let mut found = None;
    loop {
        let message = bus.timed_pop(timeout).expect("an end");
        match message.view() {
            gst::MessageView::Warning(warning) => {
                found = Some(warning.error().message().to_owned());
            }
            gst::MessageView::Eos(_) => return found,
            gst::MessageView::Error(error) => panic!("{error:?}"),
            _ => {}
        }
    }
}

#[test]
fn a_codec_that_the_server_does_not_take_is_warned_of() {
    let body = b"\x90hvc1\x01\x02\x03";
    let announce = |video: &[&str]| Capabilities::new(video.iter().copied(), ["Opus"], 4, 0);
    let warning = warning_for(body, Some(announce(&["avc1", "av01"])));
    assert!(warning.is_some_and(|text| text.contains("hvc1")));
    assert_eq!(warning_for(body, Some(announce(&["avc1", "hvc1"]))), None);
    assert_eq!(warning_for(body, Some(announce(&["*"]))), None);
    assert_eq!(warning_for(body, None), None, "it has not said");
    let legacy = crate::media::AVC_HEADER;
    assert_eq!(warning_for(legacy, Some(announce(&["av01"]))), None);
}

/// Names and types of an element's properties.
fn properties(factory: &str) -> BTreeMap<String, glib::ParamSpec> {
    crate::init();
    let element = gst::ElementFactory::make(factory)
        .build()
        .expect("an element");
    let list = element.list_properties();
    list.iter()
        .map(|property| (property.name().to_owned(), property.clone()))
        .collect()
}

#[test]
fn every_property_of_the_other_sinks_is_there() {
    let ours = properties("rtmprsink");
    for factory in ["rtmp2sink", "rtmpsink"] {
        for (name, theirs) in properties(factory) {
            let own = ours
                .get(&name)
                .unwrap_or_else(|| panic!("no {name} of {factory}"));
            // Secrets cannot be read.
            let is_secret = ["password", "secure-token"].contains(&name.as_str());
            let access = if is_secret {
                2
            } else {
                theirs.flags().bits() & 3
            };
            assert_eq!(own.flags().bits() & 3, access, "{name}");
            let is_enum = |spec: &glib::ParamSpec| {
                spec.value_type().is_a(glib::Type::ENUM)
                    || spec.value_type().is_a(glib::Type::FLAGS)
            };
            if is_enum(own) && is_enum(&theirs) {
                continue;
            }
            assert_eq!(own.value_type(), theirs.value_type(), "{name} of {factory}");
            // These differ by intention.
            if !["chunk-size", "flash-version", "location", "name", "stats"]
                .contains(&name.as_str())
            {
                let default = |spec: &glib::ParamSpec| format!("{:?}", spec.default_value());
                assert_eq!(default(own), default(&theirs), "{name} of {factory}");
            }
        }
    }
}

#[test]
fn values_are_taken_by_the_names_that_rtmp2sink_has() {
    crate::init();
    for (name, value) in [
        ("stop-commands", "fcunpublish+closestream"),
        ("authmod", "adobe"),
        ("scheme", "rtmps"),
        ("tls-validation-flags", "unknown-ca+bad-identity"),
    ] {
        let set = |factory: &str| {
            let element = gst::ElementFactory::make(factory).build();
            let element = element.expect("an element");
            element.set_property_from_str(name, value);
            element.property_value(name).serialize().expect("text")
        };
        assert_eq!(set("rtmprsink"), set("rtmp2sink"), "{name}");
    }
}

#[test]
fn it_comes_before_the_other_sinks() {
    crate::init();
    let sink = gst::Element::make_from_uri(gst::URIType::Sink, "rtmp://localhost/a/b", None);
    let sink = sink.expect("a sink");
    let factory = sink.factory().expect("its factory");
    assert_eq!(factory.name(), "rtmprsink");
    let uri = sink
        .dynamic_cast_ref::<gst::URIHandler>()
        .and_then(gst::URIHandler::uri);
    assert_eq!(uri.as_deref(), Some("rtmp://localhost/a/b"));
}

#[test]
fn secrets_are_not_shown() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    drop(listener);
    let sender = Sender::start(&format!(
        "rtmp://me:geheim@{address}/app/name?key=verborgen"
    ));
    let error = sender.error();
    let shown = format!("{error:?} {:?}", sender.stats());
    for name in ["location", "stream", "application"] {
        let value = sender
            .sink
            .property::<Option<String>>(name)
            .unwrap_or_default();
        assert!(
            !value.contains("geheim") && !value.contains("verborgen"),
            "{value}"
        );
    }
    assert!(
        !shown.contains("geheim") && !shown.contains("verborgen"),
        "{shown}"
    );
}
