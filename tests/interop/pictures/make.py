#!/usr/bin/python3
"""Makes a few hundred small pictures by many programs: `make.py FOLDER` leaves FOLDER/NAME.EXT, and tells how many each program wrote.

clean_* holds nothing private, and has to stay octet by octet; full_* holds something that has to go; any_* may be either; big_* is a BigTIFF,
which is refused. Every run makes the same, but for the times and paths that some programs write into theirs. What a program here cannot write
is told by a line `cannot: ...`, and left out. Exit status 1: too few pictures, or too few programs.
"""
import collections
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import piexif
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

OUT = os.path.normpath(sys.argv[1])
PICTURES, PROGRAMS = 300, 15
EPOCH = 1_700_000_000
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SOURCE_DATE_EPOCH": str(EPOCH)}
warnings.simplefilter("ignore")
os.makedirs(OUT, exist_ok=True)
os.environ["TZ"] = "UTC"
SCRATCH = tempfile.TemporaryDirectory()
writers = collections.defaultdict(set)


def base(name):
    """Where something that programs start from is kept."""
    return os.path.join(SCRATCH.name, name)


def out(name):
    """Where a picture is made."""
    return os.path.join(OUT, name)


def drop(path):
    if os.path.exists(path):
        os.remove(path)


def wrote(writer, path):
    if os.path.dirname(path) == OUT:
        writers[writer].add(path)


def run(writer, path, *command, into_file=False):
    """Has a program make or change the picture: whether it did. With `into_file` the picture is what it prints."""
    command = [str(word) for word in command]
    try:
        done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        why = done.stderr.decode(errors="replace").strip()[:120]
    except OSError as error:
        done, why = None, str(error)
    if done and done.returncode == 0 and into_file:
        with open(path, "wb") as file:
            file.write(done.stdout)
    if not done or done.returncode != 0 or not os.path.exists(path) or os.path.getsize(path) == 0:
        print(f"cannot: {os.path.basename(path)} by {' '.join(command)[:80]}: {why}")
        drop(path)
        return False
    wrote(writer, path)
    return True


def put(name, octets, writer="by hand"):
    with open(out(name), "wb") as file:
        file.write(octets)
    wrote(writer, out(name))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def pil(name, picture, **options):
    try:
        picture.save(out(name), **options)
        wrote("Pillow", out(name))
    except (OSError, ValueError, KeyError) as error:
        print(f"cannot: {name} by Pillow: {error}")
        drop(out(name))


def tool(*names):
    """The first of these programs that is here: ImageMagick 6 and 7 have theirs under different names."""
    return next(filter(shutil.which, names), names[-1])


CONVERT = tool("convert-im6.q16", "convert-im7.q16", "convert")

# What is shown: a smooth picture with noise in it, in all colour models.
rng = np.random.default_rng(7)
y, x = np.mgrid[0:68, 0:100]
photo = np.stack([128 + 100 * np.sin(x / 9 + y / 30), 128 + 90 * np.cos(y / 7), (x * 2 + y) % 256], -1)
photo = np.clip(photo + rng.normal(0, 6, photo.shape), 0, 255).astype(np.uint8)
rgb = Image.fromarray(photo)
gray, palette, bitmap, cmyk = rgb.convert("L"), rgb.quantize(32), rgb.convert("1"), rgb.convert("CMYK")
rgba = rgb.copy()
rgba.putalpha(gray)
gray_alpha = gray.copy()
gray_alpha.putalpha(gray.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
deep = Image.fromarray(photo[:, :, 0].astype(np.uint16) * 257)
frames = [Image.fromarray(np.roll(photo, 9 * n, 1)) for n in range(4)]
icc = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
icc[24:36] = struct.pack(">6H", 2024, 1, 2, 3, 4, 5)  # When it was made.
icc = bytes(icc)
fat_icc = bytearray(icc + rng.bytes(150_000))  # More than two segments of a JPEG.
fat_icc[:4] = struct.pack(">I", len(fat_icc))
fat_icc = bytes(fat_icc)


def jpeg(picture=rgb, **options):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


thumbnail = jpeg(rgb.resize((25, 17)))
XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf='
    b'"http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="secret"/>'
    b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
EXIF = piexif.dump(
    {
        "0th": {
            piexif.ImageIFD.Make: b"Maker",
            piexif.ImageIFD.Model: b"Phone 9",
            piexif.ImageIFD.Software: b"sw 1.2",
            piexif.ImageIFD.DateTime: b"2024:01:02 03:04:05",
            piexif.ImageIFD.XResolution: (72, 1),
            piexif.ImageIFD.YResolution: (72, 1),
            piexif.ImageIFD.ResolutionUnit: 2,
            piexif.ImageIFD.ImageDescription: b"me at home",
        },
        "Exif": {
            piexif.ExifIFD.DateTimeOriginal: b"2024:01:02 03:04:05",
            piexif.ExifIFD.BodySerialNumber: b"SN12345",
            piexif.ExifIFD.CameraOwnerName: b"Jane Doe",
            piexif.ExifIFD.MakerNote: b"MAKERNOTE" * 40,
            piexif.ExifIFD.UserComment: b"ASCII\0\0\0hello",
        },
        "GPS": {
            piexif.GPSIFD.GPSLatitudeRef: b"N",
            piexif.GPSIFD.GPSLatitude: ((48, 1), (8, 1), (0, 1)),
            piexif.GPSIFD.GPSLongitudeRef: b"E",
            piexif.GPSIFD.GPSLongitude: ((11, 1), (34, 1), (0, 1)),
        },
        "1st": {piexif.ImageIFD.Compression: 6},
        "thumbnail": thumbnail,
    }
)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def behind_start(stream, *segments):
    return stream[:2] + b"".join(segments) + stream[2:]


XMP_SEGMENT = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)


