// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The block of memory one RTMP message is assembled in.
//!
//! A [`Payload`] keeps 11 spare bytes in front of the message body and room
//! for 4 behind it, so that an FLV tag header and its back pointer fit around
//! the body and message → tag → buffer needs neither a copy nor a second
//! allocation.
//!
//! What the bytes mean, how long a message may be and what goes into the spare
//! places is left to others. The chunk reader fills payloads, `flv` frames them.

use std::fmt;
use std::mem;

use bytes::{Buf, BytesMut};

/// Spare bytes in front of the body: the size of an FLV tag header.
pub const HEADROOM: usize = 11;

/// Bytes kept free behind the body: the size of an FLV back pointer.
pub const TAILROOM: usize = 4;

/// What is reserved at most for a message of which nothing has arrived yet,
/// in bytes. An announced length alone must not cost more.
pub const MAX_AHEAD: usize = 64 * 1024;

const OVERHEAD: usize = HEADROOM + TAILROOM;

/// A message body with room for an FLV tag header before and a back pointer
/// after it.
///
/// Bodies of up to [`MAX_AHEAD`] bytes cost one allocation of exactly the
/// expected length + 15. Longer ones grow by doubling as data arrives and end
/// at exactly that size. The default value holds no memory.
#[derive(Default)]
pub struct Payload {
    /// Either without memory or `HEADROOM` bytes followed by the body.
    data: BytesMut,
    expected: usize,
}

impl Payload {
    /// Makes an empty payload for a body of `len` bytes, reserving
    /// min(`len`, 64 KiB) + 15 bytes.
    #[must_use]
    pub fn with_expected(len: usize) -> Self {
        let mut payload = Self {
            data: BytesMut::new(),
            expected: len,
        };
        payload.reallocate(len.min(MAX_AHEAD));
        payload
    }

    /// Length of the body in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len().saturating_sub(HEADROOM)
    }

    /// Memory held, in bytes.
    #[cfg(test)]
    pub(super) fn reserved(&self) -> usize {
        self.data.capacity()
    }

    /// Whether the body has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The body, without the spare bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.data.get(HEADROOM..).unwrap_or_default()
    }

    /// Appends to the body. More than the expected length is taken too, but
    /// then costs ordinary doubling.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        let needed = self.len().saturating_add(bytes.len());
        let capacity = self.data.capacity().saturating_sub(OVERHEAD);
        if needed > capacity || self.data.is_empty() {
            let doubled = capacity.saturating_mul(2);
            let target = if needed <= self.expected {
                doubled.min(self.expected)
            } else {
                doubled
            };
            self.reallocate(target.max(needed));
        }
        self.data.extend_from_slice(bytes);
    }

    /// Shortens the body to `len` bytes; does nothing if it is shorter.
    pub fn truncate(&mut self, len: usize) {
        self.data.truncate(len.saturating_add(HEADROOM));
    }

    /// Empties the body and keeps the memory.
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Takes the payload out and leaves an empty one without memory.
    #[must_use]
    pub fn take(&mut self) -> Self {
        mem::take(self)
    }

    /// Fills the spare bytes with `head`, puts `tail` behind the body and
    /// hands out the whole block, without copying the body.
    #[must_use]
    pub fn into_framed(mut self, head: [u8; HEADROOM], tail: [u8; TAILROOM]) -> BytesMut {
        self.extend_from_slice(&[]);
        if let Some(spare) = self.data.first_chunk_mut() {
            *spare = head;
        }
        self.data.extend_from_slice(&tail);
        self.data
    }

    /// Hands out the body alone, without copying it.
    #[must_use]
    pub fn into_body(mut self) -> BytesMut {
        self.data.advance(self.data.len().min(HEADROOM));
        self.data
    }

    /// Moves to a fresh block with room for `body` bytes. `BytesMut::reserve`
    /// would round up to twice the old size, beyond the expected length.
    fn reallocate(&mut self, body: usize) {
        let mut data = BytesMut::with_capacity(body.saturating_add(OVERHEAD));
        data.extend_from_slice(&[0; HEADROOM]);
        data.extend_from_slice(self.as_slice());
        self.data = data;
    }
}

impl From<&[u8]> for Payload {
    fn from(body: &[u8]) -> Self {
        let mut payload = Self {
            data: BytesMut::new(),
            expected: body.len(),
        };
        payload.extend_from_slice(body);
        payload
    }
}

impl Clone for Payload {
    fn clone(&self) -> Self {
        let mut payload = Self {
            data: BytesMut::new(),
            expected: self.expected,
        };
        payload.extend_from_slice(self.as_slice());
        payload
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Payload {}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 16;
        let body = self.as_slice();
        let start = body.get(..SHOWN).unwrap_or(body);
        write!(f, "Payload({} bytes: {start:02x?}", body.len())?;
        f.write_str(if body.len() > SHOWN { " …)" } else { ")" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 251) as u8).collect()
    }

