// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The child's part: sends media by one element, and prints what that took.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstrtmpr::flv::{FlvReader, Tag, TagType};
use gstrtmpr::rtmp::Payload;

use crate::report::Run;
use crate::usage::{Usage, peak_memory};

/// Who sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Rtmprsink,
    /// With the chunks that `rtmp2sink` has by default.
    RtmprsinkChunks128,
    /// With those of OBS.
    RtmprsinkChunks4096,
    Rtmp2sink,
    Rtmpsink,
    Ffmpeg,
    Tcpclientsink,
}

impl Sender {
    pub(crate) const ALL: [Self; 7] = [
        Self::Rtmprsink,
        Self::RtmprsinkChunks128,
        Self::RtmprsinkChunks4096,
        Self::Rtmp2sink,
        Self::Rtmpsink,
        Self::Ffmpeg,
        Self::Tcpclientsink,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rtmprsink => "rtmprsink",
            Self::RtmprsinkChunks128 => "rtmprsink-128",
            Self::RtmprsinkChunks4096 => "rtmprsink-4096",
            Self::Rtmp2sink => "rtmp2sink",
            Self::Rtmpsink => "rtmpsink",
            Self::Ffmpeg => "ffmpeg",
            Self::Tcpclientsink => "tcpclientsink",
        }
    }

    pub(crate) fn is_there(self) -> bool {
        match self {
            Self::Ffmpeg => Command::new("ffmpeg").arg("-version").output().is_ok(),
            _ => gst::ElementFactory::find(self.factory()).is_some(),
        }
    }

    fn factory(self) -> &'static str {
        match self {
            Self::RtmprsinkChunks128 | Self::RtmprsinkChunks4096 => "rtmprsink",
            other => other.name(),
        }
    }

    fn make(self, server: SocketAddr) -> Result<gst::Element, String> {
        let builder = gst::ElementFactory::make(self.factory()).property("sync", false);
        let builder = match self {
            Self::RtmprsinkChunks128 => builder.property("chunk-size", 128u32),
            Self::RtmprsinkChunks4096 => builder.property("chunk-size", 4096u32),
            _ => builder,
        };
        let builder = match self {
            Self::Tcpclientsink => builder
                .property("host", server.ip().to_string())
                .property("port", i32::from(server.port())),
            _ => builder.property("location", format!("rtmp://{server}/live/stream")),
        };
        builder.build().map_err(|error| error.to_string())
    }
}

/// What a child is asked to do.
pub(crate) struct Job {
    pub(crate) sender: Sender,
    pub(crate) server: SocketAddr,
    pub(crate) size: usize,
    pub(crate) count: u64,
}

impl Job {
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let [flag, sender, server, size, count] = arguments else {
            return None;
        };
        let named = |known: &Sender| known.name() == sender;
        Some(Self {
            sender: Sender::ALL
                .into_iter()
                .find(named)
                .filter(|_| flag == "--send")?,
            server: server.parse().ok()?,
            size: size.parse().ok()?,
            count: count.parse().ok()?,
        })
    }
}

/// Prepares GStreamer and registers the element under test.
pub(crate) fn init() -> Result<(), String> {
    gst::init().map_err(|error| error.to_string())?;
    gstrtmpr::plugin_register_static().map_err(|error| error.to_string())
}

