// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties that elements have in common, in groups.
//!
//! Each group is a struct of values with their specifications, how they are set
//! and read, and what they mean for a connection. An element has a group in its
//! settings, adds its specifications to its own, and asks it first when a
//! property is set or read.

mod connection;
pub mod credentials;
pub mod handshake;
mod network;
mod reconnect;
pub mod scheme;
mod tls;

pub(crate) use connection::{ConnectionProperties, seconds};
#[cfg(test)]
pub(crate) use connection::{DEFAULT_TIMEOUT_S, MAX_LOCATIONS};
pub(crate) use network::NetworkProperties;
pub use network::RtmprAddressFamily;
pub(crate) use reconnect::{ReconnectProperties, Role};
pub(crate) use tls::TlsProperties;

/// The value of a property that is always there.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn get<'a, T: glib::value::FromValue<'a>>(value: &'a glib::Value) -> Result<T, String> {
    value
        .get()
        .map_err(|error: <T::Checker as glib::value::ValueTypeChecker>::Error| error.to_string())
}

/// A text that may be unset.
pub(crate) fn optional_string(value: &glib::Value) -> Option<String> {
    value.get().ok().flatten()
}
