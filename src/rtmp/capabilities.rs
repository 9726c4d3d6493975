// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a side can do beyond RTMP 1.0, as `connect` and its answer say it
//! (Enhanced RTMP v2, "Enhancing NetConnection connect Command").
//!
//! | field | type | says |
//! |---|---|---|
//! | `capsEx` | number | bits of [`caps_ex`] |
//! | `fourCcList` | strict array of strings | codecs, `*` for any |
//! | `videoFourCcInfoMap`, `audioFourCcInfoMap` | object | codec → bits of [`info`] |
//!
//! Servers answer in the information object, but also in the properties or in
//! an object `data` inside of either. What cannot be used is skipped. Which
//! codecs exist is known here only to tell video from audio.

use std::fmt;

use super::amf::{Object, Value};

/// What a side does with a codec: the bits in the info maps.
pub mod info {
    /// It can decode it.
    pub const DECODE: u32 = 1;
    /// It can encode it.
    pub const ENCODE: u32 = 2;
    /// It can pass it on.
    pub const FORWARD: u32 = 4;
}

/// The bits of `capsEx`.
pub mod caps_ex {
    /// Understands `NetConnection.Connect.ReconnectRequest`.
    pub const RECONNECT: u32 = 1;
    /// Reads packets of several tracks.
    pub const MULTITRACK: u32 = 2;
    /// Reads ModEx blocks in front of packets.
    pub const MOD_EX: u32 = 4;
    /// Uses the nanoseconds that a ModEx block can hold.
    pub const TIMESTAMP_NANO_OFFSET: u32 = 8;
}

/// Any codec.
pub const WILDCARD: &str = "*";

/// FourCCs of Enhanced RTMP v2 for video.
pub const VIDEO_FOURCCS: [&str; 6] = ["avc1", "hvc1", "vvc1", "av01", "vp08", "vp09"];

/// FourCCs of Enhanced RTMP v2 for audio.
pub const AUDIO_FOURCCS: [&str; 6] = ["mp4a", ".mp3", "Opus", "fLaC", "ac-3", "ec-3"];

/// Codecs of one medium that are kept from a peer. Twelve are defined.
pub const MAX_CODECS: usize = 32;

/// Entries of a peer's list or map that are looked at.
const MAX_ENTRIES: usize = 1024;

const CAPS_EX: &str = "capsEx";
const LIST: &str = "fourCcList";
const VIDEO_MAP: &str = "videoFourCcInfoMap";
const AUDIO_MAP: &str = "audioFourCcInfoMap";

/// A codec and what a side does with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// Four ASCII characters, or [`WILDCARD`].
    pub four_cc: String,
    /// Bits of [`info`]; 0 if it was only listed.
    pub info: u32,
}

/// What one side announces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Video codecs, no FourCC twice.
    pub video: Vec<Codec>,
    /// Audio codecs, no FourCC twice.
    pub audio: Vec<Codec>,
    /// Bits of [`caps_ex`].
    pub caps_ex: u32,
}

