// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How to connect.

/// How to connect: `scheme` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprScheme")]
#[repr(i32)]
pub enum RtmprScheme {
    /// RTMP over TCP.
    #[default]
    #[enum_value(name = "RTMP over TCP", nick = "rtmp")]
    Rtmp = 0,
    /// RTMP over TLS.
    #[enum_value(name = "RTMP over TLS", nick = "rtmps")]
    Rtmps = 1,
}
