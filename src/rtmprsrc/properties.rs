// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties: their specifications, and how values reach the
//! settings.

use gst::prelude::*;
use once_cell::sync::Lazy;

use super::live_properties::LiveProperties;
use super::settings::{
    DEFAULT_BUFFER_LENGTH_MS, DEFAULT_MAX_QUEUE_BYTES, DEFAULT_TIMEOUT_S, LIVE_OR_RECORDED_MS,
    Settings,
};
use super::{RtmprEnhancedRtmp, RtmprFastStart, RtmprOnUnpublish, RtmprScheme, RtmprStartPosition};
use crate::properties::credentials::CredentialProperties;
use crate::properties::handshake::RtmprHandshake;
use crate::properties::{
    NetworkProperties, ReconnectProperties, TlsProperties, get, optional_string,
};
use crate::rtmp::connect_args;
use crate::rtmp::location::{Location, Scheme, redacted_name};
use crate::rtmp::status::printable;
use crate::rtmp::timestamp::Track;

pub(super) static PROPERTIES: Lazy<Vec<glib::ParamSpec>> = Lazy::new(|| {
    let defaults = Settings::default();
    let location = defaults.location;
    let mut specs = vec![
        /**
         * rtmprsrc:location:
         *
         * `rtmp://host[:port]/application/stream`, or `rtmps://` for TLS, with options in the form of
         * librtmp behind a space if wanted.
         */
        glib::ParamSpecString::builder("location")
            .nick("Location")
            .blurb("Location of the stream: rtmp[s]://host[:port]/application/stream")
            .default_value(Some(location.to_uri().as_str()))
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:locations:
         *
         * Other places of the same stream, 16 at most, with #rtmprsrc:location before
         * them; where that is not set, the first of these takes its place. At the start
         * each is tried a quarter of a second after the one before, or at once if that
         * failed, and the first from which media comes plays. With #rtmprsrc:reconnect
         * they are taken in turn once the connection broke.
         *
         * In gst-launch-1.0: `locations='<"rtmp://a/live/x", "rtmp://b/live/x">'`.
         */
        gst::ParamSpecArray::builder("locations")
            .nick("Locations")
            .blurb("Other places of the same stream (up to 16 URLs)")
            .element_spec(
                &glib::ParamSpecString::builder("url")
                    .nick("URL")
                    .blurb("rtmp[s]://host[:port]/application/stream")
                    .build(),
            )
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:scheme:
         *
         * How to connect.
         */
        glib::ParamSpecEnum::builder_with_default("scheme", RtmprScheme::Rtmp)
            .nick("Scheme")
            .blurb("How to connect")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:host:
         *
         * Host name or address of the server.
         */
        glib::ParamSpecString::builder("host")
            .nick("Host")
            .blurb("Host name or address of the server")
            .default_value(Some(location.host.as_str()))
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:port:
         *
         * TCP port of the server.
         */
        glib::ParamSpecInt::builder("port")
            .nick("Port")
            .blurb("TCP port of the server")
            .minimum(1)
            .maximum(65_535)
            .default_value(location.port_or_default().into())
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:application:
         *
         * Name of the application, the part of the path before the stream. Set
         * it if the server splits the path differently from `location`.
         */
        glib::ParamSpecString::builder("application")
            .nick("Application")
            .blurb("Name of the application, the part of the path before the stream")
            .default_value(Some(location.application.as_str()))
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:stream:
         *
         * Name of the stream, with its query if it has one.
         */
        glib::ParamSpecString::builder("stream")
            .nick("Stream")
            .blurb("Name of the stream, with its query if it has one")
            .default_value(Some(location.stream.as_str()))
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:timeout:
         *
         * How long each step may take until the server says that playing has
         * started, or media comes: looking up the host, connecting, handshake,
         * and each answer of the server. What comes later is a matter of
         * #rtmprsrc:idle-timeout: some servers start to play a stream that
         * nobody publishes, and wait.
         */
        glib::ParamSpecUInt::builder("timeout")
            .nick("Timeout")
            .blurb(
                "How long each step up to the start of playing may take, in seconds \
                 (0 = no limit)",
            )
            .default_value(DEFAULT_TIMEOUT_S)
            .mutable_ready()
            .build(),
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
         * rtmprsrc:flash-version:
         *
         * What to call ourselves towards the server.
         */
        glib::ParamSpecString::builder("flash-version")
            .nick("Flash version")
            .blurb("Flash version reported to the server (NULL = that of a usual player)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:async-connect:
         *
         * Whether to connect on the way to PAUSED or when the first buffer is
         * asked for. Neither ever blocks the state change.
         */
        glib::ParamSpecBoolean::builder("async-connect")
            .nick("Async connect")
            .blurb("Connect while going to PAUSED, otherwise when the first buffer is wanted")
            .default_value(defaults.async_connect)
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
         * rtmprsrc:handshake:
         *
         * Which form of the handshake to ask for. Few servers want the one
         * with digests (also called complex); one that does not know it
         * answers with the simple one. The keys are public, so it proves
         * nothing about who is there.
         */
        glib::ParamSpecEnum::builder_with_default("handshake", RtmprHandshake::Auto)
            .nick("Handshake")
            .blurb("Which form of the handshake to ask for")
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
         * rtmprsrc:tc-url:
         *
         * The URL of the connection that the server is told, if it is not to
         * be made from the location.
         */
        glib::ParamSpecString::builder("tc-url")
            .nick("tcUrl")
            .blurb("tcUrl to tell the server (NULL = from the location)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:swf-url:
         *
         * Where the Flash player came from, for servers that look at it.
         */
        glib::ParamSpecString::builder("swf-url")
            .nick("swfUrl")
            .blurb("swfUrl to tell the server (NULL = none)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:page-url:
         *
         * The web page that the player is on, for servers that look at it.
         */
        glib::ParamSpecString::builder("page-url")
            .nick("pageUrl")
            .blurb("pageUrl to tell the server (NULL = none)")
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
         * rtmprsrc:extra-connect-args:
         *
         * Arguments behind the command object of `connect`, separated by
         * spaces, in the form of librtmp: `B:1`, `N:1.5`, `S:text`, `Z:`,
         * `O:1` to begin and `O:0` to end an object, `NS:name:text` and so on
         * inside of it. `\20` stands for a space.
         */
        glib::ParamSpecString::builder("extra-connect-args")
            .nick("Extra connect args")
            .blurb("Arguments behind the command object of connect, in the form of librtmp")
            .mutable_ready()
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
    specs.extend(CredentialProperties::specs());
    specs.extend(TlsProperties::specs());
    specs.extend(NetworkProperties::specs());
    specs.extend(ReconnectProperties::specs());
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
    let shared = settings.credentials.set(name, value);
    let shared = shared.or_else(|| settings.tls.set(name, value));
    let shared = shared.or_else(|| settings.network.set(name, value));
    let shared = shared.or_else(|| settings.live.set(name, value));
    if let Some(result) = shared.or_else(|| settings.reconnect.set(name, value)) {
        return result;
    }
    match name {
        "location" => {
            let location = optional_string(value).unwrap_or_default();
            settings
                .set_location(&location)
                .map_err(|error| error.to_string())?;
        }
        "locations" => {
            let urls = get::<gst::Array>(value)?;
            let urls: Result<Vec<String>, _> = urls.iter().map(|url| get(url)).collect();
            settings.set_locations(&urls?)?;
        }
        "scheme" => {
            settings.location_mut().scheme = match get(value)? {
                RtmprScheme::Rtmp => Scheme::Rtmp,
                RtmprScheme::Rtmps => Scheme::Rtmps,
            };
        }
        "host" => {
            let host = optional_string(value).unwrap_or_default();
            // Checked as a location is, brackets included.
            let location = Location::from_parts(Scheme::Rtmp, &host, None, "", "");
            let host = location.map_err(|error| error.to_string())?.host;
            settings.location_mut().host = host;
        }
        "port" => settings.location_mut().port = u16::try_from(get::<i32>(value)?).ok(),
        "application" => {
            settings.location_mut().application = optional_string(value).unwrap_or_default();
            settings.fixed_path = true;
        }
        "stream" => {
            settings.location_mut().stream = optional_string(value).unwrap_or_default();
            settings.fixed_path = true;
        }
        "timeout" => settings.timeout_s = get(value)?,
        "idle-timeout" => settings.idle_timeout_s = get(value)?,
        "ping-interval" => settings.ping_interval_s = get(value)?,
        "flash-version" => settings.flash_version = optional_string(value),
        "async-connect" => settings.async_connect = get(value)?,
        "no-eof-is-error" => settings.no_eof_is_error = get(value)?,
        "on-unpublish" => settings.on_unpublish = get(value)?,
        "start-position" => settings.start_position = get(value)?,
        "fast-start" => settings.fast_start = get(value)?,
        "fallbacks" => settings.fallbacks = get(value)?,
        "handshake" => settings.handshake = get(value)?,
        "play-start" => settings.play.start = Some(get(value)?),
        "play-duration" => settings.play.duration = Some(get(value)?),
        "play-reset" => settings.play.reset = u8::try_from(get::<i32>(value)?).ok(),
        "buffer-length" => settings.play.buffer_length = Some(get(value)?),
        "tc-url" => settings.play.tc_url = optional_string(value),
        "swf-url" => settings.play.swf_url = optional_string(value),
        "page-url" => settings.play.page_url = optional_string(value),
        "subscribe" => settings.play.subscribe = optional_string(value),
        "extra-connect-args" => {
            let args = optional_string(value);
            connect_args::parse(args.as_deref().unwrap_or_default())
                .map_err(|error| error.to_string())?;
            settings.extra_connect_args = args;
        }
        "enhanced-rtmp" => settings.enhanced_rtmp = get::<RtmprEnhancedRtmp>(value)?,
        "max-queue-bytes" => settings.max_queue_bytes = get(value)?,
        "max-queue-time" => {
            settings.max_queue_time = get(value)?;
        }
        _ => return Err("no such property can be set".to_owned()),
    }
    Ok(())
}

/// Stands for a value that is not shown.
const HIDDEN: &str = "…";

/// A URL or name fit to be shown.
fn shown(text: &str) -> String {
    printable(text)
}

/// Reads a property other than `stats`, as far as it may be shown: what can be
/// read is in every dump of a pipeline.
pub(super) fn value(settings: &Settings, name: &str) -> Option<glib::Value> {
    let location = &settings.location;
    if let Some(value) = settings.credentials.value(location, name) {
        return Some(value);
    }
    Some(match name {
        "location" => location.redacted().to_value(),
        "locations" => {
            let locations = settings.locations.iter();
            let urls = locations.map(|location| location.redacted().to_send_value());
            gst::Array::new(urls).to_value()
        }
        "scheme" => match location.scheme {
            Scheme::Rtmps => RtmprScheme::Rtmps,
            _ => RtmprScheme::Rtmp,
        }
        .to_value(),
        "host" => location.host.to_value(),
        "port" => i32::from(location.port_or_default()).to_value(),
        "application" => location.redacted_application().to_value(),
        "stream" => location.redacted_stream().to_value(),
        "timeout" => settings.timeout_s.to_value(),
        "idle-timeout" => settings.idle_timeout_s.to_value(),
        "ping-interval" => settings.ping_interval_s.to_value(),
        "flash-version" => settings.flash_version.to_value(),
        "async-connect" => settings.async_connect.to_value(),
        "no-eof-is-error" => settings.no_eof_is_error.to_value(),
        "on-unpublish" => settings.on_unpublish.to_value(),
        "start-position" => settings.start_position.to_value(),
        "fast-start" => settings.fast_start.to_value(),
        "fallbacks" => settings.fallbacks.to_value(),
        "handshake" => settings.handshake.to_value(),
        "play-start" => settings.play_start().to_value(),
        "play-duration" => settings.play_duration().to_value(),
        "play-reset" => settings.play.reset.map_or(-1, i32::from).to_value(),
        "buffer-length" => settings.buffer_length().to_value(),
        "tc-url" => settings.tc_url().map(|text| shown(text)).to_value(),
        "swf-url" => settings.swf_url().map(|text| shown(text)).to_value(),
        "page-url" => settings.page_url().map(|text| shown(text)).to_value(),
        "subscribe" => settings
            .subscribe()
            .map(|name| redacted_name(name))
            .to_value(),
        "extra-connect-args" => {
            let args = settings.extra_connect_args.as_ref();
            args.map(|_| HIDDEN).to_value()
        }
        "enhanced-rtmp" => settings.enhanced_rtmp.to_value(),
        "is-live" => settings.is_live().to_value(),
        "max-queue-bytes" => settings.max_queue_bytes.to_value(),
        "max-queue-time" => settings.max_queue_time.to_value(),
        _ => {
            let tls = settings.tls.value(name);
            let network = tls.or_else(|| settings.network.value(name));
            let live = network.or_else(|| settings.live.value(name));
            return live.or_else(|| settings.reconnect.value(name, settings.is_live()));
        }
    })
}
