// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a sink does on the network: connect, `publish`, and keep publishing.
//!
//! The streaming thread takes FLV apart (`intake`) and puts packets into a bounded queue;
//! the network thread sends them, connects again when a connection breaks, and goes on
//! with a key frame. GStreamer is only used for logging; the element turns reports into
//! messages and errors.

mod attempt;
mod bitrate_hint;
pub(crate) mod drop_policy;
mod entry;
pub(crate) mod headers;
mod intake;
mod meaning;
mod notice;
pub(crate) mod packet;
pub(crate) mod policy;
mod publish;
mod queue;
mod request;
mod settings;
mod standby;
mod stats;
mod timestamps;
mod visit;
mod worker;

pub use bitrate_hint::Hint;
pub use drop_policy::{DISPOSABLE_AFTER, DropPolicy, Dropped, GROUP_AFTER, Level};
pub use intake::Intake;
pub use notice::{Notice, Report};
pub use queue::{QueueSettings, Refused, UploadFill, UploadQueue};
pub use settings::{Adjustable, PublishSettings, StopCommands};
pub use stats::{PublishSnapshot, PublishStats, Sent};
pub use worker::{PublishHandles, PublishWorker};
