// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties about the way to a server: addresses, proxy, socket.

use std::net::IpAddr;
use std::time::Duration;

use gst::prelude::*;

use super::{get, optional_string};
use crate::net::gio::{AddressFamily, Options, Proxy, ProxyError, SocketOptions, TlsOptions};

/// Which addresses of a host are used: `address-family` property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, glib::Enum)]
#[enum_type(name = "GstRtmprAddressFamily")]
#[repr(i32)]
pub enum RtmprAddressFamily {
    /// IPv6 and IPv4.
    #[default]
    #[enum_value(name = "IPv6 and IPv4, the first that answers", nick = "any")]
    Any = 0,
    /// IPv4 only.
    #[enum_value(name = "IPv4 only", nick = "ipv4")]
    Ipv4 = 1,
    /// IPv6 only.
    #[enum_value(name = "IPv6 only", nick = "ipv6")]
    Ipv6 = 2,
}

/// Longest limit in seconds, as systems count milliseconds in 31 bits.
const MAX_SECONDS: u32 = 2_147_483;

/// What the properties say.
#[derive(Debug, Clone, Default)]
pub(crate) struct NetworkProperties {
    family: RtmprAddressFamily,
    bind_address: Option<IpAddr>,
    proxy: Proxy,
    /// Count more than a login in the proxy's URL.
    proxy_login: Login,
    socket: SocketOptions,
}

#[derive(Clone, Default)]
struct Login {
    id: Option<String>,
    password: Option<String>,
}

/// Shows nothing: it is a password.
impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.id.is_some() {
            "Login"
        } else {
            "no Login"
        })
    }
}

impl NetworkProperties {
    /// The properties.
    pub(crate) fn specs() -> Vec<glib::ParamSpec> {
        let socket = SocketOptions::default();
        vec![
            /**
             * rtmprsrc:address-family:
             *
             * Which addresses of the host to connect to. With both kinds the
             * next address is tried when one has not answered for 250 ms, and
             * the first that answers is used.
             */
            glib::ParamSpecEnum::builder_with_default("address-family", RtmprAddressFamily::Any)
                .nick("Address family")
                .blurb("Which addresses of the host to connect to")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:bind-address:
             *
             * The local address to connect from, for machines with several
             * networks.
             */
            glib::ParamSpecString::builder("bind-address")
                .nick("Bind address")
                .blurb("Local IP address to connect from (NULL = the system's choice)")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:proxy:
             *
             * A proxy to connect through: `socks5://`, `socks4a://`,
             * `socks4://`, `http://` or `https://` with
             * `[user:password@]host[:port]`; `direct://` for none.
             */
            glib::ParamSpecString::builder("proxy")
                .nick("Proxy")
                .blurb("Proxy to connect through: [PROTOCOL://][USER:PASSWORD@]HOST[:PORT] with socks5, socks4a, socks4, http or https; direct:// for none (NULL = the system's settings)")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:proxy-id:
             *
             * User name to log in to #rtmprsrc:proxy with.
             */
            glib::ParamSpecString::builder("proxy-id")
                .nick("Proxy id")
                .blurb("User name for the proxy")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:proxy-pw:
             *
             * Password to log in to #rtmprsrc:proxy with.
             */
            glib::ParamSpecString::builder("proxy-pw")
                .nick("Proxy password")
                .blurb("Password for the proxy")
                .write_only()
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tcp-keepalive:
             *
             * How long nothing may come before TCP asks whether the server is
             * still there. It is gone if three such questions, 10 s apart,
             * stay without an answer.
             */
            glib::ParamSpecUInt::builder("tcp-keepalive")
                .nick("TCP keep-alive")
                .blurb("Silence after which TCP asks whether the server is there, in seconds (0 = never)")
                .maximum(MAX_SECONDS)
                .default_value(whole_seconds(socket.keepalive))
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tcp-user-timeout:
             *
             * How long the server may leave what was sent unacknowledged
             * before the connection counts as broken. On Linux only.
             */
            glib::ParamSpecUInt::builder("tcp-user-timeout")
                .nick("TCP user timeout")
                .blurb("How long what was sent may stay unacknowledged, in seconds (0 = the system's limit; Linux only)")
                .maximum(MAX_SECONDS)
                .default_value(whole_seconds(socket.user_timeout))
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:receive-buffer-size:
             *
             * Size of the socket's receive buffer. The system's own choice
             * grows with the need; a fixed size keeps it from that.
             */
            glib::ParamSpecUInt::builder("receive-buffer-size")
                .nick("Receive buffer size")
                .blurb("Size of the socket's receive buffer, in bytes (0 = the system's choice)")
                .maximum(i32::MAX.unsigned_abs())
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:send-buffer-size:
             *
             * Size of the socket's send buffer.
             */
            glib::ParamSpecUInt::builder("send-buffer-size")
                .nick("Send buffer size")
                .blurb("Size of the socket's send buffer, in bytes (0 = the system's choice)")
                .maximum(i32::MAX.unsigned_abs())
                .mutable_ready()
                .build(),
        ]
    }

