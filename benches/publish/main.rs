// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The same media by `rtmprsink`, `rtmp2sink`, `rtmpsink` and FFmpeg into a server that
//! throws it away, and by `tcpclientsink` as the floor.
//!
//! `cargo bench --bench publish`; `-- --quick` for a smoke run. Each run is a process of
//! its own, so that processor time is that of the sender alone; runs take turns, and
//! ratios are taken within a round. All elements have their default properties but for
//! `sync`. The server counts what comes: a run that does not deliver everything fails.

mod ingest;
mod report;
mod send;
#[path = "../side_by_side/usage.rs"]
mod usage;

use std::process::ExitCode;

use ingest::Ingest;
use report::{Run, Table};
use send::{Job, Sender};

/// What is sent.
pub(crate) struct Workload {
    name: &'static str,
    /// Bytes of a message.
    size: usize,
    /// How many of them.
    count: u64,
    rounds: usize,
}

fn workloads(quick: bool) -> Vec<Workload> {
    let (shrink, rounds) = if quick { (20, 1) } else { (1, 5) };
    vec![
        Workload {
            name: "frames of 50 KB",
            size: 50_000,
            count: 6_000 / shrink,
            rounds,
        },
        Workload {
            name: "messages of 200 bytes",
            size: 200,
            count: 300_000 / shrink,
            rounds,
        },
    ]
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(job) = Job::parse(&arguments) {
        return match send::run(&job) {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                eprintln!("{reason}");
                ExitCode::FAILURE
            }
        };
    }
    if arguments.iter().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    // Cargo says whether this is `cargo bench`; under `cargo test` it is enough to see
    // that everything works.
    let is_bench = arguments.iter().any(|argument| argument == "--bench");
    let quick = !is_bench || arguments.iter().any(|argument| argument == "--quick");
    match measure(quick) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// False if the element under test failed somewhere.
fn measure(quick: bool) -> Result<bool, String> {
    send::init()?;
    if quick {
        println!("A quick run: it shows that everything works, its figures mean little.");
    }
    println!("Ratios are medians of the ratios in each round, with their range.");
    let mut good = true;
    for workload in workloads(quick) {
        println!("\n{} {}", workload.count, workload.name);
        let mut table = Table::default();
        for round in 0..workload.rounds {
            let senders = Sender::ALL;
            let (late, early) = senders.split_at(round % senders.len());
            for sender in early.iter().chain(late) {
                if !sender.is_there() {
                    continue;
                }
                match one(*sender, &workload) {
                    Ok(run) => table.add(*sender, run),
                    Err(reason) => {
                        println!("{} FAILED: {reason}", sender.name());
                        good &= *sender != Sender::Rtmprsink;
                    }
                }
            }
        }
        print!("{}", table.text());
    }
    Ok(good)
}

/// One turn of one sender.
fn one(sender: Sender, workload: &Workload) -> Result<Run, String> {
    let ingest = Ingest::start().map_err(|error| error.to_string())?;
    let job = Job {
        sender,
        server: ingest.address(),
        size: workload.size,
        count: workload.count,
    };
    let mut run = send::spawn(&job)?;
    let came = ingest.finish();
    if run.bytes == 0 {
        run.bytes = workload.size as u64 * workload.count;
        run.messages = workload.count;
    }
    if came < run.bytes {
        return Err(format!("only {came} of {} bytes came", run.bytes));
    }
    Ok(run)
}
