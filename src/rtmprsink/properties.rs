// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties: their specifications, and how values reach the settings.

use gst::prelude::*;
use once_cell::sync::Lazy;

use super::settings::{Settings, default_stop_commands};
use super::{RtmprDropPolicy, RtmprPublishType, RtmprReconnectTimestamps};
use crate::properties::{ConnectionProperties, ReconnectProperties, Role, get, optional_string};

pub(super) static PROPERTIES: Lazy<Vec<glib::ParamSpec>> = Lazy::new(|| {
    let defaults = Settings::default();
    let mut specs = vec![
        /**
         * rtmprsink:chunk-size:
         *
         * Size of the chunks that messages are cut into. Each chunk costs the server a
         * header to read; small ones let sound overtake large pictures only with
         * servers that are sent several messages at once, which no publisher does.
         */
        glib::ParamSpecUInt::builder("chunk-size")
            .nick("Chunk size")
            .blurb("Size of the chunks that messages are cut into, in bytes")
            .minimum(1)
            .maximum(i32::MAX as u32)
            .default_value(defaults.chunk_size)
            .mutable_playing()
            .build(),
        /**
         * rtmprsink:peak-kbps:
         *
         * The most that is sent in a second, so that key frames do not go out in bursts
         * that overflow the buffers of a slow line. It goes out in portions of 20 ms, which
         * Linux spreads further.
         */
        glib::ParamSpecUInt::builder("peak-kbps")
            .nick("Peak bitrate")
            .blurb("Most that is sent in a second, in kbit (0 = no limit)")
            .maximum(17_179_869)
            .mutable_playing()
            .build(),
        /**
         * rtmprsink:stop-commands:
         *
         * What is said at the end of the stream, before the connection is closed.
         */
        glib::ParamSpecFlags::builder::<super::RtmprStopCommands>("stop-commands")
            .nick("Stop commands")
            .blurb("Commands to send at the end of the stream")
            .default_value(default_stop_commands())
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:publish-type:
         *
         * What the server is to do with the stream. Many servers go by their own
         * configuration.
         */
        glib::ParamSpecEnum::builder_with_default("publish-type", RtmprPublishType::Live)
            .nick("Publish type")
            .blurb("What the server is to do with the stream")
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:write-timeout:
         *
         * How long the server may take nothing while something is to be sent, until the
         * connection counts as broken.
         */
        glib::ParamSpecUInt::builder("write-timeout")
            .nick("Write timeout")
            .blurb(
                "How long the server may take nothing of what is sent, in seconds (0 = no limit)",
            )
            .default_value(defaults.write_timeout_s)
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:drop-policy:
         *
         * What is left out when the upload is slower than the stream: nothing, so that
         * upstream has to wait once the queue is full; pictures that no other refers
         * to; or these, and if that is not enough whole groups of pictures. Sound never
         * is. It ends when the queue is empty. See #rtmprsink:drop-b-frames-after and
         * #rtmprsink:drop-gop-after.
         */
        glib::ParamSpecEnum::builder_with_default("drop-policy", RtmprDropPolicy::None)
            .nick("Drop policy")
            .blurb("What to leave out when the upload is slower than the stream")
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:drop-b-frames-after:
         *
         * How far the upload has to be behind for pictures that no other refers to being
         * left out.
         */
        glib::ParamSpecUInt::builder("drop-b-frames-after")
            .nick("Drop B-frames after")
            .blurb("Delay from which on unreferenced frames are dropped, in milliseconds")
            .default_value(defaults.drop_b_frames_after)
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:drop-gop-after:
         *
         * How far the upload has to be behind for groups of pictures being left out.
         */
        glib::ParamSpecUInt::builder("drop-gop-after")
            .nick("Drop GOP after")
            .blurb("Delay from which on groups of pictures are dropped, in milliseconds")
            .default_value(defaults.drop_gop_after)
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:max-queue-bytes:
         *
         * How much may wait for the network before upstream has to wait.
         */
        glib::ParamSpecUInt::builder("max-queue-bytes")
            .nick("Max. queue size")
            .blurb("How much media may wait for the network, in bytes (0 = no limit)")
            .default_value(defaults.max_queue_bytes)
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:max-queue-time:
         *
         * The same limit in media time.
         */
        glib::ParamSpecUInt64::builder("max-queue-time")
            .nick("Max. queue time")
            .blurb("How much media may wait for the network, in nanoseconds (0 = no limit)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:reconnect-timestamps:
         *
         * Whether times go on when the stream goes on with another connection, or begin
         * with 0 again.
         */
        glib::ParamSpecEnum::builder_with_default(
            "reconnect-timestamps",
            RtmprReconnectTimestamps::Continue,
        )
        .nick("Reconnect timestamps")
        .blurb("Which times the server gets after a break of the connection")
        .mutable_ready()
        .build(),
        /**
         * rtmprsink:enhanced-rtmp:
         *
         * Whether `connect` says that there may be media in the form of Enhanced RTMP
         * (HEVC, AV1, Opus and so on), and asks the server what it takes. Such media is
         * sent in any case.
         */
        glib::ParamSpecBoolean::builder("enhanced-rtmp")
            .nick("Enhanced RTMP")
            .blurb("Tell the server about Enhanced RTMP, and ask what it takes")
            .default_value(defaults.enhanced_rtmp)
            .mutable_ready()
            .build(),
        /**
         * rtmprsink:stats:
         *
         * Sizes, byte counts, rates, how far the upload is behind, what was left out, the
         * present phase, and what the server said of itself.
         */
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Sizes, counts, rates, delay and what was dropped")
            .read_only()
            .build(),
    ];
    specs.extend(ConnectionProperties::specs());
    specs.extend(ReconnectProperties::specs(Role::Sink));
    specs
});

/// Sets a property.
///
/// # Errors
/// What is wrong with the value.
pub(super) fn set(settings: &mut Settings, name: &str, value: &glib::Value) -> Result<(), String> {
    if name == "location" {
        let location = optional_string(value).unwrap_or_default();
        let result = settings.connection.set_location(&location);
        return result.map_err(|error| error.to_string());
    }
    let group = settings.connection.set(name, value);
    if let Some(result) = group.or_else(|| settings.reconnect.set(name, value)) {
        return result;
    }
    match name {
        "chunk-size" => settings.chunk_size = get(value)?,
        "peak-kbps" => settings.peak_kbps = get(value)?,
        "stop-commands" => settings.stop_commands = get(value)?,
        "publish-type" => settings.publish_type = get(value)?,
        "write-timeout" => settings.write_timeout_s = get(value)?,
        "drop-policy" => settings.drop_policy = get(value)?,
        "drop-b-frames-after" => settings.drop_b_frames_after = get(value)?,
        "drop-gop-after" => settings.drop_gop_after = get(value)?,
        "max-queue-bytes" => settings.max_queue_bytes = get(value)?,
        "max-queue-time" => settings.max_queue_time = get(value)?,
        "reconnect-timestamps" => settings.reconnect_timestamps = get(value)?,
        "enhanced-rtmp" => settings.enhanced_rtmp = get(value)?,
        _ => return Err("no such property can be set".to_owned()),
    }
    Ok(())
}

/// Reads a property other than `stats`, as far as it may be shown.
pub(super) fn value(settings: &Settings, name: &str) -> Option<glib::Value> {
    if let Some(value) = settings.connection.value(name) {
        return Some(value);
    }
    Some(match name {
        "chunk-size" => settings.chunk_size.to_value(),
        "peak-kbps" => settings.peak_kbps.to_value(),
        "stop-commands" => settings.stop_commands.to_value(),
        "publish-type" => settings.publish_type.to_value(),
        "write-timeout" => settings.write_timeout_s.to_value(),
        "drop-policy" => settings.drop_policy.to_value(),
        "drop-b-frames-after" => settings.drop_b_frames_after.to_value(),
        "drop-gop-after" => settings.drop_gop_after.to_value(),
        "max-queue-bytes" => settings.max_queue_bytes.to_value(),
        "max-queue-time" => settings.max_queue_time.to_value(),
        "reconnect-timestamps" => settings.reconnect_timestamps.to_value(),
        "enhanced-rtmp" => settings.enhanced_rtmp.to_value(),
        _ => return settings.reconnect.value(name, true),
    })
}
