#!/usr/bin/env python3
"""Honest mail at full rate while 2,000 clients idle and 200 are slow: throughput with and without them in turn, memory, descriptors.

    cargo build --release && python3 tests/bench/soak.py [--rounds 5] [--messages 6000] [--idle 2000] [--slow 200] [--large 8]

Needs Debian's postfix for smtp-source and smtp-sink. Everything stays on loopback; the crowd comes from many addresses of 127.0.0.0/8, 50
connections each, so that the limits per address and network stand as they are by default. Slow clients send an octet of a command or of a
message now and then, and come again when they are cut off. Then 1,000 idle sessions are weighed, and `--large` messages of 30 MB come at once.
Exits 1 if honest mail lost a fifth of its rate, or if memory reached 256 MiB.
"""

import argparse
import os
import pathlib
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import load
from load import BUYER, SELLER, Sink, free_port, wait_for
from sender import message
from servers import BINARY

LIMIT_MIB, LIMIT_LOSS = 256, 0.2


class Server:
    """The relay with limits as they are by default, but for room for the crowd."""

    def __init__(self, folder, sink):
        self.port, self.config = free_port(), folder / "allegromail.toml"
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        self.config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{self.port}"]\n'
            '[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n[allowlist]\npath = "couriers.txt"\n'
            '[auth]\nregistered = "off"\ncourier = "off"\n[limits]\nrefusals_per_client = "off"\nmessages_per_sender = "off"\n'
            'messages_per_transaction = "off"\nconnections = 4000\n'
            f'[secrets]\nkey_file = "secret.key"\n[[delivery.route]]\ndomain = "*"\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n')
        record = '{{"type":"participant","id":"{}","login":"x","marketplace":"allegro-pl","language":"pl","primary":"{}","addresses":["{}"]}}\n'
        (folder / "data.ndjson").write_text(
            record.format("8awgqyk6a5", BUYER, BUYER) + record.format("k2m9x0r7t3", "biuro@rowery.example", "biuro@rowery.example")
            + '{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}\n')
        subprocess.run([BINARY, "import", "--config", self.config, folder / "data.ndjson"], check=True, capture_output=True)
        self.log = folder / "log"
        log = open(self.log, "wb")
        environment = dict(os.environ, RUST_LOG="warn")
        self.process = subprocess.Popen([BINARY, "serve", "--config", self.config], stdout=log, stderr=log, env=environment)
        wait_for(self.port)

    def memory(self):
        return load.memory([self.process.pid])

    def peak(self):
        """The most that was ever resident, in MiB."""
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", text)[1]) / 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Crowd(threading.Thread):
    """Clients that idle, and clients that send an octet now and then. One thread serves them all."""

    def __init__(self, port, idle, slow):
        super().__init__(daemon=True)
        self.port, self.idle, self.slow = port, idle, slow
        self.going, self.again, self.turned = True, 0, 0
        self.selector, self.drips = selectors.DefaultSelector(), {}
        self.ready = threading.Event()

    def connect(self, number):
        """Fifty connections an address, four addresses a network."""
        place = number // 50
        stream = socket.socket()
        stream.bind((f"127.{1 + place // 4 // 250}.{1 + place // 4 % 250}.{1 + place % 4}", 0))
        stream.connect(("127.0.0.1", self.port))
        banner = stream.recv(512)
        if not banner.startswith(b"220"):
            self.turned += 1
            stream.close()
            return
        if number < self.idle:
            stream.sendall(b"EHLO idle.example\r\n")
        elif number % 2:
            stream.sendall(f"EHLO a\r\n".encode())
            stream.recv(1024)
            stream.sendall(f"MAIL FROM:<{BUYER}>\r\nRCPT TO:<{SELLER}>\r\nDATA\r\n".encode())
            self.drips[stream] = (number, b"From: a@b.example\r\n" * 100)
        else:
            self.drips[stream] = (number, b"EHLO " + b"a" * 200)
        stream.setblocking(False)
        self.selector.register(stream, selectors.EVENT_READ, number)

    def run(self):
        for number in range(self.idle + self.slow):
            self.connect(number)
        self.ready.set()
        tick = time.monotonic()
        while self.going:
            for key, _ in self.selector.select(0.2):
                try:
                    piece = key.fileobj.recv(4096)
                except OSError:
                    piece = b""
                if not piece:
                    self.leave(key.fileobj)
                    self.again += 1
                    self.connect(key.data)
            if time.monotonic() - tick > 2:
                tick = time.monotonic()
                for stream, (number, octets) in list(self.drips.items()):
                    try:
                        stream.send(octets[:1])
                        self.drips[stream] = (number, octets[1:] + octets[:1])
                    except OSError:
                        pass
        for stream in [key.fileobj for key in self.selector.get_map().values()]:
            self.leave(stream)

    def leave(self, stream):
        self.selector.unregister(stream)
        self.drips.pop(stream, None)
        stream.close()

    def stop(self):
        self.going = False
        self.join()


