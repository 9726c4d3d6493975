// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Connections that break, and are made again.

use std::io::Write;
use std::sync::{Arc, Mutex};

use gst::prelude::*;
use gstrtmpr::rtmp::session::{MediaKind, Session};
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use crate::media::{AAC, AVC_HEADER, INTER, KEYFRAME, send_headers};
use crate::player::{Ended, Player, bytes, is_frame};
use crate::server::{Peer, Server};

/// A player that connects again at once.
fn player(server: &Server) -> Player {
    let player = Player::new(&format!("{}?token=secret", server.location()));
    player.source.set_property("reconnect", true);
    player.source.set_property("reconnect-delay", 1u32);
    player
}

/// A server that runs this for the first connection, the second, and so on.
fn server(mut script: impl FnMut(u32, &mut Peer) + Send + 'static) -> Server {
    let mut visit = 0;
    Server::start(move |peer| {
        visit += 1;
        script(visit, peer);
    })
}

/// Plays a little, from a key frame on.
fn play_a_little(peer: &mut Peer, time: u32) {
    let stream = peer.accept_play().stream;
    send_headers(peer, stream, time);
    peer.media(stream, MediaKind::Video, time, KEYFRAME);
    peer.media(stream, MediaKind::Audio, time + 10, AAC);
    peer.media(stream, MediaKind::Video, time + 40, INTER);
}

/// The first byte of each buffer: the type of the tag, or the file header.
fn kinds(buffers: &[gst::Buffer]) -> Vec<u8> {
    let first = |buffer: &gst::Buffer| bytes(std::slice::from_ref(buffer))[0];
    buffers.iter().map(first).collect()
}

#[test]
fn one_stream_goes_on_from_a_key_frame_of_the_new_connection() {
    let server = server(|visit, peer| {
        if visit == 1 {
            play_a_little(peer, 90_000);
            peer.close();
            return;
        }
        // Its publisher began anew, and we come between two key frames.
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, INTER);
        peer.media(stream, MediaKind::Audio, 5, AAC);
        peer.media(stream, MediaKind::Video, 40, KEYFRAME);
        peer.media(stream, MediaKind::Video, 80, INTER);
        peer.session.end_play(stream);
        peer.serve();
    });
    let player = player(&server);
    player.play();
    let broken = player.element_message("reconnecting");
    assert_eq!(broken.get::<&str>("cause"), Ok("closed-without-eof"));
    assert_eq!(broken.get::<u32>("attempt"), Ok(1));
    let delay = broken.get::<u64>("delay").expect("a field");
    assert!((800_000..=1_200_000).contains(&delay), "{delay} ns");
    let again = player.element_message("reconnected");
    let gap = again.get::<u64>("gap").expect("a field");
    for message in [&broken, &again] {
        let place = format!("{}?…", server.location());
        assert_eq!(message.get::<&str>("location"), Ok(place.as_str()));
    }
    let buffers = player.rest();
    assert!(matches!(player.ended(), Ended::Eos));

    // Headers that are the same do not come again, metadata does.
    let expected = [b'F', 18, 9, 8, 9, 8, 9, 18, 8, 9, 9];
    assert_eq!(kinds(&buffers), expected);
    let times: Vec<_> = buffers[4..].iter().filter_map(|b| b.dts()).collect();
    assert!(
        times[..3].is_sorted() && times[3..].is_sorted(),
        "{times:?}"
    );
    let (last, next) = (times[2].mseconds(), times[5].mseconds());
    assert!(next > last, "{times:?}");
    assert!(next - last <= gap / 1_000_000 + 60, "{times:?}, gap {gap}");
    assert_eq!((times[6] - times[5]).mseconds(), 40);
    let discont = |i: usize| buffers[i].flags().contains(gst::BufferFlags::DISCONT);
    assert!(discont(8) && discont(9) && !discont(10));
    assert_eq!(player.stats().get::<u32>("reconnects"), Ok(1));
}

