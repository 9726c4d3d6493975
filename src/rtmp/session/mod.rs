// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! NetConnection and NetStream: the two sides of an RTMP conversation
//! (RTMP 1.0, 7.2) on top of a [`Connection`](super::connection::Connection).
//!
//! Requests are methods, what the peer does comes back as events. After any
//! call that may change something, drain [`Session::poll_event`] and
//! [`Session::poll_transmit`]. However the same bytes are cut, events and
//! output are the same, only acknowledgements may move.

pub mod client;
pub mod server;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::connection::Counters;
use super::error::Error;
use super::message::{Message, MessageType, StreamId};
use super::payload::Payload;

/// What a loop needs to know of a session to move its bytes.
pub trait Session {
    /// What it reports.
    type Event;

    /// Takes received bytes from the front of `input`, up to the end of the next
    /// message. False if that took all of them and nothing more comes of them;
    /// call it until then.
    ///
    /// Who polls the events after each call never has more than those of one
    /// message in memory, however many there are in `input`.
    ///
    /// # Errors
    /// The peer broke the protocol: the connection is of no use any more.
    /// Events from before that are still to be polled.
    fn advance(&mut self, input: &mut &[u8]) -> Result<bool, Error>;

    /// Takes all of `bytes`, as received.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    fn receive(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let mut input = bytes;
        while self.advance(&mut input)? {}
        Ok(())
    }

    /// The next event.
    fn poll_event(&mut self) -> Option<Self::Event>;

    /// Bytes to send, in wire order.
    fn poll_transmit(&mut self) -> Option<Bytes>;

    /// Sizes and byte counts.
    fn counters(&self) -> Counters;
}

/// What a media message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// The body of an FLV audio tag.
    Audio,
    /// The body of an FLV video tag.
    Video,
    /// AMF0 data: name and values.
    Data,
    /// The same with AMF3 values, behind a format byte.
    DataAmf3,
    /// Several FLV tags.
    Aggregate,
}

impl MediaKind {
    /// The media that a message type carries, if any.
    pub fn of(kind: MessageType) -> Option<Self> {
        match kind {
            MessageType::Audio => Some(Self::Audio),
            MessageType::Video => Some(Self::Video),
            MessageType::DataAmf0 => Some(Self::Data),
            MessageType::DataAmf3 => Some(Self::DataAmf3),
            MessageType::Aggregate => Some(Self::Aggregate),
            MessageType::SetChunkSize
            | MessageType::Abort
            | MessageType::Acknowledgement
            | MessageType::UserControl
            | MessageType::WindowAckSize
            | MessageType::SetPeerBandwidth
            | MessageType::SharedObjectAmf3
            | MessageType::CommandAmf3
            | MessageType::SharedObjectAmf0
            | MessageType::CommandAmf0
            | MessageType::Other(_) => None,
        }
    }
}

impl From<MediaKind> for MessageType {
    fn from(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Audio => Self::Audio,
            MediaKind::Video => Self::Video,
            MediaKind::Data => Self::DataAmf0,
            MediaKind::DataAmf3 => Self::DataAmf3,
            MediaKind::Aggregate => Self::Aggregate,
        }
    }
}

/// A media message of a NetStream.
#[derive(Debug, Clone, PartialEq)]
pub struct Media {
    /// What it holds.
    pub kind: MediaKind,
    /// NetStream that it belongs to.
    pub stream: StreamId,
    /// Milliseconds, modulo 2³².
    pub timestamp: u32,
    /// The body.
    pub payload: Payload,
}

impl Media {
    /// The media in a message, or the message back.
    fn from_message(message: Message) -> Result<Self, Message> {
        match MediaKind::of(message.header.kind) {
            Some(kind) => Ok(Self {
                kind,
                stream: message.header.stream_id,
                timestamp: message.header.timestamp,
                payload: message.payload,
            }),
            None => Err(message),
        }
    }
}

/// A stream id as an AMF number: whole, above 0, 32 bits.
fn stream_id(number: f64) -> Option<StreamId> {
    let whole = number.fract() == 0.0;
    (whole && (1.0..=f64::from(u32::MAX)).contains(&number)).then_some(StreamId(number as u32))
}
