// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The structure that the `stats` property holds. Its fields are an interface,
//! described in `docs/properties.md`.

use crate::elements::connection_stats;
use crate::elements::status::nanoseconds;
use crate::player::{Flows, Hidden, Snapshot};
use crate::queue::Fill;

/// Everything that is known. `queue` is there while the element runs.
pub(super) fn structure(
    snapshot: &Snapshot,
    queue: Option<Fill>,
    hidden: &Hidden,
) -> gst::Structure {
    let fill = queue.unwrap_or_default();
    let peak = snapshot.queue_peak.max(fill.peak_bytes as u64);
    let mut stats = connection_stats::structure(&snapshot.counters, &snapshot.progress, hidden);
    stats.set("queue-bytes", fill.bytes as u64);
    stats.set("queue-time", fill.time.saturating_mul(1_000_000));
    stats.set("queue-peak-bytes", peak);
    stats.set("blocked-time", nanoseconds(snapshot.blocked));
    stats.set("largest-gap", nanoseconds(snapshot.largest_gap));
    add_flows(&mut stats, &snapshot.flows);
    stats
}

fn add_flows(stats: &mut gst::StructureRef, flows: &Flows) {
    stats.set("audio-messages", flows.audio.messages);
    stats.set("video-messages", flows.video.messages);
    stats.set("data-messages", flows.data.messages);
    stats.set("dropped-messages", flows.dropped);
    stats.set("ignored-messages", flows.ignored);
    stats.set("bitrate", flows.bitrate());
    stats.set("audio-bitrate", flows.audio.rate.bits);
    stats.set("video-bitrate", flows.video.rate.bits);
    stats.set("audio-rate", flows.audio.rate.messages);
    stats.set("video-rate", flows.video.rate.messages);
}
