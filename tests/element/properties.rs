// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties and the URI handler: a drop-in for `rtmp2src`.

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;

use crate::init;
use crate::media::{KEYFRAME, send_headers};
use crate::player::Player;
use crate::server::Server;

fn source() -> gst::Element {
    init();
    let factory = gst::ElementFactory::make("rtmprsrc");
    factory.build().expect("our element")
}

#[test]
fn every_property_of_rtmp2src_that_is_offered_has_its_type_and_default() {
    let ours = source();
    let theirs = gst::ElementFactory::make("rtmp2src")
        .build()
        .expect("rtmp2src of gst-plugins-bad");
    // What later versions of rtmp2src changed, or what needs more than this
    // element has.
    const CHANGED: [&str; 4] = ["authmod", "flash-version", "scheme", "stats"];
    let mut compared = 0;
    for property in ours.list_properties() {
        let name = property.name();
        let Some(other) = theirs.find_property(name) else {
            continue;
        };
        if CHANGED.contains(&name) || name == "name" {
            continue;
        }
        assert_eq!(property.value_type(), other.value_type(), "{name}");
        let (a, b) = (property.default_value(), other.default_value());
        let text = |value: &glib::Value| format!("{value:?}");
        // The URI interface of theirs has no default for the location.
        if name != "location" {
            assert_eq!(text(a), text(b), "{name}");
        }
        if property.flags().contains(glib::ParamFlags::READABLE) {
            let value = |element: &gst::Element| text(&element.property_value(name));
            assert_eq!(value(&ours), value(&theirs), "{name}");
        }
        compared += 1;
    }
    assert!(compared >= 16, "only {compared} properties in common");
}

#[test]
fn authmod_has_the_values_of_rtmp2src_by_name_and_number() {
    let ours = source();
    let theirs = gst::ElementFactory::make("rtmp2src").build();
    let theirs = theirs.expect("rtmp2src of gst-plugins-bad");
    let values = |element: &gst::Element| -> Vec<(i32, String)> {
        let authmod = element.find_property("authmod").expect("a property");
        let class = glib::EnumClass::with_type(authmod.value_type()).expect("an enum");
        let values = class.values().iter();
        values
            .map(|value| (value.value(), value.nick().to_owned()))
            .collect()
    };
    let nick = |element: &gst::Element| {
        let value = element.property_value("authmod");
        glib::EnumValue::from_value(&value).map(|(_, value)| value.nick().to_owned())
    };
    assert_eq!(nick(&ours), nick(&theirs));
    let (ours, theirs) = (values(&ours), values(&theirs));
    // llnw came with 1.26.
    assert!(theirs.len() >= 3, "{theirs:?}");
    for value in &theirs {
        assert!(ours.contains(value), "{value:?}");
    }
    assert!(ours.contains(&(3, "llnw".to_owned())), "{ours:?}");
}

#[test]
fn passwords_and_tokens_can_be_set_and_not_read() {
    let source = source();
    for name in ["password", "secure-token"] {
        let property = source.find_property(name).expect("a property");
        assert!(property.flags().contains(glib::ParamFlags::WRITABLE));
        assert!(!property.flags().contains(glib::ParamFlags::READABLE));
        source.set_property(name, "planted");
    }
    source.set_property("location", "rtmp://me:planted@h/a/s token=planted");
    assert_eq!(source.property::<String>("username"), "me");
    for property in source.list_properties() {
        if property.flags().contains(glib::ParamFlags::READABLE) {
            let value = source.property_value(property.name());
            let shown = format!("{value:?} {:?}", value.serialize());
            assert!(!shown.contains("planted"), "{} {shown}", property.name());
        }
    }
}

#[test]
fn a_method_without_a_password_fails_the_start() {
    for location in ["rtmp://127.0.0.1:1/a/s", "rtmp://u@127.0.0.1:1/a/s"] {
        let source = source();
        let bus = gst::Bus::new();
        source.set_bus(Some(&bus));
        source.set_property("location", location);
        source.set_property_from_str("authmod", "adobe");
        assert!(source.set_state(gst::State::Paused).is_err());
        let error = bus.pop_filtered(&[gst::MessageType::Error]);
        let Some(gst::MessageView::Error(error)) = error.as_ref().map(|error| error.view()) else {
            panic!("an error");
        };
        assert!(error.error().matches(gst::ResourceError::Settings));
        let text = error.error().message().to_owned();
        assert!(
            text.contains("authmod") && text.contains("password"),
            "{text}"
        );
        source.set_state(gst::State::Null).expect("it stops");
        source.set_property("password", "p");
        source.set_property("username", "u");
        assert!(source.set_state(gst::State::Paused).is_ok());
        source.set_state(gst::State::Null).expect("it stops");
    }
}

