"""Verifies every message in a folder with dkimpy: so many signatures of each. Arguments: the folder, a file of `NAME RECORD` lines, the number."""
import pathlib
import sys

import dkim

folder, zone, signatures = sys.argv[1:]
records = dict(line.split(" ", 1) for line in pathlib.Path(zone).read_text().splitlines())


def dnsfunc(name, timeout=5):
    text = name.decode() if isinstance(name, bytes) else name
    return records.get(text.rstrip("."), "").encode()


good = 0
for path in sorted(pathlib.Path(folder).iterdir()):
    message = path.read_bytes()
    verifier = dkim.DKIM(message)
    for index in range(int(signatures)):
        try:
            ok = verifier.verify(idx=index, dnsfunc=dnsfunc)
        except dkim.DKIMException as error:
            ok = False
            print(path.name, index, error)
        if ok:
            good += 1
        else:
            print(path.name, index, "does not verify")
print("verified", good)
