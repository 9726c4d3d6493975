// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The loop that joins a session with a transport.
//!
//! It moves bytes and hands events to a [`Policy`]; what they mean is the
//! policy's business. Source and listener differ in their session and policy,
//! not in this loop. Its only blocking point is [`Transport::wait`], and a
//! cancellation is looked for on every turn, so a peer that floods cannot
//! delay it.

use std::io;
use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::net::{Control, Interest, Transport};
use crate::rtmp::session::Session;

/// Bytes read before events are handed on: a batch that keeps the other
/// thread's wake-ups few without adding delay, as it ends when the socket is
/// dry. Also the size of one read, as each read of a full socket sends an
/// acknowledgement. Memory that no read has filled yet is never touched.
const BATCH: usize = 256 << 10;

/// What happens to the events of a session, and when to stop.
pub trait Policy<S: Session> {
    /// Why the loop ended.
    type End;

    /// An event.
    fn on_event(&mut self, session: &mut S, event: S::Event, now: Instant) -> Option<Self::End>;

    /// The socket is dry or a batch is full: hand on what was gathered. False
    /// if the consumer is full and no more may be read; it then wakes the loop
    /// through the [`Control`] when it has room.
    fn flush(&mut self, session: &S) -> bool;

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
    let mut buffer = vec![0; BATCH];
    let mut output = Output::default();
    loop {
        if control.is_cancelled() {
            return None;
        }
        let mut dry = true;
        let mut closed = None;
        match transport.read(&mut buffer) {
            Ok(0) => closed = Some(Closed::Eof),
            Ok(count) => {
                // The wait is level-triggered: a short read means dry.
                dry = count < buffer.len();
                let bytes = buffer.get(..count).unwrap_or_default();
                if let Err(error) = session.receive(bytes) {
                    closed = Some(Closed::Protocol(error));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => closed = Some(Closed::Io(error)),
        }

        // What came before the end still counts.
        if let Some(end) = dispatch(session, policy) {
            policy.flush(session);
            return Some(end);
        }
        if let Some(closed) = closed {
            policy.flush(session);
            return Some(policy.on_closed(session, closed));
        }

        let mut room = policy.flush(session);
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
            output.send(session, transport);
            if control.is_cancelled() {
                return None;
            }
            if room && !dry {
                break;
            }
            let interest = Interest {
                read: room,
                write: !output.pending.is_empty(),
            };
            transport.wait(interest, policy.deadline());
            room = policy.flush(session);
            dry = !room;
        }
    }
}

fn dispatch<S: Session, P: Policy<S>>(session: &mut S, policy: &mut P) -> Option<P::End> {
    let now = Instant::now();
    while let Some(event) = session.poll_event() {
        if let Some(end) = policy.on_event(session, event, now) {
            return Some(end);
        }
    }
    None
}

/// What is on its way out.
#[derive(Default)]
struct Output {
    pending: Bytes,
    /// Writing failed: the peer has gone. What it sent before is still read,
    /// and reading then tells how it went.
    broken: bool,
}

impl Output {
    /// Sends what the session has, up to where the socket would block. More is
    /// only taken from the session when that is gone, so that the session sees
    /// how much the peer leaves unread.
    fn send<S: Session>(&mut self, session: &mut S, transport: &mut impl Transport) {
        loop {
            if self.pending.is_empty() {
                match session.poll_transmit() {
                    Some(bytes) => self.pending = bytes,
                    None => return,
                }
            }
            if self.broken {
                self.pending.clear();
                continue;
            }
            match transport.write(&self.pending) {
                Ok(count) => self.pending.advance(count.min(self.pending.len())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.broken = true,
            }
        }
    }
}

#[cfg(test)]
mod tests;
