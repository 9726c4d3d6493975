// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The head of an FLV file or stream.
//!
//! It goes out once, before the first tag: demuxers take a second one for a
//! tag. Flags are all it says, and demuxers do better with both set than with
//! wrong ones. The elements call this at the start of their output.

/// Length of the file header together with the first, zero back pointer.
pub const FILE_HEADER_SIZE: usize = 13;

/// The 9-byte file header and the zero back pointer that follows it (FLV 10.1,
/// E.2).
#[must_use]
pub const fn file_header(has_audio: bool, has_video: bool) -> [u8; FILE_HEADER_SIZE] {
    let flags = match (has_audio, has_video) {
        (false, false) => 0,
        (false, true) => 1,
        (true, false) => 4,
        (true, true) => 5,
    };
    [b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    #[test]
    fn header_of_both_kinds_matches_the_reference() {
        let expected = hex("46 4C 56 01 05 00 00 00 09 00 00 00 00");
        assert_eq!(file_header(true, true)[..], expected);
    }

    #[test]
    fn flags_name_what_is_there() {
        assert_eq!(file_header(false, false)[4], 0);
        assert_eq!(file_header(false, true)[4], 1);
        assert_eq!(file_header(true, false)[4], 4);
    }
}
