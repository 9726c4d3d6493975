// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

//! Nothing of ours is left behind: GStreamer's leaks tracer, and valgrind.
