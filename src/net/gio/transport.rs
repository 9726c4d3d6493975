// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An open connection, plain or within TLS.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gio::prelude::*;

use super::options::pace;
use super::tls::{Secured, tls_error};
use super::waker::{Timer, Waker};
use crate::net::pacer::Pacer;
use crate::net::{ConnectError, Control, Interest, TlsError, Transport};

/// Reads after which acknowledgements are sent at once. Servers that leave
/// Nagle's algorithm on (nginx-rtmp) otherwise hold back half of an answer
/// until the delayed acknowledgement of the first half comes, 40 ms each time.
const QUICK_READS: u32 = 32;

/// Parts that go out in one system call.
const MAX_PARTS: usize = 64;

/// The most that is in one record of TLS, in bytes.
const TLS_RECORD: usize = 16 << 10;

/// An open connection. Lives in the thread that made it.
pub struct GioTransport {
    control: Control,
    input: gio::PollableInputStream,
    output: gio::PollableOutputStream,
    socket: gio::Socket,
    /// Kept for its lifetime: the streams close with it.
    connection: gio::SocketConnection,
    tls: Option<Secured>,
    /// Something between us and the socket may hold bytes that `poll` does not
    /// know of: TLS, or a proxy's protocol.
    layered: bool,
    /// How reading ended, found behind bytes that were handed out first.
    ended: Option<io::Result<usize>>,
    /// The last write did not go through.
    stuck: bool,
    waker: Arc<Waker>,
    timer: Timer,
    reads: u32,
    /// Memory for small parts that are written together.
    gathered: Vec<u8>,
    /// How much may be written.
    pacer: Option<Pacer>,
    /// Nothing before that.
    held_until: Option<Instant>,
}

impl GioTransport {
    pub(super) fn new(
        connection: gio::SocketConnection,
        tls: Option<Secured>,
        proxied: bool,
        waker: Arc<Waker>,
        control: &Control,
    ) -> Result<Self, ConnectError> {
        let stream: &gio::IOStream = match &tls {
            Some(tls) => tls.connection.upcast_ref(),
            None => connection.upcast_ref(),
        };
        let streams = (
            stream.input_stream().dynamic_cast().ok(),
            stream.output_stream().dynamic_cast().ok(),
        );
        let (Some(input), Some(output)) = streams else {
            return Err(ConnectError::Failed(
                "the connection's streams cannot be polled".to_owned(),
            ));
        };
        Ok(Self {
            control: control.clone(),
            input,
            output,
            socket: connection.socket(),
            connection,
            layered: proxied || tls.is_some(),
            tls,
            ended: None,
            stuck: false,
            waker,
            timer: Timer::default(),
            reads: 0,
            gathered: Vec::new(),
            pacer: None,
            held_until: None,
        })
    }

    fn read_once(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let asked = self.reads == 0 && self.tls.as_ref().is_some_and(|tls| tls.asked);
        let count = self
            .input
            .read_nonblocking(buffer, gio::Cancellable::NONE)
            .map_err(|error| match tls_error(&error) {
                Some(TlsError::Failed(words) | TlsError::CertificateRequired(words)) if asked => {
                    io::Error::other(TlsError::CertificateRequired(words))
                }
                _ => io_error(error),
            })
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock if self.is_renegotiating() => renegotiation(),
                _ => error,
            })?;
        self.acknowledge_quickly();
        Ok(count.try_into().unwrap_or(0))
    }

    /// Reads until the layer between has nothing more, so that a short read
    /// means here, too, that the socket is dry.
    fn read_through(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(ended) = self.ended.take() {
            return ended;
        }
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_once(rest) {
                Ok(count) if count > 0 => filled += count,
                end if filled == 0 => return end,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                end => {
                    self.ended = Some(end);
                    break;
                }
            }
        }
        Ok(filled)
    }

    /// Writes through a layer that takes one part at a time: small ones together, as
    /// each makes a record of TLS. What did not go through comes again, in front of
    /// whatever has been added.
    fn write_gathered(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match parts {
            [only] => self.write(only),
            [first, ..] if first.len() >= TLS_RECORD => self.write(first),
            several => {
                let mut gathered = std::mem::take(&mut self.gathered);
                gathered.clear();
                for part in several {
                    let room = TLS_RECORD.saturating_sub(gathered.len());
                    let part = part.get(..room.min(part.len())).unwrap_or_default();
                    gathered.extend_from_slice(part);
                }
                let result = self.write(&gathered);
                self.gathered = gathered;
                result
            }
        }
    }

    /// How much may be written now.
    fn allowance(&mut self) -> io::Result<usize> {
        let Some(pacer) = &mut self.pacer else {
            return Ok(usize::MAX);
        };
        self.held_until = None;
        match pacer.allowance(Instant::now()) {
            0 => {
                self.held_until = Some(pacer.next());
                Err(io::ErrorKind::WouldBlock.into())
            }
            allowed => Ok(allowed),
        }
    }

    fn note_written(&mut self, result: &io::Result<usize>) {
        self.stuck = result.is_err();
        if let (Some(pacer), Ok(count)) = (&mut self.pacer, result) {
            pacer.spend(*count);
        }
    }

    /// Sends the acknowledgement of what was just read, in the first exchanges.
    fn acknowledge_quickly(&mut self) {
        if self.reads >= QUICK_READS {
            return;
        }
        self.reads += 1;
        #[cfg(target_os = "linux")]
        let _ = self
            .socket
            .set_option(libc::IPPROTO_TCP, libc::TCP_QUICKACK, 1);
    }

    /// Whether a few bytes more can be sent without waiting. Within TLS they
    /// cannot during a handshake either.
    fn has_room(&self) -> bool {
        !self.stuck && self.output.is_writable()
    }

    /// Whether the server has begun another handshake. GIO makes it in a thread
    /// of its own, and our wait for the socket cannot see how it goes.
    fn is_renegotiating(&self) -> bool {
        let out = glib::IOCondition::OUT;
        let is_stuck = || !self.output.is_writable();
        // Asked again, as room may have come in between.
        self.tls.is_some()
            && is_stuck()
            && SocketExt::condition_check(&self.socket, out) == out
            && is_stuck()
    }
}

