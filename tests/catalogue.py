#!/usr/bin/env python3
"""Runs the tests of the numbers in docs/threats.md and prints each number, what it is, and how many of its tests passed.

    python3 tests/catalogue.py [--release] [--table]

`--table` runs nothing and only prints which tests belong to which number. Exits 1 if a test failed or did not run, or if a number has none.
"""

import collections
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def rows():
    """Number, title, the names of its tests, and why it has none, for each entry; tests/catalogue.rs reads them in the same way."""
    page = (ROOT / "docs/threats.md").read_text()
    for number, item in re.findall(r'^\* <a id="(\d+)"></a>(.*(?:\n  .*)*)', page, re.M):
        title, text = re.match(r"\*\*\d+\. (.*?)\.\*\*(.*)", " ".join(item.split())).groups()
        covered = text.rpartition(" Tests: ")[2]
        yield int(number), title, re.findall(r"`([^`]+)`", covered), covered if covered.startswith("none:") else ""


def tests():
    """All test functions, by the numbers that their names stand for."""
    attribute = re.compile(r"#\[(?:tokio::)?test[^\n]*\n(?:\s*#\[[^\n]*\n)*\s*(?:async )?fn (\w+)")
    by_number, names = collections.defaultdict(list), set()
    for folder in ("src", "tests"):
        for path in sorted((ROOT / folder).rglob("*.rs")):
            for name in attribute.findall(path.read_text()):
                names.add(name)
                for first, last in re.findall(r"h(\d{3})(?:_to_h(\d{3}))?", re.match(r"(?:(?:h\d{3}|to)_)*", name)[0]):
                    for number in range(int(first), int(last or first) + 1):
                        by_number[number].append(name)
    return by_number, names


def run(names, release):
    """name -> passed, for every test of these names that ran."""
    command = [os.environ.get("CARGO", "cargo"), "test", "--no-fail-fast", *(["--release"] if release else []), "--"]
    done = subprocess.run(command + sorted(names), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    results = {}
    for path, result in re.findall(r"^test (\S+)(?: - should panic)? \.\.\. (ok|FAILED)", done.stdout, re.M):
        name = path.rsplit("::", 1)[-1]
        results[name] = results.get(name, True) and result == "ok"
    return results


def main():
    by_number, names = tests()
    wanted = {}
    for number, _, listed, _ in rows():
        wanted[number] = list(dict.fromkeys(by_number[number] + listed))
    everything = {name for listed in wanted.values() for name in listed}
    shown = "--table" in sys.argv
    results = {} if shown else run(everything, "--release" in sys.argv)
    passed = failed = bare = excused = 0
    for number, what, _, excuse in rows():
        listed = wanted[number]
        good = sum(results.get(name, False) for name in listed)
        if excuse:
            excused += 1
            state = excuse
        elif not listed:
            bare += 1
            state = "NO TEST"
        else:
            passed += good == len(listed)
            failed += good != len(listed)
            state = f"{good}/{len(listed)}  " if not shown else ""
            state += "  ".join(name if shown or results.get(name) else f"FAILED:{name}" for name in listed)
        print(f"{number:>3}  {what:<52} {state}")
    print(f"\n{passed} numbers passed, {failed} failed, {excused} do not apply, {bare} without a test; {len(everything)} tests")
    return 0 if shown or not (failed or bare) else 1


sys.exit(main())
