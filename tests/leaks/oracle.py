"""Looks for addresses and domains in messages, decoded in every way that Python knows; shares no code and no library with the relay: HTML is read by
html5lib and lxml, letters are compared by ICU (Debian: python3-html5lib, python3-lxml, python3-icu).

Arguments: the addresses, `--`, the domains that must not stand in prose, `--`, and longer names of others that hold one of these. Standard input:
`NUMBER LENGTH GATE NAME` (GATE: what the leak gate said, passed or stopped), a line feed, and LENGTH octets of a message, again and again.
Prints what leaked where; exit status 1 if anything did.
"""
import base64
import binascii
import email
import email.header
import email.policy
import email.utils
import html
import os
import quopri
import re
import sys
import unicodedata
import urllib.parse
import warnings

# Of names that XML does not have; they are read all the same.
warnings.simplefilter("ignore")
try:
    import html5lib
    import icu
    import lxml.html
except ImportError as missing:
    # Without them half of the reading is left out; whoever asks for all of it is told.
    print(f"SKIPPED: {missing}; HTML and look-alike letters are NOT looked at", file=sys.stderr)
    if os.environ.get("ALLEGROMAIL_INTEROP") == "require":
        sys.exit(f"{missing}, and ALLEGROMAIL_INTEROP=require")
    icu = None

BREAK = sys.argv.index("--")
END = sys.argv.index("--", BREAK + 1)


def forms(name):
    """With the domain as it is registered, and as people write it."""
    local, at, domain = name.lower().rpartition("@")
    return {local + at + domain, local + at + domain.encode().decode("idna")}


NEEDLES = sorted(set().union(*(forms(a) for a in sys.argv[1:BREAK])))
DOMAINS = sorted({a.split("@")[1] for a in NEEDLES})
HIDDEN = sorted(set().union(set(), *(forms(a) for a in sys.argv[BREAK + 1:END])))
OTHERS = {name.lower() for name in sys.argv[END + 1:]}
# A line may be broken within one: the end of a longer local part is no more the writer's, nor is a domain that ends in `.co` for `.com`.
OTHERS |= {name[at:] for name in OTHERS for at in range(len(name)) if name[at].isalnum() and any(name.find(a, at) > at for a in NEEDLES)}
OTHERS |= {name[:-1] for name in OTHERS if name.endswith(".com")}
OTHERS = sorted(OTHERS, key=len, reverse=True)
# With a tag, and at a host below the domain.
TAGGED = [re.compile(re.escape(a).replace("@", r"(?:\+[a-z0-9._+-]*)?@(?:[\w-]+\.)*")) for a in NEEDLES]
PROSE = [re.compile(r"(?<![a-z0-9_-])" + re.escape(d) + r"(?![a-z0-9-]|\.[a-z0-9])") for d in HIDDEN]
INVISIBLE = dict.fromkeys(i for i in range(0x10000) if unicodedata.category(chr(i)) == "Cf")


def held(text):
    """What of the writer's a text in small letters holds, as it stands; none if nothing."""
    for name in OTHERS:
        text = text.replace(name, " ")
    for needle in NEEDLES:
        if needle in text:
            return needle
    for pattern in TAGGED + PROSE:
        found = pattern.search(text)
        if found:
            return found.group()
    return None


def folded(text):
    # A soft line break of quoted-printable goes with its equals sign.
    return re.sub(r"[ \t=]?\r?\n[ \t>]*", "", text)


def escapes(text):
    text = re.sub(r"\\u\{([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})|\\'([0-9a-fA-F]{2})",
                  lambda m: chr(int(m.group(1) or m.group(2) or m.group(3), 16)), text)
    text = re.sub(r"\\([0-9a-fA-F]{2,6})[ \t]?", lambda m: chr(min(int(m.group(1), 16), 0x10ffff)), text)
    return re.sub(r"\\([@._+-])", r"\1", text)


def base64_runs(text):
    for run in re.findall(r"[A-Za-z0-9+/_-]{12,}", text):
        plain = run.replace("-", "+").replace("_", "/")
        starts = {0, 1, 2, 3} | {m.end() for m in re.finditer("/", plain)}
        for start in starts:
            piece = plain[start:]
            piece = piece[:len(piece) - (len(piece) % 4 == 1)]
            octets = base64.b64decode(piece + "=" * (-len(piece) % 4))
            yield octets.decode("utf-8", "replace")
            if octets.count(0) * 3 > len(octets):
                yield octets.decode("utf-16-le", "replace")


def uu_lines(text):
    for block in re.findall(r"begin [0-7]{3,4} .*\r?\n((?:.*\r?\n)*?)end", text):
        out = b""
        for line in block.splitlines():
            try:
                out += binascii.a2b_uu(line.encode("latin-1", "replace"))
            except binascii.Error:
                pass
        yield out.decode("utf-8", "replace")


