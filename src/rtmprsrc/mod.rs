// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The source element: plays an RTMP stream.

use glib::prelude::*;

pub(crate) mod amf_value;
mod announce;
mod date;
mod demuxer;
pub(crate) mod imp;
mod live;
mod live_properties;
mod messages;
mod news;
pub(crate) mod output;
mod pad;
mod properties;
mod provided_clock;
mod running;
mod seek;
mod sender_date;
pub(crate) mod settings;
mod stats;
pub(crate) mod tags;
mod vod;

glib::wrapper! {
    /// `rtmprsrc`
    pub struct RtmprSrc(ObjectSubclass<imp::RtmprSrc>)
        @extends gst_base::PushSrc, gst_base::BaseSrc, gst::Element, gst::Object,
        @implements gst::URIHandler;
}

/// What the publisher's leaving means: `on-unpublish` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprOnUnpublish")]
#[repr(i32)]
pub enum RtmprOnUnpublish {
    /// Wait for the publisher to come back.
    #[enum_value(name = "Wait for the publisher to come back", nick = "wait")]
    Wait = 0,
    /// End of stream.
    #[default]
    #[enum_value(name = "End the stream", nick = "eos")]
    Eos = 1,
    /// An error.
    #[enum_value(name = "Give an error", nick = "error")]
    Error = 2,
}

/// Whether to ask for everything before the first answer: `fast-start` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprFastStart")]
#[repr(i32)]
pub enum RtmprFastStart {
    /// Where the server has played for this element before.
    #[default]
    #[enum_value(name = "Where the server has played before", nick = "auto")]
    Auto = 0,
    /// At once.
    #[enum_value(name = "At once", nick = "on")]
    On = 1,
    /// Never.
    #[enum_value(name = "Never", nick = "off")]
    Off = 2,
}

/// Where to begin in what a server sends first: `start-position` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprStartPosition")]
#[repr(i32)]
pub enum RtmprStartPosition {
    /// At the first key frame: a picture at once where the server has kept some
    /// media, but late by that much.
    #[default]
    #[enum_value(name = "At the first key frame", nick = "first-keyframe")]
    FirstKeyframe = 0,
    /// At the newest key frame of what the server has kept.
    #[enum_value(name = "At the newest key frame", nick = "live-edge")]
    LiveEdge = 1,
    /// With whatever comes, pictures that cannot be decoded included.
    #[enum_value(name = "With whatever comes", nick = "anywhere")]
    Anywhere = 2,
}

/// Which times a live stream gets: `timestamp-mode` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprTimestampMode")]
#[repr(i32)]
pub enum RtmprTimestampMode {
    /// The pipeline's running time, following the sender's clock.
    #[default]
    #[enum_value(name = "The time of the pipeline", nick = "pipeline")]
    Pipeline = 0,
    /// The sender's own, without a break.
    #[enum_value(name = "The time of the sender", nick = "server")]
    Server = 1,
}

/// Which codecs of Enhanced RTMP the server is told that can be played:
/// `enhanced-rtmp` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprEnhancedRtmp")]
#[repr(i32)]
pub enum RtmprEnhancedRtmp {
    /// Those that the installed flvdemux reads.
    #[default]
    #[enum_value(name = "What the installed flvdemux reads", nick = "auto")]
    Auto = 0,
    /// None: `connect` is that of RTMP 1.0.
    #[enum_value(name = "Nothing", nick = "none")]
    None = 1,
    /// All that the element passes on.
    #[enum_value(name = "Everything that is passed on", nick = "all")]
    All = 2,
}

/// Above `rtmp2src`, which has PRIMARY + 1, so that players pick this element.
const RANK: i32 = 256 + 16;

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "rtmprsrc",
        gst::Rank::from(RANK),
        RtmprSrc::static_type(),
    )
}
