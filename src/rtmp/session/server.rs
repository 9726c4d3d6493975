// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The server's side: answers `connect`, hands out streams, and takes or
//! sends their media.
//!
//! Calls that every server answers alike (`createStream`, `releaseStream`, …)
//! are answered here. Who may connect, publish or play is decided by the
//! caller, who answers the events with `accept_…` or `reject_…`.
//!
//! Clients pipeline: `connect`, `createStream` and `play` may come in one read.
//! So a message is looked at when its event is polled, not when it is
//! received, and the answers to the events before it count. Pings alone are
//! answered at once.

use std::collections::VecDeque;

use bytes::Bytes;

use super::client::PlayStart;
use super::{Media, MediaKind, Session, stream_id};
use crate::rtmp::amf::{Object, Value};
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::chunk::{AUDIO_CSID, COMMAND_CSID, Csid, Limits, STATUS_CSID, VIDEO_CSID};
use crate::rtmp::command::Command;
use crate::rtmp::connection::{self, Connection, Counters, DEFAULT_WINDOW, Ignored};
use crate::rtmp::error::Error;
use crate::rtmp::handshake::{HandshakeForm, Progress, Role};
use crate::rtmp::message::{Message, MessageType, PeerBandwidthLimit, ProtocolControl, StreamId};
use crate::rtmp::status::{Level, Status, StatusCode};
use crate::rtmp::user_control::UserControl;

/// NetStreams that one connection may create.
pub const MAX_STREAMS: usize = 16;

/// No request is looked at while more output than this waits for the client to
/// read it; media may well wait, hence more than for pings. Bytes.
pub const MAX_WAITING_OUTPUT: usize = 1 << 20;

/// Largest chunk size announced unless the caller chooses: one chunk for most
/// messages, and below the limits of all known clients. Bytes.
pub const DEFAULT_OUT_CHUNK_SIZE: u32 = 60_000;

/// A `connect` that waits for its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ConnectRequest {
    /// `app` with its query if it has one, without a slash or `/_definst_` at
    /// the end of its path.
    pub application: String,
    /// `tcUrl`, empty if it was not sent.
    pub tc_url: String,
    /// The whole command object.
    pub properties: Object,
    transaction: f64,
}

impl ConnectRequest {
    /// `app` as it was sent.
    pub fn app(&self) -> &str {
        let app = self.properties.get("app").and_then(Value::as_str);
        app.unwrap_or_default()
    }

    /// What of Enhanced RTMP the client announced; `None` if nothing.
    pub fn capabilities(&self) -> Option<Capabilities> {
        Capabilities::in_request(&self.properties)
    }
}

/// A `play` or `publish` that waits for its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRequest {
    /// The stream that it is for.
    pub stream: StreamId,
    /// Stream name, as sent.
    pub name: String,
    /// Everything behind the name.
    pub arguments: Vec<Value>,
}

impl StreamRequest {
    /// Where a `play` wants to start. Clients send milliseconds, or the seconds of RTMP
    /// 1.0, 7.2.2.1, where they mean a constant.
    pub fn start(&self) -> PlayStart {
        match self.arguments.first().and_then(Value::as_f64) {
            // Out of range is the next that is in it.
            Some(start) if start >= 0.0 => PlayStart::Recorded(start as u32),
            Some(-1.0 | -1000.0) => PlayStart::Live,
            _ => PlayStart::LiveOrRecorded,
        }
    }

    /// How much a `play` wants of a recording, in ms; `None` for everything.
    pub fn duration(&self) -> Option<u32> {
        let duration = self.arguments.get(1).and_then(Value::as_f64);
        let duration = duration.filter(|duration| *duration >= 0.0);
        duration.map(|duration| duration as u32)
    }

    /// The name without its query.
    pub fn path(&self) -> &str {
        let name = self.name.as_str();
        name.split_once('?').map_or(name, |(path, _)| path)
    }
}

/// A `seek` in what is played, which waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeekRequest {
    /// The stream that is played.
    pub stream: StreamId,
    /// Where to, in ms of the recording.
    pub to: u32,
}

/// A `pause` of what is played, which waits for its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PauseRequest {
    /// The stream that is played.
    pub stream: StreamId,
    /// Whether to wait, or to go on.
    pub paused: bool,
    /// Where the client is, in ms of the recording. Only what is later is to come.
    pub at: u32,
}

