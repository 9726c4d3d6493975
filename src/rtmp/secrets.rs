// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What must not be shown: passwords, tokens, queries, stream keys; and taking
//! them out of texts, whoever says them.
//!
//! Servers repeat what they were told, in forms that no rule foresees. So whatever
//! is shown of a play goes through [`Secrets::hide`], beside the rules of
//! [`printable`](super::status::printable) and of
//! [`Location::redacted`](super::location::Location::redacted), which know the forms
//! but not the words.

use std::borrow::Cow;

use super::amf::Value;
use super::connect_args;
use super::location::Location;
use super::location::escape::{percent_decode, percent_encode};

/// Shortest text that is taken out wherever it stands, in bytes. A shorter one would be
/// found in half of all words.
const MIN_LENGTH: usize = 4;

/// Most bytes of one text in a URL that a server named. Of no text of a server's is more
/// shown: 200 characters.
const MAX_LENGTH: usize = 800;

/// Most values in the query of such a URL.
const MAX_VALUES: usize = 64;

/// Stands where something was taken out, and where a long text was cut.
const HIDDEN: &str = "…";

/// Characters of a stream's key that are shown, so that it can be told from others.
pub(super) const SHOWN_OF_KEY: usize = 4;

/// Texts that must not be shown.
#[derive(Clone, Default)]
pub struct Secrets {
    /// The longest first: others may be parts of them.
    texts: Vec<String>,
}

impl Secrets {
    /// Those in a location: password, queries, options that hold any, and the stream's
    /// name if it may be a key.
    pub fn add_location(&mut self, location: &Location) {
        self.add_query_of(&location.application);
        self.add_query_of(&location.stream);
        if let Some(key) = key(&location.stream) {
            self.add(key);
        }
        let options = &location.options;
        for secret in [&location.password, &options.token, &options.pub_passwd] {
            secret.iter().for_each(|secret| self.add(secret));
        }
        for url in [&options.tc_url, &options.swf_url, &options.page_url] {
            url.iter().for_each(|url| self.add_query_of(url));
        }
        // An object may begin in one and end in another.
        let arguments = connect_args::parse(&options.conn.join(" "));
        let arguments = arguments.unwrap_or_default();
        arguments.iter().for_each(|value| self.add_value(value));
    }

    /// A secret, in the forms in which it may be repeated: as it is, with and without
    /// percent-encoding, and each of them as `Debug` writes it. Very short ones are not
    /// taken.
    pub fn add(&mut self, secret: &str) {
        let decoded = percent_decode(secret);
        let forms = [secret.to_owned(), percent_encode(secret), decoded];
        for form in &forms {
            self.add_form(form);
            let quoted = format!("{form:?}");
            let inner = quoted.get(1..quoted.len().saturating_sub(1));
            self.add_form(inner.unwrap_or_default());
        }
    }

    fn add_form(&mut self, secret: &str) {
        if secret.len() < MIN_LENGTH {
            return;
        }
        let order = |text: &String| {
            secret
                .len()
                .cmp(&text.len())
                .then(text.as_str().cmp(secret))
        };
        if let Err(place) = self.texts.binary_search_by(order) {
            self.texts.insert(place, secret.to_owned());
        }
    }

    /// The query of a name or URL: all of it, and each value.
    pub fn add_query_of(&mut self, text: &str) {
        let Some((_, query)) = text.split_once('?') else {
            return;
        };
        self.add(query);
        for part in query.split(['&', '?', ';']) {
            self.add(value_of(part));
        }
    }

    /// Those of a URL that a server named, in whatever form: what stands where a user and
    /// a password would, the query, and names that may be keys. Bounded in number and
    /// length.
    pub fn add_url(&mut self, url: &str) {
        let mut add = |text| self.add(first_bytes(text, MAX_LENGTH));
        if let Some((_, query)) = url.split_once('?') {
            add(query);
            for part in query.split(['&', '?', ';']).take(MAX_VALUES) {
                let value = value_of(part);
                add(value);
                // Behind it may be the stream, or an option.
                add(value.split(['/', ' ']).next().unwrap_or(value));
            }
        }
        // Options as librtmp has them.
        let options = url.split(' ').filter_map(|part| part.split_once('='));
        for (_, value) in options.take(MAX_VALUES) {
            add(value);
        }
        let last = url.rsplit('/').next().unwrap_or(url);
        [key(url), key(last)]
            .into_iter()
            .flatten()
            .for_each(&mut add);
        let rest = url.split_once("//").map_or(url, |(_, rest)| rest);
        let authority = rest.split('/').next().unwrap_or(rest);
        // Passwords may hold a `/` or an `@`, and queries as well.
        let users = [
            rest.split_once('@'),
            rest.rsplit_once('@'),
            authority.rsplit_once('@'),
        ];
        for (user, _) in users.into_iter().flatten() {
            add(user);
            if let Some((_, password)) = user.split_once(':') {
                add(password);
            }
        }
    }

