#!/usr/bin/python3
"""Makes real files of many kinds by other people's programs: `make.py FOLDER` leaves them there, and FOLDER/want.json says how each is judged.

want.json is a list of {"file", "name", "type", "want", "kind", "active"}: the file's own name, the name and the type to declare, "allowed",
"signature" or words that its refusal has to hold, and of an allowed one its true type and whether it is a PDF that names scripts or programs
to start. What a program here cannot write is told by a line `cannot: ...`, and left out. Exit status 1: too few files, or too few writers of
PDF.
"""
import bz2
import collections
import csv
import email.message
import glob
import json
import lzma
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import zipfile

import docx
import img2pdf
import numpy
import odf.opendocument
import openpyxl
import pikepdf
import xlsxwriter
import xlwt
from ebooklib import epub
from PIL import Image
from reportlab.pdfgen import canvas

OUT = os.path.abspath(sys.argv[1])
FILES, PDF_WRITERS = 100, 5
os.makedirs(OUT, exist_ok=True)
SCRATCH = tempfile.TemporaryDirectory()
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": SCRATCH.name, "GST_REGISTRY": os.path.join(SCRATCH.name, "gst")}
ALLOWED = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "pdf": "application/pdf",
}
cases = []
writers = collections.defaultdict(set)


def path(name):
    return os.path.join(OUT, name)


def read(name):
    with open(path(name), "rb") as file:
        return file.read()


def write(name, octets):
    with open(path(name), "wb") as file:
        file.write(octets)


def case(name, writer, want="allowed", declared="application/octet-stream", active=False):
    """Notes how a file that was made is judged; what may pass is told by its extension."""
    if not os.path.exists(path(name)) or os.path.getsize(path(name)) == 0:
        return
    ext = name.rsplit(".", 1)[-1]
    kind = ALLOWED[ext] if want == "allowed" else None
    cases.append({"file": name, "name": name, "type": declared, "want": want, "kind": kind, "active": active})
    writers[kind or "refused"].add(writer)


def run(*command):
    """Runs a program among the files; what it was to make is not there if it fails."""
    command = [str(word) for word in command]
    try:
        silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        done = subprocess.run(command, cwd=OUT, env=ENVIRONMENT, timeout=60, **silent)
        why = None if done.returncode == 0 else done.stderr.decode(errors="replace").strip()[:150] or f"exit status {done.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error
    if why:
        print(f"cannot: {' '.join(command)[:100]}: {why}")


def by(writer, name, *command, want="allowed", **how):
    run(*command)
    case(name, writer, want, **how)


def call(writer, name, function, want="allowed", **how):
    """Has a library write the file at the path that the function gets."""
    try:
        function(path(name))
    except Exception as error:  # Whatever it says of what it cannot write.
        print(f"cannot: {name} by {writer}: {error!r}"[:200])
        if os.path.exists(path(name)):
            os.remove(path(name))
    case(name, writer, want, **how)


def tool(*names):
    """The first of these programs that is here: ImageMagick 6 and 7 have theirs under different names."""
    return next(filter(shutil.which, names), names[-1])


CONVERT = tool("convert-im6.q16", "convert-im7.q16", "convert")
GS = ["gs", "-q", "-dBATCH", "-dNOPAUSE"]
noise = Image.fromarray(numpy.random.default_rng(1).integers(0, 255, (200, 300, 3), dtype=numpy.uint8))
smooth = Image.linear_gradient("L").convert("RGB")


