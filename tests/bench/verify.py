#!/usr/bin/env python3
"""Questions of carriers a second: GET one by one, GET sent ahead, POST of a hundred; orders, closed ones and unknown ones.

    cargo build --release && python3 tests/bench/verify.py              # about a minute
    python3 tests/bench/verify.py --seconds 2 --accounts 1000

Client and server share the machine: CPU is the server's own, for each address that was asked for. Nothing but Python is wanted.
"""

import argparse
import json
import os
import pathlib
import random
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from load import cpu, free_port, memory, wait_for

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ALLEGROMAIL", ROOT / "target" / "release" / "allegromail"))

# How answers end: one by its marketplace, a hundred by their list.
ONE, ALL = (b'null}', b'-pl"}'), (b"]}",)


class Server:
    """With an order for every second account; each third of them is closed. Nothing has a budget."""

    def __init__(self, folder, accounts):
        self.port = free_port()
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        self.config = folder / "allegromail.toml"
        self.config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{free_port()}"]\n'
            '[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n[allowlist]\npath = "couriers.txt"\n'
            f'[secrets]\nkey_file = "secret.key"\n[verify]\nlisten = "127.0.0.1:{self.port}"\nunknown_per_token = "off"\n')
        with open(folder / "data.ndjson", "w") as data:
            for n in range(accounts):
                address = f"u{n}@other.example"
                data.write(json.dumps({"type": "participant", "id": f"{n:010x}", "login": "x", "marketplace": "allegro-pl",
                                       "language": "pl", "primary": address, "addresses": [address]}) + "\n")
            for n in range(0, accounts - 1, 2):
                data.write(json.dumps({"type": "transaction", "id": f"t{n}", "buyer": f"{n:010x}", "seller": f"{n + 1:010x}",
                                       "status": "closed" if n % 3 == 0 else "open"}) + "\n")
        self.command("import", str(folder / "data.ndjson"))
        self.token = self.command("tokens", "create", "@inpost.pl").strip()
        with open(folder / "log", "ab") as log:
            self.process = subprocess.Popen([BINARY, "serve", "--config", self.config], stdout=log, stderr=log)
        wait_for(self.port)

    def command(self, *words):
        done = subprocess.run([BINARY, *words, "--config", self.config], capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"{words[0]} failed: {done.stderr}")
        return done.stdout

    def stop(self):
        self.process.terminate()
        self.process.wait()


def addresses(kind, accounts, count):
    order = lambda n: f"{n:010x}+t{n}@allegromail.pl"
    unknown = lambda n: f"{n:010x}+no{random.getrandbits(40):x}@allegromail.pl"
    some = [random.randrange(0, accounts - 1) & ~1 for _ in range(count)]
    return [unknown(n) if kind == "unknown" or (kind == "half unknown" and at % 2) else order(n) for at, n in enumerate(some)]


def single(token, asked):
    head = f" HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    return [(f"GET /v1/verify?address={address.replace('+', '%2B')}{head}").encode() for address in asked]


def batch(token, asked):
    for at in range(0, len(asked), 100):
        body = json.dumps({"addresses": asked[at:at + 100]})
        yield (f"POST /v1/verify HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
               f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


def run(server, requests, marks, ahead, connections, seconds):
    """Sends requests on all connections, `ahead` at once on each; an answer ends with one of `marks`. Requests a second, the waits for their answers,
    and CPU of each."""
    known, waits, done, at = selectors.DefaultSelector(), [], 0, 0

    def send(stream, state):
        nonlocal at
        state.update(left=ahead, since=time.perf_counter(), tail=b"")
        stream.sendall(b"".join(requests[(at + n) % len(requests)] for n in range(ahead)))
        at += ahead

    for _ in range(connections):
        stream = socket.create_connection(("127.0.0.1", server.port))
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {}
        known.register(stream, selectors.EVENT_READ, state)
        send(stream, state)
    begun, before = time.perf_counter(), cpu([server.process.pid])
    while time.perf_counter() - begun < seconds:
        for key, _ in known.select(timeout=1):
            stream, state = key.fileobj, key.data
            octets = stream.recv(1 << 18)
            if not octets or b"HTTP/1.1 4" in octets or b"HTTP/1.1 5" in octets:
                sys.exit(f"no answer: {octets[:300]!r}")
            text = state["tail"] + octets
            ends = sum(text.count(end) for end in marks)
            state["tail"] = text[1 - len(marks[0]):]
            state["left"] -= ends
            if state["left"] <= 0:
                waits.append(time.perf_counter() - state["since"])
                done += ahead
                send(stream, state)
    took, spent = time.perf_counter() - begun, cpu([server.process.pid]) - before
    for key in list(known.get_map().values()):
        key.fileobj.close()
    return done / took, waits, spent / max(done, 1)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=5)
    arguments.add_argument("--accounts", type=int, default=100_000)
    arguments.add_argument("--connections", type=int, default=16)
    options = arguments.parse_args()
    if not BINARY.exists():
        sys.exit(f"{BINARY} is missing: cargo build --release")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = Server(pathlib.Path(folder), options.accounts)
        print(f"{options.accounts} accounts, {options.connections} connections, {os.cpu_count()} cores shared with the client", flush=True)
        for kind in ("order", "unknown", "half unknown"):
            asked = addresses(kind, options.accounts, 50_000)
            for what, requests, marks, ahead, each in (("GET, one by one", single(server.token, asked), ONE, 1, 1),
                                                ("GET, 32 sent ahead", single(server.token, asked), ONE, 32, 1),
                                                ("POST of 100", list(batch(server.token, asked)), ALL, 1, 100)):
                rate, waits, spent = run(server, requests, marks, ahead, options.connections, options.seconds)
                waits.sort()
                p99 = waits[int(len(waits) * 0.99)] * 1_000 if waits else 0
                print(f"{kind:<14} {what:<20} {rate * each:>9,.0f} addresses a second, {spent / each * 1e6:6.1f} us CPU each, "
                      f"wait {statistics.median(waits) * 1_000:.1f} ms, p99 {p99:.1f} ms", flush=True)
        print(f"{memory([server.process.pid]):.0f} MiB")
        server.stop()


if __name__ == "__main__":
    main()
