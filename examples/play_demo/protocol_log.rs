// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The player's debug log, read while it is written: which protocol steps
//! there were, and when.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// The name of the element, which stands before each step.
pub(crate) const ELEMENT: &str = "source";

/// What rtmprsrc logs when the first media has come, and when it has ended.
const FIRST_MEDIA: &str = "first media";
const ENDED: &str = "ended: ";
const ENDED_WELL: &str = "ended: Eos";

/// A step of the protocol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Milliseconds from the start of the connection.
    pub(crate) at_ms: f64,
    pub(crate) text: String,
}

/// What the log has told so far.
#[derive(Debug)]
pub(crate) struct ProtocolLog {
    path: PathBuf,
    file: Option<File>,
    /// The beginning of a line.
    rest: Vec<u8>,
    pub(crate) steps: Vec<Step>,
    pub(crate) ended: Option<Ended>,
}

/// How the element ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    EndOfStream,
    Failed,
}

impl ProtocolLog {
    /// A log that may not be there yet.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            rest: Vec::new(),
            steps: Vec::new(),
            ended: None,
        }
    }

    /// Reads what has been added.
    pub(crate) fn update(&mut self) {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let Some(file) = &mut self.file else { return };
        // What cannot be read now can be the next time.
        let _ = file.read_to_end(&mut self.rest);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            self.line(&String::from_utf8_lossy(&line));
        }
    }

    /// When the first media came, in milliseconds.
    pub(crate) fn first_media_ms(&self) -> Option<f64> {
        let first = self.steps.iter().find(|step| step.text == FIRST_MEDIA);
        first.map(|step| step.at_ms)
    }

    fn line(&mut self, line: &str) {
        // time, process, thread, level, category, place, "source: text (at 1.2ms)"
        if line.split_whitespace().nth(4) != Some("rtmpr") {
            return;
        }
        let Some((_, text)) = line.split_once(&format!(": {ELEMENT}: ")) else {
            return;
        };
        let text = text.trim_end();
        if text.starts_with(ENDED_WELL) {
            self.ended = Some(Ended::EndOfStream);
        } else if text.starts_with(ENDED) {
            self.ended = Some(Ended::Failed);
        }
        if let Some((text, time)) = text.rsplit_once(" (at ")
            && let Some(at_ms) = milliseconds(time.trim_end_matches(')'))
        {
            let text = text.to_owned();
            self.steps.push(Step { at_ms, text });
        }
    }
}

/// A duration as Rust shows it.
fn milliseconds(text: &str) -> Option<f64> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at_checked(unit)?;
    let factor = match unit {
        "ns" => 1e-6,
        "µs" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}
