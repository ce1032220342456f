"""Composes what the writers are to write: `letters.py WRITER SEED COUNT FOLDER` leaves FOLDER/WRITER with `letters.json`, the same as `letters.tsv` for whom JSON is too much, and the
files to attach. The same arguments give the same letters.

A letter says what is in the message, and never how that is put on the wire: this is the business of the library. No address of the writer is in it but in `from`.
"""
import base64
import json
import os
import random
import sys

import files
import markup
import words

# Whose letters the relay masks (SIDES in the tests): role, own address, and the mask of the other.
SIDES = [("buyer", "jan.kowalski@poczta.example", "k2m9x0r7t3+cub31c122@allegromail.pl"),
         ("seller", "biuro@rowery.example", "8awgqyk6a5+cub31c122@allegromail.pl"),
         ("buyer", "jan@xn--zwiadowc-p8a.example", "k2m9x0r7t3+cub31c122@allegromail.pl")]
# How mail programs tell whom they quote: by the mask, which is all that they know.
WHO = ["login <k2m9x0r7t3+cub31c122@allegromail.pl>", "8awgqyk6a5+cub31c122@allegromail.pl"]
# What a letter consists of: text, HTML, inline pictures, files, and a forwarded message, an invitation or a receipt.
PLANS = ["t", "t", "h", "th", "th", "thi", "tf", "thf", "thif", "hi", "e", "ef", "tw", "thw", "tc", "tr", "thiff", "tff"]
CHARSETS = {"pl": ["utf-8", "iso-8859-2", "windows-1250"], "cs": ["utf-8", "iso-8859-2", "windows-1250"], "sk": ["utf-8", "windows-1250"], "hu": ["utf-8", "iso-8859-2"],
            "en": ["us-ascii", "utf-8", "iso-8859-1"], "de": ["utf-8", "iso-8859-1", "windows-1252", "iso-8859-15"]}
ENCODINGS = ["8bit", "quoted-printable", "base64", "7bit"]


def forward(rng, number, mask):
    """A message of the other side as it is passed on: text alone, text and HTML, or one that itself passes another on."""
    own = WHO[0][7:-1] if mask == WHO[1] else WHO[1]
    head = (f"From: login <{mask}>\r\nTo: <{own}>\r\nSubject: Re: rower {number}\r\nDate: Tue, 24 Nov 2026 10:17:00 +0100\r\nMIME-Version: 1.0\r\n")
    text = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nRower jest dost=C4=99pny.\r\nNr {number}\r\n"
    page = f"Content-Type: text/html; charset=iso-8859-2\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Rower jest dost=EApny, nr <b>{number}</b></p>\r\n"
    shape = rng.randrange(3)
    if shape == 0:
        return head + text
    second = page if shape == 1 else "Content-Type: message/rfc822\r\n\r\n" + head + text
    kind = "alternative" if shape == 1 else "mixed"
    return f"{head}Content-Type: multipart/{kind}; boundary=\"=_{number}.17\"\r\n\r\n--=_{number}.17\r\n{text}\r\n--=_{number}.17\r\n{second}\r\n--=_{number}.17--\r\n"


