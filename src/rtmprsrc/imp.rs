// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The GObject: states, properties, URI and queries. Holds no protocol knowledge.

/**
 * SECTION:element-rtmprsrc
 * @title: rtmprsrc
 * @see_also: flvdemux
 *
 * Plays an RTMP stream from a server and outputs it as FLV: the file header in
 * a buffer of its own, then one whole tag in each buffer, with decoding and
 * presentation times set.
 *
 * The network has a thread of its own that never waits for downstream: pings
 * are answered also while the pipeline is paused. Between the two is a queue
 * of #rtmprsrc:max-queue-bytes. Only when it is full does the server have to
 * wait; nothing is dropped.
 *
 * Script data in the stream (`onMetaData`, `onCuePoint`, `onTextData` …) is
 * posted as an element message `script-data`, ahead of the buffer that holds
 * it. What `onMetaData` says of title, encoder, codecs and the like is sent
 * downstream as tags. Other element messages are `stream-ended`, `redirected`,
 * `reconnecting`, `reconnected`, `publisher-left` and `publisher-returned`;
 * `docs/messages.md` describes all.
 *
 * A stream begins with a key frame, see #rtmprsrc:start-position. The element
 * is a live source unless #rtmprsrc:is-live is off, or a place in a recording
 * is asked for: those it seeks in. With #rtmprsrc:reconnect, on in live mode,
 * it goes on where a connection broke.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 rtmprsrc location=rtmp://localhost/live/myStream ! flvdemux name=d  d.video ! queue ! decodebin ! autovideosink  d.audio ! queue ! decodebin ! audioconvert ! autoaudiosink
 * ]| Watch a stream.
 * |[
 * gst-launch-1.0 -e rtmprsrc location=rtmp://localhost/live/myStream ! filesink location=recording.flv
 * ]| Record a stream as it comes.
 * |[
 * gst-launch-1.0 -e rtmprsrc location=rtmp://localhost/live/myStream idle-timeout=30 on-unpublish=wait ! filesink location=recording.flv
 * ]| The same through breaks of the connection, and while nobody publishes.
 * |[
 * gst-play-1.0 'rtmp://localhost/vod/film.flv live=0'
 * ]| Watch a recording, and seek in it.
 * |[
 * gst-launch-1.0 playbin uri=rtmps://localhost/live/myStream
 * ]| Watch one over TLS.
 *
 * Since: plugins-rtmpr-0.1.0
 */
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use glib::subclass::prelude::*;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::base_src::CreateSuccess;
use gst_base::subclass::prelude::*;
use once_cell::sync::{Lazy, OnceCell};

use super::announce;
use super::live::Figures;
use super::output::{Next, Output};
use super::pad::{refuse_allocation_queries, turn_gaps_into_events};
use super::properties::{self, PROPERTIES};
use super::provided_clock::{ProvidedClock, new_clock};
use super::running::{Play, Shared};
use super::settings::Settings;
use super::stats;
use crate::elements::certificate;
use crate::elements::posted::Posted;
use crate::player::{Handles, Hidden, Learned, Reception, Stats, Worker};
use crate::properties::credentials::uri;
use crate::rtmp::timestamp::Track;

pub(super) static CAT: Lazy<gst::DebugCategory> = Lazy::new(|| {
    gst::DebugCategory::new(
        "rtmprsrc",
        gst::DebugColorFlags::empty(),
        Some("RTMP source element"),
    )
});

