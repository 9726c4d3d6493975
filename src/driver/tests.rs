// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The loop on a transport that does what a script says.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{BATCH, Closed, Policy, run};
use crate::net::{Control, Interest, Transport};
use crate::rtmp;
use crate::rtmp::connection::Counters;
use crate::rtmp::session::Session;

/// A session whose messages are the bytes received, up to a `;`, and whose output
/// the test puts in.
#[derive(Default)]
struct Echo {
    events: VecDeque<Vec<u8>>,
    output: VecDeque<Bytes>,
}

impl Session for Echo {
    type Event = Vec<u8>;

    fn advance(&mut self, input: &mut &[u8]) -> Result<bool, rtmp::Error> {
        if input.is_empty() {
            return Ok(false);
        }
        let length = input.iter().position(|byte| *byte == b';');
        let (bytes, rest) = input.split_at(length.map_or(input.len(), |at| at + 1));
        *input = rest;
        self.events.push_back(bytes.to_vec());
        if bytes.contains(&b'!') {
            return Err(rtmp::Error::PeerMisbehaved("!"));
        }
        Ok(true)
    }

    fn poll_event(&mut self) -> Option<Vec<u8>> {
        self.events.pop_front()
    }

    fn poll_transmit(&mut self) -> Option<Bytes> {
        self.output.pop_front()
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }
}

