// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The same media through `rtmprsrc`, `rtmp2src`, `rtmpsrc` and, as the floor,
//! `tcpclientsrc`, side by side.
//!
//! `cargo bench --bench side_by_side` measures everything; options behind `--`
//! are listed by `--help`. A replay server in this process sends bytes that
//! were encoded beforehand. Each run of an element is a child process, this
//! same program, so that processor time, context switches and peak memory are
//! those of the receiver alone. Runs of the elements take turns, in an order
//! that rotates from round to round, and ratios are taken within a round:
//! whatever else the machine does then hits all of them alike.
//!
//! `rtmprsrc` is linked in statically, as the bench profile is an optimised
//! build; the others come from the system's plugins, and one that is not
//! installed is left out with a note. Before anything is timed, each element's
//! output is compared with what was sent, tag by tag. The program fails if
//! `rtmprsrc` does not deliver everything; it never fails for being slow.

mod child;
mod delay;
mod digest;
mod element;
mod media;
mod options;
mod receive;
mod report;
mod serve;
mod usage;
mod workload;

use std::process::ExitCode;

use element::Element;
use options::{Command, Options};
use report::Runs;
use workload::Workload;

fn main() -> ExitCode {
    let command = match options::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(reason) => {
            eprintln!("{reason}\n\n{}", options::HELP);
            return ExitCode::FAILURE;
        }
    };
    let result = match command {
        Command::Help => {
            println!("{}", options::HELP);
            Ok(true)
        }
        Command::Nothing => Ok(true),
        Command::Receive(job) => receive::run(&job).map(|()| true),
        Command::Measure(options) => measure(&options),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// False if the element under test failed somewhere.
fn measure(options: &Options) -> Result<bool, String> {
    // Also brings the plugin registry up to date, once for all children.
    element::init()?;
    report::machine(options);
    let elements: Vec<Element> = options
        .elements
        .iter()
        .copied()
        .filter(|element| {
            let installed = element.is_installed();
            if !installed {
                println!("{} is not installed and left out.", element.name());
            }
            installed
        })
        .collect();

    let mut good = true;
    for workload in workload::all(options.quick) {
        if options.only.is_empty() || options.only.iter().any(|name| name == workload.name) {
            let rounds = options.rounds.unwrap_or(workload.rounds);
            good &= compare(&workload, &elements, rounds)?;
        }
    }
    Ok(good)
}

fn compare(workload: &Workload, elements: &[Element], rounds: usize) -> Result<bool, String> {
    println!("\n{}", workload.title);
    let stage = workload
        .stage()
        .map_err(|error| format!("the replay server does not start: {error}"))?;
    let mut runs = Runs::new(elements);
    let mut extras = Vec::new();
    for element in elements {
        match stage.check(*element) {
            Ok(extra) => extras.push((*element, extra)),
            Err(reason) => runs.fail(*element, reason),
        }
    }
    for round in 0..rounds {
        let start = round % elements.len().max(1);
        let (late, early) = elements.split_at(start);
        for element in early.iter().chain(late) {
            if runs.has_failed(*element) {
                continue;
            }
            let extra = extras.iter().find(|(own, _)| own == element);
            match stage.run(*element, extra.map_or(0, |(_, extra)| *extra)) {
                Ok(figures) => runs.add(*element, figures),
                Err(reason) => runs.fail(*element, reason),
            }
        }
    }
    print!("{}", runs.table(workload));
    Ok(!runs.has_failed(Element::Rtmprsrc))
}
