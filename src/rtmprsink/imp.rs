// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The GObject: states, properties, URI, events and buffers. Holds no protocol knowledge.

/**
 * SECTION:element-rtmprsink
 * @title: rtmprsink
 * @see_also: flvmux, rtmprsrc
 *
 * Publishes an RTMP stream to a server. Takes FLV, as flvmux and eflvmux make it or as a
 * file holds it, however it is cut into buffers.
 *
 * The network has a thread of its own. Between the two is a queue of
 * #rtmprsink:max-queue-bytes. When it is full upstream has to wait, unless
 * #rtmprsink:drop-policy says what to leave out when the upload is slower than the stream.
 *
 * With #rtmprsink:reconnect, on by default, the stream goes on where a connection broke:
 * the server is told metadata and sequence headers again, and the next key frame follows.
 * Before the first media has been taken a failure is an error at once.
 *
 * At the end of the stream all that waits is sent, and #rtmprsink:stop-commands, before the
 * EOS message is posted.
 *
 * Element messages are `publish-started`, `publish-status`, `reconnecting`,
 * `reconnected`, `redirected`, `dropping`, `bitrate-hint` and `stream-ended`;
 * `docs/messages.md` describes all.
 *
 * ## Example launch lines
 * |[
 * gst-launch-1.0 -e videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=60 ! h264parse ! flvmux streamable=true name=m ! rtmprsink location=rtmp://localhost/live/myStream  audiotestsrc is-live=true ! avenc_aac ! aacparse ! m.
 * ]| Publish a test picture and tone.
 * |[
 * gst-launch-1.0 -e filesrc location=film.flv ! rtmprsink location=rtmp://localhost/live/film
 * ]| Publish a file at the speed of its times.
 *
 * Since: plugins-rtmpr-0.1.0
 */
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use glib::subclass::prelude::*;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_base::prelude::*;
use gst_base::subclass::prelude::*;
use once_cell::sync::Lazy;

use super::properties::{self, PROPERTIES};
use super::settings::Settings;
use super::{messages, metadata, stats};
use crate::client::{Failure, Hidden, KnownMethods};
use crate::elements::certificate;
use crate::elements::posted::Posted;
use crate::error::{self, Direction};
use crate::net::Control;
use crate::properties::credentials::uri;
use crate::publisher::{
    Adjustable, Intake, Notice, PublishHandles, PublishSettings, PublishStats, PublishWorker,
    Refused, Report, UploadQueue,
};
use crate::rtmp::capabilities::{AUDIO_FOURCCS, Capabilities, VIDEO_FOURCCS, caps_ex, info};

static CAT: Lazy<gst::DebugCategory> = Lazy::new(|| {
    gst::DebugCategory::new(
        "rtmprsink",
        gst::DebugColorFlags::empty(),
        Some("RTMP sink element"),
    )
});

/// How often upstream is told that it makes too much.
const QOS_EVERY: Duration = Duration::from_millis(500);

/// What an element message takes, in bytes.
const MESSAGE_BYTES: usize = 1024;

/// The `rtmprsink` element.
#[derive(Default)]
pub struct RtmprSink {
    settings: Mutex<Settings>,
    adjustable: Arc<Adjustable>,
    session: Mutex<Option<Publish>>,
    /// The streaming thread's.
    intake: Mutex<Streaming>,
    /// Of the present publish or the last one.
    stats: Mutex<Arc<PublishStats>>,
    hidden: Mutex<Arc<Hidden>>,
    methods: Arc<KnownMethods>,
    posted: Mutex<Posted>,
    /// It has failed.
    failed: AtomicBool,
    /// Our own error is on the bus: the base class need not add its own.
    has_posted_error: AtomicBool,
}

/// A publish, running or about to.
struct Publish {
    settings: PublishSettings,
    hidden: Arc<Hidden>,
    control: Control,
    queue: Arc<UploadQueue>,
    worker: Option<PublishWorker>,
    flushing: bool,
}

/// What the streaming thread keeps between buffers.
#[derive(Default)]
struct Streaming {
    intake: Intake,
    tags: Option<gst::TagList>,
    /// When upstream was told last that it makes too much.
    told: Option<Instant>,
    /// What the last answer to that was.
    was_behind: bool,
}

