#!/bin/sh
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0
#
# Installs what building, playing, testing or benchmarking needs and is not there yet.
# With nothing missing it changes nothing and needs no rights.

set -eu

usage() {
    cat <<'END'
Usage: scripts/install-deps.sh [build|install|play|test|bench]

  build    compile the plugin (the default)
  install  build, and what meson needs
  play     build, and GStreamer's tools, demuxers and decoders
  test     play, and the servers and tools that the tests run
  bench    play, and the elements that the benchmark compares with
END
}

say() { printf 'install-deps: %s\n' "$*" >&2; }
die() { say "$@"; exit 1; }

# Debian's name of each package and what it is for.
packages() {
    case $1 in
    build)
        cat <<'END'
gcc links what rustc compiles
libc6-dev links what rustc compiles
pkg-config finds GStreamer and GLib for cargo
make runs the Makefile
libgstreamer1.0-dev GStreamer, its base classes and its test library
libgstreamer-plugins-base1.0-dev GStreamer's app library, for tests and examples
libglib2.0-dev GLib and GIO
ca-certificates lets cargo download crates
END
        ;;
    install)
        packages build
        cat <<'END'
meson configures the build and installs
ninja-build runs the build
END
        ;;
    play)
        packages build
        cat <<'END'
gstreamer1.0-tools gst-launch-1.0 and gst-inspect-1.0
gstreamer1.0-plugins-base playback, conversion, audio and video output
gstreamer1.0-plugins-good the FLV demuxer, audio and video output
gstreamer1.0-plugins-bad parsers for H.264 and AAC, more codecs
gstreamer1.0-plugins-ugly the H.264 encoder of test streams
gstreamer1.0-libav decoders for H.264 and AAC
gstreamer1.0-x the clock in test pictures, and a window to watch in
gstreamer1.0-pulseaudio sound output
glib-networking TLS, for rtmps
END
        ;;
    test)
        packages play
        packages install
        cat <<'END'
nginx a server to play from
libnginx-mod-rtmp RTMP for that server
ffmpeg publishes to servers and checks what was played
rtmpdump another player, for the server of the examples
python3-gi runs the Python example
gir1.2-gstreamer-1.0 GStreamer for Python
gir1.2-gst-plugins-base-1.0 GStreamer's app library for Python
gstreamer1.0-plugins-base-apps gst-play-1.0 and gst-discoverer-1.0
valgrind looks for leaks
stunnel4 TLS in front of those servers
openssl certificates for it
microsocks a SOCKS 5 proxy to play through
dante-server a SOCKS 4 proxy to play through
tinyproxy an HTTP proxy to play through
END
        ;;
    bench)
        packages play
        cat <<'END'
gstreamer1.0-plugins-bad rtmpsrc and rtmp2src, to compare with
nginx a server to play from
libnginx-mod-rtmp RTMP for that server
END
        ;;
    esac
}

check_cargo() {
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)".*/\1/p' Cargo.toml)
    how="Debian's own is too old. Get a current one with rustup, for instance:
    curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh
    . \"\$HOME/.cargo/env\"
See https://rustup.rs; an older toolchain of rustup's is updated by: rustup update"

    cargo=${CARGO:-cargo}
    if ! command -v "$cargo" >/dev/null 2>&1; then
        if [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
            die "cargo is in ${CARGO_HOME:-$HOME/.cargo}/bin, but that is not in PATH"
        fi
        die "cargo is missing, version $wanted or newer is needed. $how"
    fi
    found=$("$cargo" --version) || die "'$cargo --version' failed"
    found=$(printf '%s\n' "$found" | sed -n 's/^cargo \([0-9.]*\).*/\1/p')
    if ! printf '%s\n' "$wanted" "$found" | sort -V -C; then
        die "$cargo is version $found, $wanted or newer is needed. $how"
    fi
}

is_installed() {
    # shellcheck disable=SC2016 # dpkg-query's variable, not the shell's
    case $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) in
    ii*) return 0 ;;
    *) return 1 ;;
    esac
}

install_with_apt() {
    missing=
    list=
    while read -r package reason; do
        case " $missing " in *" $package "*) continue ;; esac
        if ! is_installed "$package"; then
            missing="$missing $package"
            list="$list$(printf '    %-33s %s' "$package" "$reason")
"
        fi
    done <<END
$(packages "$group")
END
    [ -n "$missing" ] || return 0

    say "missing for '$group', to be installed with apt-get:"
    printf '%s' "$list" >&2
    # shellcheck disable=SC2086 # a list of words
    if [ "$(id -u)" -eq 0 ]; then
        "$self" --as-root $missing
    elif command -v sudo >/dev/null 2>&1; then
        say "calling sudo for that"
        sudo "$self" --as-root $missing
    else
        die "that needs root, and there is no sudo: run as root: apt-get install$missing"
    fi || die "could not install:$missing"
}

