// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which way to ask worked where, and how a server wants to be told who asks,
//! for the next connection of an element.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ladder::Form;
use crate::rtmp::auth::Method;
use crate::rtmp::location::Location;
use crate::rtmp::message::StreamId;

/// Most places remembered; an element plays from few.
const MAX_PLACES: usize = 16;

/// What an element has learned of its servers.
#[derive(Debug, Default)]
pub struct Learned {
    forms: Mutex<Vec<(String, Form)>>,
    methods: Mutex<Vec<(String, Method)>>,
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

    /// The method that the server there named the last time.
    pub(super) fn method(&self, location: &Location) -> Option<Method> {
        let server = server(location);
        let methods = lock(&self.methods);
        let found = methods.iter().find(|(known, _)| *known == server);
        found.map(|(_, method)| *method)
    }

    /// The server there has named this method.
    pub(super) fn remember_method(&self, location: &Location, method: Method) {
        let server = server(location);
        let mut methods = lock(&self.methods);
        methods.retain(|(known, _)| *known != server);
        keep(&mut methods, server, method);
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

    /// It may not do so any more.
    pub(super) fn forget_method(&self, location: &Location) {
        let server = server(location);
        lock(&self.methods).retain(|(known, _)| *known != server);
    }
}

/// Adds what is not there; the oldest goes if there is too much.
fn keep<T>(list: &mut Vec<(String, T)>, key: String, value: T) {
    if list.len() >= MAX_PLACES {
        list.remove(0);
    }
    list.push((key, value));
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn server(location: &Location) -> String {
    let host = location.host.to_ascii_lowercase();
    format!("{host}:{}", location.port_or_default())
}

/// The stream at its server, whatever its token is at present.
fn place(location: &Location) -> String {
    let name = location.stream.split('?').next().unwrap_or_default();
    format!("{}/{}/{name}", server(location), location.application)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for i in 0..1000 {
            let location = Location::parse(&format!("rtmp://h{i}/a/s")).expect("a location");
            learned.remember_method(&location, Method::Adobe);
        }
        assert_eq!(lock(&learned.methods).len(), MAX_PLACES);
    }

    #[test]
    fn the_last_method_is_kept_for_each_server() {
        let learned = Learned::default();
        let location = |url| Location::parse(url).expect("a location");
        let here = location("rtmp://h/a/s");
        assert_eq!(learned.method(&here), None);
        learned.remember_method(&here, Method::Adobe);
        learned.remember_method(&location("rtmp://other/a/s"), Method::Adobe);
        learned.remember_method(&location("rtmp://H:1935/b/t"), Method::Llnw);
        assert_eq!(learned.method(&here), Some(Method::Llnw));
        assert_eq!(learned.method(&location("rtmp://h:1936/a/s")), None);
        learned.forget_method(&here);
        assert_eq!(learned.method(&here), None);
        let other = learned.method(&location("rtmp://other/b/s"));
        assert_eq!(other, Some(Method::Adobe));
    }
}
