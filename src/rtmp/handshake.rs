// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The handshake (RTMP 1.0, 5.2), for both roles, in the simple form and in the
//! one with digests.
//!
//! Client: C0 C1 at once, C2 as soon as S1 is there, done when S2 is. Server:
//! S0 S1 S2 as soon as C1 is there, done when C2 is. In the simple form C2 and S2
//! are echoes. A client asks for the digest form by a digest in C1; if S1 has none,
//! or if C1 had none, both go on in the simple form. Whether C2 or S2 is what the
//! form asks for is reported but never a reason to refuse: several servers answer
//! with something else and work all the same.
//! [`Connection`](super::connection::Connection) drives it and keeps what
//! follows the last byte.

mod digest;

#[cfg(test)]
mod tests;

use bytes::{BufMut, BytesMut};

use super::error::Error;
use digest::{Digest, Scheme};

/// Size of C1, S1, C2 and S2 in bytes.
pub const HANDSHAKE_SIZE: usize = 1536;

/// C1, S1, C2 or S2.
type Block = [u8; HANDSHAKE_SIZE];

/// C0 and S0 of plain RTMP.
const VERSION: u8 = 3;

/// From here on a first byte cannot be a version: the specification keeps
/// these free to tell RTMP from text protocols (RTMP 1.0, 5.2.2).
const FIRST_TEXT_BYTE: u8 = 32;

/// Bytes 4 to 7 of C1 or S1 of a side that speaks the simple form only.
const NO_DIGEST: [u8; 4] = [0; 4];

/// The same of a client that asks for digests: Flash Player 9.0.124.2, which is
/// the player that `flashVer` names unless the user names another. Digests are
/// known from 9.0.115 on.
const CLIENT_VERSION: [u8; 4] = [9, 0, 124, 2];

/// The same of a server that gives them: Flash Media Server 3.0.1.123, which is
/// what our `fmsVer` says. FFmpeg looks for digests from 3 on.
const SERVER_VERSION: [u8; 4] = [3, 0, 1, 123];

/// Which side this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Opened the connection.
    Client,
    /// Accepted it.
    Server,
}

impl Role {
    fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How C1, S1, C2 and S2 are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum HandshakeForm {
    /// Filler and its echo (RTMP 1.0, 5.2). Every server takes it.
    #[default]
    Simple,
    /// Signed with HMAC-SHA256, as Flash Player 9.0.115 and later do; also called
    /// the complex handshake. Old servers want it before they send H.264 or AAC.
    Digest,
}

impl HandshakeForm {
    /// The form as a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Digest => "digest",
        }
    }
}

/// What a step of the handshake brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The version byte came; 3 from peers that speak plain RTMP.
    Version(u8),
    /// C1 or S1 came.
    Hello {
        /// Bytes 4 to 7: zero, or the version of a peer that knows the digest form.
        version: [u8; 4],
    },
    /// C2 or S2 came; chunks follow.
    Done {
        /// The form that was used: [`HandshakeForm::Digest`] if both C1 and S1
        /// had a digest that is right.
        form: HandshakeForm,
        /// Whether it is the answer to what we sent: the echo in the simple form,
        /// signed for our digest in the other.
        genuine: bool,
    },
}

#[derive(Debug)]
enum State {
    Version,
    Hello,
    Answer,
    Done,
}

/// The handshake of one connection.
#[derive(Debug)]
pub struct Handshake {
    role: Role,
    state: State,
    /// What we are ready for; once C1 or S1 has come, what is used.
    form: HandshakeForm,
    filler: Filler,
    /// Our own C1 or S1, kept to check the echo.
    hello: Box<Block>,
    /// The digest in it, if it has one.
    digest: Option<Digest>,
    received: Vec<u8>,
}

