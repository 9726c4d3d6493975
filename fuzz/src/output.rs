// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a session has sent, read as its peer would.

use gstrtmpr::rtmp::chunk::ChunkReader;
use gstrtmpr::rtmp::command::decode_values;
use gstrtmpr::rtmp::message::{Message, MessageType, ProtocolControl};
use gstrtmpr::rtmp::session::Session;
use gstrtmpr::rtmp::user_control::UserControl;

/// C0, C1 and C2, or S0, S1 and S2.
pub(super) const HANDSHAKE: usize = 1 + 2 * 1536;

/// Both sides' handshake with echoes of nothing, which nobody refuses.
pub(super) fn handshake() -> Vec<u8> {
    let mut bytes = vec![3];
    bytes.resize(HANDSHAKE, 0);
    bytes
}

/// Everything that waits to be sent.
pub(super) fn take(session: &mut impl Session) -> Vec<u8> {
    let pieces = std::iter::from_fn(|| session.poll_transmit());
    pieces.fold(Vec::new(), |mut all, piece| {
        assert!(!piece.is_empty());
        all.extend_from_slice(&piece);
        all
    })
}

/// The messages behind the handshake. All of them can be read, and what is in
/// them too.
pub(super) fn messages(sent: &[u8]) -> Vec<Message> {
    let mut bytes = sent.get(HANDSHAKE..).unwrap_or_default();
    let mut reader = ChunkReader::default();
    let mut messages = Vec::new();
    while let Some(message) = reader.read(&mut bytes).expect("legal chunks are sent") {
        let body = message.payload.as_slice();
        match message.header.kind {
            MessageType::CommandAmf0 | MessageType::DataAmf0 => {
                let (_, error) = decode_values(message.header.kind, body);
                assert_eq!(error, None, "{message:?}");
            }
            MessageType::UserControl => assert!(UserControl::parse(body).is_some()),
            kind => match ProtocolControl::parse(kind, body) {
                Ok(Some(ProtocolControl::SetChunkSize(size))) => reader.set_chunk_size(size),
                Ok(Some(_)) => {}
                other => panic!("{other:?}: {message:?}"),
            },
        }
        messages.push(message);
    }
    assert!(reader.is_at_message_boundary());
    assert_eq!(reader.poll_oddity(), None);
    messages
}
