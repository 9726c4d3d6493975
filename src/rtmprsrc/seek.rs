// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Seeking in a recording, as far as the element has to do with it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use glib::subclass::prelude::*;
use gst_base::prelude::*;

use super::imp::{RtmprSrc, lock};
use super::output::Output;
use crate::player::{Item, Recording, ScriptData};
use crate::rtmp::amf::Value;

impl RtmprSrc {
    /// Another connection for the same stream.
    pub(super) fn play_again(&self) {
        if let Some(play) = &mut *lock(&self.session) {
            *play = play.again(&lock(&self.settings));
        }
    }

    pub(super) fn recording(&self) -> Option<Arc<Recording>> {
        let play = &*lock(&self.session);
        play.as_ref().map(|play| Arc::clone(&play.shared.recording))
    }

    /// Goes to the start of the segment. Downstream is flushed, and nobody takes from
    /// the queue.
    pub(super) fn seek(&self, segment: &mut gst::Segment) -> bool {
        let Some(wanted) = segment.downcast_mut::<gst::ClockTime>() else {
            return false;
        };
        let start = wanted.start().unwrap_or(gst::ClockTime::ZERO);
        wanted.set_time(start);
        let stop = wanted.stop().map(gst::ClockTime::mseconds);
        let to_frame = self.key_unit.load(Ordering::Relaxed);
        let mut session = lock(&self.session);
        let Some(play) = session.as_mut() else {
            return false;
        };
        let mut output = lock(&self.output);
        output.placed = None;
        if play.shared.queue.is_finished() {
            // The server has said good-bye.
            *play = play.again(&lock(&self.settings));
            self.connect(play);
        }
        output.items.retain(Item::survives_seek);
        play.shared
            .queue
            .thin(|items| items.retain(Item::survives_seek));
        // Behind that: the answer may be there at once.
        let number = play.shared.recording.seek(start.mseconds());
        output.vod.seek(number, to_frame);
        output.vod.set_stop(stop);
        play.shared.control.wake();
        true
    }

    /// Whether another connection is to go on with a recording, as this one ended while
    /// the pipeline was paused.
    pub(super) fn goes_on_after_pause(recording: &Recording, output: &mut Output) -> bool {
        let Some(number) = recording.resumes() else {
            return false;
        };
        let goes_on = recording.goes_on();
        if goes_on {
            output.vod.seek(number, false);
        }
        goes_on
    }

    /// Metadata of a recording says how long it is.
    pub(super) fn note_length(&self, data: &ScriptData) {
        let length = data.values.iter().find_map(|value| {
            let object = value.as_object()?;
            object.get("duration").and_then(Value::as_f64)
        });
        if let (Some(length), Some(recording)) = (length, self.recording())
            && !self.obj().is_live()
            && recording.set_length(length)
        {
            let message = gst::message::DurationChanged::builder();
            self.post(message.src(&*self.obj()).build());
        }
    }
}
