// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A whole server. Input: what a client sends behind its handshake.

use gstrtmpr::flv::{Tag, TagType};
use gstrtmpr::rtmp::Error;
use gstrtmpr::rtmp::capabilities::Capabilities;
use gstrtmpr::rtmp::chunk::Limits;
use gstrtmpr::rtmp::connection::Ignored;
use gstrtmpr::rtmp::message::{Message, MessageType, StreamId};
use gstrtmpr::rtmp::session::server::{Event, MAX_STREAMS, ServerSession};
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use super::cut::{assert_same, pieces};
use super::flv::assert_reads_back;
use super::output;

/// More waiting output than this, and pings are left unanswered: how many then
/// depends on when the output is taken, which is when a piece has been read.
const MAX_COMPARED_OUTPUT: usize = 60 << 10;

#[derive(Debug, PartialEq)]
struct Outcome {
    events: Vec<Event>,
    error: Option<Error>,
    sent: Vec<Message>,
    /// Sent at once, whatever else waits to be looked at.
    prompt: Vec<Message>,
    /// Of use while there is no error.
    received: Option<u64>,
}

pub fn run(data: &[u8]) {
    let (outcome, most_waiting) = Host::serve([data]);
    if most_waiting <= MAX_COMPARED_OUTPUT {
        let (in_pieces, _) = Host::serve(pieces(data));
        assert_same(&in_pieces, &outcome);
    }
}

/// A server that says yes to most.
struct Host {
    session: ServerSession,
    connected: bool,
    open: Vec<StreamId>,
    playing: Vec<StreamId>,
    events: Vec<Event>,
    tags: Vec<Tag>,
}

impl Host {
    fn serve<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Outcome, usize) {
        let mut host = Self {
            session: ServerSession::new(2, Limits::default()),
            connected: false,
            open: Vec::new(),
            playing: Vec::new(),
            events: Vec::new(),
            tags: Vec::new(),
        };
        let announced = Capabilities::new(["hvc1"], ["Opus"], 4, 1);
        host.session.set_capabilities(announced);
        let handshake = output::handshake();
        host.session.receive(&handshake).expect("a handshake");

        host.answer();

        let mut error = None;
        let mut sent = output::take(&mut host.session);
        let mut most_waiting = 0;
        for piece in pieces {
            error = host.session.receive(piece).err();
            host.answer();
            most_waiting = most_waiting.max(host.session.waiting_output());
            sent.extend(output::take(&mut host.session));
            if error.is_some() {
                break;
            }
        }
        assert_reads_back(&host.tags);
        let counters = host.session.counters();
        let behind_handshake = (sent.len() - output::HANDSHAKE) as u64;
        assert_eq!(counters.out_bytes_total, behind_handshake);
        assert!(counters.out_bytes_acked <= counters.out_bytes_total);
        let (mut prompt, sent): (Vec<_>, Vec<_>) = output::messages(&sent)
            .into_iter()
            // These depend on what comes at once.
            .filter(|message| message.header.kind != MessageType::Acknowledgement)
            .partition(is_prompt);
        prompt.sort_by_key(|message: &Message| message.payload.as_slice().to_vec());
        let alive = error.is_none();
        let outcome = Outcome {
            events: host.events,
            error,
            sent,
            prompt,
            received: alive.then_some(counters.in_bytes_total),
        };
        (outcome, most_waiting)
    }

    fn answer(&mut self) {
        while let Some(event) = self.session.poll_event() {
            self.on_event(&event);
            self.events.push(event);
        }
    }

    fn on_event(&mut self, event: &Event) {
        let session = &mut self.session;
        match event {
            Event::Connect(request) if request.application == "no" => {
                session.reject_connect(request, &refusal(StatusCode::ConnectRejected));
            }
            // Once: each answer is far longer than the request.
            Event::Connect(request) if !self.connected => {
                self.connected = true;
                session.accept_connect(request, 4096);
            }
            Event::StreamCreated(stream) => {
                self.open.push(*stream);
                assert!(self.open.len() <= MAX_STREAMS);
            }
            Event::Play(request) if request.path() == "no" => {
                session.reject_play(request, &refusal(StatusCode::PlayStreamNotFound));
            }
            Event::Play(request) if !self.playing.contains(&request.stream) => {
                assert!(self.open.contains(&request.stream));
                self.playing.push(request.stream);
                session.accept_play(request);
                session.media(request.stream, MediaKind::Data, 0, &[2, 0, 0]);
                session.end_play(request.stream);
            }
            Event::Publish(request) if request.path() == "no" => {
                session.reject_publish(request, &refusal(StatusCode::PublishBadName));
            }
            Event::Publish(request) if !self.playing.contains(&request.stream) => {
                assert!(self.open.contains(&request.stream));
                self.playing.push(request.stream);
                session.accept_publish(request);
            }
            Event::Length(request) => session.answer_length(request, 1.5),
            Event::Seek(request) => assert!(self.playing.contains(&request.stream)),
            Event::Pause(request) => assert!(self.playing.contains(&request.stream)),
            Event::Closed(stream) => assert!(self.open.contains(stream)),
            Event::Media(media) => {
                assert!(self.open.contains(&media.stream));
                let kind = match media.kind {
                    MediaKind::Audio => TagType::Audio,
                    MediaKind::Video | MediaKind::Aggregate => TagType::Video,
                    MediaKind::Data | MediaKind::DataAmf3 => TagType::Script,
                };
                let payload = media.payload.clone();
                let tag = Tag::from_payload(kind, media.timestamp, payload);
                self.tags.push(tag);
            }
            Event::Ignored(Ignored::Ping | Ignored::Call(_)) => {
                // Only with much output waiting, see above.
            }
            Event::Ignored(ignored) => {
                assert!(!ignored.to_string().contains(char::is_control));
            }
            _ => {}
        }
    }
}

fn refusal(code: StatusCode) -> Status {
    Status::new(Level::Error, code, "no")
}

fn is_prompt(message: &Message) -> bool {
    let body = message.payload.as_slice();
    match message.header.kind {
        MessageType::UserControl => {
            matches!(UserControl::parse(body), Some(UserControl::PingResponse(_)))
        }
        _ => false,
    }
}
