// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The client's side: what the next connection says of who asks.
//!
//! | connection | query | a server that wants more |
//! |---|---|---|
//! | 1 | none | names its method |
//! | 2 | `authmod`, `user` | sends a challenge |
//! | 3 | the same and the answer | lets us in, or says why not |
//!
//! Where the method is set, or known from before, the first one is left out.

use super::demand::{Challenge, Demand, NamedMethod, Step};
use super::{AuthError, Credentials, Method, answer, is_sendable};

/// Answers to one server before it is given up: its first challenge may have
/// expired, or have been another machine's.
const MAX_ANSWERS: u32 = 2;

/// By which method to answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// By none: the server is told nothing.
    None,
    /// By the one that the server names, if credentials are set.
    #[default]
    Auto,
    /// By this one, without waiting for the server to name it.
    Only(Method),
}

/// The way in to one server.
#[derive(Debug, Clone)]
pub struct Login {
    mode: AuthMode,
    credentials: Option<Credentials>,
    next: Next,
    answers: u32,
    /// The server named another method than the one that was known.
    has_switched: bool,
}

/// What the next connection says.
#[derive(Debug, Clone)]
enum Next {
    Nothing,
    Name(Method),
    Answer(Method, String),
}

impl Login {
    /// `known` is the method that the server wanted the last time.
    pub fn new(mode: AuthMode, credentials: Option<Credentials>, known: Option<Method>) -> Self {
        let method = match mode {
            AuthMode::None => None,
            AuthMode::Auto => known,
            AuthMode::Only(method) => Some(method),
        };
        // A name that cannot be sent is an error only where one is wanted.
        let user = credentials.as_ref().map(|credentials| &credentials.user);
        let method = method.filter(|_| user.is_some_and(|user| is_sendable(user)));
        Self {
            mode,
            credentials,
            next: method.map_or(Next::Nothing, Next::Name),
            answers: 0,
            has_switched: false,
        }
    }

    /// What to add to `app` and `tcUrl` of the next connection, if anything;
    /// see [`with_query`](super::with_query). Never to be shown.
    pub fn query(&self) -> Option<String> {
        let user = self.credentials.as_ref().map(|known| known.user.as_str())?;
        match &self.next {
            Next::Nothing => None,
            Next::Name(method) => Some(format!("authmod={method}&user={user}")),
            Next::Answer(_, query) => Some(query.clone()),
        }
    }

    /// The method by which the next connection answers a challenge, if it does.
    pub fn answers_by(&self) -> Option<Method> {
        match &self.next {
            Next::Answer(method, _) => Some(*method),
            Next::Nothing | Next::Name(_) => None,
        }
    }

    /// The method that the next connection names.
    pub fn method(&self) -> Option<Method> {
        match &self.next {
            Next::Nothing => None,
            Next::Name(method) | Next::Answer(method, _) => Some(*method),
        }
    }

    /// `connect` was refused with this description. Where that is about who
    /// asks: whether another connection may be let in. `application` is the
    /// `app` of the connection without what was added; `random` makes the
    /// answer differ from all others.
    pub fn on_refused(
        &mut self,
        description: &str,
        application: &str,
        random: u32,
    ) -> Option<Result<(), AuthError>> {
        let demand = Demand::find(description)?;
        Some(self.meet(demand, application, random))
    }

    fn meet(&mut self, demand: Demand, application: &str, random: u32) -> Result<(), AuthError> {
        let credentials = match (&self.mode, &self.credentials) {
            (AuthMode::None, _) => return Err(AuthError::SwitchedOff),
            (_, None) => return Err(AuthError::NoCredentials),
            (_, Some(credentials)) => credentials,
        };
        let challenge = match demand.step {
            Step::Refused(reason) => return Err(refused(&reason)),
            Step::Challenge(challenge) => Some(challenge),
            Step::NeedAuth => None,
        };
        let method = self.agree(demand.method)?;
        if !is_sendable(&credentials.user) {
            return Err(AuthError::UnusableUser);
        }
        if self.answers >= MAX_ANSWERS {
            return Err(AuthError::Repeated);
        }
        self.next = match challenge {
            Some(challenge) => {
                let query = answered(method, credentials, &challenge, application, random)?;
                self.answers += 1;
                Next::Answer(method, query)
            }
            None => match &self.next {
                Next::Name(named) if *named == method => return Err(AuthError::Repeated),
                Next::Name(_) if self.has_switched => return Err(AuthError::Repeated),
                Next::Name(_) => {
                    self.has_switched = true;
                    Next::Name(method)
                }
                Next::Nothing | Next::Answer(..) => Next::Name(method),
            },
        };
        Ok(())
    }

    /// The method, if it is one that both sides take.
    fn agree(&self, named: Option<NamedMethod>) -> Result<Method, AuthError> {
        let method = match named {
            Some(NamedMethod::Known(method)) => method,
            Some(NamedMethod::Unknown(name)) => {
                return Err(AuthError::UnknownMethod(AuthError::shown(&name)));
            }
            None => self
                .method()
                .ok_or_else(|| AuthError::UnknownMethod(String::new()))?,
        };
        match self.mode {
            AuthMode::Only(set) if set != method => Err(AuthError::OtherMethod(method)),
            _ => Ok(method),
        }
    }
}

fn refused(reason: &str) -> AuthError {
    match reason {
        "authfailed" => AuthError::WrongPassword,
        "nosuchuser" => AuthError::NoSuchUser,
        other => AuthError::Refused(AuthError::shown(other)),
    }
}

/// The query that answers a challenge.
fn answered(
    method: Method,
    credentials: &Credentials,
    challenge: &Challenge,
    application: &str,
    random: u32,
) -> Result<String, AuthError> {
    let client_challenge = format!("{random:08x}");
    // As the server spells it, if it does: that is what it computes with.
    let user = usable(challenge.user.as_ref())?;
    let credentials = Credentials {
        user: user.unwrap_or(&credentials.user).to_owned(),
        password: credentials.password.clone(),
    };
    let user = &credentials.user;
    match method {
        Method::Adobe => {
            let salt = usable(challenge.salt.as_ref())?;
            let salt = salt.ok_or(AuthError::BadChallenge("it has no salt"))?;
            let opaque = usable(challenge.opaque.as_ref())?;
            let theirs = usable(challenge.challenge.as_ref())?;
            let theirs = opaque.or(theirs);
            let theirs = theirs.ok_or(AuthError::BadChallenge("it has no challenge"))?;
            let response = answer::adobe(&credentials, salt, theirs, &client_challenge);
            let opaque = opaque.map(|opaque| format!("&opaque={opaque}"));
            let opaque = opaque.unwrap_or_default();
            Ok(format!(
                "authmod=adobe&user={user}&challenge={client_challenge}&response={response}{opaque}"
            ))
        }
        Method::Llnw => {
            let nonce = usable(challenge.nonce.as_ref())?;
            let nonce = nonce.ok_or(AuthError::BadChallenge("it has no nonce"))?;
            let application = application.split('?').next().unwrap_or_default();
            let response = answer::llnw(&credentials, application, nonce, &client_challenge);
            let count = answer::NONCE_COUNT;
            Ok(format!(
                "authmod=llnw&user={user}&nonce={nonce}&cnonce={client_challenge}&nc={count}\
                 &response={response}"
            ))
        }
    }
}

/// A value of the server's that may be sent back.
fn usable(value: Option<&String>) -> Result<Option<&str>, AuthError> {
    match value {
        Some(value) if !is_sendable(value) => Err(AuthError::BadChallenge(
            "a value is too long or cannot be printed",
        )),
        value => Ok(value.map(String::as_str)),
    }
}
