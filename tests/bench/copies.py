#!/usr/bin/env python3
"""What large messages to many masks cost of memory: 35 MB to 1, 16 and 100 of them, and ten such writers at once, with honest mail beside them.

    cargo build --release && python3 tests/bench/copies.py [--writers 10] [--rest 2] [--only 4.9]

Needs Debian's postfix for smtp-sink, and root to set the peak of resident memory back between rows. Everything stays on loopback. A writer who is
put off (452 at the end of data) comes again until it is taken, as every server does. Exits 1 if memory went beyond `[limits] memory` and 64 MiB,
if an honest message was not taken at once, or if something that was taken did not arrive.
"""

import argparse
import os
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from load import Sink, free_port, wait_for
from servers import BINARY

BUDGET_MIB, SLACK_MIB, ORDERS = 192, 64, 100
WRITER, HONEST = "jan@poczta.example", "ola@poczta.example"
LINE = b"Dzien dobry, oto opis roweru, o ktory Pan pytal, linia za linia tak.\r\n"


def mask(number):
    return f"k2m9x0r7t3+many{number:02}@allegromail.pl"


class Server:
    """The relay with its limits as they are by default, but for budgets of how often somebody writes."""

    def __init__(self, folder, sink):
        self.port, config = free_port(), folder / "allegromail.toml"
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{self.port}"]\n'
            '[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n[allowlist]\npath = "couriers.txt"\n'
            '[auth]\nregistered = "off"\ncourier = "off"\n[limits]\nrefusals_per_client = "off"\nmessages_per_sender = "off"\n'
            'messages_per_transaction = "off"\n'
            f'[secrets]\nkey_file = "secret.key"\n[[delivery.route]]\ndomain = "*"\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n')
        record = '{{"type":"participant","id":"{0}","login":"{0}","marketplace":"allegro-pl","language":"pl","primary":"{1}","addresses":["{1}"]}}\n'
        orders = (f'{{"type":"transaction","id":"many{number:02}","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}}\n' for number in range(ORDERS))
        (folder / "data.ndjson").write_text(
            record.format("8awgqyk6a5", WRITER) + record.format("k2m9x0r7t3", "biuro@rowery.example") + record.format("5zz8c1w4mn", HONEST)
            + '{"type":"transaction","id":"honest1","buyer":"5zz8c1w4mn","seller":"k2m9x0r7t3"}\n' + "".join(orders))
        subprocess.run([BINARY, "import", "--config", config, folder / "data.ndjson"], check=True, capture_output=True)
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen([BINARY, "serve", "--config", config], stdout=self.log, stderr=self.log, env=dict(os.environ, RUST_LOG="warn"))
        wait_for(self.port)

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024


class Session:
    def __init__(self, port):
        self.stream = socket.create_connection(("127.0.0.1", port))
        self.reader = self.stream.makefile("rb")
        self.heard()
        self.say("EHLO writer.example")

    def heard(self):
        while (line := self.reader.readline())[3:4] == b"-":
            pass
        return line.decode(errors="replace").strip()

    def say(self, words):
        self.stream.sendall(words.encode() + b"\r\n")
        return self.heard()

    def send(self, sender, masks, body, announce=True):
        """The reply to the end of data, the recipients that were taken, and the seconds that the reply took."""
        self.say(f"MAIL FROM:<{sender}>" + (f" SIZE={len(body)}" if announce else ""))
        taken = sum(self.say(f"RCPT TO:<{to}>").startswith("250") for to in masks)
        self.say("DATA")
        self.stream.sendall(body)
        begun = time.perf_counter()
        self.stream.sendall(b".\r\n")
        return self.heard(), taken, time.perf_counter() - begun


def body(sender, octets):
    head = f"From: <{sender}>\r\nTo: <{mask(0)}>\r\nSubject: photographs\r\n\r\n".encode()
    return head + LINE * ((octets - len(head)) // len(LINE))


class Honest(threading.Thread):
    """Mail of 10 KB from somebody else, one after another."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.going, self.times, self.refused = port, True, [], []

    def run(self):
        text = body(HONEST, 10_240)
        while self.going:
            session = Session(self.port)
            reply, _, seconds = session.send(HONEST, ["k2m9x0r7t3+honest1@allegromail.pl"], text)
            session.stream.close()
            if reply.startswith("250"):
                self.times.append(seconds * 1000)
            else:
                self.refused.append(reply)
            time.sleep(0.02)


def row(server, sink, name, octets, recipients, writers, announce, rest):
    """One line of the table; what went wrong."""
    server.forget_peak()
    before, honest, results = sink.count, Honest(server.port), []
    honest.start()

    def write():
        text, put_off = body(WRITER, octets), 0
        while True:
            session = Session(server.port)
            reply, taken, seconds = session.send(WRITER, [mask(number) for number in range(recipients)], text, announce)
            session.stream.close()
            if not reply.startswith("452"):
                results.append((reply[:9], taken, seconds, put_off))
                return
            put_off += 1
            time.sleep(0.5)

    threads = [threading.Thread(target=write) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    copies = sum(taken for reply, taken, _, _ in results if reply.startswith("250"))
    honest.going = False
    honest.join()
    sink.wait(before + copies + len(honest.times))
    time.sleep(rest)
    peak, replies = server.peak(), sorted({reply for reply, *_ in results})
    times = sorted(honest.times)
    slow = times[int(len(times) * 0.99)] if times else 0
    print(f"{name:34} {' '.join(replies):20} {copies:6} {max(seconds for _, _, seconds, _ in results):9.1f} {sum(put_off for *_, put_off in results):7} "
          f"{peak:8.0f}   {len(times):6} {len(honest.refused):7} {statistics.median(times):7.0f} {slow:6.0f}", flush=True)
    return [what for what, wrong in ((f"{name}: {peak:.0f} MiB", peak > BUDGET_MIB + SLACK_MIB), (f"{name}: honest mail was refused", honest.refused)) if wrong]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--writers", type=int, default=10)
    arguments.add_argument("--rest", type=float, default=2)
    arguments.add_argument("--only", default="", help="rows whose name holds this")
    options = arguments.parse_args()
    large, wrong = 35_000_000, []
    with tempfile.TemporaryDirectory(prefix="copies-") as folder:
        sink = Sink()
        server = Server(pathlib.Path(folder), sink)
        print(f"{'':34} {'reply':20} {'copies':>6} {'seconds':>9} {'put off':>7} {'peak MiB':>8}   {'honest':>6} {'refused':>7} {'p50 ms':>7} {'p99 ms':>6}")
        for name, octets, recipients, writers, announce in (
            ("nothing beside honest mail", 2_000, 1, 1, True),
            ("4.9 MiB to 100 masks", 5_138_022, 100, 1, True),
            ("35 MB to 1 mask", large, 1, 1, True),
            ("35 MB to 16 masks", large, 16, 1, True),
            ("35 MB to 100 masks, SIZE", large, 100, 1, True),
            ("35 MB to 100 masks, no SIZE", large, 100, 1, False),
            (f"35 MB to 16, {options.writers} writers at once", large, 16, options.writers, True),
        ):
            if options.only in name:
                wrong += row(server, sink, name, octets, recipients, writers, announce, options.rest)
        server.process.terminate()
        server.process.wait()
        sink.stop()
    print("\n".join(wrong) or f"never beyond {BUDGET_MIB} + {SLACK_MIB} MiB, and honest mail was never refused")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
