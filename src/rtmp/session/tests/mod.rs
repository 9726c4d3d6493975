// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Both sides joined in memory, and each side against a scripted peer.
//!
//! This file has what the others share: [`Pair`] joins a client and a server
//! and notes what goes over the wire; [`Player`] is a client whose server is
//! written down message by message, [`Host`] a server that says yes to
//! everything and whose client is written down.

mod client_answers;
mod client_calls;
mod client_media;
mod hostile;
mod mutations;
mod play;
mod publish;
mod recordings;
mod secure_token;
mod serving;
mod splits;

use super::client::{self, ClientSession, ConnectParameters, PlayParameters, PlayStart};
use super::server::{self, ServerSession};
use super::{Media, MediaKind, Session};
use crate::rtmp::amf::Object;
use crate::rtmp::chunk::Limits;
use crate::rtmp::command::Command;
use crate::rtmp::connection::Ignored;
use crate::rtmp::error::Error;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::message::StreamId;
use crate::rtmp::payload::Payload;
use crate::rtmp::status::{Level, Status, StatusCode};
use crate::rtmp::wire::{Sent, Wire, handshake};

const FIRST: StreamId = StreamId(1);
const SECOND: StreamId = StreamId(2);

/// C0 and C1, or S0, S1 and S2, or C2: what is sent before chunks.
const CLIENT_HELLO: usize = 1 + 1536;
const SERVER_HELLO: usize = 1 + 2 * 1536;

fn parameters() -> ConnectParameters {
    ConnectParameters {
        application: "live".to_owned(),
        tc_url: "rtmp://h/live".to_owned(),
        ..ConnectParameters::default()
    }
}

fn play_parameters(name: &str) -> PlayParameters {
    PlayParameters {
        name: name.to_owned(),
        start: PlayStart::LiveOrRecorded,
        duration: None,
        reset: None,
        buffer_length: 3000,
    }
}

fn media(kind: MediaKind, stream: StreamId, timestamp: u32, body: &[u8]) -> Media {
    Media {
        kind,
        stream,
        timestamp,
        payload: Payload::from(body),
    }
}

/// An answer of a server: `_result` or `_error` with a status.
fn answer(name: &str, transaction: f64, status: &Status) -> Command {
    Command::new(name, transaction).argument(status.information.clone())
}

fn error_status(code: StatusCode, description: &str) -> Status {
    Status::new(Level::Error, code, description)
}

fn connected_answer() -> Command {
    let success = Status::new(Level::Status, StatusCode::ConnectSuccess, "ok");
    answer("_result", 1.0, &success)
}

fn all_events<S: Session>(session: &mut S) -> Vec<S::Event> {
    std::iter::from_fn(|| session.poll_event()).collect()
}

fn all_output<S: Session>(session: &mut S) -> Vec<u8> {
    let pieces = std::iter::from_fn(|| session.poll_transmit());
    pieces.flat_map(|bytes| bytes.to_vec()).collect()
}

/// A client against messages that the test writes down.
struct Player {
    session: ClientSession,
    wire: Wire,
    sent: Sent,
}

impl Player {
    /// `connect` is sent and unanswered.
    fn connecting() -> Self {
        let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
        session.connect(&parameters());
        session.receive(&handshake()).expect("a handshake");
        let mut player = Self {
            session,
            wire: Wire::new(),
            sent: Sent::default(),
        };
        all_events(&mut player.session);
        let out = all_output(&mut player.session);
        let sent = player.sent.lines(&out[CLIENT_HELLO + 1536..]);
        assert_eq!(sent.len(), 1, "connect");
        player
    }

    /// `connect` is accepted.
    fn connected() -> Self {
        let mut player = Self::connecting();
        let events = player.command(StreamId(0), &connected_answer());
        assert!(matches!(events[..], [client::Event::Connected { .. }]));
        assert_eq!(player.sent(), ["2/0 @0 WindowAckSize(2500000)"]);
        player
    }

    /// One NetStream is there, with transaction id 2; nothing is played.
    fn with_stream(stream: StreamId) -> Self {
        let mut player = Self::connected();
        player.create_stream(2.0, stream);
        player
    }

    fn create_stream(&mut self, transaction: f64, stream: StreamId) {
        self.session.create_stream();
        let created = Command::new("_result", transaction).argument(f64::from(stream.0));
        let events = self.command(StreamId(0), &created);
        assert_eq!(events, [client::Event::StreamCreated(stream)]);
        self.sent();
    }

    /// What comes of messages; `script` adds them to the wire.
    fn receive(&mut self, script: impl FnOnce(Wire) -> Wire) -> Vec<client::Event> {
        self.wire = script(std::mem::take(&mut self.wire));
        let bytes = self.wire.take();
        self.session.receive(&bytes).expect("no protocol error");
        all_events(&mut self.session)
    }

    fn command(&mut self, stream: StreamId, command: &Command) -> Vec<client::Event> {
        self.receive(|wire| wire.command(stream, command))
    }

