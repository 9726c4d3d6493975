// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! FLV files played by the origin.

use std::path::{Path, PathBuf};

use gstrtmpr::flv::{Tag, TagType, file_header};
use gstrtmpr::rtmp::Payload;
use gstrtmpr::rtmp::amf::{Object, Value};
use gstrtmpr::rtmp::amf0;
use gstrtmpr::rtmp::command::Command;
use gstrtmpr::rtmp::message::{MessageType, StreamId};

use crate::client::{Client, Seen};
use crate::origin::recording::{self, Recording};
use crate::origin::{Origin, OriginOptions};

const STREAM: StreamId = StreamId(1);

/// A folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let name = format!("rtmpr-recordings-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).expect("it can be written");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn tag(kind: TagType, time: u32, body: &[u8]) -> Vec<u8> {
    let payload = Payload::from(body);
    Tag::from_payload(kind, time, payload).as_bytes().to_vec()
}

/// The body of a picture, which tells its time.
fn picture(time: u32) -> Vec<u8> {
    let first = if time.is_multiple_of(1000) {
        0x17
    } else {
        0x27
    };
    [&[first, 1, 0, 0, 0][..], &time.to_be_bytes()].concat()
}

/// Five seconds of pictures, ten a second, a key frame with each second; with an index
/// that names these seconds, if any.
fn clip(indexed: &[u32]) -> Vec<u8> {
    let header = tag(TagType::Video, 0, &[0x17, 0, 0, 0, 0, 1]);
    let pictures: Vec<_> = (0..50)
        .map(|n| tag(TagType::Video, n * 100, &picture(n * 100)))
        .collect();
    let metadata = |first: usize| {
        let mut at = first + header.len();
        let mut offsets = Vec::new();
        for (n, picture) in pictures.iter().enumerate() {
            if indexed.contains(&(n as u32 * 100)) {
                offsets.push(Value::Number(at as f64));
            }
            at += picture.len();
        }
        let times = indexed
            .iter()
            .map(|ms| Value::Number(f64::from(*ms) / 1000.0));
        let mut metadata = Object::new().with("duration", 5.0);
        if !indexed.is_empty() {
            let keyframes = Object::new()
                .with("times", Value::StrictArray(times.collect()))
                .with("filepositions", Value::StrictArray(offsets));
            metadata.insert("keyframes", keyframes);
        }
        let values = [Value::from("onMetaData"), Value::from(metadata)];
        tag(TagType::Script, 0, &amf0::encode_all(&values))
    };
    let start = file_header(false, true);
    let first = start.len() + metadata(0).len();
    let parts = [start.to_vec(), metadata(first), header];
    parts
        .into_iter()
        .chain(pictures)
        .collect::<Vec<_>>()
        .concat()
}

fn start(folder: &Folder) -> Origin {
    let options = OriginOptions {
        recordings: Some(folder.0.clone()),
        ..OriginOptions::default()
    };
    Origin::start("127.0.0.1:0", options).expect("a free port")
}

/// Times of the pictures up to this one.
fn pictures_to(client: &mut Client, last: u32) -> Vec<u32> {
    let mut times = Vec::new();
    while times.last() != Some(&last) {
        let Some(Seen::Message(message)) = client.next() else {
            continue;
        };
        let body = message.payload.as_slice();
        if message.header.kind == MessageType::Video && body.get(1) == Some(&1) {
            let time = u32::from_be_bytes(body[5..9].try_into().expect("four bytes"));
            assert_eq!(time, message.header.timestamp);
            times.push(time);
        }
    }
    times
}

fn every_100(from: u32, to: u32) -> Vec<u32> {
    (from / 100..=to / 100).map(|n| n * 100).collect()
}

#[test]
fn a_part_is_played_sought_and_paused() {
    let folder = Folder::new();
    folder.write("clip.flv", &clip(&[]));
    let origin = start(&folder);
    let mut client = Client::connected(origin.local_addr());
    let length = Command::new("getStreamLength", 9.0).argument("clip?k=v");
    client.send(StreamId(0), &length);
    assert_eq!(client.answer(9.0).number_argument(0), Some(4.9));

    // From the key frame before it, for two seconds.
    let play = Command::new("play", 3.0).argument("flv:clip.flv?k=v");
    client.send(STREAM, &play.argument(1500.0).argument(2000.0));
    let codes = [client.status(), client.status()];
    assert_eq!(codes, ["NetStream.Play.Reset", "NetStream.Play.Start"]);
    assert_eq!(pictures_to(&mut client, 1200), every_100(1000, 1200));

    client.send(STREAM, &Command::new("seek", 0.0).argument(400.0));
    assert_eq!(client.status(), "NetStream.Seek.Notify");
    assert_eq!(pictures_to(&mut client, 200), every_100(0, 200));

    let pause = |paused: bool| Command::new("pause", 0.0).argument(paused).argument(250.0);
    client.send(STREAM, &pause(true));
    let mut code = client.status();
    while code == "NetStream.Play.Start" {
        code = client.status();
    }
    assert_eq!(code, "NetStream.Pause.Notify");
    client.send(STREAM, &pause(false));
    assert_eq!(client.status(), "NetStream.Unpause.Notify");
    assert_eq!(pictures_to(&mut client, 3400), every_100(300, 3400));
    let (_, others) = client.until_end();
    assert_eq!(others, ["StreamEof(StreamId(1))", "NetStream.Play.Stop"]);
}

