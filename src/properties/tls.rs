// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties about TLS. Names and types are those of `rtspsrc` and `rtmp2src`;
//! what these have no property for is given as files too, so that it can be used
//! from a command line.

use gio::prelude::*;
use gst::prelude::*;

use super::{get, optional_string};
use crate::net::gio::{Fingerprint, Shared, TlsOptions};

/// What the properties say.
#[derive(Debug, Clone)]
pub(crate) struct TlsProperties {
    validation_flags: gio::TlsCertificateFlags,
    database: Option<Shared<gio::TlsDatabase>>,
    ca_file: Option<String>,
    certificate: Option<Shared<gio::TlsCertificate>>,
    certificate_file: Option<String>,
    private_key_file: Option<String>,
    interaction: Option<Shared<gio::TlsInteraction>>,
    fingerprint: Option<Fingerprint>,
}

impl Default for TlsProperties {
    fn default() -> Self {
        Self {
            validation_flags: TlsOptions::default().validation_flags,
            database: None,
            ca_file: None,
            certificate: None,
            certificate_file: None,
            private_key_file: None,
            interaction: None,
            fingerprint: None,
        }
    }
}

impl TlsProperties {
    /// The properties.
    pub(crate) fn specs() -> Vec<glib::ParamSpec> {
        vec![
            /**
             * rtmprsrc:tls-validation-flags:
             *
             * What is checked of the server's certificate. Leave it at
             * everything and use #rtmprsrc:tls-ca-file or
             * #rtmprsrc:tls-fingerprint for servers with certificates of their
             * own: without a check anybody on the way can read and change what
             * is sent, passwords included.
             */
            glib::ParamSpecFlags::builder::<gio::TlsCertificateFlags>("tls-validation-flags")
                .nick("TLS validation flags")
                .blurb("What is checked of the server's certificate")
                .default_value(Self::default().validation_flags)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-database:
             *
             * The certificate authorities that are trusted, instead of the
             * system's.
             */
            glib::ParamSpecObject::builder::<gio::TlsDatabase>("tls-database")
                .nick("TLS database")
                .blurb("Certificate authorities that are trusted (NULL = those of tls-ca-file, or the system's)")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-ca-file:
             *
             * A file with the certificate authorities that are trusted, instead
             * of the system's, in PEM form. #rtmprsrc:tls-database counts more.
             */
            glib::ParamSpecString::builder("tls-ca-file")
                .nick("TLS CA file")
                .blurb("File (PEM) with the certificate authorities that are trusted (NULL = the system's)")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-certificate:
             *
             * Our certificate with its private key, for servers that ask for
             * one.
             */
            glib::ParamSpecObject::builder::<gio::TlsCertificate>("tls-certificate")
                .nick("TLS certificate")
                .blurb("Client certificate with its key, for servers that ask for one")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-certificate-file:
             *
             * A file with our certificate, and its private key if that has no
             * file of its own, in PEM form. #rtmprsrc:tls-certificate counts
             * more.
             */
            glib::ParamSpecString::builder("tls-certificate-file")
                .nick("TLS certificate file")
                .blurb("File (PEM) with the client certificate, and its key if tls-private-key-file is not set")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-private-key-file:
             *
             * A file with the private key for #rtmprsrc:tls-certificate-file, in
             * PEM form, not encrypted.
             */
            glib::ParamSpecString::builder("tls-private-key-file")
                .nick("TLS private key file")
                .blurb("File (PEM, not encrypted) with the key of tls-certificate-file")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-interaction:
             *
             * Asked for a client certificate, or for the PIN of a token that
             * holds its key.
             */
            glib::ParamSpecObject::builder::<gio::TlsInteraction>("tls-interaction")
                .nick("TLS interaction")
                .blurb("Asked for a client certificate or for what unlocks its key")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:tls-fingerprint:
             *
             * SHA-256 of the one certificate that is accepted, in hexadecimal.
             * Whether it has expired, whom it is for and who signed it does not
             * matter then. `openssl x509 -noout -fingerprint -sha256` prints it.
             */
            glib::ParamSpecString::builder("tls-fingerprint")
                .nick("TLS fingerprint")
                .blurb("SHA-256 (hexadecimal) of the one certificate that is accepted (NULL = any that is valid)")
                .mutable_ready()
                .build(),
        ]
    }

