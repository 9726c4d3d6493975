// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties: their specifications, and how values reach the
//! settings.

use gst::prelude::*;
use once_cell::sync::Lazy;

use super::live_properties::LiveProperties;
use super::settings::{
    DEFAULT_BUFFER_LENGTH_MS, DEFAULT_MAX_QUEUE_BYTES, LIVE_OR_RECORDED_MS, Settings,
};
use super::{RtmprEnhancedRtmp, RtmprFastStart, RtmprOnUnpublish, RtmprStartPosition};
use crate::properties::{ConnectionProperties, ReconnectProperties, Role, get, optional_string};
use crate::rtmp::location::redacted_name;
use crate::rtmp::timestamp::Track;

pub(super) static PROPERTIES: Lazy<Vec<glib::ParamSpec>> = Lazy::new(|| {
    let defaults = Settings::default();
    let mut specs = vec![
        /**
         * rtmprsrc:idle-timeout:
         *
         * How long the server may send no media before the stream counts as
         * ended, or as failed with #rtmprsrc:no-eof-is-error.
         */
        glib::ParamSpecUInt::builder("idle-timeout")
            .nick("Idle timeout")
            .blurb(
                "How long no media may come before the stream counts as ended, in seconds \
                 (0 = no limit)",
            )
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:ping-interval:
         *
         * How often to ping the server while playing, to measure the round
         * trip time that #rtmprsrc:stats shows. Off by default: some servers
         * close the connection on a ping.
         */
        glib::ParamSpecUInt::builder("ping-interval")
            .nick("Ping interval")
            .blurb(
                "How often to ping the server to measure the round trip time, in seconds \
                 (0 = never); some servers close the connection on it",
            )
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:no-eof-is-error:
         *
         * Whether a connection that the server closes in order, or that falls
         * silent for #rtmprsrc:idle-timeout, is an error if the server did not
         * say before that the stream ended.
         */
        glib::ParamSpecBoolean::builder("no-eof-is-error")
            .nick("No EOF is error")
            .blurb("Give an error if the stream ends and the server did not say that it ended")
            .default_value(defaults.no_eof_is_error)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:on-unpublish:
         *
         * What it means if the publisher of a live stream leaves: the server
         * sends StreamEOF, NetStream.Play.UnpublishNotify,
         * NetStream.Play.Stop or onFCUnsubscribe. The end of a recording
         * (NetStream.Play.Complete) is always the end of the stream.
         */
        glib::ParamSpecEnum::builder_with_default("on-unpublish", RtmprOnUnpublish::Eos)
            .nick("On unpublish")
            .blurb("What to do when the publisher of a live stream leaves")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:fast-start:
         *
         * Whether `createStream` and `play` are sent together with `connect`,
         * which saves two round trips. A server that does not take it is asked
         * again, for one thing after the other, and remembered as such.
         */
        glib::ParamSpecEnum::builder_with_default("fast-start", RtmprFastStart::Auto)
            .nick("Fast start")
            .blurb("Ask for everything before the first answer")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:start-position:
         *
         * Where to begin in what the server sends first. Most servers send
         * either what they have kept of the last group of pictures, or what
         * the publisher sends at that moment. Without a key frame for ten
         * seconds the stream begins as with `anywhere`.
         */
        glib::ParamSpecEnum::builder_with_default(
            "start-position",
            RtmprStartPosition::FirstKeyframe,
        )
        .nick("Start position")
        .blurb("Where to begin in what the server sends first")
        .mutable_ready()
        .build(),
        /**
         * rtmprsrc:fallbacks:
         *
         * Whether to ask in other ways, on a new connection each, where the
         * server refuses the usual one or does not answer: digest handshake,
         * the path divided elsewhere, FCSubscribe, another start of play.
         * At most five more connections; what has been set by property is not
         * varied.
         */
        glib::ParamSpecBoolean::builder("fallbacks")
            .nick("Fallbacks")
            .blurb("Ask in other ways where the server refuses the usual one")
            .default_value(defaults.fallbacks)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:play-start:
         *
         * Where to start: -2000 for a live stream, else a recording; -1000 for
         * a live stream only; from 0 on a position in a recording.
         */
        glib::ParamSpecInt64::builder("play-start")
            .nick("Play start")
            .blurb(
                "Where to start in a recording, in milliseconds (-1000 = live stream only, \
                 -2000 = live stream or recording)",
            )
            .minimum(LIVE_OR_RECORDED_MS)
            .maximum(u32::MAX.into())
            .default_value(LIVE_OR_RECORDED_MS)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:play-duration:
         *
         * How much of a recording to play.
         */
        glib::ParamSpecInt64::builder("play-duration")
            .nick("Play duration")
            .blurb("How much of a recording to play, in milliseconds (-1 = everything)")
            .minimum(-1)
            .maximum(u32::MAX.into())
            .default_value(-1)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:play-reset:
         *
         * What becomes of streams that play already, on servers with play
         * lists: 0 queues behind them, 1 stops them, 2 and 3 do the same
         * without waiting for data.
         */
        glib::ParamSpecInt::builder("play-reset")
            .nick("Play reset")
            .blurb("The reset argument of play, 0 to 3 (-1 = not sent)")
            .minimum(-1)
            .maximum(3)
            .default_value(-1)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:buffer-length:
         *
         * The buffer that the server is told: recordings are sent so far ahead
         * of their time. It changes nothing in the element itself.
         */
        glib::ParamSpecUInt::builder("buffer-length")
            .nick("Buffer length")
            .blurb("Buffer that the server is told to fill, in milliseconds")
            .default_value(DEFAULT_BUFFER_LENGTH_MS)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:subscribe:
         *
         * The name that FCSubscribe gives before play, which some CDNs want.
         * Without it FCSubscribe is sent only as one of the
         * #rtmprsrc:fallbacks.
         */
        glib::ParamSpecString::builder("subscribe")
            .nick("Subscribe")
            .blurb("Name for FCSubscribe, sent before play (NULL = only where it is needed)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:receive-audio:
         *
         * Whether audio is wanted. The server is asked not to send it; what it
         * sends all the same is left out. Can be changed while playing.
         */
        glib::ParamSpecBoolean::builder("receive-audio")
            .nick("Receive audio")
            .blurb("Have the server send audio")
            .default_value(true)
            .mutable_playing()
            .build(),
        /**
         * rtmprsrc:receive-video:
         *
         * Whether video is wanted. The server is asked not to send it; what it
         * sends all the same is left out. Can be changed while playing, and
         * video then begins again with a key frame.
         */
        glib::ParamSpecBoolean::builder("receive-video")
            .nick("Receive video")
            .blurb("Have the server send video")
            .default_value(true)
            .mutable_playing()
            .build(),
        /**
         * rtmprsrc:enhanced-rtmp:
         *
         * Which codecs of Enhanced RTMP (HEVC, AV1, Opus and so on) `connect`
         * announces. Some servers send them only to players that do.
         */
        glib::ParamSpecEnum::builder_with_default("enhanced-rtmp", defaults.enhanced_rtmp)
            .nick("Enhanced RTMP")
            .blurb("Which codecs of Enhanced RTMP the server is told that can be played")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:max-queue-bytes:
         *
         * How much may wait for downstream before the socket is no longer
         * read. Nothing is dropped: the server has to wait.
         */
        glib::ParamSpecUInt::builder("max-queue-bytes")
            .nick("Max. queue size")
            .blurb("How much media may wait for downstream, in bytes (0 = no limit)")
            .default_value(DEFAULT_MAX_QUEUE_BYTES)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:max-queue-time:
         *
         * The same limit in media time.
         */
        glib::ParamSpecUInt64::builder("max-queue-time")
            .nick("Max. queue time")
            .blurb("How much media may wait for downstream, in nanoseconds (0 = no limit)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:stats:
         *
         * Sizes, byte counts, rates, round trip time, how full the queue was,
         * the present phase, when each phase ended, and what the server said
         * of itself.
         */
        glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
            .nick("Statistics")
            .blurb("Sizes, counts, rates, and how long each step took")
            .read_only()
            .build(),
    ];
    specs.extend(ConnectionProperties::specs());
    specs.extend(ReconnectProperties::specs(Role::Source));
    specs.extend(LiveProperties::specs());
    specs
});

/// The medium that a property switches on and off.
pub(super) fn received(name: &str) -> Option<Track> {
    match name {
        "receive-audio" => Some(Track::Audio),
        "receive-video" => Some(Track::Video),
        _ => None,
    }
}

/// Sets a property.
///
/// # Errors
/// What is wrong with the value.
pub(super) fn set(settings: &mut Settings, name: &str, value: &glib::Value) -> Result<(), String> {
    if name == "location" {
        let location = optional_string(value).unwrap_or_default();
        return settings
            .set_location(&location)
            .map_err(|error| error.to_string());
    }
    let shared = settings.connection.set(name, value);
    let shared = shared.or_else(|| settings.live.set(name, value));
    if let Some(result) = shared.or_else(|| settings.reconnect.set(name, value)) {
        return result;
    }
    match name {
        "idle-timeout" => settings.idle_timeout_s = get(value)?,
        "ping-interval" => settings.ping_interval_s = get(value)?,
        "no-eof-is-error" => settings.no_eof_is_error = get(value)?,
        "on-unpublish" => settings.on_unpublish = get(value)?,
        "start-position" => settings.start_position = get(value)?,
        "fast-start" => settings.fast_start = get(value)?,
        "fallbacks" => settings.fallbacks = get(value)?,
        "play-start" => settings.play.start = Some(get(value)?),
        "play-duration" => settings.play.duration = Some(get(value)?),
        "play-reset" => settings.play.reset = u8::try_from(get::<i32>(value)?).ok(),
        "buffer-length" => settings.play.buffer_length = Some(get(value)?),
        "subscribe" => settings.play.subscribe = optional_string(value),
        "enhanced-rtmp" => settings.enhanced_rtmp = get::<RtmprEnhancedRtmp>(value)?,
        "max-queue-bytes" => settings.max_queue_bytes = get(value)?,
        "max-queue-time" => {
            settings.max_queue_time = get(value)?;
        }
        _ => return Err("no such property can be set".to_owned()),
    }
    Ok(())
}

/// Reads a property other than `stats`, as far as it may be shown: what can be
/// read is in every dump of a pipeline.
pub(super) fn value(settings: &Settings, name: &str) -> Option<glib::Value> {
    if let Some(value) = settings.connection.value(name) {
        return Some(value);
    }
    Some(match name {
        "idle-timeout" => settings.idle_timeout_s.to_value(),
        "ping-interval" => settings.ping_interval_s.to_value(),
        "no-eof-is-error" => settings.no_eof_is_error.to_value(),
        "on-unpublish" => settings.on_unpublish.to_value(),
        "start-position" => settings.start_position.to_value(),
        "fast-start" => settings.fast_start.to_value(),
        "fallbacks" => settings.fallbacks.to_value(),
        "play-start" => settings.play_start().to_value(),
        "play-duration" => settings.play_duration().to_value(),
        "play-reset" => settings.play.reset.map_or(-1, i32::from).to_value(),
        "buffer-length" => settings.buffer_length().to_value(),
        "subscribe" => settings
            .subscribe()
            .map(|name| redacted_name(name))
            .to_value(),
        "enhanced-rtmp" => settings.enhanced_rtmp.to_value(),
        "is-live" => settings.is_live().to_value(),
        "max-queue-bytes" => settings.max_queue_bytes.to_value(),
        "max-queue-time" => settings.max_queue_time.to_value(),
        _ => {
            let live = settings.live.value(name);
            return live.or_else(|| settings.reconnect.value(name, settings.is_live()));
        }
    })
}
