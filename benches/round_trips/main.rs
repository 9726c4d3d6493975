// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How many times a player asks and waits before the first media comes, over a line of
//! 50 ms there and back, behind nginx-rtmp.
//!
//! `cargo bench --bench round_trips -- [--rounds N]`. The time from the start to the
//! first tag of audio or video at the source's pad, and what that is in round trips.
//! The proxy that makes the line takes connections at once, so TCP's own round trip is
//! not in it. The sources of a round play one after the other.

#[path = "../glass_to_glass/mark.rs"]
#[allow(dead_code, reason = "only pictures are made here, none is read")]
mod mark;
#[path = "../glass_to_glass/nginx.rs"]
mod nginx;
#[path = "../glass_to_glass/publisher.rs"]
#[allow(dead_code, reason = "its stamps are not looked at")]
mod publisher;

mod delay;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gst::prelude::*;

use nginx::Nginx;
use publisher::Publisher;

/// From end to end and back.
const ROUND_TRIP: Duration = Duration::from_millis(50);

const PATIENCE: Duration = Duration::from_secs(20);

/// Names, and how the sources are written.
const SUBJECTS: [(&str, &str); 5] = [
    ("rtmp2src", "rtmp2src"),
    ("rtmpsrc", "rtmpsrc"),
    (
        "rtmprsrc fast-start=off",
        "rtmprsrc fast-start=off start-position=anywhere",
    ),
    (
        "rtmprsrc fast-start=auto, again",
        "rtmprsrc fast-start=auto start-position=anywhere",
    ),
    (
        "rtmprsrc fast-start=on",
        "rtmprsrc fast-start=on start-position=anywhere",
    ),
];

fn main() -> ExitCode {
    match rounds(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("round_trips: {error}");
            ExitCode::FAILURE
        }
    }
}

fn rounds(mut arguments: impl Iterator<Item = String>) -> Result<usize, String> {
    let mut rounds = 5;
    while let Some(name) = arguments.next() {
        match name.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--rounds" => {
                let value = arguments.next().and_then(|value| value.parse().ok());
                rounds = value
                    .filter(|value| (1..=100).contains(value))
                    .ok_or("--rounds needs a number from 1 to 100")?;
            }
            _ => return Err(format!("{name} is no option; --rounds is")),
        }
    }
    Ok(rounds)
}

fn run(rounds: usize) -> Result<(), String> {
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())?;
    let nginx = Nginx::start()?;
    let _publisher = Publisher::start(nginx.address())?;
    let line = delay::start(nginx.address(), ROUND_TRIP / 2).map_err(|error| error.to_string())?;
    let mut players = Vec::new();
    for (name, source) in SUBJECTS {
        if gst::ElementFactory::find(source.split(' ').next().unwrap_or_default()).is_some() {
            players.push((name, Player::new(source, line)?, Vec::new()));
        }
    }
    for round in 0..rounds {
        let count = players.len();
        players.rotate_left(usize::from(round > 0) % count);
        for (name, player, times) in &mut players {
            if name.ends_with("again") && round == 0 {
                // What it learns here is what the others are compared with.
                player.play()?;
            }
            times.push(player.play().map_err(|error| format!("{name}: {error}"))?);
        }
    }
    println!("{rounds} rounds, {ROUND_TRIP:?} there and back");
    println!("{:<32} {:>12} {:>12}", "", "first media", "round trips");
    for (name, _) in SUBJECTS {
        let own = players.iter_mut().find(|(own, ..)| *own == name);
        let Some((_, _, times)) = own else {
            println!("{name:<32} {:>12}", "not here");
            continue;
        };
        times.sort_unstable();
        let median = times.get(times.len() / 2).copied().unwrap_or_default();
        println!(
            "{name:<32} {:>9.1} ms {:>12.1}",
            median.as_secs_f64() * 1e3,
            median.as_secs_f64() / ROUND_TRIP.as_secs_f64()
        );
    }
    Ok(())
}

/// One that can be started again, and then knows what it has learned.
struct Player {
    pipeline: gst::Pipeline,
    came: mpsc::Receiver<Instant>,
}

impl Player {
    fn new(source: &str, server: SocketAddr) -> Result<Self, String> {
        // rtmpsrc wants to be told that it is live.
        let live = if source.starts_with("rtmpsrc") {
            " live=1"
        } else {
            ""
        };
        let pipeline = gst::parse::launch(&format!(
            "{source} name=source location=\"rtmp://{server}/live/stream{live}\" \
             ! fakesink sync=false async=false"
        ))
        .map_err(|error| error.to_string())?;
        let pipeline = pipeline
            .downcast::<gst::Pipeline>()
            .map_err(|_| "no pipeline")?;
        let element = pipeline.by_name("source").ok_or("no source")?;
        let pad = element.static_pad("src").ok_or("no pad")?;
        let (sender, came) = mpsc::channel();
        let kinds = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
        pad.add_probe(kinds, move |_, info| {
            let now = Instant::now();
            let is_media = match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => is_media(buffer),
                Some(gst::PadProbeData::BufferList(list)) => list.iter().any(is_media),
                _ => false,
            };
            if is_media {
                // Only the first one is waited for.
                let _ = sender.send(now);
            }
            gst::PadProbeReturn::Ok
        });
        Ok(Self { pipeline, came })
    }

    /// Plays up to the first media, and returns how long that took.
    fn play(&self) -> Result<Duration, String> {
        while self.came.try_recv().is_ok() {}
        let began = Instant::now();
        self.pipeline
            .set_state(gst::State::Playing)
            .map_err(|error| error.to_string())?;
        let came = self.came.recv_timeout(PATIENCE);
        // What it was is known already.
        let _ = self.pipeline.set_state(gst::State::Null);
        let came = came.map_err(|_| "no media came")?;
        Ok(came.saturating_duration_since(began))
    }
}

/// A tag of audio or video; `rtmpsrc` puts out blocks that begin with the file header.
fn is_media(buffer: &gst::BufferRef) -> bool {
    const BLOCK: usize = 4096;
    buffer.map_readable().is_ok_and(|data| match data.first() {
        Some(8 | 9) => true,
        _ => data.len() >= BLOCK,
    })
}
