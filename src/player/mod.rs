// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a source does on the network: connect, `play`, and decide what ends
//! the stream.
//!
//! Runs in the network thread. Media becomes FLV items in the queue, the end
//! of the stream becomes the queue's end. GStreamer is only used for logging;
//! the element turns items into buffers and failures into error messages.

mod attempt;
mod backlog;
mod burst;
pub(crate) mod candidate;
mod continuity;
mod entry;
pub(crate) mod flv_output;
pub(crate) mod gate;
mod item;
pub(crate) mod ladder;
mod lag;
mod learned;
mod meaning;
mod notice;
mod play;
pub(crate) mod policy;
pub(crate) mod race;
mod reception;
mod recording;
mod request;
pub(crate) mod script_data;
pub(crate) mod selection;
pub(crate) mod sequence_headers;
mod settings;
mod standby;
mod stats;
mod traffic;
mod visit;
mod worker;

pub use crate::client::{
    CAUSES, Cause, End, EosReason, Failure, Hidden, MAX_REDIRECTS, Peer, Phase, Rate, Reconnect,
    RedirectError, RoundTrip,
};
pub use item::{Item, Packet, Sought};
pub use lag::{Lag, Skipped, skip};
pub use learned::Learned;
pub use notice::Notice;
pub use reception::Reception;
pub use recording::Recording;
pub use script_data::ScriptData;
pub use settings::{FastStart, OnUnpublish, PlaySettings, StartPosition};
pub use stats::{Snapshot, Stats};
pub use traffic::{Flow, Flows};
pub use worker::{Handles, Worker};

/// The queue between the network thread and the streaming thread.
pub type ItemQueue = crate::queue::Queue<Item, End>;
