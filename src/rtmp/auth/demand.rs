// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a refused `connect` says about who may come in.
//!
//! All of it is in the status's description, as text for a program:
//! `[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ` and
//! then `[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=…`.

use super::Method;
use crate::rtmp::status::MAX_KEPT;

/// Bytes of a description that are looked at.
const MAX_DESCRIPTION: usize = MAX_KEPT;

/// What a server wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Demand {
    /// The method that it names.
    pub(super) method: Option<NamedMethod>,
    pub(super) step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NamedMethod {
    Known(Method),
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// To be told who asks.
    NeedAuth,
    /// An answer to this.
    Challenge(Challenge),
    /// Nothing more: `reason`.
    Refused(String),
}

/// The values of a challenge, as they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Challenge {
    pub(super) user: Option<String>,
    pub(super) salt: Option<String>,
    pub(super) challenge: Option<String>,
    pub(super) opaque: Option<String>,
    pub(super) nonce: Option<String>,
}

impl Demand {
    /// The demand in a description; `None` if it is about something else.
    pub(super) fn find(description: &str) -> Option<Self> {
        let end = description.floor_char_boundary(MAX_DESCRIPTION);
        let description = description.get(..end)?;
        let method = method(description);
        let query = description.rsplit_once('?').map(|(_, query)| query);
        let query = query.unwrap_or_default();
        let step = match value(query, "reason").as_deref() {
            Some("needauth") => Step::Challenge(Challenge {
                user: value(query, "user"),
                salt: value(query, "salt"),
                challenge: value(query, "challenge"),
                opaque: value(query, "opaque"),
                nonce: value(query, "nonce"),
            }),
            Some(reason) => Step::Refused(reason.to_owned()),
            None => Step::NeedAuth,
        };
        // Other refusals may well have a reason, or speak of authentication.
        let is_demand = method.is_some()
            || description.contains("code=403 need auth")
            || match &step {
                Step::Challenge(_) => true,
                Step::Refused(reason) => matches!(reason.as_str(), "authfailed" | "nosuchuser"),
                Step::NeedAuth => false,
            };
        is_demand.then_some(Self { method, step })
    }
}

/// The word behind `authmod=`.
fn method(description: &str) -> Option<NamedMethod> {
    let (_, rest) = description.split_once("authmod=")?;
    let is_end = |c: char| matches!(c, ';' | ']' | '&' | '?' | ',') || c.is_whitespace();
    let name = rest.split(is_end).next().unwrap_or_default();
    Some(match Method::from_name(name) {
        Some(method) => NamedMethod::Known(method),
        None => NamedMethod::Unknown(name.to_owned()),
    })
}

/// The last value of a name that is not empty. Values end in `=` themselves
/// and are not encoded.
fn value(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.rev().find(|(key, _)| key.trim() == name)?;
    let value = value.trim_matches(|c| c == ' ' || c == ']');
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(method: Method) -> Option<NamedMethod> {
        Some(NamedMethod::Known(method))
    }

    fn text(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn servers_that_want_to_know_who_asks_name_their_method() {
        for (description, method) in [
            (
                "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ",
                known(Method::Adobe),
            ),
            (
                "[ AccessManager.Reject ] : [ code=403 need auth; authmod=llnw ] : ",
                known(Method::Llnw),
            ),
            ("[ code=403 need auth;authmod=Adobe]", known(Method::Adobe)),
            (
                "[ authmod=kerberos ] : ",
                Some(NamedMethod::Unknown("kerberos".to_owned())),
            ),
            ("authmod=", Some(NamedMethod::Unknown(String::new()))),
            ("[ code=403 need auth ]", None),
        ] {
            let demand = Demand::find(description).expect("a demand");
            assert_eq!(demand.method, method, "{description}");
            assert_eq!(demand.step, Step::NeedAuth, "{description}");
        }
    }

    #[test]
    fn values_are_taken_as_they_are_with_their_padding() {
        let adobe = "[ AccessManager.Reject ] : [ authmod=adobe ] : \
            ?reason=needauth&user=me&salt=PJ+/1w==&challenge=6fruuQ==&opaque=6fru/Q== ] ";
        let demand = Demand::find(adobe).expect("a demand");
        assert_eq!(demand.method, known(Method::Adobe));
        let challenge = Challenge {
            user: text("me"),
            salt: text("PJ+/1w=="),
            challenge: text("6fruuQ=="),
            opaque: text("6fru/Q=="),
            nonce: None,
        };
        assert_eq!(demand.step, Step::Challenge(challenge));

        let llnw = "[ authmod=llnw ] : x?y ?reason=needauth&nonce=a%20b&nonce=c%3D&bare&opaque=";
        let challenge = Challenge {
            nonce: text("c%3D"),
            ..Challenge::default()
        };
        let demand = Demand::find(llnw).expect("a demand");
        assert_eq!(demand.step, Step::Challenge(challenge));
    }

    #[test]
    fn reasons_are_told_apart() {
        for (description, reason) in [
            (
                "[ authmod=adobe ] : ?reason=authfailed&opaque=x",
                "authfailed",
            ),
            ("?reason=nosuchuser", "nosuchuser"),
            ("[ authmod=llnw ] : ?reason=expired", "expired"),
        ] {
            let demand = Demand::find(description).expect("a demand");
            assert_eq!(demand.step, Step::Refused(reason.to_owned()));
        }
    }

    #[test]
    fn other_refusals_are_no_demands() {
        for description in [
            "",
            "?",
            "Access denied",
            "Unauthorized",
            "[ Server.Reject ] : (_defaultRoot_, _defaultVHost_) : Application (a) is not defined.",
            "rtmp://h/a?reason=full",
            "?reason=",
        ] {
            assert_eq!(Demand::find(description), None, "{description}");
        }
    }

    #[test]
    fn what_is_far_behind_is_not_looked_at() {
        for filler in ["x", "é", "日"] {
            let far = filler.repeat(MAX_DESCRIPTION) + "authmod=adobe";
            assert_eq!(Demand::find(&far), None);
        }
    }
}
