// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The fault matrix: what a pipeline gets when something is wrong with a real
//! server. `make faults` prints it.

mod hook;
mod proxy;
mod servers;
mod situations;
mod table;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use servers::Stage;
use table::{ROWS, print};
use watch::Observed;

/// Rows at a time: most of them wait for most of their time.
const THREADS: usize = 8;

#[test]
fn each_fault_of_each_server_ends_as_it_is_documented() {
    crate::init();
    let stage = Stage::new();
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Observed>>> = Mutex::new(vec![None; ROWS.len()]);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some((i, row)) = {
                    let i = next.fetch_add(1, Ordering::SeqCst);
                    ROWS.get(i).map(|row| (i, row))
                } {
                    let run = || (row.situation.run)(&stage, row.server, row.properties);
                    // One that panics is shown as such, and the others go on.
                    let observed = catch_unwind(AssertUnwindSafe(run)).ok();
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    results[i] = observed;
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let wrong = print(&results);
    assert!(wrong.is_empty(), "not as documented:\n{}", wrong.join("\n"));
}
