// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One RTMP connection, either role: handshake, chunks, and the messages that
//! keep a connection alive.
//!
//! Set Chunk Size, Abort, Acknowledgement, Window Acknowledgement Size and pings
//! are dealt with here and only reported upwards, so that a session never has to
//! think of them; of Set Peer Bandwidth it only says when to answer. Commands,
//! data and media are passed on as messages.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::chunk::{CONTROL_CSID, ChunkReader, ChunkWriter, Csid, Limits, Oddity};
use super::error::Error;
use super::handshake::{Handshake, HandshakeForm, Progress, Role};
use super::message::{
    Message, MessageHeader, MessageType, PeerBandwidthLimit, ProtocolControl, StreamId,
};
use super::outgoing::Outgoing;
use super::user_control::UserControl;

/// Window that we announce and assume until the peer announces its own, in
/// bytes. What Flash, librtmp and FFmpeg use.
pub const DEFAULT_WINDOW: u32 = 2_500_000;

/// Smaller windows of a peer are read as this, so that it cannot make us
/// acknowledge every few bytes. Bytes.
const MIN_WINDOW: u32 = 4096;

/// Answers that nothing hinges on are left out while more output than this waits for the peer
/// to read it. Bytes.
pub const MAX_WAITING_ANSWERS: usize = 64 << 10;

/// What a connection reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step of the handshake.
    Handshake(Progress),
    /// A protocol control message came and has been obeyed, but for
    /// [`answer_bandwidth`](Connection::answer_bandwidth).
    Control(ProtocolControl),
    /// A user control message came; a ping has been answered.
    UserControl(UserControl),
    /// A command, data or media message.
    Message(Message),
    /// Something odd that was overlooked.
    Ignored(Ignored),
}

/// What was overlooked, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ignored {
    /// An oddity of the chunk layer.
    Chunk(Oddity),
    /// A control message too short to mean anything.
    ShortControl(MessageType),
    /// A message of a type that has no meaning here.
    UnknownMessage(u8),
    /// The version byte was not 3.
    HandshakeVersion(u8),
    /// C2 or S2 was neither an echo nor signed, whichever the form asks for.
    HandshakeAnswer,
    /// A ping that was not answered, because the peer does not read.
    Ping,
    /// A call that was not answered, because the peer does not read. Carries its name.
    Call(String),
    /// A command or data message that could not be decoded. Carries its name if known.
    BadAmf(String),
    /// An answer to nothing that was asked.
    UnexpectedAnswer(String),
    /// A command that means nothing to this side.
    UnknownCommand(String),
    /// Media of a NetStream that is not in use.
    ForeignStream(StreamId),
}

impl std::fmt::Display for Ignored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use super::status::printable;
        match self {
            Self::Chunk(oddity) => oddity.fmt(f),
            Self::ShortControl(kind) => write!(f, "a {kind:?} message is too short"),
            Self::UnknownMessage(kind) => write!(f, "a message of unknown type {kind}"),
            Self::HandshakeVersion(version) => {
                write!(f, "the peer answers with version {version} instead of 3")
            }
            Self::HandshakeAnswer => {
                f.write_str("the peer's last handshake part is no answer to ours")
            }
            Self::Ping => f.write_str("a ping is not answered, the peer does not read"),
            Self::Call(name) => {
                let name = printable(name);
                write!(f, "{name} is not answered, the peer does not read")
            }
            Self::BadAmf(name) => {
                write!(f, "message {:?} cannot be decoded whole", printable(name))
            }
            Self::UnexpectedAnswer(name) => {
                write!(f, "{} answers no call of ours", printable(name))
            }
            Self::UnknownCommand(name) => write!(f, "unknown command {:?}", printable(name)),
            Self::ForeignStream(stream) => {
                write!(f, "media of message stream {stream}, which is not ours")
            }
        }
    }
}

/// Byte counters and sizes of a connection, for statistics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// The peer's chunk size in bytes.
    pub in_chunk_size: u32,
    /// Our chunk size in bytes.
    pub out_chunk_size: u32,
    /// Window after which the peer wants acknowledgements, in bytes; 0 until it said so.
    pub in_window_ack_size: u32,
    /// Window that we announced, in bytes; 0 until we did.
    pub out_window_ack_size: u32,
    /// Bytes received behind the handshake.
    pub in_bytes_total: u64,
    /// Bytes sent behind the handshake.
    pub out_bytes_total: u64,
    /// Received bytes that we acknowledged.
    pub in_bytes_acked: u64,
    /// Sent bytes that the peer acknowledged.
    pub out_bytes_acked: u64,
    /// Complete messages received.
    pub in_messages: u64,
}