def sources():
    """What programs read."""
    for name, picture in {"rgb": rgb, "gray": gray, "bw": bitmap, "rgba": rgba, "pal": palette}.items():
        picture.save(base(name + ".png"))
    rgb.save(base("rgb.ppm"))
    gray.save(base("gray.pgm"))
    bitmap.save(base("bw.pbm"))
    for n, frame in enumerate(frames):
        frame.save(base(f"f{n}.png"))
        frame.quantize(64).save(base(f"f{n}.gif"))
        frame.save(base(f"f{n}.tif"))
    for name, octets in {
        "srgb.icc": icc,
        "thumb.jpg": thumbnail,
        "text.txt": b"Author Jane\nTitle geheim\n",
        "exif": struct.pack(">H", len(EXIF) + 2) + EXIF,
        "page.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'><rect width='50' height='30' fill='red'/></svg>",
        "page.ps": b"%!PS-Adobe-3.0\n%%Title: secret\n%%BoundingBox: 0 0 90 60\n<< /PageSize [90 60] >> setpagedevice\n1 0 0 setrgbcolor\n"
        b"10 10 50 30 rectfill\nshowpage\n%%EOF\n",
    }.items():
        with open(base(name), "wb") as file:
            file.write(octets)
    for name in os.listdir(SCRATCH.name):
        os.utime(base(name), (EPOCH, EPOCH))


def pillow_jpeg():
    for n, options in enumerate(
        [
            {},
            {"progressive": True},
            {"optimize": True},
            {"quality": 30, "subsampling": 0},
            {"quality": 95, "subsampling": 2},
            {"dpi": (300, 300)},
            {"icc_profile": icc},
        ]
    ):
        pil(f"clean_pil_{n}.jpg", rgb, **options)
    pil("clean_pil_gray.jpg", gray)
    pil("clean_pil_cmyk.jpg", cmyk)
    pil("clean_pil_cmyk_icc.jpg", cmyk, icc_profile=icc)
    pil("clean_pil_bigicc.jpg", rgb, icc_profile=fat_icc)
    pil("full_pil_comment.jpg", rgb, comment="secret comment")
    pil("full_pil_exif.jpg", rgb, exif=EXIF)
    pil("full_pil_exif_dpi.jpg", rgb, exif=EXIF, dpi=(300, 300), progressive=True)
    put("full_pil_xmp.jpg", behind_start(jpeg(exif=EXIF, icc_profile=icc), XMP_SEGMENT), "Pillow")
    pil("full_pil_copyright.jpg", rgb, exif=piexif.dump({"0th": {315: b"Jane Artist", 33432: b"(c) Jane", 271: b"M"}}))
    # Older versions of Pillow have no room for more than two.
    pil("full_pil_mpo.jpg", frames[0], format="MPO", save_all=True, append_images=frames[1:2])


def pillow_orientation():
    for n in range(1, 9):
        pil(f"full_pil_orient{n}.jpg", rgb, exif=piexif.dump({"0th": {274: n, 271: b"Maker"}, "GPS": {1: b"N"}}))
        exif = Image.Exif()
        exif[274] = n
        # An orientation of 1 says nothing, and its Exif goes.
        kind = "clean" if n > 1 else "any"
        pil(f"{kind}_pil_orientonly{n}.jpg", rgb, exif=exif)
        pil(f"{kind}_pil_orientonly{n}.png", rgb, exif=exif)
        exif[271], exif[315], exif[33432] = "Maker", "Jane Artist", "(c) Jane"
        pil(f"full_pil_orient{n}.png", rgb, exif=exif)
        pil(f"full_pil_orient{n}.tif", rgb, exif=exif)


