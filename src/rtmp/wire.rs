// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The other end of the line in tests: bytes of any message to be received,
//! and what was sent as one short line of text for each message.

use bytes::BytesMut;

use super::amf::Value;
use super::chunk::{AUDIO_CSID, COMMAND_CSID, CONTROL_CSID, ChunkReader, ChunkWriter, Csid};
use super::command::{Command, decode_values};
use super::message::{Message, MessageHeader, MessageType, ProtocolControl, StreamId};
use super::user_control::UserControl;

/// S0, S1 and S2 that echo nothing; with C0, C1 and C2 it is the same.
pub(crate) fn handshake() -> Vec<u8> {
    [&[3][..], &[0; 2 * 1536]].concat()
}

/// Collects messages as chunks.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    writer: ChunkWriter,
    out: BytesMut,
}

impl Wire {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn message(
        mut self,
        csid: Csid,
        stream_id: StreamId,
        kind: MessageType,
        timestamp: u32,
        body: &[u8],
    ) -> Self {
        let header = MessageHeader {
            timestamp,
            kind,
            stream_id,
            csid,
        };
        self.writer.write(&mut self.out, &header, body);
        self
    }

    /// A message whose time and chunk stream do not matter.
    pub(crate) fn typed(self, kind: MessageType, stream: StreamId, body: &[u8]) -> Self {
        self.message(AUDIO_CSID, stream, kind, 0, body)
    }

    pub(crate) fn control(self, control: &ProtocolControl) -> Self {
        let (kind, body) = control.encode();
        let mut wire = self.message(CONTROL_CSID, StreamId::CONNECTION, kind, 0, body.as_slice());
        if let ProtocolControl::SetChunkSize(size) = *control {
            wire.writer.set_chunk_size(size);
        }
        wire
    }

    pub(crate) fn user_control(self, event: &UserControl) -> Self {
        let body = event.encode();
        self.message(
            CONTROL_CSID,
            StreamId::CONNECTION,
            MessageType::UserControl,
            0,
            body.as_slice(),
        )
    }

    pub(crate) fn command(self, stream: StreamId, command: &Command) -> Self {
        let body = command.encode();
        self.message(
            COMMAND_CSID,
            stream,
            MessageType::CommandAmf0,
            0,
            body.as_slice(),
        )
    }

    /// The bytes since the last call; header and chunk size state go on.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        self.out.split().to_vec()
    }

    pub(crate) fn bytes(mut self) -> Vec<u8> {
        self.take()
    }
}

/// Reads what one side has sent behind its handshake.
#[derive(Debug, Default)]
pub(crate) struct Sent {
    reader: ChunkReader,
}

impl Sent {
    /// The messages in the next bytes.
    pub(crate) fn messages(&mut self, mut bytes: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.reader.read(&mut bytes).expect("we send what is legal") {
            let body = message.payload.as_slice();
            if let Ok(Some(ProtocolControl::SetChunkSize(size))) =
                ProtocolControl::parse(message.header.kind, body)
            {
                self.reader.set_chunk_size(size);
            }
            messages.push(message);
        }
        messages
    }

    /// The same as text.
    pub(crate) fn lines(&mut self, bytes: &[u8]) -> Vec<String> {
        self.messages(bytes).iter().map(describe).collect()
    }
}

/// A message in one line: what it is, and where it was sent.
pub(crate) fn describe(message: &Message) -> String {
    let MessageHeader {
        timestamp,
        kind,
        stream_id,
        csid,
    } = message.header;
    let body = message.payload.as_slice();
    let what = match kind {
        MessageType::CommandAmf0
        | MessageType::CommandAmf3
        | MessageType::DataAmf0
        | MessageType::DataAmf3 => {
            let (values, error) = decode_values(kind, body);
            assert_eq!(error, None, "we send what can be decoded");
            let values: Vec<String> = values.iter().map(show).collect();
            values.join(" ")
        }
        MessageType::UserControl => match UserControl::parse(body) {
            Some(event) => format!("{event:?}"),
            None => panic!("a short user control message was sent"),
        },
        kind => match ProtocolControl::parse(kind, body) {
            Ok(Some(control)) => format!("{control:?}"),
            _ => format!("{kind:?} {body:02x?}"),
        },
    };
    format!("{csid}/{stream_id} @{timestamp} {what}")
}

fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::Undefined => "undefined".to_owned(),
        other => match other.as_object() {
            Some(object) => {
                let members = object
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", show(value)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
            None => format!("{other:?}"),
        },
    }
}
