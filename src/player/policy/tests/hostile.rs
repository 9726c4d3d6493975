// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Servers that send what brings nothing, or what comes to far more than it is.

use super::*;
use crate::client::failure::{Cause, EosReason};
use crate::player::flv_output::MAX_READY;
use crate::player::policy::flood::{MAX_AT_ONCE, MAX_PER_SECOND};
use crate::rtmp::connection::Ignored;
use crate::rtmp::status::{Level, Status, StatusCode};

/// The part of an aggregate with this body.
fn part(body: &[u8]) -> Vec<u8> {
    let length = u8::try_from(body.len()).expect("short");
    let head = [9, 0, 0, length, 0, 0, 0, 0, 0, 0, 0];
    [&head[..], body, &[0; 4]].concat()
}

fn media(kind: MediaKind, body: &[u8]) -> Event {
    Event::Media(Media {
        kind,
        stream: STREAM,
        timestamp: 0,
        payload: Payload::from(body),
    })
}

impl Playing<'_, '_> {
    /// Why it ends at an event, if it does.
    fn end(&mut self, event: Event, ms: u64) -> Option<Cause> {
        let now = self.at(ms);
        match self.player.on_event(self.session, event, now)? {
            Outcome::Failed(failure) => Some(failure.cause),
            _ => panic!("it does not fail"),
        }
    }

    fn queued(&self) -> usize {
        self.player.shared.queue.fill().bytes
    }

    /// Takes everything that is in the queue.
    fn take(&self) -> Vec<Item> {
        let mut items = VecDeque::new();
        if self.queued() > 0 {
            self.player.shared.queue.pop(&mut items, usize::MAX);
        }
        items.into()
    }
}

#[test]
fn a_flood_of_what_is_no_media_ends_the_play() {
    let useless = [
        Event::UserControl(UserControl::StreamBegin(StreamId(9))),
        Event::UserControl(UserControl::PingRequest(1)),
        Event::Called("onBWCheck".to_owned()),
        Event::Ignored(Ignored::UnknownMessage(99)),
        Event::Ignored(Ignored::ForeignStream(StreamId(9))),
        Event::Status(
            STREAM,
            Status::new(Level::Status, StatusCode::Other("x".to_owned()), ""),
        ),
        media(MediaKind::Audio, &[]),
        media(MediaKind::Video, &[0x17, 2, 0, 0, 0]),
        media(MediaKind::Data, &[0xFF]),
    ];
    for event in useless {
        Parts::new(Duration::ZERO).playing(|playing| {
            for _ in 0..MAX_AT_ONCE {
                assert_eq!(playing.end(event.clone(), 0), None, "{event:?}");
            }
            let cause = playing.end(event.clone(), 0);
            let Some(Cause::Protocol(text)) = cause else {
                panic!("{event:?}: {cause:?}");
            };
            assert!(text.contains("bring no media"), "{text}");
        });
    }
}

#[test]
fn an_aggregate_of_nothing_ends_the_play_with_the_next_message() {
    Parts::new(Duration::ZERO).playing(|playing| {
        let parts = usize::try_from(MAX_AT_ONCE).expect("fits") + 1;
        let cause = playing.end(media(MediaKind::Aggregate, &part(&[]).repeat(parts)), 0);
        assert!(matches!(cause, Some(Cause::Protocol(_))), "{cause:?}");
    });
}

#[test]
fn no_rate_of_media_ends_the_play_nor_does_a_real_servers_talk() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.player.output.open();
        for round in 0..1000 {
            for _ in 0..100 {
                playing.frame(0);
            }
            for _ in 0..MAX_PER_SECOND {
                let event = UserControl::BufferEmpty(STREAM);
                playing.event(Event::UserControl(event), round * 1000);
            }
            playing.flush();
            playing.take();
        }
    });
}

#[test]
fn an_aggregate_that_comes_to_much_waits_for_room() {
    const PARTS: usize = 100_000;

    Parts::new(Duration::ZERO).playing(|playing| {
        playing.player.output.open();
        let bomb = part(KEYFRAME).repeat(PARTS);
        playing.event(media(MediaKind::Aggregate, &bomb), 0);
        assert!(playing.player.is_full());
        let mut parts = 0;
        let mut rounds = 0;
        loop {
            let room = playing.flush();
            assert!(playing.queued() < 1000 + MAX_READY + 1000);
            assert!(!room || !playing.player.is_full());
            let items = playing.take();
            if items.is_empty() {
                break;
            }
            parts += items.len();
            rounds += 1;
        }
        // The file header is one more.
        assert_eq!(parts, PARTS + 1);
        assert!(rounds > 10, "{rounds}");
        assert_eq!(playing.stats().flows.video.messages, PARTS as u64);
    });
}

#[test]
fn an_end_waits_for_what_has_come_before_it() {
    let mut parts = Parts::new(Duration::ZERO);
    let shared = Arc::get_mut(&mut parts.shared).expect("not shared yet");
    shared.settings.on_unpublish = OnUnpublish::Eos;
    parts.playing(|playing| {
        playing.player.output.open();
        playing.frame(0);
        let eof = Event::UserControl(UserControl::StreamEof(STREAM));
        playing.event(eof, 0);
        let bomb = part(KEYFRAME).repeat(100_000);
        playing.event(media(MediaKind::Aggregate, &bomb), 0);
        assert!(!playing.flush(), "full");
        playing.deadline(10_000);
        while !playing.flush() {
            playing.take();
        }
        let now = playing.at(10_000);
        let end = playing.player.on_deadline(playing.session, now);
        assert!(matches!(end, Some(Outcome::Ended(EosReason::StreamEof))));
    });
}

#[test]
fn publishers_that_come_and_go_take_no_more_than_is_counted() {
    let long = "x".repeat(1 << 20);
    let left = Status::new(Level::Status, StatusCode::PlayUnpublishNotify, long);
    let back = Status::new(Level::Status, StatusCode::PlayPublishNotify, "");
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.player.output.open();
        playing.frame(0);
        playing.flush();
        playing.take();
        for _ in 0..3 {
            playing.event(Event::Status(STREAM, left.clone()), 0);
            playing.event(Event::Status(STREAM, back.clone()), 0);
        }
        assert!(!playing.flush(), "six notices are more than 1000 bytes");
        assert!(playing.queued() < 10_000, "{}", playing.queued());
        for item in playing.take() {
            let Item::Notice(notice) = item else {
                panic!("{item:?}");
            };
            assert!(notice.size() < 1000);
        }
    });
}
