// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What follows from being let in: by what, and what the server asks next.

use super::Player;
use crate::rtmp::amf::Object;
use crate::rtmp::auth::{Method, secure_token};
use crate::rtmp::session::client::{ClientSession, secure_token_challenge};

impl Player<'_> {
    /// The method by which `connect` answers a challenge.
    pub(in crate::player) fn set_authentication(&mut self, method: Option<Method>) {
        self.authentication = method;
    }

    /// `connect` was accepted. A SecureToken challenge has to be answered
    /// before anything else is asked.
    pub(super) fn on_let_in(
        &mut self,
        session: &mut ClientSession,
        properties: &Object,
        information: &Object,
    ) {
        if let Some(method) = self.authentication {
            self.log_step(format_args!("authenticated ({method})"));
            self.stats
                .update_peer(|peer| peer.authentication = Some(method));
        }
        let Some(challenge) = secure_token_challenge(properties, information) else {
            return;
        };
        let Some(token) = &self.request.secure_token else {
            self.secure_token_wanted = true;
            self.log.info(format_args!(
                "The server asks for a SecureToken, and there is none for it"
            ));
            return;
        };
        match secure_token::answer(challenge, token) {
            Some(answer) => {
                session.answer_secure_token(&answer);
                self.stats.update_peer(|peer| peer.secure_token = true);
                self.log_step(format_args!("secureTokenResponse sent"));
            }
            None => self.log.info(format_args!(
                "Overlooked: a SecureToken challenge that cannot be read"
            )),
        }
    }
}
