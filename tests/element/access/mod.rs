// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that want to know who asks. What they say is what FMS and AMS with
//! the access add-in, Wowza and Limelight say.

mod elsewhere;
mod login;
mod refusals;
mod secure_token;

use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{KEYFRAME, send_headers};
use crate::player::{Ended, Player};
use crate::server::{Peer, Server};

const ADOBE: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const ADOBE_CHALLENGE: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : \
    ?reason=needauth&user=me&salt=PJuw1w==&challenge=6fruuQ==&opaque=6fru+Q==";
const LLNW: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ";
const LLNW_CHALLENGE: &str =
    "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&nonce=abcd&user=me";
const AUTHFAILED: &str =
    "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed&opaque=6fru+Q==";
const NOSUCHUSER: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=nosuchuser";

/// What a server does with a connection.
#[derive(Debug, Clone)]
enum Reply {
    /// Refuses `connect` with this description.
    Refuse(String),
    /// Refuses `connect` with another code.
    Unknown(StatusCode),
    /// Sends the client elsewhere.
    Redirect(String),
    /// Closes it without a word.
    Close,
    /// Plays five buffers.
    Play,
    /// Plays, and asks to reconnect there.
    AskToReconnect(String),
}

fn refuse(description: &str) -> Reply {
    Reply::Refuse(description.to_owned())
}

/// What a server saw of its clients.
#[derive(Debug, Default)]
struct Seen {
    /// `app` and `tcUrl` of each connection.
    connects: Vec<[String; 2]>,
    /// Everything that came, as text.
    events: Vec<String>,
}

/// A server that replies so to one connection after the other; to any more of
/// them as to the last one.
struct Guarded {
    server: Server,
    seen: Arc<Mutex<Seen>>,
}

impl Guarded {
    fn start(replies: Vec<Reply>) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let kept = Arc::clone(&seen);
        let server = Server::concurrent(move |number, peer| {
            let reply = replies.get(number).or_else(|| replies.last());
            serve(peer, reply.expect("a reply"), &kept);
        });
        Self { server, seen }
    }

    fn location(&self, path: &str) -> String {
        format!("rtmp://{}/{path}", self.server.address())
    }

    /// The same server under another name.
    fn other_name(&self, path: &str) -> String {
        format!("rtmp://localhost:{}/{path}", self.server.address().port())
    }

    /// The `app` of each connection.
    fn apps(&self) -> Vec<String> {
        let seen = self.seen.lock().expect("not poisoned");
        let apps = seen.connects.iter().map(|[app, _]| app.clone());
        apps.collect()
    }

    fn tc_urls(&self) -> Vec<String> {
        let seen = self.seen.lock().expect("not poisoned");
        let urls = seen.connects.iter().map(|[_, tc_url]| tc_url.clone());
        urls.collect()
    }

    fn has_seen(&self, text: &str) -> bool {
        let seen = self.seen.lock().expect("not poisoned");
        seen.events.iter().any(|event| event.contains(text))
    }
}

fn serve(peer: &mut Peer, reply: &Reply, seen: &Mutex<Seen>) {
    while let Some(event) = peer.next_event() {
        let mut seen = seen.lock().expect("not poisoned");
        seen.events.push(format!("{event:?}"));
        match event {
            Event::Connect(request) => {
                let app = request.app().to_owned();
                seen.connects.push([app, request.tc_url.clone()]);
                drop(seen);
                let status = match reply {
                    Reply::Refuse(description) => rejected(description),
                    Reply::Unknown(code) => Status::new(Level::Error, code.clone(), "unknown"),
                    Reply::Redirect(place) => rejected("moved").with(
                        "ex",
                        gstrtmpr::rtmp::amf::Object::new()
                            .with("code", 302.0)
                            .with("redirect", place.as_str()),
                    ),
                    Reply::Close => return peer.close(),
                    Reply::Play | Reply::AskToReconnect(_) => {
                        peer.session.accept_connect(&request, 4096);
                        continue;
                    }
                };
                peer.session.reject_connect(&request, &status);
                return peer.close();
            }
            Event::Play(request) => {
                drop(seen);
                peer.session.accept_play(&request);
                send_headers(peer, request.stream, 0);
                peer.media(request.stream, MediaKind::Video, 0, KEYFRAME);
                match reply {
                    Reply::AskToReconnect(place) => {
                        let code = StatusCode::ConnectReconnectRequest;
                        let status = Status::new(Level::Status, code, "maintenance");
                        let connection = gstrtmpr::rtmp::message::StreamId::CONNECTION;
                        let status = status.with("tcUrl", place.as_str());
                        peer.session.status(connection, &status);
                        return peer.serve();
                    }
                    _ => {
                        peer.session.end_play(request.stream);
                        return peer.close();
                    }
                }
            }
            _ => {}
        }
    }
}

fn rejected(description: &str) -> Status {
    Status::new(Level::Error, StatusCode::ConnectRejected, description)
}

/// A player that knows `me` and `mine`.
fn player(location: &str) -> Player {
    let player = Player::new(location);
    player.source.set_property("username", "me");
    player.source.set_property("password", "mine");
    player
}

/// Plays five buffers to their end.
fn plays(player: &Player) {
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
}

/// The parts of an `app` behind its query's question mark.
fn query(app: &str) -> Vec<(&str, &str)> {
    let (_, query) = app.split_once('?').unwrap_or((app, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.collect()
}
