#!/usr/bin/env python3
"""What one unproven message can cost: each limit and all pairs of limits at once, signed by a domain that is nobody's here; and how long a new
session waits for its banner beside eight clients that send the costliest of them.

    cargo build --release && python3 tests/bench/effort.py [--rounds 5] [--mib 1] [--seconds 10]

Prints CPU milliseconds of the relay for each message, beside what it may cost: 50 ms and 3 ms for each MiB. Exits 1 if one costs more, or if a banner
takes 200 ms. Needs openssl; everything stays on loopback.
"""

import argparse
import base64
import hashlib
import itertools
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

import load
from load import SELLER, free_port, wait_for
from sender import Dns, make_key
from servers import BINARY, RECORD

DOMAIN, SELECTOR = "stranger.example", "k"
BASE, EACH_MIB, BANNER = 50, 3, 200
# What stands in a header section together, at most.
SECTION = 250_000


def fold(words, between, room):
    """As many words as fit, on folded lines."""
    line, lines, size = "", [], 0
    for word in words:
        if size + len(line) + len(word) > room:
            break
        if len(line) + len(word) > 900:
            lines.append(line)
            size += len(line) + 3
            line = ""
        line += word + between
    return "\r\n ".join(lines + [line]).rstrip().rstrip(between)


def bare(room):
    return "To: " + fold(itertools.chain([SELLER], (f"{n:x}@a.pl" for n in itertools.count())), ",", room) + "\r\n"


def many(text, room, most=900):
    return text * min(most, room // len(text))


# Each: what it puts into the header section, given so many octets, and whether it changes body or envelope.
LIMITS = {
    "recipients": lambda room: "",
    "addresses": bare,
    "signatures": lambda room: "",
    "parts": lambda room: "",
    "fields": lambda room: many("Received: x\r\n", room, 40) + many("X-Field: y\r\n", room, 850),
    "tokens": lambda room: "Subject: " + fold(itertools.repeat("=?u?Q?a=?="), " ", room) + "\r\n",
    "references": lambda room: "References: " + fold((f"<{n:x}@a.pl>" for n in itertools.count()), " ", room) + "\r\n",
    "parameters": lambda room: "Content-Type: text/plain; " + fold((f"{n:x}=b" for n in itertools.count()), ";", room) + "\r\n",
    "links": lambda room: "",
    "hyphens": lambda room: "",
    "blanks": lambda room: "",
}


def ed25519(path, octets, folder):
    (folder / "digest").write_bytes(octets)
    return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path, "-in", folder / "digest"], check=True, capture_output=True).stdout


def body_of(limits, octets):
    parts = "--b\r\nContent-Type: text/plain; name=a\r\n\r\nx\r\n" * 900 if "parts" in limits else ""
    return parts + filler(limits, octets)


def filler(limits, octets):
    line = "Dzien dobry, czy ten rower jest jeszcze dostepny?\r\n"
    if "hyphens" in limits:
        line = "--c\r\n"
    elif "blanks" in limits:
        line = "a  \t b  \t \r\n"
    elif "links" in limits:
        line = "http://a.pl/?u=b%40c.pl&v=aHR0cDovL2EucGw=\r\n"
    return line * (octets // len(line))


def squeeze(line):
    return re.sub(r"[ \t]+", " ", line)


def relaxed_body(body):
    return "".join(squeeze(line).rstrip(" ") + "\r\n" for line in body.removesuffix("\r\n").split("\r\n"))


def message(limits, octets, key, folder):
    """A message with all of these limits reached, its signature good and its mask in a signed To."""
    multipart = "parts" in limits or "hyphens" in limits
    lists = [name for name in limits if LIMITS[name](100)]
    room = (SECTION - 8 * 1_000) // max(1, len(lists))
    head = f"From: x@{DOMAIN}\r\n"
    if "addresses" not in limits:
        head += f"To: {SELLER}\r\n"
    for name in lists:
        head += LIMITS[name](room)
    if multipart and "parameters" not in limits:
        head += "Content-Type: multipart/mixed; boundary=b\r\n"
    body = body_of(limits, octets)
    digest = base64.b64encode(hashlib.sha256(relaxed_body(body).encode()).digest()).decode()
    value = f" v=1; a=ed25519-sha256; c=relaxed/relaxed; d={DOMAIN}; s={SELECTOR}; h=From:To; bh={digest}; b="
    to = head[head.index("To:"):]
    end = next(at for at in range(len(to)) if to.startswith("\r\n", at) and to[at + 2:at + 3] not in (" ", "\t"))
    to = squeeze(to[3:end].replace("\r\n", "")).strip()
    signed = f"from:x@{DOMAIN}\r\nto:{to}\r\ndkim-signature:{value.strip()}"
    signature = base64.b64encode(ed25519(key, hashlib.sha256(signed.encode()).digest(), folder)).decode()
    fields = f"DKIM-Signature:{value}{signature}\r\n" * (8 if "signatures" in limits else 1)
    return (fields + head + "\r\n" + body).encode()


class Server:
    def __init__(self, folder, dns):
        self.port, self.config = free_port(), folder / "allegromail.toml"
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        self.config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{self.port}"]\n'
            '[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n[allowlist]\npath = "couriers.txt"\n'
            '[limits]\nrefusals_per_client = "off"\n'
            f'[secrets]\nkey_file = "secret.key"\n[dns]\nservers = ["{dns.address}"]\n')
        masks = "".join(RECORD.format(f"{n:010x}", f"u{n}@other.example", f"u{n}@other.example") for n in range(100))
        (folder / "data.ndjson").write_text(masks + RECORD.format("k2m9x0r7t3", "biuro@rowery.example", "biuro@rowery.example"))
        subprocess.run([BINARY, "import", "--config", self.config, folder / "data.ndjson"], check=True, capture_output=True)
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen([BINARY, "serve", "--config", self.config], stdout=log, stderr=log, env=dict(os.environ, RUST_LOG="error"))
        wait_for(self.port)

    def cpu(self):
        return load.cpu([self.process.pid])