#[glib::object_subclass]
impl ObjectSubclass for RtmprSink {
    const NAME: &'static str = "GstRtmprSink";
    type Type = super::RtmprSink;
    type ParentType = gst_base::BaseSink;
    type Interfaces = (gst::URIHandler,);
}

impl ObjectImpl for RtmprSink {
    fn properties() -> &'static [glib::ParamSpec] {
        PROPERTIES.as_ref()
    }

    fn signals() -> &'static [glib::subclass::Signal] {
        static SIGNALS: Lazy<Vec<glib::subclass::Signal>> =
            Lazy::new(|| vec![certificate::signal()]);
        SIGNALS.as_ref()
    }

    fn set_property(&self, _id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        let is_adjustable = matches!(pspec.name(), "chunk-size" | "peak-kbps");
        if self.is_running() && !is_adjustable {
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
        self.adjust(&settings);
        drop(settings);
        if let Err(error) = result {
            // Without the value: it may hold secrets.
            let name = pspec.name();
            gst::error!(CAT, imp = self, "Property {name} is not set: {error}");
        }
    }

    fn property(&self, _id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        if pspec.name() == "stats" {
            return self.stats().to_value();
        }
        properties::value(&lock(&self.settings), pspec.name())
            .unwrap_or_else(|| pspec.default_value().clone())
    }
}

impl GstObjectImpl for RtmprSink {}

impl ElementImpl for RtmprSink {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: Lazy<gst::subclass::ElementMetadata> = Lazy::new(|| {
            gst::subclass::ElementMetadata::new(
                "RTMP sink",
                "Sink/Network",
                "Publishes FLV as an RTMP stream",
                "the rtmpr contributors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: Lazy<Vec<gst::PadTemplate>> = Lazy::new(|| {
            let caps = gst::Caps::builder("video/x-flv").build();
            gst::PadTemplate::new(
                "sink",
                gst::PadDirection::Sink,
                gst::PadPresence::Always,
                &caps,
            )
            .into_iter()
            .collect()
        });
        TEMPLATES.as_ref()
    }

    fn post_message(&self, message: gst::Message) -> bool {
        let is_error = message.type_() == gst::MessageType::Error;
        if is_error && self.has_posted_error.load(Ordering::Relaxed) {
            gst::debug!(CAT, imp = self, "Not posting {message:?}");
            return true;
        }
        self.parent_post_message(message)
    }
}

impl URIHandlerImpl for RtmprSink {
    const URI_TYPE: gst::URIType = gst::URIType::Sink;

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
        let result = settings.connection.set_location(uri);
        if result.is_ok() {
            settings.connection.note("location", None);
        }
        drop(settings);
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

impl BaseSinkImpl for RtmprSink {
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
        self.has_posted_error.store(false, Ordering::Relaxed);
        let mut publish = settings.publish_settings().map_err(|error| {
            let message = gst::error_msg!(gst::ResourceError::Settings, ("{}", error));
            self.post_error(message.clone());
            message
        })?;
        let connection = &mut publish.connection;
        gst::info!(
            CAT,
            imp = self,
            "Publishing to {}",
            connection.location.redacted()
        );
        connection.connect.capabilities = capabilities(settings.enhanced_rtmp);
        connection.network.tls.accept = Some(certificate::ask(&*self.obj()));
        let hidden = Arc::new(connection.hidden(None));
        *lock(&self.hidden) = Arc::clone(&hidden);
        self.adjust(&settings);
        let mut publish = Publish::new(&settings, publish, hidden);
        *lock(&self.intake) = Streaming::default();
        self.renew_stats(&publish);
        if settings.connection.async_connect {
            self.connect(&mut publish);
        }
        *lock(&self.session) = Some(publish);
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        // Taken out first: ending the thread must not hold the lock.
        let publish = lock(&self.session).take();
        drop(publish);
        *lock(&self.intake) = Streaming::default();
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

