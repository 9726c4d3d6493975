// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF0 decoding and encoding (Adobe AMF0 specification).
//!
//! [`Decoder`] walks through the values of one command, data or script message and never
//! trusts a count or length; [`decode_all`] and [`decode_lenient`] wrap it. [`encode`] and
//! [`Encoder`] write values. A value behind the marker 11 is handed to
//! [`amf3`], with the limits of the whole message.
//!
//! The session uses this for commands and data messages, the FLV code for script tags.
//! What the values mean is theirs to know.

use bytes::{BufMut, Bytes, BytesMut};

use super::amf::{
    Budget, Error, MAX_DEPTH, Member, Object, Reader, References, Target, Value, deeper,
};
use super::amf3;

mod marker {
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const MOVIE_CLIP: u8 = 0x04;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const REFERENCE: u8 = 0x07;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0A;
    pub(super) const DATE: u8 = 0x0B;
    pub(super) const LONG_STRING: u8 = 0x0C;
    pub(super) const UNSUPPORTED: u8 = 0x0D;
    pub(super) const RECORD_SET: u8 = 0x0E;
    pub(super) const XML: u8 = 0x0F;
    pub(super) const TYPED_OBJECT: u8 = 0x10;
    pub(super) const AVM_PLUS: u8 = 0x11;
}

/// What a message starts with when the AMF3 format byte is missing.
pub(super) const STRING_MARKER: u8 = marker::STRING;

/// Decodes every value of a message.
///
/// # Errors
///
/// The first [`Error`]; the values before it are lost, see [`decode_lenient`].
pub fn decode_all(data: &[u8]) -> Result<Vec<Value>, Error> {
    match decode_lenient(data) {
        (values, None) => Ok(values),
        (_, Some(error)) => Err(error),
    }
}

/// Decodes the values of a message up to the first error, which is returned beside them:
/// the start of a damaged command often says enough.
pub fn decode_lenient(data: &[u8]) -> (Vec<Value>, Option<Error>) {
    Decoder::new(data).rest()
}

/// The same, and the memory that the values take, in bytes.
pub fn decode_measured(data: &[u8]) -> (Vec<Value>, Option<Error>, usize) {
    let mut decoder = Decoder::new(data);
    let (values, error) = decoder.rest();
    (values, error, decoder.budget.spent_bytes())
}

/// Reads the values of one message in turn.
///
/// References (marker 07) are resolved by copying; one that points to nothing, or to a
/// value around it, is read as null. The limits of [`amf`](super::amf) hold for all
/// values of the message together.
#[derive(Debug)]
pub struct Decoder<'a> {
    reader: Reader<'a>,
    budget: Budget,
    references: References,
    /// Values handed out, which the caller is taken to keep.
    taken: usize,
}

