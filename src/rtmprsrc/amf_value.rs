// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF values as GLib values. What becomes what is an interface, described in
//! `docs/messages.md`.
//!
//! The values are a peer's. GLib takes text without NUL only, GStreamer arrays
//! of one type only; a field's name stays in memory for ever, and each
//! structure inside another doubles the length of its text in a log. So names,
//! values and depth are limited here, and [`Converter::cut`] tells what was
//! left out.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use gst::prelude::*;

use crate::rtmp::amf::{MAX_BYTES, Object, Value};

/// Values in one message.
const MAX_VALUES: usize = 32_768;

/// Members of one object: a structure looks through all its fields for each.
const MAX_MEMBERS: usize = 1024;

/// Structures inside each other, that of the message included.
const MAX_DEPTH: usize = 8;

/// Longest name that becomes that of a field or a structure. Bytes.
const MAX_NAME: usize = 128;

/// Names that one process makes known to GLib.
const MAX_NAMES: usize = 4096;

/// Why values are missing beyond [`MAX_VALUES`].
const TOO_MANY: &str = "too many values";

/// The structure of an object without a class whose name can be used.
const OBJECT: &str = "object";
/// The structure around an element of a mixed array.
const ITEM: &str = "item";
/// The structure around a member whose name no field can have.
const MEMBER: &str = "member";
/// The field for the class, if it is not the structure's name.
const CLASS_FIELD: &str = "amf-class";
/// The field for members that cannot be fields.
const MEMBERS_FIELD: &str = "amf-members";

/// How many names may still be made known to GLib, which never forgets one.
pub(super) struct Names(AtomicUsize);

/// The names of this process.
pub(super) static NAMES: Names = Names::new(MAX_NAMES);

impl Names {
    pub(super) const fn new(left: usize) -> Self {
        Self(AtomicUsize::new(left))
    }

    /// Whether this may be the name of a field: it can be written and read
    /// back as one, and GLib knows it or there is room for it.
    fn admit_field(&self, name: &str) -> bool {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/:.".contains(&byte);
        if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(legal) {
            return false;
        }
        if glib::Quark::try_from_str(name).is_some() {
            return true;
        }
        let room = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if room.is_err() {
            return false;
        }
        // Newer versions of GStreamer do not do it themselves.
        glib::Quark::from_str(name);
        true
    }

    /// Whether this may be the name of a structure.
    fn admit_structure(&self, name: &str) -> bool {
        name.starts_with(|first: char| first.is_ascii_alphabetic()) && self.admit_field(name)
    }
}

/// What a value takes in an array or a structure, in bytes, with what these grow by.
const VALUE: usize = 64;

/// What a piece of text or data takes beside itself, in bytes.
const PIECE: usize = 48;

/// What a structure takes beside its values, in bytes.
const STRUCTURE: usize = 256;

/// The most that the values of one message take, in bytes: each in a structure of its
/// own, and all text that there may be.
pub(crate) const MAX_MESSAGE_BYTES: usize = MAX_VALUES * (STRUCTURE + 2 * VALUE) + MAX_BYTES;

/// Names that GLib is made to keep in one process, and what each takes at most, with
/// the table that they are in, in bytes.
pub(crate) const NAMES_BYTES: usize = MAX_NAMES * (MAX_NAME + 128);

/// Converts the values of one message.
pub(super) struct Converter<'a> {
    names: &'a Names,
    left: usize,
    /// Memory that the values take, in bytes.
    pub(super) bytes: usize,
    /// What was left out, in words.
    pub(super) cut: Option<&'static str>,
}

