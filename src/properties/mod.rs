// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Groups of properties that the elements share. Each group knows its
//! specifications, takes and gives values by name, and makes of them what the
//! network side wants.

mod network;
mod tls;

pub(crate) use network::NetworkProperties;
pub use network::RtmprAddressFamily;
pub(crate) use tls::TlsProperties;

/// A value that the specification has checked already.
///
/// # Errors
/// It has another type all the same.
pub(crate) fn get<'a, T: glib::value::FromValue<'a>>(value: &'a glib::Value) -> Result<T, String> {
    value
        .get()
        .map_err(|error: <T::Checker as glib::value::ValueTypeChecker>::Error| error.to_string())
}

/// A string, if there is one.
pub(crate) fn optional_string(value: &glib::Value) -> Option<String> {
    value.get().ok().flatten()
}
