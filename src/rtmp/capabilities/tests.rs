// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The fields byte for byte, what peers write, and what nobody should.

use super::*;
use crate::rtmp::amf0;
use crate::rtmp::vectors::hex;

fn written(capabilities: &Capabilities) -> Object {
    let mut object = Object::new();
    capabilities.write(&mut object);
    object
}

fn names(codecs: &[Codec]) -> Vec<(&str, u32)> {
    let pairs = codecs
        .iter()
        .map(|codec| (codec.four_cc.as_str(), codec.info));
    pairs.collect()
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> Value {
    Value::StrictArray(names.into_iter().map(Value::from).collect())
}

#[test]
fn the_number_is_written_first_and_the_containers_behind_it() {
    let capabilities = Capabilities::new(
        ["hvc1", "av01"],
        ["Opus"],
        info::DECODE,
        caps_ex::MULTITRACK,
    );
    let object = Value::from(written(&capabilities));
    let expected = "03
        00 06 63 61 70 73 45 78  00 40 00 00 00 00 00 00 00
        00 0A 66 6F 75 72 43 63 4C 69 73 74  0A 00 00 00 03
            02 00 04 68 76 63 31  02 00 04 61 76 30 31  02 00 04 4F 70 75 73
        00 12 76 69 64 65 6F 46 6F 75 72 43 63 49 6E 66 6F 4D 61 70  03
            00 04 68 76 63 31  00 3F F0 00 00 00 00 00 00
            00 04 61 76 30 31  00 3F F0 00 00 00 00 00 00  00 00 09
        00 12 61 75 64 69 6F 46 6F 75 72 43 63 49 6E 66 6F 4D 61 70  03
            00 04 4F 70 75 73  00 3F F0 00 00 00 00 00 00  00 00 09
        00 00 09";
    assert_eq!(amf0::encode_all([&object]), hex(expected));
}

#[test]
fn what_would_say_nothing_is_left_out() {
    let fields = |capabilities: &Capabilities| {
        let object = written(capabilities);
        let names: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
        names
    };
    let video = Capabilities::new(["hvc1"], [], info::DECODE, 0);
    assert_eq!(fields(&video), ["fourCcList", "videoFourCcInfoMap"]);
    let listed = Capabilities::new([], ["Opus"], 0, 0);
    assert_eq!(fields(&listed), ["fourCcList"]);
    let bits = Capabilities::new([], [], 0, caps_ex::RECONNECT);
    assert_eq!(fields(&bits), ["capsEx"]);
    let nothing = Capabilities::default();
    assert!(nothing.is_empty());
    assert_eq!(fields(&nothing), [""; 0]);
}

#[test]
fn what_is_written_is_read_back() {
    let any = Capabilities::new([WILDCARD], [WILDCARD], info::FORWARD, 15);
    assert_eq!(any.four_ccs(), ["*"], "one name for both media");
    let all = Capabilities::new(VIDEO_FOURCCS, AUDIO_FOURCCS, info::DECODE, caps_ex::MOD_EX);
    let any_video = Capabilities::new([WILDCARD], ["Opus"], info::FORWARD, 0);
    assert_eq!(any_video.four_ccs(), ["Opus"], "not any audio");
    for capabilities in [any, all, any_video] {
        let read = Capabilities::in_request(&written(&capabilities));
        assert_eq!(read, Some(capabilities));
    }
    assert_eq!(Capabilities::in_request(&Object::new()), None);
}

#[test]
fn the_reference_connect_is_read() {
    let object = Object::new()
        .with("objectEncoding", 0.0)
        .with("fourCcList", list(["hvc1", "av01"]))
        .with(
            "videoFourCcInfoMap",
            Object::new().with("*", 4.0).with("hvc1", 1.0),
        )
        .with("capsEx", 4.0);
    let read = Capabilities::in_request(&object).expect("it announces");
    assert_eq!(names(&read.video), [("*", 4), ("hvc1", 1), ("av01", 0)]);
    assert_eq!(read.audio, []);
    assert_eq!(read.caps_ex, caps_ex::MOD_EX);
    assert!(read.has_video("hvc1") && read.has_video("vp09"), "any");
    assert!(!read.has_audio("Opus"));
}

#[test]
fn an_answer_is_found_wherever_servers_put_it() {
    let map = |info: f64| Object::new().with("*", info);
    let red5 = Object::new()
        .with("fourCcList", list(["*"]))
        .with("videoFourCcInfoMap", map(4.0))
        .with("audioFourCcInfoMap", map(4.0))
        .with("CapsEx", 15.0);
    let plain = Object::new().with("fmsVer", "FMS/3,0,1,123");
    let in_data = Object::new().with("data", red5.clone());
    let expected = Capabilities::new(["*"], ["*"], info::FORWARD, 15);
    for (properties, information) in [
        (&red5, &plain),
        (&plain, &red5),
        (&in_data, &plain),
        (&plain, &in_data),
    ] {
        let read = Capabilities::in_answer(properties, information);
        assert_eq!(read.as_ref(), Some(&expected));
    }
    assert_eq!(Capabilities::in_answer(&plain, &plain), None);

    // One field in each object: the map completes the list, and the
    // information object has the first word.
    let properties = Object::new()
        .with("videoFourCcInfoMap", Object::new().with("hvc1", 5.0))
        .with("capsEx", 1.0);
    let information = Object::new()
        .with("fourCcList", list(["hvc1"]))
        .with("capsEx", 2.0);
    let read = Capabilities::in_answer(&properties, &information).expect("it answers");
    assert_eq!(names(&read.video), [("hvc1", 5)]);
    assert_eq!(read.caps_ex, 2);
}

#[test]
fn an_empty_answer_is_an_answer() {
    for object in [
        Object::new().with("fourCcList", list([])),
        Object::new().with("videoFourCcInfoMap", Object::new()),
        Object::new().with("capsEx", 0.0),
    ] {
        let read = Capabilities::in_request(&object);
        assert_eq!(read, Some(Capabilities::default()), "{object:?}");
    }
}

#[test]
fn wrong_types_are_skipped() {
    let text = || Value::from("hvc1");
    let wrong = Object::new()
        .with("fourCcList", 7.0)
        .with("videoFourCcInfoMap", list(["hvc1"]))
        .with("audioFourCcInfoMap", text())
        .with("capsEx", text());
    assert_eq!(Capabilities::in_request(&wrong), None);
    for number in [-1.0, f64::NAN, f64::INFINITY, 4_294_967_296.0] {
        let object = Object::new().with("capsEx", number);
        assert_eq!(Capabilities::in_request(&object), None, "{number}");
    }

    let mixed = Object::new()
        .with(
            "fourCcList",
            Value::StrictArray(vec![Value::Null, 1.0.into(), text(), "HVC1".into()]),
        )
        .with(
            "audioFourCcInfoMap",
            Object::new()
                .with("Opus", "yes")
                .with("toolong", 1.0)
                .with("a\u{0}cd", 1.0)
                .with("ac-3", true),
        );
    let read = Capabilities::in_request(&mixed).expect("some of it is good");
    assert_eq!(names(&read.video), [("hvc1", 0)]);
    assert_eq!(names(&read.audio), [("ac-3", 1)]);

    // As encoders without strict arrays write a list.
    let ecma = Value::EcmaArray(Object::new().with("0", "hvc1").with("1", "Opus"));
    let read = Capabilities::in_request(&Object::new().with("fourCcList", ecma));
    assert_eq!(read, Some(Capabilities::new(["hvc1"], ["Opus"], 0, 0)));
}

#[test]
fn lists_of_a_hostile_peer_are_bounded() {
    let codes: Vec<String> = (0..60_000).map(|i| format!("{:04}", i % 10_000)).collect();
    let object = Object::new()
        .with("fourCcList", list(std::iter::repeat_n("hvc1", 60_000)))
        .with(
            "audioFourCcInfoMap",
            codes.iter().map(|code| (code, 1.0)).collect::<Object>(),
        );
    let read = Capabilities::in_request(&object).expect("it announces");
    assert_eq!(read.audio.len(), MAX_CODECS);
    assert_eq!(names(&read.video), [("hvc1", 0)], "no name twice");

    let late = std::iter::repeat_n("xxxx", MAX_ENTRIES).chain(["hvc1"]);
    let object = Object::new().with("fourCcList", list(late));
    let read = Capabilities::in_request(&object).expect("it announces");
    assert_eq!(read.video, [], "nobody reads that far");
}
