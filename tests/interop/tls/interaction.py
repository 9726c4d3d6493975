#!/usr/bin/python3
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

"""Plays from a server that demands a certificate, for which this program is
asked in its main loop, as a dialogue would be.

    interaction.py WHAT LOCATION AUTHORITY CERTIFICATE KEY

WHAT is what happens while it is asked:

    answer   it gives the certificate
    stop     the main loop is busy and then stops the pipeline
    timeout  the main loop is busy until `timeout` has passed

Prints how the pipeline ended, how often it was asked, and when no thread of the
pipeline's is left.
"""

import sys
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gio, GLib, Gst  # noqa: E402

# Reached only by a hang.
LIMIT = 100


class Interaction(Gio.TlsInteraction):
    __gtype_name__ = "TestInteraction"

    certificate = None
    asked = 0

    def do_request_certificate(self, connection, _flags, _cancellable):
        self.asked += 1
        connection.set_certificate(self.certificate)
        return Gio.TlsInteractionResult.HANDLED


def wait_for(what, condition):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"hangs: {what}")
        time.sleep(0.001)


def threads():
    names = (task.joinpath("comm") for task in Path("/proc/self/task").iterdir())
    return [name for name in (read(path) for path in names) if name.startswith("rtmpr")]


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


def main():
    Gst.init(None)
    what, location, authority, certificate, key = sys.argv[1:]
    interaction = Interaction()
    interaction.certificate = Gio.TlsCertificate.new_from_files(certificate, key)

    pipeline = Gst.parse_launch("rtmprsrc name=source ! fakesink")
    source = pipeline.get_by_name("source")
    source.set_property("location", location)
    source.set_property("tls-ca-file", authority)
    source.set_property("tls-interaction", interaction)
    if what == "timeout":
        source.set_property("timeout", 1)

    # As within a callback of the main loop.
    context = GLib.MainContext.default()
    context.acquire()
    bus = pipeline.get_bus()
    kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS
    message = None

    def has_ended():
        nonlocal message
        message = message or bus.pop_filtered(kinds)
        return message is not None

    def run_until(condition):
        def turn():
            context.iteration(False)
            return condition()

        return turn

    pipeline.set_state(Gst.State.PLAYING)
    if what == "answer":
        wait_for("playing", run_until(has_ended))
    else:
        wait_for("asking", context.pending)
    if what == "timeout":
        wait_for("the timeout", has_ended)
    pipeline.set_state(Gst.State.NULL)
    print("asked before the stop", interaction.asked)
    if message is None:
        print("stopped")
    elif message.type == Gst.MessageType.EOS:
        print("ended")
    else:
        error, debug = message.parse_error()
        print("failed:", error.message, debug)

    wait_for("the end of its threads", run_until(lambda: not threads()))
    print("asked", interaction.asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
