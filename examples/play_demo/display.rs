// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The window and the loudspeaker, where there are any.
//!
//! `autovideosink` and `autoaudiosink` choose, but cannot be told not to wait
//! for data (`async=false`), so what they chose is used in their place. They
//! are asked in another process, as some of the libraries behind them do not
//! survive a display that is not there.

use std::io::Read;
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use gst::prelude::*;

use crate::child::Guard;
use crate::signals;

/// First argument of the process that is asked.
const DETECT: &str = "--detect-display";

const TIMEOUT: Duration = Duration::from_secs(10);

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
        let answer = ask().unwrap_or_default();
        let mut lines = answer
            .lines()
            .map(|line| (!line.is_empty()).then(|| line.to_owned()));
        Self {
            video: lines.next().flatten(),
            audio: lines.next().flatten(),
        }
    }
}

fn ask() -> Option<String> {
    let program = std::env::current_exe().ok()?;
    let mut command = signals::command(program.to_str()?).ok()?;
    command
        .arg(DETECT)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = Guard::spawn(&mut command).ok()?;
    let mut stdout = child.take_stdout()?;
    // What it writes fits into the pipe.
    if !child.wait_for(TIMEOUT) {
        return None;
    }
    let mut answer = String::new();
    stdout.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// If this start is one that is to detect: prints a line for each sink.
pub(crate) fn answer(mut arguments: impl Iterator<Item = String>) -> Option<ExitCode> {
    arguments.next().filter(|argument| argument == DETECT)?;
    if gst::init().is_err() {
        return Some(ExitCode::FAILURE);
    }
    // Late frames are better than none: the clock runs before the first frame
    // has come.
    let video = chosen("autovideosink", &["max-lateness=-1", "qos=false"]);
    println!("{}", video.unwrap_or_default());
    // Played back to back for the same reason. A clock of its own would stand
    // still in a stream without audio.
    let audio = chosen("autoaudiosink", &["sync=false", "provide-clock=false"]);
    println!("{}", audio.unwrap_or_default());
    Some(ExitCode::SUCCESS)
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
