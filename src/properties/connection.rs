// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Where to connect to, and what to say there of oneself.

use std::time::Duration;

use gst::prelude::*;

use super::credentials::CredentialProperties;
use super::handshake::RtmprHandshake;
use super::scheme::RtmprScheme;
use super::{NetworkProperties, TlsProperties, get, optional_string};
use crate::client::{Alternative, ConnectionSettings, HandshakeChoice};
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::connect_args;
use crate::rtmp::location::{Location, LocationError, LocationOptions, Scheme};
use crate::rtmp::session::client::ConnectParameters;
use crate::rtmp::status::printable;

/// Seconds; as `rtmp2src`.
pub(crate) const DEFAULT_TIMEOUT_S: u32 = 5;

/// Most places of one stream.
pub(crate) const MAX_LOCATIONS: usize = 16;

/// Defaults of the location, as `rtmp2src`.
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_APPLICATION: &str = "live";
const DEFAULT_STREAM: &str = "myStream";

/// Stands for a value that is not shown.
const HIDDEN: &str = "…";

/// What the properties say.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionProperties {
    pub(crate) location: Location,
    /// The location, or a part of it, was set; otherwise the first of the others is it.
    has_location: bool,
    /// Where else the stream is.
    locations: Vec<Location>,
    /// Application or stream were set by themselves.
    fixed_path: bool,
    credentials: CredentialProperties,
    tls: TlsProperties,
    network: NetworkProperties,
    handshake: RtmprHandshake,
    timeout_s: u32,
    pub(crate) async_connect: bool,
    flash_version: Option<String>,
    tc_url: Option<String>,
    swf_url: Option<String>,
    page_url: Option<String>,
    extra_connect_args: Option<String>,
    /// Properties of the element whose last value was wrong, and why. Connecting to
    /// something else instead would be the worse answer.
    wrong: Vec<(String, String)>,
}

