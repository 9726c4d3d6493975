// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! When the sender made what it sends, where it says so: `onFI` of Flash Media Live
//! Encoder and others, or `onMetaData`, with the date in `sd` (`DD-MM-YYYY`) and the time
//! in `st` (`HH:MM:SS.mmm`). They name no zone, so they are taken as UTC.

use once_cell::sync::Lazy;

use super::date;
use crate::player::{Packet, ScriptData};
use crate::rtmp::amf::Value;

/// Caps of a reference timestamp in nanoseconds since 1970.
static UNIX: Lazy<gst::Caps> = Lazy::new(|| gst::Caps::new_empty_simple("timestamp/x-unix"));

/// What the sender said last.
#[derive(Debug, Default)]
pub(super) struct SenderDate {
    /// A time of the stream in ms, and when that was, in ms since 1970.
    known: Option<(u64, u64)>,
}

impl SenderDate {
    /// Looks at script data.
    pub(super) fn note(&mut self, data: &ScriptData) {
        if !matches!(data.name.as_str(), "onFI" | "onMetaData") {
            return;
        }
        if let Some(date) = data.values.iter().find_map(date) {
            self.known = Some((data.time, date));
        }
    }

    /// When a frame was made, in ns since 1970, by its time before it is mapped to the
    /// pipeline's.
    pub(super) fn of(&self, packet: &Packet) -> Option<u64> {
        let (time, date) = self.known.filter(|_| packet.frame)?;
        let later = packet.dts?.cast_signed().checked_sub(time.cast_signed())?;
        date.checked_add_signed(later)?.checked_mul(1_000_000)
    }
}

/// Puts it on a buffer.
pub(super) fn attach(buffer: &mut gst::BufferRef, date: u64) {
    let time = gst::ClockTime::from_nseconds(date);
    gst::ReferenceTimestampMeta::add(buffer, &UNIX, time, gst::ClockTime::NONE);
}

/// Date and time in an object, in ms since 1970.
fn date(value: &Value) -> Option<u64> {
    let object = value.as_object()?;
    let text = |name| object.get(name).and_then(Value::as_str);
    let (day, time) = (text("sd")?.trim(), text("st")?.trim());
    // The year may come first, as well.
    let mut parts: Vec<_> = day.split(['-', '/', '.']).collect();
    if parts.first().is_some_and(|first| first.len() < 4) {
        parts.reverse();
    }
    let date = date::parse(&format!("{}T{time}Z", parts.join("-")))?;
    let date = date.to_g_date_time().ok()?;
    let ms = i64::from(date.microsecond()) / 1000;
    let since = date.to_unix().checked_mul(1000)?.checked_add(ms)?;
    u64::try_from(since).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::amf::Object;

    fn said(day: &str, time: &str) -> Option<u64> {
        date(&Value::from(Object::new().with("sd", day).with("st", time)))
    }

    #[test]
    fn dates_are_read_as_encoders_write_them() {
        assert_eq!(said("01-01-1970", "00:00:01.250"), Some(1_250));
        let expected = Some(1_295_191_200_123);
        assert_eq!(said("16-01-2011", "15:20:00.123"), expected);
        assert_eq!(said("2011-01-16", "15:20:00.123"), expected);
        assert_eq!(said("16/01/2011", "15:20:00.123"), expected);
    }

    #[test]
    fn what_is_none_is_left_alone() {
        for (day, time) in [
            ("", ""),
            ("31-02-2011", "15:20:00.000"),
            ("16-01-2011", "25:20:00.000"),
            ("16-01-2011", "noon"),
            ("16-01-1969", "15:20:00.000"),
            ("99999999999999999999-01-01", "00:00:00"),
        ] {
            assert_eq!(said(day, time), None, "{day} {time}");
        }
        assert_eq!(date(&Value::from(1.0)), None);
    }
}
