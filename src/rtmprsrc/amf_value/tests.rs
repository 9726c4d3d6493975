// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

use super::*;
use crate::rtmp::amf0;

/// Converts a value and returns it as a field, and what was cut. Writing the
/// structure as text must not warn either.
fn convert_with(value: &Value, names: &Names) -> (gst::Structure, Option<&'static str>) {
    gst::init().expect("GStreamer starts");
    let mut converter = Converter::new(names);
    let mut message = gst::Structure::new_empty("test");
    message.set_value_if_some("value", converter.value(value));
    assert!(!message.to_string().is_empty());
    (message, converter.cut)
}

fn convert(value: impl Into<Value>) -> gst::Structure {
    let (message, cut) = convert_with(&value.into(), &Names::new(1000));
    assert_eq!(cut, None);
    message
}

fn cut(value: &Value) -> Option<&'static str> {
    convert_with(value, &Names::new(1000)).1
}

fn array(values: impl IntoIterator<Item = Value>) -> Value {
    Value::StrictArray(values.into_iter().collect())
}

fn field<T>(structure: &gst::StructureRef, name: &str) -> T
where
    T: for<'a> glib::value::FromValue<'a>,
{
    let value = structure.value(name).expect("the field");
    value.get().unwrap_or_else(|_| panic!("{value:?}"))
}

#[test]
fn scalars() {
    assert_eq!(field::<f64>(&convert(-1.5), "value"), -1.5);
    assert!(field::<f64>(&convert(f64::NAN), "value").is_nan());
    assert!(field::<bool>(&convert(true), "value"));
    assert_eq!(field::<String>(&convert("a é"), "value"), "a é");
    assert_eq!(
        field::<String>(&convert(Value::Xml("<a/>".into())), "value"),
        "<a/>"
    );
    let bytes: glib::Bytes = field(&convert(Value::ByteArray(vec![0, 1, 255])), "value");
    assert_eq!(&bytes[..], [0, 1, 255]);
    for nothing in [Value::Null, Value::Undefined] {
        assert!(!convert(nothing).has_field("value"));
    }
}

#[test]
fn text_with_nul_is_kept_without_it() {
    let object = Object::new().with("a\0b", "c\0d");
    let message = convert(Value::TypedObject {
        class: "e\0f".into(),
        members: object,
    });
    let object: gst::Structure = field(&message, "value");
    assert_eq!(object.name(), "object");
    assert_eq!(field::<String>(&object, "amf-class"), "e\u{FFFD}f");
    let others: gst::Array = field(&object, "amf-members");
    let other: gst::Structure = others[0].get().expect("a structure");
    assert_eq!(field::<String>(&other, "name"), "a\u{FFFD}b");
    assert_eq!(field::<String>(&other, "value"), "c\u{FFFD}d");
}

#[test]
fn dates_are_utc_and_beyond_the_calendar_a_number() {
    let date: gst::DateTime = field(&convert(Value::Date(1_700_000_000_123.0)), "value");
    assert_eq!(
        date.to_iso8601_string().expect("text"),
        "2023-11-14T22:13:20Z"
    );
    assert_eq!(date.microsecond(), Some(123_000));
    for edge in [-62_135_596_800_000.0, 253_402_300_799_999.0, 0.0, -0.5] {
        let _: gst::DateTime = field(&convert(Value::Date(edge)), "value");
    }
    for number in [
        253_402_300_800_000.0,
        -62_135_596_800_001.0,
        1e300,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        assert_eq!(field::<f64>(&convert(Value::Date(number)), "value"), number);
    }
    assert!(field::<f64>(&convert(Value::Date(f64::NAN)), "value").is_nan());
}

#[test]
fn objects_are_structures_that_can_be_written_and_read() {
    let inner = Object::new().with("2.1", true).with("gone", Value::Null);
    let object = Object::new()
        .with("width", 1920.0)
        .with("1", Value::EcmaArray(inner));
    let message = convert(object.clone());
    let value: gst::Structure = field(&message, "value");
    assert_eq!(value.name(), "object");
    assert_eq!(value.n_fields(), 2);
    assert_eq!(field::<f64>(&value, "width"), 1920.0);
    let inner: gst::Structure = field(&value, "1");
    assert_eq!(inner.n_fields(), 1);
    assert!(field::<bool>(&inner, "2.1"));
    let read: gst::Structure = message.to_string().parse().expect("a structure");
    assert_eq!(read.to_string(), message.to_string());

    let message = convert(Value::TypedObject {
        class: "com.example.Cue".into(),
        members: object,
    });
    let value: gst::Structure = field(&message, "value");
    assert_eq!(value.name(), "com.example.Cue");
    assert!(!value.has_field("amf-class"));
}

#[test]
fn members_that_cannot_be_fields_are_listed_in_order() {
    let names = ["", "a b", "é", "a=b", "a,b", "amf-members", "amf-class"];
    let long = "x".repeat(MAX_NAME + 1);
    let mut object = Object::new();
    for name in names.into_iter().chain([long.as_str()]) {
        object.push(name, 1.0);
    }
    object.push("twice", 1.0);
    object.push("twice", 2.0);
    object.push(";", Value::Null);
    let value: gst::Structure = field(&convert(object), "value");
    assert_eq!(field::<f64>(&value, "twice"), 2.0, "the last one counts");
    assert_eq!(value.n_fields(), 2);
    let others: gst::Array = field(&value, "amf-members");
    let others: Vec<gst::Structure> = others
        .iter()
        .map(|other| other.get().expect("one"))
        .collect();
    let seen: Vec<String> = others.iter().map(|other| field(other, "name")).collect();
    let expected: Vec<_> = names
        .into_iter()
        .chain([long.as_str(), "twice", ";"])
        .collect();
    assert_eq!(seen, expected);
    let twice = &others[others.len() - 2];
    assert_eq!(field::<f64>(twice, "value"), 1.0);
    assert!(!others[others.len() - 1].has_field("value"), "null");
}

