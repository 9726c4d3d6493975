// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A recording: an FLV file, and where in it a player can begin.
//!
//! The key frame index of `onMetaData` (`keyframes`, as FFmpeg's `add_keyframe_index` and
//! other tools write it) is used where it fits the file; otherwise all tags are
//! read once.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;
use gstrtmpr::flv::{TagHeader, TagType};
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::session::MediaKind;

use super::packet::{Packet, Role};

const TAG_HEADER_BYTES: usize = 11;
const BACK_POINTER_BYTES: u64 = 4;

/// Most of what stands before the first frame that is looked at, in tags and bytes.
const MAX_HEADERS: usize = 64;
const MAX_HEADER_BYTES: usize = 4 << 20;

/// Where a player can begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// In ms of the recording.
    pub(crate) time: u32,
    /// In bytes of the file.
    offset: u64,
}

/// An FLV file that can be played from.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    /// In ms.
    length: u32,
    /// Metadata and sequence headers.
    headers: Vec<Packet>,
    /// In order; the start of the file at least.
    places: Vec<Place>,
}

/// The file of a stream's name in a folder of recordings, if there can be one. The ending
/// `.flv` and the prefix `flv:` may be left out or not.
pub(crate) fn file(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = name.strip_prefix("flv:").unwrap_or(name);
    let name = name.strip_suffix(".flv").unwrap_or(name);
    let path = Path::new(name);
    let is_inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if name.is_empty() || !is_inside {
        return None;
    }
    let path = folder.join(format!("{name}.flv"));
    path.is_file().then_some(path)
}

impl Recording {
    /// Reads what is needed to play.
    ///
    /// # Errors
    /// The file cannot be read, or is no FLV.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        let mut reader = Reader::open(&path, None)?;
        let start = reader.offset;
        let mut headers = Vec::new();
        let mut bytes = 0;
        let mut index = None;
        while headers.len() < MAX_HEADERS && bytes < MAX_HEADER_BYTES {
            let Some(packet) = reader.next()? else { break };
            bytes += packet.size();
            match packet.role {
                Role::Metadata => {
                    index = Index::read(&packet.body);
                    headers.push(packet);
                }
                Role::Header(_) => headers.push(packet),
                _ => break,
            }
        }
        let found = index.filter(|index| index.fits(&path));
        let (places, length) = match found {
            Some(index) => (index.places, index.length),
            None => scan(&path)?,
        };
        let first = Place {
            time: 0,
            offset: start,
        };
        let places = match places.first() {
            Some(place) if place.time == 0 => places,
            _ => std::iter::once(first).chain(places).collect(),
        };
        Ok(Self {
            path,
            length,
            headers,
            places,
        })
    }

    /// How long it is, in seconds.
    pub(crate) fn seconds(&self) -> f64 {
        f64::from(self.length) / 1000.0
    }

    /// The last place that is not behind a time, in ms.
    pub(crate) fn place_before(&self, time: u32) -> Place {
        let behind = self.places.partition_point(|place| place.time <= time);
        let place = self.places.get(behind.saturating_sub(1));
        place.copied().unwrap_or(Place { time: 0, offset: 0 })
    }

    /// What a player has to know, at this time.
    pub(crate) fn headers(&self, time: u32) -> impl Iterator<Item = Packet> {
        self.headers.iter().map(move |packet| packet.at(time))
    }

    /// Reads from a place on.
    ///
    /// # Errors
    /// The file cannot be read any more.
    pub(crate) fn read_from(&self, place: Place) -> io::Result<Reader> {
        Reader::open(&self.path, Some(place.offset))
    }
}

/// The tags of a file, one after the other.
pub(crate) struct Reader {
    file: BufReader<File>,
    offset: u64,
}

