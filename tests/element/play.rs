// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What comes out: bytes, times, flags, caps, and what demuxers make of it.

use gst::prelude::*;
use gstrtmpr::rtmp::session::MediaKind;

use crate::media::{AAC, AAC_HEADER, AVC_HEADER, INTER, KEYFRAME, metadata, send_headers, tag};
use crate::player::{Ended, Player, bytes, is_frame};
use crate::server::Server;

const FLV_HEADER: &[u8] = &[b'F', b'L', b'V', 1, 5, 0, 0, 0, 9, 0, 0, 0, 0];

/// Headers and three frames, then a clean end.
fn short_stream(start: u32) -> Server {
    Server::playing(move |peer, stream| {
        send_headers(peer, stream, start);
        peer.media(stream, MediaKind::Video, start, KEYFRAME);
        peer.media(stream, MediaKind::Audio, start + 5, AAC);
        peer.media(stream, MediaKind::Video, start + 40, INTER);
        peer.session.end_play(stream);
        peer.close();
    })
}

#[test]
fn output_is_one_flv_header_and_every_tag_byte_for_byte() {
    let server = short_stream(1000);
    let player = Player::new(&server.location());
    player.play();
    let expected = [
        FLV_HEADER.to_vec(),
        tag(18, 0, &metadata()),
        tag(9, 1000, AVC_HEADER),
        tag(8, 1000, AAC_HEADER),
        tag(9, 1000, KEYFRAME),
        tag(8, 1005, AAC),
        tag(9, 1040, INTER),
    ];
    let buffers = player.rest();
    assert_eq!(buffers.len(), expected.len(), "one buffer each");
    assert_eq!(bytes(&buffers), expected.concat());
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn buffers_carry_times_and_flags() {
    let server = short_stream(1000);
    let player = Player::new(&server.location());
    player.play();
    let ms = |time: Option<gst::ClockTime>| time.map(gst::ClockTime::mseconds);
    let seen: Vec<_> = player
        .rest()
        .iter()
        .map(|buffer| {
            let has = |flag| buffer.flags().contains(flag);
            (
                ms(buffer.dts()),
                ms(buffer.pts()),
                has(gst::BufferFlags::HEADER),
                has(gst::BufferFlags::DELTA_UNIT),
                has(gst::BufferFlags::DISCONT),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (Some(1000), Some(1000), true, false, true),
            (Some(1000), Some(1000), true, false, false),
            (Some(1000), Some(1000), true, false, false),
            (Some(1000), Some(1000), true, false, false),
            (Some(1000), Some(1040), false, false, false),
            (Some(1005), Some(1005), false, false, false),
            (Some(1040), Some(1040), false, true, false),
        ]
    );
}

#[test]
fn flvdemux_finds_both_tracks_and_their_times() {
    let server = short_stream(5000);
    crate::init();
    let description = format!(
        "rtmprsrc is-live=false location={} ! flvdemux name=d  \
         d.video ! appsink name=video sync=false async=false wait-on-eos=false  \
         d.audio ! appsink name=audio sync=false async=false wait-on-eos=false",
        server.location()
    );
    let pipeline = gst::parse::launch(&description).expect("a pipeline");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("it starts");
    for (name, times) in [("video", &[5000, 5040][..]), ("audio", &[5005])] {
        let sink = pipeline.by_name(name).expect("the sink");
        let sink = sink.downcast::<gst_app::AppSink>().expect("an appsink");
        let seen: Vec<_> = std::iter::from_fn(|| {
            let sample = sink.try_pull_sample(gst::ClockTime::from_seconds(60))?;
            sample.buffer()?.dts_or_pts().map(gst::ClockTime::mseconds)
        })
        .collect();
        assert_eq!(seen, times, "{name}");
    }
    pipeline.set_state(gst::State::Null).expect("it stops");
}

#[test]
fn caps_segment_and_queries_are_those_of_a_network_flv_source() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.buffers(5);

    let pad = player.source.static_pad("src").expect("the pad");
    let caps = pad.current_caps().expect("caps");
    assert!(caps.is_strictly_equal(&gst::Caps::builder("video/x-flv").build()));
    let segment = pad.sticky_event::<gst::event::Segment>(0).expect("segment");
    assert_eq!(segment.segment().format(), gst::Format::Time);

    let mut scheduling = gst::query::Scheduling::new();
    assert!(pad.query(&mut scheduling));
    let (flags, ..) = scheduling.result();
    assert!(flags.contains(gst::SchedulingFlags::BANDWIDTH_LIMITED));
    assert!(flags.contains(gst::SchedulingFlags::SEQUENTIAL));
    assert!(!flags.contains(gst::SchedulingFlags::SEEKABLE));
    assert!(scheduling.has_scheduling_mode(gst::PadMode::Push));

    let mut seeking = gst::query::Seeking::new(gst::Format::Time);
    let seekable = pad.query(&mut seeking) && seeking.result().0;
    assert!(!seekable, "a live stream cannot be sought");

    let mut latency = gst::query::Latency::new();
    assert!(pad.query(&mut latency));
    assert!(!latency.result().0, "not a live source");

    let position = pad.query_position::<gst::format::Bytes>();
    assert_eq!(position.map(u64::from), Some(bytes(&buffers).len() as u64));

    let mut uri = gst::query::Uri::new();
    assert!(pad.query(&mut uri));
    assert_eq!(uri.uri().as_deref(), Some(server.location().as_str()));
}

#[test]
fn stats_tell_each_milestone_in_order() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.serve();
    });
    let player = Player::new(&server.location());
    let before = player.stats();
    assert_eq!(before.get::<u64>("in-bytes-total"), Ok(0));
    assert!(!before.has_field("phase"), "nothing has begun");
    player.play();
    player.buffers(5);
    let stats = player.stats();
    let times: Vec<u64> = [
        "resolved-time",
        "tcp-connected-time",
        "handshake-time",
        "connected-time",
        "stream-created-time",
        "play-started-time",
        "first-media-time",
    ]
    .iter()
    .map(|name| stats.get(*name).expect("the milestone was reached"))
    .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(stats.get::<&str>("phase"), Ok("playing"));
    assert_eq!(stats.get::<u32>("in-chunk-size"), Ok(4096));
    assert_eq!(stats.get::<u32>("in-window-ack-size"), Ok(2_500_000));
    assert_eq!(stats.get::<u32>("out-window-ack-size"), Ok(2_500_000));
    assert!(stats.get::<u64>("in-bytes-total").expect("counted") > 100);
    assert!(stats.get::<u64>("out-bytes-total").expect("counted") > 100);
    player.set_state(gst::State::Null);
    let after = player.stats();
    assert_eq!(
        after.get::<u64>("in-bytes-total"),
        stats.get("in-bytes-total")
    );
}

