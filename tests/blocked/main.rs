// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A minute of 8 Mbit/s for a pipeline that takes nothing: the server's pings
//! are answered, memory stays bounded, and afterwards nothing is missing. In a
//! process of its own, whose memory is that of one play.

#[path = "../element/media.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod media;
#[path = "../element/player.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod player;
#[path = "../element/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, Once, mpsc};
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::session::server::Event;
use gstrtmpr::rtmp::user_control::UserControl;

use media::{AAC, KEYFRAME, send_headers, tag};
use player::Player;
use server::{Peer, Server};

/// Far beyond what anything here takes: reached only by a hang.
const HANG: Duration = Duration::from_secs(240);

const SECONDS: u32 = 60;
const FRAMES_PER_SECOND: u32 = 25;

/// Bytes of a frame, sound included, so that a second is 8 Mbit.
const FRAME: usize = 1_000_000 / FRAMES_PER_SECOND as usize;
const SOUND: usize = 400;

/// What the queue may take beyond its limit: one batch, which is 256 KiB, and
/// 256 bytes for each item in it.
const OVERSHOOT: u64 = 300_000;

/// What the test's server, threads and allocator may take beside the queue.
const OTHER_MEMORY: u64 = 24 << 20;

/// Buffers before the first frame: file header, metadata, two codec headers.
const HEADERS: usize = 4;

/// One play at a time, for the figures to be its own.
static ALONE: Mutex<()> = Mutex::new(());

fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer starts");
        gstrtmpr::plugin_register_static().expect("the plugin registers");
    });
}

/// How the server sends.
#[derive(Clone, Copy)]
enum Pace {
    RealTime,
    AsFastAsItCan,
}

/// Video and audio of one frame, which no other has.
fn frame(number: u32) -> [(MediaKind, u8, Vec<u8>); 2] {
    let noise = |start: &[u8], length: usize, mut state: u32| {
        let mut body = start.to_vec();
        body.extend_from_slice(&number.to_be_bytes());
        body.resize_with(length, || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        });
        body
    };
    [
        (
            MediaKind::Video,
            9,
            noise(KEYFRAME, FRAME - SOUND, 2 * number + 1),
        ),
        (MediaKind::Audio, 8, noise(AAC, SOUND, 2 * number + 2)),
    ]
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

