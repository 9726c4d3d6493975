// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The bounded hand-over between the network thread and the streaming thread.
//!
//! The producer never blocks: a push is always taken and answers whether there
//! is room for more. When there is none, the producer stops reading from the
//! socket, and is woken once the consumer has emptied half of the queue.
//! Nothing is dropped, unless a caller does so by [`Queue::thin`]. Only the
//! consumer waits, in [`Queue::pop`], and [`Queue::set_flushing`] ends that
//! wait.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Items for which there may be room that is not in use.
const MAX_IDLE_ROOM: usize = 4096;

/// What the queue needs to know of an item.
pub trait Measured {
    /// Memory that it takes, in bytes.
    fn size(&self) -> usize;
    /// Its time in milliseconds, if it has one.
    fn time(&self) -> Option<u64>;
}

/// When a queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes held; 0 for no limit.
    pub bytes: usize,
    /// Milliseconds between the oldest and the newest item; 0 for no limit.
    pub time: u64,
}

/// What [`Queue::pop`] brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Popped<E> {
    /// At least one item has been added to the caller's list.
    Items,
    /// Every item has been taken before, and this is how it ended.
    End(E),
    /// The queue is flushing.
    Flushing,
    /// Nothing came in time.
    TimedOut,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fill {
    /// Bytes held.
    pub bytes: usize,
    /// Milliseconds between the oldest and the newest item.
    pub time: u64,
    /// The most bytes that were ever held.
    pub peak_bytes: usize,
}

/// A queue of `T` that ends with an `E`.
pub struct Queue<T, E> {
    limits: Limits,
    state: Mutex<State<T, E>>,
    filled: Condvar,
    wake_producer: Box<dyn Fn() + Send + Sync>,
}

struct State<T, E> {
    items: VecDeque<T>,
    bytes: usize,
    newest: Option<u64>,
    /// The most bytes that it has held.
    peak: usize,
    end: Option<E>,
    flushing: bool,
    /// How often it began to flush: a wait ends though it is over by then.
    flushes: u64,
    /// The consumer gets nothing.
    held: bool,
    consumer_waits: bool,
    /// The producer was told that the queue is full, and has stopped.
    producer_waits: bool,
}