# The rest of this script as root: takes packages, so that one sudo is enough.
install_as_root() {
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    forbid_service_starts
    new_services=
    for service in nginx stunnel4 danted tinyproxy; do
        is_installed "$(package_of "$service")" || new_services="$new_services $service"
    done

    updated=no
    for package in "$@"; do
        if ! apt-cache show "$package" >/dev/null 2>&1; then
            update_package_lists
            break
        fi
    done
    if ! apt_install "$@"; then
        [ "$updated" = no ] || return 1
        say "trying again with new package lists"
        update_package_lists
        apt_install "$@"
    fi

    # The packages have their services start at the next boot; the tests run the programs
    # themselves.
    for service in $new_services; do
        is_installed "$(package_of "$service")" || continue
        say "disabling the $service service that came with its package"
        if command -v systemctl >/dev/null 2>&1; then
            systemctl disable --quiet "$service.service"
        else
            update-rc.d "$service" disable
        fi || say "could not disable it: $service may start at the next boot"
    done
}

package_of() {
    case $1 in
    danted) echo dante-server ;;
    *) echo "$1" ;;
    esac
}

update_package_lists() {
    updated=yes
    apt-get -q update </dev/null || say "apt-get update had errors, going on"
}

apt_install() {
    apt-get -q -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
        install -y --no-install-recommends "$@" </dev/null
}

# Packages of servers start them as a system service unless this file says no.
policy=/usr/sbin/policy-rc.d
saved_policy=$policy.before-rtmpr
policy_mark='# temporary, by install-deps.sh of gst-plugin-rtmpr'

forbid_service_starts() {
    # One with the mark was left by a run that was killed: it only remains to be taken away.
    left_over=no
    if grep -qsF "$policy_mark" "$policy"; then
        left_over=yes
    elif [ -x "$policy" ] && policy_forbids; then
        return 0
    fi

    trap restore_policy EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    [ "$left_over" = no ] || return 0
    if [ -e "$policy" ] || [ -L "$policy" ]; then
        mv "$policy" "$saved_policy"
    fi
    printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy"
    chmod 755 "$policy"
}

policy_forbids() {
    status=0
    "$policy" nginx start >/dev/null 2>&1 </dev/null || status=$?
    [ "$status" -eq 101 ]
}

restore_policy() {
    if grep -qsF "$policy_mark" "$policy"; then
        rm -f "$policy"
    fi
    if [ -e "$saved_policy" ] || [ -L "$saved_policy" ]; then
        mv "$saved_policy" "$policy"
    fi
}

# Without apt: name what is needed, and stop only if something is really not there.
check_without_apt() {
    say "no apt-get here; '$group' needs what these Debian packages hold:"
    packages "$group" | sort -u -k1,1 | while read -r package reason; do
        printf '    %-33s %s\n' "$package" "$reason" >&2
    done
    PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
    lacking=

    need_program cc
    need_program pkg-config
    need_program make
    for library in gstreamer-1.0 gstreamer-base-1.0 gstreamer-app-1.0 gstreamer-check-1.0 gio-2.0; do
        need "library $library" pkg-config --exists "$library"
    done
    case $group in play | test | bench)
        need_program gst-launch-1.0
        need_program gst-inspect-1.0
        for element in playbin flvdemux h264parse aacparse avdec_h264 avdec_aac x264enc; do
            need "element $element" gst-inspect-1.0 --exists "$element"
        done
        ;;
    esac
    case $group in install | test)
        need_program meson
        need_program ninja
        ;;
    esac
    case $group in test)
        need_program nginx
        need_program ffmpeg
        need_program gst-play-1.0
        need_program gst-discoverer-1.0
        need_program valgrind
        for program in stunnel4 openssl microsocks danted tinyproxy; do
            need_program "$program"
        done
        need "GStreamer for Python" python3 -c '
import gi
for name in ("Gst", "GstApp"):
    gi.require_version(name, "1.0")
from gi.repository import Gst, GstApp'
        ;;
    bench)
        need_program nginx
        for element in rtmpsrc rtmp2src; do
            need "element $element" gst-inspect-1.0 --exists "$element"
        done
        ;;
    esac
    [ -z "$lacking" ] || die "not found:$lacking"
    say "all of it is there"
}

need_program() { need "$1" command -v "$1"; }

need() {
    what=$1
    shift
    if ! "$@" >/dev/null 2>&1 </dev/null; then
        lacking="$lacking${lacking:+,} $what"
    fi
}

self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
cd "$(dirname "$self")/.."

if [ "${1-}" = --as-root ]; then
    shift
    install_as_root "$@"
    exit
fi

group=${1:-build}
case $group in
build | install | play | test | bench) ;;
-h | --help)
    usage
    exit
    ;;
*)
    usage >&2
    exit 2
    ;;
esac
[ $# -le 1 ] || { usage >&2; exit 2; }

check_cargo
if command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; then
    install_with_apt
else
    check_without_apt
fi