    fn set_caps(&self, caps: &gst::Caps) -> Result<(), gst::LoggableError> {
        let structure = caps.structure(0);
        let headers =
            structure.and_then(|structure| structure.get::<gst::Array>("streamheader").ok());
        let Some(headers) = headers else {
            return Ok(());
        };
        let mut streaming = lock(&self.intake);
        if streaming.intake.has_media() {
            return Ok(());
        }
        for header in headers.iter() {
            let Ok(buffer) = header.get::<gst::Buffer>() else {
                continue;
            };
            let Ok(map) = buffer.map_readable() else {
                continue;
            };
            if let Err(error) = streaming.intake.read_borrowed(&map) {
                gst::warning!(CAT, imp = self, "The stream header is left out: {error}");
                streaming.intake.reset();
                break;
            }
        }
        Ok(())
    }

    fn event(&self, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::Eos(_) if !self.end_stream() => return false,
            gst::EventView::Tag(tag) => self.note_tags(tag.tag()),
            gst::EventView::FlushStop(_) => {
                lock(&self.intake).intake.reset();
                if let Some(queue) = self.queue() {
                    queue.clear();
                    queue.reopen();
                }
            }
            _ => {}
        }
        self.parent_event(event)
    }

    fn render(&self, buffer: &gst::Buffer) -> Result<gst::FlowSuccess, gst::FlowError> {
        let queue = self.ready_queue()?;
        let mut streaming = lock(&self.intake);
        self.take(&mut streaming, buffer.clone(), &queue)
    }

    fn render_list(&self, list: &gst::BufferList) -> Result<gst::FlowSuccess, gst::FlowError> {
        let queue = self.ready_queue()?;
        let mut streaming = lock(&self.intake);
        for buffer in list.iter_owned() {
            self.take(&mut streaming, buffer, &queue)?;
        }
        Ok(gst::FlowSuccess::Ok)
    }

    fn query(&self, query: &mut gst::QueryRef) -> bool {
        if let gst::QueryViewMut::Seeking(query) = query.view_mut() {
            // There is no way back on a server.
            let format = query.format();
            query.set(
                false,
                gst::GenericFormattedValue::none_for_format(format),
                gst::GenericFormattedValue::none_for_format(format),
            );
            return true;
        }
        BaseSinkImplExt::parent_query(self, query)
    }
}

impl Publish {
    fn new(settings: &Settings, publish: PublishSettings, hidden: Arc<Hidden>) -> Self {
        let control = Control::default();
        let waker = control.clone();
        let queue = UploadQueue::new(settings.queue_settings(), move || waker.wake());
        Self {
            settings: publish,
            hidden,
            control,
            queue: Arc::new(queue),
            worker: None,
            flushing: false,
        }
    }
}

impl RtmprSink {
    fn is_running(&self) -> bool {
        lock(&self.session).is_some()
    }

    fn queue(&self) -> Option<Arc<UploadQueue>> {
        let session = lock(&self.session);
        session.as_ref().map(|publish| Arc::clone(&publish.queue))
    }

    fn renew_stats(&self, publish: &Publish) {
        let announced = publish.settings.connection.connect.capabilities.clone();
        let stats = PublishStats::new(announced, publish.queue.congested_at());
        *lock(&self.stats) = Arc::new(stats);
    }

    fn adjust(&self, settings: &Settings) {
        self.adjustable.set_chunk_size(settings.chunk_size);
        self.adjustable.set_peak_kbps(settings.peak_kbps);
        if let Some(publish) = &*lock(&self.session) {
            publish.control.wake();
        }
    }

    fn connect(&self, publish: &mut Publish) {
        let element = self.obj().downgrade();
        let url = publish.settings.connection.location.redacted();
        let report = move |report| {
            if let Some(element) = element.upgrade() {
                element.imp().report(report, &url);
            }
        };
        let handles = PublishHandles {
            control: publish.control.clone(),
            queue: Arc::clone(&publish.queue),
            stats: Arc::clone(&lock(&self.stats)),
            methods: Arc::clone(&self.methods),
            adjustable: Arc::clone(&self.adjustable),
            hidden: Arc::clone(&publish.hidden),
            report: Box::new(report),
        };
        let name = self.obj().name().into();
        publish.worker = Some(PublishWorker::start(
            name,
            publish.settings.clone(),
            handles,
        ));
    }

