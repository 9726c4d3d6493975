// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! `gst-launch-1.0` lines: to be run, and to be read by people.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

/// The arguments of a pipeline, in the lines in which it is shown.
#[derive(Debug, Default)]
pub(crate) struct Pipeline {
    lines: Vec<Vec<String>>,
}

impl Pipeline {
    /// Adds a line of elements, whose arguments have no blanks in them.
    pub(crate) fn line(&mut self, text: &str) {
        self.lines
            .push(text.split_whitespace().map(str::to_owned).collect());
    }

    /// The arguments, where `{name}` stands for one of `values`.
    pub(crate) fn arguments(&self, values: &[(&str, &str)]) -> Vec<String> {
        let arguments = self.lines.iter().flatten();
        arguments
            .map(|argument| fill_in(argument, values))
            .collect()
    }

    /// The same as shell input of several lines.
    pub(crate) fn shown(&self, values: &[(&str, &str)]) -> String {
        let lines = self.lines.iter().map(|line| {
            let arguments = line.iter().map(|argument| fill_in(argument, values));
            let quoted: Vec<_> = arguments
                .map(|argument| shell_quoted(&argument).into_owned())
                .collect();
            quoted.join(" ")
        });
        lines.collect::<Vec<_>>().join(" \\\n    ")
    }
}

/// Puts values in, quoted for the parser of pipelines.
fn fill_in(argument: &str, values: &[(&str, &str)]) -> String {
    for (name, value) in values {
        if let Some((before, after)) = argument.split_once(&format!("{{{name}}}")) {
            if value.chars().all(is_harmless) {
                return format!("{before}{value}{after}");
            }
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            return format!("{before}\"{value}\"{after}");
        }
    }
    argument.to_owned()
}

/// An argument as a POSIX shell has to read it.
pub(crate) fn shell_quoted(argument: &str) -> Cow<'_, str> {
    if argument == "!" || (!argument.is_empty() && argument.chars().all(is_harmless)) {
        Cow::Borrowed(argument)
    } else {
        Cow::Owned(format!("'{}'", argument.replace('\'', "'\\''")))
    }
}

/// Whether a character has no meaning of its own, for a shell or for the parser.
fn is_harmless(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_=+.,:/@%".contains(c)
}

/// Where GStreamer's programs look for plugins: ours first.
pub(crate) fn plugin_path(ours: &Path) -> OsString {
    let mut plugins = vec![ours.to_owned()];
    if let Some(present) = std::env::var_os("GST_PLUGIN_PATH") {
        plugins.extend(std::env::split_paths(&present));
    }
    // Only a colon in a directory's name makes it fail: then ours alone.
    std::env::join_paths(plugins).unwrap_or_else(|_| ours.into())
}