class Composer:
    """Writes letters by one source of chance."""

    def __init__(self, writer, seed, folder):
        self.rng = random.Random(f"{writer} {seed}")
        self.folder = folder

    def fill(self, text, shop):
        """The text with its gaps filled."""
        rng = self.rng
        host = rng.choice(["rowery.example", "sklep.rowery.example"] if shop and rng.random() < 0.5 else ["allegro.pl", "www.ceneo.pl", "inpost.pl", "youtu.be", "drive.google.com"])
        link = f"https://{host}/{rng.choice(['oferta', 'p', 'watch', 'sledzenie'])}/{rng.randrange(10**9)}?id={rng.randrange(999)}&s={rng.getrandbits(60):x}"
        gaps = {"thing": rng.choice(words.THINGS), "size": rng.choice(["S", "M", "L", "54", "29\""]), "price": f"{rng.randrange(1, 9)} {rng.randrange(100, 999)},{rng.randrange(10, 99)}",
                "date": f"{rng.randrange(1, 29)}.{rng.randrange(1, 13):02}.2026", "track": f"{rng.randrange(10**23, 10**24)}", "hour": str(rng.randrange(8, 19)), "n": str(rng.randrange(2, 30)),
                "link": link, "order": f"2026/{rng.randrange(1, 13):02}/{rng.randrange(10**5):05}", "phone": f"+48 {rng.randrange(100, 999)} {rng.randrange(100, 999)} {rng.randrange(100, 999)}", "who": rng.choice(["login", *WHO])}
        return text.format(**gaps)

    def prose(self, side, language, shop):
        """The words of one letter of this side; `shop`: it names its own domain."""
        role = SIDES[side][0]
        rng, said = self.rng, words.LANGUAGES[language]
        body = [rng.choice(said["greet"]), ""] + rng.sample(said[role], rng.randrange(1, 5))
        if rng.random() < 0.35:
            body += rng.sample(words.ODD, rng.randrange(1, 4))
        if rng.random() < 0.15 and (shop or role == "buyer"):
            body += [f"({near})" for near in rng.sample(words.NEAR[side], 2)]
        if rng.random() < 0.1:
            body.append(" ".join(rng.choice(said[role]) for _ in range(12)))
        body += ["", rng.choice(said["end"])]
        body += ["-- " if rng.random() < 0.5 else "---", rng.choice(words.NAMES[role][1:]), "tel. {phone}"]
        if shop:
            body += rng.sample(words.SHOP, rng.randrange(1, 4))
        if rng.random() < 0.4:
            body += ["", said["wrote"]] + ["> " * rng.randrange(1, 3) + line for line in rng.sample(said["buyer"] + said["seller"], 2)]
        safe = "\n".join(line if "{" in line and line not in words.ODD else line.replace("{", "{{").replace("}", "}}") for line in body)
        return self.fill(safe, shop)

    def keep(self, number, at, name, kind, content):
        """Leaves a file to attach."""
        path = os.path.join(self.folder, "files", f"{number:04}-{at}")
        with open(path, "wb") as out:
            out.write(content)
        return {"name": name, "type": kind, "path": path}

    def letter(self, number):
        """One letter, all of it decided."""
        rng = self.rng
        role, sender, mask = SIDES[number % len(SIDES)]
        shop = role == "seller" and rng.random() < 0.6
        plan, language = PLANS[number // len(SIDES) % len(PLANS)], rng.choice(sorted(words.LANGUAGES))
        text = self.prose(number % len(SIDES), language, shop)
        inline = [dict(self.keep(number, f"i{at}", *files.attachment(rng, rng.choice(["png", "jpeg", "gif"]), text, mask, shop)),
                       cid=rng.choice([f"logo{at}", f"image00{at}.png@01DA{rng.getrandbits(16):04X}.{rng.getrandbits(32):08X}", f"ii_{rng.getrandbits(48):x}{at}", f"part{at}.{rng.getrandbits(40):X}@shop"]))
                  for at in range(rng.randrange(1, 3))] if "i" in plan else []
        attached = [self.keep(number, at, *files.attachment(rng, rng.choice(files.KINDS), text, mask, shop)) for at in range(plan.count("f"))]
        page = rng.choice(markup.SHAPES)(text, inline, rng, shop) if "h" in plan else None
        charset = rng.choice(CHARSETS[language])
        try:
            (text + (page or "")).encode(charset)
        except UnicodeEncodeError:
            charset = "utf-8"
        fields = [["X-Priority", "3 (Normal)"]] if rng.random() < 0.1 else []
        if rng.random() < 0.3:
            fields += [["In-Reply-To", f"<{rng.getrandbits(64):x}.17@allegromail.pl>"], ["References", f"<{rng.getrandbits(64):x}.1@allegromail.pl> <{rng.getrandbits(64):x}.17@allegromail.pl>"]]
        if role == "seller" and rng.random() < 0.2:
            fields += [["List-Unsubscribe", f"<https://rowery.example/u/{rng.getrandbits(60):x}>"], ["List-Unsubscribe-Post", "List-Unsubscribe=One-Click"], ["Precedence", "bulk"]]
        forwarded = forward(rng, number, mask)
        return {"number": number, "from": sender, "name": rng.choice(words.NAMES[role]), "to": mask, "subject": self.fill(rng.choice(words.SUBJECTS), False), "language": language,
                "text": text if "t" in plan else None if "h" in plan else "", "html": page, "charset": charset, "encoding": rng.choice(ENCODINGS if (text + (page or "")).isascii() else ENCODINGS[:3]), "flowed": rng.random() < 0.4,
                "inline": inline, "files": attached, "fields": fields, "date": 1795392000 + number * 977,
                "forward": self.keep(number, "w", "wiadomość.eml", "message/rfc822", forwarded.encode()) if "w" in plan else None,
                "calendar": files.ics(rng, mask, text.split("\n")[2]) if "c" in plan else None, "receipt": "r" in plan}


def rows(letter):
    """The letter in lines of a key and a value in base64; a list has a line for each member, whose own values stand behind tabs."""
    for key, value in letter.items():
        for one in value if isinstance(value, list) else [] if value is None or value is False else [value]:
            values = list(one.values()) if isinstance(one, dict) else one if isinstance(one, list) else [one]
            yield "\t".join([key] + [base64.b64encode(str(value).encode()).decode() for value in values])
    yield ""


if __name__ == "__main__":
    writer, seed, count, folder = sys.argv[1], sys.argv[2], int(sys.argv[3]), os.path.join(sys.argv[4], sys.argv[1])
    os.makedirs(os.path.join(folder, "files"), exist_ok=True)
    composer = Composer(writer, seed, folder)
    letters = [composer.letter(number) for number in range(count)]
    with open(os.path.join(folder, "letters.json"), "w") as out:
        json.dump(letters, out)
    with open(os.path.join(folder, "letters.tsv"), "w") as out:
        out.write("\n".join(row for letter in letters for row in rows(letter)) + "\n")
