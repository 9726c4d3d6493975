// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Logins that fail: one error that says why, no retry, and no other way to
//! ask.

use super::*;

/// What must come of it.
struct Expected<'a> {
    reason: &'a str,
    words: &'a [&'a str],
    connections: usize,
}

/// Plays in vain from a server with a path that could be divided elsewhere.
fn fails(set: impl Fn(&gst::Element), replies: Vec<Reply>, expected: &Expected<'_>) {
    let server = Guarded::start(replies);
    let player = player(&server.location("a/b/c/s"));
    set(&player.source);
    player.play();
    let message = player.element_message("stream-ended");
    let reason = expected.reason;
    assert_eq!(
        message.get::<&str>("cause"),
        Ok("not-authorized"),
        "{reason}"
    );
    assert_eq!(message.get::<&str>("reason"), Ok(reason), "{message}");
    let code = message.get::<&str>("code");
    assert_eq!(code, Ok("NetConnection.Connect.Rejected"), "{reason}");
    let (error, debug) = player.error_message();
    assert!(error.matches(gst::ResourceError::NotAuthorized), "{error}");
    for word in expected.words {
        assert!(error.message().contains(word), "{word:?} in {error}");
    }
    assert!(
        !error.message().contains("Tried without success"),
        "{error}"
    );
    for text in [error.message(), &debug] {
        assert!(
            !text.contains("mine") && !text.contains("needauth"),
            "{text}"
        );
    }
    let apps = server.apps();
    assert_eq!(apps.len(), expected.connections, "{reason}: {apps:?}");
    assert!(!server.has_seen("mine"), "{reason}");
}

fn as_it_is(_: &gst::Element) {}

#[test]
fn a_wrong_password_or_an_unknown_user_is_told() {
    let check = "Check the username and password properties";
    fails(
        as_it_is,
        vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), refuse(AUTHFAILED)],
        &Expected {
            reason: "wrong-password",
            words: &["authfailed", "AccessManager.Reject", check],
            connections: 3,
        },
    );
    fails(
        as_it_is,
        vec![refuse(ADOBE), refuse(NOSUCHUSER)],
        &Expected {
            reason: "no-such-user",
            words: &["nosuchuser", check],
            connections: 2,
        },
    );
    let other = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=expired";
    fails(
        as_it_is,
        vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), refuse(other)],
        &Expected {
            reason: "refused",
            words: &["\"expired\""],
            connections: 3,
        },
    );
}

#[test]
fn a_server_that_never_stops_asking_is_given_up() {
    let expected = |connections| Expected {
        reason: "repeated",
        words: &["asks again", "Check the username"],
        connections,
    };
    // Two answers, and no third one.
    let replies = vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE)];
    fails(as_it_is, replies, &expected(4));
    let replies = vec![
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        refuse(ADOBE),
    ];
    fails(as_it_is, replies, &expected(5));
    fails(as_it_is, vec![refuse(ADOBE)], &expected(2));
}

#[test]
fn without_credentials_or_with_authmod_none_nothing_is_said() {
    for name in ["username", "password"] {
        fails(
            |source| source.set_property(name, None::<&str>),
            vec![refuse(ADOBE)],
            &Expected {
                reason: "no-credentials",
                words: &["not set", "Set the username and password properties"],
                connections: 1,
            },
        );
    }
    fails(
        |source| source.set_property_from_str("authmod", "none"),
        vec![refuse(ADOBE)],
        &Expected {
            reason: "switched-off",
            words: &["switched off", "authmod"],
            connections: 1,
        },
    );
}

#[test]
fn a_method_that_is_not_known_or_not_the_one_that_is_set_is_told() {
    let unknown = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=kerberos ] : ";
    fails(
        as_it_is,
        vec![refuse(unknown)],
        &Expected {
            reason: "unknown-method",
            words: &["\"kerberos\""],
            connections: 1,
        },
    );
    fails(
        as_it_is,
        vec![refuse("[ AccessManager.Reject ] : [ code=403 need auth ]")],
        &Expected {
            reason: "unknown-method",
            words: &["does not say"],
            connections: 1,
        },
    );
    fails(
        |source| source.set_property_from_str("authmod", "llnw"),
        vec![refuse(ADOBE)],
        &Expected {
            reason: "other-method",
            words: &["adobe", "Set the authmod property"],
            connections: 1,
        },
    );
}

#[test]
fn challenges_that_cannot_be_answered_are_told() {
    let huge = "x".repeat(100_000);
    for (query, words) in [
        ("challenge=x".to_owned(), "no salt"),
        ("salt=x".to_owned(), "no challenge"),
        (format!("salt=x&challenge={}", &huge[..600]), "too long"),
        (
            format!("salt=x&challenge=x&opaque={}", &huge[..7000]),
            "too long",
        ),
        ("salt=x&challenge=x&opaque=a\r\nb".to_owned(), "be printed"),
    ] {
        let challenge = format!("[ authmod=adobe ] : ?reason=needauth&{query}");
        fails(
            as_it_is,
            vec![refuse(ADOBE), Reply::Refuse(challenge)],
            &Expected {
                reason: "bad-challenge",
                words: &[words],
                connections: 2,
            },
        );
    }
    // Of so much text no more is kept than can be shown.
    let flood = format!("[ authmod=adobe ] : ?reason=needauth&salt=x&challenge={huge}");
    fails(
        as_it_is,
        vec![refuse(ADOBE), Reply::Refuse(flood)],
        &Expected {
            reason: "repeated",
            words: &["authmod=adobe"],
            connections: 2,
        },
    );
    fails(
        as_it_is,
        vec![refuse(LLNW), refuse("[ authmod=llnw ] : ?reason=needauth")],
        &Expected {
            reason: "bad-challenge",
            words: &["no nonce"],
            connections: 2,
        },
    );
}

#[test]
fn a_user_name_that_cannot_be_sent_is_told_where_one_is_wanted() {
    fails(
        |source| source.set_property("username", "a&admin=1"),
        vec![refuse(ADOBE)],
        &Expected {
            reason: "unusable-user",
            words: &["cannot be sent", "username"],
            connections: 1,
        },
    );
}

#[test]
fn a_server_that_closes_on_an_answer_is_not_asked_in_other_ways() {
    let replies = vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Close];
    let server = Guarded::start(replies);
    let player = player(&server.location("a/b/c/s"));
    player.play();
    let (error, _) = player.error_message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error}");
    assert!(error.message().contains("access is denied"), "{error}");
    assert_eq!(server.apps().len(), 3);
}

#[test]
fn a_challenge_that_never_ends_is_left_with_the_state_change() {
    let (asked, was_asked) = std::sync::mpsc::channel();
    let server = Server::concurrent(move |number, peer| {
        let request = peer.connect_request();
        match number {
            0 => {
                peer.session.reject_connect(&request, &rejected(ADOBE));
                peer.close();
            }
            _ => {
                asked.send(()).expect("the test waits");
                peer.hold();
            }
        }
    });
    let player = player(&server.location());
    player.source.set_property("timeout", 0u32);
    player.play();
    was_asked.recv().expect("a second connection");
    // Nothing else would end it: the guard of the test would.
    player.set_state(gst::State::Null);
}
