#!/bin/bash
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0
#
# Runs the fuzzers of fuzz/ for a fixed time each. See docs/fuzzing.md.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
    cat <<'END'
Usage: scripts/fuzz.sh [--seconds NUMBER] [--if-possible] [TARGET...]

  --seconds NUMBER  how long each target runs [60]
  --if-possible     without a nightly compiler or cargo-fuzz say so, and succeed
  TARGET            targets to run [all of them]
END
}

say() { printf 'fuzz: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

cargo=${CARGO:-cargo}
seconds=60
if_possible=
targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds)
        [ $# -ge 2 ] || { usage >&2; exit 2; }
        seconds=$2
        shift
        ;;
    --if-possible) if_possible=yes ;;
    --help | -h) usage; exit ;;
    -*) usage >&2; exit 2 ;;
    *) targets+=("$1") ;;
    esac
    shift
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "$seconds is no number of seconds"

all=()
for file in fuzz/fuzz_targets/*.rs; do
    file=${file##*/}
    all+=("${file%.rs}")
done
[ ${#targets[@]} -gt 0 ] || targets=("${all[@]}")
for target in "${targets[@]}"; do
    [ -e "fuzz/fuzz_targets/$target.rs" ] || die "no target $target; there are: ${all[*]}"
done

missing=
if ! "$cargo" +nightly --version >/dev/null 2>&1; then
    missing='a nightly compiler (rustup toolchain install nightly --profile minimal)'
elif ! "$cargo" +nightly fuzz --version >/dev/null 2>&1; then
    missing='cargo-fuzz (cargo install cargo-fuzz)'
fi
if [ -n "$missing" ]; then
    [ -n "$if_possible" ] || die "needs $missing"
    say "NOT RUN: needs $missing. What the fuzzers know is replayed by the tests alone."
    exit 0
fi

"$cargo" +nightly metadata --locked --format-version 1 --manifest-path fuzz/Cargo.toml >/dev/null ||
    die 'fuzz/Cargo.lock does not fit; run: cargo update --workspace --manifest-path fuzz/Cargo.toml'

# Longest input, and what else helps a target.
options() {
    case $1 in
    location) echo -max_len=1024 -dict=fuzz/location.dict ;;
    handshake) echo -max_len=3400 ;;
    amf0 | amf3) echo -max_len=4096 -dict=fuzz/rtmp.dict ;;
    client_session | server_session) echo -max_len=6000 -dict=fuzz/rtmp.dict ;;
    *) echo -max_len=8192 -dict=fuzz/rtmp.dict ;;
    esac
}

# One line of what libFuzzer counted; all of it if it found something.
report() {
    local target=$1 log=$2 status=$3
    if [ "$status" -ne 0 ]; then
        cat "$log"
        return
    fi
    awk -v target="$target" '
        / cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
        /^stat::number_of_executed_units/ { runs = $2 }
        END { printf "fuzz: %s: %d executions, %d edges covered\n", target, runs, cov }' "$log"
}

"$cargo" +nightly fuzz build
failed=()
for target in "${targets[@]}"; do
    # New inputs go to the first folder, which is not in git.
    work=fuzz/new/$target
    log=fuzz/new/$target.log
    seeds=("fuzz/corpus/$target")
    [ ! -d "fuzz/found/$target" ] || seeds+=("fuzz/found/$target")
    mkdir -p "$work"
    say "$target for $seconds s, log in $log"
    status=0
    # shellcheck disable=SC2046 # several options
    "$cargo" +nightly fuzz run "$target" "$work" "${seeds[@]}" -- \
        -max_total_time="$seconds" $(options "$target") -timeout=60 \
        -rss_limit_mb=1500 -malloc_limit_mb=32 -print_final_stats=1 >"$log" 2>&1 || status=$?
    report "$target" "$log" "$status"
    [ "$status" -eq 0 ] || failed+=("$target")
done
[ ${#failed[@]} -eq 0 ] || die "found something in: ${failed[*]}; the inputs are in fuzz/artifacts"
say "nothing found"
