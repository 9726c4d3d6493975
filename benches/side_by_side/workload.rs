// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the elements have to do, and one turn of one of them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::child;
use crate::delay;
use crate::digest::Digest;
use crate::element::Element;
use crate::media::{Clip, Form};
use crate::receive::{Job, Task};
use crate::report::Figures;
use crate::serve::{self, Pace};

/// Share of a paced stream's bytes that has to come while it is measured. It
/// is not all of it as a frame may be late; keyframes come every two seconds
/// and the measurement takes a multiple of that.
const PACED_SHARE: f64 = 0.9;

/// Periods that are enough to compare what comes with what was sent.
const CHECKED_PERIODS: u64 = 3;

/// One comparison.
pub(crate) struct Workload {
    /// For the command line.
    pub(crate) name: &'static str,
    /// For the reader.
    pub(crate) title: String,
    pub(crate) rounds: usize,
    clip: Clip,
    chunk_size: u32,
    pub(crate) kind: Kind,
}

/// How it is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// So many bytes, as fast as they are taken.
    Flood { bytes: u64 },
    /// Streams in real time, all in one process.
    Paced { streams: u64, duration: Duration },
    /// Time to the first media, with the network's delay in each direction.
    First { repeats: u64, delay: Duration },
}

/// All of them.
pub(crate) fn all(quick: bool) -> Vec<Workload> {
    let shrink = if quick { 32 } else { 1 };
    let rounds = |full| if quick { 1 } else { full };
    let frames = |name, chunk_size: u32, mebibytes: u64| Workload {
        name,
        title: format!("{mebibytes} MiB of 50 KB frames in chunks of {chunk_size} bytes"),
        rounds: rounds(5),
        clip: Clip::frames(50_000, 100),
        chunk_size,
        kind: Kind::Flood {
            bytes: mebibytes << 20,
        },
    };
    let small = if quick { 2 } else { 176 };
    let (streams, duration) = if quick { (5, 2) } else { (50, 8) };
    let (repeats, far_repeats) = if quick { (3, 1) } else { (15, 3) };
    let delay = Duration::from_millis(25);
    vec![
        frames("frames-60000", 60_000, 2560 / shrink),
        frames("frames-4096", 4096, 1536 / shrink),
        frames("frames-128", 128, 1024 / shrink),
        Workload {
            name: "small",
            title: format!("{small} MiB of 200-byte messages, audio and video in turn"),
            rounds: rounds(3),
            clip: Clip::small(200, 10_000),
            chunk_size: 4096,
            kind: Kind::Flood { bytes: small << 20 },
        },
        Workload {
            name: "paced",
            title: format!("{streams} streams of 2 Mbit/s in one process for {duration} s"),
            rounds: rounds(3),
            clip: Clip::two_megabits(),
            chunk_size: 4096,
            kind: Kind::Paced {
                streams,
                duration: Duration::from_secs(duration),
            },
        },
        Workload {
            name: "first",
            title: format!("Time to the first media on loopback, {repeats} starts a round"),
            rounds: rounds(5),
            clip: Clip::two_megabits(),
            chunk_size: 4096,
            kind: Kind::First {
                repeats,
                delay: Duration::ZERO,
            },
        },
        Workload {
            name: "distance",
            title: format!(
                "Time to the first media over a round trip of {} ms, without that of opening \
                 the connection, {far_repeats} starts a round",
                2 * delay.as_millis()
            ),
            rounds: rounds(3),
            clip: Clip::two_megabits(),
            chunk_size: 4096,
            kind: Kind::First {
                repeats: far_repeats,
                delay,
            },
        },
    ]
}

/// A workload with its servers.
pub(crate) struct Stage<'a> {
    workload: &'a Workload,
    rtmp: Servers,
    plain: Servers,
    periods: u64,
    /// What the check has to find.
    expected: Sum,
}

/// For the measurement, and for the check before it.
struct Servers {
    measured: SocketAddr,
    checked: SocketAddr,
}

/// Tags, their bytes, and a sum over their bodies.
type Sum = (u64, u64, u64);

