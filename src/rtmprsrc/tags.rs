// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What `onMetaData` says of a stream, as GStreamer tags.
//!
//! Only what has a tag; the rest is in the message that the application gets.
//! Metadata is what a publisher wrote, so values that make no sense are left
//! out.

use std::time::Instant;

use gst::tags;

use super::amf_value::{date_time, text};
use super::date;
use crate::client::allowance::Allowance;
use crate::rtmp::amf::{Object, Value};

/// Longest text of a tag, in bytes.
const MAX_TEXT: usize = 4096;

/// Changes of the tags that go downstream at once. Each becomes an event, which the
/// base class keeps up to the next buffer, and messages of the sinks.
pub(crate) const MAX_CHANGES: u32 = 16;

/// The same in a second.
pub(crate) const CHANGES_PER_SECOND: u32 = 1;

/// The tags of one play.
#[derive(Debug)]
pub(super) struct Tags {
    /// What downstream knows.
    known: Option<gst::TagList>,
    /// What it does not know yet.
    next: Option<gst::TagList>,
    changes: Allowance,
}

impl Default for Tags {
    fn default() -> Self {
        Self {
            known: None,
            next: None,
            changes: Allowance::new(MAX_CHANGES, CHANGES_PER_SECOND, Instant::now()),
        }
    }
}

impl Tags {
    /// These hold from now on, if they say anything.
    pub(super) fn offer(&mut self, tags: gst::TagList) {
        if tags.n_tags() > 0 {
            self.next = Some(tags).filter(|tags| self.known.as_ref() != Some(tags));
        }
    }

    /// What downstream is to be told now. Of changes that come too fast the last one
    /// counts.
    pub(super) fn due(&mut self) -> Option<gst::TagList> {
        // Most buffers have no tags before them.
        self.next.as_ref()?;
        self.due_at(Instant::now())
    }

    fn due_at(&mut self, now: Instant) -> Option<gst::TagList> {
        if self.next.is_none() || !self.changes.take(1, now) {
            return None;
        }
        self.known.clone_from(&self.next);
        self.next.take()
    }
}

/// The tags for the values behind `onMetaData`, of global scope.
pub(super) fn from_metadata(values: &[Value]) -> gst::TagList {
    let mut list = gst::TagList::new();
    if let Some(list) = list.get_mut() {
        list.set_scope(gst::TagScope::Global);
        if let Some(metadata) = values.iter().find_map(Value::as_object) {
            add_all(list, metadata);
        }
    }
    list
}

fn add_all(list: &mut gst::TagListRef, metadata: &Object) {
    add_text::<tags::Encoder>(list, metadata, &["encoder"]);
    add_text::<tags::Title>(list, metadata, &["title"]);
    add_text::<tags::Artist>(list, metadata, &["artist", "author", "creator"]);
    add_text::<tags::Description>(list, metadata, &["description"]);
    add_text::<tags::Comment>(list, metadata, &["comment"]);
    add_text::<tags::Copyright>(list, metadata, &["copyright"]);
    let writers = ["metadatacreator", "muxer"];
    add_text::<tags::ApplicationName>(list, metadata, &writers);
    add_language(list, metadata);
    if let Some(date) = creation_date(metadata) {
        add::<tags::DateTime>(list, &date);
    }
    if let Some(duration) = number(metadata, "duration").and_then(duration) {
        add::<tags::Duration>(list, &duration);
    }
    if let Some(codec) = codec(metadata.get("videocodecid"), video_codec) {
        add::<tags::VideoCodec>(list, &codec.as_str());
    }
    if let Some(codec) = codec(metadata.get("audiocodecid"), audio_codec) {
        add::<tags::AudioCodec>(list, &codec.as_str());
    }
    if let Some(bitrate) = bitrate(metadata) {
        add::<tags::NominalBitrate>(list, &bitrate);
    }
}

fn add<'a, T: gst::Tag<'a>>(list: &mut gst::TagListRef, value: &T::TagType) {
    list.add::<T>(value, gst::TagMergeMode::Replace);
}

/// The first of these members that is text.
fn add_text<T>(list: &mut gst::TagListRef, metadata: &Object, names: &[&str])
where
    T: for<'a> gst::Tag<'a, TagType = &'a str>,
{
    if let Some(text) = names.iter().find_map(|name| words(metadata.get(name))) {
        add::<T>(list, &text.as_str());
    }
}

/// Text with something in it: GStreamer warns of empty tags.
fn words(value: Option<&Value>) -> Option<String> {
    let words = text(value?.as_str()?.trim());
    let end = words.floor_char_boundary(MAX_TEXT);
    let words = words.get(..end)?;
    (!words.is_empty()).then(|| words.to_owned())
}