/// Handshake, chunk layer and protocol control of one connection.
#[derive(Debug)]
pub struct Connection {
    handshake: Option<Handshake>,
    reader: ChunkReader,
    writer: ChunkWriter,
    /// What was read behind an oddity that is to be reported first.
    held: Option<Result<Message, Error>>,
    out: Outgoing,
    /// Length of `out` that has been counted.
    out_counted: usize,
    counters: Counters,
    last_peer_ack: u32,
    peer_limit: Option<PeerBandwidthLimit>,
}

impl Connection {
    /// A connection that has just been opened. See [`Handshake::new`] for `form` and `seed`.
    pub fn new(role: Role, form: HandshakeForm, seed: u64, limits: Limits) -> Self {
        let handshake = Handshake::new(role, form, seed);
        let mut out = Outgoing::default();
        handshake.start(out.tail());
        Self {
            handshake: Some(handshake),
            reader: ChunkReader::new(limits),
            writer: ChunkWriter::default(),
            held: None,
            out_counted: out.len(),
            out,
            counters: Counters::default(),
            last_peer_ack: 0,
            peer_limit: None,
        }
    }

    /// The same as [`next`](Self::next), and acknowledges when there is nothing
    /// more to report.
    ///
    /// # Errors
    /// As [`next`](Self::next).
    pub fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Error> {
        let event = self.next(input)?;
        if event.is_none() && self.is_established() {
            self.acknowledge();
        }
        Ok(event)
    }

    /// Takes bytes from the front of `input` until there is something to
    /// report, or all of them. Call it until it returns `None`, then
    /// [`acknowledge`](Self::acknowledge).
    ///
    /// # Errors
    /// The peer broke the protocol; what was reported before still counts.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Event>, Error> {
        if let Some(handshake) = &mut self.handshake {
            let before = self.out.len();
            let progress = handshake.advance(input, self.out.tail())?;
            self.out_counted += self.out.len() - before;
            if let Some(Progress::Done { .. }) = progress {
                self.handshake = None;
            }
            return Ok(progress.map(Event::Handshake));
        }

