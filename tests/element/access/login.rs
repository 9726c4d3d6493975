// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Logins that succeed: what each connection says.

use super::*;

fn md5(text: &str) -> String {
    let sum = glib::compute_checksum_for_data(glib::ChecksumType::Md5, text.as_bytes());
    sum.expect("a checksum").into()
}

/// The checksum's bytes in base64, computed by GLib.
fn base64_md5(text: &str) -> String {
    let digits = md5(text);
    let bytes = (0..digits.len()).step_by(2);
    let bytes: Vec<u8> = bytes
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits"))
        .collect();
    glib::base64_encode(&bytes).into()
}

/// Checks the answer to [`ADOBE_CHALLENGE`] for `me` and `mine`.
fn expect_adobe_answer(app: &str) {
    let query = query(app);
    let names: Vec<_> = query.iter().map(|(name, _)| *name).collect();
    let tail = names.len() - 5;
    assert_eq!(
        names[tail..],
        ["authmod", "user", "challenge", "response", "opaque"]
    );
    let [authmod, user, challenge, response, opaque] = query[tail..] else {
        panic!("{app}");
    };
    assert_eq!((authmod.1, user.1), ("adobe", "me"));
    assert_eq!(opaque.1, "6fru+Q==", "as it came");
    let secret = base64_md5("mePJuw1w==mine");
    let expected = base64_md5(&format!("{secret}6fru+Q=={}", challenge.1));
    assert_eq!(response.1, expected);
}

#[test]
fn adobe_takes_three_connections_and_the_query_goes_into_app_and_tc_url() {
    let server = Guarded::start(vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Play]);
    let player = player(&server.location("app/s"));
    plays(&player);
    let apps = server.apps();
    assert_eq!(apps[..2], ["app", "app?authmod=adobe&user=me"]);
    assert_eq!(apps.len(), 3);
    expect_adobe_answer(&apps[2]);
    for (app, tc_url) in apps.iter().zip(server.tc_urls()) {
        assert_eq!(tc_url, server.location(app));
    }
    let stats = player.stats();
    assert_eq!(stats.get::<&str>("authentication"), Ok("adobe"));
    assert_eq!(stats.get::<u32>("connections"), Ok(3));
    assert!(!server.has_seen("mine"), "the password is not sent");
}

#[test]
fn llnw_is_answered_as_if_to_publish() {
    for (app, named) in [("app", "app/_definst_"), ("app/inst", "app/inst")] {
        let server = Guarded::start(vec![refuse(LLNW), refuse(LLNW_CHALLENGE), Reply::Play]);
        let player = player(&server.location(&format!("{app}/s")));
        plays(&player);
        let apps = server.apps();
        assert_eq!(apps[1], format!("{app}?authmod=llnw&user=me"));
        let query = query(&apps[2]);
        let value = |name: &str| {
            let found = query.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value).expect("a value")
        };
        let (secret, place) = (md5("me:live:mine"), md5(&format!("publish:/{named}")));
        let cnonce = value("cnonce");
        assert_eq!(cnonce.len(), 8);
        let text = format!("{secret}:abcd:00000001:{cnonce}:auth:{place}");
        assert_eq!(value("response"), md5(&text));
        assert_eq!(value("authmod"), "llnw");
        assert_eq!((value("nonce"), value("nc")), ("abcd", "00000001"));
        let stats = player.stats();
        assert_eq!(stats.get::<&str>("authentication"), Ok("llnw"));
    }
}

#[test]
fn a_query_that_is_there_is_kept_in_front() {
    let server = Guarded::start(vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Play]);
    let player = player(&server.location("app?vhost=x/s"));
    player.source.set_property("tc-url", "rtmp://elsewhere/app");
    plays(&player);
    let (apps, tc_urls) = (server.apps(), server.tc_urls());
    assert_eq!(
        apps[..2],
        ["app?vhost=x", "app?vhost=x&authmod=adobe&user=me"]
    );
    expect_adobe_answer(&apps[2]);
    let own = [
        "rtmp://elsewhere/app",
        "rtmp://elsewhere/app?authmod=adobe&user=me",
    ];
    assert_eq!(tc_urls[..2], own);
    expect_adobe_answer(&tc_urls[2]);
}

