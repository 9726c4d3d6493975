// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Runs a job in a fresh process and reads what it prints.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::receive::{Job, LAST_LINE, PATIENCE};

/// Added to what a job may take: starting GStreamer, and the job's own limit
/// should be met first.
const GRACE: Duration = Duration::from_secs(20);

/// What a child printed, in order.
#[derive(Debug, Default)]
pub(crate) struct Output(Vec<(String, u64)>);

impl Output {
    /// All numbers of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<u64> {
        let named = self.0.iter().filter(|(own, _)| own == name);
        named.map(|(_, number)| *number).collect()
    }

    /// The number of this name, 0 if there is none.
    pub(crate) fn get(&self, name: &str) -> u64 {
        self.all(name).first().copied().unwrap_or(0)
    }
}

/// Runs the job.
pub(crate) fn run(job: &Job) -> Result<Output, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut child = Command::new(program)
        .args(job.arguments())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("no child process: {error}"))?;
    let result = read(&mut child);
    // It has told everything, or never will.
    let _ = child.kill();
    let _ = child.wait();
    result
}

fn read(child: &mut Child) -> Result<Output, String> {
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err("the child's output is not there".to_owned());
    };
    let complaints = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = Output::default();
        for line in BufReader::new(stdout).lines() {
            let Ok(line) = line else { break };
            if line == LAST_LINE {
                // Sent or not: this is the end.
                let _ = sender.send(output);
                return;
            }
            if let Some((name, Ok(number))) = line
                .split_once(' ')
                .map(|(name, number)| (name, number.parse()))
            {
                output.0.push((name.to_owned(), number));
            }
        }
    });
    receiver
        .recv_timeout(PATIENCE + GRACE)
        .map_err(|error| match error {
            mpsc::RecvTimeoutError::Timeout => "the child does not answer".to_owned(),
            mpsc::RecvTimeoutError::Disconnected => {
                let text = complaints.join().ok().and_then(Result::ok);
                let text = text.unwrap_or_default();
                match text.trim().lines().last() {
                    Some(reason) => reason.to_owned(),
                    None => "the child died".to_owned(),
                }
            }
        })
}
