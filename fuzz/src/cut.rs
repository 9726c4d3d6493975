// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Cutting input into pieces, as a network does.
//!
//! How it is cut follows from the input itself, so that inputs are plain wire
//! bytes and a failure can be repeated.

use std::fmt::Debug;

/// Numbers that differ with every byte of the input (FNV-1a, SplitMix64).
pub(super) struct Choice(u64);

impl Choice {
    pub(super) fn of(data: &[u8]) -> Self {
        let hash = data.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self(hash)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 1 to `end`.
    pub(super) fn up_to(&mut self, end: usize) -> usize {
        1 + (self.number() % end as u64) as usize
    }
}

/// More pieces take longer than they find.
const MAX_PIECES: usize = 150;

/// The input in pieces: byte by byte if it is short, in short or long pieces,
/// or cut once with nothing in between.
pub(super) fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let mut choice = Choice::of(data);
    let longest = match choice.number() % 8 {
        0 => 1,
        1..4 => 6,
        4 => 40,
        5 => 1000,
        _ => {
            let (first, second) = data.split_at(choice.up_to(data.len() + 1) - 1);
            return vec![first, &[], second];
        }
    };
    let longest = longest.max(2 * data.len() / MAX_PIECES);
    let mut pieces = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(choice.up_to(longest).min(rest.len()));
        pieces.push(piece);
        rest = later;
    }
    pieces
}

/// What came of the input in pieces is what comes of it at once.
pub(super) fn assert_same<T: PartialEq + Debug>(in_pieces: &T, at_once: &T) {
    let equals = |other: &T| at_once == other;
    if equals(at_once) {
        assert_eq!(in_pieces, at_once, "it depends on how it is cut");
    } else {
        // A number in it is none, and equals nothing.
        let text = |outcome: &T| format!("{outcome:?}");
        assert_eq!(
            text(in_pieces),
            text(at_once),
            "it depends on how it is cut"
        );
    }
}
