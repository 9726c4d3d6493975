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

#[cfg(test)]
mod tests {
    use super::*;

    fn step(side: &mut Handshake, mut input: &[u8], out: &mut BytesMut) -> (Vec<Progress>, usize) {
        let total = input.len();
        let mut progress = Vec::new();
        while let Ok(Some(step)) = side.advance(&mut input, out) {
            progress.push(step);
        }
        (progress, total - input.len())
    }

    #[test]
    fn both_roles_complete_each_other_and_leave_what_follows() {
        let mut client = Handshake::new(Role::Client, 1);
        let mut server = Handshake::new(Role::Server, 2);
        let (mut up, mut down) = (BytesMut::new(), BytesMut::new());

        client.start(&mut up);
        server.start(&mut down);
        assert_eq!((up.len(), down.len()), (1 + HANDSHAKE_SIZE, 0));

        let c0c1 = up.split();
        step(&mut server, &c0c1, &mut down);
        assert_eq!(down.len(), 1 + 2 * HANDSHAKE_SIZE, "S0 S1 S2");

        down.extend_from_slice(b"chunks");
        let (progress, taken) = step(&mut client, &down, &mut up);
        assert_eq!(taken, 1 + 2 * HANDSHAKE_SIZE, "what follows S2 is left");
        assert_eq!(progress.last(), Some(&Progress::Done { echoed: true }));
        assert_eq!(up.len(), HANDSHAKE_SIZE, "C2");

        let (progress, _) = step(&mut server, &up, &mut down);
        assert_eq!(progress, [Progress::Done { echoed: true }]);
    }

    #[test]
    fn client_answers_s1_before_s2_has_come() {
        let mut client = Handshake::new(Role::Client, 1);
        let mut out = BytesMut::new();
        let s0s1 = [&[3][..], &[7; HANDSHAKE_SIZE]].concat();
        step(&mut client, &s0s1, &mut out);
        assert_eq!(&out[..], [7; HANDSHAKE_SIZE]);
    }

    #[test]
    fn any_split_gives_the_same_result() {
        let input = [&[3][..], &[7; HANDSHAKE_SIZE], &[8; HANDSHAKE_SIZE]].concat();
        for size in [1, 2, 7, 1535, 1536, 1537, 3072, 3073] {
            let mut client = Handshake::new(Role::Client, 1);
            let mut out = BytesMut::new();
            let steps: Vec<_> = input
                .chunks(size)
                .flat_map(|piece| step(&mut client, piece, &mut out).0)
                .collect();
            assert_eq!(
                steps,
                [
                    Progress::Version(3),
                    Progress::Hello { version: [7; 4] },
                    Progress::Done { echoed: false }
                ],
                "pieces of {size}"
            );
            assert_eq!(out.len(), HANDSHAKE_SIZE);
        }
    }

    #[test]
    fn a_first_byte_that_is_no_version_is_refused() {
        for (role, byte, refused) in [
            (Role::Client, b'H', true),
            (Role::Client, 0x15, false),
            (Role::Client, 0, false),
            (Role::Client, 6, false),
            (Role::Client, 32, true),
            (Role::Server, 3, false),
            (Role::Server, 6, true),
            (Role::Server, 0x16, true),
            (Role::Server, b'G', true),
        ] {
            let result = Handshake::new(role, 1).advance(&mut &[byte][..], &mut BytesMut::new());
            assert_eq!(
                result == Err(Error::NotRtmp(byte)),
                refused,
                "{role:?} {byte}"
            );
        }
    }

    #[test]
    fn different_seeds_give_different_hellos_with_version_zero() {
        let (first, second) = (hello(1), hello(2));
        assert_ne!(first[8..], second[8..]);
        assert_eq!(first[..8], [0; 8]);
    }
}
