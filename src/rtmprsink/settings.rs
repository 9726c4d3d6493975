// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! The element's properties as values, and what they mean together for a publish.

use super::{RtmprDropPolicy, RtmprPublishType, RtmprReconnectTimestamps, RtmprStopCommands};
use crate::properties::{ConnectionProperties, ReconnectProperties, seconds};
use crate::publisher::{
    DISPOSABLE_AFTER, DropPolicy, GROUP_AFTER, PublishSettings, QueueSettings, StopCommands,
};
use crate::rtmp::session::client::PublishType;

/// Bytes: with `rtmp2sink`'s 128 a sixth of all that is sent to frames of 50 KB is
/// another header, and all of it is copied. `make bench` shows what it comes to.
pub(crate) const DEFAULT_CHUNK_SIZE: u32 = 65_536;

/// Bytes: more than 60 s of a 4 Mbit/s stream with what its packets take.
pub(crate) const DEFAULT_MAX_QUEUE_BYTES: u32 = 32 << 20;

/// Seconds.
pub(crate) const DEFAULT_WRITE_TIMEOUT_S: u32 = 15;

/// What the system may hold that it has not sent, in bytes: no more than what keeps a
/// fast line busy between two looks, so that the queue shows how slow a line is.
pub(crate) const UNSENT: u32 = 64 << 10;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) connection: ConnectionProperties,
    pub(super) chunk_size: u32,
    pub(super) peak_kbps: u32,
    pub(super) stop_commands: RtmprStopCommands,
    pub(super) publish_type: RtmprPublishType,
    pub(super) write_timeout_s: u32,
    pub(super) drop_policy: RtmprDropPolicy,
    /// Milliseconds.
    pub(super) drop_b_frames_after: u32,
    /// Milliseconds.
    pub(super) drop_gop_after: u32,
    pub(super) max_queue_bytes: u32,
    /// Nanoseconds.
    pub(super) max_queue_time: u64,
    pub(super) reconnect: ReconnectProperties,
    pub(super) reconnect_timestamps: RtmprReconnectTimestamps,
    pub(super) enhanced_rtmp: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connection: ConnectionProperties::default(),
            chunk_size: DEFAULT_CHUNK_SIZE,
            peak_kbps: 0,
            stop_commands: default_stop_commands(),
            publish_type: RtmprPublishType::default(),
            write_timeout_s: DEFAULT_WRITE_TIMEOUT_S,
            drop_policy: RtmprDropPolicy::default(),
            drop_b_frames_after: u32::try_from(DISPOSABLE_AFTER).unwrap_or(u32::MAX),
            drop_gop_after: u32::try_from(GROUP_AFTER).unwrap_or(u32::MAX),
            max_queue_bytes: DEFAULT_MAX_QUEUE_BYTES,
            max_queue_time: 0,
            reconnect: ReconnectProperties::default(),
            reconnect_timestamps: RtmprReconnectTimestamps::default(),
            enhanced_rtmp: true,
        }
    }
}

/// As `rtmp2sink`.
pub(super) fn default_stop_commands() -> RtmprStopCommands {
    RtmprStopCommands::FCUNPUBLISH | RtmprStopCommands::DELETESTREAM
}

impl Settings {
    /// What to publish.
    ///
    /// # Errors
    /// A sentence on what is wrong with which property.
    pub(super) fn publish_settings(&self) -> Result<PublishSettings, String> {
        let mut connection = self.connection.settings()?;
        connection.network.socket.unsent = Some(UNSENT);
        let stop = self.stop_commands;
        Ok(PublishSettings {
            connection,
            kind: match self.publish_type {
                RtmprPublishType::Live => PublishType::Live,
                RtmprPublishType::Record => PublishType::Record,
                RtmprPublishType::Append => PublishType::Append,
            },
            stop: StopCommands {
                unpublish: stop.contains(RtmprStopCommands::FCUNPUBLISH),
                close: stop.contains(RtmprStopCommands::CLOSESTREAM),
                delete: stop.contains(RtmprStopCommands::DELETESTREAM),
            },
            write_timeout: seconds(self.write_timeout_s),
            reconnect: self.reconnect.settings(true),
            restarts_time: self.reconnect_timestamps == RtmprReconnectTimestamps::Restart,
        })
    }

    pub(super) fn queue_settings(&self) -> QueueSettings {
        let disposable = Some(u64::from(self.drop_b_frames_after));
        let group = Some(u64::from(self.drop_gop_after));
        QueueSettings {
            bytes: self.max_queue_bytes as usize,
            // Rounded up: 0 would mean no limit.
            time: self.max_queue_time.div_ceil(1_000_000),
            policy: match self.drop_policy {
                RtmprDropPolicy::None => DropPolicy::default(),
                RtmprDropPolicy::BFrames => DropPolicy {
                    disposable_after: disposable,
                    group_after: None,
                },
                RtmprDropPolicy::Gop => DropPolicy {
                    disposable_after: disposable,
                    group_after: group,
                },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_rtmp2sink_where_it_has_them() {
        let settings = Settings::default();
        let publish = settings.publish_settings().expect("valid");
        let location = &publish.connection.location;
        assert_eq!(location.to_uri(), "rtmp://localhost/live/myStream");
        assert_eq!(publish.kind, PublishType::Live);
        let stop = StopCommands {
            unpublish: true,
            close: false,
            delete: true,
        };
        assert_eq!(publish.stop, stop);
        assert!(publish.reconnect.enabled);
        assert_eq!(settings.queue_settings().policy, DropPolicy::default());
    }

    #[test]
    fn the_queue_holds_a_minute_of_4_mbit_per_second() {
        let media = 60 * 4_000_000 / 8;
        let overhead = 60 * 80 * crate::publisher::packet::PACKET_OVERHEAD;
        assert!(Settings::default().queue_settings().bytes >= media + overhead);
    }
}
