// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One connection against bytes that the tests write down.
//!
//! This file has what the others share: a connection behind its handshake.

mod control;
mod windows;

use super::*;
use crate::rtmp::vectors::hex;
use crate::rtmp::wire::{Sent, Wire, handshake};

/// A connection behind its handshake, and a reader of what it sends.
struct Fixture {
    connection: Connection,
    sent: Sent,
}

impl Fixture {
    /// Before the handshake.
    fn opened() -> Self {
        Self {
            connection: Connection::new(Role::Client, HandshakeForm::Simple, 1, Limits::default()),
            sent: Sent::default(),
        }
    }

    fn new() -> Self {
        let mut fixture = Self::opened();
        fixture.receive(&handshake());
        assert!(fixture.connection.is_established());
        assert!(fixture.connection.poll_transmit().is_some());
        fixture
    }

    /// One batch of bytes, as a session does it.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.try_receive(bytes).expect("no protocol error")
    }

    fn try_receive(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, (Vec<Event>, Error)> {
        let mut events = Vec::new();
        loop {
            match self.connection.next(&mut bytes) {
                Ok(Some(event)) => {
                    if let Event::Control(control) = &event {
                        self.connection.answer_bandwidth(control);
                    }
                    events.push(event);
                }
                Ok(None) => break,
                Err(error) => return Err((events, error)),
            }
        }
        assert!(bytes.is_empty(), "nothing is left behind");
        if self.connection.is_established() {
            self.connection.acknowledge();
        }
        Ok(events)
    }

    /// What was sent since the last call, without chunk stream and time.
    fn sent(&mut self) -> Vec<String> {
        let bytes = self.connection.poll_transmit().unwrap_or_default();
        self.sent
            .lines(&bytes)
            .iter()
            .map(|line| {
                let what = line.strip_prefix("2/0 @0 ");
                what.expect("control messages have a fixed place")
                    .to_owned()
            })
            .collect()
    }
}

/// 28 bytes behind which up to 16 MiB of anything are the body of one message.
fn endless_video() -> Vec<u8> {
    hex("02 00 00 00 00 00 04 01 00 00 00 00 00 FF FF FF
         06 00 00 00 FF FF FF 09 01 00 00 00")
}

fn control(control: ProtocolControl) -> Vec<u8> {
    Wire::new().control(&control).bytes()
}

fn user_control(event: UserControl) -> Vec<u8> {
    Wire::new().user_control(&event).bytes()
}
