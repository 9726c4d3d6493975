// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Runs what the fuzzers run over their corpus and over what they once found,
//! on any compiler. See docs/fuzzing.md.

// A library there.
#[allow(unreachable_pub)]
#[path = "../fuzz/src/lib.rs"]
mod bodies;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        const TARGETS: &[&str] = &[$(stringify!($name)),+];

        $(#[test]
        fn $name() {
            replay(stringify!($name), bodies::$name::run);
        })+
    };
}

targets!(
    amf0,
    amf3,
    chunk_reader,
    client_session,
    flv,
    handshake,
    location,
    server_session,
);

#[test]
fn every_target_is_replayed() {
    let targets: BTreeSet<String> = TARGETS.iter().map(ToString::to_string).collect();
    assert_eq!(stems("fuzz_targets"), targets);
    assert_eq!(stems("corpus"), targets);
    assert!(stems("found").is_subset(&targets));
}

/// Names in a folder of `fuzz/`, without their extensions.
fn stems(folder: &str) -> BTreeSet<String> {
    files(&fuzz().join(folder))
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect()
}

fn replay(target: &str, run: fn(&[u8])) {
    let corpus = files(&fuzz().join("corpus").join(target));
    assert!(!corpus.is_empty(), "{target} has a corpus");
    let found = fuzz().join("found").join(target);
    let found = if found.exists() {
        files(&found)
    } else {
        Vec::new()
    };
    run(&[]);
    for path in corpus.into_iter().chain(found) {
        let input = fs::read(&path).expect("it can be read");
        let _shown = ShownOnPanic(path);
        run(&input);
        // Where a peer is cut off.
        run(&input[..input.len() / 2]);
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.sort();
    files
}

/// Names the input if it fails.
struct ShownOnPanic(PathBuf);

impl Drop for ShownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("input: {}", self.0.display());
        }
    }
}
