// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The client's side: `connect`, `createStream`, `play` and `publish`.
//!
//! Keeps track of what was asked and matches the answers by transaction id, as
//! servers answer in any order or not at all. In which order things are asked,
//! and what an answer means for the user, is the caller's policy. One session
//! can hold many NetStreams.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Media, MediaKind, Session, stream_id};
use crate::rtmp::amf::{Object, Value};
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::chunk::{
    AUDIO_CSID, COMMAND_CSID, Csid, Limits, MAX_CHUNK_SIZE, STATUS_CSID, STREAM_COMMAND_CSID,
    VIDEO_CSID,
};
use crate::rtmp::command::{Command, decode_values};
use crate::rtmp::connection::{self, Connection, Counters, DEFAULT_WINDOW, Ignored};
use crate::rtmp::error::Error;
use crate::rtmp::handshake::{HandshakeForm, Progress, Role};
use crate::rtmp::message::{Message, MessageType, ProtocolControl, StreamId};
use crate::rtmp::status::{Level, Status, StatusCode};
use crate::rtmp::user_control::UserControl;

/// `flashVer` of a player. Servers have refused others.
pub const DEFAULT_FLASH_VERSION: &str = "LNX 9,0,124,2";

/// `flashVer` of a publisher, that of Flash Media Live Encoder as librtmp and OBS send
/// it. The authentication of FMS looks for it.
pub const DEFAULT_ENCODER_VERSION: &str = "FMLE/3.0 (compatible; FMSc/1.0)";

/// Transaction ids of calls whose answers nothing hinges on.
const FIRST_SIDE_CALL: u32 = 1000;

/// Side calls before their ids begin again.
const MAX_SIDE_CALLS: u32 = 1 << 20;

/// Calls whose answers are waited for. Servers that answer none cost no more:
/// beyond it the oldest is forgotten, a side call if there is one.
pub const MAX_UNANSWERED_CALLS: usize = 64;

/// What `connect` tells the server. No `Debug`: any of it may hold a token.
#[derive(Clone, Default, PartialEq)]
pub struct ConnectParameters {
    /// `app`
    pub application: String,
    /// `tcUrl`
    pub tc_url: String,
    /// `flashVer`; [`DEFAULT_FLASH_VERSION`] or [`DEFAULT_ENCODER_VERSION`] if `None`.
    pub flash_version: Option<String>,
    /// `swfUrl`, sent if set.
    pub swf_url: Option<String>,
    /// `pageUrl`, sent if set.
    pub page_url: Option<String>,
    /// What of Enhanced RTMP is announced; nothing by default.
    pub capabilities: Capabilities,
    /// The client is a publisher: `type` is sent, and only what publishers say.
    pub publishes: bool,
    /// Arguments behind the command object, for applications that want some.
    pub extra_arguments: Vec<Value>,
}

/// Where `play` starts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlayStart {
    /// A live stream, else a recording, else wait for a publisher.
    #[default]
    LiveOrRecorded,
    /// A live stream only.
    Live,
    /// A recording, from this many milliseconds on.
    Recorded(u32),
}

impl PlayStart {
    /// The argument on the wire: milliseconds, as Flash Player, librtmp and
    /// FFmpeg send it, not the seconds of RTMP 1.0, 7.2.2.1.
    fn as_number(self) -> f64 {
        match self {
            Self::LiveOrRecorded => -2000.0,
            Self::Live => -1000.0,
            Self::Recorded(position) => f64::from(position),
        }
    }
}

/// What `play` asks for. No `Debug`: the name may hold a token.
#[derive(Clone, PartialEq)]
pub struct PlayParameters {
    /// Stream name, with its query if it has one.
    pub name: String,
    /// Where to start.
    pub start: PlayStart,
    /// Milliseconds to play of a recording; everything if `None`.
    pub duration: Option<u32>,
    /// What becomes of streams that are playing (0: queue behind them, 1: stop
    /// them, 2 and 3 the same without waiting for data); not sent if `None`.
    pub reset: Option<u8>,
    /// Announced client buffer in milliseconds.
    pub buffer_length: u32,
}

