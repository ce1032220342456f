#!/usr/bin/env python3
"""Postfix and allegromail relay the same messages, one run of each in turn: rates, ratios, latency, CPU and memory.

    cargo build --release && python3 tests/bench/relay.py              # the lines that README shows: a few minutes
    python3 tests/bench/relay.py --list                                # all lines; --all runs them: an hour
    python3 tests/bench/relay.py --only 10k-20 --rounds 20             # one line
    python3 tests/bench/relay.py --only 10k-20 --rounds 15 --before OLD # two builds, in place of Postfix and one
    python3 tests/bench/relay.py --only 10k-20 --before OLD --control  # and OLD once more, which shows what chance does

Needs Debian's postfix (for the server, smtp-source and smtp-sink), openssl, opendkim for the lines that name it, and root, as Postfix does.
Everything stays on loopback and in a temporary folder. Both sync before they acknowledge. Postfix rewrites 100,000 masked addresses from hash
maps; allegromail looks its accounts up, masks the text and searches the result for leaks. The time counts until the sink has everything.
Above the figures stands what the machine is and what its parts cost; beside each line what the generator and the sink reach without any server (of
a machine with few cores they take as much as the relay does), what of the CPU is the system's, and how much of the machine its host took away.

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

import machine
from load import LightSink, Sink, measure
from sender import KEY, SENDER, dns, make_key, message, newsletter, signed
from servers import BINARY, Allegromail, Nothing, Postfix, PostfixWithOpenDkim

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

    def __init__(self, folder, mode, before=None, rules=True, control=False, center=False):
        self.nothing = Nothing(LightSink if mode == "light" else Sink)
        self.dns, self.file, self.key = None, folder / "message", folder / "provider.pem"
        if mode == "verified":
            make_key(self.key)
            self.dns = dns(self.key)
        if before:
            shared = {"sign": mode not in ("", "light"), "dns": self.dns, "sink": LightSink if mode == "light" else Sink}
            self.servers = [Allegromail(folder / "before", binary=before, rules=rules, **shared), Allegromail(folder / "after", center=center, **shared)]
            self.servers[0].name, self.servers[1].name = "before", "after"
            if control:
                self.servers.append(Allegromail(folder / "control", binary=before, rules=rules, **shared))
                self.servers[2].name = "before, again"
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
        rounds, ceiling = [], []
        # The first round warms up. The order turns, so that nobody always comes first.
        for number in range(pairs + 1):
            turn = number % len(self.servers)
            order = self.servers[turn:] + self.servers[:turn]
            results = {server.name: measure(server, self.file, count if number else count // 4, sessions, reuse) for server in order}
            if number:
                rounds.append([results[server.name] for server in self.servers])
                ceiling.append(measure(self.nothing, self.file, count, sessions, reuse))
        self.show(name, count, rounds, ceiling)
        if self.dns and not {SENDER, KEY} <= self.dns.asked:
            sys.exit(f"only {self.dns.asked} were asked of the DNS: not everything was verified")

    def show(self, name, count, rounds, ceiling):
        median = statistics.median
        reached = median(found["rate"] for found in ceiling)
        generator = median(found["generator"] for found in ceiling)
        print(f"\n{name}: {len(rounds)} rounds of {count} messages; without a server {reached:.0f} messages/s, CPU of the generator {generator:.2f} ms")
        print("                       messages/s  of that  CPU ms   system  PSS MiB   p50 ms   p99 ms   busy %  stolen %")
        for at, server in enumerate(self.servers):
            value = {key: median(found[at][key] for found in rounds) for key in rounds[0][at]}
            print(f"{server.name:<22} {value['rate']:10.0f} {value['rate'] / reached:8.0%} {value['cpu']:7.3f} {value['system']:8.3f} {value['memory']:8.1f} "
                  f"{value['p50']:8.1f} {value['p99']:8.1f} {value['busy']:8.0f} {value['stolen']:9.1f}")
        for at, server in enumerate(self.servers[1:], 1):
            ratios = [found[at]["rate"] / found[0]["rate"] for found in rounds]
            costs = [found[at]["cpu"] / found[0]["cpu"] for found in rounds]
            print(f"{server.name} / {self.servers[0].name}: rate {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), "
                  f"CPU {median(costs):.3f} ({min(costs):.2f} to {max(costs):.2f}), 1 / CPU {1 / median(costs):.1f}", flush=True)

    def stop(self):
        for server in [*self.servers, self.nothing]:
            server.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--all", action="store_true", help="every line")
    arguments.add_argument("--only", action="append", metavar="LINE", help="this line; may be repeated")
    arguments.add_argument("--rounds", "--pairs", type=int, default=10, help="rounds of a line, each server once in each, after one that warms up (10)")
    arguments.add_argument("--before", type=pathlib.Path, metavar="BINARY", help="another build of allegromail, which takes the place of Postfix")
    arguments.add_argument("--without-rules", action="store_true", help="this build beside itself without rules on contents, in place of Postfix")
    arguments.add_argument("--center", action="store_true", help="this build beside itself with the Message Center, in place of Postfix")
    arguments.add_argument("--control", action="store_true", help="with --before: that build twice, which shows what chance does")
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
    if options.without_rules or options.center:
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
            print(machine.describe(folder), flush=True)
            stage = Stage(folder, mode, options.before, not options.without_rules, options.control, options.center)
            try:
                for name in of_mode:
                    stage.run(name, options.rounds)
            finally:
                stage.stop()


if __name__ == "__main__":
    main()
