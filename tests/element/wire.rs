// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording proxy, and what its recording says.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::connection::{Connection, Event};
use gstrtmpr::rtmp::handshake::{HandshakeForm, Progress, Role};
use gstrtmpr::rtmp::message::MessageType;
use gstrtmpr::rtmp::session::MediaKind;

/// Who sent a piece of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

type Recording = Arc<Mutex<Vec<(From, Vec<u8>)>>>;

/// Passes one connection on and keeps every byte, in the order of arrival.
pub(crate) struct Recorder {
    address: SocketAddr,
    recording: Recording,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let recording = Recording::default();
        let kept = Arc::clone(&recording);
        let thread = std::thread::spawn(move || {
            let (client, _) = listener.accept().expect("the client connects");
            let server = TcpStream::connect(server).expect("the server is there");
            let up = pass(From::Client, &client, &server, &kept);
            let down = pass(From::Server, &server, &client, &kept);
            up.join().expect("up ends");
            down.join().expect("down ends");
        });
        Self {
            address,
            recording,
            thread: Some(thread),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether this has been said already.
    #[allow(dead_code, reason = "not every test crate needs it")]
    pub(crate) fn has_seen(&self, from: From, name: &str) -> bool {
        let recording = self
            .recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        steps(&recording)
            .iter()
            .any(|(f, n)| *f == from && n == name)
    }

    /// What was said, once both sides have closed.
    pub(crate) fn steps(mut self) -> Vec<(From, String)> {
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the proxy works");
        }
        let recording = self
            .recording
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        steps(&recording)
    }
}

fn pass(from: From, source: &TcpStream, sink: &TcpStream, recording: &Recording) -> JoinHandle<()> {
    let mut source = source.try_clone().expect("a second handle");
    let mut sink = sink.try_clone().expect("a second handle");
    sink.set_nodelay(true).expect("no delay");
    let recording = Arc::clone(recording);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            let bytes = buffer[..count].to_vec();
            recording
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((from, bytes));
            if sink.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
        let _ = sink.shutdown(Shutdown::Write);
    })
}

/// The messages of a recording by name, in order. Each side's bytes are read
/// by a connection of the other role.
fn steps(recording: &[(From, Vec<u8>)]) -> Vec<(From, String)> {
    let mut client = Connection::new(Role::Server, HandshakeForm::Simple, 1, Limits::default());
    let mut server = Connection::new(Role::Client, HandshakeForm::Simple, 1, Limits::default());
    let mut steps = Vec::new();
    for (from, bytes) in recording {
        let reader = match from {
            From::Client => &mut client,
            From::Server => &mut server,
        };
        let mut input = bytes.as_slice();
        while let Some(event) = reader.next(&mut input).expect("both keep to the protocol") {
            steps.extend(name(*from, &event).map(|name| (*from, name)));
        }
    }
    steps
}

fn name(from: From, event: &Event) -> Option<String> {
    let own = |client: &str, server: &str| {
        Some(match from {
            From::Client => client.to_owned(),
            From::Server => server.to_owned(),
        })
    };
    match event {
        Event::Handshake(Progress::Version(_)) => own("C0", "S0"),
        Event::Handshake(Progress::Hello { .. }) => own("C1", "S1"),
        Event::Handshake(Progress::Done { .. }) => own("C2", "S2"),
        Event::Control(control) => {
            let name = format!("{control:?}");
            name.split('(').next().map(str::to_owned)
        }
        Event::UserControl(event) => {
            let name = format!("{event:?}");
            name.split('(').next().map(str::to_owned)
        }
        Event::Message(message) => {
            if let Some(kind) = MediaKind::of(message.header.kind) {
                return Some(format!("{kind:?}"));
            }
            let kind = match message.header.kind {
                MessageType::CommandAmf3 => MessageType::CommandAmf3,
                _ => MessageType::CommandAmf0,
            };
            let (command, _) = Command::decode(kind, message.payload.as_slice());
            let command = command?;
            match command.name.as_str() {
                "onStatus" => Some(command.status()?.code.to_string()),
                name => Some(name.to_owned()),
            }
        }
        Event::Ignored(_) => None,
    }
}

/// Asserts that the steps of one side hold these, in this order.
pub(crate) fn assert_order(steps: &[(From, String)], wanted: &[(From, &str)]) {
    let mut rest = steps.iter();
    for (from, name) in wanted {
        assert!(
            rest.any(|(f, n)| f == from && n == name),
            "{from:?} {name} is missing or out of order in {steps:#?}"
        );
    }
}
