// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Hostile clients of a server's session that accepts everything and whose output
//! they do not read.

use gstrtmpr::footprint;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::Session;
use gstrtmpr::rtmp::session::server::{Event, ServerSession};

use crate::bombs::bombs;
use crate::measured::serve;
use crate::raw::{
    AUDIO, COMMAND, DATA, LONGEST, VIDEO, chunk_size, header, message, whole_messages,
};

const STREAM: StreamId = StreamId(1);

/// Bytes that one read brings.
const READ: usize = 256 << 10;

/// What the client does behind `connect`, `createStream` and `publish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hostile {
    /// Messages of a byte, and such without any.
    TinyMessages,
    /// Commands of a mebibyte in each shape, as `connect` and as calls.
    LargeValues,
    /// The same, 30 at a time that end together.
    ManyAtOnce,
    /// Calls without end.
    Calls,
    /// Messages without end, on as many chunk streams as there may be.
    Unfinished,
}

impl Hostile {
    const ALL: [Self; 5] = [
        Self::TinyMessages,
        Self::LargeValues,
        Self::ManyAtOnce,
        Self::Calls,
        Self::Unfinished,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TinyMessages => "tiny-messages",
            Self::LargeValues => "large-values",
            Self::ManyAtOnce => "many-at-once",
            Self::Calls => "calls",
            Self::Unfinished => "unfinished",
        }
    }

    pub(crate) fn named(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|hostile| hostile.name() == name);
        known.expect("a known name")
    }

    /// Does it, and tells how the session ended: `survived`, or the error.
    pub(crate) fn run(self) -> String {
        let mut host = Host::publishing();
        let outcome = match self {
            Self::TinyMessages => host.tiny_messages(),
            Self::LargeValues => host.large_values(),
            Self::ManyAtOnce => host.many_at_once(),
            Self::Calls => host.calls(),
            Self::Unfinished => host.unfinished(),
        };
        match outcome {
            Ok(()) => "survived".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

type Outcome = Result<(), gstrtmpr::rtmp::Error>;

struct Host(ServerSession);

impl Host {
    fn publishing() -> Self {
        let mut host = Self(ServerSession::new(1, Limits::default()));
        let connect = Command::new("connect", 1.0).object(Object::new().with("app", "live"));
        let create = Command::new("createStream", 2.0);
        let publish = Command::new("publish", 3.0).argument("s");
        let start = [
            vec![3],
            vec![0; 2 * 1536],
            whole_messages(),
            message(COMMAND, StreamId(0), connect.encode().as_slice()),
            message(COMMAND, StreamId(0), create.encode().as_slice()),
            message(COMMAND, STREAM, publish.encode().as_slice()),
        ];
        host.read(&start.concat()).expect("legal");
        while host.0.poll_transmit().is_some() {}
        host
    }

    /// One read, as a server does it.
    fn read(&mut self, bytes: &[u8]) -> Outcome {
        for mut input in bytes.chunks(READ) {
            while self.0.advance(&mut input)? {
                while let Some(event) = self.0.poll_event() {
                    match &event {
                        Event::Connect(request) => self.0.accept_connect(request, 4096),
                        Event::Play(request) => self.0.accept_play(request),
                        Event::Publish(request) => self.0.accept_publish(request),
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }

    fn tiny_messages(&mut self) -> Outcome {
        for (length, fmt3) in [(0, vec![0xC1, 0, 0]), (1, vec![0xC1, 0, 0, 7])] {
            for kind in [AUDIO, DATA, COMMAND, 99] {
                let first = [header(0, kind, STREAM, length), vec![7; length]].concat();
                self.read(&first)?;
                self.read(&fmt3.repeat((2 << 20) / fmt3.len()))?;
            }
        }
        Ok(())
    }

    fn large_values(&mut self) -> Outcome {
        for (_, values) in bombs() {
            for name in ["connect", "play", "whatever"] {
                let head = Command::new(name, 5.0).encode();
                let body = [head.as_slice(), &values].concat();
                for _ in 0..3 {
                    self.read(&message(COMMAND, STREAM, &body))?;
                }
            }
        }
        Ok(())
    }

    fn many_at_once(&mut self) -> Outcome {
        for (_, values) in bombs() {
            let head = Command::new("whatever", 5.0).encode();
            let body = [head.as_slice(), &values].concat();
            let (last, most) = body.split_last().expect("a body");
            // A chunk of all but one byte each, then the last bytes of all.
            self.read(&chunk_size(most.len()))?;
            for csid in 0..30 {
                self.read(&[&header(csid, COMMAND, STREAM, body.len())[..], most].concat())?;
            }
            let ends: Vec<u8> = (0..30u8).flat_map(|csid| [0xC1, csid, 0, *last]).collect();
            self.read(&ends)?;
            self.read(&whole_messages())?;
        }
        Ok(())
    }

    fn calls(&mut self) -> Outcome {
        for name in [
            "connect",
            "createStream",
            "play",
            "publish",
            "getStreamLength",
            "x",
        ] {
            let call = Command::new(name, 5.0).argument("s").encode();
            let call = message(COMMAND, STREAM, call.as_slice());
            self.read(&call.repeat((4 << 20) / call.len()))?;
        }
        let ping = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 1];
        self.read(&ping.repeat(200_000))
    }

    fn unfinished(&mut self) -> Outcome {
        // For each, twice as much is reserved as has come.
        let part = vec![7; (256 << 10) + 1];
        self.read(&chunk_size(part.len()))?;
        for csid in 0..70 {
            self.read(&[&header(csid, VIDEO, STREAM, LONGEST)[..], &part].concat())?;
        }
        Ok(())
    }
}

/// What the bytes of one read take here.
fn with_input() -> Vec<footprint::Part> {
    let mut parts = footprint::server_session();
    // Made whole, and put together from parts of that size.
    parts.push(("input of the test", 24 << 20));
    parts
}

#[test]
fn tiny_messages() {
    let measured = serve(Hostile::TinyMessages);
    measured.assert_within(&with_input());
    assert_eq!(measured.ended, "survived");
}

#[test]
fn values_that_come_to_much() {
    let measured = serve(Hostile::LargeValues);
    measured.assert_within(&with_input());
    assert_eq!(measured.ended, "survived");
}

#[test]
fn many_commands_that_end_together() {
    let measured = serve(Hostile::ManyAtOnce);
    measured.assert_within(&with_input());
    assert_eq!(measured.ended, "survived");
}

#[test]
fn calls_without_end() {
    let measured = serve(Hostile::Calls);
    measured.assert_within(&with_input());
    assert_eq!(measured.ended, "survived");
}

#[test]
fn messages_without_end() {
    let measured = serve(Hostile::Unfinished);
    measured.assert_within(&with_input());
    measured.assert_failed("too many unfinished messages");
}
