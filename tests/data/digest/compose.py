#!/usr/bin/env python3
"""Composes messages.jsonl: letters in the shapes of mail programs, with what each writer wrote and what the program quoted (README.md)."""

import json
import textwrap
from email.message import EmailMessage
from email.policy import SMTP
from html import escape
from pathlib import Path

import hard
from words import ANSWERS, APPLE, GMAIL, IPHONE, NAMES, OUTLOOK, OUTLOOK_MOBILE, QUESTIONS, SUBJECTS, THANKS, THUNDERBIRD

ADDRESS = "8awgqyk6a5+cub31c122@allegromail.pl"
LANGUAGES = ["pl", "en", "cs", "sk", "hu"]


def marked(text, mark="> ", empty=">"):
    """Behind marks; a line that has some gets no blank."""
    def one(line):
        if not line:
            return empty
        return mark.rstrip() + line if line.startswith(">") else mark + line
    return "\n".join(one(line) for line in text.split("\n"))


def wrapped(text, width):
    lines = [textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [""] for line in text.split("\n")]
    return "\n".join(piece for line in lines for piece in line)


def divs(text, tag="div"):
    return "".join(f"<{tag}>{escape(line, False) or '<br>'}</{tag}>" for line in text.split("\n"))


def breaks(text):
    return "<br>\n".join(escape(line, False) for line in text.split("\n"))


class Said:
    """A message as one program writes it: its text, its HTML, and the lines that the program added above the quote."""

    def __init__(self, plain, html, frame, frame_of_html=None):
        self.plain, self.html = plain, html
        self.frame = {"plain": frame, "html": frame_of_html or frame}


def gmail(own, before, lang, who, subject):
    line = GMAIL[lang].format(n=who, a=ADDRESS)
    plain = f"{own}\n\n{wrapped(line, 76)}\n\n{marked(before.plain)}"
    link = escape(line, False).replace(ADDRESS, f'<a href="mailto:{ADDRESS}">{ADDRESS}</a>')
    html = (f'<div dir="ltr">{divs(own)}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{link}<br></div>'
            f'<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">{before.html}</blockquote></div>')
    return Said(plain, html, [line])


def thunderbird(own, before, lang, who, subject):
    line = THUNDERBIRD[lang].format(n=who)
    plain = f"{own}\n\n{line}\n{marked(before.plain)}"
    html = (f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body><p>{breaks(own)}</p>'
            f'<div class="moz-cite-prefix">{escape(line, False).replace(" 10:15", "&nbsp;10:15")}<br></div>'
            f'<blockquote type="cite" cite="mid:x@y.example">{before.html}</blockquote></body></html>')
    return Said(plain, html, [line])


def apple_mac(own, before, lang, who, subject):
    line = APPLE[lang].format(n=who, a=ADDRESS)
    plain = f"{own}\n\n{marked(line + chr(10) + chr(10) + before.plain, empty='> ')}\n"
    html = (f'<html><body style="overflow-wrap: break-word;">{divs(own)}<br><div><blockquote type="cite"><div>{escape(line, False)}</div>'
            f'<br class="Apple-interchange-newline"><div>{before.html}</div></blockquote></div><br></body></html>')
    return Said(plain, html, [line])


def apple_ios(own, before, lang, who, subject):
    line = APPLE[lang].format(n=who, a=ADDRESS)
    own = f"{own}\n\n{IPHONE[lang]}"
    plain = f"{own}\n\n{marked(line + chr(10) + chr(10) + before.plain, empty='> ')}\n"
    html = (f'<html><body dir="auto"><div dir="ltr">{divs(own)}</div><div dir="ltr"><br><blockquote type="cite">{escape(line, False)}<br><br></blockquote></div>'
            f'<blockquote type="cite"><div dir="ltr">\ufeff{before.html}</div></blockquote></body></html>')
    return Said(plain, html, [line])


def block(lang, who, subject, bold=False):
    sender, sent, to, about, date, _ = OUTLOOK[lang]
    b = "*" if bold else ""
    return [f"{b}{sender}:{b} {who} <{ADDRESS}>", f"{b}{sent}:{b} {date}", f"{b}{to}:{b} {NAMES[lang][3]}", f"{b}{about}:{b} {subject}"]


