// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording on its way to a player, in a thread of its own: as fast as it plays, but
//! ahead by the player's buffer.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::outbox::{Outbox, Target};
use super::packet::Packet;
use super::recording::{Reader, Recording};

/// How long to wait when there is no room for a packet.
const PATIENCE: Duration = Duration::from_millis(5);

/// Shortest time to be ahead: less would be late for every packet.
const MIN_AHEAD: Duration = Duration::from_millis(500);

/// What is played of a recording.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// First place, in ms.
    pub(crate) from: u32,
    /// First time that does not belong to it, in ms.
    pub(crate) to: u32,
    /// How far ahead to send.
    pub(crate) ahead: Duration,
}

/// A play of a recording, until it is dropped.
#[derive(Debug)]
pub(crate) struct Playback {
    path: String,
    target: Target,
    outbox: Arc<Outbox>,
    wishes: Option<mpsc::Sender<Wish>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Wish {
    /// From the key frame before this time in ms on, as another play.
    Seek(u32, Target),
    Pause,
    /// What is behind this time in ms.
    GoOn(u32, Target),
}

impl Playback {
    /// Begins to send.
    ///
    /// # Errors
    /// The file cannot be read, or no thread be started.
    pub(crate) fn start(
        path: String,
        recording: Arc<Recording>,
        part: Part,
        target: Target,
        outbox: Arc<Outbox>,
    ) -> io::Result<Self> {
        let (sender, wishes) = mpsc::channel();
        let place = recording.place_before(part.from);
        let mut sending = Sending {
            reader: recording.read_from(place)?,
            next: recording.headers(place.time).collect(),
            recording,
            part,
            target,
            outbox: Arc::clone(&outbox),
            wishes,
            pace: Pace::new(place.time),
            behind: None,
        };
        let thread = std::thread::Builder::new().name("origin-play".to_owned());
        let thread = thread.spawn(move || sending.run())?;
        Ok(Self {
            path,
            target,
            outbox,
            wishes: Some(sender),
            thread: Some(thread),
        })
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn target(&self) -> Target {
        self.target
    }

    /// Goes to the key frame before `to`. What is on its way is dropped, as it is for a
    /// play that is no more. False if the recording cannot be read any more.
    pub(crate) fn seek(&mut self, to: u32, subscription: u64) -> bool {
        let target = self.replace_target(subscription);
        self.wish(Wish::Seek(to, target))
    }

    /// Sends nothing more.
    pub(crate) fn pause(&mut self, subscription: u64) -> bool {
        self.replace_target(subscription);
        self.wish(Wish::Pause)
    }

    /// Sends what is behind `at`.
    pub(crate) fn go_on(&mut self, at: u32, subscription: u64) -> bool {
        let target = self.replace_target(subscription);
        self.wish(Wish::GoOn(at, target))
    }

    fn replace_target(&mut self, subscription: u64) -> Target {
        let old = std::mem::replace(&mut self.target.subscription, subscription);
        self.outbox.remove(old);
        self.target
    }

    fn wish(&self, wish: Wish) -> bool {
        let wishes = self.wishes.as_ref();
        wishes.is_some_and(|wishes| wishes.send(wish).is_ok())
    }
}

impl Drop for Playback {
    fn drop(&mut self) {
        drop(self.wishes.take());
        if let Some(thread) = self.thread.take() {
            // A panic there was reported on its way.
            let _ = thread.join();
        }
        self.outbox.remove(self.target.subscription);
    }
}

/// When a packet is to be sent.
struct Pace {
    since: Instant,
    /// What was to be sent then, in ms.
    start: u32,
}

impl Pace {
    fn new(start: u32) -> Self {
        let since = Instant::now();
        Self { since, start }
    }

    fn due(&self, time: u32, ahead: Duration) -> Instant {
        let later = Duration::from_millis(time.saturating_sub(self.start).into());
        self.since + later.saturating_sub(ahead.max(MIN_AHEAD))
    }
}

struct Sending {
    recording: Arc<Recording>,
    part: Part,
    target: Target,
    outbox: Arc<Outbox>,
    wishes: mpsc::Receiver<Wish>,
    reader: Reader,
    /// To be sent next.
    next: VecDeque<Packet>,
    pace: Pace,
    /// Only what is later is sent, in ms.
    behind: Option<u32>,
}

impl Sending {
    fn run(&mut self) {
        loop {
            let wait = match self.next() {
                Some(packet) => {
                    let due = self.pace.due(packet.timestamp, self.part.ahead);
                    let wait = due.saturating_duration_since(Instant::now());
                    let is_sent =
                        wait.is_zero() && self.outbox.push(self.target, std::iter::once(&packet));
                    if !is_sent {
                        self.next.push_front(packet);
                    }
                    match (wait.is_zero(), is_sent) {
                        (true, true) => Some(Duration::ZERO),
                        (true, false) => Some(PATIENCE),
                        (false, _) => Some(wait),
                    }
                }
                None => {
                    self.outbox.push_end(self.target);
                    None
                }
            };
            let wish = match wait {
                Some(wait) => self.wishes.recv_timeout(wait),
                None => self.wishes.recv().map_err(RecvTimeoutError::from),
            };
            let goes_on = match wish {
                Ok(wish) => self.obey(wish),
                Err(RecvTimeoutError::Timeout) => true,
                Err(RecvTimeoutError::Disconnected) => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// The next packet; `None` at the end.
    fn next(&mut self) -> Option<Packet> {
        if let Some(packet) = self.next.pop_front() {
            return Some(packet);
        }
        loop {
            // A file that cannot be read any more has ended.
            let packet = self.reader.next().ok().flatten()?;
            if packet.timestamp >= self.part.to {
                return None;
            }
            if self.behind.is_none_or(|behind| packet.timestamp > behind) {
                return Some(packet);
            }
        }
    }

    fn obey(&mut self, wish: Wish) -> bool {
        let (to, target, behind) = match wish {
            Wish::Seek(to, target) => (to, target, None),
            Wish::GoOn(at, target) => (at, target, Some(at)),
            Wish::Pause => {
                return match self.wishes.recv() {
                    Ok(wish) => self.obey(wish),
                    Err(_) => false,
                };
            }
        };
        let place = self.recording.place_before(to);
        let Ok(reader) = self.recording.read_from(place) else {
            return false;
        };
        self.reader = reader;
        self.target = target;
        self.behind = behind;
        self.pace = Pace::new(behind.unwrap_or(place.time));
        self.next = match behind {
            Some(_) => VecDeque::new(),
            None => self.recording.headers(place.time).collect(),
        };
        true
    }
}
