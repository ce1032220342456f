"""Messages in the shape that Thunderbird 128 writes them in: `thunderbird.py FOLDER`. It is a program with windows, and has no library to call: what is here is its shape, drawn from its
messages, and no work of its own.
"""
import base64
import email.header
import html
import json
import quopri
import random
import sys
import time
import urllib.parse


def flowed(text):
    """Text as its composer flows it (RFC 3676): lines of at most 72 letters that go on after a space, and stuffed ones."""
    for line in text.split("\n"):
        line = " " + line if line.startswith((" ", "From ")) else line
        line = line if line == "-- " else line.rstrip()
        while len(line) > 72 and line.rfind(" ", 1, 72) > 0 and not line.startswith(">"):
            cut = line.rfind(" ", 1, 72) + 1
            yield line[:cut]
            line = line[cut:]
        yield line


def words(text):
    """A field's words as it encodes them, in base64."""
    return text if text.isascii() else email.header.Header(text, "utf-8", maxlinelen=72).encode().replace("utf-8", "UTF-8")


def page(letter, rng):
    """What its editor makes of an answer: the quoted message in a box with its prefix, and the signature."""
    lines = letter["text"] or letter["html"] or ""
    shown = "".join(f"    <p>{html.escape(line, quote=False) or '<br>'}</p>\n" for line in (letter["text"] or "").split("\n")[:4])
    pictures = "".join(f'    <p><img src="cid:{one["cid"]}" moz-do-not-send="false" alt="" width="{rng.randrange(20, 400)}"></p>\n' for one in letter["inline"])
    return ('<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n  </head>\n  <body>\n' + shown + pictures
            + f'    <div class="moz-cite-prefix">W dniu 24.11.2026 o 14:{rng.randrange(10, 59)}, login pisze:<br>\n    </div>\n    <blockquote type="cite" cite="mid:{rng.getrandbits(60):x}.17@allegromail.pl">\n'
            f'      <meta http-equiv="content-type" content="text/html; charset=UTF-8">\n      <p>{html.escape(lines[:200].replace(chr(10), " "), quote=False)}</p>\n    </blockquote>\n'
            f'    <pre class="moz-signature" cols="72">-- \n{html.escape(letter["name"], quote=False)}\n<a class="moz-txt-link-freetext" href="https://allegro.pl/?n={rng.randrange(99)}">https://allegro.pl/?n={rng.randrange(99)}</a></pre>\n  </body>\n</html>')


def named(field, key, name):
    """A parameter with a file's name: plain, or in pieces (RFC 2231) in Content-Disposition and encoded words in Content-Type."""
    if name.isascii():
        return f'{field};\r\n {key}="{name}"' if len(name) < 60 else f'{field};\r\n {key}*0="{name[:50]}";\r\n {key}*1="{name[50:]}"'
    if key == "name":
        return f'{field};\r\n name="' + words(name).replace("\n", "\r\n") + '"'
    coded = "UTF-8''" + urllib.parse.quote(name)
    pieces, at = [], 0
    while at < len(coded):
        cut = coded[at:at + 55]
        cut = cut[:cut.rfind("%")] if "%" in cut[-2:] else cut
        pieces.append(cut)
        at += len(cut)
    return f"{field};" + ";".join(f"\r\n {key}*{n}*={piece}" for n, piece in enumerate(pieces))


def text(lines, kind, rest=""):
    """A part of text: 7bit or 8bit as long as its lines are short, else base64 as Thunderbird does."""
    octets = "\r\n".join(lines).encode() + b"\r\n"
    how = "base64" if max(map(len, octets.split(b"\r\n"))) > 990 else "7bit" if octets.isascii() else "8bit"
    octets = wrapped(octets) if how == "base64" else octets
    return f"Content-Type: text/{kind}; charset=UTF-8{rest}\r\nContent-Transfer-Encoding: {how}\r\n\r\n".encode() + octets


def wrapped(octets):
    """Base64 in lines."""
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def file(one):
    """A file, shown in place if it has an id."""
    head = named(f"Content-Type: {one['type']}", "name", one["name"]) + "\r\n"
    head += named("Content-Disposition: " + ("inline" if "cid" in one else "attachment"), "filename", one["name"]) + "\r\n"
    head += f"Content-Id: <{one['cid']}>\r\n" if "cid" in one else ""
    content = open(one["path"], "rb").read()
    if one["type"].startswith("message/"):
        return (head + "Content-Transfer-Encoding: 7bit\r\n\r\n").encode() + content
    if one["type"].startswith("text/csv"):
        return (head + "Content-Transfer-Encoding: quoted-printable\r\n\r\n").encode() + quopri.encodestring(content.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    return (head + "Content-Transfer-Encoding: base64\r\n\r\n").encode() + wrapped(content)


def multipart(kind, parts, rng):
    """The parts between Thunderbird's boundaries; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    boundary = "------------" + "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") for _ in range(24))
    first = "This is a multi-part message in MIME format.\r\n" if kind == "mixed" else ""
    whole = f"Content-Type: multipart/{kind}; boundary=\"{boundary}\"\r\n\r\n{first}".encode()
    return whole + b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()


for letter in json.load(open(f"{sys.argv[1]}/letters.json")):
    rng = random.Random(letter["number"])
    bodies = [text(flowed(letter["text"]), "plain", "; format=flowed")] if letter["text"] is not None else []
    if letter["html"] is not None:
        bodies.append(multipart("related", [text(page(letter, rng).split("\n"), "html")] + [file(one) for one in letter["inline"]], rng))
    body = multipart("mixed", [multipart("alternative", bodies, rng)] + [file(one) for one in letter["files"] + ([letter["forward"]] if letter["forward"] else [])], rng)
    name = letter["name"]
    phrase = words(name).replace("\n", "\r\n") if not name.isascii() else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' if set(name) & set('",.:()[]') else name
    fields = {"Message-ID": f"<{rng.getrandbits(96):x}@localhost>", "Date": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(letter["date"])), "MIME-Version": "1.0", "User-Agent": "Mozilla Thunderbird",
              "Subject": words(letter["subject"]).replace("\n", "\r\n"), "To": letter["to"], "References": "<17.1@allegromail.pl>", "Content-Language": "pl, en-US",
              "From": f"{phrase} <{letter['from']}>" if name else letter["from"], "In-Reply-To": "<17.1@allegromail.pl>"}
    with open(f"{sys.argv[1]}/{letter['number']:04}.eml", "wb") as out:
        out.write("".join(f"{key}: {value}\r\n" for key, value in fields.items()).encode() + body)
