// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Bad lines: they swallow what comes, reset the connection, or never open.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn};

const PASSES: u8 = 0;
const SWALLOWS: u8 = 1;
const RESETS: u8 = 2;

/// How often a thread that reads looks at what it is to do.
const GLANCE: Duration = Duration::from_millis(20);

/// A line to a server that can be made bad.
pub(super) struct Proxy {
    address: SocketAddr,
    state: Arc<AtomicU8>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    pub(super) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(AtomicU8::new(PASSES));
        let seen = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let mut lines = Vec::new();
            while let Ok((client, _)) = listener.accept() {
                if seen.load(Ordering::SeqCst) == RESETS {
                    break;
                }
                let server = TcpStream::connect(server).expect("the server is there");
                let (from, to) = (twin(&client), twin(&server));
                let state = Arc::clone(&seen);
                lines.push(std::thread::spawn(move || pass(from, &to, &state)));
                let state = Arc::clone(&seen);
                lines.push(std::thread::spawn(move || pass(server, &client, &state)));
            }
            for line in lines {
                line.join().expect("a line of the proxy works");
            }
        });
        Self {
            address,
            state,
            thread: Some(thread),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing comes through.
    pub(super) fn swallow(&self) {
        self.state.store(SWALLOWS, Ordering::SeqCst);
    }

    /// Resets all connections.
    pub(super) fn reset(&self) {
        self.state.store(RESETS, Ordering::SeqCst);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.reset();
        let _ = TcpStream::connect(self.address);
        let result = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || !matches!(result, Some(Err(_))));
    }
}

fn twin(stream: &TcpStream) -> TcpStream {
    stream.try_clone().expect("a second handle")
}

/// Passes bytes on while that is wanted. Closing the last handle of a socket
/// that must not linger is what resets the connection.
fn pass(mut from: TcpStream, mut to: &TcpStream, state: &AtomicU8) {
    from.set_read_timeout(Some(GLANCE)).expect("a timeout");
    let mut buffer = [0; 16 << 10];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
            Err(_) => break,
        };
        match state.load(Ordering::SeqCst) {
            PASSES if to.write_all(&buffer[..count]).is_err() => break,
            RESETS => {
                let at_once = libc::linger {
                    l_onoff: 1,
                    l_linger: 0,
                };
                let option = nix::sys::socket::sockopt::Linger;
                for socket in [&from, to] {
                    nix::sys::socket::setsockopt(socket, option, &at_once).expect("it is set");
                }
                return;
            }
            _ => {}
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A port that belongs to us and refuses connections.
pub(super) struct ClosedPort(std::os::fd::OwnedFd);

impl ClosedPort {
    pub(super) fn new() -> Self {
        Self(bound_socket())
    }

    pub(super) fn address(&self) -> SocketAddr {
        address_of(&self.0)
    }
}

/// A host that answers no attempt to connect: its queue of connections is full.
pub(super) struct BlackHole {
    socket: std::os::fd::OwnedFd,
    _queued: Vec<TcpStream>,
}

impl BlackHole {
    pub(super) fn new() -> Self {
        let socket = bound_socket();
        let backlog = Backlog::new(0).expect("a backlog");
        nix::sys::socket::listen(&socket, backlog).expect("it listens");
        let address = address_of(&socket);
        let mut queued = Vec::new();
        // The answer to the first that is too many never comes.
        while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(250)) {
            queued.push(stream);
        }
        Self {
            socket,
            _queued: queued,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        address_of(&self.socket)
    }
}

fn bound_socket() -> std::os::fd::OwnedFd {
    use std::os::fd::AsRawFd as _;
    let socket = nix::sys::socket::socket(
        AddressFamily::Inet,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )
    .expect("a socket");
    let address = SockaddrIn::new(127, 0, 0, 1, 0);
    nix::sys::socket::bind(socket.as_raw_fd(), &address).expect("a free port");
    socket
}

fn address_of(socket: &std::os::fd::OwnedFd) -> SocketAddr {
    use std::os::fd::AsRawFd as _;
    let address: SockaddrIn =
        nix::sys::socket::getsockname(socket.as_raw_fd()).expect("its address");
    std::net::SocketAddrV4::from(address).into()
}
