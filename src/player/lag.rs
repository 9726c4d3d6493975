// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What becomes of live media that nobody takes in time: whole groups of pictures
//! are left out, up to the newest key frame.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::item::Item;
use super::notice::Notice;
use crate::queue::Fill;
use crate::rtmp::timestamp::Track;

/// How much a paused pipeline lets come together before it is thinned, in ms.
const PAUSED: u64 = 1_000;

/// How much sound without pictures is kept then, in ms.
const SOUND: u64 = 500;

/// How far the consumer may lag behind, and what was left out as it did.
#[derive(Debug, Default)]
pub struct Lag {
    paused: AtomicBool,
    /// Milliseconds; 0 for any.
    limit: AtomicU64,
    video: AtomicU64,
    audio: AtomicU64,
}

/// Frames that were left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Of video.
    pub video: u64,
    /// Of audio.
    pub audio: u64,
}

impl Lag {
    /// With at most so many milliseconds of media waiting; 0 for any number.
    pub fn new(limit: u64) -> Self {
        Self {
            limit: AtomicU64::new(limit),
            ..Self::default()
        }
    }

    /// A pipeline of a live stream is paused, and goes on where the stream is then.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// What was left out since the last call.
    pub fn take_skipped(&self) -> Skipped {
        Skipped {
            video: self.video.swap(0, Ordering::Relaxed),
            audio: self.audio.swap(0, Ordering::Relaxed),
        }
    }

    /// Whether a queue may have to be thinned at all.
    pub(super) fn is_active(&self) -> bool {
        self.paused.load(Ordering::Relaxed) || self.limit.load(Ordering::Relaxed) > 0
    }

    /// Whether a queue that is so full is to be thinned.
    pub(super) fn is_over(&self, fill: Fill) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        (self.paused.load(Ordering::Relaxed) && fill.time > PAUSED)
            || (limit > 0 && fill.time > limit)
    }

    /// Leaves out what is behind the newest key frame; sound as well while paused.
    pub(super) fn thin(&self, items: &mut VecDeque<Item>) -> Skipped {
        let skipped = skip(items, self.paused.load(Ordering::Relaxed));
        self.video.fetch_add(skipped.video, Ordering::Relaxed);
        self.audio.fetch_add(skipped.audio, Ordering::Relaxed);
        skipped
    }
}

/// Whether this is a frame of video with which a decoder can begin.
pub(super) fn is_keyframe(item: &Item) -> bool {
    matches!(item, Item::Packet(packet)
        if packet.track() == Some(Track::Video) && !packet.delta_unit)
}

/// Leaves out the frames before the newest key frame: those of video, and of audio with
/// `all`, what the stream says beside included. Headers stay. The first frame behind is
/// marked.
pub fn skip(items: &mut VecDeque<Item>, all: bool) -> Skipped {
    let mut skipped = Skipped::default();
    let keyframe = items.iter().rposition(is_keyframe);
    let has_video = items
        .iter()
        .any(|item| matches!(item, Item::Packet(packet) if packet.track() == Some(Track::Video)));
    let first = match keyframe {
        Some(first) => first,
        None if all && !has_video => first_sound(items),
        None => return skipped,
    };
    let mut index = 0;
    items.retain(|item| {
        let is_old = index < first;
        index += 1;
        let Item::Packet(packet) = item else {
            let is_script = matches!(item, Item::Notice(notice)
                if matches!(**notice, Notice::Script(_)));
            return !(is_old && all && is_script);
        };
        match packet.track() {
            Some(Track::Video) if is_old => skipped.video += 1,
            Some(Track::Audio) if is_old && all => skipped.audio += 1,
            None if is_old && all && !packet.header => {}
            _ => return true,
        }
        false
    });
    let mark = |items: &mut VecDeque<Item>, track| {
        let mut packets = items.iter_mut().filter_map(|item| match item {
            Item::Packet(packet) if packet.track() == Some(track) => Some(packet),
            _ => None,
        });
        if let Some(packet) = packets.next() {
            packet.discont = true;
        }
    };
    if skipped.video > 0 {
        mark(items, Track::Video);
    }
    if skipped.audio > 0 {
        mark(items, Track::Audio);
    }
    skipped
}