impl Workload {
    /// Starts the servers.
    pub(crate) fn stage(&self) -> io::Result<Stage<'_>> {
        let periods = match self.kind {
            Kind::Flood { bytes } => bytes.div_ceil(self.clip.period_size()).max(1),
            Kind::Paced { .. } | Kind::First { .. } => 1,
        };
        let servers = |form| {
            let pace = match self.kind {
                Kind::Flood { .. } => Pace::Flood { periods },
                Kind::Paced { .. } | Kind::First { .. } => Pace::Realtime,
            };
            let checked = Pace::Flood {
                periods: CHECKED_PERIODS,
            };
            let measured = serve::start(&self.clip, form, pace)?;
            let measured = match self.kind {
                Kind::First { delay, .. } if !delay.is_zero() => delay::start(measured, delay)?,
                _ => measured,
            };
            io::Result::Ok(Servers {
                measured,
                checked: serve::start(&self.clip, form, checked)?,
            })
        };
        Ok(Stage {
            workload: self,
            rtmp: servers(Form::Chunks(self.chunk_size))?,
            plain: servers(Form::Flv)?,
            periods,
            expected: self.expected().map_err(io::Error::other)?,
        })
    }

    fn expected(&self) -> Result<Sum, String> {
        let encoded = self.clip.encode(Form::Flv);
        let mut digest = Digest::default();
        digest.push(&encoded.opening)?;
        for _ in 0..CHECKED_PERIODS {
            for piece in &encoded.period {
                digest.push(&piece.bytes)?;
            }
        }
        Ok((digest.tags, digest.bytes, digest.sum))
    }
}

impl Stage<'_> {
    /// Whether the element delivers exactly the media that was sent. Returns
    /// how many bytes come with it before its end: file header and script tags,
    /// of which elements keep different ones.
    pub(crate) fn check(&self, element: Element) -> Result<u64, String> {
        let job = Job {
            element,
            server: self.servers(element).checked,
            task: Task::Check,
        };
        let output = child::run(&job)?;
        let found = (output.get("tags"), output.get("bytes"), output.get("sum"));
        if found != self.expected {
            return Err(format!(
                "delivers tags, bytes, sum {found:?} instead of {:?}",
                self.expected
            ));
        }
        Ok(output.get("offset").saturating_sub(found.1))
    }

    /// One turn. `extra` is what [`check`](Self::check) found.
    pub(crate) fn run(&self, element: Element, extra: u64) -> Result<Figures, String> {
        let clip = &self.workload.clip;
        let media = clip.opening_size() + self.periods * clip.period_size();
        let task = match self.workload.kind {
            Kind::Flood { .. } => Task::Flood {
                bytes: media + extra,
            },
            Kind::Paced { streams, duration } => Task::Paced {
                streams,
                milliseconds: duration.as_millis().try_into().unwrap_or(u64::MAX),
            },
            Kind::First { repeats, .. } => Task::First { repeats },
        };
        let output = child::run(&Job {
            element,
            server: self.servers(element).measured,
            task,
        })?;

        let elapsed = Duration::from_nanos(output.get("elapsed"));
        let (bytes, messages) = match self.workload.kind {
            Kind::Flood { .. } => (media, self.periods * clip.messages()),
            Kind::Paced { streams, .. } => {
                let periods = elapsed.as_secs_f64() * 1000.0 / f64::from(clip.duration_ms());
                let periods = periods * streams as f64;
                let bytes = output.get("bytes");
                let share = bytes as f64 / (periods * clip.period_size() as f64);
                if share < PACED_SHARE {
                    return Err(format!("only {:.0} % came in time", share * 100.0));
                }
                (bytes, (periods * clip.messages() as f64) as u64)
            }
            Kind::First { .. } => (0, 0),
        };
        Ok(Figures {
            user: Duration::from_nanos(output.get("user")),
            system: Duration::from_nanos(output.get("system")),
            switches: output.get("switches"),
            peak: output.get("peak"),
            elapsed,
            bytes,
            messages,
            first: output
                .all("first")
                .into_iter()
                .map(Duration::from_nanos)
                .collect(),
        })
    }

    fn servers(&self, element: Element) -> &Servers {
        if element.speaks_rtmp() {
            &self.rtmp
        } else {
            &self.plain
        }
    }
}
