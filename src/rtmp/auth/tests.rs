// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Both sides together, and the client against what servers say.

use super::*;
use crate::rtmp::random::Random;

const NEED: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
const CHALLENGE: &str = "[ AccessManager.Reject ] : [ authmod=adobe ] : \
    ?reason=needauth&user=user&salt=PJuw1w==&challenge=6fruuQ==&opaque=6fruuQ==";
const LLNW_NEED: &str = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ";
const LLNW_CHALLENGE: &str =
    "[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&nonce=abcd";

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: password.to_owned(),
    }
}

fn login(mode: AuthMode) -> Login {
    Login::new(mode, Some(credentials("user", "pass")), None)
}

fn auto() -> Login {
    login(AuthMode::Auto)
}

/// What becomes of a login that hears these refusals one after the other.
fn hear(mut login: Login, descriptions: &[&str]) -> Result<Login, AuthError> {
    for description in descriptions {
        let result = login.on_refused(description, "live", 1);
        result.expect("it is about access")?;
    }
    Ok(login)
}

fn error(login: Login, descriptions: &[&str]) -> AuthError {
    let (last, before) = descriptions.split_last().expect("one");
    let login = hear(login, before).expect("not before the last one");
    hear(login, &[last]).expect_err("refused")
}

#[test]
fn adobe_takes_three_connections() {
    let login = auto();
    assert_eq!((login.query(), login.method()), (None, None));
    let login = hear(login, &[NEED]).expect("another try");
    assert_eq!(login.query().as_deref(), Some("authmod=adobe&user=user"));
    assert_eq!(login.answers_by(), None);
    let login = hear(login, &[CHALLENGE]).expect("another try");
    assert_eq!(
        login.query().as_deref(),
        Some(
            "authmod=adobe&user=user&challenge=00000001&response=9QW2P9zvBdZNpNR8bRnBwA==\
             &opaque=6fruuQ=="
        )
    );
    assert_eq!(login.answers_by(), Some(Method::Adobe));
}

#[test]
fn without_opaque_the_challenge_is_answered_and_nothing_echoed() {
    let challenge = "authmod=adobe?reason=needauth&salt=PJuw1w==&challenge=6fruuQ==";
    let login = hear(auto(), &[NEED, challenge]).expect("another try");
    let query = login.query().expect("an answer");
    assert!(
        query.ends_with("&response=9QW2P9zvBdZNpNR8bRnBwA=="),
        "{query}"
    );
}

#[test]
fn llnw_answers_for_publish_and_the_application_without_its_query() {
    for (app, response) in [
        ("live", "b2357718513a086160713cc33e99b088"),
        ("live?vhost=x/y", "b2357718513a086160713cc33e99b088"),
        ("live/inst", "2017d1327f6e5ffafac8abc002198aff"),
    ] {
        let mut login = hear(auto(), &[LLNW_NEED]).expect("another try");
        let result = login.on_refused(LLNW_CHALLENGE, app, 0x0a0b_0c0d);
        assert_eq!(result, Some(Ok(())));
        let expected = format!(
            "authmod=llnw&user=user&nonce=abcd&cnonce=0a0b0c0d&nc=00000001&response={response}"
        );
        assert_eq!(login.query(), Some(expected), "{app}");
    }
}

#[test]
fn a_method_that_is_set_or_known_is_named_at_once() {
    let set = login(AuthMode::Only(Method::Llnw));
    assert_eq!(set.query().as_deref(), Some("authmod=llnw&user=user"));
    let some = || Some(credentials("user", "pass"));
    let known = Login::new(AuthMode::Auto, some(), Some(Method::Adobe));
    assert_eq!(known.query().as_deref(), Some("authmod=adobe&user=user"));
    // But not without need: no name, or none that can be sent.
    for (mode, credentials) in [
        (AuthMode::None, some()),
        (AuthMode::Auto, None),
        (AuthMode::Auto, Some(credentials("a&b", ""))),
        (AuthMode::Only(Method::Adobe), None),
    ] {
        let login = Login::new(mode, credentials, Some(Method::Adobe));
        assert_eq!((login.query(), login.method()), (None, None));
    }
}

#[test]
fn what_was_known_may_have_changed_once() {
    let known = || {
        let credentials = Some(credentials("user", "pass"));
        Login::new(AuthMode::Auto, credentials, Some(Method::Adobe))
    };
    let login = hear(known(), &[LLNW_NEED]).expect("another try");
    assert_eq!(login.query().as_deref(), Some("authmod=llnw&user=user"));
    let repeated = error(known(), &[LLNW_NEED, NEED]);
    assert_eq!(repeated, AuthError::Repeated);
    let repeated = error(known(), &[LLNW_NEED, LLNW_NEED]);
    assert_eq!(repeated, AuthError::Repeated);
}

