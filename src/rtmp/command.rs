// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Command messages (types 20 and 17; RTMP 1.0, 7.1.1 and 7.2): name,
//! transaction id, command object, arguments.
//!
//! Reading is lenient, as every deployed player is: whatever could be decoded
//! before a mistake counts, and missing parts read as null.

use bytes::BytesMut;

use super::amf::{self, Object, Value};
use super::message::MessageType;
use super::payload::Payload;
use super::status::Status;
use super::{amf0, amf3};

/// A command or an answer to one.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// Its name, or `_result` or `_error` for an answer.
    pub name: String,
    /// The number that an answer repeats; 0 asks for none.
    pub transaction: f64,
    /// The command object, mostly null.
    pub object: Value,
    /// What follows.
    pub arguments: Vec<Value>,
}

impl Command {
    /// A command without arguments.
    pub fn new(name: &str, transaction: f64) -> Self {
        Self {
            name: name.to_owned(),
            transaction,
            object: Value::Null,
            arguments: Vec::new(),
        }
    }

    /// Sets the command object.
    pub fn object(mut self, object: Object) -> Self {
        self.object = object.into();
        self
    }

    /// Adds an argument.
    pub fn argument(mut self, value: impl Into<Value>) -> Self {
        self.arguments.push(value.into());
        self
    }

    /// `onStatus` with transaction id 0.
    pub fn on_status(status: &Status) -> Self {
        Self::new("onStatus", 0.0).argument(status.information.clone())
    }

    /// Reads a command message. The second part tells what of it could not be
    /// read; the values before that are kept.
    pub fn decode(kind: MessageType, body: &[u8]) -> (Option<Self>, Option<amf::Error>) {
        let (values, error) = decode_values(kind, body);
        let mut values = values.into_iter();
        let Some(Value::String(name)) = values.next() else {
            return (None, error);
        };
        let mut rest = values.peekable();
        // FMS sends onStatus without transaction id as a data message; some
        // servers leave it out of commands too.
        let transaction = match rest.peek().and_then(Value::as_f64) {
            Some(number) => {
                rest.next();
                number
            }
            None => 0.0,
        };
        let command = Self {
            name,
            transaction,
            object: rest.next().unwrap_or(Value::Null),
            arguments: rest.collect(),
        };
        (Some(command), error)
    }

    /// The body of an AMF0 command message.
    pub fn encode(&self) -> Payload {
        let mut out = BytesMut::new();
        for value in [
            &Value::from(self.name.as_str()),
            &Value::Number(self.transaction),
            &self.object,
        ]
        .into_iter()
        .chain(&self.arguments)
        {
            amf0::encode(value, &mut out);
        }
        Payload::from(&out[..])
    }

    /// The status in the command object or the arguments.
    pub fn status(&self) -> Option<Status> {
        Status::find(std::iter::once(&self.object).chain(&self.arguments))
    }

    /// The argument at `index`, counted from 0, if it is a string: at 0, the
    /// stream name of `play` and its like.
    pub fn string_argument(&self, index: usize) -> Option<&str> {
        self.arguments.get(index).and_then(Value::as_str)
    }

    /// The argument at `index`, counted from 0, as a number.
    pub fn number_argument(&self, index: usize) -> Option<f64> {
        self.arguments.get(index).and_then(Value::as_f64)
    }
}

