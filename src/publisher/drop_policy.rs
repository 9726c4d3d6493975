// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! What is left out when the upload is slower than the stream.

use super::packet::Role;

/// Delay from which on pictures that no other refers to are left out, in ms; as OBS.
pub const DISPOSABLE_AFTER: u64 = 700;

/// Delay from which on whole groups of pictures are, in ms; as OBS.
pub const GROUP_AFTER: u64 = 900;

/// From which delay on what is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DropPolicy {
    /// Pictures that no other refers to, in ms; never if `None`.
    pub disposable_after: Option<u64>,
    /// Pictures up to the newest key frame, in ms; never if `None`.
    pub group_after: Option<u64>,
}

impl DropPolicy {
    pub(super) fn is_any(&self) -> bool {
        self.disposable_after.is_some() || self.group_after.is_some()
    }

    /// The delay beyond which everything is done that can be.
    pub(super) fn last_threshold(&self) -> u64 {
        let last = self.group_after.or(self.disposable_after);
        last.unwrap_or(GROUP_AFTER).max(1)
    }
}

/// What is left out at present, until the queue is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    Everything,
    /// Pictures that no other refers to.
    Disposable,
    /// These, and groups of pictures.
    Groups,
}

impl Level {
    /// A short stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Everything => "none",
            Self::Disposable => "b-frames",
            Self::Groups => "gop",
        }
    }
}

/// What was left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Pictures that no other refers to.
    pub disposable: u64,
    /// Other pictures.
    pub pictures: u64,
    /// Key frames among these.
    pub keyframes: u64,
    /// Sound.
    pub sounds: u64,
    /// Script data, and ends of sequences.
    pub others: u64,
}

impl Dropped {
    pub(super) fn count(&mut self, role: Role) {
        match role {
            Role::Disposable => self.disposable += 1,
            Role::Frame => self.pictures += 1,
            Role::Keyframe => {
                self.pictures += 1;
                self.keyframes += 1;
            }
            Role::Sound => self.sounds += 1,
            _ => self.others += 1,
        }
    }

    /// What has been left out since then.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            disposable: self.disposable.saturating_sub(before.disposable),
            pictures: self.pictures.saturating_sub(before.pictures),
            keyframes: self.keyframes.saturating_sub(before.keyframes),
            sounds: self.sounds.saturating_sub(before.sounds),
            others: self.others.saturating_sub(before.others),
        }
    }
}
