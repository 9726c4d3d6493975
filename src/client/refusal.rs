// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What a server's refusal is about.

use crate::rtmp::status::{Status, StatusCode};

/// Whether a refusal is about who asks. Most servers say so only in words.
pub(crate) fn is_about_access(status: &Status) -> bool {
    const WORDS: [&str; 8] = [
        "auth",
        "denied",
        "forbidden",
        "password",
        "permission",
        "401",
        "403",
        "not allowed",
    ];
    match status.code {
        StatusCode::PlayUnauthorized
        | StatusCode::PublishUnauthorized
        | StatusCode::PublishDenied => true,
        // `NetStream.Play.BadAuth` (ZLMediaKit), `NetStream.Play.Unauthorized`.
        StatusCode::Other(ref code) => code.to_lowercase().contains("auth"),
        StatusCode::ConnectRejected
        | StatusCode::PlayFailed
        | StatusCode::PublishFailed
        | StatusCode::PublishBadName => {
            let description = status.description.to_lowercase();
            WORDS.iter().any(|word| description.contains(word))
        }
        _ => false,
    }
}
