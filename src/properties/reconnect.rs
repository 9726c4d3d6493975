// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Properties about connecting again.

use std::time::Duration;

use gst::prelude::*;

use super::get;
use crate::player::Reconnect;

/// Longest delay, in ms: a day.
const MAX_DELAY: u32 = 86_400_000;

/// Whose properties these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Source,
    Sink,
}

/// What the properties say.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReconnectProperties {
    /// As the element is live or not, if `None`.
    enabled: Option<bool>,
    settings: Reconnect,
}

impl ReconnectProperties {
    /// The properties.
    pub(crate) fn specs(role: Role) -> Vec<glib::ParamSpec> {
        let default = Reconnect::default();
        let (is_on, blurb) = match role {
            Role::Source => (
                default.enabled,
                "Connect again and go on when the connection breaks (default: as is-live)",
            ),
            Role::Sink => (true, "Connect again and go on when the connection breaks"),
        };
        vec![
            /**
             * rtmprsrc:reconnect:
             *
             * Whether to connect again and go on with the stream when the
             * connection breaks after media has come, or was sent. An end that
             * the server does not announce counts as a break then. Unless it is
             * set, a live source and a sink do and another source does not.
             */
            glib::ParamSpecBoolean::builder("reconnect")
                .nick("Reconnect")
                .blurb(blurb)
                .default_value(is_on)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:reconnect-attempts:
             *
             * How many attempts in a row may come to nothing until the stream
             * fails.
             */
            glib::ParamSpecUInt::builder("reconnect-attempts")
                .nick("Reconnect attempts")
                .blurb("Most attempts in a row that come to nothing (0 = no limit)")
                .default_value(default.attempts.unwrap_or(0))
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:reconnect-delay:
             *
             * How long to wait before the first attempt.
             */
            glib::ParamSpecUInt::builder("reconnect-delay")
                .nick("Reconnect delay")
                .blurb("Delay before the first attempt, in milliseconds")
                .maximum(MAX_DELAY)
                .default_value(milliseconds(default.first_delay))
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:reconnect-factor:
             *
             * By what the delay grows with each attempt. It begins anew once
             * a connection has held for ten seconds.
             */
            glib::ParamSpecDouble::builder("reconnect-factor")
                .nick("Reconnect factor")
                .blurb("What the delay is multiplied by with each attempt")
                .minimum(1.0)
                .maximum(100.0)
                .default_value(default.factor)
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:reconnect-max-delay:
             *
             * The longest delay between attempts.
             */
            glib::ParamSpecUInt::builder("reconnect-max-delay")
                .nick("Longest reconnect delay")
                .blurb("Longest delay between attempts, in milliseconds")
                .maximum(MAX_DELAY)
                .default_value(milliseconds(default.max_delay))
                .mutable_ready()
                .build(),
            /**
             * rtmprsrc:reconnect-jitter:
             *
             * What part of itself each delay is made longer or shorter by at
             * random, so that players that lost a server together do not all
             * come back at the same moment.
             */
            glib::ParamSpecDouble::builder("reconnect-jitter")
                .nick("Reconnect jitter")
                .blurb("Part of each delay that it differs by at random")
                .minimum(0.0)
                .maximum(1.0)
                .default_value(default.jitter)
                .mutable_ready()
                .build(),
        ]
    }

    /// Sets a property; `None` if it is not one of these.
    pub(crate) fn set(&mut self, name: &str, value: &glib::Value) -> Option<Result<(), String>> {
        self.try_set(name, value).transpose()
    }

    fn try_set(&mut self, name: &str, value: &glib::Value) -> Result<Option<()>, String> {
        let settings = &mut self.settings;
        let time = || get(value).map(|time: u32| Duration::from_millis(time.into()));
        match name {
            "reconnect" => self.enabled = Some(get(value)?),
            "reconnect-attempts" => {
                settings.attempts = Some(get(value)?).filter(|attempts| *attempts > 0);
            }
            "reconnect-delay" => settings.first_delay = time()?,
            "reconnect-factor" => settings.factor = get(value)?,
            "reconnect-max-delay" => settings.max_delay = time()?,
            "reconnect-jitter" => settings.jitter = get(value)?,
            _ => return Ok(None),
        }
        Ok(Some(()))
    }

    /// Reads a property; `None` if it is not one of these.
    pub(crate) fn value(&self, name: &str, is_live: bool) -> Option<glib::Value> {
        let settings = &self.settings;
        Some(match name {
            "reconnect" => self.settings(is_live).enabled.to_value(),
            "reconnect-attempts" => settings.attempts.unwrap_or(0).to_value(),
            "reconnect-delay" => milliseconds(settings.first_delay).to_value(),
            "reconnect-factor" => settings.factor.to_value(),
            "reconnect-max-delay" => milliseconds(settings.max_delay).to_value(),
            "reconnect-jitter" => settings.jitter.to_value(),
            _ => return None,
        })
    }

    /// What they come to.
    pub(crate) fn settings(&self, is_live: bool) -> Reconnect {
        Reconnect {
            enabled: self.enabled.unwrap_or(is_live),
            ..self.settings
        }
    }
}

fn milliseconds(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
