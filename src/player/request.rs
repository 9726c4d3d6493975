// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What one connection asks for: settings, the place, and the form to ask in.

use super::ladder::{Choices, Form};
use super::settings::PlaySettings;
use crate::client::place::Place;
use crate::client::redirect::{RedirectError, reconnect};
use crate::client::settings::HandshakeChoice;
use crate::net::Endpoint;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::message::StreamId;
use crate::rtmp::session::client::{ConnectParameters, PlayParameters, PlayStart};
use crate::rtmp::status::Status;

/// `flashVer` of a late Flash Player for Windows, for servers that let in
/// nothing else.
const FLASH_PLAYER_VERSION: &str = "WIN 32,0,0,465";

/// What one connection asks for.
pub(super) struct Request {
    pub(super) endpoint: Endpoint,
    pub(super) connect: ConnectParameters,
    pub(super) play: PlayParameters,
    pub(super) subscribe: Option<String>,
    /// Key to SecureToken challenges.
    pub(super) secure_token: Option<String>,
    pub(super) handshake: HandshakeForm,
    pub(super) form: Form,
    /// The NetStream that the server is expected to give, where everything is asked for
    /// before the first answer.
    pub(super) ahead: Option<StreamId>,
}

impl Request {
    /// Whether nothing that is asked for hinges on an answer.
    pub(super) fn can_be_ahead(&self) -> bool {
        let is_recording = matches!(self.play.start, PlayStart::Recorded(_));
        self.subscribe.is_none() && self.secure_token.is_none() && !is_recording
    }
}

/// What a play asks for at a place.
impl Place {
    /// What may be varied here.
    pub(super) fn choices(&self, settings: &PlaySettings) -> Choices {
        Choices {
            none: !settings.fallbacks,
            other_splits: self.other_splits(settings).len(),
            flash_player: settings.connection.connect.flash_version.is_none()
                && settings.connection.handshake == HandshakeChoice::Auto,
            subscribe: settings.subscribe.is_none() && !self.location.stream.is_empty(),
            start: !settings.fixed_start,
        }
    }

    /// What to ask for here in this form.
    pub(super) fn request(&self, settings: &PlaySettings, form: &Form) -> Request {
        let mut location = self.location.clone();
        let other = form.split.checked_sub(1);
        let split = other.and_then(|other| self.other_splits(settings).into_iter().nth(other));
        if let Some((application, stream)) = split {
            location.application = application;
            location.stream = stream;
        }
        let mut connect = self.connect(&settings.connection, &location);
        if form.as_flash_player && connect.flash_version.is_none() {
            connect.flash_version = Some(FLASH_PLAYER_VERSION.to_owned());
        }
        let mut play = settings.play.clone();
        play.name.clone_from(&location.stream);
        play.start = form.start.unwrap_or(play.start);
        let subscribe = settings.subscribe.as_ref().map(|name| match self.named {
            0 => name.clone(),
            // The same stream is called otherwise there.
            _ => location.stream.clone(),
        });
        let access = self.access(&settings.connection);
        let digest = settings.connection.handshake == HandshakeChoice::Digest;
        Request {
            endpoint: self.endpoint(),
            connect,
            play,
            subscribe: subscribe.or_else(|| form.subscribe.then(|| location.stream.clone())),
            secure_token: access.and_then(|access| access.secure_token.clone()),
            handshake: if digest || form.as_flash_player {
                HandshakeForm::Digest
            } else {
                HandshakeForm::Simple
            },
            form: form.clone(),
            ahead: None,
        }
    }

    /// Where a request to reconnect sends us, who asked for this.
    ///
    /// # Errors
    /// Why we do not go there.
    pub(super) fn reconnect(
        &self,
        status: &Status,
        request: &Request,
    ) -> Result<Self, RedirectError> {
        // As the path was divided in the end.
        let mut present = self.location.clone();
        present.application.clone_from(&request.connect.application);
        present.stream.clone_from(&request.play.name);
        let location = reconnect(status, &present)?;
        let redirected = self.redirected || location != present;
        Ok(Self {
            location,
            redirected,
            ..*self
        })
    }

    fn other_splits(&self, settings: &PlaySettings) -> Vec<(String, String)> {
        if settings.connection.fixed_path && self.is_first() {
            return Vec::new();
        }
        self.location.other_splits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::settings::Alternative;
    use crate::player::policy::tests::settings;
    use crate::rtmp::auth::{Access, Credentials};
    use crate::rtmp::location::Location;

    fn access(user: &str) -> Access {
        Access {
            credentials: Some(Credentials {
                user: user.to_owned(),
                password: "password".to_owned(),
            }),
            ..Access::default()
        }
    }

    #[test]
    fn each_place_is_shown_who_asks_there_and_no_other_host_is() {
        let location = |url| Location::parse(url).expect("a location");
        let mut settings = settings();
        settings.connection.location = location("rtmp://a/live/s");
        settings.connection.access = access("first");
        settings.connection.alternatives = vec![Alternative {
            location: location("rtmp://b/other/t"),
            access: access("second"),
        }];
        settings.connection.tc_url = Some("rtmp://a/elsewhere".to_owned());
        settings.subscribe = Some("s".to_owned());
        let places = Place::all(&settings.connection);
        let user = |place: &Place| {
            place
                .credentials(&settings.connection)
                .map(|known| known.user)
        };
        let users: Vec<_> = places.iter().map(user).collect();
        assert_eq!(users, [Some("first".to_owned()), Some("second".to_owned())]);
        // A redirect from the second place leads to the host of the first one.
        let moved = Place {
            location: location("rtmp://a/live/s"),
            redirected: true,
            ..places[1].clone()
        };
        assert_eq!(user(&moved), None);

        let ask = |place: &Place| place.request(&settings, &Form::default());
        let (first, second) = (ask(&places[0]), ask(&places[1]));
        assert_eq!(first.connect.tc_url, "rtmp://a/elsewhere");
        assert_eq!(second.connect.tc_url, "rtmp://b/other");
        assert_eq!(second.play.name, "t");
        assert_eq!(first.subscribe.as_deref(), Some("s"));
        assert_eq!(second.subscribe.as_deref(), Some("t"));
    }
}
