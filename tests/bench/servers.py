"""The servers that are measured: Postfix, Postfix with OpenDKIM, and allegromail. Each runs in a folder of its own, from loopback to a sink."""

import os
import pathlib
import shutil
import subprocess
import sys

from load import BUYER, SELLER, Sink, free_port, tree, wait_for
from sender import PROVIDER, make_key

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ALLEGROMAIL", ROOT / "target" / "release" / "allegromail"))


class Nothing:
    """No server at all: the load goes from its generator straight into the sink. What a server that costs nothing would reach."""

    name = "no server"

    def __init__(self, sink=Sink):
        self.sink = sink()
        self.port = self.sink.port

    def pids(self):
        return []

    def stop(self):
        self.sink.stop()


class Postfix:
    name = "Postfix"

    def __init__(self, folder, milter=None, sink=Sink):
        self.sink, self.folder, self.port = sink(), folder, free_port()
        folder.mkdir()
        folder.chmod(0o755)
        for part in ("etc", "queue", "data"):
            (folder / part).mkdir()
        shutil.chown(folder / "data", "postfix", "postfix")
        etc = folder / "etc"
        masks = [f"{n:010x}@allegromail.pl u{n}@rowery.example\n" for n in range(100_000)]
        (etc / "recipients").write_text("".join(masks) + f"{SELLER} biuro@rowery.example\n")
        (etc / "senders").write_text("".join(f"u{n}@poczta.example {n:010x}@allegromail.pl\n" for n in range(100_000))
                                     + f"{BUYER} 8awgqyk6a5@allegromail.pl\n")
        for name in ("recipients", "senders"):
            subprocess.run(["postmap", f"hash:{etc / name}"], check=True)
        (etc / "main.cf").write_text(
            f"compatibility_level = 3.6\nqueue_directory = {folder}/queue\ndata_directory = {folder}/data\n"
            "command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\n"
            "inet_interfaces = 127.0.0.1\ninet_protocols = ipv4\nmyhostname = mx.allegromail.example\nmydestination =\n"
            f"mynetworks = 127.0.0.0/8\nrelayhost = [127.0.0.1]:{self.sink.port}\nsmtp_dns_support_level = disabled\n"
            "alias_maps =\nalias_database =\nsmtpd_recipient_restrictions = permit_mynetworks, reject\n"
            f"virtual_alias_maps = hash:{etc}/recipients\nsender_canonical_maps = hash:{etc}/senders\n"
            f"maillog_file = {folder}/queue/postfix.log\nmaillog_file_prefixes = {folder}\n"
            "default_process_limit = 150\nsmtpd_client_connection_count_limit = 0\nsmtp_destination_concurrency_limit = 50\n"
            "default_destination_concurrency_limit = 50\ninitial_destination_concurrency = 20\nin_flow_delay = 0\n"
            f"qmgr_message_active_limit = 50000\n{milter or ''}")
        programs = {"rewrite": "trivial-rewrite", "defer": "bounce", "trace": "bounce", "retry": "error", "postlog": "postlogd"}
        lines = [f"127.0.0.1:{self.port} inet n - n - - smtpd\n"]
        lines += [f"{name} {kind} {private} - n {wake} {limit} {programs.get(name, name)}\n"
                  for name, kind, private, wake, limit in self.services()]
        (etc / "master.cf").write_text("".join(lines))
        self.control("start")
        wait_for(self.port)

    def services(self):
        return [("pickup", "unix", "n", "60", "1"), ("cleanup", "unix", "n", "-", "0"), ("qmgr", "unix", "n", "300", "1"),
                ("rewrite", "unix", "-", "-", "-"), ("bounce", "unix", "-", "-", "0"), ("defer", "unix", "-", "-", "0"),
                ("trace", "unix", "-", "-", "0"), ("verify", "unix", "-", "-", "1"), ("flush", "unix", "n", "1000?", "0"),
                ("proxymap", "unix", "-", "-", "-"), ("smtp", "unix", "-", "-", "-"), ("error", "unix", "-", "-", "-"),
                ("retry", "unix", "-", "-", "-"), ("showq", "unix", "n", "-", "-"), ("anvil", "unix", "-", "-", "1"),
                ("scache", "unix", "-", "-", "1"), ("postlog", "unix-dgram", "n", "-", "1")]

    def control(self, verb):
        subprocess.run(["postfix", "-c", self.folder / "etc", verb], check=True, capture_output=True)

    def pids(self):
        return tree(int((self.folder / "queue/pid/master.pid").read_text()))

    def stop(self):
        self.control("stop")
        self.sink.stop()


