// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The start where the user named several places: each is tried a little after the one
//! before, and the first whose stream can be passed on plays (in the manner of RFC 8305,
//! but up to the media, as a server that lets in may still have nothing to send).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::flv_output::FlvOutput;
use super::item::Item;
use super::policy::Shared;
use super::stats::Stats;
use super::visit::{Guest, Visit, VisitEnd, failure};
use crate::client::failure::Cause;
use crate::client::place::Place;
use crate::net::Control;
use crate::net::gio::NetworkThread;

/// How long a place has before the next one is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Most places that are tried at a time.
pub(crate) const MAX_AT_A_TIME: usize = 3;

/// One that takes part.
pub(super) struct Entrant {
    number: usize,
    /// Who has won.
    winner: Arc<OnceLock<usize>>,
    /// The others have stopped: the figures of the play are the winner's.
    is_alone: AtomicBool,
    /// Of the play.
    stats: Arc<Stats>,
    /// Its own, until then.
    own_stats: Arc<Stats>,
    /// What was counted until then has become the play's.
    has_counted: AtomicBool,
    reports: mpsc::Sender<Report>,
    /// What the application is to hear if this one wins.
    news: Mutex<VecDeque<Item>>,
}

/// What whoever started them hears of those who take part.
enum Report {
    Won(usize),
    /// How it was, and what it leaves behind; `None`: it has panicked.
    Over(usize, Option<Box<(Visit, FlvOutput)>>),
    Cancelled,
}

impl Entrant {
    /// Wins, unless another one has.
    pub(super) fn claim(&self) -> bool {
        let mut is_new = false;
        let winner = self.winner.get_or_init(|| {
            is_new = true;
            self.number
        });
        let has_won = *winner == self.number;
        if is_new {
            // The race may be called off.
            let _ = self.reports.send(Report::Won(self.number));
        }
        has_won
    }

    /// It plays.
    pub(super) fn has_won(&self) -> bool {
        self.winner.get() == Some(&self.number)
    }

    /// The figures of the play, once they are the winner's to write; what it counted
    /// before is in them.
    pub(super) fn stats(&self) -> Option<&Arc<Stats>> {
        if !self.is_alone.load(Ordering::Acquire) {
            return None;
        }
        let is_other = !Arc::ptr_eq(&self.stats, &self.own_stats);
        if is_other && !self.has_counted.swap(true, Ordering::AcqRel) {
            self.stats.become_those_of(&self.own_stats);
        }
        Some(&self.stats)
    }

    /// Keeps news until this one wins.
    pub(super) fn tell(&self, item: Item) {
        lock(&self.news).push_back(item);
    }

    /// The news since the last call.
    pub(super) fn take_news(&self) -> VecDeque<Item> {
        std::mem::take(&mut *lock(&self.news))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One that runs. Dropping it ends it.
struct Runner {
    control: Control,
    entrant: Arc<Entrant>,
    thread: Option<NetworkThread>,
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.control.cancel();
        drop(self.thread.take());
    }
}

/// Tries the places, and returns which one played and how that ended, or of the first
/// one how it failed, if all did.
pub(super) fn race(
    shared: &Arc<Shared>,
    control: &Control,
    places: &[Place],
    output: &mut FlvOutput,
) -> (usize, Visit) {
    let mut race = Race::new(shared, control, places);
    let (number, visit, left) = race.run();
    if let Some(left) = left {
        *output = left;
    }
    (number, visit)
}

struct Race<'a> {
    shared: &'a Arc<Shared>,
    control: &'a Control,
    places: &'a [Place],
    controls: Vec<Control>,
    winner: Arc<OnceLock<usize>>,
    sender: mpsc::Sender<Report>,
    reports: mpsc::Receiver<Report>,
    runners: Vec<Runner>,
    /// How it was where it is over.
    over: Vec<Option<Visit>>,
    /// How many were started.
    started: usize,
    /// When the next one may be started beside the others.
    next_start: Instant,
}

impl<'a> Race<'a> {
    fn new(shared: &'a Arc<Shared>, control: &'a Control, places: &'a [Place]) -> Self {
        let (sender, reports) = mpsc::channel();
        let controls: Vec<_> = places.iter().map(|_| Control::default()).collect();
        let (wakers, cancellers) = (controls.clone(), controls.clone());
        let cancelled = sender.clone();
        control.install(
            move || wakers.iter().for_each(Control::wake),
            move || {
                cancellers.iter().for_each(Control::cancel);
                let _ = cancelled.send(Report::Cancelled);
            },
        );
        Self {
            shared,
            control,
            places,
            controls,
            winner: Arc::default(),
            sender,
            reports,
            runners: Vec::new(),
            over: places.iter().map(|_| None).collect(),
            started: 0,
            next_start: Instant::now(),
        }
    }

