#!/usr/bin/env python3
"""Cost grows with work and nothing else: what a large queue, a large directory, a dead destination and idle sessions cost.

    cargo build --release && python3 tests/bench/growth.py             # about five minutes
    python3 tests/bench/growth.py --only queue

Wants Debian's postfix for smtp-source and smtp-sink, and root for the sink. Each line is the median of interleaved pairs: a server that
carries the load beside one that does not. Below 0.90 is too slow.
"""

import argparse
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from load import free_port, measure, memory, send
from sender import message
from servers import BINARY, Allegromail

os.environ["PATH"] += ":/usr/sbin"
MESSAGES, SESSIONS, PAIRS = 3_000, 20, 7
DOWN = "downdowndo+downd0wn1@allegromail.pl"


class Folder(tempfile.TemporaryDirectory):
    def __enter__(self):
        folder = pathlib.Path(super().__enter__())
        folder.chmod(0o755)
        (folder / "message").write_text(message(10_240))
        (folder / "short").write_text(message(1_000))
        return folder


def compare(what, plain, loaded, file):
    """Prints how fast `loaded` is, compared to `plain`."""
    ratios, cpus = [], []
    for number in range(PAIRS + 1):
        pair = [measure(server, file, MESSAGES, SESSIONS, reuse=True) for server in (plain, loaded)]
        if number:
            ratios.append(pair[1]["rate"] / pair[0]["rate"])
            cpus.append(pair[1]["cpu"] / pair[0]["cpu"])
    print(f"{what:<44} rate x {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}), "
          f"CPU a message x {statistics.median(cpus):.2f}, {memory(loaded.pids()):.0f} MiB", flush=True)


def directory(folder):
    plain, loaded = Allegromail(folder / "plain", accounts=1_000), Allegromail(folder / "loaded", accounts=1_000_000)
    compare("1,000,000 accounts beside 1,000", plain, loaded, folder / "message")
    for server in (plain, loaded):
        server.stop()


def queue(folder, count=100_000):
    plain, loaded = Allegromail(folder / "plain"), Allegromail(folder / "loaded", down=free_port())
    start = time.perf_counter()
    send(loaded.port, folder / "short", count, SESSIONS, reuse=True, recipient=DOWN)
    print(f"{count} messages to a destination that refuses connections taken in {time.perf_counter() - start:.0f} s", flush=True)
    compare(f"{count} entries waiting beside none", plain, loaded, folder / "message")
    questions(loaded, folder / "message")
    for server in (plain, loaded):
        server.stop()


def questions(server, file):
    """What operators' questions about a large queue take, and what other mail waits meanwhile."""
    ask = lambda *words: subprocess.run([server.binary, "queue", *words, "--config", server.config], stdout=subprocess.DEVNULL).returncode
    quiet = measure(server, file, MESSAGES, SESSIONS, reuse=True)
    for words in (("list", "--json"), ("top", "--json"), ("suspend", "down.example"), ("resume", "down.example")):
        start = time.perf_counter()
        code = ask(*words)
        print(f"queue {words[0]:<8} {time.perf_counter() - start:6.2f} s, exit {code}", flush=True)
    ended = threading.Event()

    def keep_asking():
        while not ended.is_set():
            ask("top", "--json")

    asking = threading.Thread(target=keep_asking)
    asking.start()
    asked = measure(server, file, MESSAGES, SESSIONS, reuse=True)
    ended.set()
    asking.join()
    print(f"mail while `queue top` is asked on and on: p99 {asked['p99']:.1f} ms ({quiet['p99']:.1f} without), rate x {asked['rate'] / quiet['rate']:.2f}", flush=True)


def down(folder, count=2_000):
    """A host that takes the connection and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(4_096)
        plain, loaded = Allegromail(folder / "plain"), Allegromail(folder / "loaded", down=silent.getsockname()[1])
        send(loaded.port, folder / "short", count, SESSIONS, reuse=True, recipient=DOWN)
        compare(f"{count} entries for a host that is silent", plain, loaded, folder / "message")
        for server in (plain, loaded):
            server.process.kill()
            server.stop()


def idle(folder, count=1_000):
    server = Allegromail(folder / "plain")
    time.sleep(2)
    before = memory(server.pids())
    sessions = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for session in sessions:
        session.recv(512)
        session.sendall(b"EHLO mail.poczta.example\r\n")
        session.recv(512)
    after = memory(server.pids())
    print(f"idle with 100,000 accounts: {before:.1f} MiB; {count} idle sessions: {(after - before) * 1024 / count:.1f} KiB each", flush=True)
    for session in sessions:
        session.close()
    server.stop()


def main():
    parts = {"idle": idle, "directory": directory, "queue": queue, "down": down}
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", action="append", choices=parts)
    options = arguments.parse_args()
    if not BINARY.exists():
        sys.exit(f"{BINARY} is missing: cargo build --release")
    for name in options.only or parts:
        with Folder(prefix="bench-") as folder:
            parts[name](folder)


if __name__ == "__main__":
    main()
