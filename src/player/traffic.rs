// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What media came, counted in the network thread without any lock and
//! published once for each batch.

use std::time::{Duration, Instant};

use crate::client::meter::{Meter, Rate};
use crate::flv::TagType;

/// Messages of one kind and what is in them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    messages: u64,
    bytes: u64,
}

/// What has come since it was last published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traffic {
    audio: Count,
    video: Count,
    data: Count,
    /// Left out, as a demuxer would stumble over them.
    pub(super) dropped: u64,
    /// Oddities that were overlooked.
    pub(super) ignored: u64,
}

impl Traffic {
    /// Counts a message of so many bytes.
    pub(super) fn count(&mut self, kind: TagType, bytes: usize) {
        let count = match kind {
            TagType::Audio => &mut self.audio,
            TagType::Video => &mut self.video,
            TagType::Script => &mut self.data,
        };
        count.messages += 1;
        count.bytes += bytes as u64;
    }
}

/// The same from the start on, with what came lately.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    audio: Lane,
    video: Lane,
    data: Lane,
    dropped: u64,
    ignored: u64,
}

#[derive(Debug, Clone, Default)]
struct Lane {
    messages: u64,
    meter: Meter,
}

/// Figures of one kind of media.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flow {
    /// Messages since the start.
    pub messages: u64,
    /// Over the last two seconds.
    pub rate: Rate,
}

/// Figures of all media.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Flows {
    /// Audio messages.
    pub audio: Flow,
    /// Video messages.
    pub video: Flow,
    /// Data messages.
    pub data: Flow,
    /// Messages that were left out, as a demuxer would stumble over them.
    pub dropped: u64,
    /// Oddities of the server that were overlooked.
    pub ignored: u64,
}

impl Flows {
    /// Media payload of all kinds, in bits per second.
    pub fn bitrate(&self) -> u64 {
        let audio_and_video = self.audio.rate.bits.saturating_add(self.video.rate.bits);
        audio_and_video.saturating_add(self.data.rate.bits)
    }
}

impl Totals {
    /// Adds what came at `now`.
    pub(super) fn add(&mut self, traffic: &Traffic, now: Instant) {
        for (lane, count) in [
            (&mut self.audio, traffic.audio),
            (&mut self.video, traffic.video),
            (&mut self.data, traffic.data),
        ] {
            lane.messages += count.messages;
            if count.messages > 0 {
                lane.meter.add(count.messages, count.bytes, now);
            }
        }
        self.dropped += traffic.dropped;
        self.ignored += traffic.ignored;
    }

    /// What there is to see at `now`.
    pub(super) fn at(&self, now: Instant) -> Flows {
        let flow = |lane: &Lane| Flow {
            messages: lane.messages,
            rate: lane.meter.rate(now),
        };
        Flows {
            audio: flow(&self.audio),
            video: flow(&self.video),
            data: flow(&self.data),
            dropped: self.dropped,
            ignored: self.ignored,
        }
    }
}

/// The longest silence between two audio or video messages that could have come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gaps {
    last: Option<Instant>,
    largest: Duration,
}

impl Gaps {
    /// A message has come.
    pub(super) fn message(&mut self, now: Instant) {
        if let Some(last) = self.last.replace(now) {
            let gap = now.saturating_duration_since(last);
            self.largest = self.largest.max(gap);
        }
    }

    /// What follows is no silence of the server's.
    pub(super) fn interrupt(&mut self) {
        self.last = None;
    }

    /// The longest one.
    pub(super) fn largest(&self) -> Duration {
        self.largest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn each_kind_is_counted_by_itself_and_all_make_the_bitrate() {
        let start = Instant::now();
        let mut totals = Totals::default();
        for batch in 0..2 {
            let mut traffic = Traffic::default();
            traffic.count(TagType::Audio, 100);
            traffic.count(TagType::Video, 1000);
            traffic.count(TagType::Video, 2000);
            traffic.count(TagType::Script, 10);
            traffic.dropped = 3;
            traffic.ignored = 5;
            totals.add(&traffic, start + SECOND / 2 * batch);
        }
        let now = start + SECOND;
        let flows = totals.at(now);
        let seen = [flows.audio, flows.video, flows.data].map(|flow| (flow.messages, flow.rate));
        let rate = |bits, messages| Rate { bits, messages };
        let expected = [
            (2, rate(1600, 2.0)),
            (4, rate(48_000, 4.0)),
            (2, rate(160, 2.0)),
        ];
        assert_eq!(seen, expected);
        assert_eq!(flows.bitrate(), 1600 + 48_000 + 160);
        assert_eq!((flows.dropped, flows.ignored), (6, 10));

        let later = totals.at(now + 3 * SECOND);
        assert_eq!((later.bitrate(), later.video.rate.messages), (0, 0.0));
        assert_eq!(later.video.messages, 4, "counts stay");
    }

    #[test]
    fn the_largest_gap_is_kept_and_interruptions_are_none() {
        let start = Instant::now();
        let at = |seconds| start + SECOND * seconds;
        let mut gaps = Gaps::default();
        gaps.message(at(100));
        assert_eq!(gaps.largest(), Duration::ZERO, "before the first is no gap");
        for time in [101, 104, 105] {
            gaps.message(at(time));
        }
        assert_eq!(gaps.largest(), 3 * SECOND);
        gaps.interrupt();
        gaps.message(at(200));
        gaps.message(at(202));
        assert_eq!(gaps.largest(), 3 * SECOND);
    }
}
