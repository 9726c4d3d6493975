// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! An upload that is slower than the stream.

use std::sync::mpsc;

use gst::prelude::*;
use gstrtmpr::rtmp::session::MediaKind;

use super::sender::{Came, Sender};
use crate::media::{AAC, AAC_HEADER, AVC_HEADER, tag};
use crate::server::Server;

/// A server that reads nothing behind Publish.Start until it is told to.
fn frozen() -> (Server, mpsc::Sender<()>, mpsc::Receiver<Vec<Came>>) {
    let (go, wait) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = wait.recv();
            let _ = tell.send(peer.rest_of_media());
        }
    });
    (server, go, told)
}

fn sender(server: &Server, policy: &str) -> Sender {
    let sender = Sender::new(&server.location())
        .set("send-buffer-size", 16_384u32)
        .set("write-timeout", 0u32)
        .set_from_str("drop-policy", policy);
    sender.play();
    sender.wait_for_phase("publishing");
    sender.push(&tag(9, 0, AVC_HEADER));
    sender.push(&tag(8, 0, AAC_HEADER));
    sender
}

/// A picture of 100 KB with its number in it.
fn picture(number: u32, is_keyframe: bool, is_referred_to: bool) -> Vec<u8> {
    let kind = if is_keyframe { 0x17 } else { 0x27 };
    let unit = match (is_keyframe, is_referred_to) {
        (true, _) => 0x65,
        (false, true) => 0x41,
        (false, false) => 0x01,
    };
    let mut unit = vec![unit];
    unit.extend(number.to_be_bytes());
    unit.resize(100_000, 7);
    let mut body = vec![kind, 1, 0, 0, 0];
    body.extend(u32::try_from(unit.len()).expect("small").to_be_bytes());
    body.extend(unit);
    body
}

/// Groups of ten pictures, every third one with nothing that refers to it, with sound.
fn push_pictures(sender: &Sender, numbers: std::ops::Range<u32>) {
    for i in numbers {
        let body = picture(i, i % 10 == 0, i % 3 != 2);
        sender.push(&tag(9, i * 40, &body));
        sender.push(&tag(8, i * 40 + 1, AAC));
    }
}

