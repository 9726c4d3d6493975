// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The thread of a connection, with a main context of its own.
//!
//! An operation of GIO's that was cancelled still ends in the context that it
//! was begun in. Nearly all do so at once; a TLS handshake does not while the
//! application is asked for a certificate (`GTlsInteraction`), which GIO does in
//! the thread that made the interaction, maybe the one that waits for this thread
//! to stop. So nobody waits for what is left unfinished: the thread stays, on its
//! own, until it is.

use std::cell::Cell;
use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

thread_local! {
    static UNFINISHED: Cell<usize> = const { Cell::new(0) };
}

/// A thread to connect in. Dropping it waits until it is done, but not for
/// operations that it has given up.
#[derive(Debug)]
pub struct NetworkThread {
    /// Whether it left something unfinished.
    done: mpsc::Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

impl NetworkThread {
    /// Runs `f` in a new thread with a main context as its default, as
    /// [`connect`](super::connect) needs.
    ///
    /// # Errors
    /// The system has no thread for us.
    pub fn spawn(name: &str, f: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (sender, done) = mpsc::channel();
        let run = move || {
            let context = glib::MainContext::new();
            // It could fail for a context that another thread has.
            let _ = context.with_thread_default(|| {
                f();
                // Nobody may be there to hear it.
                let _ = sender.send(Unfinished::any());
                while Unfinished::any() {
                    context.iteration(true);
                }
            });
        };
        let thread = std::thread::Builder::new().name(name.to_owned());
        Ok(Self {
            done,
            thread: Some(thread.spawn(run)?),
        })
    }
}

impl Drop for NetworkThread {
    fn drop(&mut self) {
        // No answer: it has panicked, which its owner hears of otherwise.
        let is_unfinished = self.done.recv().unwrap_or(false);
        if let Some(thread) = self.thread.take().filter(|_| !is_unfinished) {
            let _ = thread.join();
        }
    }
}

/// An operation of this thread's context that has not ended. Belongs into its
/// callback.
pub(super) struct Unfinished(());

impl Unfinished {
    pub(super) fn new() -> Self {
        UNFINISHED.set(UNFINISHED.get() + 1);
        Self(())
    }

    fn any() -> bool {
        UNFINISHED.get() > 0
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Gone already if the thread ends without running its callbacks.
        let _ = UNFINISHED.try_with(|count| count.set(count.get().saturating_sub(1)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[test]
    fn dropping_it_waits_for_what_runs() {
        let done = Arc::new(AtomicBool::new(false));
        let (flag, (go, wait)) = (Arc::clone(&done), mpsc::channel::<()>());
        let thread = NetworkThread::spawn("test", move || {
            let _ = wait.recv();
            flag.store(true, Ordering::SeqCst);
        });
        let thread = thread.expect("a thread");
        drop(go);
        drop(thread);
        assert!(done.load(Ordering::SeqCst));
    }

    #[test]
    fn a_panic_ends_it() {
        let thread = NetworkThread::spawn("test", || panic!("on purpose"));
        drop(thread.expect("a thread"));
    }

    #[test]
    fn what_is_unfinished_keeps_the_thread_and_nobody_waits_for_it() {
        let context = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&context);
        let (ended, end) = mpsc::channel::<()>();
        let thread = NetworkThread::spawn("test", move || {
            // Dropped with the thread's locals, behind its last turn.
            thread_local!(static ENDED: Cell<Option<mpsc::Sender<()>>> = const { Cell::new(None) });
            ENDED.set(Some(ended));
            let default = glib::MainContext::ref_thread_default();
            let unfinished = glib::thread_guard::ThreadGuard::new(Unfinished::new());
            let callback = move || drop(unfinished.into_inner());
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            *slot = Some((default, callback));
        });
        drop(thread.expect("a thread"));

        assert_eq!(end.try_recv(), Err(mpsc::TryRecvError::Empty));
        let callback = context
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let (context, callback) = callback.expect("a callback");
        context.invoke(callback);
        assert_eq!(end.recv(), Err(mpsc::RecvError), "the thread's end");
    }
}