def untagged(text):
    return re.sub(r"</?[a-zA-Z][^>@]*>", "", re.sub(r"<!--.*?-->", "", text, flags=re.S))


def unquoted(text):
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


STEPS = [
    lambda t: t.translate(INVISIBLE),
    lambda t: unicodedata.normalize("NFKC", t),
    escapes,
    html.unescape,
    html.unescape,
    urllib.parse.unquote,
    urllib.parse.unquote,
    lambda t: t.translate(INVISIBLE),
    untagged,
    folded,
    unquoted,
    html.unescape,
    lambda t: t.translate(INVISIBLE),
]


SEEN = set()
# Compatibility forms in small letters, without what is ignorable by default.
CASEFOLD = icu and icu.Normalizer2.getInstance(None, "nfkc_cf", icu.UNormalizationMode2.COMPOSE)
CONTROLS = dict.fromkeys(set(range(32)) - {9, 10, 13} | set(range(127, 160)))
BLOCKS = {"address", "article", "blockquote", "body", "br", "center", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "head", "hr", "html", "li", "ol",
          "p", "pre", "table", "tbody", "td", "th", "title", "tr", "ul"}


def compared(text):
    """As somebody compares it who retypes what he sees."""
    return CASEFOLD.normalize(text.translate(CONTROLS)).replace("\u3002", ".").replace("\u2010", "-")


def shown(tree):
    """The text of a document as it stands on the screen: elements within a line are joined."""
    out = []

    def walk(node):
        # What is no element has a function for a name: a comment.
        if not isinstance(node.tag, str):
            out.append(node.tail or "")
            return
        name = node.tag.rpartition("}")[2]
        out.append("\n" if name in BLOCKS else "")
        if name not in ("script", "style"):
            out.append(node.text or "")
        for child in node:
            walk(child)
        out.append("\n" if name in BLOCKS else "")
        out.append(node.tail or "")

    walk(tree)
    return "".join(out)


def styled(text):
    """The strings of a style sheet."""
    text = re.sub(r"\\\r?\n", "", text)
    return re.sub(r"\\([0-9a-fA-F]{1,6})[ \t]?", lambda m: chr(min(int(m.group(1), 16), 0x10FFFF)), text)


def linked(value):
    """The text of a `data:` link."""
    head, comma, data = value.partition(",")
    octets = urllib.parse.unquote_to_bytes(data)
    if "base64" in head.lower():
        octets = base64.b64decode(re.sub(rb"[^A-Za-z0-9+/]", b"", octets) + b"===", validate=False)
    for charset in ("utf-8", "utf-16-le", "utf-16-be"):
        yield octets.decode(charset, "replace")


def documents(text, depth=0):
    """Each text that a browser or another reader of HTML finds in a document."""
    if depth > 2 or "<" not in text:
        return
    trees = []
    try:
        trees.append(html5lib.parse(text, treebuilder="lxml", namespaceHTMLElements=False).getroot())
    except ValueError:
        # lxml takes no control characters.
        trees.append(html5lib.parse(text.translate(CONTROLS), treebuilder="lxml", namespaceHTMLElements=False).getroot())
    try:
        trees.append(lxml.html.document_fromstring(text.encode("utf-8"), parser=lxml.html.HTMLParser(encoding="utf-8")))
    except (lxml.etree.ParserError, ValueError):
        pass
    for tree in trees:
        yield shown(tree)
        for node in tree.iter():
            if not isinstance(node.tag, str):
                yield node.text or ""
                yield from documents(node.text or "", depth + 1)
                continue
            if node.tag.rpartition("}")[2] in ("style", "script"):
                yield styled(node.text or "")
            for name, value in node.attrib.items():
                bare = re.sub(r"[\t\r\n]", "", value)
                yield bare
                yield urllib.parse.unquote(bare)
                if name == "style":
                    yield styled(value)
                if name == "srcdoc":
                    yield from documents(value, depth + 1)
                if bare.lower().startswith("data:"):
                    for inner in linked(bare):
                        yield inner
                        yield from documents(inner, depth + 1)


def browsed(text):
    """What is found by who reads a part of HTML with a program for it."""
    for found in documents(text):
        lower = compared(found)
        for view in (lower, re.sub(r"[ \t]*\n[ \t]*", "", lower)):
            if held(view):
                return held(view)
    return None


def new(text):
    """Whether a text was not looked at before in this message: most decode to the same in several ways."""
    if text in SEEN:
        return False
    SEEN.add(text)
    return True


