// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a play and a publish have in common: how far a connection has come, how it
//! fails, where else servers send us, when to connect again, and what is shown of it.

pub(crate) mod allowance;
pub(crate) mod failure;
pub(crate) mod hidden;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod meter;
pub(crate) mod methods;
pub(crate) mod phase;
pub(crate) mod place;
pub(crate) mod progress;
pub(crate) mod reconnect;
pub(crate) mod redirect;
pub(crate) mod refusal;
pub(crate) mod round_trip;
pub(crate) mod settings;

pub use failure::{CAUSES, Cause, End, EosReason, Failure};
pub use hidden::Hidden;
pub use meter::Rate;
pub use methods::KnownMethods;
pub use phase::Phase;
pub use progress::{Peer, ProgressSnapshot};
pub use reconnect::Reconnect;
pub use redirect::{MAX_REDIRECTS, RedirectError};
pub use round_trip::RoundTrip;
pub use settings::{Alternative, ConnectionSettings, HandshakeChoice};
