"""Dovecot, which keeps a copy of all mail that Postfix relays, and sorts it: Debian's, in a folder of its own, on loopback."""

import imaplib
import pathlib
import pwd
import shutil
import subprocess
import sys
import time

from load import free_port, tree, wait_for
from servers import Postfix

USER = "archive"


class Dovecot:
    def __init__(self, folder):
        if not shutil.which("dovecot"):
            sys.exit("dovecot is missing: apt-get install dovecot-imapd dovecot-lmtpd")
        self.folder, self.imap, self.lmtp = folder, free_port(), free_port()
        folder.mkdir()
        folder.chmod(0o755)
        owner = pwd.getpwnam("mail")
        for part in ("run", "mail"):
            (folder / part).mkdir()
        shutil.chown(folder / "mail", "mail", "mail")
        self.config = folder / "dovecot.conf"
        self.config.write_text(
            f"protocols = imap lmtp\nbase_dir = {folder}/run\nlog_path = {folder}/log\nlisten = 127.0.0.1\nssl = no\ndisable_plaintext_auth = no\n"
            f"mail_location = mdbox:{folder}/mail/%u\nfirst_valid_uid = 1\nauth_mechanisms = plain\nmail_fsync = optimized\ndefault_vsz_limit = 4G\n"
            f"passdb {{\n driver = static\n args = nopassword=y\n}}\nuserdb {{\n driver = static\n args = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%u allow_all_users=yes\n}}\n"
            f"service imap-login {{\n inet_listener imap {{\n  port = {self.imap}\n }}\n inet_listener imaps {{\n  port = 0\n }}\n}}\n"
            f"service lmtp {{\n inet_listener lmtp {{\n  address = 127.0.0.1\n  port = {self.lmtp}\n }}\n}}\n")
        subprocess.run(["dovecot", "-c", self.config], check=True)
        wait_for(self.imap)
        wait_for(self.lmtp)

    def pids(self):
        return tree(int((self.folder / "run/master.pid").read_text()))

    def stop(self):
        subprocess.run(["doveadm", "-c", self.config, "stop"], check=True)


class PostfixWithDovecot(Postfix):
    """Each message goes on, and a copy of it to Dovecot by LMTP."""

    name = "Postfix + Dovecot LMTP"

    def __init__(self, folder):
        self.dovecot = Dovecot(folder.with_name(folder.name + "-dovecot"))
        super().__init__(folder, f"always_bcc = {USER}@archive.example\ntransport_maps = inline:{{archive.example=lmtp:[127.0.0.1]:{self.dovecot.lmtp}}}\n")

    def services(self):
        return [*super().services(), ("lmtp", "unix", "-", "-", "-")]

    def pids(self):
        return super().pids() + self.dovecot.pids()

    def stop(self):
        super().stop()
        self.dovecot.stop()


def disk(server):
    """Octets that a server keeps of the mail that it has relayed, as files are long, once no more is added."""
    kept = {"Postfix + Dovecot LMTP": lambda: server.dovecot.folder / "mail"}.get(server.name, lambda: server.folder / "data" / "center")()
    before = None
    while (now := sum(path.stat().st_size for path in pathlib.Path(kept).rglob("*") if path.is_file())) != before:
        before = now
        time.sleep(5)
    return now


def letters(path, messages, threads):
    """The mail of a seller in an mbox: as many threads, talked in by turns."""
    text = "Dzien dobry, czy ten rower jest jeszcze dostepny? Prosze o wiadomosc. " * 3
    with open(path, "w") as out:
        for n in range(messages):
            answers = f"In-Reply-To: <m{n - threads}@a.example>\nReferences: <m{n % threads}@a.example> <m{n - threads}@a.example>\n" if n >= threads else ""
            stamp = time.gmtime(1_700_000_000 + n)
            out.write(f"From a@a.example {time.strftime('%a %b %d %H:%M:%S %Y', stamp)}\nFrom: <b{n % threads:09x}@a.example>\nTo: <s@a.example>\nSubject: Pytanie\n"
                      f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', stamp)}\nMessage-ID: <m{n}@a.example>\n{answers}\n{text}\n\n")


def lists(folder, messages, threads, requests):
    server = Dovecot(folder / "dovecot")
    mbox = folder / "mbox"
    mbox.mkdir()
    letters(mbox / "INBOX", messages, threads)
    shutil.chown(mbox, "mail", "mail")
    shutil.chown(mbox / "INBOX", "mail", "mail")
    start = time.perf_counter()
    subprocess.run(["doveadm", "-c", server.config, "import", "-u", USER, f"mbox:{mbox}:INBOX={mbox}/INBOX", "", "ALL"], check=True)
    print(f"Dovecot took {messages} messages in {time.perf_counter() - start:.0f} s")
    imaplib._MAXLINE = 1 << 28
    client = imaplib.IMAP4("127.0.0.1", server.imap)
    client.login(USER, "x")
    client.select("INBOX", readonly=True)

    def timed(name, ask):
        times = []
        for _ in range(requests):
            started = time.perf_counter()
            kind, _ = ask()
            times.append((time.perf_counter() - started) * 1000)
            assert kind == "OK"
        print(f"Dovecot, {name:<28} first {times[0]:9.1f} ms, then {min(times[1:]):9.1f} to {max(times[1:]):9.1f} ms", flush=True)

    timed("SORT (REVERSE ARRIVAL)", lambda: client.uid("SORT", "(REVERSE ARRIVAL)", "UTF-8", "ALL"))
    timed("THREAD REFERENCES", lambda: client.uid("THREAD", "REFERENCES", "UTF-8", "ALL"))
    timed("the last 50 by number", lambda: client.fetch(f"{messages - 49}:{messages}", "(ENVELOPE FLAGS)"))
    client.logout()
    server.stop()
