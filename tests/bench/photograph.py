#!/usr/bin/env python3
"""What a photograph costs: a JPEG of 10 MB with and without private metadata beside a PDF of the same size, in milliseconds of processor time and in memory.

    cargo build --release && python3 tests/bench/photograph.py [--megabytes 10] [--messages 10] [--before BINARY]

Each message is sent alone; the best of all counts, for nothing makes one cheaper than it is. Needs Debian's postfix for smtp-source and smtp-sink.
Everything stays on loopback and in a temporary folder.
"""

import argparse
import base64
import os
import pathlib
import random
import re
import struct
import tempfile

from load import BUYER, SELLER, cpu, send
from servers import BINARY, Allegromail

os.environ["PATH"] += ":/usr/sbin"


def segment(marker, content):
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def photograph(octets, private):
    """A JPEG as cameras write it: a header, tables, and one scan of what no compression makes smaller."""
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x20\0\0\0\x1a\0\0\0\0\0\0\0" + b"Camera SN777 48.1N 11.5E        " + bytes(20_000)
    metadata = segment(0xE1, exif) + segment(0xED, b"Photoshop 3.0\0" + bytes(8_000)) if private else b""
    frame = segment(0xC0, b"\x08\x10\x00\x10\x00\x01\x01\x11\x00")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + random.Random(1).randbytes(octets).replace(b"\xff", b"\xfe")
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0") + metadata + frame + scan + b"\xff\xd9"


def letter(kind, name, octets):
    code = base64.encodebytes(octets).decode()
    return (f"From: Jan <{BUYER}>\nTo: <{SELLER}>\nSubject: Zdjecie\nDate: Mon, 23 Nov 2026 10:00:00 +0100\nMessage-ID: <1@poczta.example>\n"
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: text/plain\n\nDzien dobry.\n--a\n"
            f"Content-Type: {kind}\nContent-Disposition: attachment; filename={name}\nContent-Transfer-Encoding: base64\n\n{code}\n--a--\n")


def peak(server):
    """The most resident memory so far, in MiB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--megabytes", type=int, default=10)
    arguments.add_argument("--messages", type=int, default=10)
    arguments.add_argument("--before", type=pathlib.Path, metavar="BINARY", help="another build beside this one")
    asked = arguments.parse_args()
    size = asked.megabytes * 1_000_000
    letters = {
        "PDF": letter("application/pdf", "a.pdf", b"%PDF-1.4\n" + photograph(size, False) + b"\n%%EOF\n"),
        "JPEG, clean": letter("image/jpeg", "a.jpg", photograph(size, False)),
        "JPEG, with metadata": letter("image/jpeg", "a.jpg", photograph(size, True)),
    }
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    print(f"{model}, {os.cpu_count()} processors; {asked.megabytes} MB, the best of {asked.messages}")
    for binary in filter(None, (asked.before, BINARY)):
        for name, text in letters.items():
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "message"
                file.write_text(text)
                server = Allegromail(pathlib.Path(folder) / "server", accounts=10, binary=binary)
                idle, best = peak(server), float("inf")
                for _ in range(asked.messages):
                    used, before = cpu(server.pids()), server.sink.count
                    send(server.port, file, 1, 1)
                    server.sink.wait(before + 1)
                    best = min(best, (cpu(server.pids()) - used) * 1000)
                print(f"{binary.name}: {name}: {best:.0f} ms, memory {idle:.0f} -> {peak(server):.0f} MiB", flush=True)
                server.stop()


if __name__ == "__main__":
    main()
