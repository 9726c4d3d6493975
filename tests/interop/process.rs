// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Programs that a test starts, and ends by their pid.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use crate::HANG;

/// A running program; killed when dropped.
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let name = format!("{command:?}");
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start ({error}); run make test"));
        Self { child, name }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        nix::sys::signal::kill(Pid::from_raw(pid), signal).expect("it runs");
    }

    /// Waits until the program ends by itself.
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        let deadline = Instant::now() + HANG;
        loop {
            match self.child.try_wait().expect("a child can be waited for") {
                Some(status) => return status,
                None => assert!(Instant::now() < deadline, "{} hangs", self.name),
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end, under a guard against hanging.
pub(crate) fn run(command: &mut Command) -> Output {
    Reading::start(command).end()
}

/// A running program whose output is read.
pub(crate) struct Reading {
    process: Process,
    out: Pipe,
    err: Pipe,
}

impl Reading {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = Process::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let out = Pipe::read(process.child.stdout.take());
        let err = Pipe::read(process.child.stderr.take());
        Self { process, out, err }
    }

    /// Waits until it has written this to its output, or fails if it ends.
    pub(crate) fn wait_for(&self, text: &str) {
        let has_text = || {
            let bytes = self.out.bytes.lock().expect("not poisoned");
            String::from_utf8_lossy(&bytes).contains(text)
        };
        wait_until(text, || has_text() || self.out.thread.is_finished());
        assert!(has_text(), "{} ended without {text:?}", self.process.name);
    }

    /// Waits until it ends by itself.
    pub(crate) fn end(mut self) -> Output {
        let status = self.process.wait();
        Output {
            status,
            stdout: self.out.end(),
            stderr: self.err.end(),
        }
    }
}

/// What comes out of a program.
struct Pipe {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Pipe {
    fn read(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let kept = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            let mut pipe = pipe.expect("a pipe");
            while let count @ 1.. = pipe.read(&mut buffer).expect("it can be read") {
                let mut kept = kept.lock().expect("not poisoned");
                kept.extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, thread }
    }

    fn end(self) -> Vec<u8> {
        self.thread.join().expect("it was read");
        std::mem::take(&mut *self.bytes.lock().expect("not poisoned"))
    }
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + HANG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not in {HANG:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until something listens on a port, without connecting to it: servers
/// that take one client only would take us for it.
pub(crate) fn wait_for_listener(port: u16) {
    let wanted = format!(":{port:04X} 00000000:0000 0A");
    wait_until(&format!("something listens on port {port}"), || {
        let sockets = std::fs::read_to_string("/proc/net/tcp").expect("the socket table");
        sockets.contains(&wanted)
    });
}

/// A folder of a test's own, removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let name = format!("rtmpr-interop-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Lets a program of GStreamer find our plugin, with a registry of its own that
/// is made beforehand, so that what scanning finds in other plugins does not
/// show in the program.
pub(crate) fn with_plugin<'c>(command: &'c mut Command, folder: &Folder) -> &'c mut Command {
    let plugins = folder.path().join("plugins");
    let registry = folder.path().join("registry");
    let set = |command: &mut Command| {
        command
            .env("GST_PLUGIN_PATH", &plugins)
            .env("GST_REGISTRY", &registry);
    };
    if !registry.exists() {
        // Alone in its folder: cargo's has libraries that are no plugins.
        std::fs::create_dir_all(&plugins).expect("a folder for the plugin");
        let copy = plugins.join("libgstrtmpr.so");
        std::fs::copy(built_plugin(), copy).expect("the plugin is copied");
        let mut inspect = Command::new("gst-inspect-1.0");
        set(&mut inspect);
        let output = run(inspect.arg("rtmprsrc"));
        assert!(output.status.success(), "{output:?}");
    }
    set(command);
    command
}

/// The plugin that was built last: cargo leaves it in `deps` when only tests
/// were asked for.
fn built_plugin() -> PathBuf {
    let dir = crate::build_dir();
    [dir.clone(), dir.join("deps")]
        .into_iter()
        .map(|dir| dir.join("libgstrtmpr.so"))
        .filter(|path| path.exists())
        .max_by_key(|path| path.metadata().and_then(|file| file.modified()).ok())
        .expect("cargo has built the plugin")
}
