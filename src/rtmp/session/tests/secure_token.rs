// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! SecureToken between the two sides.

use super::*;
use crate::rtmp::auth::secure_token;

#[test]
fn the_challenge_comes_with_the_answer_to_connect_and_is_answered_without_a_reply() {
    let mut pair = Pair::new();
    let challenge = secure_token::challenge("some text", "token");
    pair.server.set_secure_token(challenge.clone());
    pair.client.connect(&parameters());
    pair.exchange();
    let Some(server::Event::Connect(request)) = pair.server_events.pop() else {
        panic!("the server sees connect");
    };
    pair.server.accept_connect(&request, 4096);
    pair.exchange();
    let Some(client::Event::Connected {
        properties,
        information,
    }) = pair.client_events.pop()
    else {
        panic!("the client is connected");
    };
    let found = client::secure_token_challenge(&properties, &information);
    assert_eq!(found, Some(challenge.as_str()));

    pair.client.answer_secure_token("some text");
    let log = written_down(&pair.exchange());
    assert_eq!(log, ["> 3/0 @0 secureTokenResponse 0 null some text"]);
    let Some(server::Event::Called(command)) = pair.server_events.pop() else {
        panic!("the server sees the answer");
    };
    assert_eq!(command.name, "secureTokenResponse");
    assert_eq!(command.arguments, ["some text".into()]);
}

#[test]
fn a_challenge_is_looked_for_beside_the_status_first() {
    let with = |text: &str| Object::new().with("secureToken", text);
    let none = Object::new().with("secureToken", 5.0);
    let find = |properties: &Object, information: &Object| {
        let found = client::secure_token_challenge(properties, information);
        found.map(str::to_owned)
    };
    assert_eq!(find(&with("a"), &with("b")).as_deref(), Some("b"));
    assert_eq!(find(&with("a"), &none).as_deref(), Some("a"));
    assert_eq!(find(&none, &Object::new()), None);
}
