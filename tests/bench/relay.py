#!/usr/bin/env python3
"""Postfix and allegromail relay the same messages, one run of each in turn: rates, ratios, latency, CPU and memory.

    cargo build --release && python3 tests/bench/relay.py [--rounds 5] [--size 10240] [--sessions 20] [--messages 3000] [--reuse] [--sign]

Needs Debian's postfix (for the server, smtp-source and smtp-sink) and root, as Postfix does. Everything stays on loopback and in a temporary
folder. Both sync before they acknowledge. Postfix rewrites 100,000 masked addresses from hash maps; allegromail looks its accounts up, masks
the text and searches the result for leaks. The source's time counts until the sink has everything.
"""

import argparse
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / "target" / "release" / "allegromail"
TICKS = os.sysconf("SC_CLK_TCK")
BUYER, SELLER = "jan@poczta.example", "k2m9x0r7t3+cub31c122@allegromail.pl"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nothing listens on {port}")


class Sink:
    """smtp-sink, which counts what it takes."""

    def __init__(self):
        self.port, self.count = free_port(), 0
        command = ["smtp-sink", "-u", "root", "-c", f"127.0.0.1:{self.port}", "1000"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        threading.Thread(target=self.read, daemon=True).start()
        wait_for(self.port)

    def read(self):
        text = b""
        while piece := os.read(self.process.stdout.fileno(), 4096):
            text = (text + piece)[-64:]
            counts = re.findall(rb"(\d+)\s", text)
            if counts:
                self.count = int(counts[-1])


def tree(pid):
    """A process and all below it."""
    found, todo = [], [pid]
    while todo:
        pid = todo.pop()
        found.append(pid)
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                todo += map(int, pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split())
        except OSError:
            pass
    return found


def cpu(pids):
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            # Own time, and that of children that have ended.
            total += sum(map(int, fields[11:15]))
        except OSError:
            pass
    return total / TICKS


def memory(pids):
    """PSS in MiB."""
    total = 0
    for pid in pids:
        try:
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1])
        except OSError:
            pass
    return total / 1024


class Postfix:
    name = "postfix"

    def __init__(self, folder, sink, options):
        self.folder, self.port = folder, free_port()
        folder.chmod(0o755)
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix", "postfix")
        etc = folder / "etc"
        masks = [f"{n:010x}@allegromail.pl u{n}@rowery.example\n" for n in range(100_000)]
        (etc / "recipients").write_text("".join(masks) + f"{SELLER} biuro@rowery.example\n")
        (etc / "senders").write_text("".join(f"u{n}@poczta.example {n:010x}@allegromail.pl\n" for n in range(100_000))
                                     + f"{BUYER} 8awgqyk6a5@allegromail.pl\n")
        for name in ("recipients", "senders"):
            subprocess.run(["postmap", f"hash:{etc / name}"], check=True)
        (etc / "main.cf").write_text(
            f"compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n"
            "command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\n"
            "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.allegromail.example\nmydestination =\n"
            f"mynetworks = 127.0.0.0/8\nrelayhost = [127.0.0.1]:{sink.port}\nsmtp_dns_support_level = disabled\n"
            "alias_maps =\nalias_database =\nsmtpd_recipient_restrictions = permit_mynetworks, reject\n"
            f"virtual_alias_maps = hash:{etc}/recipients\nsender_canonical_maps = hash:{etc}/senders\n"
            f"maillog_file = {folder}/queue/postfix.log\nmaillog_file_prefixes = {folder}\n"
            "default_process_limit = 150\nsmtpd_client_connection_count_limit = 0\nsmtp_destination_concurrency_limit = 50\n"
            "default_destination_concurrency_limit = 50\ninitial_destination_concurrency = 20\nin_flow_delay = 0\n"
            "qmgr_message_active_limit = 50000\n")
        services = [("pickup", "unix", "n", "60", "1"), ("cleanup", "unix", "n", "-", "0"), ("qmgr", "unix", "n", "300", "1"),
                    ("rewrite", "unix", "-", "-", "-"), ("bounce", "unix", "-", "-", "0"), ("defer", "unix", "-", "-", "0"),
                    ("trace", "unix", "-", "-", "0"), ("verify", "unix", "-", "-", "1"), ("flush", "unix", "n", "1000?", "0"),
                    ("proxymap", "unix", "-", "-", "-"), ("smtp", "unix", "-", "-", "-"), ("error", "unix", "-", "-", "-"),
                    ("retry", "unix", "-", "-", "-"), ("showq", "unix", "n", "-", "-"), ("anvil", "unix", "-", "-", "1"),
                    ("scache", "unix", "-", "-", "1"), ("postlog", "unix-dgram", "n", "-", "1")]
        programs = {"rewrite": "trivial-rewrite", "defer": "bounce", "trace": "bounce", "retry": "error", "postlog": "postlogd"}
        lines = [f"127.0.0.1:{self.port} inet n - n - - smtpd\n"]
        lines += [f"{name} {kind} {private} - n {wake} {limit} {programs.get(name, name)}\n"
                  for name, kind, private, wake, limit in services]
        (etc / "master.cf").write_text("".join(lines))
        self.control("start")
        wait_for(self.port)

    def control(self, verb):
        subprocess.run(["postfix", "-c", self.folder / "etc", verb], check=True, capture_output=True)

    def pids(self):
        return tree(int((self.folder / "queue/pid/master.pid").read_text()))

    def stop(self):
        self.control("stop")


