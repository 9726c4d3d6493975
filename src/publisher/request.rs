// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What one connection asks for.

use super::settings::PublishSettings;
use crate::client::place::Place;
use crate::client::settings::HandshakeChoice;
use crate::net::Endpoint;
use crate::rtmp::handshake::HandshakeForm;
use crate::rtmp::session::client::ConnectParameters;

/// What one connection asks for.
pub(super) struct Request {
    pub(super) endpoint: Endpoint,
    pub(super) connect: ConnectParameters,
    /// Name of the stream, with its query if it has one.
    pub(super) name: String,
    /// Key to SecureToken challenges.
    pub(super) secure_token: Option<String>,
    pub(super) handshake: HandshakeForm,
}

impl Request {
    /// For this place. `digest`: the simple handshake did not do.
    pub(super) fn new(place: &Place, settings: &PublishSettings, digest: bool) -> Self {
        let connection = &settings.connection;
        let mut connect = place.connect(connection, &place.location);
        connect.publishes = true;
        let access = place.access(connection);
        let digest = digest || connection.handshake == HandshakeChoice::Digest;
        Self {
            endpoint: place.endpoint(),
            connect,
            name: place.location.stream.clone(),
            secure_token: access.and_then(|access| access.secure_token.clone()),
            handshake: match digest {
                true => HandshakeForm::Digest,
                false => HandshakeForm::Simple,
            },
        }
    }
}
