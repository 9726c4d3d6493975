// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Going on after a connection broke: whether it is worth it, and how long to wait
//! before the next attempt.

use std::sync::mpsc;
use std::time::Duration;

use super::failure::Cause;
use super::refusal::is_about_access;
use crate::net::{Control, ProxyFailure, TlsError};

/// Most attempts in a row that a server refuses.
pub(crate) const MAX_REFUSALS: u32 = 5;

/// How long a connection has to hold so that the delays begin anew.
const STABLE: Duration = Duration::from_secs(10);

/// Whether and how to go on once media has come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reconnect {
    /// Whether at all.
    pub enabled: bool,
    /// Most attempts in a row that bring no media; any number if `None`.
    pub attempts: Option<u32>,
    /// How long to wait before the first attempt.
    pub first_delay: Duration,
    /// By what the delay grows with each attempt; 1 at least.
    pub factor: f64,
    /// The longest delay.
    pub max_delay: Duration,
    /// By what part of itself a delay may differ, so that players that lost a server
    /// together do not come back together; 0 to 1.
    pub jitter: f64,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            enabled: false,
            attempts: None,
            first_delay: Duration::from_millis(500),
            factor: 1.5,
            max_delay: Duration::from_secs(15),
            jitter: 0.2,
        }
    }
}

/// What speaks for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hope {
    /// The network's fault, or a stream that is not there at the moment.
    Always,
    /// The server does not want us, or does strange things.
    AFewTimes,
    /// It would come to the same.
    Never,
}

impl Hope {
    /// For a place from which media has come before.
    fn of(cause: &Cause) -> Self {
        match cause {
            Cause::PublishFailed(Some(status)) if is_about_access(status) => Self::Never,
            Cause::HostNotFound(_)
            | Cause::Refused(_)
            | Cause::Unreachable(_)
            | Cause::TimedOut(_)
            | Cause::ClosedEarly(_)
            | Cause::ConnectionLost(_)
            | Cause::ClosedWithoutEof
            | Cause::Idle(_)
            | Cause::PlayFailed(_)
            | Cause::Tls(TlsError::Closed | TlsError::Truncated)
            | Cause::Proxy(ProxyFailure::Broken | ProxyFailure::Refused, _) => Self::Always,
            Cause::ConnectRejected(_)
            | Cause::CreateStreamFailed(_)
            | Cause::PublishFailed(_)
            | Cause::EndedByServer(_)
            | Cause::Protocol(_)
            | Cause::NotRtmp(_)
            | Cause::Tls(TlsError::Failed(_) | TlsError::NotTls(_)) => Self::AFewTimes,
            Cause::NotAuthorized { .. }
            | Cause::Redirect { .. }
            | Cause::Unpublished(_)
            | Cause::Panicked
            | Cause::NoThread(_)
            | Cause::Proxy(ProxyFailure::Login, _)
            | Cause::Tls(
                TlsError::NoBackend
                | TlsError::Certificate { .. }
                | TlsError::Fingerprint { .. }
                | TlsError::CertificateRequired(_),
            ) => Self::Never,
        }
    }
}

/// The attempts of one play, which take its places in turn.
#[derive(Debug)]
pub(crate) struct Attempts {
    /// In a row, without media.
    count: u32,
    /// Of these, refused, for each place.
    refusals: Vec<u32>,
    /// How many times the delay has grown.
    steps: u32,
    /// Since the last delay. Each place is tried once before the next one.
    since_delay: usize,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NextAttempt {
    /// Which place.
    pub(crate) place: usize,
    /// After how long.
    pub(crate) delay: Duration,
}

impl Attempts {
    /// For so many places.
    pub(crate) fn new(places: usize) -> Self {
        Self {
            count: 0,
            refusals: vec![0; places],
            steps: 0,
            since_delay: 0,
        }
    }

    /// Media came by a connection that held for so long.
    pub(crate) fn succeeded(&mut self, held: Duration) {
        self.count = 0;
        self.refusals.fill(0);
        self.since_delay = 0;
        if held >= STABLE {
            self.steps = 0;
        }
    }

