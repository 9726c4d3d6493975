// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The protocol core: bytes in, events and bytes out.
//!
//! Everything that is RTMP lives here, for both roles, and nothing else does:
//! no sockets, threads, locks, clocks, logs or GStreamer types. A
//! [`session`] turns received bytes into events and requests into bytes to
//! send; the layers below it are [`connection`] (handshake, protocol control),
//! [`message`], and [`chunk`]. The layout follows Adobe's RTMP 1.0
//! specification, whose sections the comments name.

#![warn(missing_docs)]

pub mod amf;
pub mod amf0;
pub mod amf3;
pub mod auth;
pub mod capabilities;
pub mod chunk;
pub mod command;
pub mod connect_args;
pub mod connection;
pub mod error;
pub mod handshake;
pub mod location;
pub mod message;
mod outgoing;
pub mod payload;
pub mod secrets;
pub mod session;
pub mod status;
pub mod timestamp;
pub mod user_control;

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod purity;
#[cfg(test)]
pub(crate) mod random;
#[cfg(test)]
pub(crate) mod vectors;
#[cfg(test)]
pub(crate) mod wire;

pub use error::Error;
pub use payload::Payload;
