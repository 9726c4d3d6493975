// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A peer for the property tests: writes random but legal chunks, in ways
//! that our own writer never does, and tells which messages they carry.
//!
//! Written from the specification and independent of the writer: any fmt that
//! can express a header, both long forms of a chunk stream id, chunks of
//! several messages in turn, new chunk sizes in between.

use super::{message, set_chunk_size};
use crate::rtmp::message::Message;
use crate::rtmp::random::Random;

const CSIDS: [u32; 9] = [3, 4, 5, 6, 63, 64, 319, 320, 65_599];
const KINDS: [u8; 7] = [8, 9, 15, 18, 20, 22, 30];
const FIRST_TIMES: [u32; 10] = [
    0,
    26,
    9_999,
    10_000,
    0x00FF_FFF0,
    0x00FF_FFFF,
    0x0100_0000,
    0x7FFF_FFF0,
    0x8000_0000,
    0xFFFF_FFF0,
];

/// A random stream of bytes and the messages in it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) bytes: Vec<u8>,
    pub(super) messages: Vec<Message>,
    pub(super) repeats_extended: bool,
}

#[derive(Debug, Clone)]
struct ChunkStream {
    csid: u32,
    time: u32,
    delta: u32,
    extended: Option<u32>,
    length: usize,
    kind: u8,
    stream: u32,
    open: Option<(Vec<u8>, usize)>,
}

struct Peer {
    random: Random,
    chunk_size: usize,
    streams: Vec<ChunkStream>,
    out: Stream,
}

/// What a random peer sends.
pub(super) fn random_stream(seed: u64) -> Stream {
    let mut random = Random::new(seed);
    let repeats_extended = !random.once_in(3);
    let mut peer = Peer {
        random,
        chunk_size: 128,
        streams: Vec::new(),
        out: Stream {
            bytes: Vec::new(),
            messages: Vec::new(),
            repeats_extended,
        },
    };
    for _ in 0..60 {
        peer.step();
    }
    peer.finish();
    peer.out
}

impl Peer {
    fn step(&mut self) {
        let open: Vec<usize> = (0..self.streams.len())
            .filter(|&index| self.streams[index].open.is_some())
            .collect();
        if self.random.once_in(12) {
            self.new_chunk_size();
        } else if !open.is_empty() && (open.len() > 3 || !self.random.once_in(3)) {
            let index = self.random.pick(&open);
            self.continue_message(index);
        } else {
            self.start_message();
        }
    }

