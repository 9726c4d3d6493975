// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which data messages become FLV script data, and from which byte on.
//!
//! Publishers and some servers put `@setDataFrame` before the name that
//! demuxers look for; data messages of type 15 begin with a format byte; some
//! names are talk between server and player and belong in no file.
//!
//! The arguments are not decoded: metadata values are for others. Players call
//! this for message types 15 and 18 and strip or convert the tag accordingly.

use std::borrow::Cow;
use std::fmt;

use super::body::Cursor;
use super::scan;

const STRING: u8 = 0x02;
const LONG_STRING: u8 = 0x0C;

/// How a data message is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataEncoding {
    /// Type 18: AMF0 values.
    Amf0,
    /// Type 15: a format byte, then AMF0 values that may switch to AMF3.
    Amf3,
}

/// What a data message is and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// Its first string behind the decoration, as `onMetaData`; empty if there
    /// is none. Any length, and decoded lossily: cut it before logging.
    pub name: Cow<'a, str>,
    /// What becomes of it.
    pub action: ScriptAction,
}

/// What becomes of a data message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptAction {
    /// It becomes a script tag.
    Forward {
        /// Bytes to leave out at the front.
        skip: usize,
    },
    /// It becomes a script tag once its values are written anew: there are
    /// AMF3 ones among them, which tags of type 18 cannot hold, or damaged ones.
    Convert {
        /// Bytes to leave out at the front.
        skip: usize,
    },
    /// It does not become a tag.
    Drop(ScriptDrop),
}

/// Why a data message does not become a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScriptDrop {
    /// No bytes at all.
    Empty,
    /// It does not begin with a whole string.
    NoName,
    /// It tells a server to forget metadata.
    ClearDataFrame,
    /// What the player may do with decoded samples.
    SampleAccess,
    /// A status or play status, which the session reads.
    Status,
    /// It does not begin as messages of its type do.
    Malformed,
}

impl fmt::Display for ScriptDrop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty data message",
            Self::NoName => "data message without a name",
            Self::ClearDataFrame => "request to clear metadata",
            Self::SampleAccess => "sample access rights",
            Self::Status => "status as a data message",
            Self::Malformed => "malformed data message",
        })
    }
}

/// Decides about the body of a data message.
#[must_use]
pub fn inspect_data(encoding: DataEncoding, body: &[u8]) -> Script<'_> {
    if body.is_empty() {
        return nameless(ScriptDrop::Empty);
    }
    let format_byte = match (encoding, body.first()) {
        (DataEncoding::Amf3, Some(0)) => 1,
        // A few peers send type 15 without the format byte.
        (DataEncoding::Amf3, Some(&STRING)) | (DataEncoding::Amf0, _) => 0,
        (DataEncoding::Amf3, _) => return nameless(ScriptDrop::Malformed),
    };
    let mut skip: usize = format_byte;
    loop {
        let rest = body.get(skip..).unwrap_or_default();
        let Some((name, size)) = first_string(rest) else {
            return nameless(ScriptDrop::NoName);
        };
        // More than once: a relay that put its own in front.
        if name == b"@setDataFrame" {
            skip = skip.saturating_add(size);
            continue;
        }
        return Script {
            name: String::from_utf8_lossy(name),
            action: match refusal(name) {
                Some(reason) => ScriptAction::Drop(reason),
                // Demuxers read type 18 themselves and stop where they have to.
                None if encoding == DataEncoding::Amf0 || scan::is_only_amf0(rest) => {
                    ScriptAction::Forward { skip }
                }
                None => ScriptAction::Convert { skip },
            },
        };
    }
}

fn refusal(name: &[u8]) -> Option<ScriptDrop> {
    Some(match name {
        b"@clearDataFrame" => ScriptDrop::ClearDataFrame,
        b"|RtmpSampleAccess" => ScriptDrop::SampleAccess,
        b"onStatus" | b"onPlayStatus" => ScriptDrop::Status,
        _ => return None,
    })
}

