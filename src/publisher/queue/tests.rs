// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;

use super::*;
use crate::flv::TagType;
use crate::publisher::packet::PACKET_OVERHEAD;

const NONE: QueueSettings = QueueSettings {
    bytes: 0,
    time: 0,
    policy: DropPolicy {
        disposable_after: None,
        group_after: None,
    },
};

const BOTH: QueueSettings = QueueSettings {
    policy: DropPolicy {
        disposable_after: Some(700),
        group_after: Some(900),
    },
    ..NONE
};

fn packet(role: Role, time: u64) -> Packet {
    Packet {
        kind: match role {
            Role::Sound => TagType::Audio,
            Role::Metadata | Role::Data => TagType::Script,
            _ => TagType::Video,
        },
        role,
        time,
        body: Bytes::from_static(&[0; 100]),
        codec: None,
    }
}

fn queue(settings: QueueSettings) -> (UploadQueue, Arc<AtomicU32>) {
    let wakes = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&wakes);
    let queue = UploadQueue::new(settings, move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    (queue, wakes)
}

fn push(queue: &UploadQueue, role: Role, time: u64) -> Result<(), Refused> {
    queue.push(&mut VecDeque::from([packet(role, time)]))
}

/// Pictures each 40 ms in groups of 25, every second one disposable, with sound.
fn push_stream(queue: &UploadQueue, frames: std::ops::Range<u64>) {
    for i in frames {
        let role = match i % 25 {
            0 => Role::Keyframe,
            n if n % 2 == 1 => Role::Disposable,
            _ => Role::Frame,
        };
        push(queue, role, i * 40).expect("taken");
        push(queue, Role::Sound, i * 40 + 5).expect("taken");
    }
}

fn take_all(queue: &UploadQueue) -> Vec<(Role, u64)> {
    let mut taken = VecDeque::new();
    while queue.take(&mut taken, 1000, false) == Taken::Packets {}
    taken
        .iter()
        .map(|packet| (packet.role, packet.time))
        .collect()
}

#[test]
fn what_is_pushed_comes_out_in_order_and_the_end_behind_it() {
    let (queue, _) = queue(NONE);
    push_stream(&queue, 0..30);
    assert_eq!(queue.fill().time, 29 * 40 + 5);
    queue.finish();
    let taken = take_all(&queue);
    assert_eq!(taken.len(), 60);
    assert!(taken.is_sorted_by_key(|(_, time)| *time));
    assert_eq!(queue.take(&mut VecDeque::new(), 1, false), Taken::End);
    queue.reopen();
    assert_eq!(queue.take(&mut VecDeque::new(), 1, false), Taken::Nothing);
    assert_eq!(queue.fill().bytes, 0);
    assert_eq!(queue.fill().dropped, Dropped::default());
}

#[test]
fn the_sender_is_woken_once_and_only_if_it_wants_to_be() {
    let (queue, wakes) = queue(NONE);
    push_stream(&queue, 0..5);
    assert_eq!(wakes.load(Ordering::SeqCst), 0);
    assert!(!queue.wake_above(0), "there is something");
    take_all(&queue);
    assert!(queue.wake_above(0));
    push_stream(&queue, 5..10);
    assert_eq!(wakes.load(Ordering::SeqCst), 1);
    take_all(&queue);
    let two = 2 * (100 + PACKET_OVERHEAD);
    assert!(queue.wake_above(two));
    push_stream(&queue, 10..11);
    assert_eq!(wakes.load(Ordering::SeqCst), 1, "not enough");
    push_stream(&queue, 11..12);
    assert_eq!(wakes.load(Ordering::SeqCst), 2);
    take_all(&queue);
    assert!(queue.wake_above(1 << 20));
    queue.finish();
    assert_eq!(wakes.load(Ordering::SeqCst), 3, "the end is always told");
}

#[test]
fn a_full_queue_has_the_pusher_wait_until_there_is_room() {
    let (queue, _) = queue(QueueSettings { time: 1000, ..NONE });
    let queue = Arc::new(queue);
    let pusher = Arc::clone(&queue);
    let (said, hear) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        for i in 0..100 {
            push(&pusher, Role::Sound, i * 40).expect("taken");
            said.send(i).expect("heard");
        }
    });
    // 0 to 1000 ms go in, the next one waits.
    for i in 0..=25 {
        assert_eq!(hear.recv(), Ok(i));
    }
    let mut taken = VecDeque::new();
    while taken.len() < 100 {
        queue.take(&mut taken, 2000, false);
        // No more than fits at a time, and what is in hand.
        assert!(queue.fill().time <= 1400);
    }
    thread.join().expect("no panic");
    let times: Vec<_> = taken.iter().map(|packet| packet.time).collect();
    assert_eq!(times, (0..100).map(|i| i * 40).collect::<Vec<_>>());
}

#[test]
fn waits_end_with_a_flush_and_with_the_sender() {
    for refused in [Refused::Flushing, Refused::Ended] {
        let (queue, _) = queue(QueueSettings { bytes: 1, ..NONE });
        let queue = Arc::new(queue);
        push(&queue, Role::Sound, 0).expect("the first one is taken");
        let pusher = Arc::clone(&queue);
        let thread = std::thread::spawn(move || push(&pusher, Role::Sound, 1));
        match refused {
            Refused::Flushing => queue.set_flushing(true),
            Refused::Ended => queue.end(),
        }
        assert_eq!(thread.join().expect("no panic"), Err(refused));
        assert_eq!(queue.wait_for_end(), refused == Refused::Ended);
    }
}

