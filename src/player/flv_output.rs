// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Media messages in, FLV packets out, and script data for the application
//! before the packets that hold it.
//!
//! Splits aggregates, drops what a demuxer would stumble over, puts the times
//! on one 64-bit line without falls, and holds the first items back behind the
//! [`Gate`] until it is known what the file header should promise.

use std::collections::{HashSet, VecDeque};
use std::time::Instant;

use bytes::BytesMut;

use super::backlog::{Backlog, Piece};
use super::continuity::{Continuity, Placed};
use super::gate::{Gate, promised};
use super::item::{Item, Packet};
use super::notice::Notice;
use super::reception::Wanted;
use super::script_data::ScriptData;
use super::selection::{Selected, Selection};
use super::sequence_headers::SequenceHeaders;
use super::settings::StartPosition;
use super::traffic::Traffic;
use crate::flv::{
    DataEncoding, Info, ScriptAction, Tag, TagType, Verdict, file_header, inspect, inspect_data,
};
use crate::queue::Measured;
use crate::rtmp::Payload;
use crate::rtmp::session::{Media, MediaKind};
use crate::rtmp::timestamp::{Timeline, Track};

/// How much is made ready before it has to be taken, in bytes: a read of the
/// largest batch of usual media comes to less.
pub(crate) const MAX_READY: usize = 1 << 20;

/// Small tags are put into blocks of this size together. The block is freed in
/// the streaming thread: each tag's own one would cost a lock that the network
/// thread wants for its next. Bytes.
const SHARED_BLOCK: usize = 16 << 10;

/// Largest tag that goes into such a block. Bytes.
const MAX_SHARED: usize = 1024;

/// Turns the media messages of one NetStream into FLV.
#[derive(Debug, Default)]
pub(super) struct FlvOutput {
    position: StartPosition,
    backlog: Backlog,
    timeline: Timeline,
    continuity: Continuity,
    selection: Selection,
    /// `None` once the file header is out.
    gate: Option<Gate>,
    has_media: bool,
    /// Video came in another place of the recording.
    had_video: bool,
    /// When the first frame is presented, in ms: there `flvdemux` begins its
    /// segment.
    first_frame: Option<u64>,
    ready: VecDeque<Item>,
    ready_bytes: usize,
    /// Pieces that became packets, and pieces that were of no use.
    worth: Worth,
    /// What is left of the present block for small tags.
    block: BytesMut,
    reported: HashSet<String>,
    notices: Vec<String>,
    traffic: Traffic,
    headers: SequenceHeaders,
    /// Audio and video of which something was left out in front of the next frame.
    broken: [bool; 2],
}

/// What messages came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Worth {
    /// Packets for downstream.
    pub(super) packets: u64,
    /// Messages, or parts of aggregates, that were left out.
    pub(super) useless: u64,
}

impl FlvOutput {
    /// Begins at this position of what comes.
    pub(super) fn new(position: StartPosition) -> Self {
        let mut output = Self {
            position,
            gate: Some(Gate::new(position)),
            ..Self::default()
        };
        output.await_keyframe();
        output
    }

    /// Another server goes on with the stream, maybe in the middle of a group of
    /// pictures.
    pub(super) fn announce_new_server(&mut self) {
        self.announce_restart();
        self.expect_headers_again();
        self.await_keyframe();
    }

    /// Another server tells what the last one has told.
    pub(super) fn expect_headers_again(&mut self) {
        self.headers.expect_again();
    }

    /// Nothing that has come is wanted any more, but for headers and news.
    pub(super) fn leave_for_seek(&mut self) {
        if self.holds_anything() {
            self.open();
        }
        self.backlog = Backlog::default();
        self.ready.retain(Item::survives_seek);
        self.ready_bytes = self.ready.iter().map(Measured::size).sum();
    }

    /// What comes next is of another place in a recording, and has its times.
    pub(super) fn begin_elsewhere(&mut self) {
        self.timeline = Timeline::new();
        self.had_video |= self.continuity.has_video();
        self.continuity = Continuity::default();
        self.await_keyframe();
        self.broken = [true; 2];
    }

    fn await_keyframe(&mut self) {
        if self.position != StartPosition::Anywhere {
            self.selection.await_keyframe();
        }
    }

    /// Takes a message. It is looked at unless [`MAX_READY`] is waiting.
    pub(super) fn media(&mut self, media: Media, now: Instant) {
        self.backlog.push(media, now);
        self.go_on();
    }

