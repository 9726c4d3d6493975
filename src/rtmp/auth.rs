// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Access by user name and password, and by SecureToken, for both roles.
//!
//! A server that wants to know who asks refuses `connect` and says so in the
//! description of its status; the client connects anew with its answer in the
//! query of `app` and `tcUrl`. Two methods are in use, named by `authmod`:
//! `adobe` (FMS and AMS with the access add-in, Wowza) and `llnw` (Limelight).
//! Both prove that the password is known without sending it, with MD5; neither
//! protects what follows, nor a weak password from who listens. RTMP 1.0
//! describes neither; the facts are those of librtmp, FFmpeg and `rtmp2src`.
//!
//! [`Login`] is the client's side of it, [`Challenger`] the server's. Neither
//! connects: the caller adds [`Login::query`] to what [`with_query`] is for.
//! [`secure_token`] is another thing that servers ask for, behind `connect`.

mod answer;
mod challenger;
mod demand;
mod login;
pub mod secure_token;

#[cfg(test)]
mod tests;

use std::fmt;

pub use challenger::{Challenger, Decision, random_text};
pub use login::{AuthMode, Login};

use super::status::printable;

/// How a client shows that it knows the password: `authmod`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `adobe`
    Adobe,
    /// `llnw`
    Llnw,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Adobe, Self::Llnw];

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adobe => "adobe",
            Self::Llnw => "llnw",
        }
    }

    /// The method of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|method| name.eq_ignore_ascii_case(method.name()))
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A user name and its password, as they are: nothing is encoded on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Name.
    pub user: String,
    /// Password; may be empty.
    pub password: String,
}

/// Shows neither.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(…)")
    }
}

/// Who asks, as far as a server may be told.
#[derive(Clone, Default)]
pub struct Access {
    /// By which method to say so.
    pub mode: AuthMode,
    /// User name and password, if both are set.
    pub credentials: Option<Credentials>,
    /// Key to SecureToken challenges.
    pub secure_token: Option<String>,
}

/// Shows what is there, and not what it is.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("mode", &self.mode)
            .field("credentials", &self.credentials)
            .field("secure_token", &self.secure_token.as_ref().map(|_| "…"))
            .finish()
    }
}

/// Why a server does not let us in. The texts hold no secret and nothing of
/// the server's that is long or cannot be printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthError {
    /// It wants credentials, and none are set.
    NoCredentials,
    /// It wants credentials, and [`AuthMode::None`] is set.
    SwitchedOff,
    /// `reason=authfailed`: the answer is wrong.
    WrongPassword,
    /// `reason=nosuchuser`: it does not know the name.
    NoSuchUser,
    /// Another `reason`.
    Refused(String),
    /// It asks again after it was answered.
    Repeated,
    /// It wants a method that we do not know; empty if it names none.
    UnknownMethod(String),
    /// It wants another method than the one that is set.
    OtherMethod(Method),
    /// What it sent cannot be answered: what is wrong with it.
    BadChallenge(&'static str),
    /// The user name cannot be sent, as nothing is encoded.
    UnusableUser,
}

impl AuthError {
    /// A short stable name for programs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NoCredentials => "no-credentials",
            Self::SwitchedOff => "switched-off",
            Self::WrongPassword => "wrong-password",
            Self::NoSuchUser => "no-such-user",
            Self::Refused(_) => "refused",
            Self::Repeated => "repeated",
            Self::UnknownMethod(_) => "unknown-method",
            Self::OtherMethod(_) => "other-method",
            Self::BadChallenge(_) => "bad-challenge",
            Self::UnusableUser => "unusable-user",
        }
    }

    /// Another reason, or the name of a method, in the server's words.
    fn shown(text: &str) -> String {
        printable(text)
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCredentials => {
                f.write_str("the server wants a user name and a password, and these are not set")
            }
            Self::SwitchedOff => f.write_str(
                "the server wants a user name and a password, and authentication is switched off",
            ),
            Self::WrongPassword => {
                f.write_str("the server says that the password is wrong (authfailed)")
            }
            Self::NoSuchUser => f.write_str("the server does not know this user name (nosuchuser)"),
            Self::Refused(reason) => write!(f, "the server gives the reason {reason:?}"),
            Self::Repeated => f.write_str("the server asks again, though it was answered"),
            Self::UnknownMethod(name) if name.is_empty() => f.write_str(
                "the server wants a user name and a password, and does not say by which method",
            ),
            Self::UnknownMethod(name) => {
                write!(
                    f,
                    "the server wants the method {name:?}, which is not known"
                )
            }
            Self::OtherMethod(method) => {
                write!(
                    f,
                    "the server wants the method {method}, and another one is set"
                )
            }
            Self::BadChallenge(what) => write!(f, "the server's challenge is of no use: {what}"),
            Self::UnusableUser => f.write_str(
                "the user name is too long, or has a character that cannot be sent (&, or one \
                 that cannot be printed)",
            ),
        }
    }
}

impl std::error::Error for AuthError {}

/// An `app` or `tcUrl` with a query behind it, or behind the one that it has.
pub fn with_query(text: &str, query: &str) -> String {
    let separator = if text.contains('?') { '&' } else { '?' };
    format!("{text}{separator}{query}")
}

/// Longest value that is taken from a peer or sent to it, in bytes. Known ones
/// have some ten.
const MAX_VALUE: usize = 512;

/// Whether a value can be sent as it is.
fn is_sendable(value: &str) -> bool {
    !value.is_empty() && value.len() <= MAX_VALUE && !value.contains(is_separator)
}

fn is_separator(c: char) -> bool {
    c == '&' || c.is_control()
}
