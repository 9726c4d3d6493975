// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Playing: the whole conversation, its order on the wire, its events.

use super::*;
use crate::rtmp::amf::Value;
use crate::rtmp::capabilities::{Capabilities, info};
use crate::rtmp::handshake::{HandshakeForm, Progress};
use crate::rtmp::message::{PeerBandwidthLimit, ProtocolControl};
use crate::rtmp::user_control::UserControl;

const CONNECT: &str = "> 3/0 @0 connect 1 {app: live, flashVer: LNX 9,0,124,2, \
    tcUrl: rtmp://h/live, fpad: false, capabilities: 239, audioCodecs: 4071, \
    videoCodecs: 252, videoFunction: 1, objectEncoding: 0}";

const HANDSHAKE: [Progress; 3] = [
    Progress::Version(3),
    Progress::Hello { version: [0; 4] },
    Progress::Done {
        form: HandshakeForm::Simple,
        genuine: true,
    },
];

/// The pair with one stream created.
fn with_stream() -> Pair {
    let mut pair = Pair::connected();
    pair.client.create_stream();
    pair.exchange();
    pair.take_client_events();
    pair.take_server_events();
    pair
}

fn accept_play(pair: &mut Pair) -> server::StreamRequest {
    match pair.take_server_events().pop() {
        Some(server::Event::Play(request)) => {
            pair.server.accept_play(&request);
            request
        }
        event => panic!("the server sees play, not {event:?}"),
    }
}

#[test]
fn connect_follows_the_digest_handshake_if_the_client_asks_for_it() {
    let mut pair = Pair::with_form(HandshakeForm::Digest);
    pair.client.connect(&parameters());

    assert_eq!(written_down(&pair.exchange()), [CONNECT]);

    let done = Progress::Done {
        form: HandshakeForm::Digest,
        genuine: true,
    };
    assert_eq!(
        pair.client_events.last(),
        Some(&client::Event::Handshake(done))
    );
    assert!(pair.server_events.contains(&server::Event::Handshake(done)));
    assert!(matches!(
        pair.server_events.last(),
        Some(server::Event::Connect(_))
    ));
}

#[test]
fn handshake_and_connect_go_over_the_wire_in_order() {
    let mut pair = Pair::new();
    pair.client.connect(&parameters());

    let log = pair.exchange();

    assert_eq!(written_down(&log), [CONNECT]);
    assert_eq!(pair.client_events, HANDSHAKE.map(client::Event::Handshake));
    assert_eq!(
        pair.server_events[..3],
        HANDSHAKE.map(server::Event::Handshake)
    );
    let [server::Event::Connect(request)] = &pair.server_events[3..] else {
        panic!("connect and nothing else");
    };
    assert_eq!(request.application, "live");
    assert_eq!(request.tc_url, "rtmp://h/live");
    assert_eq!(
        request.properties.get("flashVer"),
        Some(&Value::from("LNX 9,0,124,2"))
    );
}

#[test]
fn an_accepted_connect_is_answered_in_order_and_the_window_announced_once() {
    let mut pair = Pair::new();
    pair.client.connect(&parameters());
    pair.exchange();
    pair.take_client_events();
    let Some(server::Event::Connect(request)) = pair.take_server_events().pop() else {
        panic!("connect");
    };

    pair.server.accept_connect(&request, 4096);
    let log = pair.exchange();

    assert_eq!(
        written_down(&log),
        [
            "< 2/0 @0 WindowAckSize(2500000)",
            "< 2/0 @0 SetPeerBandwidth(2500000, Dynamic)",
            "< 2/0 @0 StreamBegin(StreamId(0))",
            "< 2/0 @0 SetChunkSize(4096)",
            "< 3/0 @0 _result 1 {fmsVer: FMS/3,0,1,123, capabilities: 31} \
             {level: status, code: NetConnection.Connect.Success, \
             description: Connection succeeded., objectEncoding: 0}",
            "> 2/0 @0 WindowAckSize(2500000)",
        ]
    );
    let window = ProtocolControl::WindowAckSize(2_500_000);
    let events = pair.take_client_events();
    assert_eq!(
        events[..4],
        [
            client::Event::Control(window),
            client::Event::Control(ProtocolControl::SetPeerBandwidth(
                2_500_000,
                PeerBandwidthLimit::Dynamic
            )),
            client::Event::UserControl(UserControl::StreamBegin(StreamId(0))),
            client::Event::Control(ProtocolControl::SetChunkSize(4096)),
        ]
    );
    let [
        client::Event::Connected {
            properties,
            information,
        },
    ] = &events[4..]
    else {
        panic!("connected and nothing else: {events:?}");
    };
    assert_eq!(properties.get("capabilities"), Some(&Value::Number(31.0)));
    assert_eq!(
        information.get("code").and_then(Value::as_str),
        Some("NetConnection.Connect.Success")
    );
    assert_eq!(pair.take_server_events(), [server::Event::Control(window)]);
}

