// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! One client from its first byte to its last: reads, and decides what its
//! requests lead to.

use std::collections::HashMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::handshake::{HandshakeForm, Progress};
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::client::PlayStart;
use gstrtmpr::rtmp::session::server::{
    ConnectRequest, Event, MAX_STREAMS, PauseRequest, SeekRequest, StreamRequest,
};
use gstrtmpr::rtmp::session::{Media, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};
use gstrtmpr::rtmp::user_control::UserControl;

use super::access::{Access, TokenChallenge};
use super::hub::{Hub, Publication};
use super::link::{Link, Play};
use super::outbox::Target;
use super::packet::for_each_packet;
use super::playback::{Part, Playback};
use super::recording::{self, Recording};
use super::{Notice, OriginOptions, Welcome};

const READ_BYTES: usize = 64 << 10;

/// How long a refused publisher has to read why. Some look for an answer only
/// when a send fails.
const REFUSAL_DELAY: Duration = Duration::from_secs(1);

const WITHOUT_TOKEN: &str = "Not authorized: no right answer to the SecureToken challenge.";

/// Longest name of an application or a stream, in bytes: it is kept.
const MAX_NAME: usize = 1024;

/// Runs a connection until it ends.
pub(crate) fn run(link: &Arc<Link>, hub: &Arc<Hub>, access: &Access, options: &OriginOptions) {
    options.notify(Notice::Connected(link.peer));
    let mut client = Client {
        link,
        hub,
        access,
        options,
        handshake: HandshakeForm::Simple,
        token_answer: None,
        ignores: false,
        application: String::new(),
        publications: HashMap::new(),
        buffers: HashMap::new(),
    };
    let end = std::thread::scope(|scope| {
        // Ends the writer also if this thread panics.
        let _end = EndOfReader(link);
        let writer = std::thread::Builder::new().name("origin-write".to_owned());
        writer.spawn_scoped(scope, || link.write_all())?;
        client.read_all()
    });
    // Players hear of it before the connection is reported closed.
    drop(client);
    link.lock().plays.clear();
    options.notify(Notice::Closed(
        link.peer,
        end.err().map(|error| error.to_string()),
    ));
}

struct EndOfReader<'a>(&'a Link);

impl Drop for EndOfReader<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Client<'a> {
    link: &'a Arc<Link>,
    hub: &'a Arc<Hub>,
    access: &'a Access,
    options: &'a OriginOptions,
    handshake: HandshakeForm,
    /// What has to come before it may publish or play.
    token_answer: Option<String>,
    /// Nothing is read any more.
    ignores: bool,
    application: String,
    publications: HashMap<StreamId, Publication>,
    /// How much of a recording the client wants ahead, in ms.
    buffers: HashMap<StreamId, u32>,
}

