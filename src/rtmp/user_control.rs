// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! User control messages (type 4; RTMP 1.0, 6.2 and 7.1.7): stream events,
//! buffer length and pings.

use super::message::StreamId;
use super::payload::Payload;

/// A user control event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserControl {
    /// 0: the stream is there; after StreamEOF, its data goes on.
    StreamBegin(StreamId),
    /// 1: no more data for now (pause, seek) or for good (nginx-rtmp: the publisher left).
    StreamEof(StreamId),
    /// 2: no data for a while.
    StreamDry(StreamId),
    /// 3: the client's buffer, in milliseconds.
    SetBufferLength(StreamId, u32),
    /// 4: a recording.
    StreamIsRecorded(StreamId),
    /// 6: to be answered with the same number.
    PingRequest(u32),
    /// 7: the answer.
    PingResponse(u32),
    /// 26: proof of the player program is asked for.
    SwfVerificationRequest,
    /// 31: the server has sent a full client buffer and pauses (FMS, Wowza).
    BufferEmpty(StreamId),
    /// 32: and goes on.
    BufferReady(StreamId),
    /// Anything else; no answer is needed.
    Other(u16),
}

impl UserControl {
    /// Reads the body; `None` if it is shorter than its event needs.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let (event, data) = body.split_first_chunk()?;
        let number = || data.first_chunk().copied().map(u32::from_be_bytes);
        let stream = || number().map(StreamId);
        Some(match u16::from_be_bytes(*event) {
            0 => Self::StreamBegin(stream()?),
            1 => Self::StreamEof(stream()?),
            2 => Self::StreamDry(stream()?),
            3 => {
                let length = u32::from_be_bytes(*data.get(4..)?.first_chunk()?);
                Self::SetBufferLength(stream()?, length)
            }
            4 => Self::StreamIsRecorded(stream()?),
            6 => Self::PingRequest(number()?),
            7 => Self::PingResponse(number()?),
            26 => Self::SwfVerificationRequest,
            31 => Self::BufferEmpty(stream()?),
            32 => Self::BufferReady(stream()?),
            other => Self::Other(other),
        })
    }

    /// The body as it goes onto the wire.
    pub fn encode(&self) -> Payload {
        let (event, first, second) = match *self {
            Self::StreamBegin(stream) => (0u16, Some(stream.0), None),
            Self::StreamEof(stream) => (1, Some(stream.0), None),
            Self::StreamDry(stream) => (2, Some(stream.0), None),
            Self::SetBufferLength(stream, length) => (3, Some(stream.0), Some(length)),
            Self::StreamIsRecorded(stream) => (4, Some(stream.0), None),
            Self::PingRequest(time) => (6, Some(time), None),
            Self::PingResponse(time) => (7, Some(time), None),
            Self::SwfVerificationRequest => (26, None, None),
            Self::BufferEmpty(stream) => (31, Some(stream.0), None),
            Self::BufferReady(stream) => (32, Some(stream.0), None),
            Self::Other(event) => (event, None, None),
        };
        let mut payload = Payload::from(&event.to_be_bytes()[..]);
        for number in [first, second].into_iter().flatten() {
            payload.extend_from_slice(&number.to_be_bytes());
        }
        payload
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_survives_a_round_trip_and_none_survives_truncation() {
        let stream = StreamId(1);
        for event in [
            UserControl::StreamBegin(stream),
            UserControl::StreamEof(stream),
            UserControl::StreamDry(stream),
            UserControl::SetBufferLength(stream, 3000),
            UserControl::StreamIsRecorded(stream),
            UserControl::PingRequest(0x1234_5678),
            UserControl::PingResponse(0x1234_5678),
            UserControl::SwfVerificationRequest,
            UserControl::BufferEmpty(stream),
            UserControl::BufferReady(stream),
            UserControl::Other(5),
        ] {
            let body = event.encode();
            assert_eq!(UserControl::parse(body.as_slice()), Some(event));
            for length in 0..body.len() {
                assert_eq!(UserControl::parse(&body.as_slice()[..length]), None);
            }
        }
    }

    #[test]
    fn known_bodies_are_read() {
        // StreamBegin, SetBufferLength, PingRequest, BufferEmpty, SWF request
        for (body, event) in [
            (
                &[0, 0, 0, 0, 0, 1][..],
                UserControl::StreamBegin(StreamId(1)),
            ),
            (
                &[0, 3, 0, 0, 0, 1, 0, 0, 0x0B, 0xB8],
                UserControl::SetBufferLength(StreamId(1), 3000),
            ),
            (
                &[0, 6, 0x12, 0x34, 0x56, 0x78],
                UserControl::PingRequest(0x1234_5678),
            ),
            (
                &[0, 7, 0x12, 0x34, 0x56, 0x78],
                UserControl::PingResponse(0x1234_5678),
            ),
            (
                &[0, 0x1F, 0, 0, 0, 1],
                UserControl::BufferEmpty(StreamId(1)),
            ),
            (&[0, 0x1A, 1], UserControl::SwfVerificationRequest),
        ] {
            assert_eq!(UserControl::parse(body), Some(event));
        }
    }
}