#[test]
fn create_stream_and_play_go_over_the_wire_in_order() {
    let mut pair = Pair::connected();
    pair.take_client_events();
    pair.take_server_events();

    pair.client.create_stream();
    let log = pair.exchange();
    assert_eq!(
        written_down(&log),
        ["> 3/0 @0 createStream 2 null", "< 3/0 @0 _result 2 null 1"]
    );
    assert_eq!(
        pair.take_client_events(),
        [client::Event::StreamCreated(FIRST)]
    );
    assert_eq!(
        pair.take_server_events(),
        [server::Event::StreamCreated(FIRST)]
    );
    assert_eq!(pair.client.streams(), [FIRST]);

    pair.client.play(FIRST, &play_parameters("s?token=1"));
    let log = pair.exchange();
    assert_eq!(
        written_down(&log),
        [
            "> 2/0 @0 SetBufferLength(StreamId(1), 3000)",
            "> 8/1 @0 play 3 null s?token=1 -2000"
        ]
    );
    let buffer = UserControl::SetBufferLength(FIRST, 3000);
    assert_eq!(pair.server_events[0], server::Event::UserControl(buffer));

    let request = accept_play(&mut pair);
    assert_eq!(request.stream, FIRST);
    assert_eq!(request.name, "s?token=1");
    assert_eq!(request.path(), "s");
    assert_eq!(request.arguments, [Value::Number(-2000.0)]);
}

#[test]
fn an_accepted_play_brings_begin_reset_start_and_media_in_order() {
    let mut pair = with_stream();
    pair.client.play(FIRST, &play_parameters("s"));
    pair.exchange();
    accept_play(&mut pair);
    pair.server
        .media(FIRST, MediaKind::Video, 40, &[0x17, 1, 0, 0, 0, 9]);
    pair.server
        .media(FIRST, MediaKind::Audio, 38, &[0xAF, 1, 2]);
    pair.server
        .media(FIRST, MediaKind::Audio, 0x0100_0000, &[0xAF, 1, 3]);
    pair.server.end_play(FIRST);

    let log = pair.exchange();

    assert_eq!(
        written_down(&log),
        [
            "< 2/0 @0 StreamBegin(StreamId(1))",
            "< 5/1 @0 onStatus 0 null {level: status, code: NetStream.Play.Reset, \
             description: Playing and resetting stream.}",
            "< 5/1 @0 onStatus 0 null {level: status, code: NetStream.Play.Start, \
             description: Started playing stream.}",
            "< 5/1 @0 |RtmpSampleAccess true true",
            "< 6/1 @40 Video [17, 01, 00, 00, 00, 09]",
            "< 4/1 @38 Audio [af, 01, 02]",
            "< 4/1 @16777216 Audio [af, 01, 03]",
            "< 2/0 @0 StreamEof(StreamId(1))",
            "< 5/1 @0 onStatus 0 null {level: status, code: NetStream.Play.Stop, \
             description: Stopped playing stream.}",
        ]
    );
    let status = |code, description: &str| {
        client::Event::Status(FIRST, Status::new(Level::Status, code, description))
    };
    let events = pair.take_client_events();
    assert_eq!(
        events[..3],
        [
            client::Event::UserControl(UserControl::StreamBegin(FIRST)),
            status(StatusCode::PlayReset, "Playing and resetting stream."),
            status(StatusCode::PlayStart, "Started playing stream."),
        ]
    );
    assert!(matches!(
        &events[3],
        client::Event::Media(Media {
            kind: MediaKind::Data,
            stream: FIRST,
            ..
        })
    ));
    let audio = MediaKind::Audio;
    assert_eq!(
        events[4..],
        [
            client::Event::Media(media(MediaKind::Video, FIRST, 40, &[0x17, 1, 0, 0, 0, 9])),
            client::Event::Media(media(audio, FIRST, 38, &[0xAF, 1, 2])),
            client::Event::Media(media(audio, FIRST, 0x0100_0000, &[0xAF, 1, 3])),
            client::Event::UserControl(UserControl::StreamEof(FIRST)),
            status(StatusCode::PlayStop, "Stopped playing stream."),
        ]
    );
}

