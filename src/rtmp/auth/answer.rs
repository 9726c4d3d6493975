// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the methods compute; the same for who answers and who checks.

use base64ct::{Base64, Encoding};
use md5::{Digest, Md5};

use super::Credentials;

/// How often the nonce was used: each is used once.
pub(super) const NONCE_COUNT: &str = "00000001";

/// The instance of an application that names none.
const DEFAULT_INSTANCE: &str = "/_definst_";

/// `response` of `adobe`. `theirs` is the server's `opaque`, or its
/// `challenge` where it has none, `ours` the client's challenge.
pub(super) fn adobe(credentials: &Credentials, salt: &str, theirs: &str, ours: &str) -> String {
    let secret = base64_md5(&[&credentials.user, salt, &credentials.password]);
    base64_md5(&[&secret, theirs, ours])
}

/// `response` of `llnw`, which is that of HTTP digest authentication (RFC
/// 2617) for the realm `live` and the method `publish`, also where the client
/// plays. `application` is `app` without its query.
pub(super) fn llnw(
    credentials: &Credentials,
    application: &str,
    nonce: &str,
    client_nonce: &str,
) -> String {
    let instance = if application.contains('/') {
        ""
    } else {
        DEFAULT_INSTANCE
    };
    let secret = hex_md5(&[&credentials.user, ":live:", &credentials.password]);
    let place = hex_md5(&["publish:/", application, instance]);
    hex_md5(&[
        &secret,
        ":",
        nonce,
        ":",
        NONCE_COUNT,
        ":",
        client_nonce,
        ":auth:",
        &place,
    ])
}

fn base64_md5(parts: &[&str]) -> String {
    Base64::encode_string(&md5(parts))
}

fn hex_md5(parts: &[&str]) -> String {
    super::secure_token::to_hex(&md5(parts))
}

fn md5(parts: &[&str]) -> [u8; 16] {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.as_bytes());
    }
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            user: "user".to_owned(),
            password: "pass".to_owned(),
        }
    }

    #[test]
    fn adobe_gives_what_other_clients_compute() {
        assert_eq!(
            base64_md5(&["user", "PJuw1w==", "pass"]),
            "tNhXIAyfN///m3JtzoF9PQ=="
        );
        let response = adobe(&credentials(), "PJuw1w==", "6fruuQ==", "00000001");
        assert_eq!(response, "9QW2P9zvBdZNpNR8bRnBwA==");
    }

    #[test]
    fn llnw_gives_what_other_clients_compute() {
        let secret = hex_md5(&["user:live:pass"]);
        assert_eq!(secret, "fe153d35273a9f3c3733762e44c58f38");
        let place = hex_md5(&["publish:/live/_definst_"]);
        assert_eq!(place, "a2d981c976a6851bc5ed3f2beab823c8");
        let response = llnw(&credentials(), "live", "abcd", "0a0b0c0d");
        assert_eq!(response, "b2357718513a086160713cc33e99b088");
    }

    #[test]
    fn llnw_names_the_default_instance_only_where_there_is_no_other() {
        let of = |application| llnw(&credentials(), application, "abcd", "0a0b0c0d");
        assert_eq!(of("live/_definst_"), of("live"));
        assert_ne!(of("live/other"), of("live"));
        assert_ne!(of("live/"), of("live"));
    }
}