/// Runs a job in a process of its own.
pub(crate) fn spawn(job: &Job) -> Result<Run, String> {
    if job.sender == Sender::Ffmpeg {
        return ffmpeg(job);
    }
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--send", job.sender.name(), &job.server.to_string()])
        .args([job.size.to_string(), job.count.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(text.lines().last().unwrap_or("it died").to_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = text
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    let [user, system, elapsed, peak] = numbers.as_slice() else {
        return Err(format!("{text:?} instead of figures"));
    };
    Ok(Run {
        user: Duration::from_nanos(*user),
        system: Duration::from_nanos(*system),
        elapsed: Duration::from_nanos(*elapsed),
        peak: *peak,
        ..Run::default()
    })
}

/// About the same by FFmpeg, which wants real pictures: a file of messages of about that
/// size, over and over.
fn ffmpeg(job: &Job) -> Result<Run, String> {
    let file = std::env::temp_dir().join(format!("rtmpr-publish-{}.flv", std::process::id()));
    let is_small = job.size < 1000;
    let (picture, rate) = match is_small {
        true => ("testsrc2=size=64x64:rate=25:duration=20", "40k"),
        false => ("testsrc2=size=640x360:rate=25:duration=4", "10M"),
    };
    let encoded = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", picture])
        .args(["-f", "lavfi", "-i", "sine=frequency=440", "-shortest"])
        .args([
            "-vf",
            if is_small {
                "null"
            } else {
                "noise=alls=40:allf=t"
            },
        ])
        .args([
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
        ])
        .args(["-b:v", rate, "-c:a", "aac", "-b:a", "64k", "-f", "flv"])
        .arg(&file)
        .status();
    encoded.map_err(|error| error.to_string())?;
    let bytes = std::fs::read(&file).map_err(|error| error.to_string())?;
    let (messages, size) = contents(&bytes)?;
    let loops = (job.size as u64 * job.count).div_ceil(size);
    let before = Usage::of_children()?;
    let started = Instant::now();
    let status = Command::new("ffmpeg")
        .args([
            "-v",
            "quiet",
            "-stream_loop",
            &(loops - 1).to_string(),
            "-i",
        ])
        .arg(&file)
        .args(["-c", "copy", "-f", "flv"])
        .arg(format!("rtmp://{}/live/stream", job.server))
        .status();
    let elapsed = started.elapsed();
    let used = Usage::of_children()? - before;
    let _ = std::fs::remove_file(&file);
    status.map_err(|error| error.to_string())?;
    Ok(Run {
        user: used.user,
        system: used.system,
        elapsed,
        peak: 0,
        bytes: size * loops,
        messages: messages * loops,
    })
}

/// Messages of a file, and the bytes of their bodies.
fn contents(bytes: &[u8]) -> Result<(u64, u64), String> {
    let mut reader = FlvReader::new();
    reader.push(bytes);
    let (mut messages, mut size) = (0, 0);
    while let Some(tag) = reader.next_tag().map_err(|error| error.to_string())? {
        messages += 1;
        size += tag.body().len() as u64;
    }
    match messages {
        0 => Err("FFmpeg has made nothing".to_owned()),
        _ => Ok((messages, size)),
    }
}

/// Messages before they are repeated.
const PERIOD: usize = 200;

/// Sequence headers.
fn opening() -> Vec<Tag> {
    let header = [
        0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 4, 0x67, 0x42, 0, 0x1E, 1, 0, 2, 0x68,
        0xCE,
    ];
    let tag = |kind, body: &[u8]| Tag::from_payload(kind, 0, Payload::from(body));
    vec![
        tag(TagType::Video, &header),
        tag(TagType::Audio, &[0xAF, 0, 0x12, 0x10]),
    ]
}

/// Large messages are pictures, small ones are pictures and sound in turn.
fn period(size: usize) -> Vec<Tag> {
    let body = |number: usize| {
        let is_sound = size < 1000 && number % 2 == 1;
        let mut body = match (is_sound, number % 50) {
            (true, _) => vec![0xAF, 1],
            (false, 0) => vec![0x17, 1, 0, 0, 0],
            (false, _) => vec![0x27, 1, 0, 0, 0],
        };
        if !is_sound {
            let unit = u32::try_from(size - 9).unwrap_or(0).to_be_bytes();
            body.extend(unit);
            body.push(if number.is_multiple_of(50) {
                0x65
            } else {
                0x41
            });
        }
        body.resize(size, 7);
        (
            if is_sound {
                TagType::Audio
            } else {
                TagType::Video
            },
            body,
        )
    };
    (0..PERIOD)
        .map(|number| {
            let (kind, body) = body(number);
            let time = u32::try_from(number * 20).unwrap_or(0);
            Tag::from_payload(kind, time, Payload::from(body.as_slice()))
        })
        .collect()
}

/// Sends, and prints processor time, elapsed time (in ns) and peak memory.
pub(crate) fn run(job: &Job) -> Result<(), String> {
    init()?;
    let sink = job.sender.make(job.server)?;
    let pipeline = gst::Pipeline::new();
    pipeline.add(&sink).map_err(|error| error.to_string())?;
    let pad = sink.static_pad("sink").ok_or("no pad")?;
    let source = gst::Pad::new(gst::PadDirection::Src);
    source.set_active(true).map_err(|error| error.to_string())?;
    source.link(&pad).map_err(|error| error.to_string())?;
    let buffer = |tag: &Tag| gst::Buffer::from_slice(tag.as_bytes().to_vec());
    let opening: Vec<_> = opening().iter().map(buffer).collect();
    let period: Vec<_> = period(job.size).iter().map(buffer).collect();

    let before = Usage::now()?;
    let started = Instant::now();
    pipeline
        .set_state(gst::State::Playing)
        .map_err(|error| error.to_string())?;
    source.push_event(gst::event::StreamStart::new("bench"));
    let caps = gst::Caps::builder("video/x-flv").build();
    source.push_event(gst::event::Caps::new(&caps));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    source.push_event(gst::event::Segment::new(&segment));
    for buffer in opening {
        source.push(buffer).map_err(|error| error.to_string())?;
    }
    let mut left = job.count;
    while left > 0 {
        for buffer in period
            .iter()
            .take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            source
                .push(buffer.clone())
                .map_err(|error| error.to_string())?;
            left -= 1;
        }
    }
    source.push_event(gst::event::Eos::new());
    let bus = pipeline.bus().ok_or("no bus")?;
    let wanted = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(120), &wanted);
    if end.is_none_or(|end| end.type_() != gst::MessageType::Eos) {
        return Err("no end of stream".to_owned());
    }
    let _ = pipeline.set_state(gst::State::Null);
    let elapsed = started.elapsed();
    let used = Usage::now()? - before;
    println!(
        "{} {} {} {}",
        used.user.as_nanos(),
        used.system.as_nanos(),
        elapsed.as_nanos(),
        peak_memory()
    );
    Ok(())
}
