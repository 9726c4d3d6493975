// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a server, or the way to it, can say against a publish.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gst::prelude::*;
use gstrtmpr::rtmp::amf::Value;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use super::sender::Sender;
use crate::server::Server;

/// Refuses `publish` with this, and counts how often.
fn refusing(code: &'static str, words: &'static str) -> (Server, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&count);
    let server = Server::start(move |peer| {
        let Some((_, request)) = peer.publish_request() else {
            return;
        };
        counter.fetch_add(1, Ordering::SeqCst);
        let status = Status::new(Level::Error, StatusCode::from(code), words);
        peer.session.reject_publish(&request, &status);
        // As nginx-rtmp, which leaves the connection open.
        peer.serve();
    });
    (server, count)
}

fn error_of(server: &Server) -> glib::Error {
    let sender = Sender::new(&server.location()).set("reconnect-delay", 1u32);
    sender.play();
    sender.push_headers();
    sender.error()
}

#[test]
fn a_name_in_use_is_tried_a_few_times() {
    let (server, count) = refusing("NetStream.Publish.BadName", "Already publishing");
    let error = error_of(&server);
    assert!(error.matches(gst::ResourceError::Busy), "{error:?}");
    assert!(error.message().contains("another name"), "{error:?}");
    assert_eq!(count.load(Ordering::SeqCst), 6, "once and five times more");
}

#[test]
fn a_name_that_is_free_again_is_published() {
    let count = AtomicU32::new(0);
    let server = Server::start(move |peer| {
        let Some((_, request)) = peer.publish_request() else {
            return;
        };
        if count.fetch_add(1, Ordering::SeqCst) < 2 {
            let status = Status::new(Level::Error, StatusCode::PublishBadName, "in use");
            peer.session.reject_publish(&request, &status);
            return peer.serve();
        }
        peer.session.accept_publish(&request);
        assert_eq!(peer.rest_of_media().len(), 9);
    });
    let sender = Sender::new(&server.location()).set("reconnect-delay", 1u32);
    sender.play();
    sender.push_headers();
    sender.push_group(0, 3);
    sender.finish();
    assert_eq!(sender.stats().get::<u32>("reconnects"), Ok(2));
}

#[test]
fn without_reconnecting_a_name_in_use_is_an_error_at_once() {
    let (server, count) = refusing("NetStream.Publish.BadName", "Already publishing");
    let sender = Sender::new(&server.location()).set("reconnect", false);
    sender.play();
    let error = sender.error();
    assert!(error.matches(gst::ResourceError::Busy), "{error:?}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn who_may_not_publish_is_told_so_at_once() {
    for (code, words) in [
        ("NetStream.Publish.Denied", ""),
        ("NetStream.Publish.Unauthorized", "no"),
        ("NetStream.Publish.Failed", "authentication failed"),
        // nginx-rtmp has one code for all.
        ("NetStream.Publish.BadName", "permission denied"),
    ] {
        let (server, count) = refusing(code, words);
        let error = error_of(&server);
        assert!(
            error.matches(gst::ResourceError::NotAuthorized),
            "{code}: {error:?}"
        );
        assert!(error.message().contains(code), "{error:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{code}");
    }
}

#[test]
fn other_refusals_are_errors_for_writing() {
    let (server, _) = refusing("NetStream.Publish.Failed", "disk full");
    let error = error_of(&server);
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
    assert!(error.message().contains("disk full"), "{error:?}");
}

#[test]
fn a_wrong_application_is_not_found() {
    let server = Server::start(|peer| {
        while let Some(event) = peer.next_event() {
            if let Event::Connect(request) = event {
                let status = Status::new(Level::Error, StatusCode::ConnectInvalidApp, "no app");
                peer.session.reject_connect(&request, &status);
            }
        }
    });
    let error = error_of(&server);
    assert!(error.matches(gst::ResourceError::NotFound), "{error:?}");
}

#[test]
fn silence_and_closing_are_errors() {
    let server = Server::start(|peer| peer.hold());
    let sender = Sender::new(&server.location())
        .set("timeout", 1u32)
        .set_from_str("handshake", "simple");
    sender.play();
    let error = sender.error();
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
    assert!(error.message().contains("timed out"), "{error:?}");

    let server = Server::start(|peer| {
        peer.connect_request();
    });
    let error = error_of(&server);
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
    assert!(
        error.message().contains("closed the connection"),
        "{error:?}"
    );
}

#[test]
fn nobody_there_is_an_error_and_other_places_are_tried() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!(
        "rtmp://{}/app/stream",
        listener.local_addr().expect("its address")
    );
    drop(listener);
    let sender = Sender::start(&nobody);
    let error = sender.error();
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
    assert!(error.message().contains("refused"), "{error:?}");

    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.rest_of_media();
        }
    });
    let others = gst::Array::new([server.location()]);
    let sender = Sender::new(&nobody).set("locations", others.to_value());
    sender.play();
    sender.push_headers();
    sender.push_group(0, 2);
    sender.finish();
    let stats = sender.stats();
    let location = stats.get::<&str>("location").expect("where it is");
    assert_eq!(location, server.location());
}