/// The `rtmprsrc` element.
#[derive(Default)]
pub struct RtmprSrc {
    pub(super) settings: Mutex<Settings>,
    pub(super) session: Mutex<Option<Play>>,
    /// Of the present play or the last one.
    pub(super) stats: Mutex<Arc<Stats>>,
    /// What must not be shown of it.
    pub(super) hidden: Mutex<Arc<Hidden>>,
    pub(super) output: Mutex<Output>,
    pub(super) posted: Mutex<Posted>,
    /// Bytes handed downstream, which the base class does not count in lists.
    pub(super) position: AtomicU64,
    pub(super) reception: Arc<Reception>,
    /// Ways to ask that worked, for the next start.
    pub(super) learned: Arc<Learned>,
    /// Our own error is on the bus: the base class need not add its own.
    pub(super) failed: AtomicBool,
    /// How late the live stream always is, in ns, as far as that has been told.
    pub(super) standing: AtomicU64,
    /// Of the live stream's mapping.
    pub(super) figures: Mutex<Figures>,
    /// The last seek is content with the key frame before its position.
    pub(super) key_unit: AtomicBool,
    /// The clock that is offered, once it was.
    pub(super) clock: OnceCell<gst::SystemClock>,
}

#[glib::object_subclass]
impl ObjectSubclass for RtmprSrc {
    const NAME: &'static str = "GstRtmprSrc";
    type Type = super::RtmprSrc;
    type ParentType = gst_base::PushSrc;
    type Interfaces = (gst::URIHandler,);
}

impl ObjectImpl for RtmprSrc {
    fn properties() -> &'static [glib::ParamSpec] {
        PROPERTIES.as_ref()
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: Lazy<Vec<glib::subclass::Signal>> =
            Lazy::new(|| vec![certificate::signal()]);
        SIGNALS.as_ref()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        if let Some(track) = properties::received(pspec.name()) {
            return self.receive(track, value.get().unwrap_or(true));
        }
        if self.is_running() {
            gst::warning!(
                CAT,
                imp = self,
                "Property {} can only be set in READY or NULL",
                pspec.name()
            );
            return;
        }
        let mut settings = lock(&self.settings);
        let result = properties::set(&mut settings, pspec.name(), value);
        settings
            .connection
            .note(pspec.name(), result.as_ref().err());
        drop(settings);
        if let Err(error) = result {
            // Without the value: it may hold secrets.
            let name = pspec.name();
            gst::error!(CAT, imp = self, "Property {name} is not set: {error}");
        }
        self.apply_mode();
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() == "stats" {
            return self.stats().to_value();
        }
        if let Some(track) = properties::received(pspec.name()) {
            return self.reception.is_wanted(track).to_value();
        }
        properties::value(&lock(&self.settings), pspec.name())
            .unwrap_or_else(|| pspec.default_value().clone())
    }

    fn constructed(&self) {
        self.parent_constructed();
        let obj = self.obj();
        obj.set_element_flags(gst::ElementFlags::SOURCE);
        refuse_allocation_queries(obj.src_pad());
        turn_gaps_into_events(obj.src_pad());
        obj.set_format(gst::Format::Time);
        self.apply_mode();
    }
}

impl GstObjectImpl for RtmprSrc {}

impl ElementImpl for RtmprSrc {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: Lazy<gst::subclass::ElementMetadata> = Lazy::new(|| {
            gst::subclass::ElementMetadata::new(
                "RTMP source",
                "Source/Network",
                "Plays an RTMP stream as FLV",
                "the rtmpr contributors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: Lazy<Vec<gst::PadTemplate>> = Lazy::new(|| {
            let caps = gst::Caps::builder("video/x-flv").build();
            gst::PadTemplate::new(
                "src",
                gst::PadDirection::Src,
                gst::PadPresence::Always,
                &caps,
            )
            .into_iter()
            .collect()
        });
        TEMPLATES.as_ref()
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        match transition {
            gst::StateChange::PlayingToPaused => self.set_paused(true),
            gst::StateChange::PausedToPlaying => self.set_paused(false),
            _ => {}
        }
        let success = self.parent_change_state(transition)?;
        if transition == gst::StateChange::ReadyToPaused {
            self.set_paused(true);
        }
        Ok(success)
    }

    fn provide_clock(&self) -> Option<gst::Clock> {
        self.provides_clock().then(|| self.own_clock().upcast())
    }

