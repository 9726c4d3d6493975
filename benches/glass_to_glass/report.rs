// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Prints what was measured.

use std::time::Duration;

use crate::player::{Figures, Subject};

/// Which ages.
type Ages = fn(&Figures) -> &Vec<Duration>;

/// One subject's figures of all rounds.
pub(crate) struct Total {
    pub(crate) subject: Subject,
    pub(crate) rounds: Vec<Figures>,
}

impl Total {
    /// The ages of all rounds, in order.
    fn ages(&self, of: Ages) -> Vec<Duration> {
        let mut ages: Vec<_> = self.rounds.iter().flat_map(of).copied().collect();
        ages.sort_unstable();
        ages
    }
}

pub(crate) fn print(totals: &[Total]) {
    println!(
        "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7}",
        "milliseconds", "first", "shown", "p99", "decoded", "p99", "shown", "dropped", "damaged"
    );
    for total in totals {
        let shown = total.ages(|figures| &figures.shown);
        let decoded = total.ages(|figures| &figures.decoded);
        let mut first: Vec<_> = total.rounds.iter().filter_map(|own| own.first).collect();
        first.sort_unstable();
        let sum = |of: fn(&Figures) -> u64| total.rounds.iter().map(of).sum::<u64>();
        println!(
            "{:<20} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7}",
            total.subject.name(),
            shown_as(quantile(&first, 50)),
            shown_as(quantile(&shown, 50)),
            shown_as(quantile(&shown, 99)),
            shown_as(quantile(&decoded, 50)),
            shown_as(quantile(&decoded, 99)),
            shown.len(),
            sum(|figures| figures.dropped),
            sum(|figures| figures.unreadable),
        );
    }
    println!();
    let Some((theirs, ours)) = totals.split_first() else {
        return;
    };
    let kinds: [(&str, Ages); 2] = [
        ("shown", |figures| &figures.shown),
        ("decoded", |figures| &figures.decoded),
    ];
    for own in ours {
        for (name, of) in kinds {
            let medians = (quantile(&theirs.ages(of), 50), quantile(&own.ages(of), 50));
            if let (Some(theirs), Some(median)) = medians {
                println!(
                    "rtmp2src / {}, medians, {name}: {:.2}",
                    own.subject.name(),
                    theirs.as_secs_f64() / median.as_secs_f64()
                );
            }
        }
    }
}

/// Of times in order.
fn quantile(times: &[Duration], percent: usize) -> Option<Duration> {
    let last = times.len().checked_sub(1)?;
    times.get((last * percent).div_ceil(100)).copied()
}

fn shown_as(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| format!("{:.1}", time.as_secs_f64() * 1000.0),
    )
}
