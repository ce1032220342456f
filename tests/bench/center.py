#!/usr/bin/env python3
"""What the Message Center does under load, and how fast it answers.

    cargo build --release && python3 tests/bench/center.py visible    # from 250 to the feed while mail comes as fast as it goes, and the lag at the end
    python3 tests/bench/center.py streams                             # memory of idle event streams; one that is never read
    python3 tests/bench/center.py lists --messages 1000000            # pages of a seller's threads; --dovecot: the same mail in an IMAP mailbox
    python3 tests/bench/center.py relay                               # rate, CPU and disk beside Postfix that gives a copy of all mail to Dovecot by LMTP

`relay` and `--dovecot` need Debian's postfix, dovecot-imapd and dovecot-lmtpd, and root. Rates with the Center beside those without: relay.py --center.
Everything stays on loopback and in a temporary folder.
"""

import argparse
import http.client
import json
import os
import pathlib
import resource
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import machine
from load import free_port, measure, memory, send, wait_for
from sender import message
from servers import RECORD, Allegromail

os.environ["PATH"] += ":/usr/sbin"
# A pair whose feed has nothing but the probes.
ASKING, ASKED, ORDER = "askingaaaa", "askedbbbbb", "probe0rd1"


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def accounts(count):
    """The pair, and so many others, each with an order at the one who is asked."""
    ids = [f"b{n:09x}" for n in range(count)]
    orders = "".join(f'{{"type":"transaction","id":"o{n:08x}","buyer":"{name}","seller":"{ASKED}"}}\n' for n, name in enumerate(ids))
    records = "".join(RECORD.format(name, f"{name}@poczta.example", f"{name}@poczta.example") for name in (ASKING, ASKED, *ids))
    return ids, records + f'{{"type":"transaction","id":"{ORDER}","buyer":"{ASKING}","seller":"{ASKED}"}}\n' + orders


class Center(Allegromail):
    """allegromail whose Center listens, and tokens for some of its participants."""

    def __init__(self, folder, others=0, more=""):
        self.listen = free_port()
        self.others, records = accounts(others)
        super().__init__(folder, center=f'listen = "127.0.0.1:{self.listen}"\nrequests_per_participant = "1000000/1m"\nstreams = 100\nstreams_total = 4000\n{more}', more=records)

    def tokens(self, *participants):
        """The server is stopped for a moment: they are made on its stores."""
        self.end()
        made = []
        for participant in participants:
            command = [self.binary, "--json", "tokens", "create", "--participant", participant, "--config", self.config]
            made.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["token"])
        self.start()
        wait_for(self.listen)
        return made

    def ask(self, path, token, **fields):
        connection = http.client.HTTPConnection("127.0.0.1", self.listen, timeout=60)
        connection.request("GET", f"/center/v1/{path}", headers={"Authorization": f"Bearer {token}", **fields})
        return connection.getresponse()


class Feed(threading.Thread):
    """Reads a stream of events and keeps when each message came."""

    def __init__(self, server, token):
        super().__init__(daemon=True)
        self.answer = server.ask("events", token, Accept="text/event-stream")
        assert self.answer.status == 200, self.answer.read()
        self.seen, self.changed = [], threading.Condition()
        self.start()

    def run(self):
        while line := self.answer.readline():
            if line.startswith(b"data:") and b"message.published" in line:
                with self.changed:
                    self.seen.append(time.perf_counter())
                    self.changed.notify_all()

    def wait(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.seen) >= count, timeout=120):
                sys.exit(f"{len(self.seen)} of {count} messages came into the feed")


class Probe(threading.Thread):
    """One slow client of the pair: when each of its messages was acknowledged."""

    def __init__(self, port, pause):
        super().__init__(daemon=True)
        self.port, self.pause, self.sent, self.going = port, pause, [], True

    def run(self):
        while self.going:
            self.sent.append(deliver(self.port))
            time.sleep(self.pause)

    def end(self):
        self.going = False
        self.join()


def deliver(port):
    """Sends one message of the pair; when it was acknowledged."""
    sender, recipient = f"{ASKING}@poczta.example", f"{ASKED}+{ORDER}@allegromail.pl"
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = stream.makefile("rb")

        def say(line):
            stream.sendall(line)
            while (heard := reader.readline())[3:4] == b"-":
                pass
            return heard

        say(b"")
        say(b"EHLO mail.poczta.example\r\n")
        say(f"MAIL FROM:<{sender}>\r\n".encode())
        say(f"RCPT TO:<{recipient}>\r\n".encode())
        say(b"DATA\r\n")
        answer = say(f"From: <{sender}>\r\nTo: <{recipient}>\r\nSubject: Pytanie\r\nMessage-ID: <{time.time_ns()}@poczta.example>\r\n\r\nCzy jest?\r\n.\r\n".encode())
        if answer[:3] != b"250":
            sys.exit(f"the probe was refused: {answer.decode(errors='replace')}")
        return time.perf_counter()