/// A `getStreamLength`, which waits for its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct LengthRequest {
    /// Stream name, as sent.
    pub name: String,
    transaction: f64,
}

/// What a server session reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step of the handshake.
    Handshake(Progress),
    /// A protocol control message, already obeyed.
    Control(ProtocolControl),
    /// A user control message; pings are answered.
    UserControl(UserControl),
    /// `connect`: answer with `accept_connect` or `reject_connect`.
    Connect(ConnectRequest),
    /// A stream was created, and answered.
    StreamCreated(StreamId),
    /// `play`: answer with `accept_play` or `reject_play`.
    Play(StreamRequest),
    /// `publish`: answer with `accept_publish` or `reject_publish`.
    Publish(StreamRequest),
    /// `seek`: answer with `accept_seek` or `reject_seek`.
    Seek(SeekRequest),
    /// `pause`: answer with `accept_pause`.
    Pause(PauseRequest),
    /// `getStreamLength`: answer with `answer_length`.
    Length(LengthRequest),
    /// `deleteStream` or `closeStream`: the stream is not used any more.
    Closed(StreamId),
    /// Media from a publisher.
    Media(Media),
    /// Another command, already answered if it wanted an answer.
    Called(Command),
    /// Something odd that was overlooked.
    Ignored(Ignored),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Nothing,
    Play,
    Publish,
}

/// What becomes of a stream that is not used any more.
#[derive(Debug, Clone, Copy)]
enum Close {
    Delete,
    Keep,
}

/// A NetConnection seen from the server.
#[derive(Debug)]
pub struct ServerSession {
    connection: Connection,
    capabilities: Capabilities,
    secure_token: Option<String>,
    connected: bool,
    streams: Vec<(StreamId, Use)>,
    pub(super) last_stream: u32,
    /// What has come and waits to be looked at.
    received: VecDeque<connection::Event>,
    events: VecDeque<Event>,
}

