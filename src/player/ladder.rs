// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Other ways to ask, for servers that refuse the usual one.
//!
//! No form of asking suits all servers. The first one is what most clients
//! send; where a server refuses it, or closes or stays silent in a way that
//! another client would get past, the next known form is tried on a new
//! connection. What the user has chosen is never changed, and what is about
//! access or about the network is never tried again.
//!
//! | it fails | then |
//! |---|---|
//! | in the handshake | digest handshake |
//! | at `connect` | the path divided elsewhere; digest handshake and `flashVer` of Flash Player |
//! | at `play` | the path divided elsewhere; `FCSubscribe`; that and a live stream only; a recording only |

use std::fmt;

use crate::client::failure::{Cause, Failure};
use crate::client::phase::Phase;
use crate::client::refusal::is_about_access;
use crate::rtmp::session::client::PlayStart;
use crate::rtmp::status::{Status, StatusCode};

/// Most connections for one play, redirects and logins apart.
pub(crate) const MAX_ATTEMPTS: usize = 6;

/// Most attempts that may end by time, since each of them takes the timeout.
const MAX_SILENT_ATTEMPTS: usize = 3;

/// A way to ask.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Form {
    /// Introduce ourselves as Flash Player does: digest handshake and its
    /// `flashVer`.
    pub(super) as_flash_player: bool,
    /// Which of the ways to divide the path; 0 is the usual one.
    pub(super) split: usize,
    /// Send `FCSubscribe`.
    pub(super) subscribe: bool,
    /// Ask for this instead of what the settings say.
    pub(super) start: Option<PlayStart>,
}

impl Form {
    /// The same for a path that is divided already.
    pub(super) fn without_split(&self) -> Self {
        Self {
            split: 0,
            ..self.clone()
        }
    }

    /// Without what may not be varied.
    fn within(self, choices: &Choices) -> Self {
        if choices.none {
            return Self::default();
        }
        Self {
            as_flash_player: self.as_flash_player && choices.flash_player,
            split: if self.split > choices.other_splits {
                0
            } else {
                self.split
            },
            subscribe: self.subscribe && choices.subscribe,
            start: self.start.filter(|_| choices.start),
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if self.as_flash_player {
            parts.push("digest handshake as Flash Player".to_owned());
        }
        if self.split > 0 {
            parts.push(format!("path divided differently ({})", self.split));
        }
        if self.subscribe {
            parts.push("FCSubscribe".to_owned());
        }
        match self.start {
            Some(PlayStart::Live) => parts.push("a live stream only".to_owned()),
            Some(PlayStart::Recorded(_)) => parts.push("a recording only".to_owned()),
            Some(PlayStart::LiveOrRecorded) | None => {}
        }
        if parts.is_empty() {
            parts.push("the usual form".to_owned());
        }
        f.write_str(&parts.join(" and "))
    }
}

/// What may be varied: the rest the user has chosen, or there is no choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Choices {
    /// Nothing may.
    pub(super) none: bool,
    /// Ways to divide the path beside the usual one.
    pub(super) other_splits: usize,
    /// Handshake and `flashVer`.
    pub(super) flash_player: bool,
    /// `FCSubscribe`.
    pub(super) subscribe: bool,
    /// Where `play` starts.
    pub(super) start: bool,
}

/// The forms of one play at one place.
#[derive(Debug)]
pub(super) struct Ladder {
    choices: Choices,
    tried: Vec<Form>,
    /// What came of them.
    results: Vec<String>,
    silent: usize,
    /// The form that got furthest, on which others build.
    base: Option<(Form, Phase)>,
    /// The failure that tells most.
    best: Option<Failure>,
}

impl Ladder {
    /// Begins with a form: what worked the last time, or the usual one.
    pub(super) fn new(choices: Choices, first: Option<Form>) -> Self {
        // What the user has chosen since then counts.
        let first = first.unwrap_or_default().within(&choices);
        Self {
            choices,
            tried: vec![first],
            results: Vec::new(),
            silent: 0,
            base: None,
            best: None,
        }
    }

    /// The form that is to be used now.
    pub(super) fn form(&self) -> Form {
        self.tried.last().cloned().unwrap_or_default()
    }

    /// Whether this is not the first form: it has to prove itself by media.
    pub(super) fn is_retry(&self) -> bool {
        self.tried.len() > 1
    }

    /// Goes to the next form after a failure of the present one.
    ///
    /// # Errors
    /// No form is left: the failure to report.
    pub(super) fn climb(&mut self, failure: Failure) -> Result<Form, Box<Failure>> {
        let rungs = rungs(&failure);
        self.results.push(failure.summary());
        let present = self.form();
        if matches!(failure.cause, Cause::TimedOut(_)) {
            self.silent += 1;
        }
        let furthest = self.base.as_ref().map(|(_, phase)| *phase);
        if furthest.is_none_or(|furthest| failure.phase > furthest) {
            self.base = Some((present, failure.phase));
        }
        let weight = |failure: &Failure| (failure.cause.status().is_some(), failure.phase);
        let is_better = self
            .best
            .as_ref()
            .is_none_or(|best| weight(&failure) > weight(best));
        if is_better {
            self.best = Some(failure.clone());
        }
        let next = rungs.and_then(|rungs| self.next(rungs));
        match next {
            Some(form) => {
                self.tried.push(form.clone());
                Ok(form)
            }
            None => {
                let mut failure = self.best.take().unwrap_or(failure);
                let tried = self.tried.iter().zip(&self.results).skip(1);
                failure.tried = tried
                    .map(|(form, result)| format!("{form} ({result})"))
                    .collect();
                Err(Box::new(failure))
            }
        }
    }

