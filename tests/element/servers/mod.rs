// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What known servers say, in which order, and what comes of it.
//!
//! A server is a [`script::Script`]: three lists of raw messages, said in
//! answer to `connect`, `createStream` and `play`. Variations of servers change
//! one message of such a list.

mod amf3;
mod bytes;
mod calls;
mod chunks;
mod failure;
mod headers;
mod known;
mod message;
mod missing;
mod order;
mod script;
mod start;
mod streams;
mod talk;
mod types;
mod values;
