// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A whole client. Input: what a server sends behind its handshake.

use gstrtmpr::flv::{Tag, TagType};
use gstrtmpr::rtmp::Error;
use gstrtmpr::rtmp::amf::Object;
use gstrtmpr::rtmp::capabilities::Capabilities;
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::handshake::HandshakeForm;
use gstrtmpr::rtmp::message::{Message, MessageType, StreamId};
use gstrtmpr::rtmp::session::client::{
    ClientSession, ConnectParameters, Event, PlayParameters, PlayStart,
};
use gstrtmpr::rtmp::session::{Media, MediaKind, Session};

use super::cut::{assert_same, pieces};
use super::flv::assert_reads_back;
use super::output;

/// More waiting output than this, and calls are left unanswered: how many then
/// depends on when the output is taken, which is when a piece has been read.
const MAX_COMPARED_OUTPUT: usize = 60 << 10;

/// Requests that a player makes for what it is told.
const MAX_REQUESTS: usize = 20;

#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    error: Option<Error>,
    sent: Vec<Message>,
    /// Of use while there is no error.
    received: Option<u64>,
    is_at_message_boundary: Option<bool>,
}

pub fn run(data: &[u8]) {
    let (outcome, most_waiting) = talk([data]);
    if most_waiting <= MAX_COMPARED_OUTPUT {
        let (in_pieces, _) = talk(pieces(data));
        assert_same(&in_pieces, &outcome);
    }
    play(data);
}

/// A client that makes all of its calls at once, and what comes of it.
fn talk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Outcome, usize) {
    let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
    session.connect(&connect_parameters());
    session.receive(&output::handshake()).expect("a handshake");
    session.create_stream();
    session.subscribe("s");
    session.create_stream();
    session.get_stream_length("s");
    session.play(StreamId(1), &play_parameters());

    let mut sent = output::take(&mut session);
    let mut events: Vec<Event> = std::iter::from_fn(|| session.poll_event()).collect();
    let mut error = None;
    let mut most_waiting = 0;
    for piece in pieces {
        error = session.receive(piece).err();
        events.extend(std::iter::from_fn(|| session.poll_event()));
        let piece = output::take(&mut session);
        most_waiting = most_waiting.max(piece.len());
        sent.extend(piece);
        if error.is_some() {
            break;
        }
    }
    let mut sent = output::messages(&sent);
    // These depend on what comes at once.
    sent.retain(|message| message.header.kind != MessageType::Acknowledgement);
    let counters = session.counters();
    let alive = error.is_none();
    let outcome = Outcome {
        events,
        error,
        sent,
        received: alive.then_some(counters.in_bytes_total),
        is_at_message_boundary: alive.then(|| session.is_at_message_boundary()),
    };
    (outcome, most_waiting)
}

/// A client that goes on as it is told: its requests follow what has come.
fn play(data: &[u8]) {
    let mut session = ClientSession::new(HandshakeForm::Simple, 1, Limits::default());
    session.connect(&connect_parameters());
    session.receive(&output::handshake()).expect("a handshake");
    let mut sent = output::take(&mut session);
    let mut requests = 0;
    let mut tags = Vec::new();
    let mut received = 0;
    for piece in pieces(data) {
        received += piece.len() as u64;
        let result = session.receive(piece);
        while let Some(event) = session.poll_event() {
            if requests < MAX_REQUESTS {
                requests += usize::from(go_on(&mut session, &event));
            }
            look_at(&session, event, &mut tags);
        }
        let counters = session.counters();
        if result.is_ok() {
            assert_eq!(counters.in_bytes_total, received);
        }
        assert!(counters.in_bytes_total <= received);
        assert!(counters.in_bytes_acked <= counters.in_bytes_total);
        assert!(counters.out_bytes_acked <= counters.out_bytes_total);
        sent.extend(output::take(&mut session));
        let counters = session.counters();
        let behind_handshake = (sent.len() - output::HANDSHAKE) as u64;
        assert_eq!(counters.out_bytes_total, behind_handshake);
        if result.is_err() {
            break;
        }
    }
    output::messages(&sent);
    assert_reads_back(&tags);
}

/// What a player does next; true if that is something.
fn go_on(session: &mut ClientSession, event: &Event) -> bool {
    match event {
        Event::Connected { .. } => {
            session.subscribe("s");
            session.create_stream();
        }
        Event::StreamCreated(stream) => {
            session.receive_audio(*stream, false);
            session.play(*stream, &play_parameters());
        }
        Event::CreateStreamFailed(_) => session.create_stream(),
        Event::PlayRejected(stream, _) => session.receive_video(*stream, true),
        Event::ConnectRejected(_) => session.connect(&connect_parameters()),
        Event::Status(..) => {
            session.ping(1);
        }
        Event::Close | Event::Unsubscribed => session.delete_streams(),
        _ => return false,
    }
    true
}

fn look_at(session: &ClientSession, event: Event, tags: &mut Vec<Tag>) {
    match event {
        Event::Media(media) => {
            assert!(session.streams().contains(&media.stream) || session.streams().is_empty());
            tags.extend(tag(media));
        }
        Event::Connected {
            properties,
            information,
        } => {
            let capabilities = Capabilities::in_answer(&properties, &information);
            assert_written_as_read(capabilities);
        }
        Event::Ignored(ignored) => {
            assert!(!ignored.to_string().contains(char::is_control));
        }
        _ => {}
    }
}

fn assert_written_as_read(capabilities: Option<Capabilities>) {
    let Some(capabilities) = capabilities else {
        return;
    };
    let mut written = Object::new();
    capabilities.write(&mut written);
    if let Some(again) = Capabilities::in_request(&written) {
        assert_eq!(again.caps_ex, capabilities.caps_ex);
        for codec in &again.video {
            assert!(capabilities.has_video(&codec.four_cc), "{codec:?}");
        }
        for codec in &again.audio {
            assert!(capabilities.has_audio(&codec.four_cc), "{codec:?}");
        }
    }
}

fn tag(media: Media) -> Option<Tag> {
    let kind = match media.kind {
        MediaKind::Audio => TagType::Audio,
        MediaKind::Video => TagType::Video,
        MediaKind::Data | MediaKind::DataAmf3 => TagType::Script,
        MediaKind::Aggregate => return None,
    };
    Some(Tag::from_payload(kind, media.timestamp, media.payload))
}

fn connect_parameters() -> ConnectParameters {
    ConnectParameters {
        application: "live".to_owned(),
        tc_url: "rtmp://h/live".to_owned(),
        capabilities: Capabilities::new(["avc1", "hvc1"], ["mp4a"], 1, 3),
        ..ConnectParameters::default()
    }
}

fn play_parameters() -> PlayParameters {
    PlayParameters {
        name: "s".to_owned(),
        start: PlayStart::LiveOrRecorded,
        duration: None,
        reset: None,
        buffer_length: 3000,
    }
}
