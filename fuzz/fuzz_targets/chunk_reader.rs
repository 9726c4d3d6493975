// Copyright (C) 2026 the rtmpr contributors
// SPDX-License-Identifier: MPL-2.0

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::chunk_reader::run(data));