#[test]
fn without_a_policy_nothing_is_left_out() {
    let (queue, _) = queue(NONE);
    push_stream(&queue, 0..1000);
    assert_eq!(take_all(&queue).len(), 2000);
}

#[test]
fn disposable_pictures_go_first_until_the_queue_is_empty() {
    let (queue, _) = queue(BOTH);
    // 18 pictures are 680 ms.
    push_stream(&queue, 0..18);
    assert_eq!(queue.fill().level, Level::Everything);
    push_stream(&queue, 18..19);
    let fill = queue.fill();
    assert_eq!(fill.level, Level::Disposable);
    assert_eq!(fill.dropped.disposable, 9);
    // Taken in part, it goes on.
    queue.take(&mut VecDeque::new(), 1000, false);
    push_stream(&queue, 19..20);
    assert_eq!(queue.fill().dropped.disposable, 10);
    let taken = take_all(&queue);
    assert!(taken.iter().all(|(role, _)| *role != Role::Disposable));
    assert_eq!(queue.fill().level, Level::Everything);
    push_stream(&queue, 20..22);
    let roles: Vec<_> = take_all(&queue).into_iter().map(|(role, _)| role).collect();
    let expected = [Role::Frame, Role::Sound, Role::Disposable, Role::Sound];
    assert_eq!(roles, expected, "undone");
}

#[test]
fn groups_go_up_to_the_newest_key_frame_and_sound_stays() {
    let (queue, _) = queue(BOTH);
    push_stream(&queue, 0..25 * 4 + 3);
    let fill = queue.fill();
    assert_eq!(fill.level, Level::Groups);
    assert_eq!(fill.dropped.sounds, 0);
    let taken = take_all(&queue);
    let sounds = taken
        .iter()
        .filter(|(role, _)| *role == Role::Sound)
        .count();
    assert_eq!(sounds, 103);
    let pictures: Vec<_> = taken.iter().filter(|(role, _)| role.is_picture()).collect();
    assert_eq!(
        pictures.first().map(|(role, _)| *role),
        Some(Role::Keyframe)
    );
    // Nothing that refers to what is gone: pictures follow their key frame at once.
    let mut last = None;
    for (role, time) in pictures {
        let is_next = last.is_some_and(|last| *time == last + 80);
        assert!(*role == Role::Keyframe || is_next, "{role:?} at {time}");
        last = Some(*time);
    }
    let dropped = fill.dropped;
    assert_eq!(
        dropped.disposable + dropped.pictures + taken.len() as u64 - 103,
        103
    );
}

#[test]
fn a_group_that_is_longer_than_the_limit_is_left_out_as_a_whole() {
    let (queue, _) = queue(BOTH);
    push(&queue, Role::Keyframe, 0).expect("taken");
    for i in 1..100 {
        push(&queue, Role::Frame, i * 40).expect("taken");
    }
    assert_eq!(take_all(&queue), [], "up to the next key frame");
    push(&queue, Role::Frame, 4000).expect("left out");
    push(&queue, Role::Keyframe, 4040).expect("taken");
    push(&queue, Role::Frame, 4080).expect("taken");
    let taken = take_all(&queue);
    assert_eq!(taken, [(Role::Keyframe, 4040), (Role::Frame, 4080)]);
    let dropped = queue.fill().dropped;
    assert_eq!((dropped.pictures, dropped.keyframes), (101, 1));
}

#[test]
fn after_a_break_it_goes_on_with_a_key_frame_and_headers_are_kept() {
    let (queue, _) = queue(NONE);
    push_stream(&queue, 10..20);
    push(&queue, Role::Header(0), 0).expect("taken");
    push_stream(&queue, 20..30);
    let headers = queue.resume();
    assert_eq!(headers.len(), 1);
    let taken = take_all(&queue);
    assert_eq!(taken[0], (Role::Keyframe, 1000));
    assert_eq!(taken.len(), 10);
    let dropped = queue.fill().dropped;
    assert_eq!(dropped.sounds, 15);
    assert_eq!(dropped.disposable + dropped.pictures, 15);

    // With none there, sound waits for one as well.
    push_stream(&queue, 30..40);
    assert!(queue.resume().is_empty());
    push_stream(&queue, 40..52);
    let taken = take_all(&queue);
    assert_eq!(taken[0], (Role::Keyframe, 2000));
    assert_eq!(taken.len(), 4);
}

#[test]
fn sound_alone_goes_on_at_once() {
    let (queue, _) = queue(BOTH);
    for i in 0..100 {
        push(&queue, Role::Sound, i * 20).expect("taken");
    }
    queue.resume();
    assert_eq!(take_all(&queue).len(), 100);
}

#[test]
fn what_is_being_sent_counts_for_the_delay() {
    let (queue, _) = queue(NONE);
    push_stream(&queue, 0..11);
    let mut taken = VecDeque::new();
    queue.take(&mut taken, 1, false);
    assert_eq!(queue.fill().time, 405);
    queue.take(&mut taken, usize::MAX, false);
    assert_eq!(queue.fill().time, 400, "from the second packet on");
    queue.take(&mut taken, 1, false);
    assert_eq!(queue.fill().time, 0);
}

#[test]
fn another_connection_goes_on_at_a_key_frame() {
    let (queue, _) = queue(NONE);
    push_stream(&queue, 20..30);
    let mut taken = VecDeque::new();
    while queue.take(&mut taken, 1000, true) == Taken::Packets {}
    assert_eq!(taken.len(), 10);
    assert_eq!(queue.take(&mut taken, 1000, true), Taken::Keyframe);
    assert_eq!(taken.len(), 10, "nothing is taken with it");
    assert_eq!(take_all(&queue)[0], (Role::Keyframe, 1000));
}