impl Handshake {
    /// A handshake with nothing sent.
    ///
    /// `form` is what a client asks for, and what a server gives to a client that
    /// asks for it. `seed` makes the random parts differ between connections; it
    /// needs no cryptographic quality here.
    pub fn new(role: Role, form: HandshakeForm, seed: u64) -> Self {
        let mut filler = Filler(seed);
        let mut handshake = Self {
            role,
            state: State::Version,
            form,
            hello: Box::new(hello(&mut filler)),
            filler,
            digest: None,
            received: Vec::new(),
        };
        if (role, form) == (Role::Client, HandshakeForm::Digest) {
            handshake.sign_hello(CLIENT_VERSION, Scheme::DigestFirst);
        }
        handshake
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
            State::Hello => Ok(self.collect(input).map(|hello| {
                self.state = State::Answer;
                self.on_hello(&hello, out)
            })),
            State::Answer => Ok(self.collect(input).map(|answer| {
                self.state = State::Done;
                self.on_answer(&answer)
            })),
            State::Done => Ok(None),
        }
    }

    /// Gathers 1536 bytes.
    fn collect(&mut self, input: &mut &[u8]) -> Option<Box<Block>> {
        let missing = HANDSHAKE_SIZE - self.received.len();
        let (now, later) = input.split_at(missing.min(input.len()));
        self.received.reserve_exact(missing);
        self.received.extend_from_slice(now);
        *input = later;
        if now.len() < missing {
            return None;
        }
        std::mem::take(&mut self.received).try_into().ok()
    }

    /// C1 or S1 came: decides the form, and answers.
    fn on_hello(&mut self, hello: &Block, out: &mut BytesMut) -> Progress {
        let version = version(hello);
        let asked = self.form == HandshakeForm::Digest && version != NO_DIGEST;
        let found = asked
            .then(|| digest::find(hello, self.role.peer()))
            .flatten();
        if self.role == Role::Server {
            if let Some((scheme, _)) = found {
                self.sign_hello(SERVER_VERSION, scheme);
            }
            out.put_u8(VERSION);
            out.extend_from_slice(&self.hello[..]);
        }
        match found.and_then(|(_, digest)| self.signed_answer(&digest)) {
            Some(answer) => out.extend_from_slice(&answer),
            None => {
                self.form = HandshakeForm::Simple;
                out.extend_from_slice(hello);
            }
        }
        Progress::Hello { version }
    }

    /// C2 or S2 came.
    fn on_answer(&self, answer: &Block) -> Progress {
        let genuine = match self.form {
            // Bytes 4 to 7 may hold the time at which ours was read.
            HandshakeForm::Simple => answer.get(8..) == self.hello.get(8..),
            HandshakeForm::Digest => self
                .digest
                .is_some_and(|ours| digest::is_answer(answer, self.role.peer(), &ours)),
        };
        Progress::Done {
            form: self.form,
            genuine,
        }
    }

    fn sign_hello(&mut self, version: [u8; 4], scheme: Scheme) {
        for (byte, version) in self.hello.iter_mut().skip(4).zip(version) {
            *byte = version;
        }
        self.digest = digest::sign(&mut self.hello, self.role, scheme);
    }

    fn signed_answer(&mut self, digest: &Digest) -> Option<Block> {
        let mut answer = [0; HANDSHAKE_SIZE];
        self.filler.fill(&mut answer);
        digest::sign_answer(&mut answer, self.role, digest)?;
        Some(answer)
    }
}

/// Bytes 4 to 7 of C1 or S1.
fn version(hello: &Block) -> [u8; 4] {
    hello
        .get(4..)
        .and_then(|bytes| bytes.first_chunk().copied())
        .unwrap_or_default()
}

/// C1 or S1 of the simple form: time 0, no version, and filler.
fn hello(filler: &mut Filler) -> Block {
    let mut bytes = [0; HANDSHAKE_SIZE];
    let (_, rest) = bytes.split_at_mut(8);
    filler.fill(rest);
    bytes
}

/// A small generator of random bytes (SplitMix64).
#[derive(Debug)]
struct Filler(u64);

impl Filler {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed ^= mixed >> 31;
            for (byte, random) in chunk.iter_mut().zip(mixed.to_be_bytes()) {
                *byte = random;
            }
        }
    }
}
