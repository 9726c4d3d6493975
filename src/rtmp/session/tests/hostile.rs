// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Hostile and broken input, topic by topic, seen from a session: what it
//! must survive and go on after, and what ends it.
//!
//! The details of each topic are tested where it is dealt with; here is the
//! table that shows that none is forgotten.

use super::*;
use crate::rtmp::message::MessageType;
use crate::rtmp::vectors::hex;

/// What is to become of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    GoesOn,
    Ends,
}
use Fate::{Ends, GoesOn};

/// A body as a message of this type on stream 1.
fn of_type(kind: u8, body: &[u8]) -> Vec<u8> {
    Wire::new().typed(kind.into(), FIRST, body).bytes()
}

fn command(text: &str) -> Vec<u8> {
    of_type(20, &hex(text))
}

/// `onStatus`, 0, null and the beginning of what follows.
fn status_with(value: &[u8]) -> Vec<u8> {
    let head = hex("02 00 08 6F 6E 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05");
    of_type(20, &[&head, value].concat())
}

fn control(kind: u8, body: &str) -> Vec<u8> {
    let body = hex(body);
    let length = body.len() as u8;
    [&[2, 0, 0, 0, 0, 0, length, kind, 0, 0, 0, 0][..], &body].concat()
}

/// Video of 300 bytes on chunk stream 6, its first chunk of 128.
fn open_video() -> Vec<u8> {
    [&hex("06 00 00 00 00 01 2C 09 01 00 00 00")[..], &[7; 128]].concat()
}

