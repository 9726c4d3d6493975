// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What each event of a session means for a play.

use std::time::Instant;

use super::{Outcome, Player};
use crate::client::failure::{Cause, EosReason};
use crate::client::members::{Members, server_version};
use crate::client::phase::Phase;
use crate::player::meaning::Meaning;
use crate::player::settings::OnUnpublish;
use crate::rtmp;
use crate::rtmp::connection::Ignored;
use crate::rtmp::handshake::Progress;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::MediaKind;
use crate::rtmp::session::client::{ClientSession, Event};
use crate::rtmp::status::{Level, Status, StatusCode, printable};
use crate::rtmp::timestamp::Track;
use crate::rtmp::user_control::UserControl;

impl Player<'_> {
    /// What an event means, whatever it costs.
    pub(super) fn on_each(
        &mut self,
        session: &mut ClientSession,
        event: Event,
        now: Instant,
    ) -> Option<Outcome> {
        match event {
            Event::Media(media) => {
                self.on_media(session, media, now);
                None
            }
            Event::Handshake(progress) => {
                self.on_handshake(progress, now);
                if matches!(progress, Progress::Done { .. }) {
                    self.ask_ahead(session);
                }
                None
            }
            Event::Control(control) => {
                use rtmp::message::ProtocolControl as Control;
                match control {
                    Control::Acknowledgement(_) | Control::Abort(_) => {
                        self.log.log(format_args!("Protocol control: {control:?}"));
                    }
                    _ => self.log_step(format_args!("protocol control: {control:?}")),
                }
                None
            }
            Event::UserControl(event) => self.on_user_control(event, now),
            Event::Connected {
                properties,
                information,
            } => {
                self.log.log(format_args!(
                    "Server properties {}, information {}",
                    Members(&properties),
                    Members(&information)
                ));
                let server = rtmp::capabilities::Capabilities::in_answer(&properties, &information);
                if let Some(server) = &server {
                    self.log_step(format_args!("Enhanced RTMP of the server: {server}"));
                }
                let version = server_version(&properties, &information);
                self.stats.update_peer(|peer| {
                    peer.capabilities = server;
                    peer.version = version;
                });
                self.measure_step(now);
                self.on_let_in(session, &properties, &information);
                self.on_connected(session, now);
                None
            }
            Event::ConnectRejected(status) => {
                self.note_status(status.as_ref());
                Some(self.connect_rejected(status))
            }
            Event::StreamCreated(stream) => {
                if self.stream.is_none() {
                    if self.request.ahead.is_none() {
                        self.measure_step(now);
                    }
                    self.on_stream_created(session, stream, now);
                }
                None
            }
            Event::CreateStreamFailed(status) => {
                self.note_status(status.as_ref());
                Some(self.failed(Cause::CreateStreamFailed(status)))
            }
            Event::PlayAnswered(_) | Event::PublishAnswered(_) | Event::PublishRejected(..) => None,
            Event::StreamLength(seconds) => {
                self.log_step(format_args!("getStreamLength: {seconds} s"));
                self.shared.recording.set_length(seconds);
                None
            }
            // Sent ahead, on a stream that is another's now.
            Event::PlayRejected(stream, _) if self.stream.is_some_and(|ours| ours != stream) => {
                None
            }
            Event::PlayRejected(_, status) => {
                self.note_status(status.as_ref());
                Some(self.failed(Cause::PlayFailed(status)))
            }
            Event::Status(stream, status) => self.on_status(session, stream, status, now),
            Event::Unsubscribed if self.is_started() => {
                self.on_unpublished(EosReason::Unsubscribed, now)
            }
            Event::Unpublished => self.on_unpublished(EosReason::Unpublished, now),
            Event::Close if self.is_started() => Some(self.closed_by(EosReason::Close)),
            Event::Unsubscribed | Event::Close => Some(self.failed(Cause::ClosedEarly(None))),
            Event::Called(name) => {
                self.log
                    .log(format_args!("Server calls {}", printable(&name)));
                None
            }
            Event::Ignored(ignored) => {
                self.on_ignored(&ignored);
                None
            }
        }
    }

    pub(super) fn on_handshake(&mut self, progress: Progress, now: Instant) {
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
                let stats = &self.stats;
                stats.update_peer(|peer| peer.handshake = Some(form));
                let form = form.name();
                self.log_step(format_args!("S2 received, {form} handshake done"));
                self.enter(Phase::Connect, now);
                self.log_step(format_args!("connect sent"));
            }
        }
    }

    pub(super) fn on_status(
        &mut self,
        session: &mut ClientSession,
        stream: StreamId,
        status: Status,
        now: Instant,
    ) -> Option<Outcome> {
        let is_ours = self.is_ours(stream);
        let redirect = is_ours.then(|| self.redirect(&status)).flatten();
        self.log_step(format_args!("onStatus on stream {stream}: {status}"));
        if !is_ours {
            return None;
        }
        self.stats.set_last_status(&status);
        if let Some(redirect) = redirect {
            return Some(Outcome::Redirected(redirect));
        }
        if status.code == StatusCode::ConnectReconnectRequest && status.level != Level::Error {
            self.on_reconnect_request(&status, now);
            return None;
        }
        self.seek_answered(&status.code, now);
        let started = self.is_started();
        match Meaning::of(&status) {
            Meaning::Started => {
                self.on_started(&status.code, now);
                if status.code == StatusCode::PlayPublishNotify {
                    self.on_begin(now);
                }
                None
            }
            Meaning::Unpublished => self.on_unpublished(EosReason::said(status), now),
            Meaning::Ended if started && self.seek_met_end(session, &status) => None,
            Meaning::Ended if started => Some(Outcome::Ended(EosReason::said(status))),
            Meaning::Closed if started => Some(self.closed_by(EosReason::said(status))),
            Meaning::Closed => Some(self.connect_rejected(Some(status))),
            Meaning::PlayFailed | Meaning::ConnectionFailed if started => {
                Some(self.failed(Cause::EndedByServer(status)))
            }
            Meaning::PlayFailed => Some(self.failed(Cause::PlayFailed(Some(status)))),
            Meaning::ConnectionFailed => Some(self.connect_rejected(Some(status))),
            Meaning::Ended | Meaning::Nothing => None,
        }
    }

    pub(super) fn on_user_control(&mut self, event: UserControl, now: Instant) -> Option<Outcome> {
        match event {
            UserControl::StreamBegin(_) | UserControl::StreamEof(_) => {
                self.log_step(format_args!("user control: {event:?}"));
            }
            _ => self.log.log(format_args!("User control: {event:?}")),
        }
        match event {
            UserControl::PingResponse(number) => {
                if let Some(sample) = self.pinger.answered(number, now) {
                    self.measured(sample);
                }
                None
            }
            // The server waits, or leaves the old place; the answer follows.
            UserControl::StreamEof(_) if self.is_seeking() || self.is_pausing() => None,
            UserControl::StreamIsRecorded(stream) if self.is_ours(stream) => {
                self.shared.recording.set_recorded();
                None
            }
            UserControl::StreamEof(stream) if Some(stream) == self.stream => {
                self.on_unpublished(EosReason::StreamEof, now)
            }
            UserControl::StreamBegin(stream)
                if self.is_started() && Some(stream) == self.stream =>
            {
                // Some say no more than this.
                if self.is_seeking() {
                    self.seek_begins();
                } else {
                    self.on_begin(now);
                }
                None
            }
            _ => None,
        }
    }

    pub(super) fn on_media(
        &mut self,
        session: &mut ClientSession,
        media: rtmp::session::Media,
        now: Instant,
    ) {
        if Some(media.stream) != self.stream {
            return;
        }
        self.on_started(&"media has come", now);
        if self.settings.on_unpublish == OnUnpublish::Wait {
            self.on_returned(now);
        }
        self.log.log(format_args!(
            "{:?} message at {} ms, {} bytes",
            media.kind,
            media.timestamp,
            media.payload.len()
        ));
        self.last_media = now;
        if self.is_seeking() {
            return self.seeking_media(session, media, now);
        }
        if self.is_pausing() {
            return;
        }
        self.batch_since = now;
        if matches!(
            media.kind,
            MediaKind::Audio | MediaKind::Video | MediaKind::Aggregate
        ) {
            self.gaps.message(now);
        }
        if let Some(candidate) = &mut self.candidate {
            if candidate.hold(media, now) && self.phase == Phase::Waiting {
                self.enter(Phase::Playing, now);
                self.log_step(format_args!("ready to take over"));
            }
            return;
        }
        if let Some(standby) = &self.standby {
            match media.kind {
                MediaKind::Video => standby.note(Track::Video, media.timestamp),
                MediaKind::Audio => standby.note(Track::Audio, media.timestamp),
                _ => {}
            }
        }
        if self.phase != Phase::Playing {
            self.on_reconnected(now);
        }
        self.output.media(media, now);
        if self.phase == Phase::Waiting && self.output.has_media() {
            self.enter(Phase::Playing, now);
            self.log_step(format_args!("first media"));
        }
        for notice in self.output.take_notices() {
            self.log.info(format_args!("Left out: {notice}"));
        }
    }

    pub(super) fn on_ignored(&mut self, ignored: &Ignored) {
        self.ignored += 1;
        self.report(format!("Overlooked: {ignored}"));
    }
}