impl Reader {
    /// From a place in the file, or from its first tag.
    fn open(path: &Path, offset: Option<u64>) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(256 << 10, File::open(path)?);
        let offset = match offset {
            Some(offset) => offset,
            None => {
                let mut header = [0; 9];
                file.read_exact(&mut header)?;
                let [b'F', b'L', b'V', _, _, size @ ..] = header else {
                    let error = "it does not begin like FLV";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, error));
                };
                u64::from(u32::from_be_bytes(size)) + BACK_POINTER_BYTES
            }
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, offset })
    }

    /// The header of the next tag. A tag that is not whole is the end.
    fn header(&mut self) -> io::Result<Option<TagHeader>> {
        let mut bytes = [0; TAG_HEADER_BYTES];
        match self.file.read_exact(&mut bytes) {
            Ok(()) => Ok(TagHeader::parse(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The next tag that players can use.
    pub(crate) fn next(&mut self) -> io::Result<Option<Packet>> {
        loop {
            let Some(header) = self.header()? else {
                return Ok(None);
            };
            // It has 24 bits.
            let mut body = vec![0; header.size as usize];
            match self.file.read_exact(&mut body) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
            self.file.seek_relative(BACK_POINTER_BYTES as i64)?;
            self.offset += TAG_HEADER_BYTES as u64 + u64::from(header.size) + BACK_POINTER_BYTES;
            let kind = match header.kind() {
                Some(TagType::Audio) => MediaKind::Audio,
                Some(TagType::Video) => MediaKind::Video,
                Some(TagType::Script) => MediaKind::Data,
                None => continue,
            };
            if !body.is_empty() {
                return Ok(Some(Packet::of(kind, header.timestamp, Bytes::from(body))));
            }
        }
    }
}

/// The key frame index of a file's metadata.
struct Index {
    places: Vec<Place>,
    length: u32,
}

impl Index {
    fn read(body: &[u8]) -> Option<Self> {
        let (values, _) = amf0::decode_lenient(body);
        let metadata = values.iter().find_map(Value::as_object)?;
        let duration = metadata.get("duration").and_then(Value::as_f64)?;
        let keyframes = metadata.get("keyframes").and_then(Value::as_object)?;
        let times = numbers(keyframes, "times")?;
        let offsets = numbers(keyframes, "filepositions")?;
        if times.len() != offsets.len() || times.is_empty() {
            return None;
        }
        let places = times.iter().zip(&offsets).map(|(seconds, offset)| Place {
            // Out of range is the next that is in it.
            time: (seconds * 1000.0).round() as u32,
            offset: *offset as u64,
        });
        let places: Vec<_> = places.collect();
        let is_sorted = places.is_sorted_by_key(|place| (place.time, place.offset));
        (is_sorted && duration > 0.0).then_some(Self {
            places,
            length: (duration * 1000.0) as u32,
        })
    }

    /// Whether key frames are where it says; the file may have been cut since.
    fn fits(&self, path: &Path) -> bool {
        let is_keyframe = |place: &Place| -> io::Result<bool> {
            let mut reader = Reader::open(path, Some(place.offset))?;
            let packet = reader.next()?;
            // FFmpeg names the sequence header for the first one.
            Ok(packet.is_some_and(|packet| {
                matches!(packet.role, Role::Keyframe(_) | Role::Header(_))
                    && packet.timestamp.abs_diff(place.time) <= 1
            }))
        };
        [self.places.first(), self.places.last()]
            .into_iter()
            .flatten()
            .all(|place| is_keyframe(place).unwrap_or(false))
    }
}

fn numbers(object: &Object, name: &str) -> Option<Vec<f64>> {
    match object.get(name)? {
        Value::StrictArray(values) => values.iter().map(Value::as_f64).collect(),
        _ => None,
    }
}

/// Looks at every tag. Without video a player can begin with any tag.
fn scan(path: &Path) -> io::Result<(Vec<Place>, u32)> {
    let mut reader = Reader::open(path, None)?;
    let mut keyframes = Vec::new();
    let mut sounds: Vec<Place> = Vec::new();
    let mut length = 0;
    loop {
        let offset = reader.offset;
        let Some(packet) = reader.next()? else { break };
        let time = packet.timestamp;
        let place = Place { time, offset };
        match packet.role {
            Role::Keyframe(_) => keyframes.push(place),
            // One for each second will do.
            Role::Audio if sounds.last().is_none_or(|last| time >= last.time + 1000) => {
                sounds.push(place);
            }
            _ => {}
        }
        if packet.kind != MediaKind::Data {
            length = length.max(time);
        }
    }
    let places = match keyframes.is_empty() {
        true => sounds,
        false => keyframes,
    };
    Ok((places, length))
}