def pictures():
    def pil(name, picture=noise, writer="Pillow", **options):
        call(writer, name, lambda where: picture.save(where, **options))

    smooth.save(path("base.png"))
    for ext in ("png", "jpg", "gif", "bmp", "tif"):
        pil(f"pil-noise.{ext}")
        pil(f"pil-smooth.{ext}", smooth)
        by("ImageMagick", f"im.{ext}", CONVERT, "base.png", f"im.{ext}")
        by("GraphicsMagick", f"gm.{ext}", "gm", "convert", "base.png", f"gm.{ext}")
    pil("pil-progressive.jpg", progressive=True, quality=95)
    pil("pil-exif-icc.jpg", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", icc_profile=b"x" * 70_000)
    pil("pil-cmyk.jpg", noise.convert("CMYK"))
    pil("pil-mpo.jpg", format="MPO", save_all=True, append_images=[smooth])
    pil("pil-animated.gif", save_all=True, append_images=[smooth.resize(noise.size)])
    pil("pil-animated.png", save_all=True, append_images=[noise])
    for mode in ("1", "L", "P"):
        for ext in ("bmp", "png", "tif", "gif"):
            pil(f"pil-{mode}.{ext}", noise.convert(mode))
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"):
        pil(f"pil-{compression}.tif", compression=compression)
    pil("pil-pages.tiff", save_all=True, append_images=[noise, noise])
    by("libtiff", "tiffcp-big.tif", "tiffcp", "-8", "pil-noise.tif", "tiffcp-big.tif")
    for target, name in (("bmp2:", "im2.bmp"), ("bmp3:", "im3.bmp"), ("gif87:", "im87.gif"), ("png8:", "im8.png"), ("ptif:", "imp.tif")):
        by("ImageMagick", name, CONVERT, "base.png", target + name)
    by("ImageMagick", "imp.jpg", CONVERT, "base.png", "-interlace", "Plane", "imp.jpg")
    by("ImageMagick", "immsb.tif", CONVERT, "base.png", "-define", "tiff:endian=msb", "immsb.tif")
    by("ImageMagick", "imrle.bmp", CONVERT, "base.png", "-compress", "RLE", "-type", "Palette", "imrle.bmp")
    run("sh", "-c", "cjpeg pil-noise.bmp > cjpeg.jpg")
    case("cjpeg.jpg", "libjpeg")
    for ext, encoder in (("png", "pngenc"), ("jpg", "jpegenc")):
        video("gst." + ext, encoder, frames=1)
        case("gst." + ext, "GStreamer")


def pages():
    """PDF, and pictures made of it."""

    def reportlab(where, **options):
        page = canvas.Canvas(where, **options)
        page.drawString(100, 700, "Faktura")
        page.drawImage(path("pil-noise.jpg"), 10, 10)
        page.showPage()
        page.save()

    call("ReportLab", "reportlab.pdf", reportlab)
    call("ReportLab", "reportlab-encrypted.pdf", lambda where: reportlab(where, encrypt="x"))
    call("img2pdf", "img2pdf.pdf", lambda _: write("img2pdf.pdf", img2pdf.convert(path("pil-noise.jpg"))))
    call("Pillow", "pil.pdf", noise.save)
    by("GraphicsMagick", "gm.pdf", "gm", "convert", "base.png", "gm.pdf")
    by("libtiff", "tiff2pdf.pdf", "tiff2pdf", "-o", "tiff2pdf.pdf", "pil-noise.tif")
    write("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='5' height='5'/></svg>")
    by("librsvg", "rsvg.pdf", "rsvg-convert", "-f", "pdf", "-o", "rsvg.pdf", "drawing.svg")
    by("librsvg", "rsvg.png", "rsvg-convert", "-o", "rsvg.png", "drawing.svg")
    php = "require '/usr/share/php/fpdf/fpdf.php'; $f = new FPDF(); $f->AddPage(); $f->SetFont('Helvetica', '', 12); $f->Cell(40, 10, 'Faktura');"
    by("FPDF", "fpdf.pdf", "php", "-r", php + " $f->Output('F', 'fpdf.pdf');")
    by("Prawn", "prawn.pdf", "ruby", "-rprawn", "-e", "Prawn::Document.generate('prawn.pdf') { text 'Faktura' }")
    by("poppler", "page.ps", "pdftops", "reportlab.pdf", "page.ps", want="a PostScript document")
    by("Ghostscript", "gs.pdf", *GS, "-sDEVICE=pdfwrite", "-sOutputFile=gs.pdf", "page.ps")
    by("Ghostscript", "gsa.pdf", *GS, "-dPDFA=2", "-sDEVICE=pdfwrite", "-sOutputFile=gsa.pdf", "reportlab.pdf")
    for device, name in (("png16m", "gs.png"), ("jpeg", "gs.jpg"), ("tiff24nc", "gs.tif"), ("tiffg4", "gsg4.tif"), ("bmp16m", "gs.bmp")):
        by("Ghostscript", name, *GS, f"-sDEVICE={device}", f"-sOutputFile={name}", "page.ps")
    by("Ghostscript", "gs.xps", *GS, "-sDEVICE=xpswrite", "-sOutputFile=gs.xps", "page.ps", want="an XPS document")
    by("qpdf", "qpdf-linear.pdf", "qpdf", "--linearize", "reportlab.pdf", "qpdf-linear.pdf")
    by("qpdf", "qpdf-encrypted.pdf", "qpdf", "--encrypt", "u", "o", "256", "--", "reportlab.pdf", "qpdf-encrypted.pdf")
    by("qpdf", "qpdf-streams.pdf", "qpdf", "--object-streams=generate", "reportlab.pdf", "qpdf-streams.pdf")
    by("cairo", "cairo.pdf", "pdftocairo", "-pdf", "reportlab.pdf", "cairo.pdf")
    by("poppler", "united.pdf", "pdfunite", "gs.pdf", "reportlab.pdf", "united.pdf")
    for ext, name in (("png", "poppler-png.png"), ("jpeg", "poppler-jpeg.jpg"), ("tiff", "poppler-tiff.tif")):
        by("poppler", name, "pdftoppm", f"-{ext}", "-singlefile", "reportlab.pdf", f"poppler-{ext}")
    by("cairo", "cairo.svg", "pdftocairo", "-svg", "reportlab.pdf", "cairo.svg", want="an SVG drawing")

    def invoice(where):
        with pikepdf.open(path("gs.pdf")) as file:
            octets = b"<?xml version='1.0'?><Invoice/>"
            file.attachments["xml"] = pikepdf.AttachedFileSpec(file, octets, filename="factur-x.xml")
            file.save(where)

    def script(where):
        with pikepdf.open(path("gs.pdf")) as file:
            file.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
            file.save(where, object_stream_mode=pikepdf.ObjectStreamMode.disable)

    call("pikepdf", "facturx.pdf", invoice)
    call("pikepdf", "javascript.pdf", script, active=True)


def other_pictures():
    for ext, words in (
        ("webp", "a WebP picture"),
        ("jp2", "a picture (JP2)"),
        ("ico", "an icon"),
        ("psd", "a picture (PSD)"),
        ("xpm", "an XPM picture"),
        ("tga", "not known"),
        ("ppm", "a picture"),
        ("pcx", "a picture"),
    ):
        by("ImageMagick", f"other.{ext}", CONVERT, "base.png", f"other.{ext}", want=words)
    heic = "a HEIC picture; send it as JPEG"
    by("libheif", "a.heic", "heif-enc", "base.png", "-o", "a.heic", want=heic)
    if os.path.exists(path("a.heic")):
        shutil.copyfile(path("a.heic"), path("heic-named.jpg"))
        case("heic-named.jpg", "libheif", heic, "image/jpeg")
    by("libheif", "a.avif", "heif-enc", "-A", "base.png", "-o", "a.avif", want="an AVIF picture; send it as JPEG")
    call("Pillow", "pil.webp", lambda where: noise.save(where, lossless=True), "a WebP picture; send it as JPEG")
    call("Pillow", "pil.icns", noise.resize((256, 256)).save, "a picture")
    by("DjVuLibre", "a.djvu", "c44", "pil-noise.jpg", "a.djvu", want="a document (DjVu)")
    case("drawing.svg", "by hand", "an SVG drawing")


def video(name, *elements, frames=10):
    picture = ["videotestsrc", f"num-buffers={frames}", "!", "video/x-raw,width=176,height=144", "!", "videoconvert"]
    stream(name, picture, elements)


def audio(name, *elements):
    stream(name, ["audiotestsrc", "num-buffers=20", "!", "audioconvert"], elements)


def stream(name, source, elements):
    command = ["gst-launch-1.0", "-q", *source]
    for element in (*elements, "filesink"):
        command += ["!", element]
    run(*command, f"location={name}")


def sounds_and_films():
    mp3 = ("lamemp3enc", "mpegaudioparse")
    for name, elements in {
        "a.mp3": mp3,
        "a.ogg": ("vorbisenc", "oggmux"),
        "a.opus": ("opusenc", "oggmux"),
        "a.wav": ("wavenc",),
        "a.flac": ("flacenc",),
        "sound.mp4": (*mp3, "mp4mux"),
    }.items():
        audio(name, *elements)
        case(name, "GStreamer", "a sound")
    for ext in ("aiff", "au", "amr-nb", "wav", "flac"):
        name = f"sox.{ext}"
        by("SoX", name, "sox", "-n", "-r", 8000, "-c", 1, name, "synth", 1, "sine", 440, want="a sound")
    for name, elements in {
        "v.mov": ("jpegenc", "qtmux"),
        "v.mp4": ("vp9enc", "mp4mux"),
        "v.avi": ("jpegenc", "avimux"),
        "v.mkv": ("jpegenc", "matroskamux"),
        "v.webm": ("vp8enc", "webmmux"),
        "v.ogv": ("theoraenc", "oggmux"),
    }.items():
        video(name, *elements)
        case(name, "GStreamer", "a film")
    for name, elements in {"v.flv": (*mp3, "flvmux"), "v.3gp": (*mp3, "3gppmux")}.items():
        audio(name, *elements)
        case(name, "GStreamer", "a film")
    # A picture with a film behind it, and two pictures in one: as telephones write them.
    for second, name in (("v.mp4", "motion.jpg"), ("pil-smooth.jpg", "hdr.jpg")):
        call("a telephone", name, lambda _, second=second, name=name: write(name, read("pil-noise.jpg") + read(second)))


def archives():
    write("text.txt", "Zażółć gęślą jaźń\n".encode() * 50)
    text = path("text.txt")

    def pack(mode):
        def packed(where):
            with tarfile.open(where, mode) as file:
                file.add(text, "text.txt")

        return packed

    def squeeze(module):
        def squeezed(where):
            with module.open(where, "w") as file:
                file.write(b"x" * 99)

        return squeezed

    def python_zip(where):
        with zipfile.ZipFile(where, "w", zipfile.ZIP_DEFLATED) as file:
            file.write(text, "text.txt")

    call("Python", "python.zip", python_zip, "a ZIP archive")
    by("Info-ZIP", "info.zip", "zip", "-q", "info.zip", "text.txt", want="a ZIP archive")
    by("Info-ZIP", "encrypted.zip", "zip", "-q", "-e", "-P", "x", "encrypted.zip", "text.txt", want="a ZIP archive")
    for ext, words in (("7z", "a 7z archive"), ("zip", "a ZIP archive"), ("tar", "an archive"), ("wim", "an archive (WIM)")):
        by("7-Zip", f"seven.{ext}", "7zz", "a", f"-t{ext}", f"seven.{ext}", "text.txt", want=words)
    call("Python", "t.tar", pack("w"), "an archive")
    call("Python", "t.tar.gz", pack("w:gz"), "an archive (GZ)")
    call("Python", "t.bz2", squeeze(bz2), "an archive")
    call("Python", "t.xz", squeeze(lzma), "an archive")
    by("GNU tar", "gnu.tar", "tar", "-cf", "gnu.tar", "text.txt", want="an archive")
    by("GNU tar", "gnu.tar.gz", "tar", "-czf", "gnu.tar.gz", "text.txt", want="an archive (GZ)")
    by("Zstandard", "t.zst", "zstd", "-q", "-f", "text.txt", "-o", "t.zst", want="an archive")
    by("ARJ", "t.arj", "arj", "a", "t.arj", "text.txt", want="an archive")
    by("genisoimage", "t.iso", "genisoimage", "-quiet", "-o", "t.iso", "text.txt", want="an image of a disk (ISO)")
    for ext in ("vhdx", "qcow2"):
        by("QEMU", f"d.{ext}", "qemu-img", "create", "-q", "-f", ext, f"d.{ext}", "1M", want="an image of a disk")


def office():
    def book(where):
        workbook = xlwt.Workbook()
        workbook.add_sheet("x")
        workbook.save(where)

    def novel(where):
        volume, chapter = epub.EpubBook(), epub.EpubHtml(title="x", file_name="x.xhtml")
        volume.set_identifier("x")
        volume.set_title("x")
        chapter.content = "<p>x</p>"
        volume.add_item(chapter)
        volume.spine = [chapter]
        volume.add_item(epub.EpubNcx())
        epub.write_epub(where, volume)

    call("python-docx", "d.docx", lambda where: docx.Document().save(where), "a Word document (DOCX)")
    call("openpyxl", "d.xlsx", lambda where: openpyxl.Workbook().save(where), "an Excel workbook (XLSX)")
    call("XlsxWriter", "w.xlsx", lambda where: xlsxwriter.Workbook(where).close(), "an Excel workbook (XLSX)")
    call("xlwt", "d.xls", book, "an old Excel workbook (XLS)")
    call("odfpy", "d.odt", lambda where: odf.opendocument.OpenDocumentText().save(where), "an OpenDocument text (ODT)")
    call("odfpy", "d.ods", lambda where: odf.opendocument.OpenDocumentSpreadsheet().save(where), "an OpenDocument table (ODS)")
    call("EbookLib", "d.epub", novel, "an e-book (EPUB)")
    write("d.rtf", b"{\\rtf1\\ansi Faktura}")
    case("d.rtf", "by hand", "a rich text (RTF)")


def programs():
    # Of this system: a program, a library, a script.
    shutil.copyfile("/bin/ls", path("ls"))
    case("ls", "GNU ld", "a Linux program")
    for library in sorted(glob.glob("/usr/lib/python3/dist-packages/PIL/_imaging.*.so")):
        shutil.copyfile(library, path("imaging.so"))
        case("imaging.so", "GNU ld", "a Linux program")
    if os.path.exists("/usr/bin/ldd"):
        shutil.copyfile("/usr/bin/ldd", path("ldd"))
        case("ldd", "by hand", "a script")
    by("binutils", "ls.exe", "objcopy", "-O", "pei-x86-64", "/bin/ls", "ls.exe", want="a Windows program")
    write("T.java", b"class T { }")
    by("javac", "T.class", "javac", "T.java", want="a Java program")
    by("jar", "T.jar", "jar", "cf", "T.jar", "T.class", want="a Java program")
    os.makedirs(path("package/DEBIAN"), exist_ok=True)
    write("package/DEBIAN/control", b"Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.com>\nDescription: x\n")
    by("dpkg", "x.deb", "dpkg-deb", "--build", "package", "x.deb", want="a package of programs")
    shutil.rmtree(path("package"))


def keys():
    def openssl(name, *words, want, declared="application/octet-stream"):
        by("OpenSSL", name, "openssl", *words, "-out", name, want=want, declared=declared)

    openssl("c.pem", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", "k.pem", want="a certificate")
    case("k.pem", "OpenSSL", "a key or a certificate")
    openssl("c.cer", "x509", "-in", "c.pem", "-outform", "der", want="a key or a certificate")
    openssl("c.p12", "pkcs12", "-export", "-in", "c.pem", "-inkey", "k.pem", "-passout", "pass:x", want="a key or a certificate")
    signed = ["smime", "-sign", "-in", "text.txt", "-signer", "c.pem", "-inkey", "k.pem", "-outform", "DER"]
    openssl("smime.p7s", *signed, want="signature")
    run("openssl", "smime", "-encrypt", "-in", "text.txt", "-outform", "DER", "-out", "smime.p7m", "c.pem")
    case("smime.p7m", "OpenSSL", "encrypted", "application/pkcs7-mime")
    with tempfile.TemporaryDirectory() as home:  # Short: the path of its agent's socket has to fit.
        gpg = ["gpg", "--homedir", home, "--batch", "--yes", "--passphrase", ""]
        run(*gpg, "--quick-gen-key", "x@example.com", "default", "default")
        by("GnuPG", "pub.asc", *gpg, "--armor", "-o", "pub.asc", "--export", want="a PGP key")
        by("GnuPG", "sig.asc", *gpg, "--armor", "-o", "sig.asc", "--detach-sign", "text.txt", want="signature")
        encrypt = ["-r", "x@example.com", "--trust-model", "always", "-e", "text.txt"]
        by("GnuPG", "enc.asc", *gpg, "--armor", "-o", "enc.asc", *encrypt, want="an encrypted PGP message")
        by("GnuPG", "pub.gpg", *gpg, "-o", "pub.gpg", "--export", want="an encrypted file")
        run("gpgconf", "--homedir", home, "--kill", "all")


def texts():
    letter = email.message.EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "a@b.example", "c@d.example", "x"
    letter.set_content("x")
    write("m.eml", bytes(letter))
    case("m.eml", "Python", "an e-mail message (EML)")
    case("text.txt", "by hand", "a text")
    with open(path("t.csv"), "w", encoding="utf-8") as file:
        csv.writer(file).writerows([["a", "b"], [1, 2]])
    case("t.csv", "Python", "a text")
    write("t.json", json.dumps({"a": 1}).encode())
    case("t.json", "Python", "a text")
    database = sqlite3.connect(path("t.sqlite"))
    database.execute("create table t(x)")
    database.commit()
    database.close()
    case("t.sqlite", "SQLite", "a database")
    write("t.pickle", pickle.dumps({"a": 1}))
    case("t.pickle", "Python", "not known")


def two_in_one():
    """A picture or a page with something else behind it."""
    for name, first, second, words in (
        ("zip.jpg", "pil-noise.jpg", "info.zip", "with a ZIP archive"),
        ("7z.png", "pil-noise.png", "seven.7z", "with a 7z archive"),
        ("zip.tif", "im.tif", "python.zip", "with a ZIP archive"),
        ("zip.pdf", "gs.pdf", "encrypted.zip", "with a ZIP archive"),
        ("jar.gif", "im.gif", "T.jar", "with a ZIP archive"),
        ("tar.gz.bmp", "im.bmp", "t.tar.gz", "with a GZIP archive"),
        ("docx.jpg", "im.jpg", "d.docx", "with a ZIP archive"),
        ("xls.png", "im.png", "d.xls", "with an old Office document"),
        ("zst.jpg", "im.jpg", "t.zst", "Zstandard"),
        ("elf.tif", "pil-pages.tiff", "ls", "a Linux program"),
        ("exe.png", "gs.png", "ls.exe", "a Windows program"),
    ):
        if os.path.exists(path(first)) and os.path.exists(path(second)):
            write(name, read(first) + read(second))
            case(name, "two in one", words)


for part in (pictures, pages, other_pictures, sounds_and_films, archives, office, programs, keys, texts, two_in_one):
    part()
with open(path("want.json"), "w", encoding="utf-8") as file:
    json.dump(cases, file, indent=1)
for kind, names in sorted(writers.items()):
    print(f"{kind}: {', '.join(sorted(names))}")
extensions = {one["file"].rsplit(".", 1)[-1] for one in cases}
print(f"{len(cases)} files, {len(extensions)} extensions")
sys.exit(len(cases) < FILES or len(writers["application/pdf"]) < PDF_WRITERS)