const fn nameless(reason: ScriptDrop) -> Script<'static> {
    Script {
        name: Cow::Borrowed(""),
        action: ScriptAction::Drop(reason),
    }
}

/// The text of the string that stands first, and the bytes that all of it takes.
fn first_string(values: &[u8]) -> Option<(&[u8], usize)> {
    let mut cursor = Cursor::new(values);
    let (header, size) = match cursor.u8().ok()? {
        STRING => (3, u32::from(cursor.u16().ok()?)),
        LONG_STRING => (5, cursor.u32().ok()?),
        _ => return None,
    };
    let text = cursor.take(usize::try_from(size).ok()?).ok()?;
    Some((text, text.len().saturating_add(header)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flv::tag::{Tag, TagType};
    use crate::rtmp::Payload;
    use crate::rtmp::vectors::hex;

    const SET_DATA_FRAME: &str = "02 00 0D 40 73 65 74 44 61 74 61 46 72 61 6D 65";

    const METADATA: &str = "02 00 0A 6F 6E 4D 65 74 61 44 61 74 61 08 00 00 00 03 00 05 77 69 64 \
        74 68 00 40 9E 00 00 00 00 00 00 00 0C 76 69 64 65 6F 63 6F 64 65 63 69 64 00 41 DA 1D 98 \
        CC 40 00 00 00 06 73 74 65 72 65 6F 01 01 00 00 09";

    const PLAY_STATUS: &str = "02 00 0C 6F 6E 50 6C 61 79 53 74 61 74 75 73 03 00 04 63 6F 64 65 \
        02 00 17 4E 65 74 53 74 72 65 61 6D 2E 50 6C 61 79 2E 43 6F 6D 70 6C 65 74 65 00 05 6C 65 \
        76 65 6C 02 00 06 73 74 61 74 75 73 00 08 64 75 72 61 74 69 6F 6E 00 40 29 00 00 00 00 00 \
        00 00 05 62 79 74 65 73 00 40 B0 00 00 00 00 00 00 00 00 09";

    fn string(text: &str) -> Vec<u8> {
        let mut bytes = vec![2];
        bytes.extend((text.len() as u16).to_be_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }

    fn action(encoding: DataEncoding, body: &[u8]) -> (String, ScriptAction) {
        let script = inspect_data(encoding, body);
        (script.name.into_owned(), script.action)
    }

    fn forward(name: &str, skip: usize) -> (String, ScriptAction) {
        (name.to_owned(), ScriptAction::Forward { skip })
    }

    fn dropped(name: &str, reason: ScriptDrop) -> (String, ScriptAction) {
        (name.to_owned(), ScriptAction::Drop(reason))
    }

    #[test]
    fn metadata_is_forwarded_as_it_is() {
        assert_eq!(
            action(DataEncoding::Amf0, &hex(METADATA)),
            forward("onMetaData", 0)
        );
    }

    #[test]
    fn set_data_frame_is_left_out_in_place() {
        let body = [hex(SET_DATA_FRAME), hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf0, &body), forward("onMetaData", 16));
        let mut tag = Tag::from_payload(TagType::Script, 0, Payload::from(&body[..]));
        tag.strip_front(16);
        assert_eq!(tag.body(), hex(METADATA));
    }

    #[test]
    fn set_data_frame_as_a_long_string_is_left_out_whole() {
        let long = hex("0C 00 00 00 0D 40 73 65 74 44 61 74 61 46 72 61 6D 65");
        let body = [long.clone(), hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf0, &body), forward("onMetaData", 18));
        let body = [vec![0], hex(SET_DATA_FRAME), long, hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf3, &body), forward("onMetaData", 35));
    }

    #[test]
    fn repeated_set_data_frame_is_left_out_too() {
        let body = [hex(SET_DATA_FRAME), hex(SET_DATA_FRAME), hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf0, &body), forward("onMetaData", 32));
    }

    #[test]
    fn other_names_are_forwarded() {
        for name in ["onFI", "onTextData", "onCuePoint", "", "x"] {
            assert_eq!(action(DataEncoding::Amf0, &string(name)), forward(name, 0));
        }
        assert_eq!(
            action(DataEncoding::Amf0, &hex("0C 00 00 00 02 68 69")),
            forward("hi", 0)
        );
    }

    #[test]
    fn talk_between_server_and_player_is_dropped() {
        for (name, reason) in [
            ("@clearDataFrame", ScriptDrop::ClearDataFrame),
            ("|RtmpSampleAccess", ScriptDrop::SampleAccess),
            ("onStatus", ScriptDrop::Status),
        ] {
            let body = string(name);
            assert_eq!(action(DataEncoding::Amf0, &body), dropped(name, reason));
            let body = [hex(SET_DATA_FRAME), body].concat();
            assert_eq!(action(DataEncoding::Amf0, &body), dropped(name, reason));
            let body = [vec![0], body].concat();
            assert_eq!(action(DataEncoding::Amf3, &body), dropped(name, reason));
        }
        assert_eq!(
            action(DataEncoding::Amf0, &hex(PLAY_STATUS)),
            dropped("onPlayStatus", ScriptDrop::Status)
        );
    }

    #[test]
    fn type_15_without_amf3_loses_its_format_byte() {
        let body = [vec![0], hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf3, &body), forward("onMetaData", 1));
        let body = [vec![0], hex(SET_DATA_FRAME), hex(METADATA)].concat();
        assert_eq!(action(DataEncoding::Amf3, &body), forward("onMetaData", 17));
        assert_eq!(
            action(DataEncoding::Amf3, &hex(METADATA)),
            forward("onMetaData", 0)
        );
    }

    #[test]
    fn type_15_with_amf3_is_converted_and_type_18_is_not() {
        let mut body = [vec![0], string("onMetaData")].concat();
        body.extend(hex("11 0A 0B 01 09 63 6F 64 65 06 05 6F 6B 01"));
        assert_eq!(
            action(DataEncoding::Amf3, &body),
            ("onMetaData".to_owned(), ScriptAction::Convert { skip: 1 })
        );
        assert_eq!(
            action(DataEncoding::Amf0, &body[1..]),
            forward("onMetaData", 0)
        );
    }

    #[test]
    fn type_15_with_another_beginning_is_dropped_and_damaged_values_are_told_apart() {
        for text in ["01 02 00 01 61", "FF", "09"] {
            let result = action(DataEncoding::Amf3, &hex(text));
            assert_eq!(result, dropped("", ScriptDrop::Malformed));
        }
        assert_eq!(
            action(DataEncoding::Amf3, &hex("00 02 00 01 61 04")),
            ("a".to_owned(), ScriptAction::Convert { skip: 1 })
        );
    }

    #[test]
    fn messages_without_a_name_are_dropped() {
        assert_eq!(
            action(DataEncoding::Amf0, &[]),
            dropped("", ScriptDrop::Empty)
        );
        assert_eq!(
            action(DataEncoding::Amf3, &[]),
            dropped("", ScriptDrop::Empty)
        );
        for text in [
            "05",
            "02",
            "02 00",
            "02 00 05 61",
            "0C FF FF FF FF 61",
            SET_DATA_FRAME,
        ] {
            let result = action(DataEncoding::Amf0, &hex(text));
            assert_eq!(result, dropped("", ScriptDrop::NoName), "{text}");
        }
    }

    #[test]
    fn every_truncation_is_decided_without_panic() {
        let body = [vec![0], hex(SET_DATA_FRAME), hex(METADATA)].concat();
        for len in 0..body.len() {
            let _ = inspect_data(DataEncoding::Amf3, &body[..len]);
            let _ = inspect_data(DataEncoding::Amf0, body.get(1..len).unwrap_or_default());
        }
    }

    #[test]
    fn names_need_not_be_utf_8() {
        let (name, _) = action(DataEncoding::Amf0, &hex("02 00 02 61 FF"));
        assert_eq!(name, "a\u{FFFD}");
    }
}