impl<'a> Decoder<'a> {
    /// Starts at the first byte of a message body.
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(data),
            budget: Budget::of(data.len()),
            references: References::default(),
            taken: 0,
        }
    }

    /// The next value, or `None` at the end of the message.
    ///
    /// # Errors
    ///
    /// Any [`Error`]. The decoder then stays before the value it cannot read, so further
    /// calls fail too.
    pub fn next_value(&mut self) -> Result<Option<Value>, Error> {
        if self.reader.is_empty() {
            return Ok(None);
        }
        let start = self.reader.position();
        let spent = self.budget.spent_bytes();
        let room = self.budget.room::<Value>(self.taken);
        match room.and_then(|()| self.value(0)) {
            Ok(value) => {
                self.taken = self.taken.saturating_add(1);
                Ok(Some(value))
            }
            Err(error) => {
                self.reader.seek(start);
                // What there was of it is gone.
                self.budget.set_spent_bytes(spent);
                Err(error)
            }
        }
    }

    /// The values up to the end or the first error.
    fn rest(&mut self) -> (Vec<Value>, Option<Error>) {
        let mut values = Vec::new();
        loop {
            match self.next_value() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => return (values, None),
                Err(error) => return (values, Some(error)),
            }
        }
    }

    /// The bytes not read yet.
    pub fn remaining(&self) -> &'a [u8] {
        self.reader.remaining()
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.budget.element()?;
        let start = self.reader.position();
        match self.reader.u8()? {
            marker::NUMBER => Ok(Value::Number(self.reader.f64()?)),
            marker::BOOLEAN => Ok(Value::Boolean(self.reader.u8()? != 0)),
            marker::STRING => Ok(Value::String(self.short_text()?)),
            marker::OBJECT => self.container(start, depth, Self::object),
            marker::MOVIE_CLIP => Err(Error::Unsupported("MovieClip")),
            marker::NULL => Ok(Value::Null),
            marker::UNDEFINED | marker::UNSUPPORTED => Ok(Value::Undefined),
            marker::REFERENCE => self.reference(start, depth),
            marker::ECMA_ARRAY => self.container(start, depth, Self::ecma_array),
            marker::OBJECT_END => Err(Error::UnexpectedObjectEnd),
            marker::STRICT_ARRAY => self.container(start, depth, Self::strict_array),
            marker::DATE => self.date(),
            marker::LONG_STRING => Ok(Value::String(self.long_text()?)),
            marker::RECORD_SET => Err(Error::Unsupported("RecordSet")),
            marker::XML => Ok(Value::Xml(self.long_text()?)),
            marker::TYPED_OBJECT => self.container(start, depth, Self::typed_object),
            marker::AVM_PLUS => amf3::decode_value(&mut self.reader, &mut self.budget, depth),
            unknown => Err(Error::UnknownMarker(unknown)),
        }
    }

    /// Enters the value into the reference table around reading its content.
    fn container(
        &mut self,
        start: usize,
        depth: usize,
        body: fn(&mut Self, usize) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let inner = deeper(depth)?;
        let slot = self.references.begin(start, &mut self.budget)?;
        let value = body(self, inner)?;
        self.references.finish(slot, self.reader.position());
        Ok(value)
    }

    fn reference(&mut self, at: usize, depth: usize) -> Result<Value, Error> {
        let index = usize::from(self.reader.u16()?);
        let Target::At(start) = self.references.target(index, at) else {
            return Ok(Value::Null);
        };
        let resume = self.reader.seek(start);
        let before = self.references.set_repeating(true);
        let value = self.value(depth);
        self.references.set_repeating(before);
        self.reader.seek(resume);
        value
    }

    fn object(&mut self, depth: usize) -> Result<Value, Error> {
        Ok(Value::Object(self.members(depth)?))
    }

    fn typed_object(&mut self, depth: usize) -> Result<Value, Error> {
        let class = self.short_text()?;
        let members = self.members(depth)?;
        Ok(Value::TypedObject { class, members })
    }

    /// The announced count is wrong for many peers: only the end marker counts.
    fn ecma_array(&mut self, depth: usize) -> Result<Value, Error> {
        let _announced = self.reader.u32()?;
        Ok(Value::EcmaArray(self.members(depth)?))
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, Error> {
        let count = self.reader.u32()?;
        // Grows with what really follows: every value takes at least a byte.
        let mut values = Vec::new();
        for _ in 0..count {
            self.budget.room::<Value>(values.len())?;
            values.push(self.value(depth)?);
        }
        Ok(Value::StrictArray(values))
    }

    fn date(&mut self) -> Result<Value, Error> {
        let milliseconds = self.reader.f64()?;
        let _time_zone = self.reader.u16()?;
        Ok(Value::Date(milliseconds))
    }

    fn members(&mut self, depth: usize) -> Result<Object, Error> {
        let mut members = Object::new();
        loop {
            // Some publishers leave out the end of the last object.
            if depth == 1 && self.reader.is_empty() {
                return Ok(members);
            }
            let name = self.short_text()?;
            if name.is_empty() && self.reader.peek() == Some(marker::OBJECT_END) {
                self.reader.u8()?;
                return Ok(members);
            }
            self.budget.room::<Member>(members.len())?;
            let value = self.value(depth)?;
            members.push(name, value);
        }
    }

    fn short_text(&mut self) -> Result<String, Error> {
        let length = self.reader.u16()?;
        let raw = self.reader.take(usize::from(length))?;
        self.budget.text(raw)
    }

    fn long_text(&mut self) -> Result<String, Error> {
        let length = self.reader.u32()?;
        let raw = self.reader.take(length as usize)?;
        self.budget.text(raw)
    }
}

/// Appends one value in AMF0.
///
/// Strings above 65535 bytes become long strings. What AMF0 cannot express is written as
/// the nearest thing: a name or class above 65535 bytes is cut at a character boundary, a
/// member without a name is left out, a byte array is written as AMF3 behind the marker
/// 11, and a container more than [`MAX_DEPTH`] levels deep becomes null.
pub fn encode(value: &Value, out: &mut BytesMut) {
    put_value(value, 0, out);
}

/// Encodes values one after the other, such as a command and its arguments.
pub fn encode_all<'v>(values: impl IntoIterator<Item = &'v Value>) -> Bytes {
    let mut out = BytesMut::new();
    for value in values {
        encode(value, &mut out);
    }
    out.freeze()
}

