// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the elements have in common, beside [`properties`](crate::properties): how
//! what they know is put into structures, and the question about a certificate.

pub(crate) mod certificate;
pub(crate) mod connection_stats;
pub(crate) mod posted;
pub(crate) mod status;