def outlook_desktop(own, before, lang, who, subject):
    lines = [OUTLOOK[lang][5], *block(lang, who, subject)]
    plain = own + "\n\n" + "\n".join(lines) + "\n\n" + before.plain
    word = lambda text: "".join(f'<p class="MsoNormal">{escape(line, False) or "&nbsp;"}<o:p></o:p></p>' for line in text.split("\n"))
    head = "<br>".join(f"<b>{escape(a, False)}:</b>{escape(b, False)}" for a, b in (line.split(":", 1) for line in lines[1:]))
    html = (f'<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- p.MsoNormal {{margin:0cm}} --></style></head><body lang="PL">'
            f'<div class="WordSection1">{word(own)}<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
            f'<div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">{head}<o:p></o:p></p></div></div>'
            f'<p class="MsoNormal"><o:p>&nbsp;</o:p></p>{before.html}</div></body></html>')
    return Said(plain, html, lines, lines[1:])


def outlook_web(own, before, lang, who, subject):
    lines = block(lang, who, subject)
    plain = own + "\n\n" + "_" * 32 + "\n" + "\n".join(lines) + "\n\n" + before.plain
    head = "<br>".join(f"<b>{escape(a, False)}:</b>{escape(b, False)}" for a, b in (line.split(":", 1) for line in lines))
    own_html = "".join(f'<div class="elementToProof" style="font-size: 12pt;">{escape(line, False) or "<br>"}</div>' for line in own.split("\n"))
    html = (f'<html><body dir="ltr">{own_html}<div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1">'
            f'<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt">{head}</font><div>&nbsp;</div></div>{before.html}</body></html>')
    return Said(plain, html, lines)


def outlook_mobile(own, before, lang, who, subject):
    said = outlook_web(own + f"\n\n{OUTLOOK_MOBILE[lang]}<https://aka.ms/AAb9ysg>", before, lang, who, subject)
    shown = escape(f"{OUTLOOK_MOBILE[lang]}<https://aka.ms/AAb9ysg>", False)
    said.html = said.html.replace(shown, f'<a href="https://aka.ms/AAb9ysg">{OUTLOOK_MOBILE[lang]}</a>')
    return said


def hermes(style):
    """o2 and WP share their web mail."""
    def compose(own, before, lang, who, subject):
        line = f"Dnia 12 marca 2026 10:15 {who} <{ADDRESS}> napisał(a):"
        plain = f"{own}\n\n{line}\n\n{marked(before.plain)}"
        html = (f'<div>{breaks(own)}</div><div class="nh_extra"><p>{escape(line, False)}</p>'
                f'<blockquote style="{style}">{before.html}</blockquote></div>')
        return Said(plain, html, [line])
    return compose


def onet(own, before, lang, who, subject):
    line = f"W dniu 2026-03-12 10:15:00 użytkownik {who} <{ADDRESS}> napisał:"
    plain = f"{own}\n\n{line}\n{marked(before.plain)}"
    html = f'<p>{breaks(own)}</p><p>{escape(line, False)}</p><blockquote style="margin:0;padding-left:5px;border-left:2px solid #ccc">{before.html}</blockquote>'
    return Said(plain, html, [line])


def seznam(own, before, lang, who, subject):
    lines = ["---------- Původní e-mail ----------", f"Od: {who} <{ADDRESS}>", f"Komu: {NAMES['cs'][3]}", "Datum: 12. 3. 2026 10:15:31", f"Předmět: {subject}"]
    plain = f"{own}\n\n" + "\n".join(lines) + f'\n"{before.plain}"\n'
    html = f'<p>{breaks(own)}</p><aside>{breaks(chr(10).join(lines))}<br></aside><br><blockquote data-email="{ADDRESS}">{before.html}</blockquote>'
    return Said(plain, html, lines)


def freemail(own, before, lang, who, subject):
    line = f"{who} <{ADDRESS}> írta:"
    plain = f"{own}\n\n{line}\n{marked(before.plain, '>')}"
    html = f'<div>{breaks(own)}</div><br>{escape(line, False)}<br><blockquote style="border-left: 2px solid #00f; padding-left: 8px">{before.html}</blockquote>'
    return Said(plain, html, [line])