    /// The queue of a publish that runs, begun now if that has waited for the first
    /// buffer or an earlier one has come to its end.
    fn ready_queue(&self) -> Result<Arc<UploadQueue>, gst::FlowError> {
        let is_over = self.queue().is_some_and(|queue| queue.is_over());
        // Not under the other lock.
        let settings = is_over.then(|| lock(&self.settings).clone());
        let mut session = lock(&self.session);
        let Some(publish) = session.as_mut() else {
            return Err(gst::FlowError::Flushing);
        };
        if self.failed.load(Ordering::Relaxed) {
            return Err(gst::FlowError::Error);
        }
        if let Some(settings) = settings {
            let hidden = Arc::clone(&publish.hidden);
            let mut next = Publish::new(&settings, publish.settings.clone(), hidden);
            next.flushing = publish.flushing;
            next.queue.set_flushing(publish.flushing);
            self.renew_stats(&next);
            lock(&self.intake).intake = Intake::default();
            *publish = next;
        }
        if publish.worker.is_none() {
            self.connect(publish);
        }
        Ok(Arc::clone(&publish.queue))
    }

    fn take(
        &self,
        streaming: &mut Streaming,
        buffer: gst::Buffer,
        queue: &UploadQueue,
    ) -> Result<gst::FlowSuccess, gst::FlowError> {
        if !streaming.intake.has_media()
            && let Some(tags) = streaming.tags.take()
        {
            streaming.intake.set_metadata(metadata::from_tags(&tags));
        }
        let time = buffer.pts();
        let read = if Intake::is_small(buffer.size()) {
            match buffer.map_readable() {
                Ok(map) => streaming.intake.read_borrowed(&map),
                Err(_) => return Err(self.unreadable()),
            }
        } else {
            match buffer.into_mapped_buffer_readable() {
                Ok(map) => streaming.intake.read(Bytes::from_owner(map)),
                Err(_) => return Err(self.unreadable()),
            }
        };
        self.put(&mut streaming.intake, queue)?;
        if let Err(error) = read {
            gst::element_imp_error!(
                self,
                gst::StreamError::Demux,
                ("The stream is no FLV: {error}. Put flvmux streamable=true in front of \
                     this element.")
            );
            return Err(gst::FlowError::Error);
        }
        self.tell_upstream(streaming, queue, time);
        Ok(gst::FlowSuccess::Ok)
    }

    /// Puts what has come into the queue, each packet at its time if the base class
    /// knows none of it.
    fn put(&self, intake: &mut Intake, queue: &UploadQueue) -> Result<(), gst::FlowError> {
        let obj = self.obj();
        let is_paced = obj.is_sync() && obj.segment().format() != gst::Format::Time;
        loop {
            let put = match is_paced {
                false => intake.put(queue).map(|()| false),
                true => {
                    if let Some(time) = intake.next_time() {
                        obj.wait(gst::ClockTime::from_mseconds(time)).0?;
                    }
                    intake.put_one(queue)
                }
            };
            match put {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(Refused::Ended) => return Err(gst::FlowError::Error),
                // For a pause, or for good.
                Err(Refused::Flushing) => _ = obj.wait_preroll()?,
            }
        }
    }

    fn unreadable(&self) -> gst::FlowError {
        gst::element_imp_error!(
            self,
            gst::ResourceError::Read,
            ["A buffer cannot be mapped for reading"]
        );
        gst::FlowError::Error
    }

    /// Tells encoders that the upload is behind, or no more.
    fn tell_upstream(
        &self,
        streaming: &mut Streaming,
        queue: &UploadQueue,
        time: Option<gst::ClockTime>,
    ) {
        let now = Instant::now();
        let is_due = |told: Instant| now.saturating_duration_since(told) >= QOS_EVERY;
        if !streaming.told.is_none_or(is_due) {
            return;
        }
        streaming.told = Some(now);
        let fill = queue.fill();
        let limit = queue.congested_at();
        let is_behind = fill.time >= limit / 2;
        if !is_behind && !std::mem::replace(&mut streaming.was_behind, is_behind) {
            return;
        }
        streaming.was_behind = is_behind;
        let (kind, proportion) = match is_behind {
            true => (
                gst::QOSType::Overflow,
                1.0 + fill.time as f64 / limit as f64,
            ),
            false => (gst::QOSType::Underflow, 1.0),
        };
        let behind = i64::try_from(fill.time.saturating_mul(1_000_000)).unwrap_or(i64::MAX);
        let event = gst::event::Qos::builder(kind, proportion, behind)
            .timestamp(time)
            .build();
        self.obj().sink_pad().push_event(event);
    }

