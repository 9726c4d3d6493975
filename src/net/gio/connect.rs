// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! From a name to an open connection: resolving, TCP to the first of the
//! addresses that answers, proxy, TLS. Each step can be cancelled and has a time
//! limit of its own.
//!
//! GIO asks for IPv4 and IPv6 addresses at the same time and goes on to the next
//! one after 250 ms without an answer, while the first may still win (RFC 8305).

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gio::prelude::*;

use super::options::Options;
use super::proxy::Proxy;
use super::thread::Unfinished;
use super::tls;
use super::transport::GioTransport;
use super::waker::{Timer, Waker};
use crate::net::{ConnectError, ConnectStep, Control, Endpoint, ProxyFailure, TlsError};

/// How long an operation that is no longer wanted may take to end. Nearly all do
/// so at once; the others are left to end by themselves.
const GRACE: Duration = Duration::from_millis(25);

/// Connects to an endpoint, in a [`NetworkThread`](super::NetworkThread). Each step may take `timeout`, or for ever if there
/// is none; `on_step` hears of the steps as they begin.
///
/// # Errors
/// Why there is no connection.
pub fn connect(
    endpoint: &Endpoint,
    options: &Options,
    control: &Control,
    timeout: Option<Duration>,
    on_step: impl FnMut(ConnectStep),
) -> Result<GioTransport, ConnectError> {
    if endpoint.tls && !tls::is_available() {
        return Err(TlsError::NoBackend.into());
    }
    options.check(&endpoint.host)?;
    let context = glib::MainContext::ref_thread_default();
    let cancellable = gio::Cancellable::new();
    let waker = Arc::new(Waker::new(context));
    let (wake, canceller) = (Arc::clone(&waker), cancellable.clone());
    control.install(move || wake.wake(), move || canceller.cancel());
    let mut connecting = Connecting {
        control,
        cancellable,
        waker,
        timer: Timer::default(),
        timeout,
        deadline: None,
        given_up: None,
        on_step,
    };

    let (connection, proxied) = connecting.open(endpoint, options)?;
    let tls = match endpoint.tls {
        true => Some(connecting.secure(&connection, endpoint, options)?),
        false => None,
    };
    GioTransport::new(connection, tls, proxied, connecting.waker, control)
}

/// A connection on its way.
struct Connecting<'a, F> {
    control: &'a Control,
    cancellable: gio::Cancellable,
    waker: Arc<Waker>,
    timer: Timer,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    /// Why what is begun is not wanted any more.
    given_up: Option<ConnectError>,
    on_step: F,
}

/// Why a step of GIO's brought nothing.
enum Stopped {
    Failed(glib::Error),
    Else(ConnectError),
}

impl From<ConnectError> for Stopped {
    fn from(error: ConnectError) -> Self {
        Self::Else(error)
    }
}

impl<F: FnMut(ConnectStep)> Connecting<'_, F> {
    /// A new step begins, and its time.
    fn begin(&mut self, step: ConnectStep) {
        if self.given_up.is_none() {
            self.deadline = self.timeout.map(|timeout| Instant::now() + timeout);
            (self.on_step)(step);
        }
    }

    /// Runs the context until a step's callback has put its result down, or the
    /// step is given up.
    fn run<T>(
        &mut self,
        outcome: &RefCell<Option<Result<T, glib::Error>>>,
        mut on_turn: impl FnMut(&mut Self),
    ) -> Result<T, Stopped> {
        let result = loop {
            on_turn(self);
            if let Some(result) = outcome.take() {
                break Some(result);
            }
            let is_late = self.deadline.is_some_and(|limit| limit <= Instant::now());
            if self.given_up.is_some() {
                if is_late {
                    break None;
                }
            } else if self.control.is_cancelled() {
                self.give_up(ConnectError::Cancelled);
            } else if is_late {
                self.give_up(ConnectError::TimedOut);
            }
            self.timer.set(&self.waker.context, self.deadline);
            self.waker.context.iteration(true);
        };
        if self.control.is_cancelled() {
            return Err(ConnectError::Cancelled.into());
        }
        match (self.given_up.take(), result) {
            (Some(error), _) => Err(error.into()),
            (None, Some(Ok(value))) => Ok(value),
            (None, Some(Err(error))) => Err(Stopped::Failed(error)),
            (None, None) => Err(ConnectError::Cancelled.into()),
        }
    }

    fn give_up(&mut self, why: ConnectError) {
        self.given_up = Some(why);
        self.deadline = Some(Instant::now() + GRACE);
        self.cancellable.cancel();
    }

    /// Up to an open TCP connection, through a proxy if there is one. True if so.
    fn open(
        &mut self,
        endpoint: &Endpoint,
        options: &Options,
    ) -> Result<(gio::SocketConnection, bool), ConnectError> {
        let client = options.client();
        let events = Rc::new(RefCell::new(Vec::new()));
        let (queue, socket_options) = (Rc::clone(&events), options.socket);
        client.connect_event(move |_, event, _, stream| {
            if event == gio::SocketClientEvent::Connecting {
                let stream = stream.and_then(|stream| stream.downcast_ref());
                if let Some(connection) = stream.map(gio::SocketConnection::socket) {
                    socket_options.apply(&connection);
                }
            }
            queue.borrow_mut().push(event);
        });
        let outcome = Rc::new(RefCell::new(None));
        client.connect_async(
            &gio::NetworkAddress::new(&endpoint.host, endpoint.port),
            Some(&self.cancellable),
            callback(&outcome),
        );

        let (mut resolved, mut proxied) = (false, false);
        self.begin(ConnectStep::Resolving);
        let result = self.run(&outcome, |this| {
            for event in events.take() {
                match event {
                    gio::SocketClientEvent::Connecting if !resolved => {
                        resolved = true;
                        this.begin(ConnectStep::Connecting);
                    }
                    gio::SocketClientEvent::ProxyNegotiating => {
                        proxied = true;
                        this.begin(ConnectStep::Proxy);
                    }
                    _ => {}
                }
            }
        });
        match result {
            Ok(connection) => Ok((connection, proxied)),
            Err(Stopped::Else(error)) => Err(error),
            Err(Stopped::Failed(error)) => Err(open_error(&error, options, proxied)),
        }
    }

    /// Puts TLS on it.
    fn secure(
        &mut self,
        connection: &gio::SocketConnection,
        endpoint: &Endpoint,
        options: &Options,
    ) -> Result<tls::Secured, ConnectError> {
        self.begin(ConnectStep::Tls);
        let handshake = tls::Handshake::new(connection, endpoint, &options.tls)?;
        let outcome = Rc::new(RefCell::new(None));
        handshake.connection.handshake_async(
            glib::Priority::DEFAULT,
            Some(&self.cancellable),
            callback(&outcome),
        );
        match self.run(&outcome, |_| {}) {
            Ok(()) => handshake.outcome(Ok(())),
            Err(Stopped::Failed(error)) => handshake.outcome(Err(error)),
            Err(Stopped::Else(error)) => {
                handshake.give_up();
                // Ends it, if it has not, and tells the server.
                let _ = connection.socket().shutdown(true, true);
                Err(error)
            }
        }
    }
}

