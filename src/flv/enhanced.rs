// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What Enhanced RTMP audio and video headers have in common: the ModEx chain
//! before the packet and the multitrack structure around it.
//!
//! Both are checked to their end, in one pass and without allocation, so that
//! nothing behind this has to mistrust a length. `video` and `audio` call it
//! and know what the packet types mean.

use super::body::{BodyError, Cursor, FourCc};

/// Packet type of a ModEx block, in audio as well as video.
pub(super) const MOD_EX: u8 = 7;

/// Real streams have one ModEx block; more than this are an attack.
const MAX_MOD_EX: usize = 32;

const MAX_NANOSECONDS: u32 = 999_999;

/// How the tracks of a multitrack packet are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MultitrackMode {
    /// One track, up to the end of the body.
    OneTrack,
    /// Several tracks of one codec, each with its size.
    ManyTracks,
    /// Several tracks, each with its codec and size.
    ManyTracksManyCodecs,
}

/// The outside of a multitrack packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Multitrack {
    /// How the tracks are laid out.
    pub mode: MultitrackMode,
    /// Id of the first track in the packet; 0 is the default track.
    pub first_track: u8,
    /// How many tracks the packet has.
    pub tracks: u32,
}

/// What follows the ModEx chain.
pub(super) struct Packet<'a> {
    /// The packet type, inside multitrack if there is one.
    pub(super) packet_type: u8,
    /// Of the first track.
    pub(super) four_cc: FourCc,
    pub(super) multitrack: Option<Multitrack>,
    /// Body of the first track.
    pub(super) data: &'a [u8],
}

/// Reads ModEx blocks while `packet_type` announces one. Returns the packet
/// type behind them and the nanoseconds to add to the presentation time.
pub(super) fn mod_ex(cursor: &mut Cursor<'_>, mut packet_type: u8) -> Result<(u8, u32), BodyError> {
    let mut nanoseconds = 0;
    for _ in 0..MAX_MOD_EX {
        if packet_type != MOD_EX {
            return Ok((packet_type, nanoseconds));
        }
        let size = match cursor.u8()? {
            255 => usize::from(cursor.u16()?),
            size => usize::from(size),
        };
        let data = cursor.take(size.saturating_add(1))?;
        let next = cursor.u8()?;
        if next >> 4 == 0 {
            let offset = Cursor::new(data).u24();
            nanoseconds = offset
                .map_err(|_| BodyError::InvalidModEx)?
                .min(MAX_NANOSECONDS);
        }
        packet_type = next & 15;
    }
    Err(BodyError::InvalidModEx)
}

/// Reads the codec and, where `packet_type` is `multitrack_type`, the tracks.
pub(super) fn packet<'a>(
    cursor: &mut Cursor<'a>,
    packet_type: u8,
    multitrack_type: u8,
) -> Result<Packet<'a>, BodyError> {
    if packet_type != multitrack_type {
        return Ok(Packet {
            packet_type,
            four_cc: cursor.four_cc()?,
            multitrack: None,
            data: cursor.take_rest(),
        });
    }
    let byte = cursor.u8()?;
    let mode = match byte >> 4 {
        0 => MultitrackMode::OneTrack,
        1 => MultitrackMode::ManyTracks,
        2 => MultitrackMode::ManyTracksManyCodecs,
        _ => return Err(BodyError::InvalidMultitrack),
    };
    let packet_type = byte & 15;
    if packet_type == multitrack_type || packet_type == MOD_EX {
        return Err(BodyError::InvalidMultitrack);
    }
    let common = match mode {
        MultitrackMode::ManyTracksManyCodecs => None,
        _ => Some(cursor.four_cc()?),
    };
    let (four_cc, first_track, data) = track(cursor, mode, common)?;
    let mut tracks = 1_u32;
    while !cursor.is_empty() {
        track(cursor, mode, common)?;
        tracks = tracks.saturating_add(1);
    }
    Ok(Packet {
        packet_type,
        four_cc,
        multitrack: Some(Multitrack {
            mode,
            first_track,
            tracks,
        }),
        data,
    })
}

