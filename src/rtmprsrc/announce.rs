// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What `connect` announces of Enhanced RTMP for each value of the
//! `enhanced-rtmp` property.

use super::{RtmprEnhancedRtmp, demuxer};
use crate::rtmp::capabilities::{AUDIO_FOURCCS, Capabilities, VIDEO_FOURCCS, caps_ex, info};

/// What to announce.
pub(super) fn capabilities(choice: RtmprEnhancedRtmp) -> Capabilities {
    let mut capabilities = match choice {
        RtmprEnhancedRtmp::None => return Capabilities::default(),
        RtmprEnhancedRtmp::Auto => demuxer::installed(),
        // By name: what our filter does not know by name it leaves out. Who
        // asks for this records, forwards or has a demuxer of their own. The
        // nanoseconds of ModEx are read past, not used.
        RtmprEnhancedRtmp::All => Capabilities::new(
            VIDEO_FOURCCS,
            AUDIO_FOURCCS,
            info::DECODE | info::FORWARD,
            caps_ex::MULTITRACK | caps_ex::MOD_EX,
        ),
    };
    // Whatever the codecs: that is the player's, not the demuxer's.
    capabilities.caps_ex |= caps_ex::RECONNECT;
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::{AudioCodec, FourCc, TagType, Verdict, VideoCodec, inspect};

    #[test]
    fn all_is_every_codec_that_the_filter_passes() {
        let all = capabilities(RtmprEnhancedRtmp::All);
        for four_cc in all.four_ccs() {
            let code: [u8; 4] = four_cc.as_bytes().try_into().expect("four characters");
            let video = VideoCodec::from_four_cc(FourCc(code));
            let audio = AudioCodec::from_four_cc(FourCc(code));
            let kind = match (video, audio) {
                (VideoCodec::UnknownFourCc(_), _) => TagType::Audio,
                _ => TagType::Video,
            };
            // Coded frames, of an inter frame in video.
            let first = if kind == TagType::Video { 0xA1 } else { 0x91 };
            let body = [&[first][..], &code, &[0; 8]].concat();
            let verdict = inspect(kind, &body);
            assert!(
                matches!(verdict, Verdict::Pass(_)),
                "{four_cc}: {verdict:?}"
            );
            assert_eq!(kind == TagType::Video, all.has_video(four_cc), "{four_cc}");
            assert_eq!(kind == TagType::Audio, all.has_audio(four_cc), "{four_cc}");
        }
        assert_eq!(all.four_ccs().len(), 12);
        assert_eq!(all.caps_ex, 7, "reconnect, multitrack and ModEx");
    }

    #[test]
    fn none_is_nothing() {
        assert!(capabilities(RtmprEnhancedRtmp::None).is_empty());
    }
}