    fn next(&self, rungs: &[Rung]) -> Option<Form> {
        if self.choices.none
            || self.tried.len() >= MAX_ATTEMPTS
            || self.silent >= MAX_SILENT_ATTEMPTS
        {
            return None;
        }
        let base = self.base.as_ref().map(|(form, _)| form.clone());
        let base = base.unwrap_or_default();
        rungs
            .iter()
            .flat_map(|rung| self.forms(*rung, &base))
            .find(|form| !self.tried.contains(form))
    }

    fn forms(&self, rung: Rung, base: &Form) -> Vec<Form> {
        let choices = &self.choices;
        let base = base.clone();
        match rung {
            // What worked the last time may not be what works now.
            Rung::Usual => vec![Form::default()],
            Rung::Splits => (1..=choices.other_splits)
                .map(|split| Form {
                    split,
                    ..base.clone()
                })
                .collect(),
            Rung::FlashPlayer if choices.flash_player => vec![Form {
                as_flash_player: true,
                ..base
            }],
            Rung::Subscribe if choices.subscribe => vec![Form {
                subscribe: true,
                ..base
            }],
            // As librtmp does for a live stream.
            Rung::Live if choices.start => vec![Form {
                subscribe: base.subscribe || choices.subscribe,
                start: Some(PlayStart::Live),
                ..base
            }],
            Rung::Recorded if choices.start => vec![Form {
                start: Some(PlayStart::Recorded(0)),
                ..base
            }],
            Rung::FlashPlayer | Rung::Subscribe | Rung::Live | Rung::Recorded => Vec::new(),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Rung {
    Usual,
    Splits,
    FlashPlayer,
    Subscribe,
    Live,
    Recorded,
}

/// What may help after a failure; `None`: nothing would.
fn rungs(failure: &Failure) -> Option<&'static [Rung]> {
    const HANDSHAKE: &[Rung] = &[Rung::Usual, Rung::FlashPlayer];
    const CONNECT: &[Rung] = &[Rung::Usual, Rung::Splits, Rung::FlashPlayer];
    const PLAY: &[Rung] = &[
        Rung::Usual,
        Rung::Splits,
        Rung::Subscribe,
        Rung::Live,
        Rung::Recorded,
    ];
    let may_help = match &failure.cause {
        Cause::TimedOut(_) | Cause::ClosedEarly(_) => true,
        Cause::ConnectRejected(status) | Cause::PlayFailed(status) => {
            status.as_ref().is_none_or(another_form_may_help)
        }
        _ => false,
    };
    match failure.phase {
        _ if !may_help => None,
        Phase::Handshake => Some(HANDSHAKE),
        Phase::Connect => Some(CONNECT),
        Phase::Play | Phase::Waiting => Some(PLAY),
        Phase::Resolving
        | Phase::Connecting
        | Phase::Tls
        | Phase::CreateStream
        | Phase::Playing
        | Phase::Publish
        | Phase::Publishing => None,
    }
}

fn another_form_may_help(status: &Status) -> bool {
    if is_about_access(status) {
        return false;
    }
    !matches!(
        status.code,
        // The server's own trouble, or a plain answer.
        StatusCode::ConnectFailed
            | StatusCode::ConnectClosed
            | StatusCode::ConnectAppShutdown
            | StatusCode::ConnectIdleTimeout
            | StatusCode::ProxyNotResponding
            | StatusCode::PlayFileStructureInvalid
            | StatusCode::PlayNoSupportedTrackFound
            | StatusCode::PlayBadConnection
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rtmp::status::Level;

    const ALL: Choices = Choices {
        none: false,
        other_splits: 1,
        flash_player: true,
        subscribe: true,
        start: true,
    };

    fn failure(cause: Cause, phase: Phase) -> Failure {
        Failure::new(cause, phase, Duration::ZERO)
    }

    fn closed(phase: Phase) -> Failure {
        failure(Cause::ClosedEarly(None), phase)
    }

    fn refused(code: StatusCode, words: &str) -> Failure {
        let status = Status::new(Level::Error, code, words);
        failure(Cause::PlayFailed(Some(status)), Phase::Play)
    }

    /// The forms that are tried while all fail alike, and the last failure.
    fn climb_all(mut ladder: Ladder, failure: &Failure) -> (Vec<String>, Failure) {
        let mut forms = vec![ladder.form().to_string()];
        loop {
            match ladder.climb(failure.clone()) {
                Ok(form) => forms.push(form.to_string()),
                Err(failure) => return (forms, *failure),
            }
        }
    }

    fn forms(choices: Choices, failure: &Failure) -> Vec<String> {
        climb_all(Ladder::new(choices, None), failure).0
    }

    const USUAL: &str = "the usual form";
    const DIGEST: &str = "digest handshake as Flash Player";
    const SPLIT: &str = "path divided differently (1)";

    #[test]
    fn each_phase_has_its_forms() {
        assert_eq!(forms(ALL, &closed(Phase::Handshake)), [USUAL, DIGEST]);
        assert_eq!(forms(ALL, &closed(Phase::Connect)), [USUAL, SPLIT, DIGEST]);
        let play = [
            USUAL,
            SPLIT,
            "FCSubscribe",
            "FCSubscribe and a live stream only",
            "a recording only",
        ];
        for phase in [Phase::Play, Phase::Waiting] {
            assert_eq!(forms(ALL, &closed(phase)), play);
        }
        for phase in [
            Phase::Resolving,
            Phase::Connecting,
            Phase::CreateStream,
            Phase::Playing,
        ] {
            assert_eq!(forms(ALL, &closed(phase)), [USUAL], "{phase:?}");
        }
    }

    #[test]
    fn what_the_user_chose_is_not_changed() {
        let chosen = Choices::default();
        for phase in [Phase::Handshake, Phase::Connect, Phase::Play] {
            assert_eq!(forms(chosen, &closed(phase)), [USUAL]);
        }
        let none = Choices { none: true, ..ALL };
        assert_eq!(forms(none, &closed(Phase::Play)), [USUAL]);
    }

    #[test]
    fn refusals_of_access_and_troubles_of_the_network_are_final() {
        for cause in [
            Cause::Refused("no".to_owned()),
            Cause::NotRtmp("HTTP".to_owned()),
            Cause::Protocol("bad".to_owned()),
            Cause::ConnectionLost("reset".to_owned()),
        ] {
            assert_eq!(forms(ALL, &failure(cause, Phase::Connect)), [USUAL]);
        }
        for (code, words) in [
            (StatusCode::PlayUnauthorized, ""),
            (StatusCode::PlayFailed, "authentication failed"),
            (StatusCode::from("NetStream.Play.BadAuth"), ""),
            (StatusCode::from("NetStream.Play.Unauthorized"), ""),
            (StatusCode::PlayFileStructureInvalid, ""),
        ] {
            assert_eq!(forms(ALL, &refused(code, words)), [USUAL]);
        }
        let missing = refused(StatusCode::PlayStreamNotFound, "no such stream");
        assert_eq!(forms(ALL, &missing).len(), 5);
    }

    #[test]
    fn what_worked_does_not_count_against_what_was_chosen_since() {
        let learned = Form {
            as_flash_player: true,
            split: 2,
            subscribe: true,
            start: Some(PlayStart::Recorded(0)),
        };
        let nothing = Choices::default();
        let form = Ladder::new(nothing, Some(learned.clone())).form();
        assert_eq!(form, Form::default());
        let form = Ladder::new(ALL, Some(learned.clone())).form();
        assert_eq!(
            form,
            Form {
                split: 0,
                ..learned
            }
        );
    }

    #[test]
    fn connections_and_silent_ones_are_bounded() {
        let many = Choices {
            other_splits: 100,
            ..ALL
        };
        assert_eq!(forms(many, &closed(Phase::Play)).len(), MAX_ATTEMPTS);
        let silent = failure(Cause::TimedOut(Duration::from_secs(1)), Phase::Play);
        assert_eq!(forms(many, &silent).len(), MAX_SILENT_ATTEMPTS);
    }

    #[test]
    fn the_failure_that_tells_most_is_reported_with_what_was_tried() {
        let mut ladder = Ladder::new(ALL, None);
        ladder
            .climb(refused(StatusCode::PlayStreamNotFound, "not here"))
            .expect("more forms");
        let (_, last) = climb_all(ladder, &closed(Phase::Waiting));
        let status = last.cause.status().expect("that of the first");
        assert_eq!(status.code, StatusCode::PlayStreamNotFound);
        assert_eq!(last.tried.len(), 4);
        assert_eq!(last.tried[0], format!("{SPLIT} (closed-early)"));
    }

    #[test]
    fn a_form_that_got_further_is_built_upon() {
        let mut ladder = Ladder::new(ALL, None);
        ladder.climb(closed(Phase::Handshake)).expect("digest");
        let form = ladder.climb(closed(Phase::Play)).expect("more");
        assert!(form.as_flash_player && form.split == 1, "{form}");
    }

    #[test]
    fn what_worked_comes_first_and_the_usual_form_after_it() {
        let learned = Form {
            subscribe: true,
            ..Form::default()
        };
        let ladder = Ladder::new(ALL, Some(learned));
        let (forms, _) = climb_all(ladder, &closed(Phase::Play));
        assert_eq!(forms[..2], ["FCSubscribe", USUAL]);
    }
}
