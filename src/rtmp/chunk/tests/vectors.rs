// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Reference bytes, read, and written where the writer makes the same choice
//! among several legal forms.

use std::slice::from_ref;

use bytes::BytesMut;

use super::{AUDIO, Oddity, VIDEO, message, messages_of, read, times, written};
use crate::rtmp::amf::{Object, Value};
use crate::rtmp::chunk::{ChunkWriter, Csid};
use crate::rtmp::command::Command;
use crate::rtmp::message::{MessageType, PeerBandwidthLimit, ProtocolControl, StreamId};
use crate::rtmp::user_control::UserControl;
use crate::rtmp::vectors::hex;

const TEN: [u8; 10] = [0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9];
const FOUR: [u8; 4] = [0xAF, 0x01, 0x11, 0x22];

const SET_CHUNK_SIZE_8: &str = "02 00 00 00 00 00 04 01 00 00 00 00 00 00 00 08";
const TWO_CHUNKS: &str = "04 00 03 E8 00 00 0A 08 01 00 00 00 A0 A1 A2 A3 A4 A5 A6 A7 C4 A8 A9";
const INTERLEAVED: &str = "06 00 00 28 00 00 0A 09 01 00 00 00 A0 A1 A2 A3 A4 A5 A6 A7 \
     04 00 00 26 00 00 04 08 01 00 00 00 AF 01 11 22 C6 A8 A9";
const EXTENDED_REPEATED: &str = "06 FF FF FF 00 00 0A 09 01 00 00 00 01 00 00 00 \
     A0 A1 A2 A3 A4 A5 A6 A7 C6 01 00 00 00 A8 A9";
const EXTENDED_NOT_REPEATED: &str = "06 FF FF FF 00 00 0A 09 01 00 00 00 01 00 00 00 \
     A0 A1 A2 A3 A4 A5 A6 A7 C6 A8 A9";
const EXTENDED_AT_ITS_FIRST_VALUE: &str =
    "06 FF FF FF 00 00 04 09 01 00 00 00 00 FF FF FF AF 01 11 22";
const NEGATIVE_DELTA: &str = "04 00 13 88 00 00 04 08 01 00 00 00 AF 01 11 22 \
     44 FF FF FF 00 00 04 08 FF FF FF EC AF 01 11 22";
/// `connect` with Enhanced RTMP fields in three chunks of 128 bytes.
const CONNECT: &str = "03 00 00 00 00 01 56 14 00 00 00 00 02 00 07 63 6F 6E 6E 65 63 74 00 3F F0 00 00 00 00 00 00 03 00 03 61 70 70 02 00 04 6C 69 76 65 00 04 74 79 70 65 02 00 0A 6E 6F 6E 70 72 69 76 61 74 65 00
    08 66 6C 61 73 68 56 65 72 02 00 18 46 4D 4C 45 2F 33 2E 30 20 28 63 6F 6D 70 61 74 69 62 6C 65 3B 20 78 29 00 05 74 63 55 72 6C 02 00 12 72 74 6D 70 3A 2F 2F 68 3A 31 39 33 35 2F 6C 69 76 65
    00 04 66 70 61 64 01 00 00 0C 63 61 C3 70 61 62 69 6C 69 74 69 65 73 00 40 2E 00 00 00 00 00 00 00 0B 61 75 64 69 6F 43 6F 64 65 63 73 00 40 AF CE 00 00 00 00 00 00 0B 76 69 64 65 6F 43 6F 64
    65 63 73 00 40 6F 80 00 00 00 00 00 00 0D 76 69 64 65 6F 46 75 6E 63 74 69 6F 6E 00 3F F0 00 00 00 00 00 00 00 0E 6F 62 6A 65 63 74 45 6E 63 6F 64 69 6E 67 00 00 00 00 00 00 00 00 00 00 0A 66
    6F 75 72 43 63 4C 69 73 74 0A 00 00 00 C3 02 02 00 04 68 76 63 31 02 00 04 61 76 30 31 00 12 76 69 64 65 6F 46 6F 75 72 43 63 49 6E 66 6F 4D 61 70 03 00 01 2A 00 40 10 00 00 00 00 00 00 00 04
    68 76 63 31 00 3F F0 00 00 00 00 00 00 00 00 09 00 06 63 61 70 73 45 78 00 40 10 00 00 00 00 00 00 00 00 09";
const AGGREGATE: &str = "04 00 27 10 00 00 27 16 01 00 00 00 \
     08 00 00 03 00 01 F4 00 00 00 00 AF 01 11 00 00 00 0E \
     09 00 00 06 00 01 FE 00 00 00 00 27 01 00 00 00 22 00 00 00 11";

