// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The server's side: whom to let in, and what to tell the others.
//!
//! A challenge is good for one answer. Names that are not known are challenged
//! like those that are, so that nobody learns which there are.

use std::collections::VecDeque;

use super::{Credentials, Method, answer, is_sendable, secure_token};

/// Challenges that wait for their answers; the oldest are forgotten first.
const MAX_WAITING: usize = 1024;

/// Longest name that is challenged, in bytes: FFmpeg reads no more than 255
/// bytes of a description.
const MAX_USER: usize = 100;

/// Whether a client may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It has shown that it knows the password of this user.
    Accepted(String),
    /// Not with this: the description for the status
    /// `NetConnection.Connect.Rejected`.
    Refused(String),
}

/// Asks clients who they are.
#[derive(Debug)]
pub struct Challenger {
    pub(super) method: Method,
    users: Vec<Credentials>,
    pub(super) waiting: VecDeque<Waiting>,
}

/// A challenge that was sent.
#[derive(Debug)]
pub(super) struct Waiting {
    user: String,
    salt: String,
    /// `opaque` and `challenge`, or the nonce.
    challenge: String,
}

impl Challenger {
    /// Lets in these users, by this method.
    pub fn new(method: Method, users: Vec<Credentials>) -> Self {
        Self {
            method,
            users,
            waiting: VecDeque::new(),
        }
    }

    /// Decides on a `connect` by its `app`, as it was sent. `random` must not
    /// be known beforehand, and differ each time.
    pub fn decide(&mut self, app: &str, random: [u64; 2]) -> Decision {
        let (application, query) = app.split_once('?').unwrap_or((app, ""));
        // Clients put a second question mark behind a query of the user's.
        let value = |name: &str| {
            let pairs = query.split(['&', '?']);
            let mut values = pairs.filter_map(|pair| pair.split_once('='));
            let (_, value) = values.find(|(key, _)| *key == name)?;
            Some(value)
        };
        let method = value("authmod").and_then(Method::from_name);
        let user = value("user").filter(|user| is_sendable(user) && user.len() <= MAX_USER);
        let (Some(user), true) = (user, method == Some(self.method)) else {
            let method = self.method;
            return Decision::Refused(format!(
                "[ AccessManager.Reject ] : [ code=403 need auth; authmod={method} ] : "
            ));
        };
        let Some(response) = value("response") else {
            return self.challenge(user, random);
        };
        let [ours, theirs] = match self.method {
            Method::Adobe => ["opaque", "challenge"],
            Method::Llnw => ["nonce", "cnonce"],
        };
        let waiting = value(ours).and_then(|ours| self.take(user, ours));
        let known = self.users.iter().find(|known| known.user == user);
        let (Some(waiting), Some(theirs), Some(known)) = (waiting, value(theirs), known) else {
            return self.failed();
        };
        let expected = match self.method {
            Method::Adobe => answer::adobe(known, &waiting.salt, &waiting.challenge, theirs),
            Method::Llnw => answer::llnw(known, application, &waiting.challenge, theirs),
        };
        if is_equal(expected.as_bytes(), response.as_bytes()) {
            Decision::Accepted(user.to_owned())
        } else {
            self.failed()
        }
    }

    fn challenge(&mut self, user: &str, random: [u64; 2]) -> Decision {
        let [salt, challenge] = random.map(random_text);
        let values = match self.method {
            Method::Adobe => {
                format!("user={user}&salt={salt}&challenge={challenge}&opaque={challenge}")
            }
            Method::Llnw => format!("user={user}&nonce={challenge}"),
        };
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(Waiting {
            user: user.to_owned(),
            salt,
            challenge,
        });
        self.refused(&format!("needauth&{values}"))
    }

    /// A challenge that was sent to this user, which it is not again.
    fn take(&mut self, user: &str, challenge: &str) -> Option<Waiting> {
        let is_meant = |sent: &Waiting| sent.challenge == challenge && sent.user == user;
        let position = self.waiting.iter().position(is_meant)?;
        self.waiting.remove(position)
    }

    fn failed(&self) -> Decision {
        self.refused("authfailed")
    }

    fn refused(&self, reason: &str) -> Decision {
        let method = self.method;
        Decision::Refused(format!(
            "[ AccessManager.Reject ] : [ authmod={method} ] : ?reason={reason}"
        ))
    }
}

/// Sixteen hexadecimal digits.
pub fn random_text(random: u64) -> String {
    secure_token::to_hex(&random.to_be_bytes())
}

/// Compares in a time that tells nothing of where they differ.
fn is_equal(expected: &[u8], given: &[u8]) -> bool {
    let pairs = expected.iter().zip(given);
    let differing = pairs.fold(0, |differing, (a, b)| differing | (a ^ b));
    expected.len() == given.len() && std::hint::black_box(differing) == 0
}