#[test]
fn a_challenge_may_come_without_being_asked_for() {
    let login = hear(auto(), &[CHALLENGE]).expect("another try");
    assert_eq!(login.answers_by(), Some(Method::Adobe));
}

#[test]
fn a_second_challenge_is_answered_and_a_third_is_not() {
    let other = CHALLENGE.replace("6fruuQ==", "AAAAAA==");
    let login = hear(auto(), &[NEED, CHALLENGE, &other]).expect("another try");
    assert!(
        login
            .query()
            .expect("an answer")
            .ends_with("&opaque=AAAAAA==")
    );
    let repeated = error(login, &[CHALLENGE]);
    assert_eq!(repeated, AuthError::Repeated);
    // A server that forgets everything in between.
    let repeated = error(auto(), &[NEED, CHALLENGE, NEED, CHALLENGE, NEED]);
    assert_eq!(repeated, AuthError::Repeated);
    assert_eq!(error(auto(), &[NEED, NEED]), AuthError::Repeated);
}

#[test]
fn refusals_are_final_and_have_their_reasons() {
    let authfailed = "[ authmod=adobe ] : ?reason=authfailed&opaque=x";
    let nosuchuser = "[ authmod=adobe ] : ?reason=nosuchuser";
    for (descriptions, expected) in [
        (vec![NEED, CHALLENGE, authfailed], AuthError::WrongPassword),
        (vec![NEED, nosuchuser], AuthError::NoSuchUser),
        (
            vec!["[ code=403 need auth; authmod=kerberos ]"],
            AuthError::UnknownMethod("kerberos".to_owned()),
        ),
        (
            vec!["[ code=403 need auth ]"],
            AuthError::UnknownMethod(String::new()),
        ),
    ] {
        assert_eq!(error(auto(), &descriptions), expected, "{descriptions:?}");
    }
    let refused = error(auto(), &[NEED, "[ authmod=adobe ] : ?reason=ex\u{1b}pired"]);
    assert_eq!(refused, AuthError::Refused("ex pired".to_owned()));
}

#[test]
fn without_credentials_or_leave_nothing_is_answered() {
    for description in [NEED, CHALLENGE, LLNW_NEED] {
        let none = Login::new(AuthMode::Auto, None, None);
        assert_eq!(error(none, &[description]), AuthError::NoCredentials);
        let off = login(AuthMode::None);
        assert_eq!(error(off, &[description]), AuthError::SwitchedOff);
    }
    let set = login(AuthMode::Only(Method::Adobe));
    let other = error(set, &[LLNW_NEED]);
    assert_eq!(other, AuthError::OtherMethod(Method::Llnw));
}

#[test]
fn challenges_that_cannot_be_answered_are_told() {
    let long = "x".repeat(MAX_VALUE + 1);
    let cases = [
        "reason=needauth&challenge=x".to_owned(),
        "reason=needauth&salt=&challenge=x".to_owned(),
        "reason=needauth&salt=x".to_owned(),
        format!("reason=needauth&salt={long}&challenge=x"),
        format!("reason=needauth&salt=x&challenge={long}"),
        format!("reason=needauth&salt=x&challenge=x&opaque={long}"),
        format!("reason=needauth&salt=x&challenge=x&user={long}"),
        "reason=needauth&salt=x&challenge=x\r\ny".to_owned(),
        "reason=needauth&salt=x&opaque=x\0y".to_owned(),
        "reason=needauth&salt=x\u{7f}&opaque=x".to_owned(),
    ];
    for query in cases {
        let error = error(auto(), &[NEED, &format!("[ authmod=adobe ] : ?{query}")]);
        assert!(matches!(error, AuthError::BadChallenge(_)), "{query}");
    }
    for query in [
        "reason=needauth".to_owned(),
        format!("reason=needauth&nonce={long}"),
    ] {
        let error = error(auto(), &[&format!("[ authmod=llnw ] : ?{query}")]);
        assert!(matches!(error, AuthError::BadChallenge(_)), "{query}");
    }
}

#[test]
fn a_user_name_that_cannot_be_sent_is_an_error_where_one_is_wanted() {
    for user in ["a&b", "a\nb", &"x".repeat(MAX_VALUE + 1)] {
        let login = Login::new(AuthMode::Auto, Some(credentials(user, "pass")), None);
        assert_eq!(error(login, &[NEED]), AuthError::UnusableUser);
    }
}

