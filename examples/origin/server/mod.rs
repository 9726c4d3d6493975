// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! A small RTMP origin: publishers on one side, any number of players of their
//! streams on the other. Nothing is transcoded or stored, but FLV files of a folder can
//! be played as recordings.
//!
//! It is built on the plugin's own `ServerSession`, with two threads for each
//! connection (`connection` reads, `link` writes), joined by the [`hub`] of
//! streams. Recordings are sent by a thread each (`playback`). Nothing here is global, prints, or ends the process, so that tests
//! and other programs can include this module and have as many as they like.
//! What clients can make it hold is bounded: by connections, by bytes queued
//! for each, and by bytes cached for each stream.

// Each program that includes this module uses a part of it.
#![allow(dead_code)]

pub(crate) mod access;
pub(crate) mod connection;
pub(crate) mod hub;
pub(crate) mod link;
pub(crate) mod outbox;
pub(crate) mod packet;
pub(crate) mod playback;
pub(crate) mod recording;
pub(crate) mod stream;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use gstrtmpr::rtmp::auth::{Credentials, Method};
use gstrtmpr::rtmp::handshake::HandshakeForm;
use gstrtmpr::rtmp::location::redacted_name;
use gstrtmpr::rtmp::session::server::DEFAULT_OUT_CHUNK_SIZE;
use gstrtmpr::rtmp::status::StatusCode;

use access::Access;
use hub::{Hub, Missing, NameInUse, Summary};
use link::Link;

/// Something that happened. Shown without what may be a stream's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    Connected(SocketAddr),
    /// By which handshake, and as whom if it was asked.
    LetIn(SocketAddr, HandshakeForm, Option<String>),
    /// It has not shown who it is, at least not yet.
    NotLetIn(SocketAddr),
    /// With the error if it was one.
    Closed(SocketAddr, Option<String>),
    Published(SocketAddr, String),
    PublishRefused(SocketAddr, String),
    /// Not said when the connection ends.
    Unpublished(SocketAddr, String),
    Played(SocketAddr, String),
    PlayRefused(SocketAddr, String),
    /// Not said when the stream or the connection ends.
    Stopped(SocketAddr, String),
}

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Connected(peer) => write!(f, "{peer} connected"),
            Self::LetIn(peer, form, None) => {
                write!(f, "{peer} is let in ({} handshake)", form.name())
            }
            Self::LetIn(peer, form, Some(user)) => {
                write!(
                    f,
                    "{peer} is let in as {user:?} ({} handshake)",
                    form.name()
                )
            }
            Self::NotLetIn(peer) => write!(f, "{peer} is asked who it is, or refused"),
            Self::Closed(peer, None) => write!(f, "{peer} closed"),
            Self::Closed(peer, Some(why)) => write!(f, "{peer} closed: {why}"),
            Self::Published(peer, path) => write!(f, "{peer} publishes {:?}", redacted_name(path)),
            Self::PublishRefused(peer, path) => {
                write!(f, "{peer} may not publish {:?}", redacted_name(path))
            }
            Self::Unpublished(peer, path) => {
                write!(f, "{peer} has published {:?}", redacted_name(path))
            }
            Self::Played(peer, path) => write!(f, "{peer} plays {:?}", redacted_name(path)),
            Self::PlayRefused(peer, path) => {
                write!(f, "{peer} may not play {:?}", redacted_name(path))
            }
            Self::Stopped(peer, path) => write!(f, "{peer} has played {:?}", redacted_name(path)),
        }
    }
}

/// Who hears of what happens: called in connections' threads, so briefly.
pub(crate) type Observer = Arc<dyn Fn(Notice) + Send + Sync>;

/// What a publisher gets who may publish, for tests of publishers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Welcome {
    /// It is refused with this code and these words.
    Refused(StatusCode, String),
    /// It is let in after so long.
    After(Duration),
    /// It is sent to this `tcUrl` (as SRS does it).
    Sent(String),
    /// It is let in, and nothing of it is read any more.
    Ignored,
}

/// Decides by a stream's path; `None`: it is let in.
pub(crate) type Doorkeeper = Arc<dyn Fn(&str) -> Option<Welcome> + Send + Sync>;

/// How an origin behaves.
#[derive(Clone)]
pub(crate) struct OriginOptions {
    /// Chunk size announced to clients, in bytes.
    pub(crate) chunk_size: u32,
    /// What is done with a play of a stream that nobody publishes.
    pub(crate) missing: Missing,
    /// What is done with a second publisher of a stream.
    pub(crate) name_in_use: NameInUse,
    /// A folder of FLV files that can be played.
    pub(crate) recordings: Option<PathBuf>,
    /// Who may come in; everybody if empty.
    pub(crate) users: Vec<Credentials>,
    /// How they show who they are.
    pub(crate) authmod: Method,
    /// What clients have to know to publish or play.
    pub(crate) secure_token: Option<String>,
    /// Connections at one time; more are closed at once.
    pub(crate) max_connections: usize,
    /// Media that waits for one connection to read it, in bytes.
    pub(crate) max_queue_bytes: usize,
    /// Media kept of each stream for later players, in bytes.
    pub(crate) max_gop_bytes: usize,
    /// Silence after which a client is pinged, and after as much more dropped.
    pub(crate) ping_interval: Duration,
    /// How long a client may read nothing of what is sent, and how long it
    /// has to read the rest and close when all has been sent.
    pub(crate) write_timeout: Duration,
    /// Who decides on what a publisher gets.
    pub(crate) doorkeeper: Option<Doorkeeper>,
    /// Who hears of what happens.
    pub(crate) observer: Option<Observer>,
}

