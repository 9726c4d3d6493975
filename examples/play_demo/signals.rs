// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Ctrl-C and its like, without a signal handler: the signals are blocked, and
//! a thread waits for them.
//!
//! A blocked signal stays blocked in child processes, which must not be. So
//! they are started through this program itself, which unblocks its signals
//! and then becomes the other program, with the same process id.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::{SigSet, Signal};

/// First argument of a start that becomes another program.
const BECOME: &str = "--become";

/// Counts the wishes to end this program.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupts {
    count: Arc<AtomicU32>,
}

impl Interrupts {
    /// Blocks the signals and waits for them. To be called before any other
    /// thread is started, as threads inherit what is blocked.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn watch() -> io::Result<Self> {
        let signals = signals();
        signals.thread_block()?;
        let interrupts = Self::default();
        let count = Arc::clone(&interrupts.count);
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || {
                while signals.wait().is_ok() {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })?;
        Ok(interrupts)
    }

    /// How often it was wished.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }
}

/// A command that starts `program` with its signals as they should be.
///
/// # Errors
/// This program cannot find itself.
pub(crate) fn command(program: &str) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([BECOME, program]);
    Ok(command)
}

/// If this start is one of [`command`]'s: becomes the other program, and
/// returns only if that failed.
pub(crate) fn become_other(mut arguments: impl Iterator<Item = String>) -> Option<ExitCode> {
    arguments.next().filter(|argument| argument == BECOME)?;
    let program = arguments.next()?;
    let error = match signals().thread_unblock() {
        Ok(()) => Command::new(&program).args(arguments).exec(),
        Err(error) => error.into(),
    };
    eprintln!("ERROR: {program} cannot be started: {error}");
    Some(ExitCode::from(127))
}

fn signals() -> SigSet {
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
        .into_iter()
        .collect()
}
