// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! TCP through GIO: cancellable name resolution, system proxies, several
//! addresses tried in parallel, and streams that work the same with TLS.
//!
//! The network thread owns a `MainContext`, which runs while it connects. Once
//! connected it waits in `poll`, by way of `Socket::condition_timed_wait`: a
//! source of a context costs seven more system calls for each message. GIO
//! objects stay in that thread; a [`Control`] reaches it through the context's
//! wake-up and `Cancellable`s, which are made for that.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gio::prelude::*;

use super::{ConnectError, ConnectStep, Control, Endpoint, Interest, Transport};

/// `IPPROTO_TCP` and `TCP_NODELAY`, the same on every system that GIO runs on.
const IPPROTO_TCP: i32 = 6;
const TCP_NODELAY: i32 = 1;

/// `TCP_QUICKACK` of Linux: acknowledge at once, until the kernel thinks better.
#[cfg(target_os = "linux")]
const TCP_QUICKACK: i32 = 12;

/// Reads after which acknowledgements are sent at once. Servers that leave
/// Nagle's algorithm on (nginx-rtmp) otherwise hold back half of an answer
/// until the delayed acknowledgement of the first half comes, 40 ms each time.
const QUICK_READS: u32 = 32;

/// Runs `f` with a main context of its own as the thread's default, as all
/// functions here need. Call it once, around the network thread.
///
/// # Errors
/// The context belongs to another thread, which a new one cannot.
pub fn with_main_context<R>(f: impl FnOnce() -> R) -> Result<R, glib::BoolError> {
    let context = glib::MainContext::new();
    context
        .with_thread_default(f)
        .map_err(|_| glib::bool_error!("the main context belongs to another thread"))
}

/// Connects to an endpoint. Each step may take `timeout`, or for ever if there
/// is none; `on_step` hears of the steps as they begin.
///
/// # Errors
/// Why there is no connection.
pub fn connect(
    endpoint: &Endpoint,
    control: &Control,
    timeout: Option<Duration>,
    mut on_step: impl FnMut(ConnectStep),
) -> Result<GioTransport, ConnectError> {
    let context = glib::MainContext::ref_thread_default();
    let cancellable = gio::Cancellable::new();
    let waker = Arc::new(Waker::new(context.clone()));
    let (wake, canceller) = (Arc::clone(&waker), cancellable.clone());
    control.install(move || wake.wake(), move || canceller.cancel());

    let events = Rc::new(RefCell::new(Vec::new()));
    let outcome = Rc::new(RefCell::new(None));
    let client = gio::SocketClient::new();
    let queue = Rc::clone(&events);
    client.connect_event(move |_, event, _, _| queue.borrow_mut().push(event));
    let slot = Rc::clone(&outcome);
    client.connect_async(
        &gio::NetworkAddress::new(&endpoint.host, endpoint.port),
        Some(&cancellable),
        move |result| {
            slot.replace(Some(result));
        },
    );

    let mut timer = Timer::default();
    let mut resolved = false;
    let mut proxied = false;
    let mut deadline = timeout.map(|timeout| Instant::now() + timeout);
    let mut timed_out = false;
    on_step(ConnectStep::Resolving);
    let result = loop {
        for event in events.take() {
            match event {
                gio::SocketClientEvent::Connecting if !resolved => {
                    resolved = true;
                    deadline = timeout.map(|timeout| Instant::now() + timeout);
                    on_step(ConnectStep::Connecting);
                }
                gio::SocketClientEvent::ProxyNegotiating => proxied = true,
                _ => {}
            }
        }
        if let Some(result) = outcome.take() {
            break result;
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            // The callback still comes, at once, and ends the loop.
            timed_out = true;
            deadline = None;
            cancellable.cancel();
        }
        timer.set(&context, deadline);
        context.iteration(true);
    };

    match result {
        _ if control.is_cancelled() => Err(ConnectError::Cancelled),
        Ok(connection) => GioTransport::new(connection, waker, control),
        Err(_) if timed_out => Err(ConnectError::TimedOut),
        Err(error) => Err(connect_error(&error, proxied)),
    }
}

fn connect_error(error: &glib::Error, proxied: bool) -> ConnectError {
    let text = error.message().to_owned();
    if error.is::<gio::ResolverError>() {
        return ConnectError::Resolve(text);
    }
    match error.kind::<gio::IOErrorEnum>() {
        Some(gio::IOErrorEnum::HostNotFound) => ConnectError::Resolve(text),
        Some(gio::IOErrorEnum::ConnectionRefused) => ConnectError::Refused(text),
        Some(gio::IOErrorEnum::TimedOut) => ConnectError::TimedOut,
        Some(
            gio::IOErrorEnum::ProxyFailed
            | gio::IOErrorEnum::ProxyAuthFailed
            | gio::IOErrorEnum::ProxyNeedAuth
            | gio::IOErrorEnum::ProxyNotAllowed,
        ) => ConnectError::Proxy(text),
        _ if proxied => ConnectError::Proxy(text),
        _ => ConnectError::Failed(text),
    }
}

/// An open connection. Lives in the thread that made it.
pub struct GioTransport {
    control: Control,
    input: gio::PollableInputStream,
    output: gio::PollableOutputStream,
    socket: gio::Socket,
    /// Kept for its lifetime: the streams close with it.
    connection: gio::SocketConnection,
    waker: Arc<Waker>,
    timer: Timer,
    reads: u32,
}

