// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties as values: defaults, the location in parts, and
//! what they mean together for a play.

use std::time::Duration;

use crate::net::Endpoint;
use crate::player::PlaySettings;
use crate::queue::Limits;
use crate::rtmp::connect_args;
use crate::rtmp::location::{Location, LocationError, Scheme};
use crate::rtmp::session::client::{ConnectParameters, PlayParameters, PlayStart};

/// Seconds; as `rtmp2src`.
pub(super) const DEFAULT_TIMEOUT_S: u32 = 5;

/// Bytes: more than 60 s of an 8 Mbit/s stream with what its items take.
pub(super) const DEFAULT_MAX_QUEUE_BYTES: u32 = 64 << 20;

/// Announced client buffer. Large ones make nginx-rtmp send recordings in
/// bursts and leave out audio. Milliseconds.
const BUFFER_LENGTH_MS: u32 = 3000;

/// Defaults of the location, as `rtmp2src`.
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_APPLICATION: &str = "live";
const DEFAULT_STREAM: &str = "myStream";

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) location: Location,
    pub(super) timeout_s: u32,
    pub(super) idle_timeout_s: u32,
    pub(super) flash_version: Option<String>,
    pub(super) async_connect: bool,
    pub(super) no_eof_is_error: bool,
    pub(super) extra_connect_args: Option<String>,
    pub(super) max_queue_bytes: u32,
    /// Nanoseconds.
    pub(super) max_queue_time: u64,
    /// Properties whose last value was wrong, and why. Playing something else
    /// instead would be the worse answer.
    wrong: Vec<(String, String)>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            location: default_location(),
            timeout_s: DEFAULT_TIMEOUT_S,
            idle_timeout_s: 0,
            flash_version: None,
            async_connect: true,
            no_eof_is_error: false,
            extra_connect_args: None,
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
        if let Some(timeout) = location.options.timeout {
            self.timeout_s = timeout;
        }
        if let Some(version) = &location.options.flash_ver {
            self.flash_version = Some(version.clone());
        }
        self.location = location;
        Ok(())
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
            ("token", options.token.is_some()),
            ("jtv", options.jtv.is_some()),
            ("socks", options.socks.is_some()),
            ("pubUser", options.pub_user.is_some()),
            ("pubPasswd", options.pub_passwd.is_some()),
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

        let live = options.live == Some(true);
        let start = match options.start {
            _ if live => PlayStart::Live,
            None => PlayStart::LiveOrRecorded,
            // As on the wire, where -1000 and -2000 are no positions.
            Some(start) => match u32::try_from(start) {
                Ok(position) => PlayStart::Recorded(position),
                Err(_) if start == -1000 => PlayStart::Live,
                Err(_) => PlayStart::LiveOrRecorded,
            },
        };
        let stop = options.stop.and_then(|stop| u32::try_from(stop).ok());
        let from = match start {
            PlayStart::Recorded(position) => position,
            PlayStart::Live | PlayStart::LiveOrRecorded => 0,
        };
        let subscribe = options.subscribe.clone();
        Ok(PlaySettings {
            endpoint: Endpoint {
                host: location.host.clone(),
                port: location.port_or_default(),
            },
            shown_url: location.redacted(),
            connect: ConnectParameters {
                application: location.application.clone(),
                tc_url: options.tc_url.clone().unwrap_or_else(|| location.tc_url()),
                flash_version: self.flash_version.clone(),
                swf_url: options.swf_url.clone(),
                page_url: options.page_url.clone(),
                extra_arguments,
            },
            play: PlayParameters {
                name: location.stream.clone(),
                start,
                duration: stop.map(|stop| stop.saturating_sub(from)),
                buffer_length: options.buffer.unwrap_or(BUFFER_LENGTH_MS),
            },
            // As librtmp does.
            subscribe: subscribe.or_else(|| live.then(|| location.stream.clone())),
            timeout: seconds(self.timeout_s),
            idle_timeout: seconds(self.idle_timeout_s),
            no_eof_is_error: self.no_eof_is_error,
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
        assert_eq!(play.connect.tc_url, "rtmp://localhost/live");
        assert_eq!(play.timeout, Some(Duration::from_secs(5)));
        assert_eq!(play.idle_timeout, None);
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
                 pageUrl=http://p swfUrl=http://s buffer=7 token=secret foo=bar",
            )
            .expect("valid");
        let play = settings.play_settings().expect("valid");
        assert_eq!(play.play.start, PlayStart::Live);
        assert_eq!(play.play.buffer_length, 7);
        assert_eq!(play.subscribe.as_deref(), Some("s"));
        assert_eq!(play.timeout, Some(Duration::from_secs(9)));
        assert_eq!(play.connect.flash_version.as_deref(), Some("X Y"));
        assert_eq!(play.connect.tc_url, "rtmp://t/a");
        assert_eq!(play.connect.page_url.as_deref(), Some("http://p"));
        assert_eq!(play.connect.swf_url.as_deref(), Some("http://s"));
        assert_eq!(
            play.connect.extra_arguments,
            [Value::from("t"), Value::Number(2.0)]
        );
        assert_eq!(settings.unused_options(), ["token", "foo"]);
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
