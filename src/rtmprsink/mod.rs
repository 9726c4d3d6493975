// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The sink element: publishes an RTMP stream.

use glib::prelude::*;

mod imp;
mod messages;
mod metadata;
mod properties;
mod settings;
mod stats;

glib::wrapper! {
    /// `rtmprsink`
    pub struct RtmprSink(ObjectSubclass<imp::RtmprSink>)
        @extends gst_base::BaseSink, gst::Element, gst::Object,
        @implements gst::URIHandler;
}

/// What to say at the end: `stop-commands` property. The names are those of
/// `rtmp2sink`.
#[glib::flags(name = "GstRtmprStopCommands")]
pub enum RtmprStopCommands {
    /// `FCUnpublish`
    #[flags_value(name = "FCUnpublish", nick = "fcunpublish")]
    FCUNPUBLISH = 1,
    /// `closeStream`
    #[flags_value(name = "closeStream", nick = "closestream")]
    CLOSESTREAM = 2,
    /// `deleteStream`
    #[flags_value(name = "deleteStream", nick = "deletestream")]
    DELETESTREAM = 4,
}

/// What the server is to do with the stream: `publish-type` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprPublishType")]
#[repr(i32)]
pub enum RtmprPublishType {
    /// Pass it on.
    #[default]
    #[enum_value(name = "Pass it on", nick = "live")]
    Live = 0,
    /// Record it, in place of an earlier recording.
    #[enum_value(name = "Record it, in place of an earlier recording", nick = "record")]
    Record = 1,
    /// Record it behind an earlier recording.
    #[enum_value(name = "Record it behind an earlier recording", nick = "append")]
    Append = 2,
}

/// What is left out when the upload is slower than the stream: `drop-policy` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprDropPolicy")]
#[repr(i32)]
pub enum RtmprDropPolicy {
    /// Nothing: upstream has to wait.
    #[default]
    #[enum_value(name = "Nothing, upstream waits", nick = "none")]
    None = 0,
    /// Frames that no other refers to.
    #[enum_value(name = "Frames that no other refers to", nick = "b-frames")]
    BFrames = 1,
    /// These first, then groups of pictures.
    #[enum_value(name = "These first, then groups of pictures", nick = "gop")]
    Gop = 2,
}

/// Which times the server gets behind a break: `reconnect-timestamps` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprReconnectTimestamps")]
#[repr(i32)]
pub enum RtmprReconnectTimestamps {
    /// They go on.
    #[default]
    #[enum_value(name = "They go on", nick = "continue")]
    Continue = 0,
    /// They begin with 0 on each connection.
    #[enum_value(name = "They begin with 0 on each connection", nick = "restart")]
    Restart = 1,
}

/// Above `rtmp2sink`, which has PRIMARY + 1.
const RANK: i32 = 256 + 16;

pub(crate) fn register(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
    gst::Element::register(
        Some(plugin),
        "rtmprsink",
        gst::Rank::from(RANK),
        RtmprSink::static_type(),
    )
}
