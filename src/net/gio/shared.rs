// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! GIO objects that come from the application and are used by the network
//! thread. The bindings leave open which types allow that.

/// A GIO object that any thread may use.
#[derive(Debug, Clone)]
pub struct Shared<T>(T);

/// Types for which that holds.
///
/// Only for types of which GIO itself uses one object in several threads: TLS
/// handshakes run in threads of their own, and a database, a certificate and an
/// interaction are set on any number of connections.
pub trait UsedByAnyThread: private::Sealed + Clone {}

mod private {
    pub trait Sealed {}
    impl Sealed for gio::TlsDatabase {}
    impl Sealed for gio::TlsCertificate {}
    impl Sealed for gio::TlsInteraction {}
}

impl UsedByAnyThread for gio::TlsDatabase {}
impl UsedByAnyThread for gio::TlsCertificate {}
impl UsedByAnyThread for gio::TlsInteraction {}

// SAFETY: the reference count of a GObject is atomic. Of the types that `T` can
// be (the trait is sealed), a certificate never changes once it is made; a
// database locks its tables, as its `verify_chain` is called from the handshake
// threads of all connections that it is set on; an interaction passes each call
// on to the main context that it was made in (`g_tls_interaction_invoke_*`).
#[allow(unsafe_code)]
unsafe impl<T: UsedByAnyThread> Send for Shared<T> {}

// SAFETY: as above; `&Shared<T>` gives out nothing but `&T` and clones.
#[allow(unsafe_code)]
unsafe impl<T: UsedByAnyThread> Sync for Shared<T> {}

impl<T: UsedByAnyThread> Shared<T> {
    /// Shares an object.
    pub fn new(object: T) -> Self {
        Self(object)
    }

    /// The object.
    pub fn get(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use gio::prelude::*;

    use super::*;

    /// Signed by itself.
    const PEM: &str = include_str!("testdata/certificate.pem");

    #[test]
    fn a_certificate_is_read_and_dropped_in_many_threads_at_once() {
        let certificate = Shared::new(gio::TlsCertificate::from_pem(PEM).expect("PEM"));
        let pem = certificate.get().certificate_pem();
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (certificate, pem) = (certificate.clone(), pem.clone());
                std::thread::spawn(move || {
                    for _ in 0..200 {
                        let mine = certificate.clone();
                        assert_eq!(mine.get().certificate_pem(), pem);
                        assert!(mine.get().is_same(certificate.get()));
                    }
                })
            })
            .collect();
        drop(certificate);
        for thread in threads {
            thread.join().expect("no panic");
        }
    }

    #[test]
    fn a_database_verifies_in_many_threads_at_once() {
        let file = std::env::temp_dir().join(format!("rtmpr-shared-{}.pem", std::process::id()));
        std::fs::write(&file, PEM).expect("temporary file");
        let database = gio::TlsFileDatabase::new(&file).expect("a database");
        let database = Shared::new(database.upcast::<gio::TlsDatabase>());
        let certificate = Shared::new(gio::TlsCertificate::from_pem(PEM).expect("PEM"));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (database, certificate) = (database.clone(), certificate.clone());
                std::thread::spawn(move || {
                    for _ in 0..20 {
                        let errors = database.get().verify_chain(
                            certificate.get(),
                            "1.3.6.1.5.5.7.3.1",
                            gio::NetworkAddress::NONE,
                            gio::TlsInteraction::NONE,
                            gio::TlsDatabaseVerifyFlags::NONE,
                            gio::Cancellable::NONE,
                        );
                        let errors = errors.expect("an answer");
                        assert!(!errors.contains(gio::TlsCertificateFlags::UNKNOWN_CA));
                    }
                })
            })
            .collect();
        drop(database);
        for thread in threads {
            thread.join().expect("no panic");
        }
        std::fs::remove_file(file).expect("it was there");
    }
}