    /// How many there were in a row without media.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Where and when to make another attempt, if there is to be one after this failure
    /// at `from`. `random` is from 0 to 1.
    pub(crate) fn next(
        &mut self,
        settings: &Reconnect,
        from: usize,
        cause: &Cause,
        random: f64,
    ) -> Option<NextAttempt> {
        if let Some(refusals) = self.refusals.get_mut(from) {
            *refusals = match Hope::of(cause) {
                Hope::Always => *refusals,
                Hope::AFewTimes => *refusals + 1,
                Hope::Never => MAX_REFUSALS + 1,
            };
        }
        let is_left = settings.attempts.is_none_or(|most| self.count < most);
        if !settings.enabled || !is_left {
            return None;
        }
        let all = self.refusals.len();
        let hopeful = |place: &usize| {
            let refusals = self.refusals.get(*place);
            refusals.is_some_and(|refusals| *refusals <= MAX_REFUSALS)
        };
        let place = (1..=all).map(|i| (from + i) % all).find(hopeful)?;
        let places = (0..all).filter(hopeful).count();
        self.count = self.count.saturating_add(1);
        let is_tried_at_once = (1..places).contains(&self.since_delay);
        let delay = if is_tried_at_once {
            self.since_delay += 1;
            Duration::ZERO
        } else {
            self.since_delay = 1;
            self.delay(settings, random)
        };
        Some(NextAttempt { place, delay })
    }