/// Puts an operation's result down.
fn callback<T: 'static>(
    outcome: &Rc<RefCell<Option<Result<T, glib::Error>>>>,
) -> impl FnOnce(Result<T, glib::Error>) + 'static {
    let (slot, unfinished) = (Rc::clone(outcome), Unfinished::new());
    move |result| {
        slot.replace(Some(result));
        drop(unfinished);
    }
}

fn open_error(error: &glib::Error, options: &Options, proxied: bool) -> ConnectError {
    let words = format!("{}{}", error.message(), options.constraints());
    let proxy = |kind| ConnectError::Proxy {
        kind,
        words: words.clone(),
    };
    match error.kind::<gio::IOErrorEnum>() {
        Some(gio::IOErrorEnum::ProxyFailed) => proxy(http_failure(error.message())),
        Some(gio::IOErrorEnum::ProxyAuthFailed | gio::IOErrorEnum::ProxyNeedAuth) => {
            proxy(ProxyFailure::Login)
        }
        Some(gio::IOErrorEnum::ProxyNotAllowed) => proxy(ProxyFailure::Refused),
        // What the proxy says of the server.
        Some(
            gio::IOErrorEnum::HostUnreachable
            | gio::IOErrorEnum::NetworkUnreachable
            | gio::IOErrorEnum::ConnectionRefused,
        ) if proxied => proxy(ProxyFailure::Refused),
        // The user's own choice is what was to be reached in the first place.
        _ if proxied || matches!(options.proxy, Proxy::Through(_)) => proxy(ProxyFailure::Broken),
        _ if error.is::<gio::ResolverError>() => ConnectError::Resolve(words),
        Some(gio::IOErrorEnum::HostNotFound) => ConnectError::Resolve(words),
        Some(gio::IOErrorEnum::ConnectionRefused) => ConnectError::Refused(words),
        _ => ConnectError::Failed(words),
    }
}

/// What an HTTP proxy's status says, which GIO puts at the end of its words in
/// every language.
fn http_failure(words: &str) -> ProxyFailure {
    let status = words.rsplit(|c: char| !c.is_ascii_digit()).next();
    match status.and_then(|status| status.parse::<u16>().ok()) {
        // tinyproxy's answer to a wrong password; 407 has a code of its own.
        Some(401) => ProxyFailure::Login,
        // It could not connect.
        Some(500..=599) => ProxyFailure::Refused,
        _ => ProxyFailure::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_http_proxy_is_found_in_the_words() {
        for (words, expected) in [
            ("HTTP proxy connection failed: 401", ProxyFailure::Login),
            (
                "HTTP-Proxy-Verbindung fehlgeschlagen: 503",
                ProxyFailure::Refused,
            ),
            ("HTTP proxy connection failed: 404", ProxyFailure::Broken),
            ("Bad HTTP proxy reply", ProxyFailure::Broken),
            ("", ProxyFailure::Broken),
        ] {
            assert_eq!(http_failure(words), expected, "{words}");
        }
    }
}
