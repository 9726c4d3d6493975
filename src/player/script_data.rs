// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a data message says, decoded for the application.
//!
//! A message costs memory in proportion to its length, whatever references it
//! holds, and very long ones are not decoded at all.

use bytes::{Bytes, BytesMut};

use crate::rtmp::amf::{MAX_BYTES, MAX_DECODING_BYTES, Object, Value};
use crate::rtmp::amf0;

/// Longer messages are not decoded. The session refuses data messages beyond
/// this, but not parts of aggregates. Bytes.
pub(crate) const MAX_DECODED: usize = 1 << 20;

/// The most that a message takes while it is written anew, in bytes: the values, a
/// copy of one without byte arrays, the buffer they are written to, which doubles,
/// and the tag.
pub(crate) const MAX_REWRITING: usize = MAX_DECODING_BYTES + 4 * MAX_BYTES;

/// How much of a name is kept. Bytes.
const MAX_NAME: usize = 256;

/// A data message with a name, such as `onMetaData`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScriptData {
    /// Its name.
    pub name: String,
    /// What stands behind the name, as far as it could be read.
    pub values: Vec<Value>,
    /// Why there is no more.
    pub error: Option<String>,
    /// Decoding time of its tag in milliseconds.
    pub time: u64,
    /// The same from where the first frame is presented; 0 before.
    pub running_time: u64,
    size: usize,
}

impl ScriptData {
    /// Reads a message of this name; `body` begins with the name.
    pub(super) fn read(name: &str, body: &[u8]) -> Self {
        let (mut values, error, size) = if body.len() <= MAX_DECODED {
            let (values, error, size) = amf0::decode_measured(body);
            (values, error.map(|error| error.to_string()), size)
        } else {
            let error = format!("{} bytes are too many", body.len());
            (Vec::new(), Some(error), 0)
        };
        if !values.is_empty() {
            values.remove(0);
        }
        let cut = name.floor_char_boundary(MAX_NAME);
        Self {
            name: name.get(..cut).unwrap_or_default().to_owned(),
            values,
            error,
            time: 0,
            running_time: 0,
            size: size.saturating_add(MAX_NAME),
        }
    }

    /// The whole message in AMF0, without the byte arrays that AMF0 lacks.
    ///
    /// # Errors
    /// Why it is not whole.
    pub(super) fn to_amf0(&self) -> Result<Bytes, &str> {
        if let Some(error) = &self.error {
            return Err(error);
        }
        let mut out = BytesMut::new();
        amf0::encode(&Value::from(self.name.as_str()), &mut out);
        for value in &self.values {
            amf0::encode(&without_bytes(value), &mut out);
        }
        Ok(out.freeze())
    }

    /// Memory that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// A copy with null in place of byte arrays.
fn without_bytes(value: &Value) -> Value {
    let members = |members: &Object| -> Object {
        members
            .iter()
            .map(|(name, value)| (name, without_bytes(value)))
            .collect()
    };
    match value {
        Value::ByteArray(_) => Value::Null,
        Value::Object(object) => Value::Object(members(object)),
        Value::EcmaArray(object) => Value::EcmaArray(members(object)),
        Value::TypedObject {
            class,
            members: object,
        } => Value::TypedObject {
            class: class.clone(),
            members: members(object),
        },
        Value::StrictArray(values) => {
            Value::StrictArray(values.iter().map(without_bytes).collect())
        }
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::vectors::hex;

    fn body(values: &[Value]) -> Vec<u8> {
        amf0::encode_all(values).to_vec()
    }

    #[test]
    fn values_stand_behind_the_name() {
        let values = [
            Value::from(1.0),
            Value::Null,
            Object::new().with("a", "b").into(),
        ];
        let name = Value::from("onX");
        let data = ScriptData::read("onX", &body(&[&[name], &values[..]].concat()));
        assert_eq!(data.name, "onX");
        assert_eq!(data.values, values);
        assert_eq!(data.error, None);
        assert!(
            ScriptData::read("x", &body(&["x".into()]))
                .values
                .is_empty()
        );
        assert!(ScriptData::read("x", &[]).values.is_empty());
    }

    #[test]
    fn what_comes_before_damage_is_kept() {
        let mut body = body(&["onX".into(), 1.0.into()]);
        body.extend(hex("02 00 05 61"));
        let data = ScriptData::read("onX", &body);
        assert_eq!(data.values, [1.0.into()]);
        assert!(data.error.is_some());
        assert!(data.to_amf0().is_err());
    }

    #[test]
    fn amf3_becomes_amf0_without_byte_arrays() {
        // "x", AMF3 {code: "ok", b: byte array 01}, AMF3 integer 5
        let mut message = body(&["x".into()]);
        message.extend(hex(
            "11 0A 0B 01 09 63 6F 64 65 06 05 6F 6B 03 62 0C 03 01 01 11 04 05",
        ));
        let data = ScriptData::read("x", &message);
        let expected = Object::new().with("code", "ok").with("b", Value::Null);
        let expected = body(&["x".into(), expected.into(), 5.0.into()]);
        assert_eq!(data.to_amf0().expect("whole"), expected);
        let kept = data.values.first().and_then(Value::as_object);
        let kept = kept.and_then(|object| object.get("b"));
        assert_eq!(kept, Some(&Value::ByteArray(vec![1])));
    }

    #[test]
    fn what_is_kept_is_bounded_by_the_length_of_the_message() {
        let long = vec![0x05; MAX_DECODED + 1];
        let data = ScriptData::read("x", &long);
        assert!(data.values.is_empty() && data.error.is_some());

        let name = "é".repeat(40_000);
        assert!(ScriptData::read(&name, &[]).name.len() <= MAX_NAME);

        let object = Object::new().with("a", "x".repeat(4000));
        let mut message = body(&["x".into(), object.into()]);
        message.extend(hex("07 00 00").repeat(20_000));
        let data = ScriptData::read("x", &message);
        assert!(data.error.is_some());
        assert!(data.size() <= MAX_BYTES + MAX_NAME, "{}", data.size());
        assert!(data.size() > data.values.len() * 4000);
    }
}
