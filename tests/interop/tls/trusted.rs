// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that are trusted, each for its own reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gio::prelude::*;

use super::certificates::Certificates;
use super::stunnel::Stunnel;
use super::{expect_played, player};
use crate::player::Player;
use crate::short_stream::server;

#[test]
fn an_authority_from_a_file() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost,IP:127.0.0.1", 30);
    let server = server();
    let stunnel = Stunnel::start(&good, server.address());
    expect_played(&player("localhost", stunnel.port(), &certificates));
    expect_played(&player("127.0.0.1", stunnel.port(), &certificates));
}

#[test]
fn the_servers_name_is_sent_to_it() {
    let certificates = Certificates::new();
    let other = certificates.signed("other", "DNS:other.example", 30);
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = server();
    // Two servers at one port, told apart by the name that the client sends.
    let lines = format!(
        "[named]\nsni = rtmps:localhost\nconnect = {}\ncert = {}\nkey = {}",
        server.address(),
        good.certificate.display(),
        good.key.display()
    );
    let stunnel = Stunnel::with(&other, server.address(), &lines);
    expect_played(&player("localhost", stunnel.port(), &certificates));
}

#[test]
fn an_authority_from_a_database() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let server = server();
    let stunnel = Stunnel::start(&good, server.address());
    let player = Player::new(&format!("rtmps://localhost:{}/app/stream", stunnel.port()));
    let database = gio::TlsFileDatabase::new(certificates.authority()).expect("it holds one");
    player.source.set_property("tls-database", &database);
    let read: Option<gio::TlsDatabase> = player.source.property("tls-database");
    assert_eq!(read.as_ref(), Some(database.upcast_ref()));
    expect_played(&player);
}

#[test]
fn a_fingerprint_whoever_signed_it_and_whom_it_is_for() {
    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=camera", "");
    let expired = certificates.signed("expired", "DNS:localhost", -1);
    for identity in [own, expired] {
        let server = server();
        let stunnel = Stunnel::start(&identity, server.address());
        let player = Player::new(&format!("rtmps://127.0.0.1:{}/app/stream", stunnel.port()));
        player
            .source
            .set_property("tls-fingerprint", identity.fingerprint());
        expect_played(&player);
    }
}

#[test]
fn flags_that_leave_out_what_is_wrong() {
    use gio::TlsCertificateFlags as Flags;

    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=camera", "DNS:camera");
    let server = server();
    let stunnel = Stunnel::start(&own, server.address());
    let player = Player::new(&format!("rtmps://localhost:{}/app/stream", stunnel.port()));
    let flags = Flags::VALIDATE_ALL - Flags::UNKNOWN_CA - Flags::BAD_IDENTITY;
    player.source.set_property("tls-validation-flags", flags);
    expect_played(&player);
}

#[test]
fn the_application_says_so() {
    let certificates = Certificates::new();
    let own = certificates.self_signed("own", "/CN=camera", "DNS:camera");
    let server = server();
    let stunnel = Stunnel::start(&own, server.address());
    let player = Player::new(&format!("rtmps://localhost:{}/app/stream", stunnel.port()));
    let asked = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&asked);
    player
        .source
        .connect("accept-certificate", false, move |values| {
            use gio::TlsCertificateFlags as Flags;

            let connection: gio::TlsConnection = values[1].get().expect("a connection");
            let certificate: gio::TlsCertificate = values[2].get().expect("a certificate");
            let errors: Flags = values[3].get().expect("flags");
            assert!(connection.is::<gio::TlsClientConnection>());
            assert_eq!(certificate.subject_name().as_deref(), Some("CN=camera"));
            assert!(errors.contains(Flags::UNKNOWN_CA | Flags::BAD_IDENTITY));
            count.fetch_add(1, Ordering::SeqCst);
            Some(true.to_value())
        });
    expect_played(&player);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_certificate_of_ours_for_a_server_that_wants_one() {
    let certificates = Certificates::new();
    let good = certificates.signed("good", "DNS:localhost", 30);
    let ours = certificates.signed("client", "DNS:client", 30);
    let server = server();
    let lines = format!("CAfile = {}\nverifyChain = yes", certificates.authority());
    let stunnel = Stunnel::with(&good, server.address(), &lines);

    let by_files = player("localhost", stunnel.port(), &certificates);
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    by_files
        .source
        .set_property("tls-certificate-file", path(&ours.certificate));
    by_files
        .source
        .set_property("tls-private-key-file", path(&ours.key));
    expect_played(&by_files);

    let by_object = player("localhost", stunnel.port(), &certificates);
    let certificate = gio::TlsCertificate::from_files(&ours.certificate, &ours.key);
    by_object
        .source
        .set_property("tls-certificate", certificate.expect("it can be read"));
    expect_played(&by_object);
}
