// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The bounded hand-over from the streaming thread to the network thread.
//!
//! The network thread never waits here: it takes what there is, and is woken when there
//! is more. The streaming thread waits in [`UploadQueue::push`] when there is no room,
//! unless the drop policy makes some.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::drop_policy::{DropPolicy, Dropped, Level};
use super::packet::{Packet, Role};

/// When a queue is full, and what gives way before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSettings {
    /// Bytes held; 0 for no limit.
    pub bytes: usize,
    /// Milliseconds between the oldest and the newest; 0 for no limit.
    pub time: u64,
    /// What is left out when the upload is slower than the stream.
    pub policy: DropPolicy,
}

/// Why the queue takes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is flushing.
    Flushing,
    /// Nobody sends any more.
    Ended,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UploadFill {
    /// Bytes held.
    pub bytes: usize,
    /// Milliseconds between what is being sent and the newest.
    pub time: u64,
    /// The most bytes that were ever held.
    pub peak_bytes: usize,
    /// How long the streaming thread had to wait for room.
    pub blocked: Duration,
    /// What was left out.
    pub dropped: Dropped,
    /// What is left out at present.
    pub level: Level,
    /// What had been left out before that began.
    pub dropped_before_level: Dropped,
    /// Bytes that were ever pushed and not left out at once.
    pub pushed: u64,
}

/// What the sender gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// There is something.
    Packets,
    /// There is nothing at present.
    Nothing,
    /// There is nothing, and there will not be.
    End,
    /// The next packet begins a group of pictures, and was not wanted.
    Keyframe,
}

/// The queue.
pub struct UploadQueue {
    settings: QueueSettings,
    state: Mutex<State>,
    changed: Condvar,
    wake_sender: Box<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    packets: VecDeque<Packet>,
    bytes: usize,
    peak: usize,
    /// Time of the newest medium.
    newest: Option<u64>,
    /// Time of the oldest medium that was taken and is still being sent.
    in_hand: Option<u64>,
    /// How many pictures, and how many of them begin a group.
    pictures: usize,
    keyframes: usize,
    has_video: bool,
    level: Level,
    dropped_before_level: Dropped,
    pushed: u64,
    /// Pictures are left out up to the next key frame.
    wants_keyframe: bool,
    /// Sound as well.
    is_mute: bool,
    dropped: Dropped,
    flushing: bool,
    /// No more will be pushed.
    is_finished: bool,
    /// Nobody takes any more.
    is_ended: bool,
    /// Bytes from which on the sender wants to be woken.
    sender_waits: Option<usize>,
    pushers_wait: bool,
    blocked: Duration,
}