#[test]
fn arrays_of_one_type_are_plain_and_others_hold_items() {
    let plain: gst::Array = field(&convert(array([1.0.into(), 2.0.into()])), "value");
    let plain: Vec<f64> = plain
        .iter()
        .map(|one| one.get().expect("a number"))
        .collect();
    assert_eq!(plain, [1.0, 2.0]);
    let empty: gst::Array = field(&convert(array([])), "value");
    assert!(empty.is_empty());
    let objects = array([Object::new().into(), Value::EcmaArray(Object::new())]);
    let objects: gst::Array = field(&convert(objects), "value");
    assert!(
        objects
            .iter()
            .all(|one| one.get::<gst::Structure>().is_ok())
    );

    let mixed = array([
        1.0.into(),
        "a".into(),
        Value::Null,
        array([array([]), array(["x".into()])]),
        Value::Date(f64::NAN),
        Value::Date(0.0),
    ]);
    let mixed: gst::Array = field(&convert(mixed), "value");
    let items: Vec<gst::Structure> = mixed
        .iter()
        .map(|one| one.get().expect("an item"))
        .collect();
    assert!(items.iter().all(|item| item.name() == "item"));
    assert_eq!(field::<f64>(&items[0], "value"), 1.0);
    assert_eq!(field::<String>(&items[1], "value"), "a");
    assert!(!items[2].has_field("value"));
    assert_eq!(field::<gst::Array>(&items[3], "value").len(), 2);
    assert_eq!(items.len(), 6);
}

#[test]
fn any_two_values_fit_into_one_array() {
    let values = [
        1.0.into(),
        true.into(),
        "a".into(),
        Value::Null,
        Value::Date(0.0),
        Value::Date(f64::NAN),
        Value::ByteArray(vec![1]),
        Object::new().into(),
        array([]),
        array([1.0.into()]),
        array(["a".into()]),
    ];
    for one in &values {
        for other in &values {
            let both = array([one.clone(), other.clone()]);
            let converted: gst::Array = field(&convert(both), "value");
            assert_eq!(converted.len(), 2, "{one:?} {other:?}");
        }
    }
}

#[test]
fn depth_is_cut_before_the_text_of_it_explodes() {
    for wrap in [
        |inner| Object::new().with("o", inner).into(),
        |inner| Object::new().with("é", inner).into(),
        |inner| array([inner, Value::Null]),
        |inner| array([inner]),
    ] as [fn(Value) -> Value; 4]
    {
        let mut value = Value::from("a \"b\" \\c");
        for _ in 0..32 {
            value = wrap(value);
        }
        let (message, cut) = convert_with(&value, &Names::new(1000));
        assert!(cut.is_some());
        assert!(message.to_string().len() < 10_000);
    }
    let mut value = Value::from("deepest");
    for _ in 0..MAX_DEPTH - 1 {
        value = Object::new().with("o", value).into();
    }
    assert!(convert(value).to_string().contains("deepest"));
}

#[test]
fn values_and_members_are_limited() {
    let most = array((0..MAX_VALUES - 1).map(|_| Value::from(1.0)));
    let all: gst::Array = field(&convert(most), "value");
    assert_eq!(all.len(), MAX_VALUES - 1);

    for element in [Value::from(1.0), Value::Null] {
        let many = array((0..MAX_VALUES * 2).map(|_| element.clone()));
        assert_eq!(cut(&many), Some(TOO_MANY));
    }
    let many: Object = (0..MAX_MEMBERS * 2)
        .map(|n| (format!("n{}", n % 7), 1.0))
        .collect();
    assert!(cut(&many.into()).is_some());
    let objects: Object = (0..MAX_MEMBERS)
        .map(|n| {
            (
                n.to_string(),
                Object::new().with("a", array([])).with("", 1.0),
            )
        })
        .collect();
    assert_eq!(
        cut(&array((0..40).map(|_| objects.clone().into()))),
        Some(TOO_MANY)
    );
}

#[test]
fn names_made_known_to_glib_are_limited_and_members_beyond_kept_in_the_list() {
    let names = Names::new(3);
    for round in 0..3 {
        let object: Object = (0..6)
            .map(|n| (format!("rtmpr-test-name-{n}"), 1.0))
            .collect();
        let (message, cut) = convert_with(&object.into(), &names);
        assert_eq!(cut, None);
        let value: gst::Structure = field(&message, "value");
        assert_eq!(value.n_fields(), 3 + 1, "round {round}");
        let others: gst::Array = field(&value, "amf-members");
        assert_eq!(others.len(), 3);
    }
    let known = |name| glib::Quark::try_from_str(name).is_some();
    assert!(known("rtmpr-test-name-2") && !known("rtmpr-test-name-3"));
}

#[test]
fn whatever_is_sent_neither_panics_nor_warns() {
    // A simple generator: what comes need only be wild, and the same each time.
    let mut state = 0x9E37_79B9_u32;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    for _ in 0..20_000 {
        let length = random() % 60;
        let markers = [0u8, 1, 2, 3, 5, 8, 9, 10, 11, 12, 15, 16, 17];
        let body: Vec<u8> = (0..length)
            .map(|_| match random() % 3 {
                0 => markers[random() as usize % markers.len()],
                1 => (random() % 4) as u8,
                _ => random() as u8,
            })
            .collect();
        for value in &amf0::decode_lenient(&body).0 {
            convert_with(value, &Names::new(10));
        }
    }
}
