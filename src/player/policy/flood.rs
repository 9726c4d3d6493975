// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Messages that bring nothing: a server that sends little else is a hostile one.
//!
//! Media waits at the server while the pipeline is slow. What never becomes media
//! would be read as fast as it comes, and keep a processor busy for nobody. Real
//! servers send such messages in the tens a second; those that send media which
//! cannot be used have sent other media with it, or send it at its own pace.

use std::time::Instant;

use crate::client::allowance::Allowance;
use crate::player::flv_output::Worth;

/// Messages without media that may come at once.
pub(crate) const MAX_AT_ONCE: u32 = 20_000;

/// The same in a second, as long as it may last.
pub(crate) const MAX_PER_SECOND: u32 = 1_000;

/// How many of them each packet of media makes up for: recordings come as fast as
/// they are read, be half of their tracks of no use.
pub(crate) const FOR_EACH_PACKET: u64 = 10;

/// Counts them.
#[derive(Debug)]
pub(super) struct Flood(Allowance);

impl Flood {
    pub(super) fn new(now: Instant) -> Self {
        Self(Allowance::new(MAX_AT_ONCE, MAX_PER_SECOND, now))
    }

    /// False if that was too much.
    pub(super) fn count(&mut self, worth: Worth, now: Instant) -> bool {
        self.0.give(worth.packets.saturating_mul(FOR_EACH_PACKET));
        worth.useless == 0 || self.0.take(worth.useless, now)
    }
}

/// What the error says.
pub(super) fn reason() -> String {
    format!("more than {MAX_PER_SECOND} messages a second that bring no media")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn useless(useless: u64) -> Worth {
        Worth {
            packets: 0,
            useless,
        }
    }

    #[test]
    fn no_burst_of_a_real_server_and_no_rate_of_one_is_too_much() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        assert!(flood.count(useless(MAX_AT_ONCE.into()), start));
        for second in 1..1000 {
            let now = start + Duration::from_secs(second);
            assert!(flood.count(useless(MAX_PER_SECOND.into()), now));
        }
        assert!(!flood.count(useless(1), start + Duration::from_secs(999)));
    }

    #[test]
    fn media_makes_up_for_what_comes_with_it() {
        let start = Instant::now();
        let mut flood = Flood::new(start);
        for _ in 0..100_000 {
            let worth = Worth {
                packets: 1,
                useless: FOR_EACH_PACKET,
            };
            assert!(flood.count(worth, start));
        }
        let mut counts = (0..100_000).map(|_| {
            let worth = Worth {
                packets: 1,
                useless: FOR_EACH_PACKET + 1,
            };
            flood.count(worth, start)
        });
        assert!(!counts.all(|enough| enough));
    }
}
