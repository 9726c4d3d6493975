#!/usr/bin/python3
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

"""Runs a pipeline until an element named `pictures` has got so many buffers.

    programs.py COUNT PIPELINE

Prints the sources that the pipeline's element named `player` has chosen, and
how it ended.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

# Reached only by a hang.
LIMIT = 100 * Gst.SECOND


def main():
    Gst.init(None)
    wanted = int(sys.argv[1])
    pipeline = Gst.parse_launch(sys.argv[2])
    seen = 0

    def on_buffer(_pad, _info):
        nonlocal seen
        seen += 1
        if seen == wanted:
            enough = Gst.Structure.new_empty("enough")
            pipeline.post_message(Gst.Message.new_application(pipeline, enough))
        return Gst.PadProbeReturn.OK

    def on_source(_player, source):
        print("source", source.get_factory().get_name())

    # A player that is a pipeline of its own is the whole of it.
    player = pipeline if pipeline.get_name() == "player" else pipeline.get_by_name("player")
    player.connect("source-setup", on_source)
    sink = pipeline.get_by_name("pictures") or player.get_property("video-sink")
    sink.get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, on_buffer)

    bus = pipeline.get_bus()
    kinds = Gst.MessageType.ERROR | Gst.MessageType.EOS | Gst.MessageType.APPLICATION
    pipeline.set_state(Gst.State.PLAYING)
    message = bus.timed_pop_filtered(LIMIT, kinds)
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.APPLICATION:
        print("ended:", message and message.get_structure())
        return 1
    print("pictures", wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