    /// Ends what is open, then sends a message that no field can follow.
    fn finish(&mut self) {
        while let Some(index) = self.streams.iter().position(|s| s.open.is_some()) {
            self.continue_message(index);
        }
        let last = [2, 0, 0, 9, 0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        self.out.bytes.extend_from_slice(&last);
        let body = &last[12..];
        if self.chunk_size < body.len() {
            // Chunk headers between the six bytes.
            self.out.bytes.truncate(self.out.bytes.len() - body.len());
            let mut chunks = body.chunks(self.chunk_size);
            self.out.bytes.extend(chunks.next().into_iter().flatten());
            for chunk in chunks {
                self.out.bytes.push(0xC2);
                self.out.bytes.extend_from_slice(chunk);
            }
        }
        self.out.messages.push(message(2, 9, 4, 0, body));
    }

    fn new_chunk_size(&mut self) {
        if self.chunk_size < 4 {
            return;
        }
        let size = self.random.pick(&[1, 2, 7, 64, 128, 1000, 70_000]);
        self.out.bytes.extend(set_chunk_size(size));
        let body = size.to_be_bytes();
        self.out.messages.push(message(2, 0, 1, 0, &body));
        self.chunk_size = size as usize;
    }

    fn start_message(&mut self) {
        let csid = self.random.pick(&CSIDS);
        let index = match self.streams.iter().position(|s| s.csid == csid) {
            Some(index) if self.streams[index].open.is_some() => return,
            Some(index) => index,
            None => {
                self.first_message(csid);
                return;
            }
        };
        let mut next = self.streams[index].clone();
        match self.random.below(4) {
            0 => self.full_header(&mut next),
            1 => {
                next.kind = self.random.pick(&KINDS);
                next.length = self.length();
                self.delta_header(&mut next, 1);
            }
            2 => self.delta_header(&mut next, 2),
            _ => {
                next.time = next.time.wrapping_add(next.delta);
                self.basic_header(3, csid);
                self.repeat_extended(&next);
            }
        }
        self.begin_body(index, next);
    }

    fn first_message(&mut self, csid: u32) {
        let mut next = ChunkStream {
            csid,
            time: 0,
            delta: 0,
            extended: None,
            length: 0,
            kind: 0,
            stream: 0,
            open: None,
        };
        self.streams.push(next.clone());
        self.full_header(&mut next);
        self.begin_body(self.streams.len() - 1, next);
    }

    fn full_header(&mut self, next: &mut ChunkStream) {
        next.time = self.random.pick(&FIRST_TIMES);
        next.delta = if next.time < 10_000 { next.time } else { 0 };
        next.length = self.length();
        next.kind = self.random.pick(&KINDS);
        next.stream = self.random.pick(&[0, 1, 2, 0x0102_0304]);
        next.extended = (next.time >= 0x00FF_FFFF).then_some(next.time);
        self.basic_header(0, next.csid);
        self.number24(next.time.min(0x00FF_FFFF));
        self.number24(next.length as u32);
        self.out.bytes.push(next.kind);
        self.out.bytes.extend(next.stream.to_le_bytes());
        self.extended(next.extended);
    }

    fn delta_header(&mut self, next: &mut ChunkStream, fmt: u8) {
        // Steps back are deltas near 2³², in the extended field.
        let back = self.random.below(1000) as u32;
        let ahead = self.random.below(5000) as u32;
        next.delta = self.random.pick(&[0, ahead, ahead, back.wrapping_neg()]);
        next.time = next.time.wrapping_add(next.delta);
        next.extended = (next.delta >= 0x00FF_FFFF).then_some(next.delta);
        self.basic_header(fmt, next.csid);
        self.number24(next.delta.min(0x00FF_FFFF));
        if fmt == 1 {
            self.number24(next.length as u32);
            self.out.bytes.push(next.kind);
        }
        self.extended(next.extended);
    }

    fn begin_body(&mut self, index: usize, mut next: ChunkStream) {
        next.open = Some((self.random.bytes(next.length), 0));
        self.streams[index] = next;
        self.chunk(index);
    }

    fn continue_message(&mut self, index: usize) {
        let stream = self.streams[index].clone();
        self.basic_header(3, stream.csid);
        self.repeat_extended(&stream);
        self.chunk(index);
    }

    fn chunk(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        let Some((body, sent)) = &mut stream.open else {
            return;
        };
        let end = (*sent + self.chunk_size).min(body.len());
        self.out.bytes.extend_from_slice(&body[*sent..end]);
        *sent = end;
        if end == body.len() {
            let done = message(stream.csid, stream.time, stream.kind, stream.stream, body);
            self.out.messages.push(done);
            stream.open = None;
        }
    }

    fn length(&mut self) -> usize {
        let longer = self.random.below(400);
        self.random
            .pick(&[0, 1, 2, 3, 4, 5, 127, 128, 129, longer, longer])
    }

    fn basic_header(&mut self, fmt: u8, csid: u32) {
        let fmt = fmt << 6;
        let [_, _, high, low] = csid.wrapping_sub(64).to_be_bytes();
        match csid {
            0..64 => self.out.bytes.push(fmt | csid as u8),
            64..320 if self.random.once_in(2) => self.out.bytes.extend([fmt, low]),
            _ => self.out.bytes.extend([fmt | 1, low, high]),
        }
    }

    fn extended(&mut self, field: Option<u32>) {
        if let Some(field) = field {
            self.out.bytes.extend(field.to_be_bytes());
        }
    }

    fn repeat_extended(&mut self, stream: &ChunkStream) {
        if self.out.repeats_extended {
            self.extended(stream.extended);
        }
    }

    fn number24(&mut self, number: u32) {
        self.out.bytes.extend_from_slice(&number.to_be_bytes()[1..]);
    }
}
