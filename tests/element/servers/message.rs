// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Single messages, as raw as they go over the wire.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::{MessageType, PeerBandwidthLimit, ProtocolControl, StreamId};
use gstrtmpr::rtmp::user_control::UserControl;

use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, tag};

/// Transaction ids of the client's calls.
pub(super) const CONNECT: f64 = 1.0;
pub(super) const CREATE_STREAM: f64 = 2.0;
pub(super) const PLAY: f64 = 3.0;
/// The first call beside these, such as FCSubscribe.
pub(super) const SIDE_CALL: f64 = 1000.0;

/// Names of message types that tests ask for by number.
pub(super) const DATA_AMF3: u8 = 15;
pub(super) const COMMAND_AMF3: u8 = 17;

/// One message of a server.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) csid: u32,
    pub(super) stream: u32,
    pub(super) kind: MessageType,
    pub(super) time: u32,
    pub(super) body: Vec<u8>,
}

impl Said {
    /// The same on another message stream.
    pub(super) fn on(self, stream: u32) -> Self {
        Self { stream, ..self }
    }

    /// The same with the message type that allows AMF3, behind a format byte.
    pub(super) fn in_amf3(self) -> Self {
        let kind = match self.kind {
            MessageType::CommandAmf0 => COMMAND_AMF3,
            MessageType::DataAmf0 => DATA_AMF3,
            other => panic!("{other:?} has no AMF3 form"),
        };
        Self {
            kind: kind.into(),
            body: [&[0], &self.body[..]].concat(),
            ..self
        }
    }
}

pub(super) fn message(csid: u32, stream: u32, kind: u8, time: u32, body: &[u8]) -> Said {
    Said {
        csid,
        stream,
        kind: kind.into(),
        time,
        body: body.to_vec(),
    }
}

fn control(control: &ProtocolControl) -> Said {
    let (kind, body) = control.encode();
    message(2, 0, kind.into(), 0, body.as_slice())
}

/// Window Acknowledgement Size.
pub(super) fn window(size: u32) -> Said {
    control(&ProtocolControl::WindowAckSize(size))
}

/// Set Peer Bandwidth, dynamic as all servers send it.
pub(super) fn bandwidth(size: u32) -> Said {
    let limit = PeerBandwidthLimit::Dynamic;
    control(&ProtocolControl::SetPeerBandwidth(size, limit))
}

/// Set Chunk Size.
pub(super) fn chunk_size(size: u32) -> Said {
    control(&ProtocolControl::SetChunkSize(size))
}

pub(super) fn user(event: &UserControl) -> Said {
    message(2, 0, 4, 0, event.encode().as_slice())
}

pub(super) fn begin(stream: u32) -> Said {
    user(&UserControl::StreamBegin(StreamId(stream)))
}

pub(super) fn recorded(stream: u32) -> Said {
    user(&UserControl::StreamIsRecorded(StreamId(stream)))
}

pub(super) fn eof(stream: u32) -> Said {
    user(&UserControl::StreamEof(StreamId(stream)))
}

pub(super) fn command(csid: u32, stream: u32, command: &Command) -> Said {
    message(csid, stream, 20, 0, command.encode().as_slice())
}

/// A call on the NetConnection that wants no answer.
pub(super) fn call(name: &str) -> Said {
    command(3, 0, &Command::new(name, 0.0))
}

/// `_result` for `connect`.
pub(super) fn connected(properties: Object, information: Object) -> Said {
    let answer = Command::new("_result", CONNECT).object(properties);
    command(3, 0, &answer.argument(information))
}

/// The information object of an accepted `connect`, as far as all servers agree.
pub(super) fn success() -> Object {
    Object::new()
        .with("level", "status")
        .with("code", "NetConnection.Connect.Success")
        .with("description", "Connection succeeded.")
}

/// `_result` for `createStream`.
pub(super) fn created(stream: u32) -> Said {
    let answer = Command::new("_result", CREATE_STREAM);
    command(3, 0, &answer.argument(f64::from(stream)))
}

/// A status object without more than level and code.
pub(super) fn status(code: &str) -> Object {
    Object::new().with("level", "status").with("code", code)
}

/// `onStatus` with transaction id 0.
pub(super) fn on_status(csid: u32, stream: u32, information: Object) -> Said {
    let status = Command::new("onStatus", 0.0).argument(information);
    command(csid, stream, &status)
}

pub(super) fn data<const N: usize>(csid: u32, stream: u32, values: [Value; N]) -> Said {
    message(csid, stream, 18, 0, &amf0::encode_all(&values))
}

/// The permission to look at samples, without which Flash shows nothing.
pub(super) fn sample_access(csid: u32, stream: u32) -> Said {
    let name = "|RtmpSampleAccess".into();
    data(csid, stream, [name, true.into(), true.into()])
}

/// NetStream.Data.Start, as a data message.
pub(super) fn data_start(csid: u32, stream: u32) -> Said {
    let information = status("NetStream.Data.Start");
    data(csid, stream, ["onStatus".into(), information.into()])
}

pub(super) fn audio(csid: u32, stream: u32, time: u32, body: &[u8]) -> Said {
    message(csid, stream, 8, time, body)
}

pub(super) fn video(csid: u32, stream: u32, time: u32, body: &[u8]) -> Said {
    message(csid, stream, 9, time, body)
}

/// A key frame, an audio frame and an inter frame, from this time on.
pub(super) fn frames(audio_csid: u32, video_csid: u32, stream: u32, start: u32) -> Vec<Said> {
    vec![
        video(video_csid, stream, start, KEYFRAME),
        audio(audio_csid, stream, start + 5, AAC),
        video(video_csid, stream, start + 40, INTER),
    ]
}

/// What must come out of [`frames`].
pub(super) fn frame_tags(start: u32) -> Vec<Vec<u8>> {
    vec![
        tag(9, start, KEYFRAME),
        tag(8, start + 5, AAC),
        tag(9, start + 40, INTER),
    ]
}

/// The sequence headers as they come out, video first.
pub(super) fn header_tags(time: u32) -> Vec<Vec<u8>> {
    vec![tag(9, time, AVC_HEADER), tag(8, time, AAC_HEADER)]
}
