// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A number in a picture, as big blocks of black and white.

pub(crate) const WIDTH: usize = 640;
pub(crate) const HEIGHT: usize = 360;

const BITS: usize = 16;
const BLOCK: usize = WIDTH / BITS;
const BLACK: u8 = 16;
const WHITE: u8 = 235;

/// Writes a number into a luma plane without padding: a row of blocks, and a
/// row of their opposites below it.
pub(crate) fn write(luma: &mut [u8], number: u16) {
    for (y, line) in luma.chunks_exact_mut(WIDTH).take(2 * BLOCK).enumerate() {
        for (bit, block) in line.chunks_exact_mut(BLOCK).enumerate() {
            let is_set = number >> bit & 1 == 1;
            block.fill(if is_set == (y < BLOCK) { WHITE } else { BLACK });
        }
    }
}

/// Reads it; `None` if the two rows disagree, as in a damaged picture.
pub(crate) fn read(luma: &[u8]) -> Option<u16> {
    let row = |row: usize| {
        let y = row * BLOCK + BLOCK / 2;
        (0..BITS).try_fold(0_u16, |number, bit| {
            let middle = luma.get(y * WIDTH + bit * BLOCK + BLOCK / 2)?;
            Some(number | u16::from(*middle > 128) << bit)
        })
    };
    let number = row(0)?;
    (row(1)? == !number).then_some(number)
}