    /// Sets a property; `None` if it is not one of these.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        self.try_set(name, value).transpose()
    }

    fn try_set(&mut self, name: &str, value: &glib::Value) -> Result<Option<()>, String> {
        match name {
            "address-family" => self.family = get(value)?,
            "bind-address" => {
                let text = optional_string(value).filter(|text| !text.is_empty());
                let address = text.map(|text| text.trim_matches(['[', ']']).parse());
                let address = address.transpose();
                self.bind_address = address.map_err(|_| "it is no IP address".to_owned())?;
            }
            "proxy" => {
                let text = optional_string(value).filter(|text| !text.is_empty());
                let proxy = text.as_deref().map(Proxy::parse).transpose();
                self.set_proxy(
                    proxy
                        .map_err(|error| error.to_string())?
                        .unwrap_or_default(),
                );
            }
            "proxy-id" => self.proxy_login.id = optional_string(value),
            "proxy-pw" => self.proxy_login.password = optional_string(value),
            "tcp-keepalive" => self.socket.keepalive = seconds(get(value)?),
            "tcp-user-timeout" => self.socket.user_timeout = seconds(get(value)?),
            "receive-buffer-size" => self.socket.receive_buffer = size(get(value)?),
            "send-buffer-size" => self.socket.send_buffer = size(get(value)?),
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Sets a SOCKS 4 proxy from librtmp's option.
    ///
    /// # Errors
    /// It is no host and port.
    pub(crate) fn set_socks4(&mut self, host_and_port: &str) -> Result<(), ProxyError> {
        self.set_proxy(Proxy::parse(&format!("socks4://{host_and_port}"))?);
        Ok(())
    }

    /// A login in the URL goes where it is not shown, and replaces what was set
    /// before, as with `rtspsrc`.
    fn set_proxy(&mut self, mut proxy: Proxy) {
        if let Proxy::Through(url) = &mut proxy
            && (url.user.is_some() || url.password.is_some())
        {
            self.proxy_login.id = url.user.take();
            self.proxy_login.password = url.password.take();
        }
        self.proxy = proxy;
    }

    /// Reads a property; `None` if it is not one of these.
    pub(crate) fn value(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "address-family" => self.family.to_value(),
            "bind-address" => self
                .bind_address
                .map(|address| address.to_string())
                .to_value(),
            "proxy" => match &self.proxy {
                Proxy::System => None,
                Proxy::Direct => Some("direct://".to_owned()),
                Proxy::Through(url) => Some(url.shown()),
            }
            .to_value(),
            "proxy-id" => self.proxy_login.id.to_value(),
            "tcp-keepalive" => whole_seconds(self.socket.keepalive).to_value(),
            "tcp-user-timeout" => whole_seconds(self.socket.user_timeout).to_value(),
            "receive-buffer-size" => self.socket.receive_buffer.unwrap_or(0).to_value(),
            "send-buffer-size" => self.socket.send_buffer.unwrap_or(0).to_value(),
            _ => return None,
        })
    }

    /// What they come to.
    pub(crate) fn options(&self, tls: TlsOptions) -> Options {
        let mut proxy = self.proxy.clone();
        if let Proxy::Through(url) = &mut proxy {
            url.user.clone_from(&self.proxy_login.id);
            url.password.clone_from(&self.proxy_login.password);
        }
        Options {
            family: match self.family {
                RtmprAddressFamily::Any => AddressFamily::Any,
                RtmprAddressFamily::Ipv4 => AddressFamily::Ipv4,
                RtmprAddressFamily::Ipv6 => AddressFamily::Ipv6,
            },
            bind_address: self.bind_address,
            proxy,
            socket: self.socket,
            tls,
        }
    }
}

