// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Finding AMF3 inside AMF0.
//!
//! A data message of type 15 can become FLV script data as it is only if all
//! its values are AMF0. This walks over them, builds nothing and stops at the
//! first AMF3 marker. Depth is bounded and every step consumes a byte, so it
//! costs one pass. `script` calls it; values are decoded elsewhere.

use super::body::{BodyError, Cursor};

const MAX_DEPTH: u8 = 32;

const OBJECT_END: u8 = 0x09;

/// Why the walk ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ScanError {
    /// A value is AMF3.
    Amf3,
    /// Not AMF0, or too deep.
    Malformed,
}

impl From<BodyError> for ScanError {
    fn from(_: BodyError) -> Self {
        Self::Malformed
    }
}

/// Whether this is a row of AMF0 values and nothing else.
pub(super) fn is_only_amf0(body: &[u8]) -> bool {
    only_amf0(body).is_ok()
}

/// Walks over a row of AMF0 values.
fn only_amf0(body: &[u8]) -> Result<(), ScanError> {
    let mut cursor = Cursor::new(body);
    while !cursor.is_empty() {
        value(&mut cursor, 0)?;
    }
    Ok(())
}

fn value(cursor: &mut Cursor<'_>, depth: u8) -> Result<(), ScanError> {
    if depth > MAX_DEPTH {
        return Err(ScanError::Malformed);
    }
    let inner = depth.saturating_add(1);
    match cursor.u8()? {
        0x00 => skip(cursor, 8),
        0x01 => skip(cursor, 1),
        0x02 => short_string(cursor),
        0x03 => members(cursor, inner),
        0x05 | 0x06 | 0x0D => Ok(()),
        0x07 => skip(cursor, 2),
        0x08 => {
            skip(cursor, 4)?;
            members(cursor, inner)
        }
        0x0A => {
            for _ in 0..cursor.u32()? {
                value(cursor, inner)?;
            }
            Ok(())
        }
        0x0B => skip(cursor, 10),
        0x0C | 0x0F => {
            let size = cursor.u32()?;
            skip(cursor, usize::try_from(size).unwrap_or(usize::MAX))
        }
        0x10 => {
            short_string(cursor)?;
            members(cursor, inner)
        }
        0x11 => Err(ScanError::Amf3),
        _ => Err(ScanError::Malformed),
    }
}

fn members(cursor: &mut Cursor<'_>, depth: u8) -> Result<(), ScanError> {
    // Some publishers leave out the end of the last object.
    while !(depth == 1 && cursor.is_empty()) {
        let size = cursor.u16()?;
        skip(cursor, usize::from(size))?;
        if size == 0 && cursor.rest().first() == Some(&OBJECT_END) {
            return skip(cursor, 1);
        }
        value(cursor, depth)?;
    }
    Ok(())
}

fn short_string(cursor: &mut Cursor<'_>) -> Result<(), ScanError> {
    let size = cursor.u16()?;
    skip(cursor, usize::from(size))
}

fn skip(cursor: &mut Cursor<'_>, len: usize) -> Result<(), ScanError> {
    cursor.take(len)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    /// All AMF0 values of the reference.
    const VALUES: [&str; 18] = [
        "00 3F F0 00 00 00 00 00 00",
        "00 BF E0 00 00 00 00 00 00",
        "01 01",
        "02 00 04 6C 69 76 65",
        "02 00 00",
        "03 00 01 61 00 3F F0 00 00 00 00 00 00 00 00 09",
        "03 00 00 09",
        "05",
        "06",
        "08 00 00 00 01 00 01 77 00 40 9E 00 00 00 00 00 00 00 00 09",
        "08 00 00 00 00 00 01 77 00 40 9E 00 00 00 00 00 00 00 00 09",
        "0A 00 00 00 02 02 00 01 2A 01 01",
        "0B 42 78 BC FE 56 80 00 00 00 00",
        "0C 00 00 00 02 68 69",
        "0F 00 00 00 04 3C 61 2F 3E",
        "10 00 01 50 00 01 78 00 3F F0 00 00 00 00 00 00 00 00 09",
        "03 00 01 70 03 00 01 71 05 00 00 09 00 00 09 07 00 00",
        "0D",
    ];

    #[test]
    fn all_kinds_of_values_are_walked_over() {
        for text in VALUES {
            assert_eq!(only_amf0(&hex(text)), Ok(()), "{text}");
        }
        assert_eq!(only_amf0(&hex(&VALUES.join(" "))), Ok(()));
    }

    #[test]
    fn amf3_is_found_wherever_it_is() {
        for text in [
            "11 04 05",
            "02 00 01 61 11 01",
            "03 00 01 61 11 04 05 00 00 09",
            "0A 00 00 00 01 11 01",
            "08 00 00 00 00 00 01 61 03 00 01 62 11",
        ] {
            assert_eq!(only_amf0(&hex(text)), Err(ScanError::Amf3), "{text}");
        }
    }

    #[test]
    fn marker_bytes_inside_strings_do_not_count() {
        assert_eq!(only_amf0(&hex("02 00 02 11 11 0C 00 00 00 01 11")), Ok(()));
    }

    #[test]
    fn every_truncation_ends_without_panic() {
        for text in VALUES {
            let bytes = hex(text);
            for len in 1..bytes.len() {
                let _ = only_amf0(&bytes[..len]);
            }
        }
        assert_eq!(only_amf0(&hex("02 00 05 61")), Err(ScanError::Malformed));
        assert_eq!(only_amf0(&hex("03 00 01 61 05")), Ok(()));
    }

    #[test]
    fn hostile_input_is_refused() {
        for text in [
            "04",
            "09",
            "0E",
            "12",
            "FF",
            "0A FF FF FF FF",
            "0C FF FF FF FF",
        ] {
            assert_eq!(only_amf0(&hex(text)), Err(ScanError::Malformed), "{text}");
        }
        let nested = hex("0A 00 00 00 01").repeat(10_000);
        assert_eq!(only_amf0(&nested), Err(ScanError::Malformed));
        let nested = hex("03 00 01 61").repeat(10_000);
        assert_eq!(only_amf0(&nested), Err(ScanError::Malformed));
    }
}
