// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Which way to ask worked where, for the next connection of an element.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ladder::Form;
use crate::rtmp::location::Location;

/// Most places remembered; an element plays from few.
const MAX_PLACES: usize = 16;

/// What an element has learned of its servers.
#[derive(Debug, Default)]
pub struct Learned {
    forms: Mutex<Vec<(String, Form)>>,
}

impl Learned {
    /// The form that worked there the last time.
    pub(super) fn form(&self, location: &Location) -> Option<Form> {
        let place = place(location);
        let forms = self.lock();
        let found = forms.iter().find(|(known, _)| *known == place);
        found.map(|(_, form)| form.clone())
    }

    /// This form worked there.
    pub(super) fn remember(&self, location: &Location, form: Form) {
        let place = place(location);
        let mut forms = self.lock();
        forms.retain(|(known, _)| *known != place);
        if form == Form::default() {
            return;
        }
        if forms.len() >= MAX_PLACES {
            forms.remove(0);
        }
        forms.push((place, form));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Form)>> {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stream at its server, whatever its token is at present.
fn place(location: &Location) -> String {
    let name = location.stream.split('?').next().unwrap_or_default();
    format!(
        "{}:{}/{}/{name}",
        location.host.to_ascii_lowercase(),
        location.port_or_default(),
        location.application
    )
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
        assert_eq!(learned.lock().len(), MAX_PLACES);
    }
}