impl Client<'_> {
    fn read_all(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match (&self.link.socket).read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.link.heard();
            self.take(buffer.get(..count).unwrap_or_default())?;
            if self.ignores {
                self.link.outbox.wake();
                self.link.wait_for_end();
                return Ok(());
            }
            self.link.wait_for_room();
        }
    }

    /// Deals with what was read, message by message: a few bytes may be many messages.
    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut input = bytes;
        loop {
            let mut state = self.link.lock();
            let advanced = state.session.advance(&mut input);
            while let Some(event) = state.session.poll_event() {
                // The lock is not held while a publisher's media is handed on.
                drop(state);
                self.on_event(event)?;
                state = self.link.lock();
            }
            let more =
                advanced.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            if !more {
                if state.session.waiting_output() > 0 {
                    self.link.outbox.wake();
                }
                return Ok(());
            }
        }
    }

    fn on_event(&mut self, event: Event) -> io::Result<()> {
        match event {
            Event::Handshake(Progress::Done { form, .. }) => self.handshake = form,
            Event::Connect(request) if request.application.len() > MAX_NAME => {
                let status = error(StatusCode::ConnectRejected, "The name is too long.");
                let mut state = self.link.lock();
                state.session.reject_connect(&request, &status);
                self.link.finish_if_unused(&state, Duration::ZERO);
            }
            Event::Connect(request) => self.on_connect(&request),
            Event::Called(command) if command.name == "secureTokenResponse" => {
                let answer = command.arguments.first().and_then(Value::as_str);
                self.token_answer.take_if(|wanted| answer == Some(wanted));
            }
            Event::Publish(request) => self.on_publish(&request),
            Event::Play(request) => self.on_play(&request),
            Event::Seek(request) => self.on_seek(request),
            Event::Pause(request) => self.on_pause(request),
            Event::Length(request) => {
                let recording = self.recording(&request.name);
                let seconds = recording.map_or(0.0, |recording| recording.seconds());
                let mut state = self.link.lock();
                state.session.answer_length(&request, seconds);
            }
            Event::UserControl(UserControl::SetBufferLength(stream, ms)) => {
                if self.buffers.len() < MAX_STREAMS || self.buffers.contains_key(&stream) {
                    self.buffers.insert(stream, ms);
                }
            }
            Event::Closed(stream) => self.release(stream),
            Event::Media(media) => self.on_media(media)?,
            Event::Handshake(_)
            | Event::Control(_)
            | Event::UserControl(_)
            | Event::StreamCreated(_)
            | Event::Called(_)
            | Event::Ignored(_) => {}
        }
        Ok(())
    }

    fn on_connect(&mut self, request: &ConnectRequest) {
        let peer = self.link.peer;
        let user = match self.access.decide(request.app()) {
            Ok(user) => user,
            Err(description) => {
                let status = error(StatusCode::ConnectRejected, &description);
                let mut state = self.link.lock();
                state.session.reject_connect(request, &status);
                drop(state);
                self.link.finish();
                return self.options.notify(Notice::NotLetIn(peer));
            }
        };
        let application = request.application.as_str();
        let application = application.split_once('?').map_or(application, |(a, _)| a);
        self.application = application.trim_end_matches('/').to_owned();
        let mut state = self.link.lock();
        if let Some(TokenChallenge { challenge, answer }) = self.access.token_challenge() {
            state.session.set_secure_token(challenge);
            self.token_answer = Some(answer);
        }
        state
            .session
            .accept_connect(request, self.options.chunk_size);
        drop(state);
        self.link.set_connected();
        self.options
            .notify(Notice::LetIn(peer, self.handshake, user));
    }

    fn on_publish(&mut self, request: &StreamRequest) {
        self.release(request.stream);
        let path = self.path(request);
        let welcome = self.options.doorkeeper.as_ref();
        match welcome.and_then(|doorkeeper| doorkeeper(&path)) {
            None => {}
            Some(Welcome::Refused(code, words)) => {
                let mut state = self.link.lock();
                state.session.reject_publish(request, &error(code, &words));
                self.link.finish_if_unused(&state, REFUSAL_DELAY);
                drop(state);
                return self
                    .options
                    .notify(Notice::PublishRefused(self.link.peer, path));
            }
            Some(Welcome::Sent(url)) => {
                let ex = Object::new()
                    .with("code", 302.0)
                    .with("redirect", url.as_str());
                let status = error(StatusCode::ConnectRejected, "Redirected.");
                let status = status.with("ex", Value::Object(ex));
                let mut state = self.link.lock();
                state.session.status(StreamId::CONNECTION, &status);
                self.link.finish_if_unused(&state, REFUSAL_DELAY);
                return;
            }
            Some(Welcome::After(time)) => std::thread::sleep(time),
            Some(Welcome::Ignored) => self.ignores = true,
        }
        let denied = self.token_answer.is_some();
        let publication = if !denied && is_name(request.path()) {
            self.hub.publish(&path, self.options.name_in_use)
        } else {
            None
        };
        let mut state = self.link.lock();
        match publication {
            Some(publication) => {
                state.session.accept_publish(request);
                state.publications += 1;
                self.publications.insert(request.stream, publication);
                drop(state);
                self.options.notify(Notice::Published(self.link.peer, path));
            }
            None => {
                let status = if denied {
                    error(StatusCode::PublishDenied, WITHOUT_TOKEN)
                } else {
                    let description = "Stream name is in use, empty or too long.";
                    error(StatusCode::PublishBadName, description)
                };
                state.session.reject_publish(request, &status);
                self.link.finish_if_unused(&state, REFUSAL_DELAY);
                drop(state);
                self.options
                    .notify(Notice::PublishRefused(self.link.peer, path));
            }
        }
    }

    fn on_play(&mut self, request: &StreamRequest) {
        self.release(request.stream);
        let path = self.path(request);
        let denied = self.token_answer.is_some();
        let may = !denied && is_name(request.path());
        let recording = may.then(|| self.recording_for(request, &path)).flatten();
        let mut state = self.link.lock();
        let play = match recording {
            Some(recording) => self.play_recording(request, &path, recording),
            None if may => {
                let outbox = &self.link.outbox;
                let missing = self.options.missing;
                let subscription = self.hub.subscribe(&path, missing, request.stream, outbox);
                subscription.map(Play::Live)
            }
            None => None,
        };
        match play {
            Some(play) => {
                // Still under the lock, so before the media that was queued.
                match play {
                    Play::Live(_) => state.session.accept_play(request),
                    Play::Recorded(_) => state.session.accept_play_of_recording(request),
                }
                state.plays.push(play);
                drop(state);
                self.options.notify(Notice::Played(self.link.peer, path));
            }
            None => {
                let status = if denied {
                    error(StatusCode::PlayFailed, WITHOUT_TOKEN)
                } else {
                    error(StatusCode::PlayStreamNotFound, "Stream not found.")
                };
                state.session.reject_play(request, &status);
                self.link.finish_if_unused(&state, Duration::ZERO);
                drop(state);
                self.options
                    .notify(Notice::PlayRefused(self.link.peer, path));
            }
        }
    }

    /// The recording that a client means, by the name of a stream.
    fn recording(&self, name: &str) -> Option<Recording> {
        let name = name.split_once('?').map_or(name, |(name, _)| name);
        let folder = self.options.recordings.as_ref()?;
        let path = recording::file(folder, name).filter(|_| is_name(name))?;
        // What cannot be read is not there.
        Recording::open(path).ok()
    }

    /// The recording that is to be played: if nobody publishes this, or a place in it is
    /// asked for (RTMP 1.0, 7.2.2.1).
    fn recording_for(&self, request: &StreamRequest, path: &str) -> Option<Recording> {
        let is_live = self.hub.summary(path).published;
        match request.start() {
            PlayStart::Live => None,
            PlayStart::LiveOrRecorded if is_live => None,
            PlayStart::LiveOrRecorded | PlayStart::Recorded(_) => self.recording(&request.name),
        }
    }

    fn play_recording(
        &self,
        request: &StreamRequest,
        path: &str,
        recording: Recording,
    ) -> Option<Play> {
        let from = match request.start() {
            PlayStart::Recorded(from) => from,
            PlayStart::Live | PlayStart::LiveOrRecorded => 0,
        };
        let length = request.duration().unwrap_or(u32::MAX);
        let buffer = self.buffers.get(&request.stream).copied();
        let part = Part {
            from,
            to: from.saturating_add(length),
            ahead: Duration::from_millis(buffer.unwrap_or_default().into()),
        };
        let target = Target {
            subscription: self.hub.next_id(),
            stream: request.stream,
        };
        let outbox = Arc::clone(&self.link.outbox);
        let playback = Playback::start(path.to_owned(), Arc::new(recording), part, target, outbox);
        playback.ok().map(Play::Recorded)
    }

    fn on_seek(&self, request: SeekRequest) {
        let mut state = self.link.lock();
        let state = &mut *state;
        let id = self.hub.next_id();
        let playback = playback(&mut state.plays, request.stream);
        // The answer first: media of the new place waits for the lock.
        match playback.is_some_and(|playback| playback.seek(request.to, id)) {
            true => state.session.accept_seek(request),
            false => {
                let status = error(StatusCode::SeekFailed, "This is no recording.");
                state.session.reject_seek(request, &status);
            }
        }
    }

    fn on_pause(&self, request: PauseRequest) {
        let mut state = self.link.lock();
        let state = &mut *state;
        let id = self.hub.next_id();
        let Some(playback) = playback(&mut state.plays, request.stream) else {
            return;
        };
        let is_done = match request.paused {
            true => playback.pause(id),
            false => playback.go_on(request.at, id),
        };
        if is_done {
            state.session.accept_pause(request);
        }
    }

    /// Ends what a NetStream is used for.
    fn release(&mut self, stream: StreamId) {
        let mut state = self.link.lock();
        let used = |play: &Play| play.target().stream == stream;
        let play = state.plays.iter().position(used);
        let play = play.map(|index| state.plays.swap_remove(index));
        let publication = self.publications.remove(&stream);
        if publication.is_some() {
            state.publications = state.publications.saturating_sub(1);
        }
        drop(state);
        if let Some(publication) = publication {
            let path = publication.path().to_owned();
            drop(publication);
            self.options
                .notify(Notice::Unpublished(self.link.peer, path));
        }
        if let Some(play) = play {
            let path = play.path().to_owned();
            drop(play);
            self.options.notify(Notice::Stopped(self.link.peer, path));
        }
    }

    fn on_media(&self, media: Media) -> io::Result<()> {
        let Some(publication) = self.publications.get(&media.stream) else {
            return Ok(());
        };
        let mut current = true;
        for_each_packet(media, |packet| current &= publication.send(&packet));
        if current {
            Ok(())
        } else {
            Err(io::Error::other("another publisher has taken its place"))
        }
    }

    /// Clients divide a URL's path differently, but name the same whole.
    fn path(&self, request: &StreamRequest) -> String {
        format!("{}/{}", self.application, request.path())
    }
}

/// The recording that is played on a NetStream.
fn playback(plays: &mut [Play], stream: StreamId) -> Option<&mut Playback> {
    plays.iter_mut().find_map(|play| match play {
        Play::Recorded(playback) if playback.target().stream == stream => Some(playback),
        _ => None,
    })
}

fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
}

fn error(code: StatusCode, description: &str) -> Status {
    Status::new(Level::Error, code, description)
}