#[test]
fn the_servers_spelling_of_the_name_counts() {
    let challenge = CHALLENGE.replace("user=user", "user=User%40x");
    let login = Login::new(AuthMode::Auto, Some(credentials("user@x", "pass")), None);
    let login = hear(login, &[NEED, &challenge]).expect("another try");
    let query = login.query().expect("an answer");
    assert!(query.starts_with("authmod=adobe&user=User%40x&"), "{query}");
}

#[test]
fn refusals_about_something_else_are_left_to_others() {
    let mut login = auto();
    for description in ["", "Access denied.", "application unknown"] {
        assert_eq!(login.on_refused(description, "live", 1), None);
    }
}

#[test]
fn queries_go_behind_those_that_are_there() {
    for (text, expected) in [
        ("live", "live?q=1"),
        ("live?a=b", "live?a=b&q=1"),
        ("", "?q=1"),
        ("rtmp://h/live/", "rtmp://h/live/?q=1"),
    ] {
        assert_eq!(with_query(text, "q=1"), expected);
    }
}

#[test]
fn texts_hold_no_secret_and_nothing_long() {
    let shown = format!("{:?}", auto());
    assert!(
        !shown.contains("pass") && !shown.contains("user\""),
        "{shown}"
    );
    let long = format!("[ authmod={} ]", "x".repeat(8000));
    let unknown = error(auto(), &[&long]).to_string();
    assert!(unknown.chars().count() < 300, "{unknown}");
    let long = format!("authmod=adobe?reason={}", "x\u{1b}".repeat(2000));
    let refused = error(auto(), &[&long]).to_string();
    assert!(refused.chars().count() < 300, "{refused}");
    assert!(!refused.contains(char::is_control), "{refused}");
}

#[test]
fn whatever_a_server_says_what_is_sent_back_is_bounded_and_can_be_printed() {
    const WORDS: [&str; 14] = [
        "authmod=adobe ",
        "authmod=llnw ",
        "?reason=needauth",
        "?reason=",
        "&salt=x",
        "&nonce=y",
        "&challenge=z",
        "&opaque=o",
        "&user=u",
        "=",
        "é",
        "\u{7f}",
        "\r\n",
        "code=403 need auth",
    ];
    let mut random = Random::new(1);
    let mut answers = 0;
    for _ in 0..20_000 {
        let mut login = auto();
        for _ in 0..4 {
            let words = (0..random.below(14)).map(|_| random.pick(&WORDS));
            let mut description: String = words.collect();
            if random.once_in(50) {
                description.push_str(&"x".repeat(random.below(2000)));
            }
            let Some(Ok(())) = login.on_refused(&description, "live", 1) else {
                break;
            };
            let query = login.query().expect("something to say");
            assert!(query.len() < 5 * MAX_VALUE, "{query}");
            assert!(!query.contains(char::is_control), "{query:?}");
            answers += usize::from(login.answers_by().is_some());
        }
    }
    assert!(answers > 100, "{answers} answers");
}

/// A server and its clients.
struct House {
    challenger: Challenger,
    seed: u64,
}

impl House {
    fn new(method: Method) -> Self {
        let users = vec![credentials("user", "pass"), credentials("other", "word")];
        Self {
            challenger: Challenger::new(method, users),
            seed: 0,
        }
    }

    fn decide(&mut self, app: &str) -> Decision {
        self.seed += 2;
        self.challenger.decide(app, [self.seed, self.seed + 1])
    }

    fn refusal(&mut self, app: &str) -> String {
        match self.decide(app) {
            Decision::Refused(description) => description,
            Decision::Accepted(user) => panic!("{user} is let in with {app}"),
        }
    }

    /// The query of a client that answers a challenge.
    fn answer(&mut self, app: &str, user: &str, password: &str) -> String {
        let mode = AuthMode::Only(self.challenger.method);
        let mut login = Login::new(mode, Some(credentials(user, password)), None);
        let query = login.query().expect("a name");
        let description = self.refusal(&with_query(app, &query));
        assert!(description.len() < 256, "FFmpeg reads no more");
        assert_eq!(login.on_refused(&description, app, 7), Some(Ok(())));
        login.query().expect("an answer")
    }
}

