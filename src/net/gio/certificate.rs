// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Certificates: fingerprints, and what is wrong with one in words.

use std::fmt;

use gio::prelude::*;
use sha2::{Digest, Sha256};

/// Names of a certificate that are told where none of them fits.
const MAX_NAMES: usize = 5;

/// SHA-256 of a certificate as it is sent (DER).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FingerprintError;

impl fmt::Display for FingerprintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it is not a SHA-256 of a certificate: 64 hexadecimal digits, with or without \
             colons between",
        )
    }
}

impl Fingerprint {
    /// Reads 64 hexadecimal digits; colons and spaces between them do not count, as
    /// programs print them so.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let digits: Vec<u8> = text
            .bytes()
            .filter(|byte| !matches!(byte, b':' | b' '))
            .map(|byte| {
                char::from(byte)
                    .to_digit(16)
                    .and_then(|d| d.try_into().ok())
            })
            .collect::<Option<_>>()
            .ok_or(FingerprintError)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect();
        match bytes.try_into() {
            Ok(bytes) if digits.len() == 64 => Ok(Self(bytes)),
            _ => Err(FingerprintError),
        }
    }

    /// That of a certificate.
    pub(super) fn of(certificate: &gio::TlsCertificate) -> Option<Self> {
        let der = certificate.certificate()?;
        Some(Self(Sha256::digest(&der[..]).into()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

/// What is wrong with the certificate of a server that was looked for as `host`,
/// one clause for each check that failed.
pub(super) fn what_is_wrong(
    certificate: &gio::TlsCertificate,
    errors: gio::TlsCertificateFlags,
    host: &str,
) -> String {
    use gio::TlsCertificateFlags as Flags;

    let mut clauses = Vec::new();
    if errors.contains(Flags::UNKNOWN_CA) {
        let (subject, issuer) = (certificate.subject_name(), certificate.issuer_name());
        clauses.push(match issuer {
            issuer if issuer.is_some() && issuer == subject => {
                "it is signed by itself and not known here".to_owned()
            }
            Some(issuer) => format!("its issuer '{issuer}' is not trusted here"),
            None => "its issuer is not trusted here".to_owned(),
        });
    }
    if errors.contains(Flags::BAD_IDENTITY) {
        clauses.push(match names(certificate) {
            names if names.is_empty() => format!("it is not for '{host}'"),
            names => format!("it is not for '{host}' but for {}", names.join(", ")),
        });
    }
    let date = |date: Option<glib::DateTime>| {
        let text = date.and_then(|date| date.format("%Y-%m-%d %H:%M:%S UTC").ok());
        text.map_or_else(String::new, |text| format!(" {text}"))
    };
    if errors.contains(Flags::NOT_ACTIVATED) {
        let from = date(certificate.not_valid_before());
        clauses.push(format!("it is not valid before{from}"));
    }
    if errors.contains(Flags::EXPIRED) {
        let until = date(certificate.not_valid_after());
        clauses.push(format!("it has expired{until}"));
    }
    if errors.contains(Flags::REVOKED) {
        clauses.push("it was revoked".to_owned());
    }
    if errors.contains(Flags::INSECURE) {
        clauses.push("it is signed in a way that is not secure".to_owned());
    }
    if errors.contains(Flags::GENERIC_ERROR) || clauses.is_empty() {
        clauses.push("it is not valid".to_owned());
    }
    clauses.join("; ")
}

/// The names and addresses that a certificate is for.
fn names(certificate: &gio::TlsCertificate) -> Vec<String> {
    let names = certificate.dns_names();
    let addresses = certificate.ip_addresses();
    let names = names
        .iter()
        .map(|name| format!("'{}'", String::from_utf8_lossy(name)))
        .chain(
            addresses
                .iter()
                .map(|address| format!("'{}'", address.to_str())),
        );
    names.take(MAX_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use gio::TlsCertificateFlags as Flags;

    use super::*;

    const PEM: &str = include_str!("testdata/certificate.pem");

    fn certificate() -> gio::TlsCertificate {
        gio::TlsCertificate::from_pem(PEM).expect("PEM")
    }

    #[test]
    fn a_fingerprint_is_read_back_in_each_notation() {
        let shown = Fingerprint::of(&certificate()).expect("DER").to_string();
        assert_eq!(shown.len(), 32 * 3 - 1);
        let plain = shown.replace(':', "");
        for text in [
            shown.clone(),
            plain.clone(),
            plain.to_lowercase(),
            shown.replace(':', " "),
        ] {
            let read = Fingerprint::parse(&text).expect("valid");
            assert_eq!(read.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn the_fingerprint_is_the_one_that_openssl_prints() {
        // openssl x509 -noout -fingerprint -sha256 -in certificate.pem
        let expected = include_str!("testdata/certificate.sha256").trim();
        assert_eq!(
            Fingerprint::of(&certificate()).expect("DER").to_string(),
            expected
        );
    }

    #[test]
    fn other_texts_are_no_fingerprints() {
        for text in ["", "AB", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert_eq!(Fingerprint::parse(text), Err(FingerprintError), "{text}");
        }
    }

    #[test]
    fn each_check_that_failed_has_its_clause() {
        for (errors, expected) in [
            (Flags::UNKNOWN_CA, "signed by itself"),
            (
                Flags::BAD_IDENTITY,
                "it is not for 'host' but for 'rtmpr.test', '127.0.0.1'",
            ),
            (Flags::NOT_ACTIVATED, "not valid before 20"),
            (Flags::EXPIRED, "has expired 21"),
            (Flags::REVOKED, "revoked"),
            (Flags::INSECURE, "not secure"),
            (Flags::GENERIC_ERROR, "not valid"),
        ] {
            let words = what_is_wrong(&certificate(), errors, "host");
            assert!(words.contains(expected), "{errors:?}: {words}");
            assert!(!words.contains(';'), "one clause: {words}");
        }
        let both = what_is_wrong(&certificate(), Flags::EXPIRED | Flags::UNKNOWN_CA, "host");
        assert!(both.contains("; "), "{both}");
    }
}
