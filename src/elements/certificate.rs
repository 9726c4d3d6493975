// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The signal that asks the application about a certificate.

use std::sync::Arc;

use glib::prelude::*;

use crate::net::gio::AcceptCertificate;

/// The signal.
pub(crate) fn signal() -> glib::subclass::Signal {
    /**
     * rtmprsrc::accept-certificate:
     * @rtmprsrc: the element
     * @connection: the #GTlsConnection
     * @certificate: the server's #GTlsCertificate
     * @errors: the checks that it did not pass
     *
     * Emitted in the network thread when a certificate does not pass
     * #rtmprsrc:tls-validation-flags, unless there is a
     * #rtmprsrc:tls-fingerprint. The connection waits for the answer,
     * and a state change for the connection.
     *
     * Returns: %TRUE to trust the server all the same; if no handler
     * does, the play fails.
     */
    glib::subclass::Signal::builder("accept-certificate")
        .param_types([
            gio::TlsConnection::static_type(),
            gio::TlsCertificate::static_type(),
            gio::TlsCertificateFlags::static_type(),
        ])
        .return_type::<bool>()
        .run_last()
        .accumulator(|_, _, answer| match answer.get() {
            Ok(true) => std::ops::ControlFlow::Break(answer.clone()),
            _ => std::ops::ControlFlow::Continue(answer.clone()),
        })
        .build()
}

/// Asks through the signal of this element.
pub(crate) fn ask(element: &(impl IsA<gst::Element> + Send + Sync)) -> AcceptCertificate {
    let element = element.upcast_ref::<gst::Element>().downgrade();
    Arc::new(move |connection, certificate, errors| {
        element.upgrade().is_some_and(|element| {
            element.emit_by_name("accept-certificate", &[connection, certificate, &errors])
        })
    })
}
