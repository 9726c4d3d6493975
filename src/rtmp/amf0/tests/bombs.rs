// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages made to take much memory.

use super::super::super::amf::{Error, MAX_BYTES, Object, Value};
use super::super::decode_measured;
use super::shapes::bombs;

#[test]
fn a_mebibyte_of_any_shape_stays_within_the_limits() {
    for (shape, bytes) in bombs() {
        let (values, error, spent) = decode_measured(&bytes);
        assert!(spent <= MAX_BYTES, "{shape}: {spent}");
        let kept: usize = values.iter().map(memory).sum();
        assert!(kept <= spent, "{shape}: {kept} of {spent}");
        // Each is more than may be, so none is a smaller thing than it seems.
        let full = matches!(error, Some(Error::TooManyElements | Error::TooManyBytes));
        assert!(full || shape == "damaged text", "{shape}: {error:?}");
    }
}

/// Memory that a value takes by the capacities of its parts, itself not included.
fn memory(value: &Value) -> usize {
    let piece = |bytes: usize| if bytes == 0 { 0 } else { bytes + 8 };
    let members = |object: &Object| -> usize {
        let parts = object
            .iter()
            .map(|(name, value)| piece(name.len()) + memory(value));
        piece(object.len() * size_of::<(String, Value)>()) + parts.sum::<usize>()
    };
    match value {
        Value::Number(_) | Value::Boolean(_) | Value::Null | Value::Undefined | Value::Date(_) => 0,
        Value::String(text) | Value::Xml(text) => piece(text.capacity()),
        Value::ByteArray(bytes) => piece(bytes.capacity()),
        Value::Object(object) | Value::EcmaArray(object) => members(object),
        Value::TypedObject {
            class,
            members: object,
        } => piece(class.capacity()) + members(object),
        Value::StrictArray(values) => {
            piece(values.capacity() * size_of::<Value>()) + values.iter().map(memory).sum::<usize>()
        }
    }
}