impl ServerSession {
    /// A session on a connection that has just been accepted. The client chooses the
    /// form of the handshake.
    pub fn new(seed: u64, limits: Limits) -> Self {
        Self {
            connection: Connection::new(Role::Server, HandshakeForm::Digest, seed, limits),
            capabilities: Capabilities::default(),
            secure_token: None,
            connected: false,
            streams: Vec::new(),
            last_stream: 0,
            received: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// What of Enhanced RTMP to tell a client that announces any of it.
    /// Nothing is told without this.
    pub fn set_capabilities(&mut self, capabilities: Capabilities) {
        self.capabilities = capabilities;
    }

    /// Has `accept_connect` ask for the answer to this challenge, which comes as
    /// a call of `secureTokenResponse`. What follows from it is the caller's.
    pub fn set_secure_token(&mut self, challenge: String) {
        self.secure_token = Some(challenge);
    }

    /// Accepts `connect`: window, bandwidth, StreamBegin, chunk size, `_result`.
    pub fn accept_connect(&mut self, request: &ConnectRequest, chunk_size: u32) {
        self.connected = true;
        self.control(&ProtocolControl::WindowAckSize(DEFAULT_WINDOW));
        self.control(&ProtocolControl::SetPeerBandwidth(
            DEFAULT_WINDOW,
            PeerBandwidthLimit::Dynamic,
        ));
        self.user_control(&UserControl::StreamBegin(StreamId::CONNECTION));
        self.control(&ProtocolControl::SetChunkSize(chunk_size));
        let properties = Object::new()
            .with("fmsVer", "FMS/3,0,1,123")
            .with("capabilities", 31.0);
        let mut status = Status::new(
            Level::Status,
            StatusCode::ConnectSuccess,
            "Connection succeeded.",
        )
        .with("objectEncoding", 0.0);
        if let Some(challenge) = &self.secure_token {
            status = status.with("secureToken", challenge.as_str());
        }
        if request.capabilities().is_some() {
            self.capabilities.write(&mut status.information);
        }
        let answer = Command::new("_result", request.transaction)
            .object(properties)
            .argument(status.information);
        self.command(COMMAND_CSID, StreamId::CONNECTION, &answer);
    }

    /// Refuses `connect` with `_error`.
    pub fn reject_connect(&mut self, request: &ConnectRequest, status: &Status) {
        let answer =
            Command::new("_error", request.transaction).argument(status.information.clone());
        self.command(COMMAND_CSID, StreamId::CONNECTION, &answer);
    }

    /// Accepts `play`: StreamBegin, Play.Reset, Play.Start, and the permission
    /// to look at samples that Flash wants.
    pub fn accept_play(&mut self, request: &StreamRequest) {
        let stream = request.stream;
        self.set_use(stream, Use::Play);
        self.user_control(&UserControl::StreamBegin(stream));
        for (code, description) in [
            (StatusCode::PlayReset, "Playing and resetting stream."),
            (StatusCode::PlayStart, "Started playing stream."),
        ] {
            self.status(stream, &Status::new(Level::Status, code, description));
        }
        let mut access = bytes::BytesMut::new();
        for value in [
            Value::from("|RtmpSampleAccess"),
            Value::from(true),
            Value::from(true),
        ] {
            crate::rtmp::amf0::encode(&value, &mut access);
        }
        self.media(stream, MediaKind::Data, 0, &access);
    }

    /// Accepts `play` of a recording: the same behind StreamIsRecorded.
    pub fn accept_play_of_recording(&mut self, request: &StreamRequest) {
        self.user_control(&UserControl::StreamIsRecorded(request.stream));
        self.accept_play(request);
    }

    /// Goes where the client wants: StreamEOF for what was there, StreamBegin, Seek.Notify
    /// and Play.Start, as FMS does. Media of the new place follows.
    pub fn accept_seek(&mut self, request: SeekRequest) {
        let stream = request.stream;
        self.user_control(&UserControl::StreamEof(stream));
        self.user_control(&UserControl::StreamIsRecorded(stream));
        self.user_control(&UserControl::StreamBegin(stream));
        let seeking = format!("Seeking {} ms.", request.to);
        for (code, description) in [
            (StatusCode::SeekNotify, seeking.as_str()),
            (StatusCode::PlayStart, "Started playing stream."),
        ] {
            self.status(stream, &Status::new(Level::Status, code, description));
        }
    }

    /// Refuses `seek` with an error status. What is played goes on.
    pub fn reject_seek(&mut self, request: SeekRequest, status: &Status) {
        self.status(request.stream, status);
    }

    /// Waits, or goes on: Pause.Notify, or StreamBegin and Unpause.Notify.
    pub fn accept_pause(&mut self, request: PauseRequest) {
        let stream = request.stream;
        let (code, description) = match request.paused {
            true => (StatusCode::PauseNotify, "Pausing."),
            false => {
                self.user_control(&UserControl::StreamBegin(stream));
                (StatusCode::UnpauseNotify, "Unpausing.")
            }
        };
        self.status(stream, &Status::new(Level::Status, code, description));
    }

    /// Tells how long a recording is, in seconds; 0 for what is live or not there.
    pub fn answer_length(&mut self, request: &LengthRequest, seconds: f64) {
        self.answer(request.transaction, Value::Number(seconds));
    }

    /// Refuses `play` with an error status.
    pub fn reject_play(&mut self, request: &StreamRequest, status: &Status) {
        self.status(request.stream, status);
    }

    /// Accepts `publish`: StreamBegin and Publish.Start.
    pub fn accept_publish(&mut self, request: &StreamRequest) {
        let stream = request.stream;
        self.set_use(stream, Use::Publish);
        self.user_control(&UserControl::StreamBegin(stream));
        let description = "Publishing.";
        self.status(
            stream,
            &Status::new(Level::Status, StatusCode::PublishStart, description),
        );
    }

    /// Refuses `publish` with an error status.
    pub fn reject_publish(&mut self, request: &StreamRequest, status: &Status) {
        self.status(request.stream, status);
    }

    /// Sends `onStatus` on a stream.
    pub fn status(&mut self, stream: StreamId, status: &Status) {
        self.command(STATUS_CSID, stream, &Command::on_status(status));
    }

    /// Sends any command.
    pub fn command(&mut self, csid: Csid, stream: StreamId, command: &Command) {
        let body = command.encode();
        self.connection
            .send(csid, stream, MessageType::CommandAmf0, 0, body.as_slice());
    }

    /// Sends a media message to a player.
    pub fn media(&mut self, stream: StreamId, kind: MediaKind, timestamp: u32, body: &[u8]) {
        let csid = match kind {
            MediaKind::Audio => AUDIO_CSID,
            MediaKind::Video | MediaKind::Aggregate => VIDEO_CSID,
            MediaKind::Data | MediaKind::DataAmf3 => STATUS_CSID,
        };
        self.connection
            .send(csid, stream, kind.into(), timestamp, body);
    }

    /// Sends a user control message.
    pub fn user_control(&mut self, event: &UserControl) {
        self.connection.send_user_control(event);
    }

    /// Sends a protocol control message.
    pub fn control(&mut self, control: &ProtocolControl) {
        self.connection.send_control(control);
    }

    /// Says that a played stream has ended: StreamEOF, then Play.Stop.
    pub fn end_play(&mut self, stream: StreamId) {
        self.user_control(&UserControl::StreamEof(stream));
        let description = "Stopped playing stream.";
        self.status(
            stream,
            &Status::new(Level::Status, StatusCode::PlayStop, description),
        );
        self.set_use(stream, Use::Nothing);
    }

    /// Bytes that wait to be sent.
    pub fn waiting_output(&self) -> usize {
        self.connection.waiting_output()
    }

    fn set_use(&mut self, stream: StreamId, new: Use) {
        if let Some((_, present)) = self.streams.iter_mut().find(|(id, _)| *id == stream) {
            *present = new;
        }
    }

    fn on_message(&mut self, message: Message) -> Option<Event> {
        match Media::from_message(message) {
            Ok(media) => Some(self.on_media(media)),
            Err(message) => match message.header.kind {
                MessageType::CommandAmf0 | MessageType::CommandAmf3 => self.on_command(&message),
                other => Some(Event::Ignored(Ignored::UnknownMessage(other.into()))),
            },
        }
    }

    fn on_media(&self, media: Media) -> Event {
        let publishing = (media.stream, Use::Publish);
        if self.streams.contains(&publishing) {
            Event::Media(media)
        } else {
            Event::Ignored(Ignored::ForeignStream(media.stream))
        }
    }

    fn on_command(&mut self, message: &Message) -> Option<Event> {
        let (command, error) = Command::decode(message.header.kind, message.payload.as_slice());
        if error.is_some() || command.is_none() {
            let name = command.as_ref().map(|command| command.name.clone());
            let ignored = Ignored::BadAmf(name.unwrap_or_default());
            self.events.push_back(Event::Ignored(ignored));
        }
        let command = command?;
        let stream = message.header.stream_id;
        let is_answer = matches!(command.name.as_str(), "_result" | "_error");
        let is_end = matches!(command.name.as_str(), "deleteStream" | "closeStream");
        // Whatever else it is, it would be answered.
        if !is_answer && !is_end && self.connection.waiting_output() > MAX_WAITING_OUTPUT {
            return Some(Event::Ignored(Ignored::Call(command.name)));
        }
        if command.name == "connect" {
            return Some(connect_request(command));
        }
        if !self.connected {
            let ignored = Ignored::UnknownCommand(command.name);
            return Some(Event::Ignored(ignored));
        }
        match command.name.as_str() {
            "play" => Some(self.stream_request(stream, command, Event::Play)),
            "publish" => Some(self.stream_request(stream, command, Event::Publish)),
            "deleteStream" => {
                let stream = command.number_argument(0).and_then(stream_id);
                Some(self.on_close(stream, command.name, Close::Delete))
            }
            "closeStream" => Some(self.on_close(Some(stream), command.name, Close::Keep)),
            "_result" | "_error" => Some(Event::Called(command)),
            "createStream" => Some(self.on_create_stream(&command)),
            "getStreamLength" => Some(length_request(command)),
            "seek" | "pause" if self.streams.contains(&(stream, Use::Play)) => {
                Some(play_control(stream, command))
            }
            _ => {
                // `releaseStream`, `FCPublish`, `_checkbw`, …
                self.answer(command.transaction, Value::Undefined);
                Some(Event::Called(command))
            }
        }
    }

    fn answer(&mut self, transaction: f64, value: Value) {
        if transaction != 0.0 {
            let answer = Command::new("_result", transaction).argument(value);
            self.command(COMMAND_CSID, StreamId::CONNECTION, &answer);
        }
    }

    fn on_create_stream(&mut self, command: &Command) -> Event {
        // Ids are used once, so that what waits to be sent for a stream reaches no other.
        let next = self.last_stream.checked_add(1);
        let Some(next) = next.filter(|_| self.streams.len() < MAX_STREAMS) else {
            let status = Status::new(Level::Error, StatusCode::CallFailed, "Too many streams.");
            let answer = Command::new("_error", command.transaction).argument(status.information);
            self.command(COMMAND_CSID, StreamId::CONNECTION, &answer);
            return Event::Ignored(Ignored::UnknownCommand("createStream".to_owned()));
        };
        self.last_stream = next;
        let stream = StreamId(next);
        self.streams.push((stream, Use::Nothing));
        let answer = Command::new("_result", command.transaction).argument(f64::from(stream.0));
        self.command(COMMAND_CSID, StreamId::CONNECTION, &answer);
        Event::StreamCreated(stream)
    }

    /// Clients that put `play` or `publish` on message stream 0 or a wrong one
    /// mean the stream that they created last.
    fn stream_request(
        &self,
        stream: StreamId,
        command: Command,
        event: fn(StreamRequest) -> Event,
    ) -> Event {
        let meant = self.streams.iter().find(|(id, _)| *id == stream);
        let Some(&(stream, _)) = meant.or_else(|| self.streams.last()) else {
            return Event::Ignored(Ignored::UnknownCommand(command.name));
        };
        let mut arguments = command.arguments.into_iter();
        let name = match arguments.next() {
            Some(Value::String(name)) => name,
            _ => String::new(),
        };
        event(StreamRequest {
            stream,
            name,
            arguments: arguments.collect(),
        })
    }

    fn on_close(&mut self, stream: Option<StreamId>, name: String, close: Close) -> Event {
        let index = self.streams.iter().position(|(id, _)| Some(*id) == stream);
        let (Some(index), Some(stream)) = (index, stream) else {
            return Event::Ignored(Ignored::UnknownCommand(name));
        };
        match close {
            Close::Delete => {
                self.streams.remove(index);
            }
            Close::Keep => self.set_use(stream, Use::Nothing),
        }
        Event::Closed(stream)
    }
}

impl Session for ServerSession {
    type Event = Event;

    fn advance(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let event = self.connection.advance(input)?;
        let more = event.is_some();
        self.received.extend(event);
        Ok(more)
    }

    fn poll_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let event = match self.received.pop_front()? {
                connection::Event::Handshake(progress) => Some(Event::Handshake(progress)),
                connection::Event::Control(control) => {
                    self.connection.answer_bandwidth(&control);
                    Some(Event::Control(control))
                }
                connection::Event::UserControl(event) => Some(Event::UserControl(event)),
                connection::Event::Ignored(ignored) => Some(Event::Ignored(ignored)),
                connection::Event::Message(message) => self.on_message(message),
            };
            self.events.extend(event);
        }
    }

