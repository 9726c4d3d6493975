// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Values and objects.

use super::*;

#[test]
fn accessors_accept_what_servers_mix_up() {
    assert_eq!(Value::from("a").as_str(), Some("a"));
    assert_eq!(Value::from(2.5).as_f64(), Some(2.5));
    assert_eq!(Value::from(true).as_f64(), Some(1.0));
    assert_eq!(Value::from(false).as_f64(), Some(0.0));
    assert_eq!(Value::from(3.0).as_bool(), Some(true));
    assert_eq!(Value::from(0.0).as_bool(), Some(false));
    assert_eq!(Value::from(f64::NAN).as_bool(), Some(false));
    assert!(Value::Null.is_null_or_undefined());
    assert!(Value::Undefined.is_null_or_undefined());
}

#[test]
fn accessors_refuse_other_types() {
    let text = Value::from(String::from("1"));
    assert_eq!(text.as_f64(), None);
    assert_eq!(text.as_bool(), None);
    assert_eq!(text.as_object(), None);
    assert_eq!(Value::from(1.0).as_str(), None);
    assert!(!Value::from(0.0).is_null_or_undefined());
}

#[test]
fn three_kinds_have_members() {
    let members = Object::new().with("a", 1.0);
    let kinds = [
        Value::from(members.clone()),
        Value::EcmaArray(members.clone()),
        Value::TypedObject {
            class: "C".to_owned(),
            members: members.clone(),
        },
    ];
    for kind in kinds {
        assert_eq!(kind.as_object(), Some(&members));
    }
}

#[test]
fn last_member_of_a_name_wins() {
    let object: Object = [("a", 1.0), ("b", 2.0), ("a", 3.0)].into_iter().collect();
    assert_eq!(object.len(), 3);
    assert_eq!(object.get("a"), Some(&Value::Number(3.0)));
    assert_eq!(object.get("c"), None);
}

#[test]
fn insert_replaces_and_keeps_the_order() {
    let object = Object::new().with("a", 1.0).with("b", 2.0).with("a", "x");
    let names: Vec<&str> = object.iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(object.get("a").and_then(Value::as_str), Some("x"));
    assert!(!object.is_empty() && Object::new().is_empty());
}

#[test]
fn only_earlier_finished_values_can_be_repeated() {
    let mut references = References::default();
    let mut budget = Budget::of(100);
    let outer = references.begin(0, &mut budget).unwrap();
    let inner = references.begin(5, &mut budget).unwrap();
    references.finish(inner, 9);
    assert_eq!(references.target(0, 9), Target::Cycle);
    assert_eq!(references.target(1, 7), Target::Cycle);
    assert_eq!(references.target(1, 9), Target::At(5));
    assert_eq!(references.target(2, 9), Target::Missing);
    references.finish(outer, 12);
    assert_eq!(references.target(0, 12), Target::At(0));
    assert!(!references.set_repeating(true));
    assert_eq!(references.begin(5, &mut budget), Ok(None));
}

#[test]
fn budget_runs_out() {
    let mut budget = Budget::of(16 << 20);
    for _ in 0..MAX_ELEMENTS {
        assert_eq!(budget.element(), Ok(()));
    }
    assert_eq!(budget.element(), Err(Error::TooManyElements));
    let half = vec![b'a'; MAX_BYTES / 2 - PIECE_OVERHEAD];
    assert!(budget.text(&half).is_ok());
    assert!(budget.bytes(&half).is_ok());
    assert_eq!(budget.text(b"a"), Err(Error::TooManyBytes));
    assert_eq!(budget.spent_bytes(), MAX_BYTES);
}

#[test]
fn a_short_message_has_a_small_budget() {
    let mut budget = Budget::of(10);
    for _ in 0..10 + SPARE_ELEMENTS {
        assert_eq!(budget.element(), Ok(()));
    }
    assert_eq!(budget.element(), Err(Error::TooManyElements));
    let all = vec![0; 10 * BYTES_PER_BYTE + SPARE_BYTES - PIECE_OVERHEAD];
    assert!(budget.bytes(&all).is_ok());
    assert_eq!(budget.bytes(&[0]), Err(Error::TooManyBytes));
}

#[test]
fn text_is_paid_for_as_it_is_kept() {
    // Each byte becomes U+FFFD, of three.
    let mut budget = Budget::of(1000);
    assert!(budget.text(&[0xFF; 1000]).is_ok());
    let spent = budget.spent_bytes();
    assert!(spent >= 3000 + PIECE_OVERHEAD, "{spent}");
    assert_eq!(budget.text(&[]), Ok(String::new()));
    assert_eq!(budget.spent_bytes(), spent, "takes nothing");
}

#[test]
fn lists_are_paid_for_with_the_room_that_they_take() {
    let mut budget = Budget::of(1 << 20);
    let mut list = Vec::new();
    for entry in 0..1000u64 {
        budget.room::<u64>(list.len()).unwrap();
        list.push(entry);
        let capacity = list.capacity() * size_of::<u64>();
        assert_eq!(budget.spent_bytes(), capacity + PIECE_OVERHEAD);
    }
}

#[test]
fn reads_past_the_end_are_errors() {
    let mut reader = Reader::new(&[1, 2, 3]);
    assert_eq!(reader.take(usize::MAX), Err(Error::Truncated));
    assert_eq!(reader.u32(), Err(Error::Truncated));
    assert_eq!(reader.u16(), Ok(0x0102));
    assert_eq!(reader.remaining(), [3]);
    reader.seek(10);
    assert!(reader.is_empty());
    assert_eq!(reader.take(usize::MAX), Err(Error::Truncated));
    assert_eq!(reader.u8(), Err(Error::Truncated));
}

#[test]
fn errors_have_a_text() {
    assert_eq!(
        Error::UnknownMarker(0x12).to_string(),
        "unknown AMF type marker 0x12"
    );
    assert!(
        Error::Unsupported("RecordSet")
            .to_string()
            .contains("RecordSet")
    );
}
