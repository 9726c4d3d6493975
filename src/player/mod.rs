// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a source does on the network: connect, `play`, and decide what ends
//! the stream.
//!
//! Runs in the network thread. Media becomes FLV items in the queue, the end
//! of the stream becomes the queue's end. GStreamer is only used for logging;
//! the element turns items into buffers and failures into error messages.

pub(crate) mod allowance;
mod attempt;
mod backlog;
mod burst;
pub(crate) mod candidate;
mod continuity;
mod entry;
mod failure;
pub(crate) mod flv_output;
pub(crate) mod gate;
mod hidden;
mod item;
pub(crate) mod ladder;
mod lag;
mod learned;
mod log;
mod meaning;
mod meter;
mod notice;
mod play;
pub(crate) mod policy;
pub(crate) mod race;
mod reception;
pub(crate) mod reconnect;
mod recording;
pub(crate) mod redirect;
mod request;
pub(crate) mod round_trip;
pub(crate) mod script_data;
pub(crate) mod selection;
pub(crate) mod sequence_headers;
mod settings;
mod standby;
mod stats;
mod traffic;
mod visit;
mod worker;

pub use failure::{CAUSES, Cause, End, EosReason, Failure};
pub use hidden::Hidden;
pub use item::{Item, Packet, Sought};
pub use lag::{Lag, Skipped, skip};
pub use learned::Learned;
pub(crate) use meaning::is_about_access;
pub use meter::Rate;
pub use notice::Notice;
pub use reception::Reception;
pub use reconnect::Reconnect;
pub use recording::Recording;
pub use redirect::{MAX_REDIRECTS, RedirectError};
pub use round_trip::RoundTrip;
pub use script_data::ScriptData;
pub use settings::{
    Alternative, FastStart, HandshakeChoice, OnUnpublish, PlaySettings, StartPosition,
};
pub use stats::{Peer, Phase, Snapshot, Stats};
pub use traffic::{Flow, Flows};
pub use worker::{Handles, Worker};

/// The queue between the network thread and the streaming thread.
pub type ItemQueue = crate::queue::Queue<Item, End>;
