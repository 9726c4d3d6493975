// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Connections that break, and what follows.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};

use gstrtmpr::rtmp::session::MediaKind;
use gstrtmpr::rtmp::status::{Level, Status, StatusCode};

use super::sender::{Came, Sender, wrapped_metadata};
use crate::media::{AAC_HEADER, AVC_HEADER, INTER, KEYFRAME};
use crate::player::Ended;
use crate::server::{Peer, Server};

/// A server that runs `first` for the first connection and records the second one.
fn breaking(first: impl Fn(&mut Peer) + Send + 'static) -> (Server, mpsc::Receiver<Vec<Came>>) {
    let (tell, told) = mpsc::channel();
    let count = AtomicU32::new(0);
    let server = Server::start(move |peer| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return first(peer);
        }
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    (server, told)
}

fn sender(server: &Server) -> Sender {
    let sender = Sender::new(&server.location())
        .set("reconnect-delay", 1u32)
        .set("reconnect-factor", 1.0f64);
    sender.play();
    sender
}

/// Metadata, headers and the first of what follows.
fn assert_begins_anew(media: &[Came], time: u32) {
    let bodies: Vec<_> = media.iter().take(4).map(|came| came.2.as_slice()).collect();
    let metadata = wrapped_metadata();
    assert_eq!(
        bodies,
        [metadata.as_slice(), AVC_HEADER, AAC_HEADER, KEYFRAME]
    );
    assert!(media.iter().take(4).all(|came| came.1 == time), "{media:?}");
}

#[test]
fn the_stream_goes_on_with_headers_and_a_key_frame_at_its_time() {
    let (server, told) = breaking(|peer| {
        if peer.take_publish().is_some() {
            // Headers and three pictures with sound.
            peer.media_messages(9);
        }
    });
    let sender = sender(&server);
    sender.push_headers();
    sender.push_group(1000, 3);
    let message = sender.element_message("reconnecting");
    assert_eq!(message.get::<&str>("cause"), Ok("closed-early"));
    assert_eq!(message.get::<u32>("attempt"), Ok(1));
    // The rest of the group cannot be decoded any more.
    for time in [1120, 1160] {
        sender.push(&crate::media::tag(9, time, INTER));
    }
    sender.push_group(1200, 3);
    let message = sender.element_message("reconnected");
    assert!(message.get::<u64>("gap").is_ok());
    sender.finish();
    let media = told.recv().expect("the second connection");
    assert_begins_anew(&media, 200);
    let pictures = media.iter().filter(|came| came.0 == MediaKind::Video);
    let times: Vec<_> = pictures.map(|came| came.1).collect();
    assert_eq!(times, [200, 200, 240, 280]);
    let stats = sender.stats();
    assert_eq!(stats.get::<u64>("dropped-video-frames"), Ok(2));
    assert_eq!(stats.get::<u32>("reconnects"), Ok(1));
    assert_eq!(stats.get::<u32>("connections"), Ok(2));
}

#[test]
fn times_begin_anew_if_they_are_to() {
    let (server, told) = breaking(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(9);
        }
    });
    let sender = Sender::new(&server.location())
        .set("reconnect-delay", 1u32)
        .set_from_str("reconnect-timestamps", "restart");
    sender.play();
    sender.push_headers();
    sender.push_group(1000, 3);
    sender.element_message("reconnecting");
    sender.push_group(1200, 3);
    sender.finish();
    assert_begins_anew(&told.recv().expect("the second connection"), 0);
}

#[test]
fn without_reconnecting_a_break_is_an_error() {
    let (server, _told) = breaking(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(3);
        }
    });
    let sender = Sender::new(&server.location()).set("reconnect", false);
    sender.play();
    sender.push_headers();
    let error = sender.error();
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
}