    fn delay(&mut self, settings: &Reconnect, random: f64) -> Duration {
        let grown = settings.factor.powf(f64::from(self.steps));
        self.steps = self.steps.saturating_add(1);
        let longest = settings.max_delay.as_secs_f64();
        let delay = (settings.first_delay.as_secs_f64() * grown).min(longest);
        let part = 1.0 + settings.jitter * (2.0 * random - 1.0);
        Duration::try_from_secs_f64(delay * part).unwrap_or(settings.max_delay)
    }
}

/// Waits; false if it was cancelled.
pub(crate) fn pause(control: &Control, time: Duration) -> bool {
    let (cancel, cancelled) = mpsc::channel();
    control.install(
        || {},
        move || {
            let _ = cancel.send(());
        },
    );
    cancelled.recv_timeout(time).is_err() && !control.is_cancelled()
}

/// Waits until there is room for media, so that connections that break one after the
/// other do not fill memory while nobody reads; false if it was cancelled. Whoever makes
/// room wakes the control.
pub(crate) fn wait_for_room(control: &Control, has_room: impl Fn() -> bool) -> bool {
    let (wake, woken) = mpsc::channel();
    let cancel = wake.clone();
    control.install(
        move || {
            let _ = wake.send(());
        },
        move || {
            let _ = cancel.send(());
        },
    );
    while !control.is_cancelled() {
        if has_room() {
            return true;
        }
        if woken.recv().is_err() {
            break;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    const ON: Reconnect = Reconnect {
        enabled: true,
        attempts: None,
        first_delay: Duration::from_millis(500),
        factor: 1.5,
        max_delay: Duration::from_secs(15),
        jitter: 0.2,
    };

    /// Of the next attempt at the only place.
    fn delay_of(
        attempts: &mut Attempts,
        settings: &Reconnect,
        cause: &Cause,
        random: f64,
    ) -> Option<Duration> {
        let next = attempts.next(settings, 0, cause, random);
        next.inspect(|next| assert_eq!(next.place, 0))
            .map(|next| next.delay)
    }

    fn lost() -> Cause {
        Cause::ConnectionLost("reset".to_owned())
    }

    #[test]
    fn delays_grow_up_to_the_longest_and_begin_anew_once_a_connection_holds() {
        let mut attempts = Attempts::new(1);
        let next = |attempts: &mut Attempts| {
            let delay = delay_of(attempts, &ON, &lost(), 0.5);
            delay.expect("another").as_millis()
        };
        let delays: Vec<_> = (0..11).map(|_| next(&mut attempts)).collect();
        assert_eq!(
            delays,
            [
                500, 750, 1125, 1687, 2531, 3796, 5695, 8542, 12814, 15000, 15000
            ]
        );
        attempts.succeeded(Duration::from_secs(1));
        assert_eq!(next(&mut attempts), 15_000, "it broke again at once");
        attempts.succeeded(STABLE);
        assert_eq!(next(&mut attempts), 500);
    }

    #[test]
    fn delays_differ_by_the_jitter() {
        for (random, expected) in [(0.0, 400), (0.5, 500), (1.0, 600)] {
            let delay = delay_of(&mut Attempts::new(1), &ON, &lost(), random);
            assert_eq!(delay, Some(Duration::from_millis(expected)));
        }
    }

    #[test]
    fn delays_that_cannot_be_counted_are_the_longest() {
        let settings = Reconnect {
            factor: f64::MAX,
            ..ON
        };
        let mut attempts = Attempts::new(1);
        for expected in [500, 15_000, 15_000] {
            let delay = delay_of(&mut attempts, &settings, &lost(), 0.5);
            assert_eq!(delay, Some(Duration::from_millis(expected)));
        }
    }

    #[test]
    fn attempts_are_counted_and_media_forgives_them() {
        let settings = Reconnect {
            attempts: Some(2),
            ..ON
        };
        let mut attempts = Attempts::new(1);
        for expected in [true, true, false] {
            let next = delay_of(&mut attempts, &settings, &lost(), 0.5);
            assert_eq!(next.is_some(), expected);
        }
        attempts.succeeded(Duration::ZERO);
        assert!(delay_of(&mut attempts, &settings, &lost(), 0.5).is_some());
    }

    #[test]
    fn refusals_are_taken_a_few_times_and_what_cannot_change_never() {
        let rejected = Cause::ConnectRejected(None);
        let mut attempts = Attempts::new(1);
        for i in 0..MAX_REFUSALS {
            assert!(
                delay_of(&mut attempts, &ON, &rejected, 0.5).is_some(),
                "{i}"
            );
            assert!(delay_of(&mut attempts, &ON, &lost(), 0.5).is_some(), "{i}");
        }
        assert!(delay_of(&mut attempts, &ON, &rejected, 0.5).is_none());

        for cause in [
            Cause::Panicked,
            Cause::Tls(TlsError::NoBackend),
            Cause::Proxy(ProxyFailure::Login, String::new()),
        ] {
            let next = delay_of(&mut Attempts::new(1), &ON, &cause, 0.5);
            assert_eq!(next, None, "{cause:?}");
        }
        let off = Reconnect::default();
        assert_eq!(delay_of(&mut Attempts::new(1), &off, &lost(), 0.5), None);
    }

    #[test]
    fn places_are_taken_in_turn_with_a_delay_before_each_round() {
        let mut attempts = Attempts::new(3);
        let mut at = 1;
        let mut next = |cause: &Cause| {
            let next = attempts.next(&ON, at, cause, 0.5)?;
            at = next.place;
            Some((at, next.delay.as_millis()))
        };
        let turns: Vec<_> = (0..7).filter_map(|_| next(&lost())).collect();
        let expected = [
            (2, 500),
            (0, 0),
            (1, 0),
            (2, 750),
            (0, 0),
            (1, 0),
            (2, 1125),
        ];
        assert_eq!(turns, expected);
        // One that will not have us is left out.
        let never = Cause::Panicked;
        assert_eq!(next(&never), Some((0, 0)));
        assert_eq!(next(&lost()), Some((1, 1687)));
        assert_eq!(next(&lost()), Some((0, 0)));
        assert_eq!(next(&never), Some((1, 2531)));
        assert_eq!(next(&never), None);
        attempts.succeeded(STABLE);
        let next = attempts.next(&ON, 0, &lost(), 0.5);
        let delay = Duration::from_millis(500);
        assert_eq!(next, Some(NextAttempt { place: 1, delay }));
    }

    #[test]
    fn room_is_waited_for_until_there_is_some_or_it_is_cancelled() {
        let queue = Arc::new(Mutex::new(false));
        let control = Control::default();
        let wait = |control: &Control| {
            let (control, room) = (control.clone(), Arc::clone(&queue));
            let (looked, looks) = mpsc::channel();
            let waiting = std::thread::spawn(move || {
                wait_for_room(&control, || {
                    let _ = looked.send(());
                    *room.lock().expect("not poisoned")
                })
            });
            looks.recv().expect("it looks");
            (waiting, looks)
        };
        let (waiting, looks) = wait(&control);
        control.wake();
        looks.recv().expect("it looks again");
        *queue.lock().expect("not poisoned") = true;
        control.wake();
        assert!(waiting.join().expect("no panic"));

        *queue.lock().expect("not poisoned") = false;
        let (waiting, _looks) = wait(&control);
        control.cancel();
        assert!(!waiting.join().expect("no panic"));
    }

    #[test]
    fn a_pause_ends_when_it_is_cancelled() {
        let control = Control::default();
        assert!(pause(&control, Duration::from_millis(1)));
        let canceller = control.clone();
        let waiting = std::thread::spawn(move || pause(&control, Duration::from_secs(3600)));
        canceller.cancel();
        assert!(!waiting.join().expect("no panic"));
    }
}