impl<T: Measured, E: Clone> Queue<T, E> {
    /// An empty queue. `wake_producer` is called without any lock held.
    pub fn new(limits: Limits, wake_producer: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            limits,
            state: Mutex::new(State {
                items: VecDeque::new(),
                bytes: 0,
                newest: None,
                peak: 0,
                end: None,
                flushing: false,
                flushes: 0,
                held: false,
                consumer_waits: false,
                producer_waits: false,
            }),
            filled: Condvar::new(),
            wake_producer: Box::new(wake_producer),
        }
    }

    /// Takes all of `batch` and tells whether there is room for more.
    pub fn push(&self, batch: &mut VecDeque<T>) -> bool {
        let mut state = self.lock();
        if !batch.is_empty() {
            for item in batch.iter() {
                state.bytes += item.size();
                state.newest = item.time().or(state.newest);
            }
            if state.items.is_empty() {
                std::mem::swap(&mut state.items, batch);
            } else {
                state.items.append(batch);
            }
            state.peak = state.peak.max(state.bytes);
        }
        let fill = state.fill();
        let full = (self.limits.bytes > 0 && fill.bytes >= self.limits.bytes)
            || (self.limits.time > 0 && fill.time >= self.limits.time);
        // Once full, room begins at half: a switch per item would cost more.
        state.producer_waits = full || (state.producer_waits && !self.is_half_empty(fill));
        let room = !state.producer_waits;
        let notify = state.consumer_waits && !state.items.is_empty();
        drop(state);
        if notify {
            self.filled.notify_one();
        }
        room
    }

    /// Adds the end. The first one counts; items pushed later are not expected.
    pub fn finish(&self, end: E) {
        self.lock().end.get_or_insert(end);
        self.filled.notify_one();
    }

    /// Waits for items, and moves up to `max_bytes` of them, at least one, to
    /// the back of `items`.
    pub fn pop(&self, items: &mut VecDeque<T>, max_bytes: usize) -> Popped<E> {
        self.pop_until(items, max_bytes, None)
    }

    /// The same, waiting up to that moment.
    pub fn pop_until(
        &self,
        items: &mut VecDeque<T>,
        max_bytes: usize,
        deadline: Option<Instant>,
    ) -> Popped<E> {
        let mut state = self.lock();
        let flushes = state.flushes;
        loop {
            if state.flushing || state.flushes != flushes {
                return Popped::Flushing;
            }
            if !state.items.is_empty() && !state.held {
                break;
            }
            if let Some(end) = state.end.as_ref().filter(|_| !state.held) {
                return Popped::End(end.clone());
            }
            let deadline = deadline.filter(|_| !state.held);
            state.consumer_waits = true;
            state = match deadline {
                None => self
                    .filled
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        state.consumer_waits = false;
                        return Popped::TimedOut;
                    }
                    let waited = self.filled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
            state.consumer_waits = false;
        }

        if state.bytes <= max_bytes && items.is_empty() {
            std::mem::swap(&mut state.items, items);
            state.bytes = 0;
        } else {
            let mut taken = 0;
            while taken < max_bytes
                && let Some(item) = state.items.pop_front()
            {
                taken += item.size();
                items.push_back(item);
            }
            state.bytes = state.bytes.saturating_sub(taken);
        }
        // Room for what was there once is not counted any more.
        let (length, room) = (state.items.len(), state.items.capacity());
        if room > MAX_IDLE_ROOM && length < room / 4 {
            state.items.shrink_to((2 * length).max(MAX_IDLE_ROOM));
        }
        let wake = state.producer_waits && self.is_half_empty(state.fill());
        drop(state);
        if wake {
            (self.wake_producer)();
        }
        Popped::Items
    }

    /// Lets `thin` take out what is not wanted any more.
    pub fn thin(&self, thin: impl FnOnce(&mut VecDeque<T>)) {
        let mut state = self.lock();
        thin(&mut state.items);
        state.bytes = state.items.iter().map(Measured::size).sum();
        let wake = state.producer_waits && self.is_half_empty(state.fill());
        drop(state);
        if wake {
            (self.wake_producer)();
        }
    }

    /// Whether the end has been added.
    pub fn is_finished(&self) -> bool {
        self.lock().end.is_some()
    }

    /// While flushing, [`pop`](Self::pop) returns at once. Items stay.
    pub fn set_flushing(&self, flushing: bool) {
        let mut state = self.lock();
        state.flushing = flushing;
        state.flushes += u64::from(flushing);
        drop(state);
        self.filled.notify_one();
    }

    /// While held, [`pop`](Self::pop) waits even if something is there.
    pub fn set_held(&self, held: bool) {
        self.lock().held = held;
        self.filled.notify_one();
    }

    /// How full it is.
    pub fn fill(&self) -> Fill {
        self.lock().fill()
    }

    fn is_half_empty(&self, fill: Fill) -> bool {
        (self.limits.bytes == 0 || fill.bytes <= self.limits.bytes / 2)
            && (self.limits.time == 0 || fill.time <= self.limits.time / 2)
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        // Every change under the lock is complete at each of its steps.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Measured, E> State<T, E> {
    fn fill(&self) -> Fill {
        let oldest = self.items.iter().find_map(Measured::time);
        Fill {
            bytes: self.bytes,
            time: match (oldest, self.newest) {
                (Some(oldest), Some(newest)) => newest.saturating_sub(oldest),
                _ => 0,
            },
            peak_bytes: self.peak,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Size and time.
    #[derive(Debug, PartialEq, Eq, Clone, Copy)]
    struct Thing(usize, u64);

    impl Measured for Thing {
        fn size(&self) -> usize {
            self.0
        }
        fn time(&self) -> Option<u64> {
            Some(self.1)
        }
    }

    fn queue(bytes: usize, time: u64) -> (Arc<Queue<Thing, &'static str>>, Arc<AtomicU32>) {
        let wakes = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&wakes);
        let queue = Queue::new(Limits { bytes, time }, move || {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        (Arc::new(queue), wakes)
    }

    fn push(queue: &Queue<Thing, &'static str>, things: &[Thing]) -> bool {
        queue.push(&mut things.iter().copied().collect())
    }

    fn pop(queue: &Queue<Thing, &'static str>, max: usize) -> (Vec<Thing>, Popped<&'static str>) {
        let mut items = VecDeque::new();
        let popped = queue.pop(&mut items, max);
        (items.into(), popped)
    }

    #[test]
    fn items_come_out_in_order_before_the_end() {
        let (queue, _) = queue(0, 0);
        push(&queue, &[Thing(1, 1), Thing(2, 2)]);
        queue.finish("first");
        queue.finish("second");
        let items = vec![Thing(1, 1), Thing(2, 2)];
        assert_eq!(pop(&queue, usize::MAX), (items, Popped::Items));
        assert_eq!(pop(&queue, usize::MAX), (vec![], Popped::End("first")));
        assert_eq!(pop(&queue, usize::MAX), (vec![], Popped::End("first")));
    }

    #[test]
    fn a_pop_takes_no_more_than_asked_but_at_least_one() {
        let (queue, _) = queue(0, 0);
        push(&queue, &[Thing(5, 1), Thing(5, 2), Thing(5, 3)]);
        assert_eq!(pop(&queue, 1).0, [Thing(5, 1)]);
        assert_eq!(pop(&queue, 10).0, [Thing(5, 2), Thing(5, 3)]);
    }

    #[test]
    fn full_by_bytes_wakes_the_producer_at_half() {
        let (queue, wakes) = queue(100, 0);
        assert!(push(&queue, &[Thing(60, 0)]));
        assert!(!push(&queue, &[Thing(30, 0), Thing(30, 0)]), "overshoots");
        assert_eq!(queue.fill().bytes, 120);
        pop(&queue, 60);
        assert_eq!(wakes.load(Ordering::SeqCst), 0, "60 of 100 left");
        assert!(!push(&queue, &[]), "still above half");
        pop(&queue, 30);
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert!(push(&queue, &[]));
    }

    #[test]
    fn full_by_time_wakes_the_producer_at_half() {
        let (queue, wakes) = queue(0, 1000);
        assert!(push(&queue, &[Thing(1, 5000), Thing(1, 5999)]));
        assert!(!push(&queue, &[Thing(1, 6000)]));
        assert_eq!(queue.fill().time, 1000);
        pop(&queue, 1);
        assert_eq!(wakes.load(Ordering::SeqCst), 1, "1 ms left");
        assert!(push(&queue, &[]));
    }

    #[test]
    fn room_that_was_needed_once_is_given_back() {
        let (queue, _) = queue(0, 0);
        let mut batch: VecDeque<_> = (0..1_000_000).map(|n| Thing(1, n)).collect();
        queue.push(&mut batch);
        let mut items = VecDeque::new();
        while queue.fill().bytes > 0 {
            items.clear();
            queue.pop(&mut items, 1000);
            let state = queue.lock();
            let most = (8 * state.items.len()).max(2 * MAX_IDLE_ROOM);
            assert!(state.items.capacity() <= most);
        }
        assert!(items.capacity() <= 2 * MAX_IDLE_ROOM);
        assert!(batch.capacity() <= 2 * MAX_IDLE_ROOM);
    }

    #[test]
    fn the_peak_stays_when_the_queue_is_emptied() {
        let (queue, _) = queue(0, 0);
        push(&queue, &[Thing(60, 1), Thing(40, 2)]);
        pop(&queue, usize::MAX);
        push(&queue, &[Thing(70, 3)]);
        let fill = queue.fill();
        assert_eq!((fill.bytes, fill.peak_bytes), (70, 100));
    }

    #[test]
    fn a_wait_with_a_deadline_ends() {
        let (queue, _) = queue(0, 0);
        let mut items = VecDeque::new();
        let soon = Instant::now() + Duration::from_millis(1);
        let popped = queue.pop_until(&mut items, 1, Some(soon));
        assert_eq!(popped, Popped::TimedOut);
        push(&queue, &[Thing(1, 1)]);
        let popped = queue.pop_until(&mut items, 1, Some(soon));
        assert_eq!(popped, Popped::Items, "what is there counts");
    }

    #[test]
    fn thinning_makes_room_and_wakes_the_producer() {
        let (queue, wakes) = queue(100, 0);
        assert!(!push(&queue, &[Thing(60, 1), Thing(30, 2), Thing(20, 3)]));
        queue.thin(|items| items.retain(|thing| thing.1 > 1));
        assert_eq!(queue.fill().bytes, 50);
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert_eq!(pop(&queue, 100).0, [Thing(30, 2), Thing(20, 3)]);
    }

    #[test]
    fn flushing_ends_a_wait_and_keeps_what_is_there() {
        let (queue, _) = queue(0, 0);
        let (sender, receiver) = mpsc::channel();
        let waiting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || sender.send(pop(&waiting, 1)));
        queue.set_flushing(true);
        let deadline = Duration::from_secs(30);
        assert_eq!(
            receiver.recv_timeout(deadline),
            Ok((vec![], Popped::Flushing))
        );
        thread.join().expect("the thread ends").expect("and sends");

        push(&queue, &[Thing(1, 1)]);
        assert_eq!(pop(&queue, 1).1, Popped::Flushing);
        queue.set_flushing(false);
        assert_eq!(pop(&queue, 1), (vec![Thing(1, 1)], Popped::Items));
    }

    #[test]
    fn what_is_held_waits_until_it_is_not_or_is_flushed() {
        let (queue, _) = queue(0, 0);
        queue.set_held(true);
        push(&queue, &[Thing(1, 1)]);
        queue.finish("end");
        let (sender, receiver) = mpsc::channel();
        let waiting = Arc::clone(&queue);
        // The second wait may begin only when the flush is over.
        let (over, flush_over) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let _ = sender.send(pop(&waiting, 1).1);
            let _ = flush_over.recv();
            let _ = sender.send(pop(&waiting, 1).1);
        });
        while !queue.lock().consumer_waits {
            std::thread::yield_now();
        }
        queue.set_flushing(true);
        queue.set_flushing(false);
        assert_eq!(receiver.recv(), Ok(Popped::Flushing));
        over.send(()).expect("the thread listens");
        while !queue.lock().consumer_waits {
            std::thread::yield_now();
        }
        queue.set_held(false);
        assert_eq!(receiver.recv(), Ok(Popped::Items));
        thread.join().expect("the thread ends");
    }

    #[test]
    fn a_short_flush_ends_a_wait_as_well() {
        let (queue, _) = queue(0, 0);
        let waiting = Arc::clone(&queue);
        let thread = std::thread::spawn(move || pop(&waiting, 1).1);
        while !queue.lock().consumer_waits {
            std::thread::yield_now();
        }
        queue.set_flushing(true);
        queue.set_flushing(false);
        push(&queue, &[Thing(1, 1)]);
        assert_eq!(thread.join().expect("the thread ends"), Popped::Flushing);
        assert_eq!(pop(&queue, 1).1, Popped::Items);
    }

    #[test]
    fn a_push_or_an_end_wakes_the_waiting_consumer() {
        for end in [false, true] {
            let (queue, _) = queue(0, 0);
            let waiting = Arc::clone(&queue);
            let thread = std::thread::spawn(move || pop(&waiting, 1).1);
            if end {
                queue.finish("end");
            } else {
                push(&queue, &[Thing(1, 1)]);
            }
            let popped = thread.join().expect("the thread ends");
            assert_eq!(popped == Popped::Items, !end);
        }
    }
}