impl UploadQueue {
    /// An empty queue. `wake_sender` is called without any lock held.
    pub fn new(settings: QueueSettings, wake_sender: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            settings,
            state: Mutex::default(),
            changed: Condvar::new(),
            wake_sender: Box::new(wake_sender),
        }
    }

    /// Takes all of the packets, and waits for room for each of them if need be.
    ///
    /// # Errors
    /// It takes none any more. What was not taken is still there.
    pub(super) fn push(&self, packets: &mut VecDeque<Packet>) -> Result<(), Refused> {
        let mut state = self.lock();
        while !packets.is_empty() {
            state = self.wait_for_room(state)?;
            if let Some(packet) = packets.pop_front() {
                state.admit(packet, &self.settings.policy);
            }
        }
        self.wake_if_wanted(state);
        Ok(())
    }

    fn wait_for_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
    ) -> Result<MutexGuard<'a, State>, Refused> {
        let mut since = None;
        loop {
            let refused = match (state.flushing, state.is_ended) {
                (true, _) => Some(Refused::Flushing),
                (_, true) => Some(Refused::Ended),
                _ => None,
            };
            if refused.is_some() || !state.is_full(&self.settings) {
                if let Some(since) = since {
                    state.blocked += Instant::now().saturating_duration_since(since);
                }
                return refused.map_or(Ok(state), Err);
            }
            since.get_or_insert_with(Instant::now);
            state.pushers_wait = true;
            if state.sender_waits.take().is_some() {
                drop(state);
                (self.wake_sender)();
                state = self.lock();
                continue;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn wake_if_wanted(&self, mut state: MutexGuard<'_, State>) {
        let wanted = state.sender_waits;
        if wanted.is_some_and(|from| state.bytes > from) {
            state.sender_waits = None;
            drop(state);
            (self.wake_sender)();
        }
    }

    /// Moves packets of up to `max_bytes`, at least one, to the back of `packets`. All
    /// that was taken before has been sent. `up_to_keyframe`: not beyond where another
    /// connection could go on.
    pub(super) fn take(
        &self,
        packets: &mut VecDeque<Packet>,
        max_bytes: usize,
        up_to_keyframe: bool,
    ) -> Taken {
        let mut state = self.lock();
        state.sender_waits = None;
        state.in_hand = None;
        if state.packets.is_empty() {
            state.level = Level::Everything;
            return match state.is_finished {
                true => Taken::End,
                false => Taken::Nothing,
            };
        }
        if up_to_keyframe && state.begins_group() {
            return Taken::Keyframe;
        }
        let mut taken = 0;
        while taken < max_bytes
            && !(up_to_keyframe && state.begins_group())
            && let Some(packet) = state.packets.pop_front()
        {
            taken += packet.size();
            state.forget(&packet);
            if packet.role.is_media() {
                state.in_hand.get_or_insert(packet.time);
            }
            packets.push_back(packet);
        }
        if state.packets.is_empty() {
            state.level = Level::Everything;
        }
        let notify = state.pushers_wait && self.settings.has_room_again(&state);
        if notify {
            state.pushers_wait = false;
        }
        drop(state);
        if notify {
            self.changed.notify_all();
        }
        Taken::Packets
    }

    /// Has the sender woken as soon as more than so many bytes are there. False if there
    /// are, or the end is.
    pub(super) fn wake_above(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        if state.bytes > bytes || state.is_finished {
            return false;
        }
        state.sender_waits = Some(bytes);
        true
    }

    /// What had been taken did not get to the server: a stream with video goes on with
    /// the first key frame that is here, or comes. Returns the headers that were left
    /// out with what is before it, and counts the rest.
    pub(super) fn resume(&self) -> Vec<Packet> {
        let mut state = self.lock();
        state.in_hand = None;
        let mut headers = Vec::new();
        if !state.has_video {
            return headers;
        }
        while let Some(first) = state.packets.front()
            && first.role != Role::Keyframe
            && let Some(packet) = state.packets.pop_front()
        {
            state.forget(&packet);
            if packet.role.is_header() {
                headers.push(packet);
            } else {
                state.dropped.count(packet.role);
            }
        }
        if state.packets.is_empty() {
            state.wants_keyframe = true;
            state.is_mute = true;
        }
        drop(state);
        self.changed.notify_all();
        headers
    }

    /// No more will be pushed.
    pub fn finish(&self) {
        let mut state = self.lock();
        state.is_finished = true;
        state.sender_waits = None;
        drop(state);
        (self.wake_sender)();
    }

    /// More may be pushed after all.
    pub fn reopen(&self) {
        self.lock().is_finished = false;
    }

    /// Waits until nobody sends any more. False if it flushes before that.
    pub fn wait_for_end(&self) -> bool {
        let mut state = self.lock();
        while !(state.is_ended || state.flushing) {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.is_ended
    }

    /// Nobody sends any more.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.changed.notify_all();
    }

    /// Ends all waits, or allows them again.
    pub fn set_flushing(&self, flushing: bool) {
        self.lock().flushing = flushing;
        self.changed.notify_all();
    }

    /// Forgets all that waits, as a flush of the pipeline does.
    pub fn clear(&self) {
        let mut state = self.lock();
        let has_video = state.has_video;
        state.packets.clear();
        state.bytes = 0;
        (state.pictures, state.keyframes) = (0, 0);
        state.newest = None;
        // What was sent last is not what comes next.
        state.wants_keyframe = has_video;
        state.is_mute = has_video;
        drop(state);
        self.changed.notify_all();
    }

    /// How full it is.
    pub fn fill(&self) -> UploadFill {
        let state = self.lock();
        UploadFill {
            bytes: state.bytes,
            time: state.delay(),
            peak_bytes: state.peak,
            blocked: state.blocked,
            dropped: state.dropped,
            level: state.level,
            dropped_before_level: state.dropped_before_level,
            pushed: state.pushed,
        }
    }

    /// Whether nobody sends any more.
    pub fn is_over(&self) -> bool {
        self.lock().is_ended
    }

    /// Whether no more will be pushed.
    pub(super) fn is_finished(&self) -> bool {
        self.lock().is_finished
    }

    /// From which delay on the upload counts as congested altogether, in ms.
    pub fn congested_at(&self) -> u64 {
        self.settings.policy.last_threshold()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change under the lock is whole at each of its steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueSettings {
    /// Once full, room begins at three quarters: a switch per packet would cost more.
    fn has_room_again(&self, state: &State) -> bool {
        (self.bytes == 0 || state.bytes <= self.bytes / 4 * 3)
            && (self.time == 0 || state.held() <= self.time / 4 * 3)
    }
}

impl State {
    /// Whether a stream could go on with what is first.
    fn begins_group(&self) -> bool {
        let first = self.packets.front().map(|packet| packet.role);
        match self.has_video {
            true => first == Some(Role::Keyframe),
            false => first.is_some(),
        }
    }

    fn is_full(&self, settings: &QueueSettings) -> bool {
        (settings.bytes > 0 && self.bytes >= settings.bytes)
            || (settings.time > 0 && self.held() >= settings.time)
    }

    /// Milliseconds between the oldest and the newest medium here.
    fn held(&self) -> u64 {
        let oldest = self.packets.iter().find(|packet| packet.role.is_media());
        self.since(oldest.map(|packet| packet.time))
    }

    /// The same from what is being sent on.
    fn delay(&self) -> u64 {
        match self.in_hand {
            Some(_) => self.since(self.in_hand),
            None => self.held(),
        }
    }

    fn since(&self, oldest: Option<u64>) -> u64 {
        let both = self.newest.zip(oldest);
        both.map_or(0, |(newest, oldest)| newest.saturating_sub(oldest))
    }

    /// How far the pictures here are behind the newest medium, in ms.
    fn delay_of_pictures(&self) -> u64 {
        let oldest = self.packets.iter().find(|packet| packet.role.is_picture());
        self.since(oldest.map(|packet| packet.time))
    }

    fn admit(&mut self, packet: Packet, policy: &DropPolicy) {
        let role = packet.role;
        if role == Role::Keyframe {
            self.wants_keyframe = false;
            self.is_mute = false;
        }
        let is_unwanted = (role.is_picture() && self.wants_keyframe)
            || (role == Role::Sound && self.is_mute)
            || (role == Role::Disposable && self.level > Level::Everything);
        if is_unwanted {
            self.dropped.count(role);
            return;
        }
        self.bytes += packet.size();
        self.pushed += packet.body.len() as u64;
        self.peak = self.peak.max(self.bytes);
        if role.is_media() {
            self.newest = Some(packet.time);
        }
        if role.is_picture() {
            self.has_video = true;
            self.pictures += 1;
            self.keyframes += usize::from(role == Role::Keyframe);
        }
        self.packets.push_back(packet);
        if self.pictures > 1 {
            self.thin(policy);
        }
    }

    /// Leaves out what the policy says for the present delay.
    fn thin(&mut self, policy: &DropPolicy) {
        if !policy.is_any() {
            return;
        }
        let delay = self.delay_of_pictures();
        if policy.group_after.is_some_and(|limit| delay >= limit) {
            self.note_level();
            self.level = Level::Groups;
            self.drop_groups(policy);
        } else if self.level == Level::Everything
            && policy.disposable_after.is_some_and(|limit| delay >= limit)
        {
            self.note_level();
            self.level = Level::Disposable;
            self.drop_pictures(|role| role == Role::Disposable, usize::MAX);
        }
    }

    fn note_level(&mut self) {
        if self.level == Level::Everything {
            self.dropped_before_level = self.dropped;
        }
    }

    /// Leaves out the pictures before the newest key frame, or all of them if that is
    /// too old as well.
    fn drop_groups(&mut self, policy: &DropPolicy) {
        let is_keyframe = |packet: &Packet| packet.role == Role::Keyframe;
        if let Some(newest) = self.packets.iter().rposition(is_keyframe) {
            self.drop_pictures(|_| true, newest);
        }
        let delay = self.delay_of_pictures();
        if self.keyframes == 0 || policy.group_after.is_some_and(|limit| delay >= limit) {
            self.drop_pictures(|_| true, usize::MAX);
            self.wants_keyframe = true;
        }
    }

    /// Leaves out such pictures in front of a place.
    fn drop_pictures(&mut self, is_unwanted: impl Fn(Role) -> bool, before: usize) {
        let mut place = 0;
        let (dropped, bytes) = (&mut self.dropped, &mut self.bytes);
        let (pictures, keyframes) = (&mut self.pictures, &mut self.keyframes);
        self.packets.retain(|packet| {
            let role = packet.role;
            let goes = place < before && role.is_picture() && is_unwanted(role);
            place += 1;
            if goes {
                dropped.count(role);
                *bytes = bytes.saturating_sub(packet.size());
                *pictures = pictures.saturating_sub(1);
                *keyframes = keyframes.saturating_sub(usize::from(role == Role::Keyframe));
            }
            !goes
        });
    }

    /// A packet is not here any more.
    fn forget(&mut self, packet: &Packet) {
        self.bytes = self.bytes.saturating_sub(packet.size());
        let (role, one) = (packet.role, 1);
        if role.is_picture() {
            self.pictures = self.pictures.saturating_sub(one);
        }
        if role == Role::Keyframe {
            self.keyframes = self.keyframes.saturating_sub(one);
        }
    }
}

#[cfg(test)]
mod tests;