#[test]
fn a_redirect_is_followed() {
    use gstrtmpr::rtmp::amf::Object;

    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.rest_of_media();
        }
    });
    let to = format!("rtmp://{}/other", server.address());
    let first = Server::start(move |peer| {
        while let Some(event) = peer.next_event() {
            if let Event::Connect(request) = event {
                let ex = Object::new()
                    .with("code", 302.0)
                    .with("redirect", to.as_str());
                let status = Status::new(Level::Error, StatusCode::ConnectRejected, "elsewhere")
                    .with("ex", Value::Object(ex));
                peer.session.reject_connect(&request, &status);
            }
        }
    });
    let sender = Sender::start(&first.location());
    let message = sender.element_message("redirected");
    assert_eq!(message.get::<u32>("count"), Ok(1));
    sender.push_headers();
    sender.push_group(0, 2);
    sender.finish();
    let stats = sender.stats();
    let location = stats.get::<String>("location").expect("where it is");
    assert_eq!(
        location,
        format!("rtmp://{}/other/stream", server.address())
    );
}

#[test]
fn a_login_is_asked_for_and_given() {
    use gstrtmpr::rtmp::auth::{Challenger, Credentials, Decision, Method};

    let credentials = Credentials {
        user: "me".to_owned(),
        password: "secret".to_owned(),
    };
    let mut challenger = Challenger::new(Method::Adobe, vec![credentials]);
    let server = Server::start(move |peer| {
        while let Some(event) = peer.next_event() {
            match event {
                Event::Connect(request) => match challenger.decide(request.app(), [1, 2]) {
                    Decision::Accepted(_) => peer.session.accept_connect(&request, 4096),
                    Decision::Refused(words) => {
                        let code = StatusCode::ConnectRejected;
                        let status = Status::new(Level::Error, code, words.as_str());
                        peer.session.reject_connect(&request, &status);
                        return peer.close();
                    }
                },
                Event::Publish(request) => {
                    peer.session.accept_publish(&request);
                    peer.rest_of_media();
                }
                _ => {}
            }
        }
    });
    let location = server.location().replace("rtmp://", "rtmp://me:secret@");
    let sender = Sender::start(&location);
    sender.push_headers();
    sender.push_group(0, 2);
    sender.finish();
    let stats = sender.stats();
    assert_eq!(stats.get::<&str>("authentication"), Ok("adobe"));

    let location = server.location().replace("rtmp://", "rtmp://me:wrong@");
    let error = Sender::start(&location).error();
    assert!(
        error.matches(gst::ResourceError::NotAuthorized),
        "{error:?}"
    );
    assert!(!error.message().contains("wrong@"), "{error:?}");
}

#[test]
fn a_wrong_location_is_one_error_and_nothing_is_published() {
    crate::init();
    let sink = gst::ElementFactory::make("rtmprsink")
        .property("location", "http://localhost/a/b")
        .build()
        .expect("our element");
    let pipeline = gst::Pipeline::new();
    pipeline.add(&sink).expect("it fits in");
    assert!(pipeline.set_state(gst::State::Paused).is_err());
    let bus = pipeline.bus().expect("a bus");
    let errors: Vec<_> = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Error]))
        .filter_map(|message| match message.view() {
            gst::MessageView::Error(error) => Some(error.error()),
            _ => None,
        })
        .collect();
    pipeline.set_state(gst::State::Null).expect("it stops");
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(
        errors[0].matches(gst::ResourceError::Settings),
        "{errors:?}"
    );
    assert!(errors[0].message().contains("location"), "{errors:?}");
}
