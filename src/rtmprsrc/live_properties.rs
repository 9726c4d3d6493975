// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties about playing live.

use gst::prelude::*;

use super::RtmprTimestampMode;
use super::live::{Live, Times};
use crate::player::Lag;
use crate::properties::get;

/// Nanoseconds: what a lost packet costs on most paths.
const DEFAULT_LATENCY: u64 = 200_000_000;

/// What the properties say.
#[derive(Debug, Clone)]
pub(super) struct LiveProperties {
    /// As it was set.
    pub(super) is_live: Option<bool>,
    /// Nanoseconds.
    pub(super) latency: u64,
    /// Nanoseconds; 0 for none.
    pub(super) max_latency: u64,
    timestamp_mode: RtmprTimestampMode,
    /// Offer a clock that goes as the sender's.
    pub(super) provide_clock: bool,
}

impl Default for LiveProperties {
    fn default() -> Self {
        Self {
            is_live: None,
            latency: DEFAULT_LATENCY,
            max_latency: 0,
            timestamp_mode: RtmprTimestampMode::default(),
            provide_clock: false,
        }
    }
}

impl LiveProperties {
    /// The properties.
    pub(super) fn specs() -> Vec<glib::ParamSpec> {
        let default = Self::default();
        vec![
            /**
             * rtmprsrc:is-live:
             *
             * Whether to be a live source as cameras are: no preroll, times on the
             * pipeline's clock, a latency that the sinks wait for, and a pause that
             * ends where the stream is by then. Without it the pipeline prerolls and
             * plays on from there, and seeks in what is recorded.
             *
             * Unless it is set, it is what #rtmprsrc:play-start says, or the options
             * `live` and `start` of the location: a recording is not live, anything
             * else is.
             */
            glib::ParamSpecBoolean::builder("is-live")
                .nick("Is live")
                .blurb("Be a live source: times on the pipeline's clock, no preroll")
                .default_value(true)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:latency:
             *
             * How much later than on the fastest way media may come and still be
             * shown in time, with #rtmprsrc:is-live. Everything is shown so much
             * later.
             */
            glib::ParamSpecUInt64::builder("latency")
                .nick("Latency")
                .blurb("How much the arrival of live media may vary, in nanoseconds")
                .maximum(3_600_000_000_000)
                .default_value(default.latency)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:max-latency:
             *
             * With #rtmprsrc:is-live, how far the pipeline or the network may fall
             * behind until whole groups of pictures are left out, up to the newest
             * key frame. Sound is not. Each time an element message `skipped` tells
             * how much. For watching; a recording would have holes.
             */
            glib::ParamSpecUInt64::builder("max-latency")
                .nick("Max. latency")
                .blurb("How late live pictures may be until they are left out, in nanoseconds (0 = no limit)")
                .maximum(3_600_000_000_000)
                .default_value(default.max_latency)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:timestamp-mode:
             *
             * Which times media gets, with #rtmprsrc:is-live: `pipeline`, the running
             * time at which it came, following the sender's clock; or `server`, the
             * sender's own, as they are, for programs that compare them with those of
             * other players.
             */
            glib::ParamSpecEnum::builder_with_default("timestamp-mode", default.timestamp_mode)
                .nick("Timestamp mode")
                .blurb("Which times live media gets")
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:provide-clock:
             *
             * With #rtmprsrc:is-live, offer the pipeline a clock that goes as the
             * sender's does, to some milliseconds. Sound then need not be resampled on
             * its way to a file or a network. An audio device has a clock of its own and
             * resamples to this one, so it is nothing for watching.
             */
            glib::ParamSpecBoolean::builder("provide-clock")
                .nick("Provide clock")
                .blurb("Offer a clock that follows the sender's")
                .mutable_ready()
                .build(),
        ]
    }

    /// Sets a property; `None` if it is not one of these.
    pub(super) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        self.try_set(name, value).transpose()
    }

    fn try_set(&mut self, name: &str, value: &glib::Value) -> Result<Option<()>, String> {
        match name {
            "is-live" => self.is_live = Some(get(value)?),
            "latency" => self.latency = get(value)?,
            "max-latency" => self.max_latency = get(value)?,
            "timestamp-mode" => self.timestamp_mode = get(value)?,
            "provide-clock" => self.provide_clock = get(value)?,
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Reads a property; `None` if it is not one of these. What is live is known to the
    /// settings.
    pub(super) fn value(&self, name: &str) -> Option<glib::Value> {
        Some(match name {
            "latency" => self.latency.to_value(),
            "max-latency" => self.max_latency.to_value(),
            "timestamp-mode" => self.timestamp_mode.to_value(),
            "provide-clock" => self.provide_clock.to_value(),
            _ => return None,
        })
    }

    /// The mapping of a live play.
    pub(super) fn mapping(&self) -> Live {
        let times = match self.timestamp_mode {
            RtmprTimestampMode::Pipeline => Times::Pipeline,
            RtmprTimestampMode::Server => Times::Server,
        };
        Live::new(times, self.latency, self.max_latency)
    }

    /// How far the consumer of a live play may lag behind.
    pub(super) fn lag(&self) -> Lag {
        Lag::new(self.max_latency.div_ceil(1_000_000))
    }
}
