"""Verifies the ARC chain of every message in a folder with dkimpy. Arguments: the folder, and a file of `NAME RECORD` lines."""
import pathlib
import sys

import dkim

folder, zone = sys.argv[1:]
records = dict(line.split(" ", 1) for line in pathlib.Path(zone).read_text().splitlines())


def dnsfunc(name, timeout=5):
    text = name.decode() if isinstance(name, bytes) else name
    return records.get(text.rstrip("."), "").encode()


good = 0
for path in sorted(pathlib.Path(folder).iterdir()):
    result, _, reason = dkim.arc_verify(path.read_bytes(), dnsfunc=dnsfunc)
    if result == dkim.CV_Pass:
        good += 1
    else:
        print(path.name, result, reason)
print("verified", good)
