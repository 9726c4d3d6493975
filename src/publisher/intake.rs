// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The streaming thread's side: FLV in, packets into the queue.

use std::collections::VecDeque;

use bytes::Bytes;

use super::packet::{Inspector, Packet, Role};
use super::queue::{Refused, UploadQueue};
use super::timestamps::Timestamps;
use crate::flv::{FlvError, SharedReader, SharedTag, TagType};
use crate::rtmp::amf::Object;
use crate::rtmp::amf::Value;
use crate::rtmp::amf0;
use crate::rtmp::timestamp::Track;

/// Takes FLV, however it is cut.
#[derive(Debug, Default)]
pub struct Intake {
    reader: SharedReader,
    tags: VecDeque<SharedTag>,
    inspector: Inspector,
    timestamps: Timestamps,
    packets: VecDeque<Packet>,
    has_metadata: bool,
    has_media: bool,
    /// What is sent as metadata if the muxer gives none.
    own_metadata: Option<Bytes>,
}

impl Intake {
    /// Takes a buffer that can be kept.
    ///
    /// # Errors
    /// It is no FLV. What came before that can be put into the queue.
    pub fn read(&mut self, buffer: Bytes) -> Result<(), FlvError> {
        let result = self.reader.push(buffer, &mut self.tags);
        self.inspect();
        result
    }

    /// The same for bytes that cannot be kept.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_borrowed(&mut self, bytes: &[u8]) -> Result<(), FlvError> {
        let result = self.reader.push_borrowed(bytes, &mut self.tags);
        self.inspect();
        result
    }

    /// Puts what is whole into the queue, which may take its time.
    ///
    /// # Errors
    /// The queue takes nothing. What is left can be put later.
    pub fn put(&mut self, queue: &UploadQueue) -> Result<(), Refused> {
        queue.push(&mut self.packets)
    }

    /// Time of what is to be put next, in ms, if it has one.
    #[must_use]
    pub fn next_time(&self) -> Option<u64> {
        let next = self.packets.front()?;
        next.role.is_media().then_some(next.time)
    }

    /// Puts the next packet into the queue. False if there was none.
    ///
    /// # Errors
    /// As [`put`](Self::put).
    pub fn put_one(&mut self, queue: &UploadQueue) -> Result<bool, Refused> {
        let Some(next) = self.packets.pop_front() else {
            return Ok(false);
        };
        let mut one = VecDeque::from([next]);
        let result = queue.push(&mut one);
        if let Some(left) = one.pop_front() {
            self.packets.push_front(left);
        }
        result.map(|()| true)
    }

    /// Whether a buffer of this size is better copied than kept.
    #[must_use]
    pub fn is_small(size: usize) -> bool {
        SharedReader::is_small(size)
    }

    /// Whether the stream ends with a whole tag.
    #[must_use]
    pub fn is_at_boundary(&self) -> bool {
        self.reader.is_at_boundary()
    }

    /// What to send as `onMetaData` if the muxer gives none before the first medium.
    pub fn set_metadata(&mut self, members: Object) {
        let mut body = bytes::BytesMut::new();
        amf0::encode(&Value::from("onMetaData"), &mut body);
        amf0::encode(&Value::EcmaArray(members), &mut body);
        self.own_metadata = Some(body.freeze());
    }

    /// Whether media has come.
    #[must_use]
    pub fn has_media(&self) -> bool {
        self.has_media
    }

    /// What was cut is not continued: a flush.
    pub fn reset(&mut self) {
        self.reader.reset();
        self.tags.clear();
        self.packets.clear();
    }

    fn inspect(&mut self) {
        while let Some(tag) = self.tags.pop_front() {
            self.add(tag);
        }
    }

    fn add(&mut self, tag: SharedTag) {
        let (role, codec) = self.inspector.inspect(&tag);
        let time = match (tag.kind, role.is_media()) {
            (TagType::Audio, true) => self.timestamps.media(Track::Audio, tag.timestamp),
            (TagType::Video, true) => self.timestamps.media(Track::Video, tag.timestamp),
            _ => self.timestamps.other(),
        };
        if role == Role::Metadata {
            self.has_metadata = true;
        }
        // In front of headers, too: servers take tracks from it.
        if tag.kind != TagType::Script
            && !self.has_metadata
            && let Some(body) = self.own_metadata.take()
        {
            self.packets.push_back(Packet {
                kind: TagType::Script,
                role: Role::Metadata,
                time,
                body,
                codec: None,
            });
        }
        self.has_media |= role.is_media();
        self.packets.push_back(Packet {
            kind: tag.kind,
            role,
            time,
            body: tag.body,
            codec,
        });
    }
}
