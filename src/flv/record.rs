// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Whether a sequence header is whole.
//!
//! A demuxer puts the record into caps unseen and the decoder behind it fails
//! on a cut one, so lengths inside records are followed to their end. What the
//! records say is not judged: encoders and relays disagree about versions and
//! reserved bits, and some write placeholders. `filter` calls this.

use super::audio::AudioCodec;
use super::body::{BodyError, Cursor};
use super::video::VideoCodec;

/// Bytes of an hvcC before its number of arrays.
const HVCC_FIXED: usize = 22;
/// Bytes of an av1C before its OBUs.
const AV1C_FIXED: usize = 4;
/// Bytes of an OpusHead without a channel mapping table.
const OPUS_HEAD: usize = 19;
/// Magic, metadata block header and STREAMINFO.
const FLAC_HEAD: usize = 42;
/// The shortest AudioSpecificConfig.
const AUDIO_SPECIFIC_CONFIG: usize = 2;

/// Whether the record of a video sequence header is all there.
pub(super) fn is_whole_video(codec: VideoCodec, data: &[u8]) -> bool {
    match codec {
        VideoCodec::Avc => avc(Cursor::new(data)).is_ok(),
        VideoCodec::Hevc => hevc(Cursor::new(data)).is_ok(),
        VideoCodec::Av1 => data.len() >= AV1C_FIXED,
        VideoCodec::Vvc => !data.is_empty(),
        // VP8 and VP9 decode without a record.
        _ => true,
    }
}

/// Whether the configuration of an audio sequence header is all there.
pub(super) fn is_whole_audio(codec: AudioCodec, data: &[u8]) -> bool {
    match codec {
        AudioCodec::Aac => data.len() >= AUDIO_SPECIFIC_CONFIG,
        AudioCodec::Opus => data.len() >= OPUS_HEAD || is_bare(data, b"OpusHead"),
        AudioCodec::Flac => data.len() >= FLAC_HEAD || is_bare(data, b"fLaC"),
        // Nothing is defined for the others.
        _ => true,
    }
}

/// Something without the magic: of unknown form, so of unknown length.
fn is_bare(data: &[u8], magic: &[u8]) -> bool {
    !data.is_empty() && !data.starts_with(magic) && !magic.starts_with(data)
}

/// ISO/IEC 14496-15, AVCDecoderConfigurationRecord up to the picture
/// parameter sets.
fn avc(mut record: Cursor<'_>) -> Result<(), BodyError> {
    record.take(5)?;
    let sequence_sets = record.u8()? & 0x1F;
    units(&mut record, u16::from(sequence_sets))?;
    let picture_sets = record.u8()?;
    units(&mut record, u16::from(picture_sets))
}

/// ISO/IEC 14496-15, HEVCDecoderConfigurationRecord.
fn hevc(mut record: Cursor<'_>) -> Result<(), BodyError> {
    record.take(HVCC_FIXED)?;
    let arrays = record.u8()?;
    for _ in 0..arrays {
        record.u8()?;
        let count = record.u16()?;
        units(&mut record, count)?;
    }
    Ok(())
}

fn units(record: &mut Cursor<'_>, count: u16) -> Result<(), BodyError> {
    for _ in 0..count {
        let size = record.u16()?;
        record.take(usize::from(size))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    #[test]
    fn avc_record_cut_anywhere_is_not_whole() {
        let record = hex("01 42 00 1E FF E1 00 04 67 42 00 1E 01 00 02 68 CE");
        assert!(is_whole_video(VideoCodec::Avc, &record));
        for len in 0..record.len() {
            assert!(!is_whole_video(VideoCodec::Avc, &record[..len]), "{len}");
        }
    }

    #[test]
    fn avc_record_may_have_no_sets_and_extensions_behind() {
        assert!(is_whole_video(
            VideoCodec::Avc,
            &hex("01 64 00 28 FF E0 00")
        ));
        assert!(is_whole_video(
            VideoCodec::Avc,
            &hex("01 64 00 28 FF E0 00 FD F8 F8 00")
        ));
    }

    #[test]
    fn hevc_record_cut_anywhere_is_not_whole() {
        let mut record = vec![1; HVCC_FIXED];
        record.extend(hex("02 20 00 01 00 02 40 01 21 00 02 00 01 42 00 00"));
        assert!(is_whole_video(VideoCodec::Hevc, &record));
        for len in 0..record.len() {
            assert!(!is_whole_video(VideoCodec::Hevc, &record[..len]), "{len}");
        }
    }

    #[test]
    fn other_records_have_a_least_length() {
        assert!(is_whole_video(VideoCodec::Av1, &hex("81 00 0C 00")));
        assert!(!is_whole_video(VideoCodec::Av1, &hex("81 00 0C")));
        assert!(!is_whole_video(VideoCodec::Vvc, &[]));
        assert!(is_whole_video(VideoCodec::Vp9, &[]));
        assert!(is_whole_audio(AudioCodec::Aac, &[0x12, 0x10]));
        assert!(!is_whole_audio(AudioCodec::Aac, &[0x12]));
        assert!(is_whole_audio(AudioCodec::Ac3, &[]));
    }

    #[test]
    fn heads_with_magic_are_checked_and_others_are_trusted() {
        let opus = hex("4F 70 75 73 48 65 61 64 01 02 38 01 80 BB 00 00 00 00 00");
        let mut flac = b"fLaC".to_vec();
        flac.resize(FLAC_HEAD, 0);
        for len in 0..opus.len() {
            assert!(!is_whole_audio(AudioCodec::Opus, &opus[..len]));
        }
        for len in 0..flac.len() {
            assert!(!is_whole_audio(AudioCodec::Flac, &flac[..len]));
        }
        assert!(is_whole_audio(AudioCodec::Opus, &opus));
        assert!(is_whole_audio(AudioCodec::Flac, &flac));
        assert!(is_whole_audio(AudioCodec::Opus, &[1, 2]));
    }
}