#[test]
fn basic_headers_have_the_reference_forms() {
    // What the writer needs to produce this fmt as the last header: earlier
    // messages of the same chunk stream, or a second chunk.
    for (fmt, csid, bytes) in [
        (0, 3, "03"),
        (1, 63, "7F"),
        (0, 64, "00 00"),
        (2, 319, "80 FF"),
        (0, 320, "01 00 01"),
        (0, 365, "01 2D 01"),
        (3, 65_599, "C1 FF FF"),
    ] {
        let first = message(csid, 0, AUDIO, 1, &[1]);
        let (messages, tail) = match fmt {
            0 => (vec![first], 11 + 1),
            1 => (vec![first, message(csid, 5, VIDEO, 1, &[2, 3])], 7 + 2),
            2 => (vec![first, message(csid, 5, AUDIO, 1, &[2])], 3 + 1),
            _ => (vec![message(csid, 0, AUDIO, 1, &[1; 129])], 1),
        };
        let out = written(128, &messages);
        let head = &out[..out.len() - tail];
        assert!(head.ends_with(&hex(bytes)), "csid {csid}: {head:02x?}");
        assert_eq!(read(&out).messages, messages, "csid {csid}");
    }
}

#[test]
fn protocol_control_messages_both_ways() {
    for (control, bytes) in [
        (
            ProtocolControl::SetChunkSize(4096),
            "02 00 00 00 00 00 04 01 00 00 00 00 00 00 10 00",
        ),
        (
            ProtocolControl::WindowAckSize(2_500_000),
            "02 00 00 00 00 00 04 05 00 00 00 00 00 26 25 A0",
        ),
        (
            ProtocolControl::SetPeerBandwidth(2_500_000, PeerBandwidthLimit::Dynamic),
            "02 00 00 00 00 00 05 06 00 00 00 00 00 26 25 A0 02",
        ),
        (
            ProtocolControl::Acknowledgement(0xF000_0123),
            "02 00 00 00 00 00 04 03 00 00 00 00 F0 00 01 23",
        ),
        (
            ProtocolControl::Abort(Csid(5)),
            "02 00 00 00 00 00 04 02 00 00 00 00 00 00 00 05",
        ),
    ] {
        let [received] = &messages_of(bytes)[..] else {
            panic!("{control:?} is one message");
        };
        let body = received.payload.as_slice();
        let parsed = ProtocolControl::parse(received.header.kind, body);
        assert_eq!(parsed, Ok(Some(control)));

        let (kind, body) = control.encode();
        let sent = message(2, 0, kind.into(), 0, body.as_slice());
        assert_eq!(written(128, &[sent]), hex(bytes), "{control:?}");
    }
}

#[test]
fn user_control_messages_both_ways() {
    let bytes = "02 00 00 00 00 00 0A 04 00 00 00 00 00 03 00 00 00 01 00 00 0B B8";
    let event = UserControl::SetBufferLength(StreamId(1), 3000);
    let [received] = &messages_of(bytes)[..] else {
        panic!("one message");
    };
    assert_eq!(received.header.kind, MessageType::UserControl);
    let parsed = UserControl::parse(received.payload.as_slice());
    assert_eq!(parsed, Some(event));
    let sent = message(2, 0, 4, 0, event.encode().as_slice());
    assert_eq!(written(128, &[sent]), hex(bytes));
}

#[test]
fn a_message_in_two_chunks_behind_a_new_chunk_size_both_ways() {
    let bytes = format!("{SET_CHUNK_SIZE_8} {TWO_CHUNKS}");
    let chunk_size = message(2, 0, 1, 0, &[0, 0, 0, 8]);
    let audio = message(4, 1000, AUDIO, 1, &TEN);
    assert_eq!(messages_of(&bytes), [chunk_size.clone(), audio.clone()]);

    let mut writer = ChunkWriter::default();
    let mut out = BytesMut::new();
    writer.write(&mut out, &chunk_size.header, chunk_size.payload.as_slice());
    writer.set_chunk_size(8);
    writer.write(&mut out, &audio.header, audio.payload.as_slice());
    assert_eq!(out, hex(&bytes));
}

#[test]
fn interleaved_messages_come_in_the_order_of_their_ends() {
    let messages = messages_of(&format!("{SET_CHUNK_SIZE_8} {INTERLEAVED}"));
    assert_eq!(
        messages[1..],
        [
            message(4, 38, AUDIO, 1, &FOUR),
            message(6, 40, VIDEO, 1, &TEN)
        ]
    );
}