/// What the transport does when it is read from, one after the other; nothing
/// more is there after the last.
enum Read {
    Bytes(&'static [u8]),
    Many(usize),
    Dry,
    Eof,
    Error,
}

#[derive(Default)]
struct Scripted {
    reads: VecDeque<Read>,
    /// How much one write takes; 0 for "would block".
    writes: VecDeque<usize>,
    write_fails: bool,
    written: Vec<u8>,
    waits: Vec<Interest>,
    /// How much had been written when it waited.
    written_before: Vec<usize>,
    control: Control,
    /// Cancelled by this wait, so that no test can hang.
    max_waits: usize,
}

impl Scripted {
    fn new(reads: impl IntoIterator<Item = Read>) -> Self {
        Self {
            reads: reads.into_iter().collect(),
            max_waits: 20,
            ..Self::default()
        }
    }
}

impl Transport for Scripted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = match self.reads.pop_front() {
            None | Some(Read::Dry) => return Err(io::ErrorKind::WouldBlock.into()),
            Some(Read::Eof) => return Ok(0),
            Some(Read::Error) => return Err(io::ErrorKind::ConnectionReset.into()),
            Some(Read::Bytes(bytes)) => bytes.to_vec(),
            Some(Read::Many(count)) => vec![b'x'; count],
        };
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.write_fails {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        match self.writes.pop_front().unwrap_or(bytes.len()) {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            count => {
                let count = count.min(bytes.len());
                self.written.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }

    fn wait(&mut self, interest: Interest, _deadline: Option<Instant>) {
        self.waits.push(interest);
        self.written_before.push(self.written.len());
        if self.waits.len() >= self.max_waits {
            self.control.cancel();
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum End {
    Asked,
    Deadline,
    Eof,
    Io,
    Protocol,
}

/// Gathers what it is given; ends at a `.`.
#[derive(Default)]
struct Gather {
    seen: Vec<u8>,
    flushed: Vec<usize>,
    /// What each flush answers; true when the list is empty.
    room: VecDeque<bool>,
    /// Full with so many bytes that were not flushed; never if 0.
    full: usize,
    deadline: Option<Instant>,
    /// What the deadline sends; it ends the loop if `None`.
    at_deadline: Option<&'static str>,
    /// What there is to send behind what the session has.
    more: VecDeque<&'static str>,
    /// What the socket took, and what waited then.
    sent: Vec<(usize, usize)>,
}

impl Policy<Echo> for Gather {
    type End = End;

    fn on_event(&mut self, _: &mut Echo, event: Vec<u8>, _: Instant) -> Option<End> {
        self.seen.extend_from_slice(&event);
        event.contains(&b'.').then_some(End::Asked)
    }

    fn is_full(&self) -> bool {
        let flushed = self.flushed.last().copied().unwrap_or(0);
        self.full > 0 && self.seen.len() - flushed >= self.full
    }

    fn flush(&mut self, _: &Echo) -> bool {
        self.flushed.push(self.seen.len());
        self.room.pop_front().unwrap_or(true)
    }

    fn refill(&mut self, session: &mut Echo, _: Instant) -> bool {
        let more = self.more.pop_front();
        session.output.extend(more.map(Bytes::from));
        more.is_some()
    }

    fn on_sent(&mut self, count: usize, waiting: usize, _: Instant) {
        self.sent.push((count, waiting));
    }

    fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    fn on_deadline(&mut self, session: &mut Echo, _: Instant) -> Option<End> {
        let Some(text) = self.at_deadline else {
            return Some(End::Deadline);
        };
        session.output.push_back(Bytes::from(text));
        self.deadline = None;
        None
    }

    fn on_closed(&mut self, _: &Echo, closed: Closed) -> End {
        match closed {
            Closed::Eof => End::Eof,
            Closed::Io(_) => End::Io,
            Closed::Protocol(_) => End::Protocol,
        }
    }
}

fn go(transport: &mut Scripted, session: &mut Echo, policy: &mut Gather) -> Option<End> {
    let control = transport.control.clone();
    run(session, policy, transport, &control)
}

fn drive(transport: &mut Scripted, policy: &mut Gather) -> Option<End> {
    go(transport, &mut Echo::default(), policy)
}

#[test]
fn everything_before_the_end_is_handed_on_first() {
    for (last, end) in [
        (Read::Eof, End::Eof),
        (Read::Error, End::Io),
        (Read::Bytes(b"!"), End::Protocol),
        (Read::Bytes(b"."), End::Asked),
    ] {
        let mut policy = Gather::default();
        let mut transport = Scripted::new([Read::Bytes(b"a"), Read::Dry, Read::Bytes(b"b"), last]);
        assert_eq!(drive(&mut transport, &mut policy), Some(end));
        assert!(policy.seen.starts_with(b"ab"));
        assert_eq!(policy.flushed.last(), Some(&policy.seen.len()));
    }
}

#[test]
fn output_goes_out_in_order_whatever_a_write_takes() {
    let mut session = Echo::default();
    session
        .output
        .extend(["one", "two", "three"].map(Bytes::from));
    let mut transport = Scripted::new([Read::Dry, Read::Dry, Read::Dry, Read::Eof]);
    transport.writes = [1, 0, 1, 0, 1, 2].into();
    let mut policy = Gather::default();
    assert_eq!(
        go(&mut transport, &mut session, &mut policy),
        Some(End::Eof)
    );
    assert_eq!(transport.written, b"onetwothree");
    let writes: Vec<_> = transport.waits.iter().map(|wait| wait.write).collect();
    assert_eq!(writes, [true, false, false], "only while something is left");
}

#[test]
fn a_broken_write_side_still_reads_what_came_before() {
    let mut session = Echo::default();
    session.output.push_back(Bytes::from("good-bye"));
    let mut transport = Scripted::new([Read::Dry, Read::Bytes(b"tail"), Read::Eof]);
    transport.write_fails = true;
    let mut policy = Gather::default();
    assert_eq!(
        go(&mut transport, &mut session, &mut policy),
        Some(End::Eof)
    );
    assert_eq!(policy.seen, b"tail");
}

#[test]
fn without_room_the_socket_is_not_read() {
    let mut policy = Gather {
        room: [true, false, false, false, true].into(),
        ..Gather::default()
    };
    let mut transport = Scripted::new([Read::Dry, Read::Bytes(b"a"), Read::Bytes(b"b"), Read::Eof]);
    assert_eq!(drive(&mut transport, &mut policy), Some(End::Eof));
    let reads: Vec<_> = transport.waits.iter().map(|wait| wait.read).collect();
    assert!(reads.contains(&false), "{reads:?}");
    assert_eq!(policy.seen, b"ab");
}

#[test]
fn a_flood_is_handed_on_in_batches() {
    let mut policy = Gather::default();
    let reads = (0..5).map(|_| Read::Many(BATCH)).chain([Read::Eof]);
    let mut transport = Scripted::new(reads);
    assert_eq!(drive(&mut transport, &mut policy), Some(End::Eof));
    assert_eq!(policy.flushed[..3], [BATCH, 2 * BATCH, 3 * BATCH]);
}

#[test]
fn what_is_full_is_handed_on_before_more_is_looked_at() {
    let mut policy = Gather {
        full: 4,
        ..Gather::default()
    };
    let mut transport = Scripted::new([Read::Bytes(b"aaa;b;cccc;d;"), Read::Eof]);
    assert_eq!(drive(&mut transport, &mut policy), Some(End::Eof));
    assert_eq!(policy.seen, b"aaa;b;cccc;d;");
    assert_eq!(policy.flushed[..3], [4, 11, 13]);
}

#[test]
fn without_room_what_was_read_waits_and_nothing_is_lost() {
    let mut policy = Gather {
        full: 1,
        // What is full, the end of the turn, one wait that ends for nothing.
        room: [false, false, false].into(),
        ..Gather::default()
    };
    let reads = [Read::Bytes(b"a;b;c;"), Read::Bytes(b"d;"), Read::Eof];
    let mut transport = Scripted::new(reads);
    assert_eq!(drive(&mut transport, &mut policy), Some(End::Eof));
    assert_eq!(policy.seen, b"a;b;c;d;");
    assert_eq!(policy.flushed[..3], [2, 2, 2], "nothing more was looked at");
    let reads: Vec<_> = transport.waits.iter().map(|wait| wait.read).collect();
    assert_eq!(reads[..2], [false, false]);
}

#[test]
fn a_cancellation_is_seen_between_two_messages() {
    /// Cancels at its first event.
    struct Cancelling(Control, usize);
    impl Policy<Echo> for Cancelling {
        type End = End;
        fn on_event(&mut self, _: &mut Echo, _: Vec<u8>, _: Instant) -> Option<End> {
            self.0.cancel();
            self.1 += 1;
            None
        }
        fn flush(&mut self, _: &Echo) -> bool {
            true
        }
        fn deadline(&self) -> Option<Instant> {
            None
        }
        fn on_deadline(&mut self, _: &mut Echo, _: Instant) -> Option<End> {
            None
        }
        fn on_closed(&mut self, _: &Echo, _: Closed) -> End {
            End::Eof
        }
    }
    let mut transport = Scripted::new([Read::Bytes(b"a;b;c;"), Read::Eof]);
    let control = transport.control.clone();
    let mut policy = Cancelling(control.clone(), 0);
    let end = run(&mut Echo::default(), &mut policy, &mut transport, &control);
    assert_eq!((end, policy.1), (None, 1));
}

#[test]
fn a_flood_does_not_delay_a_cancellation_or_a_deadline() {
    let flood = || (0..1000).map(|_| Read::Many(BATCH));
    let mut transport = Scripted::new(flood());
    transport.control.cancel();
    let mut policy = Gather::default();
    assert_eq!(drive(&mut transport, &mut policy), None);
    assert!(policy.seen.is_empty());

    let mut policy = Gather {
        deadline: Some(Instant::now()),
        ..Gather::default()
    };
    assert_eq!(
        drive(&mut Scripted::new(flood()), &mut policy),
        Some(End::Deadline)
    );
    assert_eq!(policy.seen.len(), BATCH);
}

#[test]
fn what_a_deadline_sends_goes_out_before_the_next_wait() {
    let mut policy = Gather {
        deadline: Some(Instant::now()),
        at_deadline: Some("ping"),
        ..Gather::default()
    };
    let mut transport = Scripted::new([]);
    transport.max_waits = 1;
    assert_eq!(drive(&mut transport, &mut policy), None);
    assert_eq!(transport.written, b"ping");
    assert_eq!(transport.written_before, [4]);
}

#[test]
fn a_wait_that_returns_early_for_no_reason_is_repeated() {
    let mut policy = Gather {
        deadline: Some(Instant::now() + Duration::from_secs(3600)),
        ..Gather::default()
    };
    let mut transport = Scripted::new([]);
    assert_eq!(drive(&mut transport, &mut policy), None);
    assert_eq!(transport.waits.len(), transport.max_waits);
}

#[test]
fn more_is_taken_once_all_has_gone_and_a_full_socket_is_told() {
    let mut transport = Scripted::new([Read::Dry, Read::Dry, Read::Eof]);
    transport.writes = [3, 0, 2, 9, 0].into();
    let mut policy = Gather {
        more: ["abcde", "fgh", "ij"].into(),
        ..Gather::default()
    };
    assert_eq!(drive(&mut transport, &mut policy), Some(End::Eof));
    assert_eq!(transport.written, b"abcdefghij");
    // In part, full; the rest, all of the next one, full; the last one.
    let expected = [(3, 2), (0, 2), (2, 0), (3, 0), (0, 2), (2, 0)];
    assert_eq!(policy.sent, expected);
    assert!(policy.more.is_empty());
    let writes: Vec<_> = transport.waits.iter().map(|wait| wait.write).collect();
    assert_eq!(writes, [true, false], "as long as something waits");
}

#[test]
fn parts_go_out_in_order_over_writes_of_any_size() {
    for size in 1..8 {
        let mut transport = Scripted::new([Read::Dry, Read::Eof]);
        transport.writes = std::iter::repeat_n(size, 20).collect();
        let mut session = Echo {
            output: ["ab", "", "cdefg", "h"].map(Bytes::from).into(),
            ..Echo::default()
        };
        let end = go(&mut transport, &mut session, &mut Gather::default());
        assert_eq!(end, Some(End::Eof));
        assert_eq!(transport.written, b"abcdefgh", "{size}");
    }
}
