// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV and Enhanced RTMP bodies: what the messages of a stream become.
//!
//! [`Tag`] frames a message body in place, [`Aggregate`] takes aggregates
//! apart, [`inspect`] and [`inspect_data`] decide what a demuxer can be given,
//! [`VideoInfo`] and [`AudioInfo`] peek at a body, [`FlvReader`] is the way
//! back from bytes to tags.
//!
//! Codec data is never decoded, no clock is kept and nothing is logged: what
//! was dropped is returned as a value. Players, publishers and test tools call
//! this.

#![warn(missing_docs)]

pub mod aggregate;
pub mod audio;
pub mod body;
pub mod disposable;
mod enhanced;
pub mod filter;
pub mod header;
pub mod reader;
mod record;
mod scan;
pub mod script;
pub mod shared;
pub mod tag;
pub mod video;

pub use aggregate::{Aggregate, AggregateDrop};
pub use audio::{AudioCodec, AudioInfo, AudioPacket};
pub use body::{BodyError, FourCc};
pub use enhanced::{Multitrack, MultitrackMode};
pub use filter::{DropReason, Info, Verdict, inspect};
pub use header::file_header;
pub use reader::{FlvError, FlvReader};
pub use script::{DataEncoding, Script, ScriptAction, ScriptDrop, inspect_data};
pub use shared::{SharedReader, SharedTag};
pub use tag::{Tag, TagHeader, TagType, restamp};
pub use video::{FrameType, VideoCodec, VideoInfo, VideoPacket};

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod properties;