def chunks():
    """Chunks of a PNG that nobody needs to show it."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "Jane")
    info.add_text("Comment", "zzz" * 90, zip=True)
    info.add_text("Raw profile type exif", "\nexif\n 4\n45786966\n")
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add_itxt("Title", "geheim", zip=True)
    info.add(b"tIME", bytes([7, 232, 1, 2, 3, 4, 5]))
    info.add(b"prVt", b"private", after_idat=True)
    info.add(b"caBX", b"jumb" * 9)
    return info


def pillow_others():
    for mode, picture in {"1": bitmap, "L": gray, "LA": gray_alpha, "P": palette, "RGB": rgb, "RGBA": rgba, "I16": deep}.items():
        pil(f"clean_pil_{mode}.png", picture)
        pil(f"clean_pil_{mode}_o.png", picture, optimize=True, dpi=(300, 300), icc_profile=icc if mode != "P" else None)
        if mode != "LA":
            pil(f"clean_pil_{mode}.tif", picture)
        if mode not in ("LA", "I16"):
            pil(f"clean_pil_{mode}.bmp", picture)
    pil("clean_pil_trns.png", palette, transparency=3)
    for mode, picture in {"RGB": rgb, "P": palette, "RGBA": rgba}.items():
        pil(f"full_pil_text_{mode}.png", picture, pnginfo=chunks(), exif=EXIF)
    pil("clean_pil_apng.png", frames[0], save_all=True, append_images=frames[1:], duration=80, loop=0)
    more = [frame.convert("RGBA") for frame in frames]
    pil("clean_pil_apng2.png", rgba, save_all=True, append_images=more, duration=[10, 20, 30, 40, 50], loop=3, disposal=1, blend=1)
    pil("full_pil_apng_text.png", frames[0], save_all=True, append_images=frames[1:], duration=80, pnginfo=chunks(), exif=EXIF)
    pil("clean_pil.gif", rgb)
    pil("clean_pil_i.gif", palette, interlace=0)
    pil("clean_pil_anim.gif", frames[0], save_all=True, append_images=frames[1:], duration=[50, 70, 90, 110], loop=0)
    pil("clean_pil_trans.gif", palette, transparency=3)
    pil("full_pil_comment.gif", frames[0], save_all=True, append_images=frames[1:], comment=b"secret" * 60, loop=2)
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg", "lzma", "zstd", "webp"):
        pil(f"clean_pil_{compression}.tif", rgb, compression=compression)
    for compression in ("group3", "group4", "tiff_ccitt"):
        pil(f"clean_pil_{compression}.tif", bitmap, compression=compression)
    pil("clean_pil_cmyk.tif", cmyk, icc_profile=icc)
    pil("any_pil_multi.tif", frames[0].copy(), save_all=True, append_images=[frame.copy() for frame in frames[1:]])
    private = {"description": "secret", "software": "sw", "artist": "Jane Artist", "copyright": "(c) Jane", "date_time": "2024:01:02 03:04:05"}
    pil("full_pil_desc.tif", rgb, dpi=(300, 300), **private)


def imagemagick():
    def im(name, *arguments, kind=""):
        run("ImageMagick", out(name), CONVERT, *arguments, kind + out(name))

    gifs = [base(f"f{n}.gif") for n in range(4)]
    comment = ["-set", "comment", "secret"]
    profile = ["-profile", base("srgb.icc")]
    for n, options in enumerate(
        [
            [],
            ["-interlace", "JPEG"],
            ["-sampling-factor", "1x1"],
            ["-density", 300, "-units", "PixelsPerInch"],
            ["-colorspace", "Gray"],
            ["-colorspace", "CMYK"],
            ["-quality", 100],
        ]
    ):
        im(f"clean_im_{n}.jpg", base("rgb.png"), *options, "-strip")
        im(f"full_im_{n}.jpg", base("rgb.png"), *options, *comment, *profile)
    for kind in ("png8", "png24", "png32", "png48", "png64", "png00"):
        im(f"full_im_{kind}.png", base("rgba.png"), "-set", "Author", "Jane", kind=kind + ":")
        im(f"clean_im_{kind}.png", base("rgba.png"), "-strip", "-define", "png:exclude-chunks=date,time,text", kind=kind + ":")
    im("full_im_interlace.png", base("rgb.png"), "-interlace", "PNG", "-gamma", "0.45455", "-page", "+5+7", "-set", "comment", "x")
    im("clean_im_anim.gif", "-delay", 8, "-loop", 0, *gifs, "-strip")
    im("full_im_anim.gif", "-delay", 8, *gifs, *comment, *profile)
    im("full_im_opt.gif", "-delay", 8, "-dispose", "previous", *gifs, "-layers", "optimize", *comment)
    for compression in ("None", "LZW", "Zip", "RLE", "JPEG", "LZMA", "ZSTD", "WebP"):
        private = [*comment, "-set", "tiff:software", "SW 9", "-set", "tiff:artist", "Jane Artist"]
        im(f"full_im_{compression}.tif", base("rgb.png"), "-compress", compression, *private)
        im(f"any_im_{compression}_msb.tif", base("rgba.png"), "-endian", "MSB", "-compress", compression)
    for compression in ("Fax", "Group4"):
        im(f"any_im_{compression}.tif", base("bw.png"), "-compress", compression, "-set", "label", "secret")
    im("any_im_tile.tif", base("rgb.png"), "-define", "tiff:tile-geometry=32x32", "-compress", "Zip")
    im("any_im_multi.tif", *[base(f"f{n}.png") for n in range(4)], *profile, "-compress", "LZW")
    im("any_im_float.tif", base("rgb.png"), "-depth", 32, "-define", "quantum:format=floating-point")
    im("any_im_planar.tif", base("rgb.png"), "-interlace", "plane")
    im("any_im_cmyk.tif", base("rgb.png"), "-colorspace", "CMYK")
    im("any_im_pal.tif", base("pal.png"))
    im("any_im_lab.tif", base("rgb.png"), "-colorspace", "Lab")
    im("clean_im.bmp", base("rgb.png"))
    im("clean_im_alpha.bmp", base("rgba.png"))
    im("clean_im_prof.bmp", base("rgb.png"), *profile)
    for kind in ("bmp2", "bmp3"):
        im(f"clean_im_{kind}.bmp", base("rgb.png"), kind=kind + ":")
    im("clean_im_rle.bmp", base("pal.png"), "-type", "Palette", "-compress", "RLE", kind="bmp3:")
    im("clean_im_bw.bmp", base("bw.png"), "-monochrome")


def graphicsmagick():
    for n, (ext, options) in enumerate(
        [
            ("jpg", []),
            ("jpg", ["-interlace", "Line"]),
            ("png", []),
            ("gif", []),
            ("bmp", []),
            ("tif", ["-compress", "LZW"]),
            ("tif", ["-compress", "JPEG"]),
            ("tif", ["-compress", "Zip", "-endian", "MSB"]),
        ]
    ):
        path = out(f"{'clean' if ext == 'bmp' else 'full'}_gm_{n}.{ext}")
        run("GraphicsMagick", path, "gm", "convert", base("rgb.png"), "-comment", "secret", *options, path)


def libjpeg():
    for n, options in enumerate(
        [
            [],
            ["-progressive"],
            ["-arithmetic"],
            ["-restart", "1"],
            ["-restart", "1B"],
            ["-grayscale"],
            ["-rgb"],
            ["-sample", "2x1"],
            ["-optimize"],
            ["-icc", base("srgb.icc")],
            ["-quality", "5", "-progressive"],
            ["-arithmetic", "-progressive"],
            ["-dct", "float", "-restart", 2],
        ]
    ):
        plain, commented = out(f"clean_cjpeg_{n}.jpg"), out(f"full_wrjpgcom_{n}.jpg")
        if run("cjpeg", plain, "cjpeg", *options, base("rgb.ppm"), into_file=True):
            run("wrjpgcom", commented, "wrjpgcom", "-comment", "secret comment", plain, into_file=True)
    for n, options in enumerate(
        [["-progressive"], ["-arithmetic"], ["-restart", "1"], ["-rotate", "90"], ["-grayscale"], ["-optimize"], ["-arithmetic", "-progressive"]]
    ):
        run("jpegtran", out(f"full_jpegtran_{n}.jpg"), "jpegtran", "-copy", "all", *options, out("full_pil_xmp.jpg"), into_file=True)


def netpbm():
    def pbm(name, *command):
        return run("netpbm", out(name), *command, into_file=True)

    text, time = base("text.txt"), ["-modtime", "2024-01-02 03:04:05"]
    pbm("full_netpbm_0.png", "pnmtopng", "-text", text, *time, "-size", "3000 3000 1", "-gamma", "0.45", "-interlace", base("rgb.ppm"))
    pbm("any_netpbm_1.png", "pnmtopng", "-background", "#ff00ff", "-size", "1 1 1", base("rgb.ppm"))
    pbm("clean_netpbm_2.png", "pnmtopng", "-transparent", "#000000", "-hist", base("gray.pgm"))
    pbm("full_netpbm_3.png", "pnmtopng", "-ztxt", text, *time, base("bw.pbm"))
    pbm("full_netpbm_0.jpg", "pnmtojpeg", "-comment=secret", "-density=300x300dpi", base("rgb.ppm"))
    pbm("clean_netpbm_1.jpg", "pnmtojpeg", "-progressive", base("gray.pgm"))
    pbm("full_netpbm_2.jpg", "pnmtojpeg", "-exif=" + base("exif"), base("rgb.ppm"))
    for n, options in enumerate(
        [
            ["-none"],
            ["-lzw"],
            ["-packbits"],
            ["-adobeflate"],
            ["-flate"],
            ["-lzw", "-predictor=2", "-msb2lsb"],
            ["-rowsperstrip=3", "-xresolution=300", "-yresolution=300"],
        ]
    ):
        path = out(f"any_netpbm_{n}.tif")
        run("netpbm", path, "pamtotiff", *options, "-output=" + path, base("rgb.ppm"))
    path = out("any_netpbm_g4.tif")
    run("netpbm", path, "pamtotiff", "-g4", "-output=" + path, base("bw.pbm"))
    pbm("clean_netpbm.bmp", "ppmtobmp", base("rgb.ppm"))
    pbm("clean_netpbm_os2.bmp", "ppmtobmp", "-os2", base("gray.pgm"))
    pbm("full_netpbm.gif", "pamtogif", "-comment=secret", "-interlace", base("gray.pgm"))
    pbm("clean_netpbm.gif", "pamtogif", base("bw.pbm"))


def png_and_gif_tools():
    for n, source in enumerate(["full_pil_text_RGB.png", "full_pil_text_P.png", "full_pil_text_RGBA.png", "full_im_png48.png"]):
        crushed, optimised = out(f"full_pngcrush_{n}.png"), out(f"any_optipng_{n}.png")
        run("pngcrush", crushed, "pngcrush", "-q", "-text", "b", "Artist", "Jane", out(source), crushed)
        run("optipng", optimised, "optipng", "-quiet", "-o1", "-i", n % 2, "-out", optimised, out(source))
    path = out("any_apngasm.png")
    run("apngasm", path, "apngasm", path, *[base(f"f{n}.png") for n in range(4)], 1, 10)
    for n, options in enumerate(
        [
            ["--loopcount=0"],
            ["--loopcount=5", "--comment", "secret"],
            ["-O3", "--loopcount", "--app-extension", "secretapp01", "hello"],
            ["--interlace", "-d5"],
            ["--no-loopcount", "--name", "x"],
            ["--lossy=30", "-O2", "-k", "16"],
        ]
    ):
        path = out(f"any_gifsicle_{n}.gif")
        run("gifsicle", path, "gifsicle", *options, *[base(f"f{n}.gif") for n in range(4)], "-o", path)


def libtiff():
    shapes = {"": [], "t": ["-t", "-w", 32, "-l", 32], "p": ["-p", "separate"], "b": ["-B", "-r", 16], "m": None}
    for n, compression in enumerate(
        ["none", "lzw", "lzw:2", "zip", "zip:2", "packbits", "jpeg", "jpeg:r", "jpeg:90", "zstd", "lzma", "webp", "lerc"]
    ):
        for shape, options in shapes.items():
            if (shape, compression) == ("p", "webp"):
                continue
            files = [base("f0.tif")] if options is not None else [base(f"f{n}.tif") for n in range(3)]
            rows = ["-r", 16] if "jpeg" in compression and shape in ("", "p", "m") else []
            path = out(f"{'full' if shape in ('', 'm') else 'any'}_tiffcp_{n}{shape}.tif")
            if run("tiffcp", path, "tiffcp", "-c", compression, *rows, *(options or []), *files, path) and shape in ("", "m"):
                for tag, value in ((270, "secret"), (315, "Jane Artist"), (305, "SW")):
                    run("tiffset", path, "tiffset", "-s", tag, value, path)
    for n, compression in enumerate(["g3", "g3:2d", "g3:fill", "g4", "packbits"]):
        path = out(f"any_tiffcp_fax{n}.tif")
        run("tiffcp", path, "tiffcp", "-c", compression, out("clean_pil_group4.tif"), path)
    path = out("big_tiffcp.tif")
    run("tiffcp", path, "tiffcp", "-8", "-c", "zip", base("f0.tif"), path)
    for n, compression in enumerate(["jpeg", "zip"]):
        path = out(f"any_ppm2tiff_{n}.tif")
        run("ppm2tiff", path, "ppm2tiff", "-c", compression, base("rgb.ppm"), path)


def tifffile_pictures():
    def tf(name, *pages, **options):
        """One page a time: its octets, and options of its own."""
        try:
            with tifffile.TiffWriter(out(name), **options) as file:
                for page, more in pages:
                    file.write(page, **more)
            wrote("tifffile", out(name))
        except (OSError, ValueError, ImportError, KeyError) as error:
            print(f"cannot: {name} by tifffile: {error}")
            drop(out(name))

    red, stack = photo[:, :, 0].copy(), np.stack([photo[:, :, 0]] * 3)
    half, quarter = photo[::2, ::2].copy(), photo[::4, ::4].copy()
    plain, reduced = {"photometric": "rgb"}, {"photometric": "rgb", "subfiletype": 1}
    tf("full_tifffile_desc.tif", (photo, {**plain, "description": "secret", "software": "sw", "datetime": "2024:01:02 03:04:05"}))
    tf("any_tifffile_tile.tif", (photo, {**plain, "tile": (32, 32), "compression": "zlib"}), byteorder=">")
    tf("any_tifffile_planar.tif", (np.moveaxis(photo, -1, 0).copy(), {**plain, "planarconfig": "separate", "compression": "zlib", "predictor": True}))
    tf("any_tifffile_ij.tif", (stack, {"metadata": {"Info": "secret"}}), imagej=True)
    tf("big_tifffile.tif", (photo, {**plain, "compression": "lzma"}), bigtiff=True)
    tf("any_tifffile_float.tif", (photo.astype(np.float32), {**plain, "compression": "zlib"}))
    tf("any_tifffile_int32.tif", (red.astype(np.int32), {}))
    private = [
        (65000, 2, 7, "secret", True),
        (700, 1, len(XMP), XMP, True),
        (33723, 7, 8, b"\x1c\x02\x05\0\x03abc", True),
        (34377, 7, 12, b"8BIM\x04\x0c\0\0\0\0\0\0", True),
        (33922, 12, 6, (1.0,) * 6, True),
    ]
    tf("full_tifffile_private.tif", (photo, {**plain, "extratags": private}))
    tf("any_tifffile_subifd.tif", (photo, {**plain, "subifds": 2}), (half, reduced), (quarter, reduced))
    others = [(photo[::-1].copy(), plain), (photo[:, ::-1].copy(), plain)]
    last = (photo[::-1, ::-1].copy(), plain)
    tf("any_tifffile_subifd_mixed.tif", (photo, {**plain, "subifds": 4}), (half, reduced), *others, (quarter, reduced), last)
    tf("any_tifffile_thumbpage.tif", (photo, plain), (half, reduced), (photo[::-1].copy(), {**plain, "subfiletype": 2}))


def jpeg_strips(name, streams, order="<", behind=b""):
    """A TIFF whose strips are whole JPEG streams (compression 7), with what cameras and programs put into these."""
    data, starts = b"", []
    for stream in streams:
        starts.append(8 + len(data))
        data += stream + b"\0" * (len(stream) % 2)
    count, rows, arrays_at = len(streams), 34, 8 + len(data)
    arrays = struct.pack(f"{order}{count}I", *starts) + struct.pack(f"{order}{count}I", *map(len, streams))
    arrays += struct.pack(order + "3H", 8, 8, 8) + b"\0\0"

    def entry(tag, kind, number, value):
        short = kind == 3 and number == 1
        return struct.pack(order + "HHI", tag, kind, number) + struct.pack(order + ("HH" if short else "I"), *([value, 0] if short else [value]))

    entries = [
        entry(256, 3, 1, 100),
        entry(257, 3, 1, rows * count),
        entry(258, 3, 3, arrays_at + 8 * count),
        entry(259, 3, 1, 7),
        entry(262, 3, 1, 6),
        entry(273, 4, count, arrays_at if count > 1 else starts[0]),
        entry(277, 3, 1, 3),
        entry(278, 3, 1, rows),
        entry(279, 4, count, arrays_at + 4 * count if count > 1 else len(streams[0])),
        struct.pack(order + "HHIHH", 530, 3, 2, 2, 2),
    ]
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", arrays_at + len(arrays))
    directory = struct.pack(order + "H", len(entries)) + b"".join(entries) + struct.pack(order + "I", 0)
    put(name, head + data + arrays + directory + behind)


def tiff_by_hand():
    parts = [jpeg(Image.fromarray(photo[at : at + 34]), exif=EXIF, subsampling=2) for at in (0, 34)]
    parts = [behind_start(part, segment(0xFE, b"secret")) for part in parts]
    jpeg_strips("full_jpegstrips.tif", parts)
    jpeg_strips("full_jpegstrips_be.tif", parts, ">", b"trailing secret")
    jpeg_strips("full_jpegstrip1.tif", parts[:1])
    jpeg_strips("full_jpegstrip_fill.tif", [parts[0][:2] + b"\xff\xff\xff" + parts[0][2:] + b"SECRETTAIL"])


def telephones():
    """The shapes that telephones write: previews, gain maps, films and notes behind the picture."""
    stream = jpeg(exif=EXIF, icc_profile=icc)
    film = struct.pack(">I", 24) + b"ftypmp42\0\0\0\0mp42isom" + struct.pack(">I", 3000) + b"mdat" + rng.bytes(2992)
    mpf = segment(
        0xE2,
        b"MPF\0MM\0*\0\0\0\x08\0\x03\xb0\0\0\x07\0\0\0\x040100\xb0\1\0\4\0\0\0\1\0\0\0\2\xb0\2\0\7\0\0\0\x20\0\0\0\x32\0\0\0\0"
        + b"\x20\3\0\0"
        + struct.pack(">III", len(stream), 0, 0)
        + bytes(4)
        + struct.pack(">III", len(thumbnail), len(stream), 0),
    )
    iso = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))
    gain_map = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"'
    hdr = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.replace(b'dc:source="secret"', gain_map))
    extended = b"http://ns.adobe.com/xmp/extension/\0" + b"0123456789ABCDEF" * 2
    long_xmp = [segment(0xE1, extended + struct.pack(">II", 90_000, at) + b"A" * 45_000) for at in (0, 45_000)]
    put("full_phone_mpf.jpg", behind_start(stream, mpf) + thumbnail)
    put("full_phone_ultrahdr.jpg", behind_start(stream, hdr, iso, mpf) + behind_start(jpeg(gray), hdr, iso))
    put("full_phone_motion.jpg", behind_start(stream, hdr) + film)
    note = struct.pack("<III", 106, 1, 0x0A010000) + bytes(8) + struct.pack("<I", 24)
    put("full_phone_samsung.jpg", stream + b"\0\0\x01\n\x0e\0\0\0Image_UTC_Data1700000000000SEFH" + note + b"SEFT")
    put("full_phone_zeros.jpg", stream + bytes(4096))
    put("full_phone_fill.jpg", stream[:2] + b"\xff" * 7 + stream[2:])
    put("full_phone_extxmp.jpg", behind_start(stream, hdr, *long_xmp))
    put("full_phone_jumbf.jpg", behind_start(stream, segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x20jumb" + bytes(24))))


def jpeg_by_hand():
    def resource(number, data):
        return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + b"\0" * (len(data) % 2)

    plain = jpeg()
    preview = struct.pack(">6I2H", 1, 25, 17, 75, 1275, len(thumbnail), 24, 1) + thumbnail
    words = resource(0x404, b"\x1c\x02\x78\0\x06secret\x1c\x02\x50\0\4Jane")
    photoshop = b"Photoshop 3.0\0" + words + resource(0x40C, preview) + resource(1033, bytes(28) + thumbnail)
    put("full_irb.jpg", behind_start(plain, segment(0xED, photoshop)))
    put("full_jfxx.jpg", plain[:20] + segment(0xE0, b"JFXX\0\x10" + thumbnail) + plain[20:])
    put("full_jfifthumb.jpg", plain[:2] + segment(0xE0, b"JFIF\0\1\2\1\0\x48\0\x48\2\2" + bytes(range(12))) + plain[20:])
    put("full_between.jpg", plain[:20] + b"hidden octets\0\xff\0" + plain[20:])
    put("full_icctwice.jpg", behind_start(jpeg(icc_profile=icc), segment(0xE2, b"ICC_PROFILE\0\1\1" + icc)))
    half = len(icc) // 2
    turned = [segment(0xE2, b"ICC_PROFILE\0\2\2" + icc[half:]), segment(0xE2, b"ICC_PROFILE\0\1\2" + icc[:half])]
    put("full_iccmixed.jpg", behind_start(plain, *turned))
    put("full_late.jpg", plain[:-2] + segment(0xFE, b"late secret") + segment(0xE1, EXIF) + plain[-2:])


def tails_by_hand():
    """Something behind the picture's end, and pictures that end too early."""
    for n, source in enumerate(
        [
            "clean_pil_RGB.png",
            "clean_pil_anim.gif",
            "clean_pil_RGB.bmp",
            "clean_pil_P.bmp",
            "clean_im.bmp",
            "clean_im_rle.bmp",
            "clean_pil_1.bmp",
            "clean_netpbm_os2.bmp",
            "clean_pil_tiff_lzw.tif",
            "clean_pil_apng.png",
            "clean_im_prof.bmp",
        ]
    ):
        if os.path.exists(out(source)):
            put(f"full_tail{n}.{source[-3:]}", read(out(source)) + b"SECRET TRAILER" * 30)
    animated = read(out("clean_pil_anim.gif"))
    put("any_notrailer.gif", animated[:-1])
    xmp = b"\x21\xff\x0bXMP DataXMP" + XMP + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    put("full_xmp.gif", animated[:-1] + xmp + b"\x21\x01\x0c" + bytes(12) + b"\x03abc\0;")

    def bitmap5(space, profile):
        pixels = photo[::-1, :, ::-1].tobytes()
        file = b"BM" + struct.pack("<IHHI", 14 + 124 + len(pixels) + len(profile), 0, 0, 138)
        head = struct.pack("<IiiHHIIiiII", 124, 100, 68, 1, 24, 0, len(pixels), 0, 0, 0, 0) + bytes(16) + struct.pack("<I", space)
        return file + head + bytes(48) + struct.pack("<IIII", 4, 124 + len(pixels), len(profile), 0) + pixels + profile

    embedded, linked = 0x4D424544, 0x4C494E4B
    put("clean_v5icc.bmp", bitmap5(embedded, icc))
    put("full_v5icc_tail.bmp", bitmap5(embedded, icc) + b"secret")
    put("full_v5link.bmp", bitmap5(linked, b"C:\\Users\\jane\\p.icc\0"))