    fn poll_transmit(&mut self) -> Option<Bytes> {
        self.connection.poll_transmit()
    }

    fn counters(&self) -> Counters {
        self.connection.counters()
    }
}

fn length_request(command: Command) -> Event {
    let transaction = command.transaction;
    let name = match command.arguments.into_iter().next() {
        Some(Value::String(name)) => name,
        _ => String::new(),
    };
    Event::Length(LengthRequest { name, transaction })
}

/// `seek` (RTMP 1.0, 7.2.2.7) or `pause` (7.2.2.8).
fn play_control(stream: StreamId, command: Command) -> Event {
    // Out of range is the next that is in it; what is no number is 0.
    let ms = |index| command.number_argument(index).unwrap_or_default() as u32;
    if command.name == "seek" {
        let to = ms(0);
        return Event::Seek(SeekRequest { stream, to });
    }
    let paused = command.arguments.first().and_then(Value::as_bool);
    Event::Pause(PauseRequest {
        stream,
        paused: paused.unwrap_or(true),
        at: ms(1),
    })
}

fn connect_request(command: Command) -> Event {
    let properties = command.object.as_object().cloned().unwrap_or_default();
    let text = |names: &[&str]| {
        let value = names.iter().find_map(|name| properties.get(name)?.as_str());
        value.unwrap_or_default().to_owned()
    };
    Event::Connect(ConnectRequest {
        application: application(&text(&["app"])),
        tc_url: text(&["tcUrl", "tcurl"]),
        transaction: command.transaction,
        properties,
    })
}

/// `app` without what makes no difference. Clients put their answers to the
/// server's questions behind it as a query, which may end in a slash.
fn application(app: &str) -> String {
    let (path, query) = app.split_at(app.find('?').unwrap_or(app.len()));
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix("/_definst_").unwrap_or(path);
    format!("{path}{query}")
}