/// Where the newest half second of sound begins.
fn first_sound(items: &VecDeque<Item>) -> usize {
    let time = |item: &Item| match item {
        Item::Packet(packet) if packet.frame => packet.dts,
        _ => None,
    };
    let newest = items.iter().rev().find_map(time).unwrap_or(0);
    let first = items
        .iter()
        .position(|item| time(item).is_some_and(|time| time + SOUND >= newest));
    first.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::BytesMut;

    use super::*;
    use crate::player::Packet;

    /// `K` key frame, `P` other picture, `A` sound, `H` header, `S` script data.
    fn items(kinds: &str) -> VecDeque<Item> {
        let item = |(n, kind): (usize, char)| {
            let tag = match kind {
                'A' => 8,
                'S' => 18,
                _ => 9,
            };
            Item::Packet(Packet {
                data: BytesMut::from(&[tag, kind as u8][..]),
                dts: Some(40 * n as u64),
                pts: Some(40 * n as u64),
                header: kind == 'H',
                delta_unit: kind == 'P',
                discont: false,
                frame: matches!(kind, 'K' | 'P' | 'A'),
                came: Instant::now(),
                made: None,
            })
        };
        kinds.chars().enumerate().map(item).collect()
    }

    /// The kinds that are left; lower case: marked.
    fn left(items: &VecDeque<Item>) -> String {
        let kind = |item: &Item| match item {
            Item::Packet(packet) => {
                let kind = char::from(packet.data[1]);
                match packet.discont {
                    true => kind.to_ascii_lowercase(),
                    false => kind,
                }
            }
            Item::Notice(_) | Item::Sought(_) => '?',
        };
        items.iter().map(kind).collect()
    }

    #[test]
    fn whole_groups_of_pictures_go_and_sound_stays() {
        for (before, behind, video) in [
            ("HKPAPSKAPPAHKPA", "HASAAHkPA", 6),
            ("PPAP", "PPAP", 0),
            ("KPAP", "KPAP", 0),
            ("PPAKP", "AkP", 2),
            ("AAA", "AAA", 0),
            ("", "", 0),
        ] {
            let mut items = items(before);
            let skipped = skip(&mut items, false);
            assert_eq!(left(&items), behind, "{before}");
            assert_eq!(skipped, Skipped { video, audio: 0 }, "{before}");
        }
    }

    #[test]
    fn while_paused_sound_goes_as_well() {
        let mut paused = items("HKPAPSKAPPAHKPA");
        let skipped = skip(&mut paused, true);
        assert_eq!(left(&paused), "HHkPa");
        assert_eq!(skipped, Skipped { video: 6, audio: 3 });
        let mut sound = items(&"A".repeat(40));
        let skipped = skip(&mut sound, true);
        assert_eq!(left(&sound), format!("a{}", "A".repeat(12)));
        assert_eq!(skipped.audio, 27);
    }

    #[test]
    fn it_is_thinned_beyond_the_limit_or_while_paused() {
        let fill = |time| Fill {
            time,
            ..Fill::default()
        };
        let lag = Lag::new(0);
        assert!(!lag.is_over(fill(1_000_000)));
        lag.set_paused(true);
        assert!(lag.is_over(fill(1_001)) && !lag.is_over(fill(1_000)));
        let lag = Lag::new(200);
        assert!(lag.is_over(fill(201)) && !lag.is_over(fill(200)));
        lag.thin(&mut items("KPK"));
        assert_eq!(lag.take_skipped(), Skipped { video: 2, audio: 0 });
        assert_eq!(lag.take_skipped(), Skipped::default());
    }
}