def drawn():
    """Pages drawn by Ghostscript, librsvg and poppler."""
    for device, ext in (("png16m", "png"), ("pnggray", "png"), ("pngalpha", "png"), ("jpeg", "jpg"), ("jpeggray", "jpg"), ("tiff24nc", "tif"),
                        ("tifflzw", "tif"), ("tiffg4", "tif"), ("bmp16m", "bmp"), ("bmpmono", "bmp")):  # fmt: skip
        path = out(f"any_gs_{device}.{ext}")
        run("Ghostscript", path, "gs", "-q", "-dBATCH", "-dNOPAUSE", "-r72", f"-sDEVICE={device}", "-sOutputFile=" + path, base("page.ps"))
    run("librsvg", out("any_rsvg.png"), "rsvg-convert", "-o", out("any_rsvg.png"), base("page.svg"))
    run("Ghostscript", base("page.pdf"), "gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile=" + base("page.pdf"), base("page.ps"))
    for n, (program, option, ext) in enumerate(
        [
            ("pdftoppm", "-png", "png"),
            ("pdftoppm", "-jpeg", "jpg"),
            ("pdftoppm", "-tiff", "tif"),
            ("pdftocairo", "-png", "png"),
            ("pdftocairo", "-jpeg", "jpg"),
            ("pdftocairo", "-tiff", "tif"),
        ]
    ):
        path = out(f"any_poppler_{n}.{ext}")
        run("poppler", path, program, option, "-r", 72, "-singlefile", base("page.pdf"), path[: -len(ext) - 1])


