"""Load and what it does: smtp-source into a server into smtp-sink, with a slow client beside it that takes the time."""

import os
import pathlib
import re
import resource
import selectors
import socket
import subprocess
import sys
import threading
import time

from machine import stolen

TICKS = os.sysconf("SC_CLK_TCK")
BUYER, SELLER = "jan@poczta.example", "k2m9x0r7t3+cub31c122@allegromail.pl"
# A round that takes longer than this many seconds has failed.
PATIENCE = 300


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

    def wait(self, count):
        """Waits until so many messages have come in all."""
        start = time.perf_counter()
        while self.count < count:
            time.sleep(0.005)
            if time.perf_counter() - start > PATIENCE:
                sys.exit(f"{self.count} of {count} messages arrived")

    def stop(self):
        self.process.kill()
        self.process.wait()


class LightSink:
    """Takes messages and looks for nothing but their end. smtp-sink looks at each octet, which for long messages costs more than any server that is measured."""

    def __init__(self):
        self.count, self.known = 0, selectors.DefaultSelector()
        listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.port = listener.getsockname()[1]
        self.known.register(listener, selectors.EVENT_READ, None)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            for key, _ in self.known.select():
                if key.data is None:
                    stream, _ = key.fileobj.accept()
                    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    stream.sendall(b"220 sink ESMTP\r\n")
                    self.known.register(stream, selectors.EVENT_READ, {"data": False, "left": b""})
                elif not self.hear(key.fileobj, key.data):
                    self.known.unregister(key.fileobj)
                    key.fileobj.close()

    def hear(self, stream, state):
        """Takes what came; false if the client is gone."""
        try:
            octets = stream.recv(1 << 18)
        except OSError:
            octets = b""
        if not octets:
            return False
        text = state["left"] + octets
        while text:
            if state["data"]:
                end = text.find(b"\r\n.\r\n")
                if end < 0:
                    text = text[-4:]
                    break
                state["data"], text = False, text[end + 5:]
                self.count += 1
                stream.sendall(b"250 taken\r\n")
                continue
            line, found, rest = text.partition(b"\r\n")
            if not found:
                break
            text, verb = rest, line[:4].upper()
            state["data"] = verb == b"DATA"
            replies = {b"EHLO": b"250-sink\r\n250 PIPELINING\r\n", b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
            stream.sendall(replies.get(verb, b"250 ok\r\n"))
        state["left"] = text
        return True

    def wait(self, count):
        Sink.wait(self, count)

    def stop(self):
        """It ends with the process."""


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


def split_cpu(pids):
    """Seconds of processor time of these processes, and of their children that have ended: their own, and the system's for them."""
    own = system = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            own, system = own + int(fields[11]) + int(fields[13]), system + int(fields[12]) + int(fields[14])
        except OSError:
            pass
    return own / TICKS, system / TICKS


def cpu(pids):
    """Both together."""
    return sum(split_cpu(pids))


def machine():
    """Ticks of all processors: busy ones, and all."""
    fields = list(map(int, pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]))
    return sum(fields) - fields[3] - fields[4], sum(fields)


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


class Peak(threading.Thread):
    """The most memory of a server while something goes on, looked at twice a second."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.most, self.ended = server, 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.5):
            self.most = max(self.most, memory(self.server.pids()))

    def end(self):
        self.ended.set()
        self.join()
        return max(self.most, memory(self.server.pids()))


class Latency(threading.Thread):
    """One slow client beside the load: the time from the end of data to 250."""

    def __init__(self, port, text):
        super().__init__(daemon=True)
        self.port, self.times, self.going = port, [], True
        self.data = text.replace("\n", "\r\n").encode() + b".\r\n"

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
            say(b"EHLO mail.poczta.example\r\n")
            while self.going:
                say(f"MAIL FROM:<{BUYER}>\r\n".encode())
                say(f"RCPT TO:<{SELLER}>\r\n".encode())
                say(b"DATA\r\n")
                start = time.perf_counter()
                answer = say(self.data)
                if answer[:3] == b"250":
                    self.times.append(time.perf_counter() - start)
                else:
                    print(f"refused: {answer.decode(errors='replace').strip()}", file=sys.stderr)
                    time.sleep(0.5)
                time.sleep(0.005)


def send(port, file, messages, sessions, reuse=False, recipient=SELLER):
    """Lets smtp-source send the message in `file`, again and again."""
    command = ["smtp-source", "-s", str(sessions), "-m", str(messages), "-M", "mail.poczta.example"]
    command += ["-f", BUYER, "-t", recipient, "-F", str(file)] + (["-d"] if reuse else [])
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True)


def children():
    """Seconds of processor time of the load generators so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(server, file, messages, sessions, reuse):
    """One round: messages a second until the sink has all, CPU milliseconds a message (and of them the system's, and those of the load generator),
    memory, p50 and p99 of the acknowledgement, and how busy the whole machine was and how much of it the host took, in percent."""
    sink, text = server.sink, file.read_text()
    before, (used, system), start, (busy, ticks) = sink.count, split_cpu(server.pids()), time.perf_counter(), machine()
    taken, generator = stolen()[0], children()
    peak, probe = Peak(server), Latency(server.port, text)
    peak.start()
    probe.start()
    send(server.port, file, messages, sessions, reuse)
    probe.going = False
    probe.join()
    sent = messages + len(probe.times)
    sink.wait(before + sent)
    took, now, most = time.perf_counter() - start, machine(), peak.end()
    times = sorted(probe.times) or [float("nan")]
    all_ticks, (own_now, system_now) = max(1, now[1] - ticks), split_cpu(server.pids())
    return {"rate": sent / took, "cpu": (own_now + system_now - used - system) * 1000 / sent, "system": (system_now - system) * 1000 / sent,
            "generator": (children() - generator) * 1000 / sent, "memory": most, "busy": 100 * (now[0] - busy) / all_ticks,
            "stolen": 100 * (stolen()[0] - taken) / all_ticks, "p50": times[len(times) // 2] * 1000, "p99": times[int(len(times) * 0.99)] * 1000}