    /// Looks at what is left of the messages that came, as far as there is room.
    pub(super) fn go_on(&mut self) {
        while self.ready_bytes < MAX_READY
            && let Some((piece, came)) = self.backlog.pop()
        {
            match piece {
                Piece::Message(media) => self.whole(media, came),
                Piece::Tag(tag, whole) => self.tag(compact(tag, whole), came),
                Piece::Lost(reason) => self.leave_out(&format!("part of an aggregate: {reason}")),
            }
        }
    }

    /// Whether something that came has not been looked at.
    pub(super) fn has_more(&self) -> bool {
        !self.backlog.is_empty()
    }

    fn whole(&mut self, media: Media, now: Instant) {
        let Media {
            kind,
            timestamp,
            payload,
            ..
        } = media;
        match kind {
            MediaKind::Audio => self.message(TagType::Audio, timestamp, payload, now),
            MediaKind::Video => self.message(TagType::Video, timestamp, payload, now),
            MediaKind::Data => self.data(DataEncoding::Amf0, timestamp, payload, now),
            MediaKind::DataAmf3 => self.data(DataEncoding::Amf3, timestamp, payload, now),
            MediaKind::Aggregate => {}
        }
    }

    /// The publisher may begin anew, at whatever time: what comes next goes on
    /// behind what was.
    pub(super) fn announce_restart(&mut self) {
        self.timeline = Timeline::new();
        self.continuity.announce_restart();
    }

    /// Which media is wanted from now on.
    pub(super) fn want(&mut self, wanted: Wanted) {
        self.selection.want(wanted);
    }

    /// Moves what is ready to the end of `batch`, and tells its size in bytes.
    pub(super) fn take(&mut self, batch: &mut VecDeque<Item>) -> usize {
        batch.append(&mut self.ready);
        std::mem::take(&mut self.ready_bytes)
    }

    /// How much is ready, in bytes.
    pub(super) fn ready_bytes(&self) -> usize {
        self.ready_bytes
    }

    /// What has come of the messages since the last call.
    pub(super) fn take_worth(&mut self) -> Worth {
        std::mem::take(&mut self.worth)
    }

