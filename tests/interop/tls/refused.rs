// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that are not trusted, and those that do not trust us: what the error
//! says.

use gst::prelude::*;

use super::certificates::{Certificates, Identity};
use super::player;
use super::stunnel::Stunnel;
use crate::player::Player;
use crate::short_stream::{expect_failed, server};

/// Fails to play from a server that shows this certificate, trusting the
/// authority or, without one, the system's; returns the error's text.
fn refused(identity: &Identity, host: &str, authority: Option<&Certificates>) -> String {
    let server = server();
    let stunnel = Stunnel::start(identity, server.address());
    let player = match authority {
        Some(certificates) => player(host, stunnel.port(), certificates),
        None => Player::new(&format!("rtmps://{host}:{}/app/stream", stunnel.port())),
    };
    let (code, text) = expect_failed(&player);
    assert_eq!(code, gst::ResourceError::OpenRead);
    assert!(text.contains(&format!("showed for '{host}'")), "{text}");
    text
}

#[test]
fn one_that_has_expired() {
    let certificates = Certificates::new();
    let expired = certificates.signed("expired", "DNS:localhost", -1);
    let text = refused(&expired, "localhost", Some(&certificates));
    assert!(text.contains("it has expired 2"), "{text}");
    assert!(
        !text.contains("issuer") && !text.contains("not for"),
        "{text}"
    );
}

#[test]
fn one_for_another_host() {
    let certificates = Certificates::new();
    let other = certificates.signed("other", "DNS:other.example,IP:127.0.0.2", 30);
    let text = refused(&other, "localhost", Some(&certificates));
    let clause = "it is not for 'localhost' but for 'other.example', '127.0.0.2'";
    assert!(text.contains(clause), "{text}");
    assert!(
        !text.contains("expired") && !text.contains("issuer"),
        "{text}"
    );
}

#[test]
fn one_that_is_signed_by_itself() {
    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=localhost", "DNS:localhost");
    let text = refused(&own, "localhost", None);
    assert!(text.contains("signed by itself"), "{text}");
    assert!(text.contains("tls-fingerprint"), "what to do: {text}");
}

#[test]
fn one_of_an_authority_that_is_not_known() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let text = refused(&good, "localhost", None);
    let issuer = "issuer 'CN=Authority of this test' is not trusted";
    assert!(text.contains(issuer), "{text}");
    assert!(text.contains("tls-ca-file"), "what to do: {text}");
}

#[test]
fn one_that_has_another_fingerprint_although_it_is_valid() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let pinned = certificates.signed("pinned", "DNS:localhost", 30);
    let server = server();
    let stunnel = Stunnel::start(&good, server.address());
    for authority in [true, false] {
        let player = player("localhost", stunnel.port(), &certificates);
        if !authority {
            player.source.set_property("tls-ca-file", None::<String>);
        }
        let pin = pinned.fingerprint();
        player.source.set_property("tls-fingerprint", pin);
        let (code, text) = expect_failed(&player);
        assert_eq!(code, gst::ResourceError::OpenRead);
        assert!(text.contains(&good.fingerprint()), "the new one: {text}");
    }
}

#[test]
fn the_application_says_no() {
    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=localhost", "DNS:localhost");
    let server = server();
    let stunnel = Stunnel::start(&own, server.address());
    let player = Player::new(&format!("rtmps://localhost:{}/app/stream", stunnel.port()));
    player
        .source
        .connect("accept-certificate", false, |_| Some(false.to_value()));
    let (_, text) = expect_failed(&player);
    assert!(text.contains("signed by itself"), "{text}");
}

#[test]
fn a_server_that_wants_a_certificate_of_ours() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = server();
    // The two versions refuse in different places.
    for version in ["TLSv1.2", "TLSv1.3"] {
        let lines = format!(
            "CAfile = {}\nverifyChain = yes\nsslVersion = {version}",
            certificates.authority()
        );
        let stunnel = Stunnel::with(&good, server.address(), &lines);
        let player = player("localhost", stunnel.port(), &certificates);
        let (code, text) = expect_failed(&player);
        assert_eq!(code, gst::ResourceError::NotAuthorized, "{version}: {text}");
        assert!(text.contains("client certificate"), "{version}: {text}");
        assert!(text.contains("tls-certificate-file"), "{version}: {text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_fails_the_start() {
    for property in ["tls-ca-file", "tls-certificate-file"] {
        let player = Player::new("rtmps://localhost/app/stream");
        player.source.set_property(property, "/nonexistent/file");
        let failed = player.pipeline.set_state(gst::State::Playing);
        assert!(failed.is_err(), "{property}");
        let (error, _) = player.error_message();
        assert_eq!(error.kind(), Some(gst::ResourceError::Settings), "{error}");
        assert!(error.message().contains(property), "{error}");
    }
}
