// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Chunks as no honest peer writes them.

use std::io::Write;

use gstrtmpr::rtmp::message::StreamId;

use crate::server::Peer;

pub(crate) const AUDIO: u8 = 8;
pub(crate) const VIDEO: u8 = 9;
pub(crate) const DATA_AMF3: u8 = 15;
pub(crate) const DATA: u8 = 18;
pub(crate) const COMMAND: u8 = 20;
pub(crate) const AGGREGATE: u8 = 22;

/// Longest message.
pub(crate) const LONGEST: usize = 0x00FF_FFFF;

/// Set Chunk Size. Not on chunk stream 2: what a session sends there behind it builds on
/// its own last header.
pub(crate) fn chunk_size(size: usize) -> Vec<u8> {
    let size = u32::try_from(size).expect("a size").to_be_bytes();
    message(1, StreamId(0), &size)
}

/// The largest one: a message is one chunk from then on. What a session sends has to be
/// shorter than its own chunk size.
pub(crate) fn whole_messages() -> Vec<u8> {
    chunk_size(LONGEST)
}

/// A fmt 0 header on chunk stream 64 + `csid`.
pub(crate) fn header(csid: u16, kind: u8, stream: StreamId, length: usize) -> Vec<u8> {
    let length = u32::try_from(length).expect("a length").to_be_bytes();
    let mut bytes = vec![1];
    bytes.extend_from_slice(&csid.to_le_bytes());
    bytes.extend_from_slice(&[0, 0, 0]);
    bytes.extend_from_slice(&length[1..]);
    bytes.push(kind);
    bytes.extend_from_slice(&stream.0.to_le_bytes());
    bytes
}

/// A whole message in one chunk.
pub(crate) fn message(kind: u8, stream: StreamId, body: &[u8]) -> Vec<u8> {
    [&header(0, kind, stream, body.len())[..], body].concat()
}

/// A part of an aggregate.
pub(crate) fn part(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a length").to_be_bytes();
    let mut bytes = vec![kind, length[1], length[2], length[3]];
    bytes.extend_from_slice(&[0; 7]);
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(&[0; 4]);
    bytes
}

/// Sends bytes; false once the client has gone.
pub(crate) fn send(peer: &mut Peer, bytes: &[u8]) -> bool {
    peer.stream.write_all(bytes).is_ok()
}

/// Sends the same again and again, until the client has gone.
pub(crate) fn flood(peer: &mut Peer, bytes: &[u8]) {
    while send(peer, bytes) {}
}

/// Says that the stream has ended, and closes.
pub(crate) fn end(peer: &mut Peer, stream: StreamId) {
    peer.session.end_play(stream);
    peer.close();
}
