// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the policy measures, at times that the test makes up.

mod hostile;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{Outcome, Player, Shared};
use crate::client::log::Log;
use crate::client::phase::Phase;
use crate::client::place::Place;
use crate::client::reconnect::Reconnect;
use crate::client::settings::{ConnectionSettings, HandshakeChoice};
use crate::driver::Policy;
use crate::net::Control;
use crate::player::flv_output::FlvOutput;
use crate::player::request::Request;
use crate::player::settings::{FastStart, OnUnpublish, PlaySettings, StartPosition};
use crate::player::stats::Snapshot;
use crate::player::{Item, ItemQueue};
use crate::queue::Limits;
use crate::rtmp::amf::Object;
use crate::rtmp::auth::Access;
use crate::rtmp::chunk;
use crate::rtmp::handshake::{HandshakeForm, Progress};
use crate::rtmp::location::Location;
use crate::rtmp::message::StreamId;
use crate::rtmp::payload::Payload;
use crate::rtmp::session::client::{
    ClientSession, ConnectParameters, Event, PlayParameters, PlayStart,
};
use crate::rtmp::session::{Media, MediaKind, Session};
use crate::rtmp::user_control::UserControl;
use crate::rtmp::wire::{Sent, handshake};

const STREAM: StreamId = StreamId(1);
const KEYFRAME: &[u8] = &[0x17, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, 1];

pub(in crate::player) fn settings() -> PlaySettings {
    let location = Location::parse("rtmp://h/a/s").expect("valid");
    PlaySettings {
        connection: ConnectionSettings {
            location: location.clone(),
            alternatives: Vec::new(),
            network: crate::net::gio::Options::default(),
            fixed_path: false,
            tc_url: None,
            access: Access::default(),
            handshake: HandshakeChoice::Auto,
            connect: ConnectParameters::default(),
            timeout: None,
        },
        play: PlayParameters {
            name: location.stream.clone(),
            start: PlayStart::LiveOrRecorded,
            duration: None,
            reset: None,
            buffer_length: 3000,
        },
        fixed_start: false,
        subscribe: None,
        fallbacks: false,
        idle_timeout: None,
        ping_interval: Some(Duration::from_secs(10)),
        no_eof_is_error: false,
        on_unpublish: OnUnpublish::Wait,
        reconnect: Reconnect::default(),
        start_position: StartPosition::default(),
        fast_start: FastStart::Off,
    }
}

/// What a player needs, which outlives it.
struct Parts {
    shared: Arc<Shared>,
    control: Control,
    place: Place,
    request: Request,
    output: FlvOutput,
    session: ClientSession,
}

impl Parts {
    /// A play that began so long before its present connection.
    fn new(before: Duration) -> Self {
        let settings = settings();
        let place = Place {
            location: settings.connection.location.clone(),
            named: 0,
            redirected: false,
        };
        let now = Instant::now();
        let limits = Limits {
            bytes: 1000,
            time: 0,
        };
        let mut session = ClientSession::new(HandshakeForm::Simple, 1, chunk::Limits::default());
        session.receive(&handshake()).expect("a handshake");
        while session.poll_event().is_some() {}
        while session.poll_transmit().is_some() {}
        Self {
            request: place.request(&settings, &Default::default()),
            shared: Arc::new(Shared {
                log: Log::new("test".to_owned(), Arc::default()),
                hidden: Arc::default(),
                settings,
                queue: Arc::new(ItemQueue::new(limits, || {})),
                stats: Arc::default(),
                lag: Arc::default(),
                reception: Arc::default(),
                recording: Arc::default(),
                learned: Arc::default(),
                entrant: None,
                reconnects: Arc::default(),
                interrupted: Mutex::default(),
                started: now.checked_sub(before).expect("the clock is old enough"),
            }),
            control: Control::default(),
            place,
            output: FlvOutput::new(StartPosition::Anywhere),
            session,
        }
    }

    /// Runs a test on a player whose stream plays.
    fn playing(self, test: impl FnOnce(&mut Playing<'_, '_>)) {
        self.with_player(|playing| {
            playing.player.stream = Some(STREAM);
            playing.player.enter(Phase::Play, playing.start);
            playing
                .player
                .on_started(&"the test says so", playing.start);
            test(playing);
        });
    }

