// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Who may come in, by user name and password; and who may publish and play,
//! by SecureToken. Everybody if nothing is set.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gstrtmpr::rtmp::auth::{Challenger, Decision, random_text, secure_token};

use super::OriginOptions;

/// What all connections are asked.
pub(crate) struct Access {
    challenger: Option<Mutex<Challenger>>,
    secure_token: Option<String>,
    random: RandomState,
    count: AtomicU64,
}

/// A SecureToken challenge, and what it has to be answered with.
pub(crate) struct TokenChallenge {
    pub(crate) challenge: String,
    pub(crate) answer: String,
}

impl Access {
    pub(crate) fn new(options: &OriginOptions) -> Self {
        let users = options.users.clone();
        let challenger = Challenger::new(options.authmod, users);
        Self {
            challenger: (!options.users.is_empty()).then(|| Mutex::new(challenger)),
            secure_token: options.secure_token.clone(),
            random: RandomState::new(),
            count: AtomicU64::new(0),
        }
    }

    /// Whom a client has shown to be, if anybody is asked.
    ///
    /// # Errors
    /// It is not let in: the description for the refusal.
    pub(crate) fn decide(&self, app: &str) -> Result<Option<String>, String> {
        let Some(challenger) = &self.challenger else {
            return Ok(None);
        };
        let random = [self.random(), self.random()];
        // Every change to it is complete at each of its steps.
        let mut challenger = challenger.lock().unwrap_or_else(PoisonError::into_inner);
        match challenger.decide(app, random) {
            Decision::Accepted(user) => Ok(Some(user)),
            Decision::Refused(description) => Err(description),
        }
    }

    pub(crate) fn token_challenge(&self) -> Option<TokenChallenge> {
        let token = self.secure_token.as_ref()?;
        let answer = random_text(self.random());
        Some(TokenChallenge {
            challenge: secure_token::challenge(&answer, token),
            answer,
        })
    }

    /// Different each time, and not to be guessed: its key is the system's.
    fn random(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.random.hash_one(count)
    }
}
