// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The way to a server: addresses of both kinds, real proxies, the socket.

mod addresses;
mod proxies;
mod socket;
