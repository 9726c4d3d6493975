// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Locations, from text to parts and back.

use super::escape::escape;
use super::*;

fn parse(text: &str) -> Location {
    Location::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// URL, host, port, application, stream, tcUrl.
type Row = (
    &'static str,
    &'static str,
    u16,
    &'static str,
    &'static str,
    &'static str,
);

#[rustfmt::skip]
    const ROWS: &[Row] = &[
        // The plain cases.
        ("rtmp://h/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:1935/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:1936/live/s", "h", 1936, "live", "s", "rtmp://h:1936/live"),
        ("rtmp://h:0/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:/live/s", "h", 1935, "live", "s", "rtmp://h/live"),
        ("rtmp://h:00080/live/s", "h", 80, "live", "s", "rtmp://h:80/live"),
        ("rtmp://h:65535/live/s", "h", 65535, "live", "s", "rtmp://h:65535/live"),
        ("rtmp://h/a/b/c/d", "h", 1935, "a/b/c", "d", "rtmp://h/a/b/c"),
        ("rtmp://192.0.2.1/a/b", "192.0.2.1", 1935, "a", "b", "rtmp://192.0.2.1/a"),
        ("RtMp://Host.Example/A/B", "Host.Example", 1935, "A", "B", "rtmp://Host.Example/A"),
        ("  rtmp://h/a/b\n", "h", 1935, "a", "b", "rtmp://h/a"),
        // Few components.
        ("rtmp://h", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h/", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h:1936", "h", 1936, "", "", "rtmp://h:1936/"),
        ("rtmp://h/live", "h", 1935, "live", "", "rtmp://h/live"),
        ("rtmp://h/live/", "h", 1935, "live", "", "rtmp://h/live"),
        ("rtmp://h/live/s/", "h", 1935, "live/s", "", "rtmp://h/live/s"),
        ("rtmp://h//s", "h", 1935, "", "s", "rtmp://h/"),
        ("rtmp://h//a/s", "h", 1935, "/a", "s", "rtmp://h//a"),
        ("rtmp://h/a//s", "h", 1935, "a/", "s", "rtmp://h/a/"),
        // Queries stay where they are.
        ("rtmp://h/live/s?t=x/y", "h", 1935, "live", "s?t=x/y", "rtmp://h/live"),
        ("rtmp://h/live/s?url=rtmp://o/p", "h", 1935, "live", "s?url=rtmp://o/p", "rtmp://h/live"),
        ("rtmp://h/a/b/s?x=1&y=/", "h", 1935, "a/b", "s?x=1&y=/", "rtmp://h/a/b"),
        ("rtmp://h/live/s?a=1?b=2/3", "h", 1935, "live", "s?a=1?b=2/3", "rtmp://h/live"),
        ("rtmp://h/live/?key=a/b", "h", 1935, "live", "?key=a/b", "rtmp://h/live"),
        ("rtmp://h/live?token=1", "h", 1935, "live?token=1", "", "rtmp://h/live?token=1"),
        ("rtmp://h/live/s%2Fx?t=%2B", "h", 1935, "live", "s%2Fx?t=%2B", "rtmp://h/live"),
        ("rtmp://h/live/s#f/g", "h", 1935, "live/s#f", "g", "rtmp://h/live/s#f"),
        // The query of the application.
        ("rtmp://h/live?vhost=a/s", "h", 1935, "live?vhost=a", "s", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?t=a/b/s", "h", 1935, "live?t=a/b", "s", "rtmp://h/live?t=a/b"),
        ("rtmp://h/live?vhost=a/s?t=b/c", "h", 1935, "live?vhost=a", "s?t=b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?vhost=a/s?u=http://b/c", "h", 1935, "live?vhost=a", "s?u=http://b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/live?url=rtmp://o/p", "h", 1935, "live?url=rtmp://o/p", "", "rtmp://h/live?url=rtmp://o/p"),
        ("rtmp://h/live?vhost=a/mp4:b/c", "h", 1935, "live?vhost=a", "mp4:b/c", "rtmp://h/live?vhost=a"),
        ("rtmp://h/?vhost=a/s", "h", 1935, "?vhost=a", "s", "rtmp://h/?vhost=a"),
        // Container prefixes.
        ("rtmp://h/a/mp4:x/y.mp4", "h", 1935, "a", "mp4:x/y.mp4", "rtmp://h/a"),
        ("rtmp://h/a/b/flv:x/y/z", "h", 1935, "a/b", "flv:x/y/z", "rtmp://h/a/b"),
        ("rtmp://h/a/mp3:x", "h", 1935, "a", "mp3:x", "rtmp://h/a"),
        ("rtmp://h/a/F4V:x/y?t=1/2", "h", 1935, "a", "F4V:x/y?t=1/2", "rtmp://h/a"),
        ("rtmp://h/a/mp4:x/mp4:y", "h", 1935, "a", "mp4:x/mp4:y", "rtmp://h/a"),
        ("rtmp://h/mp4:x/y", "h", 1935, "mp4:x", "y", "rtmp://h/mp4:x"),
        ("rtmp://h/a/12:30/s", "h", 1935, "a/12:30", "s", "rtmp://h/a/12:30"),
        ("rtmp://h/a//mp4:x/y", "h", 1935, "a/", "mp4:x/y", "rtmp://h/a/"),
        ("rtmp://h/a/:x/s", "h", 1935, "a/:x", "s", "rtmp://h/a/:x"),
        ("rtmp://h/a/s?u=mp4:x/y", "h", 1935, "a", "s?u=mp4:x/y", "rtmp://h/a"),
        // IPv6.
        ("rtmp://[::1]:1936/a/b/c", "::1", 1936, "a/b", "c", "rtmp://[::1]:1936/a/b"),
        ("rtmp://[2001:db8::1]/a/b", "2001:db8::1", 1935, "a", "b", "rtmp://[2001:db8::1]/a"),
        ("rtmp://[fe80::1%25eth0]/a/b", "fe80::1%eth0", 1935, "a", "b", "rtmp://[fe80::1]/a"),
        ("rtmp://[fe80::1%eth0]:1935/a/b", "fe80::1%eth0", 1935, "a", "b", "rtmp://[fe80::1]/a"),
        // User information never shows.
        ("rtmp://u:p%40@h/a/s", "h", 1935, "a", "s", "rtmp://h/a"),
        ("rtmp://u@v:p@h:1/a/s", "h", 1, "a", "s", "rtmp://h:1/a"),
        ("rtmp://u:p@[::1]/a/s", "::1", 1935, "a", "s", "rtmp://[::1]/a"),
        ("rtmp://h/a/s@t:u", "h", 1935, "a", "s@t:u", "rtmp://h/a"),
        // Other alphabets.
        ("rtmp://bücher.example/é/日本", "bücher.example", 1935, "é", "日本", "rtmp://bücher.example/é"),
        ("rtmp://h/日?é=ü/本", "h", 1935, "日?é=ü", "本", "rtmp://h/日?é=ü"),
        // Options.
        ("RTMP://H/a/b live=1 timeout=10", "H", 1935, "a", "b", "rtmp://H/a"),
        ("rtmp://h/x/y app=a/b playpath=c/d", "h", 1935, "a/b", "c/d", "rtmp://h/a/b"),
        ("rtmp://h playpath=s\\20t\\5c", "h", 1935, "", "s t\\", "rtmp://h/"),
        ("rtmp://h/x/y app= playpath=", "h", 1935, "", "", "rtmp://h/"),
        ("rtmp://h/live  playpath=s?a=b  ", "h", 1935, "live", "s?a=b", "rtmp://h/live"),
    ];

#[test]
fn rtmps_has_its_own_port_and_tc_url() {
    let location = Location::parse("RTMPS://h/a/b?k=v").expect("valid");
    assert_eq!(location.scheme, Scheme::Rtmps);
    assert_eq!(location.port_or_default(), 443);
    assert_eq!(location.tc_url(), "rtmps://h/a");
    assert_eq!(location.to_uri(), "rtmps://h/a/b?k=v");
    let location = Location::parse("rtmps://h:1935/a/b").expect("valid");
    assert_eq!(location.tc_url(), "rtmps://h:1935/a");
}

#[test]
fn urls_are_divided_by_the_rules() {
    for (url, host, port, application, stream, tc_url) in ROWS {
        let location = parse(url);
        assert_eq!(location.scheme, Scheme::Rtmp, "{url}");
        assert_eq!(location.host, *host, "{url}");
        assert_eq!(location.port_or_default(), *port, "{url}");
        assert_eq!(location.application, *application, "{url}");
        assert_eq!(location.stream, *stream, "{url}");
        assert_eq!(location.tc_url(), *tc_url, "{url}");
    }
}

#[test]
fn bad_urls_are_refused() {
    use LocationError::*;
    let rows = [
        ("", Empty),
        (" \t\r\n", Empty),
        ("rtmp", NotRtmp),
        ("rtmp:", NotRtmp),
        ("rtmp:/h/a/b", NotRtmp),
        ("rtmp h://", NotRtmp),
        ("/live/s", NotRtmp),
        ("h/live/s", NotRtmp),
        ("://h/a", NotRtmp),
        ("http://h/a/b", NotRtmp),
        ("http://h/?u=rtmp://h/a", NotRtmp),
        ("rtmpx://h/a", NotRtmp),
        ("file:///etc/passwd", NotRtmp),
        ("💥", NotRtmp),
        ("RTMPE://h/a/b", UnsupportedScheme(Scheme::Rtmpe)),
        ("rtmpt://h/a/b", UnsupportedScheme(Scheme::Rtmpt)),
        ("rtmpts://h/a/b", UnsupportedScheme(Scheme::Rtmpts)),
        ("rtmpte://h/a/b", UnsupportedScheme(Scheme::Rtmpte)),
        ("rtmfp://h/a/b", UnsupportedScheme(Scheme::Rtmfp)),
        ("rtmp://", MissingHost),
        ("rtmp:///live/s", MissingHost),
        ("rtmp://:1935/live/s", MissingHost),
        ("rtmp://u:p@/live/s", MissingHost),
        ("rtmp:// live=1", MissingHost),
        ("rtmp://[]/a", MissingHost),
        ("rtmp://[::1/a", UnbalancedBrackets),
        ("rtmp://::1]/a", UnbalancedBrackets),
        ("rtmp://[::1]x/a", UnbalancedBrackets),
        ("rtmp://h]/a", UnbalancedBrackets),
        ("rtmp://[::1]]/a", UnbalancedBrackets),
        ("rtmp://::1/a", InvalidHost),
        ("rtmp://[::g]/a", InvalidHost),
        ("rtmp://[192.0.2.1]/a", InvalidHost),
        ("rtmp://[fe80::1%]/a", InvalidHost),
        ("rtmp://[fe80::1%a/b]/a", UnbalancedBrackets),
        ("rtmp://h?x=1", InvalidHost),
        ("rtmp://a%20b/live", InvalidHost),
        ("rtmp://a\\b/live", InvalidHost),
        ("rtmp://h:65536/a", InvalidPort),
        ("rtmp://h:-1/a", InvalidPort),
        ("rtmp://h:+1/a", InvalidPort),
        ("rtmp://h:1a/a", InvalidPort),
        ("rtmp://[::1]:x/a", InvalidPort),
        ("rtmp://h:99999999999999999999/a", InvalidPort),
        ("rtmp://h/a\0/b", ControlCharacter),
        ("\0", ControlCharacter),
        ("rtmp://h/a\nb/c", ControlCharacter),
        ("rtmp://u%00@h/a", ControlCharacter),
        ("rtmp://u:%00p@h/a", ControlCharacter),
        ("rtmp://h/a/b timeout=x", InvalidOption("timeout")),
        ("rtmp://h/a/b timeout=-1", InvalidOption("timeout")),
        ("rtmp://h/a/b LIVE=maybe", InvalidOption("live")),
        ("rtmp://h/a/b playpath=a\\00", InvalidOption("playpath")),
    ];
    for (url, error) in rows {
        assert_eq!(Location::parse(url), Err(error), "{url:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn user_information_is_decoded() {
    let rows = [
        ("rtmp://h/a", None, None),
        ("rtmp://@h/a", None, None),
        ("rtmp://u@h/a", Some("u"), None),
        ("rtmp://u:@h/a", Some("u"), Some("")),
        ("rtmp://:p@h/a", Some(""), Some("p")),
        ("rtmp://u:p%40@h/a/s", Some("u"), Some("p@")),
        ("rtmp://u%3Av:a:b@h/a", Some("u:v"), Some("a:b")),
        ("rtmp://u@x:p@q@h/a", Some("u@x"), Some("p@q")),
        ("rtmp://%zz:100%@h/a", Some("%zz"), Some("100%")),
        ("rtmp://%C3%A9:%FF@h/a", Some("é"), Some("\u{FFFD}")),
        ("rtmp://h/a/s pubUser=u pubPasswd=p", Some("u"), Some("p")),
        ("rtmp://v@h/a/s pubUser=u pubPasswd=p", Some("v"), None),
        ("rtmp://h/a/s pubUser=u", Some("u"), None),
        ("rtmp://h/a/s pubPasswd=p", Some(""), Some("p")),
    ];
    for (url, user, password) in rows {
        let location = parse(url);
        assert_eq!(location.user.as_deref(), user, "{url}");
        assert_eq!(location.password.as_deref(), password, "{url}");
        assert_eq!(parse(&location.to_uri()).user, location.user, "{url}");
    }
}

#[test]
fn every_option_is_read() {
    let location = parse(
        "rtmp://h/x/y app=a playpath=p tcUrl=rtmp://o/a pageurl=http://p/?a=b SWFURL=s \
             flashVer=LNX\\2010,0,32,18 conn=B:1 conn=S:a\\20b live=yes subscribe=n start=-2000 \
             stop=5000 buffer=3000 timeout=10 playlist=off swfVfy=TRUE swfAge=7 token=k jtv=j \
             socks=q:1080 pubUser=u pubPasswd=w",
    );
    let text = |text: &str| Some(text.to_owned());
    let expected = LocationOptions {
        app: text("a"),
        playpath: text("p"),
        tc_url: text("rtmp://o/a"),
        page_url: text("http://p/?a=b"),
        swf_url: text("s"),
        flash_ver: text("LNX 10,0,32,18"),
        conn: vec!["B:1".to_owned(), "S:a\\20b".to_owned()],
        live: Some(true),
        subscribe: text("n"),
        start: Some(-2000),
        stop: Some(5000),
        buffer: Some(3000),
        timeout: Some(10),
        playlist: Some(false),
        swf_vfy: Some(true),
        swf_age: Some(7),
        token: text("k"),
        jtv: text("j"),
        socks: text("q:1080"),
        pub_user: text("u"),
        pub_passwd: text("w"),
        unknown: Vec::new(),
    };
    assert_eq!(location.options, expected);
    assert_eq!(parse(&location.to_uri()), location);
}

#[test]
fn unknown_options_are_named_without_values() {
    let location = parse("rtmp://h/a/b hash=secret1 live=1 secret2 =secret3 x=");
    let unknown = &location.options.unknown;
    assert_eq!(unknown, &["hash", "(no name)", "(no name)", "x"]);
    assert_eq!(location.options.live, Some(true));
}

#[test]
fn last_option_of_a_name_counts() {
    let location = parse("rtmp://h/a/b playpath=c Playpath=d");
    assert_eq!(location.stream, "d");
}

#[test]
fn escapes_are_decoded_or_left() {
    let rows = [
        ("", ""),
        ("plain", "plain"),
        ("a\\20b", "a b"),
        ("\\5c\\5C", "\\\\"),
        ("\\5c20", "\\20"),
        ("\\", "\\"),
        ("\\2", "\\2"),
        ("\\zz\\2z", "\\zz\\2z"),
        ("\\\\20", "\\ "),
        ("\\c3\\a9é", "éé"),
        ("\\ff", "\u{FFFD}"),
        ("\\é", "\\é"),
    ];
    for (text, expected) in rows {
        assert_eq!(unescape(text), expected, "{text}");
    }
    for text in ["a b\\20\t", "é\u{85}\u{3000}", "\\"] {
        assert_eq!(unescape(&escape(text)), text);
        assert!(!escape(text).contains([' ', '\t', '\u{85}']));
    }
}

#[test]
fn uri_reads_back_to_the_same_location() {
    for (url, ..) in ROWS {
        let location = parse(url);
        let uri = location.to_uri();
        assert_eq!(parse(&uri).to_uri(), uri, "{url}");
        // An explicit default port is not repeated, and names may have become options.
        let comparable = |location: Location| Location {
            port: Some(location.port_or_default()),
            options: LocationOptions {
                app: None,
                playpath: None,
                ..location.options
            },
            ..location
        };
        assert_eq!(comparable(parse(&uri)), comparable(location), "{url}");
    }
}

#[test]
fn uri_is_canonical() {
    let rows = [
        ("RTMP://h:1935/a/b", "rtmp://h/a/b"),
        ("rtmp://h", "rtmp://h/"),
        ("rtmp://h/live/", "rtmp://h/live"),
        (
            "rtmp://u:p%40@[::1]:1/a/s?t=1/2",
            "rtmp://u:p%40@[::1]:1/a/s?t=1/2",
        ),
        ("rtmp://[fe80::1%eth0]/a/s", "rtmp://[fe80::1%25eth0]/a/s"),
        ("rtmp://@h/a/s LIVE=on", "rtmp://h/a/s live=1"),
    ];
    for (url, uri) in rows {
        assert_eq!(parse(url).to_uri(), uri);
    }
}

#[test]
fn uri_keeps_parts_that_the_path_would_divide_differently() {
    let rows = [
        ("live", "a/b", "rtmp://h/live/a/b app=live playpath=a/b"),
        ("a/b", "", "rtmp://h/a/b/"),
        ("", "s", "rtmp://h//s"),
        (
            "live",
            "my stream",
            "rtmp://h/ app=live playpath=my\\20stream",
        ),
        (
            "a?b=http://c/d",
            "s",
            "rtmp://h/a?b=http://c/d/s app=a?b=http://c/d playpath=s",
        ),
    ];
    for (application, stream, uri) in rows {
        let location = Location::from_parts(Scheme::Rtmp, "h", None, application, stream).unwrap();
        assert_eq!(location.to_uri(), uri);
        let back = parse(uri);
        assert_eq!(back.application, application);
        assert_eq!(back.stream, stream);
    }
}

#[test]
fn fields_changed_after_parsing_replace_options() {
    let mut location = parse("rtmp://h/x/y app=a playpath=b");
    location.application = "c".to_owned();
    location.stream = "d".to_owned();
    location.port = Some(0);
    assert_eq!(location.port_or_default(), 1935);
    assert_eq!(location.to_uri(), "rtmp://h/c/d app=c playpath=d");
}

#[test]
fn parts_accept_hosts_with_and_without_brackets() {
    for host in ["::1", "[::1]"] {
        let location = Location::from_parts(Scheme::Rtmps, host, Some(443), "a", "s").unwrap();
        assert_eq!(location.host, "::1");
        assert_eq!(location.to_uri(), "rtmps://[::1]/a/s");
    }
    let rows = [
        ("", LocationError::MissingHost),
        ("a/b", LocationError::InvalidHost),
        ("a b", LocationError::InvalidHost),
        ("u@h", LocationError::InvalidHost),
        ("h:1935", LocationError::InvalidHost),
        ("[::1", LocationError::UnbalancedBrackets),
        ("::1]", LocationError::UnbalancedBrackets),
    ];
    for (host, error) in rows {
        let result = Location::from_parts(Scheme::Rtmp, host, Some(0), "a", "s");
        assert_eq!(result, Err(error), "{host}");
    }
}

#[test]
fn redacted_text_and_debug_output_hold_no_secrets() {
    let rows = [
        ("rtmp://USER:PASS@h/live/s", "rtmp://h/live/s"),
        ("rtmp://h:1936/live/s?t=SECRET/x", "rtmp://h:1936/live/s?…"),
        ("rtmp://h/live?t=SECRET/s", "rtmp://h/live?…/s"),
        ("rtmp://h/live?t=SECRET/s?u=SECRET", "rtmp://h/live?…/s?…"),
        ("rtmp://[::1]/live", "rtmp://[::1]/live"),
        ("rtmp://h", "rtmp://h/"),
        (
            "rtmp://h/a/s token=SECRET pubUser=USER pubPasswd=PASS conn=S:SECRET jtv=SECRET \
                 tcUrl=rtmp://USER:PASS@h/a swfUrl=SECRET pageUrl=SECRET socks=SECRET x=SECRET \
                 playpath=s?SECRET subscribe=s?SECRET",
            "rtmp://h/a/s?…",
        ),
    ];
    for (url, redacted) in rows {
        let location = parse(url);
        assert_eq!(location.redacted(), redacted);
        let debug = format!("{location:?} {:?}", location.options);
        for secret in ["SECRET", "USER", "PASS"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }
}

#[test]
fn redacted_text_is_short_and_printable() {
    let stream = "x\n".repeat(500_000);
    let location = Location::from_parts(Scheme::Rtmp, "h", None, "a", &stream).unwrap();
    let text = location.redacted();
    assert!(text.chars().count() < 250 && text.ends_with('…'));
    assert!(!text.contains(char::is_control));
}

#[test]
fn very_long_input_is_handled() {
    let long = "x".repeat(1_000_000);
    assert_eq!(parse(&format!("rtmp://h/a/{long}")).stream, long);
    assert_eq!(
        Location::parse(&format!("rtmp://{long}/a")),
        Err(LocationError::InvalidHost)
    );
    let slashes = "/".repeat(100_000);
    assert_eq!(parse(&format!("rtmp://h{slashes}")).stream, "");
    let prefixes = "/mp4:".repeat(100_000);
    assert_eq!(parse(&format!("rtmp://h{prefixes}")).application, "mp4:");
    parse(&format!("rtmp://h/a/b {}", "x=1 ".repeat(100_000)));
}

#[test]
fn every_cut_of_a_url_is_survived() {
    let url = "rtmp://ü:p%C3@[fe80::1%25e]:19/a?é=/mp4:b/c?d live=1 app=x\\20é conn=O:1";
    for (end, _) in url.char_indices() {
        if let Ok(location) = Location::parse(&url[..end]) {
            parse(&location.to_uri());
        }
        let _ = Location::parse(&url[end..]);
    }
}

#[test]
fn schemes_know_their_names_and_ports() {
    let ports = Scheme::ALL.map(Scheme::default_port);
    assert_eq!(ports, [1935, 443, 1935, 80, 443, 80, 1935]);
    for scheme in Scheme::ALL {
        let name = scheme.to_string();
        assert_eq!(Scheme::from_name(&name.to_uppercase()), Some(scheme));
    }
    assert_eq!(Scheme::from_name("rtm"), None);
}
