// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Why an RTMP connection cannot go on.
//!
//! These are the protocol core's errors: the peer broke the protocol. Refusals
//! (a stream that does not exist, a rejected `connect`) are no errors here but
//! events of the session; what they mean to a user is decided by the player.

/// An error after which the connection is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The peer's first byte is not one of RTMP. Carries what came instead. A
    /// client's session goes on with a byte below 32; its player reports this
    /// when the handshake then fails.
    NotRtmp(u8),
    /// The peer broke a rule of the protocol that cannot be overlooked.
    PeerMisbehaved(&'static str),
    /// A message is longer than this side accepts.
    MessageTooLong {
        /// Message type id.
        kind: u8,
        /// Announced length in bytes.
        length: u32,
        /// Longest that is accepted, in bytes.
        limit: u32,
    },
    /// The peer makes this side hold more than it is ready to.
    TooMuch(&'static str),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotRtmp(first) => {
                write!(f, "the first byte of the answer is 0x{first:02x}")?;
                match first {
                    b'H' => f.write_str(" (an HTTP server?)"),
                    0x15 | 0x16 => f.write_str(" (a TLS server?)"),
                    _ => Ok(()),
                }
            }
            Self::PeerMisbehaved(what) => write!(f, "protocol violation: {what}"),
            Self::MessageTooLong {
                kind,
                length,
                limit,
            } => write!(
                f,
                "a message of type {kind} with {length} bytes, more than the {limit} accepted"
            ),
            Self::TooMuch(what) => write!(f, "protocol violation: too many {what}"),
        }
    }
}

impl std::error::Error for Error {}