#[test]
fn a_header_that_has_changed_comes_before_its_frames() {
    let server = server(|visit, peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        if visit == 2 {
            let mut other = AVC_HEADER.to_vec();
            other[8] = 0x29;
            peer.media(stream, MediaKind::Video, 0, &other);
        }
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        if visit == 2 {
            peer.session.end_play(stream);
        }
        peer.close();
    });
    let player = player(&server);
    player.play();
    let buffers = player.rest();
    assert_eq!(kinds(&buffers), [b'F', 18, 9, 8, 9, 18, 9, 9]);
    assert!(buffers[6].flags().contains(gst::BufferFlags::HEADER));
}

#[test]
fn attempts_are_as_many_as_allowed_and_the_last_failure_is_told() {
    let server = server(|visit, peer| {
        if visit == 1 {
            play_a_little(peer, 0);
        }
        peer.close();
    });
    let player = player(&server);
    player.source.set_property("reconnect-attempts", 3u32);
    player.play();
    for attempt in 1..=3u32 {
        let message = player.element_message("reconnecting");
        assert_eq!(message.get::<u32>("attempt"), Ok(attempt));
    }
    assert_eq!(player.rest().len(), 7, "what came before is there");
    let (error, _) = player.error_message();
    let text = error.message();
    assert!(error.matches(gst::ResourceError::OpenRead), "{error:?}");
    assert!(text.contains("connecting again, 3 times"), "{text}");
}

#[test]
fn a_refusal_of_who_asks_is_the_end() {
    let server = server(|visit, peer| {
        if visit == 1 {
            play_a_little(peer, 0);
        } else {
            let request = peer.connect_request();
            let words = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=x\
                         &salt=a&challenge=b";
            let status = Status::new(Level::Error, StatusCode::ConnectRejected, words);
            peer.session.reject_connect(&request, &status);
        }
        peer.close();
    });
    let player = player(&server);
    player.play();
    let (error, _) = player.error_message();
    assert!(
        error.matches(gst::ResourceError::NotAuthorized),
        "{error:?}"
    );
    assert_eq!(player.stats().get::<u32>("reconnects"), Ok(1));
}

#[test]
fn what_never_played_and_what_was_announced_is_an_end() {
    let closing = server(|_, peer| peer.close());
    let player_of_none = player(&closing);
    player_of_none.source.set_property("fallbacks", false);
    player_of_none.play();
    player_of_none.error_message();
    assert_eq!(player_of_none.stats().get::<u32>("reconnects"), Ok(0));

    let ending = server(|_, peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.session.end_play(stream);
        peer.close();
    });
    let player = player(&ending);
    player.play();
    assert_eq!(player.rest().len(), 5);
    assert!(matches!(player.ended(), Ended::Eos));
    assert_eq!(player.stats().get::<u32>("reconnects"), Ok(0));
}

#[test]
fn many_in_a_row_lose_nothing_and_add_nothing() {
    const CONNECTIONS: u32 = 100;
    let server = server(|visit, peer| {
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.media(stream, MediaKind::Video, 0, KEYFRAME);
        peer.media(stream, MediaKind::Video, 40, INTER);
        if visit == CONNECTIONS {
            peer.session.end_play(stream);
        }
        peer.close();
    });
    let player = player(&server);
    player.source.set_property("reconnect-max-delay", 1u32);
    player.play();
    let buffers = player.rest();
    assert!(matches!(player.ended(), Ended::Eos));
    assert_eq!(player.stats().get::<u32>("reconnects"), Ok(CONNECTIONS - 1));
    let kinds = kinds(&buffers);
    let count = |kind: u8| kinds.iter().filter(|other| **other == kind).count();
    // One file header and two sequence headers, however many connections.
    let frames = 2 * CONNECTIONS as usize;
    assert_eq!((count(b'F'), count(8), count(9)), (1, 1, 1 + frames));
    let times = buffers
        .iter()
        .filter(|buffer| is_frame(buffer))
        .filter_map(|b| b.dts());
    assert!(times.is_sorted());
}