#[test]
fn deltas_of_every_fmt_add_up() {
    let messages = messages_of(
        "04 00 03 E8 00 00 04 08 01 00 00 00 AF 01 11 22
         44 00 00 14 00 00 04 08 AF 01 11 22
         84 00 00 17 AF 01 11 22
         C4 AF 01 11 22",
    );
    let expected = [1000, 1020, 1043, 1066].map(|time| message(4, time, AUDIO, 1, &FOUR));
    assert_eq!(messages, expected);
}

#[test]
fn fmt_3_behind_a_small_fmt_0_time_repeats_it_as_a_delta() {
    let messages = messages_of(
        "04 00 00 1A 00 00 04 08 01 00 00 00 AF 01 11 22
         C4 AF 01 11 22",
    );
    assert_eq!(times(&messages), [26, 52]);
}

#[test]
fn extended_timestamp_that_is_repeated_both_ways() {
    let video = message(6, 0x0100_0000, VIDEO, 1, &TEN);
    let bytes = hex(&format!("{SET_CHUNK_SIZE_8} {EXTENDED_REPEATED}"));
    let outcome = read(&bytes);
    assert_eq!(&outcome.messages[1..], from_ref(&video));
    assert_eq!(outcome.oddities, []);
    assert_eq!(written(8, &[video]), hex(EXTENDED_REPEATED));
}

#[test]
fn extended_timestamp_that_is_not_repeated_is_read_and_reported() {
    let bytes = hex(&format!("{SET_CHUNK_SIZE_8} {EXTENDED_NOT_REPEATED}"));
    let outcome = read(&bytes);
    assert_eq!(
        outcome.messages[1..],
        [message(6, 0x0100_0000, VIDEO, 1, &TEN)]
    );
    assert_eq!(outcome.oddities, [Oddity::ExtendedTimestampNotRepeated]);
}

#[test]
fn the_first_time_beyond_24_bits_has_the_extended_field_both_ways() {
    let video = message(6, 0x00FF_FFFF, VIDEO, 1, &FOUR);
    assert_eq!(messages_of(EXTENDED_AT_ITS_FIRST_VALUE), from_ref(&video));
    assert_eq!(written(128, &[video]), hex(EXTENDED_AT_ITS_FIRST_VALUE));
}

#[test]
fn negative_delta_is_read_and_written_as_a_full_header() {
    let messages = messages_of(NEGATIVE_DELTA);
    assert_eq!(times(&messages), [5000, 4980]);
    // Deltas are unsigned in the specification; not every reader wraps.
    let written = written(128, &messages);
    assert_eq!(
        written,
        hex("04 00 13 88 00 00 04 08 01 00 00 00 AF 01 11 22 \
             04 00 13 74 00 00 04 08 01 00 00 00 AF 01 11 22")
    );
}

#[test]
fn a_long_connect_command_both_ways() {
    let four_cc_list = Value::StrictArray(vec!["hvc1".into(), "av01".into()]);
    let command = Command::new("connect", 1.0).object(
        Object::new()
            .with("app", "live")
            .with("type", "nonprivate")
            .with("flashVer", "FMLE/3.0 (compatible; x)")
            .with("tcUrl", "rtmp://h:1935/live")
            .with("fpad", false)
            .with("capabilities", 15.0)
            .with("audioCodecs", 4071.0)
            .with("videoCodecs", 252.0)
            .with("videoFunction", 1.0)
            .with("objectEncoding", 0.0)
            .with("fourCcList", four_cc_list)
            .with(
                "videoFourCcInfoMap",
                Object::new().with("*", 4.0).with("hvc1", 1.0),
            )
            .with("capsEx", 4.0),
    );
    let [received] = &messages_of(CONNECT)[..] else {
        panic!("one message");
    };
    let decoded = Command::decode(received.header.kind, received.payload.as_slice());
    assert_eq!(decoded, (Some(command.clone()), None));
    let sent = message(3, 0, 20, 0, command.encode().as_slice());
    assert_eq!(written(128, &[sent]), hex(CONNECT));
}

#[test]
fn an_aggregate_message_both_ways() {
    let bytes = hex(AGGREGATE);
    let aggregate = message(4, 10_000, 22, 1, &bytes[12..]);
    assert_eq!(messages_of(AGGREGATE), from_ref(&aggregate));
    assert_eq!(written(128, &[aggregate]), bytes);
}