    fn post_message(&self, message: gst::Message) -> bool {
        // One failure, one error: the base class would follow ours with
        // "Internal data stream error" or "Failed to start".
        if self.failed.load(Ordering::Relaxed) && message.type_() == gst::MessageType::Error {
            gst::debug!(CAT, imp = self, "Not posting {message:?}");
            return true;
        }
        self.parent_post_message(message)
    }
}

impl URIHandlerImpl for RtmprSrc {
    const URI_TYPE: gst::URIType = gst::URIType::Src;

    fn protocols() -> &'static [&'static str] {
        &["rtmp", "rtmps"]
    }

    fn uri(&self) -> Option<String> {
        Some(uri(&lock(&self.settings).connection.location))
    }

    fn set_uri(&self, uri: &str) -> Result<(), glib::Error> {
        use crate::rtmp::location::LocationError;

        if self.is_running() {
            return Err(glib::Error::new(
                gst::URIError::BadState,
                "The location can only be set in READY or NULL",
            ));
        }
        let mut settings = lock(&self.settings);
        let result = settings.set_location(uri);
        if result.is_ok() {
            settings.connection.note("location", None);
        }
        drop(settings);
        self.apply_mode();
        result.map_err(|error| {
            let code = match error {
                LocationError::NotRtmp | LocationError::UnsupportedScheme(_) => {
                    gst::URIError::UnsupportedProtocol
                }
                _ => gst::URIError::BadUri,
            };
            glib::Error::new(code, &error.to_string())
        })
    }
}

impl BaseSrcImpl for RtmprSrc {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        let settings = lock(&self.settings).clone();
        let unused = settings.connection.unused_options();
        if !unused.is_empty() {
            gst::warning!(
                CAT,
                imp = self,
                "These options of the location have no effect: {}",
                unused.join(", ")
            );
        }
        self.failed.store(false, Ordering::Relaxed);
        let mut play_settings = settings.play_settings().map_err(|error| {
            let message = gst::error_msg!(gst::ResourceError::Settings, ("{}", error));
            self.fail(message.clone());
            message
        })?;
        gst::info!(
            CAT,
            imp = self,
            "Playing {}",
            play_settings.connection.location.redacted()
        );
        let announced = announce::capabilities(settings.enhanced_rtmp);
        gst::info!(CAT, imp = self, "Announcing as Enhanced RTMP: {announced}");
        play_settings.connection.connect.capabilities = announced.clone();
        play_settings.connection.network.tls.accept = Some(certificate::ask(&*self.obj()));

