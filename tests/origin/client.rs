// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A client that sends what a test wants and hands out what comes.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::chunk::{AUDIO_CSID, COMMAND_CSID, Limits};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::connection::{Connection, Event};
use gstrtmpr::rtmp::handshake::{HandshakeForm, Role};
use gstrtmpr::rtmp::message::{Message, MessageType, StreamId};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::HANG;

/// What a test gets to see.
#[derive(Debug)]
pub(crate) enum Seen {
    Message(Message),
    UserControl(UserControl),
}

pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    connection: Connection,
    received: Vec<u8>,
}

impl Client {
    /// Connects, and finishes the handshake with the first message it sees.
    pub(crate) fn new(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).expect("the origin listens");
        socket.set_nodelay(true).expect("no delay");
        socket.set_read_timeout(Some(HANG)).expect("a timeout");
        let mut client = Self {
            socket,
            connection: Connection::new(Role::Client, HandshakeForm::Simple, 1, Limits::default()),
            received: Vec::new(),
        };
        client.flush();
        while !client.connection.is_established() {
            assert!(client.read(), "closed in the handshake");
            assert!(client.event().is_none(), "too early");
        }
        client.flush();
        client
    }

    /// One that has done `connect` to `live` and one `createStream`.
    pub(crate) fn connected(address: SocketAddr) -> Self {
        let mut client = Self::new(address);
        let app = Object::new().with("app", "live");
        client.send(StreamId(0), &Command::new("connect", 1.0).object(app));
        client.answer(1.0);
        assert_eq!(client.create_stream(2.0), StreamId(1));
        client
    }

    pub(crate) fn create_stream(&mut self, transaction: f64) -> StreamId {
        self.send(StreamId(0), &Command::new("createStream", transaction));
        let id = self.answer(transaction).number_argument(0);
        StreamId(id.expect("an id") as u32)
    }

    pub(crate) fn play(&mut self, stream: StreamId, name: &str) {
        self.send(stream, &Command::new("play", 3.0).argument(name));
    }

    /// Publishes, and waits for the permission.
    pub(crate) fn publish(&mut self, stream: StreamId, name: &str) -> String {
        let command = Command::new("publish", 4.0).argument(name).argument("live");
        self.send(stream, &command);
        self.status()
    }

    pub(crate) fn send(&mut self, stream: StreamId, command: &Command) {
        let body = command.encode();
        let kind = MessageType::CommandAmf0;
        self.connection
            .send(COMMAND_CSID, stream, kind, 0, body.as_slice());
        self.flush();
    }

    pub(crate) fn audio(&mut self, stream: StreamId, timestamp: u32, body: &[u8]) {
        self.connection
            .send(AUDIO_CSID, stream, MessageType::Audio, timestamp, body);
        self.flush();
    }

    /// The answer to a call.
    pub(crate) fn answer(&mut self, transaction: f64) -> Command {
        loop {
            let command = self.command();
            if command.name.starts_with('_') && command.transaction == transaction {
                return command;
            }
        }
    }

    /// The code of the next status.
    pub(crate) fn status(&mut self) -> String {
        loop {
            let command = self.command();
            if command.name == "onStatus" {
                let status = command.status().expect("a status");
                return status.code.as_str().to_owned();
            }
        }
    }

    fn command(&mut self) -> Command {
        loop {
            let message = match self.next() {
                Some(Seen::Message(message)) => message,
                Some(Seen::UserControl(_)) => continue,
                None => panic!("closed instead of an answer"),
            };
            if message.header.kind == MessageType::CommandAmf0 {
                let (command, _) = Command::decode(message.header.kind, message.payload.as_slice());
                return command.expect("a command");
            }
        }
    }

    /// The next thing worth seeing; `None` at the end of the connection.
    pub(crate) fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(seen) = self.event() {
                return Some(seen);
            }
            self.flush();
            if !self.read() {
                return None;
            }
        }
    }

    /// Closes as publishers should: a socket that is closed with something
    /// unread is reset, and what is on its way may be lost.
    pub(crate) fn finish(mut self) {
        self.socket.shutdown(Shutdown::Write).expect("it is open");
        while self.next().is_some() {}
    }

    /// All bodies of audio until the end of the connection, and what else
    /// came, as text.
    pub(crate) fn until_end(&mut self) -> (Vec<Vec<u8>>, Vec<String>) {
        let (mut audio, mut others) = (Vec::new(), Vec::new());
        while let Some(seen) = self.next() {
            match seen {
                Seen::Message(message) if message.header.kind == MessageType::Audio => {
                    audio.push(message.payload.as_slice().to_vec());
                }
                Seen::Message(message) => {
                    let kind = message.header.kind;
                    let (command, _) = Command::decode(kind, message.payload.as_slice());
                    let command = command.expect("a command, or data that looks like one");
                    let code = command.status().map(|status| status.code.to_string());
                    let boolean = matches!(command.object, Value::Boolean(_));
                    if !boolean {
                        others.push(code.unwrap_or(command.name));
                    }
                }
                Seen::UserControl(event) => others.push(format!("{event:?}")),
            }
        }
        (audio, others)
    }

    fn event(&mut self) -> Option<Seen> {
        let mut input = self.received.as_slice();
        let seen = loop {
            match self.connection.next(&mut input).expect("good chunks") {
                None => break None,
                Some(Event::Message(message)) => break Some(Seen::Message(message)),
                Some(Event::UserControl(event)) => break Some(Seen::UserControl(event)),
                Some(Event::Ignored(ignored)) => panic!("{ignored}"),
                Some(Event::Handshake(_) | Event::Control(_)) => {}
            }
        };
        let rest = input.len();
        let used = self.received.len() - rest;
        self.received.drain(..used);
        seen
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        let count = self.socket.read(&mut buffer).expect("no reset");
        self.received.extend(&buffer[..count]);
        count > 0
    }

    fn flush(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.socket.write_all(&bytes).expect("it is read");
        }
    }
}
