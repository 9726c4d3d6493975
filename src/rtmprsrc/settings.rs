// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties as values: defaults, the location in parts, and
//! what they mean together for a play.

use super::live_properties::LiveProperties;
use super::{RtmprEnhancedRtmp, RtmprFastStart, RtmprOnUnpublish, RtmprStartPosition};
use crate::player::{FastStart, OnUnpublish, PlaySettings, StartPosition};
use crate::properties::{ConnectionProperties, ReconnectProperties, seconds};
use crate::queue::Limits;
use crate::rtmp::location::{LocationError, LocationOptions};
use crate::rtmp::session::client::{PlayParameters, PlayStart};

/// Bytes: more than 60 s of an 8 Mbit/s stream with what its items take.
pub(crate) const DEFAULT_MAX_QUEUE_BYTES: u32 = 64 << 20;

/// Announced client buffer. Large ones make nginx-rtmp send recordings in
/// bursts and leave out audio. Milliseconds.
pub(super) const DEFAULT_BUFFER_LENGTH_MS: u32 = 3000;

/// `play-start` of a live stream, else a recording; as on the wire.
pub(super) const LIVE_OR_RECORDED_MS: i64 = -2000;

/// `play-start` of a live stream only; as on the wire.
pub(super) const LIVE_MS: i64 = -1000;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) connection: ConnectionProperties,
    pub(super) idle_timeout_s: u32,
    pub(super) ping_interval_s: u32,
    pub(super) no_eof_is_error: bool,
    pub(super) on_unpublish: RtmprOnUnpublish,
    pub(super) start_position: RtmprStartPosition,
    pub(super) fast_start: RtmprFastStart,
    pub(super) fallbacks: bool,
    /// What was set by property; options of the location count otherwise.
    pub(super) play: PlayProperties,
    pub(super) reconnect: ReconnectProperties,
    pub(super) live: LiveProperties,
    pub(super) enhanced_rtmp: RtmprEnhancedRtmp,
    pub(super) max_queue_bytes: u32,
    /// Nanoseconds.
    pub(super) max_queue_time: u64,
}

/// Properties that options of the location set as well.
#[derive(Debug, Clone, Default)]
pub(super) struct PlayProperties {
    /// Milliseconds, or one of the constants below zero.
    pub(super) start: Option<i64>,
    /// Milliseconds; below zero for everything.
    pub(super) duration: Option<i64>,
    pub(super) reset: Option<u8>,
    /// Milliseconds.
    pub(super) buffer_length: Option<u32>,
    pub(super) subscribe: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connection: ConnectionProperties::default(),
            idle_timeout_s: 0,
            ping_interval_s: 0,
            no_eof_is_error: false,
            on_unpublish: RtmprOnUnpublish::default(),
            start_position: RtmprStartPosition::default(),
            fast_start: RtmprFastStart::default(),
            fallbacks: true,
            play: PlayProperties::default(),
            reconnect: ReconnectProperties::default(),
            live: LiveProperties::default(),
            enhanced_rtmp: RtmprEnhancedRtmp::Auto,
            max_queue_bytes: DEFAULT_MAX_QUEUE_BYTES,
            max_queue_time: 0,
        }
    }
}

impl Settings {
    /// Takes a URL with its options, which set the properties that they name.
    pub(super) fn set_location(&mut self, text: &str) -> Result<(), LocationError> {
        self.connection.set_location(text)?;
        self.play.forget(&self.connection.location.options);
        Ok(())
    }

    /// Whether to be a live source. A place in a recording is asked for otherwise.
    pub(super) fn is_live(&self) -> bool {
        let is_recording =
            self.play_start() >= 0 || self.connection.location.options.live == Some(false);
        self.live.is_live.unwrap_or(!is_recording)
    }

    /// Where `play` starts, in milliseconds or one of the constants.
    pub(super) fn play_start(&self) -> i64 {
        let options = &self.connection.location.options;
        let live = (options.live == Some(true)).then_some(LIVE_MS);
        let start = self.play.start.or(live).or(options.start);
        match start {
            Some(start) if start >= 0 => start.min(u32::MAX.into()),
            Some(LIVE_MS) => LIVE_MS,
            _ => LIVE_OR_RECORDED_MS,
        }
    }

    /// How much is played of a recording, in milliseconds; -1 for everything.
    pub(super) fn play_duration(&self) -> i64 {
        let stop = self.connection.location.options.stop;
        let from = self.play_start().max(0);
        let duration = self.play.duration;
        let duration = duration.or_else(|| stop.map(|stop| (stop - from).max(0)));
        duration.filter(|duration| *duration >= 0).unwrap_or(-1)
    }

