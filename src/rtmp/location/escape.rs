// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Characters that stand for bytes: `%xx` in URLs, `\xx` in librtmp options.

use std::fmt::Write as _;

/// Replaces each `\xx` by the byte of that hex value; a backslash without two hex digits
/// stays as it is. Invalid UTF-8 that results is replaced.
pub fn unescape(text: &str) -> String {
    decode_hex_escapes(text, b'\\')
}

pub(super) fn decode_hex_escapes(text: &str, introducer: u8) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == introducer).then(|| hex_byte(tail)).flatten();
        let (byte, tail) = escaped.unwrap_or((byte, tail));
        decoded.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The byte that two hex digits at the start of `text` make, and what follows.
pub(super) fn hex_byte(text: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, tail) = text.split_first_chunk::<2>()?;
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let value = (high? << 4) | low?;
    Some((u8::try_from(value).ok()?, tail))
}

/// Replaces each `%xx` by the byte of that hex value, where there are two hex digits.
pub(in crate::rtmp) fn percent_decode(text: &str) -> String {
    decode_hex_escapes(text, b'%')
}

/// Writes all but letters, digits and `-._~` as `%xx`.
pub(in crate::rtmp) fn percent_encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "-._~".contains(c) {
            encoded.push(c);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The inverse of [`unescape`], for one option value.
pub(super) fn escape(text: &str) -> String {
    escape_except(text, '\0')
}

pub(super) fn escape_except(text: &str, keep: char) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        if c == keep || !(c == ' ' || c == '\\' || c.is_control()) {
            escaped.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\{byte:02x}");
        }
    }
    escaped
}