    fn with_player(mut self, test: impl FnOnce(&mut Playing<'_, '_>)) {
        let player = Player::new(
            &self.shared,
            &self.control,
            &self.place,
            &self.request,
            &mut self.output,
            false,
            None,
        );
        test(&mut Playing {
            start: player.attempt_since,
            player,
            session: &mut self.session,
            sent: Sent::default(),
        });
    }
}

struct Playing<'a, 'b> {
    player: Player<'a>,
    session: &'b mut ClientSession,
    start: Instant,
    sent: Sent,
}

impl Playing<'_, '_> {
    fn at(&self, ms: u64) -> Instant {
        self.start + Duration::from_millis(ms)
    }

    fn event(&mut self, event: Event, ms: u64) {
        let now = self.at(ms);
        let end: Option<Outcome> = self.player.on_event(self.session, event, now);
        assert!(end.is_none(), "it goes on");
    }

    fn media(&mut self, kind: MediaKind, body: &[u8], ms: u64) {
        let media = Media {
            kind,
            stream: STREAM,
            timestamp: 0,
            payload: Payload::from(body),
        };
        self.event(Event::Media(media), ms);
    }

    fn frame(&mut self, ms: u64) {
        self.media(MediaKind::Video, KEYFRAME, ms);
    }

    fn flush(&mut self) -> bool {
        self.player.flush(self.session)
    }

    /// Fills the queue, and empties it again.
    fn fill_and_empty(&mut self, ms: u64, meanwhile: impl FnOnce(&mut Self)) {
        self.player.output.open();
        for _ in 0..10 {
            self.frame(ms);
        }
        assert!(!self.flush(), "full");
        meanwhile(self);
        let mut items: VecDeque<Item> = VecDeque::new();
        self.player.shared.queue.pop(&mut items, usize::MAX);
        assert!(self.flush(), "room");
    }

    fn deadline(&mut self, ms: u64) {
        let now = self.at(ms);
        assert!(self.player.on_deadline(self.session, now).is_none());
    }

    fn sent(&mut self) -> Vec<String> {
        let out: Vec<u8> = std::iter::from_fn(|| self.session.poll_transmit())
            .flat_map(|bytes| bytes.to_vec())
            .collect();
        self.sent.lines(&out)
    }

    fn stats(&self) -> Snapshot {
        self.player.shared.stats.snapshot()
    }

    fn largest_gap(&mut self) -> u128 {
        self.flush();
        self.stats().largest_gap.as_millis()
    }
}

#[test]
fn phases_are_timed_from_the_start_of_their_connection() {
    let second = Duration::from_secs(1);
    let parts = Parts::new(second);
    let before = parts.shared.started + second;
    parts.with_player(|playing| {
        playing.player.enter(Phase::Connecting, before + second);
        let (phase, ended) = playing.stats().progress.ended[0];
        assert_eq!(phase, Phase::Resolving);
        assert!(ended <= second, "{ended:?}");
    });
}

#[test]
fn the_largest_gap_is_that_of_audio_and_video() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.frame(1000);
        playing.media(MediaKind::Data, &[2, 0, 1, b'x'], 1500);
        playing.media(MediaKind::Audio, &[0xAF, 1, 0x21], 1700);
        playing.frame(1800);
        assert_eq!(playing.largest_gap(), 700);
    });
}

#[test]
fn a_full_queue_makes_no_gap() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.fill_and_empty(0, |_| {});
        playing.frame(60_000);
        playing.frame(60_040);
        assert_eq!(playing.largest_gap(), 40);
    });
}

#[test]
fn a_publisher_that_has_left_makes_no_gap() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.frame(0);
        let left = UserControl::StreamEof(STREAM);
        playing.event(Event::UserControl(left), 10);
        playing.frame(60_000);
        playing.frame(60_040);
        assert_eq!(playing.largest_gap(), 40);
    });
}

#[test]
fn media_that_was_not_wanted_makes_no_gap() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.frame(0);
        playing
            .player
            .shared
            .reception
            .want(crate::rtmp::timestamp::Track::Video, false);
        playing.player.on_turn(playing.session);
        playing.frame(60_000);
        assert_eq!(playing.largest_gap(), 0);
    });
}

