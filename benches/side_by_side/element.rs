// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The elements that are compared, and how each is pointed at a server.

use std::net::SocketAddr;

/// A source element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    /// The one under test.
    Rtmprsrc,
    /// GStreamer's own, from gst-plugins-bad.
    Rtmp2src,
    /// librtmp's, from gst-plugins-bad.
    Rtmpsrc,
    /// The floor: the same tags as plain bytes, without any protocol.
    Tcpclientsrc,
}

impl Element {
    pub(crate) const ALL: [Self; 4] = [
        Self::Rtmprsrc,
        Self::Rtmp2src,
        Self::Rtmpsrc,
        Self::Tcpclientsrc,
    ];

    /// The factory's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rtmprsrc => "rtmprsrc",
            Self::Rtmp2src => "rtmp2src",
            Self::Rtmpsrc => "rtmpsrc",
            Self::Tcpclientsrc => "tcpclientsrc",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.name() == name)
    }

    pub(crate) fn speaks_rtmp(self) -> bool {
        self != Self::Tcpclientsrc
    }

    pub(crate) fn is_installed(self) -> bool {
        gst::ElementFactory::find(self.name()).is_some()
    }

    /// Makes one that plays from the server at this address.
    pub(crate) fn make(self, server: SocketAddr) -> Result<gst::Element, String> {
        let builder = gst::ElementFactory::make(self.name());
        let location = format!("rtmp://{server}/live/stream");
        let builder = match self {
            Self::Rtmprsrc | Self::Rtmp2src => builder.property("location", location),
            Self::Rtmpsrc => builder.property("location", location + " live=1"),
            Self::Tcpclientsrc => builder
                .property("host", server.ip().to_string())
                .property("port", i32::from(server.port())),
        };
        builder.build().map_err(|error| error.to_string())
    }
}

/// Prepares GStreamer and registers the element under test.
pub(crate) fn init() -> Result<(), String> {
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())
}
