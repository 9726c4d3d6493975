// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The output directory and the names in it.

use std::io;
use std::path::{Path, PathBuf};

/// How `gst-launch-1.0` begins to tell that it was interrupted.
const INTERRUPTED: &str = "handling interrupt";

/// Where everything is written to.
#[derive(Debug)]
pub(crate) struct Workspace {
    directory: PathBuf,
}

impl Workspace {
    /// Makes the directory if need be, and removes what a run before left in it.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn new(directory: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        // The player would otherwise read it relative to another directory.
        let directory = directory.canonicalize()?;
        let workspace = Self { directory };
        for file in [
            workspace.received(),
            workspace.contact_sheet(),
            workspace.player_log(),
            workspace.player_output(),
            workspace.publisher_output(),
        ] {
            remove(&file)?;
        }
        workspace.remove_raw()?;
        Ok(workspace)
    }

    /// What was received, as it came.
    pub(crate) fn received(&self) -> PathBuf {
        self.directory.join("received.flv")
    }

    /// Pictures of it.
    pub(crate) fn contact_sheet(&self) -> PathBuf {
        self.directory.join("contact-sheet.png")
    }

    /// The player's debug log.
    pub(crate) fn player_log(&self) -> PathBuf {
        self.directory.join("player.log")
    }

    /// What the player printed.
    pub(crate) fn player_output(&self) -> PathBuf {
        self.directory.join("player.txt")
    }

    /// What the publisher of the test stream printed.
    pub(crate) fn publisher_output(&self) -> PathBuf {
        self.directory.join("publisher.txt")
    }

    /// A few bytes for each decoded frame.
    pub(crate) fn counted_frames(&self) -> PathBuf {
        self.directory.join("frames.gray")
    }

    /// Decoded frames, small.
    pub(crate) fn frames(&self) -> PathBuf {
        self.directory.join("frames.rgb")
    }

    /// Decoded sound, one channel.
    pub(crate) fn sound(&self) -> PathBuf {
        self.directory.join("sound.s16")
    }

    /// Removes what only the report needs.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn remove_raw(&self) -> io::Result<()> {
        for file in [self.counted_frames(), self.frames(), self.sound()] {
            remove(&file)?;
        }
        Ok(())
    }

    /// The first error that `gst-launch-1.0` printed.
    pub(crate) fn error_in(&self, output: &Path) -> Option<String> {
        let output = text(output);
        // Being interrupted may lead to errors as well, which mean nothing.
        let mut lines = output
            .lines()
            .take_while(|line| !line.starts_with(INTERRUPTED));
        // `ERROR: from element /GstPipeline:pipeline0/…: text`
        let error = lines.find_map(|line| line.strip_prefix("ERROR: "))?;
        let text = match error.strip_prefix("from element ") {
            Some(rest) => rest.split_once(": ").map_or(rest, |(_, text)| text),
            None => error,
        };
        Some(text.to_owned())
    }

    /// Whether `gst-launch-1.0` has seen a signal.
    pub(crate) fn is_interrupted(&self, output: &Path) -> bool {
        text(output)
            .lines()
            .any(|line| line.starts_with(INTERRUPTED))
    }
}

/// Nothing if it cannot be read.
fn text(output: &Path) -> String {
    let output = std::fs::read(output).unwrap_or_default();
    String::from_utf8_lossy(&output).into_owned()
}

fn remove(file: &Path) -> io::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
