// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! AMF3 decoding (Adobe AMF3 specification), as far as RTMP peers use it.
//!
//! AMF3 never stands alone in RTMP: message types 15 and 17 hold AMF0 values, and the AMF0
//! marker 11 switches to AMF3 for a single value. The AMF0 decoder calls in here for that
//! value; the session calls [`decode_message`] for whole messages. The three reference
//! tables start empty for each switch, the limits are those of the message.
//!
//! Nothing is encoded, except the byte array that AMF0 lacks: we never ask for object
//! encoding 3. Class-specific formats of externalizable objects are refused, save two
//! common wrappers around one value.

use std::rc::Rc;

use bytes::{BufMut, BytesMut};

use super::amf::{Budget, Error, Member, Object, Reader, References, Target, Value, deeper};
use super::amf0;

mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0A;
    pub(super) const XML: u8 = 0x0B;
    pub(super) const BYTE_ARRAY: u8 = 0x0C;
    pub(super) const VECTOR_INT: u8 = 0x0D;
    pub(super) const VECTOR_UINT: u8 = 0x0E;
    pub(super) const VECTOR_DOUBLE: u8 = 0x0F;
    pub(super) const VECTOR_OBJECT: u8 = 0x10;
    pub(super) const DICTIONARY: u8 = 0x11;
}

/// Externalizable classes whose body is exactly one AMF3 value.
const WRAPPERS: [&[u8]; 2] = [
    b"flex.messaging.io.ArrayCollection",
    b"flex.messaging.io.ObjectProxy",
];

/// The longest byte array: a length has 28 bits.
const MAX_BYTE_ARRAY: usize = 0x0FFF_FFFF;

/// Decodes one AMF3 value and returns it with the bytes behind it.
///
/// # Errors
///
/// Any [`Error`] but [`Error::UnexpectedObjectEnd`].
pub fn decode(data: &[u8]) -> Result<(Value, &[u8]), Error> {
    let mut reader = Reader::new(data);
    // As if it stood behind its marker in AMF0.
    let mut budget = Budget::of(data.len().saturating_add(1));
    budget.element()?;
    let value = decode_value(&mut reader, &mut budget, 0)?;
    Ok((value, reader.remaining()))
}

/// Decodes the body of an AMF3 data or command message (types 15 and 17): a format byte,
/// then AMF0 values. Values before the first error are kept.
///
/// Peers that leave the format byte out are recognised by the string marker of the name
/// that every such message starts with.
pub fn decode_message(body: &[u8]) -> (Vec<Value>, Option<Error>) {
    let values = match body.split_first() {
        Some((&first, values)) if first != amf0::STRING_MARKER => values,
        _ => body,
    };
    amf0::decode_lenient(values)
}

/// Decodes the value behind an AMF0 switch marker that stands at `depth`.
pub(super) fn decode_value(
    reader: &mut Reader<'_>,
    budget: &mut Budget,
    depth: usize,
) -> Result<Value, Error> {
    Decoder {
        reader,
        budget,
        strings: Vec::new(),
        objects: References::default(),
        traits: Vec::new(),
    }
    .value(depth)
}

/// Writes a byte array with its marker; one that is too long for AMF3 becomes null.
pub(super) fn encode_byte_array(bytes: &[u8], out: &mut BytesMut) {
    match u32::try_from(bytes.len()) {
        Ok(length) if bytes.len() <= MAX_BYTE_ARRAY => {
            out.put_u8(marker::BYTE_ARRAY);
            put_u29((length << 1) | 1, out);
            out.put_slice(bytes);
        }
        _ => out.put_u8(marker::NULL),
    }
}

fn put_u29(value: u32, out: &mut BytesMut) {
    let [.., low] = value.to_be_bytes();
    let group = |shift: u32| ((value >> shift) & 0x7F) as u8;
    match value {
        0..0x80 => out.put_u8(low),
        0x80..0x4000 => out.put_slice(&[group(7) | 0x80, group(0)]),
        0x4000..0x20_0000 => out.put_slice(&[group(14) | 0x80, group(7) | 0x80, group(0)]),
        _ => out.put_slice(&[group(22) | 0x80, group(15) | 0x80, group(8) | 0x80, low]),
    }
}

/// Reads 29 bits: seven from each of up to three bytes, all eight of the fourth.
fn u29(reader: &mut Reader<'_>) -> Result<u32, Error> {
    let mut value = 0;
    for _ in 0..3 {
        let byte = reader.u8()?;
        value = (value << 7) | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Ok((value << 8) | u32::from(reader.u8()?))
}

/// Integers are 29-bit two's complement.
fn signed(value: u32) -> i32 {
    (value << 3).cast_signed() >> 3
}

/// The shape of a class: what objects of one kind share.
#[derive(Debug)]
struct Traits<'a> {
    class: &'a [u8],
    sealed: Vec<&'a [u8]>,
    dynamic: bool,
    externalizable: bool,
}