    /// A value that is sent to the server: each string in it.
    pub fn add_value(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.add(text),
            Value::Object(object) => object.iter().for_each(|(_, value)| self.add_value(value)),
            _ => {}
        }
    }

    /// The text without them.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut shown = Cow::Borrowed(text);
        for secret in &self.texts {
            if shown.contains(secret.as_str()) {
                shown = Cow::Owned(shown.replace(secret.as_str(), HIDDEN));
            }
        }
        if shown.contains(HIDDEN) {
            shown = Cow::Owned(self.hide_cut(&shown));
        }
        shown
    }

    /// The text without the beginnings of secrets in front of where it was cut.
    fn hide_cut(&self, text: &str) -> String {
        let mut pieces: Vec<&str> = text.split(HIDDEN).collect();
        let last = pieces.len().saturating_sub(1);
        for piece in pieces.iter_mut().take(last) {
            let cut = self
                .texts
                .iter()
                .filter_map(|secret| beginning(piece, secret));
            if let Some(rest) = cut.max().and_then(|cut| piece.len().checked_sub(cut)) {
                *piece = piece.get(..rest).unwrap_or_default();
            }
        }
        pieces.join(HIDDEN)
    }
}

/// Shows how many there are.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.texts.len())
    }
}

/// The value in `name=value`, or all of it.
fn value_of(part: &str) -> &str {
    part.split_once('=').map_or(part, |(_, value)| value)
}

/// Up to so many bytes of a text, and no part of a character.
fn first_bytes(text: &str, count: usize) -> &str {
    text.get(..text.floor_char_boundary(count)).unwrap_or(text)
}

/// How many bytes at the end of a text are the beginning of a secret, if more than may be
/// shown of one.
fn beginning(text: &str, secret: &str) -> Option<usize> {
    let ends = secret
        .char_indices()
        .skip(SHOWN_OF_KEY + 1)
        .map(|(end, _)| end)
        .take_while(|end| *end <= text.len());
    ends.filter(|end| {
        let part = secret.get(..*end);
        part.is_some_and(|part| text.ends_with(part))
    })
    .last()
}