    /// When [`open`](Self::open) is due at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.gate.as_ref()?.deadline()
    }

    /// Writes the file header with what is known, and releases what was held.
    pub(super) fn open(&mut self) {
        let Some(gate) = self.gate.take() else {
            return;
        };
        let (audio, video) = gate.flags();
        // What comes before the first frame is often stamped 0, hours away
        // from it, and would count as hours in queues downstream.
        let held = gate.into_held();
        let first = |wanted: fn(&Packet) -> bool| {
            let mut packets = held.iter().enumerate();
            packets.find_map(|(i, item)| match item {
                Item::Packet(packet) if wanted(packet) => Some((i, packet.dts?)),
                _ => None,
            })
        };
        let start = first(|packet| packet.frame).or_else(|| first(|packet| !packet.header));
        let time = start.map(|(_, time)| time);
        let came = held.iter().find_map(|item| match item {
            Item::Packet(packet) => Some(packet.came),
            _ => None,
        });
        self.make_ready(Item::Packet(Packet {
            data: BytesMut::from(&file_header(audio, video)[..]),
            dts: time,
            pts: time,
            header: true,
            delta_unit: false,
            discont: true,
            frame: false,
            came: came.unwrap_or_else(Instant::now),
            made: None,
        }));
        for (i, mut item) in held.into_iter().enumerate() {
            if let Some((start, time)) = start
                && i < start
            {
                set_time(&mut item, time);
            }
            self.make_ready(item);
        }
    }

    fn make_ready(&mut self, item: Item) {
        self.ready_bytes = self.ready_bytes.saturating_add(item.size());
        self.ready.push_back(item);
    }

    /// Nothing but words has come, from a connection that will not go on.
    pub(super) fn forget_what_never_began(&mut self) {
        if !self.has_media && self.gate.is_some() {
            let wanted = self.selection.wanted();
            *self = Self::new(self.position);
            self.want(wanted);
        }
    }

    /// Audio or video waits for the file header.
    pub(super) fn holds_media(&self) -> bool {
        self.has_media && self.gate.is_some()
    }

    /// Whether audio or video has come.
    pub(super) fn has_media(&self) -> bool {
        self.has_media
    }

    /// Whether video has come.
    pub(super) fn has_video(&self) -> bool {
        self.had_video || self.continuity.has_video()
    }

    /// Whether anything waits for the file header.
    pub(super) fn holds_anything(&self) -> bool {
        self.gate.as_ref().is_some_and(Gate::holds_anything)
    }

    /// What was dropped and has not been reported yet; each kind once.
    pub(super) fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// What has come since the last call.
    pub(super) fn take_traffic(&mut self) -> Traffic {
        std::mem::take(&mut self.traffic)
    }

    fn message(&mut self, kind: TagType, timestamp: u32, payload: Payload, now: Instant) {
        let body = payload.as_slice();
        if let Some((info, Placed { time, discont })) = self.admit(kind, timestamp, body, now) {
            let tag = Tag::from_payload(kind, time as u32, payload);
            self.push(tag, time, &info, discont, now);
        }
    }

    fn tag(&mut self, mut tag: Tag, now: Instant) {
        if tag.kind() == TagType::Script {
            let payload = Payload::from(tag.body());
            return self.data(DataEncoding::Amf0, tag.timestamp(), payload, now);
        }
        let admitted = self.admit(tag.kind(), tag.timestamp(), tag.body(), now);
        if let Some((info, Placed { time, discont })) = admitted {
            tag.set_timestamp(time as u32);
            self.push(tag, time, &info, discont, now);
        }
    }

    /// What is known of a body that goes on, and where it is put.
    fn admit(
        &mut self,
        kind: TagType,
        timestamp: u32,
        body: &[u8],
        now: Instant,
    ) -> Option<(Info, Placed)> {
        self.traffic.count(kind, body.len());
        let info = match inspect(kind, body) {
            Verdict::Pass(info) => info,
            Verdict::Drop(reason) => {
                self.leave_out(&format!("{kind:?} message: {reason}"));
                return None;
            }
        };
        let track = track(kind);
        let selected = self
            .selection
            .select(track, info.header, info.keyframe, body, now);
        let mut placed = self.time(track, timestamp, &info, now);
        let broken = match track {
            Track::Audio => &mut self.broken[0],
            Track::Video => &mut self.broken[1],
        };
        if selected == Selected::Drop || selected == Selected::NoKeyframe {
            // What is left out at the start is missed by nobody.
            let is_gap = selected == Selected::NoKeyframe && self.gate.is_none();
            *broken |= placed.discont || is_gap;
        } else if !info.header {
            placed.discont |= std::mem::take(broken);
        }
        match selected {
            Selected::Drop => return None,
            Selected::NoKeyframe => {
                self.skip(now);
                return None;
            }
            Selected::Pass(None) if info.header && self.headers.is_known(track, body) => {
                return None;
            }
            Selected::Pass(None) => {}
            Selected::Pass(Some(header)) => {
                let tag = Tag::from_payload(kind, placed.time as u32, Payload::from(&header[..]));
                let header = Info {
                    header: true,
                    ..Info::default()
                };
                self.push(tag, placed.time, &header, false, now);
            }
        }
        Some((info, placed))
    }

    fn data(&mut self, encoding: DataEncoding, timestamp: u32, payload: Payload, now: Instant) {
        self.traffic.count(TagType::Script, payload.len());
        let script = inspect_data(encoding, payload.as_slice());
        let (skip, convert) = match script.action {
            ScriptAction::Forward { skip } => (skip, false),
            ScriptAction::Convert { skip } => (skip, true),
            ScriptAction::Drop(reason) => {
                return self.leave_out(&format!("data message: {reason}"));
            }
        };
        let is_metadata = script.name == "onMetaData";
        let values = payload.as_slice().get(skip..).unwrap_or_default();
        let mut data = ScriptData::read(&script.name, values);
        if is_metadata && let Some(gate) = &mut self.gate {
            let wanted = self.selection.wanted();
            gate.promise(
                promised(&data.values)
                    .map(|(audio, video)| (audio && wanted.audio, video && wanted.video)),
            );
        }
        let time = self.continuity.script(timestamp.into());
        data.time = time;
        data.running_time = self
            .first_frame
            .map_or(0, |first| time.saturating_sub(first));
        let converted = convert.then(|| data.to_amf0().map_err(str::to_owned));
        self.enqueue(Item::Notice(Box::new(Notice::Script(data))), now);
        let payload = match converted {
            None => payload,
            Some(Ok(values)) => Payload::from(&values[..]),
            Some(Err(error)) => {
                if let Some(gate) = &mut self.gate {
                    // The notice does not wait for ever either.
                    gate.touch(now);
                }
                return self.notice(&format!("tag of an AMF3 data message: {error}"));
            }
        };
        let whole = payload.len();
        let mut tag = Tag::from_payload(TagType::Script, time as u32, payload);
        if !convert {
            tag.strip_front(skip);
        }
        let tag = compact(tag, whole);
        let info = Info {
            header: is_metadata,
            ..Info::default()
        };
        self.push(tag, time, &info, false, now);
    }

    /// The 64-bit time of a message.
    fn time(&mut self, track: Track, timestamp: u32, info: &Info, now: Instant) -> Placed {
        if info.header {
            let time = self.timeline.header(track, timestamp);
            return Placed {
                time: self.continuity.header(track, time),
                discont: false,
            };
        }
        let time = self.timeline.media(track, timestamp);
        self.continuity.frame(track, time, now)
    }

    fn push(&mut self, tag: Tag, time: u64, info: &Info, discont: bool, now: Instant) {
        let kind = tag.kind();
        let packet = Packet {
            data: self.place(tag),
            dts: Some(time),
            pts: Some(time.saturating_add_signed(info.composition_time_ms.into())),
            header: info.header,
            delta_unit: kind == TagType::Video && !info.keyframe && !info.header,
            discont,
            frame: kind != TagType::Script && !info.header,
            came: now,
            made: None,
        };
        self.worth.packets += 1;
        self.has_media |= kind != TagType::Script;
        if let Some(gate) = &mut self.gate {
            gate.note(kind, &packet, now);
            let left_out = gate.take_left_out();
            if left_out > 0 {
                self.traffic.dropped += left_out;
                self.first_frame = gate.first_frame();
                self.notice("what comes before the first key frame");
            }
        }
        if packet.frame {
            self.first_frame = self.first_frame.or(packet.pts);
        }
        self.enqueue(Item::Packet(packet), now);
    }

    /// A frame of video cannot be decoded, as it builds on one that has not come.
    fn skip(&mut self, now: Instant) {
        self.has_media = true;
        match &mut self.gate {
            Some(gate) => gate.skip(now),
            None => {
                self.traffic.dropped += 1;
                self.notice("video up to a key frame");
            }
        }
    }

    /// Puts an item behind the others, while the gate is closed in front of it.
    fn enqueue(&mut self, item: Item, now: Instant) {
        let Some(gate) = &mut self.gate else {
            return self.make_ready(item);
        };
        gate.hold(item);
        if gate.is_decided(now) {
            self.open();
        }
    }

    /// The bytes of a tag that goes on. Only such tags share a block, so that
    /// what the queue counts is what it keeps.
    fn place(&mut self, tag: Tag) -> BytesMut {
        let bytes = tag.as_bytes();
        if bytes.len() > MAX_SHARED {
            return tag.into_bytes_mut();
        }
        if self.block.capacity() < bytes.len() {
            self.block = BytesMut::with_capacity(SHARED_BLOCK);
        }
        self.block.extend_from_slice(bytes);
        self.block.split()
    }

    fn leave_out(&mut self, text: &str) {
        self.worth.useless += 1;
        self.traffic.dropped += 1;
        self.notice(text);
    }

    fn notice(&mut self, text: &str) {
        // The kinds of notices are few, but some hold numbers of the peer's.
        const MAX_REPORTED: usize = 64;
        if self.reported.len() < MAX_REPORTED && self.reported.insert(text.to_owned()) {
            self.notices.push(text.to_owned());
        }
    }
}

fn track(kind: TagType) -> Track {
    match kind {
        TagType::Video => Track::Video,
        TagType::Audio | TagType::Script => Track::Audio,
    }
}

/// Sets the time of what comes before the first frame.
fn set_time(item: &mut Item, time: u64) {
    match item {
        Item::Packet(packet) => {
            packet.dts = Some(time);
            packet.pts = Some(time);
        }
        Item::Notice(notice) => {
            if let Notice::Script(data) = &mut **notice {
                data.time = time;
            }
        }
        Item::Sought(_) => {}
    }
}

/// Gives a tag that is a small part of its block a block of its own: the queue
/// counts what it holds by the tags. Small ones are copied later anyway.
fn compact(tag: Tag, block: usize) -> Tag {
    if tag.body().len() >= block / 2 || tag.as_bytes().len() <= MAX_SHARED {
        return tag;
    }
    Tag::from_payload(tag.kind(), tag.timestamp(), Payload::from(tag.body()))
}

#[cfg(test)]
mod tests;