/// One AMF3 value with its own tables. Strings are kept as they stand in the message and
/// copied, and paid for, where they are used.
struct Decoder<'r, 'a> {
    reader: &'r mut Reader<'a>,
    budget: &'r mut Budget,
    strings: Vec<&'a [u8]>,
    objects: References,
    traits: Vec<Rc<Traits<'a>>>,
}

impl<'a> Decoder<'_, 'a> {
    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        self.budget.element()?;
        let start = self.reader.position();
        match self.reader.u8()? {
            marker::UNDEFINED => Ok(Value::Undefined),
            marker::NULL => Ok(Value::Null),
            marker::FALSE => Ok(Value::Boolean(false)),
            marker::TRUE => Ok(Value::Boolean(true)),
            marker::INTEGER => Ok(Value::Number(f64::from(signed(u29(self.reader)?)))),
            marker::DOUBLE => Ok(Value::Number(self.reader.f64()?)),
            marker::STRING => Ok(Value::String(self.text()?)),
            marker::XML_DOCUMENT | marker::XML => self.complex(start, depth, Self::xml),
            marker::DATE => self.complex(start, depth, Self::date),
            marker::ARRAY => self.complex(start, depth, Self::array),
            marker::OBJECT => self.complex(start, depth, Self::object),
            marker::BYTE_ARRAY => self.complex(start, depth, Self::byte_array),
            marker::VECTOR_INT => self.complex(start, depth, Self::vector_int),
            marker::VECTOR_UINT => self.complex(start, depth, Self::vector_uint),
            marker::VECTOR_DOUBLE => self.complex(start, depth, Self::vector_double),
            marker::VECTOR_OBJECT => self.complex(start, depth, Self::vector_object),
            marker::DICTIONARY => self.complex(start, depth, Self::dictionary),
            unknown => Err(Error::UnknownMarker(unknown)),
        }
    }

    /// Reads what all entries of the object table start with: a reference, or 28 bits that
    /// `body` understands.
    fn complex(
        &mut self,
        start: usize,
        depth: usize,
        body: fn(&mut Self, u32, usize) -> Result<Value, Error>,
    ) -> Result<Value, Error> {
        let header = u29(self.reader)?;
        if header & 1 == 0 {
            return self.reference((header >> 1) as usize, start, depth);
        }
        let inner = deeper(depth)?;
        let slot = self.objects.begin(start, self.budget)?;
        let value = body(self, header >> 1, inner)?;
        self.objects.finish(slot, self.reader.position());
        Ok(value)
    }

    /// Repeats an earlier value. A value that holds itself is legal, but a tree cannot
    /// show it: null stands for the inner one.
    fn reference(&mut self, index: usize, at: usize, depth: usize) -> Result<Value, Error> {
        match self.objects.target(index, at) {
            Target::At(start) => {
                let resume = self.reader.seek(start);
                let before = self.objects.set_repeating(true);
                let value = self.value(depth);
                self.objects.set_repeating(before);
                self.reader.seek(resume);
                value
            }
            Target::Cycle => Ok(Value::Null),
            Target::Missing => Err(Error::BadReference),
        }
    }

    /// A string as it stands in the message.
    fn raw_string(&mut self) -> Result<&'a [u8], Error> {
        let header = u29(self.reader)?;
        let number = (header >> 1) as usize;
        if header & 1 == 0 {
            return self.strings.get(number).copied().ok_or(Error::BadReference);
        }
        let raw = self.reader.take(number)?;
        if !raw.is_empty() && !self.objects.is_repeating() {
            self.budget.room::<&[u8]>(self.strings.len())?;
            self.strings.push(raw);
        }
        Ok(raw)
    }

    fn text(&mut self) -> Result<String, Error> {
        let raw = self.raw_string()?;
        self.budget.text(raw)
    }

    fn xml(&mut self, length: u32, _depth: usize) -> Result<Value, Error> {
        let raw = self.reader.take(length as usize)?;
        Ok(Value::Xml(self.budget.text(raw)?))
    }

    fn date(&mut self, _unused: u32, _depth: usize) -> Result<Value, Error> {
        Ok(Value::Date(self.reader.f64()?))
    }

    fn byte_array(&mut self, length: u32, _depth: usize) -> Result<Value, Error> {
        let raw = self.reader.take(length as usize)?;
        Ok(Value::ByteArray(self.budget.bytes(raw)?))
    }

    fn array(&mut self, count: u32, depth: usize) -> Result<Value, Error> {
        let mut named = Object::new();
        self.named_values(&mut named, depth)?;
        if named.is_empty() {
            return Ok(Value::StrictArray(self.values(count, depth)?));
        }
        for index in 0..count {
            self.budget.room::<Member>(named.len())?;
            let value = self.value(depth)?;
            let name = self.budget.own_text(index.to_string())?;
            named.push(name, value);
        }
        Ok(Value::EcmaArray(named))
    }

    fn object(&mut self, header: u32, depth: usize) -> Result<Value, Error> {
        let traits = self.traits(header)?;
        if traits.externalizable {
            return if WRAPPERS.contains(&traits.class) {
                self.value(depth)
            } else {
                Err(Error::Unsupported("externalizable object"))
            };
        }
        let mut members = Object::new();
        for name in &traits.sealed {
            self.budget.room::<Member>(members.len())?;
            let name = self.budget.text(name)?;
            let value = self.value(depth)?;
            members.push(name, value);
        }
        if traits.dynamic {
            self.named_values(&mut members, depth)?;
        }
        if traits.class.is_empty() {
            return Ok(Value::Object(members));
        }
        let class = self.budget.text(traits.class)?;
        Ok(Value::TypedObject { class, members })
    }

    /// The traits that the low bits of an object header name or announce.
    fn traits(&mut self, header: u32) -> Result<Rc<Traits<'a>>, Error> {
        if header & 1 == 0 {
            let known = self.traits.get((header >> 1) as usize);
            return known.cloned().ok_or(Error::BadReference);
        }
        let class = self.raw_string()?;
        let externalizable = header & 2 != 0;
        let count = if externalizable { 0 } else { header >> 3 };
        let mut sealed = Vec::new();
        for _ in 0..count {
            self.budget.element()?;
            self.budget.room::<&[u8]>(sealed.len())?;
            sealed.push(self.raw_string()?);
        }
        let traits = Rc::new(Traits {
            class,
            sealed,
            dynamic: header & 4 != 0,
            externalizable,
        });
        if !self.objects.is_repeating() {
            self.budget.boxed::<Traits<'_>>()?;
            self.budget.room::<Rc<Traits<'_>>>(self.traits.len())?;
            self.traits.push(Rc::clone(&traits));
        }
        Ok(traits)
    }

    /// Names and values up to the empty name.
    fn named_values(&mut self, members: &mut Object, depth: usize) -> Result<(), Error> {
        loop {
            let name = self.text()?;
            if name.is_empty() {
                return Ok(());
            }
            self.budget.room::<Member>(members.len())?;
            let value = self.value(depth)?;
            members.push(name, value);
        }
    }

    /// `count` values; the count is not trusted, each of them takes at least a byte.
    fn values(&mut self, count: u32, depth: usize) -> Result<Vec<Value>, Error> {
        let mut values = Vec::new();
        for _ in 0..count {
            self.budget.room::<Value>(values.len())?;
            values.push(self.value(depth)?);
        }
        Ok(values)
    }

    fn vector_int(&mut self, count: u32, _depth: usize) -> Result<Value, Error> {
        self.numbers(count, |reader| Ok(f64::from(reader.u32()?.cast_signed())))
    }

    fn vector_uint(&mut self, count: u32, _depth: usize) -> Result<Value, Error> {
        self.numbers(count, |reader| reader.u32().map(f64::from))
    }

    fn vector_double(&mut self, count: u32, _depth: usize) -> Result<Value, Error> {
        self.numbers(count, Reader::f64)
    }

    fn numbers(
        &mut self,
        count: u32,
        number: fn(&mut Reader<'a>) -> Result<f64, Error>,
    ) -> Result<Value, Error> {
        let _fixed_length = self.reader.u8()?;
        let mut values = Vec::new();
        for _ in 0..count {
            self.budget.element()?;
            self.budget.room::<Value>(values.len())?;
            values.push(Value::Number(number(self.reader)?));
        }
        Ok(Value::StrictArray(values))
    }

    fn vector_object(&mut self, count: u32, depth: usize) -> Result<Value, Error> {
        let _fixed_length = self.reader.u8()?;
        let _class = self.raw_string()?;
        Ok(Value::StrictArray(self.values(count, depth)?))
    }

    fn dictionary(&mut self, count: u32, depth: usize) -> Result<Value, Error> {
        let _weak_keys = self.reader.u8()?;
        let mut entries = Object::new();
        for _ in 0..count {
            self.budget.room::<Member>(entries.len())?;
            let key = self.value(depth)?;
            let name = self.key_name(key)?;
            let value = self.value(depth)?;
            entries.push(name, value);
        }
        Ok(Value::EcmaArray(entries))
    }

    /// A dictionary key as text; keys that are no scalars all get the same name.
    fn key_name(&mut self, key: Value) -> Result<String, Error> {
        self.budget.own_text(match key {
            // Paid for already.
            Value::String(text) | Value::Xml(text) => return Ok(text),
            Value::Number(number) | Value::Date(number) => number.to_string(),
            Value::Boolean(value) => value.to_string(),
            Value::Null => "null".to_owned(),
            Value::Undefined => "undefined".to_owned(),
            Value::Object(_)
            | Value::EcmaArray(_)
            | Value::StrictArray(_)
            | Value::TypedObject { .. }
            | Value::ByteArray(_) => "[object]".to_owned(),
        })
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;
