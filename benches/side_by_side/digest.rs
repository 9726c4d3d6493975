// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Reads an element's output as FLV and sums up the media in it.

use gstrtmpr::flv::header::FILE_HEADER_SIZE;
use gstrtmpr::flv::{FlvReader, Tag, TagType};

use crate::media::is_tail;

/// What a stream has brought.
#[derive(Debug)]
pub(crate) struct Digest {
    reader: FlvReader,
    /// Audio and video tags.
    pub(crate) tags: u64,
    /// Their lengths.
    pub(crate) bytes: u64,
    /// Depends on every byte of their bodies and their order.
    pub(crate) sum: u64,
    /// Whether the end of the clip has come.
    pub(crate) is_complete: bool,
    /// Length of everything before that end.
    pub(crate) offset: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self {
            reader: FlvReader::new(),
            tags: 0,
            bytes: 0,
            sum: 0,
            is_complete: false,
            offset: FILE_HEADER_SIZE as u64,
        }
    }
}

impl Digest {
    /// Takes more of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.reader.push(bytes);
        while let Some(tag) = self.reader.next_tag().map_err(|error| error.to_string())? {
            if self.is_complete {
                break;
            }
            self.is_complete = is_tail(tag.body());
            if !self.is_complete {
                self.add(&tag);
            }
        }
        Ok(())
    }

    fn add(&mut self, tag: &Tag) {
        let size = tag.as_bytes().len() as u64;
        self.offset += size;
        if tag.kind() == TagType::Script {
            return;
        }
        self.tags += 1;
        self.bytes += size;
        for byte in tag.body() {
            self.sum = (self.sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}
