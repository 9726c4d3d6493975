// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What was received: the FLV file, and how much of it was decoded.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use gstrtmpr::flv::{
    AudioCodec, AudioInfo, FlvReader, TagType, Verdict, VideoCodec, VideoInfo, VideoPacket, inspect,
};

use crate::player::{COUNTED_HEIGHT, COUNTED_WIDTH, SOUND_RATE};
use crate::workspace::Workspace;

/// One medium of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Medium {
    pub(crate) codec: String,
    /// Headers not counted.
    pub(crate) frames: u64,
    first_ms: Option<u32>,
    last_ms: u32,
}

/// The figures of what was received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) bytes: u64,
    pub(crate) video: Medium,
    pub(crate) audio: Medium,
    pub(crate) frames_decoded: u64,
    pub(crate) sound_decoded_s: f64,
}

impl Received {
    /// Looks at the files that the player wrote.
    ///
    /// # Errors
    /// The received file cannot be read.
    pub(crate) fn read(workspace: &Workspace) -> io::Result<Self> {
        let mut received = Self::default();
        match File::open(workspace.received()) {
            Ok(file) => received.read_flv(file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let counted = COUNTED_WIDTH * COUNTED_HEIGHT;
        received.frames_decoded = size(&workspace.counted_frames()) / counted as u64;
        received.sound_decoded_s = size(&workspace.sound()) as f64 / (2 * SOUND_RATE) as f64;
        Ok(received)
    }

    /// Whether there was any media.
    pub(crate) fn is_empty(&self) -> bool {
        self.video.frames == 0 && self.audio.frames == 0
    }

    /// Seconds of media.
    pub(crate) fn seconds(&self) -> f64 {
        self.video.seconds().max(self.audio.seconds())
    }

    fn read_flv(&mut self, mut file: File) -> io::Result<()> {
        let mut reader = FlvReader::new();
        let mut buffer = vec![0; 64 << 10];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            self.bytes += count as u64;
            reader.push(buffer.get(..count).unwrap_or_default());
            // The file may end in the middle of a tag, but it is one of ours.
            while let Ok(Some(tag)) = reader.next_tag() {
                self.tag(tag.kind(), tag.timestamp(), tag.body());
            }
        }
    }

    fn tag(&mut self, kind: TagType, time: u32, body: &[u8]) {
        let Verdict::Pass(info) = inspect(kind, body) else {
            return;
        };
        match kind {
            TagType::Audio => {
                if let Ok(info) = AudioInfo::parse(body) {
                    self.audio.codec = match info.codec {
                        AudioCodec::Aac => "AAC".to_owned(),
                        AudioCodec::Mp3 => "MP3".to_owned(),
                        other => format!("{other:?}"),
                    };
                }
                self.audio.frame(info.header, time);
            }
            TagType::Video => {
                if let Ok(VideoInfo {
                    codec: Some(codec),
                    packet: VideoPacket::SequenceStart | VideoPacket::CodedFrames,
                    ..
                }) = VideoInfo::parse(body)
                {
                    self.video.codec = match codec {
                        VideoCodec::Avc => "H.264".to_owned(),
                        VideoCodec::Hevc => "H.265".to_owned(),
                        other => format!("{other:?}"),
                    };
                }
                self.video.frame(info.header, time);
            }
            TagType::Script => {}
        }
    }
}

impl Medium {
    fn frame(&mut self, header: bool, time: u32) {
        if !header {
            self.frames += 1;
            self.first_ms.get_or_insert(time);
            self.last_ms = time;
        }
    }

    fn seconds(&self) -> f64 {
        let first = self.first_ms.unwrap_or(self.last_ms);
        f64::from(self.last_ms.saturating_sub(first)) / 1000.0
    }
}

/// 0 for a file that is not there: its medium was not.
pub(crate) fn size(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}
