// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Any location is read back from its text, and none tells its secrets.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::rtmp::arbitrary::config;

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.-]{1,20}",
        any::<[u8; 4]>().prop_map(|bytes| core::net::Ipv4Addr::from(bytes).to_string()),
        any::<[u8; 16]>().prop_map(|bytes| core::net::Ipv6Addr::from(bytes).to_string()),
        "fe80::1%[a-z0-9]{1,8}",
        // International names are the resolver's business.
        "[a-zäßя日]{1,10}",
    ]
}

/// Anything but NUL, which would end it early elsewhere.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "/", "?", "a", "live", "mp4:", "\\", "\\20", "%", "%41", " ", "=", "://", "@", ":",
    ]);
    prop_oneof![
        "[a-z0-9_?=&/.:%-]{0,20}",
        vec(pieces, 0..6).prop_map(|pieces| pieces.concat()),
        any::<String>().prop_map(|text| text.replace('\0', "")),
    ]
}

/// A name with or without a password, or an empty name with one.
fn user_info() -> impl Strategy<Value = (Option<String>, Option<String>)> {
    let some = |text: String| Some(text);
    prop_oneof![
        Just((None, None)),
        (text().prop_filter("a name", |name| !name.is_empty()))
            .prop_map(move |name| (some(name), None)),
        (text(), text()).prop_map(move |(name, password)| (some(name), some(password))),
    ]
}

fn options() -> impl Strategy<Value = LocationOptions> {
    let texts = (
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
        option::of(text()),
    );
    let numbers = (
        option::of(any::<i64>()),
        option::of(any::<i64>()),
        option::of(any::<u32>()),
        option::of(any::<u32>()),
        option::of(any::<u32>()),
    );
    let flags = (
        option::of(any::<bool>()),
        option::of(any::<bool>()),
        option::of(any::<bool>()),
    );
    let conn = vec("[!-~]{1,10}", 0..3);
    (texts, numbers, flags, conn).prop_map(|(texts, numbers, flags, conn)| {
        let (tc_url, page_url, swf_url, flash_ver, subscribe, token) = texts;
        let (start, stop, buffer, timeout, swf_age) = numbers;
        let (live, playlist, swf_vfy) = flags;
        LocationOptions {
            tc_url,
            page_url,
            swf_url,
            flash_ver,
            subscribe,
            token,
            start,
            stop,
            buffer,
            timeout,
            swf_age,
            live,
            playlist,
            swf_vfy,
            conn,
            ..LocationOptions::default()
        }
    })
}

fn locations() -> impl Strategy<Value = Location> {
    let port = option::of(any::<u16>());
    (host(), port, text(), text(), user_info(), options()).prop_map(
        |(host, port, application, stream, (user, password), options)| Location {
            scheme: Scheme::Rtmp,
            host,
            port,
            application,
            stream,
            user,
            password,
            options,
        },
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_location_is_read_back_from_its_text(location in locations()) {
        let uri = location.to_uri();
        let read = Location::parse(&uri).expect("what was written");
        prop_assert_eq!(read.to_uri(), uri);
        prop_assert_eq!(&read.host, &location.host);
        prop_assert_eq!(read.port_or_default(), location.port_or_default());
        prop_assert_eq!(&read.application, &location.application);
        prop_assert_eq!(&read.stream, &location.stream);
        prop_assert_eq!(&read.user, &location.user);
        prop_assert_eq!(&read.password, &location.password);
        let named = LocationOptions { app: None, playpath: None, ..read.options };
        prop_assert_eq!(named, location.options);
    }

    #[test]
    fn other_ways_to_divide_a_path_keep_it(application in text(), stream in text()) {
        let path = format!("{application}/{stream}");
        for (other, rest) in other_splits(&application, &stream) {
            prop_assert_ne!(&other, &application);
            prop_assert_eq!(format!("{other}/{rest}"), path.as_str());
        }
        let (application, stream) = split_path(&path);
        prop_assert!(path.starts_with(application) && path.ends_with(stream));
        prop_assert!(path.len() - application.len() - stream.len() <= 1);
    }

    #[test]
    fn what_is_shown_has_no_secret(location in locations(), secret in "[A-Z]{12}") {
        let shown = |location: &Location| {
            format!("{} {location:?} {:?}", location.redacted(), location.options)
        };
        prop_assume!(!shown(&location).contains(&secret));
        let mut location = location;
        location.user = Some(secret.clone());
        location.password = Some(secret.clone());
        location.application.push_str(&format!("?t={secret}"));
        location.stream.push_str(&format!("?t={secret}"));
        location.options.token = Some(secret.clone());
        location.options.subscribe = Some(format!("s?{secret}"));
        location.options.pub_passwd = Some(secret.clone());
        location.options.conn.push(format!("S:{secret}"));
        location.options.tc_url = Some(format!("rtmp://u:{secret}@h/a"));
        prop_assert!(!shown(&location).contains(&secret));
        prop_assert!(!location.redacted().contains(char::is_control));
    }

    #[test]
    fn escaped_text_is_read_back(text in any::<String>()) {
        prop_assert_eq!(unescape(&escape::escape(&text)), text.as_str());
        let encoded = percent_encode(&text);
        prop_assert!(encoded.is_ascii());
        prop_assert_eq!(escape::decode_hex_escapes(&encoded, b'%'), text);
    }

    #[test]
    fn any_text_is_refused_or_read_back(text in "(rtmp://)?[ -~]{0,40}") {
        if let Ok(location) = Location::parse(&text) {
            let uri = location.to_uri();
            let read = Location::parse(&uri).expect("what was written");
            prop_assert_eq!(read.to_uri(), uri);
            prop_assert_eq!(read.tc_url(), location.tc_url());
        }
    }
}
