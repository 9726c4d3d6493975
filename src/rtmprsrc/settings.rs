// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties as values: defaults, the location in parts, and
//! what they mean together for a play.

use std::time::Duration;

use super::live_properties::LiveProperties;
use super::{RtmprEnhancedRtmp, RtmprFastStart, RtmprOnUnpublish, RtmprStartPosition};
use crate::player::{
    Alternative, FastStart, HandshakeChoice, OnUnpublish, PlaySettings, StartPosition,
};
use crate::properties::credentials::CredentialProperties;
use crate::properties::handshake::RtmprHandshake;
use crate::properties::{NetworkProperties, ReconnectProperties, TlsProperties};
use crate::queue::Limits;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connect_args;
use crate::rtmp::location::{Location, LocationError, LocationOptions, Scheme};
use crate::rtmp::session::client::{ConnectParameters, PlayParameters, PlayStart};

/// Seconds; as `rtmp2src`.
pub(crate) const DEFAULT_TIMEOUT_S: u32 = 5;

/// Bytes: more than 60 s of an 8 Mbit/s stream with what its items take.
pub(crate) const DEFAULT_MAX_QUEUE_BYTES: u32 = 64 << 20;

/// Announced client buffer. Large ones make nginx-rtmp send recordings in
/// bursts and leave out audio. Milliseconds.
pub(super) const DEFAULT_BUFFER_LENGTH_MS: u32 = 3000;

/// `play-start` of a live stream, else a recording; as on the wire.
pub(super) const LIVE_OR_RECORDED_MS: i64 = -2000;

/// `play-start` of a live stream only; as on the wire.
pub(super) const LIVE_MS: i64 = -1000;

/// Most places of one stream.
pub(crate) const MAX_LOCATIONS: usize = 16;

/// Defaults of the location, as `rtmp2src`.
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_APPLICATION: &str = "live";
const DEFAULT_STREAM: &str = "myStream";

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) location: Location,
    /// The location, or a part of it, was set; otherwise the first of the others is it.
    has_location: bool,
    /// Where else the stream is.
    pub(super) locations: Vec<Location>,
    pub(super) credentials: CredentialProperties,
    pub(super) handshake: RtmprHandshake,
    pub(super) timeout_s: u32,
    pub(super) idle_timeout_s: u32,
    pub(super) ping_interval_s: u32,
    pub(super) flash_version: Option<String>,
    pub(super) async_connect: bool,
    pub(super) no_eof_is_error: bool,
    pub(super) on_unpublish: RtmprOnUnpublish,
    pub(super) start_position: RtmprStartPosition,
    pub(super) fast_start: RtmprFastStart,
    pub(super) fallbacks: bool,
    /// Application or stream were set by themselves.
    pub(super) fixed_path: bool,
    /// What was set by property; options of the location count otherwise.
    pub(super) play: PlayProperties,
    pub(super) extra_connect_args: Option<String>,
    pub(super) tls: TlsProperties,
    pub(super) network: NetworkProperties,
    pub(super) reconnect: ReconnectProperties,
    pub(super) live: LiveProperties,
    pub(super) enhanced_rtmp: RtmprEnhancedRtmp,
    pub(super) max_queue_bytes: u32,
    /// Nanoseconds.
    pub(super) max_queue_time: u64,
    /// Properties whose last value was wrong, and why. Playing something else
    /// instead would be the worse answer.
    wrong: Vec<(String, String)>,
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
    pub(super) tc_url: Option<String>,
    pub(super) swf_url: Option<String>,
    pub(super) page_url: Option<String>,
    pub(super) subscribe: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            location: default_location(),
            has_location: false,
            locations: Vec::new(),
            credentials: CredentialProperties::default(),
            handshake: RtmprHandshake::default(),
            timeout_s: DEFAULT_TIMEOUT_S,
            idle_timeout_s: 0,
            ping_interval_s: 0,
            flash_version: None,
            async_connect: true,
            no_eof_is_error: false,
            on_unpublish: RtmprOnUnpublish::default(),
            start_position: RtmprStartPosition::default(),
            fast_start: RtmprFastStart::default(),
            fallbacks: true,
            fixed_path: false,
            play: PlayProperties::default(),
            extra_connect_args: None,
            tls: TlsProperties::default(),
            network: NetworkProperties::default(),
            reconnect: ReconnectProperties::default(),
            live: LiveProperties::default(),
            enhanced_rtmp: RtmprEnhancedRtmp::Auto,
            max_queue_bytes: DEFAULT_MAX_QUEUE_BYTES,
            max_queue_time: 0,
            wrong: Vec::new(),
        }
    }
}

fn default_location() -> Location {
    let parts = Location::from_parts(
        Scheme::Rtmp,
        DEFAULT_HOST,
        None,
        DEFAULT_APPLICATION,
        DEFAULT_STREAM,
    );
    // The constants are valid; a test reads them back.
    parts.unwrap_or_else(|_| unreachable!("the default location is valid"))
}

