// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The handle by which other threads reach the network thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Hook = Box<dyn Fn() + Send>;

/// Wakes or cancels whatever a transport waits for, from any thread.
#[derive(Clone, Default)]
pub struct Control {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    cancelled: AtomicBool,
    /// What the transport in use does to end its wait, and how it aborts.
    wake: Mutex<Option<Hook>>,
    cancel: Mutex<Option<Hook>>,
    follower: Mutex<Option<Control>>,
}

impl Control {
    /// Makes the network thread look around.
    pub fn wake(&self) {
        if let Some(hook) = &*lock(&self.shared.wake) {
            hook();
        }
        let follower = lock(&self.shared.follower).clone();
        if let Some(follower) = follower {
            follower.wake();
        }
    }

    /// Ends everything the network thread is in, for good.
    pub fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        if let Some(hook) = &*lock(&self.shared.cancel) {
            hook();
        }
        let follower = lock(&self.shared.follower).clone();
        if let Some(follower) = follower {
            follower.cancel();
        }
        self.wake();
    }

    /// Wakes and cancels another one with this one from now on, in place of an earlier
    /// one.
    pub fn set_follower(&self, follower: Option<Self>) {
        lock(&self.shared.follower).clone_from(&follower);
        if let Some(follower) = follower
            && self.is_cancelled()
        {
            follower.cancel();
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::SeqCst)
    }

    /// Installs what ends a wait and what aborts an attempt. If the control is
    /// cancelled already, the latter is called at once.
    pub fn install(&self, wake: impl Fn() + Send + 'static, cancel: impl Fn() + Send + 'static) {
        *lock(&self.shared.wake) = Some(Box::new(wake));
        let mut slot = lock(&self.shared.cancel);
        let hook = slot.insert(Box::new(cancel));
        if self.is_cancelled() {
            hook();
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

/// A hook that panicked leaves nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn counter() -> (Arc<AtomicU32>, impl Fn() + Send + 'static) {
        let count = Arc::new(AtomicU32::new(0));
        let hook = Arc::clone(&count);
        (count, move || {
            hook.fetch_add(1, Ordering::SeqCst);
        })
    }

    #[test]
    fn cancelling_calls_both_hooks_and_stays() {
        let control = Control::default();
        let (wakes, wake) = counter();
        let (cancels, cancel) = counter();
        control.install(wake, cancel);

        control.wake();
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        assert!(!control.is_cancelled());

        control.clone().cancel();
        assert!(control.is_cancelled());
        assert_eq!(wakes.load(Ordering::SeqCst), 2);
        assert_eq!(cancels.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_follower_is_woken_and_cancelled_as_well() {
        let (control, follower) = (Control::default(), Control::default());
        let (wakes, wake) = counter();
        let (cancels, cancel) = counter();
        follower.install(wake, cancel);
        control.set_follower(Some(follower.clone()));
        control.wake();
        assert_eq!(wakes.load(Ordering::SeqCst), 1);
        control.cancel();
        assert!(follower.is_cancelled());
        assert_eq!(cancels.load(Ordering::SeqCst), 1);

        let late = Control::default();
        control.set_follower(Some(late.clone()));
        assert!(late.is_cancelled());
    }

    #[test]
    fn a_hook_installed_after_the_cancellation_is_called_at_once() {
        let control = Control::default();
        control.cancel();
        let (cancels, cancel) = counter();
        control.install(|| {}, cancel);
        assert_eq!(cancels.load(Ordering::SeqCst), 1);
    }
}