fn track<'a>(
    cursor: &mut Cursor<'a>,
    mode: MultitrackMode,
    common: Option<FourCc>,
) -> Result<(FourCc, u8, &'a [u8]), BodyError> {
    let four_cc = match common {
        Some(four_cc) => four_cc,
        None => cursor.four_cc()?,
    };
    let id = cursor.u8()?;
    let data = match mode {
        MultitrackMode::OneTrack => cursor.take_rest(),
        MultitrackMode::ManyTracks | MultitrackMode::ManyTracksManyCodecs => {
            let size = cursor.u24()?;
            cursor.take(usize::try_from(size).unwrap_or(usize::MAX))?
        }
    };
    Ok((four_cc, id, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    const MULTITRACK: u8 = 6;

    fn chain(text: &str) -> Result<(u8, u32, usize), BodyError> {
        let bytes = hex(text);
        let mut cursor = Cursor::new(&bytes);
        mod_ex(&mut cursor, MOD_EX).map(|(kind, ns)| (kind, ns, cursor.rest().len()))
    }

    fn tracks(text: &str) -> Result<(u8, Option<Multitrack>, usize), BodyError> {
        let bytes = hex(text);
        packet(&mut Cursor::new(&bytes), MULTITRACK, MULTITRACK)
            .map(|packet| (packet.packet_type, packet.multitrack, packet.data.len()))
    }

    #[test]
    fn nanosecond_offset_is_read() {
        assert_eq!(chain("02 07 A1 20 03 AA"), Ok((3, 500_000, 1)));
    }

    #[test]
    fn nanoseconds_stay_below_a_millisecond() {
        assert_eq!(chain("02 FF FF FF 01"), Ok((1, 999_999, 0)));
    }

    #[test]
    fn unknown_mod_ex_types_are_skipped() {
        assert_eq!(chain("00 AA 17 02 00 00 05 01"), Ok((1, 5, 0)));
    }

    #[test]
    fn long_form_of_the_size_is_read() {
        let mut bytes = hex("FF 01 00");
        bytes.extend([0; 257]);
        bytes.push(0x11);
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(mod_ex(&mut cursor, MOD_EX), Ok((1, 0)));
        assert!(cursor.is_empty());
    }

    #[test]
    fn size_255_is_the_largest_short_form() {
        let mut bytes = vec![254];
        bytes.extend([0; 255]);
        bytes.push(0x11);
        assert_eq!(mod_ex(&mut Cursor::new(&bytes), MOD_EX), Ok((1, 0)));
    }

    #[test]
    fn offset_shorter_than_three_bytes_is_invalid() {
        assert_eq!(chain("01 00 05 01"), Err(BodyError::InvalidModEx));
    }

    #[test]
    fn mod_ex_of_64_kib_beyond_the_end_is_truncated() {
        assert_eq!(chain("FF FF FF 00 00 00 01"), Err(BodyError::Truncated));
    }

    #[test]
    fn chains_are_bounded() {
        let block = hex("00 AA 17");
        assert_eq!(
            mod_ex(&mut Cursor::new(&block.repeat(100_000)), MOD_EX),
            Err(BodyError::InvalidModEx)
        );
        let mut legal = block.repeat(30);
        legal.extend(hex("00 AA 11"));
        assert_eq!(mod_ex(&mut Cursor::new(&legal), MOD_EX), Ok((1, 0)));
    }

    #[test]
    fn chain_truncated_anywhere_is_an_error() {
        let bytes = hex("02 00 00 05 07 FF 00 00 09 11");
        let mut cursor = Cursor::new(&bytes);
        assert_eq!(mod_ex(&mut cursor, MOD_EX), Ok((1, 5)));
        for len in 0..bytes.len() {
            let mut cursor = Cursor::new(&bytes[..len]);
            assert_eq!(mod_ex(&mut cursor, MOD_EX), Err(BodyError::Truncated));
        }
    }

    #[test]
    fn nested_and_reserved_multitrack_is_invalid() {
        for first in ["06", "07", "16", "27", "30", "F1"] {
            let text = format!("{first} 61 76 30 31 00 00 00 00");
            assert_eq!(tracks(&text), Err(BodyError::InvalidMultitrack), "{first}");
        }
    }

    #[test]
    fn track_sizes_beyond_the_end_are_truncated() {
        for text in [
            "11 61 76 63 31",
            "11 61 76 63 31 00 FF FF FF 00",
            "11 61 76 63 31 00 00 00 01 AA 01 00 00 02 BB",
            "11 61 76 63 31 00 00 00 01 AA 01",
            "20",
            "20 61 76 63 31 00 00 00 00 68",
            "00 61 76 63 31",
        ] {
            assert_eq!(tracks(text), Err(BodyError::Truncated), "{text}");
        }
    }

    #[test]
    fn millions_of_empty_tracks_are_one_pass() {
        let mut bytes = hex("11 61 76 63 31");
        bytes.resize(bytes.len() + 4 * 1_000_000, 0);
        let packet =
            packet(&mut Cursor::new(&bytes), MULTITRACK, MULTITRACK).unwrap_or_else(|_| panic!());
        assert_eq!(packet.multitrack.map(|multi| multi.tracks), Some(1_000_000));
    }
}