#[test]
fn both_sides_find_together_by_either_method() {
    for method in Method::ALL {
        for app in ["live", "live/inst", "live?vhost=x", "live/_definst_", ""] {
            let mut house = House::new(method);
            let mut login = auto();
            for connection in 1.. {
                let query = login.query();
                let app = match &query {
                    Some(query) => with_query(app, query),
                    None => app.to_owned(),
                };
                match house.decide(&app) {
                    Decision::Accepted(user) => {
                        assert_eq!((user.as_str(), connection), ("user", 3));
                        break;
                    }
                    Decision::Refused(description) => {
                        let result = login.on_refused(&description, &app, connection);
                        assert_eq!(result, Some(Ok(())), "{description}");
                    }
                }
            }
        }
    }
}

#[test]
fn clients_that_write_a_second_question_mark_are_understood() {
    let mut house = House::new(Method::Adobe);
    let query = house.answer("live?a=b", "user", "pass");
    let decision = house.decide(&format!("live?a=b?{query}"));
    assert_eq!(decision, Decision::Accepted("user".to_owned()));
}

#[test]
fn a_challenge_of_the_clients_may_be_base64_as_librtmp_sends_it() {
    let mut house = House::new(Method::Adobe);
    let refusal = house.refusal("live?authmod=adobe&user=user");
    let value = |name: &str| {
        let (_, rest) = refusal.split_once(&format!("{name}=")).expect("a value");
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let (salt, opaque) = (value("salt"), value("opaque"));
    let response = answer::adobe(&credentials("user", "pass"), &salt, &opaque, "+/3LpA==");
    let app = format!(
        "live?authmod=adobe&user=user&challenge=+/3LpA==&response={response}&opaque={opaque}"
    );
    assert_eq!(house.decide(&app), Decision::Accepted("user".to_owned()));
}

#[test]
fn an_answer_is_good_once_for_its_user_and_its_password() {
    for method in Method::ALL {
        let mut house = House::new(method);
        let query = house.answer("live", "user", "pass");
        let app = with_query("live", &query);
        assert_eq!(house.decide(&app), Decision::Accepted("user".to_owned()));
        assert!(house.refusal(&app).ends_with("?reason=authfailed"), "again");

        for (user, password) in [("user", "Pass"), ("user", ""), ("nobody", "pass")] {
            let query = house.answer("live", user, password);
            let refusal = house.refusal(&with_query("live", &query));
            assert!(refusal.ends_with("?reason=authfailed"), "{refusal}");
        }
        // Made for another user.
        let query = house.answer("live", "user", "pass");
        let query = query.replace("user=user", "user=other");
        let refusal = house.refusal(&with_query("live", &query));
        assert!(refusal.ends_with("?reason=authfailed"), "{refusal}");
    }
}

#[test]
fn names_that_are_not_known_are_challenged_like_others() {
    for method in Method::ALL {
        let mut house = House::new(method);
        let challenge = |house: &mut House, user: &str| {
            let refusal = house.refusal(&format!("live?authmod={method}&user={user}"));
            let refusal = refusal.replace(&format!("user={user}"), "who");
            refusal.replace(|c: char| c.is_ascii_hexdigit(), "")
        };
        assert_eq!(
            challenge(&mut house, "user"),
            challenge(&mut house, "nobody")
        );
    }
}

#[test]
fn whoever_names_nobody_or_another_method_is_told_the_method() {
    let long = "x".repeat(MAX_VALUE);
    for (method, need) in [(Method::Adobe, NEED), (Method::Llnw, LLNW_NEED)] {
        let mut house = House::new(method);
        for query in [
            "",
            "?",
            "?authmod=adobe",
            "?authmod=llnw",
            "?authmod=kerberos&user=user",
            "?user=user&response=x",
            "?authmod=adobe&user=",
            "?authmod=llnw&user=a\nb",
            &format!("?authmod={method}&user={long}"),
        ] {
            assert_eq!(house.refusal(&format!("live{query}")), need, "{query:?}");
        }
        assert_eq!(house.challenger.waiting.len(), 0);
    }
}

#[test]
fn challenges_that_wait_are_bounded() {
    let mut house = House::new(Method::Adobe);
    let first = house.answer("live", "user", "pass");
    for _ in 0..2000 {
        house.refusal("live?authmod=adobe&user=user");
    }
    assert_eq!(house.challenger.waiting.len(), 1024);
    let refusal = house.refusal(&with_query("live", &first));
    assert!(refusal.ends_with("?reason=authfailed"), "forgotten");
    let last = house.answer("live", "user", "pass");
    let decision = house.decide(&with_query("live", &last));
    assert_eq!(decision, Decision::Accepted("user".to_owned()));
}
