// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The loop that joins a session with a transport.
//!
//! It moves bytes and hands events to a [`Policy`]; what they mean is the
//! policy's business. Source and listener differ in their session and policy,
//! not in this loop. Its only blocking point is [`Transport::wait`], and a
//! cancellation is looked for on every turn, so a peer that floods cannot
//! delay it.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::net::{Control, Interest, Transport};
use crate::rtmp::session::Session;

/// Bytes read before events are handed on: a batch that keeps the other
/// thread's wake-ups few without adding delay, as it ends when the socket is
/// dry. Also the size of one read, as each read of a full socket sends an
/// acknowledgement. Memory that no read has filled yet is never touched.
pub const BATCH: usize = 256 << 10;

/// What happens to the events of a session, and when to stop.
pub trait Policy<S: Session> {
    /// Why the loop ended.
    type End;

    /// An event.
    fn on_event(&mut self, session: &mut S, event: S::Event, now: Instant) -> Option<Self::End>;

    /// So much was gathered that it has to be handed on before more is looked at,
    /// though more has been read: a few bytes can come to many times as much.
    fn is_full(&self) -> bool {
        false
    }

    /// The socket is dry or a batch is full: hand on what was gathered. False
    /// if the consumer is full and no more may be read; it then wakes the loop
    /// through the [`Control`] when it has room.
    fn flush(&mut self, session: &S) -> bool;

    /// Everything that the session had is on its way: puts in more, if there is any.
    /// False if there is none; whoever has some then wakes the loop through the
    /// [`Control`].
    fn refill(&mut self, _session: &mut S, _now: Instant) -> bool {
        false
    }

    /// The socket has taken so many bytes, none if it is full, and has not taken others
    /// that wait.
    fn on_sent(&mut self, _count: usize, _waiting: usize, _now: Instant) {}

    /// What there is to say to the transport after a turn.
    fn adjust(&mut self, _transport: &mut impl Transport) {}

    /// Looked at on every turn, a wake-up through the [`Control`] included:
    /// what the consumer's side wants by now.
    fn on_turn(&mut self, _session: &mut S) -> Option<Self::End> {
        None
    }

    /// When [`on_deadline`](Self::on_deadline) is wanted.
    fn deadline(&self) -> Option<Instant>;

    /// The deadline has passed.
    fn on_deadline(&mut self, session: &mut S, now: Instant) -> Option<Self::End>;

    /// The connection ended, by the peer or by an error.
    fn on_closed(&mut self, session: &S, closed: Closed) -> Self::End;
}

/// How a connection ended under the loop.
#[derive(Debug)]
pub enum Closed {
    /// The peer closed it in order.
    Eof,
    /// Reading or writing failed.
    Io(io::Error),
    /// The peer broke the protocol.
    Protocol(crate::rtmp::Error),
}

/// Runs until the policy or the control ends it. `None`: cancelled.
pub fn run<S: Session, P: Policy<S>>(
    session: &mut S,
    policy: &mut P,
    transport: &mut impl Transport,
    control: &Control,
) -> Option<P::End> {
    let mut input = Input::new();
    let mut output = Output::default();
    loop {
        if control.is_cancelled() {
            return None;
        }
        let mut closed = None;
        if input.is_empty() {
            closed = input.fill(transport);
        }
        if closed.is_none() {
            match process(session, policy, &mut input, control) {
                Processed::Whole => {}
                Processed::Broken(error) => closed = Some(Closed::Protocol(error)),
                Processed::Ended(end) => {
                    policy.flush(session);
                    return Some(end);
                }
                Processed::Cancelled => return None,
            }
        }
        // What came before the end still counts.
        if let Some(closed) = closed {
            policy.flush(session);
            return Some(policy.on_closed(session, closed));
        }

        let mut room = policy.flush(session);
        let mut dry = input.is_dry();
        loop {
            if let Some(end) = policy.on_turn(session) {
                policy.flush(session);
                return Some(end);
            }
            let now = Instant::now();
            if policy.deadline().is_some_and(|deadline| deadline <= now) {
                let end = policy.on_deadline(session, now);
                room = policy.flush(session);
                if end.is_some() {
                    return end;
                }
            }
            // Behind what may ask for something to be sent: the wait is long.
            let more = output.send(session, policy, transport);
            policy.adjust(transport);
            if control.is_cancelled() {
                return None;
            }
            if room && !dry {
                break;
            }
            let interest = Interest {
                read: room,
                write: more || !output.pending.is_empty(),
            };
            transport.wait(interest, policy.deadline());
            room = policy.flush(session);
            dry = !room;
        }
    }
}

