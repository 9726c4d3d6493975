// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Answers and statuses that lack something.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::command::Command;

use super::message::{
    CONNECT, CREATE_STREAM, Said, command, connected, message, on_status, status, success,
};
use super::script::{Script, plain_tags};

/// A command of exactly these values.
fn values<const N: usize>(stream: u32, values: [Value; N]) -> Said {
    message(3, stream, 20, 0, &amf0::encode_all(&values))
}

fn without(object: &Object, member: &str) -> Object {
    object
        .iter()
        .filter(|(name, _)| *name != member)
        .map(|(name, value)| (name, value.clone()))
        .collect()
}

#[test]
fn the_answer_to_connect_may_lack_any_of_its_members() {
    let properties = || Object::new().with("fmsVer", "FMS/3,0,1,123");
    let partial = |member| connected(properties(), without(&success(), member));
    let bare = Command::new("_result", CONNECT);
    for answer in [
        partial("code"),
        partial("level"),
        partial("description"),
        connected(properties(), Object::new()),
        command(3, 0, &bare.clone().object(properties())),
        command(3, 0, &bare),
        values(0, ["_result".into(), CONNECT.into()]),
    ] {
        let mut server = Script::plain();
        server.connect.pop();
        server.connect.push(answer);
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn statuses_may_lack_all_but_their_code() {
    let code = |code: &str| Value::from(Object::new().with("code", code));
    let name = || Value::from("onStatus");
    let forms: [fn(Value, Value) -> Said; 4] = [
        |name, status| values(1, [name, 0.0.into(), Value::Null, status]),
        // No transaction id, no command object, neither.
        |name, status| values(1, [name, Value::Null, status]),
        |name, status| values(1, [name, 0.0.into(), status]),
        |name, status| values(1, [name, status]),
    ];
    for form in forms {
        let mut server = Script::plain();
        server.play[1] = form(name(), code("NetStream.Play.Start"));
        server.play.pop();
        server.clone().goes_on(&plain_tags());
        server.play.push(form(name(), code("NetStream.Play.Stop")));
        server.ends_by_word(&plain_tags());
    }
}

#[test]
fn a_refusal_may_lack_any_of_its_members() {
    let refusal = Object::new()
        .with("level", "error")
        .with("code", "NetStream.Play.StreamNotFound")
        .with("description", "no such thing");
    for (member, code, word) in [
        ("level", gst::ResourceError::NotFound, "no such thing"),
        (
            "description",
            gst::ResourceError::NotFound,
            "StreamNotFound",
        ),
        ("code", gst::ResourceError::OpenRead, "no such thing"),
    ] {
        let mut server = Script::plain();
        server.play = vec![on_status(5, 1, without(&refusal, member))];
        server.fails(code, &[word]);
    }
}

#[test]
fn a_refusal_of_connect_that_lacks_its_level_and_calls_itself_a_result_is_one() {
    for (code, error) in [
        (
            "NetConnection.Connect.Rejected",
            gst::ResourceError::OpenRead,
        ),
        ("NetConnection.Connect.Failed", gst::ResourceError::OpenRead),
        (
            "NetConnection.Connect.InvalidApp",
            gst::ResourceError::NotFound,
        ),
        (
            "NetConnection.Connect.AppShutdown",
            gst::ResourceError::OpenRead,
        ),
    ] {
        let mut server = Script::plain();
        let information = Object::new().with("code", code);
        server.connect = vec![connected(Object::new(), information)];
        server.fails(error, &[code]);
    }
}

#[test]
fn a_status_without_code_and_level_means_nothing() {
    let mut server = Script::plain();
    let hint = Object::new().with("description", "hm");
    let foreign = Object::new().with("clientid", 5.0);
    server.play.insert(3, on_status(5, 1, hint));
    server.play.insert(4, on_status(5, 1, foreign));
    server.play.insert(5, values(1, ["onStatus".into()]));
    server.play.insert(6, on_status(5, 1, status("")));
    server.ends_by_word(&plain_tags());
}

#[test]
fn a_created_stream_without_a_number_is_an_error() {
    for answer in [
        values(0, ["_result".into(), CREATE_STREAM.into()]),
        values(0, ["_result".into(), CREATE_STREAM.into(), Value::Null]),
    ] {
        let mut server = Script::plain();
        server.create_stream = vec![answer];
        server.fails(gst::ResourceError::OpenRead, &["refused a stream"]);
    }
}

#[test]
fn an_answer_without_transaction_id_is_for_the_call_that_waits() {
    let mut server = Script::plain();
    server.connect.pop();
    server.connect.push(values(
        0,
        ["_result".into(), Object::new().into(), success().into()],
    ));
    server.create_stream = vec![values(0, ["_result".into(), Value::Null, 1.0.into()])];
    server.ends_by_word(&plain_tags());
}
