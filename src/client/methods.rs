// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How servers want to be told who asks, for the next connection of an element.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::rtmp::auth::Method;
use crate::rtmp::location::Location;

/// Most places remembered; an element goes to few.
pub(crate) const MAX_PLACES: usize = 16;

/// The method that each server named last.
#[derive(Debug, Default)]
pub struct KnownMethods {
    methods: Mutex<Vec<(String, Method)>>,
}

impl KnownMethods {
    /// The method that the server there named the last time.
    pub(crate) fn of(&self, location: &Location) -> Option<Method> {
        let server = server(location);
        let methods = lock(&self.methods);
        let found = methods.iter().find(|(known, _)| *known == server);
        found.map(|(_, method)| *method)
    }

    /// The server there has named this method.
    pub(crate) fn remember(&self, location: &Location, method: Method) {
        let server = server(location);
        let mut methods = lock(&self.methods);
        methods.retain(|(known, _)| *known != server);
        keep(&mut methods, server, method);
    }

    /// It may not do so any more.
    pub(crate) fn forget(&self, location: &Location) {
        let server = server(location);
        lock(&self.methods).retain(|(known, _)| *known != server);
    }
}

/// Adds what is not there; the oldest goes if there is too much.
pub(crate) fn keep<T>(list: &mut Vec<(String, T)>, key: String, value: T) {
    if list.len() >= MAX_PLACES {
        list.remove(0);
    }
    list.push((key, value));
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The server of a place, as it is remembered.
pub(crate) fn server(location: &Location) -> String {
    let host = location.host.to_ascii_lowercase();
    format!("{host}:{}", location.port_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_method_is_kept_for_each_server() {
        let known = KnownMethods::default();
        let location = |url| Location::parse(url).expect("a location");
        let here = location("rtmp://h/a/s");
        assert_eq!(known.of(&here), None);
        known.remember(&here, Method::Adobe);
        known.remember(&location("rtmp://other/a/s"), Method::Adobe);
        known.remember(&location("rtmp://H:1935/b/t"), Method::Llnw);
        assert_eq!(known.of(&here), Some(Method::Llnw));
        assert_eq!(known.of(&location("rtmp://h:1936/a/s")), None);
        known.forget(&here);
        assert_eq!(known.of(&here), None);
        let other = known.of(&location("rtmp://other/b/s"));
        assert_eq!(other, Some(Method::Adobe));
    }

    #[test]
    fn servers_are_bounded() {
        let known = KnownMethods::default();
        for i in 0..1000 {
            let location = Location::parse(&format!("rtmp://h{i}/a/s")).expect("a location");
            known.remember(&location, Method::Adobe);
        }
        assert_eq!(lock(&known.methods).len(), MAX_PLACES);
    }
}
