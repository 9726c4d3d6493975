// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Medians over the rounds, and ratios within each round.

use std::fmt::Write;
use std::time::Duration;

use crate::send::Sender;

/// What one run took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) elapsed: Duration,
    /// Bytes; 0 where it is not known.
    pub(crate) peak: u64,
    /// Of bodies.
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
}

impl Run {
    fn processor(&self) -> f64 {
        (self.user + self.system).as_secs_f64()
    }

    fn gibibytes(&self) -> f64 {
        self.bytes as f64 / f64::from(1 << 30)
    }
}

/// The runs of a workload.
#[derive(Default)]
pub(crate) struct Table {
    runs: Vec<(Sender, Vec<Run>)>,
}

/// What others are compared with.
const REFERENCES: [Sender; 2] = [Sender::Rtmp2sink, Sender::Tcpclientsink];

impl Table {
    pub(crate) fn add(&mut self, sender: Sender, run: Run) {
        match self.runs.iter_mut().find(|(own, _)| *own == sender) {
            Some((_, runs)) => runs.push(run),
            None => self.runs.push((sender, vec![run])),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{:14} {:>9} {:>7} {:>7} {:>9} {:>7} {:>8} {:>22} {:>22}\n",
            "",
            "CPU s/GiB",
            "user",
            "system",
            "µs/msg",
            "MiB/s",
            "peak MiB",
            "CPU ÷ rtmp2sink",
            "CPU ÷ tcpclientsink"
        );
        for sender in Sender::ALL {
            let Some(runs) = self.of(sender) else {
                continue;
            };
            let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure).collect());
            let _ = writeln!(
                text,
                "{:14} {:9.3} {:7.3} {:7.3} {:9.3} {:7.0} {:8.1} {:>22} {:>22}",
                sender.name(),
                of(|run| run.processor() / run.gibibytes()),
                of(|run| run.user.as_secs_f64() / run.gibibytes()),
                of(|run| run.system.as_secs_f64() / run.gibibytes()),
                of(|run| run.processor() * 1e6 / run.messages as f64),
                of(|run| run.gibibytes() * 1024.0 / run.elapsed.as_secs_f64()),
                of(|run| run.peak as f64 / f64::from(1 << 20)),
                self.ratio(runs, REFERENCES[0]),
                self.ratio(runs, REFERENCES[1]),
            );
        }
        text
    }

    fn of(&self, sender: Sender) -> Option<&Vec<Run>> {
        let found = self.runs.iter().find(|(own, _)| *own == sender);
        found.map(|(_, runs)| runs)
    }

    fn ratio(&self, runs: &[Run], reference: Sender) -> String {
        let Some(reference) = self.of(reference) else {
            return "-".to_owned();
        };
        let pairs = runs.iter().zip(reference);
        let mut ratios: Vec<f64> = pairs.map(|(a, b)| a.processor() / b.processor()).collect();
        ratios.sort_by(f64::total_cmp);
        match (ratios.first(), ratios.last()) {
            (Some(low), Some(high)) => {
                format!("{:.3} ({low:.3}-{high:.3})", median(ratios.clone()))
            }
            _ => "-".to_owned(),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
