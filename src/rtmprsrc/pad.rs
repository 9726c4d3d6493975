// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What the source pad does beside pushing.

use gst::prelude::*;

/// Makes events of the empty buffers that stand for gaps. `create()` does not push
/// them itself: the segment may not be out there.
pub(super) fn turn_gaps_into_events(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::BUFFER, |pad, info| {
        let Some(buffer) = info.buffer() else {
            return gst::PadProbeReturn::Ok;
        };
        let is_gap = buffer.flags().contains(gst::BufferFlags::GAP) && buffer.size() == 0;
        let Some(from) = buffer.pts().filter(|_| is_gap) else {
            return gst::PadProbeReturn::Ok;
        };
        let gap = gst::event::Gap::builder(from).duration(buffer.duration());
        pad.push_event(gap.build());
        gst::PadProbeReturn::Drop
    });
}

/// Keeps the base class from asking downstream how to allocate, which means
/// nothing for bytes off the network. The question is serialised: behind a
/// `tee` with a sink that prerolls it would wait for ever, whenever an element
/// that is linked later (`decodebin`) makes the base class ask again.
pub(super) fn refuse_allocation_queries(pad: &gst::Pad) {
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        match info.query().map(gst::QueryRef::type_) {
            Some(gst::QueryType::Allocation) => gst::PadProbeReturn::Drop,
            _ => gst::PadProbeReturn::Ok,
        }
    });
}
