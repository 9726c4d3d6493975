// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What one connection asks for: settings, the place, and the form to ask in.

use super::ladder::{Choices, Form};
use super::redirect::{RedirectError, reconnect};
use super::settings::{HandshakeChoice, PlaySettings};
use crate::net::Endpoint;
use crate::rtmp::auth::Credentials;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::location::{Location, Scheme};
use crate::rtmp::message::StreamId;
use crate::rtmp::session::client::{ConnectParameters, PlayParameters, PlayStart};
use crate::rtmp::status::Status;

/// `flashVer` of a late Flash Player for Windows, for servers that let in
/// nothing else.
const FLASH_PLAYER_VERSION: &str = "WIN 32,0,0,465";

/// A place to play from: that of the settings, or where a server sent us.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) location: Location,
    /// Not the one that the user gave.
    pub(super) redirected: bool,
}

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

impl Place {
    /// The place without its secrets.
    pub(super) fn shown(&self) -> String {
        self.location.redacted()
    }

    /// What may be varied here.
    pub(super) fn choices(&self, settings: &PlaySettings) -> Choices {
        Choices {
            none: !settings.fallbacks,
            other_splits: self.other_splits(settings).len(),
            flash_player: settings.connect.flash_version.is_none()
                && settings.handshake == HandshakeChoice::Auto,
            subscribe: settings.subscribe.is_none() && !self.location.stream.is_empty(),
            start: !settings.fixed_start,
        }
    }

    /// Whether this is the host that the user gave credentials for, at whatever
    /// port. Where else a server sends us, they are not taken along.
    fn is_trusted(&self, settings: &PlaySettings) -> bool {
        let host = &settings.location.host;
        self.location.host.eq_ignore_ascii_case(host)
    }

    /// User name and password for this place.
    pub(super) fn credentials(&self, settings: &PlaySettings) -> Option<Credentials> {
        let credentials = settings.access.credentials.clone();
        credentials.filter(|_| self.is_trusted(settings))
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
        let mut connect = settings.connect.clone();
        // Made for the place that the user named.
        let tc_url = settings.tc_url.clone().filter(|_| !self.redirected);
        connect.tc_url = tc_url.unwrap_or_else(|| location.tc_url());
        connect.application.clone_from(&location.application);
        if form.as_flash_player && connect.flash_version.is_none() {
            connect.flash_version = Some(FLASH_PLAYER_VERSION.to_owned());
        }
        let mut play = settings.play.clone();
        play.name.clone_from(&location.stream);
        play.start = form.start.unwrap_or(play.start);
        let subscribe = settings.subscribe.clone();
        let secure_token = settings.access.secure_token.clone();
        let digest = form.as_flash_player || settings.handshake == HandshakeChoice::Digest;
        Request {
            endpoint: Endpoint {
                host: location.host.clone(),
                port: location.port_or_default(),
                tls: location.scheme == Scheme::Rtmps,
            },
            connect,
            play,
            subscribe: subscribe.or_else(|| form.subscribe.then(|| location.stream.clone())),
            secure_token: secure_token.filter(|_| self.is_trusted(settings)),
            handshake: if digest {
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
        })
    }

    fn other_splits(&self, settings: &PlaySettings) -> Vec<(String, String)> {
        if settings.fixed_path && !self.redirected {
            return Vec::new();
        }
        self.location.other_splits()
    }
}
