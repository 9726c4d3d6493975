// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a source does on the network: connect, `play`, and decide what ends
//! the stream.
//!
//! Runs in the network thread. Media becomes FLV items in the queue, the end
//! of the stream becomes the queue's end. GStreamer is only used for logging;
//! the element turns items into buffers and failures into error messages.

mod failure;
mod flv_output;
mod log;
mod meaning;
mod policy;
mod settings;
mod stats;
mod worker;

pub use failure::{Cause, End, EosReason, Failure};
pub use flv_output::Item;
pub use settings::PlaySettings;
pub use stats::{Phase, Snapshot, Stats};
pub use worker::Worker;

/// The queue between the network thread and the streaming thread.
pub type ItemQueue = crate::queue::Queue<Item, End>;
