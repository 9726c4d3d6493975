// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Writes AMF3 in the ways that peers have. The plugin never sends any: this is
//! for its property tests, and for the fuzzers, which include this file.

use super::{Object, Value};

const UNDEFINED: u8 = 0x00;
const NULL: u8 = 0x01;
const FALSE: u8 = 0x02;
const TRUE: u8 = 0x03;
const INTEGER: u8 = 0x04;
const DOUBLE: u8 = 0x05;
const STRING: u8 = 0x06;
const DATE: u8 = 0x08;
const ARRAY: u8 = 0x09;
const OBJECT: u8 = 0x0A;
const XML: u8 = 0x0B;
const BYTE_ARRAY: u8 = 0x0C;

/// What peers do in one way or another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// Repeat by reference what came before: texts, complex values, classes.
    pub(crate) refers: bool,
    /// Name members by the class instead of by each object.
    pub(crate) seals: bool,
    /// Write numbers as integers where they are.
    pub(crate) has_integers: bool,
}

/// Writes one value with its own tables.
pub(crate) struct Writer {
    habits: Habits,
    out: Vec<u8>,
    strings: Vec<String>,
    objects: Vec<Value>,
    traits: Vec<(String, Vec<String>)>,
}

impl Writer {
    pub(crate) fn new(habits: Habits) -> Self {
        Self {
            habits,
            out: Vec::new(),
            strings: Vec::new(),
            objects: Vec::new(),
            traits: Vec::new(),
        }
    }

    pub(crate) fn written(mut self, value: &Value) -> Vec<u8> {
        self.value(value);
        self.out
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Undefined => self.out.push(UNDEFINED),
            Value::Null => self.out.push(NULL),
            Value::Boolean(false) => self.out.push(FALSE),
            Value::Boolean(true) => self.out.push(TRUE),
            Value::Number(number) => self.number(*number),
            Value::String(text) => {
                self.out.push(STRING);
                self.text(text);
            }
            Value::Xml(text) => {
                if self.begins(XML, value) {
                    self.header(text.len());
                    self.out.extend_from_slice(text.as_bytes());
                }
            }
            Value::Date(time) => {
                if self.begins(DATE, value) {
                    self.header(0);
                    self.out.extend(time.to_be_bytes());
                }
            }
            Value::ByteArray(bytes) => {
                if self.begins(BYTE_ARRAY, value) {
                    self.header(bytes.len());
                    self.out.extend_from_slice(bytes);
                }
            }
            Value::StrictArray(values) => {
                if self.begins(ARRAY, value) {
                    self.header(values.len());
                    self.text("");
                    for value in values {
                        self.value(value);
                    }
                }
            }
            Value::EcmaArray(members) => {
                if self.begins(ARRAY, value) {
                    self.header(0);
                    self.members(members);
                }
            }
            Value::Object(members) => {
                if self.begins(OBJECT, value) {
                    self.object("", members);
                }
            }
            Value::TypedObject { class, members } => {
                if self.begins(OBJECT, value) {
                    self.object(class, members);
                }
            }
        }
    }

    fn number(&mut self, number: f64) {
        let integer = number as i32;
        let is_integer = f64::from(integer) == number && (-(1 << 28)..1 << 28).contains(&integer);
        // 0 and -0 are the same integer.
        if self.habits.has_integers && is_integer && (integer != 0 || number.is_sign_positive()) {
            self.out.push(INTEGER);
            self.u29(integer.cast_unsigned() & 0x1FFF_FFFF);
        } else {
            self.out.push(DOUBLE);
            self.out.extend(number.to_be_bytes());
        }
    }

    /// A length or count, and the bit that says that it is no reference.
    fn header(&mut self, number: usize) {
        self.u29(u32::try_from(number).expect("short") << 1 | 1);
    }

    /// Seven bits from each of up to three bytes, all eight of the fourth.
    fn u29(&mut self, value: u32) {
        let more = |shift: u32| (value >> shift) as u8 | 0x80;
        match value {
            0..0x80 => {}
            0x80..0x4000 => self.out.push(more(7)),
            0x4000..0x20_0000 => self.out.extend([more(14), more(7)]),
            _ => {
                self.out.extend([more(22), more(15), more(8), value as u8]);
                return;
            }
        }
        self.out.push(value as u8 & 0x7F);
    }

    fn refer(&mut self, index: usize) {
        self.u29(u32::try_from(index).expect("few") << 1);
    }

    fn text(&mut self, text: &str) {
        let known = self.strings.iter().position(|known| known == text);
        match known {
            Some(index) if self.habits.refers => self.refer(index),
            _ => {
                if !text.is_empty() {
                    self.strings.push(text.to_owned());
                }
                self.header(text.len());
                self.out.extend_from_slice(text.as_bytes());
            }
        }
    }

    /// Writes a marker, and a reference if the value came before; true if its
    /// content has to follow.
    fn begins(&mut self, marker: u8, value: &Value) -> bool {
        self.out.push(marker);
        // 0 and -0 are equal, but not the same.
        let is_same =
            |known: &Value| known == value && format!("{known:?}") == format!("{value:?}");
        let known = self.objects.iter().position(is_same);
        match known {
            Some(index) if self.habits.refers => {
                self.refer(index);
                false
            }
            _ => {
                self.objects.push(value.clone());
                true
            }
        }
    }

    fn object(&mut self, class: &str, members: &Object) {
        let names: Vec<String> = members.iter().map(|(name, _)| name.to_owned()).collect();
        let sealed = if self.habits.seals { names } else { Vec::new() };
        let dynamic = !self.habits.seals;
        let traits = (class.to_owned(), sealed);
        let known = self.traits.iter().position(|known| *known == traits);
        match known {
            Some(index) if self.habits.refers => self.header(index << 1),
            _ => {
                let flags = traits.1.len() << 3 | usize::from(dynamic) << 2;
                self.header(flags | 1);
                self.text(class);
                for name in &traits.1 {
                    self.text(name);
                }
                self.traits.push(traits);
            }
        }
        if dynamic {
            self.members(members);
        } else {
            for (_, value) in members.iter() {
                self.value(value);
            }
        }
    }

    fn members(&mut self, members: &Object) {
        for (name, value) in members.iter() {
            self.text(name);
            self.value(value);
        }
        self.text("");
    }
}
