// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! How far a connection has come.

/// What a connection is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Looking up the host name.
    Resolving,
    /// Opening the TCP connection, through a proxy if there is one.
    Connecting,
    /// TLS handshake, with rtmps only.
    Tls,
    /// Handshake: C0 C1, S0 S1, C2, S2.
    Handshake,
    /// NetConnection: `connect` waits for its answer.
    Connect,
    /// NetStream: `createStream` waits for its answer.
    CreateStream,
    /// `play` waits for NetStream.Play.Start or media.
    Play,
    /// Started, but no media has come yet.
    Waiting,
    /// Media flows.
    Playing,
    /// `publish` waits for NetStream.Publish.Start.
    Publish,
    /// Media is sent.
    Publishing,
}

impl Phase {
    /// Those of a play, in order.
    pub const PLAY: [Self; 9] = [
        Self::Resolving,
        Self::Connecting,
        Self::Tls,
        Self::Handshake,
        Self::Connect,
        Self::CreateStream,
        Self::Play,
        Self::Waiting,
        Self::Playing,
    ];

    /// Those of a publish, in order.
    pub const PUBLISH: [Self; 8] = [
        Self::Resolving,
        Self::Connecting,
        Self::Tls,
        Self::Handshake,
        Self::Connect,
        Self::CreateStream,
        Self::Publish,
        Self::Publishing,
    ];

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let publish = Self::PUBLISH
            .into_iter()
            .filter(|phase| *phase >= Self::Publish);
        Self::PLAY.into_iter().chain(publish)
    }

    /// Those that lead to this one.
    pub(crate) fn before(self) -> &'static [Self] {
        let way: &[Self] = match self {
            Self::Publish | Self::Publishing => &Self::PUBLISH,
            _ => &Self::PLAY,
        };
        let position = way.iter().position(|phase| *phase == self);
        position.and_then(|end| way.get(..end)).unwrap_or_default()
    }

    /// A short stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolving => "resolving",
            Self::Connecting => "connecting",
            Self::Tls => "tls",
            Self::Handshake => "handshake",
            Self::Connect => "connect",
            Self::CreateStream => "create-stream",
            Self::Play => "play",
            Self::Waiting => "waiting",
            Self::Playing => "playing",
            Self::Publish => "publish",
            Self::Publishing => "publishing",
        }
    }

    /// What it waits for, for messages.
    pub fn description(self) -> &'static str {
        match self {
            Self::Resolving => "looking up the host name",
            Self::Connecting => "opening the TCP connection",
            Self::Tls => "waiting for the TLS handshake",
            Self::Handshake => "waiting for the RTMP handshake",
            Self::Connect => "waiting for the answer to connect",
            Self::CreateStream => "waiting for the answer to createStream",
            Self::Play => "waiting for the answer to play",
            Self::Waiting => "waiting for the first media",
            Self::Playing => "playing",
            Self::Publish => "waiting for the answer to publish",
            Self::Publishing => "publishing",
        }
    }
}
