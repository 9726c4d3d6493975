// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which way to ask worked where, and how a server wants to be told who asks,
//! for the next connection of an element.

use std::sync::Mutex;

use super::ladder::Form;
use crate::client::methods::{KnownMethods, keep, lock, server};
use crate::rtmp::location::Location;
use crate::rtmp::message::StreamId;

/// What an element has learned of its servers.
#[derive(Debug, Default)]
pub struct Learned {
    forms: Mutex<Vec<(String, Form)>>,
    methods: KnownMethods,
    streams: Mutex<Vec<(String, Option<StreamId>)>>,
}

impl Learned {
    /// The form that worked there the last time.
    pub(super) fn form(&self, location: &Location) -> Option<Form> {
        let place = place(location);
        let forms = lock(&self.forms);
        let found = forms.iter().find(|(known, _)| *known == place);
        found.map(|(_, form)| form.clone())
    }

    /// This form worked there.
    pub(super) fn remember(&self, location: &Location, form: Form) {
        let place = place(location);
        let mut forms = lock(&self.forms);
        forms.retain(|(known, _)| *known != place);
        if form != Form::default() {
            keep(&mut forms, place, form);
        }
    }

    /// How servers want to be told who asks.
    pub(super) fn methods(&self) -> &KnownMethods {
        &self.methods
    }

    /// The NetStream that the server there gives first. `Some(None)`: it does not like to
    /// be asked before it has answered.
    pub(super) fn stream(&self, location: &Location) -> Option<Option<StreamId>> {
        let server = server(location);
        let streams = lock(&self.streams);
        let found = streams.iter().find(|(known, _)| *known == server);
        found.map(|(_, stream)| *stream)
    }

    /// The server there has played on this one. What spoke against it stays.
    pub(super) fn remember_stream(&self, location: &Location, stream: StreamId) {
        let server = server(location);
        let mut streams = lock(&self.streams);
        match streams.iter_mut().find(|(known, _)| *known == server) {
            Some((_, known)) => *known = known.map(|_| stream),
            None => keep(&mut streams, server, Some(stream)),
        }
    }

    /// The server there wants to answer before it is asked for more.
    pub(super) fn never_ahead(&self, location: &Location) {
        let server = server(location);
        let mut streams = lock(&self.streams);
        streams.retain(|(known, _)| *known != server);
        keep(&mut streams, server, None);
    }
}

/// The stream at its server, whatever its token is at present.
fn place(location: &Location) -> String {
    let name = location.stream.split('?').next().unwrap_or_default();
    format!("{}/{}/{name}", server(location), location.application)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::methods::MAX_PLACES;

    #[test]
    fn the_last_form_is_kept_for_each_place_and_the_usual_one_forgets() {
        let learned = Learned::default();
        let location = |url| Location::parse(url).expect("a location");
        let form = Form {
            subscribe: true,
            ..Form::default()
        };
        learned.remember(&location("rtmp://h/a/s?t=1"), form.clone());
        assert_eq!(learned.form(&location("rtmp://H/a/s?t=2")), Some(form));
        assert_eq!(learned.form(&location("rtmp://h/a/other")), None);
        learned.remember(&location("rtmp://h/a/s"), Form::default());
        assert_eq!(learned.form(&location("rtmp://h/a/s")), None);
    }

    #[test]
    fn a_server_that_wants_to_answer_first_is_remembered_as_one() {
        let learned = Learned::default();
        let location = |url| Location::parse(url).expect("a location");
        let (here, there) = (location("rtmp://h/a/s"), location("rtmp://other/a/s"));
        assert_eq!(learned.stream(&here), None);
        learned.remember_stream(&here, StreamId(1));
        learned.remember_stream(&here, StreamId(5));
        assert_eq!(
            learned.stream(&location("rtmp://H/b/t")),
            Some(Some(StreamId(5)))
        );
        learned.never_ahead(&here);
        learned.remember_stream(&here, StreamId(1));
        assert_eq!(learned.stream(&here), Some(None));
        assert_eq!(learned.stream(&there), None);
    }

    #[test]
    fn places_are_bounded() {
        let learned = Learned::default();
        for i in 0..1000 {
            let location = Location::parse(&format!("rtmp://h/a/{i}")).expect("a location");
            let form = Form {
                subscribe: true,
                ..Form::default()
            };
            learned.remember(&location, form);
        }
        assert_eq!(lock(&learned.forms).len(), MAX_PLACES);
    }
}
