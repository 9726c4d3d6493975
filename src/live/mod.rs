// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Times of a live stream on the clock of a pipeline: pure arithmetic on the
//! sender's times and on when their frames came. Nothing here reads a clock.

mod sender_clock;
mod skew;
mod timeline;

pub use sender_clock::{SenderClock, rate};
pub use timeline::{LiveTimeline, Mapped};
