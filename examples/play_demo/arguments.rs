// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use gstrtmpr::rtmp::location::Location;

pub(crate) const HELP: &str = "\
Plays an RTMP stream with rtmprsrc and tells how it went.

Usage: play_demo [OPTIONS]

  --location URL   what to play [a test stream from a server of its own]
  --seconds N      how much to play [10]
  --output DIR     where the received FLV, the pictures and the logs go [./play-output]
  --help           this text
";

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// With its secrets: not to be printed.
    pub(crate) location: Option<String>,
    pub(crate) duration: Duration,
    pub(crate) output: PathBuf,
}

impl Arguments {
    /// Reads the command line; `None`: help is wanted.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Option<Self>, String> {
        let mut parsed = Self {
            location: None,
            duration: Duration::from_secs(10),
            output: PathBuf::from("play-output"),
        };
        while let Some(argument) = arguments.next() {
            // Both `--name value` and `--name=value`.
            let (name, mut value) = match argument.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (argument, None),
            };
            let mut value = || {
                let value = value.take().or_else(|| arguments.next());
                value
                    .filter(|value| !value.is_empty())
                    .ok_or_else(|| format!("{name} needs a value"))
            };
            match name.as_str() {
                "--help" | "-h" => return Ok(None),
                "--location" => {
                    let location = value()?;
                    // The element would only log it and play its default.
                    Location::parse(&location)
                        .map_err(|error| format!("{name} cannot be played: {error}"))?;
                    parsed.location = Some(location);
                }
                "--seconds" => {
                    let seconds = value()?.parse().ok();
                    let seconds = seconds
                        .filter(|seconds| *seconds > 0 && *seconds <= 7 * 24 * 3600)
                        .ok_or_else(|| format!("{name} has to be a whole number above 0"))?;
                    parsed.duration = Duration::from_secs(seconds);
                }
                "--output" => parsed.output = PathBuf::from(value()?),
                _ => return Err(format!("{name} is no option")),
            }
        }
        Ok(Some(parsed))
    }
}