def leaks(text):
    if not new(text):
        return None
    for view in {text, unquoted(text)}:
        for step in [lambda t: t] + STEPS:
            before, view = view, step(view)
            if view == before and step in STEPS:
                continue
            found = held(view.lower())
            if found:
                return found
    return None


# How often something may have been encoded over itself within a text.
LAYERS = 3
# Letters at the front of decoded octets that are no accident.
TEXT = 12


def within(text, layers=LAYERS):
    """What stands encoded within a text, however often."""
    if not layers or not new((layers, text)):
        return None
    for decoded in base64_runs(text):
        if held(decoded.lower()):
            return "base64: " + decoded
        # A path may go on behind it: then only the front is text.
        front = decoded.partition("\ufffd")[0]
        if len(front) < TEXT and front != decoded:
            continue
        found = leaks(front) or (icu and browsed(front)) or within(front, layers - 1)
        if found:
            return f"base64: {front}: {found}"
    for decoded in uu_lines(text):
        if leaks(decoded) or within(decoded, layers - 1):
            return "uuencoded: " + decoded
    return None


def beside_breaks(raw):
    """The lines that a soft line break of quoted-printable begins or ends, each by itself."""
    continued = False
    for line in raw.split(b"\n"):
        line = line.rstrip(b"\r")
        broken = line.endswith(b"=")
        if broken or continued:
            yield quopri.decodestring(line.removesuffix(b"=")).decode("utf-8", "replace")
        continued = broken


def texts(octets, charset):
    for name in (charset, "utf-8", "iso-8859-2", "windows-1250"):
        try:
            yield octets.decode(name or "utf-8", "replace")
        except LookupError:
            pass
    if b"\0" in octets:
        yield octets.decode("utf-16-le", "replace")
        yield octets.decode("utf-16-be", "replace")


def decoded_header(value):
    try:
        return str(email.header.make_header(email.header.decode_header(value)))
    except (LookupError, UnicodeError, ValueError):
        return value


def check(raw):
    SEEN.clear()
    found = leaks(raw.decode("latin-1"))
    if found:
        return "raw message", found
    for line in beside_breaks(raw):
        if held(line.lower()):
            return "line beside a soft break", line
    for policy in (email.policy.compat32, email.policy.default):
        message = email.message_from_bytes(raw, policy=policy)
        for number, part in enumerate(message.walk()):
            for name, value in part.items():
                value = str(value)
                for text in (value, decoded_header(value)):
                    found = leaks(text)
                    if found:
                        return f"{name} of part {number}", found
                if name.lower() in ("content-id", "content-location", "received", "message-id"):
                    for domain in DOMAINS:
                        if domain in value.lower():
                            return f"{name} of part {number}", domain
            for text in (part.get_filename() or "", *(str(v) for _, v in part.get_params() or [])):
                found = leaks(text)
                if found:
                    return f"parameter of part {number}", found
            boundary = (part.get_boundary() or "").lower()
            for domain in DOMAINS:
                if domain in boundary:
                    return f"boundary of part {number}", domain
            for text in (message.preamble or "", message.epilogue or ""):
                found = leaks(text)
                if found:
                    return "preamble or epilogue", found
            if part.is_multipart():
                continue
            octets = part.get_payload(decode=True) or b""
            kind = part.get_content_type()
            for text in texts(octets, part.get_content_charset()):
                found = leaks(text) or within(text)
                if found:
                    return f"part {number}", found
            if icu:
                text = next(texts(octets, part.get_content_charset()), "")
                found = ("html" in kind or kind.endswith("xml")) and browsed(text)
                if found:
                    return f"HTML of part {number}", found
                found = held(compared(text))
                if found:
                    return f"letters of part {number}", found
                calendar = "calendar" in kind or "vcard" in kind or text.startswith("BEGIN:V")
                for line in calendar * (folded(text.replace("\r\n ", "")).splitlines() + text.splitlines()):
                    if line.upper().startswith("UID") and any(d in line.lower() for d in DOMAINS):
                        return f"UID of part {number}", line
    return None


def main():
    total = leaked = passed = 0
    source = sys.stdin.buffer
    while True:
        line = source.readline()
        if not line:
            break
        number, length, gate, name = line.decode().rstrip("\n").split(" ", 3)
        raw = source.read(int(length))
        total += 1
        found = check(raw)
        if found:
            leaked += 1
            passed += gate == "passed"
            if gate == "passed" and passed <= 8:
                print(f"LEAK in message {number} ({name}): {found[0]}: {found[1]}")
            if gate == "passed" and passed <= 2:
                print(raw.decode("utf-8", "replace"))
    print(f"{total} messages read, {leaked} leaks, {passed} of them past the gate")
    sys.exit(1 if leaked else 0)


main()
