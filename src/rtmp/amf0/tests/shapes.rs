// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Values that come to much memory for their length. `tests/limits` includes this
//! file as well.

/// Levels that may be inside each other.
const DEPTH: usize = 32;

/// What a message may have, less what a name takes before it.
const LENGTH: usize = (1 << 20) - 1024;

fn hex(text: &str) -> Vec<u8> {
    let digits = text.split_whitespace();
    let bytes = digits.map(|byte| u8::from_str_radix(byte, 16));
    bytes.collect::<Result<_, _>>().expect("hexadecimal")
}

/// A mebibyte of AMF0 values, less than a name takes before it, of each shape.
pub(crate) fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let fill = |part: &str| {
        let part = hex(part);
        part.repeat(LENGTH / part.len())
    };
    let nested = |begin: &str, inner: &str, end: &str| {
        let part = [hex(begin).repeat(DEPTH), hex(inner), hex(end).repeat(DEPTH)].concat();
        part.repeat(LENGTH / part.len())
    };
    let traits = {
        // An AMF3 object of one member "b" with class "a", and 32-deep chains of
        // the same that cost two bytes for each.
        let mut part = hex("11 09 FF FF FF 7F 01 0A 13 03 61 03 62 01");
        let chain = [hex("0A 01").repeat(DEPTH - 1), vec![0x01]].concat();
        part.extend(chain.repeat(LENGTH / chain.len()));
        part
    };
    vec![
        ("nulls", fill("05")),
        ("empty names", [hex("03"), fill("00 00 05")].concat()),
        ("short strings", fill("02 00 01 61")),
        (
            "short members",
            [hex("03"), fill("00 01 61 02 00 01 61")].concat(),
        ),
        ("empty objects", fill("03 00 00 09")),
        ("objects of one", fill("03 00 00 05 00 00 09")),
        ("arrays of one", fill("0A 00 00 00 01 05")),
        ("nested arrays", nested("0A 00 00 00 01", "05", "")),
        ("nested objects", nested("03 00 01 61", "05", "00 00 09")),
        (
            "references",
            [hex("03 00 01 61 02 00 01 61 00 00 09"), fill("07 00 00")].concat(),
        ),
        (
            "damaged text",
            [hex("0C 00 0F 00 00"), vec![0xFF; 0x0F_0000]].concat(),
        ),
        ("AMF3 arrays", fill("11 09 03 01 01")),
        ("AMF3 traits", traits),
        ("AMF3 new traits", fill("11 0A 0B 01 01")),
        (
            "AMF3 strings",
            [hex("11 09 FF FF FF 7F 01 06 03 61"), fill("06 00")].concat(),
        ),
        (
            "AMF3 vector",
            [hex("11 0D FF FF FF 7F 00"), fill("00 00 00 01")].concat(),
        ),
        (
            "AMF3 dictionary",
            [
                hex("11 11 FF FF FF 7F 00"),
                fill("05 7E 37 E4 3C 88 00 75 9C 01"),
            ]
            .concat(),
        ),
    ]
}
