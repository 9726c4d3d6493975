// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Seeking in a recording: asks for it, leaves out what comes before the answer, and
//! tells the consumer where the new place begins.
//!
//! A server should go on with a key frame at or before the position. nginx-rtmp takes
//! the one behind it. So it is asked again, for less, until what comes is not behind:
//! twice as far each time, which finds the nearest one if they come at regular
//! intervals.

use std::time::{Duration, Instant};

use super::{Outcome, Player};
use crate::client::failure::EosReason;
use crate::flv::{TagType, Verdict, inspect};
use crate::player::item::{Item, Sought};
use crate::player::recording::Seek;
use crate::rtmp::session::client::ClientSession;
use crate::rtmp::session::{Media, MediaKind};
use crate::rtmp::status::{Status, StatusCode};

/// How long to wait for an answer where no timeout is set.
const PATIENCE: Duration = Duration::from_secs(10);

/// What may come before a key frame, in bytes.
const MAX_HELD: usize = 4 << 20;

/// A seek that has not arrived anywhere.
pub(super) struct Seeking {
    seek: Seek,
    since: Instant,
    /// The server has said that the recording is over.
    over: Option<EosReason>,
    /// It has said that it goes there.
    is_answered: bool,
    has_video: bool,
    held: Vec<Media>,
    held_bytes: usize,
}

/// The seeks that were asked for, and their answers, in the order of the connection: with
/// several on their way the answer to an earlier one is none to the last.
#[derive(Debug, Default)]
pub(super) struct Answers {
    asked: u32,
    /// Seek.Notify, or a refusal.
    notified: u32,
    /// StreamBegin; some say no more than this.
    begun: u32,
}

impl Answers {
    fn is_answered(&self) -> bool {
        let answered = match self.notified {
            0 => self.begun,
            notified => notified,
        };
        answered >= self.asked
    }

    fn ask(&mut self) {
        self.asked = self.asked.saturating_add(1);
    }

    fn notify(&mut self) {
        self.notified = self.notified.saturating_add(1);
    }

    fn begin(&mut self) {
        self.begun = self.begun.saturating_add(1);
    }

    /// No more answers are waited for.
    fn forget(&mut self) {
        *self = Self::default();
    }
}

/// What media behind an answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Landing {
    Unknown,
    Good,
    /// Behind what was wanted.
    TooFar,
}

impl Seeking {
    fn hold(&mut self, media: Media) -> Landing {
        let landing = match media.kind {
            MediaKind::Video => match inspect(TagType::Video, media.payload.as_slice()) {
                Verdict::Pass(info) if info.keyframe && !info.header => {
                    let time = u64::from(media.timestamp);
                    match time <= self.seek.to || self.seek.ask == 0 {
                        true => Landing::Good,
                        false => Landing::TooFar,
                    }
                }
                _ => Landing::Unknown,
            },
            MediaKind::Audio if self.has_video => Landing::Unknown,
            MediaKind::Data | MediaKind::DataAmf3 => Landing::Unknown,
            // Without pictures any place is a good one.
            MediaKind::Audio | MediaKind::Aggregate => Landing::Good,
        };
        self.held_bytes = self.held_bytes.saturating_add(media.payload.len());
        self.held.push(media);
        match landing {
            Landing::Unknown if self.held_bytes > MAX_HELD => Landing::Good,
            landing => landing,
        }
    }

    /// What to ask for next.
    fn next(&mut self) -> u64 {
        self.seek.ask_for_less();
        self.is_answered = false;
        self.held.clear();
        self.held_bytes = 0;
        self.seek.ask
    }
}