def visible(folder, options):
    server = Center(folder / "a")
    token, = server.tokens(ASKED)
    feed, file = Feed(server, token), folder / "message"
    file.write_text(message(10_240))
    idle = Probe(server.port, 0.2)
    idle.start()
    time.sleep(5)
    idle.end()
    feed.wait(len(idle.sent))
    before, probe, start, rounds = len(idle.sent), Probe(server.port, 0.02), time.perf_counter(), []
    probe.start()
    while time.perf_counter() - start < options.seconds:
        rounds.append(measure(server, file, 8_000, 20, True)["rate"])
    probe.end()
    last = deliver(server.port)
    feed.wait(before + len(probe.sent) + 1)
    of = [seen - sent for seen, sent in zip(feed.seen, idle.sent + probe.sent)]
    print(f"idle: {before} messages, from 250 to the feed p50 {percentile(of[:before], 0.5):.0f} ms, p99 {percentile(of[:before], 0.99):.0f} ms")
    print(f"under load of {statistics.median(rounds):.0f} messages/s for {time.perf_counter() - start:.0f} s: {len(of) - before} messages, p50 "
          f"{percentile(of[before:], 0.5):.0f} ms, p99 {percentile(of[before:], 0.99):.0f} ms; lag at the end {(feed.seen[-1] - last) * 1000:.0f} ms")
    server.stop()


