// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which stream media belongs to, and media that belongs to none.

use super::*;
use crate::rtmp::message::MessageType;

const MEDIA: [(MessageType, MediaKind); 5] = [
    (MessageType::Audio, MediaKind::Audio),
    (MessageType::Video, MediaKind::Video),
    (MessageType::DataAmf0, MediaKind::Data),
    (MessageType::DataAmf3, MediaKind::DataAmf3),
    (MessageType::Aggregate, MediaKind::Aggregate),
];

fn foreign(stream: StreamId) -> client::Event {
    ignored_by_client(Ignored::ForeignStream(stream))
}

#[test]
fn media_of_every_kind_on_our_stream_is_passed_on_as_it_is() {
    let mut player = Player::with_stream(FIRST);
    for (kind, expected) in MEDIA {
        let body = [0, 2, 0, 1, b'x'];
        let events = player.receive(|wire| wire.typed(kind, FIRST, &body));
        let media = media(expected, FIRST, 0, &body);
        assert_eq!(events, [client::Event::Media(media)]);
        assert_eq!(MediaKind::of(kind), Some(expected));
    }
}

#[test]
fn media_on_message_stream_0_is_ours_if_we_have_one_stream() {
    let mut player = Player::with_stream(SECOND);
    for (kind, expected) in MEDIA {
        let events = player.receive(|wire| wire.typed(kind, StreamId(0), &[1]));
        let media = media(expected, SECOND, 0, &[1]);
        assert_eq!(events, [client::Event::Media(media)]);
    }
}

#[test]
fn media_on_message_stream_0_is_nobodys_if_we_have_two_streams_or_none() {
    let mut player = Player::with_stream(FIRST);
    player.create_stream(3.0, SECOND);
    let events = player.receive(|wire| wire.typed(MessageType::Audio, StreamId(0), &[1]));
    assert_eq!(events, [foreign(StreamId(0))]);

    let mut player = Player::connected();
    let events = player.receive(|wire| wire.typed(MessageType::Audio, StreamId(0), &[1]));
    assert_eq!(events, [foreign(StreamId(0))]);
}

#[test]
fn media_of_a_foreign_stream_or_before_create_stream_is_dropped() {
    for (kind, _) in MEDIA {
        let mut player = Player::connecting();
        let events = player.receive(|wire| wire.typed(kind, FIRST, &[1]));
        assert_eq!(events, [foreign(FIRST)]);

        let mut player = Player::with_stream(FIRST);
        let events = player.receive(|wire| {
            wire.typed(kind, SECOND, &[1])
                .typed(kind, StreamId(u32::MAX), &[1])
        });
        assert_eq!(events, [foreign(SECOND), foreign(StreamId(u32::MAX))]);
    }
}

#[test]
fn media_before_play_is_answered_is_not_lost() {
    let mut player = Player::connected();
    player.session.create_stream();
    let events = player.receive(|wire| {
        wire.command(StreamId(0), &Command::new("_result", 2.0).argument(1.0))
            .typed(MessageType::Audio, FIRST, &[0xAF, 0])
    });
    let audio = media(MediaKind::Audio, FIRST, 0, &[0xAF, 0]);
    assert_eq!(
        events,
        [
            client::Event::StreamCreated(FIRST),
            client::Event::Media(audio)
        ]
    );
}

#[test]
fn empty_media_is_passed_on() {
    let mut player = Player::with_stream(FIRST);
    for (kind, expected) in MEDIA {
        let events = player.receive(|wire| wire.typed(kind, FIRST, &[]));
        assert_eq!(
            events,
            [client::Event::Media(media(expected, FIRST, 0, &[]))]
        );
    }
}

#[test]
fn shared_objects_and_unknown_types_are_ignored() {
    let mut player = Player::with_stream(FIRST);
    for kind in [0u8, 7, 10, 14, 16, 19, 21, 23, 255] {
        let events = player.receive(|wire| wire.typed(kind.into(), FIRST, &[1, 2]));
        assert_eq!(events, [ignored_by_client(Ignored::UnknownMessage(kind))]);
    }
}

#[test]
fn the_boundary_between_messages_is_known() {
    let mut player = Player::with_stream(FIRST);
    assert!(player.session.is_at_message_boundary());
    let bytes = Wire::new()
        .typed(MessageType::Audio, FIRST, &[1; 10])
        .bytes();
    let (head, tail) = bytes.split_at(15);
    player.session.receive(head).expect("legal");
    assert!(!player.session.is_at_message_boundary());
    assert_eq!(player.session.poll_event(), None, "no half message");
    player.session.receive(tail).expect("legal");
    assert!(player.session.is_at_message_boundary());

    let opened = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
    assert!(!opened.is_at_message_boundary(), "the handshake is open");
}
