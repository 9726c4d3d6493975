// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Who is let in, and who may publish and play.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::auth::{AuthMode, Credentials, Login, Method, secure_token, with_query};
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::StreamId;

use crate::client::Client;
use crate::origin::{Origin, OriginOptions};

const STREAM: StreamId = StreamId(1);

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

fn start(options: OriginOptions) -> Origin {
    Origin::start("127.0.0.1:0", options).expect("a free port")
}

fn guarded(authmod: Method) -> Origin {
    start(OriginOptions {
        users: vec![credentials("me", "mine"), credentials("you", "yours")],
        authmod,
        ..OriginOptions::default()
    })
}

/// A connection and the answer to its `connect`.
fn connect(origin: &Origin, app: &str) -> (Client, Command) {
    let mut client = Client::new(origin.local_addr());
    let object = Object::new().with("app", app);
    client.send(StreamId(0), &Command::new("connect", 1.0).object(object));
    let answer = client.answer(1.0);
    (client, answer)
}

/// Expects a refusal, behind which the connection is closed, and returns its
/// description.
fn refused(origin: &Origin, app: &str) -> String {
    let (mut client, answer) = connect(origin, app);
    assert_eq!(answer.name, "_error", "{app}");
    let status = answer.status().expect("a status");
    assert_eq!(status.code.as_str(), "NetConnection.Connect.Rejected");
    assert!(client.next().is_none(), "nothing behind it");
    status.description
}

/// The `app` that answers a challenge.
fn answered(origin: &Origin, authmod: Method, user: &str, password: &str) -> String {
    let mode = AuthMode::Only(authmod);
    let mut login = Login::new(mode, Some(credentials(user, password)), None);
    let app = with_query("live", &login.query().expect("a name"));
    let description = refused(origin, &app);
    assert_eq!(login.on_refused(&description, "live", 5), Some(Ok(())));
    with_query("live", &login.query().expect("an answer"))
}

#[test]
fn users_are_let_in_by_their_passwords_and_publish_and_play_as_usual() {
    for authmod in Method::ALL {
        let origin = guarded(authmod);
        let need = refused(&origin, "live");
        assert!(
            need.contains(&format!("need auth; authmod={authmod}")),
            "{need}"
        );
        let app = answered(&origin, authmod, "you", "yours");
        let (mut client, answer) = connect(&origin, &app);
        assert_eq!(answer.name, "_result");
        client.create_stream(2.0);
        assert_eq!(client.publish(STREAM, "s"), "NetStream.Publish.Start");
        assert!(origin.summary("live/s").published, "without the query");
        let failed = refused(&origin, &app);
        assert!(
            failed.ends_with("?reason=authfailed"),
            "only once: {failed}"
        );
    }
}

#[test]
fn others_are_told_that_they_failed() {
    let origin = guarded(Method::Adobe);
    for (user, password) in [("me", "yours"), ("nobody", "mine"), ("me", "")] {
        let app = answered(&origin, Method::Adobe, user, password);
        let failed = refused(&origin, &app);
        assert!(failed.ends_with("?reason=authfailed"), "{failed}");
    }
}

#[test]
fn who_is_not_let_in_can_do_nothing_else() {
    let origin = guarded(Method::Adobe);
    let mut client = Client::new(origin.local_addr());
    let app = Object::new().with("app", "live");
    client.send(StreamId(0), &Command::new("connect", 1.0).object(app));
    client.send(StreamId(0), &Command::new("createStream", 2.0));
    let publish = Command::new("publish", 0.0).argument("s").argument("live");
    client.send(STREAM, &publish);
    assert_eq!(client.answer(1.0).name, "_error");
    assert!(client.next().is_none(), "no answer to createStream");
    assert!(!origin.summary("live/s").published);
}

#[test]
fn a_secure_token_has_to_be_answered_before_publishing_and_playing() {
    let origin = start(OriginOptions {
        secure_token: Some("key".to_owned()),
        ..OriginOptions::default()
    });
    let mut challenges = Vec::new();
    for (token, code) in [
        (None, "NetStream.Publish.Denied"),
        (Some("wrong"), "NetStream.Publish.Denied"),
        (Some("key"), "NetStream.Publish.Start"),
    ] {
        let (mut client, answer) = connect(&origin, "live");
        let information = answer.arguments.first().and_then(Value::as_object);
        let challenge = information.and_then(|object| object.get("secureToken")?.as_str());
        let challenge = challenge.expect("a challenge").to_owned();
        if let Some(token) = token {
            let text = secure_token::answer(&challenge, token).expect("an answer");
            let command = Command::new("secureTokenResponse", 0.0).argument(text);
            client.send(StreamId(0), &command);
        }
        client.create_stream(2.0);
        assert_eq!(client.publish(STREAM, "s"), code, "{token:?}");
        challenges.push(challenge);
    }
    challenges.dedup();
    assert_eq!(challenges.len(), 3, "each is another one");

    let (mut player, _) = connect(&origin, "live");
    player.create_stream(2.0);
    player.play(STREAM, "s");
    assert_eq!(player.status(), "NetStream.Play.Failed");
    assert!(player.next().is_none(), "and it is closed");
}
