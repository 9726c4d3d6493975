// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is told at the end.

use std::fmt;
use std::path::PathBuf;

use crate::player::End;
use crate::protocol_log::ProtocolLog;
use crate::received::{Medium, Received};

/// Steps that are shown; servers that ask for much are not to fill the screen.
const MAX_STEPS: usize = 60;

/// Everything there is to tell.
pub(crate) struct Report {
    pub(crate) end: End,
    pub(crate) received: Received,
    pub(crate) log: ProtocolLog,
    /// The player's own words, if it failed.
    pub(crate) error: Option<String>,
    /// Pictures on the contact sheet, and where it is.
    pub(crate) contact_sheet: Option<(usize, PathBuf)>,
    pub(crate) files: Vec<PathBuf>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = &self.received;
        writeln!(f, "Protocol steps (milliseconds from the start):")?;
        for step in self.log.steps.iter().take(MAX_STEPS) {
            writeln!(f, "  {:>9.1}  {}", step.at_ms, step.text)?;
        }
        if self.log.steps.len() > MAX_STEPS {
            let more = self.log.steps.len() - MAX_STEPS;
            writeln!(f, "             and {more} more in the player's log")?;
        }
        writeln!(f)?;
        if let Some(time) = self.log.first_media_ms() {
            writeln!(f, "First media:  after {time:.1} ms")?;
        }
        let (seconds, bytes) = (received.seconds(), received.bytes);
        write!(f, "Received:     {seconds:.2} s of media, {bytes} bytes")?;
        if seconds > 0.0 {
            write!(f, ", {:.0} kbit/s", bytes as f64 * 8e-3 / seconds)?;
        }
        writeln!(f)?;
        let frames = received.frames_decoded;
        medium(f, "Video:", &received.video, &format!("{frames} frames"))?;
        let sound = received.sound_decoded_s;
        medium(f, "Audio:", &received.audio, &format!("{sound:.2} s"))?;
        writeln!(
            f,
            "Ended:        {}",
            match self.end {
                End::Duration => "after the time asked for",
                End::Stream => "at the end of the stream",
                End::Interrupted => "by a signal",
                End::Player => "by an error",
                End::Timeout => "because no media came",
            }
        )?;
        if let Some(error) = &self.error {
            writeln!(f, "Error:        {error}")?;
        }
        if let Some((pictures, path)) = &self.contact_sheet {
            writeln!(f, "Pictures:     {pictures} in {}", path.display())?;
        }
        for file in &self.files {
            writeln!(f, "File:         {}", file.display())?;
        }
        Ok(())
    }
}

fn medium(f: &mut fmt::Formatter<'_>, name: &str, medium: &Medium, decoded: &str) -> fmt::Result {
    if medium.frames == 0 {
        return writeln!(f, "{name:<13} none");
    }
    let Medium { codec, frames, .. } = medium;
    writeln!(
        f,
        "{name:<13} {codec}, {frames} frames received, {decoded} decoded"
    )
}