#[test]
fn properties_are_complete_for_inspection() {
    for property in source().list_properties() {
        if property.owner_type()
            != gst::ElementFactory::find("rtmprsrc")
                .map_or(glib::Type::INVALID, |factory| factory.element_type())
        {
            continue;
        }
        let name = property.name();
        assert!(
            property.blurb().is_some_and(|blurb| blurb.len() > 10),
            "{name}"
        );
        assert_ne!(property.nick(), name, "{name} has a nick");
        let writable = property.flags().contains(glib::ParamFlags::WRITABLE);
        let mutable = gst::ffi::GST_PARAM_MUTABLE_READY | gst::ffi::GST_PARAM_MUTABLE_PLAYING;
        let mutable = property.flags().bits() & mutable as u32 != 0;
        assert_eq!(writable, mutable, "{name} says when it can be set");
    }
}

#[test]
fn location_and_its_parts_are_one() {
    let source = source();
    source.set_property("location", "rtmp://user:pass@[::1]:1936/a/b/c?t=x/y");
    assert_eq!(source.property::<String>("host"), "::1");
    assert_eq!(source.property::<i32>("port"), 1936);
    assert_eq!(source.property::<String>("application"), "a/b");
    assert_eq!(source.property::<String>("stream"), "c?…");
    let handler = source.dynamic_cast_ref::<gst::URIHandler>();
    let uri = handler.and_then(gst::URIHandler::uri);
    assert_eq!(uri.as_deref(), Some("rtmp://[::1]:1936/a/b/c?t=x/y"));
    source.set_property("application", "x");
    source.set_property("stream", "y");
    source.set_property("host", "h");
    source.set_property("port", 1935);
    assert_eq!(source.property::<String>("location"), "rtmp://h/x/y");
    source.set_property("location", "rtmp://user:pass@h/a/b");
    assert!(!source.property::<String>("location").contains("pass"));
}

#[test]
fn what_is_read_back_holds_nothing_that_a_dump_must_not_show() {
    let source = source();
    for (name, value, shown) in [
        (
            "location",
            "rtmp://me:hidden@h/a?k=hidden/s?t=hidden token=hidden",
            "rtmp://h/a?…/s?…",
        ),
        ("application", "a?k=hidden", "a?…"),
        ("stream", "s?t=hidden", "s?…"),
        ("stream", "live_1234_hidden_hidden", "live…"),
        ("tc-url", "rtmp://me:hidden@h/a?k=hidden", "rtmp://…@h/a?…"),
        ("swf-url", "http://h/s?k=hidden", "http://h/s?…"),
        ("page-url", "http://h/p?k=hidden", "http://h/p?…"),
        ("subscribe", "s?k=hidden", "s?…"),
        ("subscribe", "live_1234_hidden_hidden", "live…"),
        ("extra-connect-args", "S:hidden", "…"),
        ("proxy", "http://me:hidden@h:1", "http://h:1"),
    ] {
        source.set_property(name, value);
        let read: String = source.property(name);
        assert_eq!(read, shown, "{name}");
    }
    for name in ["proxy-pw", "password", "secure-token"] {
        let flags = source.find_property(name).expect(name).flags();
        assert!(!flags.contains(glib::ParamFlags::READABLE), "{name}");
    }
}

#[test]
fn a_bad_location_is_refused_and_changes_nothing() {
    let source = source();
    let handler = source
        .dynamic_cast_ref::<gst::URIHandler>()
        .expect("a URI handler");
    handler.set_uri("rtmp://h/a/s").expect("a good one");
    for (uri, code) in [
        ("rtmp://", gst::URIError::BadUri),
        ("rtmp://[::1/a/s", gst::URIError::BadUri),
        ("rtmp://h:99999/a/s", gst::URIError::BadUri),
    ] {
        let error = handler.set_uri(uri).expect_err(uri);
        assert!(error.matches(code), "{uri}: {error:?}");
        source.set_property("location", uri);
        assert_eq!(handler.uri().as_deref(), Some("rtmp://h/a/s"));
    }
}

