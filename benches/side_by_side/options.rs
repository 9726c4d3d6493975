// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The command line.

use crate::element::Element;
use crate::receive::Job;

pub(crate) const HELP: &str = "\
Options (behind `--`, as in `cargo bench --bench side_by_side -- --quick`):
  --quick            a smoke run: small volumes, one round
  --rounds N         how often each element runs each workload
  --only A,B         these workloads: frames-60000, frames-4096, frames-128,
                     small, paced, first, distance
  --elements A,B     these elements: rtmprsrc, rtmp2src, rtmpsrc, tcpclientsrc
  --help             this text";

/// What to do.
pub(crate) enum Command {
    Help,
    /// Another program asks for a list of tests: there is none.
    Nothing,
    Measure(Options),
    /// The child's part.
    Receive(Job),
}

/// What to measure.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) rounds: Option<usize>,
    pub(crate) only: Vec<String>,
    pub(crate) elements: Vec<Element>,
}

pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options {
        // Cargo says whether this is `cargo bench`. Under `cargo test` it is
        // enough to see that everything works.
        quick: true,
        rounds: None,
        only: Vec::new(),
        elements: Element::ALL.to_vec(),
    };
    let mut asked_for_quick = false;
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut value = || {
            let value = arguments.next();
            value.ok_or_else(|| format!("{argument} wants a value"))
        };
        match argument.as_str() {
            "--bench" => options.quick = false,
            "--quick" => asked_for_quick = true,
            "--rounds" => {
                let rounds = value()?.parse().ok().filter(|rounds| *rounds > 0);
                options.rounds = Some(rounds.ok_or("--rounds wants a number above 0")?);
            }
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--elements" => {
                let element = |name| {
                    Element::from_name(name).ok_or_else(|| format!("no element is named {name}"))
                };
                options.elements = value()?.split(',').map(element).collect::<Result<_, _>>()?;
            }
            "--help" => return Ok(Command::Help),
            "--list" => return Ok(Command::Nothing),
            "--receive" => return Job::parse(arguments).map(Command::Receive),
            // What test harnesses understand means nothing here.
            _ => {}
        }
    }
    options.quick |= asked_for_quick;
    Ok(Command::Measure(options))
}