impl Default for ConnectionProperties {
    fn default() -> Self {
        Self {
            location: default_location(),
            has_location: false,
            locations: Vec::new(),
            fixed_path: false,
            credentials: CredentialProperties::default(),
            tls: TlsProperties::default(),
            network: NetworkProperties::default(),
            handshake: RtmprHandshake::default(),
            timeout_s: DEFAULT_TIMEOUT_S,
            async_connect: true,
            flash_version: None,
            tc_url: None,
            swf_url: None,
            page_url: None,
            extra_connect_args: None,
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

impl ConnectionProperties {
    /// Their specifications.
    pub(crate) fn specs() -> Vec<glib::ParamSpec> {
        let location = default_location();
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
         * them; where that is not set, the first of these takes its place. A source
         * tries each a quarter of a second after the one before, or at once if that
         * failed, and the first from which media comes plays. A sink publishes to one
         * of them, the first that takes the stream. With #rtmprsrc:reconnect they are
         * taken in turn once the connection broke.
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
         * How long each step may take until the server says that it has
         * started: looking up the host, connecting, handshake, and each answer
         * of the server.
         */
        glib::ParamSpecUInt::builder("timeout")
            .nick("Timeout")
            .blurb(
                "How long each step up to the start may take, in seconds (0 = no limit)",
            )
            .default_value(DEFAULT_TIMEOUT_S)
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:flash-version:
         *
         * What to call ourselves towards the server.
         */
        glib::ParamSpecString::builder("flash-version")
            .nick("Flash version")
            .blurb("Flash version reported to the server (NULL = that of a usual client)")
            .mutable_ready()
            .build(),
        /**
         * rtmprsrc:async-connect:
         *
         * Whether to connect on the way to PAUSED or with the first buffer.
         * Neither ever blocks the state change.
         */
        glib::ParamSpecBoolean::builder("async-connect")
            .nick("Async connect")
            .blurb("Connect while going to PAUSED, otherwise with the first buffer")
            .default_value(true)
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
        ];
        specs.extend(CredentialProperties::specs());
        specs.extend(TlsProperties::specs());
        specs.extend(NetworkProperties::specs());
        specs
    }

    /// Sets a property; `None` if it is not of this group.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        let group = self.credentials.set(name, value);
        let group = group.or_else(|| self.tls.set(name, value));
        let group = group.or_else(|| self.network.set(name, value));
        group.or_else(|| self.try_set(name, value).transpose())
    }

    fn try_set(&mut self, name: &str, value: &glib::Value) -> Result<Option<()>, String> {
        match name {
            "location" => {
                let location = optional_string(value).unwrap_or_default();
                self.set_location(&location)
                    .map_err(|error| error.to_string())?;
            }
            "locations" => {
                let urls = get::<gst::Array>(value)?;
                let urls: Result<Vec<String>, _> = urls.iter().map(|url| get(url)).collect();
                self.set_locations(&urls?)?;
            }
            "scheme" => {
                self.location_mut().scheme = match get(value)? {
                    RtmprScheme::Rtmp => Scheme::Rtmp,
                    RtmprScheme::Rtmps => Scheme::Rtmps,
                };
            }
            "host" => {
                let host = optional_string(value).unwrap_or_default();
                // Checked as a location is, brackets included.
                let location = Location::from_parts(Scheme::Rtmp, &host, None, "", "");
                let host = location.map_err(|error| error.to_string())?.host;
                self.location_mut().host = host;
            }
            "port" => self.location_mut().port = u16::try_from(get::<i32>(value)?).ok(),
            "application" => {
                self.location_mut().application = optional_string(value).unwrap_or_default();
                self.fixed_path = true;
            }
            "stream" => {
                self.location_mut().stream = optional_string(value).unwrap_or_default();
                self.fixed_path = true;
            }
            "timeout" => self.timeout_s = get(value)?,
            "async-connect" => self.async_connect = get(value)?,
            "handshake" => self.handshake = get(value)?,
            "flash-version" => self.flash_version = optional_string(value),
            "tc-url" => self.tc_url = optional_string(value),
            "swf-url" => self.swf_url = optional_string(value),
            "page-url" => self.page_url = optional_string(value),
            "extra-connect-args" => {
                let args = optional_string(value);
                connect_args::parse(args.as_deref().unwrap_or_default())
                    .map_err(|error| error.to_string())?;
                self.extra_connect_args = args;
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Reads a property, as far as it may be shown: what can be read is in every dump
    /// of a pipeline. `None` if it is not of this group.
    pub(crate) fn value(&self, name: &str) -> Option<glib::Value> {
        let location = &self.location;
        let shown = |text: Option<&String>| text.map(|text| printable(text)).to_value();
        Some(match name {
            "location" => location.redacted().to_value(),
            "locations" => {
                let locations = self.locations.iter();
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
            "timeout" => self.timeout_s.to_value(),
            "flash-version" => self.flash_version.to_value(),
            "async-connect" => self.async_connect.to_value(),
            "handshake" => self.handshake.to_value(),
            "tc-url" => shown(self.tc_url()),
            "swf-url" => shown(self.swf_url()),
            "page-url" => shown(self.page_url()),
            "extra-connect-args" => {
                let args = self.extra_connect_args.as_ref();
                args.map(|_| HIDDEN).to_value()
            }
            _ => {
                let group = self.credentials.value(location, name);
                let group = group.or_else(|| self.tls.value(name));
                return group.or_else(|| self.network.value(name));
            }
        })
    }

    /// Takes a URL with its options, which set the properties that they name.
    pub(crate) fn set_location(&mut self, text: &str) -> Result<(), LocationError> {
        let location = Location::parse(text)?;
        if let Some(socks) = &location.options.socks {
            self.network
                .set_socks4(socks)
                .map_err(|_| LocationError::InvalidOption("socks"))?;
        }
        if let Some(timeout) = location.options.timeout {
            self.timeout_s = timeout;
        }
        let options = &location.options;
        if let Some(version) = &options.flash_ver {
            self.flash_version = Some(version.clone());
        }
        // What a location says that is set later than a property counts instead.
        for (property, said) in [
            (&mut self.tc_url, &options.tc_url),
            (&mut self.swf_url, &options.swf_url),
            (&mut self.page_url, &options.page_url),
        ] {
            if said.is_some() {
                *property = None;
            }
        }
        self.credentials.forget(&location);
        self.fixed_path = false;
        self.location = location;
        self.has_location = true;
        Ok(())
    }

    /// The location, of which a part is to be set.
    pub(crate) fn location_mut(&mut self) -> &mut Location {
        self.has_location = true;
        &mut self.location
    }

    /// Takes URLs where the stream is as well.
    ///
    /// # Errors
    /// What is wrong with which of them.
    pub(crate) fn set_locations(&mut self, urls: &[String]) -> Result<(), String> {
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

    /// `tcUrl`, if it is not made from the location.
    pub(crate) fn tc_url(&self) -> Option<&String> {
        let option = self.location.options.tc_url.as_ref();
        self.tc_url.as_ref().or(option)
    }

    /// `swfUrl` of `connect`.
    pub(crate) fn swf_url(&self) -> Option<&String> {
        let option = self.location.options.swf_url.as_ref();
        self.swf_url.as_ref().or(option)
    }

    /// `pageUrl` of `connect`.
    pub(crate) fn page_url(&self) -> Option<&String> {
        let option = self.location.options.page_url.as_ref();
        self.page_url.as_ref().or(option)
    }

    /// Remembers whether the last value of a property was wrong.
    pub(crate) fn note(&mut self, property: &str, error: Option<&String>) {
        // A good location has a good host.
        let replaced = |name: &str| name == property || (name == "host" && property == "location");
        self.wrong.retain(|(name, _)| !replaced(name));
        if let Some(error) = error {
            self.wrong.push((property.to_owned(), error.clone()));
        }
    }

    /// Names of options in the location that have no effect here.
    pub(crate) fn unused_options(&self) -> Vec<String> {
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

    /// What they come to.
    ///
    /// # Errors
    /// A sentence on what is wrong with which property.
    pub(crate) fn settings(&self) -> Result<ConnectionSettings, String> {
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
        let network = self.network.options(self.tls.options()?);
        let named = options.app.is_some() || options.playpath.is_some();
        Ok(ConnectionSettings {
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
                // The element's business.
                capabilities: Capabilities::default(),
                extra_arguments,
                ..ConnectParameters::default()
            },
            timeout: seconds(self.timeout_s),
        })
    }
}

/// 0 stands for no limit.
pub(crate) fn seconds(value: u32) -> Option<Duration> {
    (value > 0).then(|| Duration::from_secs(value.into()))
}