impl GioTransport {
    fn new(
        connection: gio::SocketConnection,
        waker: Arc<Waker>,
        control: &Control,
    ) -> Result<Self, ConnectError> {
        // Commands are small and each waits for an answer: Nagle's algorithm
        // with delayed acknowledgements would cost 40 ms a step. A socket that
        // lacks the option works without.
        let socket = connection.socket();
        let _ = socket.set_option(IPPROTO_TCP, TCP_NODELAY, 1);
        socket.set_keepalive(true);

        let streams = (
            connection.input_stream().dynamic_cast().ok(),
            connection.output_stream().dynamic_cast().ok(),
        );
        let (Some(input), Some(output)) = streams else {
            return Err(ConnectError::Failed(
                "the connection's streams cannot be polled".to_owned(),
            ));
        };
        Ok(Self {
            control: control.clone(),
            input,
            output,
            socket,
            connection,
            waker,
            timer: Timer::default(),
            reads: 0,
        })
    }

    /// Sends the acknowledgement of what was just read, in the first exchanges.
    fn acknowledge_quickly(&mut self) {
        if self.reads >= QUICK_READS {
            return;
        }
        self.reads += 1;
        #[cfg(target_os = "linux")]
        let _ = self.socket.set_option(IPPROTO_TCP, TCP_QUICKACK, 1);
    }
}

impl Transport for GioTransport {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .input
            .read_nonblocking(buffer, gio::Cancellable::NONE)
            .map_err(io_error)?;
        self.acknowledge_quickly();
        Ok(count.try_into().unwrap_or(0))
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output
            .write_nonblocking(bytes, gio::Cancellable::NONE)
            .map(|count| count.try_into().unwrap_or(0))
            .map_err(io_error)
    }

    fn wait(&mut self, interest: Interest, deadline: Option<Instant>) {
        if self.control.is_cancelled() {
            return;
        }
        let mut condition = glib::IOCondition::empty();
        condition.set(glib::IOCondition::IN, interest.read);
        condition.set(glib::IOCondition::OUT, interest.write);
        if condition.is_empty() {
            // `poll` would return at once if the peer has hung up.
            self.timer.set(&self.waker.context, deadline);
            self.waker.context.iteration(true);
        } else {
            let timeout = deadline.map_or(-1, microseconds_until);
            let cancellable = self.waker.cancellable();
            // Why it ends is all the same: the caller looks at everything.
            let _ = self
                .socket
                .condition_timed_wait(condition, timeout, Some(&cancellable));
        }
        // Whatever woke us was done before that, and is looked at next.
        self.waker.rearm();
    }
}

impl Drop for GioTransport {
    fn drop(&mut self) {
        // Closing a socket does not block; its failure changes nothing.
        let _ = self.connection.close(gio::Cancellable::NONE);
    }
}

/// Rounded up, so that it has passed when the wait ends.
fn microseconds_until(deadline: Instant) -> i64 {
    let left = deadline.saturating_duration_since(Instant::now());
    i64::try_from(left.as_micros()).map_or(i64::MAX, |left| left.saturating_add(1))
}

/// Ends a wait, be it for the socket or in the context.
struct Waker {
    context: glib::MainContext,
    /// For one time only: there is no safe way to reset it.
    cancellable: Mutex<gio::Cancellable>,
}

impl Waker {
    fn new(context: glib::MainContext) -> Self {
        Self {
            context,
            cancellable: Mutex::new(cancellable_with_descriptor()),
        }
    }

    fn wake(&self) {
        self.lock().cancel();
        self.context.wakeup();
    }

    fn cancellable(&self) -> gio::Cancellable {
        self.lock().clone()
    }

    fn rearm(&self) {
        let mut cancellable = self.lock();
        if cancellable.is_cancelled() {
            *cancellable = cancellable_with_descriptor();
        }
    }

    fn lock(&self) -> MutexGuard<'_, gio::Cancellable> {
        self.cancellable
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its descriptor is opened here, once, and not for each wait.
fn cancellable_with_descriptor() -> gio::Cancellable {
    let cancellable = gio::Cancellable::new();
    let _ = cancellable.fd();
    cancellable
}

/// One timeout source, replaced only when its deadline changes or has passed.
#[derive(Default)]
struct Timer {
    deadline: Option<Instant>,
    source: Option<glib::Source>,
    fired: Rc<Cell<bool>>,
}

impl Timer {
    fn set(&mut self, context: &glib::MainContext, deadline: Option<Instant>) {
        if self.deadline == deadline && !self.fired.get() {
            return;
        }
        if let Some(source) = self.source.take() {
            source.destroy();
        }
        self.fired.set(false);
        self.deadline = deadline;
        let Some(deadline) = deadline else {
            return;
        };
        // Rounded up: GLib counts milliseconds and must not fire early.
        let interval =
            deadline.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let fired = glib::thread_guard::ThreadGuard::new(Rc::clone(&self.fired));
        let source = glib::timeout_source_new(
            interval,
            Some("rtmpr deadline"),
            glib::Priority::DEFAULT,
            move || {
                fired.get_ref().set(true);
                glib::ControlFlow::Break
            },
        );
        source.attach(Some(context));
        self.source = Some(source);
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            source.destroy();
        }
    }
}

fn io_error(error: glib::Error) -> io::Error {
    let kind = match error.kind::<gio::IOErrorEnum>() {
        Some(gio::IOErrorEnum::WouldBlock) => return io::ErrorKind::WouldBlock.into(),
        // GIO has one code for a broken pipe and a reset.
        Some(gio::IOErrorEnum::BrokenPipe) => io::ErrorKind::ConnectionReset,
        Some(gio::IOErrorEnum::TimedOut) => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}