impl<'a> Converter<'a> {
    pub(super) const fn new(names: &'a Names) -> Self {
        Self {
            names,
            left: MAX_VALUES,
            bytes: 0,
            cut: None,
        }
    }

    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.saturating_add(bytes);
    }

    /// One value, as a field of a message; `None` stands for null.
    pub(super) fn value(&mut self, value: &Value) -> Option<glib::SendValue> {
        self.nested(value, 1)
    }

    /// Several values, as a field of a message.
    pub(super) fn values(&mut self, values: &[Value]) -> glib::SendValue {
        self.array(values, 1)
    }

    /// A value inside `depth` structures.
    fn nested(&mut self, value: &Value, depth: usize) -> Option<glib::SendValue> {
        let Some(left) = self.left.checked_sub(1) else {
            self.cut = Some(TOO_MANY);
            return None;
        };
        self.left = left;
        self.count(VALUE);
        if let Value::String(text) | Value::Xml(text) = value {
            self.count(text.len().saturating_add(PIECE));
        } else if let Value::ByteArray(bytes) = value {
            self.count(bytes.len().saturating_add(PIECE));
        }
        match value {
            Value::Null | Value::Undefined => None,
            Value::Number(number) => Some(number.to_send_value()),
            Value::Boolean(value) => Some(value.to_send_value()),
            Value::String(text) | Value::Xml(text) => Some(self::text(text).to_send_value()),
            Value::Date(milliseconds) => Some(date(*milliseconds)),
            Value::ByteArray(bytes) => Some(glib::Bytes::from(bytes).to_send_value()),
            Value::StrictArray(values) => Some(self.array(values, depth)),
            Value::Object(members) | Value::EcmaArray(members) => self.object("", members, depth),
            Value::TypedObject { class, members } => self.object(class, members, depth),
        }
    }

    /// A structure for an object, unless it would be too deep.
    fn object(&mut self, class: &str, members: &Object, depth: usize) -> Option<glib::SendValue> {
        let depth = self.deeper(depth)?;
        let named = self.names.admit_structure(class);
        let mut structure = gst::Structure::new_empty(if named { class } else { OBJECT });
        self.count(STRUCTURE);
        if !named && !class.is_empty() {
            self.count(class.len().saturating_add(VALUE + PIECE));
            structure.set(CLASS_FIELD, &*text(class));
        }
        if members.len() > MAX_MEMBERS {
            self.cut = Some("too many members of an object");
        }
        // Of several members with one name the last one counts.
        let members = || members.iter().take(MAX_MEMBERS).enumerate();
        let last: HashMap<_, _> = members().map(|(i, (name, _))| (name, i)).collect();
        let mut others = Vec::new();
        for (i, (name, value)) in members() {
            let counts =
                last.get(name) == Some(&i) && ![CLASS_FIELD, MEMBERS_FIELD].contains(&name);
            if !counts || !self.names.admit_field(name) {
                others.push((name, value));
            } else if let Some(value) = self.nested(value, depth) {
                structure.set_value(name, value);
            }
        }
        if !others.is_empty()
            && let Some(depth) = self.deeper(depth)
        {
            let others = others.into_iter().map(|(name, value)| {
                let mut member = gst::Structure::new_empty(MEMBER);
                self.count(name.len().saturating_add(STRUCTURE + VALUE + PIECE));
                member.set("name", &*text(name));
                member.set_value_if_some("value", self.nested(value, depth));
                member.to_send_value()
            });
            let others: gst::Array = others.collect();
            structure.set(MEMBERS_FIELD, others);
        }
        Some(structure.to_send_value())
    }

    /// An array of plain values if they are of one type, else one of items.
    fn array(&mut self, values: &[Value], depth: usize) -> glib::SendValue {
        let converted: gst::Array = if is_uniform(values) {
            values
                .iter()
                .map_while(|value| self.nested(value, depth))
                .collect()
        } else if let Some(depth) = self.deeper(depth) {
            let items = values.iter().map_while(|value| {
                if self.left == 0 {
                    self.cut = Some(TOO_MANY);
                    return None;
                }
                let mut item = gst::Structure::new_empty(ITEM);
                self.count(STRUCTURE);
                item.set_value_if_some("value", self.nested(value, depth));
                Some(item.to_send_value())
            });
            items.collect()
        } else {
            gst::Array::default()
        };
        converted.to_send_value()
    }

    fn deeper(&mut self, depth: usize) -> Option<usize> {
        if depth >= MAX_DEPTH {
            self.cut = Some("objects too deep inside each other");
            return None;
        }
        Some(depth.saturating_add(1))
    }
}

/// Whether GStreamer takes these values in one array. Dates that cannot be
/// dates, nulls and arrays in arrays would depend on what they hold.
fn is_uniform(values: &[Value]) -> bool {
    let kind = |value: &Value| match value {
        Value::Number(_) => Some(0),
        Value::Boolean(_) => Some(1),
        Value::String(_) | Value::Xml(_) => Some(2),
        Value::Object(_) | Value::EcmaArray(_) | Value::TypedObject { .. } => Some(3),
        Value::ByteArray(_) => Some(4),
        Value::Date(_) | Value::Null | Value::Undefined | Value::StrictArray(_) => None,
    };
    let Some(first) = values.first() else {
        return true;
    };
    let first = kind(first);
    first.is_some() && values.iter().all(|value| kind(value) == first)
}

/// Text as GLib can hold it.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{FFFD}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// A date, or the number if that is in no year from 1 to 9999.
fn date(milliseconds: f64) -> glib::SendValue {
    match date_time(milliseconds) {
        Some(date) => date.to_send_value(),
        None => milliseconds.to_send_value(),
    }
}

/// The date so many milliseconds after 1970 began, in UTC.
pub(super) fn date_time(milliseconds: f64) -> Option<gst::DateTime> {
    const YEAR_1: f64 = -62_135_596_800_000.0;
    const YEAR_10000: f64 = 253_402_300_800_000.0;
    if !(YEAR_1..YEAR_10000).contains(&milliseconds) {
        return None;
    }
    let microseconds = (milliseconds * 1000.0).floor() as i64;
    gst::DateTime::from_unix_epoch_utc_usecs(microseconds).ok()
}

#[cfg(test)]
mod tests;