impl Capabilities {
    /// These codecs, with the same bits for all.
    pub fn new<'a>(
        video: impl IntoIterator<Item = &'a str>,
        audio: impl IntoIterator<Item = &'a str>,
        info: u32,
        caps_ex: u32,
    ) -> Self {
        let codec = |four_cc: &str| Codec {
            four_cc: four_cc.to_owned(),
            info,
        };
        Self {
            video: video.into_iter().map(codec).collect(),
            audio: audio.into_iter().map(codec).collect(),
            caps_ex,
        }
    }

    /// Whether nothing is announced.
    pub fn is_empty(&self) -> bool {
        self.video.is_empty() && self.audio.is_empty() && self.caps_ex == 0
    }

    /// What `fourCcList` holds: video, then audio, no name twice. The list does
    /// not tell media apart, so the wildcard is in it only if both have it.
    pub fn four_ccs(&self) -> Vec<&str> {
        let any = self.has_video(WILDCARD) && self.has_audio(WILDCARD);
        let mut names: Vec<&str> = Vec::new();
        for codec in self.video.iter().chain(&self.audio) {
            let name = codec.four_cc.as_str();
            if !names.contains(&name) && (any || name != WILDCARD) {
                names.push(name);
            }
        }
        names
    }

    /// Whether this video codec is announced, by name or by the wildcard.
    pub fn has_video(&self, four_cc: &str) -> bool {
        has(&self.video, four_cc)
    }

    /// Whether this audio codec is announced, by name or by the wildcard.
    pub fn has_audio(&self, four_cc: &str) -> bool {
        has(&self.audio, four_cc)
    }

    /// Adds the fields to an object; those that would say nothing are left out.
    ///
    /// Nothing should follow: very old parsers stop at a type that they do not
    /// know, so the number comes first and the containers last.
    pub fn write(&self, object: &mut Object) {
        if self.caps_ex != 0 {
            object.push(CAPS_EX, f64::from(self.caps_ex));
        }
        let names = self.four_ccs();
        if !names.is_empty() {
            let names = names.into_iter().map(Value::from).collect();
            object.push(LIST, Value::StrictArray(names));
        }
        for (field, codecs) in [(VIDEO_MAP, &self.video), (AUDIO_MAP, &self.audio)] {
            let map: Object = codecs
                .iter()
                .filter(|codec| codec.info != 0)
                .map(|codec| (codec.four_cc.as_str(), f64::from(codec.info)))
                .collect();
            if !map.is_empty() {
                object.push(field, map);
            }
        }
    }

    /// What a client announced in the command object of `connect`; `None` if
    /// nothing that can be used.
    pub fn in_request(object: &Object) -> Option<Self> {
        Self::read([object])
    }

    /// What a server announced in its answer to `connect`; `None` if nothing
    /// that can be used.
    pub fn in_answer(properties: &Object, information: &Object) -> Option<Self> {
        Self::read([information, properties])
    }

    /// Reads the fields in these objects and in their `data`. An earlier
    /// object's word counts.
    fn read<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Option<Self> {
        let mut found = Self::default();
        let mut caps_ex = None;
        let mut said = false;
        for object in objects {
            let data = object.get("data").and_then(Value::as_object);
            for object in std::iter::once(object).chain(data) {
                caps_ex = caps_ex.or_else(|| field(object, CAPS_EX).and_then(bits));
                // The maps first: they say more of a codec than the list.
                for (name, codecs) in [(VIDEO_MAP, &mut found.video), (AUDIO_MAP, &mut found.audio)]
                {
                    if let Some(map) = field(object, name).and_then(Value::as_object) {
                        read_map(map, codecs);
                        said = true;
                    }
                }
                said |= field(object, LIST).is_some_and(|list| found.read_list(list));
            }
        }
        found.caps_ex = caps_ex.unwrap_or_default();
        (said || caps_ex.is_some()).then_some(found)
    }

    /// Adds the codecs of a `fourCcList`; false if it is none.
    fn read_list(&mut self, list: &Value) -> bool {
        let names: Vec<&str> = match (list, list.as_object()) {
            (Value::StrictArray(values), _) => values
                .iter()
                .take(MAX_ENTRIES)
                .filter_map(Value::as_str)
                .collect(),
            // As encoders without strict arrays write them.
            (_, Some(object)) => object
                .iter()
                .take(MAX_ENTRIES)
                .filter_map(|(_, value)| value.as_str())
                .collect(),
            _ => return false,
        };
        for four_cc in names {
            // Others cannot be told to be video or audio.
            if four_cc == WILDCARD || VIDEO_FOURCCS.contains(&four_cc) {
                add(&mut self.video, four_cc, 0);
            }
            if four_cc == WILDCARD || AUDIO_FOURCCS.contains(&four_cc) {
                add(&mut self.audio, four_cc, 0);
            }
        }
        true
    }
}

/// For the log: the FourCCs, and `capsEx` if it says something.
impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.four_ccs();
        match names.is_empty() {
            true => f.write_str("no codecs")?,
            false => f.write_str(&names.join(", "))?,
        }
        match self.caps_ex {
            0 => Ok(()),
            bits => write!(f, "; {CAPS_EX} {bits}"),
        }
    }
}

fn has(codecs: &[Codec], four_cc: &str) -> bool {
    codecs
        .iter()
        .any(|codec| codec.four_cc == four_cc || codec.four_cc == WILDCARD)
}

/// A member, however its name is capitalised: Red5 writes `CapsEx`.
fn field<'a>(object: &'a Object, name: &str) -> Option<&'a Value> {
    object
        .iter()
        .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
}

/// A number as bits; `None` for what is no 32-bit number.
fn bits(value: &Value) -> Option<u32> {
    let number = value.as_f64()?;
    (0.0..=f64::from(u32::MAX))
        .contains(&number)
        .then_some(number as u32)
}

fn read_map(map: &Object, codecs: &mut Vec<Codec>) {
    for (four_cc, value) in map.iter().take(MAX_ENTRIES) {
        if let Some(info) = bits(value) {
            add(codecs, four_cc, info);
        }
    }
}

/// Adds a codec, or the bits to one that was only listed so far. Skips what is
/// no FourCC and what is too much.
fn add(codecs: &mut Vec<Codec>, four_cc: &str, info: u32) {
    if let Some(known) = codecs.iter_mut().find(|codec| codec.four_cc == four_cc) {
        if known.info == 0 {
            known.info = info;
        }
        return;
    }
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let named = four_cc.len() == 4 && four_cc.bytes().all(printable);
    if (named || four_cc == WILDCARD) && codecs.len() < MAX_CODECS {
        codecs.push(Codec {
            four_cc: four_cc.to_owned(),
            info,
        });
    }
}

#[cfg(test)]
mod tests;