/// The values of a command or data message.
pub fn decode_values(kind: MessageType, body: &[u8]) -> (Vec<Value>, Option<amf::Error>) {
    match kind {
        MessageType::CommandAmf3 | MessageType::DataAmf3 => amf3::decode_message(body),
        _ => amf0::decode_lenient(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtmp::message::StreamId;
    use crate::rtmp::status::StatusCode;
    use crate::rtmp::vectors::hex;

    fn decode(body: &str) -> Command {
        let (command, error) = Command::decode(MessageType::CommandAmf0, &hex(body));
        assert_eq!(error, None);
        command.expect("a command")
    }

    const CREATE_STREAM: &str =
        "02 00 0C 63 72 65 61 74 65 53 74 72 65 61 6D 00 40 00 00 00 00 00 00 00 05";
    const CREATE_STREAM_RESULT: &str =
        "02 00 07 5F 72 65 73 75 6C 74 00 40 00 00 00 00 00 00 00 05 00 3F F0 00 00 00 00 00 00";
    const PLAY: &str = "02 00 04 70 6C 61 79 00 00 00 00 00 00 00 00 00 05 02 00 09 73 3F 74 6F 6B 65 6E 3D 31 00 C0 9F 40 00 00 00 00 00";
    const PUBLISH: &str = "02 00 07 70 75 62 6C 69 73 68 00 40 14 00 00 00 00 00 00 05 02 00 01 73 02 00 04 6C 69 76 65";
    const PLAY_START: &str = "02 00 08 6F 6E 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05 03 00 05 6C 65 76 65 6C 02 00 06 73 74 61 74 75 73 00 04 63 6F 64 65 02 00 14 4E 65 74 53 74 72 65 61 6D 2E 50 6C 61 79 2E 53 74 61 72 74 00 00 09";
    const CONNECT: &str = "02 00 07 63 6F 6E 6E 65 63 74 00 3F F0 00 00 00 00 00 00 03 00 03 61 70 70 02 00 04 6C 69 76 65 00 05 74 63 55 72 6C 02 00 0D 72 74 6D 70 3A 2F 2F 68 2F 6C 69 76 65 00 00 09";
    const REDIRECT: &str = "02 00 06 5F 65 72 72 6F 72 00 3F F0 00 00 00 00 00 00 05 03 00 05 6C 65 76 65 6C 02 00 05 65 72 72 6F 72 00 04 63 6F 64 65 02 00 1E 4E 65 74 43 6F 6E 6E 65 63 74 69 6F 6E 2E 43 6F 6E 6E 65 63 74 2E 52 65 6A 65 63 74 65 64 00 0B 64 65 73 63 72 69 70 74 69 6F 6E 02 00 05 6D 6F 76 65 64 00 02 65 78 03 00 04 63 6F 64 65 00 40 72 E0 00 00 00 00 00 00 08 72 65 64 69 72 65 63 74 02 00 0D 72 74 6D 70 3A 2F 2F 62 2F 6C 69 76 65 00 00 09 00 00 09";
    const AMF3_STATUS: &str = "00 02 00 08 6F 6E 53 74 61 74 75 73 00 00 00 00 00 00 00 00 00 05 11 0A 0B 01 09 63 6F 64 65 06 05 6F 6B 03 6E 04 05 01";

    #[test]
    fn commands_are_encoded_as_known_peers_encode_them() {
        for (command, bytes) in [
            (Command::new("createStream", 2.0), CREATE_STREAM),
            (
                Command::new("_result", 2.0).argument(1.0),
                CREATE_STREAM_RESULT,
            ),
            (
                Command::new("play", 0.0)
                    .argument("s?token=1")
                    .argument(-2000.0),
                PLAY,
            ),
            (
                Command::new("publish", 5.0).argument("s").argument("live"),
                PUBLISH,
            ),
            (
                Command::new("connect", 1.0).object(
                    Object::new()
                        .with("app", "live")
                        .with("tcUrl", "rtmp://h/live"),
                ),
                CONNECT,
            ),
        ] {
            assert_eq!(command.encode().as_slice(), hex(bytes), "{}", command.name);
            assert_eq!(decode(bytes), command);
        }
    }

    #[test]
    fn the_status_of_answers_is_found() {
        let status = decode(PLAY_START).status().expect("a status");
        assert_eq!(status.code, StatusCode::PlayStart);

        let status = decode(REDIRECT).status().expect("a status");
        assert_eq!(status.code, StatusCode::ConnectRejected);
        let redirect = status
            .information
            .get("ex")
            .and_then(Value::as_object)
            .and_then(|ex| ex.get("redirect"));
        assert_eq!(redirect.and_then(Value::as_str), Some("rtmp://b/live"));
    }

    #[test]
    fn amf3_command_is_read_like_an_amf0_one() {
        let (command, error) = Command::decode(MessageType::CommandAmf3, &hex(AMF3_STATUS));
        assert_eq!(error, None);
        let command = command.expect("a command");
        assert_eq!(command.name, "onStatus");
        let status = command.status().expect("a status");
        assert_eq!(status.code, StatusCode::Other("ok".to_owned()));
    }

    #[test]
    fn truncation_keeps_what_came_before_and_never_panics() {
        let bytes = hex(REDIRECT);
        for length in 0..bytes.len() {
            let (command, _) = Command::decode(MessageType::CommandAmf0, &bytes[..length]);
            if length >= 18 {
                let command = command.expect("name and transaction are there");
                assert_eq!(
                    (command.name.as_str(), command.transaction),
                    ("_error", 1.0)
                );
            }
        }
    }

    #[test]
    fn a_name_that_is_no_string_is_no_command() {
        let (command, _) = Command::decode(MessageType::CommandAmf0, &hex("05 05 05"));
        assert_eq!(command, None);
        assert_ne!(StreamId(1), StreamId::CONNECTION);
    }

    #[test]
    fn a_missing_transaction_id_reads_as_zero() {
        // "onStatus", {code: "x"}
        let body =
            hex("02 00 08 6F 6E 53 74 61 74 75 73 03 00 04 63 6F 64 65 02 00 01 78 00 00 09");
        let (command, _) = Command::decode(MessageType::CommandAmf0, &body);
        let command = command.expect("a command");
        assert_eq!(command.transaction, 0.0);
        assert!(command.status().is_some());
    }
}
