// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How to reach a server: what the user may choose of the way there.

use std::net::IpAddr;
use std::time::Duration;

use gio::prelude::*;

use super::proxy::Proxy;
use super::tls::TlsOptions;
use crate::net::ConnectError;

/// Time without any data after which the peer is asked whether it is there.
const DEFAULT_KEEPALIVE: Duration = Duration::from_secs(30);

/// Time between two such questions.
const KEEPALIVE_INTERVAL_S: i32 = 10;

/// Questions without an answer after which the connection is broken.
const KEEPALIVE_COUNT: i32 = 3;

/// Time that the peer may leave what was sent unacknowledged.
const DEFAULT_USER_TIMEOUT: Duration = Duration::from_secs(30);

/// The way to a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Which addresses of the host to use.
    pub family: AddressFamily,
    /// The local address to connect from.
    pub bind_address: Option<IpAddr>,
    /// What stands between.
    pub proxy: Proxy,
    /// What is set on the socket.
    pub socket: SocketOptions,
    /// How TLS is used, where it is.
    pub tls: TlsOptions,
}

/// Which addresses of a host are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// All, tried in turn without waiting long for one.
    #[default]
    Any,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

/// What is set on the socket. `TCP_NODELAY` always is: commands are small and
/// each waits for an answer, so Nagle's algorithm with delayed acknowledgements
/// would cost 40 ms a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SocketOptions {
    /// Silence after which TCP asks whether the peer is there; never if `None`.
    pub keepalive: Option<Duration>,
    /// How long what was sent may stay unacknowledged; the system's own limit
    /// (a quarter of an hour on Linux) if `None`. Linux only.
    pub user_timeout: Option<Duration>,
    /// Size of the receive buffer in bytes; the system's choice if `None`.
    pub receive_buffer: Option<u32>,
    /// Size of the send buffer in bytes; the system's choice if `None`.
    pub send_buffer: Option<u32>,
    /// How much may wait in the system without having been sent, in bytes, so that a
    /// slow line shows at once and not when megabytes are on their way; any amount if
    /// `None`. Linux only.
    pub unsent: Option<u32>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            keepalive: Some(DEFAULT_KEEPALIVE),
            user_timeout: Some(DEFAULT_USER_TIMEOUT),
            receive_buffer: None,
            send_buffer: None,
            unsent: None,
        }
    }
}

impl SocketOptions {
    /// Sets them on a socket that is not connected yet: the window that a
    /// connection starts with is made from the buffer's size.
    ///
    /// A system that lacks one of them works without.
    pub(super) fn apply(&self, socket: &gio::Socket) {
        set(socket, libc::IPPROTO_TCP, libc::TCP_NODELAY, 1);
        socket.set_keepalive(self.keepalive.is_some());
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            if let Some(idle) = self.keepalive {
                let seconds = i32::try_from(idle.as_secs().max(1)).unwrap_or(i32::MAX);
                set(socket, libc::IPPROTO_TCP, libc::TCP_KEEPIDLE, seconds);
                let interval = KEEPALIVE_INTERVAL_S.min(seconds);
                set(socket, libc::IPPROTO_TCP, libc::TCP_KEEPINTVL, interval);
                set(
                    socket,
                    libc::IPPROTO_TCP,
                    libc::TCP_KEEPCNT,
                    KEEPALIVE_COUNT,
                );
            }
            if let Some(limit) = self.user_timeout {
                let milliseconds = i32::try_from(limit.as_millis()).unwrap_or(i32::MAX);
                set(
                    socket,
                    libc::IPPROTO_TCP,
                    libc::TCP_USER_TIMEOUT,
                    milliseconds,
                );
            }
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if let Some(unsent) = self.unsent {
            let bytes = i32::try_from(unsent).unwrap_or(i32::MAX);
            set(socket, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, bytes);
        }
        for (name, size) in [
            (libc::SO_RCVBUF, self.receive_buffer),
            (libc::SO_SNDBUF, self.send_buffer),
        ] {
            if let Some(size) = size {
                let size = i32::try_from(size).unwrap_or(i32::MAX);
                set(socket, libc::SOL_SOCKET, name, size);
            }
        }
    }
}

/// Has the system send no more than so many bytes in a second.
pub(super) fn pace(socket: &gio::Socket, bytes_per_second: Option<u64>) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // 32 bits of bytes; all of them set is no limit.
        let rate =
            bytes_per_second.map_or(u32::MAX, |rate| u32::try_from(rate).unwrap_or(u32::MAX));
        set(
            socket,
            libc::SOL_SOCKET,
            libc::SO_MAX_PACING_RATE,
            rate.cast_signed(),
        );
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (socket, bytes_per_second);
}