impl Transport for GioTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.layered {
            self.read_through(buffer)
        } else {
            self.read_once(buffer)
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = self.allowance()?;
        let bytes = bytes.get(..allowed).unwrap_or(bytes);
        let result = self
            .output
            .write_nonblocking(bytes, gio::Cancellable::NONE)
            .map(|count| count.try_into().unwrap_or(0))
            .map_err(io_error);
        self.note_written(&result);
        result
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.layered {
            return self.write_gathered(parts);
        }
        let mut allowed = self.allowance()?;
        let empty: &[u8] = &[];
        let mut vectors = [const { None }; MAX_PARTS];
        let mut count = 0;
        for (vector, part) in vectors.iter_mut().zip(parts) {
            if allowed == 0 {
                break;
            }
            let part = part.get(..allowed).unwrap_or(part);
            allowed -= part.len();
            count += 1;
            *vector = Some(gio::OutputVector::new(part));
        }
        let vectors = vectors.map(|vector| vector.unwrap_or_else(|| gio::OutputVector::new(empty)));
        let result = self
            .socket
            .send_message_with_timeout(
                gio::SocketAddress::NONE,
                vectors.get(..count).unwrap_or_default(),
                &[],
                0,
                Some(Duration::ZERO),
                gio::Cancellable::NONE,
            )
            .map_err(io_error)
            .and_then(|(ready, count)| match ready {
                gio::PollableReturn::WouldBlock => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(count),
            });
        self.note_written(&result);
        result
    }

    fn finish(&mut self) {
        // TLS has a good-bye of its own, which closes both ways.
        if !self.layered {
            let _ = self.socket.shutdown(false, true);
        }
    }

    fn set_pace(&mut self, bytes_per_second: Option<u64>) {
        // The system spreads what goes out at once, where it does; what goes out at all is
        // seen to here.
        pace(&self.socket, bytes_per_second);
        let now = Instant::now();
        self.pacer = bytes_per_second.map(|rate| Pacer::new(rate, now));
        self.held_until = None;
    }

    fn wait(&mut self, interest: Interest, deadline: Option<Instant>) {
        if self.control.is_cancelled() || (interest.read && self.ended.is_some()) {
            return;
        }
        let held_until = self.held_until.filter(|_| interest.write);
        let deadline = [deadline, held_until].into_iter().flatten().min();
        let mut condition = glib::IOCondition::empty();
        condition.set(glib::IOCondition::IN, interest.read);
        let writes = interest.write && held_until.is_none();
        condition.set(glib::IOCondition::OUT, writes);
        if condition.is_empty() {
            // `poll` would return at once if the peer has hung up.
            self.timer.set(&self.waker.context, deadline);
            self.waker.context.iteration(true);
        } else {
            let timeout = deadline.map_or(-1, microseconds_until);
            let cancellable = self.waker.cancellable();
            // Why it ends is all the same: the caller looks at everything.
            let _ = self
                .socket
                .condition_timed_wait(condition, timeout, Some(&cancellable));
        }
        // Whatever woke us was done before that, and is looked at next.
        self.waker.rearm();
    }
}

impl Drop for GioTransport {
    fn drop(&mut self) {
        // TLS says good-bye, and has no way to do so without waiting where there
        // is no room.
        if let Some(tls) = self.tls.take() {
            if self.has_room() {
                let _ = tls.connection.close(gio::Cancellable::NONE);
            } else {
                // Ends the thread of a handshake, which would wait for a closed
                // descriptor for ever.
                let _ = self.socket.shutdown(true, true);
            }
        }
        // The socket first, which does not block: what is left to say to a proxy
        // then fails at once.
        let _ = self.socket.close();
        let _ = self.connection.close(gio::Cancellable::NONE);
    }
}

/// TLS 1.3 has no such thing, and servers need none.
fn renegotiation() -> io::Error {
    let words = "the server began another handshake, which is not supported";
    io::Error::other(TlsError::Failed(words.to_owned()))
}

/// Rounded up, so that it has passed when the wait ends.
fn microseconds_until(deadline: Instant) -> i64 {
    let left = deadline.saturating_duration_since(Instant::now());
    i64::try_from(left.as_micros()).map_or(i64::MAX, |left| left.saturating_add(1))
}

fn io_error(error: glib::Error) -> io::Error {
    if let Some(error) = tls_error(&error) {
        return io::Error::other(error);
    }
    let kind = match error.kind::<gio::IOErrorEnum>() {
        Some(gio::IOErrorEnum::WouldBlock) => return io::ErrorKind::WouldBlock.into(),
        // GIO has one code for a broken pipe and a reset.
        Some(gio::IOErrorEnum::BrokenPipe) => io::ErrorKind::ConnectionReset,
        Some(gio::IOErrorEnum::TimedOut) => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
