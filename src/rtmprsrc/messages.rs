// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the element tells the application beside errors: element messages.
//! Their names and fields are an interface, described in `docs/messages.md`.

use super::amf_value::{Converter, NAMES, text};
use crate::elements::status::{add_status, nanoseconds};
use crate::player::{Cause, End, EosReason, Failure, Hidden, Notice, ScriptData, Skipped};

/// What a message takes beside the values of a server's, in bytes.
const OVERHEAD: usize = 1024;

/// `stream-ended`: how a play came to its end.
pub(super) fn stream_ended(end: &End, hidden: &Hidden) -> gst::Structure {
    let builder = gst::Structure::builder("stream-ended");
    let (mut structure, status) = match end {
        End::Eos {
            reason,
            phase,
            elapsed,
        } => (
            builder
                .field("result", "eos")
                .field("cause", reason.name())
                .field("phase", phase.name())
                .field("elapsed", nanoseconds(*elapsed))
                .build(),
            reason.status(),
        ),
        End::Failed(failure) => (failed(builder, failure, hidden), failure.cause.status()),
    };
    add_status(&mut structure, status, hidden);
    structure
}

fn failed(builder: gst::structure::Builder, failure: &Failure, hidden: &Hidden) -> gst::Structure {
    let tried = failure.tried.iter().map(|tried| hidden.hide(tried));
    builder
        .field("result", "error")
        .field("cause", failure.cause.name())
        .field("phase", failure.phase.name())
        .field("elapsed", nanoseconds(failure.elapsed))
        .field("tried", gst::Array::new(tried))
        .field_if_some("reason", reason(&failure.cause))
        .build()
}

/// Why a server does not let us in.
fn reason(cause: &Cause) -> Option<&'static str> {
    match cause {
        Cause::NotAuthorized { error, .. } => Some(error.name()),
        _ => None,
    }
}

/// The message for a notice, and the memory that it takes, in bytes.
pub(super) fn notice(notice: &Notice, hidden: &Hidden) -> (gst::Structure, usize) {
    let structure = match notice {
        Notice::Script(data) => return script_data(data),
        Notice::Redirected { from, to, count } => gst::Structure::builder("redirected")
            .field("location", hidden.hide(to))
            .field("previous-location", hidden.hide(from))
            .field("count", count)
            .build(),
        Notice::Reconnecting { to } => gst::Structure::builder("reconnecting")
            .field("cause", "reconnect-request")
            .field("location", hidden.hide(to))
            .build(),
        Notice::Interrupted {
            to,
            cause,
            attempt,
            delay,
        } => gst::Structure::builder("reconnecting")
            .field("cause", *cause)
            .field("location", hidden.hide(to))
            .field("attempt", attempt)
            .field("delay", nanoseconds(*delay))
            .build(),
        Notice::Reconnected { to, gap } => gst::Structure::builder("reconnected")
            .field("location", hidden.hide(to))
            .field("gap", nanoseconds(*gap))
            .build(),
        Notice::PublisherLeft(reason) => publisher_left(reason, hidden),
        Notice::PublisherReturned { after } => gst::Structure::builder("publisher-returned")
            .field("gap", nanoseconds(*after))
            .build(),
    };
    (structure, OVERHEAD)
}

/// `skipped`: media was left out to catch up.
pub(super) fn skipped(skipped: Skipped) -> gst::Structure {
    gst::Structure::builder("skipped")
        .field("video-frames", skipped.video)
        .field("audio-frames", skipped.audio)
        .build()
}

/// `script-data`: what a data message in the stream says.
fn script_data(data: &ScriptData) -> (gst::Structure, usize) {
    let mut structure = gst::Structure::builder("script-data")
        .field("name", &*text(&data.name))
        .field("timestamp", data.time.saturating_mul(1_000_000))
        .field("running-time", data.running_time.saturating_mul(1_000_000))
        .build();
    let mut converter = Converter::new(&NAMES);
    if let Some(first) = data.values.first() {
        structure.set_value_if_some("value", converter.value(first));
    }
    if data.values.len() > 1 {
        structure.set_value("values", converter.values(&data.values));
    }
    let error = data.error.as_deref().or(converter.cut);
    structure.set_if_some("truncated", error);
    (structure, converter.bytes.saturating_add(OVERHEAD))
}

fn publisher_left(reason: &EosReason, hidden: &Hidden) -> gst::Structure {
    let mut structure = gst::Structure::builder("publisher-left")
        .field("cause", reason.name())
        .build();
    add_status(&mut structure, reason.status(), hidden);
    structure
}
