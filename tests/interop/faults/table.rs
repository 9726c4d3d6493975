// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The rows, with what each must come to, and how they are printed.

use super::servers::Kind::{self, *};
use super::situations::*;
use super::watch::Observed;

/// One line of the matrix.
pub(super) struct Row {
    pub(super) server: Kind,
    pub(super) situation: Situation,
    /// Those of `rtmprsrc` that are not as by default.
    pub(super) properties: &'static str,
    /// `EOS`, domain and code of the error, or how it goes on.
    result: &'static str,
    cause: &'static str,
    phase: &'static str,
    connections: u32,
    /// Start of the error's text.
    text: &'static str,
}

const fn row(
    server: Kind,
    situation: Situation,
    properties: &'static str,
    result: &'static str,
    (cause, phase, connections): (&'static str, &'static str, u32),
    text: &'static str,
) -> Row {
    Row {
        server,
        situation,
        properties,
        result,
        cause,
        phase,
        connections,
        text,
    }
}

const EOS: &str = "EOS";
const READ: &str = "RESOURCE READ";
const OPEN_READ: &str = "RESOURCE OPEN_READ";
const NOT_FOUND: &str = "RESOURCE NOT_FOUND";

const IDLE: &str = "idle-timeout=2";
const IDLE_ERROR: &str = "idle-timeout=2 no-eof-is-error=true";

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row(Live, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Live, EARLY, "", "waits, then plays", ("", "playing", 1), ""),
    row(Live, WRONG_APPLICATION, "", OPEN_READ, ("closed-early", "connect", 2), "URL closed the connection while waiting for the answer to connect"),
    row(Live, WRONG_STREAM, "idle-timeout=1", READ, ("idle", "waiting", 1), "No media came from URL for 1 s"),
    row(Live, PUBLISHER_KILLED, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Live, PUBLISHER_STOPS, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Live, PUBLISHER_KILLED, "on-unpublish=error", READ, ("unpublished", "playing", 1), "The publisher of URL has left"),
    row(Live, PUBLISHER_STOPS, "on-unpublish=error", READ, ("unpublished", "playing", 1), "The publisher of URL has left"),
    row(Live, PUBLISHER_AWAY, "on-unpublish=wait", "waits", ("stream-eof", "playing", 1), ""),
    row(Live, PUBLISHER_KILLED, "on-unpublish=wait idle-timeout=2", EOS, ("stream-eof", "playing", 1), ""),
    row(Live, PUBLISHER_RESTARTS, "on-unpublish=wait", "plays on", ("stream-eof", "playing", 1), ""),
    row(Live, PLAYED_AGAIN, "on-unpublish=eos", EOS, ("stream-eof", "playing", 1), ""),
    row(Live, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Live, SERVER_KILLED, "no-eof-is-error=true", READ, ("closed-without-eof", "playing", 1), "URL closed the connection without saying that the stream ended"),
    row(Live, SERVER_STOPPED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Live, SERVER_STOPPED, "no-eof-is-error=true", READ, ("closed-without-eof", "playing", 1), "URL closed the connection without saying that the stream ended"),
    row(Live, SERVER_FROZEN, IDLE, EOS, ("idle", "playing", 1), ""),
    row(Live, SERVER_FROZEN, IDLE_ERROR, READ, ("idle", "playing", 1), "No media came from URL for 2 s"),
    row(Live, KILLED_EARLY, "", OPEN_READ, ("closed-early", "waiting", 2), "URL closed the connection while waiting for the first media"),
    row(Live, FROZEN_EARLY, "timeout=1", OPEN_READ, ("timeout", "handshake", 2), "URL timed out after 1 s while waiting for the RTMP handshake"),
    row(Live, RESET, "", READ, ("connection-lost", "playing", 1), "The connection to URL was lost"),
    row(Live, LINE_DEAD, IDLE, EOS, ("idle", "playing", 1), ""),
    row(Live, LINE_DEAD, IDLE_ERROR, READ, ("idle", "playing", 1), "No media came from URL for 2 s"),

    row(Strict, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Strict, WRONG_STREAM, "", NOT_FOUND, ("play-failed", "play", 4), "URL refused to play the stream: NetStream.Play.StreamNotFound"),
    row(Strict, PUBLISHER_KILLED, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Strict, PUBLISHER_STOPS, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Strict, PUBLISHER_KILLED, "on-unpublish=error", READ, ("unpublished", "playing", 1), "The publisher of URL has left"),
    row(Strict, PUBLISHER_KILLED, "on-unpublish=wait", EOS, ("stream-eof", "playing", 1), ""),
    row(Strict, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Strict, SERVER_STOPPED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Strict, SERVER_FROZEN, IDLE, EOS, ("idle", "playing", 1), ""),

    row(Notify, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Notify, WRONG_STREAM, "timeout=1", OPEN_READ, ("timeout", "play", 3), "URL timed out after 1 s while waiting for the answer to play"),
    row(Notify, PUBLISHER_KILLED, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Notify, PUBLISHER_STOPS, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Notify, PUBLISHER_KILLED, "on-unpublish=error", READ, ("unpublished", "playing", 1), "The publisher of URL has left"),
    row(Notify, PUBLISHER_AWAY, "on-unpublish=wait", "waits", ("stream-eof", "playing", 1), ""),
    row(Notify, PUBLISHER_RESTARTS, "on-unpublish=wait", "plays on", ("stream-eof", "playing", 1), ""),
    row(Notify, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Notify, SERVER_STOPPED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Notify, SERVER_FROZEN, IDLE, EOS, ("idle", "playing", 1), ""),

    row(Flv, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Flv, ENDS, "", EOS, ("play-complete", "playing", 1), ""),
    row(Flv, ENDS, "on-unpublish=error", EOS, ("play-complete", "playing", 1), ""),
    row(Flv, ENDS, "on-unpublish=wait", EOS, ("play-complete", "playing", 1), ""),
    row(Flv, WRONG_APPLICATION, "", OPEN_READ, ("closed-early", "connect", 2), "URL closed the connection while waiting for the answer to connect"),
    row(Flv, WRONG_STREAM, "", NOT_FOUND, ("play-failed", "play", 4), "URL refused to play the stream: NetStream.Play.StreamNotFound"),
    row(Flv, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Flv, SERVER_STOPPED, "no-eof-is-error=true", READ, ("closed-without-eof", "playing", 1), "URL closed the connection without saying that the stream ended"),
    row(Flv, SERVER_FROZEN, IDLE, EOS, ("idle", "playing", 1), ""),
    row(Mp4, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Mp4, ENDS, "", EOS, ("play-complete", "playing", 1), ""),
    row(Mp4, ENDS, "on-unpublish=error", EOS, ("play-complete", "playing", 1), ""),
    row(Mp4, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Mp4, SERVER_FROZEN, IDLE_ERROR, READ, ("idle", "playing", 1), "No media came from URL for 2 s"),

    row(Away, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Away, PUBLISHER_KILLED, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Away, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Alias, PLAYS, "", "plays", ("", "playing", 1), ""),
    row(Alias, PUBLISHER_KILLED, "", EOS, ("stream-eof", "playing", 1), ""),
    row(Alias, PUBLISHER_RESTARTS, "on-unpublish=wait", "plays on", ("stream-eof", "playing", 1), ""),
    row(Forbidden, ASKED, "", OPEN_READ, ("closed-early", "play", 4), "URL closed the connection while waiting for the answer to play"),
    row(NoHook, ASKED, "", OPEN_READ, ("closed-early", "play", 4), "URL closed the connection while waiting for the answer to play"),
    row(Denied, ASKED, "", OPEN_READ, ("closed-early", "waiting", 4), "URL closed the connection while waiting for the first media"),
    row(Denied, ASKED, "fallbacks=false", OPEN_READ, ("closed-early", "waiting", 1), "URL closed the connection while waiting for the first media"),

    row(Ffmpeg, PLAYS, "", "plays", ("", "playing", 1), ""),
    // It has one stream and gives it under each name.
    row(Ffmpeg, OTHER_NAMES, "", "plays", ("", "playing", 1), ""),
    row(Ffmpeg, ENDS, "", EOS, ("fc-unpublish", "playing", 1), ""),
    row(Ffmpeg, ENDS, "no-eof-is-error=true", EOS, ("fc-unpublish", "playing", 1), ""),
    row(Ffmpeg, SERVER_KILLED, "", EOS, ("tcp-closed", "playing", 1), ""),
    row(Ffmpeg, SERVER_STOPPED, "", EOS, ("fc-unpublish", "playing", 1), ""),
    row(Ffmpeg, SERVER_FROZEN, IDLE, EOS, ("idle", "playing", 1), ""),
    row(Ffmpeg, FROZEN_EARLY, "timeout=1", OPEN_READ, ("timeout", "handshake", 2), "URL timed out after 1 s while waiting for the RTMP handshake"),
    row(Ffmpeg, RESET, "", READ, ("connection-lost", "playing", 1), "The connection to URL was lost"),

    row(Nobody, REFUSED, "", OPEN_READ, ("connection-refused", "connecting", 1), "The host of URL refused the connection"),
    row(Nobody, BLACK_HOLE, "timeout=1", OPEN_READ, ("timeout", "connecting", 1), "URL timed out after 1 s while opening the TCP connection"),
    row(Nobody, SWALLOWED, "timeout=1", OPEN_READ, ("timeout", "handshake", 2), "URL timed out after 1 s while waiting for the RTMP handshake"),
];

