// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Publishes and plays for a long time while the server and both lines fail.
//!
//! `cargo run --release --example soak -- [MINUTES [EVERY [SEED]]]`: how long, the
//! seconds between faults, and the seed that chooses them. Fails if one of the pipelines
//! posts an error, ends, or does not play in the end.

mod lips;
#[path = "../../benches/glass_to_glass/nginx.rs"]
mod nginx;
mod player;
mod proxy;
mod publisher;

use std::process::ExitCode;
use std::thread::sleep;
use std::time::{Duration, Instant};

use lips::Lips;
use nginx::Nginx;
use player::Player;
use proxy::Proxy;
use publisher::Publisher;

const FAULTS: [&str; 5] = [
    "server killed",
    "player's line cut",
    "player's line stalls for 3 s",
    "publisher's line cut",
    "publisher's line stalls for 3 s",
];

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next() {
        Some(text) => text
            .parse()
            .map_err(|_| format!("{text} is no whole number")),
        None => Ok(default),
    };
    let (minutes, every, mut seed) = (number(30)?, number(20)?.max(1), number(1)?);
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())?;

    let mut nginx = Nginx::start()?;
    let line = || Proxy::start(nginx.address()).map_err(|error| error.to_string());
    let (proxy, upload) = (line()?, line()?);
    let publisher = Publisher::start(upload.address())?;
    let player = Player::start(proxy.address())?;
    let started = Instant::now();
    let duration = Duration::from_secs(minutes.saturating_mul(60));
    let mut next = Duration::from_secs(every);
    let (mut counts, mut recovered) = ([0_u32; FAULTS.len()], 0_u32);
    let mut lips = Lips::default();
    let (mut memory, mut end) = ([None; 3], None);
    while started.elapsed() < duration && end.is_none() {
        sleep(Duration::from_millis(25));
        let elapsed = started.elapsed();
        // Not before the pipeline has its own working set.
        if memory[0].is_none() && elapsed > Duration::from_secs(10) {
            memory[0] = resident();
        }
        if memory[1].is_none() && elapsed > duration / 2 {
            memory[1] = resident();
        }
        lips.look(player.shown_last("video"), player.shown_last("audio"));
        // None shortly before the end, which is to find it playing.
        if elapsed >= next && elapsed + Duration::from_secs(8) < duration {
            let fault = (random(&mut seed) % FAULTS.len() as u64) as usize;
            println!("{:>6} s: {}", elapsed.as_secs(), FAULTS[fault]);
            counts[fault] += 1;
            recovered += u32::from(lips.are_playing());
            match fault {
                0 => {
                    nginx.kill();
                    sleep(Duration::from_secs(1));
                    nginx.run()?;
                }
                1 => proxy.cut(),
                2 => proxy.stall(Duration::from_secs(3)),
                3 => upload.cut(),
                _ => upload.stall(Duration::from_secs(3)),
            }
            next = started.elapsed() + Duration::from_secs(every);
        }
        end = player.end().or_else(|| publisher.end());
    }
    memory[2] = resident();

    let is_playing = player.is_playing() && publisher.is_playing();
    println!("both playing in the end: {is_playing}");
    println!(
        "picture and sound played before faults: {recovered} of {}, in the end: {}",
        counts.iter().sum::<u32>(),
        lips.are_playing()
    );
    if let Some(end) = &end {
        println!("ended by: {end}");
    }
    for (name, count) in FAULTS.iter().zip(counts) {
        println!("{name}: {count}");
    }
    println!(
        "reconnects of the player: {}, of the publisher: {}",
        player.reconnects().unwrap_or_default(),
        publisher.figure("reconnects")
    );
    println!(
        "published: {} pictures, {} sounds; left out: {} and {} pictures, {} sounds",
        publisher.figure("video-messages"),
        publisher.figure("audio-messages"),
        publisher.figure("dropped-b-frames"),
        publisher.figure("dropped-video-frames"),
        publisher.figure("dropped-audio-frames")
    );
    println!("pictures decoded: {}", player.decoded());
    for sink in ["video", "audio"] {
        let (shown, dropped) = player.shown_and_dropped(sink).unwrap_or_default();
        println!("{sink} buffers shown: {shown}, dropped late: {dropped}");
    }
    lips.print();
    let memory = memory.map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()));
    println!(
        "resident memory, start, middle, end: {} kB",
        memory.join(", ")
    );
    Ok(is_playing && end.is_none())
}

/// Xorshift: the same faults for the same seed.
fn random(state: &mut u64) -> u64 {
    // Zero would stay zero.
    let mut next = (*state).max(1);
    next ^= next << 13;
    next ^= next >> 7;
    next ^= next << 17;
    *state = next;
    next >> 24
}

/// This process's resident memory in kilobytes.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
