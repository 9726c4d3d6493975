// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Lines that cut, stall, delay and corrupt at random: the same for each seed.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use gst::prelude::*;
use gstrtmpr::rtmp::message::StreamId;
use gstrtmpr::rtmp::session::MediaKind;

use crate::media::send_headers;
use crate::player::{Ended, Player, is_frame};
use crate::server::{Peer, Server};

/// Numbers that look like chance (SplitMix64).
#[derive(Clone)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What a line does to what comes from the server.
#[derive(Clone, Copy)]
struct Faults {
    /// Connections that are cut; the ones after them are whole.
    cut: u32,
    /// One in so many pieces has a byte changed; 0 for none.
    corrupted: u64,
}

/// A line to a server. Ends with its connections when it is dropped.
struct Line {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    /// Bytes of the server that each connection has carried.
    carried: Arc<Mutex<Vec<usize>>>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    fn start(server: SocketAddr, seed: u64, faults: Faults) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let carried = Arc::<Mutex<Vec<usize>>>::default();
        let (stop, count) = (Arc::clone(&stopping), Arc::clone(&carried));
        let thread = std::thread::spawn(move || {
            let mut chance = Chance(seed);
            let mut number = 0;
            while let Ok((client, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let is_cut = number < faults.cut;
                number += 1;
                let corrupted = if is_cut { faults.corrupted } else { 0 };
                // Behind the headers, so that something plays each time.
                let limit = is_cut.then(|| 6_000 + chance.below(40_000) as usize);
                let server = TcpStream::connect(server).expect("it listens");
                let bytes = carry(&client, &server, limit, corrupted, &mut chance);
                count.lock().expect("not poisoned").push(bytes);
            }
        });
        Self {
            address,
            stopping,
            carried,
            thread: Some(thread),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let result = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            assert!(!matches!(result, Some(Err(_))), "the line failed");
        }
    }
}

/// Carries both directions to the end, and tells how much came from the server.
fn carry(
    client: &TcpStream,
    server: &TcpStream,
    limit: Option<usize>,
    corrupted: u64,
    chance: &mut Chance,
) -> usize {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut buffer = [0; 4096];
            let (mut from, mut to) = (client, server);
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            let _ = server.shutdown(Shutdown::Both);
        });
        let (mut from, mut to) = (server, client);
        let mut carried = 0;
        let mut buffer = [0; 2048];
        loop {
            let left = limit.map_or(usize::MAX, |limit| limit - carried);
            let size = (1 + chance.below(2047) as usize).min(left);
            let Ok(count @ 1..) = from.read(&mut buffer[..size]) else {
                break;
            };
            // A delay, or what feels like a stall beside the rest.
            match chance.below(40) {
                0 => std::thread::sleep(Duration::from_millis(chance.below(40))),
                1..4 => std::thread::sleep(Duration::from_millis(chance.below(4))),
                _ => {}
            }
            // The handshake and the answers are left alone.
            if corrupted > 0 && carried > 6_000 && chance.one_in(corrupted) {
                let at = chance.below(count as u64) as usize;
                buffer[at] ^= 1 << chance.below(8);
            }
            if to.write_all(&buffer[..count]).is_err() {
                break;
            }
            carried += count;
            if limit == Some(carried) {
                break;
            }
        }
        // In order, so that all that was carried is read.
        let _ = client.shutdown(Shutdown::Write);
        let _ = server.shutdown(Shutdown::Both);
        carried
    })
}

/// A frame as it is sent: kind, and a number in its body.
fn frame(kind: MediaKind, number: u32) -> Vec<u8> {
    let start: &[u8] = match kind {
        MediaKind::Video if number.is_multiple_of(GROUP) => &[0x17, 1, 0, 0, 0],
        MediaKind::Video => &[0x27, 1, 0, 0, 0],
        _ => &[0xAF, 1],
    };
    let size = 20 + (number as usize * 37) % 400;
    let mut body = [start, &number.to_be_bytes()[..]].concat();
    body.resize(size, 0x55);
    body
}

/// Where in a connection each frame ended, by number.
type Sent = Vec<(u32, usize)>;

/// A live stream of numbered frames, which goes on from connection to connection, each
/// of which begins with the next key frame.
struct Live {
    next: u32,
    sent: Arc<Mutex<Vec<Sent>>>,
    /// Connections that are followed by others.
    cut: u32,
}

/// Of one connection; more than a line that is cut carries.
const FRAMES: u32 = 400;

/// Sounds and pictures from one key frame to the next.
const GROUP: u32 = 40;

impl Live {
    fn serve(&mut self, peer: &mut Peer) {
        let mut sent = Sent::new();
        if let Some(stream) = peer.let_in() {
            let is_last = self.sent.lock().expect("not poisoned").len() as u32 >= self.cut;
            self.play(peer, stream, &mut sent);
            if is_last {
                peer.session.end_play(stream);
            }
        }
        self.sent.lock().expect("not poisoned").push(sent);
        peer.close();
    }

