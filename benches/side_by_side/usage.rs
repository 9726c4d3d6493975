// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What this process has used so far.

use std::ops::Sub;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Processor time and context switches of all threads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    /// Voluntary and involuntary.
    pub(crate) switches: u64,
}

impl Usage {
    pub(crate) fn now() -> Result<Self, String> {
        Self::of(UsageWho::RUSAGE_SELF)
    }

    /// Of processes that were waited for.
    #[allow(dead_code)] // Not every benchmark starts other programs.
    pub(crate) fn of_children() -> Result<Self, String> {
        Self::of(UsageWho::RUSAGE_CHILDREN)
    }

    fn of(who: UsageWho) -> Result<Self, String> {
        let usage = getrusage(who).map_err(|error| error.to_string())?;
        let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
        Ok(Self {
            user: duration(usage.user_time()),
            system: duration(usage.system_time()),
            switches: u64::try_from(switches).unwrap_or(0),
        })
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            system: self.system.saturating_sub(before.system),
            switches: self.switches.saturating_sub(before.switches),
        }
    }
}

/// The most memory that this process has had resident, in bytes; 0 where the
/// system does not tell.
pub(crate) fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) << 10
}

fn duration(time: TimeVal) -> Duration {
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(time.tv_usec().unsigned_abs())
}