/// Prints what was observed, and returns what is not as it should be.
pub(super) fn print(results: &[Option<Observed>]) -> Vec<String> {
    let header = [
        "server",
        "situation",
        "result",
        "cause",
        "phase",
        "conns",
        "error text",
    ];
    let mut lines = vec![header.map(str::to_owned)];
    let mut wrong = Vec::new();
    for (row, observed) in ROWS.iter().zip(results) {
        let situation = format!("{} {}", row.situation.name, row.properties);
        let name = [row.server.to_string(), situation.trim_end().to_owned()];
        let shown = observed.clone().unwrap_or_else(|| Observed {
            result: "the row failed".to_owned(),
            ..Observed::default()
        });
        if let Some(why) = difference(row, &shown) {
            wrong.push(format!("{}: {}: {why}", name[0], name[1]));
        }
        let [server, situation] = name;
        lines.push([
            server,
            situation,
            shown.result,
            shown.cause,
            shown.phase,
            shown.connections.to_string(),
            shown.text,
        ]);
    }
    let widths: Vec<_> = (0..header.len())
        .map(|i| lines.iter().map(|line| line[i].chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    for line in &lines {
        let cells = line.iter().zip(&widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        println!("{}", cells.join("  ").trim_end());
    }
    wrong
}

fn difference(row: &Row, observed: &Observed) -> Option<String> {
    let is_right = observed.result == row.result
        && observed.cause == row.cause
        && observed.phase == row.phase
        && observed.connections == row.connections
        && observed.text.starts_with(row.text)
        && observed.text.is_empty() == row.text.is_empty();
    let expected = (row.result, row.cause, row.phase, row.connections, row.text);
    (!is_right).then(|| format!("expected {expected:?}, got {observed:?}"))
}