    fn play(&mut self, peer: &mut Peer, stream: StreamId, sent: &mut Sent) {
        self.next = self.next.next_multiple_of(GROUP);
        send_headers(peer, stream, self.next * 20);
        let end = self.next + FRAMES;
        while self.next < end {
            let number = self.next;
            let kind = match number.is_multiple_of(2) {
                true => MediaKind::Video,
                false => MediaKind::Audio,
            };
            peer.media(stream, kind, number * 20, &frame(kind, number));
            peer.flush();
            sent.push((number, peer.written));
            self.next += 1;
        }
    }
}

/// Plays over such a line to the end; what came, and how it ended.
fn play(seed: u64, faults: Faults, is_live: bool) -> (Vec<gst::Buffer>, Ended, Vec<u32>) {
    let sent = Arc::<Mutex<Vec<Sent>>>::default();
    let mut live = Live {
        next: 0,
        sent: Arc::clone(&sent),
        cut: faults.cut,
    };
    let server = Server::start(move |peer| live.serve(peer));
    let line = Line::start(server.address(), seed, faults);
    let player = Player::new(&format!("rtmp://{}/app/stream", line.address));
    player.source.set_property("is-live", is_live);
    player.source.set_property("reconnect", true);
    player.source.set_property("reconnect-max-delay", 1u32);
    player.play();
    let buffers = player.rest();
    let ended = player.ended();
    drop(player);
    // All connections are over by then.
    let carried = Arc::clone(&line.carried);
    drop(line);
    drop(server);
    let carried = carried.lock().expect("not poisoned");
    let sent = sent.lock().expect("not poisoned");
    let whole = carried.iter().zip(&*sent).flat_map(|(carried, sent)| {
        let whole = sent.iter().filter(move |(_, end)| end <= carried);
        whole.map(|(number, _)| *number)
    });
    let whole = whole.collect();
    (buffers, ended, whole)
}

/// The numbers of frames, and that their times are one line, which falls by no more than
/// this.
fn numbers(buffers: &[gst::Buffer], fall: gst::ClockTime, what: &str) -> Vec<u32> {
    let mut last = [gst::ClockTime::ZERO; 2];
    let frames = buffers
        .iter()
        .filter(|buffer| is_frame(buffer))
        .map(|buffer| {
            let map = buffer.map_readable().expect("readable");
            let is_audio = map[0] == 8;
            let time = buffer.dts().expect("a time");
            let last = &mut last[usize::from(is_audio)];
            assert!(*last <= time + fall, "{what}: {last} before {time}");
            *last = time;
            let at = if is_audio { 11 + 2 } else { 11 + 5 };
            let number = map.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
            number.map_or(u32::MAX, u32::from_be_bytes)
        });
    frames.collect()
}

#[test]
fn every_frame_that_a_cut_line_carried_comes_once_and_in_order() {
    let faults = Faults {
        cut: 8,
        corrupted: 0,
    };
    for seed in 0..12 {
        let is_live = seed % 2 == 1;
        let what = format!("seed {seed}, live: {is_live}");
        let (buffers, ended, carried) = play(seed, faults, is_live);
        assert!(matches!(ended, Ended::Eos), "{what}: {ended:?}");
        assert!(carried.len() > FRAMES as usize, "{what}: {}", carried.len());
        let numbers = numbers(&buffers, gst::ClockTime::ZERO, &what);
        assert_eq!(numbers, carried, "{what}");
        let headers = buffers.iter().filter(|buffer| {
            let map = buffer.map_readable().expect("readable");
            map.starts_with(b"FLV")
        });
        assert_eq!(headers.count(), 1, "{what}");
    }
}

#[test]
fn a_line_that_corrupts_does_not_break_the_timeline_nor_anything_else() {
    let faults = Faults {
        cut: 8,
        corrupted: 4,
    };
    for seed in 100..124 {
        let is_live = seed % 2 == 1;
        let what = format!("seed {seed}, live: {is_live}");
        let (buffers, ended, _) = play(seed, faults, is_live);
        // Times that are the server's own fall a little where the server's do, as they
        // seem to when they are damaged.
        let fall = gst::ClockTime::from_seconds(if is_live { 0 } else { 2 });
        numbers(&buffers, fall, &what);
        assert!(!buffers.is_empty(), "{what}");
        // What is damaged may be what says that the stream has ended, or why.
        if let Ended::Error { error, .. } = &ended {
            let is_known = error.is::<gst::ResourceError>() || error.is::<gst::StreamError>();
            assert!(is_known, "{what}: {error}");
        }
    }
}
