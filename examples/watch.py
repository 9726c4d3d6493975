#!/usr/bin/python3
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

"""Plays an RTMP stream and pulls its decoded pictures from an appsink.

    watch.py [--frames N] rtmp://host/application/stream

Prints a line for each picture and `frames N` at the end. The exit status is 0
only if pictures came and nothing failed.
"""

import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
gi.require_version("GstVideo", "1.0")
from gi.repository import GLib, Gst, GstApp, GstVideo  # noqa: E402, F401

# The audio goes nowhere, but something has to take it: a demuxer with a part
# that nobody wants may stop with `not-linked`.
PIPELINE = """
    rtmprsrc name=source ! flvdemux name=demux
    demux.video ! queue ! decodebin ! videoconvert ! video/x-raw,format=RGB
        ! appsink name=pictures sync=false max-buffers=8
    demux.audio ! queue leaky=downstream ! fakesink sync=false async=false
"""


def on_no_more_pads(demux):
    """Without video the appsink would wait for ever."""
    if demux.get_static_pad("video") is None:
        structure = Gst.Structure.new_empty("no-video")
        demux.post_message(Gst.Message.new_application(demux, structure))


def show(count, sample):
    """What an application would do with a picture."""
    info = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
    buffer = sample.get_buffer()
    mapped, memory = buffer.map(Gst.MapFlags.READ)
    if not mapped:
        raise RuntimeError("the picture cannot be read")
    try:
        # memory.data holds the pixels; info.stride and info.offset say where.
        print(
            f"frame {count}: {info.width}x{info.height} {info.finfo.name}, "
            f"{len(memory.data)} bytes, at {buffer.pts / Gst.SECOND:.3f} s"
        )
    finally:
        buffer.unmap(memory)


def problem(bus):
    """What the bus says is wrong, as a text; None if nothing is."""
    kinds = Gst.MessageType.ERROR | Gst.MessageType.APPLICATION
    message = bus.pop_filtered(kinds)
    if message is None:
        return None
    if message.type == Gst.MessageType.APPLICATION:
        return "the stream has no video"
    error, debug = message.parse_error()
    return f"{message.src.get_path_string()}: {error.message}\n{debug}"


def watch(location, limit):
    """Returns the number of pictures, and what went wrong or None."""
    pipeline = Gst.parse_launch(PIPELINE)
    try:
        # Unlike the location property, this tells at once what is wrong with a URL.
        pipeline.get_by_name("source").set_uri(location)
    except GLib.Error as error:
        return 0, error.message
    pipeline.get_by_name("demux").connect("no-more-pads", on_no_more_pads)
    pictures = pipeline.get_by_name("pictures")
    bus = pipeline.get_bus()

    frames = 0
    trouble = None
    pipeline.set_state(Gst.State.PLAYING)
    while limit is None or frames < limit:
        sample = pictures.try_pull_sample(100 * Gst.MSECOND)
        if sample is not None:
            frames += 1
            show(frames, sample)
        # Asked before the bus: an error is there before the end it causes.
        ended = sample is None and pictures.is_eos()
        trouble = problem(bus)
        if trouble or ended:
            break
    pipeline.set_state(Gst.State.NULL)
    return frames, trouble


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("location", help="rtmp://host/application/stream")
    parser.add_argument("--frames", type=int, metavar="N", help="stop after N pictures")
    arguments = parser.parse_args()

    Gst.init(None)
    frames, trouble = watch(arguments.location, arguments.frames)
    print(f"frames {frames}")
    if trouble is None and frames == 0:
        trouble = "no pictures came"
    if trouble is not None:
        print(f"error: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
