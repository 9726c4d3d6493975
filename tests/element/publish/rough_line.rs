// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A line that cuts, stalls, delays and throttles, by a seed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gst::prelude::*;

use super::sender::{Came, Sender};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, tag};
use crate::server::Server;

/// Xorshift: the same faults for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) % bound
    }
}

/// How rough a line is.
#[derive(Debug, Clone, Copy)]
struct Roughness {
    /// The most bytes until it is cut.
    longest: u64,
    /// Time that 16 KiB take.
    pause: Duration,
}

/// Cut all the time.
const ROUGH: Roughness = Roughness {
    longest: 400_000,
    pause: Duration::ZERO,
};

/// A slow line that holds for some seconds.
const SLOW: Roughness = Roughness {
    longest: 4_000_000,
    pause: Duration::from_millis(20),
};

/// What a line does to the bytes to the server.
struct Line {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    /// Off: it lets all through.
    is_rough: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    fn start(server: SocketAddr, seed: u64, roughness: Roughness) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let is_rough = Arc::new(AtomicBool::new(true));
        let (stop, rough) = (Arc::clone(&stopping), Arc::clone(&is_rough));
        let thread = std::thread::spawn(move || {
            let mut random = Random(seed.max(1));
            let mut relays = Vec::new();
            while let Ok((client, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let server = TcpStream::connect(server).expect("the server is there");
                let seed = random.below(u64::MAX - 1) + 1;
                let rough = Arc::clone(&rough);
                relays.push(std::thread::spawn(move || {
                    relay(client, server, seed, roughness, &rough);
                }));
            }
            for relay in relays {
                let _ = relay.join();
            }
        });
        Self {
            address,
            stopping,
            is_rough,
            thread: Some(thread),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    seed: u64,
    roughness: Roughness,
    is_rough: &AtomicBool,
) {
    let (mut back_from, mut back_to) = (
        server.try_clone().expect("a socket"),
        client.try_clone().expect("a socket"),
    );
    let back = std::thread::spawn(move || {
        let _ = std::io::copy(&mut back_from, &mut back_to);
        let _ = back_to.shutdown(Shutdown::Both);
    });
    let mut random = Random(seed);
    let mut cut_in = 20_000 + random.below(roughness.longest);
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let mut bytes = &buffer[..count];
        if is_rough.load(Ordering::SeqCst) {
            match random.below(60) {
                0 => std::thread::sleep(Duration::from_millis(100 + random.below(400))),
                1..10 => std::thread::sleep(Duration::from_millis(random.below(20))),
                _ => std::thread::sleep(roughness.pause),
            }
            if count as u64 >= cut_in {
                bytes = &bytes[..usize::try_from(cut_in).expect("small")];
            }
            cut_in -= bytes.len() as u64;
        }
        if server.write_all(bytes).is_err() || cut_in == 0 {
            break;
        }
    }
    // What has been let through arrives before the end does.
    let _ = server.shutdown(Shutdown::Write);
    let _ = client.shutdown(Shutdown::Both);
    let _ = back.join();
}

/// A picture of some KB with its number in it, in groups of ten, every third one with
/// nothing that refers to it.
fn picture(number: u32) -> Vec<u8> {
    let is_key = number.is_multiple_of(10);
    let unit = match (is_key, number % 3 == 2) {
        (true, _) => 0x65,
        (false, true) => 0x01,
        (false, false) => 0x41,
    };
    let mut unit = vec![unit];
    unit.extend(number.to_be_bytes());
    unit.resize(if is_key { 12_000 } else { 3_000 }, 7);
    let mut body = vec![if is_key { 0x17 } else { 0x27 }, 1, 0, 0, 0];
    body.extend(u32::try_from(unit.len()).expect("small").to_be_bytes());
    body.extend(unit);
    body
}

fn number(came: &Came) -> Option<u32> {
    let is_picture = came.2.len() > 1000;
    let bytes = came.2.get(10..14).filter(|_| is_picture)?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Publishes over a rough line until so many connections have come or so much time has
/// passed, and compares what came with what must have.
fn publish(seed: u64, policy: &str, roughness: Roughness, connections: u32, time: Duration) {
    let came = Arc::new(Mutex::new(Vec::<Vec<Came>>::new()));
    let kept = Arc::clone(&came);
    let (done, ended) = mpsc::channel();
    let server = Server::concurrent(move |_, peer| {
        if peer.take_publish().is_none() {
            return;
        }
        let place = {
            let mut all = kept.lock().expect("not poisoned");
            all.push(Vec::new());
            all.len() - 1
        };
        while let Some(media) = peer.next_media() {
            kept.lock().expect("not poisoned")[place].push(media);
        }
        let _ = done.send(());
    });
    let line = Line::start(server.address(), seed, roughness);
    let sender = Sender::new(&format!("rtmp://{}/app/stream", line.address))
        .set("reconnect-delay", 1u32)
        .set("reconnect-factor", 1.0f64)
        .set("send-buffer-size", 16_384u32)
        .set("max-queue-bytes", 400_000u32)
        .set_from_str("drop-policy", policy);
    sender.play();
    sender.wait_for_phase("publishing");
    // Longer than what counts as refused.
    sender.push(&tag(9, 0, AVC_HEADER));
    sender.push(&tag(8, 0, AAC_HEADER));
    std::thread::sleep(Duration::from_millis(1100));
    let deadline = Instant::now() + time;
    let mut pushed = 0;
    let pad = sender.sink.static_pad("sink").expect("a pad");
    while Instant::now() < deadline {
        for _ in 0..10 {
            // Waits where there is no room.
            let body = picture(pushed);
            let buffer = gst::Buffer::from_slice(tag(9, pushed * 40, &body));
            pad.chain(buffer).expect("it is taken");
            let sound = gst::Buffer::from_slice(tag(8, pushed * 40 + 1, AAC));
            pad.chain(sound).expect("it is taken");
            pushed += 1;
        }
        let stats = sender.stats();
        let count = stats.get::<u32>("connections").expect("a figure");
        if count > connections {
            break;
        }
        if policy != "none" {
            // Somewhat faster than the times, so that the line is too slow at times.
            std::thread::sleep(Duration::from_millis(40));
        }
    }
    line.is_rough.store(false, Ordering::SeqCst);
    sender.finish();
    ended.recv().expect("the last connection ends");
    let stats = sender.stats();
    drop(sender);
    drop(line);
    drop(server);
    let came = came.lock().expect("not poisoned");
    check(&came, pushed, policy, seed);
    println!(
        "seed {seed}, {policy}: {pushed} pictures, {} connections, left out {} and {}",
        came.len(),
        stats.get::<u64>("dropped-b-frames").expect("a figure"),
        stats.get::<u64>("dropped-video-frames").expect("a figure"),
    );
}

fn check(came: &[Vec<Came>], pushed: u32, policy: &str, seed: u64) {
    let mut last: Option<u32> = None;
    for (place, connection) in came.iter().enumerate() {
        let numbers: Vec<u32> = connection.iter().filter_map(number).collect();
        for (i, number) in numbers.iter().enumerate() {
            let is_key = number.is_multiple_of(10);
            let shown = format!("seed {seed}, connection {place}, {number} behind {last:?}");
            assert!(
                last.is_none_or(|last| last < *number),
                "once, in order: {shown}"
            );
            if i == 0 {
                assert!(is_key, "a connection begins with a key frame: {shown}");
            } else if !is_key {
                // Within a connection only what the policy says is left out.
                let missing = last.map_or(0, |last| last + 1)..*number;
                let may = policy != "none";
                let is_fine = missing.clone().all(|n| may && n % 3 == 2);
                assert!(is_fine, "{shown}");
            } else if policy == "none" {
                assert_eq!(last.map(|last| last + 1), Some(*number), "{shown}");
            }
            last = Some(*number);
        }
        // Sound is not left out before pictures: of what lies within what came, all is there.
        if policy == "none" {
            let times: Vec<u32> = connection
                .iter()
                .filter(|came| came.2 == AAC)
                .map(|came| came.1)
                .collect();
            assert!(
                times.windows(2).all(|pair| pair[1] == pair[0] + 40),
                "{times:?}"
            );
        }
    }
    assert_eq!(last, Some(pushed - 1), "the last one has come");
}

#[test]
fn what_arrives_is_in_order_and_only_groups_that_a_break_hit_are_cut() {
    for seed in 1..=6 {
        publish(seed, "none", ROUGH, 6, Duration::from_secs(20));
    }
}

#[test]
fn what_the_policy_leaves_out_is_all_that_is_missing() {
    for seed in 11..=13 {
        publish(seed, "gop", ROUGH, 4, Duration::from_secs(6));
    }
}

/// `cargo test --test element -- --ignored --nocapture ten_minutes`
#[test]
#[ignore = "takes ten minutes"]
fn for_ten_minutes() {
    publish(21, "none", SLOW, u32::MAX, Duration::from_secs(300));
    publish(22, "gop", SLOW, u32::MAX, Duration::from_secs(300));
}