/// What a server is to do with what is published: the argument of `publish`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PublishType {
    /// Pass it on.
    #[default]
    Live,
    /// Record it, in place of an earlier recording.
    Record,
    /// Record it behind an earlier recording.
    Append,
}

impl PublishType {
    /// The argument on the wire (RTMP 1.0, 7.2.2.6).
    pub fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Record => "record",
            Self::Append => "append",
        }
    }
}

/// What a client session reports.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A step of the handshake.
    Handshake(Progress),
    /// A protocol control message, already obeyed.
    Control(ProtocolControl),
    /// A user control message; pings are answered.
    UserControl(UserControl),
    /// `connect` was accepted.
    Connected {
        /// The server's properties (`fmsVer`, …).
        properties: Object,
        /// The server's status object.
        information: Object,
    },
    /// `connect` was refused.
    ConnectRejected(Option<Status>),
    /// `createStream` was answered.
    StreamCreated(StreamId),
    /// `createStream` was refused, or answered with no usable id.
    CreateStreamFailed(Option<Status>),
    /// `play` was answered by `_result`; the status is what counts.
    PlayAnswered(StreamId),
    /// `getStreamLength` was answered: seconds, 0 or less for a live stream.
    StreamLength(f64),
    /// `play` was refused by `_error`.
    PlayRejected(StreamId, Option<Status>),
    /// `publish` was answered by `_result`; the status is what counts.
    PublishAnswered(StreamId),
    /// `publish` was refused by `_error`.
    PublishRejected(StreamId, Option<Status>),
    /// `onStatus` or `onPlayStatus`.
    Status(StreamId, Status),
    /// Media of one of our streams.
    Media(Media),
    /// `onFCUnsubscribe`: a CDN's way to say that the stream ended.
    Unsubscribed,
    /// `FCUnpublish` or `deleteStream`: FFmpeg as a server says so at its end,
    /// as if it were a publisher.
    Unpublished,
    /// The `close` command: the server ends the NetConnection.
    Close,
    /// Another command that needs no reaction of the caller's.
    Called(String),
    /// Something odd that was overlooked.
    Ignored(Ignored),
}

/// What a transaction id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Connect,
    CreateStream,
    Play(StreamId),
    Publish(StreamId),
    StreamLength,
    Other,
}

/// A NetConnection seen from the client.
#[derive(Debug)]
pub struct ClientSession {
    connection: Connection,
    /// `connect`, until the handshake is done.
    pending_connect: Option<Command>,
    calls: Vec<(f64, Call)>,
    next_transaction: u32,
    side_calls: u32,
    streams: Vec<StreamId>,
    bandwidth_checks: u32,
    asked_for_bandwidth_check: bool,
    events: VecDeque<Event>,
}

impl ClientSession {
    /// A session on a connection that has just been opened. `form` is the handshake
    /// to ask for, `seed` makes its filler differ.
    pub fn new(form: HandshakeForm, seed: u64, limits: Limits) -> Self {
        Self {
            connection: Connection::new(Role::Client, form, seed, limits),
            pending_connect: None,
            calls: Vec::new(),
            next_transaction: 1,
            side_calls: 0,
            streams: Vec::new(),
            bandwidth_checks: 0,
            asked_for_bandwidth_check: false,
            events: VecDeque::new(),
        }
    }

    /// Sends `connect` as soon as the handshake is done.
    pub fn connect(&mut self, parameters: &ConnectParameters) {
        let transaction = self.call(Call::Connect);
        let command = connect_command(transaction, parameters);
        if self.connection.is_established() {
            self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
        } else {
            self.pending_connect = Some(command);
        }
    }

