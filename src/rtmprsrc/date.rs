// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Dates as encoders write them into metadata.
//!
//! Read here and not by GStreamer, whose parser is made for text that may be
//! trusted: everything is checked before a date is made of it.

/// A date as ISO 8601 writes it, in whole or up to the day, or as `asctime`
/// does (`Thu Dec  9 13:13:27 2010`). `None` for anything else.
pub(super) fn parse(text: &str) -> Option<gst::DateTime> {
    let text = text.trim();
    // Longer than any of them.
    if text.len() > 40 {
        return None;
    }
    iso_8601(text).or_else(|| asctime(text))
}

fn iso_8601(text: &str) -> Option<gst::DateTime> {
    let (day, rest) = match text.split_once(['T', ' ']) {
        Some((day, rest)) => (day, Some(rest)),
        None => (text, None),
    };
    let mut parts = day.split(['-', '/', ':']);
    let date = [
        number(parts.next()?, 4)?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    ];
    if parts.next().is_some() {
        return None;
    }
    let Some(rest) = rest else {
        return build(date, None, None);
    };
    let zone_at = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone_at)?;
    build(date, Some(clock(time.trim())?), zone_hours(zone)?)
}

/// Weekday, month, day, time, year; some leave out the weekday or put a zone
/// before the year.
fn asctime(text: &str) -> Option<gst::DateTime> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let mut words = text.split_ascii_whitespace().skip(1).peekable();
    let month = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().zip(1..).find(|(name, _)| **name == month)?.1;
    let day = words.next()?;
    let day = number(day, day.len().min(2))?;
    let time = clock(words.next()?)?;
    let zone = match words.next_if(|word| number(word, 4).is_none()) {
        Some("UTC" | "GMT" | "Z") => Some(0.0),
        Some(zone) => zone_hours(zone.trim_start_matches("GMT"))?,
        None => None,
    };
    let year = number(words.next()?, 4)?;
    build([year, month, day], Some(time), zone)
}

/// `HH:MM` or `HH:MM:SS.sss`.
fn clock(text: &str) -> Option<(i32, i32, f64)> {
    let mut parts = text.split(':');
    let hour = number(parts.next()?, 2)?;
    let minute = number(parts.next()?, 2)?;
    let seconds = parts.next().unwrap_or("00");
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let fraction = (!fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| format!("0.{fraction}").parse::<f64>().ok())??;
    let seconds = f64::from(number(whole, 2)?) + fraction;
    (parts.next().is_none() && hour < 24 && minute < 60 && seconds < 60.0)
        .then_some((hour, minute, seconds))
}

/// `Z`, `+HH:MM`, `+HHMM` or `+HH` in hours; nothing is no zone. The outer
/// `None` is for what is none of these.
#[expect(clippy::option_option, reason = "no zone is not a wrong zone")]
fn zone_hours(text: &str) -> Option<Option<f32>> {
    let (sign, rest) = match text.split_at_checked(1) {
        None => return Some(None),
        Some(("Z", "")) => return Some(Some(0.0)),
        Some(("+", rest)) => (1.0, rest),
        Some(("-", rest)) => (-1.0, rest),
        Some(_) => return None,
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = minutes.trim_start_matches(':');
    let minutes = if minutes.is_empty() {
        0
    } else {
        number(minutes, 2)?
    };
    let hours = number(hours, 2)?;
    (hours <= 12 && minutes < 60).then(|| Some(sign * (hours as f32 + minutes as f32 / 60.0)))
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i32> {
    if text.len() != digits || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Without a zone it is taken for UTC.
fn build(
    [year, month, day]: [i32; 3],
    time: Option<(i32, i32, f64)>,
    zone: Option<f32>,
) -> Option<gst::DateTime> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=days).contains(&day) {
        return None;
    }
    match time {
        Some((hour, minute, seconds)) => gst::DateTime::new(
            Some(zone.unwrap_or(0.0)),
            year,
            month,
            day,
            hour,
            minute,
            seconds,
        ),
        None => gst::DateTime::new(None, year, month, day, None, None, None),
    }
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        gst::init().expect("GStreamer starts");
        let date = parse(text)?.to_iso8601_string().ok()?;
        Some(date.to_string())
    }

    #[test]
    fn what_encoders_write_is_understood() {
        for (text, date) in [
            ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02T03:04:05.000000Z", "2020-01-02T03:04:05Z"),
            ("2020-01-02 03:04:05", "2020-01-02T03:04:05Z"),
            ("2020-01-02T03:04:05+05:30", "2020-01-02T03:04:05+0530"),
            ("2020-01-02T03:04-0300", "2020-01-02T03:04:00-0300"),
            ("2020-02-29", "2020-02-29"),
            ("2020/02/29", "2020-02-29"),
            ("Thu Dec  9 13:13:27 2010\n", "2010-12-09T13:13:27Z"),
            ("Thu Dec 09 13:13:27 UTC 2010", "2010-12-09T13:13:27Z"),
            (
                "Tue Aug 12 13:01:22 GMT+0200 2014",
                "2014-08-12T13:01:22+0200",
            ),
        ] {
            assert_eq!(parsed(text).as_deref(), Some(date), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_date_is_none_and_raises_no_warning() {
        for text in [
            "",
            "yesterday",
            "2021-02-29",
            "2020-13-01",
            "2020-00-10",
            "0000-01-01",
            "2020-01-02T24:00:00Z",
            "2020-01-02T03:04:60Z",
            "2020-01-02T03:04:05.Z",
            "2020-01-02T03:04:05+99:00",
            "2020-01-02T03:04:05+1é",
            "2020-01-02T",
            "-1-1-1",
            "2020-01-02-03",
            "Thu Dec 32 13:13:27 2010",
            "Thu Déc 12 13:13:27 2010",
            "Thu é 12 13:13:27 2010",
            "1234567890",
            "99999999999999999999999999999999999999999999",
        ] {
            assert_eq!(parsed(text), None, "{text:?}");
        }
    }

    #[test]
    fn every_cut_of_a_date_is_survived() {
        for text in [
            "2020-01-02T03:04:05.5+05:30",
            "Thu Dec 09 13:13:27 GMT+2 2010",
        ] {
            for (end, _) in text.char_indices() {
                let _ = parsed(&text[..end]);
                let _ = parsed(&text[end..]);
            }
        }
    }
}
