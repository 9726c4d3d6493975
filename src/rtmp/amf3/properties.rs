// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a peer that knows all of AMF3 writes is read as it meant it.

use proptest::prelude::*;

use super::*;
use crate::rtmp::arbitrary::{body, config, value, values};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn values_of_a_peer_are_read_as_meant(value in value(), habits: Habits) {
        let bytes = Writer::new(habits).written(&value);
        prop_assert_eq!(decode(&bytes), Ok((value, &[][..])));
    }

    #[test]
    fn values_behind_a_switch_are_read_as_meant(values in values(), habits: Habits) {
        let mut message = vec![0];
        for value in &values {
            message.push(0x11);
            message.extend(Writer::new(habits).written(value));
        }
        prop_assert_eq!(decode_message(&message), (values, None));
    }

    #[test]
    fn repeated_values_are_read_as_often_as_meant(value in value(), habits: Habits) {
        let twice = Value::StrictArray(vec![value.clone(), Value::Null, value]);
        let bytes = Writer::new(habits).written(&twice);
        prop_assert_eq!(decode(&bytes), Ok((twice, &[][..])));
    }

    #[test]
    fn bytes_are_survived(bytes in body(60)) {
        let _ = decode(&bytes);
        let _ = decode_message(&bytes);
    }
}

/// What peers do in one way or another.
#[derive(Debug, Clone, Copy)]
struct Habits {
    /// Repeat by reference what came before: texts, complex values, classes.
    refers: bool,
    /// Name members by the class instead of by each object.
    seals: bool,
    /// Write numbers as integers where they are.
    has_integers: bool,
}

impl Arbitrary for Habits {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        any::<[bool; 3]>()
            .prop_map(|[refers, seals, has_integers]| Self {
                refers,
                seals,
                has_integers,
            })
            .boxed()
    }
}

/// Writes one value with its own tables.
struct Writer {
    habits: Habits,
    out: BytesMut,
    strings: Vec<String>,
    objects: Vec<Value>,
    traits: Vec<(String, Vec<String>)>,
}

impl Writer {
    fn new(habits: Habits) -> Self {
        Self {
            habits,
            out: BytesMut::new(),
            strings: Vec::new(),
            objects: Vec::new(),
            traits: Vec::new(),
        }
    }

    fn written(mut self, value: &Value) -> Vec<u8> {
        self.value(value);
        self.out.to_vec()
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Undefined => self.out.put_u8(marker::UNDEFINED),
            Value::Null => self.out.put_u8(marker::NULL),
            Value::Boolean(false) => self.out.put_u8(marker::FALSE),
            Value::Boolean(true) => self.out.put_u8(marker::TRUE),
            Value::Number(number) => self.number(*number),
            Value::String(text) => {
                self.out.put_u8(marker::STRING);
                self.text(text);
            }
            Value::Xml(text) => {
                if self.begins(marker::XML, value) {
                    self.header(text.len());
                    self.out.put_slice(text.as_bytes());
                }
            }
            Value::Date(time) => {
                if self.begins(marker::DATE, value) {
                    self.header(0);
                    self.out.put_f64(*time);
                }
            }
            Value::ByteArray(bytes) => {
                if self.begins(marker::BYTE_ARRAY, value) {
                    self.header(bytes.len());
                    self.out.put_slice(bytes);
                }
            }
            Value::StrictArray(values) => {
                if self.begins(marker::ARRAY, value) {
                    self.header(values.len());
                    self.text("");
                    for value in values {
                        self.value(value);
                    }
                }
            }
            Value::EcmaArray(members) => {
                if self.begins(marker::ARRAY, value) {
                    self.header(0);
                    self.members(members);
                }
            }
            Value::Object(members) => {
                if self.begins(marker::OBJECT, value) {
                    self.object("", members);
                }
            }
            Value::TypedObject { class, members } => {
                if self.begins(marker::OBJECT, value) {
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
            self.out.put_u8(marker::INTEGER);
            put_u29(integer.cast_unsigned() & 0x1FFF_FFFF, &mut self.out);
        } else {
            self.out.put_u8(marker::DOUBLE);
            self.out.put_f64(number);
        }
    }

    /// A length or count, and the bit that says that it is no reference.
    fn header(&mut self, number: usize) {
        put_u29(
            u32::try_from(number).expect("short") << 1 | 1,
            &mut self.out,
        );
    }

    fn refer(&mut self, index: usize) {
        put_u29(u32::try_from(index).expect("few") << 1, &mut self.out);
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
                self.out.put_slice(text.as_bytes());
            }
        }
    }

    /// Writes a marker, and a reference if the value came before; true if its
    /// content has to follow.
    fn begins(&mut self, marker: u8, value: &Value) -> bool {
        self.out.put_u8(marker);
        let known = self.objects.iter().position(|known| known == value);
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
