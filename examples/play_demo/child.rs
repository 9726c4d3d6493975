// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A child process that ends at the latest when its guard is dropped.

use std::io;
use std::process::{Child, ChildStdout, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How often a process is looked at.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running child.
#[derive(Debug)]
pub(crate) struct Guard {
    child: Child,
}

impl Guard {
    /// Starts it.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        command.spawn().map(|child| Self { child })
    }

    /// What it prints, if that is piped and was not taken before.
    pub(crate) fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// How it ended, if it has.
    pub(crate) fn try_wait(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Asks it to end.
    pub(crate) fn interrupt(&mut self) {
        // Not one that has ended and been waited for: its id may be another's.
        if self.try_wait().is_none()
            && let Ok(id) = i32::try_from(self.child.id())
        {
            // Fails only if it has just ended.
            let _ = kill(Pid::from_raw(id), Signal::SIGINT);
        }
    }

    /// Waits for its end, and tells whether it came.
    pub(crate) fn wait_for(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while self.try_wait().is_none() {
            if deadline <= Instant::now() {
                return false;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        true
    }

    /// Ends it, at the latest after twice `grace` by force. `gst-launch-1.0 -e`
    /// takes the first signal as a wish for an orderly end of stream, and the
    /// second as one to end at once.
    pub(crate) fn end(&mut self, grace: Duration) {
        for _ in 0..2 {
            self.interrupt();
            if self.wait_for(grace) {
                return;
            }
        }
        // Both fail only if it has just ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end(Duration::from_secs(1));
    }
}