def honest(server, sink, options):
    """Messages a second until the sink has all of them, and processor milliseconds a message."""
    before, used, start = sink.count, load.cpu([server.process.pid]), time.perf_counter()
    command = ["smtp-source", "-s", "20", "-m", str(options.messages), "-f", BUYER, "-t", SELLER, "-F", options.file]
    subprocess.run([*command, f"127.0.0.1:{server.port}"], check=True)
    while sink.count < before + options.messages:
        time.sleep(0.005)
        if time.perf_counter() - start > 120:
            sys.exit(f"{sink.count - before} of {options.messages} arrived")
    rate = options.messages / (time.perf_counter() - start)
    return rate, (load.cpu([server.process.pid]) - used) * 1000 / options.messages


def settled(server, at_most):
    """Waits until sessions that have ended have given their descriptors back."""
    for _ in range(500):
        if server.descriptors() <= at_most:
            break
        time.sleep(0.02)
    return server.descriptors()


def large(server, count):
    """So many messages of 30 MB at once; how many were taken, and how many put off."""
    line = b"Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc.\r\n"
    head = f"From: {BUYER}\r\nTo: {SELLER}\r\nSubject: large\r\n\r\n".encode()
    body, answers = head + line * (30_000_000 // len(line)) + b".\r\n", []

    def send():
        with socket.create_connection(("127.0.0.1", server.port)) as stream:
            reader = stream.makefile("rb")

            def say(octets):
                stream.sendall(octets)
                while (line := reader.readline())[3:4] == b"-":
                    pass
                return line

            reader.readline()
            for words in ("EHLO a", f"MAIL FROM:<{BUYER}>", f"RCPT TO:<{SELLER}>", "DATA"):
                say(f"{words}\r\n".encode())
            answers.append(say(body)[:3])

    threads = [threading.Thread(target=send) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers.count(b"250"), answers.count(b"452")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("rounds", 5), ("messages", 6_000), ("idle", 2_000), ("slow", 200), ("large", 8)):
        arguments.add_argument(f"--{name}", type=int, default=value)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        folder = pathlib.Path(folder)
        options.file = folder / "message"
        options.file.write_text(message(10_240))
        sink = Sink()
        server = Server(folder, sink)
        # Before any mail: later the allocator has room to spare, and they would seem to cost nothing.
        before = server.memory()
        idlers = Crowd(server.port, 1_000, 0)
        idlers.start()
        idlers.ready.wait()
        print(f"idle: {before:.1f} MiB; 1,000 idle sessions: {(server.memory() - before) * 1024 / 1000:.1f} KiB each", flush=True)
        idlers.stop()
        honest(server, sink, options)
        base, plain, crowded, series = server.descriptors(), [], [], []
        for number in range(options.rounds):
            plain.append(honest(server, sink, options))
            crowd = Crowd(server.port, options.idle, options.slow)
            crowd.start()
            crowd.ready.wait()
            crowded.append(honest(server, sink, options))
            series.append(server.memory())
            sessions = server.descriptors() - base
            crowd.stop()
            print(f"round {number + 1}: alone {plain[-1][0]:6.0f}/s, crowded {crowded[-1][0]:6.0f}/s ({sessions} more descriptors, {crowd.again} came again, "
                  f"{crowd.turned} turned away), PSS {series[-1]:.1f} MiB", flush=True)
            settled(server, base + 20)
        loss = 1 - statistics.median(b[0] / a[0] for a, b in zip(plain, crowded))
        rates, costs = ([statistics.median(run[at] for run in runs) for runs in (plain, crowded)] for at in (0, 1))
        print(f"honest mail: {rates[0]:.0f}/s and {costs[0]:.2f} ms CPU each alone, {rates[1]:.0f}/s and {costs[1]:.2f} ms beside {options.idle} idle and "
              f"{options.slow} slow clients: {loss:+.1%} lost (median of {options.rounds} interleaved pairs)")
        print(f"memory with the crowd: {series[0]:.1f} MiB in the first round, {series[-1]:.1f} in the last; most ever resident {server.peak():.1f} MiB")
        taken, put_off = large(server, options.large) if options.large else (0, 0)
        after = settled(server, base + 20)
        print(f"{options.large} messages of 30 MB at once: {taken} taken, {put_off} put off (452); most ever resident {server.peak():.1f} MiB")
        print(f"descriptors: {base} before the crowd, {after} after it; warnings in the log: {server.log.read_text().count('WARN')}")
        peak = server.peak()
        server.process.terminate()
        server.process.wait()
        sink.stop()
    return int(loss >= LIMIT_LOSS or peak >= LIMIT_MIB)


sys.exit(main())
