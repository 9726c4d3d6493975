// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The child's part: runs one element into a `fakesink` and prints what that
//! took, as lines of a name and a number.

use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use gst::prelude::*;

use crate::digest::Digest;
use crate::element::{self, Element};
use crate::usage::{Usage, peak_memory};

/// How long a run may take before it counts as failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What the child prints at the end.
pub(crate) const LAST_LINE: &str = "done";

/// Time for paced streams to settle.
const SETTLING: Duration = Duration::from_secs(1);

/// What a child is asked to do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) element: Element,
    pub(crate) server: SocketAddr,
    pub(crate) task: Task,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Task {
    /// Read the stream up to its tail and sum it up.
    Check,
    /// Count until so many bytes have come.
    Flood { bytes: u64 },
    /// Receive so many streams at once for a while.
    Paced { streams: u64, milliseconds: u64 },
    /// Start over and over and measure the time to the first media.
    First { repeats: u64 },
}

impl Job {
    /// As arguments for the child.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let (task, numbers) = match self.task {
            Task::Check => ("check", vec![]),
            Task::Flood { bytes } => ("flood", vec![bytes]),
            Task::Paced {
                streams,
                milliseconds,
            } => ("paced", vec![streams, milliseconds]),
            Task::First { repeats } => ("first", vec![repeats]),
        };
        let mut arguments = vec![
            "--receive".to_owned(),
            self.element.name().to_owned(),
            self.server.to_string(),
            task.to_owned(),
        ];
        arguments.extend(numbers.iter().map(u64::to_string));
        arguments
    }

    /// From the arguments behind `--receive`.
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut next = || arguments.next().ok_or("an argument is missing");
        let name = next()?;
        let element =
            Element::from_name(&name).ok_or_else(|| format!("no element is named {name}"))?;
        let server = number(&next()?)?;
        let task = match next()?.as_str() {
            "check" => Task::Check,
            "flood" => Task::Flood {
                bytes: number(&next()?)?,
            },
            "paced" => Task::Paced {
                streams: number(&next()?)?,
                milliseconds: number(&next()?)?,
            },
            "first" => Task::First {
                repeats: number(&next()?)?,
            },
            other => return Err(format!("no task is named {other}")),
        };
        Ok(Self {
            element,
            server,
            task,
        })
    }
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text} means nothing"))
}

/// Does the job.
pub(crate) fn run(job: &Job) -> Result<(), String> {
    element::init()?;
    let running = match job.task {
        Task::Check => check(job).map(Vec::from),
        Task::Flood { bytes } => flood(job, bytes).map(Vec::from),
        Task::Paced {
            streams,
            milliseconds,
        } => paced(job, streams, Duration::from_millis(milliseconds)),
        Task::First { repeats } => first(job, repeats).map(|()| Vec::new()),
    }?;
    println!("peak {}\n{LAST_LINE}", peak_memory());
    // Not every element stops when asked to: the parent ends this process now.
    drop(running);
    Ok(())
}

fn check(job: &Job) -> Result<[Receiving; 1], String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let mut digest = Digest::default();
    let receiving = Receiving::start(job, move |buffer| {
        let result = with_bytes(buffer, |bytes| digest.push(bytes));
        if result.is_err() || digest.is_complete {
            let figures = (digest.tags, digest.bytes, digest.sum, digest.offset);
            // Only the first of these is waited for.
            let _ = sender.try_send(result.map(|()| figures));
        }
    })?;
    let (tags, bytes, sum, offset) = receiving.wait(&receiver)??;
    println!("tags {tags}\nbytes {bytes}\nsum {sum}\noffset {offset}");
    Ok([receiving])
}

fn flood(job: &Job, bytes: u64) -> Result<[Receiving; 1], String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let mut missing = bytes;
    let before = Usage::now()?;
    let started = Instant::now();
    let receiving = Receiving::start(job, move |buffer| {
        let size = buffer.size() as u64;
        if missing > 0 && missing <= size {
            // Taken at once: what comes behind is not counted.
            let _ = sender.try_send((Usage::now(), started.elapsed()));
        }
        missing = missing.saturating_sub(size);
    })?;
    let (usage, elapsed) = receiving.wait(&receiver)?;
    print_usage(usage? - before);
    println!("elapsed {}", elapsed.as_nanos());
    Ok([receiving])
}