/// The hostile input that a server may send behind the handshake.
fn topics() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let many_streams = |count: u32| -> Vec<u8> {
        (0..count)
            .flat_map(|n| {
                let [_, _, high, low] = n.to_be_bytes();
                [
                    &[1, low, high][..],
                    &hex("00 00 00 00 00 00 63 00 00 00 00"),
                ]
                .concat()
            })
            .collect()
    };
    vec![
        // Chunk headers.
        ("largest chunk stream id", hex("01 FF FF 00 00 00 00 00 00 08 01 00 00 00"), GoesOn),
        ("a thousand chunk streams", many_streams(1000), GoesOn),
        ("sixty thousand chunk streams", many_streams(60_000), Ends),
        ("fmt 1 on a fresh chunk stream", hex("47 00 00 00 00 00 00 08"), Ends),
        ("fmt 2 on a fresh chunk stream", hex("87 00 00 00"), Ends),
        ("fmt 3 on a fresh chunk stream", hex("C7"), Ends),
        ("fmt 1 on the fresh control stream", hex("42 00 00 00 00 00 06 04 00 07 00 00 00 01"), GoesOn),
        ("fmt 0 inside an unfinished message", [open_video(), hex("06 00 00 00 00 00 01 09 01 00 00 00 01")].concat(), GoesOn),
        ("empty message, then fmt 3", hex("04 00 00 00 00 00 00 08 01 00 00 00 C4 C4 C4"), GoesOn),
        ("command of 16 MiB", hex("07 00 00 00 FF FF FF 14 01 00 00 00 01 02"), Ends),
        ("extended timestamp not repeated",
            [&hex("06 FF FF FF 00 00 82 09 01 00 00 00 01 00 00 00")[..], &[7; 128], &[0xC6, 8, 8]].concat(), GoesOn),
        ("timestamps that jump",
            hex("04 FF FF FF 00 00 01 08 01 00 00 00 FF FF FF FF 01 04 00 00 00 00 00 01 08 01 00 00 00 01
                 04 FF FF FF 00 00 01 08 01 00 00 00 80 00 00 00 01 84 FF FF FF 80 00 00 00 01"), GoesOn),
        // Protocol control.
        ("chunk size 0", control(1, "00 00 00 00"), Ends),
        ("chunk size with its top bit", control(1, "80 00 00 00"), Ends),
        ("chunk size of all bits", control(1, "FF FF FF FF"), Ends),
        ("chunk size of three bytes", control(1, "00 10 00"), Ends),
        ("largest chunk size", control(1, "7F FF FF FF"), GoesOn),
        ("chunk size inside a message",
            [open_video(), control(1, "00 00 10 00"), vec![0xC6], vec![7; 172]].concat(), GoesOn),
        ("abort of an open message", [open_video(), control(2, "00 00 00 06")].concat(), GoesOn),
        ("abort of nothing", control(2, "00 00 00 63"), GoesOn),
        ("abort of the control stream", control(2, "00 00 00 02"), GoesOn),
        ("window 0", control(5, "00 00 00 00"), GoesOn),
        ("window 1", control(5, "00 00 00 01"), GoesOn),
        ("largest window", control(5, "FF FF FF FF"), GoesOn),
        ("acknowledgement of more than was sent", control(3, "FF FF FF FF"), GoesOn),
        ("acknowledgements that fall", [control(3, "00 00 01 00"), control(3, "00 00 00 01")].concat(), GoesOn),
        ("bandwidth 0", control(6, "00 00 00 00 00"), GoesOn),
        ("ping flood", control(4, "00 06 00 00 00 01").repeat(20_000), GoesOn),
        ("stream event flood",
            [control(4, "00 00 00 00 00 01"), control(4, "00 01 00 00 00 01")].concat().repeat(5000), GoesOn),
        ("user control without event", control(4, ""), GoesOn),
        ("user control shorter than its data", control(4, "00 06 00"), GoesOn),
        ("unknown user control", control(4, "FF FF 00 00 00 01"), GoesOn),
        // AMF.
        ("objects nested ten thousand deep", status_with(&hex("03 00 01 61").repeat(10_000)), GoesOn),
        ("arrays nested ten thousand deep", status_with(&hex("0A 00 00 00 01").repeat(10_000)), GoesOn),
        ("array of four thousand million", status_with(&hex("0A FF FF FF FF")), GoesOn),
        ("ECMA array of four thousand million", status_with(&hex("08 FF FF FF FF 00 00 09")), GoesOn),
        ("string longer than the message", status_with(&hex("02 FF FF 61")), GoesOn),
        ("long string longer than the message", status_with(&hex("0C FF FF FF FF 61")), GoesOn),
        ("object without end", status_with(&hex("03 00 01 61 05")), GoesOn),
        ("reserved markers", [0x04, 0x09, 0x0E, 0x12, 0xFF].iter().flat_map(|m| status_with(&[*m])).collect(), GoesOn),
        ("reference to nothing", status_with(&hex("07 00 63")), GoesOn),
        ("reference to itself", status_with(&hex("03 00 01 61 07 00 00 00 00 09")), GoesOn),
        ("AMF3 reference to nothing", status_with(&hex("11 0A 7E")), GoesOn),
        ("AMF3 vector of millions", status_with(&hex("11 0D FF FF FF FF 00")), GoesOn),
        ("status of a mebibyte",
            status_with(&[&hex("03 00 04 63 6F 64 65 0C 00 0F FF 00")[..], &vec![b'x'; 0x000F_FF00], &hex("00 00 09")].concat()), GoesOn),
        ("status of control characters and broken UTF-8",
            status_with(&hex("03 00 04 63 6F 64 65 02 00 05 0D 0A 1B FF C3 00 00 09")), GoesOn),
        // Commands.
        ("empty command", command(""), GoesOn),
        ("command name that is a number", command("00 3F F0 00 00 00 00 00 00"), GoesOn),
        ("command name that is an object", command("03 00 00 09"), GoesOn),
        ("result for NaN", command("02 00 07 5F 72 65 73 75 6C 74 00 7F F8 00 00 00 00 00 00 05"), GoesOn),
        ("result for a negative number", command("02 00 07 5F 72 65 73 75 6C 74 00 BF F0 00 00 00 00 00 00 05"), GoesOn),
        ("result for a string", command("02 00 07 5F 72 65 73 75 6C 74 02 00 01 31 05"), GoesOn),
        ("second result for connect", command("02 00 07 5F 72 65 73 75 6C 74 00 3F F0 00 00 00 00 00 00 05"), GoesOn),
        ("media on a foreign stream", Wire::new().typed(MessageType::Video, StreamId(99), &[1]).bytes(), GoesOn),
        ("messages of unknown types", (23..=255).flat_map(|kind| of_type(kind, &[1])).collect(), GoesOn),
        ("empty media of every kind", [8, 9, 15, 18, 22].iter().flat_map(|kind| of_type(*kind, &[])).collect(), GoesOn),
        ("garbage in data messages", [15, 18].iter().flat_map(|kind| of_type(*kind, &[0xFF; 30])).collect(), GoesOn),
    ]
}

#[test]
fn a_client_survives_or_ends_as_each_topic_asks() {
    for (topic, bytes, fate) in topics() {
        let mut player = Player::with_stream(FIRST);
        let result = player.session.receive(&bytes);
        all_events(&mut player.session);
        let out = all_output(&mut player.session);
        assert!(out.len() < 100 << 10, "{topic}: {} bytes sent", out.len());
        // A mark on a chunk stream of its own shows whether it goes on.
        let mark = hex("3F 00 00 00 00 00 03 08 01 00 00 00 01 02 03");
        let goes_on = result.is_ok()
            && player.session.receive(&mark).is_ok()
            && all_events(&mut player.session)
                == [client::Event::Media(media(
                    MediaKind::Audio,
                    FIRST,
                    0,
                    &[1, 2, 3],
                ))];
        let seen = if goes_on { GoesOn } else { Ends };
        assert_eq!(seen, fate, "{topic}: {result:?}");
    }
}

#[test]
fn a_server_survives_or_ends_as_each_topic_asks() {
    for (topic, bytes, fate) in topics() {
        let (mut host, mut wire, _) = Host::connected();
        let publish = Command::new("publish", 0.0).argument("s");
        wire = wire
            .command(StreamId(0), &Command::new("createStream", 2.0))
            .command(FIRST, &publish);
        host.receive(&wire.take()).expect("legal");
        host.events.clear();
        let result = host.receive(&bytes);
        host.events.clear();
        let mark = hex("3F 00 00 00 00 00 03 08 01 00 00 00 01 02 03");
        let goes_on = result.is_ok() && host.receive(&mark).is_ok() && {
            let audio = media(MediaKind::Audio, FIRST, 0, &[1, 2, 3]);
            host.events == [server::Event::Media(audio)]
        };
        let seen = if goes_on { GoesOn } else { Ends };
        assert_eq!(seen, fate, "{topic}: {result:?}");
    }
}

#[test]
fn a_handshake_that_stalls_or_ends_early_never_becomes_a_connection() {
    let bytes = handshake();
    let mut client = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
    let mut server = ServerSession::new(2, Limits::default());
    for byte in &bytes[..bytes.len() - 1] {
        client.receive(&[*byte]).expect("legal");
        server.receive(&[*byte]).expect("legal");
        assert!(!client.is_at_message_boundary());
    }
    let done = |progress: &crate::rtmp::handshake::Progress| {
        matches!(progress, crate::rtmp::handshake::Progress::Done { .. })
    };
    assert!(
        !all_events(&mut client)
            .iter()
            .any(|event| matches!(event, client::Event::Handshake(p) if done(p)))
    );
    assert!(
        !all_events(&mut server)
            .iter()
            .any(|event| matches!(event, server::Event::Handshake(p) if done(p)))
    );
}

#[test]
fn a_first_byte_that_is_not_rtmp_is_an_error_and_an_odd_version_is_overlooked() {
    for (first, ends) in [
        (0, false),
        (6, false),
        (0x15, false),
        (b'H', true),
        (b'<', true),
    ] {
        let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
        let mut bytes = handshake();
        bytes[0] = first;
        let result = session.receive(&bytes);
        let error = ends.then_some(Error::NotRtmp(first));
        assert_eq!(result.err(), error);
        let odd = ignored_by_client(Ignored::HandshakeVersion(first));
        assert_eq!(all_events(&mut session).contains(&odd), !ends);
    }
}

#[test]
fn a_handshake_that_echoes_nothing_or_itself_goes_on() {
    for hello in [
        vec![0; 1536],
        vec![0xFF; 1536],
        (0..1536).map(|n| n as u8).collect(),
    ] {
        let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
        let bytes = [&[3][..], &hello, &hello].concat();
        session.receive(&bytes).expect("goes on");
        let events = all_events(&mut session);
        assert!(events.contains(&ignored_by_client(Ignored::HandshakeAnswer)));
        assert!(matches!(events.last(), Some(client::Event::Handshake(_))));
    }
}

#[test]
fn a_status_of_a_mebibyte_is_shown_short_and_in_one_line() {
    let text = "\r\n\u{1b}[31m".repeat(149_000);
    let mut player = Player::with_stream(FIRST);
    let status = error_status(StatusCode::PlayFailed, &text);
    let events = player.command(FIRST, &Command::on_status(&status));
    let [client::Event::Status(FIRST, status)] = &events[..] else {
        panic!("one status");
    };
    assert_eq!(status.description.len(), text.len());
    let shown = status.to_string();
    assert!(shown.chars().count() < 300);
    assert!(!shown.contains(char::is_control));
}

#[test]
fn a_message_that_is_announced_and_not_sent_is_waited_for() {
    let mut player = Player::with_stream(FIRST);
    let bytes = hex("07 00 00 00 FF FF FF 09 01 00 00 00 01 02");
    player.session.receive(&bytes).expect("legal so far");
    assert_eq!(all_events(&mut player.session), []);
    assert!(!player.session.is_at_message_boundary());
}
