// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! URLs, librtmp options and connect arguments. Input: the text.

use gstrtmpr::rtmp::location::{Location, LocationOptions, Scheme};
use gstrtmpr::rtmp::status::printable;
use gstrtmpr::rtmp::{amf0, connect_args};

use super::values::{assert_round_trip, assert_same};

/// What is planted where secrets are.
const SECRET: &str = "S3cr3t";

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    arguments(&text);
    assert!(!printable(&text).contains(char::is_control));
    let Ok(location) = Location::parse(&text) else {
        return;
    };
    reads_back(&location);
    is_divided_otherwise(&location);
    holds_no_secrets_when_shown(location.clone());
    arguments(&location.options.conn.join(" "));
}

/// The text of a location is one of the same location.
fn reads_back(location: &Location) {
    let uri = location.to_uri();
    let again = match Location::parse(&uri) {
        Ok(again) => again,
        Err(error) => panic!("{uri:?}: {error}"),
    };
    assert_eq!(again.to_uri(), uri);
    assert_eq!(comparable(&again), comparable(location), "{uri:?}");
    assert_eq!(again.tc_url(), location.tc_url());
    assert_eq!(again.redacted(), location.redacted());
    let parts = Location::from_parts(
        location.scheme,
        &location.host,
        location.port,
        &location.application,
        &location.stream,
    );
    assert_eq!(parts.expect("the same parts").tc_url(), location.tc_url());
}

/// Everything but what may be written in another way: a default port, names
/// that became options, unknown options.
fn comparable(location: &Location) -> Parts<'_> {
    let options = LocationOptions {
        app: None,
        playpath: None,
        unknown: Vec::new(),
        ..location.options.clone()
    };
    Parts {
        scheme: location.scheme,
        host: &location.host,
        port: location.port_or_default(),
        application: &location.application,
        stream: &location.stream,
        user: location.user.as_deref(),
        password: location.password.as_deref(),
        options,
    }
}

/// Unlike a location, this shows what differs.
#[derive(Debug, PartialEq)]
struct Parts<'a> {
    scheme: Scheme,
    host: &'a str,
    port: u16,
    application: &'a str,
    stream: &'a str,
    user: Option<&'a str>,
    password: Option<&'a str>,
    options: LocationOptions,
}

/// Other divisions are ones of the same path.
fn is_divided_otherwise(location: &Location) {
    let joined = |application: &str, stream: &str| format!("{application}/{stream}");
    let path = joined(&location.application, &location.stream);
    for (application, stream) in location.other_splits() {
        assert_eq!(joined(&application, &stream), path);
        assert_ne!(application, location.application);
    }
}

fn holds_no_secrets_when_shown(mut location: Location) {
    let shown = |location: &Location| {
        let options = &location.options;
        format!("{} {location:?} {options:?}", location.redacted())
    };
    let known = shown(&location).matches(SECRET).count();
    let secret = || Some(SECRET.to_owned());
    location.user = secret();
    location.password = secret();
    location.application.push_str("?a=S3cr3t");
    location.stream.push_str("?b=S3cr3t");
    let options = &mut location.options;
    options.token = secret();
    options.jtv = secret();
    options.socks = secret();
    options.pub_user = secret();
    options.pub_passwd = secret();
    options.tc_url = secret();
    options.page_url = secret();
    options.swf_url = secret();
    options.conn.push(format!("S:{SECRET}"));
    let shown = shown(&location);
    assert!(shown.matches(SECRET).count() <= known, "{shown}");
    assert!(!location.redacted().contains(char::is_control));
}

fn arguments(text: &str) {
    match connect_args::parse(text) {
        Ok(values) => {
            assert_round_trip(&values);
            let read = amf0::decode_all(&amf0::encode_all(&values));
            assert_same(&read.expect("what was written"), &values);
        }
        Err(error) => {
            let words = text.split(' ').filter(|word| !word.is_empty());
            assert!(error.index < words.count(), "{error}");
        }
    }
}