/// Numbers that look random and are the same in each run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// A frame that holds its number.
fn numbered(number: u32) -> (MediaKind, Vec<u8>) {
    let digits = number.to_be_bytes();
    let (kind, head) = match number % 12 {
        0 => (MediaKind::Video, &[0x17, 1, 0, 0, 0, 0, 0, 0, 5, 0x65][..]),
        even if even % 2 == 0 => (MediaKind::Video, &[0x27, 1, 0, 0, 0, 0, 0, 0, 5, 0x41][..]),
        _ => (MediaKind::Audio, &[0xAF, 1, 0x21][..]),
    };
    (kind, [head, &digits].concat())
}

#[test]
fn whatever_breaks_each_frame_that_came_whole_is_passed_on_once_and_in_order() {
    const CONNECTIONS: u32 = 80;
    let expected = Arc::<Mutex<Vec<u32>>>::default();
    let sent = Arc::clone(&expected);
    let (mut random, mut number, mut has_stalled) = (Seeded(7), 0, false);
    let server = server(move |visit, peer| {
        let is_first = visit == 1;
        if !is_first && random.below(4) == 0 {
            // Not ready yet.
            return peer.close();
        }
        let stream = peer.accept_play().stream;
        send_headers(peer, stream, 0);
        peer.flush();
        // Live: what came while nobody played is gone.
        if !is_first {
            number += random.below(20) as u32;
        }
        let mut has_picture = false;
        for _ in 0..random.below(60) + 1 {
            let (kind, body) = numbered(number);
            peer.media(stream, kind, number * 20, &body);
            peer.flush();
            has_picture |= number % 12 == 0;
            if kind == MediaKind::Audio || has_picture {
                sent.lock().expect("not poisoned").push(number);
            }
            number += 1;
        }
        if visit >= CONNECTIONS {
            peer.session.end_play(stream);
            return peer.close();
        }
        if !has_stalled && visit >= CONNECTIONS / 2 {
            // Without a word.
            has_stalled = true;
            return peer.serve();
        }
        match random.below(3) {
            // Between two messages.
            0 => {}
            // In the middle of one.
            1 => {
                let (kind, body) = numbered(number);
                peer.media(stream, kind, number * 20, &body.repeat(50));
                let bytes = peer.session.poll_transmit().expect("a message");
                let some = 1 + random.below(bytes.len() as u64 - 1) as usize;
                let _ = peer.stream.write_all(&bytes[..some]);
            }
            // With bytes that are none of RTMP.
            2 => {
                let _ = peer.stream.write_all(&[0xFF; 4096]);
            }
            _ => {}
        }
        peer.close();
    });
    let player = player(&server);
    player.source.set_property("reconnect-max-delay", 1u32);
    player.source.set_property("idle-timeout", 1u32);
    player.play();
    let buffers = player.rest();
    assert!(matches!(player.ended(), Ended::Eos));

    let frames: Vec<_> = buffers.iter().filter(|buffer| is_frame(buffer)).collect();
    let numbers: Vec<u32> = frames
        .iter()
        .map(|frame| {
            let bytes = bytes(std::slice::from_ref(*frame));
            // Behind it is the size of the tag.
            let digits = bytes[bytes.len() - 8..bytes.len() - 4].try_into();
            u32::from_be_bytes(digits.expect("four bytes"))
        })
        .collect();
    assert_eq!(numbers, *expected.lock().expect("not poisoned"));
    let times: Vec<_> = frames.iter().filter_map(|frame| frame.dts()).collect();
    assert!(times.is_sorted());
    assert_eq!(
        kinds(&buffers).iter().filter(|kind| **kind == b'F').count(),
        1
    );
}
