// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The same bytes give the same events and the same output however they are
//! cut. Acknowledgements may move, as they are sent by batch, and so may a
//! server's answers to pings.

use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::chunk::{AUDIO_CSID, VIDEO_CSID};
use crate::rtmp::message::{MessageType, PeerBandwidthLimit, ProtocolControl};
use crate::rtmp::random::Random;
use crate::rtmp::user_control::UserControl;
use crate::rtmp::vectors::hex;

/// Everything a session did with some bytes.
#[derive(Debug, PartialEq)]
pub(super) struct Outcome<E> {
    pub(super) events: Vec<E>,
    pub(super) error: Option<Error>,
    output: Vec<String>,
    /// Answers to pings, which may move among the rest.
    prompt: Vec<String>,
}

/// What a server sends to a client that made four calls at once.
pub(super) fn server_bytes() -> Vec<u8> {
    let status =
        |code, description| Command::on_status(&Status::new(Level::Status, code, description));
    let nested = Value::from(Object::new().with("x", Object::new().with("y", 1.0)));
    Wire::new()
        .control(&ProtocolControl::WindowAckSize(4096))
        .control(&ProtocolControl::SetPeerBandwidth(
            5_000_000,
            PeerBandwidthLimit::Dynamic,
        ))
        .user_control(&UserControl::StreamBegin(StreamId(0)))
        .control(&ProtocolControl::SetChunkSize(200))
        .command(StreamId(0), &connected_answer())
        .command(StreamId(0), &Command::new("onBWDone", 0.0))
        .command(
            StreamId(0),
            &Command::new("onBWCheck", 7.0).argument(nested),
        )
        .user_control(&UserControl::PingRequest(1))
        .command(StreamId(0), &Command::new("_result", 4.0).argument(2.0))
        .command(StreamId(0), &Command::new("_result", 2.0).argument(1.0))
        .command(StreamId(0), &Command::new("_error", 3.0))
        .command(StreamId(0), &Command::new("_result", 1.0))
        .user_control(&UserControl::StreamBegin(FIRST))
        .command(FIRST, &status(StatusCode::PlayReset, ""))
        .command(FIRST, &status(StatusCode::PlayStart, "go"))
        .message(
            VIDEO_CSID,
            FIRST,
            MessageType::Video,
            0x00FF_FFF0,
            &[0x17; 700],
        )
        .user_control(&UserControl::PingRequest(2))
        .message(
            AUDIO_CSID,
            FIRST,
            MessageType::Audio,
            0x00FF_FFF5,
            &[0xAF; 50],
        )
        .message(
            VIDEO_CSID,
            SECOND,
            MessageType::Video,
            0x0100_0000,
            &[0x27; 900],
        )
        .message(VIDEO_CSID, FIRST, MessageType::Video, 0x0100_0028, &[])
        .message(VIDEO_CSID, StreamId(9), MessageType::Video, 5, &[1; 10])
        .typed(MessageType::SharedObjectAmf0, FIRST, &[1])
        .typed(99.into(), FIRST, &[1, 2])
        .typed(MessageType::CommandAmf0, FIRST, &hex("02 00 01 78 05 12"))
        .typed(MessageType::CommandAmf0, FIRST, &hex("05 05"))
        .typed(
            MessageType::CommandAmf3,
            FIRST,
            &hex("00 02 00 04 70 69 6E 67 05"),
        )
        .typed(MessageType::UserControl, FIRST, &[0])
        .control(&ProtocolControl::SetChunkSize(7))
        .message(
            AUDIO_CSID,
            FIRST,
            MessageType::Audio,
            0x0100_0030,
            &[0xAF; 40],
        )
        .user_control(&UserControl::StreamEof(FIRST))
        .command(FIRST, &status(StatusCode::PlayStop, "bye"))
        .command(StreamId(0), &Command::new("close", 0.0))
        .bytes()
}

