// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The streaming thread: what of a play goes downstream next, with which times.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Instant;

use glib::subclass::prelude::*;
use gst::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_src::CreateSuccess;

use super::imp::{CAT, RtmprSrc, lock};
use super::live::{Live, Now, Segment};
use super::provided_clock::ProvidedClock;
use super::running::Shared;
use super::sender_date::{self, SenderDate};
use super::tags::Tags;
use super::vod::Vod;
use crate::player::{End, Item, Notice, Packet, Skipped};
use crate::queue::Popped;

/// Most bytes that one push downstream takes from the queue, so that what is
/// on its way hardly adds to what the queue may hold.
pub(crate) const MAX_LIST_BYTES: usize = 256 << 10;

/// The streaming thread's own.
#[derive(Default)]
pub(super) struct Output {
    /// Taken from the queue but not pushed yet.
    pub(super) items: VecDeque<Item>,
    /// `num-buffers` counts pushes, so a list would count as one.
    pub(super) single_buffers: bool,
    pub(super) tags: Tags,
    /// In live mode.
    pub(super) live: Option<Live>,
    /// Otherwise.
    pub(super) vod: Vod,
    /// Waits for the segment that begins with it.
    pub(super) placed: Option<(Packet, Begin)>,
    pub(super) sender_date: SenderDate,
    /// If it is offered.
    pub(super) clock: Option<ProvidedClock>,
    /// When the first buffer was wanted, for pipelines without a clock.
    pub(super) began: Option<Instant>,
}

/// A segment that begins with a buffer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Begin {
    Live(Segment),
    /// At this time of the server's, in ms.
    Server(u64),
}

/// What the streaming thread does next.
pub(super) enum Next {
    Push(CreateSuccess),
    Tell(Box<Notice>),
    Tag(gst::TagList),
    Skipped(Skipped),
    /// A seek needs another connection.
    Again,
    /// A seek has failed.
    NotFound,
    /// Look again.
    Look,
}

impl RtmprSrc {
    /// Takes what comes next from the queue, and waits for it.
    pub(super) fn next(&self, shared: &Shared) -> Result<Next, gst::FlowError> {
        let mut output = lock(&self.output);
        let output = &mut *output;
        if output.vod.is_over() {
            return Err(gst::FlowError::Eos);
        }
        if output.items.is_empty() && output.placed.is_none() {
            let until = output.live.as_ref().and_then(Live::gap_due);
            let popped = shared
                .queue
                .pop_until(&mut output.items, MAX_LIST_BYTES, until);
            match popped {
                Popped::Items => {}
                Popped::TimedOut => return Ok(self.gap(output)),
                Popped::Flushing => return Err(gst::FlowError::Flushing),
                Popped::End(_) if Self::goes_on_after_pause(&shared.recording, output) => {
                    return Ok(Next::Again);
                }
                Popped::End(End::Eos { .. })
                    if output.vod.is_waiting() && shared.recording.goes_on() =>
                {
                    return Ok(Next::Again);
                }
                Popped::End(end) => return Err(self.end(shared, end)),
            }
        }
        let now = output.live.is_some().then(|| self.now(output));
        if let (Some(live), Some(now)) = (&mut output.live, &now) {
            let was_paused = live.was_paused(now);
            if was_paused {
                // All that has come in the meantime.
                while shared
                    .queue
                    .pop_until(&mut output.items, usize::MAX, Some(now.instant))
                    == Popped::Items
                {}
            }
            live.arrive(&mut output.items, now, was_paused);
            self.report_latency(live);
            *lock(&self.figures) = live.figures();
            let mut skipped = live.take_skipped();
            let thinned = shared.lag.take_skipped();
            skipped.video += thinned.video;
            skipped.audio += thinned.audio;
            if skipped != Skipped::default() {
                return Ok(Next::Skipped(skipped));
            }
        }
        if let Some(tags) = output.tags.due() {
            return Ok(Next::Tag(tags));
        }
        let (packet, segment) = match output.placed.take() {
            Some((packet, segment)) => (packet, Some(segment)),
            None => match output.items.pop_front() {
                Some(Item::Packet(packet)) => match output.place(packet, now.as_ref()) {
                    Some(placed) => placed,
                    None => return Ok(Next::Look),
                },
                Some(Item::Sought(sought)) => {
                    output.vod.note(sought);
                    return Ok(if sought.found {
                        Next::Look
                    } else {
                        Next::NotFound
                    });
                }
                Some(Item::Notice(notice)) => return Ok(Next::Tell(output.heard(notice))),
                None => return Ok(Next::Look),
            },
        };
        if let Some(segment) = segment {
            self.begin(segment);
        }
        let buffer = self.buffer(packet);
        if output.single_buffers || !matches!(output.items.front(), Some(Item::Packet(_))) {
            return Ok(Next::Push(CreateSuccess::NewBuffer(buffer)));
        }
        let mut list = gst::BufferList::new_sized(output.items.len() + 1);
        if let Some(list) = list.get_mut() {
            list.add(buffer);
            // News wait for their place in the stream.
            while let Some(item) = output.items.pop_front() {
                match item {
                    Item::Packet(packet) => match output.place(packet, now.as_ref()) {
                        Some((packet, None)) => list.add(self.buffer(packet)),
                        Some((packet, Some(segment))) => {
                            output.placed = Some((packet, segment));
                            break;
                        }
                        None => {}
                    },
                    other => {
                        output.items.push_front(other);
                        break;
                    }
                }
            }
        }
        Ok(Next::Push(CreateSuccess::NewBufferList(list)))
    }

