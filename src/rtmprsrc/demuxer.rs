// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which codecs of Enhanced RTMP the installed `flvdemux` reads, by what its
//! source pad templates say. It is neither loaded nor instantiated for that.

use crate::rtmp::capabilities::{Capabilities, info};

/// A FourCC, and the caps of which the demuxer has some if it reads that codec.
type Known = (&'static str, &'static str);

/// Codecs that FLV did not have before the extended video header.
const NEW_VIDEO: [Known; 5] = [
    ("hvc1", "video/x-h265"),
    ("vvc1", "video/x-h266"),
    ("av01", "video/x-av1"),
    ("vp08", "video/x-vp8"),
    ("vp09", "video/x-vp9"),
];

/// Codecs that FLV did not have before the extended audio header.
const NEW_AUDIO: [Known; 4] = [
    ("Opus", "audio/x-opus"),
    ("fLaC", "audio/x-flac"),
    ("ac-3", "audio/x-ac3"),
    ("ec-3", "audio/x-eac3"),
];

/// Codecs that have a legacy header as well as the extended one.
const OLD_VIDEO: [Known; 1] = [("avc1", "video/x-h264")];
const OLD_AUDIO: [Known; 2] = [
    ("mp4a", "audio/mpeg, mpegversion=(int)4"),
    (".mp3", "audio/mpeg, mpegversion=(int)1, layer=(int)3"),
];

/// What the installed `flvdemux` reads; nothing if there is none.
pub(super) fn installed() -> Capabilities {
    gst::ElementFactory::find("flvdemux")
        .map(|factory| read_by(&factory))
        .unwrap_or_default()
}

fn read_by(factory: &gst::ElementFactory) -> Capabilities {
    let mut caps = gst::Caps::new_empty();
    for template in factory.static_pad_templates() {
        if template.direction() == gst::PadDirection::Src {
            caps.merge(template.caps());
        }
    }
    announceable(&caps)
}

/// The codecs to announce for a demuxer that outputs these caps.
///
/// A codec with a legacy header is announced only beside a new one of its
/// medium: some servers use the extended header for whatever is announced, and
/// only the new ones prove that the demuxer reads it. GStreamer 1.28 is such a
/// case: it reads extended video, but of extended audio only multitrack.
///
/// It adds nothing to `capsEx`. Pads for several tracks can be seen, but not which of
/// their packets are read (1.28: those with one track), nor whether ModEx is.
fn announceable(caps: &gst::CapsRef) -> Capabilities {
    // ANY names no codec.
    if caps.is_any() {
        return Capabilities::default();
    }
    let read = |codecs: &[Known]| -> Vec<&str> {
        let there = |text: &str| {
            let wanted = text.parse::<gst::Caps>();
            wanted.is_ok_and(|wanted| caps.can_intersect(&wanted))
        };
        let found = codecs.iter().filter(|(_, caps)| there(caps));
        found.map(|(four_cc, _)| *four_cc).collect()
    };
    let medium = |new: &[Known], old: &[Known]| {
        let mut codecs = read(new);
        if !codecs.is_empty() {
            codecs.extend(read(old));
        }
        codecs
    };
    Capabilities::new(
        medium(&NEW_VIDEO, &OLD_VIDEO),
        medium(&NEW_AUDIO, &OLD_AUDIO),
        info::DECODE,
        0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGACY: &str = "video/x-flash-video, flvversion=1; video/x-h264, stream-format=avc; \
        audio/mpeg, mpegversion=1, layer=3, channels={1, 2}; \
        audio/mpeg, mpegversion=4, stream-format=raw; audio/x-speex";

    fn announced(caps: &str) -> Vec<String> {
        gst::init().expect("GStreamer starts");
        let caps: gst::Caps = caps.parse().expect("caps");
        let capabilities = announceable(&caps);
        assert_eq!(capabilities.caps_ex, 0);
        let codecs = capabilities.video.iter().chain(&capabilities.audio);
        assert!(codecs.into_iter().all(|codec| codec.info == info::DECODE));
        let names = capabilities.four_ccs();
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn new_codecs_are_announced_and_old_ones_of_their_medium() {
        for (new, expected) in [
            (
                "video/x-h265, stream-format=hvc1; video/x-av1; audio/x-opus",
                &["hvc1", "av01", "avc1", "Opus", "mp4a", ".mp3"][..],
            ),
            // GStreamer 1.28.
            (
                "video/x-h265, stream-format=hvc1, alignment=au",
                &["hvc1", "avc1"],
            ),
            ("audio/x-ac3", &["ac-3", "mp4a", ".mp3"]),
            (
                "video/x-vp8; video/x-vp9; video/x-h266; audio/x-eac3; audio/x-flac",
                &[
                    "vvc1", "vp08", "vp09", "avc1", "fLaC", "ec-3", "mp4a", ".mp3",
                ],
            ),
        ] {
            assert_eq!(announced(&format!("{LEGACY}; {new}")), expected, "{new}");
        }
        assert_eq!(announced("video/x-h265"), ["hvc1"], "H.264 is not there");
        assert_eq!(
            announced("audio/x-opus; audio/mpeg, mpegversion=2"),
            ["Opus"],
            "audio/mpeg is more than AAC and MP3"
        );
    }

    #[test]
    fn caps_without_new_codecs_announce_nothing() {
        for caps in [LEGACY, "ANY", "EMPTY"] {
            assert_eq!(announced(caps), [""; 0], "{caps}");
        }
    }

    #[test]
    fn only_the_source_pads_of_an_element_count() {
        gst::init().expect("GStreamer starts");
        let find = |name| gst::ElementFactory::find(name).expect("of gst-plugins-base");
        assert!(read_by(&find("opusdec")).is_empty(), "Opus goes in");
        assert_eq!(read_by(&find("opusenc")).four_ccs(), ["Opus"]);
    }

    #[test]
    fn the_installed_demuxer_announces_what_its_version_reads() {
        gst::init().expect("GStreamer starts");
        let factory = gst::ElementFactory::find("flvdemux").expect("flvdemux");
        let (major, minor, ..) = gst::version();
        let found = installed();
        assert_eq!(found, read_by(&factory));
        if (major, minor) < (1, 27) {
            assert!(found.is_empty(), "{found}");
        } else if (major, minor) >= (1, 28) {
            assert!(
                found.has_video("hvc1") && found.has_video("avc1"),
                "{found}"
            );
        }
    }
}
