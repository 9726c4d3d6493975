// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The example origin: what its hub hands to whom, and what clients see of it.
//!
//! Every wait ends at a deadline that only a hang can reach; none of them is
//! an assertion about speed, except where to end promptly is what is tested.

mod access;
mod client;
mod connections;
mod hub;
#[path = "../../examples/origin/server/mod.rs"]
mod origin;
mod recordings;

use std::time::Duration;

/// Far beyond what anything here takes: reached only by a hang.
pub(crate) const HANG: Duration = Duration::from_secs(60);