        let read = match self.held.take() {
            Some(held) => held.map(Some),
            None => self.read(input),
        };
        // An oddity lies in a header, in front of the message that ends behind
        // it: reported first, its place does not depend on how bytes are cut.
        if let Some(oddity) = self.reader.poll_oddity() {
            self.held = read.transpose();
            return Ok(Some(Event::Ignored(Ignored::Chunk(oddity))));
        }
        let Some(message) = read? else {
            return Ok(None);
        };
        self.counters.in_messages += 1;
        self.on_message(message).map(Some)
    }

    fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        let before = input.len();
        let message = self.reader.read(input);
        self.counters.in_bytes_total += (before - input.len()) as u64;
        message
    }

    /// Sends an acknowledgement if half of the peer's window has come since
    /// the last one. Once per batch of bytes is enough. To a peer that does not
    /// read it is sent later: it counts everything up to then.
    pub fn acknowledge(&mut self) {
        if self.is_backed_up() {
            return;
        }
        let window = match self.counters.in_window_ack_size {
            0 => DEFAULT_WINDOW,
            window => window.clamp(MIN_WINDOW, 0x8000_0000),
        };
        let counters = &mut self.counters;
        if counters.in_bytes_total - counters.in_bytes_acked >= u64::from(window / 2) {
            counters.in_bytes_acked = counters.in_bytes_total;
            // Modulo 2³², as the specification implies.
            let total = counters.in_bytes_total as u32;
            self.send_control(&ProtocolControl::Acknowledgement(total));
        }
    }

    /// Appends a message to the output.
    pub fn send(
        &mut self,
        csid: Csid,
        stream_id: StreamId,
        kind: MessageType,
        timestamp: u32,
        body: &[u8],
    ) {
        let header = MessageHeader {
            timestamp,
            kind,
            stream_id,
            csid,
        };
        self.writer.write(self.out.tail(), &header, body);
    }

    /// The same for a body that is not copied if it is large.
    pub fn send_shared(
        &mut self,
        csid: Csid,
        stream_id: StreamId,
        kind: MessageType,
        timestamp: u32,
        body: &Bytes,
    ) {
        let header = MessageHeader {
            timestamp,
            kind,
            stream_id,
            csid,
        };
        self.writer.write_shared(&mut self.out, &header, body);
    }

    /// Sends a protocol control message. A chunk size takes effect behind it.
    pub fn send_control(&mut self, control: &ProtocolControl) {
        let (kind, body) = control.encode();
        self.send(CONTROL_CSID, StreamId::CONNECTION, kind, 0, body.as_slice());
        match *control {
            ProtocolControl::SetChunkSize(size) => self.writer.set_chunk_size(size),
            ProtocolControl::WindowAckSize(size) => self.counters.out_window_ack_size = size,
            _ => {}
        }
    }

    /// Sends a user control message.
    pub fn send_user_control(&mut self, event: &UserControl) {
        let body = event.encode();
        self.send(
            CONTROL_CSID,
            StreamId::CONNECTION,
            MessageType::UserControl,
            0,
            body.as_slice(),
        );
    }

    /// What waits to be sent, in wire order; call it until there is nothing.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        let out = self.out.pop()?;
        let counted = self.out_counted.min(out.len());
        self.counters.out_bytes_total += (out.len() - counted) as u64;
        self.out_counted -= counted;
        Some(out)
    }

    /// Bytes that wait to be sent.
    pub fn waiting_output(&self) -> usize {
        self.out.len()
    }

    /// True when so much output waits that answers are better left out: a
    /// peer that asks without reading must not make us hoard.
    pub fn is_backed_up(&self) -> bool {
        self.out.len() > MAX_WAITING_ANSWERS
    }

    /// True once chunks flow.
    pub fn is_established(&self) -> bool {
        self.handshake.is_none()
    }

    /// True when no message or handshake part is incomplete.
    pub fn is_at_message_boundary(&self) -> bool {
        self.handshake.is_none() && self.reader.is_at_message_boundary()
    }

    /// The present counters.
    pub fn counters(&self) -> Counters {
        Counters {
            in_chunk_size: self.reader.chunk_size(),
            out_chunk_size: self.writer.chunk_size(),
            ..self.counters
        }
    }

    fn on_message(&mut self, message: Message) -> Result<Event, Error> {
        let kind = message.header.kind;
        Ok(match kind {
            MessageType::SetChunkSize
            | MessageType::Abort
            | MessageType::Acknowledgement
            | MessageType::WindowAckSize
            | MessageType::SetPeerBandwidth => {
                match ProtocolControl::parse(kind, message.payload.as_slice())? {
                    Some(control) => {
                        self.obey(&control);
                        Event::Control(control)
                    }
                    None => Event::Ignored(Ignored::ShortControl(kind)),
                }
            }
            MessageType::UserControl => match UserControl::parse(message.payload.as_slice()) {
                Some(UserControl::PingRequest(time)) => self.answer_ping(time),
                Some(event) => Event::UserControl(event),
                None => Event::Ignored(Ignored::ShortControl(kind)),
            },
            MessageType::Other(other) => Event::Ignored(Ignored::UnknownMessage(other)),
            MessageType::Audio
            | MessageType::Video
            | MessageType::DataAmf3
            | MessageType::SharedObjectAmf3
            | MessageType::CommandAmf3
            | MessageType::DataAmf0
            | MessageType::SharedObjectAmf0
            | MessageType::CommandAmf0
            | MessageType::Aggregate => Event::Message(message),
        })
    }

    fn obey(&mut self, control: &ProtocolControl) {
        match *control {
            ProtocolControl::SetChunkSize(size) => self.reader.set_chunk_size(size),
            ProtocolControl::Abort(csid) => self.reader.abort(csid),
            ProtocolControl::Acknowledgement(total) => self.on_acknowledgement(total),
            ProtocolControl::WindowAckSize(size) => self.counters.in_window_ack_size = size,
            // See `answer_bandwidth`.
            ProtocolControl::SetPeerBandwidth(..) => {}
        }
    }

    /// For statistics only: peers wrap their count in many places, so output
    /// is never held back for it.
    fn on_acknowledgement(&mut self, total: u32) {
        let acked = &mut self.counters.out_bytes_acked;
        match total.checked_sub(self.last_peer_ack) {
            Some(more) => *acked += u64::from(more),
            None => *acked += u64::from(total),
        }
        *acked = (*acked).min(self.counters.out_bytes_total);
        self.last_peer_ack = total;
    }

    /// Answers Set Peer Bandwidth with our window, once: servers have dropped
    /// clients that repeat it (AWS MediaLive). Does nothing for other messages.
    ///
    /// For the session to call when it looks at the message, as the answer
    /// depends on the window that it has announced by then.
    pub fn answer_bandwidth(&mut self, control: &ProtocolControl) {
        let ProtocolControl::SetPeerBandwidth(size, limit) = *control else {
            return;
        };
        let present = self.counters.out_window_ack_size;
        let wanted = match (limit, self.peer_limit) {
            (PeerBandwidthLimit::Soft, _) if present != 0 => size.min(present),
            (PeerBandwidthLimit::Dynamic, Some(PeerBandwidthLimit::Soft)) => present,
            _ => size,
        };
        if limit != PeerBandwidthLimit::Dynamic || self.peer_limit.is_none() {
            self.peer_limit = Some(limit);
        }
        // A window of 0 would ask the peer to acknowledge every byte.
        if wanted != 0 && wanted != present && !self.is_backed_up() {
            self.send_control(&ProtocolControl::WindowAckSize(wanted));
        }
    }

    fn answer_ping(&mut self, time: u32) -> Event {
        if self.is_backed_up() {
            return Event::Ignored(Ignored::Ping);
        }
        self.send_user_control(&UserControl::PingResponse(time));
        Event::UserControl(UserControl::PingRequest(time))
    }
}