#[test]
fn num_buffers_counts_single_buffers() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        for i in 0..100 {
            peer.media(stream, MediaKind::Video, i * 40, KEYFRAME);
        }
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.source.set_property("num-buffers", 7);
    player.play();
    assert_eq!(player.rest().len(), 7);
}

#[test]
fn media_in_an_aggregate_come_out_as_single_tags() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        let aggregate = [tag(9, 700, KEYFRAME), tag(8, 710, AAC)].concat();
        peer.media(stream, MediaKind::Aggregate, 100, &aggregate);
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.rest();
    let expected = [tag(9, 100, KEYFRAME), tag(8, 110, AAC)].concat();
    assert_eq!(bytes(&buffers[4..]), expected);
}

#[test]
fn what_would_break_a_demuxer_is_left_out_and_play_goes_on() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Audio, 10, &[]);
        peer.media(stream, MediaKind::Video, 10, &[]);
        peer.media(stream, MediaKind::Video, 10, &[0x17, 2, 0, 0, 0]);
        peer.media(stream, MediaKind::Video, 10, &[0x57, 1]);
        peer.media(stream, MediaKind::Video, 20, KEYFRAME);
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    let buffers = player.rest();
    assert_eq!(bytes(&buffers[4..]), tag(9, 20, KEYFRAME));
}