fn paced(job: &Job, streams: u64, duration: Duration) -> Result<Vec<Receiving>, String> {
    let received = Arc::new(AtomicU64::new(0));
    let begun = Arc::new(AtomicU64::new(0));
    let mut running = Vec::new();
    for _ in 0..streams {
        let (received, begun) = (Arc::clone(&received), Arc::clone(&begun));
        let mut is_first = true;
        running.push(Receiving::start(job, move |buffer| {
            if std::mem::take(&mut is_first) {
                begun.fetch_add(1, Ordering::Relaxed);
            }
            received.fetch_add(buffer.size() as u64, Ordering::Relaxed);
        })?);
    }
    let deadline = Instant::now() + PATIENCE / 4;
    while begun.load(Ordering::Relaxed) < streams {
        if Instant::now() > deadline {
            let begun = begun.load(Ordering::Relaxed);
            return Err(format!("only {begun} of {streams} streams have begun"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(SETTLING);

    let (usage, bytes) = (Usage::now()?, received.load(Ordering::Relaxed));
    let started = Instant::now();
    std::thread::sleep(duration);
    let (usage, bytes) = (
        Usage::now()? - usage,
        received.load(Ordering::Relaxed) - bytes,
    );
    let elapsed = started.elapsed();
    if let Some(reason) = running.iter().find_map(|r| r.ended.try_recv().ok()) {
        return Err(reason);
    }
    print_usage(usage);
    println!("elapsed {}\nbytes {bytes}", elapsed.as_nanos());
    Ok(running)
}

fn first(job: &Job, repeats: u64) -> Result<(), String> {
    // Once more than asked: the first time, code is loaded.
    for repeat in 0..=repeats {
        let (sender, receiver) = mpsc::sync_channel(1);
        let mut digest = Digest::default();
        let started = Instant::now();
        let receiving = Receiving::start(job, move |buffer| {
            if digest.tags > 0 {
                return;
            }
            let result = with_bytes(buffer, |bytes| digest.push(bytes));
            if result.is_err() || digest.tags > 0 {
                let _ = sender.try_send(result.map(|()| started.elapsed()));
            }
        })?;
        let elapsed = receiving.wait(&receiver)??;
        if repeat > 0 {
            println!("first {}", elapsed.as_nanos());
        }
    }
    Ok(())
}

fn print_usage(usage: Usage) {
    println!("user {}", usage.user.as_nanos());
    println!("system {}", usage.system.as_nanos());
    println!("switches {}", usage.switches);
}

/// A running pipeline.
struct Receiving {
    pipeline: gst::Pipeline,
    ended: mpsc::Receiver<String>,
}

impl Receiving {
    /// Starts `element ! fakesink sync=false`; `on_buffer` sees each buffer
    /// that leaves the element.
    fn start(
        job: &Job,
        on_buffer: impl FnMut(&gst::BufferRef) + Send + 'static,
    ) -> Result<Self, String> {
        let source = job.element.make(job.server)?;
        let sink = gst::ElementFactory::make("fakesink")
            .property("sync", false)
            .build()
            .map_err(|error| error.to_string())?;
        let pipeline = gst::Pipeline::new();
        pipeline
            .add_many([&source, &sink])
            .and_then(|()| source.link(&sink))
            .map_err(|error| error.to_string())?;
        watch(&source, on_buffer)?;

        let (sender, ended) = mpsc::channel();
        let bus = pipeline.bus().ok_or("the pipeline has no bus")?;
        bus.set_sync_handler(move |_, message| {
            let text = match message.view() {
                gst::MessageView::Eos(_) => Some("the stream ended early".to_owned()),
                gst::MessageView::Error(error) => Some(error.error().to_string()),
                _ => None,
            };
            if let Some(text) = text {
                // Nobody listens any more when it is done.
                let _ = sender.send(text);
            }
            gst::BusSyncReply::Drop
        });
        let receiving = Self { pipeline, ended };
        if receiving.pipeline.set_state(gst::State::Playing).is_err() {
            let reason = receiving.ended.try_recv();
            return Err(reason.unwrap_or_else(|_| "the element does not start".to_owned()));
        }
        Ok(receiving)
    }

    /// Waits for what the probe sends.
    fn wait<T>(&self, receiver: &mpsc::Receiver<T>) -> Result<T, String> {
        // A stream that ends is rare, so it is looked for now and then.
        const INTERVAL: Duration = Duration::from_millis(100);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Ok(value) = receiver.recv_timeout(INTERVAL) {
                return Ok(value);
            }
            if let Ok(reason) = self.ended.try_recv() {
                return Err(reason);
            }
        }
        Err("not everything came in time".to_owned())
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        // A pipeline that does not stop shows in the next run's figures.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

fn watch(
    source: &gst::Element,
    on_buffer: impl FnMut(&gst::BufferRef) + Send + 'static,
) -> Result<(), String> {
    let pad = source.static_pad("src").ok_or("the element has no pad")?;
    // Only one thread pushes; the lock is never waited for.
    let on_buffer = Mutex::new(on_buffer);
    let mask = gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST;
    pad.add_probe(mask, move |_, info| {
        let mut on_buffer = on_buffer.lock().unwrap_or_else(PoisonError::into_inner);
        match &info.data {
            Some(gst::PadProbeData::Buffer(buffer)) => on_buffer(buffer),
            Some(gst::PadProbeData::BufferList(list)) => list.iter().for_each(&mut *on_buffer),
            _ => {}
        }
        gst::PadProbeReturn::Ok
    });
    Ok(())
}

fn with_bytes<T>(
    buffer: &gst::BufferRef,
    read: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, String> {
    let map = buffer.map_readable().map_err(|error| error.to_string())?;
    read(&map)
}