#[test]
fn the_questions_of_the_start_are_samples() {
    Parts::new(Duration::ZERO).with_player(|playing| {
        let ms = Duration::from_millis;
        let samples = |playing: &Playing<'_, '_>| {
            let round_trip = playing.stats().progress.peer.round_trip;
            round_trip.map(|round_trip| (round_trip.last, round_trip.min))
        };
        playing.player.enter(Phase::Handshake, playing.at(10));
        playing.event(Event::Handshake(Progress::Version(3)), 40);
        assert_eq!(samples(playing), Some((ms(30), ms(30))));
        let done = Progress::Done {
            form: HandshakeForm::Simple,
            genuine: true,
        };
        playing.event(Event::Handshake(done), 50);
        let connected = Event::Connected {
            properties: Object::new(),
            information: Object::new(),
        };
        playing.event(connected, 150);
        assert_eq!(samples(playing), Some((ms(100), ms(30))));
        playing.event(Event::StreamCreated(STREAM), 170);
        assert_eq!(samples(playing), Some((ms(20), ms(20))));
    });
}

#[test]
fn pings_begin_with_the_play_and_come_at_their_interval() {
    Parts::new(Duration::ZERO).with_player(|playing| {
        playing.player.enter(Phase::Play, playing.start);
        assert_eq!(playing.player.deadline(), None);
        playing.player.stream = Some(STREAM);
        playing
            .player
            .on_started(&"the test says so", playing.at(5));
        assert_eq!(playing.player.deadline(), Some(playing.at(5)));
        playing.deadline(7);
        playing.deadline(8);
        assert_eq!(playing.sent(), ["2/0 @0 PingRequest(7)"]);
        assert_eq!(playing.player.deadline(), Some(playing.at(10_007)));
        assert_eq!(playing.stats().progress.peer.round_trip, None);

        let answer = Event::UserControl(UserControl::PingResponse(7));
        playing.event(answer.clone(), 50);
        let round_trip = playing.stats().progress.peer.round_trip.expect("measured");
        assert_eq!(round_trip.last, Duration::from_millis(43));
        playing.event(answer, 90);
        assert_eq!(playing.stats().progress.peer.round_trip, Some(round_trip));
    });
}

#[test]
fn a_full_queue_stops_the_pings_and_spoils_those_on_their_way() {
    Parts::new(Duration::ZERO).playing(|playing| {
        playing.deadline(0);
        assert_eq!(playing.sent().len(), 1);
        playing.fill_and_empty(20, |playing| {
            assert_eq!(playing.player.deadline(), None);
            playing.deadline(20_000);
            assert_eq!(playing.sent(), [""; 0]);
        });
        let late = Event::UserControl(UserControl::PingResponse(0));
        playing.event(late, 30_000);
        assert_eq!(playing.stats().progress.peer.round_trip, None);
        playing.deadline(30_000);
        assert_eq!(playing.sent().len(), 1, "they go on");
    });
}

#[test]
fn what_was_asked_ahead_is_asked_again_on_the_stream_that_the_server_gives() {
    for (given, again) in [(STREAM, false), (StreamId(5), true)] {
        let mut parts = Parts::new(Duration::ZERO);
        parts.request.ahead = Some(STREAM);
        parts.with_player(|playing| {
            playing.player.enter(Phase::Connect, playing.start);
            playing.player.ask_ahead(playing.session);
            let plays = |lines: &[String]| lines.iter().filter(|l| l.contains("play")).count();
            let ahead = playing.sent();
            assert!(ahead[0].contains("createStream"), "{ahead:?}");
            assert_eq!(plays(&ahead), 1, "{ahead:?}");
            playing.event(Event::StreamCreated(given), 10);
            let then = playing.sent();
            assert_eq!(plays(&then), usize::from(again), "{then:?}");
            assert_eq!(playing.player.stream, Some(given));
            if again {
                // Of the other stream, which is nobody's.
                playing.event(Event::PlayRejected(STREAM, None), 20);
            }
        });
    }
}
