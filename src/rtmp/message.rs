// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages: what the chunk layer carries (RTMP 1.0, section 6).
//!
//! Holds the message types, the header of a complete message, and the bodies
//! of the protocol control messages (types 1, 2, 3, 5 and 6). User control
//! (type 4) has its own file, commands and data are AMF and found in
//! [`command`](super::command).

use super::chunk::{Csid, MAX_CHUNK_SIZE};
use super::error::Error;
use super::payload::Payload;

/// Message type id (RTMP 1.0, 5.4 and 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 1: the sender's new chunk size.
    SetChunkSize,
    /// 2: the rest of a message will not come.
    Abort,
    /// 3: bytes received so far.
    Acknowledgement,
    /// 4: stream events and pings.
    UserControl,
    /// 5: when to acknowledge.
    WindowAckSize,
    /// 6: limit of the output window.
    SetPeerBandwidth,
    /// 8: an FLV audio tag's body.
    Audio,
    /// 9: an FLV video tag's body.
    Video,
    /// 15: data, AMF3 allowed.
    DataAmf3,
    /// 16: shared object, AMF3 allowed.
    SharedObjectAmf3,
    /// 17: command, AMF3 allowed.
    CommandAmf3,
    /// 18: data such as `onMetaData`, AMF0.
    DataAmf0,
    /// 19: shared object, AMF0.
    SharedObjectAmf0,
    /// 20: command, AMF0.
    CommandAmf0,
    /// 22: FLV tags in one message.
    Aggregate,
    /// Anything else: ignored by every implementation.
    Other(u8),
}

impl From<u8> for MessageType {
    fn from(id: u8) -> Self {
        match id {
            1 => Self::SetChunkSize,
            2 => Self::Abort,
            3 => Self::Acknowledgement,
            4 => Self::UserControl,
            5 => Self::WindowAckSize,
            6 => Self::SetPeerBandwidth,
            8 => Self::Audio,
            9 => Self::Video,
            15 => Self::DataAmf3,
            16 => Self::SharedObjectAmf3,
            17 => Self::CommandAmf3,
            18 => Self::DataAmf0,
            19 => Self::SharedObjectAmf0,
            20 => Self::CommandAmf0,
            22 => Self::Aggregate,
            other => Self::Other(other),
        }
    }
}

impl From<MessageType> for u8 {
    fn from(kind: MessageType) -> Self {
        match kind {
            MessageType::SetChunkSize => 1,
            MessageType::Abort => 2,
            MessageType::Acknowledgement => 3,
            MessageType::UserControl => 4,
            MessageType::WindowAckSize => 5,
            MessageType::SetPeerBandwidth => 6,
            MessageType::Audio => 8,
            MessageType::Video => 9,
            MessageType::DataAmf3 => 15,
            MessageType::SharedObjectAmf3 => 16,
            MessageType::CommandAmf3 => 17,
            MessageType::DataAmf0 => 18,
            MessageType::SharedObjectAmf0 => 19,
            MessageType::CommandAmf0 => 20,
            MessageType::Aggregate => 22,
            MessageType::Other(other) => other,
        }
    }
}

/// Message stream id: 0 is the NetConnection, others are NetStreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u32);

impl StreamId {
    /// The NetConnection itself.
    pub const CONNECTION: Self = Self(0);
}

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What the chunk headers say of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageHeader {
    /// Milliseconds, absolute, modulo 2³².
    pub timestamp: u32,
    /// Message type.
    pub kind: MessageType,
    /// NetStream that it belongs to.
    pub stream_id: StreamId,
    /// Chunk stream that carried it.
    pub csid: Csid,
}

/// A complete message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its header.
    pub header: MessageHeader,
    /// Its body.
    pub payload: Payload,
}

/// Set Peer Bandwidth's limit type (RTMP 1.0, 5.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeerBandwidthLimit {
    /// 0: limit the output to this window.
    Hard,
    /// 1: to the smaller of this and the present window.
    Soft,
    /// 2: hard if the limit before was hard, else nothing.
    Dynamic,
}

/// A protocol control message (types 1, 2, 3, 5, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolControl {
    /// New chunk size of the sender, 1 to [`MAX_CHUNK_SIZE`].
    SetChunkSize(u32),
    /// Drop what has come of the message on this chunk stream.
    Abort(Csid),
    /// Bytes that the peer has received, modulo 2³².
    Acknowledgement(u32),
    /// Bytes after which the peer wants an acknowledgement.
    WindowAckSize(u32),
    /// Wish for our output window.
    SetPeerBandwidth(u32, PeerBandwidthLimit),
}

