// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is sent: FLV bodies that a real server could send, encoded once as
//! RTMP chunks or as a plain FLV stream.
//!
//! A [`Clip`] is an opening, as a server sends it to a player that joins a
//! live stream, and a period of messages that is repeated. The last messages
//! of the opening are those that end the period, so that the chunk headers of
//! the period, which only say what changed, are right each time it is sent.

use bytes::{Bytes, BytesMut};
use gstrtmpr::flv::{Tag, TagType, file_header};
use gstrtmpr::rtmp::Payload;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::chunk::{AUDIO_CSID, ChunkWriter, STATUS_CSID, VIDEO_CSID};
use gstrtmpr::rtmp::message::{MessageHeader, MessageType, StreamId};

/// The message stream that the replay server's players get.
pub(crate) const STREAM: StreamId = StreamId(1);

/// Time of the opening: a stream that has run for a while. librtmp holds back
/// everything that is stamped 0. Milliseconds.
const BASE_TIME_MS: u32 = 1_000_000;

/// Length of the messages behind the media. A receiver that hands on blocks of
/// 4096 bytes has handed on all media once the first of two has come. Bytes.
const TAIL_SIZE: usize = 16 << 10;

/// One message: time in the period, kind and body.
#[derive(Debug, Clone)]
struct Message {
    time_ms: u32,
    kind: TagType,
    body: Bytes,
}

/// Media to be sent.
#[derive(Debug)]
pub(crate) struct Clip {
    opening: Vec<Message>,
    period: Vec<Message>,
}

/// How a clip is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// RTMP chunks of up to this many bytes.
    Chunks(u32),
    /// An FLV stream.
    Flv,
}

/// A clip, ready to be sent.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) opening: Bytes,
    pub(crate) period: Vec<Piece>,
    pub(crate) tail: Bytes,
}

/// One message of the period.
#[derive(Debug)]
pub(crate) struct Piece {
    /// Time since the opening, in milliseconds.
    pub(crate) time_ms: u32,
    pub(crate) bytes: Bytes,
}

impl Clip {
    /// Video frames of one size, 25 a second.
    pub(crate) fn frames(size: usize, count: u32) -> Self {
        let period = (1..=count).map(|number| Message {
            time_ms: number * 40,
            kind: TagType::Video,
            body: video(number % 50 == count % 50, size),
        });
        Self::new(period.collect())
    }

    /// Audio and video messages of one size in turn.
    pub(crate) fn small(size: usize, pairs: u32) -> Self {
        let pair = |number: u32| {
            let message = |kind, body| Message {
                time_ms: number * 5,
                kind,
                body,
            };
            [
                message(TagType::Audio, audio(size)),
                message(TagType::Video, video(number == pairs, size)),
            ]
        };
        Self::new((1..=pairs).flat_map(pair).collect())
    }

    /// Eight seconds of 2 Mbit/s: video at 25 frames a second with a keyframe
    /// every two seconds, and AAC of 128 kbit/s at 48 kHz.
    pub(crate) fn two_megabits() -> Self {
        let mut period: Vec<_> = (1..=200)
            .map(|number| {
                let keyframe = number % 50 == 0;
                Message {
                    time_ms: number * 40,
                    kind: TagType::Video,
                    body: video(keyframe, if keyframe { 60_000 } else { 8326 }),
                }
            })
            .collect();
        period.extend((1..=375).map(|number| Message {
            // 1024 samples each.
            time_ms: number * 64 / 3,
            kind: TagType::Audio,
            body: audio(341),
        }));
        period.sort_by_key(|message| message.time_ms);
        Self::new(period)
    }

    fn new(period: Vec<Message>) -> Self {
        let start = |kind, body| Message {
            time_ms: 0,
            kind,
            body,
        };
        let mut opening = vec![
            start(TagType::Script, metadata()),
            start(TagType::Video, video_header()),
            start(TagType::Audio, audio_header()),
        ];
        for kind in [TagType::Video, TagType::Audio] {
            let last = period.iter().rev().find(|message| message.kind == kind);
            let body = last.map_or_else(|| audio(341), |message| message.body.clone());
            opening.push(start(kind, body));
        }
        Self { opening, period }
    }

    /// Number of messages in the period.
    pub(crate) fn messages(&self) -> u64 {
        self.period.len() as u64
    }

    /// Length of the period as FLV tags, in bytes.
    pub(crate) fn period_size(&self) -> u64 {
        tags_size(&self.period)
    }

    /// Length of the audio and video tags of the opening, in bytes.
    pub(crate) fn opening_size(&self) -> u64 {
        let media = self.opening.iter().filter(|m| m.kind != TagType::Script);
        tags_size(media)
    }

    /// Milliseconds from the opening to the end of the period.
    pub(crate) fn duration_ms(&self) -> u32 {
        self.period.last().map_or(0, |message| message.time_ms)
    }