/// What became of the bytes that were read.
enum Processed<E> {
    /// All are used up, or the policy is full.
    Whole,
    /// The peer broke the protocol.
    Broken(crate::rtmp::Error),
    /// The policy ended it.
    Ended(E),
    Cancelled,
}

/// Hands on the events of what was read, message by message, so that no more
/// than those of one message are there at a time.
fn process<S: Session, P: Policy<S>>(
    session: &mut S,
    policy: &mut P,
    input: &mut Input,
    control: &Control,
) -> Processed<P::End> {
    let now = Instant::now();
    let mut bytes = input.unread();
    let outcome = loop {
        let advanced = session.advance(&mut bytes);
        while let Some(event) = session.poll_event() {
            if let Some(end) = policy.on_event(session, event, now) {
                return Processed::Ended(end);
            }
        }
        match advanced {
            Ok(true) => {}
            Ok(false) => break Processed::Whole,
            Err(error) => break Processed::Broken(error),
        }
        // A message can cost much more time than it has bytes.
        if control.is_cancelled() {
            return Processed::Cancelled;
        }
        if policy.is_full() && !policy.flush(session) {
            break Processed::Whole;
        }
    };
    let left = bytes.len();
    input.keep(left);
    outcome
}

/// What was read and not looked at yet.
struct Input {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The last read brought all that there was. The wait is level-triggered.
    short: bool,
}

impl Input {
    fn new() -> Self {
        Self {
            buffer: vec![0; BATCH],
            start: 0,
            end: 0,
            short: true,
        }
    }

    fn unread(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Nothing more is there to be looked at.
    fn is_dry(&self) -> bool {
        self.short && self.is_empty()
    }

    /// All but the last `left` bytes are used up.
    fn keep(&mut self, left: usize) {
        self.start = self.end.saturating_sub(left);
    }

    /// Reads into the empty buffer, and tells if that was the end.
    fn fill(&mut self, transport: &mut impl Transport) -> Option<Closed> {
        (self.start, self.end, self.short) = (0, 0, true);
        match transport.read(&mut self.buffer) {
            Ok(0) => return Some(Closed::Eof),
            Ok(count) => {
                self.end = count.min(self.buffer.len());
                self.short = self.end < self.buffer.len();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Some(Closed::Io(error)),
        }
        None
    }
}

/// Parts that are written at once.
const PARTS: usize = 64;

/// What is on its way out.
#[derive(Default)]
struct Output {
    pending: VecDeque<Bytes>,
    /// Their bytes.
    waiting: usize,
    /// Writing failed: the peer has gone. What it sent before is still read,
    /// and reading then tells how it went.
    broken: bool,
}

impl Output {
    /// Sends what the session has and the policy adds, up to where the socket would
    /// block or a batch has gone: true in the latter case, as there may be more. More
    /// is only taken when that is gone, so that both see how much the peer leaves
    /// unread.
    fn send<S: Session>(
        &mut self,
        session: &mut S,
        policy: &mut impl Policy<S>,
        transport: &mut impl Transport,
    ) -> bool {
        let mut sent = 0;
        loop {
            if self.pending.is_empty() {
                if self.take(session) {
                    continue;
                }
                if self.broken || !policy.refill(session, Instant::now()) {
                    return false;
                }
                self.take(session);
                continue;
            }
            if self.broken {
                self.pending.clear();
                self.waiting = 0;
                continue;
            }
            let result = match self.pending.front() {
                Some(only) if self.pending.len() == 1 => transport.write(only),
                _ => {
                    let mut parts = [IoSlice::new(&[]); PARTS];
                    let pending = self.pending.iter().take(PARTS);
                    let count = pending.len();
                    for (part, bytes) in parts.iter_mut().zip(pending) {
                        *part = IoSlice::new(bytes);
                    }
                    transport.write_vectored(parts.get(..count).unwrap_or_default())
                }
            };
            match result {
                Ok(count) => {
                    self.advance(count);
                    policy.on_sent(count, self.waiting, Instant::now());
                    sent += count;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    policy.on_sent(0, self.waiting, Instant::now());
                    return false;
                }
                Err(_) => self.broken = true,
            }
            if sent >= BATCH {
                return true;
            }
        }
    }

    /// Takes what the session has; false if that is nothing.
    fn take<S: Session>(&mut self, session: &mut S) -> bool {
        while let Some(bytes) = session.poll_transmit() {
            self.waiting += bytes.len();
            self.pending.push_back(bytes);
        }
        !self.pending.is_empty()
    }

    /// So many bytes have gone.
    fn advance(&mut self, mut count: usize) {
        self.waiting = self.waiting.saturating_sub(count);
        while let Some(first) = self.pending.front_mut() {
            if count < first.len() {
                return first.advance(count);
            }
            count -= first.len();
            self.pending.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
