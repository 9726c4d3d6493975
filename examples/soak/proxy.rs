// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A proxy that cuts its connections, or lets nothing through for a while.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub(crate) struct Proxy {
    address: SocketAddr,
    is_stalled: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    pub(crate) fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let proxy = Self {
            address: listener.local_addr()?,
            is_stalled: Arc::default(),
            open: Arc::default(),
        };
        let (is_stalled, open) = (Arc::clone(&proxy.is_stalled), Arc::clone(&proxy.open));
        thread::spawn(move || {
            for client in listener.incoming() {
                // Without a server the client is closed, and comes again.
                let _ = client.and_then(|client| relay(client, target, &is_stalled, &open));
            }
        });
        Ok(proxy)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn cut(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            // Fails only where it is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn stall(&self, time: Duration) {
        self.is_stalled.store(true, Ordering::Relaxed);
        thread::sleep(time);
        self.is_stalled.store(false, Ordering::Relaxed);
    }
}

fn relay(
    client: TcpStream,
    target: SocketAddr,
    is_stalled: &Arc<AtomicBool>,
    open: &Mutex<Vec<TcpStream>>,
) -> io::Result<()> {
    let server = TcpStream::connect(target)?;
    let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
    open.extend([client.try_clone()?, server.try_clone()?]);
    pipe(
        client.try_clone()?,
        server.try_clone()?,
        Arc::clone(is_stalled),
    );
    pipe(server, client, Arc::clone(is_stalled));
    Ok(())
}

fn pipe(mut from: TcpStream, mut to: TcpStream, is_stalled: Arc<AtomicBool>) {
    thread::spawn(move || {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            while is_stalled.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(5));
            }
            if to
                .write_all(buffer.get(..count).unwrap_or_default())
                .is_err()
            {
                break;
            }
        }
        // Both ends learn of it, whichever left.
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    });
}
