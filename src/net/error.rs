// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Why no connection came about, or what broke it below RTMP.
//!
//! The texts in here are those of the system or of a peer's certificate: they
//! are not fit to be shown as they are.

use std::fmt;
use std::io;

/// Why no connection came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectError {
    /// The host name has no address. Carries the resolver's words.
    Resolve(String),
    /// The peer refused the connection.
    Refused(String),
    /// A proxy stood in the way.
    Proxy {
        /// In the way of what.
        kind: ProxyFailure,
        /// The system's words.
        words: String,
    },
    /// TLS could not be agreed on, or the peer is not who it should be.
    Tls(TlsError),
    /// Any other failure.
    Failed(String),
    /// It took too long.
    TimedOut,
    /// The control cancelled it.
    Cancelled,
}

/// How a proxy stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyFailure {
    /// It cannot be reached, or does not speak the protocol.
    Broken,
    /// It wants a login, or refuses the one that it got.
    Login,
    /// It does not connect to the server.
    Refused,
}

/// What went wrong in TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsError {
    /// No back end is installed.
    NoBackend,
    /// The server's certificate did not pass.
    Certificate {
        /// The name that it should have been for.
        host: String,
        /// Which checks failed.
        words: String,
    },
    /// The certificate is not the pinned one.
    Fingerprint {
        /// That of the one that came.
        found: String,
    },
    /// The server wants a certificate of ours, or not the one that it got.
    CertificateRequired(String),
    /// What came is not TLS.
    NotTls(String),
    /// The connection ended in the handshake.
    Closed,
    /// The connection ended behind the handshake without TLS's own good-bye: the
    /// peer broke off, or somebody between cut it.
    Truncated,
    /// Anything else.
    Failed(String),
}

impl From<TlsError> for ConnectError {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBackend => f.write_str("GIO has no TLS back end"),
            Self::Certificate { host, words } => {
                write!(f, "the certificate of '{host}' is refused: {words}")
            }
            Self::Fingerprint { found } => {
                write!(f, "the certificate has another fingerprint: {found}")
            }
            Self::CertificateRequired(words) => {
                write!(f, "the server wants a client certificate ({words})")
            }
            Self::NotTls(words) => write!(f, "the peer does not speak TLS ({words})"),
            Self::Closed => f.write_str("the connection ended in the TLS handshake"),
            Self::Truncated => f.write_str("the connection was cut off below TLS"),
            Self::Failed(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for TlsError {}

impl TlsError {
    /// What an error of reading or writing has to do with TLS, if it has.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}
