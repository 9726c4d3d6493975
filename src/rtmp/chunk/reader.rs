// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Chunks in, messages out (RTMP 1.0, 5.3).
//!
//! Payload goes from the receive buffer straight into the message; only an
//! incomplete chunk header is kept aside between two calls. What peers do
//! beside the specification (extended timestamps that are not repeated,
//! absolute times where a delta belongs, messages given up without Abort) is
//! read as they mean it and reported once as an [`Oddity`].

use super::limits::Limits;
use super::{CONTROL_CSID, Csid, DEFAULT_CHUNK_SIZE, EXTENDED_TIMESTAMP};
use crate::rtmp::error::Error;
use crate::rtmp::message::{Message, MessageHeader, MessageType, StreamId};
use crate::rtmp::payload::Payload;

/// Longest chunk header: basic 3, message 11, extended timestamp 4 bytes.
const MAX_HEADER_SIZE: usize = 18;

/// A fmt 0 timestamp up to here is also the delta of a fmt 3 that follows, as
/// the specification says and FMLE relies on; beyond, doubling the clock would
/// be the worse misreading (nginx-rtmp means "same time" there). Milliseconds.
const MAX_IMPLIED_DELTA_MS: u32 = 10_000;

/// How far from the present time an extended field may be and still be read as
/// an absolute time on a fmt 3 chunk. Milliseconds.
const PLAUSIBLE_STEP_MS: u32 = 10_000;

/// Deltas larger than this, whose value is a time near the present one, are
/// absolute times (SRS before 6.0.167, lal). Milliseconds.
const MAX_PLAUSIBLE_DELTA_MS: u32 = 60_000;

/// What a chunk stream takes between two messages, in bytes.
pub(super) const HEADER_MEMORY: usize = size_of::<ChunkStream>();

/// Something out of the ordinary that was read anyway. Each kind is reported
/// once per connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// A new message began on a chunk stream whose last one was not complete.
    UnfinishedMessage,
    /// The peer leaves the extended timestamp out of fmt 3 chunks.
    ExtendedTimestampNotRepeated,
    /// The peer writes absolute times where a delta belongs.
    AbsoluteTimestampDelta,
    /// The first header on chunk stream 2 was not a full one.
    PartialFirstHeader,
}

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::UnfinishedMessage => {
                "a message was given up before its end; its first part is dropped"
            }
            Self::ExtendedTimestampNotRepeated => {
                "the peer does not repeat the extended timestamp on fmt 3 chunks"
            }
            Self::AbsoluteTimestampDelta => "the peer sends absolute timestamps as deltas",
            Self::PartialFirstHeader => "the first header on chunk stream 2 is not a full one",
        })
    }
}

/// Puts messages together from chunks. One for each direction of a connection.
#[derive(Debug)]
pub struct ChunkReader {
    limits: Limits,
    chunk_size: u32,
    streams: Vec<ChunkStream>,
    /// Index of the chunk stream used last: the next chunk is mostly its own.
    last: usize,
    /// Bytes that the current chunk still has to bring.
    chunk_left: u32,
    carry: Carry,
    /// What has been seen of extended timestamps on fmt 3 chunks.
    extended_repeats: ExtendedRepeats,
    unfinished_messages: usize,
    unfinished_bytes: usize,
    seen_oddities: Vec<Oddity>,
    reported_oddities: usize,
}

#[derive(Debug)]
struct ChunkStream {
    csid: Csid,
    timestamp: u32,
    delta: u32,
    /// The extended field of the latest fmt 0, 1 or 2 header.
    extended: Option<u32>,
    length: u32,
    kind: MessageType,
    stream_id: StreamId,
    /// The message being put together, and the bytes that it lacks.
    payload: Option<Payload>,
    missing: u32,
}

/// Whether the peer repeats the extended timestamp on fmt 3 chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExtendedRepeats {
    Unknown,
    Yes,
    No,
}

/// Bytes of a chunk header that is not complete yet.
#[derive(Debug, Default)]
struct Carry {
    bytes: [u8; MAX_HEADER_SIZE],
    length: usize,
}

/// A chunk header as read, before it is applied to its chunk stream.
struct ChunkHeader {
    size: usize,
    csid: Csid,
    index: Option<usize>,
    fields: Fields,
}

