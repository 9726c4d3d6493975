// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Waits for element messages.

use gst::prelude::*;

use crate::HANG;
use crate::player::Player;

impl Player {
    /// The next element message of this name from the source, unless an error
    /// comes first.
    pub(crate) fn element_message(&self, name: &str) -> gst::Structure {
        let bus = self.pipeline.bus().expect("a bus");
        let timeout = gst::ClockTime::try_from(HANG).expect("a short time");
        let wanted = [gst::MessageType::Element, gst::MessageType::Error];
        loop {
            let message = bus
                .timed_pop_filtered(timeout, &wanted)
                .unwrap_or_else(|| panic!("no {name} message"));
            if let gst::MessageView::Error(error) = message.view() {
                panic!("{error:?} instead of a {name} message");
            }
            match message.structure() {
                Some(structure) if structure.name() == name => {
                    assert_eq!(message.src(), Some(self.source.upcast_ref()));
                    return structure.to_owned();
                }
                _ => {}
            }
        }
    }
}