impl Default for OriginOptions {
    fn default() -> Self {
        Self {
            chunk_size: DEFAULT_OUT_CHUNK_SIZE,
            missing: Missing::default(),
            name_in_use: NameInUse::default(),
            recordings: None,
            users: Vec::new(),
            authmod: Method::Adobe,
            secure_token: None,
            max_connections: 256,
            max_queue_bytes: 16 << 20,
            max_gop_bytes: 8 << 20,
            ping_interval: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            doorkeeper: None,
            observer: None,
        }
    }
}

impl OriginOptions {
    fn notify(&self, notice: Notice) {
        if let Some(observer) = &self.observer {
            observer(notice);
        }
    }
}

/// A running origin. Ends with all its connections when it is dropped.
pub(crate) struct Origin {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    options: OriginOptions,
    hub: Arc<Hub>,
    access: Access,
    stopping: AtomicBool,
    connections: Mutex<Vec<Running>>,
}

struct Running {
    link: Arc<Link>,
    thread: JoinHandle<()>,
}

impl Origin {
    /// Listens and serves in threads of its own.
    ///
    /// # Errors
    /// The address cannot be bound, or no thread started.
    pub(crate) fn start(address: impl ToSocketAddrs, options: OriginOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            hub: Hub::new(options.max_gop_bytes),
            access: Access::new(&options),
            options,
            stopping: AtomicBool::new(false),
            connections: Mutex::default(),
        });
        let accepting = Arc::clone(&shared);
        let acceptor = std::thread::Builder::new()
            .name("origin-accept".to_owned())
            .spawn(move || accepting.accept_all(&listener))?;
        Ok(Self {
            address,
            shared,
            acceptor: Some(acceptor),
        })
    }

    /// Where it listens, with the port that the system chose for port 0.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// How a stream (`application/name`) is now.
    pub(crate) fn summary(&self, path: &str) -> Summary {
        self.shared.hub.summary(path)
    }

    /// Waits until a stream is as wanted, and tells whether it came to that.
    pub(crate) fn wait_for(
        &self,
        path: &str,
        timeout: Duration,
        wanted: impl Fn(&Summary) -> bool,
    ) -> bool {
        self.shared.hub.wait_for(path, timeout, wanted)
    }

    /// Closes everything and returns when all threads have ended.
    pub(crate) fn stop(&mut self) {
        let Some(acceptor) = self.acceptor.take() else {
            return;
        };
        self.shared.stopping.store(true, Ordering::SeqCst);
        while !acceptor.is_finished() {
            // `accept` can only be ended by a client. Should there be no room
            // for one, the loop is awake anyway.
            let _ = TcpStream::connect_timeout(&self.reachable(), Duration::from_millis(100));
            std::thread::sleep(Duration::from_millis(1));
        }
        // A panic there was reported on its way.
        let _ = acceptor.join();
        let connections = std::mem::take(&mut *self.shared.connections());
        for connection in &connections {
            connection.link.abort();
        }
        for connection in connections {
            let _ = connection.thread.join();
        }
    }

    /// An address of ours that can be connected to, also if we listen on all.
    fn reachable(&self) -> SocketAddr {
        let ip = match self.address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        SocketAddr::new(ip, self.address.port())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn accept_all(self: &Arc<Self>, listener: &TcpListener) {
        loop {
            let accepted = listener.accept();
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            // A failure is the client's, or there are no descriptors left:
            // some time must pass before the latter can be better.
            let served = accepted.and_then(|(socket, peer)| self.serve(socket, peer));
            if served.is_err() {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    fn serve(self: &Arc<Self>, socket: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let mut connections = self.connections();
        connections.retain(|connection| !connection.thread.is_finished());
        if connections.len() >= self.options.max_connections {
            return Ok(());
        }
        // A different random part for each handshake.
        let seed = RandomState::new().build_hasher().finish();
        let link = Link::new(socket, peer, seed, &self.options)?;
        let (shared, running) = (Arc::clone(self), Arc::clone(&link));
        let thread = std::thread::Builder::new()
            .name("origin-read".to_owned())
            .spawn(move || {
                let Self {
                    hub,
                    access,
                    options,
                    ..
                } = &*shared;
                connection::run(&running, hub, access, options);
            })?;
        connections.push(Running { link, thread });
        Ok(())
    }

    fn connections(&self) -> MutexGuard<'_, Vec<Running>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
