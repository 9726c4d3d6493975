// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Holds the protocol core to what its own documentation promises: it knows
//! no sockets, threads, locks, clocks or GStreamer types.

use std::fs;
use std::path::{Path, PathBuf};

/// What code of the core must not name, as whole words.
const FORBIDDEN: &[&str] = &[
    "gst",
    "gst_base",
    "glib",
    "gio",
    "std::net",
    "std::thread",
    "std::sync",
    "std::time",
    "std::io",
    "std::fs",
    "std::env",
    "Instant",
    "SystemTime",
    "crate::net",
    "crate::queue",
    "crate::driver",
    "crate::player",
    "crate::properties",
    "crate::rtmprsrc",
    "crate::flv",
    // Would hide the names above.
    "std::{",
    "crate::{",
];

#[test]
fn the_core_names_no_socket_thread_clock_or_framework() {
    let mut files = Vec::new();
    rust_files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rtmp"),
        &mut files,
    );
    assert!(files.iter().any(|file| file.ends_with("chunk/reader.rs")));

    let found: Vec<String> = files
        .iter()
        .filter(|file| !file.ends_with("rtmp/purity.rs"))
        .flat_map(|file| {
            let text = fs::read_to_string(file).expect("source is UTF-8");
            forbidden_in(&text)
                .into_iter()
                .map(|word| format!("{}: {word}", file.display()))
                .collect::<Vec<_>>()
        })
        .collect();

    assert_eq!(found, [""; 0]);
}

#[test]
fn a_forbidden_name_is_found_in_code_only_and_only_as_a_word() {
    assert_eq!(forbidden_in("use std::sync::Arc;"), ["std::sync"]);
    assert_eq!(forbidden_in("use std::net::TcpStream;"), ["std::net"]);
    assert_eq!(forbidden_in("use std::net::Ipv6Addr;"), [""; 0]);
    assert_eq!(forbidden_in("let x = gst::Buffer::new(); // y"), ["gst"]);
    assert_eq!(forbidden_in("use std::{net, fmt};"), ["std::{"]);
    assert_eq!(forbidden_in("let now = Instant::now();"), ["Instant"]);
    assert_eq!(
        forbidden_in("//! gst::Buffer, std::net\nlet gstreamer = 1;"),
        [""; 0]
    );
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn forbidden_in(text: &str) -> Vec<&'static str> {
    // An address is data: reading one from a URL opens nothing.
    let text = text.replace("std::net::Ipv6Addr", "");
    let code: Vec<&str> = text
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .collect();
    let code = code.join("\n");
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands_alone = |word: &str| {
        code.match_indices(word).any(|(start, _)| {
            let before = code[..start].chars().next_back();
            let after = code[start + word.len()..].chars().next();
            let closed = word.ends_with('{') || !after.is_some_and(is_word);
            closed && !before.is_some_and(is_word)
        })
    };
    FORBIDDEN
        .iter()
        .copied()
        .filter(|word| stands_alone(word))
        .collect()
}