    /// The present running time.
    fn now(&self, output: &mut Output) -> Now {
        let obj = self.obj();
        let instant = Instant::now();
        let base_time = obj.base_time();
        let running = match (obj.clock(), base_time) {
            (Some(clock), Some(base)) => {
                let (now, base) = (clock.time().nseconds(), base.nseconds());
                now.wrapping_sub(base).cast_signed()
            }
            _ => {
                let began = *output.began.get_or_insert(instant);
                i64::try_from((instant - began).as_nanos()).unwrap_or(i64::MAX)
            }
        };
        Now {
            running,
            instant,
            base_time,
        }
    }

    /// Nothing has come while nothing could: an empty buffer, which
    /// [`turn_gaps_into_events`] makes an event of.
    fn gap(&self, output: &mut Output) -> Next {
        let now = self.now(output);
        let Some((from, length)) = output.live.as_mut().and_then(|live| live.gap(&now)) else {
            return Next::Look;
        };
        let mut buffer = gst::Buffer::new();
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_mseconds(from));
            buffer.set_duration(gst::ClockTime::from_mseconds(length));
            buffer.set_flags(gst::BufferFlags::GAP);
        }
        Next::Push(CreateSuccess::NewBuffer(buffer))
    }

    /// The next buffer begins another segment.
    fn begin(&self, begin: Begin) {
        // Where a seek wants it to end stays.
        let present = self.obj().segment().downcast::<gst::ClockTime>();
        let mut segment = present.unwrap_or_default();
        let start = match begin {
            Begin::Live(new) => {
                segment.set_base(gst::ClockTime::from_mseconds(new.base));
                segment.set_time(gst::ClockTime::from_mseconds(new.base));
                new.start
            }
            Begin::Server(start) => {
                segment.set_time(gst::ClockTime::from_mseconds(start));
                start
            }
        };
        segment.set_start(gst::ClockTime::from_mseconds(start));
        segment.set_position(gst::ClockTime::from_mseconds(start));
        if self.obj().new_segment(segment.upcast_ref()).is_err() {
            gst::warning!(CAT, imp = self, "The base class takes no segment");
        }
    }

    /// Tells the pipeline when one kind of media turns out to come always later.
    fn report_latency(&self, live: &Live) {
        const WORTH_IT: u64 = 20_000_000;
        let standing = live.standing_lateness();
        if standing >= self.standing.load(Ordering::Relaxed) + WORTH_IT {
            self.standing.store(standing, Ordering::Relaxed);
            self.post(gst::message::Latency::builder().src(&*self.obj()).build());
        }
    }

    fn buffer(&self, packet: Packet) -> gst::Buffer {
        // The timeline keeps far below where this would not fit.
        let time = |time: Option<u64>| {
            let nanoseconds = time?.checked_mul(1_000_000)?;
            (nanoseconds < u64::MAX).then(|| gst::ClockTime::from_nseconds(nanoseconds))
        };
        let mut flags = gst::BufferFlags::empty();
        flags.set(gst::BufferFlags::HEADER, packet.header);
        flags.set(gst::BufferFlags::DELTA_UNIT, packet.delta_unit);
        flags.set(gst::BufferFlags::DISCONT, packet.discont);
        let size = packet.data.len() as u64;
        self.position.fetch_add(size, Ordering::Relaxed);
        let mut buffer = gst::Buffer::from_mut_slice(packet.data);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_dts(time(packet.dts));
            buffer.set_pts(time(packet.pts));
            buffer.set_flags(flags);
            if let Some(made) = packet.made {
                sender_date::attach(buffer, made);
            }
        }
        buffer
    }
}

impl Output {
    /// The packet as it goes downstream, and the segment that begins with it.
    fn place(&mut self, mut packet: Packet, now: Option<&Now>) -> Option<(Packet, Option<Begin>)> {
        packet.made = self.sender_date.of(&packet);
        if let (Some(clock), Some(now)) = (&mut self.clock, now) {
            clock.frame(&packet, now.instant);
        }
        match (&mut self.live, now) {
            (Some(live), Some(now)) => {
                let (packet, segment) = live.place(packet, now)?;
                Some((packet, segment.map(Begin::Live)))
            }
            _ => {
                let start = self.vod.place(&packet)?;
                Some((packet, start.map(Begin::Server)))
            }
        }
    }

    /// News, with the times that downstream has.
    fn heard(&mut self, mut notice: Box<Notice>) -> Box<Notice> {
        if let Notice::Script(data) = &*notice {
            self.sender_date.note(data);
        }
        if let Some(live) = &mut self.live {
            live.note(&notice, Instant::now());
            if let Notice::Script(data) = &mut *notice {
                data.running_time = live.running_time(data.time);
            }
        }
        notice
    }
}
