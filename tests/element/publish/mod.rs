// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! `rtmprsink` against a server that does what a script says.

mod breaks;
mod drop;
mod flow;
mod input;
mod refusals;
mod rough_line;
mod sender;
mod stop;
mod times;
mod watching;
