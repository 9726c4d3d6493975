// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

use gst::prelude::*;

use super::*;

fn of(metadata: Value) -> gst::TagList {
    gst::init().expect("GStreamer starts");
    from_metadata(&[metadata])
}

/// What the list says, as text in order of name.
fn shown(list: &gst::TagList) -> Vec<String> {
    let mut tags: Vec<_> = list
        .iter()
        .map(|(name, value)| {
            let text = match (value.get::<&str>(), value.get::<gst::DateTime>()) {
                (Ok(text), _) => text.to_owned(),
                (_, Ok(date)) => date.to_iso8601_string().expect("text").to_string(),
                _ => value.serialize().expect("text").to_string(),
            };
            format!("{name}={text}")
        })
        .collect();
    tags.sort();
    tags
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().collect())
}

/// Metadata as publishers and servers send it, and its tags.
#[test]
fn metadata_of_known_programs() {
    let table: [(&str, Value, &[&str]); 7] = [
        (
            "nginx-rtmp",
            object([
                (
                    "Server",
                    "NGINX RTMP (github.com/arut/nginx-rtmp-module)".into(),
                ),
                ("width", 1280.0.into()),
                ("height", 720.0.into()),
                ("displayWidth", 1280.0.into()),
                ("displayHeight", 720.0.into()),
                ("duration", 0.0.into()),
                ("framerate", 30.0.into()),
                ("fps", 30.0.into()),
                ("videodatarate", 2500.0.into()),
                ("videocodecid", 7.0.into()),
                ("audiodatarate", 128.0.into()),
                ("audiocodecid", 10.0.into()),
                ("profile", "".into()),
                ("level", "".into()),
            ]),
            &[
                "audio-codec=AAC",
                "nominal-bitrate=2628000",
                "video-codec=H.264 (AVC)",
            ],
        ),
        (
            "ffmpeg",
            Value::EcmaArray(
                [
                    ("duration", Value::from(0.0)),
                    ("width", 640.0.into()),
                    ("videodatarate", 195.3125.into()),
                    ("videocodecid", 2.0.into()),
                    ("audiodatarate", 125.0.into()),
                    ("audiosamplerate", 44_100.0.into()),
                    ("stereo", true.into()),
                    ("audiocodecid", 2.0.into()),
                    ("major_brand", "isom".into()),
                    ("title", "A clip".into()),
                    ("artist", "Someone".into()),
                    ("comment", "No comment".into()),
                    ("creation_time", "2020-01-02T03:04:05.000000Z".into()),
                    ("encoder", "Lavf59.27.100".into()),
                    ("filesize", 0.0.into()),
                ]
                .into_iter()
                .collect(),
            ),
            &[
                "artist=Someone",
                "audio-codec=MP3",
                "comment=No comment",
                "datetime=2020-01-02T03:04:05Z",
                "encoder=Lavf59.27.100",
                "nominal-bitrate=320313",
                "title=A clip",
                "video-codec=Sorenson Spark (H.263)",
            ],
        ),
        (
            "OBS, HEVC",
            Value::EcmaArray(
                [
                    ("duration", Value::from(0.0)),
                    ("fileSize", 0.0.into()),
                    ("width", 1920.0.into()),
                    ("videocodecid", 1_752_589_105.0.into()),
                    ("videodatarate", 6000.0.into()),
                    ("framerate", 60.0.into()),
                    ("audiocodecid", 10.0.into()),
                    ("audiodatarate", 160.0.into()),
                    ("audiochannels", 2.0.into()),
                    ("stereo", true.into()),
                    ("2.1", false.into()),
                    (
                        "encoder",
                        "obs-output module (libobs version 30.0.2)".into(),
                    ),
                ]
                .into_iter()
                .collect(),
            ),
            &[
                "audio-codec=AAC",
                "encoder=obs-output module (libobs version 30.0.2)",
                "nominal-bitrate=6160000",
                "video-codec=H.265 (HEVC)",
            ],
        ),
        (
            "SRS",
            object([
                ("videocodecid", 7.0.into()),
                ("audiocodecid", 10.0.into()),
                ("encoder", "Lavf60".into()),
                ("server", "SRS/5.0".into()),
                ("srs_primary", "SRS/5".into()),
                ("server_version", "5.0.200".into()),
            ]),
            &[
                "audio-codec=AAC",
                "encoder=Lavf60",
                "video-codec=H.264 (AVC)",
            ],
        ),
        (
            "MediaMTX",
            object([
                ("videocodecid", 7.0.into()),
                ("videodatarate", 0.0.into()),
                ("audiocodecid", 0.0.into()),
                ("audiodatarate", 0.0.into()),
            ]),
            &["video-codec=H.264 (AVC)"],
        ),
        (
            "FMLE and a recording",
            object([
                ("author", "An author".into()),
                ("copyright", "(c)".into()),
                ("description", "Words".into()),
                ("creationdate", "Thu Dec  9 13:13:27 2010\n".into()),
                ("metadatacreator", "flvtool2".into()),
                ("duration", 12.5.into()),
                ("language", "en".into()),
                ("videocodecid", "avc1".into()),
                ("audiocodecid", "mp4a".into()),
            ]),
            &[
                "application-name=flvtool2",
                "artist=An author",
                "audio-codec=AAC",
                "copyright=(c)",
                "datetime=2010-12-09T13:13:27Z",
                "description=Words",
                "duration=12500000000",
                "language-code=en",
                "video-codec=H.264 (AVC)",
            ],
        ),
        (
            "text for numbers",
            object([
                ("videocodecid", "7".into()),
                ("audiocodecid", "mp4a.40.2".into()),
                ("videodatarate", "100".into()),
                ("language", "Klingon".into()),
            ]),
            &[
                "audio-codec=AAC",
                "language-name=Klingon",
                "nominal-bitrate=100000",
                "video-codec=H.264 (AVC)",
            ],
        ),
    ];
    for (name, metadata, tags) in table {
        let list = of(metadata);
        assert_eq!(shown(&list), tags, "{name}");
        assert_eq!(list.scope(), gst::TagScope::Global);
    }
}

