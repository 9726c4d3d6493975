// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The most memory that a play takes, whatever the server sends: the sum of what
//! each part may hold, from the limits of that part.
//!
//! `docs/limits.md` shows it. The tests in `tests/limits` drive hostile servers
//! against each limit and measure that a process stays within it.
//!
//! Not counted are GStreamer and its elements downstream, threads' stacks, and what
//! the allocator keeps for itself.

use crate::driver;
use crate::elements::posted;
use crate::flv::tag;
use crate::player::{candidate, flv_output, gate, race, script_data, selection, sequence_headers};
use crate::publisher::headers;
use crate::publisher::policy::sending;
use crate::rtmp::session::server;
use crate::rtmp::{amf, chunk, connection};
use crate::rtmprsrc::{amf_value, output};

/// What holds memory, and how much at most, in bytes.
pub type Part = (&'static str, usize);

/// Handshake, lists of calls and streams, and texts for the log.
const SMALL_THINGS: usize = 256 << 10;

/// What each connection takes.
#[must_use]
pub fn connection() -> Vec<Part> {
    vec![
        ("receive buffer", driver::BATCH),
        (
            "messages that are not complete",
            chunk::Limits::default().most_memory(),
        ),
        (
            // The status in a command is a copy.
            "values of one command",
            amf::MAX_DECODING_BYTES + amf::MAX_BYTES,
        ),
        (
            // In the session and on the way, each in a buffer that doubles.
            "answers that are not sent",
            4 * connection::MAX_WAITING_ANSWERS,
        ),
        ("small things", SMALL_THINGS),
    ]
}

/// What a play takes beside its connection.
#[must_use]
pub fn play(max_queue_bytes: usize) -> Vec<Part> {
    vec![
        ("queue", max_queue_bytes),
        ("on the way into the queue", on_the_way()),
        ("aggregate that is taken apart", largest_message()),
        (
            "sequence headers of media that is off",
            2 * selection::MAX_HEADER,
        ),
        (
            "last sequence headers",
            2 * sequence_headers::MAX_REMEMBERED,
        ),
        (
            "on the way out of the queue",
            output::MAX_LIST_BYTES + largest_item(),
        ),
        ("message that is made", amf_value::MAX_MESSAGE_BYTES),
        ("messages that are not read", posted::MAX_BYTES),
        ("names of fields", amf_value::NAMES_BYTES),
    ]
}

/// What a second connection takes beside its own, while it is to take over.
#[must_use]
pub fn candidate() -> Vec<Part> {
    vec![(
        "media of the second connection",
        candidate::MAX_HELD + candidate::MAX_HEADERS + largest_message(),
    )]
}

/// What another place takes beside its connection, while several are tried at the start.
#[must_use]
pub fn rival() -> Vec<Part> {
    vec![(
        "media of another place that is tried",
        on_the_way() + largest_message() + 2 * sequence_headers::MAX_REMEMBERED,
    )]
}

/// What a publish takes beside its connection.
#[must_use]
pub fn publish(max_queue_bytes: usize) -> Vec<Part> {
    vec![
        // The last one that is taken may be of any size.
        ("queue of a publish", max_queue_bytes + tag::MAX_BODY_SIZE),
        // From the queue to the socket, with what passes the limit of a batch.
        (
            "on the way to the socket",
            sending::BATCH + tag::MAX_BODY_SIZE,
        ),
        ("tag that is not complete", 2 * tag::MAX_BODY_SIZE),
        ("headers for the next connection", headers::MAX_HEADER_BYTES),
        ("messages of a publish that are not read", posted::MAX_BYTES),
    ]
}

/// The most that a publish takes, while a second connection is to take over, in bytes.
#[must_use]
pub fn of_publish(max_queue_bytes: usize) -> usize {
    let connections = sum(&connection()).saturating_mul(2);
    connections.saturating_add(sum(&publish(max_queue_bytes)))
}

/// What the session of a client takes in a server, which sends what the server gives
/// it beside that.
#[must_use]
pub fn server_session() -> Vec<Part> {
    let mut parts = connection();
    // In a buffer that doubles.
    parts.push((
        "answers of a server that are not sent",
        2 * server::MAX_WAITING_OUTPUT,
    ));
    parts
}

/// All of some parts, in bytes.
#[must_use]
pub fn sum(parts: &[Part]) -> usize {
    parts
        .iter()
        .fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
}

/// The most that a play with one connection takes, in bytes.
#[must_use]
pub fn of_one_connection(max_queue_bytes: usize) -> usize {
    sum(&connection()).saturating_add(sum(&play(max_queue_bytes)))
}

/// The most that a play takes while a second connection is to take over, in bytes.
#[must_use]
pub fn of_two_connections(max_queue_bytes: usize) -> usize {
    of_one_connection(max_queue_bytes)
        .saturating_add(sum(&connection()))
        .saturating_add(sum(&candidate()))
}

/// The most that a play takes while as many places as can be are tried at the start, in
/// bytes.
#[must_use]
pub fn of_several_places(max_queue_bytes: usize) -> usize {
    let other = sum(&connection()).saturating_add(sum(&rival()));
    let others = other.saturating_mul(race::MAX_AT_A_TIME - 1);
    of_one_connection(max_queue_bytes).saturating_add(others)
}

fn largest_message() -> usize {
    chunk::Limits::default().media_message as usize
}

/// A message, and what it says if it is script data.
fn largest_item() -> usize {
    largest_message() + amf::MAX_BYTES
}

/// What is ready or waits for the file header, and the item that passes that limit.
fn on_the_way() -> usize {
    let held = flv_output::MAX_READY.max(gate::MAX_BURST);
    let written_anew =
        chunk::Limits::default().command_message as usize + script_data::MAX_REWRITING;
    held + largest_item().max(written_anew)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{reconnect, redirect, round_trip};
    use crate::player::policy::{self, flood, succession};
    use crate::player::{ladder, race};
    use crate::properties;
    use crate::rtmp::session::client;
    use crate::rtmp::{capabilities, payload, status};
    use crate::rtmprsrc::{settings, tags};

    const DEFAULT_QUEUE: usize = 64 << 20;

    const DEFAULT_UPLOAD_QUEUE: usize = 32 << 20;

    /// MiB with one decimal, rounded up.
    fn mib(bytes: usize) -> String {
        let tenths = (bytes * 10).div_ceil(1 << 20);
        format!("{}.{}", tenths / 10, tenths % 10)
    }

    #[test]
    fn the_documentation_shows_each_part_and_the_sums() {
        let text = include_str!("../docs/limits.md");
        let table = text
            .split("## Memory")
            .nth(1)
            .and_then(|rest| rest.split("\n## ").next())
            .expect("a chapter about memory");
        let rows: Vec<String> = table
            .lines()
            .filter_map(|line| {
                let mut cells = line.split('|').map(str::trim).skip(1);
                let (what, mib) = (cells.next()?, cells.next()?);
                mib.parse::<f64>().ok()?;
                Some(format!("{what}: {mib}"))
            })
            .collect();
        let row = |(what, bytes): &Part| format!("{what}: {}", mib(*bytes));
        let mut expected: Vec<String> = connection().iter().map(row).collect();
        expected.extend(play(DEFAULT_QUEUE).iter().map(row));
        expected.push(row(&(
            "**one connection**",
            of_one_connection(DEFAULT_QUEUE),
        )));
        expected.extend(candidate().iter().map(row));
        expected.push(row(&(
            "**two connections**",
            of_two_connections(DEFAULT_QUEUE),
        )));
        expected.extend(rival().iter().map(row));
        expected.push(row(&(
            "**three places at the start**",
            of_several_places(DEFAULT_QUEUE),
        )));
        expected.extend(server_session().iter().rev().take(1).map(row));
        expected.push(row(&("**session of a server**", sum(&server_session()))));
        expected.extend(publish(DEFAULT_UPLOAD_QUEUE).iter().map(row));
        expected.push(row(&("**publish**", of_publish(DEFAULT_UPLOAD_QUEUE))));
        assert_eq!(rows, expected, "{expected:#?}");
    }

    /// Each limit as the documentation calls it, with its default.
    fn limits() -> Vec<(&'static str, u64)> {
        let chunk = chunk::Limits::default();
        let bytes = |bytes: usize| u64::try_from(bytes).expect("fits");
        vec![
            (
                "audio, video or aggregate message",
                chunk.media_message.into(),
            ),
            (
                "command, data or shared object message",
                chunk.command_message.into(),
            ),
            (
                "protocol or user control message",
                chunk.control_message.into(),
            ),
            ("chunk streams", bytes(chunk.chunk_streams)),
            (
                "messages that are not complete",
                bytes(chunk.unfinished_messages),
            ),
            (
                "bytes of messages that are not complete",
                bytes(chunk.unfinished_bytes),
            ),
            (
                "memory for a message ahead of its bytes",
                bytes(payload::MAX_AHEAD),
            ),
            (
                "messages that bring no media, at once",
                flood::MAX_AT_ONCE.into(),
            ),
            (
                "messages that bring no media, in a second",
                flood::MAX_PER_SECOND.into(),
            ),
            (
                "the same, for each packet of media that comes",
                flood::FOR_EACH_PACKET,
            ),
            ("levels inside each other", bytes(amf::MAX_DEPTH)),
            ("values of a message", bytes(amf::MAX_ELEMENTS)),
            (
                "values beyond one for each byte of a message",
                bytes(amf::SPARE_ELEMENTS),
            ),
            ("memory of the values of a message", bytes(amf::MAX_BYTES)),
            (
                "the same, for each byte of a message",
                bytes(amf::BYTES_PER_BYTE),
            ),
            (
                "data message whose values are read",
                bytes(script_data::MAX_DECODED),
            ),
            ("text of a status that is kept", bytes(status::MAX_KEPT)),
            (
                "codecs of a medium that a server announces",
                bytes(capabilities::MAX_CODECS),
            ),
            (
                "answers that the server does not read",
                bytes(connection::MAX_WAITING_ANSWERS),
            ),
            (
                "calls of ours that are not answered",
                bytes(client::MAX_UNANSWERED_CALLS),
            ),
            (
                "pings of ours that are not answered",
                bytes(round_trip::MAX_UNANSWERED),
            ),
            ("time for a step", properties::DEFAULT_TIMEOUT_S.into()),
            ("redirects", redirect::MAX_REDIRECTS.into()),
            ("URL of a redirect", bytes(redirect::MAX_URL)),
            (
                "connections for other ways to ask",
                bytes(ladder::MAX_ATTEMPTS),
            ),
            (
                "requests to reconnect in a minute",
                bytes(succession::MAX_RECONNECTS),
            ),
            (
                "attempts to reconnect that the server refuses, in a row",
                reconnect::MAX_REFUSALS.into(),
            ),
            ("places of one stream", bytes(properties::MAX_LOCATIONS)),
            (
                "places that are tried at a time",
                bytes(race::MAX_AT_A_TIME),
            ),
            (
                "media of a second connection before it takes over",
                bytes(candidate::MAX_HELD),
            ),
            (
                "headers of a second connection before it takes over",
                bytes(candidate::MAX_HEADERS),
            ),
            (
                "media that waits for the pipeline",
                settings::DEFAULT_MAX_QUEUE_BYTES.into(),
            ),
            (
                "media that is made ready at once",
                bytes(flv_output::MAX_READY),
            ),
            (
                "media that waits for the file header",
                bytes(gate::MAX_HELD),
            ),
            (
                "media that the server has kept, until the newest key frame is known",
                bytes(gate::MAX_BURST),
            ),
            (
                "sequence header of media that is off",
                bytes(selection::MAX_HEADER),
            ),
            (
                "messages that the application does not read",
                bytes(posted::MAX_MESSAGES),
            ),
            (
                "bytes of messages that the application does not read",
                bytes(posted::MAX_BYTES),
            ),
            ("changes of tags at once", tags::MAX_CHANGES.into()),
            (
                "changes of tags in a second",
                tags::CHANGES_PER_SECOND.into(),
            ),
            (
                "kinds of oddities that are logged",
                bytes(policy::MAX_REPORTED),
            ),
            ("streams of a client", bytes(server::MAX_STREAMS)),
            (
                "answers that the client does not read",
                bytes(server::MAX_WAITING_OUTPUT),
            ),
        ]
    }

    #[test]
    fn the_documentation_shows_each_limit() {
        let text = include_str!("../docs/limits.md");
        let chapter = text.split("## Memory").next().expect("a chapter");
        let rows: Vec<_> = chapter
            .lines()
            .filter_map(|line| {
                let mut cells = line.split('|').map(str::trim).skip(1);
                let (limit, default) = (cells.next()?, cells.next()?);
                // Behind the name of a property, if there is one, and without the unit.
                let default = default.rsplit("`, ").next()?.split(' ').next()?;
                Some((limit, default.parse().ok()?))
            })
            .collect();
        assert_eq!(rows, limits());
    }

    #[test]
    fn a_queue_without_limit_is_no_overflow() {
        assert_eq!(of_two_connections(usize::MAX), usize::MAX);
    }
}