class PostfixWithOpenDkim(Postfix):
    """Signs with RSA-2048 through a milter, as OpenDKIM knows no Ed25519."""

    name = "Postfix + OpenDKIM"

    def __init__(self, folder):
        if not shutil.which("opendkim"):
            sys.exit("opendkim is missing: apt-get install opendkim")
        beside, port = folder.with_name(folder.name + "-milter"), free_port()
        beside.mkdir()
        make_key(beside / "rsa.pem")
        (beside / "keys").write_text(f"k allegromail.pl:s1:{beside}/rsa.pem\n")
        (beside / "signing").write_text("* k\n")
        (beside / "opendkim.conf").write_text(
            f"Syslog no\nMode s\nSocket inet:{port}@127.0.0.1\nCanonicalization relaxed/simple\nInternalHosts 127.0.0.1\n"
            f"KeyTable file:{beside}/keys\nSigningTable refile:{beside}/signing\nRequireSafeKeys no\n")
        self.milter = subprocess.Popen(["opendkim", "-f", "-x", beside / "opendkim.conf"], stdout=subprocess.DEVNULL)
        wait_for(port)
        super().__init__(folder, f"smtpd_milters = inet:127.0.0.1:{port}\nmilter_default_action = tempfail\n")

    def pids(self):
        return super().pids() + tree(self.milter.pid)

    def stop(self):
        super().stop()
        self.milter.kill()
        self.milter.wait()


RECORD = '{{"type":"participant","id":"{}","login":"x","marketplace":"allegro-pl","language":"pl","primary":"{}","addresses":["{}"]}}\n'


class Allegromail:
    """`sign`: with RSA-2048 and Ed25519. `dns`: the sender must prove itself; None: every From counts. `down`: `@down.example` answers nothing.
    `binary`: of the build that serves. `rules`: on contents, as they are shipped. `center`: with the Message Center;
    what it says are more lines of its table, and `more` are more records of accounts."""

    name = "allegromail"

    def __init__(self, folder, sign=False, dns=None, accounts=100_000, down=None, sink=Sink, binary=BINARY, rules=True, center=False, more=""):
        self.sink, self.port, self.folder, self.binary = sink(), free_port(), folder, binary
        folder.mkdir()
        (folder / "couriers.txt").write_text("@inpost.pl\n")
        key = folder / "secret.key"
        key.write_bytes(os.urandom(32))
        key.chmod(0o600)
        dkim = ""
        if sign:
            for kind in ("rsa", "ed25519"):
                make_key(folder / f"{kind}.pem", kind.upper())
            dkim = 'dkim = { selector = "s1", rsa_key = "rsa.pem", ed25519_selector = "s2", ed25519_key = "ed25519.pem" }\n'
        auth = 'registered = "off"\ncourier = "off"\n'
        if dns:
            auth = f'shared_spf = "accept"\nshared_spf_includes = ["_spf.{PROVIDER}"]\n[dns]\nservers = ["{dns.address}"]\n'
        route = '[[delivery.route]]\ndomain = "{}"\nhost = "127.0.0.1"\nport = {}\ntls = "none"\n'
        routes = (route.format("down.example", down) if down else "") + route.format("*", self.sink.port)
        self.config = folder / "allegromail.toml"
        self.config.write_text(
            f'hostname = "mx.allegromail.example"\ndata_dir = "data"\n[smtp]\nlisten = ["127.0.0.1:{self.port}"]\n'
            f'[[domain]]\nname = "allegromail.pl"\nmarketplaces = ["allegro-pl"]\n{dkim}[allowlist]\npath = "couriers.txt"\n'
            '[limits]\nrefusals_per_client = "off"\nmessages_per_sender = "off"\n'
            'messages_per_transaction = "off"\nconnections_per_client = 2000\nconnections = 4000\n'
            + (f"[center]\n{center if isinstance(center, str) else ''}" if center else "") + ("" if rules else "[content]\nduplicate = []\nprohibited = []\n") +
            f'[secrets]\nkey_file = "secret.key"\n[auth]\n{auth}{routes}')
        with open(folder / "data.ndjson", "w") as data:
            for n in range(accounts):
                data.write(RECORD.format(f"{n:010x}", f"u{n}@other.example", f"u{n}@other.example"))
            for name, address in (("8awgqyk6a5", BUYER), ("k2m9x0r7t3", "biuro@rowery.example"), ("downdowndo", "x@down.example")):
                data.write(RECORD.format(name, address, address))
            for order, seller in (("cub31c122", "k2m9x0r7t3"), ("downd0wn1", "downdowndo")):
                data.write(f'{{"type":"transaction","id":"{order}","buyer":"8awgqyk6a5","seller":"{seller}"}}\n')
            data.write(more)
        imported = subprocess.run([self.binary, "import", "--config", self.config, folder / "data.ndjson"], capture_output=True, text=True)
        if imported.returncode:
            sys.exit(f"import failed: {imported.stderr}")
        self.start()

    def start(self):
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([self.binary, "serve", "--config", self.config], stdout=log, stderr=log)
        wait_for(self.port)

    def pids(self):
        return [self.process.pid]

    def end(self):
        """Stops the server and leaves the sink."""
        self.process.terminate()
        self.process.wait()

    def stop(self):
        self.end()
        self.sink.stop()
