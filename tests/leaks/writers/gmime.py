"""Messages as GMime writes them (Debian: gir1.2-gmime-3.0, python3-gi): `gmime.py FOLDER`.

It stands for .NET's MailKit as well: its writer, MimeKit, is the port of GMime to C# by the same author. MailKit itself needs the .NET runtime and NuGet, which Debian does not have.
"""
import json
import sys

import gi

gi.require_version("GMime", "3.0")
from gi.repository import GLib, GMime  # noqa: E402

GMime.init()
# What fits on the wire is the library's choice; a letter may ask for more.
WANTED = {"base64": GMime.ContentEncoding.BASE64, "quoted-printable": GMime.ContentEncoding.QUOTEDPRINTABLE}
EIGHT_BIT = getattr(GMime.EncodingConstraint, "8BIT", None) or getattr(GMime.EncodingConstraint, "_8BIT")
FORMAT = GMime.FormatOptions.new()


def stream(octets):
    """The octets as the library reads them."""
    return GMime.StreamMem.new_with_buffer(octets)


def text(words, kind, letter):
    """A part of text in the letter's charset."""
    part = GMime.Part.new_with_type("text", kind)
    part.set_content_type_parameter("charset", letter["charset"])
    part.set_content(GMime.DataWrapper.new_with_stream(stream(words.encode(letter["charset"])), GMime.ContentEncoding.DEFAULT))
    part.set_content_encoding(WANTED.get(letter["encoding"]) or part.get_best_content_encoding(EIGHT_BIT))
    if letter["flowed"] and kind == "plain":
        part.set_content_type_parameter("format", "flowed")
    return part


def attached(one, disposition):
    """A file under base64."""
    kind, _, rest = one["type"].partition("; charset=")
    part = GMime.Part.new_with_type(*kind.split("/"))
    if rest:
        part.set_content_type_parameter("charset", rest)
    part.set_content(GMime.DataWrapper.new_with_stream(stream(open(one["path"], "rb").read()), GMime.ContentEncoding.DEFAULT))
    part.set_content_encoding(GMime.ContentEncoding.BASE64)
    part.set_disposition(disposition)
    part.set_filename(one["name"])
    if "cid" in one:
        part.set_content_id(one["cid"])
    return part


def wrapped(kind, parts):
    """The parts in one; a single one as it is."""
    if len(parts) == 1:
        return parts[0]
    whole = GMime.Multipart.new_with_subtype(kind)
    for part in parts:
        whole.add(part)
    return whole


def message(letter):
    """The whole message."""
    bodies = [text(letter["text"], "plain", letter)] if letter["text"] is not None else []
    if letter["html"] is not None:
        bodies.append(wrapped("related", [text(letter["html"], "html", letter)] + [attached(one, "inline") for one in letter["inline"]]))
    if letter["calendar"]:
        event = text(letter["calendar"], "calendar", {**letter, "charset": "utf-8"})
        event.set_content_type_parameter("method", "REQUEST")
        bodies.append(event)
    parts = [wrapped("alternative", bodies)] + [attached(one, "attachment") for one in letter["files"]]
    if letter["forward"]:
        parser = GMime.Parser.new_with_stream(stream(open(letter["forward"]["path"], "rb").read()))
        parts.append(GMime.MessagePart.new_with_message("rfc822", parser.construct_message(None)))
    body = wrapped("mixed", parts)
    if letter["receipt"]:
        told = GMime.Part.new_with_type("message", "disposition-notification")
        fields = f"Reporting-UA: Poczta 1.0\r\nFinal-Recipient: rfc822;{letter['to']}\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"
        told.set_content(GMime.DataWrapper.new_with_stream(stream(fields.encode()), GMime.ContentEncoding.DEFAULT))
        body = wrapped("report", [body, told])
        body.set_content_type_parameter("report-type", "disposition-notification")
    whole = GMime.Message.new(True)
    whole.get_addresses(GMime.AddressType.FROM).add(GMime.InternetAddressMailbox.new(letter["name"], letter["from"]))
    whole.get_addresses(GMime.AddressType.TO).add(GMime.InternetAddressMailbox.new("", letter["to"]))
    whole.set_subject(letter["subject"], letter["charset"] if letter["flowed"] else "utf-8")
    whole.set_date(GLib.DateTime.new_from_unix_utc(letter["date"]))
    whole.set_message_id(f"{letter['number']}.17@localhost")
    for name, value in letter["fields"]:
        whole.set_header(name, value, "utf-8")
    whole.set_mime_part(body)
    return whole


for letter in json.load(open(f"{sys.argv[1]}/letters.json")):
    memory = GMime.StreamMem.new()
    message(letter).write_to_stream(FORMAT, memory)
    with open(f"{sys.argv[1]}/{letter['number']:04}.eml", "wb") as out:
        out.write(bytes(memory.get_byte_array()))
