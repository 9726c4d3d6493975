// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Medians over the rounds, ratios within each round, and tables of them.

use std::fmt::Write;
use std::time::Duration;

use crate::element::Element;
use crate::options::Options;
use crate::workload::{Kind, Workload};

/// What one run of one element took.
#[derive(Debug, Clone)]
pub(crate) struct Figures {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
    pub(crate) switches: u64,
    /// Bytes.
    pub(crate) peak: u64,
    pub(crate) elapsed: Duration,
    /// Received, as FLV.
    pub(crate) bytes: u64,
    pub(crate) messages: u64,
    /// Times to the first media.
    pub(crate) first: Vec<Duration>,
}

impl Figures {
    fn processor(&self) -> Duration {
        self.user + self.system
    }

    fn per_gibibyte(&self, time: Duration) -> f64 {
        time.as_secs_f64() / (self.bytes as f64 / f64::from(1 << 30))
    }

    fn switches_per_message(&self) -> f64 {
        self.switches as f64 / self.messages as f64
    }

    fn mebibytes_per_second(&self) -> f64 {
        self.bytes as f64 / f64::from(1 << 20) / self.elapsed.as_secs_f64()
    }

    /// Share of one core.
    fn percent_of_core(&self) -> f64 {
        100.0 * self.processor().as_secs_f64() / self.elapsed.as_secs_f64()
    }

    fn peak_mebibytes(&self) -> f64 {
        self.peak as f64 / f64::from(1 << 20)
    }

    fn first_ms(&self) -> f64 {
        let times = self.first.iter().map(|time| time.as_secs_f64() * 1000.0);
        median(times.collect())
    }
}

/// A column: its title, the figure, and how many digits behind the point.
type Column = (&'static str, fn(&Figures) -> f64, usize);

/// The runs of all elements in one workload.
pub(crate) struct Runs {
    of: Vec<(Element, Result<Vec<Figures>, String>)>,
}

impl Runs {
    pub(crate) fn new(elements: &[Element]) -> Self {
        let none = elements.iter().map(|element| (*element, Ok(Vec::new())));
        Self { of: none.collect() }
    }

    pub(crate) fn add(&mut self, element: Element, figures: Figures) {
        for (own, runs) in &mut self.of {
            if *own == element
                && let Ok(runs) = runs
            {
                runs.push(figures.clone());
            }
        }
    }

    pub(crate) fn fail(&mut self, element: Element, reason: String) {
        for (own, runs) in &mut self.of {
            if *own == element {
                *runs = Err(reason.clone());
            }
        }
    }

    pub(crate) fn has_failed(&self, element: Element) -> bool {
        let failed = |(own, runs): &(Element, Result<_, _>)| *own == element && runs.is_err();
        self.of.iter().any(failed)
    }

    /// The table of a workload.
    pub(crate) fn table(&self, workload: &Workload) -> String {
        let columns: Vec<Column> = match workload.kind {
            Kind::Flood { .. } => vec![
                ("CPU s/GiB", |f| f.per_gibibyte(f.processor()), 3),
                ("user", |f| f.per_gibibyte(f.user), 3),
                ("system", |f| f.per_gibibyte(f.system), 3),
                ("switches/msg", Figures::switches_per_message, 3),
                ("MiB/s", Figures::mebibytes_per_second, 0),
                ("peak MiB", Figures::peak_mebibytes, 1),
            ],
            Kind::Paced { .. } => vec![
                ("CPU %", Figures::percent_of_core, 2),
                ("CPU s/GiB", |f| f.per_gibibyte(f.processor()), 3),
                ("switches/msg", Figures::switches_per_message, 3),
                ("peak MiB", Figures::peak_mebibytes, 1),
            ],
            Kind::First { delay, .. } if delay.is_zero() => {
                vec![("ms", Figures::first_ms, 2)]
            }
            Kind::First { delay, .. } => {
                // The only distance that is measured.
                assert_eq!(2 * delay, ROUND_TRIP);
                vec![
                    ("ms", Figures::first_ms, 1),
                    ("round trips", round_trips, 1),
                ]
            }
        };
        let compared: Column = match workload.kind {
            Kind::Flood { .. } => ("CPU", |f| f.per_gibibyte(f.processor()), 2),
            Kind::Paced { .. } => ("CPU", Figures::percent_of_core, 2),
            Kind::First { .. } => ("time", Figures::first_ms, 2),
        };

        let mut header = vec!["".to_owned()];
        header.extend(columns.iter().map(|column| column.0.to_owned()));
        for reference in REFERENCES {
            header.push(format!("{} ÷ {}", compared.0, reference.name()));
        }
        let mut rows = vec![header];
        let mut failures = String::new();
        for (element, runs) in &self.of {
            match runs {
                Ok(runs) => {
                    let mut row = vec![element.name().to_owned()];
                    for (_, figure, digits) in &columns {
                        let median = median(runs.iter().map(figure).collect());
                        row.push(format!("{median:.digits$}"));
                    }
                    for reference in REFERENCES {
                        row.push(self.ratio(runs, reference, compared.1));
                    }
                    rows.push(row);
                }
                Err(reason) => {
                    let _ = writeln!(failures, "{} FAILED: {reason}", element.name());
                }
            }
        }
        aligned(&rows) + &failures
    }

    /// Median of the ratios of each round, and their range.
    fn ratio(&self, runs: &[Figures], reference: Element, figure: fn(&Figures) -> f64) -> String {
        let of_reference = self.of.iter().find(|(element, _)| *element == reference);
        let Some((_, Ok(of_reference))) = of_reference else {
            return "-".to_owned();
        };
        let pairs = runs.iter().zip(of_reference);
        let mut ratios: Vec<f64> = pairs.map(|(a, b)| figure(a) / figure(b)).collect();
        ratios.sort_by(f64::total_cmp);
        match (ratios.first(), ratios.last()) {
            (Some(low), Some(high)) => {
                let median = median(ratios.clone());
                format!("{median:.2} ({low:.2}-{high:.2})")
            }
            _ => "-".to_owned(),
        }
    }
}

const REFERENCES: [Element; 2] = [Element::Rtmp2src, Element::Tcpclientsrc];

/// Of the workload with a delay.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(50);

fn round_trips(figures: &Figures) -> f64 {
    figures.first_ms() / (ROUND_TRIP.as_secs_f64() * 1000.0)
}

/// What the figures come from.
pub(crate) fn machine(options: &Options) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    println!("{}, {cores} cores, load {load}", gst::version_string());
    if options.quick {
        println!("A quick run: it shows that everything works, its figures mean little.");
    }
    println!(
        "Medians over the rounds. Ratios are medians of the ratios in each round, with their \
         range. Peak memory is the whole process with GStreamer."
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(upper), 1) => *upper,
        (Some(upper), _) => {
            let lower = values.get(middle.wrapping_sub(1)).unwrap_or(upper);
            f64::midpoint(*lower, *upper)
        }
        (None, _) => f64::NAN,
    }
}

/// Columns of equal width, the first to the left and the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut cells = row.iter().zip(&widths);
        if let Some((name, width)) = cells.next() {
            let _ = write!(text, "  {name:<width$}");
        }
        for (cell, width) in cells {
            let _ = write!(text, "  {cell:>width$}");
        }
        text.push('\n');
    }
    text
}