    /// The buffer that the server is told, in milliseconds.
    pub(super) fn buffer_length(&self) -> u32 {
        let length = self
            .play
            .buffer_length
            .or(self.connection.location.options.buffer);
        length.unwrap_or(DEFAULT_BUFFER_LENGTH_MS)
    }

    /// Name for `FCSubscribe`; as librtmp, the stream's if it is a live one.
    pub(super) fn subscribe(&self) -> Option<&String> {
        let options = &self.connection.location.options;
        let live = options.live == Some(true) && !self.connection.location.stream.is_empty();
        let named = self.play.subscribe.as_ref().or(options.subscribe.as_ref());
        named.or_else(|| live.then_some(&self.connection.location.stream))
    }

    /// What to play.
    ///
    /// # Errors
    /// A sentence on what is wrong with which property.
    pub(super) fn play_settings(&self) -> Result<PlaySettings, String> {
        let start = match self.play_start() {
            LIVE_MS => PlayStart::Live,
            start => match u32::try_from(start) {
                Ok(position) => PlayStart::Recorded(position),
                Err(_) => PlayStart::LiveOrRecorded,
            },
        };
        let connection = self.connection.settings()?;
        let options = &connection.location.options;
        Ok(PlaySettings {
            play: PlayParameters {
                name: connection.location.stream.clone(),
                start,
                duration: u32::try_from(self.play_duration()).ok(),
                reset: self.play.reset,
                buffer_length: self.buffer_length(),
            },
            fixed_start: self.play.start.is_some()
                || options.live == Some(true)
                || options.start.is_some(),
            subscribe: self.subscribe().cloned(),
            fallbacks: self.fallbacks,
            connection,
            idle_timeout: seconds(self.idle_timeout_s),
            ping_interval: seconds(self.ping_interval_s),
            no_eof_is_error: self.no_eof_is_error,
            reconnect: self.reconnect.settings(self.is_live()),
            fast_start: match self.fast_start {
                RtmprFastStart::Auto => FastStart::Auto,
                RtmprFastStart::On => FastStart::On,
                RtmprFastStart::Off => FastStart::Off,
            },
            start_position: match self.start_position {
                RtmprStartPosition::FirstKeyframe => StartPosition::FirstKeyframe,
                RtmprStartPosition::LiveEdge => StartPosition::LiveEdge,
                RtmprStartPosition::Anywhere => StartPosition::Anywhere,
            },
            on_unpublish: match self.on_unpublish {
                RtmprOnUnpublish::Wait => OnUnpublish::Wait,
                RtmprOnUnpublish::Eos => OnUnpublish::Eos,
                RtmprOnUnpublish::Error => OnUnpublish::Error,
            },
        })
    }

    pub(super) fn queue_limits(&self) -> Limits {
        Limits {
            bytes: self.max_queue_bytes as usize,
            // Rounded up: 0 would mean no limit.
            time: self.max_queue_time.div_ceil(1_000_000),
        }
    }
}

impl PlayProperties {
    /// What a location says that is set later than a property counts instead.
    fn forget(&mut self, options: &LocationOptions) {
        fn forget<T>(property: &mut Option<T>, is_set: bool) {
            if is_set {
                *property = None;
            }
        }
        let live = options.live == Some(true);
        forget(&mut self.start, live || options.start.is_some());
        forget(&mut self.duration, options.stop.is_some());
        forget(&mut self.buffer_length, options.buffer.is_some());
        forget(&mut self.subscribe, live || options.subscribe.is_some());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use glib::prelude::*;

    use super::*;
    use crate::rtmp::amf::Value;

    fn set(settings: &mut Settings, name: &str, value: Option<&str>) {
        let result = settings.connection.set(name, &value.to_value());
        assert_eq!(result, Some(Ok(())), "{name}");
    }

    #[test]
    fn the_defaults_are_those_of_rtmp2src() {
        let settings = Settings::default();
        assert_eq!(
            settings.connection.location.to_uri(),
            "rtmp://localhost/live/myStream"
        );
        assert_eq!(settings.connection.location.port_or_default(), 1935);
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.connection.location.tc_url(), "rtmp://localhost/live");
        assert_eq!(play.connection.tc_url, None);
        assert_eq!(play.connection.timeout, Some(Duration::from_secs(5)));
        assert_eq!(play.idle_timeout, None);
        assert_eq!(play.ping_interval, None);
    }

    #[test]
    fn the_queue_holds_a_minute_of_8_mbit_per_second() {
        // 60 video and 50 audio messages a second, each with its overhead.
        let media = 60 * 8_000_000 / 8;
        let overhead = 60 * 110 * 256;
        assert!(Settings::default().queue_limits().bytes >= media + overhead);
    }