    fn run(&mut self) -> (usize, Visit, Option<FlvOutput>) {
        loop {
            if self.control.is_cancelled() {
                return (0, Visit::default(), None);
            }
            let report = match self.start_due() {
                Some(due) => {
                    let time = due.saturating_duration_since(Instant::now());
                    match self.reports.recv_timeout(time) {
                        Ok(report) => report,
                        Err(_) => continue,
                    }
                }
                None => match self.reports.recv() {
                    Ok(report) => report,
                    // Not while we have a sender ourselves.
                    Err(_) => return (0, Visit::default(), None),
                },
            };
            match report {
                Report::Cancelled => {}
                Report::Won(number) => self.has_won(number),
                Report::Over(number, ended) => {
                    let (visit, left) = self.ended(ended);
                    if self.winner.get() == Some(&number) {
                        // It may have ended before it knew.
                        if let Some(runner) = self.runners.first() {
                            let _ = runner.entrant.stats();
                        }
                        return (number, visit, left);
                    }
                    if let Some(over) = self.over.get_mut(number) {
                        *over = Some(visit);
                    }
                    self.runners
                        .retain(|runner| runner.entrant.number != number);
                    // No need to wait any longer.
                    self.next_start = Instant::now();
                    if self.runners.is_empty() && self.started == self.places.len() {
                        return (0, self.all_failed(), None);
                    }
                }
            }
        }
    }

    /// Starts those that are due, and tells when the next one is, if it can be started
    /// then.
    fn start_due(&mut self) -> Option<Instant> {
        if self.winner.get().is_some() {
            return None;
        }
        while self.started < self.places.len() && self.runners.len() < MAX_AT_A_TIME {
            let now = Instant::now();
            if self.next_start > now {
                return Some(self.next_start);
            }
            self.start(self.started);
            self.started += 1;
            self.next_start = now + STAGGER;
        }
        None
    }

    fn start(&mut self, number: usize) {
        let (Some(place), Some(control)) = (self.places.get(number), self.controls.get(number))
        else {
            return;
        };
        let (place, control) = (place.clone(), control.clone());
        if number > 0 {
            let also = place.shown();
            self.shared.log.info(format_args!("Trying {also} as well"));
        }
        // While nobody has won, what can be seen of the play is the first place.
        let stats = match number {
            0 => Arc::clone(&self.shared.stats),
            _ => Arc::default(),
        };
        let entrant = Arc::new(Entrant {
            number,
            winner: Arc::clone(&self.winner),
            is_alone: AtomicBool::new(false),
            stats: Arc::clone(&self.shared.stats),
            own_stats: Arc::clone(&stats),
            has_counted: AtomicBool::new(false),
            reports: self.sender.clone(),
            news: Mutex::default(),
        });
        let shared = Arc::new(self.shared.with(stats, Some(Arc::clone(&entrant))));
        let own_control = control.clone();
        let mut reporter = Reporter {
            number,
            reports: self.sender.clone(),
            ended: None,
        };
        let thread = NetworkThread::spawn("rtmpr-race", move || {
            let mut output = FlvOutput::new(shared.settings.start_position);
            let guest = Guest::new(place, &shared);
            let visit = guest.visit(&shared, &own_control, &mut output);
            reporter.ended = Some(Box::new((visit, output)));
            drop(reporter);
        });
        match thread {
            Ok(thread) => self.runners.push(Runner {
                control,
                entrant,
                thread: Some(thread),
            }),
            Err(error) => {
                let cause = Cause::NoThread(error.to_string());
                let ended = (self.failed(cause), FlvOutput::default());
                let report = Report::Over(number, Some(Box::new(ended)));
                // Read by ourselves.
                let _ = self.sender.send(report);
            }
        }
    }

    /// The others stop.
    fn has_won(&mut self, number: usize) {
        let is_other = |runner: &Runner| runner.entrant.number != number;
        for runner in self.runners.iter().filter(|runner| is_other(runner)) {
            runner.control.cancel();
        }
        self.runners.retain(|runner| !is_other(runner));
        for runner in &self.runners {
            runner.entrant.is_alone.store(true, Ordering::Release);
            runner.control.wake();
        }
    }

    fn ended(&self, ended: Option<Box<(Visit, FlvOutput)>>) -> (Visit, Option<FlvOutput>) {
        match ended {
            Some(ended) => {
                let (visit, left) = *ended;
                (visit, Some(left))
            }
            None => (self.failed(Cause::Panicked), None),
        }
    }

    fn failed(&self, cause: Cause) -> Visit {
        let failure = failure(self.shared, cause);
        Visit {
            played: None,
            end: Some(VisitEnd::Failed(Box::new(failure))),
        }
    }

    /// How it ended at the first place, with a word on the others.
    fn all_failed(&mut self) -> Visit {
        let mut all = std::mem::take(&mut self.over).into_iter();
        let mut first = all.next().flatten().unwrap_or_default();
        let mut others = Vec::new();
        for (visit, place) in all.zip(self.places.iter().skip(1)) {
            let how = match visit.and_then(|visit| visit.end) {
                Some(VisitEnd::Failed(failure)) => failure.summary(),
                Some(VisitEnd::Ended(reason)) => reason.name().to_owned(),
                Some(VisitEnd::Redirected(..)) | None => continue,
            };
            others.push(format!("{}: {how}", place.shown()));
        }
        if let Some(VisitEnd::Failed(failure)) = &mut first.end {
            failure.tried.extend(others);
        }
        first
    }
}

/// Tells how it was, and that it panicked if it did not say.
struct Reporter {
    number: usize,
    reports: mpsc::Sender<Report>,
    ended: Option<Box<(Visit, FlvOutput)>>,
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // The race may be called off.
        let ended = self.ended.take();
        let _ = self.reports.send(Report::Over(self.number, ended));
    }
}
