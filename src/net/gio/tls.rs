// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! TLS by GIO's back end (glib-networking): how a server is checked, and what
//! is said when it does not pass.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gio::prelude::*;

use super::certificate::{self, Fingerprint};
use super::shared::Shared;
use crate::net::{ConnectError, Endpoint, TlsError};

/// Asks the application about a certificate that did not pass.
pub type AcceptCertificate = Arc<
    dyn Fn(&gio::TlsConnection, &gio::TlsCertificate, gio::TlsCertificateFlags) -> bool
        + Send
        + Sync,
>;

/// How a server proves who it is, and how we do.
#[derive(Clone)]
pub struct TlsOptions {
    /// What is checked of the server's certificate.
    pub validation_flags: gio::TlsCertificateFlags,
    /// The authorities that are trusted; the system's if `None`.
    pub database: Option<Shared<gio::TlsDatabase>>,
    /// Our certificate and key, for servers that ask for them.
    pub certificate: Option<Shared<gio::TlsCertificate>>,
    /// Asked for a certificate, or for what opens its key.
    pub interaction: Option<Shared<gio::TlsInteraction>>,
    /// The one certificate that is accepted, whoever has signed it.
    pub fingerprint: Option<Fingerprint>,
    /// Asked about a certificate that did not pass, unless there is a
    /// fingerprint.
    pub accept: Option<AcceptCertificate>,
}

impl Default for TlsOptions {
    fn default() -> Self {
        Self {
            validation_flags: gio::TlsCertificateFlags::VALIDATE_ALL,
            database: None,
            certificate: None,
            interaction: None,
            fingerprint: None,
            accept: None,
        }
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("validation_flags", &self.validation_flags)
            .field("database", &self.database.is_some())
            .field("certificate", &self.certificate.is_some())
            .field("interaction", &self.interaction.is_some())
            .field("fingerprint", &self.fingerprint)
            .field("accept", &self.accept.is_some())
            .finish()
    }
}

/// Whether there is a back end.
pub(super) fn is_available() -> bool {
    gio::TlsBackend::default().supports_tls()
}

/// A TLS connection that has not begun to speak, and what becomes of its
/// server's certificate.
pub(super) struct Handshake<'a> {
    pub(super) connection: gio::TlsConnection,
    options: &'a TlsOptions,
    found: Arc<Found>,
}

/// What was found on the way. GIO may drop its share in a thread of its own.
#[derive(Default)]
struct Found {
    /// Why the certificate was refused.
    refused: Mutex<Option<TlsError>>,
    /// The server wants a certificate of ours.
    asked: AtomicBool,
    /// Nobody waits for the handshake any more.
    given_up: AtomicBool,
}

impl Found {
    fn refused(&self) -> MutexGuard<'_, Option<TlsError>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A TLS connection that is ready.
pub(super) struct Secured {
    pub(super) connection: gio::TlsConnection,
    /// The server wants a certificate of ours. In TLS 1.3 it tells behind the
    /// handshake what it thinks of that.
    pub(super) asked: bool,
}

impl<'a> Handshake<'a> {
    /// Prepares TLS on a connection.
    ///
    /// # Errors
    /// The back end cannot.
    pub(super) fn new(
        connection: &gio::SocketConnection,
        endpoint: &Endpoint,
        options: &'a TlsOptions,
    ) -> Result<Self, ConnectError> {
        // The name is sent to the server (SNI) and looked for in its certificate.
        let identity = gio::NetworkAddress::new(&endpoint.host, endpoint.port);
        let tls = gio::TlsClientConnection::new(connection, Some(&identity))
            .map_err(|error| TlsError::Failed(error.message().to_owned()))?;
        // GIO is asked for everything; what of it counts is decided below.
        tls.set_validation_flags(gio::TlsCertificateFlags::VALIDATE_ALL);
        let found = Arc::<Found>::default();
        let asked = Arc::clone(&found);
        tls.connect_accepted_cas_notify(move |_| asked.asked.store(true, Ordering::SeqCst));
        let tls = tls.upcast::<gio::TlsConnection>();
        if let Some(database) = &options.database {
            tls.set_database(Some(database.get()));
        }
        if let Some(certificate) = &options.certificate {
            tls.set_certificate(certificate.get());
        }
        if let Some(interaction) = &options.interaction {
            tls.set_interaction(Some(interaction.get()));
        }

        let (check, host) = (Arc::clone(&found), endpoint.host.clone());
        let (flags, pinned) = (options.validation_flags, options.fingerprint);
        let accept = options.accept.clone();
        tls.connect_accept_certificate(move |tls, peer, errors| {
            if check.given_up.load(Ordering::SeqCst) {
                return false;
            }
            let error = match &pinned {
                Some(pinned) => pinned_error(pinned, Some(peer)),
                None => {
                    let errors = errors & flags;
                    let accepted = errors.is_empty()
                        || accept
                            .as_ref()
                            .is_some_and(|accept| accept(tls, peer, errors));
                    (!accepted).then(|| TlsError::Certificate {
                        host: host.clone(),
                        words: certificate::what_is_wrong(peer, errors, &host),
                    })
                }
            };
            let accepted = error.is_none();
            *check.refused() = error;
            accepted
        });
        Ok(Self {
            connection: tls,
            options,
            found,
        })
    }