/// The part of a stream's name that may be a key: with many servers whoever knows the
/// name may publish. Without its query; a name is taken for a key if it is long, and
/// looks like nothing that a person has thought of.
pub(super) fn key(stream: &str) -> Option<&str> {
    const MIN_KEY: usize = 16;
    const LONG_KEY: usize = 32;

    let name = stream.split_once('?').map_or(stream, |(name, _)| name);
    let name = name.rsplit('/').next().unwrap_or(name);
    let has = |kind: fn(&char) -> bool| name.chars().any(|c| kind(&c));
    let mixed = has(char::is_ascii_digit) && has(char::is_ascii_alphabetic);
    // `mp4:film.mp4` is a file.
    let is_file = name.contains('.');
    let is_key = !is_file && name.len() >= MIN_KEY && (mixed || name.len() >= LONG_KEY);
    is_key.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(location: &str) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.add_location(&Location::parse(location).expect("valid"));
        secrets
    }

    #[test]
    fn what_a_location_hides_is_hidden_in_whatever_words() {
        let secrets = of(
            "rtmp://me:pass-word@h/app?key=abcd/s?token=a/b+c&user=1 token=tea-key \
             conn=S:two\\20words conn=O:1 conn=NS:name:ob:ject conn=O:0 tcUrl=rtmp://h/x?t=u-r-l",
        );
        for (text, expected) in [
            ("no", "no"),
            ("token a/b+c of me is wrong", "token … of me is wrong"),
            ("s/token=a/b+c&user=1", "s/…"),
            ("pass-word", "…"),
            ("key (abcd)", "key (…)"),
            ("tea-key two words ob:ject u-r-l", "… … … …"),
        ] {
            assert_eq!(secrets.hide(text), expected, "{text}");
        }
        assert!(!format!("{secrets:?}").contains("word"));
    }

    #[test]
    fn a_name_that_looks_like_a_key_is_one() {
        for (stream, expected) in [
            ("myStream", None),
            ("camera-of-the-front-door", None),
            ("mp4:recordings/2026-11-25T10-00-00.mp4", None),
            (
                "live_123456_aBcDeFgHiJkLmNoP",
                Some("live_123456_aBcDeFgHiJkLmNoP"),
            ),
            (
                "a1b2-c3d4-e5f6-g7h8-i9j0?x=1",
                Some("a1b2-c3d4-e5f6-g7h8-i9j0"),
            ),
            ("user/0123456789abcdef", Some("0123456789abcdef")),
            (
                "abcdefghijklmnopqrstuvwxyzabcdefgh",
                Some("abcdefghijklmnopqrstuvwxyzabcdefgh"),
            ),
        ] {
            assert_eq!(key(stream), expected, "{stream}");
        }
    }

    #[test]
    fn a_secret_is_hidden_in_each_form_in_which_it_may_be_repeated() {
        let secrets = of("rtmp://me:pa%22ss%5Cw%20rd@h/app/s?token=a%2Bb%2Fcd&key=x+y/z");
        for text in [
            "pa\"ss\\w rd",
            "pa%22ss%5Cw%20rd",
            "a%2Bb%2Fcd",
            "a+b/cd",
            "x+y/z",
            "x%2By%2Fz",
        ] {
            assert_eq!(secrets.hide(text), "…");
            let quoted = format!("{text:?}");
            assert_eq!(secrets.hide(&quoted), "\"…\"", "{text}");
        }
    }

    #[test]
    fn what_is_no_location_is_searched_as_well() {
        for (url, texts) in [
            (
                "http://some one:pass word@h/a?t=tok en&u=value",
                vec!["pass word", "tok en", "value", "some one:pass word"],
            ),
            ("rtmp://h/a/s token=to/ken", vec!["to/ken"]),
            ("//u:pa/ss@wo@rd@h/x", vec!["pa/ss@wo@rd", "pa/ss"]),
            ("rtmp://u:pass@h/a?m=x@y.zz", vec!["pass", "x@y.zz"]),
            ("foo:0123456789abcdef0123", vec!["foo:0123456789abcdef0123"]),
            ("http://h/0123456789abcdef?x", vec!["0123456789abcdef"]),
            (
                "rtmp://h/a?t=token/0123456789abcdef?u=value",
                vec!["token", "0123456789abcdef", "value"],
            ),
        ] {
            let mut secrets = Secrets::default();
            secrets.add_url(url);
            for text in texts {
                assert_eq!(secrets.hide(text), "…", "{url}");
            }
            let shown = secrets.hide("http://h/a of one");
            assert_eq!(shown, "http://h/a of one", "{url}");
        }
    }

    #[test]
    fn what_a_server_can_have_hidden_is_bounded() {
        let many = (0..2000).map(|i| format!("&{i:04}")).collect::<String>();
        let long = "\"".repeat(8000);
        for url in [
            format!("rtmp://h/a?{many}"),
            format!("rtmp://{long}:{long}@h/{long}@{long}?{long}={long}"),
            "@".repeat(8000),
        ] {
            let mut secrets = Secrets::default();
            secrets.add_url(&url);
            let count = secrets.texts.len();
            assert!(count <= 200, "{count} texts");
            let bytes: usize = secrets.texts.iter().map(String::len).sum();
            assert!(bytes <= 100_000, "{bytes} bytes");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_is_hidden_where_a_text_was_cut() {
        let secrets = of("rtmp://me:pass-word@h/app/s");
        for (text, expected) in [
            ("wrong: pass-wor…", "wrong: …"),
            ("wrong: pass-… and more", "wrong: … and more"),
            ("wrong: pass…", "wrong: pass…"),
            ("wrong: pass-wor, cut…", "wrong: pass-wor, cut…"),
        ] {
            assert_eq!(secrets.hide(text), expected, "{text}");
        }
    }

    #[test]
    fn a_longer_secret_is_hidden_before_its_parts() {
        let mut secrets = Secrets::default();
        secrets.add("word");
        secrets.add("pass-word");
        secrets.add("abc");
        assert_eq!(secrets.hide("pass-word, word, abc"), "…, …, abc");
    }
}
