"""Signs every message in a folder with dkimpy, in place, by each canonicalisation in turn. Arguments: the folder, the key, the domain."""
import pathlib
import sys

import dkim

folder, key, domain = sys.argv[1:]
kinds = [(head, body) for head in (b"relaxed", b"simple") for body in (b"relaxed", b"simple")]
for number, path in enumerate(sorted(pathlib.Path(folder).iterdir())):
    message = path.read_bytes()
    field = dkim.sign(
        message,
        b"s1",
        domain.encode(),
        pathlib.Path(key).read_bytes(),
        canonicalize=kinds[number % len(kinds)],
        include_headers=[b"From", b"To", b"Subject"],
    )
    path.write_bytes(field + message)
print("signed")