    /// Nobody waits for it any more, nor is anybody asked for anything.
    pub(super) fn give_up(&self) {
        self.found.given_up.store(true, Ordering::SeqCst);
    }

    /// What came of it.
    pub(super) fn outcome(self, result: Result<(), glib::Error>) -> Result<Secured, ConnectError> {
        let asked = self.found.asked.load(Ordering::SeqCst);
        if let Err(error) = result {
            let refused = self.found.refused().take();
            let error = refused.unwrap_or_else(|| handshake_error(&error, asked));
            return Err(error.into());
        }
        // One that passes all checks is not asked about above.
        let peer = self.connection.peer_certificate();
        let pinned = self.options.fingerprint.as_ref();
        match pinned.and_then(|pinned| pinned_error(pinned, peer.as_ref())) {
            Some(error) => Err(error.into()),
            None => Ok(Secured {
                connection: self.connection,
                asked,
            }),
        }
    }
}

/// The error of a certificate that is not the pinned one.
fn pinned_error(pinned: &Fingerprint, peer: Option<&gio::TlsCertificate>) -> Option<TlsError> {
    let found = peer.and_then(Fingerprint::of);
    (found.as_ref() != Some(pinned)).then(|| TlsError::Fingerprint {
        found: found.map_or_else(|| "none".to_owned(), |found| found.to_string()),
    })
}

/// Why a handshake failed.
fn handshake_error(error: &glib::Error, asked: bool) -> TlsError {
    match tls_error(error) {
        // Servers with TLS 1.2 give no reason.
        Some(TlsError::Failed(words)) if asked => TlsError::CertificateRequired(words),
        Some(TlsError::Truncated) => TlsError::Closed,
        Some(error) => error,
        // A reset, or an end that GIO does not count as one of TLS.
        None if is_end(error) => TlsError::Closed,
        None => TlsError::Failed(error.message().to_owned()),
    }
}

fn is_end(error: &glib::Error) -> bool {
    matches!(
        error.kind::<gio::IOErrorEnum>(),
        Some(gio::IOErrorEnum::BrokenPipe | gio::IOErrorEnum::Closed)
    )
}

/// What an error of the back end says, if it is one.
pub(super) fn tls_error(error: &glib::Error) -> Option<TlsError> {
    let text = || error.message().to_owned();
    error.kind::<gio::TlsError>().map(|kind| match kind {
        gio::TlsError::Unavailable => TlsError::NoBackend,
        gio::TlsError::NotTls => TlsError::NotTls(text()),
        gio::TlsError::CertificateRequired => TlsError::CertificateRequired(text()),
        gio::TlsError::Eof => TlsError::Truncated,
        _ => TlsError::Failed(text()),
    })
}
