"""Messages as programs write them by the old half of Python's email package, MIMEText and its like: `python_mime.py FOLDER`."""
import base64
import email
import email.encoders
import email.header
import email.utils
import json
import random
import sys
from email import charset
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText


def text(words, kind, letter):
    """A part of text; the transfer encoding is the charset's affair in this half."""
    name = letter["charset"]
    if letter["flowed"] or name == "us-ascii":
        return MIMEText(words, kind, name)
    how = charset.Charset(name)
    how.body_encoding = {"quoted-printable": charset.QP, "base64": charset.BASE64}.get(letter["encoding"])
    how.output_charset = how.output_codec = name
    part = MIMENonMultipart("text", kind, charset=name)
    part.set_payload(words, how)
    return part


def attached(one, disposition, plain):
    """A file; its name by RFC 2231, or as it is where it is ASCII."""
    main, sub = one["type"].split(";")[0].split("/")
    part = MIMEBase(main, sub)
    part.set_payload(open(one["path"], "rb").read())
    email.encoders.encode_base64(part)
    name = one["name"] if one["name"].isascii() else ("utf-8", "", one["name"]) if plain else email.header.Header(one["name"], "utf-8").encode()
    part.add_header("Content-Disposition", disposition, filename=name)
    if "cid" in one:
        part.add_header("Content-ID", f"<{one['cid']}>")
    return part


def wrapped(kind, parts):
    """The parts in one; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    whole = MIMEMultipart(kind)
    for part in parts:
        whole.attach(part)
    return whole


def message(letter):
    """The whole message."""
    bodies = [text(letter["text"], "plain", letter)] if letter["text"] is not None else []
    if letter["html"] is not None:
        bodies.append(wrapped("related", [text(letter["html"], "html", letter)] + [attached(one, "inline", True) for one in letter["inline"]]))
    if letter["calendar"]:
        event = MIMEText(letter["calendar"], "calendar", "utf-8")
        event.set_param("method", "REQUEST")
        bodies.append(event)
    parts = [wrapped("alternative", bodies)] + [attached(one, "attachment", letter["flowed"]) for one in letter["files"]]
    if letter["forward"]:
        parts.append(MIMEMessage(email.message_from_binary_file(open(letter["forward"]["path"], "rb"))))
    whole = wrapped("mixed", parts)
    if letter["receipt"]:
        told = MIMEBase("message", "disposition-notification")
        told.set_payload(f"Reporting-UA: Poczta 1.0\nFinal-Recipient: rfc822;{letter['to']}\nOriginal-Message-ID: <{letter['number']}.17@allegromail.pl>\n"
                         "Disposition: manual-action/MDN-sent-manually; displayed\n\n")
        whole = MIMEMultipart("report", None, [whole, told], report_type="disposition-notification")
    if letter["number"] % 20 == 7:
        signature = MIMENonMultipart("application", "pgp-signature", name="signature.asc")
        block = base64.encodebytes(random.Random(letter["number"]).randbytes(180)).decode()
        signature.set_payload(f"-----BEGIN PGP SIGNATURE-----\n\n{block}=aB3d\n-----END PGP SIGNATURE-----\n")
        whole = MIMEMultipart("signed", None, [whole, signature], micalg="pgp-sha256", protocol="application/pgp-signature")
    whole["From"] = email.utils.formataddr((letter["name"], letter["from"]), "utf-8")
    whole["To"] = letter["to"]
    whole["Subject"] = email.header.Header(letter["subject"], "utf-8")
    whole["Date"] = email.utils.formatdate(letter["date"])
    whole["Message-ID"] = f"<{letter['number']}.17@localhost>"
    for name, value in letter["fields"]:
        whole[name] = value
    return whole


for letter in json.load(open(f"{sys.argv[1]}/letters.json")):
    with open(f"{sys.argv[1]}/{letter['number']:04}.eml", "wb") as out:
        out.write(message(letter).as_bytes())
