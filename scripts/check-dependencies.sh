#!/bin/sh
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0
#
# Looks at the crates that Cargo.lock names: licences, sources and doubles, whether one
# was withdrawn, and whether a flaw of one is known. What cannot be looked at for want of
# a tool or of the network is named at the end, and is no failure.

set -eu
cd "$(dirname "$0")/.."

cargo=${CARGO:-cargo}
skipped=

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

skip() {
    skipped="$skipped
    SKIPPED: $1"
}

if "$cargo" deny --version >/dev/null 2>&1; then
    "$cargo" deny --locked check bans licenses sources
    if "$cargo" deny --locked fetch db >"$scratch/fetch" 2>&1; then
        "$cargo" deny --locked check advisories
    else
        skip "known flaws: the advisory database cannot be reached; where it can, \
run: cargo deny check advisories"
    fi
else
    skip "licences, sources, doubles and known flaws: cargo-deny is missing; \
get it with: cargo install --locked cargo-deny"
fi

# Packing looks up whether each version that Cargo.lock names is still there.
echo 'versions that were withdrawn:'
if ! "$cargo" package --locked --no-verify --allow-dirty --target-dir "$scratch/target" \
    >"$scratch/package" 2>&1; then
    cat "$scratch/package" >&2
    exit 1
fi
if grep 'is yanked' "$scratch/package" >&2; then
    exit 1
fi
echo 'none'

if [ -n "$skipped" ]; then
    printf '%s\n' "$skipped" >&2
fi