#[test]
fn media_of_two_streams_on_one_connection_is_told_apart() {
    let mut pair = with_stream();
    pair.client.create_stream();
    pair.exchange();
    assert_eq!(pair.client.streams(), [FIRST, SECOND]);
    for (stream, name) in [(FIRST, "a"), (SECOND, "b")] {
        pair.client.play(stream, &play_parameters(name));
        pair.exchange();
        let request = accept_play(&mut pair);
        assert_eq!((request.stream, request.name.as_str()), (stream, name));
    }
    pair.exchange();
    pair.take_client_events();

    // Large enough to be several chunks, on the same chunk streams.
    let sent: Vec<Media> = (0..6u8)
        .map(|n| {
            let stream = if n % 2 == 0 { FIRST } else { SECOND };
            media(MediaKind::Video, stream, n.into(), &[n; 10_000])
        })
        .collect();
    for media in &sent {
        pair.server.media(
            media.stream,
            media.kind,
            media.timestamp,
            media.payload.as_slice(),
        );
    }
    pair.exchange();

    let received = pair.take_client_events();
    let expected: Vec<_> = sent.into_iter().map(client::Event::Media).collect();
    assert_eq!(received, expected);
}

#[test]
fn a_refused_play_is_a_status() {
    let mut pair = with_stream();
    pair.client.play(FIRST, &play_parameters("missing"));
    pair.exchange();
    let Some(server::Event::Play(request)) = pair.take_server_events().pop() else {
        panic!("play");
    };
    let status = error_status(StatusCode::PlayStreamNotFound, "no such stream");
    pair.server.reject_play(&request, &status);
    pair.exchange();
    assert_eq!(
        pair.take_client_events(),
        [client::Event::Status(FIRST, status)]
    );
}

#[test]
fn a_refused_connect_carries_the_servers_words() {
    let mut pair = Pair::new();
    pair.client.connect(&parameters());
    pair.exchange();
    pair.take_client_events();
    let Some(server::Event::Connect(request)) = pair.take_server_events().pop() else {
        panic!("connect");
    };
    let status = error_status(StatusCode::ConnectRejected, "not you");
    pair.server.reject_connect(&request, &status);
    let log = pair.exchange();
    assert_eq!(
        written_down(&log),
        ["< 3/0 @0 _error 1 null {level: error, \
          code: NetConnection.Connect.Rejected, description: not you}"]
    );
    assert_eq!(
        pair.take_client_events(),
        [client::Event::ConnectRejected(Some(status))]
    );
}

#[test]
fn play_tells_start_and_duration_in_milliseconds() {
    for (start, duration, line) in [
        (PlayStart::LiveOrRecorded, None, "play 3 null s -2000"),
        (PlayStart::Live, None, "play 3 null s -1000"),
        (PlayStart::Recorded(0), None, "play 3 null s 0"),
        (
            PlayStart::Recorded(90_000),
            Some(5000),
            "play 3 null s 90000 5000",
        ),
    ] {
        let mut pair = with_stream();
        let parameters = PlayParameters {
            start,
            duration,
            ..play_parameters("s")
        };
        pair.client.play(FIRST, &parameters);
        let log = written_down(&pair.exchange());
        assert_eq!(log[1], format!("> 8/1 @0 {line}"));
    }
}

