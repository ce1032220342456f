"""Messages as mutt and s-nail write them (Debian: mutt, s-nail): `mutt.py FOLDER mutt|s-nail`. The programs run as people run them in scripts; what they would hand to sendmail is kept.

They send text and files, and no HTML: of a letter without text the HTML goes as a file.
"""
import json
import os
import subprocess
import sys

folder, program = sys.argv[1:3]
catch = os.path.join(folder, "sendmail")
with open(catch, "w") as out:
    out.write('#!/bin/sh\ncat > "$CAUGHT"\n')
os.chmod(catch, 0o755)


def quoted(name):
    """A display name as an address field has it."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '" ' if name else ""


def own(one):
    """The charset of a file of text that is not in UTF-8."""
    if one["type"].startswith("text/") or one["type"].endswith("xml"):
        try:
            open(one["path"], encoding="utf-8").read()
        except UnicodeDecodeError:
            return "windows-1250"
    return ""


def files(letter):
    """The paths of what is attached, each with its name, and its charset if that is an old one."""
    for at, one in enumerate(letter["files"] + letter["inline"] + ([letter["forward"]] if letter["forward"] else [])):
        path = os.path.join(folder, "files", f"{letter['number']}-named-{at}")
        os.makedirs(path, exist_ok=True)
        path = os.path.join(path, one["name"])
        if not os.path.exists(path):
            os.symlink(os.path.abspath(one["path"]), path)
        yield path, one["type"].partition("charset=")[2] or own(one)
    if letter["html"] is not None:
        path = os.path.join(folder, "files", f"{letter['number']}.html")
        with open(path, "w") as out:
            out.write(letter["html"])
        yield path, ""


def mutt(letter):
    """The arguments for mutt, whose settings stand in a file."""
    rc = os.path.join(folder, "rc")
    yes = lambda flag: "yes" if flag else "no"
    with open(rc, "w") as out:
        out.write(f'set sendmail="{catch}"\nset copy=no\nset use_envelope_from=no\nset hostname="localhost"\nset charset="utf-8"\nset send_charset="us-ascii:{letter["charset"]}:utf-8"\n'
                  f'set allow_8bit={yes(letter["encoding"] == "8bit")}\nset text_flowed={yes(letter["flowed"])}\nset rfc2047_parameters={yes(letter["number"] % 2)}\nset use_domain=no\nset user_agent=yes\n'
                  f'set from="{letter["from"]}"\nset crypt_autosign=no\n')
        name = letter["name"].replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
        out.write(f'set realname="{name}"\n')
        for key, value in letter["fields"]:
            out.write(f"my_hdr {key}: {value}\n")
    attached = [path for path, _ in files(letter)]
    return ["mutt", "-n", "-F", rc, "-s", letter["subject"]] + (["-a"] + attached if attached else []) + ["--", letter["to"]]


def snail(letter):
    """The arguments for s-nail."""
    settings = {"mta": catch, "from": quoted(letter["name"]) + f"<{letter['from']}>", "sendcharsets": f"{letter['charset']},utf-8", "ttycharset": "utf-8", "hostname": "localhost", "nosave": "",
                "mime-encoding": letter["encoding"] if letter["encoding"] != "7bit" else "8bit"}
    arguments = ["s-nail", "-:/", "-s", letter["subject"]]
    for key, value in settings.items():
        arguments += ["-S", f"{key}={value}" if value else key]
    for path, charset in files(letter):
        arguments += ["-a", f"{path}={charset}#{charset}" if charset else path]
    return arguments + [letter["to"]]


for letter in json.load(open(f"{folder}/letters.json")):
    # One that writes tildes does not mean commands, and a subject cannot be empty in a script.
    letter["subject"] = letter["subject"] or "-"
    arguments = {"mutt": mutt, "s-nail": snail}[program](letter)
    environment = {**os.environ, "CAUGHT": f"{folder}/{letter['number']:04}.eml", "LC_ALL": "C.UTF-8", "HOME": folder, "TZ": "Europe/Warsaw", "EMAIL": letter["from"]}
    done = subprocess.run(arguments, input=(letter["text"] or "").encode(), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode or not os.path.exists(environment["CAUGHT"]):
        sys.exit(f"{program} wrote no message {letter['number']}: {done.returncode} {done.stdout.decode()}")