#[test]
fn an_index_counts_where_it_fits() {
    let folder = Folder::new();
    let places = |name: &str, bytes: &[u8]| {
        let path = folder.write(name, bytes);
        let recording = Recording::open(path).expect("it is FLV");
        let place = |time| recording.place_before(time).time;
        ([999, 1000, 2999, 4900].map(place), recording.seconds())
    };
    // One that leaves out key frames, so that it can be told from a scan.
    let sparse = clip(&[0, 2000, 4000]);
    assert_eq!(places("sparse.flv", &sparse), ([0, 0, 2000, 4000], 5.0));
    let scanned = ([0, 1000, 2000, 4000], 4.9);
    assert_eq!(places("plain.flv", &clip(&[])), scanned);
    // A file that was cut in front of the last place.
    let cut = &sparse[..sparse.len() - 400];
    let (found, seconds) = places("cut.flv", cut);
    assert_eq!(found, [0, 1000, 2000, 3000]);
    assert!(seconds < 4.0, "{seconds}");
    // An index of something else.
    let mut moved = clip(&[1000, 2000]);
    let at = moved.len() - 20;
    moved.truncate(at);
    let from = 13;
    moved.splice(from..from, tag(TagType::Script, 0, &[2, 0, 1, b'x']));
    assert_eq!(places("moved.flv", &moved).0, [0, 1000, 2000, 4000]);
}

#[test]
fn only_files_of_the_folder_can_be_played() {
    let folder = Folder::new();
    let inner = folder.0.join("inner");
    std::fs::create_dir_all(&inner).expect("a folder");
    folder.write("secret.flv", &clip(&[]));
    std::fs::write(inner.join("a.flv"), clip(&[])).expect("it can be written");
    for name in [
        "../secret",
        "x/../../secret",
        "/etc/passwd",
        "",
        ".",
        "..",
        "flv:",
        ".flv",
        "flv:../secret.flv",
        "./a",
        "a\0",
    ] {
        assert_eq!(recording::file(&inner, name), None, "{name:?}");
    }
    let expected = Some(inner.join("a.flv"));
    for name in ["a", "a.flv", "flv:a"] {
        assert_eq!(recording::file(&inner, name), expected, "{name}");
    }
    let deeper = recording::file(&folder.0, "inner/a");
    assert_eq!(deeper.as_deref(), Some(Path::new(&inner.join("a.flv"))));
}

#[test]
fn what_is_no_recording_is_missing_and_what_is_live_is_live() {
    let folder = Folder::new();
    folder.write("broken.flv", b"FLV");
    folder.write("text.flv", b"this is no FLV at all");
    folder.write("s.flv", &clip(&[]));
    let mut options = OriginOptions {
        recordings: Some(folder.0.clone()),
        ..OriginOptions::default()
    };
    options.missing = crate::origin::hub::Missing::Refuse;
    let origin = Origin::start("127.0.0.1:0", options).expect("a free port");
    for name in ["broken", "text", "other"] {
        let mut client = Client::connected(origin.local_addr());
        client.play(STREAM, name);
        assert_eq!(client.status(), "NetStream.Play.StreamNotFound", "{name}");
    }
    let mut publisher = Client::connected(origin.local_addr());
    assert_eq!(publisher.publish(STREAM, "s"), "NetStream.Publish.Start");
    let mut player = Client::connected(origin.local_addr());
    player.play(STREAM, "s");
    assert_eq!(player.status(), "NetStream.Play.Reset");
    assert_eq!(player.status(), "NetStream.Play.Start");
    player.send(STREAM, &Command::new("seek", 0.0).argument(0.0));
    assert_eq!(player.status(), "NetStream.Seek.Failed");
    assert_eq!(origin.summary("live/s").players, 1);
}
