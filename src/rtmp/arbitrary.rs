// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the property tests are made of: AMF values, bodies, and the pieces in
//! which bytes arrive.
//!
//! A run is the same every time, unless PROPTEST_RNG_SEED or PROPTEST_CASES
//! say otherwise.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::amf::{Object, Value};

pub(crate) fn config() -> ProptestConfig {
    let config = ProptestConfig {
        // The seed is enough to see a failure again.
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng_seed = match config.rng_seed {
        RngSeed::Random => RngSeed::Fixed(1),
        fixed => fixed,
    };
    ProptestConfig { rng_seed, ..config }
}

/// A body of up to this many bytes.
pub(crate) fn body(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=longest)
}

/// Lengths of pieces, to be repeated: see [`cut`].
pub(crate) fn piece_lengths() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..5_usize, 1..200_usize], 1..6)
}

/// Bytes in pieces of these lengths, over and over.
pub(crate) fn cut<'a>(mut bytes: &'a [u8], lengths: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &length in lengths.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(length.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Any number that is one.
fn number() -> impl Strategy<Value = f64> {
    use proptest::num::f64::{INFINITE, NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO};

    prop_oneof![
        POSITIVE | NEGATIVE | NORMAL | SUBNORMAL | ZERO | INFINITE,
        // What AMF3 has as integers, and what is a little too much for that.
        (-(1 << 28) - 2..(1 << 28) + 2).prop_map(f64::from),
        (-200..200).prop_map(f64::from),
    ]
}

/// Names that come again, and others.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["a", "code", "level", "0"]).prop_map(str::to_owned),
        "\\PC{1,8}",
        any::<String>().prop_filter("names are not empty", |name| !name.is_empty()),
    ]
}

fn members(value: impl Strategy<Value = Value>, least: usize) -> impl Strategy<Value = Object> {
    vec((name(), value), least..5).prop_map(|members| members.into_iter().collect())
}

/// Any value that can be written so that it is read as the same.
pub(crate) fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        number().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        any::<String>().prop_map(Value::String),
        name().prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        number().prop_map(Value::Date),
        any::<String>().prop_map(Value::Xml),
        body(300).prop_map(Value::ByteArray),
    ];
    scalar.prop_recursive(6, 48, 5, |inner| {
        prop_oneof![
            members(inner.clone(), 0).prop_map(Value::Object),
            // AMF3 cannot tell an array without names from a strict one.
            members(inner.clone(), 1).prop_map(Value::EcmaArray),
            vec(inner.clone(), 0..5).prop_map(Value::StrictArray),
            (name(), members(inner, 0))
                .prop_map(|(class, members)| Value::TypedObject { class, members }),
        ]
    })
}

pub(crate) fn values() -> impl Strategy<Value = Vec<Value>> {
    vec(value(), 0..4)
}