/// What a client sends that waits for nothing, behind its handshake.
pub(super) fn client_bytes() -> Vec<u8> {
    let play = |name: &str| Command::new("play", 0.0).argument(name).argument(-2000.0);
    Wire::new()
        .control(&ProtocolControl::SetChunkSize(300))
        .command(StreamId(0), &Command::new("releaseStream", 9.0))
        .command(StreamId(0), &connect_command())
        .control(&ProtocolControl::WindowAckSize(4096))
        // More than the window announced by then, then less.
        .control(&ProtocolControl::SetPeerBandwidth(
            7_000_000,
            PeerBandwidthLimit::Soft,
        ))
        .control(&ProtocolControl::SetPeerBandwidth(
            1_000_000,
            PeerBandwidthLimit::Soft,
        ))
        .command(
            StreamId(0),
            &Command::new("releaseStream", 2.0).argument("s"),
        )
        .command(StreamId(0), &Command::new("createStream", 3.0))
        .user_control(&UserControl::PingRequest(1))
        .command(StreamId(0), &Command::new("createStream", 4.0))
        .user_control(&UserControl::SetBufferLength(FIRST, 3000))
        .command(FIRST, &play("a?b"))
        .message(AUDIO_CSID, SECOND, MessageType::Audio, 0, &[0xAF; 9])
        .command(SECOND, &Command::new("publish", 5.0).argument("p"))
        .message(
            VIDEO_CSID,
            SECOND,
            MessageType::Video,
            0x00FF_FFF0,
            &[0x17; 900],
        )
        .user_control(&UserControl::PingRequest(2))
        .message(
            AUDIO_CSID,
            SECOND,
            MessageType::Audio,
            0x0100_0000,
            &[0xAF; 310],
        )
        .message(
            VIDEO_CSID,
            SECOND,
            MessageType::Video,
            0x0100_0005,
            &[0x27; 800],
        )
        .typed(99.into(), SECOND, &[1, 2])
        .typed(MessageType::CommandAmf0, FIRST, &hex("02 00 01 78 05 12"))
        .typed(MessageType::CommandAmf0, FIRST, &hex("05 05"))
        .command(
            StreamId(0),
            &Command::new("getStreamLength", 6.0).argument("a"),
        )
        .command(SECOND, &Command::new("closeStream", 0.0))
        .message(
            AUDIO_CSID,
            SECOND,
            MessageType::Audio,
            0x0100_0010,
            &[0xAF; 9],
        )
        .command(StreamId(7), &play("c"))
        .command(
            StreamId(0),
            &Command::new("deleteStream", 0.0).argument(1.0),
        )
        .command(StreamId(0), &Command::new("createStream", 7.0))
        .bytes()
}

/// A client behind its handshake with four calls under way: `connect`,
/// `createStream` twice with `FCSubscribe` between them.
pub(super) fn client_outcome<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome<client::Event> {
    let mut player = Player::connecting();
    player.session.create_stream();
    player.session.subscribe("s");
    player.session.create_stream();
    player.sent();
    let mut outcome = Outcome {
        events: Vec::new(),
        error: None,
        output: Vec::new(),
        prompt: Vec::new(),
    };
    for piece in pieces {
        let result = player.session.receive(piece);
        outcome.events.extend(all_events(&mut player.session));
        outcome.output.extend(player.sent());
        if let Err(error) = result {
            outcome.error = Some(error);
            break;
        }
    }
    outcome
        .output
        .retain(|line| !line.contains("Acknowledgement"));
    outcome
}

/// A server that accepts everything, from its first byte on.
pub(super) fn server_outcome<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Outcome<server::Event> {
    let mut host = Host::new();
    let mut out = Vec::new();
    let mut error = None;
    for piece in pieces {
        let result = host.receive(piece);
        out.extend(all_output(&mut host.session));
        if let Err(end) = result {
            error = Some(end);
            break;
        }
    }
    let chunks = out.get(SERVER_HELLO..).unwrap_or_default();
    let lines = Sent::default().lines(chunks);
    let (prompt, output) = lines
        .into_iter()
        .filter(|line| !line.contains("Acknowledgement"))
        .partition(|line| line.contains("PingResponse"));
    Outcome {
        events: host.events,
        error,
        output,
        prompt,
    }
}

