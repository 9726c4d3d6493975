// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The replay server: answers a player as any server does, then sends bytes
//! that were encoded beforehand, so that serving costs next to nothing.
//!
//! One thread for each connection, until the program ends. The connection
//! stays open when everything is sent, as elements differ in what they make of
//! its end: librtmp's connects again for ever.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::session::Session;
use gstrtmpr::rtmp::session::server::{Event, ServerSession};

use crate::media::{Clip, Encoded, Form, STREAM};

/// About how many bytes one write takes.
const WRITE_SIZE: usize = 256 << 10;

/// Streams begin this much apart, modulo the time of a frame, so that their
/// frames do not all come at once. Milliseconds.
const STAGGER_MS: u32 = 17;
const FRAME_MS: u32 = 40;

/// How fast the media is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The period so many times, as fast as it goes, then the tail.
    Flood { periods: u64 },
    /// Each message when it is due, until the player leaves.
    Realtime,
}

/// Starts a server.
pub(crate) fn start(clip: &Clip, form: Form, pace: Pace) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let show = Arc::new(Show {
        encoded: clip.encode(form),
        duration_ms: clip.duration_ms(),
        form,
        pace,
    });
    thread::spawn(move || {
        for (number, socket) in (0..).zip(listener.incoming()) {
            let show = Arc::clone(&show);
            // A player that leaves ends its thread with an error.
            thread::spawn(move || socket.and_then(|socket| show.serve(socket, number)));
        }
    });
    Ok(address)
}

struct Show {
    encoded: Encoded,
    duration_ms: u32,
    form: Form,
    pace: Pace,
}

impl Show {
    fn serve(&self, mut socket: TcpStream, number: u32) -> io::Result<()> {
        socket.set_nodelay(true)?;
        if let Form::Chunks(size) = self.form {
            answer(&mut socket, size)?;
        }
        socket.write_all(&self.encoded.opening)?;
        match self.pace {
            Pace::Flood { periods } => self.flood(&mut socket, periods)?,
            Pace::Realtime => self.play(&mut socket, number)?,
        }
        // Until the player leaves.
        io::copy(&mut socket, &mut io::sink()).map(drop)
    }

    fn flood(&self, socket: &mut TcpStream, periods: u64) -> io::Result<()> {
        let mut batch = BytesMut::with_capacity(2 * WRITE_SIZE);
        for _ in 0..periods {
            for piece in &self.encoded.period {
                batch.extend_from_slice(&piece.bytes);
                if batch.len() >= WRITE_SIZE {
                    socket.write_all(&batch)?;
                    batch.clear();
                }
            }
        }
        batch.extend_from_slice(&self.encoded.tail);
        socket.write_all(&batch)
    }

    fn play(&self, socket: &mut TcpStream, number: u32) -> io::Result<()> {
        let stagger = number.wrapping_mul(STAGGER_MS) % FRAME_MS;
        let mut start = Instant::now() + Duration::from_millis(stagger.into());
        loop {
            for piece in &self.encoded.period {
                let due = start + Duration::from_millis(piece.time_ms.into());
                thread::sleep(due.saturating_duration_since(Instant::now()));
                socket.write_all(&piece.bytes)?;
            }
            start += Duration::from_millis(self.duration_ms.into());
        }
    }
}

/// Handshake, `connect`, `createStream`, `play`; returns once it plays.
fn answer(socket: &mut TcpStream, chunk_size: u32) -> io::Result<()> {
    let mut session = ServerSession::new(1, Limits::default());
    let mut buffer = vec![0; 16 << 10];
    let mut plays = false;
    while !plays {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let received = session.receive(buffer.get(..count).unwrap_or_default());
        received.map_err(|error| io::Error::other(error.to_string()))?;
        while let Some(event) = session.poll_event() {
            match event {
                Event::Connect(request) => session.accept_connect(&request, chunk_size),
                Event::Play(request) if request.stream == STREAM => {
                    session.accept_play(&request);
                    plays = true;
                }
                _ => {}
            }
        }
        while let Some(bytes) = session.poll_transmit() {
            socket.write_all(&bytes)?;
        }
    }
    Ok(())
}
