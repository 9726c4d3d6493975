// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Proxies: which one, and how GIO is told. The protocols are GIO's own: HTTP
//! CONNECT, SOCKS 5 with user name and password (RFC 1928, 1929), SOCKS 4.

use std::fmt;

use gio::prelude::*;

use crate::net::Endpoint;

/// What stands between us and the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// What the system says.
    #[default]
    System,
    /// Nothing.
    Direct,
    /// This one.
    Through(ProxyUrl),
}

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl {
    protocol: &'static Protocol,
    endpoint: Endpoint,
    /// Name to log in with.
    pub user: Option<String>,
    /// Password to log in with.
    pub password: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Protocol {
    name: &'static str,
    default_port: u16,
}

/// What GIO speaks. The ports are those that the URL scheme or the protocol has.
const PROTOCOLS: [Protocol; 5] = [
    Protocol {
        name: "socks5",
        default_port: 1080,
    },
    Protocol {
        name: "socks4a",
        default_port: 1080,
    },
    Protocol {
        name: "socks4",
        default_port: 1080,
    },
    Protocol {
        name: "http",
        default_port: 80,
    },
    Protocol {
        name: "https",
        default_port: 443,
    },
];

/// Why a text names no proxy. The text is not repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyError {
    /// It is no URL with a host.
    NoUrl,
    /// A scheme that is not known.
    UnknownProtocol,
    /// It has a path or a query, which means nothing to a proxy.
    NotAProxy,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUrl => f.write_str("it is not [PROTOCOL://][USER:PASSWORD@]HOST[:PORT]"),
            Self::UnknownProtocol => {
                let names = PROTOCOLS.map(|protocol| protocol.name).join(", ");
                write!(f, "its protocol is none of {names}, direct")
            }
            Self::NotAProxy => f.write_str("a proxy's address has no path and no query"),
        }
    }
}

impl Proxy {
    /// Reads `[protocol://][user:password@]host[:port]`, with `http` as the
    /// protocol if none is named, or `direct://`.
    ///
    /// # Errors
    /// Why the text is none of that.
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("direct://") {
            return Ok(Self::Direct);
        }
        let (name, rest) = text.split_once("://").unwrap_or(("http", text));
        let protocol = PROTOCOLS
            .iter()
            .find(|protocol| protocol.name.eq_ignore_ascii_case(name))
            .ok_or(ProxyError::UnknownProtocol)?;
        let flags = glib::UriFlags::HAS_PASSWORD;
        let uri = glib::Uri::parse(&format!("{}://{rest}", protocol.name), flags)
            .map_err(|_| ProxyError::NoUrl)?;
        let path = uri.path();
        if !(path.is_empty() || path == "/") || uri.query().is_some() || uri.fragment().is_some() {
            return Err(ProxyError::NotAProxy);
        }
        let host = uri.host().filter(|host| !host.is_empty());
        let port = match uri.port() {
            -1 => protocol.default_port,
            port => u16::try_from(port).map_err(|_| ProxyError::NoUrl)?,
        };
        let some = |text: Option<glib::GString>| text.map(String::from);
        Ok(Self::Through(ProxyUrl {
            protocol,
            endpoint: Endpoint {
                host: host.ok_or(ProxyError::NoUrl)?.into(),
                port,
                tls: false,
            },
            user: some(uri.user()).filter(|user| !user.is_empty()),
            password: some(uri.password()),
        }))
    }

    pub(super) fn set_on(&self, client: &gio::SocketClient) {
        match self {
            Self::System => {}
            Self::Direct => client.set_enable_proxy(false),
            Self::Through(url) => {
                let resolver = gio::SimpleProxyResolver::new(Some(&url.to_uri()), &[] as &[&str]);
                client.set_proxy_resolver(Some(&resolver));
            }
        }
    }
}

impl ProxyUrl {
    /// The proxy without user name and password.
    pub fn shown(&self) -> String {
        format!("{}://{}", self.protocol.name, self.endpoint)
    }

    fn to_uri(&self) -> String {
        let mut uri = format!("{}://", self.protocol.name);
        let escaped =
            |text: &String| glib::Uri::escape_string(text, None::<&str>, false).to_string();
        if self.user.is_some() || self.password.is_some() {
            uri.push_str(&self.user.as_ref().map_or_else(String::new, escaped));
            if let Some(password) = &self.password {
                uri.push(':');
                uri.push_str(&escaped(password));
            }
            uri.push('@');
        }
        uri + &self.endpoint.to_string()
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProxyUrl").field(&self.shown()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ProxyUrl {
        match Proxy::parse(text) {
            Ok(Proxy::Through(url)) => url,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn urls_of_all_protocols_are_read_and_get_their_ports() {
        for (text, shown) in [
            ("socks5://h", "socks5://h:1080"),
            ("SOCKS5://h:9/", "socks5://h:9"),
            ("socks4://1.2.3.4", "socks4://1.2.3.4:1080"),
            ("socks4a://h", "socks4a://h:1080"),
            ("http://h", "http://h:80"),
            ("https://h", "https://h:443"),
            ("h:3128", "http://h:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
        ] {
            assert_eq!(url(text).shown(), shown, "{text}");
            assert_eq!(url(text).to_uri(), shown, "{text}");
        }
        assert_eq!(Proxy::parse("direct://"), Ok(Proxy::Direct));
    }

    #[test]
    fn a_login_is_decoded_passed_on_and_never_shown() {
        let proxy = url("socks5://me%40home:p%3Aw%2F@h:1");
        assert_eq!(proxy.user.as_deref(), Some("me@home"));
        assert_eq!(proxy.password.as_deref(), Some("p:w/"));
        assert_eq!(proxy.to_uri(), "socks5://me%40home:p%3Aw%2F@h:1");
        let shown = format!("{proxy:?} {}", proxy.shown());
        assert!(!shown.contains("home") && !shown.contains("p:w"), "{shown}");
    }

    #[test]
    fn what_is_no_proxy_is_told_without_repeating_it() {
        for (text, expected) in [
            ("", ProxyError::NoUrl),
            ("http://", ProxyError::NoUrl),
            ("http://u:secret@", ProxyError::NoUrl),
            ("http://h:70000", ProxyError::NoUrl),
            ("ftp://u:secret@h", ProxyError::UnknownProtocol),
            ("http://u:secret@h/path", ProxyError::NotAProxy),
            ("http://u:secret@h?query", ProxyError::NotAProxy),
        ] {
            assert_eq!(Proxy::parse(text), Err(expected), "{text}");
            assert!(!expected.to_string().contains("secret"));
        }
    }
}