/// Numbers of the pictures that came, and how many sounds.
fn pictures(media: &[Came]) -> (Vec<u32>, usize) {
    let number = |body: &[u8]| {
        let bytes = body.get(10..14)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let is_picture = |came: &&Came| came.0 == MediaKind::Video && came.2.len() > 1000;
    let numbers = media.iter().filter(is_picture);
    let numbers = numbers.filter_map(|came| number(&came.2)).collect();
    let sounds = media.iter().filter(|came| came.2 == AAC).count();
    (numbers, sounds)
}

#[test]
fn without_a_policy_upstream_waits_and_nothing_is_lost() {
    let (server, go, told) = frozen();
    let sender = Sender::new(&server.location())
        .set("send-buffer-size", 16_384u32)
        .set("max-queue-bytes", 1_000_000u32);
    sender.play();
    sender.wait_for_phase("publishing");
    push_pictures(&sender, 0..100);
    sender.wait_for(|stats| {
        stats
            .get::<u64>("queue-bytes")
            .is_ok_and(|bytes| bytes > 900_000)
    });
    let bytes = sender
        .stats()
        .get::<u64>("queue-peak-bytes")
        .expect("a figure");
    assert!(bytes < 1_200_000, "{bytes}");
    go.send(()).expect("the script waits");
    sender.finish();
    let (numbers, sounds) = pictures(&told.recv().expect("media"));
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    assert_eq!(sounds, 100);
    let blocked = sender.stats().get::<u64>("blocked-time").expect("a figure");
    assert!(blocked > 0);
}

#[test]
fn groups_are_left_out_and_sound_is_not() {
    let (server, go, told) = frozen();
    let sender = sender(&server, "gop");
    push_pictures(&sender, 0..200);
    let message = sender.element_message("dropping");
    assert!(
        message
            .get::<u64>("queue-time")
            .is_ok_and(|time| time >= 600_000_000)
    );
    sender.wait_for(|stats| {
        stats
            .get::<u64>("dropped-keyframes")
            .is_ok_and(|count| count > 15)
    });
    sender.wait_for(|stats| stats.get::<&str>("dropping") == Ok("gop"));
    let congestion = sender.stats().get::<f64>("congestion").expect("a figure");
    assert!(
        (0.0..=1.0).contains(&congestion) && congestion > 0.3,
        "{congestion}"
    );
    go.send(()).expect("the script waits");
    // Undone once the queue is empty.
    sender.wait_for(|stats| stats.get::<u64>("queue-bytes") == Ok(0));
    push_pictures(&sender, 200..210);
    sender.finish();
    let media = told.recv().expect("media");
    let (numbers, sounds) = pictures(&media);
    assert_eq!(sounds, 210);
    // What came can be decoded: each picture follows those that it refers to.
    let mut last: Option<u32> = None;
    for number in &numbers {
        let is_key = number % 10 == 0;
        let between = last.map(|last| last + 1..*number);
        let misses = between.is_none_or(|mut missing| missing.any(|n| n % 3 != 2));
        assert!(is_key || !misses, "{number} behind {last:?}: {numbers:?}");
        last = Some(*number);
    }
    assert_eq!(
        numbers[numbers.len() - 10..],
        (200..210).collect::<Vec<_>>()
    );
    let stats = sender.stats();
    let dropped = stats.get::<u64>("dropped-video-frames").expect("a figure")
        + stats.get::<u64>("dropped-b-frames").expect("a figure");
    assert_eq!(dropped as usize + numbers.len(), 210, "each is counted");
    assert_eq!(stats.get::<u64>("dropped-audio-frames"), Ok(0));
}

#[test]
fn pictures_that_nothing_refers_to_are_left_out_first() {
    let (server, go, told) = frozen();
    let sender = sender(&server, "b-frames");
    push_pictures(&sender, 0..60);
    sender.wait_for(|stats| {
        stats
            .get::<u64>("dropped-b-frames")
            .is_ok_and(|count| count > 10)
    });
    go.send(()).expect("the script waits");
    sender.finish();
    let (numbers, sounds) = pictures(&told.recv().expect("media"));
    assert_eq!(sounds, 60);
    let missing: Vec<_> = (0..60u32).filter(|n| !numbers.contains(n)).collect();
    assert!(
        missing.iter().all(|n| n % 3 == 2 && n % 10 != 0),
        "{missing:?}"
    );
    assert_eq!(sender.stats().get::<u64>("dropped-video-frames"), Ok(0));
}

#[test]
fn encoders_are_told_by_events() {
    let (server, go, told) = frozen();
    let sender = sender(&server, "none");
    let (tell, events) = mpsc::channel();
    let pad = sender.sink.static_pad("sink").expect("a pad");
    pad.add_probe(gst::PadProbeType::EVENT_UPSTREAM, move |_, info| {
        if let Some(event) = info.event()
            && let gst::EventView::Qos(qos) = event.view()
        {
            let (kind, proportion, diff, _) = qos.get();
            let _ = tell.send((kind, proportion, diff));
        }
        gst::PadProbeReturn::Ok
    });
    let mut number = 0;
    let told_slow = loop {
        push_pictures(&sender, number..number + 5);
        number += 5;
        if let Ok(event) = events.recv_timeout(std::time::Duration::from_millis(100)) {
            break event;
        }
    };
    assert_eq!(told_slow.0, gst::QOSType::Overflow);
    assert!(told_slow.1 > 1.0 && told_slow.2 > 0, "{told_slow:?}");
    go.send(()).expect("the script waits");
    let told_fast = loop {
        sender.push(&tag(8, number * 40, AAC));
        number += 1;
        if let Ok(event) = events.recv_timeout(std::time::Duration::from_millis(20))
            && event.0 == gst::QOSType::Underflow
        {
            break event;
        }
    };
    assert_eq!(told_fast.1, 1.0);
    sender.finish();
    assert!(told.recv().is_ok());
}
