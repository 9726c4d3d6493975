// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the element tells the application beside errors: element messages. Their names
//! and fields are an interface, described in `docs/messages.md`.

use crate::client::{Failure, Hidden};
use crate::elements::status::{add_status, nanoseconds};
use crate::publisher::{Dropped, Notice};

/// The message for a notice; `None`: there is none.
pub(super) fn notice(notice: &Notice, hidden: &Hidden) -> Option<gst::Structure> {
    let build = gst::Structure::builder;
    Some(match notice {
        Notice::Started { location } => build("publish-started")
            .field("location", hidden.hide(location))
            .build(),
        Notice::Status(status) => {
            let mut structure = gst::Structure::new_empty("publish-status");
            add_status(&mut structure, Some(status), hidden);
            structure
        }
        Notice::Redirected { from, to, count } => build("redirected")
            .field("location", hidden.hide(to))
            .field("previous-location", hidden.hide(from))
            .field("count", count)
            .build(),
        Notice::Reconnecting { to } => build("reconnecting")
            .field("cause", "reconnect-request")
            .field("location", hidden.hide(to))
            .build(),
        Notice::Interrupted {
            to,
            cause,
            attempt,
            delay,
        } => build("reconnecting")
            .field("cause", *cause)
            .field("location", hidden.hide(to))
            .field("attempt", attempt)
            .field("delay", nanoseconds(*delay))
            .build(),
        Notice::Reconnected { to, gap, lost } => {
            let mut structure = build("reconnected")
                .field("location", hidden.hide(to))
                .field("gap", nanoseconds(*gap))
                .build();
            add_dropped(&mut structure, lost);
            structure
        }
        Notice::Level {
            level,
            dropped,
            delay,
        } => {
            let mut structure = build("dropping")
                .field("level", level.name())
                .field("queue-time", delay.saturating_mul(1_000_000))
                .build();
            add_dropped(&mut structure, dropped);
            structure
        }
        Notice::Bitrate(hint) => {
            let mut structure = build("bitrate-hint")
                .field("bitrate", hint.bitrate.unwrap_or(0))
                .field("queue-time", hint.delay.saturating_mul(1_000_000))
                .build();
            structure.set_if_some("carried-bitrate", hint.carried);
            structure
        }
        Notice::UnsupportedCodec(_) => return None,
    })
}

fn add_dropped(structure: &mut gst::StructureRef, dropped: &Dropped) {
    structure.set("dropped-b-frames", dropped.disposable);
    structure.set("dropped-video-frames", dropped.pictures);
    structure.set("dropped-keyframes", dropped.keyframes);
    structure.set("dropped-audio-frames", dropped.sounds);
}

/// `stream-ended`: that the publish is over, and why.
pub(super) fn stream_ended(failure: Option<&Failure>, hidden: &Hidden) -> gst::Structure {
    let builder = gst::Structure::builder("stream-ended");
    let Some(failure) = failure else {
        return builder.field("result", "eos").field("cause", "eos").build();
    };
    let tried = failure.tried.iter().map(|tried| hidden.hide(tried));
    let mut structure = builder
        .field("result", "error")
        .field("cause", failure.cause.name())
        .field("phase", failure.phase.name())
        .field("elapsed", nanoseconds(failure.elapsed))
        .field("tried", gst::Array::new(tried))
        .build();
    add_status(&mut structure, failure.cause.status(), hidden);
    structure
}
