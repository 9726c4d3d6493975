// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Reading audio and video bodies byte by byte, with bounds.
//!
//! `Cursor` is the one place that touches the bytes of a body: every read
//! either fits or ends in [`BodyError::Truncated`]. [`FourCc`] is a codec name
//! of Enhanced RTMP.
//!
//! The layouts are in `video`, `audio`, `enhanced` and `record`.

use std::error::Error;
use std::fmt;

/// Why a body cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BodyError {
    /// It ends before its own structure does.
    Truncated,
    /// The packet type is reserved, or not defined for this codec.
    ReservedPacketType(u8),
    /// A ModEx block is too short for its type, or the chain too long.
    InvalidModEx,
    /// The multitrack type is reserved, or multitrack or ModEx are nested
    /// inside it.
    InvalidMultitrack,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("truncated"),
            Self::ReservedPacketType(id) => write!(f, "reserved packet type {id}"),
            Self::InvalidModEx => f.write_str("invalid ModEx"),
            Self::InvalidMultitrack => f.write_str("invalid multitrack"),
        }
    }
}

impl Error for BodyError {}

/// Four characters that name a codec, in wire order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FourCc(pub [u8; 4]);

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

/// What is left of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], BodyError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(BodyError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn take_rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], BodyError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(BodyError::Truncated)?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, BodyError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, BodyError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u24(&mut self) -> Result<u32, BodyError> {
        let [a, b, c] = self.array()?;
        Ok(u32::from_be_bytes([0, a, b, c]))
    }

    /// A signed 24-bit number.
    pub(super) fn i24(&mut self) -> Result<i32, BodyError> {
        let [a, b, c] = self.array()?;
        Ok(i32::from_be_bytes([a, b, c, 0]) >> 8)
    }

    pub(super) fn u32(&mut self) -> Result<u32, BodyError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn four_cc(&mut self) -> Result<FourCc, BodyError> {
        self.array().map(FourCc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_big_endian_and_signed_where_they_should_be() {
        let mut cursor = Cursor::new(&[1, 2, 3, 0xFF, 0xFF, 0xD8, 0x80, 0, 0, 0x7F, 0xFF, 0xFF]);
        assert_eq!(cursor.u24(), Ok(0x01_0203));
        assert_eq!(cursor.i24(), Ok(-40));
        assert_eq!(cursor.i24(), Ok(-8_388_608));
        assert_eq!(cursor.i24(), Ok(8_388_607));
        assert!(cursor.is_empty());
    }

    #[test]
    fn reads_beyond_the_end_fail_and_take_nothing() {
        let mut cursor = Cursor::new(&[1, 2]);
        assert_eq!(cursor.u24(), Err(BodyError::Truncated));
        assert_eq!(cursor.u32(), Err(BodyError::Truncated));
        assert_eq!(cursor.four_cc(), Err(BodyError::Truncated));
        assert_eq!(cursor.take(usize::MAX), Err(BodyError::Truncated));
        assert_eq!(cursor.u16(), Ok(0x0102));
        assert_eq!(cursor.u8(), Err(BodyError::Truncated));
        assert_eq!(cursor.take_rest(), []);
    }

    #[test]
    fn four_cc_shows_as_text() {
        assert_eq!(FourCc(*b"hvc1").to_string(), "hvc1");
        assert_eq!(FourCc([0, b'a', 0xFF, b'"']).to_string(), "\\x00a\\xff\\\"");
    }
}