def send(port, text, recipients):
    """Sends one message; the reply to its end of data."""
    with socket.create_connection(("127.0.0.1", port), timeout=600) as stream:
        file = stream.makefile("rwb")

        def hear():
            while (line := file.readline())[3:4] == b"-":
                pass
            return line.decode().strip()

        def say(line):
            file.write(line.encode() + b"\r\n")
            file.flush()
            return hear()

        hear()
        say("EHLO client.example")
        say(f"MAIL FROM:<x@{DOMAIN}>")
        for recipient in recipients:
            say(f"RCPT TO:<{recipient}>")
        say("DATA")
        file.write(text.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        file.flush()
        return hear()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=float, default=1)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    failed, costs, made = False, {}, {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        key = folder / "ed25519.pem"
        make_key(key, "ED25519")
        public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout[-32:]
        dns = Dns({f"{SELECTOR}._domainkey.{DOMAIN}": f"v=DKIM1; k=ed25519; p={base64.b64encode(public).decode()}"})
        server = Server(folder, dns)
        try:
            masks = [f"{n:010x}@allegromail.pl" for n in range(99)]
            for limits in itertools.combinations_with_replacement(LIMITS, 2):
                limits = tuple(dict.fromkeys(limits))
                text = message(limits, int(options.mib * 2**20), key, folder)
                recipients = [SELLER] + (masks if "recipients" in limits else [])
                reply = send(server.port, text, recipients)
                before = server.cpu()
                for _ in range(options.rounds):
                    send(server.port, text, recipients)
                cost = (server.cpu() - before) * 1_000 / options.rounds
                allowed = BASE + EACH_MIB * len(text) / 2**20
                costs[limits], made[limits] = cost, (text, recipients)
                failed |= cost > allowed
                print(f"{' + '.join(limits):28} {len(text) / 2**20:6.2f} MiB {cost:8.1f} ms of {allowed:5.1f}  {reply[:9]} {reply[reply.rfind('['):].split(';')[0]}]")
            worst = max(costs, key=costs.get)
            waits, stop = [], threading.Event()

            def attack():
                while not stop.is_set():
                    send(server.port, *made[worst])

            attackers = [threading.Thread(target=attack, daemon=True) for _ in range(8)]
            for thread in attackers:
                thread.start()
            until = time.monotonic() + options.seconds
            while time.monotonic() < until:
                begun = time.monotonic()
                with socket.create_connection(("127.0.0.1", server.port), timeout=60) as stream:
                    stream.recv(100)
                waits.append((time.monotonic() - begun) * 1_000)
                time.sleep(0.05)
            stop.set()
            print(f"\nbeside eight clients that send {' + '.join(worst)}: banner after {statistics.median(waits):.1f} ms, at most {max(waits):.1f} ms, of {len(waits)}")
            failed |= max(waits) >= BANNER
        finally:
            server.process.kill()
    sys.exit(failed)


if __name__ == "__main__":
    main()