#[test]
fn every_four_cc_of_enhanced_rtmp_has_a_name() {
    for (code, name) in [
        (b"avc1", H264),
        (b"hvc1", H265),
        (b"vvc1", H266),
        (b"av01", "AV1"),
        (b"vp08", "VP8"),
        (b"vp09", "VP9"),
    ] {
        let id = f64::from(u32::from_be_bytes(*code));
        assert_eq!(
            shown(&of(object([("videocodecid", id.into())]))),
            [format!("video-codec={name}")]
        );
    }
    for (code, name) in [
        (b"mp4a", AAC),
        (b".mp3", MP3),
        (b"Opus", "Opus"),
        (b"fLaC", "FLAC"),
        (b"ac-3", "AC-3"),
        (b"ec-3", "E-AC-3"),
    ] {
        let id = f64::from(u32::from_be_bytes(*code));
        assert_eq!(
            shown(&of(object([("audiocodecid", id.into())]))),
            [format!("audio-codec={name}")]
        );
    }
}

#[test]
fn what_makes_no_sense_is_left_out_without_a_warning() {
    let numbers = [
        0.0,
        -0.0,
        -1.0,
        0.4e-9,
        1e300,
        -1e300,
        4_294_967_296.0,
        1.5e-3,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
    ];
    let names = [
        "duration",
        "videocodecid",
        "audiocodecid",
        "videodatarate",
        "audiodatarate",
        "encoder",
        "creationdate",
        "language",
    ];
    for name in names {
        for number in numbers {
            for value in [
                Value::Number(number),
                Value::Date(number),
                number.to_string().into(),
            ] {
                let _ = of(object([(name, value)]));
            }
        }
        for nothing in ["", " ", "\n\t"] {
            assert_eq!(of(object([(name, nothing.into())])).n_tags(), 0, "{name}");
        }
        let wild = "\0é\u{1}".repeat(5000);
        let _ = of(object([(name, wild.into())]));
        for other in [
            Value::Null,
            Value::StrictArray(vec![]),
            Object::new().into(),
        ] {
            assert_eq!(of(object([(name, other)])).n_tags(), 0, "{name}");
        }
    }
    gst::init().expect("GStreamer starts");
    assert_eq!(from_metadata(&[]).n_tags(), 0);
    assert_eq!(from_metadata(&["x".into()]).n_tags(), 0);
    let nul = shown(&of(object([("title", "a\0b".into())])));
    assert_eq!(nul, ["title=a\u{FFFD}b"]);
}

/// Tags with this title.
fn titled(title: &str) -> gst::TagList {
    gst::init().expect("GStreamer starts");
    from_metadata(&[Object::new().with("title", title).into()])
}

#[test]
fn tags_are_told_when_they_change() {
    let mut tags = Tags::default();
    assert_eq!(tags.due(), None);
    tags.offer(titled("a"));
    assert_eq!(tags.due(), Some(titled("a")));
    assert_eq!(tags.due(), None);
    tags.offer(titled("a"));
    assert_eq!(tags.due(), None, "known");
    tags.offer(titled("b"));
    tags.offer(from_metadata(&[]));
    assert_eq!(
        tags.due(),
        Some(titled("b")),
        "nothing said, nothing changed"
    );
    tags.offer(titled("c"));
    tags.offer(titled("b"));
    assert_eq!(tags.due(), None, "what is known holds again");
}

#[test]
fn of_changes_that_come_too_fast_the_last_one_counts() {
    let start = Instant::now();
    let mut tags = Tags::default();
    let mut told = 0;
    for n in 0..1000 {
        tags.offer(titled(&n.to_string()));
        told += u32::from(tags.due_at(start).is_some());
    }
    assert_eq!(told, MAX_CHANGES);
    let later = start + std::time::Duration::from_secs(2);
    assert_eq!(tags.due_at(later), Some(titled("999")));
}