enum Fields {
    /// fmt 0
    Full {
        timestamp: u32,
        extended: Option<u32>,
        length: u32,
        kind: u8,
        stream_id: u32,
    },
    /// fmt 1, and fmt 2 where length and type are missing
    Delta {
        delta: u32,
        extended: Option<u32>,
        length_and_kind: Option<(u32, u8)>,
    },
    /// fmt 3; the extended field if there was one
    Nothing { extended: Option<u32> },
}

impl Default for ChunkReader {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl ChunkReader {
    /// A reader at chunk size 128 that knows no chunk stream yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            chunk_size: DEFAULT_CHUNK_SIZE,
            streams: Vec::with_capacity(8),
            last: 0,
            chunk_left: 0,
            carry: Carry::default(),
            extended_repeats: ExtendedRepeats::Unknown,
            unfinished_messages: 0,
            unfinished_bytes: 0,
            seen_oddities: Vec::new(),
            reported_oddities: 0,
        }
    }

    /// Takes bytes from the front of `input` up to the end of the next message
    /// and returns it, or takes all of `input` and returns `None`.
    ///
    /// # Errors
    /// The chunk stream cannot be followed any more, or a limit is exceeded.
    pub fn read(&mut self, input: &mut &[u8]) -> Result<Option<Message>, Error> {
        loop {
            if self.chunk_left == 0 {
                let Some(header) = self.next_header(input)? else {
                    return Ok(None);
                };
                self.apply(header)?;
            }
            self.take_payload(input);
            if self.chunk_left > 0 {
                return Ok(None);
            }
            if let Some(message) = self.finished() {
                return Ok(Some(message));
            }
        }
    }

    /// The peer's chunk size from the next chunk on, also for messages that
    /// are already under way on other chunk streams.
    pub fn set_chunk_size(&mut self, size: u32) {
        self.chunk_size = size.max(1);
    }

    /// The peer's present chunk size in bytes.
    pub fn chunk_size(&self) -> u32 {
        self.chunk_size
    }

    /// Drops what has come of a message on `csid`; its header stays the base
    /// of the next one (RTMP 1.0, 5.4.2). Unknown ids are no error.
    pub fn abort(&mut self, csid: Csid) {
        if let Some(index) = self.streams.iter().position(|s| s.csid == csid) {
            self.discard(index);
        }
    }

    /// Bytes held for messages that are not complete.
    pub fn unfinished_bytes(&self) -> usize {
        self.unfinished_bytes
    }

    /// True when the bytes so far end between two messages: nothing of a
    /// message or header is waiting for its rest.
    pub fn is_at_message_boundary(&self) -> bool {
        self.carry.length == 0 && self.unfinished_messages == 0
    }

    /// The next oddity that has not been reported yet.
    pub fn poll_oddity(&mut self) -> Option<Oddity> {
        let oddity = self.seen_oddities.get(self.reported_oddities).copied()?;
        self.reported_oddities += 1;
        Some(oddity)
    }

    /// Memory reserved for messages that are not complete, in bytes.
    #[cfg(test)]
    pub(super) fn reserved_bytes(&self) -> usize {
        let payloads = self.streams.iter().filter_map(|s| s.payload.as_ref());
        payloads.map(Payload::reserved).sum()
    }

    fn note(&mut self, oddity: Oddity) {
        if !self.seen_oddities.contains(&oddity) {
            self.seen_oddities.push(oddity);
        }
    }

    fn find(&self, csid: Csid) -> Option<usize> {
        match self.streams.get(self.last) {
            Some(stream) if stream.csid == csid => Some(self.last),
            _ => self.streams.iter().position(|s| s.csid == csid),
        }
    }

    fn next_header(&mut self, input: &mut &[u8]) -> Result<Option<ChunkHeader>, Error> {
        if self.carry.length == 0 {
            let header = self.parse(input)?;
            match &header {
                Some(header) => *input = input.get(header.size..).unwrap_or_default(),
                None => self.carry.fill(input),
            }
            return Ok(header);
        }

        let before = self.carry.length;
        let unread = *input;
        self.carry.fill(input);
        let header = self.parse(self.carry.filled())?;
        if let Some(header) = &header {
            match header.size.checked_sub(before) {
                Some(taken) => {
                    *input = unread.get(taken..).unwrap_or_default();
                    self.carry.length = 0;
                }
                None => {
                    // Bytes looked at for an extended timestamp were payload.
                    *input = unread;
                    self.carry.length = before;
                    self.carry.drop_front(header.size);
                }
            }
        }
        Ok(header)
    }

    /// Reads a chunk header at the front of `bytes`; `None` if it is cut off.
    fn parse(&self, bytes: &[u8]) -> Result<Option<ChunkHeader>, Error> {
        let Some((fmt, csid, basic)) = parse_basic_header(bytes) else {
            return Ok(None);
        };
        let index = self.find(csid);
        let stream = index.and_then(|index| self.streams.get(index));
        if fmt != 0 && stream.is_none() && (fmt == 3 || csid != CONTROL_CSID) {
            return Err(Error::PeerMisbehaved(
                "the first header on a chunk stream is not a full one",
            ));
        }
        let rest = bytes.get(basic..).unwrap_or_default();
        let parsed = match fmt {
            0 => parse_full(rest),
            1 => parse_delta(rest, true),
            2 => parse_delta(rest, false),
            _ if self.extended_repeats == ExtendedRepeats::No => {
                Some((Fields::Nothing { extended: None }, 0))
            }
            _ => stream.and_then(|stream| parse_nothing(stream, rest)),
        };
        Ok(parsed.map(|(fields, size)| ChunkHeader {
            size: basic + size,
            csid,
            index,
            fields,
        }))
    }

    fn apply(&mut self, header: ChunkHeader) -> Result<(), Error> {
        let index = match header.index {
            Some(index) => index,
            None => self.add_stream(header.csid, &header.fields)?,
        };
        self.last = index;

        if !matches!(header.fields, Fields::Nothing { .. }) && self.is_unfinished(index) {
            self.discard(index);
            self.note(Oddity::UnfinishedMessage);
        }
        let Some(stream) = self.streams.get_mut(index) else {
            return Ok(());
        };
        let starts = stream.payload.is_none();
        let oddity = stream.apply(&header.fields, starts);
        match header.fields {
            // One exact repetition settles it for good, one omission until then.
            Fields::Nothing { extended } if stream.extended.is_some() => {
                if extended == stream.extended {
                    self.extended_repeats = ExtendedRepeats::Yes;
                } else if extended.is_none() && self.extended_repeats == ExtendedRepeats::Unknown {
                    self.extended_repeats = ExtendedRepeats::No;
                }
            }
            _ => {}
        }
        if starts {
            let limit = self.limits.message(stream.kind);
            if stream.length > limit {
                return Err(Error::MessageTooLong {
                    kind: stream.kind.into(),
                    length: stream.length,
                    limit,
                });
            }
            stream.payload = Some(Payload::with_expected(stream.length as usize));
            stream.missing = stream.length;
            self.unfinished_messages += 1;
        }
        self.chunk_left = stream.missing.min(self.chunk_size);

        if let Some(oddity) = oddity {
            self.note(oddity);
        }
        if self.unfinished_messages > self.limits.unfinished_messages {
            return Err(Error::TooMuch("unfinished messages"));
        }
        // Counted when a chunk begins, so that it does not depend on how its
        // bytes are cut.
        let unfinished_bytes = self.unfinished_bytes + self.chunk_left as usize;
        if unfinished_bytes > self.limits.unfinished_bytes {
            return Err(Error::TooMuch("bytes of unfinished messages"));
        }
        Ok(())
    }

    fn add_stream(&mut self, csid: Csid, fields: &Fields) -> Result<usize, Error> {
        if self.streams.len() >= self.limits.chunk_streams {
            return Err(Error::TooMuch("chunk streams"));
        }
        if !matches!(fields, Fields::Full { .. }) {
            self.note(Oddity::PartialFirstHeader);
        }
        self.streams.push(ChunkStream::new(csid));
        Ok(self.streams.len() - 1)
    }

    fn is_unfinished(&self, index: usize) -> bool {
        self.streams
            .get(index)
            .is_some_and(|stream| stream.payload.is_some())
    }

    fn discard(&mut self, index: usize) {
        let payload = self
            .streams
            .get_mut(index)
            .and_then(|stream| stream.payload.take());
        if let Some(payload) = payload {
            self.unfinished_messages -= 1;
            self.unfinished_bytes -= payload.len();
        }
    }

    fn take_payload(&mut self, input: &mut &[u8]) {
        if self.carry.length > 0 {
            let count = self.carry.length.min(self.chunk_left as usize);
            let carried = self.carry.bytes;
            self.append(carried.get(..count).unwrap_or_default());
            self.carry.drop_front(count);
        }
        let count = input.len().min(self.chunk_left as usize);
        let (now, later) = input.split_at(count);
        self.append(now);
        *input = later;
    }

    fn append(&mut self, bytes: &[u8]) {
        let Some(stream) = self.streams.get_mut(self.last) else {
            return;
        };
        if let Some(payload) = &mut stream.payload {
            payload.extend_from_slice(bytes);
            // At most `chunk_left`, so it fits a u32 and what is missing.
            stream.missing -= bytes.len() as u32;
            self.chunk_left -= bytes.len() as u32;
            self.unfinished_bytes += bytes.len();
        }
    }

    /// The message on the current chunk stream, if its last byte has come.
    fn finished(&mut self) -> Option<Message> {
        let stream = self.streams.get_mut(self.last)?;
        if stream.missing > 0 {
            return None;
        }
        let payload = stream.payload.take()?;
        self.unfinished_messages -= 1;
        self.unfinished_bytes -= payload.len();
        Some(Message {
            header: MessageHeader {
                timestamp: stream.timestamp,
                kind: stream.kind,
                stream_id: stream.stream_id,
                csid: stream.csid,
            },
            payload,
        })
    }
}