impl Settings {
    /// Takes a URL with its options, which set the properties that they name.
    pub(super) fn set_location(&mut self, text: &str) -> Result<(), LocationError> {
        let location = Location::parse(text)?;
        if let Some(socks) = &location.options.socks {
            self.network
                .set_socks4(socks)
                .map_err(|_| LocationError::InvalidOption("socks"))?;
        }
        if let Some(timeout) = location.options.timeout {
            self.timeout_s = timeout;
        }
        if let Some(version) = &location.options.flash_ver {
            self.flash_version = Some(version.clone());
        }
        self.play.forget(&location.options);
        self.credentials.forget(&location);
        self.fixed_path = false;
        self.location = location;
        self.has_location = true;
        Ok(())
    }

    /// The location, of which a part is to be set.
    pub(super) fn location_mut(&mut self) -> &mut Location {
        self.has_location = true;
        &mut self.location
    }

    /// Takes URLs where the stream is as well.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub(super) fn set_locations(&mut self, urls: &[String]) -> Result<(), String> {
        if urls.len() > MAX_LOCATIONS {
            let count = urls.len();
            return Err(format!("{count} are more than {MAX_LOCATIONS}"));
        }
        let parse = |(i, url): (usize, &String)| {
            let number = i + 1;
            let location = Location::parse(url).map_err(|error| format!("{number}: {error}"))?;
            if location.options != LocationOptions::default() {
                let error = "options behind a URL belong into the location property";
                return Err(format!("{number}: {error}"));
            }
            Ok(location)
        };
        let locations = urls.iter().enumerate().map(parse);
        self.locations = locations.collect::<Result<_, _>>()?;
        if !self.has_location {
            let first = self.locations.first().cloned();
            self.location = first.unwrap_or_else(default_location);
        }
        Ok(())
    }

    /// Where the stream is beside the location, and who asks there.
    fn alternatives(&self) -> Result<Vec<Alternative>, String> {
        let here = &self.location;
        let others = self.locations.iter().filter(|other| *other != here);
        let others = others.map(|other| {
            Ok(Alternative {
                location: other.clone(),
                access: self.credentials.access(other)?,
            })
        });
        others.collect()
    }

    /// Whether to be a live source. A place in a recording is asked for otherwise.
    pub(super) fn is_live(&self) -> bool {
        let is_recording = self.play_start() >= 0 || self.location.options.live == Some(false);
        self.live.is_live.unwrap_or(!is_recording)
    }

    /// Where `play` starts, in milliseconds or one of the constants.
    pub(super) fn play_start(&self) -> i64 {
        let options = &self.location.options;
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
        let stop = self.location.options.stop;
        let from = self.play_start().max(0);
        let duration = self.play.duration;
        let duration = duration.or_else(|| stop.map(|stop| (stop - from).max(0)));
        duration.filter(|duration| *duration >= 0).unwrap_or(-1)
    }

    /// The buffer that the server is told, in milliseconds.
    pub(super) fn buffer_length(&self) -> u32 {
        let length = self.play.buffer_length.or(self.location.options.buffer);
        length.unwrap_or(DEFAULT_BUFFER_LENGTH_MS)
    }

    /// `tcUrl`, if it is not made from the location.
    pub(super) fn tc_url(&self) -> Option<&String> {
        let option = self.location.options.tc_url.as_ref();
        self.play.tc_url.as_ref().or(option)
    }

    /// `swfUrl` of `connect`.
    pub(super) fn swf_url(&self) -> Option<&String> {
        let option = self.location.options.swf_url.as_ref();
        self.play.swf_url.as_ref().or(option)
    }

    /// `pageUrl` of `connect`.
    pub(super) fn page_url(&self) -> Option<&String> {
        let option = self.location.options.page_url.as_ref();
        self.play.page_url.as_ref().or(option)
    }

    /// Name for `FCSubscribe`; as librtmp, the stream's if it is a live one.
    pub(super) fn subscribe(&self) -> Option<&String> {
        let options = &self.location.options;
        let live = options.live == Some(true) && !self.location.stream.is_empty();
        let named = self.play.subscribe.as_ref().or(options.subscribe.as_ref());
        named.or_else(|| live.then_some(&self.location.stream))
    }

    /// Remembers whether the last value of a property was wrong.
    pub(super) fn note(&mut self, property: &str, error: Option<&String>) {
        // A good location has a good host.
        let replaced = |name: &str| name == property || (name == "host" && property == "location");
        self.wrong.retain(|(name, _)| !replaced(name));
        if let Some(error) = error {
            self.wrong.push((property.to_owned(), error.clone()));
        }
    }

    /// Names of options in the location that have no effect here.
    pub(super) fn unused_options(&self) -> Vec<String> {
        let options = &self.location.options;
        let unused = [
            ("playlist", options.playlist.is_some()),
            ("swfVfy", options.swf_vfy.is_some()),
            ("swfAge", options.swf_age.is_some()),
            ("jtv", options.jtv.is_some()),
        ];
        let unused = unused.into_iter().filter(|(_, set)| *set);
        unused
            .map(|(name, _)| name.to_owned())
            .chain(options.unknown.iter().cloned())
            .collect()
    }

    /// What to play.
    ///
    /// # Errors
    /// A sentence on what is wrong with which property.
    pub(super) fn play_settings(&self) -> Result<PlaySettings, String> {
        let location = &self.location;
        let options = &location.options;
        if let Some((name, error)) = self.wrong.first() {
            return Err(format!("The {name} property is wrong: {error}"));
        }
        let mut extra_arguments = Vec::new();
        // An object may begin in one `conn` option and end in another.
        let conn = options.conn.join(" ");
        for (source, text) in [
            (
                "extra-connect-args property",
                self.extra_connect_args.as_deref(),
            ),
            ("conn option of the location", Some(conn.as_str())),
        ] {
            let parsed = connect_args::parse(text.unwrap_or_default())
                .map_err(|error| format!("The {source} is wrong: {error}"))?;
            extra_arguments.extend(parsed);
        }

        let start = match self.play_start() {
            LIVE_MS => PlayStart::Live,
            start => match u32::try_from(start) {
                Ok(position) => PlayStart::Recorded(position),
                Err(_) => PlayStart::LiveOrRecorded,
            },
        };
        let network = self.network.options(self.tls.options()?);
        let named = options.app.is_some() || options.playpath.is_some();
        Ok(PlaySettings {
            location: location.clone(),
            alternatives: self.alternatives()?,
            network,
            fixed_path: self.fixed_path || named,
            tc_url: self.tc_url().cloned(),
            access: self.credentials.access(location)?,
            handshake: match self.handshake {
                RtmprHandshake::Auto => HandshakeChoice::Auto,
                RtmprHandshake::Simple => HandshakeChoice::Simple,
                RtmprHandshake::Digest => HandshakeChoice::Digest,
            },
            connect: ConnectParameters {
                flash_version: self.flash_version.clone(),
                swf_url: self.swf_url().cloned(),
                page_url: self.page_url().cloned(),
                // Depends on what is installed: see `announce`.
                capabilities: Capabilities::default(),
                extra_arguments,
                ..ConnectParameters::default()
            },
            play: PlayParameters {
                name: location.stream.clone(),
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
            timeout: seconds(self.timeout_s),
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
        forget(&mut self.tc_url, options.tc_url.is_some());
        forget(&mut self.swf_url, options.swf_url.is_some());
        forget(&mut self.page_url, options.page_url.is_some());
        forget(&mut self.subscribe, live || options.subscribe.is_some());
    }
}

/// 0 stands for no limit.
fn seconds(value: u32) -> Option<Duration> {
    (value > 0).then(|| Duration::from_secs(value.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::amf::Value;

    #[test]
    fn the_defaults_are_those_of_rtmp2src() {
        let settings = Settings::default();
        assert_eq!(settings.location.to_uri(), "rtmp://localhost/live/myStream");
        assert_eq!(settings.location.port_or_default(), 1935);
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.location.tc_url(), "rtmp://localhost/live");
        assert_eq!(play.tc_url, None);
        assert_eq!(play.timeout, Some(Duration::from_secs(5)));
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
        assert_eq!(play.timeout, Some(Duration::from_secs(9)));
        assert_eq!(play.connect.flash_version.as_deref(), Some("X Y"));
        assert_eq!(play.tc_url.as_deref(), Some("rtmp://t/a"));
        assert_eq!(play.connect.page_url.as_deref(), Some("http://p"));
        assert_eq!(play.connect.swf_url.as_deref(), Some("http://s"));
        assert_eq!(
            play.connect.extra_arguments,
            [Value::from("t"), Value::Number(2.0)]
        );
        assert_eq!(play.access.secure_token.as_deref(), Some("secret"));
        assert_eq!(settings.unused_options(), ["foo"]);
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
        settings.play.tc_url = Some("rtmp://property/a".to_owned());
        settings.play.start = Some(5000);
        settings.set_location("rtmp://h/a/s").expect("valid");
        assert_eq!(settings.play_start(), 5000, "the location says nothing");
        settings
            .set_location("rtmp://h/a/s tcUrl=rtmp://option/a live=1")
            .expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.tc_url.as_deref(), Some("rtmp://option/a"));
        assert_eq!(play.play.start, PlayStart::Live);
        assert!(play.fixed_start);
        assert_eq!(play.subscribe.as_deref(), Some("s"));
        settings.play.tc_url = Some("rtmp://later/a".to_owned());
        assert_eq!(
            settings.tc_url().map(String::as_str),
            Some("rtmp://later/a")
        );
        settings.play.tc_url = None;
        settings.set_location("rtmp://h/a/s").expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!((play.tc_url, play.subscribe), (None, None));
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
        let settings = Settings {
            extra_connect_args: Some("Q:1".to_owned()),
            ..Settings::default()
        };
        let error = settings.play_settings().expect_err("Q is no type");
        assert!(error.contains("extra-connect-args"), "{error}");
    }
}