/// Sends a second of the stream, and adds what has to come out.
fn send_second(
    peer: &mut Peer,
    stream: StreamId,
    second: u32,
    pace: Option<Instant>,
    sent: &Mutex<Vec<u64>>,
) {
    for number in second * FRAMES_PER_SECOND..(second + 1) * FRAMES_PER_SECOND {
        let time = number * 1000 / FRAMES_PER_SECOND;
        if let Some(start) = pace {
            let due = start + Duration::from_millis(time.into());
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        for (kind, code, body) in frame(number) {
            peer.media(stream, kind, time, &body);
            let expected = hash(&tag(code, time, &body));
            sent.lock().expect("not poisoned").push(expected);
        }
        peer.flush();
    }
}

fn ping(peer: &mut Peer, number: u32) {
    peer.session.user_control(&UserControl::PingRequest(number));
    peer.until(|event| match event {
        Event::UserControl(UserControl::PingResponse(answer)) if *answer == number => Some(()),
        _ => None,
    });
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("our own figures");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    kib.expect("a number") << 10
}

/// The most that was seen while the pipeline was blocked.
#[derive(Default)]
struct Most {
    queued: u64,
    growth: u64,
}

impl Most {
    fn look(&mut self, player: &Player, before: u64) {
        let queued = player.stats().get::<u64>("queue-bytes").unwrap_or(0);
        self.queued = self.queued.max(queued);
        self.growth = self.growth.max(resident().saturating_sub(before));
    }
}

/// Takes everything up to the end, and compares it with what was sent.
fn assert_whole(player: &Player, sent: &Mutex<Vec<u64>>) {
    let buffers = std::iter::from_fn(|| player.next_buffer());
    let came: Vec<_> = buffers
        .skip(HEADERS)
        .map(|buffer| hash(&buffer.map_readable().expect("readable")))
        .collect();
    let sent = sent.lock().expect("not poisoned");
    let frames = usize::try_from(2 * SECONDS * FRAMES_PER_SECOND);
    assert_eq!(Ok(sent.len()), frames, "everything was sent");
    let differs = came.iter().zip(sent.iter()).position(|(a, b)| a != b);
    assert_eq!(differs, None, "the first tag that differs");
    assert_eq!(came.len(), sent.len(), "tags");
}

/// The stream has room in the default queue: each second's ping is answered
/// while the sink takes nothing.
fn everything_waits_in_the_queue(pace: Pace) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let sent = Arc::<Mutex<Vec<u64>>>::default();
    let expected = Arc::clone(&sent);
    let (answered, answers) = mpsc::channel();
    let server = Server::playing(move |peer, stream| {
        let pace = match pace {
            Pace::RealTime => Some(Instant::now()),
            Pace::AsFastAsItCan => None,
        };
        send_headers(peer, stream, 0);
        for second in 0..SECONDS {
            send_second(peer, stream, second, pace, &expected);
            ping(peer, second);
            let _ = answered.send(second);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    let limit: u32 = player.source.property("max-queue-bytes");
    let before = resident();
    // PAUSED: the sink holds the first buffer, the streaming thread is stuck.
    player.set_state(gst::State::Paused);
    let mut most = Most::default();
    for second in 0..SECONDS {
        assert_eq!(
            answers.recv_timeout(HANG),
            Ok(second),
            "its ping is answered"
        );
        most.look(&player, before);
    }
    println!(
        "{SECONDS} pings answered; queued {} bytes, memory grew by {}",
        most.queued, most.growth
    );
    assert!(most.queued > u64::from(limit) / 2, "it was blocked");
    assert!(
        most.queued <= u64::from(limit) + OVERSHOOT,
        "{}",
        most.queued
    );
    assert!(
        most.growth <= u64::from(limit) + OVERSHOOT + OTHER_MEMORY,
        "{}",
        most.growth
    );

    player.play();
    assert_whole(&player, &sent);
}

#[test]
fn a_minute_is_kept_and_pings_are_answered() {
    everything_waits_in_the_queue(Pace::AsFastAsItCan);
}

#[test]
#[ignore = "takes a minute; make faults runs it"]
fn a_minute_in_real_time_is_kept_and_pings_are_answered() {
    everything_waits_in_the_queue(Pace::RealTime);
}

#[test]
fn a_minute_that_is_too_much_for_the_queue_waits_at_the_server() {
    const LIMIT: u32 = 4 << 20;

    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let sent = Arc::<Mutex<Vec<u64>>>::default();
    let expected = Arc::clone(&sent);
    let server = Server::playing(move |peer, stream| {
        send_headers(peer, stream, 0);
        for second in 0..SECONDS {
            send_second(peer, stream, second, None, &expected);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.source.set_property("max-queue-bytes", LIMIT);
    let before = resident();
    player.set_state(gst::State::Paused);
    let mut most = Most::default();
    let deadline = Instant::now() + HANG;
    // Full; the server gets no further than the buffers of the two sockets.
    let mut rounds = 0;
    while rounds < 200 {
        assert!(Instant::now() < deadline, "the queue fills");
        most.look(&player, before);
        rounds += u32::from(most.queued >= u64::from(LIMIT));
        std::thread::sleep(Duration::from_millis(1));
    }
    println!(
        "queued {} bytes, memory grew by {}",
        most.queued, most.growth
    );
    assert!(
        most.queued <= u64::from(LIMIT) + OVERSHOOT,
        "{}",
        most.queued
    );
    assert!(
        most.growth <= u64::from(LIMIT) + OVERSHOOT + OTHER_MEMORY,
        "{}",
        most.growth
    );

    player.play();
    assert_whole(&player, &sent);
}
