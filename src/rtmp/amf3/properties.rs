// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a peer that knows all of AMF3 writes is read as it meant it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::writer::{Habits, Writer};
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
    fn classes_are_told_apart_whatever_was_repeated(values in vec(value(), 2..6), habits: Habits) {
        // The first object comes twice before there is a second class.
        let object = |class: &str, value: &Value| Value::TypedObject {
            class: class.to_owned(),
            members: Object::new().with(class, value.clone()),
        };
        let mut objects = vec![object("P", &values[0]), object("P", &values[0])];
        objects.extend(values.iter().flat_map(|value| [object("Q", value), object("P", value)]));
        let objects = Value::StrictArray(objects);
        let bytes = Writer::new(habits).written(&objects);
        prop_assert_eq!(decode(&bytes), Ok((objects, &[][..])));
    }

    #[test]
    fn bytes_are_survived(bytes in body(60)) {
        let _ = decode(&bytes);
        let _ = decode_message(&bytes);
    }
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
