#!/usr/bin/env python3
"""Postfix and allegromail relay the same messages, one run of each in turn: rates, ratios, latency, CPU and memory.

    cargo build --release && python3 tests/bench/relay.py              # the lines that README shows: a few minutes
    python3 tests/bench/relay.py --list                                # all lines; --all runs them: an hour
    python3 tests/bench/relay.py --only 10k-20 --pairs 7               # one line
    python3 tests/bench/relay.py --only 10k-20 --pairs 15 --before OLD # two builds, in place of Postfix and one

Needs Debian's postfix (for the server, smtp-source and smtp-sink), openssl, opendkim for the lines that name it, and root, as Postfix does.
Everything stays on loopback and in a temporary folder. Both sync before they acknowledge. Postfix rewrites 100,000 masked addresses from hash
maps; allegromail looks its accounts up, masks the text and searches the result for leaks. The time counts until the sink has everything.

A line is SIZE-SESSIONS[-html][-reuse][-light|-signed|-opendkim|-verified]. html: a newsletter in HTML, else plain text. reuse: many messages a
session, else one. light: the sink is one that looks
for the end of a message only; smtp-sink looks at each octet, and is what limits a fast server at 1 MB. signed: allegromail signs with RSA-2048
and Ed25519, Postfix stays plain. opendkim: the same beside Postfix with OpenDKIM (RSA-2048 only). verified: allegromail signs, and
proves every sender by SPF and by a DKIM signature over the whole message; Postfix stays plain.
"""

import argparse
import os
import pathlib
import statistics
import sys
import tempfile

from load import LightSink, Sink, measure
from sender import KEY, SENDER, dns, make_key, message, newsletter, signed
from servers import BINARY, Allegromail, Postfix, PostfixWithOpenDkim

os.environ["PATH"] += ":/usr/sbin"
SIZES = {"2k": 2_048, "10k": 10_240, "100k": 102_400, "1m": 1_048_576}
# Messages of one round: enough for two seconds or so.
ROUND = {"2k": 4_000, "10k": 4_000, "100k": 2_000, "1m": 500}
SESSIONS = (1, 20, 100)
MODES = ("", "light", "signed", "opendkim", "verified")
# Long messages last: the allocator keeps much of what they took.
DEFAULT = ("10k-20", "10k-20-reuse", "10k-1-reuse", "10k-100", "2k-20", "100k-20", "100k-20-html", "1m-20", "1m-20-light", "10k-20-signed", "10k-20-opendkim",
           "10k-20-verified")


def lines():
    for mode in MODES:
        for size in SIZES:
            for sessions in SESSIONS:
                for html in ("", "html"):
                    for reuse in ("", "reuse"):
                        yield "-".join(filter(None, (size, str(sessions), html, reuse, mode)))


def parse(name):
    size, sessions, *words = name.split("-")
    mode = next((word for word in words if word in MODES), "")
    return size, int(sessions), "html" in words, "reuse" in words, mode


class Stage:
    """Servers, started once for all lines of a mode."""

    def __init__(self, folder, mode, before=None, rules=True):
        self.dns, self.file, self.key = None, folder / "message", folder / "provider.pem"
        if mode == "verified":
            make_key(self.key)
            self.dns = dns(self.key)
        if before:
            shared = {"sign": mode not in ("", "light"), "dns": self.dns, "sink": LightSink if mode == "light" else Sink}
            self.servers = [Allegromail(folder / "before", binary=before, rules=rules, **shared), Allegromail(folder / "after", **shared)]
            self.servers[0].name, self.servers[1].name = "before", "after"
            return
        other = PostfixWithOpenDkim if mode == "opendkim" else Postfix
        if mode == "light":
            self.servers = [Postfix(folder / "postfix", sink=LightSink), Allegromail(folder / "allegromail", sink=LightSink)]
            return
        self.servers = [other(folder / "postfix"), Allegromail(folder / "allegromail", sign=bool(mode), dns=self.dns)]

    def run(self, name, pairs):
        size, sessions, html, reuse, mode = parse(name)
        text = (newsletter if html else message)(SIZES[size])
        self.file.write_text(signed(text, self.key) if mode == "verified" else text)
        count = ROUND[size] // (4 if sessions == 1 else 1)
        rounds = []
        # The first round warms up.
        for number in range(pairs + 1):
            pair = [measure(server, self.file, count if number else count // 4, sessions, reuse) for server in self.servers]
            rounds += [pair] if number else []
        print(f"\n{name}: {len(rounds)} pairs of {count} messages", flush=True)
        print("                       messages/s    CPU ms   PSS MiB    p50 ms    p99 ms    busy %")
        for at, server in enumerate(self.servers):
            value = {key: statistics.median(pair[at][key] for pair in rounds) for key in rounds[0][at]}
            print(f"{server.name:<22} {value['rate']:10.0f} {value['cpu']:9.2f} {value['memory']:9.1f} {value['p50']:9.1f} {value['p99']:9.1f} {value['busy']:9.0f}")
        ratios = [pair[1]["rate"] / pair[0]["rate"] for pair in rounds]
        costs = [pair[1]["cpu"] / pair[0]["cpu"] for pair in rounds]
        print(f"{'ratio':<22} {statistics.median(ratios):10.2f}   from {min(ratios):.2f} to {max(ratios):.2f}; of CPU {statistics.median(costs):.2f}", flush=True)
        if self.dns and not {SENDER, KEY} <= self.dns.asked:
            sys.exit(f"only {self.dns.asked} were asked of the DNS: not everything was verified")

    def stop(self):
        for server in self.servers:
            server.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--all", action="store_true", help="every line")
    arguments.add_argument("--only", action="append", metavar="LINE", help="this line; may be repeated")
    arguments.add_argument("--pairs", type=int, default=5, help="interleaved pairs of a line, after one that warms up (5)")
    arguments.add_argument("--before", type=pathlib.Path, metavar="BINARY", help="another build of allegromail, which takes the place of Postfix")
    arguments.add_argument("--without-rules", action="store_true", help="this build beside itself without rules on contents, in place of Postfix")
    arguments.add_argument("--list", action="store_true", help="print the names of all lines")
    options = arguments.parse_args()
    known = list(lines())
    if options.list:
        print("\n".join(known))
        return
    chosen = options.only or (known if options.all else DEFAULT)
    for name in chosen:
        if name not in known:
            sys.exit(f"no line {name}; --list prints their names")
    if not BINARY.exists():
        sys.exit(f"{BINARY} is missing: cargo build --release")
    if options.without_rules:
        options.before = options.before or BINARY
    if os.geteuid() and not options.before:
        sys.exit("Postfix wants root")
    for mode in MODES:
        of_mode = [name for name in chosen if parse(name)[-1] == mode]
        if not of_mode:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            folder = pathlib.Path(folder)
            folder.chmod(0o755)
            stage = Stage(folder, mode, options.before, not options.without_rules)
            try:
                for name in of_mode:
                    stage.run(name, options.pairs)
            finally:
                stage.stop()


if __name__ == "__main__":
    main()