    /// Sets a property; `None` if it is not one of these.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        self.try_set(name, value).transpose()
    }

    fn try_set(&mut self, name: &str, value: &glib::Value) -> Result<Option<()>, String> {
        match name {
            "tls-validation-flags" => self.validation_flags = get(value)?,
            "tls-database" => self.database = get::<Option<_>>(value)?.map(Shared::new),
            "tls-ca-file" => self.ca_file = optional_string(value),
            "tls-certificate" => self.certificate = get::<Option<_>>(value)?.map(Shared::new),
            "tls-certificate-file" => self.certificate_file = optional_string(value),
            "tls-private-key-file" => self.private_key_file = optional_string(value),
            "tls-interaction" => self.interaction = get::<Option<_>>(value)?.map(Shared::new),
            "tls-fingerprint" => {
                let text = optional_string(value).filter(|text| !text.is_empty());
                let read = text.as_deref().map(Fingerprint::parse).transpose();
                self.fingerprint = read.map_err(|error| error.to_string())?;
            }
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Reads a property; `None` if it is not one of these.
    pub(crate) fn value(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "tls-validation-flags" => self.validation_flags.to_value(),
            "tls-database" => self.database.as_ref().map(Shared::get).to_value(),
            "tls-ca-file" => self.ca_file.to_value(),
            "tls-certificate" => self.certificate.as_ref().map(Shared::get).to_value(),
            "tls-certificate-file" => self.certificate_file.to_value(),
            "tls-private-key-file" => self.private_key_file.to_value(),
            "tls-interaction" => self.interaction.as_ref().map(Shared::get).to_value(),
            "tls-fingerprint" => self.fingerprint.map(|pin| pin.to_string()).to_value(),
            _ => return None,
        })
    }

    /// What they come to; reads the files that they name.
    ///
    /// # Errors
    /// Which property names a file that cannot be used, and why.
    pub(crate) fn options(&self) -> Result<TlsOptions, String> {
        let database = match (&self.database, &self.ca_file) {
            (Some(database), _) => Some(database.clone()),
            (None, Some(file)) => {
                let database =
                    read_authorities(file).map_err(|why| unusable("tls-ca-file", &why))?;
                Some(Shared::new(database))
            }
            (None, None) => None,
        };
        let certificate = match (&self.certificate, &self.certificate_file) {
            (Some(certificate), _) => Some(certificate.clone()),
            (None, Some(file)) => {
                let key = self.private_key_file.as_ref();
                let certificate = gio::TlsCertificate::from_files(file, key.unwrap_or(file));
                let certificate = certificate
                    .map_err(|error| unusable("tls-certificate-file", error.message()))?;
                Some(Shared::new(certificate))
            }
            (None, None) => None,
        };
        Ok(TlsOptions {
            validation_flags: self.validation_flags,
            database,
            certificate,
            interaction: self.interaction.clone(),
            fingerprint: self.fingerprint,
            accept: None,
        })
    }
}

/// GIO takes a file without a certificate for one that trusts nobody.
fn read_authorities(file: &str) -> Result<gio::TlsDatabase, String> {
    let message = |error: glib::Error| error.message().to_owned();
    if gio::TlsCertificate::list_new_from_file(file)
        .map_err(message)?
        .is_empty()
    {
        return Err(format!("{file} holds no certificate"));
    }
    // GIO wants an absolute path, and without one trusts nobody.
    let path = std::path::absolute(file).map_err(|error| error.to_string())?;
    let database = gio::TlsFileDatabase::new(path).map_err(message)?;
    Ok(database.upcast())
}

fn unusable(property: &str, why: &str) -> String {
    format!("The {property} property names a file that cannot be used: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(properties: &mut TlsProperties, name: &str, value: &str) -> Result<(), String> {
        properties
            .set(name, &value.to_value())
            .expect("it is known")
    }

    #[test]
    fn a_file_that_is_no_certificate_is_told_with_its_property() {
        let none = "/nonexistent/file.pem";
        let file = std::env::temp_dir().join(format!("rtmpr-empty-{}.pem", std::process::id()));
        std::fs::write(&file, "no certificate").expect("temporary file");
        let empty = file.to_str().expect("UTF-8").to_owned();
        for (property, path) in [
            ("tls-ca-file", none),
            ("tls-ca-file", &empty),
            ("tls-certificate-file", none),
            ("tls-certificate-file", &empty),
        ] {
            let mut properties = TlsProperties::default();
            set(&mut properties, property, path).expect("checked later");
            let error = properties.options().expect_err("it is no certificate");
            assert!(error.contains(property), "{error}");
        }
        std::fs::remove_file(file).expect("it was there");
    }

    #[test]
    fn a_ca_file_may_be_named_as_seen_from_the_working_directory() {
        use gio::TlsCertificateFlags as Flags;

        // Tests run where the manifest is.
        let file = "src/net/gio/testdata/certificate.pem";
        let mut properties = TlsProperties::default();
        set(&mut properties, "tls-ca-file", file).expect("checked later");
        let options = properties.options().expect("it holds one");
        let database = options.database.expect("made of the file");
        let certificate = gio::TlsCertificate::from_file(file).expect("PEM");
        let errors = database.get().verify_chain(
            &certificate,
            "1.3.6.1.5.5.7.3.1",
            gio::NetworkAddress::NONE,
            gio::TlsInteraction::NONE,
            gio::TlsDatabaseVerifyFlags::NONE,
            gio::Cancellable::NONE,
        );
        let errors = errors.expect("an answer");
        assert!(!errors.contains(Flags::UNKNOWN_CA), "{errors:?}");
    }

    #[test]
    fn a_fingerprint_is_checked_when_it_is_set() {
        let mut properties = TlsProperties::default();
        assert!(set(&mut properties, "tls-fingerprint", "12:34").is_err());
        let pin = "ab".repeat(32);
        set(&mut properties, "tls-fingerprint", &pin).expect("valid");
        let shown: String = properties
            .value("tls-fingerprint")
            .and_then(|value| value.get().ok())
            .expect("a string");
        assert_eq!(shown.replace(':', "").to_lowercase(), pin);
        set(&mut properties, "tls-fingerprint", "").expect("none");
        assert!(
            properties
                .options()
                .expect("nothing to read")
                .fingerprint
                .is_none()
        );
    }

    #[test]
    fn by_default_everything_is_checked() {
        let options = TlsProperties::default().options().expect("nothing to read");
        assert_eq!(options.validation_flags.bits(), 0x7f);
        assert!(options.database.is_none() && options.fingerprint.is_none());
    }
}