    /// Sends all that is left. False if that was given up, or has failed.
    fn end_stream(&self) -> bool {
        let publish = {
            let session = lock(&self.session);
            let Some(publish) = session.as_ref() else {
                return true;
            };
            if publish.worker.is_none() {
                // Nothing has ever come.
                return true;
            }
            Arc::clone(&publish.queue)
        };
        if !lock(&self.intake).intake.is_at_boundary() {
            gst::element_imp_warning!(
                self,
                gst::StreamError::Demux,
                ["The stream ends within an FLV tag, which is left out"]
            );
        }
        publish.finish();
        while !publish.wait_for_end() {
            // For a pause, or for good. The base class holds its lock here as well.
            if self.obj().wait_preroll().is_err() {
                publish.reopen();
                return false;
            }
        }
        if self.failed.load(Ordering::Relaxed) {
            return false;
        }
        self.post(messages::stream_ended(None, &lock(&self.hidden)));
        true
    }

    fn note_tags(&self, tags: &gst::TagListRef) {
        let mut streaming = lock(&self.intake);
        let mut all = streaming.tags.take().unwrap_or_default();
        all.make_mut().insert(tags, gst::TagMergeMode::Replace);
        streaming.tags = Some(all);
    }

    fn set_flushing(&self, flushing: bool) {
        if let Some(publish) = &mut *lock(&self.session) {
            publish.flushing = flushing;
            publish.queue.set_flushing(flushing);
        }
    }

    /// What the network thread has to tell, in that thread.
    fn report(&self, report: Report, url: &str) {
        let hidden = Arc::clone(&lock(&self.hidden));
        match report {
            Report::Notice(Notice::UnsupportedCodec(codec)) => gst::element_imp_warning!(
                self,
                gst::StreamError::WrongType,
                ("The server does not take {codec}, as it says in its answer to connect. \
                     Choose another codec, or a server that takes this one.")
            ),
            Report::Notice(notice) => {
                if let Some(structure) = messages::notice(&notice, &hidden) {
                    self.post(structure);
                }
            }
            Report::Failed(failure) => self.fail(&failure, url, &hidden),
        }
    }

    fn fail(&self, failure: &Failure, url: &str, hidden: &Hidden) {
        self.failed.store(true, Ordering::Relaxed);
        self.post(messages::stream_ended(Some(failure), hidden));
        let url = failure.at.as_deref().unwrap_or(url);
        let message = error::message(url, failure, Direction::Publish, |text| hidden.hide(text));
        self.post_error(message);
    }

    /// Posts the one error of a failure.
    fn post_error(&self, message: gst::ErrorMessage) {
        self.post_error_message(message);
        self.has_posted_error.store(true, Ordering::Relaxed);
    }

    /// Posts an element message, as long as the application reads them.
    fn post(&self, structure: gst::Structure) {
        let message = gst::message::Element::builder(structure)
            .src(&*self.obj())
            .build();
        let mut posted = lock(&self.posted);
        if !posted.has_room(MESSAGE_BYTES) {
            if posted.refuse() {
                gst::warning!(
                    CAT,
                    imp = self,
                    "The application does not read its messages; no more are posted until it does"
                );
            }
            return;
        }
        posted.add(message.clone(), MESSAGE_BYTES);
        drop(posted);
        let _ = self.obj().post_message(message);
    }

    fn stats(&self) -> gst::Structure {
        let queue = self.queue();
        let snapshot = lock(&self.stats).snapshot();
        let hidden = Arc::clone(&lock(&self.hidden));
        stats::structure(&snapshot, queue.map(|queue| queue.fill()), &hidden)
    }
}

/// What is announced of Enhanced RTMP: whatever comes is passed on.
fn capabilities(is_announced: bool) -> Capabilities {
    match is_announced {
        true => Capabilities::new(
            VIDEO_FOURCCS,
            AUDIO_FOURCCS,
            info::FORWARD,
            caps_ex::RECONNECT | caps_ex::MULTITRACK | caps_ex::MOD_EX,
        ),
        false => Capabilities::default(),
    }
}

/// No state behind these locks is left half changed by a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