    /// Sends `createStream`; answered by [`Event::StreamCreated`].
    pub fn create_stream(&mut self) {
        let transaction = self.call(Call::CreateStream);
        let command = Command::new("createStream", transaction);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    /// Sends `FCSubscribe`, which some CDNs want before `play`.
    pub fn subscribe(&mut self, name: &str) {
        let transaction = self.call(Call::Other);
        let command = Command::new("FCSubscribe", transaction).argument(name);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    /// Answers the server's [`secure_token_challenge`].
    pub fn answer_secure_token(&mut self, answer: &str) {
        let command = Command::new("secureTokenResponse", 0.0).argument(answer);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    /// Asks for the length of a recording, which some servers want before they
    /// play one, as FFmpeg does. Live servers do not know it.
    pub fn get_stream_length(&mut self, name: &str) {
        let transaction = self.call(Call::StreamLength);
        let command = Command::new("getStreamLength", transaction).argument(name);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    /// Announces the buffer length and sends `play` on a created stream.
    pub fn play(&mut self, stream: StreamId, parameters: &PlayParameters) {
        self.connection
            .send_user_control(&UserControl::SetBufferLength(
                stream,
                parameters.buffer_length,
            ));
        let transaction = self.call(Call::Play(stream));
        let mut command = Command::new("play", transaction)
            .argument(parameters.name.as_str())
            .argument(parameters.start.as_number());
        match (parameters.duration, parameters.reset) {
            (Some(duration), _) => command = command.argument(f64::from(duration)),
            // All of it: -1 second, in milliseconds like the start.
            (None, Some(_)) => command = command.argument(-1000.0),
            (None, None) => {}
        }
        match parameters.reset {
            Some(flag @ (0 | 1)) => command = command.argument(flag == 1),
            Some(other) => command = command.argument(f64::from(other)),
            None => {}
        }
        self.send_command(STREAM_COMMAND_CSID, stream, &command);
    }

    /// Asks to go on at another place of a recording, in ms (RTMP 1.0, 7.2.2.7).
    /// `NetStream.Seek.Notify` answers, and media follows from a key frame at or
    /// before it.
    pub fn seek(&mut self, stream: StreamId, to: u32) {
        let command = Command::new("seek", 0.0).argument(f64::from(to));
        self.send_command(STREAM_COMMAND_CSID, stream, &command);
    }

    /// Has a recording wait, or go on, at this time in ms (RTMP 1.0, 7.2.2.8). Servers
    /// answer with Pause.Notify or Unpause.Notify; they do not agree on where they go on.
    pub fn pause(&mut self, stream: StreamId, paused: bool, at: u32) {
        let command = Command::new("pause", 0.0)
            .argument(paused)
            .argument(f64::from(at));
        self.send_command(STREAM_COMMAND_CSID, stream, &command);
    }

    /// Asks the server to send or leave out a stream's audio (RTMP 1.0,
    /// 7.2.2.4). Servers may not know the command; none answers.
    pub fn receive_audio(&mut self, stream: StreamId, wanted: bool) {
        self.receive("receiveAudio", stream, wanted);
    }

    /// The same for video (RTMP 1.0, 7.2.2.5).
    pub fn receive_video(&mut self, stream: StreamId, wanted: bool) {
        self.receive("receiveVideo", stream, wanted);
    }

    fn receive(&mut self, name: &str, stream: StreamId, wanted: bool) {
        let command = Command::new(name, 0.0).argument(wanted);
        self.send_command(STREAM_COMMAND_CSID, stream, &command);
    }

    /// Sends a PingRequest; a server that knows it answers with
    /// [`UserControl::PingResponse`] and the same number. False if it was left
    /// out, because the server does not read.
    pub fn ping(&mut self, timestamp: u32) -> bool {
        let sent = !self.connection.is_backed_up();
        if sent {
            self.connection
                .send_user_control(&UserControl::PingRequest(timestamp));
        }
        sent
    }

    /// Sends `releaseStream` and `FCPublish`, which FMLE and all encoders after it send
    /// before `createStream`. SRS wants both or none; nginx-rtmp answers neither.
    pub fn announce_publish(&mut self, name: &str) {
        for call in ["releaseStream", "FCPublish"] {
            let transaction = self.call(Call::Other);
            let command = Command::new(call, transaction).argument(name);
            self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
        }
    }

    /// Sends `publish` on a created stream; answered by [`Event::Status`] with
    /// `NetStream.Publish.Start` (RTMP 1.0, 7.2.2.6).
    pub fn publish(&mut self, stream: StreamId, name: &str, kind: PublishType) {
        let transaction = self.call(Call::Publish(stream));
        let command = Command::new("publish", transaction)
            .argument(name)
            .argument(kind.name());
        self.send_command(STREAM_COMMAND_CSID, stream, &command);
    }

    /// Announces chunks of this size, in bytes, from the next message on.
    pub fn set_chunk_size(&mut self, size: u32) {
        let size = size.clamp(1, MAX_CHUNK_SIZE);
        self.connection
            .send_control(&ProtocolControl::SetChunkSize(size));
    }

    /// Sends media of a published stream. Audio and video have chunk streams of their
    /// own, so that their headers are small.
    pub fn media(&mut self, stream: StreamId, kind: MediaKind, timestamp: u32, body: &Bytes) {
        let csid = match kind {
            MediaKind::Audio => AUDIO_CSID,
            MediaKind::Video | MediaKind::Aggregate => VIDEO_CSID,
            MediaKind::Data | MediaKind::DataAmf3 => STATUS_CSID,
        };
        self.connection
            .send_shared(csid, stream, kind.into(), timestamp, body);
    }

    /// Sends `FCUnpublish`: the stream of this name ends.
    pub fn unpublish(&mut self, name: &str) {
        let transaction = self.call(Call::Other);
        let command = Command::new("FCUnpublish", transaction).argument(name);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    /// Sends `closeStream` on every stream, which stay to be used again.
    pub fn close_streams(&mut self) {
        for stream in self.streams.clone() {
            let command = Command::new("closeStream", 0.0);
            self.send_command(STREAM_COMMAND_CSID, stream, &command);
        }
    }

    /// Bytes that have not been taken to be sent.
    pub fn waiting_output(&self) -> usize {
        self.connection.waiting_output()
    }

    /// Sends `deleteStream` for every stream: a polite way to leave.
    pub fn delete_streams(&mut self) {
        for stream in std::mem::take(&mut self.streams) {
            let transaction = self.call(Call::Other);
            let command = Command::new("deleteStream", transaction).argument(f64::from(stream.0));
            self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
        }
    }

    /// The streams that the server gave us.
    pub fn streams(&self) -> &[StreamId] {
        &self.streams
    }

    /// True when no message or handshake part is incomplete.
    pub fn is_at_message_boundary(&self) -> bool {
        self.connection.is_at_message_boundary()
    }

    /// A transaction id. Side calls have a range of their own, so that
    /// `connect`, `createStream` and `play` are 1, 2 and 3 whatever else is
    /// asked: simple servers expect nothing else.
    fn call(&mut self, call: Call) -> f64 {
        let transaction = match call {
            Call::Other | Call::StreamLength => {
                let side = FIRST_SIDE_CALL.saturating_add(self.side_calls);
                self.side_calls = self.side_calls.wrapping_add(1) % MAX_SIDE_CALLS;
                side
            }
            Call::Connect | Call::CreateStream | Call::Play(_) | Call::Publish(_) => {
                let main = self.next_transaction;
                self.next_transaction = self.next_transaction.wrapping_add(1).max(2);
                main
            }
        };
        let transaction = f64::from(transaction);
        if self.calls.len() >= MAX_UNANSWERED_CALLS {
            let side = self
                .calls
                .iter()
                .position(|(_, c)| matches!(c, Call::Other | Call::StreamLength));
            self.calls.remove(side.unwrap_or_default());
        }
        self.calls.push((transaction, call));
        transaction
    }

    fn send_command(&mut self, csid: Csid, stream: StreamId, command: &Command) {
        let body = command.encode();
        self.connection
            .send(csid, stream, MessageType::CommandAmf0, 0, body.as_slice());
    }

    fn on_connection_event(&mut self, event: connection::Event) {
        let event = match event {
            connection::Event::Handshake(progress) => {
                if let Progress::Done { .. } = progress
                    && let Some(command) = self.pending_connect.take()
                {
                    self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
                }
                self.note_handshake(progress);
                Some(Event::Handshake(progress))
            }
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

    fn note_handshake(&mut self, progress: Progress) {
        let oddity = match progress {
            Progress::Version(version) if version != 3 => Ignored::HandshakeVersion(version),
            Progress::Done { genuine: false, .. } => Ignored::HandshakeAnswer,
            _ => return,
        };
        self.events.push_back(Event::Ignored(oddity));
    }

    fn on_message(&mut self, message: Message) -> Option<Event> {
        match Media::from_message(message) {
            Ok(media) => self.on_media(media),
            Err(message) => match message.header.kind {
                MessageType::CommandAmf0 | MessageType::CommandAmf3 => self.on_command(&message),
                other => Some(Event::Ignored(Ignored::UnknownMessage(other.into()))),
            },
        }
    }

    fn on_media(&self, mut media: Media) -> Option<Event> {
        if !self.streams.contains(&media.stream) {
            // Some servers send the only stream's media on message stream 0
            // (node-media-server 4, xiu, FFmpeg up to 5.1).
            match (media.stream, self.streams.as_slice()) {
                (StreamId::CONNECTION, [only]) => media.stream = *only,
                _ => return Some(Event::Ignored(Ignored::ForeignStream(media.stream))),
            }
        }
        if matches!(media.kind, MediaKind::Data | MediaKind::DataAmf3)
            && let Some(status) = status_in_data(&media)
        {
            return Some(Event::Status(media.stream, status));
        }
        Some(Event::Media(media))
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
        match command.name.as_str() {
            "_result" => self.on_answer(&command, true),
            "_error" => self.on_answer(&command, false),
            "onStatus" => self.on_status(stream, &command),
            "close" => Some(Event::Close),
            "onFCUnsubscribe" => Some(Event::Unsubscribed),
            "FCUnpublish" | "deleteStream" => Some(Event::Unpublished),
            "onBWCheck" | "_onbwcheck" | "ping" if self.connection.is_backed_up() => {
                Some(Event::Ignored(Ignored::Call(command.name)))
            }
            "onBWCheck" | "_onbwcheck" => {
                // FMS and AMS measure until they get their answers.
                self.bandwidth_checks = self.bandwidth_checks.wrapping_add(1);
                let answer = Command::new("_result", command.transaction)
                    .argument(f64::from(self.bandwidth_checks));
                self.send_command(COMMAND_CSID, StreamId::CONNECTION, &answer);
                Some(Event::Called(command.name))
            }
            "ping" => {
                let answer = Command::new("pong", command.transaction);
                self.send_command(COMMAND_CSID, StreamId::CONNECTION, &answer);
                Some(Event::Called(command.name))
            }
            "onBWDone" => {
                self.check_bandwidth(&command);
                Some(Event::Called(command.name))
            }
            "onFCSubscribe" | "onFCPublish" => match command.status() {
                Some(status) if status.level == Level::Error => {
                    Some(Event::Status(StreamId::CONNECTION, status))
                }
                _ => Some(Event::Called(command.name)),
            },
            "_onbwdone" => Some(Event::Called(command.name)),
            _ => Some(Event::Ignored(Ignored::UnknownCommand(command.name))),
        }
    }

    /// The call that a result without transaction id is for: the only one that
    /// waits for what it holds. Strays must not be taken for answers.
    fn call_without_id(&self, answer: &Command, success: bool) -> Option<usize> {
        if answer.transaction != 0.0 || !success {
            return None;
        }
        let fits = |call: Call| match call {
            Call::Connect => answer
                .status()
                .is_some_and(|status| status.code == StatusCode::ConnectSuccess),
            Call::CreateStream => answer.number_argument(0).and_then(stream_id).is_some(),
            Call::Play(_) | Call::Publish(_) | Call::StreamLength | Call::Other => false,
        };
        let mut fitting = self
            .calls
            .iter()
            .enumerate()
            .filter(|(_, (_, call))| fits(*call));
        let (position, _) = fitting.next()?;
        fitting.next().is_none().then_some(position)
    }

    /// `_checkbw` once, as librtmp and FFmpeg answer an `onBWDone` that brings
    /// no figures. Some servers wait for it; the answer means nothing.
    fn check_bandwidth(&mut self, done: &Command) {
        let measured = done.number_argument(0).is_some() || self.bandwidth_checks > 0;
        if measured || self.asked_for_bandwidth_check || self.connection.is_backed_up() {
            return;
        }
        self.asked_for_bandwidth_check = true;
        let transaction = self.call(Call::Other);
        let command = Command::new("_checkbw", transaction);
        self.send_command(COMMAND_CSID, StreamId::CONNECTION, &command);
    }

    fn on_answer(&mut self, answer: &Command, success: bool) -> Option<Event> {
        let position = self
            .calls
            .iter()
            .position(|(transaction, _)| *transaction == answer.transaction)
            .or_else(|| self.call_without_id(answer, success));
        let Some(position) = position else {
            let name = format!("{} {}", answer.name, answer.transaction);
            return Some(Event::Ignored(Ignored::UnexpectedAnswer(name)));
        };
        let (_, call) = self.calls.remove(position);
        match (call, success) {
            (Call::Connect, true) => Some(self.on_connected(answer)),
            (Call::Connect, false) => Some(Event::ConnectRejected(answer.status())),
            (Call::CreateStream, true) => Some(self.on_stream_created(answer)),
            (Call::CreateStream, false) => Some(Event::CreateStreamFailed(answer.status())),
            (Call::Play(stream), true) => Some(Event::PlayAnswered(stream)),
            (Call::Play(stream), false) => Some(Event::PlayRejected(stream, answer.status())),
            (Call::Publish(stream), true) => Some(Event::PublishAnswered(stream)),
            (Call::Publish(stream), false) => Some(Event::PublishRejected(stream, answer.status())),
            (Call::StreamLength, true) => answer.number_argument(0).map(Event::StreamLength),
            (Call::StreamLength, false) | (Call::Other, _) => None,
        }
    }

    fn on_connected(&mut self, answer: &Command) -> Event {
        // A refusal that calls itself a result, perhaps without a level.
        if let Some(status) = answer.status()
            && (status.level == Level::Error || refuses_connect(&status.code))
        {
            return Event::ConnectRejected(Some(status));
        }
        if self.connection.counters().out_window_ack_size == 0 {
            self.connection
                .send_control(&ProtocolControl::WindowAckSize(DEFAULT_WINDOW));
        }
        let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned();
        Event::Connected {
            properties: object(Some(&answer.object)).unwrap_or_default(),
            information: object(answer.arguments.first()).unwrap_or_default(),
        }
    }

    fn on_stream_created(&mut self, answer: &Command) -> Event {
        match answer.number_argument(0).and_then(stream_id) {
            Some(stream) => {
                if !self.streams.contains(&stream) {
                    self.streams.push(stream);
                }
                Event::StreamCreated(stream)
            }
            None => Event::CreateStreamFailed(answer.status()),
        }
    }

    fn on_status(&mut self, stream: StreamId, command: &Command) -> Option<Event> {
        let Some(status) = command.status() else {
            return Some(Event::Ignored(Ignored::BadAmf(command.name.clone())));
        };
        // Some servers refuse `connect` this way instead of by `_error`.
        let connecting = self.calls.iter().position(|(_, c)| *c == Call::Connect);
        if let Some(position) = connecting
            && status.level == Level::Error
        {
            self.calls.remove(position);
            return Some(Event::ConnectRejected(Some(status)));
        }
        Some(Event::Status(stream, status))
    }
}

impl Session for ClientSession {
    type Event = Event;

    fn advance(&mut self, input: &mut &[u8]) -> Result<bool, Error> {
        let event = self.connection.advance(input)?;
        let more = event.is_some();
        if let Some(event) = event {
            self.on_connection_event(event);
        }
        Ok(more)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn poll_transmit(&mut self) -> Option<Bytes> {
        self.connection.poll_transmit()
    }

    fn counters(&self) -> Counters {
        self.connection.counters()
    }
}

/// The SecureToken challenge in the answer to `connect`, which Wowza puts
/// beside the status.
pub fn secure_token_challenge<'a>(
    properties: &'a Object,
    information: &'a Object,
) -> Option<&'a str> {
    [information, properties]
        .into_iter()
        .find_map(|object| object.get("secureToken")?.as_str())
}

/// Codes that no server sends to a client that may stay.
fn refuses_connect(code: &StatusCode) -> bool {
    matches!(
        code,
        StatusCode::ConnectRejected
            | StatusCode::ConnectFailed
            | StatusCode::ConnectInvalidApp
            | StatusCode::ConnectAppShutdown
    )
}

/// `connect` with the fields that Flash Player and FFmpeg send, in their order.
fn connect_command(transaction: f64, parameters: &ConnectParameters) -> Command {
    if parameters.publishes {
        return publisher_connect(transaction, parameters);
    }
    let flash_version = parameters.flash_version.as_deref();
    let mut object = Object::new()
        .with("app", parameters.application.as_str())
        .with("flashVer", flash_version.unwrap_or(DEFAULT_FLASH_VERSION));
    if let Some(url) = &parameters.swf_url {
        object = object.with("swfUrl", url.as_str());
    }
    object = object
        .with("tcUrl", parameters.tc_url.as_str())
        .with("fpad", false)
        .with("capabilities", 239.0)
        .with("audioCodecs", 4071.0)
        .with("videoCodecs", 252.0)
        .with("videoFunction", 1.0);
    if let Some(url) = &parameters.page_url {
        object = object.with("pageUrl", url.as_str());
    }
    object = object.with("objectEncoding", 0.0);
    parameters.capabilities.write(&mut object);
    with_arguments(transaction, object, parameters)
}

/// `connect` with the fields that FMLE, OBS and FFmpeg send as publishers, in their
/// order.
fn publisher_connect(transaction: f64, parameters: &ConnectParameters) -> Command {
    let version = parameters.flash_version.as_deref();
    let mut object = Object::new()
        .with("app", parameters.application.as_str())
        .with("type", "nonprivate")
        .with("flashVer", version.unwrap_or(DEFAULT_ENCODER_VERSION));
    if let Some(url) = &parameters.swf_url {
        object = object.with("swfUrl", url.as_str());
    }
    object = object.with("tcUrl", parameters.tc_url.as_str());
    if let Some(url) = &parameters.page_url {
        object = object.with("pageUrl", url.as_str());
    }
    parameters.capabilities.write(&mut object);
    with_arguments(transaction, object, parameters)
}

fn with_arguments(transaction: f64, object: Object, parameters: &ConnectParameters) -> Command {
    let mut command = Command::new("connect", transaction).object(object);
    command
        .arguments
        .extend(parameters.extra_arguments.iter().cloned());
    command
}

/// `onPlayStatus`, and the `onStatus` that FMS sends as data.
fn status_in_data(media: &Media) -> Option<Status> {
    const NAMES: [&[u8]; 2] = [b"onPlayStatus", b"onStatus"];

    let kind = MessageType::from(media.kind);
    let body = media.payload.as_slice();
    // A look at the name first: this is the way of all metadata.
    let start = body.get(..20).unwrap_or(body);
    let named = NAMES
        .iter()
        .any(|name| start.windows(name.len()).any(|window| window == *name));
    if !named {
        return None;
    }
    let (values, _) = decode_values(kind, body);
    match values.split_first() {
        Some((Value::String(name), rest)) if NAMES.contains(&name.as_bytes()) => {
            Status::find(rest.iter())
        }
        _ => None,
    }
}
