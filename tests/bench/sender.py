"""The message that is sent, the signature that it carries, and the DNS that proves its sender."""

import base64
import hashlib
import re
import socket
import struct
import subprocess
import threading

from load import BUYER, SELLER

# A mailing provider whose SPF is shared by many senders. So SPF alone is not enough, and both SPF and the signature of the sender's domain
# are looked at for every message. The signature verifies, but does not cover To, and so is not what proves the sender: one signed message
# may reach so many masks and no more, and here it is the same one all the time.
PROVIDER, SELECTOR = "mailer.example", "k1"
# The names under which the DNS is asked for SPF and for the key.
SENDER = "poczta.example"
KEY = f"{SELECTOR}._domainkey.{SENDER}"


def message(size):
    line = "Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc.\n"
    head = f"From: Jan <{BUYER}>\nTo: <{SELLER}>\nSubject: Pytanie\nDate: Mon, 23 Nov 2026 10:00:00 +0100\nMessage-ID: <1@poczta.example>\n\n"
    return head + line * max(1, (size - len(head)) // len(line))


def newsletter(size):
    """HTML as shops' programs write it: tables, style attributes, links with parameters, references."""
    head = f"From: Jan <{BUYER}>\nTo: <{SELLER}>\nSubject: Oferta\nDate: Mon, 23 Nov 2026 10:00:00 +0100\nMessage-ID: <1@poczta.example>\n"
    head += "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 7bit\n\n"
    start = "<!DOCTYPE html>\n<html><head><style>p.x {margin: 0; font-size: 11pt}</style></head><body>\n<table width=\"600\">\n"
    row = ('<tr><td style="padding: 8px; color: #333"><a href="https://sklep.example/p/%d?utm_source=mail&amp;utm_medium=e%%20mail">\n'
           '<img src="https://cdn.sklep.example/%d.png" alt="rower" width="120"></a></td>\n'
           '<td><b>Rower g&oacute;rski %d</b>&nbsp;&ndash; <span style="color: red">1&nbsp;299,00 z&#322;</span><br>\n'
           'Czy jest jeszcze <i>dost&#281;pny</i>? Prosz&#281; o wiadomo&#347;&#263;.</td></tr>\n<!-- %d -->\n')
    rows = "".join(row % ((number,) * 4) for number in range(max(1, (size - len(head) - len(start)) // len(row % ((1000,) * 4)))))
    return head + start + rows + "</table></body></html>\n"


def make_key(path, kind="RSA", bits=2048):
    options = ["-pkeyopt", f"rsa_keygen_bits:{bits}"] if kind == "RSA" else []
    subprocess.run(["openssl", "genpkey", "-algorithm", kind, *options, "-out", path], check=True, capture_output=True)
    path.chmod(0o600)


def public_key(path):
    return base64.b64encode(subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout)


def signed(text, key):
    """`text` with a DKIM signature of the sender's domain in front (RFC 6376, relaxed/relaxed)."""
    head, body = text.split("\n\n", 1)
    lines = [re.sub(r"[ \t]+", " ", line).rstrip(" ") for line in body.rstrip("\n").split("\n")]
    digest = base64.b64encode(hashlib.sha256("".join(line + "\r\n" for line in lines).encode()).digest()).decode()
    value = f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={SENDER}; s={SELECTOR}; h=From:Subject:Date:Message-ID; bh={digest}; b="
    fields = [line.split(":", 1) for line in head.split("\n") if not line.startswith("To:")] + [["DKIM-Signature", value]]
    relaxed = "\r\n".join(f"{name.lower()}:{' '.join(text.split())}" for name, text in fields)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=relaxed.encode(), check=True, capture_output=True).stdout
    return f"DKIM-Signature: {value}{base64.b64encode(signature).decode()}\n{text}"


class Dns:
    """A name server on loopback that knows the TXT records that it was given, and that nothing else exists."""

    def __init__(self, records):
        self.records = {name.lower(): text.encode() for name, text in records.items()}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        self.asked = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            labels, at = [], 12
            while length := query[at]:
                labels.append(query[at + 1:at + 1 + length].decode())
                at += 1 + length
            question, kind, name = query[12:at + 5], query[at + 1:at + 3], ".".join(labels).lower()
            self.asked.add(name)
            text = self.records.get(name)
            answer = b""
            if text is not None and kind == b"\x00\x10":
                strings = b"".join(bytes([len(text[n:n + 255])]) + text[n:n + 255] for n in range(0, len(text), 255))
                answer = b"\xc0\x0c" + kind + b"\x00\x01" + struct.pack(">IH", 3600, len(strings)) + strings
            # An answer with the recursion and truth bits; no such name is code 3.
            flags = b"\x85\x80" if text is not None else b"\x85\x83"
            self.socket.sendto(query[:2] + flags + struct.pack(">HHHH", 1, bool(answer), 0, 0) + question + answer, peer)


def dns(key):
    """What proves `jan@poczta.example`: SPF through the provider, a DMARC policy, and the sender's key."""
    return Dns({SENDER: f"v=spf1 include:_spf.{PROVIDER} -all", f"_spf.{PROVIDER}": "v=spf1 ip4:127.0.0.1 -all",
                "_dmarc.poczta.example": "v=DMARC1; p=reject", KEY: f"v=DKIM1; k=rsa; p={public_key(key).decode()}"})