class Allegromail:
    name = "allegromail"

    def __init__(self, folder, sink, options):
        self.port = free_port()
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        dkim = ""
        if options.sign:
            for kind, arguments in (("rsa", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("ed25519", ["ED25519"])):
                path = folder / f"{kind}.pem"
                subprocess.run(["openssl", "genpkey", "-algorithm", *arguments, "-out", path], check=True, capture_output=True)
                path.chmod(0o600)
            dkim = 'dkim = { selector = "s1", rsa_key = "rsa.pem", ed25519_selector = "s2", ed25519_key = "ed25519.pem" }\n'
        self.config = folder / "allegromail.toml"
        self.config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{self.port}"]\n'
            f'[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n{dkim}[allowlist]\npath = "couriers.txt"\n'
            '[auth]\nregistered = "off"\ncourier = "off"\n[limits]\nrefusals_per_client = "off"\nmessages_per_sender = "off"\n'
            'messages_per_transaction = "off"\nconnections_per_client = 2000\nconnections = 4000\n'
            f'[secrets]\nkey_file = "secret.key"\n[[delivery.route]]\ndomain = "*"\nhost = "127.0.0.1"\nport = {sink.port}\ntls = "none"\n')
        record = '{{"type":"participant","id":"{}","login":"x","marketplace":"allegro-pl","language":"pl","primary":"{}","addresses":["{}"]}}\n'
        lines = [record.format(f"{n:010x}", f"u{n}@other.example", f"u{n}@other.example") for n in range(100_000)]
        lines += [record.format("8awgqyk6a5", BUYER, BUYER), record.format("k2m9x0r7t3", "biuro@rowery.example", "biuro@rowery.example"),
                  '{"type":"transaction","id":"cub31c122","buyer":"8awgqyk6a5","seller":"k2m9x0r7t3"}\n']
        (folder / "data.ndjson").write_text("".join(lines))
        subprocess.run([BINARY, "import", "--config", self.config, folder / "data.ndjson"], check=True, capture_output=True)
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen([BINARY, "serve", "--config", self.config], stdout=log, stderr=log)
        wait_for(self.port)

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def message(size):
    line = "Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc.\n"
    head = f"From: Jan <{BUYER}>\nTo: <{SELLER}>\nSubject: Pytanie\nDate: Mon, 23 Nov 2026 10:00:00 +0100\nMessage-ID: <1@poczta.example>\n\n"
    return head + line * max(1, (size - len(head)) // len(line))


class Latency(threading.Thread):
    """One slow client beside the load: the time from the end of data to 250."""

    def __init__(self, port, text):
        super().__init__(daemon=True)
        self.port, self.data, self.times, self.going = port, text.replace("\n", "\r\n").encode() + b".\r\n", [], True

    def run(self):
        with socket.create_connection(("127.0.0.1", self.port)) as stream:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            reader = stream.makefile("rb")

            def hear():
                while (line := reader.readline())[3:4] == b"-":
                    pass
                return line

            def say(line):
                stream.sendall(line)
                return hear()

            hear()
            say(b"EHLO client.example\r\n")
            while self.going:
                say(f"MAIL FROM:<{BUYER}>\r\n".encode())
                say(f"RCPT TO:<{SELLER}>\r\n".encode())
                say(b"DATA\r\n")
                start = time.perf_counter()
                if say(self.data)[:3] == b"250":
                    self.times.append(time.perf_counter() - start)
                time.sleep(0.005)


def run(server, sink, options, text):
    """One round: messages a second until the sink has all, CPU milliseconds a message, memory, p50 and p99 of the acknowledgement."""
    pids = server.pids()
    before, used, start = sink.count, cpu(pids), time.perf_counter()
    probe = Latency(server.port, text)
    probe.start()
    source = ["smtp-source", "-s", str(options.sessions), "-m", str(options.messages), "-f", BUYER, "-t", SELLER, "-F", options.file]
    source += ["-d"] if options.reuse else []
    subprocess.run([*source, f"127.0.0.1:{server.port}"], check=True)
    probe.going = False
    probe.join()
    want = before + options.messages + len(probe.times)
    peak = memory(server.pids())
    while sink.count < want:
        time.sleep(0.005)
        if time.perf_counter() - start > 300:
            sys.exit(f"{server.name}: {sink.count - before} of {want - before} arrived")
    took, sent = time.perf_counter() - start, want - before
    times = sorted(probe.times)
    return {"rate": sent / took, "cpu": (cpu(server.pids()) - used) * 1000 / sent, "memory": peak,
            "p50": times[len(times) // 2] * 1000, "p99": times[int(len(times) * 0.99)] * 1000}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--size", type=int, default=10_240)
    arguments.add_argument("--sessions", type=int, default=20)
    arguments.add_argument("--messages", type=int, default=3_000)
    arguments.add_argument("--reuse", action="store_true", help="many messages in one session")
    arguments.add_argument("--sign", action="store_true", help="allegromail signs with RSA-2048 and Ed25519; Postfix stays plain")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        text = message(options.size)
        options.file = folder / "message"
        options.file.write_text(text)
        sinks, servers = [Sink(), Sink()], []
        for kind, sink in zip((Postfix, Allegromail), sinks):
            (folder / kind.name).mkdir()
            servers.append(kind(folder / kind.name, sink, options))
        rounds = []
        for number in range(options.rounds + 1):
            pair = [run(server, sink, options, text) for server, sink in zip(servers, sinks)]
            # The first round warms up.
            if number:
                rounds.append(pair)
        for server in servers:
            server.stop()
        for sink in sinks:
            sink.process.kill()
    middle = lambda values: statistics.median(values)
    print(f"{options.size} octets, {options.sessions} sessions, reuse {options.reuse}, signed {options.sign}, {len(rounds)} pairs of {options.messages}")
    print("             messages/s   CPU ms   PSS MiB   p50 ms   p99 ms")
    for at, kind in enumerate((Postfix, Allegromail)):
        value = {key: middle([pair[at][key] for pair in rounds]) for key in rounds[0][at]}
        print(f"{kind.name:<12} {value['rate']:10.0f} {value['cpu']:8.2f} {value['memory']:9.1f} {value['p50']:8.1f} {value['p99']:8.1f}")
    ratios = [pair[1]["rate"] / pair[0]["rate"] for pair in rounds]
    print(f"ratio        {middle(ratios):10.2f}   (from {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
