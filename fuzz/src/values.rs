// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What must hold for AMF values whichever way they came.

use gstrtmpr::rtmp::amf::{MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS, Object, Value};
use gstrtmpr::rtmp::amf0;

/// How much there is of some values.
#[derive(Debug, Default)]
pub(super) struct Size {
    pub(super) elements: usize,
    /// Of names, text and binary data.
    pub(super) bytes: usize,
    pub(super) depth: usize,
}

impl Size {
    pub(super) fn of(values: &[Value]) -> Self {
        let mut size = Self::default();
        for value in values {
            size.add(value, 0);
        }
        size
    }

    fn add(&mut self, value: &Value, depth: usize) {
        self.elements += 1;
        self.depth = self.depth.max(depth);
        match value {
            Value::String(text) | Value::Xml(text) => self.bytes += text.len(),
            Value::ByteArray(bytes) => self.bytes += bytes.len(),
            Value::Object(members) | Value::EcmaArray(members) => self.add_members(members, depth),
            Value::TypedObject { class, members } => {
                self.bytes += class.len();
                self.add_members(members, depth);
            }
            Value::StrictArray(values) => {
                for value in values {
                    self.add(value, depth + 1);
                }
                self.depth = self.depth.max(depth + 1);
            }
            Value::Number(_)
            | Value::Boolean(_)
            | Value::Null
            | Value::Undefined
            | Value::Date(_) => {}
        }
    }

    fn add_members(&mut self, members: &Object, depth: usize) {
        self.depth = self.depth.max(depth + 1);
        for (name, value) in members.iter() {
            self.bytes += name.len();
            self.add(value, depth + 1);
        }
    }
}

/// The limits of a message hold.
pub(super) fn assert_bounded(values: &[Value]) {
    let size = Size::of(values);
    assert!(size.elements <= MAX_ELEMENTS, "{size:?}");
    assert!(size.depth <= MAX_DEPTH, "{size:?}");
    assert!(size.bytes <= MAX_BYTES, "{size:?}");
}

/// Written as AMF0 and read again, values are the same, as far as AMF0 has them.
pub(super) fn assert_round_trip(values: &[Value]) {
    let written = amf0::encode_all(values);
    let read = match amf0::decode_all(&written) {
        Ok(read) => read,
        Err(error) => panic!("{error}: {values:?}"),
    };
    assert_same(&read, &values.iter().map(in_amf0).collect::<Vec<_>>());
    assert_eq!(amf0::encode_all(&read), written);
}

/// Equal, and numbers that are none count as equal if their bits are.
pub(super) fn assert_same(values: &[Value], expected: &[Value]) {
    // What tells values apart is all in their text; -0 and 0 differ there, too.
    assert_eq!(format!("{values:?}"), format!("{expected:?}"));
}

/// What becomes of a value in AMF0.
fn in_amf0(value: &Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(members_in_amf0(members)),
        Value::EcmaArray(members) => Value::EcmaArray(members_in_amf0(members)),
        Value::StrictArray(values) => Value::StrictArray(values.iter().map(in_amf0).collect()),
        Value::TypedObject { class, members } => Value::TypedObject {
            class: short(class),
            members: members_in_amf0(members),
        },
        other => other.clone(),
    }
}

fn members_in_amf0(members: &Object) -> Object {
    let named = members.iter().filter(|(name, _)| !name.is_empty());
    named
        .map(|(name, value)| (short(name), in_amf0(value)))
        .collect()
}

fn short(text: &str) -> String {
    let end = text.floor_char_boundary(usize::from(u16::MAX));
    text[..end].to_owned()
}
