#!/usr/bin/python3
"""Judges by other programs what was made of pictures: `check.py BEFORE AFTER AFTER_WITHOUT_COPYRIGHT`, three folders of equal file names.

AFTER holds the pictures of BEFORE (by make.py beside this file, which says what their names mean) without private metadata; the third folder
without artist and copyright too. A picture that AFTER lacks was refused, which only the BigTIFFs deserve. Each picture has to show the same in
Pillow, ImageMagick, libjpeg, libtiff and tifffile as before, so far as these read it, and to hold no field that is not needed to show it, as
ExifTool sees it; and all the words that make.py put into private fields have to be gone.

Prints a line for each failure, and last `N pictures, K kept, C changed, B refused, F failures`. Exit status 1: failures, or too few pictures.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
import tifffile
from PIL import Image, ImageSequence

warnings.simplefilter("ignore")
BEFORE, AFTER, BARE = sys.argv[1:4]
PICTURES = 300
IDENTIFY = next(filter(shutil.which, ("identify-im6.q16", "identify-im7.q16")), "identify")

# What may stay, by the groups of ExifTool.
TIFF_TAGS = set(
    """SubfileType OldSubfileType ImageWidth ImageHeight BitsPerSample Compression PhotometricInterpretation Thresholding CellWidth CellLength
    FillOrder StripOffsets Orientation SamplesPerPixel RowsPerStrip StripByteCounts MinSampleValue MaxSampleValue XResolution YResolution
    PlanarConfiguration GrayResponseUnit GrayResponseCurve T4Options T6Options ResolutionUnit PageNumber TransferFunction Predictor WhitePoint
    PrimaryChromaticities ColorMap HalftoneHints TileWidth TileLength TileOffsets TileByteCounts BadFaxLines CleanFaxData
    ConsecutiveBadFaxLines SubIFD InkSet NumberofInks DotRange ExtraSamples SampleFormat SMinSampleValue SMaxSampleValue TransferRange
    JPEGTables YCbCrCoefficients YCbCrSubSampling YCbCrPositioning ReferenceBlackWhite ICC_Profile JPEGProc JPEGQTables JPEGDCTables
    JPEGACTables JPEGRestartInterval JPEGLosslessPredictors JPEGPointTransforms OtherImageStart OtherImageLength LercParameters Exif_0xc5f2
    PreviewImage OtherImage Decode StoNits JpgFromRawStart JpgFromRawLength JPEGInterchangeFormat ImageDepth Matteing DataType
    PreviewImageStart PreviewImageLength ThumbnailOffset ThumbnailLength""".split()
)
FILE_TAGS = set(
    """FileType FileTypeExtension MIMEType ImageWidth ImageHeight EncodingProcess BitsPerSample ColorComponents YCbCrSubSampling ExifByteOrder
    BMPVersion Planes BitDepth Compression ImageLength PixelsPerMeterX PixelsPerMeterY NumColors NumImportantColors RedMask GreenMask BlueMask
    AlphaMask ColorSpace RedEndpoint GreenEndpoint BlueEndpoint GammaRed GammaGreen GammaBlue RenderingIntent ProfileDataOffset ProfileSize
    PageCount""".split()
)
PNG_TAGS = set(
    """ImageWidth ImageHeight BitDepth ColorType Compression Filter Interlace AnimationFrames AnimationPlays Gamma WhitePointX WhitePointY RedX
    RedY GreenX GreenY BlueX BlueY SRGBRendering SignificantBits BackgroundColor PixelsPerUnitX PixelsPerUnitY PixelUnits Transparency Palette
    PaletteHistogram ProfileName ColorPrimaries TransferCharacteristics MatrixCoefficients VideoFullRangeFlag SuggestedPalette""".split()
)
GIF_TAGS = set(
    """GIFVersion HasColorMap ColorResolutionDepth BitsPerPixel BackgroundColor PixelAspectRatio AnimationIterations FrameCount Duration
    TransparentColor ImageWidth ImageHeight""".split()
)
COMPOSITE_TAGS = {"ImageSize", "Megapixels", "RedBalance", "BlueBalance", "CFAPattern"}
TAGS = {"File": FILE_TAGS, "Composite": COMPOSITE_TAGS, "IFD": TIFF_TAGS, "SubIFD": TIFF_TAGS, "PNG": PNG_TAGS, "GIF": GIF_TAGS}
# What make.py put into private fields, and the marks of what holds such.
SECRETS = [
    word.encode()
    for word in """secret SECRET Jane MAKERNOTE SN12345 SN777 ftypmp42 hidden 2024:01:02 Munich SEFT http://ns hdrgm jumb 8BIM Canon geheim
    Users\\jane""".split()
] + [b"Phone 9", b"Photoshop 3.0", b"MPF\0", b"me at home"]
# An orientation only in a text chunk is none that readers of PNG follow.
UNSEEN_ORIENTATION = {"full_exiv2_1.png"}

failures = []
names = sorted(os.listdir(BEFORE))
kinds = collections.Counter()


def may_stay(group, tag, copyright_too):
    if tag in ("Artist", "Copyright"):
        return copyright_too and group.startswith(("IFD", "SubIFD"))
    if group in ("ExifTool", "System", "Adobe") or group.startswith("ICC"):
        return True
    if group == "JFIF":
        return "Thumb" not in tag
    if group == "File" and tag.startswith("BMP_0x"):
        return True
    return any(group.startswith(start) and tag in tags for start, tags in TAGS.items())


def exiftool(folder):
    """Every field of every file, as {NAME: {GROUP:TAG: value}}."""
    told = subprocess.run(["exiftool", "-a", "-G1", "-s", "-U", "-j", "-ee", "-q", folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {os.path.basename(file.pop("SourceFile")): file for file in json.loads(told.decode(errors="replace") or "[]")}


def imagemagick(path):
    """Size and a hash of the pixels of every frame; none if it complains."""
    done = subprocess.run([IDENTIFY, "-quiet", "-format", "%w %h %# %T\n", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode().splitlines() if done.returncode == 0 else []


def pillow(path):
    """All frames (size, mode, pixels, how long, what is transparent), the profile, and what else tells how to show it; None if it cannot."""
    try:
        with Image.open(path) as picture:
            # The second picture of an MPO is another one.
            frames = [picture] if picture.format == "MPO" else ImageSequence.Iterator(picture)
            shown = [(one.size, one.mode, one.tobytes(), one.info.get("duration"), one.info.get("transparency")) for one in frames]
            return shown, picture.info.get("icc_profile"), (picture.info.get("loop"), picture.info.get("gamma"))
    except Exception:  # Whatever it says of what it cannot read.
        return None


def pages(path):
    """The pages of a TIFF by tifffile; None if it cannot."""
    try:
        with tifffile.TiffFile(path) as file:
            return [page.asarray() for page in file.pages]
    except Exception:  # Whatever it says of what it cannot read.
        return None


def libjpeg(path):
    return subprocess.run(["djpeg", "-pnm", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def libtiff(path):
    """What it complains of while it decodes every strip and tile."""
    told = subprocess.run(["tiffinfo", "-D", path], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE).stderr
    return told.decode(errors="replace") if re.search(rb"error|rror,|annot|ailed", told) else ""


def pixels(name, fail):
    """Compares what decoders show of a changed picture; where none shows anything, that is a failure too."""
    old, new = os.path.join(BEFORE, name), os.path.join(AFTER, name)
    is_tiff = name.endswith("tif")
    looked = 0
    was = pillow(old)
    if was:
        looked += 1
        now = pillow(new)
        if not now:
            fail("Pillow opens it no more")
        else:
            frames = was[0]
            # Previews of a TIFF go, so it may have fewer pages; the first is always the picture.
            if is_tiff and len(frames) > len(now[0]):
                frames = frames[:1] + [frame for frame in frames[1:] if frame in now[0]]
            if frames != now[0] or was[2] != now[2]:
                fail("Pillow sees other pixels")
            elif was[1] and was[1] != now[1] and not name.startswith("full_icc"):
                fail("Pillow sees another colour profile")
    was = imagemagick(old)
    if was:
        looked += 1
        now = imagemagick(new)
        if was != now and not (is_tiff and now and len(now) < len(was) and now[0] == was[0]):
            fail(f"ImageMagick sees other pixels: {was[:2]} became {now[:2]}")
    if name.endswith("jpg"):
        was = libjpeg(old)
        if was:
            looked += 1
            if was != libjpeg(new):
                fail("libjpeg sees other pixels")
    if is_tiff:
        complaint = libtiff(new)
        if complaint and not libtiff(old):
            fail("libtiff complains: " + complaint[:200])
        was = pages(old)
        if was:
            looked += 1
            now = pages(new) or []
            kept = was[:1] + [page for page in was[1:] if any(np.array_equal(page, one) for one in now)] if len(now) < len(was) else was
            if len(kept) != len(now) or not all(map(np.array_equal, kept, now)):
                fail("tifffile sees other pixels")
    if not looked:
        fail("no decoder shows it")


def orientation(fields):
    told = [str(fields[key]) for key in ("IFD0:Orientation", "ExifIFD:Orientation") if key in fields]
    return "Horizontal (normal)" if not told or told[0].startswith("Unknown") else told[0]


def resolution(name, fields):
    """The resolution that counts: JFIF's if it has a unit, else Exif's; the default of Exif is none."""
    if not name.endswith("jpg"):
        keys = ("PNG-pHYs:PixelsPerUnitX", "PNG-pHYs:PixelsPerUnitY", "IFD0:XResolution", "IFD0:YResolution")
        return [fields.get(key) for key in keys]
    jfif = fields.get("JFIF:ResolutionUnit") in ("inches", "cm")
    across, down, unit = (fields.get(("JFIF:" if jfif else "IFD0:") + tag) for tag in ("XResolution", "YResolution", "ResolutionUnit"))
    says_nothing = not jfif and (across == down == 72 or {0, "undef", "inf"} & {across, down})
    return None if across is None or down is None or unit == "None" or says_nothing else [across, down]


def check(name):
    def fail(why):
        failures.append(f"{name}: {why}")

    def octets(folder):
        with open(os.path.join(folder, name), "rb") as file:
            return file.read()

    if not os.path.exists(os.path.join(AFTER, name)):
        kinds["refused"] += 1
        if not name.startswith("big_"):
            fail("refused")
        return
    old, new = octets(BEFORE), octets(AFTER)
    changed = old != new
    kinds["changed" if changed else "kept"] += 1
    if name.startswith("clean_") and changed:
        fail("holds nothing private, but is changed")
    if name.startswith("full_") and not changed:
        fail("holds something private, but is not changed")
    if len(new) > len(old) + 100:
        fail(f"grew from {len(old)} to {len(new)} octets")
    fields, left = before.get(name, {}), after.get(name, {})
    for told, copyright_too in ((left, True), (bare.get(name, {}), False)):
        if not told:
            fail("ExifTool does not read it")
        for key, value in told.items():
            group, _, tag = key.partition(":")
            if not may_stay(group, tag, copyright_too):
                fail(f"still has {key} = {str(value)[:60]}")
    if orientation(fields) != orientation(left) and name not in UNSEEN_ORIENTATION:
        fail(f"orientation {orientation(fields)} became {orientation(left)}")
    # What stands in Exif within a PNG or TIFF goes with it, where something else was put there.
    rewritten = ("full_exif", "full_exiv2", "full_pil_text", "full_pil_apng", "full_pngcrush", "any_optipng")
    if name[-3:] in ("jpg", "png", "tif") and (name.endswith("jpg") or not name.startswith(rewritten)):
        was, now = resolution(name, fields), resolution(name, left)
        if was != now:
            fail(f"resolution {was} became {now}")
    for tag in ("IFD0:Artist", "IFD0:Copyright"):
        was = str(fields.get(tag, "")).strip()
        if was and not (name.endswith("png") and b"eXIf" not in old) and fields[tag] != left.get(tag):
            fail(f"{tag} {was} became {left.get(tag)}")
    without = octets(BARE) if os.path.exists(os.path.join(BARE, name)) else b""
    if not without:
        fail("refused where artist and copyright go")
    elif name.startswith("clean_") and without != old:
        fail("holds nothing private, but is changed where artist and copyright go")
    for word in SECRETS:
        if word in without:
            fail(f"still has the octets {word}")
    if changed:
        pixels(name, fail)


before, after, bare = map(exiftool, (BEFORE, AFTER, BARE))
for name in names:
    check(name)
for failure in failures:
    print(failure)
print(f"{len(names)} pictures, {kinds['kept']} kept, {kinds['changed']} changed, {kinds['refused']} refused, {len(failures)} failures")
sys.exit(bool(failures) or len(names) < PICTURES)
