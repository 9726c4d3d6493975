// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The structure that the `stats` property holds. Its fields are an interface, described
//! in `docs/properties.md`.

use crate::client::Hidden;
use crate::elements::connection_stats;
use crate::elements::status::nanoseconds;
use crate::publisher::{PublishSnapshot, UploadFill};

/// Everything that is known. `queue` is there while the element runs.
pub(super) fn structure(
    snapshot: &PublishSnapshot,
    queue: Option<UploadFill>,
    hidden: &Hidden,
) -> gst::Structure {
    let mut stats = connection_stats::structure(&snapshot.counters, &snapshot.progress, hidden);
    let fill = queue.unwrap_or_default();
    let congestion = fill.time as f64 / snapshot.congested_at.max(1) as f64;
    let (audio, video) = (snapshot.audio, snapshot.video);
    let bits = audio.rate.bits + video.rate.bits + snapshot.data.rate.bits;
    let dropped = fill.dropped;
    stats.set("bytes-sent", snapshot.bytes_sent);
    stats.set("bytes-acked", snapshot.bytes_acked);
    stats.set("unsent-bytes", snapshot.unsent);
    stats.set("queue-bytes", fill.bytes as u64);
    stats.set("queue-time", fill.time.saturating_mul(1_000_000));
    stats.set("queue-peak-bytes", fill.peak_bytes as u64);
    stats.set("blocked-time", nanoseconds(fill.blocked));
    stats.set("congestion", congestion.min(1.0));
    stats.set("dropping", fill.level.name());
    stats.set("dropped-b-frames", dropped.disposable);
    stats.set("dropped-video-frames", dropped.pictures);
    stats.set("dropped-keyframes", dropped.keyframes);
    stats.set("dropped-audio-frames", dropped.sounds);
    stats.set("bitrate-hint", snapshot.hint.unwrap_or(0));
    stats.set("audio-messages", audio.messages);
    stats.set("video-messages", video.messages);
    stats.set("data-messages", snapshot.data.messages);
    stats.set("bitrate", bits);
    stats.set("audio-bitrate", audio.rate.bits);
    stats.set("video-bitrate", video.rate.bits);
    stats.set("audio-rate", audio.rate.messages);
    stats.set("video-rate", video.rate.messages);
    stats
}