#[test]
fn optional_fields_and_arguments_of_connect_are_sent_when_set() {
    let mut pair = Pair::new();
    pair.client.connect(&ConnectParameters {
        flash_version: Some("X 1".to_owned()),
        swf_url: Some("http://h/p.swf".to_owned()),
        page_url: Some("http://h/".to_owned()),
        extra_arguments: vec![Value::from("user"), Value::from(true)],
        ..parameters()
    });
    assert_eq!(
        written_down(&pair.exchange()),
        [
            "> 3/0 @0 connect 1 {app: live, flashVer: X 1, swfUrl: http://h/p.swf, \
          tcUrl: rtmp://h/live, fpad: false, capabilities: 239, audioCodecs: 4071, \
          videoCodecs: 252, videoFunction: 1, pageUrl: http://h/, \
          objectEncoding: 0} user true"
        ]
    );
}

#[test]
fn enhanced_fields_stand_last_and_are_answered_with_the_servers_own() {
    let mut pair = Pair::new();
    let own = Capabilities::new(["*"], [], info::FORWARD, 2);
    pair.server.set_capabilities(own.clone());
    let announced = Capabilities::new(["hvc1"], ["Opus"], info::DECODE, 4);
    pair.client.connect(&ConnectParameters {
        capabilities: announced.clone(),
        ..parameters()
    });
    let log = written_down(&pair.exchange());
    let fields = ", objectEncoding: 0, capsEx: 4, \
        fourCcList: StrictArray([String(\"hvc1\"), String(\"Opus\")]), \
        videoFourCcInfoMap: {hvc1: 1}, audioFourCcInfoMap: {Opus: 1}}";
    assert!(log[0].ends_with(fields), "{log:?}");

    let Some(server::Event::Connect(request)) = pair.take_server_events().pop() else {
        panic!("connect");
    };
    assert_eq!(request.capabilities(), Some(announced));
    pair.server.accept_connect(&request, 4096);
    pair.exchange();
    let answer = pair
        .take_client_events()
        .into_iter()
        .find_map(|event| match event {
            client::Event::Connected {
                properties,
                information,
            } => Some(Capabilities::in_answer(&properties, &information)),
            _ => None,
        });
    assert_eq!(answer, Some(Some(own)));
}

#[test]
fn a_client_that_announces_nothing_is_told_nothing() {
    let mut pair = Pair::new();
    pair.server
        .set_capabilities(Capabilities::new(["*"], ["*"], info::FORWARD, 15));
    pair.client.connect(&parameters());
    pair.exchange();
    let Some(server::Event::Connect(request)) = pair.take_server_events().pop() else {
        panic!("connect");
    };
    assert_eq!(request.capabilities(), None);
    pair.server.accept_connect(&request, 4096);
    let log = written_down(&pair.exchange());
    assert!(log[4].ends_with("objectEncoding: 0}"), "{log:?}");
}

#[test]
fn leaving_deletes_every_stream_and_what_comes_then_is_foreign() {
    let mut pair = with_stream();
    pair.client.subscribe("s");
    pair.client.delete_streams();
    let log = pair.exchange();
    assert_eq!(
        written_down(&log),
        [
            "> 3/0 @0 FCSubscribe 1000 null s",
            "> 3/0 @0 deleteStream 1001 null 1",
            "< 3/0 @0 _result 1000 null undefined",
        ]
    );
    assert_eq!(pair.take_server_events()[1], server::Event::Closed(FIRST));
    assert_eq!(pair.take_client_events(), []);

    pair.server.media(FIRST, MediaKind::Audio, 0, &[1]);
    pair.exchange();
    assert_eq!(
        pair.take_client_events(),
        [ignored_by_client(Ignored::ForeignStream(FIRST))]
    );
}

#[test]
fn connect_after_the_handshake_is_sent_at_once() {
    let mut pair = Pair::new();
    assert_eq!(written_down(&pair.exchange()), [""; 0]);
    pair.client.connect(&parameters());
    assert_eq!(written_down(&pair.exchange()), [CONNECT]);
}
