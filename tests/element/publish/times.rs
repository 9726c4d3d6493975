// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Times on the wire.

use std::sync::mpsc;

use gstrtmpr::rtmp::session::MediaKind;

use super::sender::Sender;
use crate::media::{AAC, AVC_HEADER, INTER, KEYFRAME, tag};
use crate::server::Server;

/// The times that come for these of the tags: 9 is video, 8 is audio.
fn times(tags: &[(u8, u32)]) -> Vec<u32> {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    let sender = Sender::start(&server.location());
    for (i, (kind, time)) in tags.iter().enumerate() {
        let body = match (kind, i) {
            (8, _) => AAC,
            (_, 0) => KEYFRAME,
            _ => INTER,
        };
        sender.push(&tag(*kind, *time, body));
    }
    sender.finish();
    let media = told.recv().expect("media");
    let is_media = |kind: MediaKind| matches!(kind, MediaKind::Audio | MediaKind::Video);
    media
        .iter()
        .filter(|came| is_media(came.0))
        .map(|came| came.1)
        .collect()
}

#[test]
fn the_first_medium_is_at_zero_and_tracks_never_fall() {
    let tags = [(9, 5000), (8, 5010), (9, 5080), (9, 5040), (8, 5030)];
    assert_eq!(times(&tags), [0, 10, 80, 80, 30]);
}

#[test]
fn extended_timestamps_are_right() {
    // Beyond 24 bits on the wire, and over the edge of 32.
    let start = 0xFFFF_FFF0u32;
    let steps = [
        0,
        0x00FF_FFFE,
        0x00FF_FFFF,
        0x0100_0000,
        0x7FFF_FFFF,
        0x8000_0000,
    ];
    let tags: Vec<_> = steps
        .iter()
        .flat_map(|step: &u32| {
            [
                (9, start.wrapping_add(*step)),
                (8, start.wrapping_add(*step)),
            ]
        })
        .collect();
    let expected: Vec<_> = steps.iter().flat_map(|step| [*step, *step]).collect();
    assert_eq!(times(&tags), expected);
}

#[test]
fn weeks_wrap_on_the_wire() {
    let day = 86_400_000u32;
    let tags: Vec<_> = (0..60).map(|i: u32| (9, i.wrapping_mul(day))).collect();
    let expected: Vec<_> = (0..60).map(|i: u32| i.wrapping_mul(day)).collect();
    assert_eq!(times(&tags), expected);
}

#[test]
fn headers_have_the_time_of_what_follows() {
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    let sender = Sender::start(&server.location());
    sender.push(&tag(9, 0, AVC_HEADER));
    sender.push(&tag(9, 7000, KEYFRAME));
    sender.push(&tag(9, 7040, INTER));
    let other = [AVC_HEADER, &[1]].concat();
    sender.push(&tag(9, 7080, &other));
    sender.push(&tag(9, 7080, KEYFRAME));
    sender.finish();
    let media = told.recv().expect("media");
    let times: Vec<_> = media.iter().map(|came| came.1).collect();
    assert_eq!(times, [0, 0, 40, 40, 80]);
}
