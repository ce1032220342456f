"""Breaks the rewriter on purpose, one encoding at a time, and shows that the oracle sees it, and that the leak gate does.

`python3 tests/leaks/mutations.py [MESSAGES] [NAME ...]`: copies the tree to `target/mutations`, applies one mutation after the other, builds, sends
MESSAGES generated messages (2,000) through, and prints a line for each: what the oracle found in what the broken rewriter wrote (the gate off), and
what of that the gate let pass (the gate on). What the test printed is in `target/mutations/NAME.log`. Exit status 1 if a mutation went unseen, or
anything passed the gate. `CARGO` names another cargo.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
TREE = ROOT / "target" / "mutations"
CARGO = os.environ.get("CARGO", "cargo")

# Name, file, what stands there, what stands there instead.
MUTATIONS = [
    ("none", "", "", ""),
    ("entities", "rewrite/atom.rs", "b'&' => entity(text),", "b'&' => None,"),
    ("percent", "rewrite/atom.rs", "b'%' => percent(text),", "b'%' => None,"),
    ("backslashes", "rewrite/atom.rs", "b'\\\\' => backslash(text),", "b'\\\\' => None,"),
    ("zero width", "message/unseen.rs", "|| IGNORABLE.contains(c)", "&& IGNORABLE.contains(c)"),
    ("look-alikes", "rewrite/fold.rs", "new_nfkd().normalize", "new_nfd().normalize"),
    ("tags", "rewrite/unseen.rs", "Some(b'<') => tag(rest),", "Some(b'<') => 0,"),
    ("HTML", "rewrite/leaf.rs", "if memchr::memchr2(b'<', b'&', text.as_bytes()).is_some() {", "if false {"),
    ("values of HTML", "rewrite/html.rs", "            Kind::Value { .. } => value(",
     "            Kind::Value { .. } if !text.is_empty() => None,\n            Kind::Value { .. } => value("),
    ("folded lines", "rewrite/unseen.rs", "Some(b'\\r' | b'\\n') => line_break(rest),", "Some(b'\\r' | b'\\n') => 0,"),
    ("base64", "rewrite/leaf.rs", "let encoding = TransferEncoding::of(&part.encoding);",
     "let encoding = match TransferEncoding::of(&part.encoding) { TransferEncoding::Base64 => TransferEncoding::Identity, other => other };"),
    ("quoted-printable", "rewrite/leaf.rs", "let encoding = TransferEncoding::of(&part.encoding);",
     "let encoding = match TransferEncoding::of(&part.encoding) { TransferEncoding::QuotedPrintable => TransferEncoding::Identity, other => other };"),
    ("soft line breaks", "rewrite/leaf.rs", "encoding == TransferEncoding::QuotedPrintable && soft_breaks::cut(encoded, ids)",
     "encoding == TransferEncoding::QuotedPrintable && encoded.is_empty() && soft_breaks::cut(encoded, ids)"),
    ("UTF-16", "message/charset.rs", "let known = known(&label);", "let known = known(&label).filter(|known| ![UTF_16LE, UTF_16BE].contains(known));"),
    ("encoded words", "rewrite/participant.rs", "let text = message::decode(field.value);", "let text = String::from_utf8_lossy(field.value).into_owned();"),
    ("file names", "rewrite/head.rs", 'b"content-disposition" => {', 'b"content-disposition" => None, b"content-disposition-" => {'),
    ("part heads", "rewrite/body/work.rs", "            if new != old {", "            if new != old && fixes != Fixes::default() {"),
    ("links and files", "rewrite/leaf.rs", "for step in [words, embedded_mask] {", "for step in [words, words] {"),
    ("code in code", "rewrite/embedded.rs", "const LAYERS: u8 = 4;", "const LAYERS: u8 = 1;"),
    ("calendar ids", "rewrite/leaf.rs", "is_calendar(part, text.as_bytes())", "(is_calendar(part, text.as_bytes()) && text.is_empty())"),
    ("where names end", "rewrite/masker/ends.rs", "    !is_another(domain, &behind)", "    behind.is_empty() && !is_another(domain, &behind)"),
    ("hosts", "rewrite/masker/spelling.rs", "(at, begins) = (at + read.taken, dot);", "(at, begins) = (at + read.taken, false);"),
]


def copy_tree():
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    for name in ("src", "tests", "allowlist", "rules"):
        # With new times: what an earlier run left built must not be taken for these sources.
        shutil.copytree(ROOT / name, TREE / name, copy_function=shutil.copyfile)
    for name in ("Cargo.toml", "Cargo.lock", "clippy.toml"):
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, TREE / name)
    # Another version: what is built of it must not be taken for what is built of the tree.
    manifest = TREE / "Cargo.toml"
    text = re.sub('^version = ".*"', 'version = "0.0.0-mutation"', manifest.read_text(), count=1, flags=re.M)
    manifest.write_text(text)


def run(messages, name):
    """What the test printed: messages, found by the oracle, past the gate; none if it was not built."""
    environment = dict(os.environ, CARGO_TARGET_DIR=str(ROOT / "target"), ALLEGROMAIL_LEAK_MESSAGES=str(messages), RUSTFLAGS="")
    command = [CARGO, "test", "--quiet", "--test", "leaks", "--", "--nocapture", "no_address_of_the_writer_leaves"]
    done = subprocess.run(command, cwd=TREE, env=environment, capture_output=True, text=True)
    (TREE / f"{name}.log").write_text(done.stdout)
    found = re.findall(r"(\d+) messages read, (\d+) leaks, (\d+) of them past the gate", done.stdout)
    if not found:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        return None
    for line in re.findall(r"LEAK in message .*", done.stdout):
        print("   ", line)
    return tuple(sum(int(row[at]) for row in found) for at in range(3))


def main():
    arguments = sys.argv[1:]
    messages = int(arguments.pop(0)) if arguments and arguments[0].isdigit() else 2000
    good = True
    copy_tree()
    # Before hours of runs: what the code does not hold any more can be left out nowhere.
    for name, file, old, _ in MUTATIONS:
        if file and (TREE / "src" / file).read_text().count(old) != 1:
            sys.exit(f"{name}: {file} does not hold once: {old}")
    print(f"{'left out':20} {'messages':>8} {'seen by the oracle':>20} {'past the gate':>14} {'seconds':>8}")
    for name, file, old, new in MUTATIONS:
        if arguments and name not in arguments:
            continue
        began = time.monotonic()
        path = TREE / "src" / file
        if file:
            text = path.read_text()
            path.write_text(text.replace(old, new))
        tally = run(messages, name)
        if file:
            path.write_text(text)
        seconds = time.monotonic() - began
        if tally is None:
            good = False
            print(f"{name:20} was not built")
            continue
        sent, seen, past = tally
        print(f"{name:20} {sent:8} {seen:20} {past:14} {seconds:8.0f}", flush=True)
        good &= past == 0 and (seen > 0) == bool(file)
    sys.exit(0 if good else 1)


main()