    fn fill(payload: &mut Payload, body: &[u8], chunk: usize) {
        for part in body.chunks(chunk) {
            payload.extend_from_slice(part);
        }
    }

    #[test]
    fn messages_up_to_64_kib_use_one_block_of_the_announced_size() {
        for len in [0, 1, 127, 128, 129, 4096, 60_000, 65_535, 65_536] {
            for chunk in [1, 128, 4096, 70_000] {
                let mut payload = Payload::with_expected(len);
                let start = payload.data.as_ptr();
                assert_eq!(payload.data.capacity(), len + 15);

                fill(&mut payload, &body(len), chunk);

                assert_eq!(payload.data.as_ptr(), start, "{len} / {chunk}");
                assert_eq!(payload.data.capacity(), len + 15);
                assert_eq!(payload.as_slice(), body(len));
                assert_eq!(payload.len(), len);
                let framed = payload.into_framed([7; 11], [9; 4]);
                assert_eq!(framed.as_ptr(), start);
                assert_eq!(framed.len(), len + 15);
                assert_eq!(framed.capacity(), len + 15);
            }
        }
    }

    #[test]
    fn long_messages_double_and_end_at_the_announced_size() {
        let len = 1_000_000;
        let data = body(len);
        let mut payload = Payload::with_expected(len);
        let mut blocks = vec![payload.data.capacity()];
        for part in data.chunks(4096) {
            payload.extend_from_slice(part);
            let capacity = payload.data.capacity();
            if blocks.last() != Some(&capacity) {
                assert!(capacity <= 2 * payload.len() + 15);
                blocks.push(capacity);
            }
        }
        assert_eq!(
            blocks,
            [
                65_536 + 15,
                131_072 + 15,
                262_144 + 15,
                524_288 + 15,
                len + 15
            ]
        );
        assert_eq!(payload.as_slice(), data);
    }

    #[test]
    fn an_announced_length_alone_costs_64_kib() {
        for len in [65_537, 0xFF_FFFF, usize::MAX] {
            let mut payload = Payload::with_expected(len);
            payload.extend_from_slice(&[1]);
            assert_eq!(payload.data.capacity(), MAX_AHEAD + 15);
        }
    }

    #[test]
    fn more_than_announced_is_taken() {
        let mut payload = Payload::with_expected(3);
        fill(&mut payload, &body(100_000), 100);
        assert_eq!(payload.as_slice(), body(100_000));
        assert!(payload.data.capacity() < 300_000);
    }

    #[test]
    fn framing_surrounds_the_body() {
        let framed = Payload::from(&b"abc"[..]).into_framed([1; 11], [2; 4]);
        assert_eq!(
            &framed[..],
            b"\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01abc\x02\x02\x02\x02"
        );
        let empty = Payload::default().into_framed([1; 11], [2; 4]);
        assert_eq!(&empty[..11], [1; 11]);
        assert_eq!(&empty[11..], [2; 4]);
    }

    #[test]
    fn body_comes_out_without_the_spare_bytes() {
        assert_eq!(&Payload::from(&b"abc"[..]).into_body()[..], b"abc");
        assert!(Payload::default().into_body().is_empty());
    }

    #[test]
    fn default_and_taken_payloads_hold_no_memory() {
        let mut payload = Payload::from(&b"abc"[..]);
        let taken = payload.take();
        assert_eq!(taken.as_slice(), b"abc");
        assert_eq!(payload, Payload::default());
        assert_eq!(payload.data.capacity(), 0);
        assert!(payload.is_empty());
        payload.clear();
        payload.extend_from_slice(b"xy");
        assert_eq!(payload.as_slice(), b"xy");
    }

    #[test]
    fn clearing_keeps_the_block() {
        let mut payload = Payload::with_expected(100);
        payload.extend_from_slice(&[1; 100]);
        let start = payload.data.as_ptr();
        payload.clear();
        assert!(payload.is_empty());
        payload.extend_from_slice(&[2; 100]);
        assert_eq!(payload.data.as_ptr(), start);
        payload.truncate(1);
        payload.truncate(50);
        assert_eq!(payload.as_slice(), [2]);
    }

    #[test]
    fn copies_compare_by_body_and_keep_room() {
        let mut half = Payload::with_expected(10);
        half.extend_from_slice(b"abcd");
        let copy = half.clone();
        assert_eq!(copy, half);
        assert_ne!(copy, Payload::from(&b"abce"[..]));
        assert_eq!(copy.data.capacity(), 4 + 15);
        assert_eq!(format!("{copy:?}"), "Payload(4 bytes: [61, 62, 63, 64])");
        assert!(format!("{:?}", Payload::from(&[0; 17][..])).ends_with("…)"));
    }
}
