// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A process that does one thing and tells what it took.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstrtmpr::footprint;

use crate::server::Server;
use crate::sessions::Hostile;
use crate::{HANG, init};

/// What GStreamer, GIO, threads and the allocator take beside the play: measured, an
/// honest play of a few frames takes a third of it.
const OTHER: usize = 12 << 20;

/// What the measured process does, by its environment.
const DOES: &str = "RTMPR_LIMITS_DOES";
const LOCATION: &str = "RTMPR_LIMITS_LOCATION";
const PROPERTIES: &str = "RTMPR_LIMITS_PROPERTIES";

/// What came of a play.
#[derive(Debug)]
pub(crate) struct Measured {
    /// `eos`, `full`, or the text of the error.
    pub(crate) ended: String,
    /// By how much the process has grown at its most, in bytes.
    pub(crate) growth: usize,
    /// The most that was in the queue, as it counts, in bytes.
    pub(crate) queued: usize,
}

/// How a play is ended that the server does not end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    /// Playing, until the end of stream or an error.
    End,
    /// Paused, until the queue has been full for a while.
    Full,
}

/// Plays from the server in a process of its own.
pub(crate) fn play(server: &Server, until: Until, properties: &[(&str, &str)]) -> Measured {
    let properties: Vec<_> = properties.iter().map(|(n, v)| format!("{n}={v}")).collect();
    let does = match until {
        Until::End => "end",
        Until::Full => "full",
    };
    let mut command = this_program(does);
    command
        .env(LOCATION, server.location())
        .env(PROPERTIES, properties.join(";"));
    run(command)
}

/// Feeds a server's session in a process of its own.
pub(crate) fn serve(hostile: Hostile) -> Measured {
    run(this_program(hostile.name()))
}

impl Measured {
    /// It stayed within what these parts may take.
    pub(crate) fn assert_within(&self, parts: &[footprint::Part]) {
        let most = footprint::sum(parts) + OTHER;
        println!(
            "{} KiB of {} KiB; queued {} KiB; {}",
            self.growth >> 10,
            most >> 10,
            self.queued >> 10,
            self.ended
        );
        assert!(self.growth <= most, "{} of {most} bytes", self.growth);
    }

    /// It failed with these words.
    pub(crate) fn assert_failed(&self, words: &str) {
        assert!(self.ended.contains(words), "{:?}", self.ended);
    }

    pub(crate) fn assert_eos(&self) {
        assert_eq!(self.ended, "eos");
    }

    pub(crate) fn assert_full(&self) {
        assert_eq!(self.ended, "full");
    }
}

/// This program again, to do this and nothing else.
fn this_program(does: &str) -> Command {
    let program = std::env::current_exe().expect("our own path");
    let mut command = Command::new(program);
    command
        .args(["--exact", "measured::in_a_process_of_its_own"])
        .args(["--ignored", "--nocapture"])
        .env(DOES, does);
    command
}

/// Ends the process also if the test fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(mut command: Command) -> Measured {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program");
    let mut running = Running(child);
    let stdout = running.0.stdout.take().expect("piped");
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = sender.send(std::io::read_to_string(stdout));
    });
    let output = lines.recv_timeout(HANG).expect("it ends");
    let output = output.expect("text");
    let status = running.0.wait().expect("it was started");
    assert!(status.success(), "{status}: {output}");
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("MEASURED "));
    let mut fields = line.expect("a result").splitn(3, ' ');
    let mut number = || fields.next()?.parse().ok();
    let (growth, queued) = (number().expect("growth"), number().expect("queued"));
    Measured {
        ended: fields.next().expect("an end").to_owned(),
        growth,
        queued,
    }
}

#[test]
#[ignore = "the others run it in processes of their own"]
fn in_a_process_of_its_own() {
    let does = std::env::var(DOES).expect("what to do");
    let measured = match does.as_str() {
        "end" => measure_play(Until::End),
        "full" => measure_play(Until::Full),
        name => measure(|| {
            let ended = Hostile::named(name).run();
            (ended, 0)
        }),
    };
    let Measured {
        growth,
        queued,
        ended,
    } = measured;
    println!("\nMEASURED {growth} {queued} {}", ended.replace('\n', " "));
}

/// Memory figures of this process, in bytes.
fn figure(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("our own figures");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    kib.expect("a number") << 10
}

/// By how much the process grows at its most while it does something that tells how
/// it ended and what was in the queue.
fn measure(does: impl FnOnce() -> (String, usize)) -> Measured {
    // The most so far begins anew; where that cannot be, it is more than it was.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = figure("VmRSS");
    let (ended, queued) = does();
    Measured {
        ended,
        growth: figure("VmHWM").saturating_sub(before),
        queued,
    }
}

fn measure_play(until: Until) -> Measured {
    init();
    let pipeline = gst::Pipeline::new();
    let location = std::env::var(LOCATION).expect("a location");
    let source = gst::ElementFactory::make("rtmprsrc")
        .property("location", location)
        // The first connection is the one that is measured.
        .property("is-live", false)
        .build()
        .expect("our element");
    let properties = std::env::var(PROPERTIES).expect("properties");
    for property in properties.split_terminator(';') {
        let (name, value) = property.split_once('=').expect("a value");
        source.set_property_from_str(name, value);
    }
    let sink = gst::ElementFactory::make("fakesink")
        .build()
        .expect("an element of GStreamer");
    pipeline.add_many([&source, &sink]).expect("they fit in");
    source.link(&sink).expect("they link");
    // Nobody takes anything off the bus: that would make room.
    let (sender, ends) = mpsc::channel();
    let bus = pipeline.bus().expect("a bus");
    bus.set_sync_handler(move |_, message| {
        let end = match message.view() {
            gst::MessageView::Eos(_) => Some("eos".to_owned()),
            gst::MessageView::Error(error) => {
                let debug = error.debug().unwrap_or_default();
                Some(format!("{} {debug}", error.error()))
            }
            _ => None,
        };
        if let Some(end) = end {
            let _ = sender.send(end);
        }
        gst::BusSyncReply::Pass
    });
    pipeline
        .set_state(gst::State::Ready)
        .expect("it gets ready");
    measure(|| {
        let ended = match until {
            Until::End => {
                pipeline.set_state(gst::State::Playing).expect("it plays");
                ends.recv_timeout(HANG).expect("it ends")
            }
            Until::Full => {
                pipeline.set_state(gst::State::Paused).expect("it pauses");
                wait_until_full(&source, &ends)
            }
        };
        let stats: gst::Structure = source.property("stats");
        let queued = stats.get::<u64>("queue-peak-bytes").unwrap_or(0);
        pipeline.set_state(gst::State::Null).expect("it stops");
        (ended, usize::try_from(queued).unwrap_or(usize::MAX))
    })
}

/// Waits until the queue is full and stays so.
fn wait_until_full(source: &gst::Element, ends: &mpsc::Receiver<String>) -> String {
    let limit = u64::from(source.property::<u32>("max-queue-bytes"));
    let deadline = Instant::now() + HANG;
    let mut rounds = 0;
    while rounds < 100 {
        assert!(Instant::now() < deadline, "the queue fills");
        let stats: gst::Structure = source.property("stats");
        let queued = stats.get::<u64>("queue-bytes").unwrap_or(0);
        rounds += u32::from(queued >= limit);
        if let Ok(end) = ends.recv_timeout(Duration::from_millis(2)) {
            return end;
        }
    }
    "full".to_owned()
}
