// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The simple handshake (RTMP 1.0, 5.2), for both roles.
//!
//! Client: C0 C1 at once, C2 as soon as S1 is there, done when S2 is. Server:
//! S0 S1 S2 as soon as C1 is there, done when C2 is. Whether C2 or S2 is an echo
//! is reported but never a reason to refuse: several servers answer with
//! something else and work all the same.
//! [`Connection`](super::connection::Connection) drives it and keeps what
//! follows the last byte.

#[cfg(test)]
mod tests;

use bytes::{BufMut, BytesMut};

use super::error::Error;

/// Size of C1, S1, C2 and S2 in bytes.
pub const HANDSHAKE_SIZE: usize = 1536;

/// C0 and S0 of plain RTMP.
const VERSION: u8 = 3;

/// From here on a first byte cannot be a version: the specification keeps
/// these free to tell RTMP from text protocols (RTMP 1.0, 5.2.2).
const FIRST_TEXT_BYTE: u8 = 32;

/// Which side this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opened the connection.
    Client,
    /// Accepted it.
    Server,
}

/// What a step of the handshake brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The version byte came; 3 from peers that speak plain RTMP.
    Version(u8),
    /// C1 or S1 came.
    Hello {
        /// Bytes 4 to 7: zero, or the version of a peer that knows the digest handshake.
        version: [u8; 4],
    },
    /// C2 or S2 came; chunks follow.
    Done {
        /// Whether it was an echo of what we sent.
        echoed: bool,
    },
}

#[derive(Debug)]
enum State {
    Version,
    Hello,
    Echo,
    Done,
}

/// The handshake of one connection.
#[derive(Debug)]
pub struct Handshake {
    role: Role,
    state: State,
    /// Our own C1 or S1, kept to check the echo.
    hello: Box<[u8; HANDSHAKE_SIZE]>,
    received: Vec<u8>,
}

impl Handshake {
    /// A handshake with nothing sent. `seed` makes the random part differ
    /// between connections; it needs no cryptographic quality here.
    pub fn new(role: Role, seed: u64) -> Self {
        Self {
            role,
            state: State::Version,
            hello: Box::new(hello(seed)),
            received: Vec::with_capacity(HANDSHAKE_SIZE),
        }
    }

    /// Writes what this side sends without waiting: C0 C1 for a client.
    pub fn start(&self, out: &mut BytesMut) {
        if self.role == Role::Client {
            out.put_u8(VERSION);
            out.extend_from_slice(&self.hello[..]);
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next step,
    /// and writes the answer that it calls for. `None`: more bytes are needed.
    ///
    /// # Errors
    /// The first byte shows that the peer does not speak RTMP, or a version of
    /// it that a server cannot accept.
    pub fn advance(
        &mut self,
        input: &mut &[u8],
        out: &mut BytesMut,
    ) -> Result<Option<Progress>, Error> {
        match self.state {
            State::Version => {
                let Some((&version, rest)) = input.split_first() else {
                    return Ok(None);
                };
                *input = rest;
                // As a client, go on with an odd version below 32: some servers
                // answer what they were compiled with. As a server, do not.
                let refused =
                    version >= FIRST_TEXT_BYTE || (self.role == Role::Server && version != VERSION);
                if refused {
                    return Err(Error::NotRtmp(version));
                }
                self.state = State::Hello;
                Ok(Some(Progress::Version(version)))
            }
            State::Hello => {
                if !self.collect(input) {
                    return Ok(None);
                }
                if self.role == Role::Server {
                    out.put_u8(VERSION);
                    out.extend_from_slice(&self.hello[..]);
                }
                out.extend_from_slice(&self.received);
                let version = self
                    .received
                    .get(4..8)
                    .and_then(|bytes| bytes.first_chunk().copied())
                    .unwrap_or_default();
                self.received.clear();
                self.state = State::Echo;
                Ok(Some(Progress::Hello { version }))
            }
            State::Echo => {
                if !self.collect(input) {
                    return Ok(None);
                }
                // Bytes 4 to 7 may hold the time at which it was read.
                let echoed = self.received.get(8..) == self.hello.get(8..);
                self.received = Vec::new();
                self.state = State::Done;
                Ok(Some(Progress::Done { echoed }))
            }
            State::Done => Ok(None),
        }
    }

    /// Gathers 1536 bytes; true when they are there.
    fn collect(&mut self, input: &mut &[u8]) -> bool {
        let count = (HANDSHAKE_SIZE - self.received.len()).min(input.len());
        let (now, later) = input.split_at(count);
        self.received.extend_from_slice(now);
        *input = later;
        self.received.len() == HANDSHAKE_SIZE
    }
}

/// C1 or S1: time 0, version 0 (which asks for the simple handshake), and
/// filler from a small generator (SplitMix64).
fn hello(seed: u64) -> [u8; HANDSHAKE_SIZE] {
    let mut bytes = [0; HANDSHAKE_SIZE];
    let (_, filler) = bytes.split_at_mut(8);
    let mut state = seed;
    for chunk in filler.chunks_mut(8) {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        for (byte, random) in chunk.iter_mut().zip(mixed.to_be_bytes()) {
            *byte = random;
        }
    }
    bytes
}