        self.position.store(0, Ordering::Relaxed);
        *lock(&self.output) = Output {
            single_buffers: self.obj().property::<i32>("num-buffers") >= 0,
            live: settings.is_live().then(|| settings.live.mapping()),
            clock: self
                .provides_clock()
                .then(|| ProvidedClock::new(self.own_clock())),
            ..Output::default()
        };
        self.standing.store(0, Ordering::Relaxed);
        *lock(&self.figures) = Figures::default();
        let hidden = Arc::new(play_settings.hidden());
        *lock(&self.hidden) = Arc::clone(&hidden);
        let mut play = Play::new(&settings, play_settings, hidden, Arc::default());
        *lock(&self.stats) = Arc::new(Stats::announcing(announced));
        if settings.connection.async_connect {
            self.connect(&mut play);
        }
        *lock(&self.session) = Some(play);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        // Taken out first: ending the thread must not hold the lock.
        let play = lock(&self.session).take();
        let queue = play.as_ref().map(|play| Arc::clone(&play.shared.queue));
        drop(play);
        if let Some(queue) = queue {
            lock(&self.stats).set_queue_peak(queue.fill().peak_bytes);
        }
        *lock(&self.output) = Output::default();
        *lock(&self.posted) = Posted::default();
        gst::info!(CAT, imp = self, "Stopped");
        Ok(())
    }

    fn unlock(&self) -> Result<(), gst::ErrorMessage> {
        self.set_flushing(true);
        Ok(())
    }

    fn unlock_stop(&self) -> Result<(), gst::ErrorMessage> {
        self.set_flushing(false);
        Ok(())
    }

    fn is_seekable(&self) -> bool {
        !self.obj().is_live()
            && lock(&self.session)
                .as_ref()
                .is_some_and(|play| play.shared.recording.is_recorded())
    }

    fn event(&self, event: &gst::Event) -> bool {
        if let gst::EventView::Seek(seek) = event.view() {
            let (rate, flags, _, start, _, _) = seek.get();
            // Refused before anything is flushed.
            if rate != 1.0 || start.format() != gst::Format::Time {
                gst::info!(
                    CAT,
                    imp = self,
                    "No seek at rate {rate} or other than in time"
                );
                return false;
            }
            // Segments do not tell.
            let key_unit = flags.contains(gst::SeekFlags::KEY_UNIT);
            self.key_unit.store(key_unit, Ordering::Relaxed);
        }
        self.parent_event(event)
    }

    fn do_seek(&self, segment: &mut gst::Segment) -> bool {
        // The base class asks for a seek at the start as well.
        match self.is_seekable() {
            true => self.seek(segment),
            false => self.parent_do_seek(segment),
        }
    }

    fn query(&self, query: &mut gst::QueryRef) -> bool {
        match query.view_mut() {
            gst::QueryViewMut::Scheduling(query) => {
                query.set(
                    gst::SchedulingFlags::SEQUENTIAL | gst::SchedulingFlags::BANDWIDTH_LIMITED,
                    1,
                    -1,
                    0,
                );
                query.add_scheduling_modes([gst::PadMode::Push]);
                true
            }
            gst::QueryViewMut::Latency(query) if self.obj().is_live() => {
                let set = lock(&self.settings).live.latency;
                let least = set.saturating_add(self.standing.load(Ordering::Relaxed));
                // Nothing overflows: what is not taken waits in the queue.
                query.set(
                    true,
                    gst::ClockTime::from_nseconds(least),
                    gst::ClockTime::NONE,
                );
                true
            }
            gst::QueryViewMut::Duration(query) if query.format() == gst::Format::Time => {
                let length = self.recording().and_then(|recording| recording.length());
                if let Some(length) = length {
                    query.set(gst::ClockTime::from_mseconds(length));
                }
                length.is_some()
            }
            gst::QueryViewMut::Seeking(query) if query.format() == gst::Format::Time => {
                let seekable = self.is_seekable();
                let length = self.recording().and_then(|recording| recording.length());
                query.set(
                    seekable,
                    gst::ClockTime::ZERO,
                    length
                        .filter(|_| seekable)
                        .map(gst::ClockTime::from_mseconds),
                );
                true
            }
            gst::QueryViewMut::Position(query) if query.format() == gst::Format::Bytes => {
                query.set(gst::format::Bytes::from_u64(
                    self.position.load(Ordering::Relaxed),
                ));
                true
            }
            _ => BaseSrcImplExt::parent_query(self, query),
        }
    }
}

impl PushSrcImpl for RtmprSrc {
    fn create(
        &self,
        _buffer: Option<&mut gst::BufferRef>,
    ) -> Result<CreateSuccess, gst::FlowError> {
        let mut shared = self.shared().ok_or(gst::FlowError::Flushing)?;
        loop {
            match self.next(&shared)? {
                Next::Again => {
                    self.play_again();
                    shared = self.shared().ok_or(gst::FlowError::Flushing)?;
                }
                Next::Push(success) => return Ok(success),
                Next::Tell(notice) => self.tell(&notice, &shared.hidden),
                Next::Tag(tags) => self.send_tags(tags),
                Next::Skipped(skipped) => self.tell_skipped(skipped),
                Next::NotFound => gst::element_imp_warning!(
                    self,
                    gst::ResourceError::Seek,
                    ["The server has not gone there; the stream goes on where it was"]
                ),
                Next::Look => {}
            }
        }
    }
}

