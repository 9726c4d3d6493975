// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What each event of a session means for a publish.

use std::time::Instant;

use super::{Outcome, Publisher};
use crate::client::failure::Cause;
use crate::client::members::{Members, server_version};
use crate::client::phase::Phase;
use crate::publisher::meaning::Meaning;
use crate::publisher::notice::Notice;
use crate::rtmp::amf::Object;
use crate::rtmp::auth::secure_token;
use crate::rtmp::capabilities::Capabilities;
use crate::rtmp::handshake::Progress;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::client::{ClientSession, Event, secure_token_challenge};
use crate::rtmp::status::{Level, Status, StatusCode, printable};

impl Publisher<'_> {
    /// What an event means.
    pub(super) fn on_each(
        &mut self,
        session: &mut ClientSession,
        event: Event,
        now: Instant,
    ) -> Option<Outcome> {
        match event {
            Event::Handshake(progress) => self.on_handshake(progress, now),
            Event::Control(control) => {
                self.log.log(format_args!("Protocol control: {control:?}"));
            }
            Event::UserControl(event) => self.log.log(format_args!("User control: {event:?}")),
            Event::Connected {
                properties,
                information,
            } => self.on_connected(session, &properties, &information, now),
            Event::ConnectRejected(status) => {
                self.note_status(status.as_ref());
                return Some(self.connect_rejected(status));
            }
            Event::StreamCreated(stream) => self.on_stream_created(session, stream, now),
            Event::CreateStreamFailed(status) => {
                self.note_status(status.as_ref());
                return Some(self.failed(Cause::CreateStreamFailed(status)));
            }
            Event::PublishRejected(_, status) => {
                self.note_status(status.as_ref());
                return Some(self.failed(Cause::PublishFailed(status)));
            }
            Event::Status(stream, status) => return self.on_status(stream, status, now),
            Event::Close if self.is_all_sent() => return Some(Outcome::Done),
            Event::Close if self.is_publishing() => {
                let why = "the server closed the NetConnection".to_owned();
                return Some(self.failed(Cause::ConnectionLost(why)));
            }
            Event::Close => return Some(self.failed(Cause::ClosedEarly(None))),
            Event::Called(name) => self
                .log
                .log(format_args!("Server calls {}", printable(&name))),
            Event::Ignored(ignored) => self.report(format!("Overlooked: {ignored}")),
            // Nothing that a publisher asks for.
            Event::PublishAnswered(_)
            | Event::PlayAnswered(_)
            | Event::PlayRejected(..)
            | Event::StreamLength(_)
            | Event::Media(_)
            | Event::Unsubscribed
            | Event::Unpublished => {}
        }
        None
    }

    fn on_handshake(&mut self, progress: Progress, now: Instant) {
        match progress {
            Progress::Version(version) => {
                self.odd_version = (version != 3).then_some(version);
                self.measure_step(now);
                self.log_step(format_args!("S0 received: {version}"));
            }
            Progress::Hello { version } => {
                self.log_step(format_args!(
                    "S1 received, server version {version:?}; C2 sent"
                ));
            }
            Progress::Done { form, .. } => {
                let progress = &self.stats.progress;
                progress.update_peer(|peer| peer.handshake = Some(form));
                let form = form.name();
                self.log_step(format_args!("S2 received, {form} handshake done"));
                self.enter(Phase::Connect, now);
                self.log_step(format_args!("connect sent"));
            }
        }
    }

    fn on_connected(
        &mut self,
        session: &mut ClientSession,
        properties: &Object,
        information: &Object,
        now: Instant,
    ) {
        self.log.log(format_args!(
            "Server properties {}, information {}",
            Members(properties),
            Members(information)
        ));
        let server = Capabilities::in_answer(properties, information);
        if let Some(server) = &server {
            self.log_step(format_args!("Enhanced RTMP of the server: {server}"));
        }
        self.capabilities.clone_from(&server);
        let version = server_version(properties, information);
        let authentication = self.authentication;
        self.stats.progress.update_peer(|peer| {
            peer.capabilities = server;
            peer.version = version;
            peer.authentication = authentication;
        });
        self.measure_step(now);
        self.log_step(format_args!("connect: _result"));
        self.answer_secure_token(session, properties, information);
        self.enter(Phase::CreateStream, now);
        self.announce_chunk_size(session);
        session.announce_publish(&self.request.name);
        session.create_stream();
        self.log_step(format_args!(
            "releaseStream, FCPublish and createStream sent"
        ));
    }

    /// A SecureToken challenge has to be answered before anything else is asked.
    fn answer_secure_token(
        &mut self,
        session: &mut ClientSession,
        properties: &Object,
        information: &Object,
    ) {
        let Some(challenge) = secure_token_challenge(properties, information) else {
            return;
        };
        let Some(token) = &self.request.secure_token else {
            self.secure_token_wanted = true;
            self.log.info(format_args!(
                "The server asks for a SecureToken, and there is none for it"
            ));
            return;
        };
        match secure_token::answer(challenge, token) {
            Some(answer) => {
                session.answer_secure_token(&answer);
                let progress = &self.stats.progress;
                progress.update_peer(|peer| peer.secure_token = true);
                self.log_step(format_args!("secureTokenResponse sent"));
            }
            None => self.log.info(format_args!(
                "Overlooked: a SecureToken challenge that cannot be read"
            )),
        }
    }

    fn on_stream_created(&mut self, session: &mut ClientSession, stream: StreamId, now: Instant) {
        if self.stream.is_some() {
            return;
        }
        self.measure_step(now);
        self.log_step(format_args!("createStream: _result, stream {stream}"));
        self.stream = Some(stream);
        let progress = &self.stats.progress;
        progress.update_peer(|peer| peer.stream = Some(stream));
        if !self.waits_with_publish() {
            self.publish(session, stream, now);
        }
    }

    pub(super) fn publish(&mut self, session: &mut ClientSession, stream: StreamId, now: Instant) {
        session.publish(stream, &self.request.name, self.shared.settings.kind);
        self.enter(Phase::Publish, now);
        self.log_step(format_args!("publish sent"));
    }

    fn on_status(&mut self, stream: StreamId, status: Status, now: Instant) -> Option<Outcome> {
        let is_ours = self.is_ours(stream);
        let redirect = is_ours.then(|| self.redirect(&status)).flatten();
        self.log_step(format_args!("onStatus on stream {stream}: {status}"));
        if !is_ours {
            return None;
        }
        self.stats.progress.set_last_status(&status);
        if let Some(redirect) = redirect {
            return Some(Outcome::Redirected(redirect));
        }
        if status.code == StatusCode::ConnectReconnectRequest && status.level != Level::Error {
            self.on_reconnect_request(&status, now);
            return None;
        }
        let meaning = Meaning::of(&status);
        self.shared.tell(Notice::Status(status.clone()));
        match meaning {
            Meaning::Started if self.phase == Phase::Publish => {
                self.measure_step(now);
                self.begin_publishing(now);
                None
            }
            Meaning::Ended if self.confirm_end() => None,
            Meaning::Ended | Meaning::Failed if self.is_publishing() => {
                Some(self.failed(Cause::EndedByServer(status)))
            }
            Meaning::Failed => Some(self.failed(Cause::PublishFailed(Some(status)))),
            Meaning::ConnectionFailed if self.is_all_sent() => Some(Outcome::Done),
            Meaning::ConnectionFailed if self.is_publishing() => {
                Some(self.failed(Cause::EndedByServer(status)))
            }
            Meaning::ConnectionFailed => Some(self.connect_rejected(Some(status))),
            Meaning::Started | Meaning::Ended | Meaning::Nothing => None,
        }
    }
}