#[test]
fn a_server_that_ends_the_stream_is_published_to_again() {
    let (server, told) = breaking(|peer| {
        let Some(stream) = peer.take_publish() else {
            return;
        };
        peer.media_messages(3);
        let status = Status::new(Level::Error, StatusCode::PublishBadName, "kicked");
        peer.session.status(stream, &status);
        peer.serve();
    });
    let sender = sender(&server);
    sender.push_headers();
    let message = sender.element_message("reconnecting");
    assert_eq!(message.get::<&str>("cause"), Ok("ended-by-server"));
    sender.push_group(0, 3);
    sender.finish();
    assert_begins_anew(&told.recv().expect("the second connection"), 0);
}

#[test]
fn a_server_that_takes_nothing_any_more_counts_as_gone() {
    let (tell, told) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let (tell, wait) = (Mutex::new(tell), Mutex::new(wait));
    let server = Server::concurrent(move |number, peer| {
        if peer.take_publish().is_none() {
            return;
        }
        if number == 0 {
            peer.media_messages(3);
            // Reads nothing until the end of the test.
            let _ = wait.lock().expect("not poisoned").recv();
            return;
        }
        let _ = tell
            .lock()
            .expect("not poisoned")
            .send(peer.rest_of_media());
    });
    let sender = Sender::new(&server.location())
        .set("reconnect-delay", 1u32)
        .set("write-timeout", 1u32)
        .set("send-buffer-size", 16_384u32);
    sender.play();
    sender.push_headers();
    let large = [KEYFRAME, &[7; 1_000_000]].concat();
    for time in [0, 40, 80, 120, 160, 200, 240, 280] {
        sender.push(&crate::media::tag(9, time, &large));
    }
    let message = sender.element_message("reconnecting");
    assert_eq!(message.get::<&str>("cause"), Ok("connection-lost"));
    sender.push_group(320, 3);
    sender.finish();
    let media = told.recv().expect("the second connection");
    assert_eq!(media[0].2, wrapped_metadata());
    assert_eq!(media.last().map(|came| came.1), Some(401));
    drop(go);
}

#[test]
fn what_is_left_at_the_end_is_sent_by_another_connection() {
    let (server, told) = breaking(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(3);
        }
    });
    let sender = Sender::new(&server.location()).set("reconnect-delay", 200u32);
    sender.play();
    sender.push_headers();
    sender.element_message("reconnecting");
    sender.push_group(0, 3);
    // Before it is connected again.
    sender.finish();
    let media = told.recv().expect("the second connection");
    assert_begins_anew(&media, 0);
    assert_eq!(media.len(), 9);
}

#[test]
fn at_the_end_a_server_that_is_gone_is_not_waited_for_for_ever() {
    let server = Server::start(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(3);
        }
    });
    let sender = sender(&server);
    sender.push_headers();
    sender.element_message("reconnecting");
    drop(server);
    sender.push_group(0, 3);
    sender.end();
    assert!(matches!(sender.ended(), Ended::Error { .. }));
}

#[test]
fn many_breaks_in_a_row_lose_no_group_that_was_not_begun() {
    // Each connection takes the headers and one group, and breaks; the first one holds
    // for a while, so that it does not look as if nobody may publish.
    let (tell, told) = mpsc::channel();
    let mut is_first = true;
    let server = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let media = peer.media_messages(9);
            if std::mem::take(&mut is_first) {
                std::thread::sleep(std::time::Duration::from_millis(1100));
            }
            let _ = tell.send(media);
        }
    });
    let sender = sender(&server);
    sender.push_headers();
    for i in 0..20u32 {
        sender.push_group(i * 1000, 3);
        let media = told.recv().expect("the group");
        assert_begins_anew(&media, i * 1000);
        sender.element_message("reconnecting");
    }
}

#[test]
fn a_server_that_closes_behind_each_start_is_an_error_in_the_end() {
    let server = Server::start(|peer| {
        peer.take_publish();
    });
    let sender = sender(&server);
    sender.push_headers();
    let error = sender.error();
    assert!(error.matches(gst::ResourceError::OpenWrite), "{error:?}");
    assert!(error.message().contains("access is denied"), "{error:?}");
    assert_eq!(sender.stats().get::<u32>("connections"), Ok(6));
}