/// 0 stands for none.
fn seconds(value: u32) -> Option<Duration> {
    (value > 0).then(|| Duration::from_secs(value.into()))
}

fn whole_seconds(time: Option<Duration>) -> u32 {
    let seconds = time.map_or(0, |time| time.as_secs());
    seconds.try_into().unwrap_or(MAX_SECONDS)
}

/// 0 stands for the system's choice.
fn size(value: u32) -> Option<u32> {
    (value > 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(
        properties: &mut NetworkProperties,
        name: &str,
        value: impl ToValue,
    ) -> Result<(), String> {
        properties
            .set(name, &value.to_value())
            .expect("it is known")
    }

    fn shown(properties: &NetworkProperties, name: &str) -> Option<String> {
        properties.value(name)?.get().expect("a string")
    }

    #[test]
    fn a_login_in_the_proxys_url_is_used_and_not_read_back() {
        let mut properties = NetworkProperties::default();
        set(&mut properties, "proxy", "socks5://me:secret@h").expect("valid");
        assert_eq!(
            shown(&properties, "proxy").as_deref(),
            Some("socks5://h:1080")
        );
        assert_eq!(shown(&properties, "proxy-id").as_deref(), Some("me"));
        assert!(properties.value("proxy-pw").is_none());
        assert!(!format!("{properties:?}").contains("secret"));

        let login = |properties: &NetworkProperties| {
            let options = properties.options(TlsOptions::default());
            assert!(!format!("{options:?}").contains("secret"));
            match options.proxy {
                Proxy::Through(url) => (url.user, url.password),
                other => panic!("{other:?}"),
            }
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(login(&properties), (some("me"), some("secret")));
        set(&mut properties, "proxy-pw", "other").expect("valid");
        assert_eq!(login(&properties), (some("me"), some("other")));
    }

    #[test]
    fn a_wrong_proxy_or_address_is_told_without_repeating_it() {
        let mut properties = NetworkProperties::default();
        for (name, value) in [
            ("proxy", "gopher://u:secret@h"),
            ("proxy", "http://u:secret@"),
            ("bind-address", "secret"),
        ] {
            let error = set(&mut properties, name, value).expect_err(value);
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn no_proxy_is_the_systems_and_direct_is_none() {
        let mut properties = NetworkProperties::default();
        let proxy =
            |properties: &NetworkProperties| properties.options(TlsOptions::default()).proxy;
        assert_eq!(proxy(&properties), Proxy::System);
        set(&mut properties, "proxy", "direct://").expect("valid");
        assert_eq!(proxy(&properties), Proxy::Direct);
        set(&mut properties, "proxy", None::<String>).expect("valid");
        assert_eq!(proxy(&properties), Proxy::System);
    }

    #[test]
    fn a_local_address_may_have_brackets() {
        let mut properties = NetworkProperties::default();
        for (text, expected) in [("127.0.0.2", "127.0.0.2"), ("[::1]", "::1"), ("::1", "::1")] {
            set(&mut properties, "bind-address", text).expect("valid");
            assert_eq!(
                shown(&properties, "bind-address").as_deref(),
                Some(expected)
            );
        }
    }
}
