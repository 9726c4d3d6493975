// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! SecureToken: Wowza shows a text encrypted with a key that both sides know,
//! and wants to see it in clear.
//!
//! The text comes as `secureToken` in the answer to `connect`, hexadecimal; the
//! client sends it back in `secureTokenResponse`. The cipher is XXTEA
//! ("corrected block TEA") with little-endian words. The key is the token's
//! first 16 bytes. Version 2 of Wowza's SecureToken is something else: a hash in
//! the stream's query, made by whoever hands out the URL.

use std::fmt::Write as _;

/// Most hexadecimal digits of a challenge; known ones have 16 to 64.
const MAX_DIGITS: usize = 2048;

const DELTA: u32 = 0x9E37_79B9;

/// The answer to a server's challenge; `None` if it is no challenge. A wrong
/// token gives a wrong answer, which only the server can tell.
pub fn answer(challenge: &str, token: &str) -> Option<String> {
    let mut words = words(&from_hex(challenge)?);
    decrypt(&mut words, key(token));
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    Some(String::from_utf8_lossy(text).into_owned())
}

/// A server's challenge that is answered by this text.
pub fn challenge(text: &str, token: &str) -> String {
    let mut words = words(text.as_bytes());
    // The cipher has no way back from a single word.
    words.resize(words.len().max(2), 0);
    encrypt(&mut words, key(token));
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    to_hex(&bytes)
}

/// Bytes as hexadecimal digits, in lower case.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The bytes of hexadecimal digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > MAX_DIGITS || !text.len().is_multiple_of(2) {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from((digit(high)? << 4) | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}

/// Little-endian words, the last one filled up with zeros.
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks(4).map(word).collect()
}

fn word(bytes: &[u8]) -> u32 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, byte| (word << 8) | u32::from(*byte))
}

fn key(token: &str) -> [u32; 4] {
    let mut words = token.as_bytes().chunks(4).map(word);
    std::array::from_fn(|_| words.next().unwrap_or(0))
}

fn rounds(words: &[u32]) -> u32 {
    match u32::try_from(words.len()) {
        Ok(count @ 1..) => 6 + 52 / count,
        _ => 0,
    }
}

/// What a word changes by: `before` and `behind` are its neighbours.
fn mixed(before: u32, behind: u32, sum: u32, place: usize, key: [u32; 4]) -> u32 {
    let choice = (place & 3) ^ ((sum >> 2) & 3) as usize;
    let key = key.get(choice).copied().unwrap_or_default();
    let shifted = ((before >> 5) ^ (behind << 2)).wrapping_add((behind >> 3) ^ (before << 4));
    shifted ^ (sum ^ behind).wrapping_add(key ^ before)
}

fn decrypt(words: &mut [u32], key: [u32; 4]) {
    let count = rounds(words);
    let mut behind = words.first().copied().unwrap_or_default();
    for round in (1..=count).rev() {
        let sum = round.wrapping_mul(DELTA);
        for place in (0..words.len()).rev() {
            // The word before the first one is the last one.
            let before = match place.checked_sub(1) {
                Some(before) => words.get(before),
                None => words.last(),
            };
            let before = before.copied().unwrap_or_default();
            if let Some(word) = words.get_mut(place) {
                *word = word.wrapping_sub(mixed(before, behind, sum, place, key));
                behind = *word;
            }
        }
    }
}

fn encrypt(words: &mut [u32], key: [u32; 4]) {
    let count = rounds(words);
    let mut before = words.last().copied().unwrap_or_default();
    for round in 1..=count {
        let sum = round.wrapping_mul(DELTA);
        for place in 0..words.len() {
            let behind = words.get(place + 1).or_else(|| words.first());
            let behind = behind.copied().unwrap_or_default();
            if let Some(word) = words.get_mut(place) {
                *word = word.wrapping_add(mixed(before, behind, sum, place, key));
                before = *word;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::random::Random;

    #[test]
    fn the_known_challenge_is_answered() {
        let challenged = "56e602a1617f961a";
        let answered = answer(challenged, "0123456789abcdef");
        assert_eq!(answered.as_deref(), Some("token123"));
        assert_eq!(challenge("token123", "0123456789abcdef"), challenged);
        // Capital digits, and what is behind the sixteenth byte of the token.
        let answered = answer("56E602A1617F961A", "0123456789abcdef and more");
        assert_eq!(answered.as_deref(), Some("token123"));
    }

    #[test]
    fn every_text_comes_back_with_any_token() {
        for length in 0..200 {
            let text: String = (0..length)
                .map(|i| char::from(b'!' + (i % 90) as u8))
                .collect();
            for token in ["", "x", "sixteen bytes ok", "è🙂 more than sixteen"] {
                let challenge = challenge(&text, token);
                assert_eq!(answer(&challenge, token).as_ref(), Some(&text), "{token}");
            }
            let wrong = answer(&challenge(&text, "one"), "two");
            assert_ne!(wrong.as_ref(), Some(&text));
        }
    }

    #[test]
    fn what_is_no_challenge_is_not_answered() {
        for challenge in ["", "a", "abc", "zz", "-1", "ab cd", "éé", "+f"] {
            assert_eq!(answer(challenge, "token"), None, "{challenge:?}");
        }
        assert_eq!(answer(&"0".repeat(MAX_DIGITS + 2), "token"), None);
        assert!(answer(&"0".repeat(MAX_DIGITS), "token").is_some());
    }

    #[test]
    fn random_bytes_are_decrypted_to_some_text() {
        let mut random = Random::new(1);
        for length in 1..64 {
            let challenge = to_hex(&random.bytes(length));
            let answer = answer(&challenge, "token").expect("an answer");
            assert!(!answer.contains('\0'));
        }
    }
}
