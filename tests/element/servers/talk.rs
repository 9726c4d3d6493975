// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection to a scripted server, with nothing said on its own but the
//! handshake and what keeps a connection alive.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use gstrtmpr::rtmp::chunk::{Csid, Limits};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::connection::{Connection, Event};
use gstrtmpr::rtmp::handshake::{HandshakeForm, Role};
use gstrtmpr::rtmp::message::{Message, MessageType, ProtocolControl, StreamId};
use gstrtmpr::rtmp::user_control::UserControl;

use super::message::{Said, user};
use crate::server::Peer;

/// How the server's bytes get onto the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As much as there is with one write.
    Whole,
    /// Each byte with a write of its own.
    Bytes,
}

pub(super) struct Talk {
    stream: TcpStream,
    connection: Connection,
    pace: Pace,
    came: VecDeque<Event>,
}

impl Talk {
    /// Takes the place of the peer's own session, which has said nothing yet.
    pub(super) fn instead_of(peer: &Peer, pace: Pace) -> Self {
        Self {
            stream: peer.stream.try_clone().expect("a second handle"),
            connection: Connection::new(Role::Server, HandshakeForm::Simple, 1, Limits::default()),
            pace,
            came: VecDeque::new(),
        }
    }

    /// Waits for a command of this name, skipping what else comes; `None` when
    /// the client leaves instead.
    pub(super) fn hears(&mut self, name: &str) -> Option<Command> {
        loop {
            if let Event::Message(message) = self.next()?
                && let Some(command) = command(&message)
                && command.name == name
            {
                return Some(command);
            }
        }
    }

    pub(super) fn say(&mut self, said: &[Said]) {
        for said in said {
            let Said {
                csid, stream, time, ..
            } = *said;
            match ProtocolControl::parse(said.kind, &said.body) {
                // It has to be obeyed here as well.
                Ok(Some(size @ ProtocolControl::SetChunkSize(_))) => {
                    self.connection.send_control(&size);
                }
                _ => {
                    self.connection
                        .send(Csid(csid), StreamId(stream), said.kind, time, &said.body)
                }
            }
        }
        self.flush();
    }

    /// Bytes as they are, in front of which everything has been sent.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        self.flush();
        self.put(bytes);
    }

    /// Waits until the client has dealt with all that was said, and is still
    /// there afterwards.
    pub(super) fn is_heard(&mut self) {
        // The first answer may be given in the turn in which the client leaves.
        for number in [1, 2] {
            self.say(&[user(&UserControl::PingRequest(number))]);
            self.hears_pong(number);
        }
    }

    pub(super) fn hears_pong(&mut self, number: u32) {
        let pong = Event::UserControl(UserControl::PingResponse(number));
        while self.next().expect("the client stays") != pong {}
    }

    /// The commands that the client has sent until now.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        let pong = Event::UserControl(UserControl::PingResponse(3));
        self.say(&[user(&UserControl::PingRequest(3))]);
        let mut commands = Vec::new();
        loop {
            match self.next().expect("the client stays") {
                Event::Message(message) => commands.extend(command(&message)),
                event if event == pong => return commands,
                _ => {}
            }
        }
    }

    /// Answers pings and the like until the client leaves.
    pub(super) fn serve(&mut self) {
        while self.next().is_some() {}
    }

    /// Closes in order, so that nothing gets lost.
    pub(super) fn close(&mut self) {
        self.flush();
        let _ = self.stream.shutdown(Shutdown::Write);
        self.serve();
    }

    /// The next thing that comes; `None` when the client has left.
    fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.came.pop_front() {
                return Some(event);
            }
            self.flush();
            let mut buffer = [0; 4096];
            let count = match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => count,
            };
            let mut input = &buffer[..count];
            while let Some(event) = self
                .connection
                .next(&mut input)
                .expect("the client keeps to the protocol")
            {
                self.came.push_back(event);
            }
        }
    }

    fn flush(&mut self) {
        while let Some(bytes) = self.connection.poll_transmit() {
            self.put(&bytes);
        }
    }

    /// A client that has gone is seen by the next read.
    fn put(&mut self, bytes: &[u8]) {
        let size = match self.pace {
            Pace::Whole => bytes.len().max(1),
            Pace::Bytes => 1,
        };
        for piece in bytes.chunks(size) {
            if self.stream.write_all(piece).is_err() {
                return;
            }
        }
    }
}

fn command(message: &Message) -> Option<Command> {
    match message.header.kind {
        kind @ (MessageType::CommandAmf0 | MessageType::CommandAmf3) => {
            Command::decode(kind, message.payload.as_slice()).0
        }
        _ => None,
    }
}