#[test]
fn a_method_that_is_set_saves_a_connection() {
    for (authmod, challenge) in [("adobe", ADOBE_CHALLENGE), ("llnw", LLNW_CHALLENGE)] {
        let server = Guarded::start(vec![refuse(challenge), Reply::Play]);
        let player = player(&server.location("app/s"));
        player.source.set_property_from_str("authmod", authmod);
        plays(&player);
        let apps = server.apps();
        assert_eq!(apps[0], format!("app?authmod={authmod}&user=me"));
        assert_eq!(apps.len(), 2);
    }
}

#[test]
fn a_server_that_does_not_ask_is_told_nothing_unless_that_is_set() {
    let server = Guarded::start(vec![Reply::Play]);
    let player = player(&server.location("app/s"));
    plays(&player);
    player.set_state(gst::State::Null);
    assert!(!server.has_seen("authmod") && !server.has_seen("me\""));
    assert!(player.stats().get::<&str>("authentication").is_err());
    player.source.set_property_from_str("authmod", "adobe");
    plays(&player);
    assert_eq!(server.apps(), ["app", "app?authmod=adobe&user=me"]);
    assert!(player.stats().get::<&str>("authentication").is_err());
}

#[test]
fn credentials_come_from_the_url_or_librtmps_options_as_well() {
    for (prefix, options) in [("m%65:mine@", ""), ("", " pubUser=me pubPasswd=mi\\6ee")] {
        let server = Guarded::start(vec![refuse(ADOBE), refuse(ADOBE_CHALLENGE), Reply::Play]);
        let address = server.server.address();
        let player = Player::new(&format!("rtmp://{prefix}{address}/app/s{options}"));
        plays(&player);
        let apps = server.apps();
        assert_eq!(apps.len(), 3);
        expect_adobe_answer(&apps[2]);
        for tc_url in server.tc_urls() {
            assert!(!tc_url.contains('@'), "{tc_url}");
        }
    }
}

#[test]
fn a_second_challenge_is_answered_anew() {
    let expired = ADOBE_CHALLENGE.replace("6fru+Q==", "AAAAAA==");
    let replies = vec![
        refuse(ADOBE),
        Reply::Refuse(expired),
        refuse(ADOBE_CHALLENGE),
        Reply::Play,
    ];
    let server = Guarded::start(replies);
    plays(&player(&server.location("app/s")));
    let apps = server.apps();
    assert_eq!(apps.len(), 4);
    assert!(apps[2].ends_with("&opaque=AAAAAA=="), "{apps:?}");
    expect_adobe_answer(&apps[3]);
}

#[test]
fn the_method_is_known_at_the_next_start_and_forgotten_where_that_is_not_wanted() {
    let replies = vec![
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        Reply::Play,
        refuse(ADOBE_CHALLENGE),
        Reply::Play,
        // Nobody is asked any more, and who says who it is thrown out.
        Reply::Close,
        Reply::Play,
        Reply::Play,
    ];
    let server = Guarded::start(replies);
    let player = player(&server.location("app/s"));
    for connections in [3, 2, 2, 1] {
        plays(&player);
        player.set_state(gst::State::Null);
        assert_eq!(player.stats().get::<u32>("connections"), Ok(connections));
    }
    let plain: Vec<_> = server.apps().iter().map(|app| app == "app").collect();
    let expected = [true, false, false, false, false, false, true, true];
    assert_eq!(plain, expected);
}

#[test]
fn other_ways_to_ask_are_logins_too() {
    let replies = vec![
        refuse(ADOBE),
        refuse(ADOBE_CHALLENGE),
        Reply::Unknown(StatusCode::ConnectInvalidApp),
        refuse(ADOBE_CHALLENGE),
        Reply::Play,
    ];
    let server = Guarded::start(replies);
    let player = player(&server.location("a/b/s"));
    plays(&player);
    let apps = server.apps();
    let names: Vec<_> = apps
        .iter()
        .filter_map(|app| app.split('?').next())
        .collect();
    assert_eq!(names, ["a/b", "a/b", "a/b", "a", "a"]);
    expect_adobe_answer(&apps[2]);
    expect_adobe_answer(&apps[4]);
}
