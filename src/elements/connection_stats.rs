// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The fields of the `stats` properties that are about the connection. They are an
//! interface, described in `docs/properties.md`.

use super::status::nanoseconds;
use crate::client::{Hidden, Peer, Phase, ProgressSnapshot};
use crate::rtmp::capabilities::{Capabilities, Codec};
use crate::rtmp::connection::Counters;

/// The structure's name, that of `rtmp2src` and `rtmp2sink`, so that programs made for
/// them find what they look for.
const NAME: &str = "GstRtmpConnectionStats";

/// What is known of the connection.
pub(crate) fn structure(
    counters: &Counters,
    progress: &ProgressSnapshot,
    hidden: &Hidden,
) -> gst::Structure {
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
        .field("connections", progress.connections)
        .field("redirects", progress.redirects)
        .field("reconnects", progress.reconnects)
        .build();
    if let Some(phase) = progress.phase {
        stats.set("phase", phase.name());
    }
    let server = progress.peer.capabilities.as_ref();
    add_capabilities(&mut stats, &progress.announced, server);
    add_peer(&mut stats, &progress.peer, hidden);
    if let Some((code, level)) = &progress.last_status {
        stats.set("last-status", hidden.hide(code));
        stats.set("last-status-level", level.name());
    }
    for (phase, ended) in &progress.ended {
        if let Some(name) = time_field(*phase) {
            stats.set(name, nanoseconds(*ended));
        }
    }
    stats
}

/// Adds what was announced and what the server answered, each if there is any.
fn add_capabilities(
    stats: &mut gst::StructureRef,
    announced: &Capabilities,
    server: Option<&Capabilities>,
) {
    // No GStrv: a structure with one is printed with NULL in its place.
    let four_ccs = announced.four_ccs();
    if !four_ccs.is_empty() {
        stats.set("announced-fourccs", gst::Array::new(four_ccs));
    }
    if let Some(server) = server {
        let names = |codecs: &[Codec]| gst::Array::new(codecs.iter().map(|codec| &codec.four_cc));
        stats.set("server-video-fourccs", names(&server.video));
        stats.set("server-audio-fourccs", names(&server.audio));
        stats.set("server-caps-ex", server.caps_ex);
    }
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
        Phase::Publish => "publish-started-time",
        Phase::Playing | Phase::Publishing => return None,
    })
}
