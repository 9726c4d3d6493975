// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The window and the loudspeaker, where there are any.
//!
//! `autovideosink` and `autoaudiosink` choose, but cannot be told not to wait
//! for data (`async=false`), so what they chose is used in their place.

use gst::prelude::*;

/// The sinks as text for a pipeline.
#[derive(Debug, Default)]
pub(crate) struct Sinks {
    pub(crate) video: Option<String>,
    pub(crate) audio: Option<String>,
}

impl Sinks {
    /// What this machine has; nothing without a display.
    pub(crate) fn detect() -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
            return Self::default();
        }
        Self {
            // Late frames are better than none: the clock runs before the
            // first frame has come.
            video: chosen("autovideosink", &["max-lateness=-1", "qos=false"]),
            // Played back to back for the same reason. A clock of its own
            // would stand still in a stream without audio.
            audio: chosen("autoaudiosink", &["sync=false", "provide-clock=false"]),
        }
    }
}

/// The sink that an auto sink chooses, with those properties that it has.
fn chosen(auto_sink: &str, properties: &[&str]) -> Option<String> {
    let bin = gst::ElementFactory::make(auto_sink).build().ok()?;
    let bin = bin.downcast::<gst::Bin>().ok()?;
    let ready = bin.set_state(gst::State::Ready).is_ok();
    let sink = bin.children().first().cloned();
    let usable = sink.filter(|sink| ready && sink.has_property("async"));
    let text = usable.and_then(|sink| {
        let name = sink.factory()?.name();
        let has = |property: &&&str| {
            let name = property
                .split_once('=')
                .map_or(**property, |(name, _)| name);
            sink.has_property(name)
        };
        let properties = properties.iter().filter(has).copied();
        let all: Vec<_> = ["async=false"].into_iter().chain(properties).collect();
        // What is chosen where nothing works.
        (name != "fakesink" && name != "fakevideosink" && name != "fakeaudiosink")
            .then(|| format!("{name} {}", all.join(" ")))
    });
    // Nothing to be done if a sink cannot be closed.
    let _ = bin.set_state(gst::State::Null);
    text
}