impl ChunkStream {
    fn new(csid: Csid) -> Self {
        Self {
            csid,
            timestamp: 0,
            delta: 0,
            extended: None,
            length: 0,
            kind: MessageType::Other(0),
            stream_id: StreamId::CONNECTION,
            payload: None,
            missing: 0,
        }
    }

    fn apply(&mut self, fields: &Fields, starts: bool) -> Option<Oddity> {
        match *fields {
            Fields::Full {
                timestamp,
                extended,
                length,
                kind,
                stream_id,
            } => {
                self.timestamp = timestamp;
                self.delta = if timestamp < MAX_IMPLIED_DELTA_MS {
                    timestamp
                } else {
                    0
                };
                self.extended = extended;
                self.length = length;
                self.kind = kind.into();
                self.stream_id = StreamId(stream_id);
                None
            }
            Fields::Delta {
                delta,
                extended,
                length_and_kind,
            } => {
                self.extended = extended;
                if let Some((length, kind)) = length_and_kind {
                    self.length = length;
                    self.kind = kind.into();
                }
                if extended.is_some() && is_absolute(delta, self.timestamp) {
                    self.delta = delta.wrapping_sub(self.timestamp);
                    self.timestamp = delta;
                    Some(Oddity::AbsoluteTimestampDelta)
                } else {
                    self.delta = delta;
                    self.timestamp = self.timestamp.wrapping_add(delta);
                    None
                }
            }
            Fields::Nothing { extended } => {
                if starts {
                    match extended {
                        Some(value) if Some(value) != self.extended => self.timestamp = value,
                        _ => self.timestamp = self.timestamp.wrapping_add(self.delta),
                    }
                }
                (self.extended.is_some() && extended.is_none())
                    .then_some(Oddity::ExtendedTimestampNotRepeated)
            }
        }
    }

