// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A server that does what a test's script says, on our own server role.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::server::{Event, ServerSession, StreamRequest};
use gstrtmpr::rtmp::session::{MediaKind, Session};

use crate::HANG;

/// A server on a free loopback port, running a script for each connection, one
/// after the other. Ends when dropped; a panic of the script fails the test.
pub(crate) struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(script: impl FnMut(&mut Peer) + Send + 'static) -> Self {
        Self::listening_on("127.0.0.1:0", script)
    }

    /// The same on another address.
    pub(crate) fn listening_on(
        address: &str,
        mut script: impl FnMut(&mut Peer) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                script(&mut Peer::new(stream));
            }
        });
        Self {
            address,
            stopping,
            thread: Some(thread),
        }
    }

    /// The same with connections served at the same time, numbered from 0.
    /// Scripts end when their clients leave.
    pub(crate) fn concurrent(script: impl Fn(usize, &mut Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            std::thread::scope(|scope| {
                let script = &script;
                let mut number = 0;
                while let Ok((stream, _)) = listener.accept() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    scope.spawn(move || script(number, &mut Peer::new(stream)));
                    number += 1;
                }
            });
        });
        Self {
            address,
            stopping,
            thread: Some(thread),
        }
    }

    /// A server that accepts `connect` and `play` and then runs the script; a
    /// client that leaves before is none of its business.
    pub(crate) fn playing(mut script: impl FnMut(&mut Peer, StreamId) + Send + 'static) -> Self {
        Self::start(move |peer| {
            if let Some(stream) = peer.let_in() {
                script(peer, stream);
            }
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn location(&self) -> String {
        format!("rtmp://{}/app/stream", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let result = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(
                !matches!(result, Some(Err(_))),
                "the server's script failed"
            );
        }
    }
}

/// One connection to the server.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    pub(crate) session: ServerSession,
    /// Bytes that were given to the socket, whether it took them or not.
    pub(crate) written: usize,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(HANG)).expect("a timeout");
        stream.set_nodelay(true).expect("no delay");
        Self {
            stream,
            session: ServerSession::new(1, Limits::default()),
            written: 0,
        }
    }

    /// The next event; `None` when the client has closed the connection.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        loop {
            // One by one: what is answered between two events counts for the second.
            if let Some(event) = self.session.poll_event() {
                return Some(event);
            }
            self.flush();
            let mut buffer = [0; 4096];
            let count = match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => count,
            };
            self.session
                .receive(&buffer[..count])
                .expect("the client keeps to the protocol");
        }
    }

    /// Skips events until one is wanted.
    pub(crate) fn until<T>(&mut self, mut wanted: impl FnMut(&Event) -> Option<T>) -> T {
        loop {
            let event = self.next_event().expect("the client stays");
            if let Some(found) = wanted(&event) {
                return found;
            }
        }
    }

    /// Does everything up to the client's `connect`.
    pub(crate) fn connect_request(&mut self) -> gstrtmpr::rtmp::session::server::ConnectRequest {
        self.until(|event| match event {
            Event::Connect(request) => Some(request.clone()),
            _ => None,
        })
    }

    /// Does everything up to the client's `play`.
    pub(crate) fn play_request(&mut self) -> StreamRequest {
        let request = self.connect_request();
        self.session.accept_connect(&request, 4096);
        self.until(|event| match event {
            Event::Play(request) => Some(request.clone()),
            _ => None,
        })
    }

    /// Does everything up to the client's `play`, and lists its calls on the
    /// way.
    pub(crate) fn play_request_and_calls(&mut self) -> (StreamRequest, Vec<String>) {
        let request = self.connect_request();
        self.session.accept_connect(&request, 4096);
        let mut calls = Vec::new();
        let play = self.until(|event| match event {
            Event::Called(command) => {
                calls.push(command.name.clone());
                None
            }
            Event::Play(request) => Some(request.clone()),
            _ => None,
        });
        (play, calls)
    }

    /// Does everything up to Play.Start; `None` if the client leaves before.
    pub(crate) fn let_in(&mut self) -> Option<StreamId> {
        while let Some(event) = self.next_event() {
            match event {
                Event::Connect(request) => self.session.accept_connect(&request, 4096),
                Event::Play(request) => {
                    self.session.accept_play(&request);
                    self.flush();
                    return Some(request.stream);
                }
                _ => {}
            }
        }
        None
    }

    /// Does everything up to Play.Start.
    pub(crate) fn accept_play(&mut self) -> StreamRequest {
        let request = self.play_request();
        self.session.accept_play(&request);
        self.flush();
        request
    }

    pub(crate) fn media(&mut self, stream: StreamId, kind: MediaKind, timestamp: u32, body: &[u8]) {
        self.session.media(stream, kind, timestamp, body);
    }

    /// Sends what the session has.
    pub(crate) fn flush(&mut self) {
        while let Some(bytes) = self.session.poll_transmit() {
            self.written += bytes.len();
            // A client that has gone is seen by the next read.
            if self.stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }

    /// Whether the client has closed the connection, as far as can be seen
    /// without waiting for long.
    pub(crate) fn is_left(&self) -> bool {
        let moment = std::time::Duration::from_millis(1);
        let set = |timeout| self.stream.set_read_timeout(Some(timeout));
        set(moment).expect("a timeout");
        let left = matches!(self.stream.peek(&mut [0]), Ok(0))
            || self.stream.take_error().is_ok_and(|error| error.is_some());
        // What it says is of no interest.
        let mut buffer = [0; 4096];
        let gone = !left && matches!((&self.stream).read(&mut buffer), Ok(0));
        set(HANG).expect("a timeout");
        left || gone
    }

    /// Reads until the client closes the connection, and answers nothing.
    pub(crate) fn hold(&mut self) {
        self.flush();
        let mut buffer = [0; 4096];
        while matches!(self.stream.read(&mut buffer), Ok(1..)) {}
    }

    /// Like [`hold`](Self::hold) but keeps answering pings and the like.
    pub(crate) fn serve(&mut self) {
        while self.next_event().is_some() {}
    }

    /// Sends everything and closes in order, so that nothing gets lost.
    pub(crate) fn close(&mut self) {
        self.flush();
        let _ = self.stream.shutdown(Shutdown::Write);
        self.hold();
    }
}