impl ProtocolControl {
    /// Reads the body of a protocol control message. `Ok(None)` is a body too
    /// short to mean anything, or a type that is none of these.
    ///
    /// # Errors
    /// A Set Chunk Size that is short, 0 or has its top bit set: whatever
    /// follows could not be read (RTMP 1.0, 5.4.1).
    pub fn parse(kind: MessageType, body: &[u8]) -> Result<Option<Self>, Error> {
        let number = body.first_chunk().copied().map(u32::from_be_bytes);
        Ok(match (kind, number) {
            (MessageType::SetChunkSize, None) => {
                return Err(Error::PeerMisbehaved("Set Chunk Size without a size"));
            }
            (MessageType::SetChunkSize, Some(0)) => {
                return Err(Error::PeerMisbehaved("Set Chunk Size of 0"));
            }
            (MessageType::SetChunkSize, Some(0x8000_0000..)) => {
                return Err(Error::PeerMisbehaved("Set Chunk Size with its top bit set"));
            }
            (MessageType::SetChunkSize, Some(size)) => {
                Some(Self::SetChunkSize(size.min(MAX_CHUNK_SIZE)))
            }
            (MessageType::Abort, Some(csid)) => Some(Self::Abort(Csid(csid))),
            (MessageType::Acknowledgement, Some(bytes)) => Some(Self::Acknowledgement(bytes)),
            (MessageType::WindowAckSize, Some(bytes)) => Some(Self::WindowAckSize(bytes)),
            (MessageType::SetPeerBandwidth, Some(bytes)) => {
                // The limit type may be missing; every server means dynamic.
                let limit = match body.get(4) {
                    Some(0) => PeerBandwidthLimit::Hard,
                    Some(1) => PeerBandwidthLimit::Soft,
                    _ => PeerBandwidthLimit::Dynamic,
                };
                Some(Self::SetPeerBandwidth(bytes, limit))
            }
            _ => None,
        })
    }

    /// Type and body as they go onto the wire.
    pub fn encode(&self) -> (MessageType, Payload) {
        match *self {
            Self::SetChunkSize(size) => (MessageType::SetChunkSize, number(size)),
            Self::Abort(csid) => (MessageType::Abort, number(csid.0)),
            Self::Acknowledgement(bytes) => (MessageType::Acknowledgement, number(bytes)),
            Self::WindowAckSize(bytes) => (MessageType::WindowAckSize, number(bytes)),
            Self::SetPeerBandwidth(bytes, limit) => {
                let mut payload = number(bytes);
                payload.extend_from_slice(&[match limit {
                    PeerBandwidthLimit::Hard => 0,
                    PeerBandwidthLimit::Soft => 1,
                    PeerBandwidthLimit::Dynamic => 2,
                }]);
                (MessageType::SetPeerBandwidth, payload)
            }
        }
    }
}

fn number(value: u32) -> Payload {
    Payload::from(&value.to_be_bytes()[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_id_survives_a_round_trip() {
        for id in 0..=u8::MAX {
            assert_eq!(u8::from(MessageType::from(id)), id);
        }
    }

    #[test]
    fn chunk_size_out_of_range_is_an_error_and_large_ones_are_clamped() {
        let parse = |body: &[u8]| ProtocolControl::parse(MessageType::SetChunkSize, body);
        assert!(parse(&[0, 0, 0, 0]).is_err());
        assert!(parse(&[0x80, 0, 0, 0]).is_err());
        assert!(parse(&[0xFF; 4]).is_err());
        assert!(parse(&[0, 16, 0]).is_err());
        assert_eq!(
            parse(&[0, 0, 0, 1]),
            Ok(Some(ProtocolControl::SetChunkSize(1)))
        );
        assert_eq!(
            parse(&[0x7F, 0xFF, 0xFF, 0xFF]),
            Ok(Some(ProtocolControl::SetChunkSize(MAX_CHUNK_SIZE)))
        );
    }

    #[test]
    fn other_short_bodies_mean_nothing() {
        for kind in [
            MessageType::Abort,
            MessageType::Acknowledgement,
            MessageType::WindowAckSize,
            MessageType::SetPeerBandwidth,
        ] {
            for length in 0..4 {
                assert_eq!(ProtocolControl::parse(kind, &[0; 4][..length]), Ok(None));
            }
        }
    }

    #[test]
    fn peer_bandwidth_without_limit_type_is_dynamic() {
        assert_eq!(
            ProtocolControl::parse(MessageType::SetPeerBandwidth, &[0, 0, 1, 0]),
            Ok(Some(ProtocolControl::SetPeerBandwidth(
                256,
                PeerBandwidthLimit::Dynamic
            )))
        );
    }

    #[test]
    fn encoding_is_the_reverse_of_parsing() {
        for control in [
            ProtocolControl::SetChunkSize(4096),
            ProtocolControl::Abort(Csid(65_599)),
            ProtocolControl::Acknowledgement(u32::MAX),
            ProtocolControl::WindowAckSize(2_500_000),
            ProtocolControl::SetPeerBandwidth(1, PeerBandwidthLimit::Hard),
            ProtocolControl::SetPeerBandwidth(2, PeerBandwidthLimit::Soft),
            ProtocolControl::SetPeerBandwidth(3, PeerBandwidthLimit::Dynamic),
        ] {
            let (kind, body) = control.encode();
            assert_eq!(
                ProtocolControl::parse(kind, body.as_slice()),
                Ok(Some(control))
            );
        }
    }
}