def injected():
    """Private metadata put into pictures that had none, by ExifTool and Exiv2."""
    private = [
        "-GPSLatitude=48.1",
        "-GPSLatitudeRef=N",
        "-GPSLongitude=11.5",
        "-GPSLongitudeRef=E",
        "-SerialNumber=SN777",
        "-OwnerName=Jane",
        "-Make=Canon",
        "-Model=Canon EOS",
        "-DateTimeOriginal=2024:01:02 03:04:05",
        "-IPTC:Keywords=secret",
        "-IPTC:City=Munich",
        "-XMP-dc:Creator=Jane",
        "-XMP-exif:GPSLatitude=48.1",
        "-Comment=secret",
        "-Artist=Jane Artist",
        "-Copyright=(c) Jane",
        "-ThumbnailImage<=" + base("thumb.jpg"),
    ]
    # Four pictures of each orientation get theirs in one call of ExifTool.
    turned = collections.defaultdict(list)
    for n, source in enumerate(
        [
            "clean_pil_0.jpg",
            "clean_pil_1.jpg",
            "clean_pil_cmyk.jpg",
            "clean_pil_gray.jpg",
            "clean_pil_bigicc.jpg",
            "clean_cjpeg_2.jpg",
            "clean_cjpeg_3.jpg",
            "clean_cjpeg_6.jpg",
            "clean_cjpeg_11.jpg",
            "full_pil_mpo.jpg",
            "full_phone_ultrahdr.jpg",
            "clean_pil_RGB.png",
            "clean_pil_P.png",
            "clean_pil_apng.png",
            "clean_pil_I16.png",
            "clean_pil_anim.gif",
            "clean_pil_tiff_lzw.tif",
            "clean_pil_jpeg.tif",
            "any_pil_multi.tif",
            "clean_pil_group4.tif",
            "any_tiffcp_3t.tif",
            "full_tiffcp_6m.tif",
            "any_tiffcp_1p.tif",
            "any_im_tile.tif",
        ]
    ):
        path = out(f"full_exiftool_{n}.{source[-3:]}")
        if os.path.exists(out(source)):
            shutil.copyfile(out(source), path)
            turned[n % 8 + 1].append(path)
    for orientation, paths in sorted(turned.items()):
        if run("ExifTool", paths[0], "exiftool", "-q", "-q", "-m", "-overwrite_original", *private, f"-Orientation#={orientation}", *paths):
            for path in paths:
                wrote("ExifTool", path)
    change = []
    for words in ("Exif.Photo.UserComment secret", "Iptc.Application2.Caption secret", "Xmp.dc.title secret", "Exif.Image.Orientation 6"):
        change += ["-M", "set " + words]
    for n, source in enumerate(["clean_pil_3.jpg", "clean_im_png24.png", "clean_pil_packbits.tif"]):
        path = out(f"full_exiv2_{n}.{source[-3:]}")
        if os.path.exists(out(source)):
            shutil.copyfile(out(source), path)
            run("Exiv2", path, "exiv2", *change, path)


sources()
for part in (
    pillow_jpeg,
    pillow_orientation,
    pillow_others,
    imagemagick,
    graphicsmagick,
    libjpeg,
    netpbm,
    png_and_gif_tools,
    libtiff,
    tifffile_pictures,
    tiff_by_hand,
    telephones,
    jpeg_by_hand,
    tails_by_hand,
    drawn,
    injected,
):
    part()
made = len(os.listdir(OUT))
print(", ".join(f"{writer} {len(paths)}" for writer, paths in sorted(writers.items(), key=lambda pair: -len(pair[1]))))
print(f"{made} pictures by {len(writers)} writers")
sys.exit(made < PICTURES or len(writers) < PROGRAMS)