#[test]
fn a_wrong_property_fails_the_start_instead_of_playing_something_else() {
    for (name, wrong, right) in [
        ("location", "rtmpe://h/a/s", "rtmp://127.0.0.1:1/a/s"),
        ("host", "", "127.0.0.1"),
        ("extra-connect-args", "Q:1", "B:1"),
    ] {
        let source = source();
        let bus = gst::Bus::new();
        source.set_bus(Some(&bus));
        source.set_property(name, wrong);
        assert!(source.set_state(gst::State::Paused).is_err(), "{name}");
        let error = bus.pop_filtered(&[gst::MessageType::Error]);
        let Some(gst::MessageView::Error(error)) = error.as_ref().map(|error| error.view()) else {
            panic!("an error for {name}");
        };
        assert!(error.error().matches(gst::ResourceError::Settings));
        let text = error.error().message().to_owned();
        assert!(
            text.contains(&format!("The {name} property is wrong")),
            "{text}"
        );
        let second = bus.pop_filtered(&[gst::MessageType::Error]);
        assert!(second.is_none(), "one error only: {second:?}");
        source.set_state(gst::State::Null).expect("it stops");

        source.set_property(name, right);
        assert!(source.set_state(gst::State::Paused).is_ok(), "{name}");
        source.set_state(gst::State::Null).expect("it stops");
    }
}

#[test]
fn every_number_can_be_set_to_its_bounds() {
    let source = source();
    for name in [
        "timeout",
        "idle-timeout",
        "ping-interval",
        "max-queue-bytes",
    ] {
        source.set_property(name, u32::MAX);
        assert_eq!(source.property::<u32>(name), u32::MAX);
    }
    source.set_property("max-queue-time", u64::MAX);
    assert_eq!(source.property::<u64>("max-queue-time"), u64::MAX);
    source.set_property(
        "location",
        "rtmp://127.0.0.1:1/a/s pubUser=u pubPasswd=planted",
    );
    assert!(!source.property::<String>("location").contains("planted"));
    assert!(source.set_state(gst::State::Paused).is_ok());
    source.set_state(gst::State::Null).expect("it stops");
}

#[test]
fn players_pick_this_element_for_rtmp() {
    init();
    let element = gst::Element::make_from_uri(gst::URIType::Src, "rtmp://h/a/s", None);
    let element = element.expect("an element");
    let factory = element.factory().expect("its factory");
    assert_eq!(factory.name(), "rtmprsrc");
    let other = gst::ElementFactory::find("rtmp2src").expect("rtmp2src");
    assert!(factory.rank() > other.rank());
}

#[test]
fn nothing_can_be_set_while_it_runs() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    player.buffers(4);
    player.source.set_property("stream", "other");
    assert_eq!(player.source.property::<String>("stream"), "stream");
    let handler = player.source.dynamic_cast_ref::<gst::URIHandler>();
    let error = handler
        .expect("a URI handler")
        .set_uri("rtmp://h/a/s")
        .expect_err("it runs");
    assert!(error.matches(gst::URIError::BadState), "{error:?}");
}

/// The `connect` object and what follows it, and the stream name of `play`.
type Told = (Object, String);

/// What the server is told for a location and properties.
fn told(path: &str, set: impl Fn(&gst::Element)) -> Told {
    let told: Arc<Mutex<Option<Told>>> = Arc::default();
    let slot = Arc::clone(&told);
    let server = Server::start(move |peer| {
        let request = peer.connect_request();
        let properties = request.properties.clone();
        peer.session.accept_connect(&request, 128);
        let play = peer.until(|event| match event {
            Event::Play(request) => Some(request.clone()),
            _ => None,
        });
        *slot.lock().expect("not poisoned") = Some((properties, play.name.clone()));
        peer.session.accept_play(&play);
        send_headers(peer, play.stream, 0);
        peer.media(play.stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&format!("rtmp://{}{path}", server.address()));
    set(&player.source);
    player.play();
    player.buffers(1);
    let told = told.lock().expect("not poisoned").take();
    told.expect("the server was told")
}

#[test]
fn the_server_is_told_what_the_location_says() {
    let text = |object: &Object, name: &str| {
        let value = object.get(name).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    for (path, app, stream) in [
        ("/live/s", "live", "s"),
        ("/a/b/c", "a/b", "c"),
        ("/live/s?token=x/y", "live", "s?token=x/y"),
        ("/live/s?u=rtmp://o/p", "live", "s?u=rtmp://o/p"),
        ("/vod/mp4:x/y.mp4", "vod", "mp4:x/y.mp4"),
        ("/live", "live", ""),
        ("/live/s app=other playpath=p", "other", "p"),
        ("/a%20b/c%2Bd", "a%20b", "c%2Bd"),
    ] {
        let (properties, name) = told(path, |_| {});
        assert_eq!(text(&properties, "app"), app, "{path}");
        assert_eq!(name, stream, "{path}");
        let tc_url = text(&properties, "tcUrl");
        assert!(tc_url.starts_with("rtmp://127.0.0.1:"), "{tc_url}");
        assert!(tc_url.ends_with(app), "{tc_url}");
    }
    let (properties, _) = told("/a/s", |source| {
        source.set_property("flash-version", "TEST 1,2,3,4");
    });
    assert_eq!(text(&properties, "flashVer"), "TEST 1,2,3,4");
}
