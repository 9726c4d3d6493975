// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Bodies of media messages.

use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;

use crate::server::Peer;

/// AVC sequence header: baseline profile, one SPS, one PPS.
pub(crate) const AVC_HEADER: &[u8] = &[
    0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 4, 0x67, 0x42, 0, 0x1E, 1, 0, 2, 0x68, 0xCE,
];

/// AAC sequence header: AAC-LC, 44.1 kHz, stereo.
pub(crate) const AAC_HEADER: &[u8] = &[0xAF, 0, 0x12, 0x10];

/// A key frame that is presented 40 ms after its decoding time.
pub(crate) const KEYFRAME: &[u8] = &[0x17, 1, 0, 0, 40, 0, 0, 0, 2, 0x65, 0x88];

/// An inter frame.
pub(crate) const INTER: &[u8] = &[0x27, 1, 0, 0, 0, 0, 0, 0, 2, 0x41, 0x9A];

/// An AAC frame.
pub(crate) const AAC: &[u8] = &[0xAF, 1, 0x21, 0x10, 4, 0x60];

/// `onMetaData` that names audio and video.
pub(crate) fn metadata() -> Vec<u8> {
    let object = Object::new()
        .with("width", 320.0)
        .with("height", 240.0)
        .with("videocodecid", 7.0)
        .with("audiocodecid", 10.0);
    amf0::encode_all([&Value::from("onMetaData"), &Value::from(object)]).to_vec()
}

/// The start of a stream as servers send it: metadata and sequence headers.
pub(crate) fn send_headers(peer: &mut Peer, stream: StreamId, timestamp: u32) {
    peer.media(stream, MediaKind::Data, 0, &metadata());
    peer.media(stream, MediaKind::Video, timestamp, AVC_HEADER);
    peer.media(stream, MediaKind::Audio, timestamp, AAC_HEADER);
}

/// An FLV tag as it must come out of the element.
pub(crate) fn tag(kind: u8, timestamp: u32, body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len())
        .expect("a small body")
        .to_be_bytes();
    let time = timestamp.to_be_bytes();
    let mut tag = vec![
        kind, size[1], size[2], size[3], time[1], time[2], time[3], time[0],
    ];
    tag.extend_from_slice(&[0; 3]);
    tag.extend_from_slice(body);
    let back = u32::try_from(tag.len()).expect("a small tag");
    tag.extend_from_slice(&back.to_be_bytes());
    tag
}
