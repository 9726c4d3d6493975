// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What holds for all values and for all bytes.

use proptest::prelude::*;

use super::*;
use crate::rtmp::arbitrary::{body, config, value, values};
use crate::rtmp::command::Command;
use crate::rtmp::message::MessageType;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn written_values_are_read_as_the_same(values in values()) {
        let written = encode_all(&values);
        prop_assert_eq!(decode_lenient(&written), (values.clone(), None));
        let (measured, error, _) = decode_measured(&written);
        prop_assert_eq!((measured, error), (values.clone(), None));
        prop_assert_eq!(decode_all(&written), Ok(values));
    }

    #[test]
    fn a_message_cut_off_keeps_the_values_before_the_cut(values in values(), at: prop::sample::Index) {
        let ends: Vec<usize> = (0..=values.len()).map(|n| encode_all(&values[..n]).len()).collect();
        let written = encode_all(&values);
        let length = at.index(written.len() + 1);
        let whole = ends.iter().filter(|end| **end <= length).count() - 1;

        let (read, error) = decode_lenient(&written[..length]);

        prop_assert_eq!(&read[..whole], &values[..whole]);
        // An object at the end of a message may lack its own end.
        prop_assert!(read.len() - whole <= 1);
        prop_assert_eq!(error.is_none(), ends.contains(&length) || read.len() > whole);
    }

    #[test]
    fn commands_are_read_as_written(
        name: String,
        transaction in -1000..1000_i32,
        object in value().prop_filter("a number is a transaction", |object| object.as_f64().is_none()),
        arguments in values(),
    ) {
        let command = Command { name, transaction: transaction.into(), object, arguments };
        let written = command.encode();
        let read = Command::decode(MessageType::CommandAmf0, written.as_slice());
        prop_assert_eq!(read, (Some(command), None));
    }

    #[test]
    fn bytes_give_values_that_are_read_again(bytes in body(60)) {
        let (values, _) = decode_lenient(&bytes);
        let written = encode_all(&values);
        let read = decode_all(&written).expect("what was written");
        prop_assert_eq!(encode_all(&read), written);
    }
}