/// Writes a message value by value, without building [`Value`]s for the simple ones.
#[derive(Debug, Default)]
pub struct Encoder {
    out: BytesMut,
}

impl Encoder {
    /// An empty message.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a string.
    #[must_use]
    pub fn string(mut self, text: &str) -> Self {
        put_string(text, &mut self.out);
        self
    }

    /// Appends a number.
    #[must_use]
    pub fn number(mut self, number: f64) -> Self {
        put_number(number, &mut self.out);
        self
    }

    /// Appends a boolean.
    #[must_use]
    pub fn boolean(mut self, value: bool) -> Self {
        put_boolean(value, &mut self.out);
        self
    }

    /// Appends null.
    #[must_use]
    pub fn null(mut self) -> Self {
        self.out.put_u8(marker::NULL);
        self
    }

    /// Appends any value, as [`encode`] does.
    #[must_use]
    pub fn value(mut self, value: &Value) -> Self {
        encode(value, &mut self.out);
        self
    }

    /// The finished message body.
    pub fn finish(self) -> Bytes {
        self.out.freeze()
    }
}

fn put_value(value: &Value, depth: usize, out: &mut BytesMut) {
    match value {
        Value::Number(number) => put_number(*number, out),
        Value::Boolean(value) => put_boolean(*value, out),
        Value::String(text) => put_string(text, out),
        Value::Null => out.put_u8(marker::NULL),
        Value::Undefined => out.put_u8(marker::UNDEFINED),
        Value::Date(milliseconds) => {
            out.put_u8(marker::DATE);
            out.put_f64(*milliseconds);
            out.put_i16(0);
        }
        Value::Xml(text) => {
            out.put_u8(marker::XML);
            put_long_text(text, out);
        }
        Value::ByteArray(bytes) => {
            out.put_u8(marker::AVM_PLUS);
            amf3::encode_byte_array(bytes, out);
        }
        Value::Object(_)
        | Value::EcmaArray(_)
        | Value::StrictArray(_)
        | Value::TypedObject { .. }
            if depth >= MAX_DEPTH =>
        {
            out.put_u8(marker::NULL);
        }
        Value::Object(members) => {
            out.put_u8(marker::OBJECT);
            put_members(members, depth, out);
        }
        Value::EcmaArray(members) => {
            out.put_u8(marker::ECMA_ARRAY);
            let named = members.iter().filter(|(name, _)| !name.is_empty());
            out.put_u32(count(named.count()));
            put_members(members, depth, out);
        }
        Value::StrictArray(values) => {
            out.put_u8(marker::STRICT_ARRAY);
            out.put_u32(count(values.len()));
            for value in values {
                put_value(value, depth.saturating_add(1), out);
            }
        }
        Value::TypedObject { class, members } => {
            out.put_u8(marker::TYPED_OBJECT);
            put_short_text(class, out);
            put_members(members, depth, out);
        }
    }
}

fn put_members(members: &Object, depth: usize, out: &mut BytesMut) {
    // An empty name followed by anything but the end marker confuses strict peers.
    for (name, value) in members.iter().filter(|(name, _)| !name.is_empty()) {
        put_short_text(name, out);
        put_value(value, depth.saturating_add(1), out);
    }
    out.put_slice(&[0, 0, marker::OBJECT_END]);
}

fn put_number(number: f64, out: &mut BytesMut) {
    out.put_u8(marker::NUMBER);
    out.put_f64(number);
}

fn put_boolean(value: bool, out: &mut BytesMut) {
    out.put_u8(marker::BOOLEAN);
    out.put_u8(u8::from(value));
}

fn put_string(text: &str, out: &mut BytesMut) {
    if text.len() <= usize::from(u16::MAX) {
        out.put_u8(marker::STRING);
        put_short_text(text, out);
    } else {
        out.put_u8(marker::LONG_STRING);
        put_long_text(text, out);
    }
}

fn put_short_text(text: &str, out: &mut BytesMut) {
    let text = prefix(text, usize::from(u16::MAX));
    // The prefix fits: the fallback is never taken.
    out.put_u16(u16::try_from(text.len()).unwrap_or(u16::MAX));
    out.put_slice(text.as_bytes());
}

fn put_long_text(text: &str, out: &mut BytesMut) {
    let text = prefix(text, u32::MAX as usize);
    out.put_u32(count(text.len()));
    out.put_slice(text.as_bytes());
}

/// At most `limit` bytes of `text`, whole characters only.
fn prefix(text: &str, limit: usize) -> &str {
    let end = text.floor_char_boundary(limit);
    text.get(..end).unwrap_or(text)
}

/// Lengths beyond 32 bits do not fit into memory together with their values.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