def streams(folder, options):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    each = 100
    server = Center(folder / "a", -(-options.streams // each))
    *tokens, reader = server.tokens(*server.others, ASKED)
    time.sleep(2)
    before = memory(server.pids())
    open_streams = []
    for number in range(options.streams):
        # From several addresses: one alone may have a quarter of the connections.
        stream = socket.create_connection(("127.0.0.1", server.listen), source_address=(f"127.0.0.{1 + number // 500}", 0))
        stream.sendall(f"GET /center/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer {tokens[number // each]}\r\n\r\n".encode())
        head = stream.recv(4096)
        assert head.startswith(b"HTTP/1.1 200"), head
        open_streams.append(stream)
    time.sleep(25)
    after = memory(server.pids())
    print(f"{len(open_streams)} idle streams: {after - before:.1f} MiB more ({before:.1f} before), {(after - before) * 1024 / len(open_streams):.1f} KiB each")
    stalled = socket.create_connection(("127.0.0.1", server.listen))
    stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    stalled.sendall(f"GET /center/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer {reader}\r\n\r\n".encode())
    feed = Feed(server, reader)
    sent = [deliver(server.port) for _ in range(options.events)]
    feed.wait(len(sent))
    times = [seen - told for seen, told in zip(feed.seen, sent)]
    print(f"beside one that is never read: {len(sent)} events, p50 {percentile(times, 0.5):.0f} ms, p99 {percentile(times, 0.99):.0f} ms; memory {memory(server.pids()):.1f} MiB")
    server.stop()


def fill(index, messages, buyers):
    """A seller's threads with as many buyers, straight into the tables of an archive that is not in use."""
    start, seller, threads = time.perf_counter(), ASKED, len(buyers)
    # Two seconds between them, the last one now: nothing is old enough to be forgotten.
    base = int(time.time() - messages * 2) * 1_000
    with sqlite3.connect(index) as rows:
        rows.execute("PRAGMA synchronous = OFF")
        rows.executemany("INSERT INTO user VALUES (?, ?)", [(name, name) for name in (*buyers, seller)])
        rows.executemany("INSERT INTO thread VALUES (?, ?, 'talk', ?, ?, ?)",
                         ((n + 1, n.to_bytes(16, "big"), buyers[n], seller, f"o{n:08x}") for n in range(threads)))
        # Threads are talked in by turns, so each has messages from all times.
        def each():
            for n in range(messages):
                yield n, n % threads, (n // threads) % 2 == 0
        rows.executemany("INSERT INTO message VALUES (?, ?, 0, ?, ?, ?, 'mail', 0, ?, ?, 'Pytanie', 0, '[]', '[]', ?, 0, '{\"state\":\"delivered\"}', 0, '2026-11')",
                         ((n + 1, (n + 1).to_bytes(16, "little"), n + 1, thread + 1, buyers[thread] if asks else seller, base + n * 2_000, base + n * 2_000, f"m{n}")
                          for n, thread, asks in each()))
        rows.executemany("INSERT INTO published VALUES (?, ?, ?, ?, ?, 0)", ((seller, thread + 1, n + 1, n + 1, not asks) for n, thread, asks in each()))
        rows.executemany("INSERT INTO published VALUES (?, ?, ?, ?, ?, 0)", ((buyers[thread], thread + 1, n // threads + 1, n + 1, asks) for n, thread, asks in each()))
        rows.executemany("INSERT INTO event VALUES (?, ?, 'published', ?, ?, ?)", ((seller, n + 1, thread + 1, n + 1, base + n * 2_000) for n, thread, _ in each()))
        rows.execute("INSERT INTO feed VALUES (?, ?, 0)", (seller, messages))
        last = [max(range(n, messages, threads), default=n) for n in range(threads)]
        rows.executemany("INSERT INTO view VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                         ((seller, n + 1, buyers[n], last[n] + 1, base + last[n] * 2_000, 0 if n % 50 == 0 else last[n] + 1, 1 if n % 50 == 0 else 0, n % 7 == 0) for n in range(threads)))
    with sqlite3.connect(index.with_name("2026-11.sqlite")) as rows:
        rows.execute("PRAGMA page_size = 32768")
        rows.execute("PRAGMA journal_mode = WAL")
        rows.execute("PRAGMA synchronous = OFF")
        rows.execute("CREATE TABLE raw (node INTEGER, entry INTEGER, text TEXT NOT NULL, octets BLOB NOT NULL, PRIMARY KEY (node, entry))")
        text = "Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc. " * 3
        rows.executemany("INSERT INTO raw VALUES (0, ?, ?, ?)", ((n + 1, text, b"Subject: Pytanie\r\n\r\nx\r\n") for n in range(messages)))
    print(f"filled with {messages} messages in {threads} threads in {time.perf_counter() - start:.0f} s, {index.stat().st_size / 2**20:.0f} MiB")


def lists(folder, options):
    server = Center(folder / "a", options.threads)
    token, = server.tokens(ASKED)
    server.end()
    fill(folder / "a" / "data" / "center" / "index.sqlite", options.messages, server.others)
    start = time.perf_counter()
    server.start()
    wait_for(server.listen)
    print(f"started in {time.perf_counter() - start:.1f} s")
    connection = http.client.HTTPConnection("127.0.0.1", server.listen)

    def get(path):
        started = time.perf_counter()
        connection.request("GET", f"/center/v1/{path}", headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return time.perf_counter() - started, body

    _, first = get("threads?limit=50")
    one = first["threads"][0]["id"]
    login = first["threads"][7]["other"]["login"]
    for name, path in [("50 threads", "threads?limit=50"), ("50 unread threads", "threads?limit=50&unread=true"), ("50 threads without an answer", "threads?limit=50&unanswered=true"),
                       ("threads with a user", f"threads?limit=50&with={login}"), ("one thread's messages", f"threads/{one}/messages?limit=50"), ("how much is unread", "unread"),
                       ("100 events from the middle", f"events?after={options.messages // 2}&limit=100")]:
        times = [get(path)[0] for _ in range(options.requests)]
        print(f"{name:<30} p50 {percentile(times, 0.5):6.2f} ms   p99 {percentile(times, 0.99):6.2f} ms")
    times, cursor, pages = [], "", 0
    while cursor is not None and pages < 400:
        took, page = get(f"threads?limit=50{cursor}")
        times.append(took)
        pages += 1
        cursor = f"&cursor={page['cursor']}" if page["cursor"] else None
    print(f"{f'{pages} pages one after the other':<30} p50 {percentile(times, 0.5):6.2f} ms   p99 {percentile(times, 0.99):6.2f} ms")
    server.stop()
    if options.dovecot:
        import dovecot
        dovecot.lists(folder, options.messages, options.threads, max(3, options.requests // 100))


def relay(folder, options):
    import dovecot
    file = folder / "message"
    file.write_text(message(10_240))
    servers = [dovecot.PostfixWithDovecot(folder / "postfix"), Allegromail(folder / "center", center=True), Allegromail(folder / "plain")]
    servers[1].name = "allegromail + Center"
    rounds = {server.name: [] for server in servers}
    for number in range(options.rounds + 1):
        for server in servers:
            found = measure(server, file, 4_000 if number else 1_000, 20, False)
            if number:
                rounds[server.name].append(found)
    for server in servers:
        value = {key: statistics.median(found[key] for found in rounds[server.name]) for key in ("rate", "cpu", "p99")}
        kept = server.sink.count
        print(f"{server.name:<24} {value['rate']:6.0f} messages/s   CPU {value['cpu']:6.3f} ms   p99 {value['p99']:6.1f} ms   kept {dovecot.disk(server) / kept / 1024:5.1f} KiB a message")
        server.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("visible", "streams", "lists", "relay"))
    arguments.add_argument("--seconds", type=int, default=60, help="of load (60)")
    arguments.add_argument("--streams", type=int, default=2_000, help="idle streams (2,000)")
    arguments.add_argument("--events", type=int, default=300, help="events beside a stream that is never read (300)")
    arguments.add_argument("--messages", type=int, default=1_000_000)
    arguments.add_argument("--threads", type=int, default=20_000)
    arguments.add_argument("--requests", type=int, default=1_000, help="of each kind of list (1,000)")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--dovecot", action="store_true")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        folder = pathlib.Path(folder)
        folder.chmod(0o755)
        print(machine.describe(folder), flush=True)
        {"visible": visible, "streams": streams, "lists": lists, "relay": relay}[options.what](folder, options)


if __name__ == "__main__":
    main()
