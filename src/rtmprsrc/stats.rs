// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The structure that the `stats` property holds. Its fields are an interface,
//! described in `docs/properties.md`.

use std::time::Duration;

use super::announce;
use crate::player::{Flows, Hidden, Peer, Phase, Snapshot};
use crate::queue::Fill;

/// Its name, that of `rtmp2src` so that programs made for it find what they
/// look for.
const NAME: &str = "GstRtmpConnectionStats";

/// Everything that is known. `queue` is there while the element runs.
pub(super) fn structure(
    snapshot: &Snapshot,
    queue: Option<Fill>,
    hidden: &Hidden,
) -> gst::Structure {
    let counters = snapshot.counters;
    let fill = queue.unwrap_or_default();
    let peak = snapshot.queue_peak.max(fill.peak_bytes as u64);
    let mut stats = gst::Structure::builder(NAME)
        .field("in-chunk-size", counters.in_chunk_size)
        .field("out-chunk-size", counters.out_chunk_size)
        .field("in-window-ack-size", counters.in_window_ack_size)
        .field("out-window-ack-size", counters.out_window_ack_size)
        .field("in-bytes-total", counters.in_bytes_total)
        .field("out-bytes-total", counters.out_bytes_total)
        .field("in-bytes-acked", counters.in_bytes_acked)
        .field("out-bytes-acked", counters.out_bytes_acked)
        .field("in-messages", counters.in_messages)
        .field("connections", snapshot.connections)
        .field("redirects", snapshot.redirects)
        .field("reconnects", snapshot.reconnects)
        .field("queue-bytes", fill.bytes as u64)
        .field("queue-time", fill.time.saturating_mul(1_000_000))
        .field("queue-peak-bytes", peak)
        .field("blocked-time", nanoseconds(snapshot.blocked))
        .field("largest-gap", nanoseconds(snapshot.largest_gap))
        .build();
    add_flows(&mut stats, &snapshot.flows);
    if let Some(phase) = snapshot.phase {
        stats.set("phase", phase.name());
    }
    let server = snapshot.peer.capabilities.as_ref();
    announce::add_to_stats(&mut stats, &snapshot.announced, server);
    add_peer(&mut stats, &snapshot.peer, hidden);
    if let Some((code, level)) = &snapshot.last_status {
        stats.set("last-status", hidden.hide(code));
        stats.set("last-status-level", level.name());
    }
    for (phase, ended) in &snapshot.ended {
        if let (Some(name), Some(ended)) = (time_field(*phase), *ended) {
            stats.set(name, nanoseconds(ended));
        }
    }
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

/// What is known of the server by now.
fn add_peer(stats: &mut gst::StructureRef, peer: &Peer, hidden: &Hidden) {
    if let Some(round_trip) = peer.round_trip {
        stats.set("round-trip-time", nanoseconds(round_trip.last));
        stats.set("min-round-trip-time", nanoseconds(round_trip.min));
    }
    if let Some(handshake) = peer.handshake {
        stats.set("handshake", handshake.name());
    }
    if let Some(method) = peer.authentication {
        stats.set("authentication", method.name());
    }
    if peer.secure_token {
        stats.set("secure-token-answered", true);
    }
    if let Some(version) = &peer.version {
        stats.set("server-version", hidden.hide(version));
    }
    if let Some(location) = &peer.location {
        stats.set("location", hidden.hide(location));
    }
    if let Some(stream) = peer.stream {
        stats.set("stream-id", stream.0);
    }
}

/// The field that tells when a phase ended, in nanoseconds from the start of
/// the connection attempt.
fn time_field(phase: Phase) -> Option<&'static str> {
    Some(match phase {
        Phase::Resolving => "resolved-time",
        Phase::Connecting => "tcp-connected-time",
        Phase::Tls => "tls-connected-time",
        Phase::Handshake => "handshake-time",
        Phase::Connect => "connected-time",
        Phase::CreateStream => "stream-created-time",
        Phase::Play => "play-started-time",
        Phase::Waiting => "first-media-time",
        Phase::Playing => return None,
    })
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
