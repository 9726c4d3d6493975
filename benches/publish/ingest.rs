// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A server that takes what is published, counts its bytes and throws them away. What
//! does not begin like RTMP is taken as it is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::session::Session;
use gstrtmpr::rtmp::session::server::{Event, ServerSession};

/// For one connection.
pub(crate) struct Ingest {
    address: SocketAddr,
    thread: JoinHandle<u64>,
}

impl Ingest {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let thread = std::thread::spawn(move || {
            listener
                .accept()
                .map_or(0, |(stream, _)| take(stream).unwrap_or_else(|came| came))
        });
        Ok(Self { address, thread })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many bytes came, once the client has left.
    pub(crate) fn finish(self) -> u64 {
        self.thread.join().unwrap_or(0)
    }
}

/// Takes everything up to the end. Bytes that came either way.
fn take(mut stream: TcpStream) -> Result<u64, u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut session = ServerSession::new(1, Limits::default());
    let mut is_rtmp = None;
    let mut came = 0;
    loop {
        let count = stream.read(&mut buffer).map_err(|_| came)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        let Some(first) = bytes.first() else {
            return Ok(came);
        };
        if !*is_rtmp.get_or_insert(*first == 3) {
            came += count as u64;
            continue;
        }
        session.receive(bytes).map_err(|_| came)?;
        let mut is_publishing = false;
        while let Some(event) = session.poll_event() {
            match event {
                Event::Connect(request) => session.accept_connect(&request, 4096),
                Event::Publish(request) => {
                    session.accept_publish(&request);
                    is_publishing = true;
                }
                _ => {}
            }
        }
        while let Some(bytes) = session.poll_transmit() {
            stream.write_all(&bytes).map_err(|_| came)?;
        }
        if is_publishing {
            // From here on nothing is looked at.
            is_rtmp = Some(false);
        }
    }
}
