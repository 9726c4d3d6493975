// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the fuzzers do with their input: a function for each target, which
//! panics if something that must hold for all input does not.
//!
//! `fuzz_targets/` hands them to libFuzzer. `tests/corpus.rs` runs the same
//! functions over the corpus on any compiler, so they use nothing but the
//! plugin's library and what it depends on.

pub mod amf0;
pub mod amf3;
pub mod chunk_reader;
pub mod client_session;
pub mod flv;
pub mod handshake;
pub mod location;
pub mod server_session;

mod cut;
mod digest;
mod output;
mod values;