fn add_language(list: &mut gst::TagListRef, metadata: &Object) {
    let Some(language) = words(metadata.get("language")) else {
        return;
    };
    let is_code =
        matches!(language.len(), 2 | 3) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    if is_code {
        let code = language.to_ascii_lowercase();
        add::<tags::LanguageCode>(list, &code.as_str());
    } else {
        add::<tags::LanguageName>(list, &language.as_str());
    }
}

fn creation_date(metadata: &Object) -> Option<gst::DateTime> {
    ["creationdate", "creation_time", "date"]
        .iter()
        .find_map(|name| match metadata.get(name)? {
            Value::Date(milliseconds) => date_time(*milliseconds),
            Value::String(text) => date::parse(text),
            _ => None,
        })
}

fn number(metadata: &Object, name: &str) -> Option<f64> {
    match metadata.get(name)? {
        Value::Number(number) => Some(*number),
        // Some relays write all values as text.
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Live streams have 0, and nothing real has more than a year.
fn duration(seconds: f64) -> Option<gst::ClockTime> {
    const YEAR: f64 = 366.0 * 86_400.0;
    (seconds > 0.0 && seconds <= YEAR)
        .then(|| gst::ClockTime::from_nseconds((seconds * 1e9).round() as u64))
        .filter(|duration| !duration.is_zero())
}

/// Of audio and video together, in bit/s; they are given in kbit/s.
fn bitrate(metadata: &Object) -> Option<u32> {
    let rate = |name| number(metadata, name).filter(|rate| *rate > 0.0);
    let sum = rate("videodatarate").unwrap_or(0.0) + rate("audiodatarate").unwrap_or(0.0);
    let bits = (sum * 1000.0).round();
    (bits >= 1.0 && bits < f64::from(u32::MAX)).then_some(bits as u32)
}

/// The name of a codec that is given as a number of FLV's, as the bytes of a
/// FourCC in a number, or as text.
fn codec(value: Option<&Value>, name: fn(u32) -> Option<&'static str>) -> Option<String> {
    match value? {
        Value::Number(id) if *id >= 1.0 && *id <= f64::from(u32::MAX) && id.fract() == 0.0 => {
            let id = *id as u32;
            let known = name(id).or_else(|| codec_by_text(str::from_utf8(&id.to_be_bytes()).ok()?));
            known.map(str::to_owned)
        }
        text @ Value::String(_) => {
            let text = words(Some(text))?;
            match text.parse::<u32>() {
                Ok(id) => name(id).map(str::to_owned),
                Err(_) => Some(codec_by_text(&text).map_or(text, str::to_owned)),
            }
        }
        _ => None,
    }
}

fn video_codec(id: u32) -> Option<&'static str> {
    Some(match id {
        2 => "Sorenson Spark (H.263)",
        3 => "Screen Video",
        4 => "VP6",
        5 => "VP6 with alpha",
        6 => "Screen Video 2",
        7 => H264,
        8 => "H.263",
        9 => "MPEG-4 Part 2",
        12 => H265,
        13 => "AV1",
        14 => H266,
        _ => return None,
    })
}

fn audio_codec(id: u32) -> Option<&'static str> {
    Some(match id {
        1 => "ADPCM",
        2 | 14 => MP3,
        3 => "PCM",
        4..=6 => "Nellymoser",
        7 => "G.711 A-law",
        8 => "G.711 mu-law",
        10 => AAC,
        11 => "Speex",
        13 => "Opus",
        _ => return None,
    })
}

const H264: &str = "H.264 (AVC)";
const H265: &str = "H.265 (HEVC)";
const H266: &str = "H.266 (VVC)";
const MP3: &str = "MP3";
const AAC: &str = "AAC";

/// FourCCs, and the names that publishers write instead; what stands behind a
/// point are parameters.
fn codec_by_text(text: &str) -> Option<&'static str> {
    let (id, _) = text
        .split_once('.')
        .filter(|(id, _)| !id.is_empty())
        .unwrap_or((text, ""));
    let id = id.to_ascii_lowercase();
    Some(match id.as_str() {
        "avc1" | "avc3" | "avc" | "h264" | "x264" => H264,
        "hvc1" | "hev1" | "hevc" | "h265" | "x265" => H265,
        "vvc1" | "vvc" | "h266" => H266,
        "av01" | "av1" => "AV1",
        "vp08" | "vp8" => "VP8",
        "vp09" | "vp9" => "VP9",
        "mp4a" | "aac" => AAC,
        ".mp3" | "mp3" => MP3,
        "opus" => "Opus",
        "flac" => "FLAC",
        "ac-3" | "ac3" => "AC-3",
        "ec-3" | "eac3" => "E-AC-3",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