    #[test]
    fn librtmp_options_in_the_location_take_effect() {
        let mut settings = Settings::default();
        settings
            .set_location(
                "rtmp://h/a/s live=1 timeout=9 flashVer=X\\20Y conn=S:t conn=N:2 tcUrl=rtmp://t/a \
                 pageUrl=http://p swfUrl=http://s buffer=7 token=secret pubUser=u foo=bar",
            )
            .expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.play.start, PlayStart::Live);
        assert_eq!(play.play.buffer_length, 7);
        assert_eq!(play.subscribe.as_deref(), Some("s"));
        assert_eq!(play.connection.timeout, Some(Duration::from_secs(9)));
        assert_eq!(
            play.connection.connect.flash_version.as_deref(),
            Some("X Y")
        );
        assert_eq!(play.connection.tc_url.as_deref(), Some("rtmp://t/a"));
        assert_eq!(
            play.connection.connect.page_url.as_deref(),
            Some("http://p")
        );
        assert_eq!(play.connection.connect.swf_url.as_deref(), Some("http://s"));
        assert_eq!(
            play.connection.connect.extra_arguments,
            [Value::from("t"), Value::Number(2.0)]
        );
        assert_eq!(
            play.connection.access.secure_token.as_deref(),
            Some("secret")
        );
        assert_eq!(settings.connection.unused_options(), ["foo"]);
    }

    #[test]
    fn start_and_stop_become_start_and_duration() {
        let mut settings = Settings::default();
        settings
            .set_location("rtmp://h/a/s start=2000 stop=5000")
            .expect("valid");
        let play = settings.play_settings().expect("valid").play;
        assert_eq!(play.start, PlayStart::Recorded(2000));
        assert_eq!(play.duration, Some(3000));
    }

    #[test]
    fn starts_below_zero_are_those_of_the_wire() {
        for (start, expected) in [
            ("-1000", PlayStart::Live),
            ("-2000", PlayStart::LiveOrRecorded),
            ("0", PlayStart::Recorded(0)),
        ] {
            let mut settings = Settings::default();
            settings
                .set_location(&format!("rtmp://h/a/s start={start}"))
                .expect("valid");
            let play = settings.play_settings().expect("valid").play;
            assert_eq!(play.start, expected, "{start}");
        }
    }

    #[test]
    fn recordings_are_not_live_unless_somebody_says_so() {
        for (options, is_live) in [
            ("", true),
            (" live=1", true),
            (" live=0", false),
            (" start=0", false),
            (" start=-1000", true),
        ] {
            let mut settings = Settings::default();
            let location = format!("rtmp://h/a/s{options}");
            settings.set_location(&location).expect("valid");
            assert_eq!(settings.is_live(), is_live, "{options}");
            settings.live.is_live = Some(true);
            assert!(settings.is_live());
        }
        let mut settings = Settings::default();
        settings.play.start = Some(0);
        assert!(!settings.is_live());
    }

    #[test]
    fn what_is_set_later_counts_and_options_end_with_their_location() {
        let mut settings = Settings::default();
        set(&mut settings, "tc-url", Some("rtmp://property/a"));
        settings.play.start = Some(5000);
        settings.set_location("rtmp://h/a/s").expect("valid");
        assert_eq!(settings.play_start(), 5000, "the location says nothing");
        settings
            .set_location("rtmp://h/a/s tcUrl=rtmp://option/a live=1")
            .expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.connection.tc_url.as_deref(), Some("rtmp://option/a"));
        assert_eq!(play.play.start, PlayStart::Live);
        assert!(play.fixed_start);
        assert_eq!(play.subscribe.as_deref(), Some("s"));
        set(&mut settings, "tc-url", Some("rtmp://later/a"));
        assert_eq!(
            settings.connection.tc_url().map(String::as_str),
            Some("rtmp://later/a")
        );
        set(&mut settings, "tc-url", None);
        settings.set_location("rtmp://h/a/s").expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!((play.connection.tc_url, play.subscribe), (None, None));
        assert!(!play.fixed_start);
    }

    #[test]
    fn a_queue_time_below_a_millisecond_is_a_limit() {
        let settings = Settings {
            max_queue_time: 1,
            ..Settings::default()
        };
        assert_eq!(settings.queue_limits().time, 1);
    }

    #[test]
    fn bad_extra_arguments_are_told() {
        let mut settings = Settings::default();
        let location = "rtmp://h/a/s conn=Q:1";
        settings.set_location(location).expect("not looked at yet");
        let error = settings.play_settings().expect_err("Q is no type");
        assert!(error.contains("conn option"), "{error}");
    }
}
