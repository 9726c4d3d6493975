#!/usr/bin/env python3
# Copyright (C) 2026 the rtmpr contributors
# SPDX-License-Identifier: MPL-2.0

"""Makes the seed corpus of the fuzzers from sessions between real programs.

Records what nginx-rtmp, FFmpeg, rtmpdump, GStreamer's own elements, the server
of the examples and rtmprsrc say to each other, all on this machine, and puts
the parts of it that each target reads into corpus/TARGET. seeds.txt is added.

Build first (cargo build --lib --example origin), and minimise afterwards
(cargo +nightly fuzz cmin TARGET).
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
HANDSHAKE = 1 + 2 * 1536

# Longer ones make a fuzzer slow. Bytes.
LONGEST_SESSION = 6000
LONGEST_BODY = 1500

# For a program to start, connect or end, in seconds.
PATIENCE = 15
# For a session that has no end of its own.
LONGEST_PLAY = 4


class Proxy:
    """Passes one connection on to a server and keeps what both sides sent."""

    def __init__(self, port):
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.up = bytearray()
        self.down = bytearray()
        self.done = threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        client, _ = self.listener.accept()
        self.listener.close()
        server = socket.create_connection(("127.0.0.1", self.target))
        kept = {client: (server, self.up), server: (client, self.down)}
        open_ends = [client, server]
        with contextlib.suppress(OSError), client, server:
            while open_ends:
                for end in select.select(open_ends, [], [])[0]:
                    other, record = kept[end]
                    data = end.recv(65536)
                    if not data:
                        open_ends.remove(end)
                        other.shutdown(socket.SHUT_WR)
                    record += data
                    other.sendall(data)
        self.done.set()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_listener(port):
    """Without connecting: some servers take one client only."""
    wanted = f":{port:04X} 00000000:0000 0A"
    deadline = time.monotonic() + PATIENCE
    while wanted not in pathlib.Path("/proc/net/tcp").read_text():
        if time.monotonic() > deadline:
            sys.exit(f"nothing listens on port {port}")
        time.sleep(0.02)


class Recorder:
    """Runs the programs and collects the sessions."""

    def __init__(self, folder, target_dir):
        self.folder = folder
        self.target_dir = target_dir
        self.sessions = {}
        self.environment = dict(
            os.environ,
            GST_PLUGIN_PATH=str(folder / "plugins"),
            GST_REGISTRY=str(folder / "registry"),
        )
        (folder / "plugins").mkdir()
        shutil.copy(target_dir / "libgstrtmpr.so", folder / "plugins")

    @contextlib.contextmanager
    def running(self, *command):
        program = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self.environment,
            cwd=self.folder,
        )
        try:
            yield program
        finally:
            # Clients say good-bye at this one.
            program.send_signal(signal.SIGINT)
            try:
                program.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def record(self, name, port, command):
        """Runs a client against a server, up to its end or for a while."""
        proxy = Proxy(port)
        url = f"rtmp://127.0.0.1:{proxy.port}/live/test"
        with self.running(*command(url)):
            proxy.done.wait(LONGEST_PLAY)
        # A client that was told to end says good-bye.
        proxy.done.wait(PATIENCE)
        print(f"{name}: {len(proxy.up)} bytes up, {len(proxy.down)} down")
        if len(proxy.up) <= HANDSHAKE or len(proxy.down) <= HANDSHAKE:
            sys.exit(f"{name}: no session came about")
        self.sessions[name] = (bytes(proxy.up), bytes(proxy.down))

    def clip(self, name, seconds, *codecs):
        path = self.folder / name
        sources = [
            f"testsrc=size=48x32:rate=10:duration={seconds}",
            f"sine=sample_rate=11025:duration={seconds}",
        ]
        inputs = [part for s in sources for part in ("-f", "lavfi", "-i", s)]
        subprocess.run(
            ["ffmpeg", "-v", "error", *inputs, *codecs, "-f", "flv", path], check=True
        )
        return path

    @contextlib.contextmanager
    def nginx(self):
        port = free_port()
        configuration = self.folder / "nginx.conf"
        configuration.write_text(
            f"""load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
            daemon off; master_process off; pid {self.folder}/pid;
            error_log {self.folder}/error.log info; events {{ worker_connections 64; }}
            rtmp {{ server {{ listen 127.0.0.1:{port};
                application live {{ live on; publish_notify on; play_restart on; }} }} }}"""
        )
        log = self.folder / "error.log"
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        with self.running(nginx, "-p", self.folder, "-e", log, "-c", configuration):
            wait_for_listener(port)
            yield port

    @contextlib.contextmanager
    def origin(self):
        port = free_port()
        program = self.target_dir / "examples" / "origin"
        with self.running(program, "--listen", f"127.0.0.1:{port}", "--quiet"):
            wait_for_listener(port)
            yield port


def publish_with_ffmpeg(clip, *options):
    return lambda url: (
        *("ffmpeg", "-v", "error", "-re", *options, "-i", clip),
        *("-c", "copy", "-f", "flv", url),
    )


def play_with_ffmpeg(url):
    return ("ffmpeg", "-v", "error", "-i", url, "-c", "copy", "-f", "null", "-")


def play_with_rtmpdump(url):
    return ("rtmpdump", "-q", "-v", "-r", url, "-o", "/dev/null")


def play_with(element):
    return lambda url: (
        *("gst-launch-1.0", "-q", element, f"location={url}", "!", "fakesink"),
    )


def publish_with_rtmp2sink(clip):
    return lambda url: (
        *("gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!"),
        *("flvdemux", "name=d", "flvmux", "name=m", "streamable=true", "!"),
        *("rtmp2sink", f"location={url}"),
        *("d.video", "!", "queue", "!", "h264parse", "!", "m.video"),
        *("d.audio", "!", "queue", "!", "aacparse", "!", "m.audio"),
    )


def record_all(recorder):
    h264 = ("-c:v", "libx264", "-g", "10", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "8k")
    legacy = ("-c:v", "flv", "-c:a", "libmp3lame", "-ar", "11025", "-b:a", "8k")
    short = recorder.clip("short.flv", 0.5, *h264)
    long = recorder.clip("long.flv", 3, *h264)
    old = recorder.clip("old.flv", 0.5, *legacy)

    for name, server in (("nginx", recorder.nginx), ("origin", recorder.origin)):
        with server() as port:
            for of, clip in (("", short), ("-legacy", old)):
                publish = publish_with_ffmpeg(clip)
                recorder.record(f"{name}-publish-ffmpeg{of}", port, publish)
            recorder.record(f"{name}-publish-rtmp2sink", port, publish_with_rtmp2sink(short))
            again = publish_with_ffmpeg(long, "-stream_loop", "-1")
            with recorder.running(*again(f"rtmp://127.0.0.1:{port}/live/test")):
                for player, command in (
                    ("ffmpeg", play_with_ffmpeg),
                    ("rtmpdump", play_with_rtmpdump),
                    ("rtmp2src", play_with("rtmp2src")),
                    ("rtmprsrc", play_with("rtmprsrc")),
                ):
                    recorder.record(f"{name}-play-{player}", port, command)
            # Until the stream is given up.
            with recorder.running(*again(f"rtmp://127.0.0.1:{port}/live/none")) as publisher:
                threading.Timer(2, publisher.send_signal, [signal.SIGINT]).start()
                missing = lambda url: play_with("rtmprsrc")(url.replace("test", "none"))
                recorder.record(f"{name}-unpublish-rtmprsrc", port, missing)

    for player, command in (("ffmpeg", play_with_ffmpeg), ("rtmprsrc", play_with("rtmprsrc"))):
        port = free_port()
        url = f"rtmp://127.0.0.1:{port}/live/test"
        listen = ("ffmpeg", "-v", "error", "-re", "-i", short, "-c", "copy")
        with recorder.running(*listen, "-f", "flv", "-listen", "1", url):
            wait_for_listener(port)
            recorder.record(f"ffmpeg-listen-play-{player}", port, command)
    for publisher, command in (
        ("ffmpeg", publish_with_ffmpeg(short)),
        ("rtmp2sink", publish_with_rtmp2sink(short)),
    ):
        port = free_port()
        url = f"rtmp://127.0.0.1:{port}/live/test"
        with recorder.running(
            *("ffmpeg", "-v", "error", "-listen", "1", "-i", url, "-f", "null", "-")
        ):
            wait_for_listener(port)
            recorder.record(f"ffmpeg-listen-publish-{publisher}", port, command)
    return [short, old]


def messages(data):
    """Type and body of the messages in chunks, as plain a reader as can be."""
    streams, chunk_size, at = {}, 128, 0

    def take(count):
        nonlocal at
        at += count
        if at > len(data):
            raise EOFError
        return data[at - count : at]

    with contextlib.suppress(EOFError):
        while at < len(data):
            first = take(1)[0]
            csid = first & 0x3F
            if csid < 2:
                csid = 64 + int.from_bytes(take(1 + csid), "little")
            fmt = first >> 6
            stream = streams.setdefault(csid, {"body": b"", "extended": False})
            if fmt < 3:
                time_field = take(3)
                if fmt < 2:
                    stream["length"] = int.from_bytes(take(3), "big")
                    stream["kind"] = take(1)[0]
                if fmt == 0:
                    take(4)
                stream["extended"] = time_field == b"\xff\xff\xff"
            if stream["extended"]:
                take(4)
            left = stream["length"] - len(stream["body"])
            stream["body"] += take(min(left, chunk_size))
            if len(stream["body"]) == stream["length"]:
                kind, body = stream["kind"], stream["body"]
                stream["body"] = b""
                if kind == 1:
                    chunk_size = int.from_bytes(body, "big")
                yield kind, body


class Corpus:
    def __init__(self, folder):
        self.folder = folder

    def add(self, target, data):
        folder = self.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)

    def add_session(self, up, down):
        for role, (sent, target) in enumerate(
            ((down, "client_session"), (up, "server_session"))
        ):
            # Raw bytes to this role, in either form of the handshake.
            for form in (0, 2):
                self.add("handshake", bytes([role | form]) + sent[:HANDSHAKE])
            chunks = sent[HANDSHAKE:]
            self.add(target, chunks[:LONGEST_SESSION])
            self.add("chunk_reader", chunks[:LONGEST_SESSION])
            for kind, body in messages(chunks):
                if kind in (20, 18):
                    self.add("amf0", body[:LONGEST_BODY])
                if kind in (8, 9, 18, 22):
                    self.add("flv", body[:LONGEST_BODY])

    def add_seeds(self):
        for line in (HERE / "seeds.txt").read_text().splitlines():
            if line and not line.startswith("#"):
                target, _, content = line.split(" ", 2)
                is_text = target == "location"
                self.add(target, content.encode() if is_text else bytes.fromhex(content))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--corpus", type=pathlib.Path, default=HERE / "corpus")
    arguments.add_argument(
        "--target-dir",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parent / "target")),
    )
    options = arguments.parse_args()
    corpus = Corpus(options.corpus)
    corpus.add_seeds()
    with tempfile.TemporaryDirectory(prefix="rtmpr-corpus-") as folder:
        recorder = Recorder(pathlib.Path(folder), options.target_dir.resolve() / "debug")
        for clip in record_all(recorder):
            corpus.add("flv", clip.read_bytes()[:LONGEST_SESSION])
        for up, down in recorder.sessions.values():
            corpus.add_session(up, down)


if __name__ == "__main__":
    main()
