// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV. Input: a stream of tags, an aggregate, or the body of a message.

use gstrtmpr::flv::{
    Aggregate, AudioInfo, DataEncoding, FlvError, FlvReader, ScriptAction, Tag, TagHeader, TagType,
    Verdict, VideoInfo, file_header, inspect, inspect_data,
};
use gstrtmpr::rtmp::Payload;

use super::cut::{Choice, assert_same, pieces};

#[derive(Debug, Default, PartialEq)]
struct Outcome {
    tags: Vec<Tag>,
    error: Option<FlvError>,
    skipped: u64,
    is_at_boundary: bool,
}

pub fn run(data: &[u8]) {
    let outcome = read([data], FlvReader::new());
    let in_pieces = read(pieces(data), FlvReader::new());
    assert_same(&in_pieces, &outcome);
    for tag in &outcome.tags {
        look_at(tag.kind(), tag.body());
    }
    assert_reads_back(&outcome.tags);
    a_limit_only_ends_it_early(data, &outcome);
    aggregate(data);
    for kind in [TagType::Audio, TagType::Video, TagType::Script] {
        look_at(kind, data);
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, mut reader: FlvReader) -> Outcome {
    let mut outcome = Outcome::default();
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_tag() {
                Ok(Some(tag)) => outcome.tags.push(tag),
                Ok(None) => break,
                Err(error) => {
                    outcome.error = Some(error);
                    break;
                }
            }
        }
    }
    outcome.skipped = reader.skipped();
    outcome.is_at_boundary = reader.is_at_boundary();
    outcome
}

fn a_limit_only_ends_it_early(data: &[u8], whole: &Outcome) {
    const LIMIT: usize = 100;
    let limited = read([data], FlvReader::with_limit(LIMIT));
    assert!(limited.tags.iter().all(|tag| tag.body().len() <= LIMIT));
    match limited.error {
        Some(FlvError::TooLarge { .. }) => assert!(whole.tags.starts_with(&limited.tags)),
        _ => assert_eq!(&limited, whole),
    }
}

/// Tags written one after the other are read as the same tags.
pub(super) fn assert_reads_back(tags: &[Tag]) {
    let mut file = file_header(true, true).to_vec();
    for tag in tags {
        let bytes = tag.as_bytes();
        let header = TagHeader::parse(bytes).expect("a header");
        assert_eq!(header.kind(), Some(tag.kind()));
        assert_eq!(header.timestamp, tag.timestamp());
        assert_eq!(header.size as usize, tag.body().len());
        assert_eq!(bytes.len(), 11 + tag.body().len() + 4);
        let back_pointer = (tag.body().len() as u32 + 11).to_be_bytes();
        assert!(bytes.ends_with(&back_pointer));
        file.extend_from_slice(bytes);
    }
    let again = read([&file[..]], FlvReader::new());
    assert_eq!(again.error, None);
    assert_eq!(again.tags, tags);
    assert_eq!(again.skipped, 0);
    assert!(again.is_at_boundary);
}

/// Tags that are moved in time and the parts of an aggregate are whole tags.
fn aggregate(data: &[u8]) {
    let time = Choice::of(data).number() as u32;
    let mut tags = Vec::new();
    let mut parts = 0;
    for part in Aggregate::new(Payload::from(data), time) {
        parts += 1;
        match part {
            Ok(tag) => tags.push(tag),
            Err(reason) => assert!(!reason.to_string().is_empty()),
        }
    }
    assert!(parts <= data.len().div_ceil(11), "each takes a header");
    if let (Some(first), Some(header)) = (tags.first(), TagHeader::parse(data))
        && header.kind().is_some()
    {
        assert_eq!(first.timestamp(), time, "the first has the message's time");
    }
    let bodies: usize = tags.iter().map(|tag| tag.body().len()).sum();
    assert!(bodies <= data.len());
    assert_reads_back(&tags);
    for tag in &mut tags {
        look_at(tag.kind(), tag.body());
        tag.set_timestamp(tag.timestamp().wrapping_add(1));
        tag.strip_front(usize::from(tag.body().len() > 3) * 3);
    }
    assert_reads_back(&tags);
}

/// What is said of a body agrees with what is in it.
fn look_at(kind: TagType, body: &[u8]) {
    let verdict = inspect(kind, body);
    if let Verdict::Drop(reason) = verdict {
        let shown = reason.to_string();
        assert!(!shown.is_empty() && !shown.contains(char::is_control));
    }
    let passes = match verdict {
        Verdict::Pass(info) => Some(info),
        Verdict::Drop(_) => None,
    };
    assert!(passes.is_none() || !body.is_empty());
    match kind {
        TagType::Video => {
            let read = VideoInfo::parse(body);
            if let Some(info) = passes {
                let video = read.expect("what passes can be read");
                assert_eq!(info.keyframe, video.is_keyframe());
                assert_eq!(info.composition_time_ms, video.composition_time_ms);
                assert!(!(info.header && info.keyframe));
            }
            if let Ok(video) = read {
                assert!(is_part(body, video.data));
                assert!(video.nanosecond_offset < 1_000_000);
                assert!(video.composition_time_ms.unsigned_abs() <= 1 << 23);
            }
        }
        TagType::Audio => {
            let read = AudioInfo::parse(body);
            if let Some(info) = passes {
                assert!(read.is_ok(), "what passes can be read");
                assert!(!info.keyframe && info.composition_time_ms == 0);
            }
            if let Ok(audio) = read {
                assert!(is_part(body, audio.data));
                assert!(audio.nanosecond_offset < 1_000_000);
            }
        }
        TagType::Script => {
            for encoding in [DataEncoding::Amf0, DataEncoding::Amf3] {
                script(encoding, body);
            }
        }
    }
}

fn script(encoding: DataEncoding, body: &[u8]) {
    let script = inspect_data(encoding, body);
    let (ScriptAction::Forward { skip } | ScriptAction::Convert { skip }) = script.action else {
        return;
    };
    let mut tag = Tag::from_payload(TagType::Script, 1, Payload::from(body));
    tag.strip_front(skip);
    assert_eq!(tag.body(), &body[skip..]);
    let again = inspect_data(DataEncoding::Amf0, tag.body());
    assert_eq!(again.name, script.name, "what is left begins with the name");
    assert_eq!(again.action, ScriptAction::Forward { skip: 0 });
}

fn is_part(whole: &[u8], part: &[u8]) -> bool {
    let whole = whole.as_ptr_range();
    let part = part.as_ptr_range();
    part.is_empty() || (whole.start <= part.start && part.end <= whole.end)
}
