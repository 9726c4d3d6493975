// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How old a picture is when it is shown: `rtmp2src` and `rtmprsrc` side by side,
//! behind nginx-rtmp.
//!
//! `cargo bench --bench glass_to_glass -- [--rounds N] [--seconds N]`. Pictures
//! carry a number that is written, and its time noted, where they go into the
//! encoder. It is read again behind the decoder and when a sink shows the
//! picture; all in this process, so that there is one clock. The players of a
//! round start together in the middle between two key frames, in an order that
//! rotates. Nothing is asserted about times; the program fails if a player does.

mod mark;
mod nginx;
mod player;
mod publisher;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use nginx::Nginx;
use player::{Player, Subject};
use publisher::Publisher;
use report::Total;

fn main() -> ExitCode {
    match options(std::env::args().skip(1)).and_then(|(rounds, time)| run(rounds, time)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("glass_to_glass: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Rounds, and how long each takes.
fn options(mut arguments: impl Iterator<Item = String>) -> Result<(usize, Duration), String> {
    let (mut rounds, mut seconds) = (6, 10);
    while let Some(name) = arguments.next() {
        let mut number = || {
            let value = arguments.next().and_then(|value| value.parse().ok());
            value
                .filter(|value| (1..=60).contains(value))
                .ok_or_else(|| format!("{name} needs a number from 1 to 60"))
        };
        match name.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--rounds" => rounds = number()?,
            "--seconds" => seconds = number()?,
            _ => return Err(format!("{name} is no option; --rounds and --seconds are")),
        }
    }
    // Numbers of pictures wrap after half an hour.
    if rounds * (seconds + 4) > 1800 {
        return Err("that would take more than half an hour".to_owned());
    }
    Ok((rounds, Duration::from_secs(seconds as u64)))
}

fn run(rounds: usize, time: Duration) -> Result<(), String> {
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())?;
    let subjects = Subject::ALL;
    let nginx = Nginx::start()?;
    let publisher = Publisher::start(nginx.address())?;
    let mut totals: Vec<_> = subjects
        .iter()
        .map(|subject| Total {
            subject: *subject,
            rounds: Vec::new(),
        })
        .collect();
    println!("glass to glass: {rounds} rounds of {time:?}, a key frame every 2 s");
    for round in 0..rounds {
        let mut order = subjects;
        order.rotate_left(round % subjects.len());
        publisher.wait_for_middle()?;
        let mut players = Vec::new();
        for subject in order {
            let player = Player::start(subject, nginx.address(), &publisher.stamps)?;
            players.push((subject, player));
        }
        std::thread::sleep(time);
        for (subject, player) in players {
            let figures = player
                .end()
                .map_err(|error| format!("{} failed: {error}", subject.name()))?;
            let total = totals.iter_mut().find(|total| total.subject == subject);
            if let Some(total) = total {
                total.rounds.push(figures);
            }
        }
    }
    report::print(&totals);
    Ok(())
}