EVERYWHERE = {
    "gmail": gmail, "outlook-desktop": outlook_desktop, "outlook-web": outlook_web, "outlook-mobile": outlook_mobile,
    "apple-mac": apple_mac, "apple-ios": apple_ios, "thunderbird": thunderbird,
}
HERE = [
    ("o2", hermes("margin-left: 10px; padding-left: 10px; border-left: 2px solid #ccc"), ["pl"]),
    ("wp", hermes("margin-left:7px;border-left:2px solid #FF0000;padding-left:7px"), ["pl"]),
    ("onet", onet, ["pl"]),
    ("seznam", seznam, ["cs", "sk"]),
    ("freemail-hu", freemail, ["hu"]),
]
# What each program calls what it sends: charset, transfer encoding, parameters.
SHAPES = {
    "thunderbird": ("utf-8", "quoted-printable", {"format": "flowed"}),
    "outlook-desktop": ("iso-8859-2", "quoted-printable", {}),
    "outlook-web": ("utf-8", "base64", {}),
    "outlook-mobile": ("windows-1250", "quoted-printable", {}),
    "apple-mac": ("utf-8", "quoted-printable", {}),
}


def letter(number, client, lang, form, own, quoted, said, earlier, hard_kind="", subject=None, shown=()):
    message = EmailMessage(policy=SMTP)
    message["From"] = "cub31c122@allegromail.pl"
    message["To"] = ADDRESS
    message["Subject"] = subject or SUBJECTS[lang]
    message["In-Reply-To"] = "<a@allegromail.pl>"
    charset, encoding, parameters = SHAPES.get(client, ("utf-8", "quoted-printable", {}))
    encoded = lambda text: text.encode(charset, "replace").decode(charset)
    plain, html = encoded(said.plain) + "\n", said.html and encoded(said.html)
    if form in ("plain", "both"):
        message.set_content(plain, charset=charset, cte=encoding, params=parameters)
    if form == "html":
        message.set_content(html, subtype="html", charset=charset, cte=encoding)
    if form == "both":
        message.add_alternative(html, subtype="html", charset=charset, cte=encoding)
        message.set_boundary("b")
    lines = lambda texts: [line for text in texts for line in encoded(text).split("\n") if line.strip()]
    return {
        "id": f"{lang}-{number:03}", "client": client, "language": lang, "form": form, "hard": hard_kind,
        "own": lines(own), "quoted": lines(quoted), "shown": lines(shown), "earlier": earlier, "message": message.as_bytes().decode("ascii"),
    }


def plainly(text):
    """A first message, which quotes nothing."""
    return Said(text, divs(text), [])


def letters():
    found = []
    turn = 0
    clients = [(name, program, LANGUAGES) for name, program in EVERYWHERE.items()] + HERE
    for client, program, languages in clients:
        for lang in languages:
            for form in ("plain", "html"):
                rounds = 1 if client in EVERYWHERE else 2
                for _ in range(rounds):
                    question, answer = QUESTIONS[lang][turn % 6], ANSWERS[lang][turn % 6]
                    who, subject = NAMES[lang][turn % 3], SUBJECTS[lang]
                    first = plainly(question)
                    reply = program(answer, first, lang, who, subject)
                    own = [answer] + extra(client, lang)
                    # The thread of half of them begins with the answer: what is quoted was never seen.
                    earlier = [question] if turn % 2 else []
                    found.append(letter(len(found), client, lang, form, own, [question] + reply.frame[form], reply, earlier))
                    turn += 1
                # The buyer answers, and quotes the answer with the question in it.
                if form == "plain" or lang in ("pl", "hu"):
                    question, answer = QUESTIONS[lang][turn % 6], ANSWERS[lang][turn % 6]
                    middle = program(answer, plainly(question), lang, NAMES[lang][1], SUBJECTS[lang])
                    last = program(THANKS[lang], middle, lang, NAMES[lang][3], SUBJECTS[lang])
                    own = [THANKS[lang]] + extra(client, lang)
                    quoted = last.frame[form] + [answer] + extra(client, lang) + middle.frame[form] + [question]
                    earlier = [middle.plain, question] if turn % 2 else []
                    found.append(letter(len(found), client, lang, form, own, quoted, last, earlier))
                    turn += 1
    for kind, client, lang, form, own, quoted, shown, said, earlier, subject in hard.cases():
        found.append(letter(len(found), client, lang, form, own, quoted, said, earlier, kind, subject, shown))
    return found


def extra(client, lang):
    return {"apple-ios": [IPHONE[lang]], "outlook-mobile": [OUTLOOK_MOBILE[lang]]}.get(client, [])


if __name__ == "__main__":
    path = Path(__file__).with_name("messages.jsonl")
    rows = letters()
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    print(len(rows), "messages,", sum(bool(row["hard"]) for row in rows), "of them hard")
