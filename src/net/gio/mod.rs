// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! TCP and TLS through GIO: cancellable name resolution, proxies, several
//! addresses tried in parallel, certificates checked against the system's store,
//! and streams that work the same with TLS.
//!
//! The network thread owns a `MainContext`, which runs while it connects. Once
//! connected it waits in `poll`, by way of `Socket::condition_timed_wait`: a
//! source of a context costs seven more system calls for each message. GIO
//! objects stay in that thread, but for those that GIO itself uses in several
//! ([`Shared`]); a [`Control`](super::Control) reaches it through the context's
//! wake-up and `Cancellable`s, which are made for that.

mod certificate;
mod connect;
mod options;
mod proxy;
mod shared;
mod thread;
mod tls;
mod transport;
mod waker;

pub use certificate::{Fingerprint, FingerprintError};
pub use connect::connect;
pub use options::{AddressFamily, Options, SocketOptions};
pub use proxy::{Proxy, ProxyError, ProxyUrl};
pub use shared::{Shared, UsedByAnyThread};
pub use thread::NetworkThread;
pub use tls::{AcceptCertificate, TlsOptions};
pub use transport::GioTransport;