#[test]
fn a_client_does_the_same_however_its_input_is_cut() {
    let bytes = server_bytes();
    let at_once = client_outcome([&bytes[..]]);
    assert_eq!(at_once.error, None);
    assert_eq!(at_once.events.last(), Some(&client::Event::Close));
    assert!(at_once.events.len() > 30);
    assert_eq!(
        at_once.output,
        [
            "2/0 @0 WindowAckSize(5000000)",
            "3/0 @0 _checkbw 1001 null",
            "3/0 @0 _result 7 null 1",
            "2/0 @0 PingResponse(1)",
            "2/0 @0 PingResponse(2)",
            "3/0 @0 pong 0 null",
        ]
    );

    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(client_outcome([first, second]), at_once, "cut at {at}");
    }
    for size in (1..200).chain([500, 1000, 4096]) {
        assert_eq!(client_outcome(bytes.chunks(size)), at_once, "{size}");
    }
    let mut random = Random::new(1);
    for longest in [2, 10, 100, 1000] {
        let pieces = random.cut(&bytes, longest);
        assert_eq!(client_outcome(pieces), at_once, "{longest}");
    }
}

#[test]
fn a_client_does_the_same_however_handshake_and_answer_are_cut() {
    let chunks = Wire::new()
        .control(&ProtocolControl::SetChunkSize(4096))
        .user_control(&UserControl::PingRequest(1))
        .command(StreamId(0), &connected_answer())
        .bytes();
    let bytes = [handshake(), chunks].concat();
    let run = |pieces: Vec<&[u8]>| {
        let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
        session.connect(&parameters());
        let mut events = Vec::new();
        for piece in pieces {
            session.receive(piece).expect("legal");
            events.extend(all_events(&mut session));
        }
        (events, all_output(&mut session))
    };
    let at_once = run(vec![&bytes]);
    // Three steps of the handshake, S2 that is no echo, three messages.
    assert_eq!(at_once.0.len(), 7);
    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(run(vec![first, second]), at_once, "cut at {at}");
    }
    for size in [1, 2, 3, 100, 1535, 1536, 1537, 3072, 3073, 3074] {
        assert_eq!(run(bytes.chunks(size).collect()), at_once, "{size}");
    }
}

#[test]
fn a_server_does_the_same_however_its_input_is_cut() {
    let bytes = [handshake(), client_bytes()].concat();
    let at_once = server_outcome([&bytes[..]]);
    assert_eq!(at_once.error, None);
    assert_eq!(
        at_once.events.last(),
        Some(&server::Event::StreamCreated(StreamId(3)))
    );
    let media = |event: &&server::Event| matches!(event, server::Event::Media(_));
    assert_eq!(at_once.events.iter().filter(media).count(), 3);
    assert_eq!(
        at_once.prompt,
        ["2/0 @0 PingResponse(1)", "2/0 @0 PingResponse(2)"]
    );
    let is_window = |line: &&String| line.contains("WindowAckSize");
    let windows: Vec<&String> = at_once.output.iter().filter(is_window).collect();
    assert_eq!(
        windows,
        [
            "2/0 @0 WindowAckSize(2500000)",
            "2/0 @0 WindowAckSize(1000000)"
        ]
    );

    for at in 0..=bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_same(
            server_outcome([first, second]),
            &at_once,
            &format!("cut at {at}"),
        );
    }
    for size in (1..100).chain([500, 1000, 4096]) {
        let outcome = server_outcome(bytes.chunks(size));
        assert_same(outcome, &at_once, &format!("pieces of {size}"));
    }
    let mut random = Random::new(2);
    for longest in [2, 10, 100, 1000] {
        let pieces = random.cut(&bytes, longest);
        assert_same(
            server_outcome(pieces),
            &at_once,
            &format!("up to {longest}"),
        );
    }
}

/// Equal, but for the place of prompt answers among each other.
pub(super) fn assert_same(
    mut outcome: Outcome<server::Event>,
    expected: &Outcome<server::Event>,
    how: &str,
) {
    outcome.prompt.sort_unstable();
    assert_eq!(outcome.prompt, expected.prompt, "{how}");
    assert_eq!(&outcome, expected, "{how}");
}