    /// Whether the extended field of a fmt 3 chunk may hold a value between
    /// `low` and `high`. All candidates are listed in RTMP peers' behaviour:
    /// the field again (the specification), or the message's own time.
    fn may_repeat(&self, low: u32, high: u32) -> bool {
        let within = |value: u32| (low..=high).contains(&value);
        if self.extended.is_some_and(within) {
            return true;
        }
        if self.payload.is_some() {
            return within(self.timestamp) || within(self.timestamp & 0x7FFF_FFFF);
        }
        let first = self.timestamp.wrapping_sub(PLAUSIBLE_STEP_MS);
        low.wrapping_sub(first) <= 2 * PLAUSIBLE_STEP_MS || first.wrapping_sub(low) <= high - low
    }
}

impl Carry {
    fn filled(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Moves bytes from `input` until full.
    fn fill(&mut self, input: &mut &[u8]) {
        let room = self.bytes.get_mut(self.length..).unwrap_or_default();
        let count = room.len().min(input.len());
        let (now, later) = input.split_at(count);
        if let Some(room) = room.get_mut(..count) {
            room.copy_from_slice(now);
        }
        self.length += count;
        *input = later;
    }

    fn drop_front(&mut self, count: usize) {
        let count = count.min(self.length);
        self.bytes.copy_within(count..self.length, 0);
        self.length -= count;
    }
}

/// Whether a "delta" is in truth an absolute time: far too large as a step,
/// but close to the present time.
fn is_absolute(delta: u32, timestamp: u32) -> bool {
    let size = |value: u32| (value as i32).unsigned_abs();
    size(delta) > MAX_PLAUSIBLE_DELTA_MS
        && size(delta.wrapping_sub(timestamp)) <= MAX_PLAUSIBLE_DELTA_MS
}

/// fmt, chunk stream id and size of a basic header (RTMP 1.0, 5.3.1.1).
fn parse_basic_header(bytes: &[u8]) -> Option<(u8, Csid, usize)> {
    let first = *bytes.first()?;
    let fmt = first >> 6;
    Some(match first & 0x3F {
        0 => (fmt, Csid(u32::from(*bytes.get(1)?) + 64), 2),
        1 => {
            let low = u32::from(*bytes.get(1)?);
            let high = u32::from(*bytes.get(2)?);
            (fmt, Csid(low + 256 * high + 64), 3)
        }
        csid => (fmt, Csid(u32::from(csid)), 1),
    })
}

fn parse_full(bytes: &[u8]) -> Option<(Fields, usize)> {
    let header: &[u8; 11] = bytes.first_chunk()?;
    let [t0, t1, t2, l0, l1, l2, kind, s0, s1, s2, s3] = *header;
    let (timestamp, extended, size) = extended_field(u24(t0, t1, t2), bytes, 11)?;
    Some((
        Fields::Full {
            timestamp,
            extended,
            length: u24(l0, l1, l2),
            kind,
            stream_id: u32::from_le_bytes([s0, s1, s2, s3]),
        },
        size,
    ))
}

fn parse_delta(bytes: &[u8], with_length: bool) -> Option<(Fields, usize)> {
    let [t0, t1, t2] = *bytes.first_chunk()?;
    let (length_and_kind, size) = if with_length {
        let [_, _, _, l0, l1, l2, kind] = *bytes.first_chunk()?;
        (Some((u24(l0, l1, l2), kind)), 7)
    } else {
        (None, 3)
    };
    let (delta, extended, size) = extended_field(u24(t0, t1, t2), bytes, size)?;
    Some((
        Fields::Delta {
            delta,
            extended,
            length_and_kind,
        },
        size,
    ))
}

/// fmt 3: the extended timestamp is there if the bytes can be one. A random
/// payload passes for it once in 2³².
fn parse_nothing(stream: &ChunkStream, bytes: &[u8]) -> Option<(Fields, usize)> {
    if stream.extended.is_none() {
        return Some((Fields::Nothing { extended: None }, 0));
    }
    match bytes.first_chunk() {
        Some(field) => {
            let value = u32::from_be_bytes(*field);
            Some(if stream.may_repeat(value, value) {
                let extended = Some(value);
                (Fields::Nothing { extended }, 4)
            } else {
                (Fields::Nothing { extended: None }, 0)
            })
        }
        None => {
            let mut low = [0; 4];
            let mut high = [0xFF; 4];
            for ((low, high), byte) in low.iter_mut().zip(&mut high).zip(bytes) {
                *low = *byte;
                *high = *byte;
            }
            let undecided = stream.may_repeat(u32::from_be_bytes(low), u32::from_be_bytes(high));
            (!undecided).then_some((Fields::Nothing { extended: None }, 0))
        }
    }
}

/// The time of a fmt 0, 1 or 2 header, its extended field, and the header's
/// size with it.
fn extended_field(field: u32, bytes: &[u8], size: usize) -> Option<(u32, Option<u32>, usize)> {
    if field != EXTENDED_TIMESTAMP {
        return Some((field, None, size));
    }
    let value = u32::from_be_bytes(*bytes.get(size..)?.first_chunk()?);
    Some((value, Some(value), size + 4))
}

fn u24(a: u8, b: u8, c: u8) -> u32 {
    u32::from_be_bytes([0, a, b, c])
}