    /// Lines of what was sent since the last call.
    fn sent(&mut self) -> Vec<String> {
        let out = all_output(&mut self.session);
        self.sent.lines(&out)
    }
}

/// A server that accepts everything, against a client of the test's making.
struct Host {
    session: ServerSession,
    events: Vec<server::Event>,
}

impl Host {
    fn new() -> Self {
        Self {
            session: ServerSession::new(2, Limits::default()),
            events: Vec::new(),
        }
    }

    /// Takes one read, then answers event by event.
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let result = self.session.receive(bytes);
        while let Some(event) = self.session.poll_event() {
            match &event {
                server::Event::Connect(request) => self.session.accept_connect(request, 4096),
                server::Event::Play(request) => {
                    self.session.accept_play(request);
                    let body = [0xAF, 1, 2, 3];
                    self.session
                        .media(request.stream, MediaKind::Audio, 40, &body);
                }
                server::Event::Publish(request) => self.session.accept_publish(request),
                _ => {}
            }
            self.events.push(event);
        }
        result
    }

    /// Behind handshake and `connect`; returns the wire to go on with.
    fn connected() -> (Self, Wire, Sent) {
        let mut host = Self::new();
        let mut wire = Wire::new().command(StreamId(0), &connect_command());
        let bytes = [handshake(), wire.take()].concat();
        host.receive(&bytes).expect("no protocol error");
        let out = all_output(&mut host.session);
        let mut sent = Sent::default();
        assert_eq!(sent.lines(&out[SERVER_HELLO..]).len(), 5);
        host.events.clear();
        (host, wire, sent)
    }
}

fn connect_command() -> Command {
    Command::new("connect", 1.0).object(
        Object::new()
            .with("app", "live")
            .with("tcUrl", "rtmp://h/live"),
    )
}

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

/// Client and server joined, and everything noted.
struct Pair {
    client: ClientSession,
    server: ServerSession,
    client_events: Vec<client::Event>,
    server_events: Vec<server::Event>,
    /// All bytes that each side has sent.
    up: Vec<u8>,
    down: Vec<u8>,
    read_up: Sent,
    read_down: Sent,
}

impl Pair {
    fn new() -> Self {
        Self::with_form(HandshakeForm::Simple)
    }

    fn with_form(form: HandshakeForm) -> Self {
        Self {
            client: ClientSession::new(form, 1, Limits::default()),
            server: ServerSession::new(2, Limits::default()),
            client_events: Vec::new(),
            server_events: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            read_up: Sent::default(),
            read_down: Sent::default(),
        }
    }

    /// Behind the handshake, with `connect` accepted.
    fn connected() -> Self {
        let mut pair = Self::new();
        pair.client.connect(&parameters());
        pair.exchange();
        let Some(server::Event::Connect(request)) = pair.server_events.pop() else {
            panic!("the server sees connect");
        };
        pair.server.accept_connect(&request, 4096);
        pair.exchange();
        pair
    }

    /// Moves bytes until both sides are silent; returns the messages in the
    /// order in which they went, without the handshake.
    fn exchange(&mut self) -> Vec<(Side, String)> {
        let mut log = Vec::new();
        loop {
            let up = all_output(&mut self.client);
            self.server.receive(&up).expect("the client is legal");
            self.server_events.extend(all_events(&mut self.server));
            let chunks = chunks_in(&up, self.up.len(), CLIENT_HELLO + 1536);
            let lines = self.read_up.lines(chunks);
            log.extend(lines.into_iter().map(|line| (Side::Client, line)));
            self.up.extend_from_slice(&up);

            let down = all_output(&mut self.server);
            self.client.receive(&down).expect("the server is legal");
            self.client_events.extend(all_events(&mut self.client));
            let chunks = chunks_in(&down, self.down.len(), SERVER_HELLO);
            let lines = self.read_down.lines(chunks);
            log.extend(lines.into_iter().map(|line| (Side::Server, line)));
            self.down.extend_from_slice(&down);

            if up.is_empty() && down.is_empty() {
                return log;
            }
        }
    }

    fn take_client_events(&mut self) -> Vec<client::Event> {
        std::mem::take(&mut self.client_events)
    }

    fn take_server_events(&mut self) -> Vec<server::Event> {
        std::mem::take(&mut self.server_events)
    }
}

/// The part of `bytes`, which come behind `before` others, that lies behind a
/// handshake of this size.
fn chunks_in(bytes: &[u8], before: usize, handshake: usize) -> &[u8] {
    let skip = handshake.saturating_sub(before).min(bytes.len());
    &bytes[skip..]
}

/// A log with the side in front of each line.
fn written_down(log: &[(Side, String)]) -> Vec<String> {
    log.iter()
        .map(|(side, line)| match side {
            Side::Client => format!("> {line}"),
            Side::Server => format!("< {line}"),
        })
        .collect()
}

fn ignored_by_client(ignored: Ignored) -> client::Event {
    client::Event::Ignored(ignored)
}