    pub(crate) fn encode(&self, form: Form) -> Encoded {
        let mut encoder = Encoder::new(form);
        let mut opening = BytesMut::new();
        if form == Form::Flv {
            opening.extend_from_slice(&file_header(true, true));
        }
        for message in &self.opening {
            opening.extend_from_slice(&encoder.message(message));
        }
        let pieces = self.period.iter().map(|message| Piece {
            time_ms: message.time_ms,
            bytes: encoder.message(message),
        });
        let period = pieces.collect();
        let tail_message = Message {
            time_ms: self.duration_ms(),
            kind: TagType::Video,
            body: video(false, TAIL_SIZE),
        };
        let mut tail = BytesMut::new();
        for _ in 0..2 {
            tail.extend_from_slice(&encoder.message(&tail_message));
        }
        Encoded {
            opening: opening.freeze(),
            period,
            tail: tail.freeze(),
        }
    }
}

/// Whether this body is not one of the clip's but marks its end.
pub(crate) fn is_tail(body: &[u8]) -> bool {
    body.len() == TAIL_SIZE
}

enum Encoder {
    Chunks(ChunkWriter),
    Flv,
}

impl Encoder {
    fn new(form: Form) -> Self {
        match form {
            Form::Chunks(size) => {
                let mut writer = ChunkWriter::default();
                writer.set_chunk_size(size);
                Self::Chunks(writer)
            }
            Form::Flv => Self::Flv,
        }
    }

    fn message(&mut self, message: &Message) -> Bytes {
        let timestamp = BASE_TIME_MS + message.time_ms;
        match self {
            Self::Chunks(writer) => {
                let (csid, kind) = match message.kind {
                    TagType::Audio => (AUDIO_CSID, MessageType::Audio),
                    TagType::Video => (VIDEO_CSID, MessageType::Video),
                    TagType::Script => (STATUS_CSID, MessageType::DataAmf0),
                };
                let header = MessageHeader {
                    timestamp,
                    kind,
                    stream_id: STREAM,
                    csid,
                };
                let mut out = BytesMut::new();
                writer.write(&mut out, &header, &message.body);
                out.freeze()
            }
            Self::Flv => {
                let payload = Payload::from(&message.body[..]);
                Tag::from_payload(message.kind, timestamp, payload).into_bytes()
            }
        }
    }
}

fn tags_size<'a>(messages: impl IntoIterator<Item = &'a Message>) -> u64 {
    const FRAMING: u64 = 11 + 4;
    let sizes = messages.into_iter().map(|m| m.body.len() as u64 + FRAMING);
    sizes.sum()
}

/// `onMetaData` that names both kinds.
fn metadata() -> Bytes {
    let values = Object::new()
        .with("width", 1280.0)
        .with("height", 720.0)
        .with("framerate", 25.0)
        .with("videocodecid", 7.0)
        .with("videodatarate", 1872.0)
        .with("audiocodecid", 10.0)
        .with("audiodatarate", 128.0)
        .with("audiosamplerate", 48_000.0)
        .with("audiosamplesize", 16.0)
        .with("stereo", true)
        .with("encoder", "Lavf60.16.100");
    amf0::encode_all([&Value::from("onMetaData"), &Value::from(values)])
}

/// An AVCDecoderConfigurationRecord with one SPS and one PPS.
fn video_header() -> Bytes {
    Bytes::from_static(&[
        0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 10, 0x67, 0x64, 0, 0x1F, 0xAC, 0xD9,
        0x40, 0x50, 5, 0xBB, 1, 0, 4, 0x68, 0xEB, 0xE3, 0xCB,
    ])
}

/// An AudioSpecificConfig: AAC LC, 48 kHz, stereo.
fn audio_header() -> Bytes {
    Bytes::from_static(&[0xAF, 0, 0x11, 0x90])
}

/// One AVC frame of one NAL unit.
fn video(keyframe: bool, size: usize) -> Bytes {
    let (frame, nal) = if keyframe { (0x17, 0x65) } else { (0x27, 0x41) };
    let nal_size = u32::try_from(size - 9).unwrap_or(u32::MAX).to_be_bytes();
    let mut body = vec![frame, 1, 0, 0, 0];
    body.extend_from_slice(&nal_size);
    body.push(nal);
    fill(body, size)
}

/// One raw AAC frame.
fn audio(size: usize) -> Bytes {
    fill(vec![0xAF, 1, 0x21], size)
}

/// Noise without zeros, as coded media has no long runs and no start codes.
fn fill(mut body: Vec<u8>, size: usize) -> Bytes {
    let mut state = 0x2545_F491_u32 ^ size as u32;
    body.resize_with(size, || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0] | 1
    });
    body.into()
}
