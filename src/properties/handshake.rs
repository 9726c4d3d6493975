// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which form of the handshake to ask for.

/// Which form of the handshake to ask for: `handshake` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprHandshake")]
#[repr(i32)]
pub enum RtmprHandshake {
    /// The simple one; with digests where that fails.
    #[default]
    #[enum_value(name = "Simple, and with digests where that fails", nick = "auto")]
    Auto = 0,
    /// The simple one only.
    #[enum_value(name = "Simple only", nick = "simple")]
    Simple = 1,
    /// With digests; simple if the server knows none.
    #[enum_value(name = "With digests, if the server knows them", nick = "digest")]
    Digest = 2,
}