fn set(socket: &gio::Socket, level: i32, name: i32, value: i32) {
    let _ = socket.set_option(level, name, value);
}

impl Options {
    /// Whether an address is of the wrong kind.
    ///
    /// # Errors
    /// It is, in words.
    pub(super) fn check(&self, host: &str) -> Result<(), ConnectError> {
        // An address in brackets may have a zone, which the parser does not know.
        let address = host
            .split_once('%')
            .map_or(host, |(address, _zone)| address);
        let other = matches!(
            (self.family, address.parse()),
            (AddressFamily::Ipv4, Ok(IpAddr::V6(_))) | (AddressFamily::Ipv6, Ok(IpAddr::V4(_)))
        );
        if other {
            let words = format!("an address of another kind{}", self.constraints());
            return Err(ConnectError::Resolve(words));
        }
        Ok(())
    }

    /// What narrows down which addresses work, for errors.
    pub(super) fn constraints(&self) -> String {
        let family = match self.family {
            AddressFamily::Any => None,
            AddressFamily::Ipv4 => Some("address-family allows IPv4 only".to_owned()),
            AddressFamily::Ipv6 => Some("address-family allows IPv6 only".to_owned()),
        };
        let bound = self.bind_address;
        let bound = bound.map(|address| format!("bind-address is {address}"));
        let parts = family.into_iter().chain(bound);
        parts.map(|part| format!("; {part}")).collect()
    }

    /// A client that connects so.
    pub(super) fn client(&self) -> gio::SocketClient {
        let client = gio::SocketClient::new();
        client.set_family(match self.family {
            AddressFamily::Any => gio::SocketFamily::Invalid,
            AddressFamily::Ipv4 => gio::SocketFamily::Ipv4,
            AddressFamily::Ipv6 => gio::SocketFamily::Ipv6,
        });
        if let Some(address) = self.bind_address {
            let address = gio::InetSocketAddress::new(&gio::InetAddress::from(address), 0);
            client.set_local_address(Some(&address));
        }
        self.proxy.set_on(&client);
        client
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn socket() -> gio::Socket {
        gio::Socket::new(
            gio::SocketFamily::Ipv4,
            gio::SocketType::Stream,
            gio::SocketProtocol::Tcp,
        )
        .expect("a socket")
    }

    fn option(socket: &gio::Socket, level: i32, name: i32) -> i32 {
        socket.option(level, name).expect("the option is known")
    }

    #[test]
    fn the_defaults_notice_a_peer_that_is_gone() {
        let socket = socket();
        SocketOptions::default().apply(&socket);
        let tcp = |name| option(&socket, libc::IPPROTO_TCP, name);
        assert_eq!(tcp(libc::TCP_NODELAY), 1);
        assert!(socket.is_keepalive());
        assert_eq!(tcp(libc::TCP_KEEPIDLE), 30);
        assert_eq!(tcp(libc::TCP_KEEPINTVL), 10);
        assert_eq!(tcp(libc::TCP_KEEPCNT), 3);
        assert_eq!(tcp(libc::TCP_USER_TIMEOUT), 30_000);
    }

    #[test]
    fn what_is_chosen_is_set() {
        let socket = socket();
        SocketOptions {
            keepalive: Some(Duration::from_secs(4)),
            user_timeout: Some(Duration::from_millis(1500)),
            receive_buffer: Some(100_000),
            unsent: None,
            send_buffer: Some(50_000),
        }
        .apply(&socket);
        let tcp = |name| option(&socket, libc::IPPROTO_TCP, name);
        assert_eq!(tcp(libc::TCP_KEEPIDLE), 4);
        assert_eq!(tcp(libc::TCP_KEEPINTVL), 4);
        assert_eq!(tcp(libc::TCP_USER_TIMEOUT), 1500);
        // Linux doubles it, for its own needs.
        let buffer = |name| option(&socket, libc::SOL_SOCKET, name);
        assert_eq!(buffer(libc::SO_RCVBUF), 200_000);
        assert_eq!(buffer(libc::SO_SNDBUF), 100_000);
    }

    #[test]
    fn what_is_off_is_left_to_the_system() {
        let (chosen, untouched) = (socket(), socket());
        SocketOptions {
            keepalive: None,
            user_timeout: None,
            receive_buffer: None,
            unsent: None,
            send_buffer: None,
        }
        .apply(&chosen);
        assert!(!chosen.is_keepalive());
        for (level, name) in [
            (libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
            (libc::SOL_SOCKET, libc::SO_RCVBUF),
            (libc::SOL_SOCKET, libc::SO_SNDBUF),
        ] {
            let (chosen, untouched) = (
                option(&chosen, level, name),
                option(&untouched, level, name),
            );
            assert_eq!(chosen, untouched);
        }
    }
}