impl RtmprSrc {
    pub(super) fn is_running(&self) -> bool {
        lock(&self.session).is_some()
    }

    fn receive(&self, track: Track, wanted: bool) {
        self.reception.want(track, wanted);
        if let Some(play) = &*lock(&self.session) {
            play.shared.control.wake();
        }
    }

    pub(super) fn connect(&self, play: &mut Play) {
        let shared = &play.shared;
        let handles = Handles {
            control: shared.control.clone(),
            queue: Arc::clone(&shared.queue),
            stats: Arc::clone(&lock(&self.stats)),
            lag: Arc::clone(&shared.lag),
            learned: Arc::clone(&self.learned),
            reception: Arc::clone(&self.reception),
            recording: Arc::clone(&shared.recording),
            hidden: Arc::clone(&shared.hidden),
        };
        let name = self.obj().name().into();
        play.worker = Some(Worker::start(name, shared.settings.clone(), handles));
    }

    /// The present play, connecting now if that has waited for the first buffer.
    pub(super) fn shared(&self) -> Option<Arc<Shared>> {
        let mut session = lock(&self.session);
        let play = session.as_mut()?;
        if play.worker.is_none() {
            self.connect(play);
        }
        Some(Arc::clone(&play.shared))
    }

    /// Live or not, as the properties say.
    fn apply_mode(&self) {
        let settings = lock(&self.settings);
        let (is_live, provides) = (settings.is_live(), settings.live.provide_clock);
        drop(settings);
        let obj = self.obj();
        obj.set_live(is_live);
        let flag = gst::ElementFlags::PROVIDE_CLOCK;
        if self.provides_clock() == (is_live && provides) {
            return;
        }
        let clock = self.own_clock().upcast::<gst::Clock>();
        // Bins look at the flag when an element is added, and when they are told.
        match is_live && provides {
            true => {
                obj.set_element_flags(flag);
                let message = gst::message::ClockProvide::builder(&clock, true);
                self.post(message.src(&*obj).build());
            }
            false => {
                obj.unset_element_flags(flag);
                let message = gst::message::ClockLost::builder(&clock);
                self.post(message.src(&*obj).build());
            }
        }
    }

    pub(super) fn own_clock(&self) -> gst::SystemClock {
        self.clock.get_or_init(new_clock).clone()
    }

    pub(super) fn provides_clock(&self) -> bool {
        let flag = gst::ElementFlags::PROVIDE_CLOCK;
        self.obj().element_flags().contains(flag)
    }

    fn set_flushing(&self, flushing: bool) {
        if let Some(play) = &mut *lock(&self.session) {
            play.flushing = flushing;
            play.shared.queue.set_flushing(flushing);
        }
    }

    fn set_paused(&self, paused: bool) {
        let session = lock(&self.session);
        let Some(shared) = session.as_ref().map(|play| &play.shared) else {
            return;
        };
        if self.obj().is_live() {
            shared.lag.set_paused(paused);
            // The base class would hold what it gets now for the time after.
            shared.queue.set_held(paused);
        } else {
            shared.recording.set_paused(paused);
            shared.control.wake();
        }
    }

    pub(super) fn stats(&self) -> gst::Structure {
        let queue = lock(&self.session)
            .as_ref()
            .map(|play| Arc::clone(&play.shared.queue));
        let snapshot = lock(&self.stats).snapshot();
        let hidden = Arc::clone(&lock(&self.hidden));
        let mut structure = stats::structure(&snapshot, queue.map(|queue| queue.fill()), &hidden);
        if self.obj().is_live() {
            lock(&self.figures).add_to(&mut structure);
        }
        structure
    }
}

/// No state behind these locks is left half changed by a panic.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
