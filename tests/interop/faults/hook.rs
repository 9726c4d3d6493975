// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What nginx-rtmp asks before it lets somebody play: an HTTP server that
//! knows a few streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Answers until it is dropped.
pub(super) struct Hook {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hook {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                // A server that is gone is none of its business.
                let _ = answer(&stream);
            }
        });
        Self {
            address,
            stopping,
            thread: Some(thread),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Answers one request, whose body is a form with the stream's name.
fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut request = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        request.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body);
    let field = |wanted| {
        let mut fields = body.split('&').filter_map(|field| field.split_once('='));
        fields
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    // The URL of the connection tells the port; its colons may be escaped.
    let url = field("tcurl").unwrap_or_default().replace("%3A", ":");
    let port = url.split(':').next_back().unwrap_or_default();
    let port = port.split('/').next().unwrap_or_default();
    let answer = match field("name") {
        Some("away") => format!("302 Found\r\nLocation: rtmp://127.0.0.1:{port}/live/test"),
        Some("alias") => "302 Found\r\nLocation: test".to_owned(),
        Some("forbidden") => "403 Forbidden".to_owned(),
        _ => "200 OK".to_owned(),
    };
    write!(stream, "HTTP/1.0 {answer}\r\nContent-Length: 0\r\n\r\n")
}