#[test]
fn without_async_connect_the_server_is_called_for_the_first_buffer() {
    let server = short_stream(0);
    let player = Player::new(&server.location());
    player.source.set_property("async-connect", false);
    player.play();
    assert_eq!(player.rest().len(), 7);
}

#[test]
fn one_element_plays_again_and_again() {
    let server = short_stream(0);
    let player = Player::new(&server.location());
    for _ in 0..20 {
        player.play();
        assert_eq!(player.rest().len(), 7);
        // NULL, as an appsink keeps its end of stream in READY.
        player.set_state(gst::State::Null);
    }
}

#[test]
fn one_kind_of_media_followed_by_silence_comes_out_as_well() {
    // The file header waits for a second kind; not for ever.
    let server = Server::playing(|peer, stream| {
        peer.media(stream, MediaKind::Audio, 0, AAC_HEADER);
        peer.media(stream, MediaKind::Audio, 0, AAC);
        peer.serve();
    });
    let player = Player::new(&server.location());
    player.play();
    let expected = [
        vec![b'F', b'L', b'V', 1, 4, 0, 0, 0, 9, 0, 0, 0, 0],
        tag(8, 0, AAC_HEADER),
        tag(8, 0, AAC),
    ];
    assert_eq!(bytes(&player.buffers(3)), expected.concat());
}

#[test]
fn times_that_leap_without_end_do_no_harm() {
    let server = Server::playing(|peer, stream| {
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        let mut time = 0u32;
        for _ in 0..10_000 {
            time = time.wrapping_add(0x7FFF_FFFF);
            peer.media(stream, MediaKind::Audio, time, AAC);
        }
        peer.session.end_play(stream);
        peer.close();
    });
    let player = Player::new(&server.location());
    player.play();
    assert_eq!(player.rest().len(), 10_005);
    assert!(matches!(player.ended(), Ended::Eos));
}

#[test]
fn a_stream_begins_with_a_key_frame_or_the_newest_one_or_anywhere() {
    for (position, expected) in [
        ("first-keyframe", vec![3000, 3010, 3040, 4000, 4040]),
        ("live-edge", vec![4000, 4040]),
        (
            "anywhere",
            vec![2000, 2010, 2040, 3000, 3010, 3040, 4000, 4040],
        ),
    ] {
        let server = Server::playing(|peer, stream| {
            send_headers(peer, stream, 2000);
            for (kind, time, body) in [
                (MediaKind::Video, 2000, INTER),
                (MediaKind::Audio, 2010, AAC),
                (MediaKind::Video, 2040, INTER),
                (MediaKind::Video, 3000, KEYFRAME),
                (MediaKind::Audio, 3010, AAC),
                (MediaKind::Video, 3040, INTER),
                (MediaKind::Video, 4000, KEYFRAME),
                (MediaKind::Video, 4040, INTER),
            ] {
                peer.media(stream, kind, time, body);
            }
            peer.session.end_play(stream);
            peer.close();
        });
        let player = Player::new(&server.location());
        player
            .source
            .set_property_from_str("start-position", position);
        player.play();
        let buffers = player.rest();
        let frames = buffers.iter().filter(|buffer| is_frame(buffer));
        let times: Vec<_> = frames
            .filter_map(|buffer| buffer.dts().map(gst::ClockTime::mseconds))
            .collect();
        assert_eq!(times, expected, "{position}");
        // And the message about access to samples.
        let left_out = player.stats().get::<u64>("dropped-messages");
        assert_eq!(left_out, Ok(9 - expected.len() as u64), "{position}");
    }
}
