#!/usr/bin/env python3
"""Whether time tells a writer where the address behind a mask is: he floods an account of his own at one provider and writes to two buyers, one of
them there and one elsewhere.

    cargo build --release && python3 tests/bench/flood.py [--messages 100] [--flooders 8]

Two providers, each of them an smtp-sink (Debian's postfix) of its own; messages of 1 MB; the seconds from the end of data to 250, in turn to one and
the other. Prints both distributions and the p of Mann and Whitney's U test. Exits 1 if p is below 0.01.
"""

import argparse
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading

from copies import Session, body
from load import Sink, free_port, wait_for
from servers import BINARY

SELLER = "biuro@rowery.example"
# Who, his address, and the order.
ACCOUNTS = (("flooded0", "own@flooded.example", "own1"), ("buyer001", "jan@flooded.example", "there1"), ("buyer002", "ola@other.example", "other1"))


def serve(folder, sinks):
    """A relay with a route to each provider; its process and port."""
    port, config = free_port(), folder / "allegromail.toml"
    (folder / "couriers.txt").write_text("@inpost.pl\n")
    key = folder / "secret.key"
    key.write_bytes(os.urandom(32))
    key.chmod(0o600)
    routes = (f'[[delivery.route]]\ndomain = "{domain}"\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n' for domain, sink in sinks.items())
    config.write_text(
        f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{port}"]\n'
        '[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n[allowlist]\npath = "couriers.txt"\n'
        '[auth]\nregistered = "off"\ncourier = "off"\n[limits]\nrefusals_per_client = "off"\nmessages_per_sender = "off"\n'
        f'messages_per_transaction = "off"\n[secrets]\nkey_file = "secret.key"\n{"".join(routes)}')
    record = '{{"type":"participant","id":"{0}","login":"{0}","marketplace":"allegro-pl","language":"pl","primary":"{1}","addresses":["{1}"]}}\n'
    lines = record.format("k2m9x0r7t3", SELLER)
    for account, address, order in ACCOUNTS:
        lines += record.format(account, address) + f'{{"type":"transaction","id":"{order}","buyer":"{account}","seller":"k2m9x0r7t3"}}\n'
    (folder / "data.ndjson").write_text(lines)
    subprocess.run([BINARY, "import", "--config", config, folder / "data.ndjson"], check=True, capture_output=True)
    log = open(folder / "log", "wb")
    process = subprocess.Popen([BINARY, "serve", "--config", config], stdout=log, stderr=log, env=dict(os.environ, RUST_LOG="warn"))
    wait_for(port)
    return process, port


def mann_whitney(one, other):
    """The two-sided p, by the normal approximation with ties."""
    ranked = sorted([(wait, 0) for wait in one] + [(wait, 1) for wait in other])
    ranks, ties, at = 0.0, 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        ranks += sum(1 for _, of in ranked[at:end] if of == 0) * (at + end + 1) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m = len(one), len(other)
    variance = n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1)))
    z = (ranks - n * (n + 1) / 2 - n * m / 2) / math.sqrt(variance)
    return math.erfc(abs(z) / math.sqrt(2))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--messages", type=int, default=100)
    arguments.add_argument("--flooders", type=int, default=8)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="flood-") as folder:
        sinks = {"flooded.example": Sink(), "other.example": Sink()}
        process, port = serve(pathlib.Path(folder), sinks)
        going, text = threading.Event(), body(SELLER, 1_000_000)
        going.set()

        def flood():
            while going.is_set():
                session = Session(port)
                session.send(SELLER, ["flooded0+own1@allegromail.pl"], text)
                session.stream.close()

        flooders = [threading.Thread(target=flood, daemon=True) for _ in range(options.flooders)]
        for flooder in flooders:
            flooder.start()
        masks, waits, refused = ("buyer001+there1@allegromail.pl", "buyer002+other1@allegromail.pl"), ([], []), 0
        for _ in range(options.messages):
            # One after the other, either first: the load changes while they are sent.
            for which in random.sample((0, 1), 2):
                session = Session(port)
                reply, _, seconds = session.send(SELLER, [masks[which]], text)
                session.stream.close()
                refused += not reply.startswith("250")
                waits[which].append(seconds * 1000)
        going.clear()
        for flooder in flooders:
            flooder.join()
        process.terminate()
        process.wait()
        for sink in sinks.values():
            sink.stop()
    for name, times in zip(("at the flooded provider", "elsewhere"), waits):
        quarters = statistics.quantiles(times, n=20)
        print(f"{name:24} {len(times)} messages, ms to 250: p5 {quarters[0]:.0f}, p25 {quarters[4]:.0f}, p50 {quarters[9]:.0f}, p75 {quarters[14]:.0f}, p95 {quarters[18]:.0f}")
    p = mann_whitney(*waits)
    print(f"Mann-Whitney U: p = {p:.3f}; {refused} not taken")
    return int(p < 0.01)


sys.exit(main())