impl Player<'_> {
    /// Asks for what the application wants by now.
    pub(super) fn seek_where_wanted(&mut self, session: &mut ClientSession, now: Instant) {
        // Before the file header it is not known whether there are pictures.
        let is_ready = self.has_played() && !self.output.holds_media() && self.has_won();
        if !is_ready || self.candidate.is_some() || self.stream.is_none() {
            return;
        }
        if let Some(seek) = self.shared.recording.take_seek() {
            self.leave();
            self.begin_seek(session, seek, now);
        }
    }

    /// What has come is not wanted any more.
    fn leave(&mut self) {
        self.gather();
        self.batch.retain(Item::survives_seek);
        self.batch_bytes = 0;
        self.output.leave_for_seek();
    }

    /// Asks for a seek, and the server to go on if it had to wait.
    pub(super) fn begin_seek(&mut self, session: &mut ClientSession, seek: Seek, now: Instant) {
        self.seeking = Some(Seeking {
            seek,
            since: now,
            over: None,
            is_answered: false,
            has_video: self.output.has_video(),
            held: Vec::new(),
            held_bytes: 0,
        });
        self.left = None;
        self.last_media = now;
        self.ask_for(session, seek.ask);
        self.unpause(session, seek.ask);
    }

    fn ask_for(&mut self, session: &mut ClientSession, to: u64) {
        if let Some(stream) = self.stream {
            self.answers.ask();
            session.seek(stream, u32::try_from(to).unwrap_or(u32::MAX));
            self.log_step(format_args!("seek to {to} ms sent"));
        }
    }

    /// Whether what comes belongs to the place that was left.
    pub(super) fn is_seeking(&self) -> bool {
        self.seeking.is_some()
    }

    /// Media has come while seeking.
    pub(super) fn seeking_media(
        &mut self,
        session: &mut ClientSession,
        media: Media,
        now: Instant,
    ) {
        let Some(seeking) = self.seeking.as_mut().filter(|it| it.is_answered) else {
            return;
        };
        match seeking.hold(media) {
            Landing::Unknown => {}
            Landing::Good => self.end_seek(true, now),
            Landing::TooFar => {
                let to = seeking.next();
                self.ask_for(session, to);
            }
        }
    }

    /// The recording is over, as far as the server is concerned. True if it is not for
    /// us: that was said of the place that is being left, or there is an earlier one.
    pub(super) fn seek_met_end(&mut self, session: &mut ClientSession, status: &Status) -> bool {
        if self.pause_met_end(status) {
            return true;
        }
        let Some(seeking) = &mut self.seeking else {
            return false;
        };
        if seeking.is_answered && seeking.seek.ask == 0 {
            return false;
        }
        seeking.over = Some(EosReason::said(status.clone()));
        if seeking.is_answered {
            let to = seeking.next();
            self.ask_for(session, to);
        }
        true
    }

    /// No answer came in time. The end, if there was one before.
    pub(super) fn seek_timed_out(&mut self, now: Instant) -> Option<Outcome> {
        let over = self
            .seeking
            .as_mut()
            .and_then(|seeking| seeking.over.take());
        self.answers.forget();
        if over.is_none() {
            self.end_seek(false, now);
        }
        over.map(Outcome::Ended)
    }

    /// The connection is over. nginx-rtmp does not go back from the end: another
    /// connection has to.
    pub(super) fn hand_seek_over(&mut self) {
        self.hand_pause_over();
        if let Some(seeking) = self.seeking.take() {
            self.shared.recording.put_back(seeking.seek);
        }
    }

    /// A status may be the answer.
    pub(super) fn seek_answered(&mut self, code: &StatusCode, now: Instant) {
        if !self.is_seeking() {
            return;
        }
        match code {
            StatusCode::SeekNotify => {
                self.answers.notify();
                self.look_for_answer();
            }
            StatusCode::SeekFailed | StatusCode::SeekInvalidTime => {
                self.answers.notify();
                if self.answers.is_answered() {
                    self.end_seek(false, now);
                }
            }
            _ => {}
        }
    }

    /// The stream begins, maybe at the new place.
    pub(super) fn seek_begins(&mut self) {
        self.answers.begin();
        self.look_for_answer();
    }

    /// Whether what comes from now on is of the new place.
    fn look_for_answer(&mut self) {
        if let Some(seeking) = &mut self.seeking {
            seeking.is_answered |= self.answers.is_answered();
        }
    }

    /// When an answer is missed.
    pub(super) fn seek_deadline(&self) -> Option<Instant> {
        let limit = self.settings.connection.timeout.unwrap_or(PATIENCE);
        Some(self.seeking.as_ref()?.since + limit)
    }

    /// Goes on at the new place, or at the old one if it was not found.
    pub(super) fn end_seek(&mut self, found: bool, now: Instant) {
        let Some(seeking) = self.seeking.take() else {
            return;
        };
        self.last_media = now;
        self.output.begin_elsewhere();
        self.gaps.interrupt();
        if !found {
            self.log.info(format_args!(
                "The server does not seek to {} ms, the stream goes on",
                seeking.seek.to
            ));
        }
        self.gather();
        self.batch.push_back(Item::Sought(Sought {
            number: seeking.seek.number,
            found,
        }));
        self.go_on_behind(seeking.seek.behind.filter(|_| found));
        for media in seeking.held {
            self.output.media(media, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::Payload;
    use crate::rtmp::message::StreamId;

    fn seeking(to: u64, has_video: bool) -> Seeking {
        Seeking {
            seek: Seek::new(1, to),
            since: Instant::now(),
            over: None,
            is_answered: true,
            has_video,
            held: Vec::new(),
            held_bytes: 0,
        }
    }

    fn media(kind: MediaKind, timestamp: u32, body: &[u8]) -> Media {
        Media {
            stream: StreamId(1),
            kind,
            timestamp,
            payload: Payload::from(body),
        }
    }

    const KEY: &[u8] = &[0x17, 1, 0, 0, 0, 0, 0, 0, 1, 0x65];
    const INTER: &[u8] = &[0x27, 1, 0, 0, 0, 0, 0, 0, 1, 0x41];
    const HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1];
    const SOUND: &[u8] = &[0xAF, 1, 0x21];

    #[test]
    fn the_answer_to_an_earlier_seek_is_none_to_the_last() {
        // The statuses and StreamBegin in the orders of nginx-rtmp and FMS, or StreamBegin
        // alone.
        for one in ["nb", "bn", "b"] {
            let mut answers = Answers::default();
            for asked in [1, 3] {
                for _ in 0..asked {
                    answers.ask();
                }
                let all = one.repeat(asked);
                let seen = all.chars().map(|said| {
                    match said {
                        'n' => answers.notify(),
                        _ => answers.begin(),
                    }
                    answers.is_answered()
                });
                let seen: Vec<_> = seen.collect();
                let last = seen.len() - one.len();
                assert!(!seen[..last].contains(&true), "{one} {asked}: {seen:?}");
                assert!(seen[seen.len() - 1], "{one} {asked}: {seen:?}");
            }
        }
    }

    #[test]
    fn the_first_key_frame_tells() {
        for (time, landing) in [(5000, Landing::Good), (5001, Landing::TooFar)] {
            let mut seeking = seeking(5000, true);
            let mut hold = |kind, time, body| seeking.hold(media(kind, time, body));
            assert_eq!(hold(MediaKind::Video, 6000, HEADER), Landing::Unknown);
            assert_eq!(hold(MediaKind::Video, 6000, INTER), Landing::Unknown);
            assert_eq!(hold(MediaKind::Audio, 4900, SOUND), Landing::Unknown);
            assert_eq!(hold(MediaKind::Video, time, KEY), landing);
            assert_eq!(seeking.held.len(), 4);
        }
    }

    #[test]
    fn it_asks_for_less_and_less_down_to_the_beginning() {
        let mut seeking = seeking(1000, true);
        let asked: Vec<_> = (0..4).map(|_| seeking.next()).collect();
        assert_eq!(asked, [750, 500, 0, 0]);
        let late = media(MediaKind::Video, 3000, KEY);
        assert_eq!(seeking.hold(late), Landing::Good, "there is no earlier one");
    }

    #[test]
    fn the_nearest_key_frame_is_found_where_they_are_regular() {
        for (interval, to) in [(1000, 12_300), (2000, 12_300), (10_000, 38_999), (400, 401)] {
            let mut seeking = seeking(to, true);
            // As nginx-rtmp does it.
            let lands = |asked: u64| asked.next_multiple_of(interval);
            let mut landed = lands(to);
            while landed > to {
                landed = lands(seeking.next());
            }
            assert_eq!(landed, to - to % interval, "every {interval} ms");
        }
    }

    #[test]
    fn sound_alone_is_taken_where_it_begins() {
        let mut seeking = seeking(5000, false);
        let sound = media(MediaKind::Audio, 5010, SOUND);
        assert_eq!(seeking.hold(sound), Landing::Good);
    }

    #[test]
    fn what_has_no_key_frame_is_taken_in_the_end() {
        let mut seeking = seeking(5000, true);
        let body = vec![0x27; 1 << 20];
        let mut landings = (0..5).map(|n| seeking.hold(media(MediaKind::Video, n, &body)));
        assert!(landings.any(|landing| landing == Landing::Good));
    }
}
