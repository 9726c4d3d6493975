// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the application is told: messages, tags, and the one error of a failure.

use std::sync::atomic::Ordering;

use glib::subclass::prelude::*;
use gst::prelude::*;
use gst::subclass::prelude::*;

use super::imp::{CAT, RtmprSrc, lock};
use super::messages;
use super::running::Shared;
use super::tags;
use crate::error::{self, Direction};
use crate::player::{End, Hidden, Notice, Skipped};
use crate::rtmp::status::printable;

impl RtmprSrc {
    /// Tells that media was left out because it came, or was taken, too late.
    pub(super) fn tell_skipped(&self, skipped: Skipped) {
        gst::info!(CAT, imp = self, "Left out to catch up: {skipped:?}");
        let structure = messages::skipped(skipped);
        let message = gst::message::Element::builder(structure)
            .src(&*self.obj())
            .build();
        self.post(message);
    }

    /// Tells the application, if it reads what it is told.
    pub(super) fn tell(&self, notice: &Notice, hidden: &Hidden) {
        if let Notice::Script(data) = notice
            && data.name == "onMetaData"
        {
            let tags = tags::from_metadata(&data.values);
            lock(&self.output).tags.offer(tags);
            self.note_length(data);
        }
        // Of the others there are a few in a play.
        let is_many = matches!(
            notice,
            Notice::Script(_) | Notice::PublisherLeft(_) | Notice::PublisherReturned { .. }
        );
        if is_many && lock(&self.posted).is_full() {
            return self.refuse();
        }
        let (structure, bytes) = messages::notice(notice, hidden);
        if let Notice::Script(data) = notice
            && let Ok(reason) = structure.get::<&str>("truncated")
        {
            let name = hidden.hide(&printable(&data.name));
            gst::info!(CAT, imp = self, "Script data {name} is cut: {reason}");
        }
        let message = gst::message::Element::builder(structure)
            .src(&*self.obj())
            .build();
        if is_many {
            let mut posted = lock(&self.posted);
            if !posted.has_room(bytes) {
                drop(posted);
                return self.refuse();
            }
            posted.add(message.clone(), bytes);
        }
        self.post(message);
    }

    /// A message is not posted, as those before it are not read.
    fn refuse(&self) {
        if lock(&self.posted).refuse() {
            gst::info!(
                CAT,
                imp = self,
                "The application leaves too many messages unread; \
                 those of the stream are not posted until it reads them"
            );
        }
    }

    /// Tells downstream what metadata says of the stream.
    pub(super) fn send_tags(&self, tags: gst::TagList) {
        gst::debug!(CAT, imp = self, "{tags:?}");
        // The base class pushes it before the next buffer, and behind the
        // segment. Not by way of the element: that takes the lock of the state.
        self.parent_send_event(gst::event::Tag::new(tags));
    }

    pub(super) fn post(&self, message: gst::Message) {
        // Without a bus nobody listens.
        let _ = self.obj().post_message(message);
    }

    /// Reports how the play ended.
    pub(super) fn end(&self, shared: &Shared, end: End) -> gst::FlowError {
        let hidden = &shared.hidden;
        let message = gst::message::Element::builder(messages::stream_ended(&end, hidden))
            .src(&*self.obj())
            .build();
        self.post(message);
        match end {
            End::Eos { reason, .. } => {
                let reason = hidden.hide(&reason.to_string());
                gst::info!(CAT, imp = self, "End of stream: {reason}");
                gst::FlowError::Eos
            }
            End::Failed(failure) => {
                let first = || shared.settings.connection.location.redacted();
                let url = failure.at.clone().unwrap_or_else(first);
                let message =
                    error::message(&url, &failure, Direction::Play, |text| hidden.hide(text));
                self.fail(message);
                gst::FlowError::Error
            }
        }
    }

    /// Posts the one error of a failure.
    pub(super) fn fail(&self, message: gst::ErrorMessage) {
        self.post_error_message(message);
        self.failed.store(true, Ordering::Relaxed);
    }
}
