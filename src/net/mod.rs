// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Transports: how bytes get to the peer and back.
//!
//! A [`Transport`] never blocks in `read` and `write` and blocks in exactly
//! one place, [`Transport::wait`], which a [`Control`] can end from any
//! thread. [`gio`] has the real one; what the bytes mean is none of this
//! module's business.

#![warn(missing_docs)]

mod control;
mod error;
pub mod gio;
mod pacer;

use std::io::{self, IoSlice};
use std::time::Instant;

pub use control::Control;
pub use error::{ConnectError, ProxyFailure, TlsError};

/// Where to connect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address, IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS from the first byte on.
    pub tls: bool,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// What a transport waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest {
    /// Bytes to read.
    pub read: bool,
    /// Room to write.
    pub write: bool,
}

/// An open connection.
pub trait Transport {
    /// Reads what is there. 0 means that the peer has closed its side; less than
    /// fits means that nothing more was there.
    ///
    /// # Errors
    /// `WouldBlock` if nothing is there yet; anything else ends the connection.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes as much as fits.
    ///
    /// # Errors
    /// `WouldBlock` if nothing fits; anything else ends the connection.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes as much of the parts, in their order, as fits at once.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match parts.iter().find(|part| !part.is_empty()) {
            Some(part) => self.write(part),
            None => Ok(0),
        }
    }

    /// Says that nothing more is written, where that can be said without closing.
    fn finish(&mut self) {}

    /// Sends no more than so many bytes in a second.
    fn set_pace(&mut self, _bytes_per_second: Option<u64>) {}

    /// Waits until the interest is met, the deadline has passed, or the
    /// control wakes or cancels it. May return early for no reason.
    fn wait(&mut self, interest: Interest, deadline: Option<Instant>);
}

/// A step on the way to a connection, for logs and statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectStep {
    /// Looking up the host name.
    Resolving,
    /// Opening the TCP connection.
    Connecting,
    /// Asking a proxy to go on from there.
    Proxy,
    /// The TLS handshake.
    Tls,
}
