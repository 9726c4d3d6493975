// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An address where nobody answers.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use nix::sys::socket::{Backlog, listen};

/// A listener whose backlog is full, which drops further SYNs.
pub(crate) struct BlackHole {
    address: SocketAddr,
    _listener: TcpListener,
    _fillers: Vec<io::Result<TcpStream>>,
}

impl BlackHole {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let least = Backlog::new(0).expect("a valid backlog");
        listen(&listener, least).expect("the backlog can be changed");
        let fill = || TcpStream::connect_timeout(&address, Duration::from_millis(100));
        let fillers: Vec<_> = std::iter::repeat_with(fill).take(8).collect();
        assert!(fillers.iter().any(Result::is_err), "the backlog is full");
        Self {
            address,
            _listener: listener,
            _fillers: fillers,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}
