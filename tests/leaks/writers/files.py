"""Small real files that people attach: a PDF, pictures, archives, office documents, tables, invitations, cards."""
import base64
import io
import json
import struct
import zipfile
import zlib

# The smallest picture that every JPEG reader takes, without its marker of the start.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wgALCAABAAEBAREA/8QAFBABAAAAAAAAAAAAAAAAAAAAAP/aAAgBAQABPxA=")[2:]


def noise(rng, length):
    """Octets that stand for what no text is."""
    return bytes(rng.randrange(256) for _ in range(length))


def png(rng):
    """A picture of noise, with a comment as drawing programs leave one."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    wide, high = rng.randrange(1, 24), rng.randrange(1, 16)
    rows = b"".join(b"\0" + noise(rng, wide * 3) for _ in range(high))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0))
            + chunk(b"tEXt", b"Software\0GIMP 2.10 nr %d" % rng.randrange(9999)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg(rng):
    """A photo with a comment of its camera."""
    comment = b"CAMERA SM-A%d" % rng.randrange(999) + noise(rng, rng.randrange(200))
    return b"\xff\xd8\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + JPEG


def gif(rng):
    """One pixel, as newsletters count readers with."""
    return b"GIF89a\x01\0\x01\0\x80\0\0" + noise(rng, 6) + b"!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def pdf(rng):
    """One page with a line of text; its streams are packed in half of them."""
    stream = b"BT /F1 18 Tf 72 720 Td (Faktura %d/2026) Tj ET" % rng.randrange(9999)
    packed = rng.random() < 0.5
    data = zlib.compress(stream) if packed else stream
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
               b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
               b"<</Length %d%s>>stream\n" % (len(data), b"/Filter/FlateDecode" if packed else b"") + data + b"\nendstream",
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", b"<</Producer(Faktury 3.1)/Creator(Faktury)>>"]
    out, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + one + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 7\n0000000000 65535 f \n" + table + b"trailer<</Size 7/Root 1 0 R/Info 6 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)


def packed(entries):
    """A ZIP archive of a fixed day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name, (2026, 11, 24, 12, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def docx(rng, words):
    """A document of one paragraph."""
    types = ('<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
             '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
             '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
    rels = ('<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
    body = ('<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r>'
            f'<w:t>{words.replace("&", "&amp;").replace("<", "&lt;")}</w:t></w:r></w:p></w:body></w:document>')
    return packed([("[Content_Types].xml", types), ("_rels/.rels", rels), ("word/document.xml", body)])


def ics(rng, mask, words):
    """An invitation to fetch the goods; organizer is whom the reader knows."""
    start = f"202611{rng.randrange(10, 29)}T{rng.randrange(10, 18)}0000"
    lines = ["BEGIN:VCALENDAR", "PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0", "METHOD:REQUEST", "BEGIN:VEVENT", f"DTSTART;TZID=Europe/Warsaw:{start}",
             f"DTSTAMP:{start}Z", f"ORGANIZER;CN=login:mailto:{mask}", f"UID:{rng.getrandbits(96):024x}", f"SUMMARY:{words}", "LOCATION:ul. Główna 1\\, Warszawa",
             "STATUS:CONFIRMED", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT30M", "END:VALARM", "END:VEVENT", "END:VCALENDAR", ""]
    out = []
    for line in lines:
        while len(line.encode()) > 70:
            out.append(line[:60])
            line = " " + line[60:]
        out.append(line)
    return "\r\n".join(out)


def vcard(rng, shop):
    """The card of a shop, without an address."""
    extra = "URL:https://rowery.example/\r\n" if shop else ""
    return (f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Serwis rowerowy nr {rng.randrange(999)}\r\nN:Serwis;;;;\r\nORG:Serwis;Części\r\n"
            f"TEL;TYPE=WORK:+48 600 {rng.randrange(100, 999)} 200\r\nADR;TYPE=WORK:;;ul. Główna 1;Warszawa;;00-001;Polska\r\n{extra}END:VCARD\r\n").encode()


def rtf(words):
    """A letter as WordPad keeps it: letters beyond ASCII as octets of windows-1250."""
    escaped = words.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}").replace("\n", "\\par\r\n")
    octets = "".join(letter if letter.isascii() else "".join(f"\\'{octet:02x}" for octet in letter.encode("cp1250", "replace")) for letter in escaped)
    return ("{\\rtf1\\ansi\\ansicpg1250\\deff0{\\fonttbl{\\f0\\fnil\\fcharset238 Calibri;}}\r\n\\viewkind4\\uc1\\pard\\f0\\fs22 " + octets + "\\par\r\n}\r\n").encode()


def attachment(rng, kind, words, mask, shop):
    """Name, type and octets of a file of this kind."""
    number = rng.randrange(1, 999)
    table = f"lp;nazwa;cena\r\n1;{words.split(chr(10))[0]};12,50\r\n2;łańcuch;{number},00\r\n"
    # What a file is written in it says itself; mail programs leave it to that.
    own = rng.choice(["utf-8", "windows-1250"])
    page = f"<!DOCTYPE html><html><head><meta charset=\"{own}\"><title>Karta gwarancyjna {number}</title></head><body><h1>Gwarancja</h1><p>{words}</p></body></html>\n"
    office = "application/vnd.openxmlformats-officedocument."
    return {
        "pdf": lambda: (f"faktura {number}.pdf", "application/pdf", pdf(rng)),
        "png": lambda: (f"zrzut-ekranu-{number}.png", "image/png", png(rng)),
        "jpeg": lambda: (f"IMG_{number:04}.jpg", "image/jpeg", jpeg(rng)),
        "zip": lambda: (f"zdjęcia_{number}.zip", "application/zip", packed([(f"{n}.jpg", jpeg(rng)) for n in range(3)] + [("opis.txt", words)])),
        "docx": lambda: (f"Reklamacja żółtego łańcucha nr {number} - opis wady i żądanie kupującego z dnia 24 listopada.docx", office + "wordprocessingml.document", docx(rng, words)),
        "ics": lambda: (f"odbior-{number}.ics", "text/calendar", ics(rng, mask, words.split("\n")[0]).encode()),
        "vcard": lambda: ("serwis.vcf", "text/vcard", vcard(rng, shop)),
        "csv": lambda: (f"cennik {number}.csv", "text/csv", table.encode()),
        "old": lambda: (f"opis-{number}.txt", "text/plain; charset=windows-1250", f"{words}\r\n".encode("cp1250", "ignore")),
        "html": lambda: (f"gwarancja-{number}.html", "text/html", page.encode(own, "xmlcharrefreplace")),
        "xml": lambda: (f"FA_{number}.xml", "application/xml", f"<?xml version=\"1.0\" encoding=\"{own}\"?>\n<Faktura><Nr>{number}</Nr><Nazwa>Część: łańcuch</Nazwa></Faktura>\n".encode(own)),
        "bin": lambda: (f"dane{number}.bin", "application/octet-stream", noise(rng, 300)),
        "svg": lambda: (f"logo{number}.svg", "image/svg+xml", f"<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {number} 24\"><style>.a{{fill:#f{number:03}aa}}</style><path class=\"a\" d=\"M{number} 2.5h-4l1.2-7z\"/><text>Rowery &amp; części</text></svg>\n".encode()),
        "json": lambda: (f"zamowienie-{number}.json", "application/json", (json.dumps({"nr": number, "opis": words, "kwota": 12.5, "pozycje": [{"sku": f"R-{number}", "nazwa": "łańcuch"}]}) + "\n").encode()),
        "rtf": lambda: (f"pismo {number}.rtf", "application/rtf", rtf(words)),
        "log": lambda: (f"terminal{number}.log", "application/octet-stream", f"2026-11-24T10:17:{number % 60:02} ERROR [platnosc@17] timeout=30 id={number} user=jan\n2026-11-24T10:18:00 INFO retry #2\n".encode()),
        "gif": lambda: ("p.gif", "image/gif", gif(rng)),
    }[kind]()


KINDS = ["pdf", "png", "jpeg", "zip", "docx", "ics", "vcard", "csv", "old", "html", "xml", "bin", "gif", "svg", "json", "rtf", "log"]
