//! The keys of the way in: names, listeners, masked domains, and what decisions look at.

use super::key::DefaultValue::{Absent, Required, Value};
use super::key::{Key, key};

/// In the order of the example: the tables that no relay can do without come first.
pub(super) const KEYS: &[Key] = &[
    key(
        "",
        "hostname",
        Required("\"mx.allegromail.pl\""),
        "The name in the banner, in EHLO and in trace fields.",
    ),
    key(
        "",
        "data_dir",
        Value("\"/var/lib/allegromail\""),
        "Directory, state and spool. Made if it is missing; on a local disk.",
    ),
    key(
        "smtp",
        "listen",
        Value("[\"[::]:25\"]"),
        "Addresses to listen on. [::] takes IPv4, too.",
    ),
    key(
        "smtp",
        "max_message_size",
        Value("36700160"),
        "Bytes, or \"35 MiB\". A 25 MB attachment is 35 MB on the wire.",
    ),
    key(
        "smtp",
        "max_recipients",
        Value("100"),
        "Recipients of one message; RFC 5321 wants 100 at least.",
    ),
    key(
        "smtp",
        "tls",
        Absent("{ certificate = \"certs/mx/fullchain.pem\", key = \"certs/mx/privkey.pem\" }"),
        "PEM files. Absent: STARTTLS is not offered. Read again on SIGHUP.",
    ),
    key(
        "smtp",
        "proxy_listen",
        Value("[]"),
        "Addresses where load balancers pass connections on with the PROXY protocol, version 2.",
    ),
    key(
        "smtp",
        "proxy_from",
        Value("[]"),
        "The networks of those load balancers, as [\"192.0.2.0/24\"]; nobody else is believed there.",
    ),
    key(
        "domain",
        "name",
        Required("\"allegromail.pl\""),
        "A masked domain, as it is written.",
    ),
    key(
        "domain",
        "marketplaces",
        Value("[]"),
        "Marketplaces whose participants have their masked address here, as [\"allegro-pl\"].",
    ),
    key(
        "domain",
        "aliases",
        Value("[]"),
        "Older names of it: accepted, never written.",
    ),
    key(
        "domain",
        "dkim",
        Absent(
            "{ selector = \"s1\", rsa_key = \"certs/dkim/s1.rsa.pem\", ed25519_selector = \"s2\", ed25519_key = \"certs/dkim/s2.ed25519.pem\" }",
        ),
        "Signing keys. Absent: mail from this domain is not signed. Several, for a rotation, in an array: [{ … }, { …, sign = false }]; those with sign = false are published and wait.",
    ),
    key(
        "directory",
        "engine",
        Value("\"sled\""),
        "Where participants, transactions and what mail teaches are kept: sled, on this machine, or postgres, for many nodes.",
    ),
    key(
        "directory",
        "url",
        Absent("\"host=db1,db2 dbname=allegromail user=allegromail\""),
        "Of postgres: keywords of libpq. Of several hosts the first that takes changes is used. The password stands in a file of its own.",
    ),
    key(
        "directory",
        "password_file",
        Absent("\"postgres.password\""),
        "The file with the password; none: the server asks for none. Read again at every connection.",
    ),
    key(
        "directory",
        "sslrootcert",
        Absent("\"certs/postgres-root.pem\""),
        "The roots of the server's certificate, a PEM file. Absent: those of the public. A socket or a loopback address is spoken to in plain.",
    ),
    key(
        "cluster",
        "node",
        Absent("\"mx1\""),
        "Of postgres: the name of this node, which no other has. Absent: the hostname.",
    ),
    key(
        "cluster",
        "region",
        Absent("\"waw\""),
        "Where this node is, for operators.",
    ),
    key(
        "spool",
        "engine",
        Value("\"local\""),
        "Where accepted mail is kept: local, a log under data_dir, or postgres, shards that many nodes have together; the directory then has that engine as well.",
    ),
    key(
        "spool",
        "shards",
        Value("[]"),
        "Of postgres: keywords of libpq for each shard, as [\"host=db1,db2 dbname=spool user=allegromail\"], in the same order at all nodes. New ones are added at the end.",
    ),
    key(
        "spool",
        "copies",
        Value("2"),
        "Of postgres: on how many machines a message is synced before it is acknowledged, its primary among them; or \"engine\", where the database sees to that.",
    ),
    key(
        "spool",
        "password_file",
        Absent("\"postgres.password\""),
        "The file with the password of all shards; none: they ask for none. Read again at every connection.",
    ),
    key(
        "spool",
        "sslrootcert",
        Absent("\"certs/postgres-root.pem\""),
        "The roots of the shards' certificates, a PEM file. Absent: those of the public. A socket or a loopback address is spoken to in plain.",
    ),
    key(
        "allowlist",
        "path",
        Value("\"allowlist\""),
        "The couriers: a file, or a folder of *.txt. Read again on SIGHUP.",
    ),
];