#[test]
fn a_stream_with_sound_alone_goes_on_at_once() {
    let (server, told) = breaking(|peer| {
        if peer.take_publish().is_some() {
            peer.media_messages(2);
        }
    });
    let sender = sender(&server);
    sender.push(&crate::media::tag(8, 0, AAC_HEADER));
    sender.push(&crate::media::tag(8, 0, crate::media::AAC));
    sender.element_message("reconnecting");
    for time in [23, 46] {
        sender.push(&crate::media::tag(8, time, crate::media::AAC));
    }
    sender.finish();
    let media = told.recv().expect("the second connection");
    // Metadata that the element made itself is there, too, if there was none.
    let times: Vec<_> = media
        .iter()
        .filter(|came| came.0 == MediaKind::Audio)
        .map(|came| came.1)
        .collect();
    assert_eq!(times, [23, 23, 46]);
}

#[test]
fn a_request_to_reconnect_is_followed_without_a_loss() {
    let (tell, told) = mpsc::channel();
    let second = Server::start(move |peer| {
        if peer.take_publish().is_some() {
            let _ = tell.send(peer.rest_of_media());
        }
    });
    let to = format!("rtmp://{}/app", second.address());
    let (tell_first, told_first) = mpsc::channel();
    let first = Server::start(move |peer| {
        let Some(_) = peer.take_publish() else {
            return;
        };
        let mut media = peer.media_messages(9);
        let code = StatusCode::ConnectReconnectRequest;
        let status = Status::new(Level::Status, code, "please").with("tcUrl", to.as_str());
        peer.session
            .status(gstrtmpr::rtmp::message::StreamId::CONNECTION, &status);
        peer.flush();
        media.extend(peer.rest_of_media());
        let _ = tell_first.send(media);
    });
    let sender = sender(&first);
    sender.push_headers();
    sender.push_group(0, 3);
    let message = sender.element_message("reconnecting");
    assert_eq!(message.get::<&str>("cause"), Ok("reconnect-request"));
    // It goes on until the other connection is there, and a key frame.
    let mut time = 120;
    let reached = || {
        let stats = sender.stats();
        stats
            .get::<String>("location")
            .is_ok_and(|location| location.contains(&second.address().to_string()))
    };
    while !reached() {
        sender.push_group(time, 3);
        time += 120;
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let message = sender.element_message("reconnected");
    assert_eq!(message.get::<u64>("dropped-video-frames"), Ok(0));
    sender.push_group(time, 3);
    sender.finish();
    let (before, after) = (
        told_first.recv().expect("the first connection"),
        told.recv().expect("the second connection"),
    );
    let times = |media: &[Came]| {
        let pictures = media
            .iter()
            .filter(|came| came.2 == KEYFRAME || came.2 == INTER);
        pictures.map(|came| came.1).collect::<Vec<_>>()
    };
    assert_eq!(after[3].2, KEYFRAME, "headers, then a key frame");
    let all = [times(&before), times(&after)].concat();
    let expected: Vec<u32> = (0..(time + 120) / 40).map(|i| i * 40).collect();
    assert_eq!(all, expected, "each picture once");
}

#[test]
fn where_it_cannot_reconnect_to_it_stays() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody = format!("rtmp://{}/app", listener.local_addr().expect("its address"));
    drop(listener);
    let (tell, told) = mpsc::channel();
    let server = Server::start(move |peer| {
        if peer.take_publish().is_none() {
            return;
        }
        let code = StatusCode::ConnectReconnectRequest;
        let status = Status::new(Level::Status, code, "please").with("tcUrl", nobody.as_str());
        peer.session
            .status(gstrtmpr::rtmp::message::StreamId::CONNECTION, &status);
        peer.flush();
        let _ = tell.send(peer.rest_of_media().len());
    });
    let sender = sender(&server);
    sender.push_headers();
    sender.element_message("reconnecting");
    for time in [0, 120, 240] {
        sender.push_group(time, 3);
    }
    sender.finish();
    assert_eq!(told.recv(), Ok(21));
}
